"""Publishing, binding and enrolling side by side on PostgreSQL: each unit is asked through the one right place."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.db import Tx
from bot.notices import answer, desk, handful, joining, model, publish, queries, rules, trouble
from bot.roster import audience
from tests.notices import world
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
WANG, LI, FENG = 1, 2, 9
REASON = next(iter(desk.REASONS))
LATER = world.MORNING + dt.timedelta(minutes=1)


def _people(tx: Tx) -> dict[str, int]:
    city = world.World(tx)
    city.share_phone(WANG, "wang")
    city.share_phone(FENG, "feng")
    return city.ids


def _publish(tx: Tx) -> int:
    draft = publish.Draft(
        content_id="R03b", title="国庆假前安全课", kind=rules.Kind.CONFIRM, audience=audience.parse("county:DH"),
        text="上完了吗?", due_at=LATER + world.DUE_AFTER, yes_words="已上完", trouble_words="有困难",
    )  # fmt: skip
    return publish.publish(tx, LATER, draft, by="test").notice_id


def _bind(tx: Tx, unit_id: int, group: int = -1) -> None:
    joining.agree(tx, LATER, group=joining.GroupSeen(group, "群"), user_id=FENG, unit_id=unit_id)


def _through(tx: Tx) -> list[tuple[str, str]]:
    """Unit and kind of chat of every present ask."""
    q, a, c = model.asked, model.assignment, sa.table("chat", sa.column("id"), sa.column("kind"))
    query = (
        sa.select(a.c.unit_code, c.c.kind).join(q, q.c.assignment_id == a.c.id).join(c, c.c.id == q.c.chat_id)
    )
    return [
        (row.unit_code, row.kind) for row in tx.execute(query.where(q.c.until.is_(None)).order_by(a.c.id))
    ]


async def test_a_group_bound_while_a_notice_is_being_published_is_asked(engine):
    ids = await commit(engine, _people)

    await beside(engine, (_publish,), (_bind, ids["DH1"]))

    assert await commit(engine, _through) == [("DH1", "group"), ("DH3", "group")]


async def test_a_notice_published_while_a_group_is_being_bound_asks_through_it(engine):
    ids = await commit(engine, _people)

    await beside(engine, (_bind, ids["DH1"]), (_publish,))

    assert await commit(engine, _through) == [("DH1", "group"), ("DH3", "group")]


async def test_two_groups_bound_side_by_side_are_each_asked_once(engine):
    ids = await commit(engine, _people)
    await commit(engine, _publish)

    await beside(engine, (_bind, ids["DH1"], -1), (_bind, ids["DH1"], -2))

    assert await commit(engine, _through) == [("DH1", "group")] * 2 + [("DH3", "group")] * 2


def _press(tx: Tx, notice: int, user: int, unit_id: int | None, *, every: bool = False) -> None:
    it = answer.Press(notice, 1, rules.Value.YES, user, user, None, unit_id=unit_id, every=every)
    answer.press(tx, LATER, it)


def _answered(tx: Tx) -> list[str]:
    an, a = model.answer, model.assignment
    query = sa.select(a.c.unit_code).join(an, an.c.assignment_id == a.c.id)
    return sorted(tx.execute(query).scalars())


@pytest.mark.parametrize(("every", "answered"), [(False, ["DH1"]), (True, ["DH1", "DH3"])])
async def test_two_colleagues_who_press_at_once_answer_once(engine, every, answered):
    ids = await commit(engine, _people)
    enrol = lambda tx: joining.with_phone(tx, LATER, user_id=LI, phone=world.phone("li"))  # noqa: E731
    await commit(engine, enrol)
    notice = await commit(engine, _publish)

    wang = (lambda tx: _press(tx, notice, WANG, None if every else ids["DH1"], every=every),)
    await beside(engine, (_press, notice, LI, None), wang)

    assert await commit(engine, _answered) == answered


def _reports(tx: Tx, notice: int, unit_id: int) -> None:
    it = answer.Press(notice, 1, rules.Value.TEXT, LI, LI, None, unit_id=unit_id, text="周五上")
    answer.press(tx, LATER, it)


def _excuses(tx: Tx, notice: int, unit_id: int) -> None:
    desk.excuse(tx, LATER, notice_id=notice, unit_ids=[unit_id], user_id=FENG, reason=REASON)


@pytest.mark.parametrize("verb", [_reports, _excuses])
async def test_who_answers_for_all_his_schools_leaves_alone_what_is_said_of_one_meanwhile(engine, verb):
    ids = await commit(engine, _people)
    await commit(engine, lambda tx: joining.with_phone(tx, LATER, user_id=LI, phone=world.phone("li")))
    notice = await commit(engine, _publish)
    told = []

    def press_all(tx: Tx) -> None:
        it = answer.Press(notice, 1, rules.Value.YES, WANG, WANG, None, every=True)
        told.append(answer.press(tx, LATER, it))

    await beside(engine, (verb, notice, ids["DH1"]), (press_all,))

    assert [(it.said, it.count) for it in told] == [(answer.Said.RECORDED_ALL, 1)]
    stands = {s.code: (s.text, s.excused) for s in await commit(engine, queries.statuses, notice)}
    assert stands["DH1"] == (("周五上", "") if verb is _reports else ("", REASON))


async def test_two_processes_remind_once_of_a_trouble_nobody_has_described(engine):
    ids = await commit(engine, _people)
    notice = await commit(engine, _publish)
    it = answer.Press(notice, 1, rules.Value.TROUBLE, WANG, WANG, None, unit_id=ids["DH1"])
    await commit(engine, lambda tx: answer.press(tx, LATER, it))
    reminded = []

    def remind(tx: Tx) -> None:
        reminded.append(trouble.remind_undescribed(tx, LATER + rules.TROUBLE_REMINDED_AFTER))

    await beside(engine, (remind,), (remind,), waits=False)

    assert reminded == [1, 0]


async def test_two_handfuls_with_the_same_presses_answer_each_school_once(engine):
    """Two processes were pushed what their principals pressed twice, in another order each."""
    users = {"li": 2, "zhao": 3, "wu": 4, "zheng": 5}
    await commit(engine, _people)
    for name, user in users.items():
        await commit(
            engine, lambda tx, n=name, u=user: joining.with_phone(tx, LATER, user_id=u, phone=world.phone(n))
        )
    draft = publish.Draft(
        content_id="R03b", title="国庆假前安全课", kind=rules.Kind.CONFIRM, text="上完了吗?",
        audience=audience.parse("schools or colleges"), due_at=LATER + world.DUE_AFTER, yes_words="已上完",
        trouble_words="有困难",
    )  # fmt: skip
    notice = await commit(engine, lambda tx: publish.publish(tx, LATER, draft, by="test").notice_id)
    presses = [answer.Press(notice, 1, rules.Value.YES, user, user, None) for user in users.values()]
    told = []

    def press(tx: Tx, some: list[answer.Press]) -> None:
        told.append([outcome.said.value for outcome in handful.press_each(tx, LATER, some)])

    await beside(engine, (press, presses), (press, presses[::-1]))

    assert await commit(engine, _answered) == ["DH1", "DH2", "GX1", "SZ1"]
    assert told == [["recorded"] * 4, ["already_mine"] * 4]

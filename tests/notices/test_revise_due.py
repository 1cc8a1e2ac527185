"""A deadline moves: cards and tables say the new one, the ladder follows, and nothing that was climbed is climbed again."""

import asyncio
import dataclasses
import datetime as dt
import zoneinfo

import pytest
import sqlalchemy as sa
from sqlalchemy.ext import asyncio as sa_async

from bot import errors
from bot.calendar.quiet import QuietHours
from bot.db import Tx, urls
from bot.delivery import chats, claiming
from bot.delivery.message import Verdict
from bot.delivery.model import State, delivery, posting
from bot.notices import deadline, ladder, model, moving, publish, queries, revise
from bot.notices.publish import Item
from bot.notices.rules import Kind, Step
from bot.roster import audience
from tests.notices import counter, world

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
QUIET = QuietHours(SHANGHAI)
WANG, ZHAO, FENG, CHEN = 1, 3, 9, 10
TEXT = "上完了吗?"
ITEMS = tuple(Item(key, f"事项{key}") for key in ("1", "2"))


def local(time: str, day: int = 30) -> dt.datetime:
    found = dt.datetime.fromisoformat(f"2026-09-30T{time}") + dt.timedelta(days=day - 30)
    return found.replace(tzinfo=SHANGHAI).astimezone(dt.UTC)


def tick(city: world.World) -> dict[str, str]:
    """What one look at the ladder settles: step → reason."""
    deadline.tell(city.tx, city.now)
    rungs = ladder.due(city.tx, city.now)
    taken = {rung: ladder.climb(city.tx, city.now, rung, quiet=QUIET) for rung in rungs}
    return {rung.step.value: reason for rung, reason in taken.items() if reason is not None}


def waiting(city: world.World, notice: int) -> dict[str, str]:
    """The rungs to come: step → time there."""
    r = model.rung
    query = sa.select(r.c.step, r.c.at).where(r.c.notice_id == notice, r.c.settled_at.is_(None))
    return {
        row.step: row.at.astimezone(SHANGHAI).strftime("%d %H:%M")
        for row in city.tx.execute(query.order_by(r.c.at))
    }


def owed(city: world.World, kind: str) -> int:
    query = sa.select(sa.func.count()).where(delivery.c.kind == kind, delivery.c.state == State.QUEUED.value)
    return city.tx.execute(query).scalar_one()


def card(city: world.World, notice: int) -> str:
    """What the card in the county's group says now."""
    chat = chats.find(city.tx, city.addresses["group:0"])
    assert chat is not None
    query = sa.select(delivery.c.id).where(delivery.c.kind == "card", delivery.c.chat_id == chat.id)
    it = claiming.described(
        city.tx, city.tx.execute(query.order_by(delivery.c.id.desc()).limit(1)).scalar_one()
    )
    shown = world.PREPARE["card"](city.tx, city.now, it)
    return shown.html


@pytest.fixture
def busy(city: world.World) -> world.World:
    """Principals and officers are in, DH has a group, and it is 14:00."""
    city.now = local("14:00")
    for user in (WANG, ZHAO, FENG, CHEN):
        city.share_phone(user, counter.CONTACTS[user - 1])
    city.bind("group:0", "DH", FENG)
    return city


def asked(city: world.World, **how) -> int:
    """A notice due at 18:00, whose cards have arrived."""
    notice = city.publish("schools or colleges or counties", lasts=local("18:00") - city.now, **how)
    for _ in range(3):
        city.now += dt.timedelta(seconds=2)
        city.deliver([Verdict.SENT] * 16)
    return notice


def move(city: world.World, notice: int, due_at: dt.datetime, text: str = TEXT) -> revise.Revised:
    return revise.revise(city.tx, city.now, notice, text=text, due_at=due_at, by="test")


def test_a_later_deadline_takes_its_rungs_with_it_and_cards_and_tables_say_it(busy):
    notice = asked(busy)
    assert waiting(busy, notice) == {
        "nudge": "30 17:00",
        "county": "30 17:30",
        "line": "30 18:00",
        "difference": "30 18:30",
    }
    move(busy, notice, local("20:00"))
    assert waiting(busy, notice) == {
        "nudge": "30 19:00",
        "county": "30 19:30",
        "line": "30 20:00",
        "difference": "30 20:30",
    }
    busy.now += dt.timedelta(seconds=10)
    assert "【请点一下·今天20:00前】" in card(busy, notice)
    assert "【更正】" in card(busy, notice)
    table = queries.table(busy.tx, notice, now=busy.now)
    assert table.notice.due_at == local("20:00")
    assert table.notice.closes_at == local("20:00", 37)
    for at in ("17:00", "17:30", "18:00:30", "18:30:30"):
        busy.now = local(at)
        assert tick(busy) == {}
    assert owed(busy, "deadline") == 0
    for at, step in (("19:00", "nudge"), ("19:30", "county"), ("20:00", "line")):
        busy.now = local(at)
        assert tick(busy) == {step: ""}
    busy.now = local("20:00:10")
    tick(busy)
    assert owed(busy, "deadline") == 2


def test_what_was_climbed_is_not_climbed_again(busy):
    notice = asked(busy)
    busy.now = local("17:40")
    assert tick(busy) == {"nudge": "", "county": ""}
    chases, lists = owed(busy, "chase"), owed(busy, "escalation")
    move(busy, notice, local("12:00", 31))
    assert waiting(busy, notice) == {"line": "01 12:00", "difference": "01 12:30"}
    for day, at in ((30, "18:00:30"), (31, "11:00"), (31, "11:30")):
        busy.now = local(at, day)
        assert tick(busy) == {}
    busy.now = local("12:00", 31)
    assert tick(busy) == {"line": ""}
    assert (owed(busy, "chase"), owed(busy, "escalation")) == (chases, lists)


def test_what_was_left_out_for_want_of_time_or_people_is_planned_anew(busy):
    notice = asked(busy)
    busy.now = local("17:59")
    assert tick(busy) == {"nudge": "", "county": ""}
    tx, r = busy.tx, model.rung
    tx.execute(r.update().where(r.c.step.in_(["nudge", "county"])).values(reason=ladder.NOBODY))
    move(busy, notice, local("20:00"))
    assert waiting(busy, notice) == {
        "nudge": "30 19:00",
        "county": "30 19:30",
        "line": "30 20:00",
        "difference": "30 20:30",
    }


def test_an_earlier_deadline_leaves_out_the_rungs_it_has_no_time_for(busy):
    notice = asked(busy)
    busy.now = local("16:00")
    move(busy, notice, local("16:15"))
    assert waiting(busy, notice) == {"line": "30 16:15", "difference": "30 16:45"}
    r = model.rung
    left = busy.tx.execute(
        sa.select(r.c.step, r.c.reason).where(r.c.settled_at.is_not(None)).order_by(r.c.step)
    )
    assert [tuple(row) for row in left] == [("county", moving.MOVED), ("nudge", moving.MOVED)]
    assert queries.notice(busy.tx, notice).closes_at == local("16:15", 37)


def test_a_deadline_of_days_gets_its_reminder_of_the_day_before(busy):
    notice = asked(busy)
    move(busy, notice, local("17:00", 33))
    assert waiting(busy, notice)["nudge_day"] == "02 17:00"


def test_a_deadline_that_is_over_does_not_move_and_none_moves_into_the_past(busy):
    notice = asked(busy)
    with pytest.raises(errors.Refused, match="晚于现在"), busy.tx.begin_nested():
        move(busy, notice, busy.now)
    busy.now = local("18:00")
    with pytest.raises(errors.Refused, match="已经过了"), busy.tx.begin_nested():
        move(busy, notice, local("20:00"))
    with pytest.raises(errors.Refused, match="没有改动"), busy.tx.begin_nested():
        move(busy, notice, local("18:00"))


def test_who_answers_between_the_old_and_the_new_deadline_is_on_time(busy):
    notice = asked(busy)
    busy.now = local("17:00")
    busy.press(notice, ZHAO, "yes")
    move(busy, notice, local("20:00"))
    busy.now = local("19:00")
    busy.press(notice, WANG, "yes", unit="DH1")
    busy.now = local("20:01")
    busy.press(notice, WANG, "yes", unit="DH3")
    late = {s.code: s.late for s in queries.statuses(busy.tx, notice) if s.answered}
    assert late == {"DH2": False, "DH1": False, "DH3": True}


def directive(city: world.World) -> int:
    draft = publish.Draft(
        content_id="D2", title="六项强化", kind=Kind.DIRECTIVE, audience=audience.parse("county:DH"), text="请落实。",
        due_at=local("18:00"), yes_words="已落实", trouble_words="有困难", items=ITEMS,
    )  # fmt: skip
    notice = publish.publish(city.tx, city.now, draft, by="test").notice_id
    city.now += dt.timedelta(seconds=2)
    city.deliver([Verdict.SENT] * 16)
    return notice


def test_of_a_directive_a_moved_deadline_comes_as_a_new_card_and_asks_nothing_again(busy):
    notice = directive(busy)
    done = revise.revise(
        busy.tx, busy.now, notice, text="请落实。", items=ITEMS, due_at=local("20:00"), by="test"
    )
    assert (done.version, done.asked_again) == (2, ())
    assert owed(busy, "card") == owed(busy, "card_was") == done.chats > 0
    assert "【请逐项反馈·今天20:00前】第 2 版" in card(busy, notice)


@pytest.mark.parametrize("kind", ["simple", "directive"])
def test_a_chat_whose_first_card_came_to_nothing_gets_the_next_version(busy, kind):
    notice = directive(busy) if kind == "directive" else asked(busy)
    group = chats.find(busy.tx, busy.addresses["group:0"])
    assert group is not None
    busy.tx.execute(posting.delete().where(posting.c.chat_id == group.id, posting.c.kind == "card"))
    busy.now += dt.timedelta(hours=1)
    items = ITEMS if kind == "directive" else ()
    revise.revise(busy.tx, busy.now, notice, text="另一句。", items=items, by="test")
    waiting = sa.select(delivery.c.chat_id).where(
        delivery.c.kind == "card", delivery.c.state == State.QUEUED.value
    )
    assert group.id in set(busy.tx.execute(waiting).scalars())


def test_an_item_asked_again_is_due_with_the_moved_whole(busy):
    notice = directive(busy)
    busy.now = local("17:59")
    said = dataclasses.replace(ITEMS[1], text="另一件")
    with pytest.raises(errors.Refused, match="晚于现在"), busy.tx.begin_nested():
        revise.revise(
            busy.tx,
            busy.now,
            notice,
            text="请落实。",
            items=(ITEMS[0], said),
            due_at=local("17:00"),
            by="test",
        )
    done = revise.revise(
        busy.tx, busy.now, notice, text="请落实。", items=(ITEMS[0], said), due_at=local("20:00"), by="test"
    )
    assert done.asked_again == ("2",)


# ── two at once ──────────────────────────────────────────────────────────────────────────────────


def _found(tx: Tx) -> int:
    city = world.World(tx)
    city.now = local("14:00")
    city.share_phone(ZHAO, "zhao")
    return city.publish("county:DH", lasts=dt.timedelta(hours=4))


def _climb(tx: Tx, notice: int) -> str | None:
    return ladder.climb(tx, local("17:00"), ladder.Due(notice, Step.NUDGE), quiet=QUIET)


def _move(tx: Tx, notice: int) -> None:
    revise.revise(tx, local("17:00"), notice, text=TEXT, due_at=local("20:00"), by="test")


def _settled(tx: Tx) -> list[str]:
    r = model.rung
    return list(tx.execute(sa.select(r.c.step).where(r.c.settled_at.is_not(None))).scalars())


@pytest.mark.postgresql
async def test_a_rung_that_is_being_climbed_while_the_deadline_moves_is_climbed_once(postgresql_url):
    engine = sa_async.create_async_engine(urls.parse(postgresql_url))

    async def commit(verb, *args):
        async with engine.begin() as connection:
            return await connection.run_sync(verb, *args)

    try:
        notice = await commit(_found)
        async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
            await connection.run_sync(lambda tx: moving.hold(tx, notice))  # as climbing does first
            other = tasks.create_task(commit(_move, notice))
            await asyncio.wait({other}, timeout=0.4)
            assert not other.done()  # it waits for the climb, and holds nothing the climb wants
            assert await connection.run_sync(_climb, notice) == ladder.NOBODY
            named = sa.select(model.notice.c.id).where(model.notice.c.id == notice)
            await connection.execute(
                named.with_for_update(read=True, key_share=True)
            )  # as a reminder's row does
        assert await commit(_settled) == []  # left out, it is planned anew
        async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
            await connection.run_sync(lambda tx: moving.hold(tx, notice))
            assert await commit(_climb, notice) is None
    finally:
        await engine.dispose()

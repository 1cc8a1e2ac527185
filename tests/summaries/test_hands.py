"""What needs hands: every outcome that somebody must do something about has its line, with a name and a since."""

import datetime as dt
import functools
import inspect
from collections.abc import Awaitable, Callable

import pytest

from bot import app
from bot.db import Database, Tx
from bot.delivery import chats, claiming, hands, outbox, settling, stale
from bot.delivery import model as delivery
from bot.delivery.hands import Why
from bot.delivery.message import Outcome, Verdict
from bot.delivery.model import ChatState, State
from bot.delivery.settling import NOWHERE
from bot.inbox import model as inbox
from bot.notices import model as notices
from bot.roster import access
from bot.summaries import doctor
from bot.summaries import hands as needs
from tests.notices.world import BOT_ID, PREPARE, WORDS, World

_d, _p = delivery.delivery, delivery.posting
MINUTE = dt.timedelta(minutes=1)


def played(test: Callable[[World], None]) -> Callable[[Database], Awaitable[None]]:
    """The test, played in one transaction on a real database of each kind."""

    @functools.wraps(test)
    async def run(db: Database) -> None:
        await db.transact(lambda tx, _: test(World(tx)))

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("db", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )
    return run


def chat_of(city: World, name: str) -> int:
    is_private = name.startswith("user")
    kind, title = ("private", "") if is_private else ("group", name)
    return chats.ensure(city.tx, city.now, city.addresses[name], kind=kind, title=title).id


def owed(
    city: World, name: str, kind: str, subject: object, state: State, reason: str = "", **more: object
) -> int:
    """A delivery that ended, or waits, so."""
    values = {
        "chat_id": chat_of(city, name), "kind": kind, "subject": str(subject), "state": state.value, "lane": 2,
        "reason": reason, "not_before": city.now, "enqueued_at": city.now,
        "settled_at": None if state in delivery.OPEN_STATES else city.now,
    } | more  # fmt: skip
    return int(city.tx.execute(_d.insert().values(values).returning(_d.c.id)).scalar_one())


def posted(city: World, name: str, kind: str, subject: object, message_id: int | None, address: int) -> None:
    values = {
        "chat_id": chat_of(city, name), "kind": kind, "subject": str(subject), "address": address,
        "message_id": message_id, "sent_at": city.now, "shown_at": city.now,
    }  # fmt: skip
    city.tx.execute(_p.insert().values(values))


def lines(city: World, within: access.Scope | None = None) -> list[str]:
    return [needs.said(WORDS, need, city.now) for need in needs.read(city.tx, city.now, within=within)]


def settled(city: World) -> World:
    """A county with a group, two of its principals, its officer; nothing on its way."""
    for user, contact in ((1, "wang"), (3, "zhao"), (8, "feng")):
        city.share_phone(user, contact)
    city.bind("group:1", "DH", 8)
    city.tx.execute(_d.delete())
    return city


# ── chats that take no messages ──────────────────────────────────────────────────────────────────


@played
def test_a_lost_chat_stands_there_with_its_owner_until_it_is_back(city: World) -> None:
    settled(city)
    city.lose("group:1", ChatState.MUTED)
    city.wait(5)
    city.lose("user:3", ChatState.BLOCKED)
    city.tx.execute(_d.delete())

    assert lines(city) == [
        "DH单位“group:1”:我在群里不能发言,今天09:00起",
        "DH2单位zhao校长:停用了我,今天09:05起",
    ]

    city.lose("group:1", ChatState.GONE)
    city.regain("user:3")
    assert lines(city) == ["DH单位“group:1”:我已不在群里,今天09:05起"]
    city.regain("group:1")
    assert lines(city) == []


@played
def test_a_chat_nobody_misses_is_no_trouble(city: World) -> None:
    settled(city)
    city.bind("group:2", "DH", 8)
    city.lose("user:3", ChatState.BLOCKED)
    city.leave(3)  # no contact any more
    city.lose("group:1", ChatState.GONE)
    city.tx.execute(_d.delete())
    assert len(lines(city)) == 1  # one of the county's two groups is missed

    city.wait(1)
    city.bind("group:3", "DH", 8)  # instead of the one that is gone

    assert lines(city) == []


# ── messages that came to nothing ────────────────────────────────────────────────────────────────


@played
def test_what_telegram_refuses_is_one_line_however_many_chats_it_was_for(city: World) -> None:
    settled(city)
    notice = city.publish("county:DH")
    city.tx.execute(_d.delete())
    for name in ("group:0", "group:1", "user:1", "user:3"):
        owed(city, name, "card", notice, State.FAILED, "refused: can't parse")
    owed(city, "user:1", "xyz", 7, State.DROPPED, "unknown kind xyz")

    assert lines(city) == [
        "“国庆假前安全课”的通知没发出去:“group:0”、DH单位“group:1”、DH1单位wang校长等 4 处,今天09:00,refused: can't parse",
        "一条消息没发出去:DH1单位wang校长,今天09:00,unknown kind xyz",
    ]
    city.wait(2 * 24 * 60)
    assert lines(city) == []  # history


@played
def test_what_came_after_all_is_no_trouble(city: World) -> None:
    settled(city)
    for subject, then in ((1, State.SENT), (2, State.QUEUED), (3, State.DROPPED)):
        owed(city, "group:1", "card", subject, State.FAILED, "refused: x")
        owed(city, "group:1", "card", subject, then, "asked for again meanwhile")
    owed(city, "group:1", "card", 4, State.SENT)
    owed(
        city, "group:1", "card", 4, State.FAILED, "refused: x", is_edit=True
    )  # it hangs, and is not what it should be

    found = hands.failed(city.tx, city.now)

    assert [case.subject for case in found] == ["3", "4"]


@played
def test_a_stale_message_is_told_of_where_somebody_was_to_know_it(city: World) -> None:
    settled(city)
    owed(city, "user:1", "officer_trouble", 1, State.DROPPED, stale.UNTOLD.reason)
    owed(city, "user:3", "overdue", 2, State.DROPPED, stale.TOO_LATE.reason)
    owed(city, "user:3", "chase", 3, State.DROPPED, "answered")
    owed(city, "user:8", "card", 4, State.DROPPED, stale.UNTOLD.reason)
    posted(city, "user:8", "card", 4, None, NOWHERE)  # was shown, then taken away

    assert lines(city) == ["困难没送到:DH1单位wang校长,今天09:00,太晚了"]


@played
def test_what_its_chat_could_not_take_at_the_time_is_told_of_when_the_chat_is_back(city: World) -> None:
    settled(city)
    city.lose("user:8", ChatState.BLOCKED)
    owed(city, "user:8", "deadline", 1, State.FAILED, "blocked: Forbidden: bot was blocked by the user")
    owed(city, "user:8", "chase", 2, State.FAILED, "blocked: Forbidden: bot was blocked by the user")
    assert [need.why for need in needs.read(city.tx, city.now)] == [Why.BLOCKED]

    city.regain("user:8")

    assert lines(city) == ["汇总没送到:DH单位feng专员,今天09:00,群或私聊当时不通"]


@played
def test_what_did_not_come_to_somebody_who_is_no_contact_any_more_is_over(city: World) -> None:
    settled(city)
    owed(city, "user:3", "officer_trouble", 1, State.DROPPED, stale.UNTOLD.reason)
    owed(city, "group:0", "card", 1, State.DROPPED, stale.UNTOLD.reason)  # bound to nobody
    assert len(lines(city)) == 1

    city.leave(3)
    city.tx.execute(_d.delete().where(_d.c.state == State.QUEUED.value))

    assert lines(city) == []


@played
def test_what_is_uncertain_and_not_repeated_is_told_of_until_it_is_known(city: World) -> None:
    settled(city)
    notice = city.publish("county:DH")
    city.tx.execute(_d.delete())
    values = {"notice_id": notice, "contact_id": 1, "asked_by": "timer", "at": city.now}
    chase = city.tx.execute(notices.chase.insert().values(values).returning(notices.chase.c.id)).scalar_one()
    owed(city, "user:1", "chase", chase, State.UNCERTAIN, "no answer from Telegram")
    posted(city, "user:1", "chase", chase, None, 1)
    owed(city, "group:1", "card", notice, State.UNCERTAIN, "no answer from Telegram")
    owed(city, "group:1", "card", notice, State.QUEUED, is_repeat=True)
    posted(city, "group:1", "card", notice, None, -1001)
    owed(city, "user:3", "recovered", "1:2", State.UNCERTAIN, "no answer from Telegram")
    posted(city, "user:3", "recovered", "1:2", None, 3)
    owed(city, "user:8", "card", notice, State.UNCERTAIN, "no answer from Telegram", is_edit=True)
    posted(city, "user:8", "card", notice, 77, 8)
    owed(city, "user:8", "card", 5, State.UNCERTAIN, "no answer from Telegram")
    posted(city, "user:8", "card", 5, None, NOWHERE)  # it was known, and has been taken away since

    assert lines(city) == ["“国庆假前安全课”的提醒不知是否送到:DH1单位wang校长,今天09:00"]
    assert hands.doubted(city.tx, city.now) == 5
    assert not any(need.is_bad for need in needs.read(city.tx, city.now))
    city.tx.execute(_p.update().values(message_id=5))
    assert lines(city) == []


# ── what waits ───────────────────────────────────────────────────────────────────────────────────


@played
def test_what_has_been_due_for_ten_minutes_is_one_line_and_a_halted_chat_another(city: World) -> None:
    settled(city)
    for subject, kind in enumerate(("card", "deadline", "say")):
        owed(city, "user:1", kind, subject, State.QUEUED)
    owed(city, "user:3", "card", 9, State.QUEUED, not_before=city.now + 12 * MINUTE)  # not yet for long
    tried = {"attempts": 2, "not_before": city.now + 60 * MINUTE}  # what was tried was due before
    owed(city, "group:1", "card", 1, State.QUEUED, **tried)
    halted = delivery.chat.update().where(delivery.chat.c.id == chat_of(city, "group:1"))
    city.tx.execute(halted.values(halted_until=city.now + 60 * MINUTE))
    city.wait(9)
    assert lines(city) == []

    city.wait(1)

    assert lines(city) == [
        "3 条到时没发,最早的从今天09:00等到现在",
        "DH单位“group:1”:Telegram 让我等到今天10:00,1 条等着发",
    ]
    assert [need.is_bad for need in needs.read(city.tx, city.now)] == [True, False]


# ── from the call to the line ────────────────────────────────────────────────────────────────────

SENT, UNCERTAIN = Outcome(Verdict.SENT, message_id=7), Outcome(Verdict.UNCERTAIN)
ENDS: dict[
    str, tuple[list[Outcome], list[Why]]
] = {  # what Telegram says, one call after another → what needs hands
    "sent": ([SENT], []),
    "unchanged": ([Outcome(Verdict.UNCHANGED)], []),
    "later": ([Outcome(Verdict.LATER, retry_after=dt.timedelta(hours=1))], [Why.HALTED]),
    "not sent": ([Outcome(Verdict.NOT_SENT)], [Why.STUCK]),
    "uncertain, then sent": ([UNCERTAIN, SENT], []),
    "uncertain for good": ([UNCERTAIN, UNCERTAIN], [Why.UNCERTAIN]),
    "moved": ([Outcome(Verdict.MOVED, moved_to=-7777), SENT], []),
    "moved to nowhere": ([Outcome(Verdict.MOVED)], [Why.REFUSED]),
    "gone": ([Outcome(Verdict.GONE, detail="kicked")], [Why.GONE]),
    "muted": ([Outcome(Verdict.MUTED, detail="no rights")], [Why.MUTED]),
    "refused": ([Outcome(Verdict.REFUSED, detail="Bad Request")], [Why.REFUSED]),
}


def call(city: World, outcome: Outcome, prepare: dict[str, outbox.Prepare]) -> None:
    """All that is due leaves: the county's group answers so, everybody else takes it."""
    for _ in range(3):
        for item in claiming.claim(
            city.tx, city.now, prepare, owner="t", bot_id=BOT_ID, limit=9, group_rate=20
        ):
            settling.begin_calls(city.tx, city.now, [item.delivery.id], owner="t")
            is_group = item.delivery.chat.telegram_id < 0
            settling.settle(city.tx, city.now, item, outcome if is_group else SENT)
            app.follow(city.tx, city.now, item, outcome if is_group else SENT)
        city.now += dt.timedelta(seconds=3)
        if outcome.verdict is not Verdict.SENT:
            break


@pytest.mark.parametrize("end", ENDS)
async def test_every_outcome_of_a_call_has_its_line_or_needs_none(db: Database, end: str) -> None:
    outcomes, why = ENDS[end]

    def play(tx: Tx, _: dt.datetime) -> list[str]:
        city = settled(World(tx))
        city.publish("county:DH", lasts=dt.timedelta(days=1))
        for outcome in outcomes:
            call(city, outcome, PREPARE)
        if why not in ([Why.HALTED], [Why.STUCK]):
            call(city, SENT, PREPARE)  # what has moved on from the group reaches its people
        city.wait(11)
        return [need.why for need in needs.read(tx, city.now)]

    assert await db.transact(play) == why


@played
def test_what_nobody_can_put_into_words_is_our_fault(city: World) -> None:
    settled(city)
    owed(city, "group:1", "card", 1, State.QUEUED)
    owed(city, "user:1", "xyz", 2, State.QUEUED)

    def broken(tx: Tx, now: dt.datetime, it: outbox.Delivery) -> outbox.Drop:
        raise KeyError(it.kind)

    call(city, SENT, {"card": broken})

    found = needs.read(city.tx, city.now)
    assert [(need.why, need.text) for need in found] == [
        (Why.REFUSED, "no words: KeyError"), (Why.REFUSED, "unknown kind xyz"),
    ]  # fmt: skip


# ── the list, and who reads it ───────────────────────────────────────────────────────────────────


def every_outcome(city: World) -> None:
    settled(city)
    city.share_phone(6, "sun")
    city.lose("user:6", ChatState.BLOCKED)
    city.lose("group:1", ChatState.MUTED)
    city.tx.execute(_d.delete())
    owed(city, "user:1", "card", 1, State.QUEUED, not_before=city.now - 20 * MINUTE)
    owed(city, "user:1", "card", 2, State.FAILED, "no words: KeyError")
    owed(city, "user:3", "officer_trouble", 3, State.DROPPED, stale.UNTOLD.reason)
    for number, state in ((900, "poisoned"), (901, "waiting"), (902, "done")):
        values = {
            "update_id": number, "lane": "1", "raw": "{}", "state": state, "attempts": 10, "error": "KeyError",
            "parked_at": city.now, "next_try_at": city.now,
        }  # fmt: skip
        city.tx.execute(inbox.parked_update.insert().values(values))


@played
def test_each_class_is_counted_as_many_times_as_it_has_lines(city: World) -> None:
    every_outcome(city)

    found = needs.read(city.tx, city.now)
    by_class = needs.by_class(found)

    assert list(by_class) == [
        Why.STUCK, Why.MUTED, Why.BLOCKED, Why.REFUSED, Why.UNTOLD, needs.POISONED, needs.RETRYING,
    ]  # fmt: skip
    assert sum(map(len, by_class.values())) == len(found) == len(lines(city)) == 7
    told = [finding.text for finding in doctor.examine(city.tx, city.now, WORDS)]
    assert "请群管理员允许我发言:1 条\n    DH单位“group:1”:我在群里不能发言,今天09:00起" in told
    assert "请把日志交给维护的人:1 条\n    处理不了的消息 900:试过 10 次,KeyError" in told


@played
def test_who_sees_a_county_reads_of_its_chats_alone(city: World) -> None:
    every_outcome(city)

    def within(county: str) -> access.Scope:
        return access.Scope(False, frozenset({city.ids[county]}), frozenset())

    assert lines(city, within("HD")) == ["HD1单位sun校长:停用了我,今天09:00起"]
    here = lines(city, within("DH"))
    assert len(here) == 4
    assert not any("sun" in line or "更新" in line for line in here)
    assert lines(city, access.Scope(True, frozenset(), frozenset())) == lines(city)
    assert lines(city, access.Scope(False, frozenset(), frozenset())) == []


@played
def test_doctor_names_a_handful_and_says_where_the_rest_is(city: World) -> None:
    settled(city)
    for number in range(doctor.SHOWN + 2):
        owed(city, "user:1", "card", number, State.FAILED, f"refused: {number}")

    finding = doctor.examine(city.tx, city.now, WORDS)[0]

    assert finding.bad
    first, *rest = finding.text.split("\n")
    assert first == "是程序的错,请把日志交给维护的人:7 条"
    assert len(rest) == doctor.SHOWN + 1
    assert rest[-1] == "    还有 2 条:管理员私聊我发“要处理”,全部都在"


@played
def test_the_list_of_a_large_outbox_is_read_by_its_indexes(city: World) -> None:
    if city.tx.dialect.name != "sqlite":
        return  # PostgreSQL plans by what it has counted; measured apart
    compiled = hands._UNWELL.compile(city.tx)
    anything = ("",) * len(compiled.positiontup or ())
    plan = city.tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", anything).all()

    assert any("ix_delivery_unwell" in str(row) for row in plan), plan
    assert not any("SCAN delivery" in str(row) for row in plan), plan

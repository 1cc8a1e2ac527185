"""What a claim reads, whatever the planner believes of the queue."""

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from bot import clock, simulator
from bot.db import Database, Tx, schema
from bot.delivery import chats, claiming, message, outbox, pacing, postings, settling
from bot.delivery.model import Lane, delivery, posting
from tests import explained
from tests.telegram import tiny

CHATS, WANTED = 1500, 32
PAGES_A_ROW = 40  # a candidate's chat, address, posting, what goes before it and what was called just now


async def test_a_claim_reads_a_stretch_also_where_the_planner_has_seen_the_queue_empty(
    postgresql_url: str,
) -> None:
    """Statistics are of the quiet before a broadcast: believing nothing is open, all with all looks free."""
    db = await Database.open(postgresql_url, clock=clock.system)
    known = await db.transact(
        lambda tx, now: [chats.ensure(tx, now, 1000 + i, kind="private") for i in range(CHATS)]
    )
    await _owed(db, known, "before")
    done = {"state": "sent", "settled_at": db.now()}
    await db.transact(lambda tx, _: tx.execute(sa.update(delivery).values(done)))
    await db.transact(lambda tx, _: tx.execute(sa.text("ANALYZE")))
    await _owed(db, known, "now")
    read = await db.transact(_pages_read)
    await db.close()
    assert read < WANTED * PAGES_A_ROW, read


async def _owed(db: Database, known: list[chats.Chat], subject: str) -> None:
    things = [(chat.id, subject) for chat in known]
    await db.transact(lambda tx, now: outbox.show_each(tx, now, things, "card", lane=Lane.SCHEDULED))


def _pages_read(tx: Tx, now: dt.datetime) -> int:
    lane, last_id = claiming.BEFORE_ALL
    given: dict[str, Any] = {
        "now": now, "since": now - claiming.GROUP_WINDOW, "just_now": now - claiming.SECOND,
        "soon": now + claiming.SECOND, "group_rate": 20, "many": WANTED,
        "after_lane": lane, "after_id": last_id,
    }  # fmt: skip
    words = claiming._CANDIDATES.params(given).compile(tx.engine, compile_kwargs={"literal_binds": True})
    (plan,) = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {words}").scalar_one()
    assert plan["Plan"]["Actual Rows"] == WANTED
    read: int = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return read


def test_no_message_costs_a_look_through_a_whole_table() -> None:
    engine = sa.create_engine("sqlite://")
    now = dt.datetime(2026, 9, 30, 7, tzinfo=dt.UTC)
    with engine.connect() as tx:
        schema.metadata.create_all(tx)
        tiny.tables.create_all(tx)
        pacing.ensure(tx, now, tiny.BOT_ID, rate=1e6)
        known = [chats.ensure(tx, now, 1000 + i, kind="private") for i in range(9)]
        with explained.whole_tables_read(tx) as read:
            outbox.show_each(tx, now, [(chat.id, "7") for chat in known], "card", lane=Lane.SCHEDULED)
            at_once = _claim(tx, now, at_once=dt.timedelta(seconds=1), limit=4)
            later = _claim(tx, now)
            settling.begin_calls(tx, now, [one.delivery.id for one in later], owner="x")
            ended = [*at_once, *later]
            outcome = message.Outcome(message.Verdict.SENT, message_id=5)
            settling.settle_each(tx, now, [(one, outcome) for one in ended])
    engine.dispose()
    assert len(at_once) == 4
    assert len(ended) == len(known)
    assert not [step for step in read if "ix_delivery_open" not in step[0]]  # that is only of the open ones


# ── who changes a thing while it is claimed, or while its send is settled ───────────────────────────


@pytest.mark.postgresql
@pytest.mark.parametrize("due_in_s", [0, 2])
@pytest.mark.parametrize("way", ["again", "refresh"])
async def test_a_change_made_while_the_words_are_claimed_is_shown_afterwards(
    pg_rig, group, way, due_in_s
) -> None:
    """The words were made before the change, and the claim is committed after it; it may have begun later, too."""
    due = dt.timedelta(seconds=due_in_s)
    await _show_in(pg_rig, group, due)
    words_made, go_on = asyncio.Event(), asyncio.Event()

    def claim_slowly(tx: Tx, now: dt.datetime) -> None:
        claimed = _claim(tx, now + due)
        assert len(claimed) == 1
        words_made.set()
        await_only(go_on.wait())

    async with asyncio.TaskGroup() as both:
        both.create_task(pg_rig.db.transact(claim_slowly))
        await words_made.wait()
        changing = both.create_task(_change(pg_rig, group, way))
        done, _ = await asyncio.wait([changing], timeout=0.3)
        assert not done  # it waits: otherwise it would have seen nothing to change
        go_on.set()
    assert await pg_rig.states() == ["reserved", "queued"]


@pytest.mark.postgresql
@pytest.mark.parametrize("way", ["again", "refresh"])
async def test_a_change_made_while_the_send_is_settled_is_shown_afterwards(pg_rig, group, way) -> None:
    """Before it is settled there is a delivery, after it a posting: at no instant neither."""
    await pg_rig.show(group, "card", "7")
    (sent,) = await pg_rig.db.transact(_claim)
    await pg_rig.db.transact(settling.begin_calls, [sent.delivery.id], owner="x")
    outcome = message.Outcome(message.Verdict.SENT, message_id=5)
    looks = 0

    def settle_after_the_first_look(*_: object) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            await_only(pg_rig.db.transact(settling.settle, sent, outcome))

    await _change(pg_rig, group, way, after_each_statement=settle_after_the_first_look)
    assert looks > 0
    assert await pg_rig.states() == ["sent", "queued"]


@pytest.mark.postgresql
@pytest.mark.parametrize("way", ["anew", "leave_behind"])
async def test_a_send_that_is_settled_while_its_thing_comes_as_a_new_message_is_known_afterwards(
    pg_rig, group, way
) -> None:
    """A message nobody knows of could neither be changed nor taken away."""
    chat = await pg_rig.chat(group)
    await pg_rig.show(group, "card", "7")
    await _settled(pg_rig, message.Outcome(message.Verdict.UNCERTAIN), later=dt.timedelta(0))
    repeated = await _called(pg_rig, later=settling.RETRY_NOT_SENT)
    outcome = message.Outcome(message.Verdict.SENT, message_id=5)
    settlings: list[asyncio.Task[None]] = []

    async with asyncio.TaskGroup() as both:

        def settle_after_the_first_look(*_: object) -> None:
            if not settlings:
                settlings.append(both.create_task(pg_rig.db.transact(settling.settle, repeated, outcome)))
                await_only(asyncio.wait(settlings, timeout=0.3))

        def verb(tx: Tx, now: dt.datetime) -> None:
            sa.event.listen(tx, "after_cursor_execute", settle_after_the_first_look)
            if way == "anew":
                postings.anew(tx, now, chat.id, "card", "7", lane=Lane.INTERACTIVE)
            else:
                former = ("card_was", "7:1")
                postings.leave_behind(tx, now, kind="card", subject="7", former=former, lane=Lane.INTERACTIVE)

        await pg_rig.db.transact(verb)
    assert await pg_rig.db.read(lambda tx: tx.execute(sa.select(posting.c.message_id)).scalars().all()) == [5]
    assert await pg_rig.states() == ["uncertain", "sent", "queued"]


@pytest.mark.parametrize("way", ["again", "refresh"])
async def test_a_change_does_not_shorten_the_pause_before_a_first_send(rig, group, way) -> None:
    await _show_in(rig, group, dt.timedelta(seconds=3))
    start = sa.select(delivery.c.not_before)
    before = await rig.db.read(lambda tx: tx.execute(start).scalars().all())
    await _change(rig, group, way)
    assert await rig.db.read(lambda tx: tx.execute(start).scalars().all()) == before


async def _show_in(rig: tiny.Rig, group: simulator.Chat, pause: dt.timedelta) -> None:
    chat = await rig.chat(group)
    await rig.db.transact(
        lambda tx, now: outbox.show(
            tx, now, chat.id, "card", "7", lane=Lane.SCHEDULED, not_before=now + pause
        )
    )


async def _called(rig: tiny.Rig, *, later: dt.timedelta) -> outbox.Claimed:
    """The one delivery that is due by then, its call begun."""
    (one,) = await rig.db.transact(lambda tx, now: _claim(tx, now + later))
    await rig.db.transact(settling.begin_calls, [one.delivery.id], owner="x")
    return one


async def _settled(rig: tiny.Rig, outcome: message.Outcome, *, later: dt.timedelta) -> None:
    await rig.db.transact(settling.settle, await _called(rig, later=later), outcome)


def _claim(tx: Tx, now: dt.datetime, *, limit: int = 32, **how: Any) -> list[outbox.Claimed]:
    return claiming.claim(
        tx, now, tiny.PREPARE, owner="x", bot_id=tiny.BOT_ID, limit=limit, group_rate=1200, **how
    )  # fmt: skip


async def _change(
    rig: tiny.Rig,
    group: simulator.Chat,
    way: str,
    after_each_statement: Callable[..., None] | None = None,
) -> None:
    chat = await rig.chat(group)

    def verb(tx: Tx, now: dt.datetime) -> None:
        if after_each_statement is not None:
            sa.event.listen(tx, "after_cursor_execute", after_each_statement)
        if way == "again":
            outbox.again(tx, now, "card", "7", lane=Lane.INTERACTIVE)
        else:
            outbox.refresh(tx, now, *tiny.seen(chat, "card", "7"), every={"card": dt.timedelta(0)})

    await rig.db.transact(verb)

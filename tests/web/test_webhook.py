"""What Telegram pushes is answered when it is committed or parked, and not before."""

import asyncio
import io
import json
import signal
import socket

import aiohttp
import pytest
import structlog

from bot.db import Database
from bot.inbox import updates
from tests import forked
from tests.telegram import tiny
from tests.telegram.test_intake import UNREADABLE, text_update
from tests.web import mortal, pushing

NO_UPDATES = (
    b"", b"{", b"[]", b"7", b"{}", b'{"update_id": "7"}', b'{"update_id": true}', b'{"update_id": -1}',
    b'{"update_id": 9223372036854775808}', b"\xff\xfe", b"[" * 100_000, b'{"update_id": 7, "x": "' + b"x" * (1 << 20) + b'"}',
)  # fmt: skip


# ── once, in order, whole ──────────────────────────────────────────────────────────────────────────


async def test_an_update_is_committed_when_its_push_is_answered(rig, wang) -> None:
    async with pushing.serve(rig) as served:
        assert await served.push(text_update(1, wang, "a")) == 200
        assert await rig.heard() == ["a"]
        assert await served.push(text_update(1, wang, "a")) == 200
        assert await rig.heard() == ["a"]


async def test_telegram_is_rid_of_everything_and_each_chat_is_heard_in_order(rig, sim, wang) -> None:
    people = [wang, *(sim.add_user(f"人{n}") for n in range(4))]
    for person in people[1:]:
        sim.open(person)
    sim.bot.queue.pending.clear()
    texts = [f"{'flaky ' if n % 7 == 3 else ''}{n}" for n in range(20)]
    rig.failures.update({text: 1 for text in texts if text.startswith("flaky")})
    for text in texts:
        for person in people:
            sim.send(person, person, text)
    sim.push_raw_update(sim.bot, UNREADABLE)
    async with pushing.serve(rig):
        await sim.until(lambda: not sim.bot.queue.pending)
        for person in people:
            await rig.until_heard(*texts, chat=person)


async def test_an_unreadable_update_is_set_aside_and_answered(rig, wang) -> None:
    async with pushing.serve(rig) as served:
        assert await served.push(UNREADABLE | {"update_id": 5}) == 200
        assert await served.push(text_update(6, wang, "a")) == 200
    (poisoned,) = await rig.db.read(updates.poisoned)
    assert (poisoned.update_id, poisoned.error) == (5, "unreadable")
    assert json.loads(await rig.raw(5)) == UNREADABLE | {"update_id": 5}


async def test_a_slow_chat_is_answered_by_parking_and_keeps_nobody_waiting(rig, wang, group) -> None:
    async with pushing.serve(rig, handle_for_s=0.5) as served, asyncio.timeout(10):
        slow = asyncio.ensure_future(served.push(text_update(1, wang, "wait")))  # noqa: TID251 (awaited below)
        assert await served.push(text_update(2, group, "beside")) == 200
        assert not slow.done()
        assert await slow == 200
        assert await served.push(text_update(3, wang, "after")) == 200
        assert await rig.heard() == ["beside"]
        rig.gate.set()
        await rig.until_heard("wait", "after", chat=wang)


# ── who knocks ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("secret", ["", "s3cret", pushing.SECRET + "x", "密"])
async def test_a_stranger_is_turned_away(rig, wang, secret) -> None:
    async with pushing.serve(rig) as served:
        with structlog.testing.capture_logs() as logged:
            assert await served.push(text_update(1, wang, "a"), secret=secret) == 403
            assert await served.push(text_update(1, wang, "a"), secret=secret) == 403
        assert await rig.heard() == []
        assert await served.get(pushing.PATH) == (405, "Method Not Allowed")
    assert [line["event"] for line in logged] == ["webhook_stranger"]
    assert pushing.SECRET not in str(logged)


async def test_what_is_no_update_is_refused_and_the_next_one_served(sqlite_rig, wang) -> None:
    async with pushing.serve(sqlite_rig) as served, aiohttp.ClientSession() as session:
        for body in NO_UPDATES:
            status = await pushing.post(session, served.url + pushing.PATH, data=io.BytesIO(body))
            assert status == 400, body[:40]
        assert await served.push(text_update(8, wang, "a")) == 200
    assert await sqlite_rig.heard() == ["a"]


# ── what fails ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.postgresql
async def test_while_the_database_is_away_nothing_is_answered_and_later_all_of_it(
    pg_rig, outage, sim, wang
) -> None:
    async with pushing.serve(pg_rig) as served:
        sim.send(wang, wang, "a")
        await pg_rig.until_heard("a")
        await outage.begin()
        assert await served.push(text_update(99, wang, "z")) == 503
        for text in "bcd":
            sim.send(wang, wang, text)
        await sim.until(lambda: sim.bot.webhook.error is not None)
        assert "503" in sim.bot.webhook.error
        assert len(sim.bot.queue.pending) == 3
        await outage.end()
        await pg_rig.until_heard("a", "b", "c", "d")
        await sim.until(lambda: not sim.bot.queue.pending)


@pytest.mark.parametrize("step", ["taken", "committed"])
async def test_a_process_killed_before_its_answer_is_asked_again_and_counts_once(
    rig, sim, wang, database_url, step
) -> None:
    for text in ["a", "b", "boom", "c"]:
        sim.send(wang, wang, text)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    status = await forked.end_of(mortal.live, database_url, sim.url, str(port), step, "2")
    assert status == -signal.SIGKILL
    assert await rig.heard() == (["a", "b"] if step == "committed" else ["a"])
    assert len(sim.bot.queue.pending) == 3
    rig.is_broken = False
    async with pushing.serve(rig, port=port):
        await rig.until_heard("a", "b", "boom", "c")
        await sim.until(lambda: not sim.bot.queue.pending)


async def test_stopping_answers_what_is_being_handled_and_nothing_more(rig, wang, group) -> None:
    async with pushing.serve(rig) as served:
        handled = asyncio.ensure_future(served.push(text_update(1, wang, "wait")))  # noqa: TID251 (awaited below)
        await rig.until(lambda: rig.handled == ["wait"])
        served.intake.stop()
        assert await served.push(text_update(2, group, "late")) == 503
        rig.gate.set()
        assert await handled == 200
    assert await rig.heard() == ["wait"]


async def test_before_anybody_handles_updates_telegram_is_asked_to_come_again(rig, wang) -> None:
    async with pushing.serve(rig) as served:
        served.door.take = None
        assert await served.push(text_update(1, wang, "a")) == 503


@pytest.mark.postgresql
async def test_what_one_process_has_parked_another_does_not_overtake(
    pg_rig, sim, out, wang, postgresql_url
) -> None:
    other_db = await Database.open(postgresql_url, clock=pg_rig.db.now)
    other = tiny.Rig(other_db, sim, out, name="other")
    async with pushing.serve(pg_rig) as here, pushing.serve(other) as there:
        assert await here.push(text_update(1, wang, "boom")) == 200
        assert await there.push(text_update(2, wang, "after")) == 200
        assert await pg_rig.heard() == []
        pg_rig.is_broken = other.is_broken = False
        await pg_rig.until_heard("boom", "after")
        assert await here.push(text_update(3, wang, "last")) == 200
        await pg_rig.until_heard("boom", "after", "last")
    await other_db.close()

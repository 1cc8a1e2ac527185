"""Updates by their id: handled once, tried again after ever longer pauses, set aside in the end."""

import datetime as dt

import hypothesis
import pytest
from hypothesis import strategies as st

from bot import errors
from bot.db import Database, Tx
from bot.inbox import updates
from bot.inbox.model import Parked

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)


def park(tx: Tx, now: dt.datetime, update_id: int, lane: str = "chat:1", **given: object) -> bool:
    asked = {"raw": "{}", "error": "RuntimeError"} | given
    return updates.park(tx, now, update_id, lane=lane, **asked)  # type: ignore[arg-type]


def at(verb: object, now: dt.datetime) -> object:
    """The verb, at this instant instead of the present one."""
    return lambda tx, _now, *args, **kwargs: verb(tx, now, *args, **kwargs)  # type: ignore[operator]


async def test_an_update_counts_once(db: Database) -> None:
    await db.transact(updates.once, 5)
    with pytest.raises(errors.Replayed):
        await db.transact(updates.once, 5)
    assert await db.read(updates.known, [4, 5]) == {5}


async def test_what_fails_after_an_update_was_marked_leaves_it_unmarked(db: Database) -> None:
    def verb(tx: Tx, now: dt.datetime) -> None:
        updates.once(tx, now, 5)
        raise errors.Refused("no")

    with pytest.raises(errors.Refused):
        await db.transact(verb)
    assert await db.read(updates.known, [5]) == frozenset()


async def test_ids_are_forgotten_after_eight_days_and_not_before(db: Database) -> None:
    await db.transact(at(updates.once, NOON), 5)
    await db.transact(at(park, NOON), 6, is_hopeless=True)
    await db.transact(at(park, NOON), 7)
    assert await db.transact(at(updates.forget_seen, NOON + dt.timedelta(days=7, hours=23))) == 0
    assert await db.transact(at(updates.forget_seen, NOON + dt.timedelta(days=8, hours=1))) == 2
    assert await db.read(updates.waiting_lanes) == {"chat:1"}


async def test_parking_twice_is_parking_once(db: Database) -> None:
    assert await db.transact(park, 5)
    assert await db.transact(park, 5)
    await db.transact(updates.done, 5)
    assert not await db.transact(park, 5)


async def test_what_nobody_can_read_does_not_block_its_lane(db: Database) -> None:
    assert not await db.transact(park, 5, is_hopeless=True)
    assert await db.read(updates.waiting_lanes) == frozenset()
    (it,) = await db.read(updates.poisoned)
    assert (it.update_id, it.attempts) == (5, 1)


async def test_only_the_first_of_a_lane_is_due(db: Database) -> None:
    await db.transact(at(park, NOON), 5, "chat:1")
    await db.transact(at(park, NOON), 6, "chat:1", tried=False)
    await db.transact(at(park, NOON), 7, "chat:2", tried=False)
    soon, later = NOON + dt.timedelta(milliseconds=10), NOON + dt.timedelta(seconds=1)
    assert [it.update_id for it in await db.read(updates.due, soon)] == [7]
    assert [it.update_id for it in await db.read(updates.due, later)] == [5, 7]


async def test_a_parked_update_keeps_what_it_needs(db: Database) -> None:
    await db.transact(at(park, NOON), 5, raw='{"a": "\\u0000"}', pressed_before=NOON)
    (it,) = await db.read(updates.due, NOON + dt.timedelta(seconds=1))
    assert (it.raw, it.pressed_before, it.attempts) == ('{"a": "\\u0000"}', NOON, 1)


async def test_pauses_double_up_to_five_minutes_and_the_tenth_failure_is_the_last(db: Database) -> None:
    await db.transact(at(park, NOON), 5)
    pauses = []
    for attempt in range(2, updates.TRIES):
        state = await db.transact(at(updates.retry_later, NOON), 5, "RuntimeError", tried=attempt - 1)
        assert state is Parked.WAITING, attempt
        next_at = await db.read(updates.next_at)
        assert next_at is not None
        pauses.append((next_at - NOON).total_seconds())
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256]
    last = updates.TRIES - 1
    assert await db.transact(updates.retry_later, 5, "RuntimeError", tried=last) is Parked.POISONED
    assert await db.read(updates.next_at) is None


async def test_a_try_that_failed_in_two_processes_is_counted_once(db: Database) -> None:
    await db.transact(at(park, NOON), 5)
    ours, theirs = [(await db.read(updates.due, NOON + updates.FIRST_RETRY))[0] for _ in range(2)]
    for seen in (ours, theirs):
        state = await db.transact(at(updates.retry_later, NOON), 5, "RuntimeError", tried=seen.attempts)
        assert state is Parked.WAITING
    (it,) = await db.read(updates.due, NOON + dt.timedelta(seconds=2))
    assert it.attempts == 2


async def test_what_another_process_has_handled_does_not_wait_again(db: Database) -> None:
    await db.transact(park, 5)
    await db.transact(updates.done, 5)
    assert await db.transact(updates.retry_later, 5, "RuntimeError", tried=1) is Parked.DONE
    assert await db.read(updates.waiting_lanes) == frozenset()


@hypothesis.given(st.integers(min_value=1, max_value=60))
def test_no_pause_is_longer_than_five_minutes(attempts: int) -> None:
    assert dt.timedelta(seconds=1) <= updates.pause_after(attempts) <= dt.timedelta(minutes=5)


async def test_an_update_does_not_overtake_what_waits_in_its_lane(db):
    await db.transact(updates.park, 1, lane="chat:5", raw="{}", error="x")
    with pytest.raises(errors.Behind):
        await db.transact(updates.once, 2, lane="chat:5")
    await db.transact(updates.once, 3, lane="chat:6")
    with pytest.raises(errors.Replayed):
        await db.transact(updates.once, 3, lane="chat:6")
    await db.transact(updates.done, 1)
    await db.transact(updates.once, 2, lane="chat:5")


async def test_of_many_updates_each_is_refused_for_its_own_reason(db):
    await db.transact(updates.once, 1)
    await db.transact(updates.once, 2, lane="chat:2")
    await db.transact(park, 90, "chat:2")

    refused = await db.transact(
        updates.once_each, [(1, ""), (2, "chat:2"), (3, "chat:2"), (4, "chat:4"), (5, "")]
    )

    assert {number: type(why) for number, why in refused.items()} == {
        1: errors.Replayed,
        2: errors.Replayed,
        3: errors.Behind,
    }
    assert await db.read(updates.known, [1, 2, 3, 4, 5]) == {1, 2, 4, 5}

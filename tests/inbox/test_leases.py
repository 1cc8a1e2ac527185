"""Work only one process may do: one holder at a time, the next as soon as it is free."""

import datetime as dt

from bot.db import Database
from bot.inbox import leases

MINUTE = dt.timedelta(minutes=1)


async def test_a_lease_has_one_holder(db: Database) -> None:
    assert await db.transact(leases.take, "poll", "a", for_=MINUTE)
    assert not await db.transact(leases.take, "poll", "b", for_=MINUTE)
    assert await db.transact(leases.take, "poll", "a", for_=MINUTE)
    assert await db.transact(leases.take, "other work", "b", for_=MINUTE)


async def test_a_lease_that_ran_out_is_anyones(db: Database) -> None:
    await db.transact(leases.take, "poll", "a", for_=dt.timedelta(0))
    assert await db.transact(leases.take, "poll", "b", for_=MINUTE)
    assert not await db.transact(leases.beat, "poll", "a")


async def test_a_released_lease_is_free_at_once_and_remembers_its_last_success(db: Database) -> None:
    at = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
    await db.transact(leases.take, "poll", "a", for_=MINUTE)
    await db.transact(leases.beat, "poll", "a", at=at)
    await db.transact(leases.release, "poll", "a")
    assert await db.transact(leases.take, "poll", "b", for_=MINUTE)
    assert await db.read(leases.last_beat, "poll") == at


async def test_releasing_somebody_elses_lease_changes_nothing(db: Database) -> None:
    await db.transact(leases.take, "poll", "a", for_=MINUTE)
    await db.transact(leases.release, "poll", "b")
    assert not await db.transact(leases.take, "poll", "b", for_=MINUTE)


async def test_who_is_alone_takes_a_dead_ones_lease(db: Database) -> None:
    await db.transact(leases.take, "poll", "dead", for_=MINUTE)
    assert await db.transact(leases.take, "poll", "heir", for_=MINUTE, by_force=True)


async def test_work_never_done_has_no_last_success(db: Database) -> None:
    assert await db.read(leases.last_beat, "poll") is None

"""What a transaction of ours costs beside the statements in it, on both databases; the disk is left out."""

import asyncio
import time

import sqlalchemy as sa

from bot.audit import model

CALLERS = 64
VERBS = 2_000


def record(tx, now, number):
    tx.execute(sa.insert(model.record).values(at=now, actor="bench", verb="press", subject=f"unit:{number}"))


def record_all(tx, now):
    for number in range(VERBS):
        record(tx, now, number)


def count(tx):
    return tx.execute(sa.select(sa.func.count()).select_from(model.record)).scalar_one()


async def test_a_commit_for_each_against_one_commit_for_all(db):
    started = time.perf_counter()
    await db.transact(record_all)
    together_s = time.perf_counter() - started

    numbers = iter(range(VERBS))

    async def caller():
        for number in numbers:
            await db.transact(record, number)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as callers:
        for _ in range(CALLERS):
            callers.create_task(caller())
    apart_s = time.perf_counter() - started

    assert await db.read(count) == 2 * VERBS
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    print(
        f"\n{kind}: {VERBS / apart_s:,.0f} transactions/s from {CALLERS} callers; "
        f"a commit for each costs {apart_s / together_s:.1f} times one commit for all"
    )


async def test_readers_beside_a_busy_writer_against_readers_alone(db):
    await db.transact(record_all)

    async def read_for(seconds):
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            await db.read(count)
            done += 1
        return done

    async def write_until(stop):
        while not stop.is_set():
            await db.transact(record, 0)

    alone = await read_for(1)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(write_until(stop))
        beside = await read_for(1)
        stop.set()

    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    print(f"\n{kind}: beside a busy writer a reader keeps {beside / alone:.0%} of its pace")

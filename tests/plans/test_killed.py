"""Processes with timers, killed and begun again at random over a month: each occurrence once, or a row that says why not."""

import asyncio
import collections
import datetime as dt
import multiprocessing
import os
import pathlib
import random
import signal
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.db import Database, Tx
from bot.notices import model as notices
from bot.plans import book as books
from bot.plans import firing, model
from tests import forked
from tests.plans import ticking
from tests.plans.town import SHANGHAI, Town, at

START, END = at("2026-09-14 00:00"), at("2026-10-14 23:00")
LATE = dt.timedelta(hours=2)
PLANS = {
    "DAILY": {"trigger": "every school day at 15:30", "late": "2h"},
    "ASK": {"kind": "confirm", "trigger": "first school day of week at 09:00", "due": "+6h", "late": "2h"},
    "NOON": {"trigger": "every school day at 12:30", "audience": "schools or counties", "late": "2h"},
    "HOLIDAY": {"kind": "confirm", "trigger": "1 school day before holiday at 15:00", "late": "2h"},
}


class Pair:
    """Two processes, of which now one, now the other, now both are dead."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.alive: list[multiprocessing.process.BaseProcess] = []
        self.kills = 0

    def start(self) -> None:
        process = forked.FORK.Process(target=ticking.work, args=self.arguments, daemon=True)
        process.start()
        self.alive.append(process)

    def kill(self, which: int) -> None:
        process = self.alive.pop(which)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        self.kills += 1


@pytest.fixture
def pair(postgresql_url: str, tmp_path: pathlib.Path) -> Iterator[Pair]:
    made = Pair(postgresql_url, tmp_path / "config", tmp_path / "clock")
    yield made
    while made.alive:
        made.kill(0)


@pytest.mark.postgresql
async def test_two_processes_over_a_month(postgresql_url: str, tmp_path: pathlib.Path, pair: Pair) -> None:
    (tmp_path / "config").mkdir()
    db = await Database.open(postgresql_url, clock=lambda: START)
    try:
        await _play(db, pair, tmp_path, random.Random(20260930))
    finally:
        await db.close()


async def _play(db: Database, pair: Pair, tmp_path: pathlib.Path, chance: random.Random) -> None:
    await db.transact(_found, tmp_path / "config")
    book = books.read(tmp_path / "config", SHANGHAI)
    clock = tmp_path / "clock"
    now = START
    ticking.set_clock(clock, now)
    for _ in range(2):
        pair.start()
    await _until_idle(db, book, now)
    while now < END:
        now += dt.timedelta(minutes=chance.choice((20, 60, 120, 240)))
        ticking.set_clock(clock, now)
        await asyncio.sleep(chance.uniform(0, 0.02))
        if pair.alive and chance.random() < 0.2:
            pair.kill(chance.randrange(len(pair.alive)))
        if len(pair.alive) < 2 and chance.random() < 0.5:
            pair.start()
        if pair.alive and chance.random() < 0.8:
            await _until_idle(db, book, now)
    now = END + dt.timedelta(hours=11)  # by day: nothing waits for the end of quiet hours
    ticking.set_clock(clock, now)
    pair.start()
    await _until_idle(db, book, now)

    rows = await db.read(_rows)
    sent = await db.read(_sent)
    for plan_id, entry in book.entries.items():
        expected = {one.at for c in book.calendars.every() for one in books.occurrences(entry, c, START, now)}
        here = [row for row in rows if row.plan_id == plan_id]
        assert collections.Counter(row.planned_at for row in here) == collections.Counter(expected)
        assert all(row.reason for row in here if row.state == "skipped")
        published = [row for row in here if row.state == "published"]
        assert sorted(row.notice_id for row in published) == sorted(
            n.id for n in sent if n.content_id == plan_id
        )
        for row in published:
            opens = book.quiet.opening(row.planned_at)
            assert opens <= next(n.published_at for n in sent if n.id == row.notice_id) <= opens + LATE
    assert pair.kills > 15
    assert len(sent) > 15  # most of the time somebody was alive


def _found(tx: Tx, now: dt.datetime, config: pathlib.Path) -> None:
    town = Town(tx, config, now)
    for plan_id, keys in PLANS.items():
        town.plan(plan_id, **keys)


async def _until_idle(db: Database, book: books.Book, now: dt.datetime) -> None:
    """Whoever is alive has seen to everything."""
    async with asyncio.timeout(30):
        while await db.read(firing.waiting, book, now=now):  # noqa: ASYNC110 (only the rows can tell)
            await asyncio.sleep(0.005)


def _rows(tx: Tx) -> list[sa.Row[tuple[object, ...]]]:
    return list(tx.execute(sa.select(model.fire)))


def _sent(tx: Tx) -> list[sa.Row[tuple[object, ...]]]:
    return list(tx.execute(sa.select(notices.notice)))

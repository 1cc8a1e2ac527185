"""A process that does nothing but look at its plans, by a clock in a file; made to be killed."""

import asyncio
import datetime as dt
import pathlib

from bot.db import Database
from bot.plans import book as books
from bot.plans import firing
from tests.plans.town import SHANGHAI


def read_clock(file: pathlib.Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(file.read_text()), dt.UTC)


def set_clock(file: pathlib.Path, instant: dt.datetime) -> None:
    new = file.with_suffix(".new")
    new.write_text(str(instant.timestamp()))
    new.replace(file)


def work(url: str, config: pathlib.Path, clock: pathlib.Path) -> None:
    """Look without a pause, as `App.tick` does every two seconds, until killed."""
    asyncio.run(_work(url, config, clock))


async def _work(url: str, config: pathlib.Path, clock: pathlib.Path) -> None:
    db = await Database.open(url, clock=lambda: read_clock(clock))
    book = books.read(config, SHANGHAI)
    while True:
        for plan_id in await db.read(firing.waiting, book, now=db.now()):
            await db.transact(firing.attend, plan_id, book=book)
        await asyncio.sleep(0.002)

"""The tiny application of the intake's tests, with a pretend Telegram that pushes, and tries again soon."""

from collections.abc import AsyncIterator

import pytest

from bot import clock, simulator
from bot.db import Database
from bot.delivery import pacing
from bot.telegram import gateway
from bot.web import door
from tests.telegram import tiny
from tests.telegram.conftest import group, out, outage, pg_rig, plain_log, rig, wang

__all__ = ["group", "out", "outage", "pg_rig", "plain_log", "rig", "wang"]


@pytest.fixture
async def sim() -> AsyncIterator[simulator.Simulator]:
    async with simulator.Simulator(token=tiny.TOKEN, webhook_retry_s=0.05) as running:
        yield running


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is told to come back comes back at once."""
    monkeypatch.setattr(door, "COME_BACK_S", 0)


@pytest.fixture
async def sqlite_rig(
    sqlite_url: str, sim: simulator.Simulator, out: gateway.Gateway
) -> AsyncIterator[tiny.Rig]:
    """For what does not depend on the database."""
    database = await Database.open(sqlite_url, clock=clock.system)
    await database.transact(lambda tx, _now: tiny.tables.create_all(tx))
    await database.transact(pacing.ensure, tiny.BOT_ID, rate=200.0)
    yield tiny.Rig(database, sim, out)
    await database.close()

"""A pretend Telegram, a gateway to it, and the tiny application between them and a real database."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import sqlalchemy as sa
import structlog

from bot import clock, simulator
from bot.db import Database
from bot.delivery import pacing
from bot.telegram import gateway
from tests.telegram import tiny


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Tracebacks in colour with every local variable take longer than the tests."""
    before = structlog.get_config()
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.stdlib.add_log_level, plain])
    yield
    structlog.configure(**before)


@pytest.fixture
async def sim() -> AsyncIterator[simulator.Simulator]:
    async with simulator.Simulator(token=tiny.TOKEN) as running:
        yield running


@pytest.fixture
async def out(sim: simulator.Simulator) -> AsyncIterator[gateway.Gateway]:
    made = gateway.Gateway.connect(tiny.TOKEN, sim.url)
    yield made
    await made.close()


@pytest.fixture
async def rig(db: Database, sim: simulator.Simulator, out: gateway.Gateway) -> tiny.Rig:
    await db.transact(lambda tx, _now: tiny.tables.create_all(tx))
    await db.transact(pacing.ensure, tiny.BOT_ID, rate=200.0)
    return tiny.Rig(db, sim, out)


@pytest.fixture
def wang(sim: simulator.Simulator) -> simulator.User:
    made = sim.add_user("王", phone="+8613800000001")
    sim.open(made)
    sim.bot.queue.pending.clear()
    return made


@pytest.fixture
def group(sim: simulator.Simulator, wang: simulator.User) -> simulator.Chat:
    made = sim.add_group("大河县群", members=[wang])
    sim.add_bot_to(made, by=wang)
    sim.bot.queue.pending.clear()
    return made


@pytest.fixture
def forum(sim: simulator.Simulator, wang: simulator.User) -> simulator.Chat:
    made = sim.add_group("带话题的群", members=[wang], supergroup=True)
    sim.make_forum(made)
    sim.add_bot_to(made, by=wang)
    return made


# ── a database that goes away ──────────────────────────────────────────────────────────────────────


class Outage:
    """Takes a PostgreSQL database away and gives it back."""

    def __init__(self, server: str, url: str) -> None:
        self._server = server
        self._name = sa.make_url(url).database

    async def begin(self) -> None:
        await self._execute(f'ALTER DATABASE "{self._name}" WITH ALLOW_CONNECTIONS false')
        await self._execute(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{self._name}'"
        )

    async def end(self) -> None:
        await self._execute(f'ALTER DATABASE "{self._name}" WITH ALLOW_CONNECTIONS true')

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def pg_rig(
    postgresql_url: str, sim: simulator.Simulator, out: gateway.Gateway
) -> AsyncIterator[tiny.Rig]:
    database = await Database.open(postgresql_url, clock=clock.system)
    await database.transact(lambda tx, _now: tiny.tables.create_all(tx))
    await database.transact(pacing.ensure, tiny.BOT_ID, rate=200.0)
    yield tiny.Rig(database, sim, out)
    await database.close()


@pytest.fixture
def outage(postgresql_server: str, postgresql_url: str) -> Outage:
    return Outage(postgresql_server, postgresql_url)

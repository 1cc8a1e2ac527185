"""A simulator with one bot, the real library as that bot, and a clock the test moves."""

import datetime as dt
from collections.abc import AsyncIterator

import pytest
import telegram

from bot import simulator

TOKEN = "7000001:simulated-token"


class Clock:
    """An instant that moves only when told."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 9, 30, 7, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def forward(self, **for_: float) -> None:
        self.now += dt.timedelta(**for_)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[simulator.Simulator]:
    async with simulator.Simulator(token=TOKEN, clock=clock, webhook_retry_s=0.01) as running:
        yield running


@pytest.fixture
async def bot(sim: simulator.Simulator) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(TOKEN, base_url=f"{sim.url}/bot", base_file_url=f"{sim.url}/file/bot") as library:
        yield library


@pytest.fixture
def wang(sim: simulator.Simulator) -> simulator.User:
    return sim.add_user("王", phone="+8613800000001")


@pytest.fixture
def li(sim: simulator.Simulator) -> simulator.User:
    return sim.add_user("李", phone="+8613800000002")


@pytest.fixture
def group(sim: simulator.Simulator, wang: simulator.User, li: simulator.User) -> simulator.Chat:
    made = sim.add_group("大河县群", members=[wang, li])
    sim.add_bot_to(made, by=wang)
    sim.bot.queue.pending.clear()
    return made

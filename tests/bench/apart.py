"""A pretend Telegram in a process of its own, so that what it costs is nobody else's time."""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from bot import simulator
from bot.simulator import posting

TOKEN = "4242424242:AAbench_of-the_pretend-telegram-in-its-own-process"


class Apart:
    """The other process, as the benchmark holds it."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.url: str = line.recv()

    def people(self, count: int) -> list[tuple[int, int]]:
        """So many people come, each with a message of the bot in their private chat: user and message."""
        self._line.send(("people", count))
        return self._line.recv()

    async def press(self, presses: list[tuple[int, int, str]]) -> float:
        """All of these (user, message, data) are pressed at once; seconds until the last toast has arrived."""
        self._line.send(("press", presses))
        return await asyncio.to_thread(self._line.recv)


@contextlib.contextmanager
def telegram() -> Iterator[Apart]:
    """A pretend Telegram that nobody limits."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_live, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Apart(ours)
    finally:
        ours.send(("end", None))
        process.join(5)
        process.kill()


def _live(line: Connection) -> None:
    asyncio.run(_serve(line))


async def _serve(line: Connection) -> None:
    async with simulator.Simulator(token=TOKEN, keep_calls=100, query_lifetime_s=3600) as sim:
        line.send(sim.url)
        while True:
            what, given = await asyncio.to_thread(line.recv)
            if what == "end":
                return
            line.send(_people(sim, given) if what == "people" else await _press(sim, given))


def _people(sim: simulator.Simulator, count: int) -> list[tuple[int, int]]:
    found = []
    for number in range(count):
        user = sim.add_user(f"王{number}")
        chat = sim.chat(user)
        chat.opened = True
        card = posting.post(sim.world, posting.make(sim.world, chat, sim.bot, text="card"))
        found.append((user.id, card.id))
    return found


async def _press(sim: simulator.Simulator, presses: list[tuple[int, int, str]]) -> float:
    left, done = len(presses), asyncio.Event()

    def count(change: simulator.Change) -> None:
        nonlocal left
        left -= change.what == "answer"
        if not left:
            done.set()

    sim.world.listeners.append(count)
    started = time.perf_counter()
    for user_id, message_id, data in presses:
        user = sim.world.users[user_id]
        sim.press_data(user, sim.chat(user).messages[message_id], data)
    await done.wait()
    sim.world.listeners.remove(count)
    return time.perf_counter() - started

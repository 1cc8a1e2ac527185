"""A pretend Telegram in a process of its own, so that what it costs is nobody else's time."""

import asyncio
import contextlib
import inspect
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

from bot import simulator
from bot.simulator import posting

TOKEN = "4242424242:AAbench_of-the_pretend-telegram-in-its-own-process"
SENDS = ("sendMessage", "editMessageText")


class Apart:
    """The other process, as the benchmark holds it."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.url: str = line.recv()

    def _ask(self, what: str, given: object = None) -> object:
        self._line.send((what, given))
        return self._line.recv()

    def people(self, count: int) -> list[tuple[int, int]]:
        """So many people come, each with a message of the bot in their private chat: user and message."""
        return self._ask("people", count)

    def flood(self) -> None:
        """Limits are enforced from now on."""
        self._ask("flood")

    def slow(self, seconds: float) -> None:
        """Every message takes so long to be answered."""
        self._ask("slow", seconds)

    def sends(self) -> list[tuple[float, int, int, str]]:
        """Every send and edit so far: when (unix time), to whom, HTTP status, its first line."""
        return self._ask("sends")

    async def called(self, method: str, times: int) -> None:
        """Wait until a method has been called so often."""
        await asyncio.to_thread(self._ask, "called", (method, times))

    async def polled(self) -> None:
        """Wait until somebody asks for updates; the call itself is answered much later."""
        await asyncio.to_thread(self._ask, "polled")

    def shown(self, words: str) -> int:
        """In how many chats a message now says this."""
        return self._ask("shown", words)

    async def press(self, presses: list[tuple[int, int, str]], *, over_s: float = 0) -> list[float]:
        """These (user, message, data) are pressed, at once or spread evenly; seconds until each toast has arrived."""
        return await asyncio.to_thread(self._ask, "press", (presses, over_s))


def percentile(some: list[float], share: float) -> float:
    """The value below which so large a share of them lies."""
    return statistics.quantiles(some, n=1000, method="inclusive")[round(share * 1000) - 1]


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
    async with simulator.Simulator(token=TOKEN, keep_calls=20_000, query_lifetime_s=3600) as sim:
        line.send(sim.url)
        while True:
            what, given = await asyncio.to_thread(line.recv)
            if what == "end":
                return
            line.send(await _do(sim, what, given))


async def _do(sim: simulator.Simulator, what: str, given: object) -> object:
    answer = _ASKED[what](sim, given)
    return await answer if inspect.isawaitable(answer) else answer


def _flood(sim: simulator.Simulator, _: object) -> None:
    sim.flood.enabled = True


def _slow(sim: simulator.Simulator, seconds: float) -> None:
    sim.faults.add(simulator.Fault("sendMessage", "slow", times=None, seconds=seconds))


async def _called(sim: simulator.Simulator, given: tuple[str, int]) -> None:
    method, times = given
    while sim.journal.counts[method] < times:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def _polled(sim: simulator.Simulator, _: object) -> None:
    while sim.bot.poller is None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def _shown(sim: simulator.Simulator, words: str) -> int:
    return sum(
        any(words in message.text for message in chat.messages.values())
        for chat in sim.world.private.values()
    )


def _sends(sim: simulator.Simulator, _: object) -> list[tuple[float, int, int, str]]:
    return [
        (call.at.timestamp(), call.chat_id, call.status, str(call.params["text"]).partition("\n")[0])
        for call in sim.journal.calls
        if call.method in SENDS
    ]


def _people(sim: simulator.Simulator, count: int) -> list[tuple[int, int]]:
    found = []
    for number in range(count):
        user = sim.add_user(f"王{number}")
        chat = sim.chat(user)
        chat.opened = True
        card = posting.post(sim.world, posting.make(sim.world, chat, sim.bot, text="card"))
        found.append((user.id, card.id))
    return found


async def _press(sim: simulator.Simulator, presses: list[tuple[int, int, str]], over_s: float) -> list[float]:
    begun: dict[int, float] = {}
    took: list[float] = []
    done = asyncio.Event()

    def count(change: simulator.Change) -> None:
        if change.what == "answer" and change.user_id in begun:
            took.append(time.perf_counter() - begun.pop(change.user_id))
            if len(took) == len(presses):
                done.set()

    sim.world.listeners.append(count)
    started = time.perf_counter()
    for number, (user_id, message_id, data) in enumerate(presses):
        if over_s:
            await asyncio.sleep(max(0.0, started + over_s * number / len(presses) - time.perf_counter()))
        user = sim.world.users[user_id]
        begun[user_id] = time.perf_counter()
        sim.press_data(user, sim.chat(user).messages[message_id], data)
    await done.wait()
    sim.world.listeners.remove(count)
    return took


_ASKED = {
    "people": _people, "press": lambda sim, given: _press(sim, *given), "flood": _flood, "slow": _slow,
    "called": _called, "polled": _polled, "shown": _shown, "sends": _sends,
}  # fmt: skip

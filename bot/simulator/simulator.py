"""The pretend Telegram as tests and the demonstration hold it: one object, one server, one world."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp.web

from bot.simulator import faults, flood, groups, journal, model, people, refusals, server, webhook

T = TypeVar("T")


def _wall_clock() -> dt.datetime:
    """Return the present instant, for a simulator that was given no clock."""
    return dt.datetime.fromtimestamp(time.time(), dt.UTC)  # noqa: TID251  # bot.clock is above this room


def _unless_impossible(condition: Callable[[], T]) -> T | None:
    try:
        return condition()
    except refusals.Impossible:
        return None


class Simulator(groups.Groups):
    """A pretend Telegram: an HTTP server that speaks the Bot API, and people who use it.

    Attributes:
        url: The root; a bot calls `{url}/bot<token>/<method>` and `{url}/file/bot<token>/<path>`.
        bot: The bot added first, meant wherever none is named.
        faults: Faults to put into the line.
        flood: Flood control, off until enabled.
        journal: Every request made.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], dt.datetime] = _wall_clock,
        token: str | None = None,
        username: str = "xiaoan_bot",
        name: str = "校安",
        flood_control: bool = False,
        keep_calls: int | None = None,
        seed: int = 0,
        edits_after_upgrade: bool = False,
        webhook_retry_s: float = 1.0,
        query_lifetime_s: float = 15.0,
    ) -> None:
        """Prepare a world; entering the simulator opens its door.

        Args:
            host: Where to listen.
            port: 0 takes any free one.
            clock: Gives the aware UTC instant that dates messages, expires updates and paces flood control.
            token: Adds a first bot with this token.
            username: The first bot's, without @.
            name: The first bot's, as people see it.
            flood_control: Whether limits are enforced.
            keep_calls: How many requests the journal keeps; None keeps all.
            seed: Of the faults' chances.
            edits_after_upgrade: Whether messages of an upgraded group can still be edited (nobody knows).
            webhook_retry_s: The first pause after a failed push.
            query_lifetime_s: How long a press can be answered (undocumented; reports say 10 to 20 s).
        """
        self.world = model.World(
            clock,
            edits_after_upgrade=edits_after_upgrade,
            query_lifetime=dt.timedelta(seconds=query_lifetime_s),
        )
        self.faults = faults.Faults(seed=seed)
        self.flood = flood.Flood(enabled=flood_control)
        self.journal = journal.Journal(keep=keep_calls)
        self.host, self.port = host, port
        self.url = ""
        self._webhook_retry_s = webhook_retry_s
        self._stack = contextlib.AsyncExitStack()
        self._tasks: asyncio.TaskGroup | None = None
        self._pushers: list[asyncio.Task[None]] = []
        if token is not None:
            self.add_bot(token, username, name)

    async def __aenter__(self) -> Self:
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        app = server.Server(self.world, self.journal, self.faults, self.flood).app()
        runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = aiohttp.web.TCPSite(runner, self.host, self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self.url = f"http://{self.host}:{self.port}"
        for bot in self.world.bots.values():
            self._push_for(bot)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.world.closing = True
        self.faults.clear()
        for bot in self.world.bots.values():
            bot.queue.pulse.beat()
        for pusher in self._pushers:
            pusher.cancel()
        await self._stack.aclose()

    def _push_for(self, bot: model.Bot) -> None:
        if self._tasks is not None:
            pusher = webhook.Pusher(self.world, bot, retry_s=self._webhook_retry_s)
            self._pushers.append(self._tasks.create_task(pusher.run()))

    # ── bots ─────────────────────────────────────────────────────────────────────────────────────────

    def add_bot(
        self, token: str, username: str = "xiaoan_bot", name: str = "校安", *, privacy: bool = True
    ) -> model.Bot:
        """Add a bot account; the first one is `sim.bot`."""
        made = model.Bot(
            id=int(token.partition(":")[0]), first_name=name, username=username, token=token, privacy=privacy
        )
        if not self.world.bots:
            self.bot = made
        self.world.bots[token] = made
        self._push_for(made)
        return made

    def push_raw_update(self, bot: model.Bot, update: dict[str, Any]) -> int:
        """Queue any JSON object as an update, parsable or not; return its update_id."""
        return bot.queue.push_raw(update, at=self.world.clock())

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def calls(self) -> list[journal.Call]:
        """Every request so far, oldest first."""
        return list(self.journal.calls)

    def calls_of(self, method: str) -> list[journal.Call]:
        """Return the requests of one method, oldest first."""
        return self.journal.of(method)

    def messages(self, chat: people.Where, *, deleted: bool = False) -> list[model.Message]:
        """Return the messages of a chat in order, as people see them now; deleted ones only if asked for."""
        found = self.chat(chat).messages.values()
        return [message for message in found if deleted or not message.deleted]

    def last(self, chat: people.Where, *, from_bot: bool | None = None) -> model.Message:
        """Return the newest message of a chat, of the bot's or of people's if so asked.

        Raises:
            Impossible: There is none.
        """
        for message in reversed(self.messages(chat)):
            if from_bot in (None, message.from_bot):
                return message
        raise refusals.Impossible(f"nothing stands in {self.chat(chat)}")

    def find(self, chat: people.Where, text: str) -> model.Message:
        """Return the newest message of a chat that contains the text.

        Raises:
            Impossible: There is none.
        """
        messages = self.messages(chat)
        for message in reversed(messages):
            if text in message.text:
                return message
        raise refusals.Impossible(f"no message with {text!r} among {messages}")

    def has(self, chat: people.Where, text: str) -> bool:
        """Return whether a message of the chat contains the text; made for `until`."""
        return any(text in message.text for message in self.messages(chat))

    def keyboard(self, user: model.User) -> model.Rows:
        """Return the reply keyboard a person sees in the private chat with the bot."""
        shown = self.chat(user).shown_keyboard
        return shown.keyboard if shown else ()

    # ── waiting ──────────────────────────────────────────────────────────────────────────────────────

    async def until(self, condition: Callable[[], T], timeout: float = 10) -> T:  # noqa: ASYNC109
        """Return what the condition returns once that is true, looking again after every change and request.

        A message or button the condition names may not be there yet: `Impossible` counts as not true.

        Raises:
            TimeoutError: It stayed false for so many seconds; the message tells the last requests.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := _unless_impossible(condition)):
                    await self.world.pulse.next()
                return value
        except TimeoutError as error:
            last = [f"{call.method} {call.status}" for call in self.calls[-8:]]
            raise TimeoutError(f"still not so after {timeout} s; last requests: {last}") from error

    def nudge(self) -> None:
        """Make everyone who waits look again, after a change the simulator cannot see."""
        self.world.pulse.beat()

    def events(self) -> AsyncGenerator[model.Change, None]:
        """Yield every change from this call on; close it (`contextlib.aclosing`) when done."""
        changes: asyncio.Queue[model.Change] = asyncio.Queue()
        self.world.listeners.append(changes.put_nowait)
        return self._following(changes)

    async def _following(self, changes: asyncio.Queue[model.Change]) -> AsyncGenerator[model.Change, None]:
        try:
            while True:
                yield await changes.get()
        finally:
            self.world.listeners.remove(changes.put_nowait)

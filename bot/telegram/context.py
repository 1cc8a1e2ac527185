"""What a handler is given: the doors to the database and back to the person, counted per update."""

import asyncio
import contextvars
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, Self, TypeAlias, TypeVar, cast

import telegram
from telegram import ext

from bot import errors
from bot.db import Database, Tx
from bot.delivery import pacing
from bot.delivery.message import Callback, Outcome, OutgoingMessage
from bot.inbox import updates
from bot.telegram import batches
from bot.telegram.gateway import Bot, Gateway

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")
Each: TypeAlias = Callable[[Tx, dt.datetime, Sequence[S]], Sequence[T]]  # a verb for many, in their order

PATIENCE_S = 3  # a button may spin this long before we say that we are at it
BUSY = "正在记录,请稍候…"

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
Application: TypeAlias = "ext.Application[Bot, Context, Any, Any, Any, Any]"


def _nothing() -> None:
    pass


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What an operator set, as far as handlers care."""

    zone: dt.tzinfo
    phones: str  # full | masked | never
    group_rate: int  # calls a minute to one group


@dataclasses.dataclass(frozen=True, slots=True)
class Doors:
    """What all updates share."""

    db: Database
    gateway: Gateway
    options: Options


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What one update asks a verb of many for."""

    update_id: int
    lane: str
    subject: Any


class Together:
    """Verbs that do many at once: whatever waits for the database goes there in one transaction, each update once."""

    def __init__(self, db: Database, spawn: Spawn) -> None:
        self._db = db
        self._spawn = spawn
        self._of: dict[Each[Any, Any], batches.Batches[_Asked, Any]] = {}

    async def __call__(self, verb: "Each[S, T]", subject: S, *, update_id: int, lane: str) -> T:
        """As `verb` for this subject alone, committed.

        Raises:
            Replayed, Behind: as `updates.once`.
        """

        async def do(asked: Sequence[_Asked]) -> Sequence[object]:
            return await self._db.transact(_once_each, verb, asked)

        if verb not in self._of:
            self._of[verb] = batches.Batches(do, self._spawn)
        result = await self._of[verb](_Asked(update_id, lane, subject))
        if isinstance(result, Exception):
            raise result
        return cast(T, result)


@dataclasses.dataclass(slots=True)
class Turn:
    """One attempt at one update.

    Attributes:
        together: for verbs that do many at once.
        pressed_before: after an outage, the instant from which on it may have been made; else None.
        query_id: of a button's press; '' otherwise.
        lane: where others may have parked something that this must not overtake; '' if that is known.
        spawn: starts a task that whoever handles updates owns.
        on_commit: called once its effects are committed.
        is_committed: its effects are, so that it will not be tried again.
        is_answered: the button has stopped spinning.
        fault: what the handler raised, if it did.
    """

    doors: Doors
    update_id: int
    spawn: Spawn
    together: Together
    pressed_before: dt.datetime | None = None
    query_id: str = ""
    lane: str = ""
    on_commit: Callable[[], None] = _nothing
    is_committed: bool = False
    is_answered: bool = False
    fault: Exception | None = None

    async def toast(self, text: str, *, alert: bool = False, url: str = "") -> None:
        """Answer the press, if it is one and has not been answered.

        Nobody waits for it to arrive: the next press of the same group must not stand behind a round trip.
        """
        if self.query_id and not self.is_answered:
            self.is_answered = True
            self.spawn(self.doors.gateway.answer(self.query_id, text, alert=alert, url=url))
            await asyncio.sleep(0)  # it is on its way before anything else is called

    async def transact(
        self, verb: Callable[Concatenate[Tx, dt.datetime, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `Database.transact`; the first one of a turn also marks the update as handled.

        Raises:
            Replayed: its effects are committed already.
            Behind: an earlier one of its chat waits.
        """
        if self.is_committed:
            return await self.doors.db.transact(verb, *args, **kwargs)
        done = self.doors.db.transact(_once, self.update_id, self.lane, verb, *args, **kwargs)
        return await self._committed(done)

    async def transact_one_of(self, verb: "Each[S, T]", subject: S) -> T:
        """As the first `transact` of a turn, for a verb that does many at once."""
        return await self._committed(self.together(verb, subject, update_id=self.update_id, lane=self.lane))

    async def _committed(self, done: Awaitable[T]) -> T:
        loop = asyncio.get_running_loop()
        is_waited_for = self.query_id and not self.is_answered
        impatience = loop.call_later(PATIENCE_S, self._say_busy) if is_waited_for else None
        try:
            result = await done
        finally:
            if impatience is not None:
                impatience.cancel()
        self.is_committed = True
        self.on_commit()
        return result

    async def say(self, chat_telegram_id: int, message: OutgoingMessage) -> Outcome:
        """Tell a person something at the next slot, at most once: the update counts as handled then."""
        slots = await self.transact(pacing.take, self.doors.gateway.bot.id)
        await asyncio.sleep(max(0.0, (slots[0] - self.doors.db.now()).total_seconds()))
        return await self.doors.gateway.show(chat_telegram_id, message)

    def _say_busy(self) -> None:
        self.spawn(self.toast(BUSY))


def _once(
    tx: Tx,
    now: dt.datetime,
    update_id: int,
    lane: str,
    verb: Callable[Concatenate[Tx, dt.datetime, P], T],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    updates.once(tx, now, update_id, lane=lane)
    return verb(tx, now, *args, **kwargs)


def _once_each(tx: Tx, now: dt.datetime, verb: "Each[Any, Any]", asked: Sequence[_Asked], /) -> list[object]:
    """What each comes to, or the exception that says why it must not be done now."""
    ended: dict[_Asked, object] = {}
    refused = updates.once_each(tx, now, [(one.update_id, one.lane) for one in asked])
    ours: dict[int, _Asked] = {}
    for one in asked:
        if ours.setdefault(one.update_id, one) is not one:
            ended[one] = errors.Replayed(f"update {one.update_id}")
        elif one.update_id in refused:
            ended[one] = refused[one.update_id]
    mine = [one for one in asked if one not in ended]
    if mine:
        ended |= zip(mine, verb(tx, now, [one.subject for one in mine]), strict=True)
    return [ended[one] for one in asked]


# The library makes the context by itself, from the update alone: what belongs to the attempt comes beside it.
turn: contextvars.ContextVar[Turn] = contextvars.ContextVar("turn")


class Context(ext.CallbackContext[Bot, Any, Any, Any]):
    """One update as its handler sees it.

    `transact` once, then `toast`, then `say` or `edit`: what was said before the commit cannot be unsaid.
    """

    _update: telegram.Update
    _turn: Turn

    @classmethod
    def from_update(cls, update: object, application: Any) -> Self:
        """As the library asks; the attempt at hand is added."""
        if not isinstance(update, telegram.Update):
            raise TypeError(f"not an update: {type(update).__name__}")
        made = super().from_update(update, application)
        made._update, made._turn = update, turn.get()  # noqa: SLF001 - ours: this is its constructor
        return made

    # ── the doors ───────────────────────────────────────────────────────────────────────────────────

    @property
    def db(self) -> Database:
        """For what must not be tied to the update; everything else uses `transact` and `read`."""
        return self._turn.doors.db

    @property
    def gateway(self) -> Gateway:
        """The way out past pace and order; `say`, `edit` and `toast` are nearly always right instead."""
        return self._turn.doors.gateway

    @property
    def options(self) -> Options:
        """What an operator set."""
        return self._turn.doors.options

    @property
    def now(self) -> dt.datetime:
        """The present instant."""
        return self._turn.doors.db.now()

    # ── who and where ───────────────────────────────────────────────────────────────────────────────

    @property
    def bot_username(self) -> str:
        """The bot's name, without @."""
        return self.bot.username

    @property
    def user_id(self) -> int:
        """Who sent or pressed it.

        Raises:
            ValueError: nobody did (a channel's post).
        """
        user = self._update.effective_user
        if user is None:
            raise ValueError("an update without a person")
        return user.id

    @property
    def chat_telegram_id(self) -> int:
        """Where it was sent or pressed.

        Raises:
            ValueError: nowhere.
        """
        chat = self._update.effective_chat
        if chat is None:
            raise ValueError("an update without a chat")
        return chat.id

    @property
    def is_private(self) -> bool:
        """It happened in the person's own chat with the bot."""
        chat = self._update.effective_chat
        return chat is not None and chat.type == telegram.constants.ChatType.PRIVATE

    @property
    def callback(self) -> Callback | None:
        """What the pressed button says; None for anything but a button of ours."""
        query = self._update.callback_query
        return Callback.decode(query.data) if query is not None and query.data else None

    @property
    def pressed_message_id(self) -> int | None:
        """The message whose button was pressed; None for anything but a press."""
        query = self._update.callback_query
        return query.message.message_id if query is not None and query.message is not None else None

    @property
    def pressed_before(self) -> dt.datetime | None:
        """After an outage, the instant from which on this may have been made; None means just now."""
        return self._turn.pressed_before

    # ── doing ───────────────────────────────────────────────────────────────────────────────────────

    async def transact(
        self, verb: Callable[Concatenate[Tx, dt.datetime, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the verb in one transaction that also marks the update as handled, and commit.

        A press that waits longer than three seconds is told so, and its later toast is dropped.

        Raises:
            Replayed: the update's effects are committed already; leave it to the caller of the handler.
        """
        return await self._turn.transact(verb, *args, **kwargs)

    async def transact_one_of(self, verb: "Each[S, T]", subject: S) -> T:
        """As `transact` for a verb that does many at once: with whatever else waits for it, in one transaction."""
        return await self._turn.transact_one_of(verb, subject)

    async def read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the query on a read-only snapshot."""
        return await self._turn.doors.db.read(query, *args, **kwargs)

    async def toast(self, text: str, *, alert: bool = False, url: str = "") -> None:
        """Answer the press, once; anything later is dropped, and everything where nothing was pressed."""
        await self._turn.toast(text, alert=alert, url=url)

    async def say(self, message: OutgoingMessage) -> Outcome:
        """Reply in the person's own chat, at most once: the update counts as handled from now on.

        Raises:
            RuntimeError: this is a group, where everything goes through the outbox.
        """
        if not self.is_private:
            raise RuntimeError("a reply in a group goes through the outbox")
        return await self._turn.say(self.chat_telegram_id, message)

    async def edit(self, message: OutgoingMessage) -> Outcome:
        """Put the message in the place of the one whose button was pressed, in the person's own chat.

        Raises:
            RuntimeError: this is a group, or nothing was pressed.
        """
        if self.pressed_message_id is None:
            raise RuntimeError("only a press says which message to edit")
        return await self.say(dataclasses.replace(message, edit_of=self.pressed_message_id))

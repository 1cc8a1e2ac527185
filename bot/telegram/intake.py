"""What comes in: each update is handled once, in the order of its chat, or set aside where it cannot be lost.

`Intake.take` is the seam for both ways in: it returns when an update's effects, or the update itself, are
committed. Fetching is `polling`, being pushed is `hook` and whatever door calls `take`.
"""

import asyncio
import html
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
import telegram
from telegram import ext

from bot import errors, metrics
from bot.delivery.message import OutgoingMessage
from bot.inbox import held, leases, updates
from bot.telegram import context, lanes, polling
from bot.telegram.hook import Hook

log = structlog.get_logger()

HANDLE_FOR_S = 5  # an update not committed by then is set aside, so that its chat's door does not jam
REPLY_FOR_S = 60  # … and one that is committed has so long to finish talking
SIDE_BY_SIDE = 64
STOP_WITHIN_S = 10
LOOK_EVERY_S = 5  # for parked updates whose process has died
FORGET_EVERY_S = 3600
AWAY_FOR_S = 1.0


def _nowhere(_step: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Arrival:
    update_id: int
    lane: str
    raw: Mapping[str, Any]
    pressed_before: polling.Instant = None


class Intake:
    """Handles updates with the library's handlers, which `routes` registers.

    Args:
        owner: a name no other process, and no former life of this one, has.
        hook: updates are pushed: they come by `take`, to any process.
        polls: fetch updates, unless they are pushed; False waits for `take` to be called.
        is_alone: no other process can be fetching: its lease need not be waited for.
        at: called with the name of each step, so that a test can end the process there.
    """

    def __init__(
        self,
        doors: context.Doors,
        routes: Callable[[context.Application], None],
        *,
        owner: str,
        hook: Hook | None = None,
        polls: bool = True,
        is_alone: bool = False,
        handle_for_s: float = HANDLE_FOR_S,
        poll_for_s: int = polling.POLL_FOR_S,
        at: Callable[[str], None] = _nowhere,
    ) -> None:
        self._doors = doors
        self._db = doors.db
        self._handle_for_s = handle_for_s
        self._at = at
        self._lanes = lanes.Lanes(SIDE_BY_SIDE)
        self._blocked: set[str] = set()  # lanes in which something parked waits
        self._retrying: set[str] = set()
        self._stop = asyncio.Event()
        self._look = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._together = context.Together(doors.db, self._spawn)
        self._application = _application(doors, routes)
        self._hook = hook
        # a chat's next update may be pushed to another process than the one that has parked the last
        self._is_shared = hook is not None and not doors.db.is_sqlite
        self._polling = (
            polling.Polling(
                doors.db,
                doors.gateway,
                self._take,
                owner=owner,
                is_alone=is_alone,
                poll_for_s=poll_for_s,
            )
            if polls and hook is None
            else None
        )
        self.is_ready = asyncio.Event()

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is being handled is done, at most ten seconds later."""
        self._stop.set()
        self._look.set()
        if self._polling is not None:
            self._polling.stop()
        if self._hook is not None:
            self._hook.stop()

    async def run(self) -> None:
        """Handle updates until stopped.

        Raises:
            Refused: Telegram does not know the token.
        """
        fatal: errors.Refused | None = None
        try:
            async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._end_within(patience))
                try:
                    await self._serve_until_stopped(tasks)
                except errors.Refused as fault:
                    fatal = fault
                    self.stop()
        except TimeoutError:
            log.warning("updates_left_behind")  # Telegram has them still, or they are parked
        finally:
            self._tasks = None
            self.is_ready.clear()
        if fatal is not None:
            raise fatal

    async def ping(self) -> str:
        """'' if updates come, to this process or to one that stands in for it; else why not."""
        if not self.is_ready.is_set():
            return "not running"
        if self._hook is not None:
            return "" if self._hook.is_set else "webhook not set"
        is_held = await self._db.read(leases.is_held, self._db.now(), polling.LEASE)
        return "" if is_held else "nobody polls"

    async def take(self, raw: Mapping[str, Any]) -> None:
        """Handle one update as Telegram sent it; on return it, or its effects, are committed.

        Raises:
            DatabaseAway: nothing was done, also while starting and stopping; Telegram has to send it again.
        """
        if not self.is_ready.is_set() or self._stop.is_set():
            raise errors.DatabaseAway("not running")
        await self._take(raw, None if self._hook is None else self._hook.pressed_before())

    # ── life ────────────────────────────────────────────────────────────────────────────────────────

    async def _end_within(self, patience: asyncio.Timeout) -> None:
        await self._stop.wait()
        patience.reschedule(asyncio.get_running_loop().time() + STOP_WITHIN_S)

    async def _serve_until_stopped(self, tasks: asyncio.TaskGroup) -> None:
        if not await polling.patiently(self._application.initialize, self._stop):
            return
        while not await self._know_what_waits():
            await self._pause(AWAY_FOR_S)
        tasks.create_task(_guarded(self._retry_until_stopped()))
        tasks.create_task(_guarded(self._forget_until_stopped()))
        self.is_ready.set()
        if self._hook is not None:
            await self._hook.run()
        elif self._polling is not None:
            await self._polling.run(tasks)
        await self._stop.wait()

    async def _take(self, raw: Mapping[str, Any], pressed_before: polling.Instant) -> None:
        update_id = raw.get("update_id")
        if not isinstance(update_id, int):
            log.error("update_without_id")
            return
        if self._tasks is None:
            raise errors.DatabaseAway("not running")
        arrival = _Arrival(update_id, lanes.lane_of(raw, update_id), raw, pressed_before)
        if sent_at := lanes.sent_at(raw):
            metrics.INTAKE_LAG.observe(max(0.0, (self._db.now() - sent_at).total_seconds()))
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with metrics.UPDATE_SECONDS.time():
            self._tasks.create_task(self._serve(arrival, settled))
            await settled

    async def _serve(self, arrival: _Arrival, settled: asyncio.Future[None]) -> None:
        """Handle or park; `settled` may be resolved before the handler has finished talking."""
        try:
            async with self._lanes.turn(arrival.lane):
                await self._handle_or_park(arrival, settled)
        except errors.DatabaseAway as fault:
            if not settled.done():
                settled.set_exception(fault)
        except Exception:  # it could not even be parked: Telegram has it still, and the others go on
            log.exception("update_not_settled", update=arrival.update_id)
        finally:
            if not settled.done():  # cancelled, or a bug of ours: Telegram has it still
                settled.set_exception(errors.DatabaseAway("not settled"))

    async def _handle_or_park(self, arrival: _Arrival, settled: asyncio.Future[None]) -> None:
        self._at("taken")
        fate = "parked"
        if arrival.lane in self._blocked and not self._is_shared:
            await self._park(arrival, error="behind another", tried=False)
            if query_id := lanes.query_of(arrival.raw):
                self._spawn(self._doors.gateway.answer(query_id, context.BUSY))
        elif (update := self._parse(arrival.raw)) is None:
            await self._park(arrival, error="unreadable", is_hopeless=True)
            fate = "unreadable"
        elif fault := await self._attempt(update, arrival, settled):
            await self._park(arrival, error=fault, tried=fault != errors.Behind.__name__)
        else:
            fate = "handled"
        metrics.UPDATES.labels(lanes.kind_of(arrival.raw), fate).inc()
        self._committed(settled)

    def _committed(self, settled: asyncio.Future[None] | None) -> None:
        """Telegram need not send it again: long talk after the commit keeps nobody from asking for what comes next."""
        if settled is not None and not settled.done():
            self._at("committed")
            settled.set_result(None)

    def _parse(self, raw: Mapping[str, Any]) -> telegram.Update | None:
        try:
            return _update(raw, self._application.bot)
        except Exception as fault:  # noqa: BLE001 - whatever it is made of, the next one must be served
            log.warning("update_unreadable", update=raw.get("update_id"), fault=type(fault).__name__)
            return None

    # ── one attempt ─────────────────────────────────────────────────────────────────────────────────

    async def _attempt(
        self, update: telegram.Update, arrival: _Arrival, settled: asyncio.Future[None] | None = None
    ) -> str:
        """Let the handlers have it; '' if it is done, else the name of what went wrong before the commit.

        Raises:
            DatabaseAway: nothing was done.
        """
        query, loop = update.callback_query, asyncio.get_running_loop()
        patience = asyncio.timeout(self._handle_for_s)

        def committed() -> None:
            patience.reschedule(loop.time() + REPLY_FOR_S)
            self._committed(settled)

        turn = context.Turn(
            self._doors,
            update.update_id,
            self._spawn,
            self._together,
            arrival.pressed_before,
            query.id if query is not None else "",
            # known by heart, unless other processes park there too: then the commit itself looks
            arrival.lane if self._is_shared and settled is not None else "",
            on_commit=committed,
        )
        try:
            async with patience:
                await self._handle(update, turn)
        except TimeoutError as fault:
            turn.fault = fault
        return await self._judge(turn)

    async def _handle(self, update: telegram.Update, turn: context.Turn) -> None:
        context.turn.set(turn)
        try:
            await self._application.process_update(update)
        except Exception as fault:  # noqa: BLE001 - the update's edge; nearly all come by `_hand_back`
            turn.fault = fault
        if isinstance(turn.fault, errors.Refused):
            await self._explain(update, turn, turn.fault.sentence)
        if turn.fault is None or isinstance(turn.fault, errors.Replayed | errors.Refused):
            await turn.toast("")

    async def _explain(self, update: telegram.Update, turn: context.Turn, sentence: str) -> None:
        """Tell the person why not; in a group nobody else needs to read it."""
        await turn.toast(sentence, alert=True)
        chat = update.effective_chat
        if not turn.query_id and chat is not None and chat.type == telegram.constants.ChatType.PRIVATE:
            await turn.say(chat.id, OutgoingMessage(html.escape(sentence, quote=False)))

    async def _judge(self, turn: context.Turn) -> str:
        fault = turn.fault
        if fault is None or isinstance(fault, errors.Replayed | errors.Refused):
            return ""
        if isinstance(fault, errors.DatabaseAway) and not turn.is_committed:
            raise fault
        if isinstance(fault, errors.Behind):
            await turn.toast(context.BUSY)
            return type(fault).__name__
        log.error("update_failed", update=turn.update_id, is_committed=turn.is_committed, exc_info=fault)
        if turn.is_committed:
            return ""
        await turn.toast(context.BUSY)
        return type(fault).__name__

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        if self._tasks is None:
            raise RuntimeError("not running")
        return self._tasks.create_task(_guarded(work))

    # ── parked updates ──────────────────────────────────────────────────────────────────────────────

    async def _park(
        self, arrival: _Arrival, *, error: str, tried: bool = True, is_hopeless: bool = False
    ) -> None:
        waits = await self._db.transact(
            updates.park,
            arrival.update_id,
            lane=arrival.lane,
            raw=json.dumps(arrival.raw),  # in ASCII: half a surrogate pair is no UTF-8
            error=error,
            tried=tried,
            is_hopeless=is_hopeless,
            pressed_before=arrival.pressed_before,
        )
        log.info("update_parked", update=arrival.update_id, fault=error)
        if waits:
            self._blocked.add(arrival.lane)
            self._look.set()

    async def _know_what_waits(self) -> bool:
        """Lanes parked in a former life, or by a process that died, are known; False while nobody can say."""
        if self._stop.is_set():
            return True
        try:
            if self._hook is not None:
                await self._hook.recall()
            self._blocked |= await self._db.read(updates.waiting_lanes)
        except errors.DatabaseAway:
            log.warning("database_away")
            return False
        return True

    async def _retry_until_stopped(self) -> None:
        while not self._stop.is_set():
            self._look.clear()
            try:
                await self._retry_what_is_due()
                pause = await self._until_next()
            except errors.DatabaseAway:
                pause = AWAY_FOR_S
            await self._pause(pause)

    async def _retry_what_is_due(self) -> None:
        for item in await self._db.read(updates.due, self._db.now()):
            if item.lane not in self._retrying:
                self._blocked.add(item.lane)
                self._retrying.add(item.lane)
                self._spawn(self._retry(item))

    async def _until_next(self) -> float:
        """Seconds until something parked may be tried; what is being tried will tell by itself."""
        if self._retrying:
            return LOOK_EVERY_S
        at = await self._db.read(updates.next_at)
        return LOOK_EVERY_S if at is None else min((at - self._db.now()).total_seconds(), LOOK_EVERY_S)

    async def _retry(self, item: updates.Waiting) -> None:
        try:
            async with self._lanes.turn(item.lane):
                await self._retry_in_turn(item)
                if not await self._db.read(updates.is_waiting, item.lane):
                    self._blocked.discard(item.lane)
        except errors.DatabaseAway:
            log.warning("database_away")
            await self._pause(AWAY_FOR_S)
        finally:
            self._retrying.discard(item.lane)
            self._look.set()

    async def _retry_in_turn(self, item: updates.Waiting) -> None:
        raw = json.loads(item.raw)
        arrival = _Arrival(item.update_id, item.lane, raw, item.pressed_before)
        update = self._parse(raw)
        fault = "unreadable" if update is None else await self._attempt(update, arrival)
        if not fault:
            await self._db.transact(updates.done, item.update_id)
            return
        state = await self._db.transact(updates.retry_later, item.update_id, fault, tried=item.attempts)
        log.warning("update_failed_again", update=item.update_id, state=state.value, tries=item.attempts + 1)

    async def _forget_until_stopped(self) -> None:
        while not self._stop.is_set():
            try:
                await self._db.transact(updates.forget_seen)
                await self._db.transact(held.forget)
            except errors.DatabaseAway:
                log.warning("database_away")
            await polling.sleep_unless(self._stop, FORGET_EVERY_S)

    async def _pause(self, for_s: float) -> None:
        await polling.sleep_unless(self._look, max(0.0, for_s))


def _update(raw: Mapping[str, Any], bot: telegram.Bot) -> telegram.Update:
    """The library's object of an update.

    Of a press outside topics it holds what is read of one: who, where, on which message, which button. The library's
    own way makes objects of all the message says as well, and takes more than twice as long.
    """
    match raw:
        case {
            "update_id": int(update_id),
            "callback_query": {
                "id": str(query_id),
                "from": {"id": int()} as person,
                "message": {
                    "message_id": int(message_id),
                    "chat": {"id": int(chat_id), "type": str(kind)},
                } as message,
                "chat_instance": str(instance),
                "data": str(data),
            },
        } if "message_thread_id" not in message:
            user = telegram.User.de_json(dict(person), bot)
            where = telegram.InaccessibleMessage(telegram.Chat(chat_id, kind), message_id)
            query = telegram.CallbackQuery(query_id, user, instance, message=where, data=data)
            return telegram.Update(update_id, callback_query=query)
    return telegram.Update.de_json(dict(raw), bot)


def _application(doors: context.Doors, routes: Callable[[context.Application], None]) -> context.Application:
    builder = ext.ApplicationBuilder().bot(doors.gateway.bot).updater(None).job_queue(None)
    made = builder.context_types(ext.ContextTypes(context=context.Context)).build()
    routes(made)
    made.add_error_handler(_hand_back)
    return made


async def _hand_back(_update: object, ctx: context.Context) -> None:
    """The library swallows what a handler raises: keep it for `_judge`, and let no other handler go on."""
    context.turn.get().fault = ctx.error
    raise ext.ApplicationHandlerStop


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """One update's trouble must not end the others: a task group dies of the first exception."""
    try:
        await work
    except Exception:
        log.exception("intake_fault")

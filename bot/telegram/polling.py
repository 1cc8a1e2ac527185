"""Fetching updates: one process at a time, nothing acknowledged before it is settled, outages noticed."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import structlog
from telegram import error
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot import errors
from bot.db import Database, Tx
from bot.inbox import leases
from bot.telegram import outcomes, request
from bot.telegram.gateway import Gateway

Instant: TypeAlias = dt.datetime | None
Take: TypeAlias = Callable[[Mapping[str, Any], Instant], Awaitable[None]]

log = structlog.get_logger()

POLL_FOR_S = 25  # Telegram allows 50; well below the minute after which we call silence an outage
BATCH = 100  # Bot API: getUpdates.limit
# "All" would be too much: chat_member and reactions need an administrator, polls and payments are not ours.
# Never left out, or the server keeps what some earlier program asked for.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
AGAIN_AFTER_S = 0.6  # the same offset again within 0.5 s is answered with one update only
OUTAGE = dt.timedelta(minutes=1)
LEASE = "poll"
LEASE_FOR = dt.timedelta(seconds=9)
RENEW_EVERY_S = 3
ASK_FOR_LEASE_EVERY_S = 1
LOOK_AT_LEASE_EVERY_S = 0.05  # our own memory, not the database
LONGEST_PAUSE_S = 5  # between tries when Telegram cannot be reached
CONFLICT_PAUSE_S = 5
REBUILD_AFTER = 3  # failures in a row: the session may be wedged (python-telegram-bot#4405 and its like)
WATCHDOG_S = 20  # beyond the long poll and the request's own limits
LAST_WORD_FOR_S = 2
AWAY_FOR_S = 1
TOO_SOON_S = 0.1  # an empty answer that came faster than this was no long poll


class Polling:
    """The getUpdates loop. `take` gets each update in order and returns when it is settled."""

    def __init__(
        self,
        db: Database,
        gateway: Gateway,
        take: Take,
        *,
        owner: str,
        is_alone: bool = False,
        poll_for_s: int = POLL_FOR_S,
    ) -> None:
        self._db = db
        self._gateway = gateway
        self._hand_over = take
        self._owner = owner
        self._is_alone = is_alone
        self._poll_for_s = poll_for_s
        self._stop = asyncio.Event()
        self._progress = asyncio.Event()
        self._scope: asyncio.Timeout | None = None
        self._is_held = False
        self._is_away = False
        self._open: set[int] = set()  # handed over
        self._unsettled: set[int] = set()  # handed over in vain: the database was away
        self._settled: set[int] = set()  # … above the lowest open one: acknowledged together with it
        self._backlog: set[int] = set()  # of those open, the ones that may be as old as an outage
        self._offset = 0
        self._failures = 0
        self._asked_at: Instant = None  # the last getUpdates that was answered
        self._beat_at: Instant = None  # … with nothing older than it left to settle
        self._pressed_before: Instant = None

    def stop(self) -> None:
        """Fetch nothing more."""
        self._stop.set()
        self._interrupt()

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Fetch and hand over until stopped, whenever this process holds the lease.

        Raises:
            Refused: Telegram does not know the token.
        """
        if not await patiently(self._forget_webhook, self._stop):
            return
        keeper = tasks.create_task(self._keep_lease())
        try:
            while not self._stop.is_set():
                if self._is_away:
                    await self._recover()
                elif self._is_held:
                    await self._poll(tasks)
                else:
                    await sleep_unless(self._stop, LOOK_AT_LEASE_EVERY_S)
            await self._until_all_ended()
        finally:
            keeper.cancel()
        await self._leave()

    # ── the lease ───────────────────────────────────────────────────────────────────────────────────

    async def _keep_lease(self) -> None:
        by_force = self._is_alone
        while True:
            try:
                held = await self._db.transact(_renew, self._owner, by_force=by_force, beat_at=self._beat_at)
                by_force = by_force and not held
                if held != self._is_held:
                    await self._note_lease(is_held=held)
            except errors.DatabaseAway:
                self._note_away()
            await asyncio.sleep(RENEW_EVERY_S if self._is_held else ASK_FOR_LEASE_EVERY_S)

    async def _note_lease(self, *, is_held: bool) -> None:
        if is_held:
            self._beat_at = await self._db.read(leases.last_beat, LEASE)
            log.info("polling")
        else:
            self._beat_at = None
            log.warning("lease_lost")
        self._is_held = is_held
        self._interrupt()

    async def _leave(self) -> None:
        """Tell Telegram what is settled, and let another process have the lease at once."""
        try:
            async with asyncio.timeout(LAST_WORD_FOR_S):
                if self._is_held and self._offset:
                    await self._post(self._next_offset(), limit=1, poll_for_s=0)
        except (error.TelegramError, TimeoutError):
            log.debug("last_word_failed")  # they will come again, and be recognised
        try:
            if self._is_held:
                await self._db.transact(_release, self._owner, beat_at=self._beat_at)
        except errors.DatabaseAway:
            log.debug("lease_not_released")

    # ── one round ───────────────────────────────────────────────────────────────────────────────────

    async def _poll(self, tasks: asyncio.TaskGroup) -> None:
        begun_s = asyncio.get_running_loop().time()
        batch = await self._fetch(self._next_offset())
        if batch is None:
            return
        self._note_outage(batch)
        for raw in batch:
            update_id = raw.get("update_id")
            if isinstance(update_id, int) and update_id not in self._open | self._settled:
                self._hand_over_one(tasks, raw, update_id)
        if len(batch) < BATCH:
            self._pressed_before = None
        await self._until_worth_asking(begun_s)
        if not batch and asyncio.get_running_loop().time() - begun_s < TOO_SOON_S:
            await sleep_unless(
                self._stop, TOO_SOON_S
            )  # a server that does not wait must not be asked without end
        self._settled = {update_id for update_id in self._settled if update_id > self._next_offset()}

    def _next_offset(self) -> int:
        """The lowest update not settled: everything below it is acknowledged by asking for it."""
        return min(self._open | self._unsettled, default=self._offset)

    def _note_outage(self, batch: list[Mapping[str, Any]]) -> None:
        """What has gathered while nobody asked may be as old as the last time somebody did.

        That time is not moved on before all of it is settled: it would be forgotten if this process died.
        """
        now, last = self._db.now(), self._beat_at
        if batch and self._pressed_before is None and last is not None and now - last > OUTAGE:
            log.warning("after_outage", for_s=round((now - last).total_seconds()), updates=len(batch))
            self._pressed_before = last
        self._asked_at = now
        self._move_beat()

    def _move_beat(self) -> None:
        if self._pressed_before is None and not self._backlog:
            self._beat_at = self._asked_at

    def _hand_over_one(self, tasks: asyncio.TaskGroup, raw: Mapping[str, Any], update_id: int) -> None:
        self._open.add(update_id)
        self._offset = update_id + 1
        if self._pressed_before is not None:
            self._backlog.add(update_id)
        tasks.create_task(self._settle(raw, update_id, self._pressed_before))

    async def _settle(self, raw: Mapping[str, Any], update_id: int, pressed_before: Instant) -> None:
        try:
            await self._hand_over(raw, pressed_before)
        except errors.DatabaseAway:
            self._unsettled.add(update_id)
            self._note_away()
        else:
            self._settled.add(update_id)
            self._backlog.discard(update_id)
            self._move_beat()
        finally:
            self._open.discard(update_id)
            self._progress.set()

    async def _until_worth_asking(self, begun_s: float) -> None:
        """Wait until all is settled, or until the next call would not be taken for a repetition."""
        loop = asyncio.get_running_loop()
        while self._open and not self._is_away and not self._stop.is_set():
            left_s = begun_s + AGAIN_AFTER_S - loop.time()
            if left_s <= 0:
                return
            self._progress.clear()
            await sleep_unless(self._progress, left_s)

    async def _until_all_ended(self) -> None:
        while self._open:
            self._progress.clear()
            await self._progress.wait()

    # ── trouble ─────────────────────────────────────────────────────────────────────────────────────

    def _note_away(self) -> None:
        if not self._is_away:
            log.warning("database_away")
        self._is_away = True
        self._interrupt()

    async def _recover(self) -> None:
        """Let what is under way end, wait for the database, and have everything unsettled sent again."""
        await self._until_all_ended()
        self._offset = self._next_offset()
        self._unsettled.clear()
        self._backlog.clear()
        while not self._stop.is_set():
            try:
                await self._db.read(leases.last_beat, LEASE)
            except errors.DatabaseAway:
                await sleep_unless(self._stop, AWAY_FOR_S)
            else:
                log.info("database_back")
                self._is_away = False
                return

    def _interrupt(self) -> None:
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def _fetch(self, offset: int) -> list[Mapping[str, Any]] | None:
        """The next updates; None when there is trouble, which has been waited out, or no more to fetch."""
        try:
            batch = await self._post_until_interrupted(offset)
        except TimeoutError:
            if not self._stop.is_set() and self._is_held and not self._is_away:
                await self._failed("watchdog", LONGEST_PAUSE_S)
            return None
        except error.TelegramError as fault:
            await self._pause_after(fault)
            return None
        if self._failures:
            log.info("telegram_back")
        self._failures = 0
        return batch

    async def _post_until_interrupted(self, offset: int) -> list[Mapping[str, Any]]:
        try:
            async with asyncio.timeout(self._poll_for_s + WATCHDOG_S) as self._scope:
                return await self._post(offset, limit=BATCH, poll_for_s=self._poll_for_s)
        finally:
            self._scope = None

    async def _post(self, offset: int, *, limit: int, poll_for_s: int) -> list[Mapping[str, Any]]:
        words = {
            "offset": offset or None,
            "limit": limit,
            "timeout": poll_for_s,
            "allowed_updates": list(ALLOWED_UPDATES),
        }
        got = await self._gateway.polls.post(
            f"{self._gateway.bot.base_url}/getUpdates",
            RequestData([RequestParameter.from_input(name, value) for name, value in words.items()]),
            read_timeout=poll_for_s + 10,
        )
        if not isinstance(got, list):
            raise error.NetworkError("getUpdates answered something else than a list")
        return list(got)

    async def _pause_after(self, fault: error.TelegramError) -> None:
        if isinstance(fault, error.InvalidToken):
            outcomes.of(fault, outcomes.Call.EDIT, is_private=True)
        if isinstance(fault, error.Conflict):
            await self._pause_after_conflict(fault)
        elif isinstance(fault, request.TooMany):
            await self._failed("too many requests", fault.retry_after.total_seconds())
        else:
            await self._failed(type(fault).__name__, min(2.0**self._failures / 2, LONGEST_PAUSE_S))

    async def _pause_after_conflict(self, fault: error.Conflict) -> None:
        """Somebody else polls with our token, or a webhook is set: neither will go away by asking faster."""
        log.warning("polling_conflict", detail=fault.message)
        if "webhook" in fault.message.lower():
            await patiently(self._forget_webhook, self._stop)
        await sleep_unless(self._stop, CONFLICT_PAUSE_S)

    async def _failed(self, why: str, pause_s: float) -> None:
        self._failures += 1
        if self._failures == 1:
            log.warning("telegram_away", fault=why)
        if self._failures % REBUILD_AFTER == 0 or why == "watchdog":
            await self._gateway.polls.shutdown()  # the next call opens a new session
        await sleep_unless(self._stop, pause_s)

    async def _forget_webhook(self) -> None:
        try:
            await self._gateway.bot.delete_webhook(drop_pending_updates=False)
        except error.InvalidToken as fault:
            # the token was good a moment ago: a server of somebody's own that has no webhooks says 404 here
            log.warning("webhook_not_deleted", fault=type(fault).__name__)


def _renew(tx: Tx, now: dt.datetime, owner: str, *, by_force: bool, beat_at: Instant) -> bool:
    held = leases.take(tx, now, LEASE, owner, for_=LEASE_FOR, by_force=by_force)
    if held and beat_at is not None:
        leases.beat(tx, now, LEASE, owner, at=beat_at)
    return held


def _release(tx: Tx, now: dt.datetime, owner: str, *, beat_at: Instant) -> None:
    if beat_at is not None:
        leases.beat(tx, now, LEASE, owner, at=beat_at)
    leases.release(tx, now, LEASE, owner)


async def patiently(call: Callable[[], Awaitable[object]], stop: asyncio.Event) -> bool:
    """Call until Telegram has answered; False if stopped before that.

    Raises:
        Refused: Telegram does not know the token.
    """
    failures = 0
    while not stop.is_set():
        try:
            await call()
        except error.TelegramError as fault:
            failures += 1
            outcome = outcomes.of(fault, outcomes.Call.EDIT, is_private=True)
            if failures == 1:
                log.warning("telegram_away", fault=type(fault).__name__)
            pause_s = min(2.0**failures / 2, LONGEST_PAUSE_S)
            await sleep_unless(stop, max(pause_s, outcome.retry_after.total_seconds()))
        else:
            return True
    return False


async def sleep_unless(event: asyncio.Event, for_s: float) -> None:
    """Sleep so long, or until the event."""
    try:
        async with asyncio.timeout(for_s):
            await event.wait()
    except TimeoutError:
        return

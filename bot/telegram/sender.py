"""The loop that claims what is owed, calls Telegram at its slot, and settles what became of it."""

import asyncio
import collections
import contextlib
import datetime as dt
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from bot import errors, metrics
from bot.db import Database, Tx
from bot.delivery import claiming, outbox, pacing, settling
from bot.delivery.message import Outcome, Verdict
from bot.telegram.batches import Batches
from bot.telegram.gateway import Gateway

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()

IN_FLIGHT = 32  # calls at once; more only queue at Telegram (and 1,000 of one bot are punished for a minute)
AT_HAND = 16  # claimed beside them, so that a call that has ended is followed by the next at once
LOOK_EVERY_S = 0.5  # on SQLite nobody tells us what another process has committed
AT_ONCE = dt.timedelta(milliseconds=30)  # nobody is kept waiting for a slot as near as this
LATE = dt.timedelta(milliseconds=100)  # a call later than this has lost its slot
CALL_FOR_S = 45  # less than it takes to be held for dead
ENOUGH = dt.timedelta(seconds=0.25)  # slots taken this far ahead keep the line busy
CLAIM_EVERY_S = 0.1  # … while calls are under way
BEAT_EVERY_S = 10
DEAD_AFTER_S = 60
STOP_WITHIN_S = 10
AWAY_FOR_S = 1.0  # how long to leave a database alone that could not be reached
SEVERAL_CHATS = 3  # refused for pace within `TOGETHER`: then it is the token that is too fast
TOGETHER = dt.timedelta(seconds=3)
UNTROUBLED = (Verdict.SENT, Verdict.UNCHANGED)


After = Callable[[Tx, dt.datetime, outbox.Claimed, Outcome], None]
Ended = tuple[outbox.Claimed, Outcome]
Begun = (
    bool | dt.datetime | None
)  # True: call now. False: not ours. An instant: that slot. None: it queues again


def _nowhere(_step: str) -> None:
    pass


class Sender:
    """One process's share of the outbox.

    Args:
        prepare: how each kind of delivery is put into words, in the claim.
        owner: a name no other process, and no former life of this one, has.
        only_one_of: kinds claimed singly, at their slot (chases).
        is_alone: no other process sends from this database: what a former life held is taken over at once.
        rate: calls a second as set; in no second there is more than one more. 0: whatever the slots allow.
        after: what follows from an outcome beyond delivery itself, in the transaction that settles it.
        at: called with the name of each step, so that a test can end the process there.

    Attributes:
        outcomes: how many calls ended with each verdict.
    """

    def __init__(
        self,
        db: Database,
        gateway: Gateway,
        prepare: Mapping[str, outbox.Prepare],
        *,
        bot_id: int,
        group_rate: int,
        owner: str,
        only_one_of: frozenset[str] = frozenset(),
        is_alone: bool = False,
        in_flight: int = IN_FLIGHT,
        rate: float = 0,
        after: After | None = None,
        at: Callable[[str], None] = _nowhere,
    ) -> None:
        self._db = db
        self._after = after
        self._gateway = gateway
        self._prepare = prepare
        self._bot_id = bot_id
        self._group_rate = group_rate
        self._owner = owner
        self._only_one_of = only_one_of
        self._is_alone = is_alone
        self._room = in_flight + AT_HAND
        self._line = asyncio.Semaphore(in_flight)
        self._halted_until_s = -math.inf
        self._at = at
        self.outcomes: collections.Counter[Verdict] = collections.Counter()
        self._under_way = 0  # calls that wait for their slot or for Telegram
        self._held: dict[int, outbox.Claimed] = {}  # … and those that have ended, until that is committed
        self._away_times = 0
        self._started = collections.deque[float](maxlen=int(rate) + 1) if rate else None
        self._second_s = 1 + 0.8 / rate if rate else 0.0  # and most of a slot: the way to Telegram wavers
        self._calls: asyncio.TaskGroup | None = None
        self._begin = Batches(self._begin_each, self._spawn)
        self._settle = Batches(self._settle_each, self._spawn)
        self._look = asyncio.Event()
        self._is_away = False
        self._stop = asyncio.Event()
        self._fatal: errors.Refused | None = None
        self._paced: collections.deque[tuple[dt.datetime, int]] = collections.deque()
        self._hearts: dict[
            str, tuple[dt.datetime | None, float]
        ] = {}  # what each showed last, and since when
        self._looked_at_s = 0.0
        db.on_news(self._look.set)

    @property
    def in_flight(self) -> int:
        """How many deliveries are claimed and not yet settled."""
        return len(self._held)

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in flight is settled, at most ten seconds later."""
        self._stop.set()
        self._look.set()

    async def run(self) -> None:
        """Send until stopped.

        Raises:
            Refused: Telegram does not know the token.
        """
        try:
            async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as calls:
                self._calls = calls
                claimer = calls.create_task(self._claim_until_stopped(calls))
                await self._stop.wait()
                patience.reschedule(asyncio.get_running_loop().time() + STOP_WITHIN_S)
                await claimer
        except TimeoutError:
            log.warning("calls_left_behind", calls=self.in_flight)  # whoever takes over makes them uncertain
        if self._fatal is not None:
            raise self._fatal

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._calls is None:
            raise RuntimeError("not running")
        self._calls.create_task(work)

    async def is_idle(self) -> bool:
        """Nothing is in flight, and nothing that is due waits to be claimed."""
        return not self.in_flight and not await self._db.read(outbox.owes, self._db.now())

    async def until_idle(self, *, within: dt.timedelta = dt.timedelta(seconds=30)) -> None:
        """Wait until nothing that is due is left.

        Raises:
            TimeoutError: something still was after that long.
        """
        async with asyncio.timeout(within.total_seconds()):
            while not await self.is_idle():  # noqa: ASYNC110 - a row falls due without an event
                await asyncio.sleep(0.02)

    # ── claiming ────────────────────────────────────────────────────────────────────────────────────

    async def _claim_until_stopped(self, calls: asyncio.TaskGroup) -> None:
        if self._is_alone:
            await self._transact(settling.take_over)
        keeper = calls.create_task(self._keep_alive())
        while not self._stop.is_set():
            self._look.clear()
            room = self._room - self._under_way
            claimed = await self._claim(room) if room > 0 else []
            for item in claimed:
                self._under_way += 1
                self._held[item.delivery.id] = item
                calls.create_task(self._deliver(item))
            if not claimed or claimed[-1].slot_at - self._db.now() > ENOUGH:
                await self._until_news(CLAIM_EVERY_S if self._held else LOOK_EVERY_S)
        keeper.cancel()
        await self._transact(settling.leave, owner=self._owner)

    async def _claim(self, room: int) -> list[outbox.Claimed]:
        before = self._away_times
        try:
            claimed = await self._transact(self._claim_some, room, is_careful=False)
        except claiming.WordsFailed:  # one of them cannot be rendered: find out which, the others go on
            claimed = await self._transact(self._claim_some, room, is_careful=True)
        if self._away_times != before:  # a commit of which we did not hear may yet have been made
            known = {*self._held, *(item.delivery.id for item in claimed)}
            await self._transact(settling.disown, known, owner=self._owner)
        if claimed:
            self._at("claimed")
        return claimed

    def _claim_some(self, tx: Tx, now: dt.datetime, room: int, *, is_careful: bool) -> list[outbox.Claimed]:
        return claiming.claim(
            tx, now, self._prepare, owner=self._owner, bot_id=self._bot_id, limit=room,
            group_rate=self._group_rate, only_one_of=self._only_one_of, at_once=AT_ONCE, is_careful=is_careful,
        )  # fmt: skip

    async def _until_news(self, for_s: float) -> None:
        try:
            async with asyncio.timeout(for_s):
                await self._look.wait()
        except TimeoutError:
            return

    async def _transact(
        self, verb: Callable[Concatenate[Tx, dt.datetime, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Commit; a database that is away is waited for."""
        while True:
            try:
                result = await self._db.transact(verb, *args, **kwargs)
            except errors.DatabaseAway:
                if not self._is_away:
                    log.warning("database_away")
                self._is_away = True
                self._away_times += 1
                await asyncio.sleep(AWAY_FOR_S)
                continue
            if self._is_away:
                log.info("database_back")
            self._is_away = False
            return result

    async def _keep_alive(self) -> None:
        """Show our heartbeat, and take over from those whose has not changed for a minute of ours."""
        while True:
            shown = await self._transact(settling.beat, owner=self._owner)
            dead = self._dead(shown, asyncio.get_running_loop().time())
            if dead:
                taken = await self._transact(settling.take_over, dead)
                log.warning("taken_over", owners=dead, deliveries=taken)
                self._look.set()
            await asyncio.sleep(BEAT_EVERY_S)

    def _dead(self, shown: Mapping[str, dt.datetime | None], at_s: float) -> list[str]:
        """Whose heart has stood still for so long; who could not look in between has seen nothing stand still."""
        known, self._hearts = self._hearts, {}
        if at_s - self._looked_at_s > DEAD_AFTER_S / 2:
            known = {}
        self._looked_at_s = at_s
        for owner, beat_at in shown.items():
            before = known.get(owner)
            self._hearts[owner] = before if before is not None and before[0] == beat_at else (beat_at, at_s)
        return [owner for owner, (_, since_s) in self._hearts.items() if at_s - since_s >= DEAD_AFTER_S]

    # ── one delivery ────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self, item: outbox.Claimed) -> None:
        with contextlib.ExitStack() as place:
            place.callback(self._leave_place)
            try:
                if await self._may_call(item):
                    await self._line.acquire()
                    place.callback(self._line.release)
                    outcome = await self._call_in_turn(item)
                    if outcome.verdict in UNTROUBLED:  # otherwise the next waits for what follows from it
                        place.close()
                    await self._settle((item, self._noted(item, outcome)))
                    self._at("settled")
            except Exception:  # one delivery must not stop the others; whoever takes over makes it uncertain
                log.exception("delivery_failed", delivery=item.delivery.id, kind=item.delivery.kind)
            finally:
                if self._held.get(item.delivery.id) is item:  # given back, it may be ours anew already
                    del self._held[item.delivery.id]

    async def _call_in_turn(self, item: outbox.Claimed) -> Outcome:
        await self._in_no_crowd()
        if asyncio.get_running_loop().time() < self._halted_until_s:  # while it stood in line
            return Outcome(Verdict.NOT_SENT, detail="halted")
        self._at("before_call")
        with metrics.CALL_SECONDS.time():
            outcome = await self._call(item)
        self._at("after_call")
        return outcome

    def _leave_place(self) -> None:
        if self._under_way == self._room:
            self._look.set()
        self._under_way -= 1

    async def _may_call(self, item: outbox.Claimed) -> bool:
        """Wait for the slot and commit that the call begins; False when it is not ours to make any more."""
        slot: dt.datetime | None = item.slot_at
        if item.is_calling:
            await self._until(item.slot_at)
            return True
        while slot is not None:
            await self._until(slot)
            began = await self._begin((item, slot))
            if isinstance(began, bool):
                return began
            slot = began
        return False

    async def _until(self, slot: dt.datetime) -> None:
        """Never longer than a slot can be away, whatever becomes of the clock."""
        left_s = (slot - self._db.now()).total_seconds()
        if left_s > 0:
            await asyncio.sleep(min(left_s, claiming.AHEAD.total_seconds()))

    async def _in_no_crowd(self) -> None:
        """What was held up on the way to its slot does not leave together with the next: no second has one more."""
        if self._started is None:
            return
        now_s = asyncio.get_running_loop().time()
        is_full = len(self._started) == self._started.maxlen
        start_s = max(now_s, self._started[0] + self._second_s) if is_full else now_s
        self._started.append(start_s)
        if start_s > now_s:
            await asyncio.sleep(start_s - now_s)

    async def _begin_each(self, asked: Sequence[tuple[outbox.Claimed, dt.datetime]]) -> Sequence[Begun]:
        due = [(item.delivery.id, slot) for item, slot in asked]
        return await self._transact(_begin, due, owner=self._owner, bot_id=self._bot_id)

    async def _call(self, item: outbox.Claimed) -> Outcome:
        chat = item.delivery.chat
        try:
            async with asyncio.timeout(CALL_FOR_S):
                return await self._gateway.show(chat.telegram_id, item.message, thread_id=chat.thread_id)
        except TimeoutError:
            return Outcome(Verdict.UNCERTAIN, detail=f"no answer in {CALL_FOR_S} s")
        except errors.Refused as fault:
            self._fatal = fault
            self.stop()
            return Outcome(Verdict.NOT_SENT, detail="token refused")
        except Exception as fault:  # the answer could not be read: what was asked may well be done
            log.exception("call_failed", delivery=item.delivery.id, kind=item.delivery.kind)
            return Outcome(Verdict.UNCERTAIN, detail=type(fault).__name__)

    def _noted(self, item: outbox.Claimed, outcome: Outcome) -> Outcome:
        self.outcomes[outcome.verdict] += 1
        metrics.CALLS.labels(outcome.verdict.value).inc()
        if outcome.verdict is Verdict.REFUSED:
            it = item.delivery
            log.error(
                "message_refused", delivery=it.id, kind=it.kind, subject=it.subject, detail=outcome.detail
            )
        return outcome

    async def _settle_each(self, ended: Sequence[Ended]) -> Sequence[None]:
        halts = [outcome.retry_after for item, outcome in ended if self._is_token_too_fast(item, outcome)]
        halt_for = max(halts, default=None)
        if halt_for is not None:
            self._halted_until_s = asyncio.get_running_loop().time() + halt_for.total_seconds()
        await self._transact(_settle, ended, bot_id=self._bot_id, halt_for=halt_for, after=self._after)
        return [None] * len(ended)

    def _is_token_too_fast(self, item: outbox.Claimed, outcome: Outcome) -> bool:
        """One chat's 429 is that chat's; several within seconds are ours altogether."""
        if outcome.verdict is not Verdict.LATER:
            return False
        now = self._db.now()
        self._paced.append((now, item.delivery.chat.id))
        while self._paced[0][0] < now - TOGETHER:
            self._paced.popleft()
        if len({chat_id for _, chat_id in self._paced}) < SEVERAL_CHATS:
            return False
        log.warning("token_halted", for_s=outcome.retry_after.total_seconds())
        return True


def _begin(
    tx: Tx, now: dt.datetime, due: Sequence[tuple[int, dt.datetime]], *, owner: str, bot_id: int
) -> Sequence[Begun]:
    """What each may do now. A slot missed, or taken away by a halt, is lost."""
    is_halted = pacing.is_halted(tx, now, bot_id)
    on_time = [delivery_id for delivery_id, slot in due if not is_halted and now - slot <= LATE]
    begun = settling.begin_calls(tx, now, on_time, owner=owner) if on_time else frozenset()
    return [
        delivery_id in begun
        if delivery_id in on_time
        else settling.take_slot(tx, now, delivery_id, owner=owner, bot_id=bot_id)
        for delivery_id, _ in due
    ]


def _settle(
    tx: Tx,
    now: dt.datetime,
    ended: Sequence[Ended],
    *,
    bot_id: int,
    halt_for: dt.timedelta | None,
    after: After | None,
) -> None:
    settling.settle_each(tx, now, ended)
    for item, outcome in ended:
        if after is not None:
            after(tx, now, item, outcome)
    if halt_for is not None:
        pacing.halt(tx, now, bot_id, now + halt_for)

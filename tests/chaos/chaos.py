"""Processes die at named steps and at any instant, while notices go out, schools press, and the world is unkind.

Time: a round is lived in real time; between rounds, when nobody lives, the clocks of all leap over the leases.
"""

import asyncio
import collections
import contextlib
import datetime as dt
import random
import re
import signal
import time
import zoneinfo
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import sqlalchemy as sa

from bot import app, errors, simulator
from bot.db import Database, Tx
from bot.delivery import model as delivery
from bot.delivery.model import Lane
from bot.inbox import model as inbox
from bot.texts import Words
from tests.chaos import city, ledger, line, lives

SENDING = {"claimed": 2, "before_call": 6, "after_call": 6, "settled": 6}
TAKING_IN = {"taken": 4, "committed": 4}
STEPS = {
    "all": SENDING | TAKING_IN, "sender": SENDING, "intake,timers": TAKING_IN,
}  # where a process may end itself, and at which time of that step at the latest  # fmt: skip
UNKIND = ("storm", "restart", "outage")
T = TypeVar("T")
PUBLISH_EVERY_S = 1.0
STILLBORN = 0.25  # of those that die at any instant, within a second of their beginning
RESETS = 0.02  # of all calls, after Telegram has done what was asked
LEASES_S = 62.0
ALONE, SEVERAL = ("all",), ("all", "sender", "intake,timers")
RECENT = 5  # notices that people still press under


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it.

    Attributes:
        rounds: notices published, one after the other.
        kills: at least so many processes die.
        roles: what each process does, all at once.
        outage_s: how long Telegram cannot be reached in every third round; in the one in the middle, `long_outage_s`.
        stands_still_s: in the end, when nothing was paid for so long, nothing more will be.
        patience_s: a process that has not come to its step by then, or has nothing to do, is killed where it is.
    """

    seed: int
    roles: tuple[str, ...]
    schools: int
    rounds: int
    kills: int
    outage_s: float
    long_outage_s: float
    patience_s: float = 3.0
    press_every_s: float = 0.06
    stands_still_s: float = 20.0

    def has(self, what: str, number: int) -> bool:
        """Whether this befalls the round: one of three things in turn, in a short run all of them in the first."""
        return number == 1 if self.rounds < len(UNKIND) else UNKIND[number % len(UNKIND)] == what

    def outage_in(self, number: int) -> float:
        """How long Telegram is away in this round; 0: not at all."""
        if number == (self.rounds + 1) // 2:
            return self.long_outage_s
        return self.outage_s if self.has("outage", number) else 0.0


def short(seed: int, *, roles: tuple[str, ...]) -> Plan:
    """A few seconds of it: each unkindness once."""
    kills, patience_s = (
        (6, 2.0) if roles == ALONE else (5, 4.0)
    )  # three processes on two cores take long to begin
    return Plan(
        seed, roles, schools=24, rounds=1, kills=kills, outage_s=1.0, long_outage_s=1.0, patience_s=patience_s
    )


def long(seed: int, *, roles: tuple[str, ...], kills: int, outage_s: float) -> Plan:
    """Minutes of it. What several processes hold when they die waits for an heir: so there are more chats, and rounds."""
    schools, each = (60, 10) if roles == ALONE else (120, 6)
    rounds = max(1, kills // each)
    return Plan(seed, roles, schools, rounds, kills, outage_s=3.0, long_outage_s=outage_s)


@dataclass(slots=True)
class Report:
    """What came of it."""

    verdict: ledger.Verdict
    kills: collections.Counter[str]
    unkind: collections.Counter[str]
    refused: list[str]
    most_calling: int
    calling: int
    log: collections.Counter[str]
    seconds: float

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be, by its name."""
        ended = {"ended by themselves": self.refused} if self.refused else {}
        return self.verdict.faults | ended

    def __str__(self) -> str:
        it = self.verdict
        cards = (
            f"cards owed {it.owed}, lost {len(it.lost)}, doubled {it.doubled} of at most {it.allowed} (under way "
            f"at kills {self.calling}, calls at one {self.most_calling} at most), marked {it.marked}, doubled unmarked "
            f"{len(it.doubled_unmarked)}, number unknown {it.unknown}, stale {len(it.stale)}"
        )
        lines = [
            f"{self.kills.total()} kills: {_listed(self.kills)}",
            f"meanwhile: {_listed(self.unkind)}",
            cards,
            f"presses {it.pressed}, lost or doubled {len(it.presses_lost)}; deliveries without an end {len(it.unsettled)}",
            f"warnings: {_listed(self.log) or 'none'}",
            f"{self.seconds:.0f} s",
        ]
        return "\n".join(lines + [f"{name}: {found[:10]}" for name, found in self.faults.items()])


@dataclass(frozen=True, slots=True)
class Owed:
    """Deliveries and updates without an end, and those of them that somebody could or does attend to now."""

    in_all: int
    due: int


@dataclass(slots=True)
class Chaos:
    """One run."""

    plan: Plan
    db: Database
    sim: simulator.Simulator
    line: line.Line
    forge: lives.Forge
    book: ledger.Ledger
    settings: dict[str, object]
    restart: Callable[[], None] | None
    chance: random.Random
    kills: collections.Counter[str] = field(default_factory=collections.Counter)
    unkind: collections.Counter[str] = field(default_factory=collections.Counter)
    refused: list[str] = field(default_factory=list)
    most_calling: int = 0
    is_over: bool = False
    is_struck: bool = False  # the database was restarted in this round

    async def run(self) -> None:
        """All rounds, and then peace."""
        resets = [
            simulator.Fault(method, "reset_after", times=None, probability=RESETS)
            for method in ("*", "getUpdates")
        ]
        for fault in resets:
            self.sim.faults.add(fault)
        async with asyncio.TaskGroup() as tasks:
            people = tasks.create_task(self._press())
            for number in range(1, self.plan.rounds + 1):
                await self._round(number)
            self.sim.faults.clear()
            last = [await self.forge.begin(self.settings | {"roles": roles}) for roles in self.plan.roles]
            await asyncio.sleep(1)
            people.cancel()
        await self._peace(last)

    # ── a round ──────────────────────────────────────────────────────────────────────────────────

    async def _round(self, number: int) -> None:
        self.is_over = self.is_struck = False
        until = self.plan.kills * number // self.plan.rounds
        async with asyncio.TaskGroup() as tasks:
            for roles in self.plan.roles:
                tasks.create_task(self._slot(roles))
            unkind = tasks.create_task(self._be_unkind(number))
            while self.kills.total() < until or not unkind.done():
                if await self._patiently(self.db.read, _waiting) < len(self.book.schools) // 4:
                    await self.publish()
                await asyncio.sleep(PUBLISH_EVERY_S)
            self.is_over = True
            self.forge.end_all()
        await self._until_nobody_writes()
        await self._look()
        self.forge.clock.leap(LEASES_S)
        if number < self.plan.rounds and len(self.plan.roles) > 1:
            await self._inherit()

    async def _inherit(self) -> None:
        """A process that lives long enough to take over from all who died; then it dies too."""
        heir = await self.forge.begin(self.settings | {"roles": "all"})
        while await self._patiently(self.db.read, self.book.held, heir.pid):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        heir.end()
        await heir.ended.wait()
        self.kills["any instant"] += 1
        await self._look(heir.pid)

    async def _slot(self, roles: str) -> None:
        """One process after the other, each with its own end."""
        while not self.is_over:
            step = self.chance.choice(["", *STEPS[roles]])
            nth = self.chance.randint(1, STEPS[roles].get(step, 1))
            life = await self.forge.begin(self.settings | {"roles": roles}, step=step, nth=nth)
            with contextlib.suppress(TimeoutError):
                if not step and self.chance.random() > STILLBORN:
                    await asyncio.wait_for(life.works.wait(), self.plan.patience_s)
                within_s = self.plan.patience_s if step else self.chance.uniform(0, 1)
                await asyncio.wait_for(life.ended.wait(), within_s)
            life.end()
            await life.ended.wait()
            if life.status == -signal.SIGKILL:
                self.kills[life.step or "any instant"] += 1
            elif self.is_struck:  # it began while there was no database, and says so
                self.unkind["starts without a database"] += 1
                await asyncio.sleep(0.1)
            else:
                self.refused.append(f"{roles}: status {life.status}")
                await asyncio.sleep(0.1)
            await self._look(life.pid)

    async def publish(self) -> None:
        """One notice more is out; asked twice, it is the same one."""
        number = len(self.book.published) + 1
        self.book.published[number] = await self._patiently(self.db.transact, city.ask, number)

    async def _look(self, pid: int | None = None) -> None:
        """Which calls were under way."""
        before = len(self.book.calls_at_kills)
        await self._patiently(self.db.read, self.book.interrupted, pid)
        self.most_calling = max(self.most_calling, len(self.book.calls_at_kills) - before)

    async def _patiently(self, ask: Callable[..., Awaitable[T]], *args: object) -> T:
        """A database that is away is asked again."""
        while True:
            try:
                return await ask(*args)
            except errors.DatabaseAway:
                await asyncio.sleep(0.1)

    async def _until_nobody_writes(self) -> None:
        """On PostgreSQL the last commit of a process may end after it."""
        query = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND state <> 'idle'"
        )
        while not self.db.is_sqlite:
            with contextlib.suppress(errors.DatabaseAway):
                if not await self.db.read(lambda tx: tx.execute(query).scalar_one()):
                    return
            await asyncio.sleep(0.02)

    # ── the world ────────────────────────────────────────────────────────────────────────────────

    async def _be_unkind(self, number: int) -> None:
        await asyncio.sleep(self.chance.uniform(0.3, 1.0))
        if self.plan.has("storm", number):
            for method in ("sendMessage", "editMessageText"):
                times = self.chance.randint(3, 12)
                self.sim.faults.add(simulator.Fault(method, "429", times=times, probability=0.5))
            self.unkind["storms"] += 1
        if self.restart is not None and self.plan.has("restart", number):
            self.is_struck = True
            await asyncio.to_thread(self.restart)
            self.unkind["restarts of the database"] += 1
        if outage_s := self.plan.outage_in(number):
            await asyncio.sleep(self.chance.uniform(0.3, 1.0))
            self.line.cut()
            await asyncio.sleep(outage_s)
            await self.line.mend()
            self.unkind["outages"] += 1

    async def _press(self) -> None:
        """Most schools press, once; some again, some think better of it; a few never do."""
        todo: list[tuple[int, city.School, str]] = []
        known = 0
        while True:
            await asyncio.sleep(self.plan.press_every_s)
            if len(self.book.published) > known:
                known = len(self.book.published)
                todo = [it for it in todo if it[0] > known - RECENT]
                todo += [(known, school, value) for school in self.book.schools for value in self._mood()]
            ready = [it for it in todo if self._copies(it)]
            if ready:
                number, school, _ = self.chance.choice(ready)
                it = next(each for each in todo if each[:2] == (number, school))  # in its order
                todo.remove(it)
                self.book.press(school, number, it[2], self.chance.choice(self._copies(it)))

    def _copies(self, it: tuple[int, city.School, str]) -> list[simulator.Message]:
        return [m for m in self.book.copies[it[0], it[1].chat.id] if not m.deleted]

    def _mood(self) -> tuple[str, ...]:
        moods = ((), ("yes",), ("trouble",), ("yes", "yes"), ("yes", "trouble"))
        return self.chance.choices(moods, weights=(10, 70, 5, 10, 5))[0]

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def _peace(self, last: list[lives.Life]) -> None:
        """Nobody dies any more: what is owed is paid, and every process stops when it is asked to."""
        owed, until = Owed(-1, 0), 0.0
        while owed.in_all or self.sim.bot.queue.pending:
            before, owed = owed.in_all, await self.db.read(_owed, self.forge.clock())
            if owed.in_all != before:
                until = time.monotonic() + self.plan.stands_still_s
            elif time.monotonic() > until:
                break  # the account will say what never came to its end
            if not owed.due:
                self.forge.clock.leap(1.0)  # edits of a group's card stand six seconds apart
            await asyncio.sleep(0.25)
        for life in last:
            life.end(signal.SIGTERM)
        for life in last:
            await life.ended.wait()
            if life.status:
                self.refused.append(f"at the end: status {life.status}")


def _waiting(tx: Tx) -> int:
    """How many cards that were never called wait for somebody to send them."""
    d = delivery.delivery
    never = sa.and_(d.c.kind == "card", d.c.state == "queued", d.c.attempts == 0, ~d.c.is_repeat)
    query = sa.select(sa.func.count()).where(never, d.c.lane != Lane.REFRESH)
    return tx.execute(query).scalar_one()


def _owed(tx: Tx, now: dt.datetime) -> Owed:
    d, parked = delivery.delivery, inbox.parked_update
    states = sa.select(d.c.state, d.c.not_before).where(d.c.state.not_in(ledger.ENDS))
    waiting = sa.select(sa.func.count()).select_from(parked).where(parked.c.state == "waiting")
    rows = tx.execute(states).all()
    due = sum(row.state != "queued" or row.not_before <= now for row in rows)
    return Owed(len(rows) + tx.execute(waiting).scalar_one(), due)


async def run(
    url: str, forge: lives.Forge, plan: Plan, *, restart: Callable[[], None] | None = None
) -> Report:
    """The plan carried out on this migrated database; what came of it."""
    started = time.monotonic()
    log = forge.folder / "log"
    before = log.stat().st_size
    async with stage(url, forge, plan, restart) as it:
        await it.run()
        prepare = app.preparations(Words(zoneinfo.ZoneInfo("Asia/Shanghai")), "masked", lambda: None)
        verdict = await it.db.read(it.book.reckon, prepare, it.line.doubtful)
    it.unkind["resets"] = sum(call.status == 0 for call in it.sim.calls)
    it.unkind["429s"] = sum(call.status == 429 for call in it.sim.calls)
    said = _events(log.read_bytes()[before:].decode())
    calling, most = len(it.book.calling), it.most_calling
    return Report(verdict, it.kills, it.unkind, it.refused, most, calling, said, time.monotonic() - started)


@contextlib.asynccontextmanager
async def stage(
    url: str, forge: lives.Forge, plan: Plan, restart: Callable[[], None] | None = None
) -> AsyncIterator[Chaos]:
    """The city, its pretend Telegram, the line between and everything else that is needed."""
    (forge.folder / "config").mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        sim = simulator.Simulator(token=city.TOKEN, clock=forge.clock, flood_control=True, seed=plan.seed)
        await stack.enter_async_context(sim)
        wire = await stack.enter_async_context(line.opened(sim.port))
        db = await Database.open(url, clock=forge.clock)
        stack.push_async_callback(db.close)
        schools = city.settle(sim, plan.schools)
        await db.transact(city.found, schools)
        book = ledger.Ledger(sim, schools)
        book.watch()
        settings = {
            "bot_token": city.TOKEN, "telegram_api_url": wire.url, "database_url": url,
            "config_dir": str(forge.folder / "config"), "log_level": "WARNING",
        }  # fmt: skip
        yield Chaos(plan, db, sim, wire, forge, book, settings, restart, random.Random(plan.seed))


def _listed(counts: collections.Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _events(log: str) -> collections.Counter[str]:
    """How often each thing was said."""
    return collections.Counter(re.findall(r"^\S+ \[(?:warning|error) +\] (\S+)", log, re.MULTILINE))

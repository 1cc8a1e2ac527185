"""Processes die at named steps and at any instant, while notices go out, schools press, and the world is unkind.

Time: a round is lived in real time; between rounds, when nobody lives, the clocks of all leap over the leases.
"""

import asyncio
import collections
import contextlib
import os
import pathlib
import random
import re
import signal
import time
import zoneinfo
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot import app, errors, simulator
from bot.db import Database
from bot.delivery import model as delivery
from bot.inbox import model as inbox
from bot.texts import Words
from tests.chaos import city, ledger, line, lives

ROOT = pathlib.Path(__file__).parents[2]
STEPS = {
    "claimed": 3, "before_call": 9, "after_call": 9, "settled": 9, "taken": 9, "committed": 9,
}  # where a process may end itself, and at the how-manieth time at most  # fmt: skip
RESETS = 0.02  # of all calls, after Telegram has done what was asked
LEASES_S = 62.0
ALONE, SEVERAL = ("all",), ("all", "sender", "intake,timers")
RECENT = 3  # notices that people still press under
UNKIND = ("storm", "outage", "restart")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it.

    Attributes:
        kills: at least so many processes die.
        rounds: notices published, one after the other.
        roles: what each process does, all at once.
        patience_s: how long a process may live at most; it is killed at a random instant before that.
        every: so many rounds of each three-part cycle of `UNKIND` are kind.
    """

    seed: int
    schools: int
    rounds: int
    kills: int
    roles: tuple[str, ...]
    outage_s: float
    patience_s: float = 2.0
    press_every_s: float = 0.015
    settle_within_s: float = 60.0


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

    def __str__(self) -> str:
        it = self.verdict
        lines = [
            f"{self.kills.total()} kills: " + ", ".join(f"{k} {n}" for k, n in sorted(self.kills.items())),
            "meanwhile: " + ", ".join(f"{k} {n}" for k, n in sorted(self.unkind.items())),
            f"cards owed {it.owed}, lost {len(it.lost)}, doubled {it.doubled} of at most {it.allowed} "
            f"(calls under way at kills {self.calling}, {self.most_calling} at most at one), marked {it.marked}, "
            f"doubled unmarked {len(it.doubled_unmarked)}, number unknown {it.unknown}",
            f"presses {it.pressed}, lost or doubled {len(it.presses_lost)}; stale cards {len(it.stale)}, "
            f"deliveries without an end {len(it.unsettled)}",
            f"log: {dict(self.log)}" if self.log else "nothing in the log",
            *(f"{text}: {count} times" for text, count in collections.Counter(self.refused).items()),
            f"{self.seconds:.0f} s",
        ]
        return "\n".join(lines + [f"{name}: {found[:10]}" for name, found in it.faults.items()])


@dataclass(slots=True)
class Chaos:
    """One run."""

    plan: Plan
    db: Database
    sim: simulator.Simulator
    line: line.Line
    forge: lives.Forge
    clock: lives.Clock
    book: ledger.Ledger
    settings: dict[str, object]
    restart: Callable[[], None] | None
    chance: random.Random
    kills: collections.Counter[str] = field(default_factory=collections.Counter)
    unkind: collections.Counter[str] = field(default_factory=collections.Counter)
    refused: list[str] = field(default_factory=list)
    most_calling: int = 0
    is_over: bool = False
    is_out: bool = False

    async def run(self) -> None:
        """All rounds, and then peace."""
        resets = [simulator.Fault(method, "reset_after", times=None, probability=RESETS) for method in ("*", "getUpdates")]
        for fault in resets:
            self.sim.faults.add(fault)
        async with asyncio.TaskGroup() as tasks:
            people = tasks.create_task(self._press())
            for number in range(1, self.plan.rounds + 1):
                await self._round(number)
            people.cancel()
        self.sim.faults.clear()
        await self._peace()

    # ── a round ──────────────────────────────────────────────────────────────────────────────────

    async def _round(self, number: int) -> None:
        self.book.published[number] = await self.db.transact(city.ask, number)
        self.is_over = False
        until = self.plan.kills * number // self.plan.rounds
        async with asyncio.TaskGroup() as tasks:
            for roles in self.plan.roles:
                tasks.create_task(self._slot(roles))
            await self._be_unkind(UNKIND[number % len(UNKIND)])
            while self.kills.total() < until:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
            self.is_over = True
            self.forge.end_all()
        await self._until_nobody_writes()
        await self._look()
        self.clock.leap(LEASES_S)

    async def _slot(self, roles: str) -> None:
        """One process after the other, each with its own end."""
        while not self.is_over:
            step = self.chance.choice(["", *STEPS])
            nth = self.chance.randint(1, STEPS.get(step, 1))
            life = await self.forge.begin(self.settings | {"roles": roles}, step=step, nth=nth)
            lives_s = self.chance.uniform(0.05, 1) * self.plan.patience_s * (5 if self.is_out else 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(life.ended.wait(), lives_s)
            life.end()
            await life.ended.wait()
            if life.status == -signal.SIGKILL:
                self.kills[life.step or "any instant"] += 1
            else:
                self.refused.append(f"{roles}: status {life.status}")
                await asyncio.sleep(0.1)
            await self._look(life.pid)

    async def _look(self, pid: int | None = None) -> None:
        """Which calls were under way; a database that is away is asked again."""
        before = len(self.book.calls_at_kills)
        while True:
            try:
                await self.db.read(self.book.interrupted, pid)
                break
            except errors.DatabaseAway:
                await asyncio.sleep(0.1)
        self.most_calling = max(self.most_calling, len(self.book.calls_at_kills) - before)

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

    async def _be_unkind(self, how: str) -> None:
        await asyncio.sleep(self.chance.uniform(0.2, 1.0))
        if how == "storm":
            for method in ("sendMessage", "editMessageText"):
                self.sim.faults.add(simulator.Fault(method, "429", times=self.chance.randint(3, 12), probability=0.5))
        elif how == "outage":
            self.line.cut()
            self.is_out = True
            await asyncio.sleep(self.plan.outage_s)
            await self.line.mend()
            self.is_out = False
        elif self.restart is not None:
            await asyncio.to_thread(self.restart)
        else:
            return
        self.unkind[how] += 1

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
            if not todo:
                continue
            number, school, value = it = self.chance.choice(todo)
            it = next(each for each in todo if each[:2] == it[:2])  # in its order
            copies = [m for m in self.book.copies[number, school.chat.id] if not m.deleted]
            if copies:
                todo.remove(it)
                self.book.press(school, number, it[2], self.chance.choice(copies))

    def _mood(self) -> tuple[str, ...]:
        moods = ((), ("yes",), ("trouble",), ("yes", "yes"), ("yes", "trouble"))
        return self.chance.choices(moods, weights=(10, 70, 5, 10, 5))[0]

    # ── the end ──────────────────────────────────────────────────────────────────────────────────

    async def _peace(self) -> None:
        """Nobody dies any more: what is owed is paid, and every process stops when it is asked to."""
        last = [await self.forge.begin(self.settings | {"roles": roles}) for roles in self.plan.roles]
        started = time.monotonic()
        while time.monotonic() - started < self.plan.settle_within_s and not await self._is_paid():
            await asyncio.sleep(0.25)
            if time.monotonic() - started > 1:
                self.clock.leap(1.0)  # edits of a group's card stand six seconds apart
        for life in last:
            life.end(signal.SIGTERM)
        for life in last:
            await life.ended.wait()
            if life.status:
                self.refused.append(f"at the end: status {life.status}")

    async def _is_paid(self) -> bool:
        d, parked = delivery.delivery, inbox.parked_update
        owed = sa.select(sa.func.count()).select_from(d).where(d.c.state.not_in(ledger.ENDS))
        waiting = sa.select(sa.func.count()).select_from(parked).where(parked.c.state == "waiting")
        if self.sim.bot.queue.pending:
            return False
        return not await self.db.read(lambda tx: tx.execute(owed).scalar_one() + tx.execute(waiting).scalar_one())


async def run(url: str, folder: pathlib.Path, plan: Plan, *, restart: Callable[[], None] | None = None) -> Report:
    """The plan carried out on this migrated database; what came of it."""
    started = time.monotonic()
    (folder / "config").mkdir()
    async with _stage(url, folder, plan, restart) as it:
        await it.run()
        prepare = app.preparations(Words(zoneinfo.ZoneInfo("Asia/Shanghai")), "masked", lambda: None)
        verdict = await it.db.read(it.book.reckon, prepare, it.line.doubtful)
    it.unkind["resets"] = sum(call.status == 0 for call in it.sim.calls)
    it.unkind["429s"] = sum(call.status == 429 for call in it.sim.calls)
    log = _events((folder / "log").read_text())
    calling = len(it.book.calling)
    return Report(verdict, it.kills, it.unkind, it.refused, it.most_calling, calling, log, time.monotonic() - started)


@contextlib.asynccontextmanager
async def _stage(
    url: str, folder: pathlib.Path, plan: Plan, restart: Callable[[], None] | None
) -> AsyncIterator[Chaos]:
    clock = lives.Clock(folder / "clock")
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}  # noqa: TID251
    kept |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    async with contextlib.AsyncExitStack() as stack:
        sim = simulator.Simulator(token=city.TOKEN, clock=clock, flood_control=True, seed=plan.seed)
        await stack.enter_async_context(sim)
        wire = await stack.enter_async_context(line.opened(sim.port))
        forge = await stack.enter_async_context(lives.forge(folder, clock, kept))
        db = await Database.open(url, clock=clock)
        stack.push_async_callback(db.close)
        schools = city.settle(sim, plan.schools)
        await db.transact(city.found, schools)
        book = ledger.Ledger(sim, schools)
        book.watch()
        settings = {
            "bot_token": city.TOKEN, "telegram_api_url": wire.url, "database_url": url,
            "config_dir": str(folder / "config"), "log_level": "WARNING",
        }  # fmt: skip
        yield Chaos(plan, db, sim, wire, forge, clock, book, settings, restart, random.Random(plan.seed))


def _events(log: str) -> collections.Counter[str]:
    """How often each thing was said."""
    return collections.Counter(re.findall(r"^\S+ \[(?:warning|error) +\] (\S+)", log, re.MULTILINE))

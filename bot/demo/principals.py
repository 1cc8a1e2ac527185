"""Pretend principals: they answer what they are asked at a human pace; some have trouble, some wait, some never come."""

import asyncio
import contextlib
import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot import simulator
from bot.delivery.message import Callback
from bot.demo.city import WITHIN_S, City
from bot.notices import queries
from bot.notices.queries import Notice
from bot.roster.access import Role
from bot.roster.units import Unit

LOOKS_EVERY_S = 0.3
FIRST_AFTER_S, NEXT_AFTER_S = 6.0, 3.5  # after the card: the first one, and each that follows, about
AT_ONCE = dt.timedelta(minutes=3)  # when the clock is moved on, so much of the day passes in a moment
NUDGED_AFTER_S = (4.0, 25.0)  # after a private reminder
TROUBLED, SLOW, NUDGED, LATE, NEVER = 3, 8, 5, 3, 2  # how many of each manner
STORIES = (
    ("消防用电", "帮忙", "三楼消防栓没水,已报修。"),
    ("校舍围墙", "我校能解决", "西围墙雨后有裂缝,已拉警戒线。"),
    ("校车交通", "帮忙", "校门口修路,放学时车多,想请交警来。"),
)


class Manner(StrEnum):
    """How somebody answers."""

    PROMPT = "prompt"
    TROUBLED = "troubled"  # soon, with ⚠️ and the questions after it
    SLOW = "slow"  # in time, by themselves
    NUDGED = "nudged"  # once reminded in private
    LATE = "late"  # after it is due


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody will answer a notice at this instant of the city's clock."""

    at: dt.datetime
    notice_id: int
    unit: Unit
    user: simulator.User
    manner: Manner
    story: int = 0


@dataclass(frozen=True, slots=True)
class Did:
    """What somebody has just done, for whoever tells the story; `left` act later by themselves."""

    act: Act
    notice: Notice
    count: int


class Principals:
    """Everybody in the city who is not played by a visitor.

    Args:
        city: where they live.
        told: hears of every answer.
        asked: hears of every notice that wants one, when its first card is seen.
    """

    def __init__(self, city: City, *, told: Callable[[Did], None], asked: Callable[[Notice], None]) -> None:
        self._city = city
        self._told, self._asked = told, asked
        self._acts: list[Act] = []
        self._waiting: dict[tuple[int, int], Unit] = {}  # (notice, user) → who answers once reminded
        self._notices: dict[int, Notice] = {}
        self._done: dict[int, int] = {}
        self.one_at_a_time = asyncio.Lock()  # whoever holds it is not answered meanwhile
        self.spared: set[int] = set()  # users a visitor plays
        self.county_on_show: int | None = None  # whose officer's phone is on the page

    async def run(self) -> None:
        """Watch for cards and answer when the time comes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                async with self.one_at_a_time:
                    await self._perform(self._city.clock())
                await asyncio.sleep(LOOKS_EVERY_S)

    async def until(self, at: dt.datetime) -> None:
        """Whoever would have answered before this instant of the city's clock has."""
        async with self.one_at_a_time:
            while early := [act for act in self._acts if act.at < at]:
                first = min(act.at for act in early)
                last = max(act.at for act in early if act.at < first + AT_ONCE)
                await self._city.move(last)
                await self._perform(last)

    # ── who will answer, and when ────────────────────────────────────────────────────────────────

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._city.sim.events()) as changes:
            async for change in changes:
                if change.what == "message" and change.chat_id is not None:
                    await self._saw(change.chat_id, change.message_id or 0)

    async def _saw(self, chat_id: int, message_id: int) -> None:
        message = self._city.sim.chat(chat_id).messages[message_id]
        notice_id = next((c.notice for _, c in _callbacks(message) if c.action in {"yes", "all"}), 0)
        if not notice_id:
            return
        if notice_id not in self._notices:
            await self._plan(notice_id)
        elif (unit := self._waiting.pop((notice_id, chat_id), None)) is not None:
            after = random.Random(message_id).uniform(*NUDGED_AFTER_S)  # noqa: S311  # a pace, no secret
            user = self._city.sim.world.users[chat_id]
            at = self._city.clock() + dt.timedelta(seconds=after)
            self._acts.append(Act(at, notice_id, unit, user, Manner.NUDGED))

    async def _plan(self, notice_id: int) -> None:
        """Everybody decides when to answer this notice; the same decisions at every performance."""
        notice = await self._city.bot.db.read(queries.notice, notice_id)
        if notice is None or notice.due_at is None:
            return
        self._notices[notice_id] = notice
        chance = random.Random(notice_id)  # noqa: S311  # a play, no secret
        people = self._people()
        chance.shuffle(people)
        now, late = self._city.clock(), notice.due_at
        manners = [Manner.SLOW] * SLOW + [Manner.NUDGED] * NUDGED + [Manner.LATE] * LATE
        coming = people[: max(0, len(people) - len(manners) - NEVER)]
        at = now + dt.timedelta(seconds=FIRST_AFTER_S)
        troubled = self._unlucky(coming) if notice.kind == "confirm" else []
        for index, (unit, user) in enumerate(coming):
            manner = Manner.TROUBLED if index in troubled else Manner.PROMPT
            story = troubled.index(index) if index in troubled else 0
            self._acts.append(Act(at, notice_id, unit, user, manner, story))
            at += dt.timedelta(seconds=chance.uniform(0.4, 1.6) * NEXT_AFTER_S)
        for manner, (unit, user) in zip(manners, people[len(coming) :], strict=False):
            match manner:
                case Manner.NUDGED:
                    self._waiting[notice_id, user.id] = unit
                    continue
                case Manner.LATE:
                    at = late = late + dt.timedelta(minutes=chance.uniform(3, 9))
                case _:
                    at = now + (notice.due_at - now) * chance.uniform(0.15, 0.7)
            self._acts.append(Act(at, notice_id, unit, user, manner))
        self._asked(notice)

    def _unlucky(self, coming: list[tuple[Unit, simulator.User]]) -> list[int]:
        """Who will have trouble, all of one school each; the first of the county on show, soon."""
        alone = [i for i, (_, user) in enumerate(coming) if i > 1 and len(self._city.schools_of(user)) == 1]
        here = [i for i in alone if coming[i][0].county_id == self.county_on_show]
        return list(dict.fromkeys([*here[:1], *alone[9::9]]))[:TROUBLED]

    def _people(self) -> list[tuple[Unit, simulator.User]]:
        """Each principal once, with one of the schools they answer for."""
        found: dict[int, tuple[Unit, simulator.User]] = {}
        for unit in self._city.schools:
            for role, user in self._city.cast.by_unit.get(unit.id, ()):
                if role is Role.PRINCIPAL:
                    found.setdefault(user.id, (unit, user))
        return list(found.values())

    # ── answering ────────────────────────────────────────────────────────────────────────────────

    async def _perform(self, until: dt.datetime) -> None:
        due = sorted((act for act in self._acts if act.at <= until), key=lambda act: act.at)
        self._acts = [act for act in self._acts if act.at > until]
        async with asyncio.TaskGroup() as tasks:
            for act in due:
                if act.user.id not in self.spared:
                    tasks.create_task(self._try(act))

    async def _try(self, act: Act) -> None:
        with contextlib.suppress(TimeoutError, simulator.Impossible):  # the card is gone, or nobody answers
            await self._answer(act)

    async def _answer(self, act: Act) -> None:
        wanted = "trouble" if act.manner is Manner.TROUBLED else "yes"
        if not await self._press(act, wanted) and not await self._press(act, "yes"):
            return
        if len(self._city.schools_of(act.user)) > 1:  # the card of many schools leads to a private list
            with contextlib.suppress(TimeoutError):
                await self._city.sim.until(
                    lambda: self._found(self._city.sim.chat(act.user), act.notice_id, "all")
                )
                await self._press(act, "all")
        elif act.manner is Manner.TROUBLED:
            await self._city.tell_trouble(act.user, *STORIES[act.story])
        count = self._done[act.notice_id] = self._done.get(act.notice_id, 0) + 1
        self._told(Did(act, self._notices[act.notice_id], count))

    async def _press(self, act: Act, action: str) -> bool:
        for chat in self._places(act):
            found = self._found(chat, act.notice_id, action)
            if found is not None:
                await self._city.sim.press_data(act.user, *found).answered(WITHIN_S)
                return True
        return False

    def _places(self, act: Act) -> Iterator[simulator.Chat]:
        """Where this school may be asked: in private if reminded there, in the nearest group above it, in private."""
        if act.manner is Manner.NUDGED:
            yield self._city.sim.chat(act.user)
        unit: Unit | None = act.unit
        while unit is not None:
            if unit.id in self._city.cast.groups:
                yield self._city.cast.groups[unit.id]
            unit = self._city.units.get(unit.parent_id or 0)
        yield self._city.sim.chat(act.user)

    @staticmethod
    def _found(chat: simulator.Chat, notice_id: int, action: str) -> tuple[simulator.Message, str] | None:
        """The newest button of this kind in the chat."""
        for message in reversed(chat.messages.values()):
            if message.deleted:
                continue
            for data, callback in _callbacks(message):
                if (callback.notice, callback.action) == (notice_id, action):
                    return message, data
        return None


def _callbacks(message: simulator.Message) -> Iterator[tuple[str, Callback]]:
    for row in message.buttons:
        for button in row:
            callback = Callback.decode(button.data or "")
            if callback is not None and button.data is not None:
                yield button.data, callback

"""The life of a notice as pure rules: kinds, values, lateness, the steps of a trouble, the limits of a chase."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

CLOSES_AFTER = dt.timedelta(days=7)  # answering ends this long after due
SETTLES_AFTER = dt.timedelta(
    seconds=10
)  # a table of T is made only when nothing can still be written before T
NUDGES_PER_ASK = 2  # to one person about one notice
NUDGES_APART = dt.timedelta(minutes=30)
SHORT = dt.timedelta(minutes=20)  # an ask shorter than this is over before a reminder could help
A_DAY = dt.timedelta(days=1)
NUDGED_BEFORE = dt.timedelta(
    minutes=60
)  # of due; half of the time there is, where that is less than two hours
COUNTY_TOLD_BEFORE = dt.timedelta(
    minutes=30
)  # of due; a quarter of the time, where that is less than two hours
DIFFERENCE_AFTER = dt.timedelta(minutes=30)
LINE_KEEPS = dt.timedelta(hours=2)  # later than this after due nobody needs a line about it
DIFFERENCE_KEEPS = dt.timedelta(hours=12)
TROUBLE_TOLD_AFTER = dt.timedelta(seconds=30)  # the county has it within a minute, with what was told by then
TROUBLE_REMINDED_AFTER = dt.timedelta(minutes=10)


class Kind(StrEnum):
    """What a notice asks for."""

    REMINDER = "reminder"
    CONFIRM = "confirm"
    REPORT = "report"
    DIRECTIVE = "directive"  # items, each of which is answered; and 已知悉 beside


class Aspect(StrEnum):
    """What of a notice an answer speaks of."""

    ACK = "ack"  # 已知悉: a directive has been read
    DONE = "done"  # 已报, 已落实: all the rest


class Value(StrEnum):
    """What an answer says."""

    YES = "yes"  # 已落实, or a report's 无情况
    TROUBLE = "trouble"
    TEXT = "text"  # a report's line


class Reach(StrEnum):
    """Why a unit counts as 未报, tested in this order."""

    UNBOUND = "unbound"  # 没登记: no enrolled contact who may answer
    UNDELIVERED = "undelivered"  # 没送到: no card reaching it is known to have been sent
    SILENT = "silent"  # 没回复: all the rest


class TroubleState(StrEnum):
    """The life of a trouble."""

    NEW = "new"
    SEEN = "seen"
    PHONED = "phoned"
    SOLVED = "solved"
    WITHDRAWN = "withdrawn"  # 点错了: it never was one, and counts nowhere


_FORWARD = {
    TroubleState.NEW: (TroubleState.SEEN, TroubleState.PHONED, TroubleState.SOLVED, TroubleState.WITHDRAWN),
    TroubleState.SEEN: (TroubleState.PHONED, TroubleState.SOLVED, TroubleState.WITHDRAWN),
    TroubleState.PHONED: (TroubleState.SOLVED, TroubleState.WITHDRAWN),
    TroubleState.SOLVED: (),
    TroubleState.WITHDRAWN: (),
}


def may_become(state: TroubleState, to: TroubleState) -> bool:
    """Whether a trouble in `state` can take this step; a step never goes backwards."""
    return to in _FORWARD[state]


def is_standing(state: TroubleState | None) -> bool:
    """Neither solved nor withdrawn: a ✅ does not end it."""
    return state not in (None, TroubleState.SOLVED, TroubleState.WITHDRAWN)


def is_late(*, pressed_at: dt.datetime, due_at: dt.datetime) -> bool:
    """补报: after due. A press at the very instant of due is on time."""
    return pressed_at > due_at


def closes_at(due_at: dt.datetime) -> dt.datetime:
    """When answering ends."""
    return due_at + CLOSES_AFTER


def may_nudge(earlier: list[dt.datetime], now: dt.datetime) -> bool:
    """Whether a person reminded at these instants about one notice may be reminded again."""
    return len(earlier) < NUDGES_PER_ASK and all(now - at >= NUDGES_APART for at in earlier)


class Step(StrEnum):
    """One rung of a notice's ladder."""

    NUDGE_DAY = "nudge_day"  # in private, a day before due
    NUDGE_HALF = "nudge_half"  # in private, after half of the time: urgent ones only
    NUDGE = "nudge"  # in private, an hour before due
    COUNTY = "county"  # the list, half an hour before due
    LINE = "line"  # in groups, at due
    DIFFERENCE = "difference"  # to whom the table of due was told, half an hour after it


NUDGES = (Step.NUDGE_DAY, Step.NUDGE_HALF, Step.NUDGE)


@dataclass(frozen=True, slots=True)
class Rung:
    """A step and when it is taken."""

    step: Step
    at: dt.datetime


def ladder(*, chase: str, escalate: str, published_at: dt.datetime, due_at: dt.datetime) -> tuple[Rung, ...]:
    """The steps of a notice that is due, in their order; a reminder has none.

    Never more nudges than a person may get, never two of them, nor the card and one, within half an hour. An ask of
    less than twenty minutes is not chased before due. `none` chases nobody and says no line; who owes nothing to
    a table of due is still told the difference.

    Args:
        chase: none | standard | urgent.
        escalate: none | county | city.
    """
    lasts = due_at - published_at
    rungs = [Rung(Step.DIFFERENCE, due_at + DIFFERENCE_AFTER)]
    if chase != "none":
        rungs.append(Rung(Step.LINE, due_at))
    if lasts >= SHORT:
        if chase != "none":
            rungs += _nudges(published_at, due_at, is_urgent=chase == "urgent")
        if escalate != "none":
            rungs.append(Rung(Step.COUNTY, due_at - min(COUNTY_TOLD_BEFORE, lasts / 4)))
    order = list(Step)
    return tuple(sorted(rungs, key=lambda rung: (rung.at, order.index(rung.step))))


def _nudges(published_at: dt.datetime, due_at: dt.datetime, *, is_urgent: bool) -> list[Rung]:
    lasts = due_at - published_at
    last = Rung(Step.NUDGE, due_at - min(NUDGED_BEFORE, lasts / 2))
    day, half = Rung(Step.NUDGE_DAY, due_at - A_DAY), Rung(Step.NUDGE_HALF, published_at + lasts / 2)
    if lasts > A_DAY:
        return [day, last] if day.at - published_at >= NUDGES_APART else [last]
    return [half, last] if is_urgent and last.at - half.at >= NUDGES_APART else [last]


def useful_until(step: Step, due_at: dt.datetime) -> dt.datetime:
    """From this instant on the step comes too late to be taken."""
    if step is Step.LINE:
        return due_at + LINE_KEEPS
    if step is Step.DIFFERENCE:
        return due_at + DIFFERENCE_AFTER + DIFFERENCE_KEEPS
    return due_at


def reach(*, enrolled: bool, delivered: bool) -> Reach:
    """Why a unit that has not answered has not."""
    if not enrolled:
        return Reach.UNBOUND
    return Reach.SILENT if delivered else Reach.UNDELIVERED


def owes(*, said: bool, excused: bool) -> bool:
    """未报: it is asked, and nothing it said stands."""
    return not said and not excused


@dataclass(frozen=True, slots=True)
class Mark:
    """All of where an assignment stands that makes a number.

    Attributes:
        said: something it said stands; of a directive, something to every item.
        late: the first of it came after due.
        reach: None unless it owes.
    """

    excused: bool
    said: bool
    late: bool = False
    trouble: TroubleState | None = None
    reach: Reach | None = None
    acknowledged: bool = False

    @property
    def answered(self) -> bool:
        """已报."""
        return self.said and not self.excused

    @property
    def owes(self) -> bool:
        """未报."""
        return owes(said=self.said, excused=self.excused)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; a sum of lines is a line.

    应报 `expected` = 已报 `answered` + 未报 `missing`, and 免报 `excused` stands outside.

    Attributes:
        unit: the row's code; of a total the city's, or ''.
        county_id: the county whose row it is; None for any other.
    """

    unit: str
    name: str
    expected: int = 0
    answered: int = 0
    late: int = 0
    trouble: int = 0
    unbound: int = 0
    undelivered: int = 0
    silent: int = 0
    excused: int = 0
    acknowledged: int = 0  # 已知悉, of a directive; within 应报
    unseen: int = 0  # 有困难, and nobody has looked at it
    solved: int = 0  # 有困难, and settled
    county_id: int | None = None

    @property
    def missing(self) -> int:
        """未报."""
        return self.unbound + self.undelivered + self.silent

    @property
    def rate(self) -> float | None:
        """已报/应报 to 4 places; None where nothing is expected."""
        return round(self.answered / self.expected, 4) if self.expected else None


def row(unit: str, name: str, marks: Mapping[Mark, int], *, county_id: int | None = None) -> Row:
    """The line of so many assignments with each of these marks: the one place where they become numbers."""
    asked = {mark: many for mark, many in marks.items() if not mark.excused}

    def count(which: Callable[[Mark], bool]) -> int:
        return sum(many for mark, many in asked.items() if which(mark))

    return Row(
        unit, name, sum(asked.values()),
        answered=count(lambda m: m.answered),
        late=count(lambda m: m.answered and m.late),
        trouble=count(lambda m: m.trouble is not None),
        unbound=count(lambda m: m.reach is Reach.UNBOUND),
        undelivered=count(lambda m: m.reach is Reach.UNDELIVERED),
        silent=count(lambda m: m.reach is Reach.SILENT),
        excused=sum(marks.values()) - sum(asked.values()),
        acknowledged=count(lambda m: m.acknowledged),
        unseen=count(lambda m: m.trouble is TroubleState.NEW),
        solved=count(lambda m: m.trouble is TroubleState.SOLVED),
        county_id=county_id,
    )  # fmt: skip

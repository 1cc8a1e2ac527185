"""What the calendar says of one day and of the days ahead, told once for all schools that share it."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.calendar import terms
from bot.calendar.school import SchoolCalendar, SchoolCalendars

EVERYBODY = "各校"
NO_STAGE = "没写学段的"
CITY_RUN = "市直"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kin:
    """Schools of one stage in one county; '' for a unit without the one or the other."""

    stage: str
    county: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a school.

    Attributes:
        off: the holiday or break it lies in; '' on a plain weekend and on a school day.
        exam: the examination for which the school is left in peace, or ''.
    """

    is_school_day: bool
    is_make_up_day: bool
    off: str
    exam: str
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class NextHoliday:
    """The holiday or break that has begun, or comes next.

    Attributes:
        last_school_day: the last one before it; None after 400 days without any.
    """

    name: str
    last_school_day: dt.date | None
    first_day_off: dt.date
    last_day_off: dt.date
    resumes_on: dt.date
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Term:
    """The next 寒假 or 暑假 to begin, and the next first school day of a term; None where no file tells of one."""

    break_name: str
    break_begins: dt.date | None
    break_is_provisional: bool
    starts_on: dt.date | None
    start_is_provisional: bool


def day(calendar: SchoolCalendar, on: dt.date) -> Day:
    row = calendar.break_on(on)
    is_school_day = calendar.is_school_day(on)
    off = "" if is_school_day else (row.name if row else calendar.holiday_on(on))
    return Day(
        is_school_day, is_school_day and calendar.is_make_up_day(on), off, calendar.quiet_on(on),
        calendar.is_provisional(on),
    )  # fmt: skip


def next_holiday(calendar: SchoolCalendar, on: dt.date) -> NextHoliday | None:
    """None where none is found within three years."""
    it = next(calendar.holidays_ending_from(on), None)
    if it is None:
        return None
    last = next(calendar.school_days_before(it.first_day_off), None)
    unsure = it.is_provisional or (last is not None and calendar.is_provisional(last))
    return NextHoliday(it.name, last, it.first_day_off, it.last_day_off, it.resumes_on, unsure)


def term(calendar: SchoolCalendar, on: dt.date) -> Term | None:
    """What is ahead of this day; the day itself counts as ahead. None for an office, and where no file tells of breaks."""
    if not calendar.breaks:
        return None
    ends = next(calendar.term_ends_from(on), None)
    starts_on, _ = next(calendar.term_starts_from(on), (None, None))
    return Term(
        ends.name if ends else "", ends.first_day_off if ends else None,
        ends is not None and calendar.is_provisional(ends.first_day_off),
        starts_on, starts_on is not None and calendar.is_provisional(starts_on),
    )  # fmt: skip


def told(
    kins: Collection[Kin], calendars: SchoolCalendars, names: Mapping[str, str], fact: Callable[[SchoolCalendar], T]
) -> list[tuple[str, T]]:  # fmt: skip
    """A fact of every calendar, each once, with the schools it holds for, by stage.

    Args:
        names: county code → what the county is called.
    """
    known: dict[SchoolCalendar, T] = {}
    found: dict[T, list[Kin]] = {}
    for kin in sorted(kins, key=_order):
        calendar = calendars.of(kin.stage, kin.county)
        if calendar not in known:
            known[calendar] = fact(calendar)
        found.setdefault(known[calendar], []).append(kin)
    return [(whom(some, kins, names), what) for what, some in found.items()]


def whom(some: Iterable[Kin], everyone: Collection[Kin], names: Mapping[str, str]) -> str:
    """These schools in words: a stage stands alone where all of it is meant, else with its county."""
    meant = set(some)
    if meant == set(everyone):
        return EVERYBODY
    plain: list[str] = []
    by_county: dict[str, list[str]] = {}
    for stage in dict.fromkeys(kin.stage for kin in sorted(meant, key=_order)):
        name = stage or NO_STAGE
        if {kin for kin in everyone if kin.stage == stage} <= meant:
            plain.append(name)
            continue
        for kin in sorted(meant, key=_order):
            if kin.stage == stage:
                by_county.setdefault(kin.county, []).append(name)
    found = ["、".join(plain)] if plain else []
    found += [
        f"{names.get(county, county or CITY_RUN)}{'、'.join(stages)}" for county, stages in by_county.items()
    ]
    return ";".join(found)


def _order(kin: Kin) -> tuple[int, str]:
    stages = terms.STAGES
    return (stages.index(kin.stage) if kin.stage in stages else len(stages), kin.county)

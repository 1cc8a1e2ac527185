"""Triggers told by the school's own calendar: school days, holidays, breaks and terms."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.calendar import grammar
from bot.calendar.days import DAY
from bot.calendar.school import SEARCH_DAYS, Holiday, SchoolCalendar
from bot.calendar.trigger import Daily, Firing

FIRST_WEEK = dt.date(2001, 1, 1)  # a Monday; every nth week is counted from here, whatever the year or term
SEARCH_MONTHS = 24
SUNDAY = 6


class Edge(StrEnum):
    FIRST = "first"
    LAST = "last"


class Counted(StrEnum):
    """What is counted back from a holiday."""

    SCHOOL_DAYS = "school day"
    WORKDAYS = "workday"


@dataclass(frozen=True, slots=True)
class EverySchoolDay(Daily):
    """`every school day at 15:30`: also on a make-up Sunday, on no day off, in no break."""

    time: dt.time

    def __str__(self) -> str:
        return f"every school day at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for day in calendar.school_days_from(start):
            yield Firing(day, is_provisional=calendar.is_provisional(day))


@dataclass(frozen=True, slots=True)
class EveryHolidayDay(Daily):
    """`every holiday day at 16:00`: each day off of a public holiday of at least three days.

    春节 within 寒假 is one, the other days of 寒假 are none; neither is a plain weekend, nor a single day off in the
    middle of a week. The weekend days a holiday swallows are days of it; its make-up days are none.
    """

    time: dt.time

    def __str__(self) -> str:
        return f"every holiday day at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for holiday in calendar.public_holidays_ending_from(start):
            for day in holiday.days():
                if day >= start:
                    yield _told_by(holiday, day, calendar)


@dataclass(frozen=True, slots=True)
class OfWeek(Daily):
    """`last school day of week at 14:30`, `every 2nd week on first school day at 09:00`.

    A make-up Saturday or Sunday can be the last school day. A week without a school day is left out, and its turn is
    not made up for. Every nth week is counted from Monday 2001-01-01, so all schools mean the same weeks.
    """

    edge: Edge
    time: dt.time
    every: int = 1

    def __str__(self) -> str:
        if self.every == 1:
            return f"{self.edge} school day of week at {grammar.show_time(self.time)}"
        nth = show_ordinal(self.every)
        return f"every {nth} week on {self.edge} school day at {grammar.show_time(self.time)}"

    def has_turn(self, monday: dt.date) -> bool:
        """Whether the week that begins on this Monday is one in which it speaks."""
        return (monday - FIRST_WEEK).days // 7 % self.every == 0

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        monday = start - start.weekday() * DAY
        for week in range(SEARCH_DAYS * self.every // 7):
            first = monday + week * 7 * DAY
            if self.has_turn(first):
                yield from _edge(self.edge, first, first + SUNDAY * DAY, start, calendar)


@dataclass(frozen=True, slots=True)
class OfMonth(Daily):
    """`first school day of month at 09:00`, `last school day of month at 09:00`.

    A month without a school day (August) is left out.
    """

    edge: Edge
    time: dt.time

    def __str__(self) -> str:
        return f"{self.edge} school day of month at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        first = start.replace(day=1)
        for _ in range(SEARCH_MONTHS):
            following = (first + 31 * DAY).replace(day=1)
            yield from _edge(self.edge, first, following - DAY, start, calendar)
            first = following


@dataclass(frozen=True, slots=True)
class OfTerm(Daily):
    """`first school day of term at 08:30`, `last school day of term at 08:30`.

    The first is the first school day from the break's `school_starts` on, which may be a weekend; the last is the
    last school day before the first day off of 寒假 or 暑假. A term whose break no row tells has neither; offices
    have no terms.
    """

    edge: Edge
    time: dt.time

    def __str__(self) -> str:
        return f"{self.edge} school day of term at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        if self.edge is Edge.FIRST:
            for day, row in calendar.term_starts_from(start):
                yield Firing(day, row.name, calendar.is_provisional(row.school_starts, day))
            return
        for row in calendar.term_ends_from(start):
            last = next(calendar.school_days_before(row.first_day_off), None)
            if last is not None and last >= start:
                yield Firing(last, row.name, calendar.is_provisional(last, row.first_day_off))


@dataclass(frozen=True, slots=True)
class BeforeHoliday(Daily):
    """`1 school day before holiday at 09:00`, `5 workdays before holiday at 09:00`.

    A holiday is three days off in a row or more, a break included; 1 is the last school day (workday) before its
    first day off, and make-up days count. For a school in 寒假, 春节 is no holiday of its own. Counting may go past an
    earlier holiday: 5 workdays before 国庆 2026 is before 中秋, and still means 国庆.
    """

    count: int
    of: Counted
    time: dt.time

    def __str__(self) -> str:
        return f"{_counted(self.count, self.of)} before holiday at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for holiday in calendar.holidays_from(start):
            day = days_before(holiday.first_day_off, self.count, self.of, calendar)
            if day is not None and day >= start:
                yield _told_by(holiday, day, calendar)


@dataclass(frozen=True, slots=True)
class BeforeBreak(Daily):
    """`7 days before break at 09:00`: calendar days before the first day off of 寒假 or 暑假, weekends counted.

    麦假 and 秋假 end no term and are no break here. Offices have none.
    """

    count: int
    time: dt.time

    def __str__(self) -> str:
        return f"{_counted(self.count, 'day')} before break at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for row in calendar.term_ends_from(start):
            day = row.first_day_off - self.count * DAY
            if day >= start:
                yield Firing(day, row.name, calendar.is_provisional(row.first_day_off))


@dataclass(frozen=True, slots=True)
class BeforeSchoolStarts(Daily):
    """`5 days before school starts at 09:00`: calendar days before the first school day of a term."""

    count: int
    time: dt.time

    def __str__(self) -> str:
        return f"{_counted(self.count, 'day')} before school starts at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for starts_on, row in calendar.term_starts_from(start):
            day = starts_on - self.count * DAY
            if day >= start:
                yield Firing(day, row.name, calendar.is_provisional(row.school_starts, starts_on))


@dataclass(frozen=True, slots=True)
class BeforeSchoolResumes(Daily):
    """`1 day before school resumes at 16:00`: calendar days before the first school day after a holiday or break.

    Where that many days are more than the holiday has, it is left out: nobody is told of the return before he left.
    """

    count: int
    time: dt.time

    def __str__(self) -> str:
        return f"{_counted(self.count, 'day')} before school resumes at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for holiday in calendar.holidays_ending_from(start):
            day = holiday.resumes_on - self.count * DAY
            if day >= max(start, holiday.first_day_off):
                yield _told_by(holiday, day, calendar)


def days_before(day: dt.date, count: int, of: Counted, calendar: SchoolCalendar) -> dt.date | None:
    """The nth school day (workday) before this day, 1 the nearest; None where more than a year has none."""
    found = calendar.school_days_before(day) if of is Counted.SCHOOL_DAYS else calendar.workdays_before(day)
    return next(itertools.islice(found, count - 1, None), None)


def show_ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 22nd."""
    endings = {1: "st", 2: "nd", 3: "rd"} if number % 100 not in (11, 12, 13) else {}
    return f"{number}{endings.get(number % 10, 'th')}"


def _counted(count: int, of: str) -> str:
    return f"{count} {of}{'' if count == 1 else 's'}"


def _told_by(holiday: Holiday, day: dt.date, calendar: SchoolCalendar) -> Firing:
    unsure = holiday.is_provisional or calendar.is_provisional(day, holiday.first_day_off)
    return Firing(day, holiday.name, unsure, holiday)


def _edge(
    edge: Edge, first: dt.date, last: dt.date, start: dt.date, calendar: SchoolCalendar
) -> Iterator[Firing]:
    """The first or last school day of a span, unless there is none or it lies before `start`."""
    if edge is Edge.FIRST:
        day = next(calendar.school_days_from(first), None)
        unsure = day is not None and calendar.is_provisional(first, day)
    else:
        day = next(calendar.school_days_before(last + DAY), None)
        unsure = day is not None and calendar.is_provisional(day, last)
    if day is not None and max(first, start) <= day <= last:
        yield Firing(day, is_provisional=unsure)

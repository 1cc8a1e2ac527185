"""Triggers told by dates: fixed days, weekdays, cron; only `or previous school day` asks the school's calendar."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.calendar import grammar
from bot.calendar.days import DAY
from bot.calendar.grammar import MonthDay
from bot.calendar.school import SchoolCalendar
from bot.calendar.trigger import Daily, Firing, Occurrence, Trigger, day_of, instant_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
SEARCH_YEARS = 9  # 2096-02-29 is followed by 2104-02-29


class Nth(StrEnum):
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Manual(Trigger):
    """`manual`: never by itself."""

    def __str__(self) -> str:
        return "manual"

    def next_after(self, instant: dt.datetime, calendar: SchoolCalendar) -> Occurrence | None:
        return None


@dataclass(frozen=True, slots=True)
class Once(Trigger):
    """`2026-12-01 09:00`: once, whatever day it is."""

    day: dt.date
    time: dt.time

    def __str__(self) -> str:
        return f"{self.day} {grammar.show_time(self.time)}"

    def next_after(self, instant: dt.datetime, calendar: SchoolCalendar) -> Occurrence | None:
        day_of(instant, calendar)  # refuses an instant without an offset
        at = instant_of(self.day, self.time, calendar)
        return Occurrence(at) if at > instant else None


@dataclass(frozen=True, slots=True)
class Yearly(Daily):
    """`06-01 at 09:00`, `11-09 or previous school day at 09:00`, `03-10 or next school day at 09:00`.

    Without a school day asked for, whatever day it is. 02-29 is in leap years only. A day in a break goes back to the
    last school day before it, or on to the first after it, at most 400 days; the move may cross into another year.
    """

    on: MonthDay
    time: dt.time
    otherwise: Literal["", "previous", "next"] = ""

    def __str__(self) -> str:
        move = f" or {self.otherwise} school day" if self.otherwise else ""
        return f"{self.on}{move} at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for year in range(start.year - 1, start.year + SEARCH_YEARS):
            named = self.on.in_year(year)
            firing = self._moved(named, calendar) if named else None
            if firing and firing.day >= start:
                yield firing

    def _moved(self, named: dt.date, calendar: SchoolCalendar) -> Firing | None:
        if not self.otherwise:
            return Firing(named)
        if self.otherwise == "previous":
            day = next(calendar.school_days_before(named + DAY), None)
        else:
            day = next(calendar.school_days_from(named), None)
        if day is None:
            return None
        return Firing(day, is_provisional=calendar.is_provisional(min(day, named), max(day, named)))


@dataclass(frozen=True, slots=True)
class WeekdayOfMonth(Daily):
    """`last monday of march at 08:00`, `second tuesday of month at 09:00` (every month).

    Whatever day it is, a school day or none. Every month has a first to fourth of each weekday; a fifth is asked for
    as `last`.

    Attributes:
        month: 1 … 12, or 0 for every month.
    """

    nth: Nth
    weekday: int
    month: int
    time: dt.time

    def __str__(self) -> str:
        month = MONTHS[self.month - 1] if self.month else "month"
        return f"{self.nth} {WEEKDAYS[self.weekday]} of {month} at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        for year in (start.year, start.year + 1):
            for month in (self.month,) if self.month else range(1, 13):
                day = self._in(year, month)
                if day >= start:
                    yield Firing(day)

    def _in(self, year: int, month: int) -> dt.date:
        first = dt.date(year, month, 1)
        if self.nth is Nth.LAST:
            last = (first + 31 * DAY).replace(day=1) - DAY
            return last - (last.weekday() - self.weekday) % 7 * DAY
        return first + ((self.weekday - first.weekday()) % 7 + 7 * tuple(Nth).index(self.nth)) * DAY


@dataclass(frozen=True, slots=True)
class EveryWeekday(Daily):
    """`every friday at 10:00`, `every friday from 06-01 to 08-31 at 10:00`: in breaks and on holidays too.

    Both ends of the window are in it; from 11-15 to 03-15 it goes over the new year. 02-29 as an
    end is, in other years, the midnight between 02-28 and 03-01.
    """

    weekday: int
    time: dt.time
    window: tuple[MonthDay, MonthDay] | None = None

    def __str__(self) -> str:
        window = f" from {self.window[0]} to {self.window[1]}" if self.window else ""
        return f"every {WEEKDAYS[self.weekday]}{window} at {grammar.show_time(self.time)}"

    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        first = start + (self.weekday - start.weekday()) % 7 * DAY
        for week in range(SEARCH_YEARS * 53):
            day = first + week * 7 * DAY
            if self._is_within(MonthDay(day.month, day.day)):
                yield Firing(day)

    def _is_within(self, day: MonthDay) -> bool:
        if self.window is None:
            return True
        begins, ends = self.window
        return begins <= day <= ends if begins <= ends else day >= begins or day <= ends


@dataclass(frozen=True, slots=True)
class Cron(Trigger):
    """`cron 0 9 * * mon`: minute, hour, day of month, month, weekday; in the schools' time, on any day.

    A weekday has a name, never a number: people and programs disagree which is 0. `*`, lists (`1,15`), ranges
    (`mon-fri`) and steps (`*/15`) are read; a day of the month the month has not is left out (31 in April). A day of
    the month and a weekday together are refused: cron would take either, readers expect both.

    Attributes:
        fields: the five words as they were written.
        weekdays: 0 is Monday.
    """

    fields: tuple[str, ...]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def __str__(self) -> str:
        return f"cron {' '.join(self.fields)}"

    def next_after(self, instant: dt.datetime, calendar: SchoolCalendar) -> Occurrence | None:
        day = day_of(instant, calendar) - DAY
        last = day.replace(year=day.year + SEARCH_YEARS, day=1)
        while day < last:
            if day.month not in self.months:
                day = (day.replace(day=1) + 31 * DAY).replace(day=1)
                continue
            if day.day in self.days and day.weekday() in self.weekdays:
                at = self._first_on(day, instant, calendar)
                if at is not None:
                    return Occurrence(at)
            day += DAY
        return None

    def _first_on(self, day: dt.date, instant: dt.datetime, calendar: SchoolCalendar) -> dt.datetime | None:
        times = (dt.time(hour, minute) for hour in self.hours for minute in self.minutes)
        return min((at for t in times if (at := instant_of(day, t, calendar)) > instant), default=None)

"""When an answer is due: a few words in a notice's file, parsed once, turned into an instant at publication."""

import abc
import datetime as dt
import itertools
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from bot import errors
from bot.calendar import grammar, school_triggers
from bot.calendar.days import DAY
from bot.calendar.grammar import Form, Grammar, MonthDay, Slot, Values
from bot.calendar.school import Holiday, SchoolCalendar
from bot.calendar.school_triggers import Counted

ALLOWED = (
    "+2h · +30min · +3d · +5 school days at 17:00 · +3 workdays at 17:00 · same day at 17:00 · next day at 12:00"
    " · this week's last school day at 17:00 · this month's last school day at 17:00 · before holiday at 12:00"
    " · 3 workdays before holiday at 16:00 · 12-05 at 17:00 · 2026-12-05 17:00"
)
MAX_AFTER = dt.timedelta(days=366)
SEARCH_YEARS = 9  # 2096-02-29 is followed by 2104-02-29
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


class Due(abc.ABC):
    """A due rule: so long after publication, or a wall-clock time on a day. `str` is a way to write it.

    Attributes:
        counts_days: school days, workdays or holidays decide it, so that it is 暂定 where they are.
    """

    __slots__ = ()
    counts_days: ClassVar[bool] = False

    @abc.abstractmethod
    def at(
        self,
        published_at: dt.datetime,
        zone: dt.tzinfo,
        *,
        calendar: SchoolCalendar | None = None,
        holiday: Holiday | None = None,
    ) -> dt.datetime:
        """The due instant, UTC, for a notice published at this instant; it may lie before it (same day at 8:00).

        Args:
            calendar: of the schools that are asked.
            holiday: the one the notice is published for, from its trigger's occurrence; None means the first whose
                due instant is later than publication.

        Raises:
            Refused: there is no such day, or it is told by school days and no calendar was given.
        """


class DueOnDay(Due):
    """A due rule told by a day and a time of day."""

    __slots__ = ()
    time: dt.time

    @abc.abstractmethod
    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date | None:
        """The day for a notice published today; None if there is no such day."""

    def at(
        self,
        published_at: dt.datetime,
        zone: dt.tzinfo,
        *,
        calendar: SchoolCalendar | None = None,
        holiday: Holiday | None = None,
    ) -> dt.datetime:
        day = self.day(published_at.astimezone(zone).date(), calendar)
        if day is None:
            raise errors.Refused(f"due “{self}”:没有这一天")
        return _instant(day, self.time, zone)


@dataclass(frozen=True, slots=True)
class After(Due):
    """`+2h`, `+30min`, `+3d`: counted from the whole second of publication; a day is 24 hours."""

    delay: dt.timedelta

    def __str__(self) -> str:
        minutes = int(self.delay.total_seconds()) // 60
        for unit, size in (("d", 24 * 60), ("h", 60)):
            if minutes % size == 0:
                return f"+{minutes // size}{unit}"
        return f"+{minutes}min"

    def at(
        self,
        published_at: dt.datetime,
        zone: dt.tzinfo,
        *,
        calendar: SchoolCalendar | None = None,
        holiday: Holiday | None = None,
    ) -> dt.datetime:
        return published_at.astimezone(dt.UTC).replace(microsecond=0) + self.delay


@dataclass(frozen=True, slots=True)
class InDays(DueOnDay):
    """`same day at 17:00` (0), `next day at 12:00` (1): on the schools' calendar, school day or none."""

    days: int
    time: dt.time

    def __str__(self) -> str:
        return f"{'next' if self.days else 'same'} day at {grammar.show_time(self.time)}"

    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date:
        return today + self.days * DAY


@dataclass(frozen=True, slots=True)
class OnDate(DueOnDay):
    """`2026-12-05 17:00`."""

    date: dt.date
    time: dt.time

    def __str__(self) -> str:
        return f"{self.date} {grammar.show_time(self.time)}"

    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date:
        return self.date


@dataclass(frozen=True, slots=True)
class OnMonthDay(DueOnDay):
    """`12-05 at 17:00`: the next such day from publication on, that day included; 02-29 waits for a leap year."""

    date: MonthDay
    time: dt.time

    def __str__(self) -> str:
        return f"{self.date} at {grammar.show_time(self.time)}"

    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date | None:
        found = (self.date.in_year(year) for year in range(today.year, today.year + SEARCH_YEARS))
        return next((day for day in found if day is not None and day >= today), None)


@dataclass(frozen=True, slots=True)
class LaterDays(DueOnDay):
    """`+5 school days at 17:00`, `+3 workdays at 17:00`: the day of publication is not counted.

    Make-up days are; published on a Friday before a make-up Sunday, +1 school day is that Sunday.
    """

    counts_days = True
    count: int
    of: Counted
    time: dt.time

    def __str__(self) -> str:
        plural = "" if self.count == 1 else "s"
        return f"+{self.count} {self.of}{plural} at {grammar.show_time(self.time)}"

    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date | None:
        known = _needed(self, calendar)
        is_school = self.of is Counted.SCHOOL_DAYS
        found = known.school_days_from(today + DAY) if is_school else known.workdays_from(today + DAY)
        return next(itertools.islice(found, self.count - 1, None), None)


class Span(StrEnum):
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class LastSchoolDay(DueOnDay):
    """`this week's last school day at 17:00`, `this month's …`: of the week (Monday to Sunday) of publication.

    It may be a make-up Sunday, or the day of publication. Refused when no school day of the span is left.
    """

    counts_days = True
    span: Span
    time: dt.time

    def __str__(self) -> str:
        return f"this {self.span}'s last school day at {grammar.show_time(self.time)}"

    def day(self, today: dt.date, calendar: SchoolCalendar | None) -> dt.date | None:
        if self.span is Span.WEEK:
            following = today + (7 - today.weekday()) * DAY
        else:
            following = (today.replace(day=1) + 31 * DAY).replace(day=1)
        last = next(_needed(self, calendar).school_days_before(following), None)
        return last if last is not None and last >= today else None


@dataclass(frozen=True, slots=True)
class BeforeHoliday(Due):
    """`before holiday at 12:00`: on the last school day; `3 workdays before holiday at 16:00`: counted back.

    Without a holiday given it is the first, a break included, whose due instant is later than publication: on
    2026-09-23, three workdays before 中秋 are past, and 国庆 is meant.
    """

    counts_days = True
    count: int
    of: Counted
    time: dt.time

    def __str__(self) -> str:
        if (self.count, self.of) == (1, Counted.SCHOOL_DAYS):
            return f"before holiday at {grammar.show_time(self.time)}"
        plural = "" if self.count == 1 else "s"
        return f"{self.count} {self.of}{plural} before holiday at {grammar.show_time(self.time)}"

    def at(
        self,
        published_at: dt.datetime,
        zone: dt.tzinfo,
        *,
        calendar: SchoolCalendar | None = None,
        holiday: Holiday | None = None,
    ) -> dt.datetime:
        known = _needed(self, calendar)
        today = published_at.astimezone(zone).date()
        for one in (holiday,) if holiday else known.holidays_from(today):
            day = school_triggers.days_before(one.first_day_off, self.count, self.of, known)
            if day is not None and (holiday or _instant(day, self.time, zone) > published_at):
                return _instant(day, self.time, zone)
        raise errors.Refused(f"due “{self}”:校历里没有下一个假期")


def parse(text: str) -> Due:
    """The due rule in `text`.

    Raises:
        Refused: quoting the text, the word that does not fit and what can stand there.
    """
    joined = re.sub(r"^\+\s*(\d+)\s*(min|h|d)$", r"+\1\2", grammar.normal(text))
    return _GRAMMAR.parse(joined)


def _needed(due: Due, calendar: SchoolCalendar | None) -> SchoolCalendar:
    if calendar is None:
        raise errors.Refused(f"due “{due}”:要按校历算,这里没有校历")
    return calendar


def _instant(day: dt.date, time: dt.time, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)


def _delay(word: str) -> dt.timedelta:
    found = re.fullmatch(r"\+(\d{1,6})(min|h|d)", word, re.ASCII)
    if not found:
        raise ValueError(word)
    return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})


def _after(v: Values) -> Due:
    delay = v.get("delay", dt.timedelta)
    if not dt.timedelta(0) < delay <= MAX_AFTER:
        raise ValueError("应在 1 分钟到 366 天之间")
    return After(delay)


def _plus(word: str) -> int:
    if not word.startswith("+"):
        raise ValueError(word)
    return grammar.read_count(word[1:])


_SLOTS = {
    **grammar.SLOTS,
    "delay": Slot(_delay, "+2h、+30min、+3d"),
    "plus": Slot(_plus, f"+1 到 +{grammar.MAX_COUNT}"),
}
_FORMS: tuple[Form[Due], ...] = (
    Form("{delay}", _after),
    Form("same day at {time}", lambda v: InDays(0, v.time)),
    Form("next day at {time}", lambda v: InDays(1, v.time)),
    Form(
        "{plus} school day|days at {time}",
        lambda v: LaterDays(v.get("plus", int), Counted.SCHOOL_DAYS, v.time),
    ),
    Form(
        "{plus} workday|workdays at {time}",
        lambda v: LaterDays(v.get("plus", int), Counted.WORKDAYS, v.time),
    ),
    Form("this week's last school day at {time}", lambda v: LastSchoolDay(Span.WEEK, v.time)),
    Form("this month's last school day at {time}", lambda v: LastSchoolDay(Span.MONTH, v.time)),
    Form("before holiday at {time}", lambda v: BeforeHoliday(1, Counted.SCHOOL_DAYS, v.time)),
    Form(
        "{count} school day|days before holiday at {time}",
        lambda v: BeforeHoliday(v.count, Counted.SCHOOL_DAYS, v.time),
    ),
    Form(
        "{count} workday|workdays before holiday at {time}",
        lambda v: BeforeHoliday(v.count, Counted.WORKDAYS, v.time),
    ),
    Form("{date} {time}", lambda v: OnDate(v.get("date", dt.date), v.time)),
    Form("{date} at {time}", lambda v: OnDate(v.get("date", dt.date), v.time)),
    Form("{monthday} {time}", lambda v: OnMonthDay(v.month_day, v.time)),
    Form("{monthday} at {time}", lambda v: OnMonthDay(v.month_day, v.time)),
)
_GRAMMAR: Grammar[Due] = Grammar("due", _FORMS, _SLOTS, ALLOWED)

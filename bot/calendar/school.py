"""The calendar of one school: its school days, holidays and breaks, and for which dates nobody can be sure yet."""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.calendar import terms
from bot.calendar.days import DAY, Days, each
from bot.calendar.terms import Break, QuietDays, Rows, SafetyDays

HOLIDAY_DAYS = 3  # so many days off in a row are a holiday; a plain weekend is none
SEARCH_DAYS = 400  # no break is longer; a search for a school day gives up here
SEARCH_YEARS = 3  # every year has a holiday; a search for one gives up here


@dataclass(frozen=True, slots=True)
class Holiday:
    """At least three days off in a row: a public holiday, a break, or both in one.

    Attributes:
        name: the break between terms it contains (寒假), else all its holidays and breaks in order, joined by 、.
        resumes_on: the first school day after it.
        is_provisional: one of its days, or the day of return, is.
    """

    name: str
    first_day_off: dt.date
    last_day_off: dt.date
    is_provisional: bool

    @property
    def resumes_on(self) -> dt.date:
        return self.last_day_off + DAY

    def days(self) -> Iterator[dt.date]:
        return each(self.first_day_off, self.last_day_off)


class SchoolCalendar:
    """What the dates are for the schools that share these rows; for offices, without rows, school day = workday.

    A school day is a workday outside all breaks, or a make-up day of a break. A make-up Sunday (补班) is a school day;
    one that falls into a break is not.

    Attributes:
        zone: where the schools are; their dates begin at its midnight.
        breaks: by their first day off.
    """

    def __init__(
        self,
        days: Days,
        zone: dt.tzinfo,
        *,
        breaks: tuple[Break, ...] | None = None,
        quiet: tuple[QuietDays, ...] = (),
        safety: tuple[SafetyDays, ...] = (),
    ) -> None:
        """Breaks of None say that there can be none: an office's calendar."""
        self.zone = zone
        self.breaks = breaks or ()
        self.quiet, self.safety = quiet, safety
        self._days = days
        self._is_office = breaks is None
        self._known_years = {row.school_starts.year for row in self.breaks if row.ends_term}
        self._school_days: dict[dt.date, bool] = {}
        self._provisional: dict[dt.date, bool] = {}
        self._holidays: dict[int, tuple[Holiday, ...]] = {}
        self._public: dict[int, tuple[Holiday, ...]] = {}

    # ── one day ──────────────────────────────────────────────────────────────────────────────────

    def is_workday(self, day: dt.date) -> bool:
        return self._days.is_workday(day)

    def is_school_day(self, day: dt.date) -> bool:
        found = self._school_days.get(day)
        if found is None:
            found = self._school_days[day] = self._opens(day)
        return found

    def _opens(self, day: dt.date) -> bool:
        if any(day in row.make_up_days for row in self.breaks):
            return True
        return self._days.is_workday(day) and self.break_on(day) is None

    def break_on(self, day: dt.date) -> Break | None:
        """The break this day lies in; where two overlap, the one that began first."""
        return next((row for row in self.breaks if row.covers(day)), None)

    def holiday_on(self, day: dt.date) -> str:
        """Of a public holiday the name, or ''."""
        return self._days.holiday_on(day)

    def is_make_up_day(self, day: dt.date) -> bool:
        return self._days.is_make_up_day(day)

    def quiet_on(self, day: dt.date) -> str:
        """The examination of this day, or ''."""
        return next((row.name for row in self.quiet if row.first_day <= day <= row.last_day), "")

    def safety_on(self, day: dt.date) -> tuple[str, ...]:
        return tuple(row.name for row in self.safety if row.first_day <= day <= row.last_day)

    def is_provisional(self, first: dt.date, last: dt.date | None = None) -> bool:
        """Whether any date from `first` to `last` is 暂定.

        It is when its year's holidays are unknown; for a school also when the year has no 寒假 or 暑假 yet, and on the days
        of a break that is itself provisional, the day of return included.
        """
        return any(self._is_unsure(day) for day in each(first, last or first))

    def _is_unsure(self, day: dt.date) -> bool:
        found = self._provisional.get(day)
        if found is None:
            found = self._provisional[day] = (
                self._days.is_provisional(day)
                or (not self._is_office and day.year not in self._known_years)
                or any(
                    row.is_provisional and row.first_day_off <= day <= row.school_starts
                    for row in self.breaks
                )
            )
        return found

    # ── days in a row ────────────────────────────────────────────────────────────────────────────

    def school_days_from(self, day: dt.date) -> Iterator[dt.date]:
        """School days from this one on; it ends after 400 days without any."""
        return _matching(day, DAY, self.is_school_day)

    def school_days_before(self, day: dt.date) -> Iterator[dt.date]:
        """School days before this one, the nearest first."""
        return _matching(day - DAY, -DAY, self.is_school_day)

    def workdays_from(self, day: dt.date) -> Iterator[dt.date]:
        return _matching(day, DAY, self.is_workday)

    def workdays_before(self, day: dt.date) -> Iterator[dt.date]:
        return _matching(day - DAY, -DAY, self.is_workday)

    # ── holidays ─────────────────────────────────────────────────────────────────────────────────

    def holidays_in(self, year: int) -> tuple[Holiday, ...]:
        """Every holiday and break of this school that begins in the year, in order."""
        if year not in self._holidays:
            self._holidays[year] = tuple(self._runs(year, self.is_school_day, with_breaks=True))
        return self._holidays[year]

    def public_holidays_in(self, year: int) -> tuple[Holiday, ...]:
        """The country's holidays that begin in the year, 春节 also where it lies within 寒假."""
        if year not in self._public:
            self._public[year] = tuple(self._runs(year, self.is_workday, with_breaks=False))
        return self._public[year]

    def holidays_from(self, day: dt.date) -> Iterator[Holiday]:
        """Holidays whose first day off is this day or later, in order, for about three years."""
        return _from(day, self.holidays_in, lambda holiday: holiday.first_day_off)

    def holidays_ending_from(self, day: dt.date) -> Iterator[Holiday]:
        """Holidays whose last day off is this day or later, in order; of these one may have begun."""
        return _from(day, self.holidays_in, lambda holiday: holiday.last_day_off)

    def public_holidays_ending_from(self, day: dt.date) -> Iterator[Holiday]:
        return _from(day, self.public_holidays_in, lambda holiday: holiday.last_day_off)

    def term_ends_from(self, day: dt.date) -> Iterator[Break]:
        """寒假 and 暑假 whose first day off is this day or later."""
        return (row for row in self.breaks if row.ends_term and row.first_day_off >= day)

    def term_starts_from(self, day: dt.date) -> Iterator[tuple[dt.date, Break]]:
        """First school days of terms from this day on, each with the break before it."""
        for row in self.breaks:
            starts_on = next(self.school_days_from(row.school_starts), None)
            if row.ends_term and starts_on is not None and starts_on >= day:
                yield starts_on, row

    def _runs(self, year: int, is_open: Callable[[dt.date], bool], *, with_breaks: bool) -> Iterator[Holiday]:
        day = dt.date(year, 1, 1)
        while day.year == year:
            if is_open(day) or not is_open(day - DAY):
                day += DAY
                continue
            off = tuple(itertools.takewhile(lambda d: not is_open(d), each(day, day + SEARCH_DAYS * DAY)))
            day = off[-1] + DAY
            if len(off) >= HOLIDAY_DAYS:
                name = self._name(off, with_breaks=with_breaks)
                yield Holiday(name, off[0], off[-1], self.is_provisional(off[0], day))

    def _name(self, off: tuple[dt.date, ...], *, with_breaks: bool) -> str:
        names: list[str] = []
        for day in off:
            names += self.holiday_on(day).split("、")
            row = self.break_on(day) if with_breaks else None
            if row and row.ends_term:
                return row.name
            if row:
                names.append(row.name)
        return "、".join(dict.fromkeys(filter(None, names)))


class SchoolCalendars:
    """The calendars of a city: one for all the schools that share their rows."""

    def __init__(self, rows: Rows, zone: dt.tzinfo) -> None:
        self.days = Days(rows.holidays)
        self.rows, self.zone = rows, zone
        self._by_school: dict[tuple[str, str], SchoolCalendar] = {}
        self._by_rows: dict[tuple[object, ...], SchoolCalendar] = {}

    def of(self, stage: str = "", county: str = "") -> SchoolCalendar:
        """The calendar of a school of this stage in this county; without a stage, the offices'.

        Schools with the same dates are given the same object, so it can be the key by which they are grouped.
        """
        found = self._by_school.get((stage, county))
        if found is None:
            found = self._by_school[stage, county] = self._shared(stage, county)
        return found

    def is_school_day(self, day: dt.date, stage: str, county: str) -> bool:
        return self.of(stage, county).is_school_day(day)

    def every(self) -> tuple[SchoolCalendar, ...]:
        """Each calendar some school or office of this city can have, once."""
        breaks, quiet = self.rows.breaks, self.rows.quiet
        counties = {""} | {row.scope.county for row in breaks} | {row.scope.county for row in quiet}
        found = [self.of(stage, county) for county in sorted(counties) for stage in ("", *terms.STAGES)]
        return tuple(dict.fromkeys(found))

    def _shared(self, stage: str, county: str) -> SchoolCalendar:
        is_office = terms.is_office(stage, self.rows.breaks)
        breaks = None if is_office else terms.choose(self.rows.breaks, stage=stage, county=county)
        quiet = terms.choose(self.rows.quiet, stage=stage, county=county) if stage else ()
        if (breaks, quiet) not in self._by_rows:
            self._by_rows[breaks, quiet] = SchoolCalendar(
                self.days, self.zone, breaks=breaks, quiet=quiet, safety=self.rows.safety
            )
        return self._by_rows[breaks, quiet]


def _matching(day: dt.date, step: dt.timedelta, wanted: Callable[[dt.date], bool]) -> Iterator[dt.date]:
    missed = 0
    while missed < SEARCH_DAYS:
        if wanted(day):
            missed = 0
            yield day
        else:
            missed += 1
        day += step


def _from(
    day: dt.date, of_year: Callable[[int], tuple[Holiday, ...]], end: Callable[[Holiday], dt.date]
) -> Iterator[Holiday]:
    for year in range(day.year - 1, day.year + SEARCH_YEARS + 1):  # a winter break may begin in December
        for holiday in of_year(year):
            if end(holiday) >= day:
                yield holiday

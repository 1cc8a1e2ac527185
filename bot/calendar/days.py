"""The country's days: weekends, holidays as the State Council gives them each year, make-up workdays; no school.

Three sources, the later overruling the earlier, day by day: the statutory days (`statutory`), the notices as
chinese-calendar has them, and the rows of `config/calendar/*.toml`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import chinese_calendar

from bot.calendar import statutory

DAY = dt.timedelta(days=1)
FRIDAY = 4
# The notice of one year may move the last days of the year before: 2018-12-29 was a make-up day of 元旦 2019. No
# earlier day was ever moved by it in chinese-calendar's data for 2004–2026.
LAST_FIRM = (12, 28)
SHORT_NAMES = {  # chinese-calendar's names → the words of a school
    chinese_calendar.Holiday.new_years_day.value: "元旦",
    chinese_calendar.Holiday.spring_festival.value: "春节",
    chinese_calendar.Holiday.tomb_sweeping_day.value: "清明",
    chinese_calendar.Holiday.labour_day.value: "劳动节",
    chinese_calendar.Holiday.dragon_boat_festival.value: "端午",
    chinese_calendar.Holiday.national_day.value: "国庆",
    chinese_calendar.Holiday.mid_autumn_festival.value: "中秋",
    chinese_calendar.Holiday.anti_fascist_70th_day.value: "抗战胜利日",
}
PACKAGED = frozenset(day.year for day in chinese_calendar.holidays)  # the years chinese-calendar has


def each(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Every date from `first` to `last`, both included; none when `last` lies before."""
    for offset in range((last - first).days + 1):
        yield first + dt.timedelta(days=offset)


@dataclass(frozen=True, slots=True)
class PublicHoliday:
    """A holiday as the State Council's notice gives it: 放假 from one day to another, 补班 on others."""

    name: str
    first_day_off: dt.date
    last_day_off: dt.date
    make_up_days: tuple[dt.date, ...] = ()


class Days:
    """The working days of offices.

    A year is covered when chinese-calendar has it, or when the rows given hold every statutory day of it. Any other
    year has its weekends and statutory days, no make-up days, and each of its days is provisional.
    """

    def __init__(self, published: Iterable[PublicHoliday] = ()) -> None:
        self._off: dict[dt.date, str] = {
            day: SHORT_NAMES.get(name, name) for day, name in chinese_calendar.holidays.items()
        }
        self._make_up: dict[dt.date, str] = {
            day: SHORT_NAMES.get(name, name) for day, name in chinese_calendar.workdays.items()
        }
        self._listed: set[dt.date] = set()
        self._statutory: dict[int, dict[dt.date, str]] = {}
        self._covered: dict[int, bool] = {}
        for holiday in published:
            self._add(holiday)

    def _add(self, holiday: PublicHoliday) -> None:
        for day in each(holiday.first_day_off, holiday.last_day_off):
            self._off[day] = holiday.name
            self._make_up.pop(day, None)
            self._listed.add(day)
        for day in holiday.make_up_days:
            self._off.pop(day, None)
            self._make_up[day] = holiday.name

    def is_workday(self, day: dt.date) -> bool:
        """Offices work: Monday to Friday but for holidays, and on make-up days (补班)."""
        if day in self._make_up:
            return True
        return day.weekday() <= FRIDAY and not self.holiday_on(day)

    def is_make_up_day(self, day: dt.date) -> bool:
        """A weekend day on which offices and schools work, following some weekday's timetable."""
        return day in self._make_up

    def make_up_for(self, day: dt.date) -> str:
        """The name of the holiday for which this day is worked, or ''."""
        return self._make_up.get(day, "")

    def holiday_on(self, day: dt.date) -> str:
        """The name of the holiday this day off belongs to, or ''; a make-up day belongs to none."""
        if day in self._off:
            return self._off[day]
        if day in self._make_up or day.year in PACKAGED:
            return ""
        if day.year not in self._statutory:
            self._statutory[day.year] = statutory.days_off(day.year)
        return self._statutory[day.year].get(day, "")

    def is_covered(self, year: int) -> bool:
        """The year's notice is known, from chinese-calendar or from the rows given."""
        return year in PACKAGED or not self.missing(year)

    def missing(self, year: int) -> tuple[str, ...]:
        """The holidays of a year of which some statutory day is in no row given, in order."""
        absent = (name for day, name in statutory.days_off(year).items() if day not in self._listed)
        return tuple(dict.fromkeys(absent))

    def is_provisional(self, day: dt.date) -> bool:
        """Nobody can say yet: the year is uncovered, or the next one is, whose notice may move its last days."""
        if (day.month, day.day) > LAST_FIRM and not self._covers(day.year + 1):
            return True
        return not self._covers(day.year)

    def _covers(self, year: int) -> bool:
        if year not in self._covered:
            self._covered[year] = self.is_covered(year)
        return self._covered[year]

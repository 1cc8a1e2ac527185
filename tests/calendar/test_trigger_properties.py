"""Triggers against independent readers of the same words, on calendars nobody has seen."""

import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendar import date_triggers, school_triggers, triggers
from bot.calendar.days import PublicHoliday
from bot.calendar.grammar import MonthDay
from bot.calendar.school import SchoolCalendar, SchoolCalendars
from bot.calendar.terms import Break, Rows, Scope

DAY = dt.timedelta(days=1)
FIRST, LAST = dt.date(2026, 6, 1), dt.date(2028, 6, 30)  # what the readers tell of
ZONES = [zoneinfo.ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York")]


# ── calendars and triggers nobody has seen ─────────────────────────────────────────────────────────


@st.composite
def calendars(draw: st.DrawFn, zones: list[zoneinfo.ZoneInfo] = ZONES[:1]) -> SchoolCalendar:
    """Summer and winter somewhere, a short break perhaps, a holiday with make-up days perhaps."""
    breaks = []
    for name, first, length in (
        ("寒假", dt.date(2027, 1, 5), draw(st.integers(14, 50))),
        ("暑假", dt.date(2027, 6, 20), draw(st.integers(40, 70))),
        ("麦假", dt.date(2027, 5, 20), draw(st.integers(1, 10))),
        ("寒假", dt.date(2027, 12, 20), draw(st.integers(14, 50))),
    ):
        begins = first + draw(st.integers(0, 20)) * DAY
        if name != "麦假" or draw(st.booleans()):
            unsure = draw(st.booleans())
            breaks.append(Break(Scope(), name, begins, begins + length * DAY, is_provisional=unsure))
    moved = dt.date(2026, 9, 1) + draw(st.integers(0, 60)) * DAY
    sunday = moved + (6 - moved.weekday() + 7) * DAY
    holidays = (PublicHoliday("校庆", moved, moved + draw(st.integers(0, 4)) * DAY, (sunday,)),)
    rows = Rows(holidays, tuple(breaks) if draw(st.booleans()) else ())
    return SchoolCalendars(rows, draw(st.sampled_from(zones))).of("小学" if rows.breaks else "")


times = st.times(dt.time(0, 0), dt.time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
month_days = st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)).map(lambda d: MonthDay(d.month, d.day))
counts = st.integers(1, 60)
edges = st.sampled_from(school_triggers.Edge)
counted = st.sampled_from(school_triggers.Counted)
weekdays = st.integers(0, 6)
crons = st.sampled_from(
    [
        "cron 0 9 * * mon",
        "cron */20 8-10 1,15 * *",
        "cron 5 6 29 feb *",
        "cron 0 0 31 */3 *",
        "cron 30 2 * * sun,sat",
    ]
).map(triggers.parse)
any_trigger = st.one_of(
    st.builds(school_triggers.EverySchoolDay, times),
    st.builds(school_triggers.EveryHolidayDay, times),
    st.builds(school_triggers.OfWeek, edges, times, st.integers(1, 5)),
    st.builds(school_triggers.OfMonth, edges, times),
    st.builds(school_triggers.OfTerm, edges, times),
    st.builds(school_triggers.BeforeHoliday, counts, counted, times),
    st.builds(school_triggers.BeforeBreak, counts, times),
    st.builds(school_triggers.BeforeSchoolStarts, counts, times),
    st.builds(school_triggers.BeforeSchoolResumes, counts, times),
    st.builds(
        date_triggers.WeekdayOfMonth, st.sampled_from(date_triggers.Nth), weekdays, st.integers(0, 12), times
    ),
    st.builds(date_triggers.EveryWeekday, weekdays, times, st.none() | st.tuples(month_days, month_days)),
    st.builds(date_triggers.Yearly, month_days, times, st.sampled_from(["", "previous", "next"])),
    st.builds(date_triggers.Once, st.dates(FIRST, LAST), times),
    crons,
    st.just(date_triggers.Manual()),
)
instants = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: dt.datetime(2026, 6, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
)


@given(any_trigger)
def test_what_is_written_is_read_back_as_the_same_value(trigger):
    assert triggers.parse(str(trigger)) == trigger


@given(any_trigger, calendars(ZONES), instants)
def test_the_next_occurrence_is_later_and_none_lies_between(trigger, calendar, instant):
    first = trigger.next_after(instant, calendar)
    if first is None:
        return

    assert first.at > instant
    assert first.at.tzinfo is dt.UTC
    middle = instant + (first.at - instant) / 2
    assert trigger.next_after(middle, calendar) == first
    assert trigger.next_after(first.at - dt.timedelta(microseconds=1), calendar) == first
    second = trigger.next_after(first.at, calendar)
    assert second is None or second.at > first.at


# ── independent readers: the words again, said of a single day, by brute force ─────────────────────

Reader = Callable[[dt.date, SchoolCalendar], bool]


def span(calendar: SchoolCalendar, day: dt.date, step: int, is_open: Callable[[dt.date], bool]) -> int:
    """How many closed days follow in this direction."""
    count = 0
    while not is_open(day + step * (count + 1) * DAY):
        count += 1
    return count


def is_holiday(calendar: SchoolCalendar, day: dt.date) -> bool:
    is_open = calendar.is_school_day
    return not is_open(day) and 1 + span(calendar, day, 1, is_open) + span(calendar, day, -1, is_open) >= 3


def begins_holiday(calendar: SchoolCalendar, day: dt.date) -> bool:
    return is_holiday(calendar, day) and calendar.is_school_day(day - DAY)


def only_school_day(day: dt.date, calendar: SchoolCalendar, others: Iterator[dt.date]) -> bool:
    return calendar.is_school_day(day) and not any(calendar.is_school_day(other) for other in others)


def week_after(day: dt.date) -> Iterator[dt.date]:
    return (day + n * DAY for n in range(1, 7 - day.weekday()))


def month_before(day: dt.date) -> Iterator[dt.date]:
    return (day.replace(day=n) for n in range(1, day.day))


def nth_before(count: int, is_open: str) -> Reader:
    def reads(day: dt.date, calendar: SchoolCalendar) -> bool:
        opens = getattr(calendar, is_open)
        if not opens(day):
            return False
        seen, later = 1, day + DAY
        while seen <= count:
            if begins_holiday(calendar, later) and seen == count:
                return True
            seen += opens(later)
            later += DAY
        return False

    return reads


def resumes_tomorrow(day: dt.date, calendar: SchoolCalendar) -> bool:
    return is_holiday(calendar, day) and calendar.is_school_day(day + DAY)


READERS: dict[str, Reader] = {
    "every school day at 09:00": lambda day, c: c.is_school_day(day),
    "last school day of week at 09:00": lambda day, c: only_school_day(day, c, week_after(day)),
    "every 2nd week on last school day at 09:00": lambda day, c: (
        (day.toordinal() - 1) // 7 % 2 == 1 and only_school_day(day, c, week_after(day))
    ),  # 0001-01-01 was a Monday, and 2001-01-01 begins week 104355 from it
    "first school day of month at 09:00": lambda day, c: only_school_day(day, c, month_before(day)),
    "1 school day before holiday at 09:00": nth_before(1, "is_school_day"),
    "3 school days before holiday at 09:00": nth_before(3, "is_school_day"),
    "5 workdays before holiday at 09:00": nth_before(5, "is_workday"),
    "1 day before school resumes at 09:00": resumes_tomorrow,
    "7 days before break at 09:00": lambda day, c: any(
        row.name in ("寒假", "暑假") and (row.first_day_off - day).days == 7 for row in c.breaks
    ),
    "first school day of term at 09:00": lambda day, c: any(
        row.name in ("寒假", "暑假")
        and day >= row.school_starts
        and only_school_day(
            day, c, (row.school_starts + n * DAY for n in range((day - row.school_starts).days))
        )
        for row in c.breaks
    ),
    "every friday from 06-01 to 08-31 at 09:00": lambda day, _: day.weekday() == 4 and 6 <= day.month <= 8,
    "last monday of march at 09:00": lambda day, _: (
        day.month == 3 and day.weekday() == 0 and (day + 7 * DAY).month == 4
    ),
    "cron 0 9 31 * *": lambda day, _: day.day == 31,
    "02-29 at 09:00": lambda day, _: (day.month, day.day) == (2, 29),
}


@pytest.mark.parametrize("text", READERS)
@given(calendar=calendars())
@settings(max_examples=12)
def test_a_trigger_fires_on_the_days_an_independent_reader_names(text, calendar):
    trigger = triggers.parse(text)
    told = {FIRST + n * DAY for n in range((LAST - FIRST).days) if READERS[text](FIRST + n * DAY, calendar)}

    fired = []
    at = dt.datetime.combine(FIRST, dt.time(0, 0), calendar.zone).astimezone(dt.UTC)
    while (one := trigger.next_after(at, calendar)) and (
        day := one.at.astimezone(calendar.zone).date()
    ) < LAST:
        fired.append(day)
        at = one.at
    assert fired == sorted(told)


@given(calendars(), instants)
def test_a_firm_occurrence_hangs_on_no_provisional_day(calendar, instant):
    one = triggers.parse("1 school day before holiday at 09:00").next_after(instant, calendar)

    assert one
    assert one.holiday
    if not one.is_provisional:
        assert not calendar.is_provisional(one.at.astimezone(calendar.zone).date(), one.holiday.resumes_on)

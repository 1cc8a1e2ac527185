"""The country's days: what is published, what is shipped, what is only assumed."""

import datetime as dt

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calendar import statutory
from bot.calendar.days import Days, PublicHoliday, each

NEW_MOON = dt.date(2000, 1, 6)
MONTH_DAYS = 29.530588  # mean synodic month


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_shipped_statutory_days_are_those_of_published_years(year):
    """chinese-calendar says of every day off whether it was moved there; weekends in between are not statutory."""
    for day, name in statutory.days_off(year).items():
        is_off, published = chinese_calendar.get_holiday_detail(day)
        assert is_off, (day, name)
        assert not chinese_calendar.is_in_lieu(day)
        assert Days().holiday_on(day) == name, (day, published)


@pytest.mark.parametrize("year", statutory.LUNAR)
def test_a_shipped_lunar_date_has_the_moon_of_its_name(year):
    """An independent, coarse look: 正月初一 and 端午 follow a new moon by 0 and 4 days, 中秋 by 14, give or take one."""
    new_year, _, dragon_boat, mid_autumn = (
        dt.date(year, code // 100, code % 100) for code in statutory.LUNAR[year]
    )

    for day, age in ((new_year, 0), (dragon_boat, 4), (mid_autumn, 14)):
        off = ((day - NEW_MOON).days - age) % MONTH_DAYS
        assert min(off, MONTH_DAYS - off) < 1.6, day
    assert date(f"{year}-01-21") <= new_year <= date(f"{year}-02-20")


def test_a_year_has_thirteen_statutory_days_unless_two_meet():
    counts = {year: len(statutory.days_off(year)) for year in statutory.LUNAR}

    assert set(counts.values()) == {12, 13}
    assert [year for year, count in counts.items() if count == 12] == [2028, 2031]
    assert statutory.days_off(2031)[date("2031-10-01")] == "国庆、中秋"


def test_after_2035_the_fixed_days_remain():
    assert {f"{day:%m-%d}" for day in statutory.days_off(2036)} == {
        "01-01", "05-01", "05-02", "10-01", "10-02", "10-03",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "is_workday"),
    [
        ("2026-09-20", True),  # make-up Sunday
        ("2026-10-10", True),  # make-up Saturday
        ("2026-02-14", True),
        ("2026-02-28", True),
        ("2026-01-04", True),
        ("2026-05-09", True),
        ("2026-09-25", False),  # 中秋, a Friday
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-02-23", False),  # a Monday
        ("2026-02-24", True),
        ("2026-12-31", True),
        ("2027-01-01", False),
        ("2027-01-04", True),
    ],
)
def test_a_workday_is_what_the_notice_says(city, day, is_workday):
    assert city.days.is_workday(date(day)) is is_workday


def test_the_shipped_year_says_what_chinese_calendar_says(city):
    for day in each(date("2026-01-01"), date("2026-12-31")):
        assert city.days.is_workday(day) == chinese_calendar.is_workday(day), day


def test_the_next_year_is_assumed_and_says_so(city):
    days = city.days

    assert not days.is_covered(2027)
    assert days.is_covered(2026)
    assert days.holiday_on(date("2027-02-05")) == "春节"  # 除夕
    assert days.holiday_on(date("2027-06-09")) == "端午"
    assert all(days.is_provisional(day) for day in each(date("2027-01-01"), date("2027-12-31")))
    assert not any(days.is_make_up_day(day) for day in each(date("2027-01-01"), date("2027-12-31")))


def test_the_last_days_of_a_year_wait_for_the_next_notice(city):
    """2018-12-29 was a make-up day of 元旦 2019."""
    assert not city.days.is_provisional(date("2026-12-28"))
    assert [city.days.is_provisional(date(f"2026-12-{day}")) for day in (29, 30, 31)] == [True] * 3
    assert not city.days.is_provisional(date("2025-12-31"))


def test_an_operators_row_overrules_the_package_day_by_day():
    days = Days(
        [
            PublicHoliday(
                "停电", date("2026-03-09"), date("2026-03-10"), (date("2026-03-14"), date("2026-10-03"))
            )
        ]
    )

    assert not days.is_workday(date("2026-03-09"))
    assert days.holiday_on(date("2026-03-10")) == "停电"
    assert days.is_workday(date("2026-03-14"))
    assert days.is_workday(date("2026-10-03"))
    assert days.holiday_on(date("2026-10-03")) == ""
    assert not days.is_workday(date("2026-10-02"))


def test_an_operators_row_takes_a_make_up_day_back():
    days = Days([PublicHoliday("中秋", date("2026-09-20"), date("2026-09-20"))])

    assert not days.is_make_up_day(date("2026-09-20"))
    assert not days.is_workday(date("2026-09-20"))


def test_rows_that_tell_every_statutory_day_make_a_year_firm():
    told = [PublicHoliday(name, day, day) for day, name in statutory.days_off(2027).items()]

    assert Days(told).is_covered(2027)
    assert not Days(told).is_provisional(date("2027-06-09"))
    assert not Days(told).is_provisional(date("2026-12-31"))
    assert Days(told[:-1]).missing(2027) == ("国庆",)
    assert Days(told[:-1]).is_provisional(date("2027-06-09"))


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)))
def test_every_day_has_an_answer(day):
    days = Days()

    assert isinstance(days.is_workday(day), bool)
    assert not (days.is_workday(day) and days.holiday_on(day))
    if days.is_make_up_day(day):
        assert days.is_workday(day)
        assert day.weekday() >= 5

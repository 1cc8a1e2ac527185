"""Which row holds for which school, what a school day is, what a holiday is."""

import datetime as dt
import pathlib
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calendar import loading
from bot.calendar.days import DAY, each
from bot.calendar.school import HOLIDAY_DAYS, SchoolCalendars

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
SHIPPED = pathlib.Path(__file__).parents[2] / "config" / "calendar"
SHARED: SchoolCalendars = loading.load(SHIPPED, SHANGHAI).calendars
SOME_ROWS = """
year = 2026
[[break]]
name = "暑假"
first_day_off = 2026-07-01
school_starts = 2026-09-01
[[break]]
name = "暑假"
stage = "小学"
first_day_off = 2026-07-02
school_starts = 2026-09-01
[[break]]
name = "暑假"
county = "DH"
first_day_off = 2026-07-03
school_starts = 2026-09-01
[[break]]
name = "暑假"
county = "DH"
stage = "小学"
first_day_off = 2026-07-06
school_starts = 2026-09-01
[[break]]
name = "暑假"
stage = "幼儿园"
first_day_off = 2026-07-07
school_starts = 2026-09-01
[[break]]
name = "麦假"
county = "SL"
first_day_off = 2026-06-08
school_starts = 2026-06-15
make_up_days = [2026-06-06]
"""


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def holidays(calendar, year):
    return [
        (h.name, f"{h.first_day_off:%m-%d}", f"{h.last_day_off:%m-%d}") for h in calendar.holidays_in(year)
    ]


@pytest.mark.parametrize(
    ("stage", "county", "first_day_off"),
    [
        ("小学", "DH", "07-06"),  # county and stage
        ("初中", "DH", "07-03"),  # county
        ("小学", "SL", "07-02"),  # stage
        ("初中", "SL", "07-01"),  # all
        ("小学", "", "07-02"),  # city-run
        ("特教", "DH", "07-06"),  # as 小学
        ("幼儿园", "SL", "07-07"),  # a row of its own
        ("幼儿园", "DH", "07-06"),  # of the county's rows, the one of the stage it follows
        ("九年一贯", "SL", "07-01"),
    ],
)
def test_the_most_specific_row_holds(load, stage, county, first_day_off):
    calendars = load(_2026=SOME_ROWS).calendars

    summer = [row for row in calendars.of(stage, county).breaks if row.name == "暑假"]
    assert [f"{row.first_day_off:%m-%d}" for row in summer] == [first_day_off]


@pytest.mark.parametrize(
    ("stage", "like"),
    [("完全中学", "高中"), ("九年一贯", "初中"), ("中职", "高中"), ("特教", "小学"), ("幼儿园", "小学")],
)
def test_a_stage_without_rows_follows_another_and_shares_its_breaks(city, stage, like):
    assert city.of(stage).breaks == city.of(like).breaks
    assert city.of(stage).breaks


def test_schools_with_the_same_dates_share_one_calendar(city):
    assert city.of("小学", "DH") is city.of("小学", "SL")
    assert city.of("小学", "DH") is city.of("特教", "DH")
    assert city.of("小学", "DH") is not city.of("高中", "DH")


def test_without_a_stage_the_school_days_are_the_workdays(city, offices):
    for day in each(date("2026-01-01"), date("2027-12-31")):
        assert offices.is_school_day(day) == city.days.is_workday(day)
    assert city.of("高校") is offices  # until a row names it


@pytest.mark.parametrize(
    ("day", "primary", "high"),
    [
        ("2026-02-02", True, True),
        ("2026-02-03", False, True),
        ("2026-02-09", False, True),
        ("2026-02-10", False, False),
        ("2026-02-14", False, False),  # a make-up Saturday within the break
        ("2026-02-28", False, False),
        ("2026-03-04", False, False),
        ("2026-03-05", True, True),
        ("2026-09-20", True, True),  # make-up Sunday
        ("2026-09-25", False, False),
        ("2026-09-30", True, True),
        ("2026-10-03", False, False),
        ("2026-10-10", True, True),  # make-up Saturday
        ("2026-10-11", False, False),
    ],
)
def test_a_school_day_is_a_workday_outside_breaks(city, day, primary, high):
    assert city.is_school_day(date(day), "小学", "DH") is primary
    assert city.is_school_day(date(day), "高中", "DH") is high


def test_a_county_s_own_break_and_its_make_up_saturday(load):
    school = load(_2026=SOME_ROWS).calendars.of("初中", "SL")

    assert school.is_school_day(date("2026-06-06"))
    assert not school.is_school_day(date("2026-06-08"))
    assert school.is_school_day(date("2026-06-15"))
    assert ("麦假", "06-07", "06-14") in holidays(school, 2026)
    assert not any(row.ends_term for row in school.breaks if row.name == "麦假")


def test_the_holidays_of_2026(primary, high, offices):
    firm = [("清明", "04-04", "04-06"), ("劳动节", "05-01", "05-05"), ("端午", "06-19", "06-21")]
    autumn = [("中秋", "09-25", "09-27"), ("国庆", "10-01", "10-07")]
    new_year = ("元旦", "01-01", "01-03")

    summer = ("暑假", "07-04", "08-31")  # from the Saturday before
    assert holidays(offices, 2026) == [new_year, ("春节", "02-15", "02-23"), *firm, *autumn]
    assert holidays(primary, 2026) == [new_year, ("寒假", "02-03", "03-04"), *firm, summer, *autumn]
    assert holidays(high, 2026) == [new_year, ("寒假", "02-10", "03-04"), *firm, summer, *autumn]


def test_a_holiday_nobody_published_is_provisional(primary):
    new_year = primary.holidays_in(2027)[0]

    assert (new_year.name, new_year.first_day_off, new_year.last_day_off) == (
        "元旦", date("2027-01-01"), date("2027-01-03"),
    )  # fmt: skip
    assert new_year.is_provisional
    assert {h.name: h.is_provisional for h in primary.holidays_in(2026)} == {
        "元旦": False, "寒假": False, "清明": False, "劳动节": False, "端午": False, "暑假": True, "中秋": False, "国庆": False,
    }  # fmt: skip


def test_days_off_of_two_names_carry_both(load):
    school = load(
        _2028='year = 2028\n[[break]]\nname="秋假"\nfirst_day_off=2028-10-04\nschool_starts=2028-10-09\n'
    )

    assert ("国庆、中秋、秋假", "09-30", "10-08") in holidays(school.calendars.of("小学"), 2028)


def test_a_single_day_off_in_a_week_is_no_holiday():
    assert all(
        h.name != "端午" for h in loading.load(SHIPPED / "none", SHANGHAI).calendars.of().holidays_in(2027)
    )  # 2027-06-09 is a Wednesday


def test_a_year_without_breaks_is_provisional_for_schools_though_its_holidays_are_known(load):
    calendars = load().calendars

    assert not calendars.of().is_provisional(date("2026-03-02"))
    assert calendars.of("小学").is_provisional(date("2026-03-02"))


def test_a_provisional_break_is_so_from_its_first_day_off_to_the_day_of_return(primary):
    assert not primary.is_provisional(date("2026-07-03"))
    assert primary.is_provisional(date("2026-07-05"))
    assert primary.is_provisional(date("2026-09-01"))
    assert not primary.is_provisional(date("2026-09-02"), date("2026-12-28"))
    assert primary.is_provisional(date("2026-12-01"), date("2027-01-01"))


def test_quiet_and_safety_days_are_told(city, high, primary):
    assert high.quiet_on(date("2026-06-08")) == "高考"
    assert primary.quiet_on(date("2026-06-08")) == ""
    assert city.of("初中").quiet_on(date("2026-06-22")) == "中考"
    assert primary.safety_on(date("2026-06-26")) == ("安全生产月", "国际禁毒日")
    assert primary.safety_on(date("2026-03-30")) == ("中小学生安全教育日",)


@given(st.integers(2005, 2040), st.sampled_from(["", "小学", "高中", "高校"]))
def test_a_holiday_is_days_off_between_two_school_days(year, stage):
    calendar = SHARED.of(stage)

    for holiday in calendar.holidays_in(year):
        off = list(holiday.days())
        assert len(off) >= HOLIDAY_DAYS
        assert not any(calendar.is_school_day(day) for day in off)
        assert calendar.is_school_day(off[0] - DAY)
        assert calendar.is_school_day(holiday.resumes_on)
        assert holiday.name


@given(st.integers(2005, 2040), st.sampled_from(["", "小学", "高中"]))
def test_three_days_off_in_a_row_are_always_in_some_holiday(year, stage):
    calendar = SHARED.of(stage)
    told = {day for y in (year - 1, year) for h in calendar.holidays_in(y) for day in h.days()}

    for day in each(dt.date(year, 1, 2), dt.date(year, 12, 30)):
        if not any(calendar.is_school_day(day + offset * DAY) for offset in (-1, 0, 1)):
            assert day in told

"""Due rules told by school days and holidays, on the days of the city's year; the words of all rules."""

import datetime as dt
import pathlib
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors
from bot.calendar import due, loading, triggers
from bot.calendar.days import DAY
from bot.calendar.grammar import MonthDay
from bot.calendar.school_triggers import Counted

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
SHARED = loading.load(pathlib.Path(__file__).parents[2] / "config" / "calendar", SHANGHAI).calendars
ASKS_THE_CALENDAR = (
    "+5 school days at 17:00", "+3 workdays at 17:00", "this week's last school day at 17:00",
    "this month's last school day at 17:00", "before holiday at 12:00", "3 workdays before holiday at 16:00",
)  # fmt: skip


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def at(text: str, published: str, calendar=None) -> str:
    instant = due.parse(text).at(local(published), SHANGHAI, calendar=calendar)
    assert instant.tzinfo is dt.UTC
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def test_a_chinese_keyboard_s_colon_and_a_date_without_at_are_read():
    assert at("Same Day at 17\uff1a00", "2026-09-23 09:00") == "2026-09-23 17:00"
    assert at("2026-12-05 17:00", "2026-09-23 09:00") == "2026-12-05 17:00"


@pytest.mark.parametrize(
    ("text", "published", "expected"),
    [
        ("+5 school days at 17:00", "2026-09-18 09:00", "2026-09-24 17:00"),  # the make-up Sunday counts
        ("+1 school day at 17:00", "2026-09-18 09:00", "2026-09-20 17:00"),
        ("+1 school day at 17:00", "2026-09-30 09:00", "2026-10-08 17:00"),
        ("+1 school day at 17:00", "2026-10-03 09:00", "2026-10-08 17:00"),
        ("+3 workdays at 17:00", "2026-02-02 09:00", "2026-02-05 17:00"),  # within 寒假
        ("+1 school day at 17:00", "2026-02-02 09:00", "2026-03-05 17:00"),
        ("this week's last school day at 17:00", "2026-09-14 09:00", "2026-09-20 17:00"),
        ("this week\u2019s last school day at 17:00", "2026-09-21 09:00", "2026-09-24 17:00"),
        ("this week's last school day at 17:00", "2026-09-24 09:00", "2026-09-24 17:00"),
        ("this month's last school day at 17:00", "2026-05-06 09:00", "2026-05-29 17:00"),
        ("before holiday at 12:00", "2026-09-21 09:00", "2026-09-24 12:00"),
        ("before holiday at 12:00", "2026-09-24 09:00", "2026-09-24 12:00"),
        ("before holiday at 12:00", "2026-09-24 12:00", "2026-09-30 12:00"),  # past: the next holiday's
        ("before holiday at 12:00", "2026-01-27 09:00", "2026-02-02 12:00"),
        ("2 school days before holiday at 12:00", "2026-09-25 09:00", "2026-09-29 12:00"),
        ("3 workdays before holiday at 16:00", "2026-09-23 09:00", "2026-09-28 16:00"),  # 中秋's are past
        ("before holiday at 12:00", "2026-12-01 09:00", "2026-12-31 12:00"),
    ],
)
def test_a_rule_of_school_days_asks_the_calendar(primary, text, published, expected):
    assert at(text, published, primary) == expected


def test_a_rule_told_by_a_holiday_means_the_one_its_plan_fired_for(offices):
    """Five workdays before 国庆 2026 is before 中秋, whose own day of due still lies ahead."""
    fired = triggers.parse("5 workdays before holiday at 09:00").next_after(
        local("2026-09-21 00:00"), offices
    )
    assert fired
    rule = due.parse("1 workday before holiday at 16:00")

    meant = rule.at(fired.at, SHANGHAI, calendar=offices, holiday=fired.holiday)
    guessed = rule.at(fired.at, SHANGHAI, calendar=offices)
    assert f"{fired.at:%m-%d} {meant:%m-%d} {guessed:%m-%d}" == "09-23 09-30 09-24"


@pytest.mark.parametrize("text", ASKS_THE_CALENDAR)
def test_without_a_calendar_a_rule_of_school_days_is_refused_and_says_so(text):
    with pytest.raises(errors.Refused, match="要按校历算,这里没有校历"):
        at(text, "2026-09-23 09:00")


def test_a_week_whose_school_days_are_over_has_no_last_one(primary):
    with pytest.raises(errors.Refused, match="没有这一天"):
        at("this week's last school day at 17:00", "2026-09-25 09:00", primary)
    with pytest.raises(errors.Refused, match="没有这一天"):
        at("this month's last school day at 17:00", "2026-08-10 09:00", primary)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "due 是空的。可以写:+2h · +30min"),
        ("soon", "第 1 个词“soon”看不懂。可以写:+2h · +30min"),
        ("+0h", "应在 1 分钟到 366 天之间"),
        ("+367d", "应在 1 分钟到 366 天之间"),
        ("same day at 24:00", "第 4 个词“24:00”看不懂,这里可以写:时刻(如 09:00)"),
        ("same day", "没写完,后面可以写:at"),
        ("02-30 at 17:00", "第 1 个词“02-30”看不懂"),
        ("2026-02-29 17:00", "第 1 个词“2026-02-29”看不懂"),
        ("+5 school hours at 17:00", "第 3 个词“hours”看不懂,这里可以写:days"),
        ("+99 school days at 17:00", "第 1 个词“+99”看不懂"),
        ("before hollidays at 12:00", "第 2 个词“hollidays”看不懂,这里可以写:holiday"),
        ("this year's last school day at 12:00", "第 2 个词“year's”看不懂,这里可以写:week's、month's"),
        ("+2h tomorrow", "到“+2h”为止就够了,多了“tomorrow”"),
    ],
)
def test_a_fault_points_at_the_word_and_says_what_can_stand_there(text, fault):
    with pytest.raises(errors.Refused) as refused:
        due.parse(text)

    assert fault in refused.value.sentence


@pytest.mark.parametrize("text", due.ALLOWED.split(" · "))
def test_every_example_shown_is_read_and_written_back(text):
    assert str(due.parse(text)) == text


times = st.times(dt.time(0, 0), dt.time(23, 59)).map(lambda t: t.replace(second=0, microsecond=0))
days_of_year = st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31))
counts = st.integers(1, 60)
rules = st.one_of(
    st.builds(due.After, st.integers(1, 366 * 24 * 60).map(lambda minutes: dt.timedelta(minutes=minutes))),
    st.builds(due.InDays, st.integers(0, 1), times),
    st.builds(due.OnDate, st.dates(dt.date(2026, 1, 1), dt.date(2035, 1, 1)), times),
    st.builds(due.OnMonthDay, days_of_year.map(lambda d: MonthDay(d.month, d.day)), times),
    st.builds(due.LaterDays, counts, st.sampled_from(Counted), times),
    st.builds(due.LastSchoolDay, st.sampled_from(due.Span), times),
    st.builds(due.BeforeHoliday, counts, st.sampled_from(Counted), times),
)


@given(rules)
def test_what_is_written_is_read_back_as_the_same_value(rule):
    assert due.parse(str(rule)) == rule


@given(counts, st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)), st.sampled_from(["", "小学", "高中"]))
def test_so_many_school_days_later_there_have_been_so_many(count, today, stage):
    calendar = SHARED.of(stage)
    published = dt.datetime.combine(today, dt.time(9, 0), SHANGHAI)
    rule = due.LaterDays(count, Counted.SCHOOL_DAYS, dt.time(17, 0))

    day = rule.at(published, SHANGHAI, calendar=calendar).astimezone(SHANGHAI).date()
    between = (today + n * DAY for n in range(1, (day - today).days + 1))
    assert calendar.is_school_day(day)
    assert sum(calendar.is_school_day(one) for one in between) == count


@given(counts, times, st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 6, 1)))  # noqa: DTZ001
def test_a_rule_told_by_the_next_holiday_is_due_after_publication(count, time, published):
    rule = due.BeforeHoliday(count, Counted.WORKDAYS, time)
    instant = published.replace(tzinfo=SHANGHAI)

    assert rule.at(instant, SHANGHAI, calendar=SHARED.of("小学")) > instant

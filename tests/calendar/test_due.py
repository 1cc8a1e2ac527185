"""When an answer is due: every form, its edges, and what is refused."""

import datetime as dt
import zoneinfo

import hypothesis
import pytest
from hypothesis import strategies as st

from bot import errors
from bot.calendar import due

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
AFTERNOON = dt.datetime(2026, 9, 30, 15, 0, tzinfo=SHANGHAI)


def refusal(text):
    with pytest.raises(errors.Refused) as refused:
        due.parse(text)
    return refused.value.sentence


def at(text, published_at=AFTERNOON):
    return due.parse(text).at(published_at, SHANGHAI).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("+30min", "2026-09-30 15:30"),
        ("+2h", "2026-09-30 17:00"),
        ("+3d", "2026-10-03 15:00"),
        ("+ 2 h", "2026-09-30 17:00"),
        ("+10h", "2026-10-01 01:00"),
        ("same day at 17:00", "2026-09-30 17:00"),
        ("same  day\tat 17:00", "2026-09-30 17:00"),
        ("same day at 9:05", "2026-09-30 09:05"),  # over already: publishing refuses it
        ("next day at 12:00", "2026-10-01 12:00"),
        ("next day at 00:00", "2026-10-01 00:00"),
        ("12-05 at 17:00", "2026-12-05 17:00"),
        ("12-05 17:00", "2026-12-05 17:00"),
        ("9-30 at 17:00", "2026-09-30 17:00"),  # the day itself counts
        ("09-29 at 17:00", "2027-09-29 17:00"),
        ("02-29 at 08:00", "2028-02-29 08:00"),
        ("2026-12-05 at 17:00", "2026-12-05 17:00"),
        ("2025-12-05 at 17:00", "2025-12-05 17:00"),  # publishing refuses it
    ],
)
def test_every_form_gives_an_instant(text, instant):
    assert at(text) == instant


def test_the_day_is_that_of_the_schools_and_not_of_greenwich():
    after_midnight = dt.datetime(2026, 9, 29, 16, 30, tzinfo=dt.UTC)  # 00:30 on the 30th in Shanghai

    assert at("same day at 08:00", after_midnight) == "2026-09-30 08:00"
    assert due.parse("same day at 08:00").at(after_midnight, SHANGHAI).tzinfo is dt.UTC


def test_the_leap_day_is_found_across_a_century_without_one():
    assert at("02-29 at 08:00", dt.datetime(2097, 1, 1, tzinfo=SHANGHAI)) == "2104-02-29 08:00"


@pytest.mark.parametrize(
    "text",
    [
        "soon", "2h", "+2", "+2 weeks", "+-2h", "same day", "same day 17:00", "last day at 17:00",
        "same day at 17", "12-05", "17:00", "2026-12-05", "12/05 at 17:00", "+2h and a bit",
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_quoted(text):
    assert refusal(text).startswith(f"due “{text}”")


@pytest.mark.parametrize("text", ["+0h", "+367d", "+99999h"])
def test_a_span_is_between_a_minute_and_a_year(text):
    assert refusal(text).startswith(f"due “{text}”")


@pytest.mark.parametrize(("text", "minutes"), [("+1min", 1), ("+366d", 366 * 1440), ("+8784h", 366 * 1440)])
def test_the_ends_of_the_span_are_in_it(text, minutes):
    assert due.parse(text).at(AFTERNOON, SHANGHAI) - AFTERNOON == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["same day at 24:00", "same day at 17:60", "12-05 at 99:00"])
def test_a_time_that_no_clock_shows_is_refused(text):
    assert refusal(text).startswith(f"due “{text}”")


@pytest.mark.parametrize(
    "text", ["02-30 at 08:00", "13-01 at 08:00", "00-10 at 08:00", "2026-02-29 at 08:00"]
)
def test_a_day_that_no_calendar_has_is_refused_when_it_is_read(text):
    assert refusal(text).startswith(f"due “{text}”")


PUBLISHED = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001


@hypothesis.given(published_at=PUBLISHED, count=st.integers(1, 500), unit=st.sampled_from(["min", "h"]))
def test_a_span_is_exact_to_the_second(published_at, count, unit):
    span = dt.timedelta(minutes=count) if unit == "min" else dt.timedelta(hours=count)
    found = due.parse(f"+{count}{unit}").at(published_at, SHANGHAI)

    assert found == published_at.replace(microsecond=0) + span


@hypothesis.given(
    published_at=PUBLISHED, day=st.dates(dt.date(2024, 1, 1), dt.date(2024, 12, 31)), time=st.times()
)
def test_a_date_without_a_year_is_the_next_one(published_at, day, time):
    found = due.parse(f"{day:%m-%d} at {time:%H:%M}").at(published_at, SHANGHAI).astimezone(SHANGHAI)
    today = published_at.astimezone(SHANGHAI).date()

    assert (found.month, found.day, found.hour, found.minute) == (day.month, day.day, time.hour, time.minute)
    assert found.date() >= today
    earlier = [
        dt.date(year, day.month, day.day) for year in range(today.year, found.year) if _exists(year, day)
    ]
    assert all(date < today for date in earlier)


def _exists(year, day):
    return (day.month, day.day) != (2, 29) or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))

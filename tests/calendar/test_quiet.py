"""Quiet hours: when they are, when they end, and what is wrong with a file."""

import datetime as dt
import zoneinfo

import pytest

from bot.calendar import quiet
from bot.calendar.quiet import QuietHours

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
USUAL = QuietHours(SHANGHAI)


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("instant", "opening"),
    [
        ("2026-09-30 22:10", "2026-10-01 06:30"),
        ("2026-10-01 00:00", "2026-10-01 06:30"),
        ("2026-10-01 06:29:59", "2026-10-01 06:30"),
        ("2026-10-01 06:30", "2026-10-01 06:30"),
        ("2026-09-30 12:20", "2026-09-30 13:50"),
        ("2026-09-30 12:19:59", "2026-09-30 12:19:59"),
        ("2026-12-31 21:30", "2027-01-01 06:30"),
    ],
)
def test_what_is_said_in_quiet_hours_is_said_at_the_next_opening(instant, opening):
    assert USUAL.opening(at(instant)) == at(opening)
    assert USUAL.is_quiet(at(instant)) is (at(instant) != at(opening))


def test_hours_that_overlap_end_with_the_later_one(tmp_path):
    file = tmp_path / "quiet.toml"
    file.write_text('hours = ["21:00-06:00", "05:00-07:00"]', encoding="utf-8")

    assert quiet.load(file, SHANGHAI).hours.opening(at("2026-09-30 22:00")) == at("2026-10-01 07:00")


def test_without_a_file_the_usual_hours_hold(tmp_path):
    assert quiet.load(tmp_path / "quiet.toml", SHANGHAI) == quiet.Loaded(USUAL)


def test_no_quiet_hours_can_be_asked_for(tmp_path):
    file = tmp_path / "quiet.toml"
    file.write_text("hours = []", encoding="utf-8")

    assert not quiet.load(file, SHANGHAI).hours.is_quiet(at("2026-09-30 23:00"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('hours = "21:30-06:30"', "hours:应是一张清单"),
        ('hours = ["21:30"]', "hours 第 1 段“21:30”"),
        ('hours = ["21:30-06:30", "25:00-26:00"]', "hours 第 2 段"),
        ('hours = ["21:30-21:30"]', "hours 第 1 段"),
        ("hours = [2130]", "hours 第 1 段“2130”"),
        ('from = "21:30"', "from:不认识的键"),
        ("hours = [", "不是 TOML"),
        ('hours = ["06:00-23:30"]', "不能超过 16 小时"),
        ("", "hours:应是一张清单"),
    ],
)
def test_a_wrong_file_is_told_and_the_usual_hours_hold(tmp_path, text, fault):
    file = tmp_path / "quiet.toml"
    file.write_text(text, encoding="utf-8")

    found = quiet.load(file, SHANGHAI)

    assert found.hours == USUAL
    (sentence,) = found.faults
    assert sentence.startswith("quiet.toml")
    assert fault in sentence


def test_in_the_hour_that_summer_time_repeats_the_opening_is_not_behind():
    zone = zoneinfo.ZoneInfo("America/New_York")
    hours = quiet.QuietHours(zone, (quiet.Span(dt.time(0, 0), dt.time(1, 30)),))
    again = dt.datetime(2026, 11, 1, 6, 27, tzinfo=dt.UTC)  # 01:27 for the second time

    assert hours.opening(again) == dt.datetime(2026, 11, 1, 6, 30, tzinfo=dt.UTC)

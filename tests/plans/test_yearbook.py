"""The page of the pack: what is committed is what the files say, and its tables keep what they promise."""

import datetime as dt
import pathlib
import re
import shutil
from collections import Counter

import pytest

from bot.calendar import loading
from bot.calendar.days import each
from bot.plans import book as books
from bot.plans import yearbook

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reminders.md"
DAY = re.compile(r"^\| (\d\d)-(\d\d) 周. \| (.*) \| (.*) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def printed():
    return yearbook.page(books.read(ROOT / "config", yearbook.ZONE))


@pytest.fixture(scope="module")
def days(printed):
    """Date, what a school's own group shows, what the county's group shows."""
    return [
        (dt.date(yearbook.YEAR, int(m), int(d)), [c for c in own.split("<br>") if c], [c for c in seen.split("<br>") if c])
        for m, d, own, seen in DAY.findall(printed)
    ]  # fmt: skip


def test_the_page_is_what_the_files_say(printed):
    assert PAGE.read_text(encoding="utf-8") == printed, (
        "run: python -m bot.plans.yearbook > docs/reminders.md"
    )


def test_every_plan_stands_in_the_table(printed):
    rows = re.findall(r"^\| ([RD]\d\d?[a-c]?) \|", printed, re.MULTILINE)

    assert rows == sorted(books.read(ROOT / "config", yearbook.ZONE).entries)


@pytest.mark.parametrize("column", [1, 2])
def test_the_days_keep_what_the_page_promises(days, column):
    sounds = Counter(row[0] for row in days for card in row[column] if "🔔" in card)
    asks = [row[0] for row in days for card in row[column] if "🔔" in card and "别校" not in card]

    assert len(asks) == 26  # as the table of asks says for 小学
    assert max(sounds.values()) == 1
    assert max(Counter(day.isocalendar()[:2] for day in asks).values()) == 2


def test_the_table_of_asks_agrees_with_the_days(printed, days):
    asks = Counter(row[0].isocalendar()[:2] for row in days for card in row[1] if "🔔" in card)
    calendar = loading.load(ROOT / "config" / "calendar", yearbook.ZONE).calendars.of("小学", "DH")
    year = each(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    weeks = {day.isocalendar()[:2] for day in year if calendar.is_school_day(day)}

    assert f"| 小学 | {asks.total()} | 2 | {asks.total() / len(weeks | asks.keys()):.2f} | 1 |" in printed


@pytest.mark.parametrize(
    "row",
    [
        "幼儿园 | 25",
        "幼儿园(有校车) | 26",
        "小学 | 26",
        "初中 | 25",
        "高中 | 26",
        "市直小学 | 38",
        "市直高中 | 38",
    ],
)
def test_a_year_has_so_many_asks(printed, row):
    """The figures of tests/plans/test_pack.py, which reckons them in its own way."""
    assert f"| {row} | 2 |" in printed


def test_the_last_day_before_a_holiday_is_there_in_both_columns(days):
    (day,) = [row for row in days if row[0] == dt.date(2026, 9, 30)]

    assert [card[:11] for card in day[1]] == ["09:00 R03a ", "14:30 R02 离", "🔔15:00 R03b"]
    assert [card[:11] for card in day[2]] == ["09:00 R03a ", "🔔15:00 R03b"]


def test_what_is_meant_for_other_schools_is_said_to_be(days):
    (day,) = [row for row in days if row[0] == dt.date(2026, 2, 9)]  # of high schools the last before 寒假

    assert day[1] == []
    assert [card.endswith("(别校)") for card in day[2]] == [True, True]


def test_a_day_that_may_change_says_so(days):
    unsure = {row[0] for row in days for card in row[1] if "(暂定)" in card}

    assert dt.date(2026, 12, 31) in unsure  # 2027 has no notice yet
    assert dt.date(2026, 9, 30) not in unsure


def test_the_daily_tip_is_counted_by_the_month(printed):
    calendar = loading.load(ROOT / "config" / "calendar", yearbook.ZONE).calendars.of("小学", "DH")
    year = each(dt.date(2026, 1, 1), dt.date(2026, 12, 31))

    told = sum(int(days) for days in re.findall(r"静音,(\d+) 天", printed))
    assert told == sum(calendar.is_school_day(day) for day in year)


def test_a_wrong_file_is_no_page(tmp_path, capsys):
    shutil.copytree(ROOT / "config" / "calendar", tmp_path / "calendar")
    (tmp_path / "reminders").mkdir()
    (tmp_path / "reminders" / "daily.yaml").write_text("- id: R01\n", encoding="utf-8")

    assert yearbook.main([str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("daily.yaml 第 1 行:少了 “kind”")


def test_the_command_prints_the_page(printed, capsys):
    assert yearbook.main([str(ROOT / "config")]) == 0
    assert capsys.readouterr().out == printed

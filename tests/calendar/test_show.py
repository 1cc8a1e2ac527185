"""The year as a page: everything a stranger needs to hold it against the official notice, and where it comes from."""

import datetime as dt
import unicodedata

import pytest

from bot.calendar import loading, showing
from bot.calendar.days import each
from tests.calendar.conftest import SHANGHAI, SHIPPED

LOCAL = """
year = 2027
source = "县局文件"
[[holiday]]
name = "元旦"
first_day_off = 2027-01-01
last_day_off = 2027-01-03
[[break]]
name = "麦假"
county = "DH"
stage = ["小学", "初中"]
first_day_off = 2027-06-07
school_starts = 2027-06-14
make_up_days = [2027-05-29]
provisional = true
"""


@pytest.fixture(scope="module")
def shipped() -> loading.Loaded:
    return loading.load(SHIPPED, SHANGHAI)


def section(lines: list[str], head: str) -> list[str]:
    """The lines under this headline."""
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    end = next((number for number, line in enumerate(lines) if number > start and not line), len(lines))
    return lines[start + 1 : end]


def words(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_the_year_2026_stands_as_in_the_notice_of_the_state_council(shipped) -> None:
    lines = showing.year(shipped, 2026)

    assert lines[0] == "2026 年校历"
    assert words(section(lines, "放假")) == [
        ["元旦", "1月1日(周四)到1月3日(周六)", "3", "天", "补班", "1月4日(周日)", "2026.toml"],
        ["春节", "2月15日(周日)到2月23日(周一)", "9", "天", "补班", "2月14日(周六)、2月28日(周六)", "2026.toml"],
        ["清明", "4月4日(周六)到4月6日(周一)", "3", "天", "2026.toml"],
        ["劳动节", "5月1日(周五)到5月5日(周二)", "5", "天", "补班", "5月9日(周六)", "2026.toml"],
        ["端午", "6月19日(周五)到6月21日(周日)", "3", "天", "2026.toml"],
        ["中秋", "9月25日(周五)到9月27日(周日)", "3", "天", "2026.toml"],
        ["国庆", "10月1日(周四)到10月7日(周三)", "7", "天", "补班", "9月20日(周日)、10月10日(周六)", "2026.toml"],
    ]  # fmt: skip
    assert words(section(lines, "寒暑假"))[0] == [
        "寒假", "小学、初中", "2月3日(周二)放假", "3月5日(周四)返校", "2026.toml",
    ]  # fmt: skip
    assert "暂定" in section(lines, "寒暑假")[2]
    assert words(section(lines, "考试日"))[0][:3] == ["高考", "高中", "6月7日(周日)到6月9日(周二)"]
    assert section(lines, "出处")[0] == f"  2026.toml:{shipped.files[0].source}"


def test_a_year_of_the_package_alone_names_it_and_joins_what_is_one_holiday(shipped) -> None:
    lines = showing.year(shipped, 2025)

    assert words(section(lines, "放假"))[-1] == [
        "国庆、中秋", "10月1日(周三)到10月8日(周三)", "8", "天", "补班", "9月28日(周日)、10月11日(周六)",
        showing.WITH_PROGRAM,
    ]  # fmt: skip
    assert lines[1] == "还没有写 2025 年的寒假、暑假:上学日先按工作日算,都是暂定。"


def test_an_uncovered_year_is_provisional_and_says_what_is_missing(load) -> None:
    lines = showing.year(load(LOCAL), 2027)

    assert lines[1].startswith("2027 年的放假安排还没有写全,缺 春节、清明、劳动节、端午、中秋、国庆。")
    first, *others = words(section(lines, "放假"))
    assert first[-2:] == ["暂定", "2027.toml"]
    assert all(line[-2:] == ["暂定", showing.STATUTORY] for line in others)
    assert words(section(lines, "寒暑假")) == [
        ["麦假", "DH", "小学、初中", "6月7日(周一)放假", "6月14日(周一)返校", "补课", "5月29日(周六)", "暂定", "2027.toml"],
    ]  # fmt: skip
    assert section(lines, "主题日") == ["  没有写"]
    assert section(lines, "出处")[0] == "  2027.toml:县局文件"


def test_school_days_are_counted_by_month_for_all_who_share_them(load, shipped) -> None:
    head, *rows = section(showing.year(load(LOCAL), 2027), "每月上学日")

    assert head.split() == [*(f"{month}月" for month in range(1, 13)), "全年"]
    june = {row.split()[-1]: row.split()[5] for row in rows}
    own = next(whom for whom in june if whom.startswith("DH"))
    assert own == "DH幼儿园、小学、初中、九年一贯、特教"
    assert june[own] == "17*"  # of the week of the 麦假 four days; on its Wednesday is 端午
    assert set(june.values()) == {"17*", "21*"}

    whole = [row.split() for row in section(showing.year(shipped, 2026), "每月上学日")[1:]]
    high = shipped.calendars.of("高中")
    expected = sum(map(high.is_school_day, each(dt.date(2026, 1, 1), dt.date(2026, 12, 31))))
    assert [row[12] for row in whole if row[13].startswith("高中")] == [str(expected)]


def test_columns_stand_under_one_another_on_a_terminal(shipped) -> None:
    def at(line: str, word: str) -> int:
        """Where on a terminal the word begins."""
        before = line[: line.index(word)]
        return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in before)

    lines = showing.year(shipped, 2026)
    for head, word in (("放假", "2026.toml"), ("寒暑假", "2026.toml"), ("主题日", "2026.toml")):
        assert len({at(line, word) for line in section(lines, head)}) == 1

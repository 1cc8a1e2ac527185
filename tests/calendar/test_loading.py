"""Reading config/calendar: a wrong row says where it is, and never stops the others."""

import datetime as dt

import pytest

HEAD = "year = 2027\n"
GOOD = '[[break]]\nname = "寒假"\nfirst_day_off = 2027-01-22\nschool_starts = 2027-02-22\n'


def holiday(**keys: str) -> str:
    row = {"name": '"国庆"', "first_day_off": "2027-10-01", "last_day_off": "2027-10-07", **keys}
    return "[[holiday]]\n" + "".join(f"{key} = {value}\n" for key, value in row.items())


def term_break(**keys: str) -> str:
    row = {"name": '"暑假"', "first_day_off": "2027-07-05", "school_starts": "2027-09-01", **keys}
    return "[[break]]\n" + "".join(f"{key} = {value}\n" for key, value in row.items())


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            term_break(first_day_of="2027-07-05"),
            "第 2 个 [[break]] 的 first_day_of:不认识的键。可以写:name county",
        ),
        (term_break(first_day_off='"2027-07-05"'), "第 2 个 [[break]] 的 first_day_off:应写日期,不加引号"),
        (term_break(first_day_off="2027-07-05T08:00:00"), "的 first_day_off:应写日期"),
        (term_break(first_day_off="2026-07-05"), "的 first_day_off:2026-07-05 不在 2027 年"),
        (
            term_break(school_starts="2027-07-05"),
            "的 school_starts:2027-07-05 应在 first_day_off(2027-07-05)之后",
        ),
        (term_break(school_starts="2028-03-01"), "相隔不超过 200 天"),
        (term_break(name='""'), "的 name:应写名称"),
        (term_break(name=f'"{"很" * 21}"'), "的 name:太长,不超过 20 字"),
        (term_break(name='"暑\\n假"'), "的 name:应写在一行里"),
        (term_break(stage='"小学部"'), "的 stage:“小学部”:可以写 幼儿园、小学、初中"),
        (term_break(county="3"), "的 county:应写一个县的编码"),
        (term_break(provisional='"yes"'), "的 provisional:可以写 true、false"),
        (term_break(make_up_days="[2027-07-02]"), "的 make_up_days:2027-07-02 不是周六或周日"),
        (term_break(make_up_days="[2027-07-10]"), "的 make_up_days:2027-07-10 在假期里"),
        (term_break(make_up_days="2027-07-03"), "的 make_up_days:应是日期的清单"),
        (GOOD, "第 2 个 [[break]] 的 name:“寒假”给全市写了两次"),
        (holiday(last_day_off="2027-09-30"), "第 1 个 [[holiday]] 的 last_day_off:2027-09-30 应在"),
        (holiday(make_up_days="[2027-10-02]"), "的 make_up_days:2027-10-02 又放假又补班"),
        (
            holiday() + holiday(name='"中秋"'),
            "第 2 个 [[holiday]] 的 first_day_off:与“国庆”(2027-10-01 起)重叠",
        ),
        (
            '[[quiet]]\nname = "高考"\nfirst_day = 2027-06-09\nlast_day = 2027-06-07\n',
            "[[quiet]] 的 last_day",
        ),
        ('[[safety]]\nname = "消防"\nfirst_day = 2027-11-09\n', "第 1 个 [[safety]] 的 last_day:应写日期"),
        ('[[holidays]]\nname = "国庆"\n', "holidays:不认识的键。可以写:year source holiday break"),
        ("[quiet]\nname = 1\n", "quiet:每条应以 [[quiet]] 开头"),
    ],
)
def test_a_wrong_row_says_where_it_is_and_what_is_allowed_and_the_others_hold(load, row, fault):
    loaded = load(HEAD + GOOD + row)

    assert any(fault in sentence and sentence.startswith("2027.toml") for sentence in loaded.faults), (
        loaded.faults
    )
    winter = loaded.calendars.of("小学").breaks[0]
    assert (winter.name, winter.school_starts) == ("寒假", dt.date(2027, 2, 22))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("year = 2027\n[[break\n", "2027.toml:不是 TOML("),
        ("[[break]]\n", "2027.toml year:应写哪一年,如 year = 2026"),
        ('year = "2027"\n', "2027.toml year:应写哪一年"),
        ("year = 1999\n", "2027.toml year:应写哪一年"),
        ("a = " + "[" * 3000, "2027.toml:不是 TOML("),
    ],
)
def test_a_wrong_file_never_stops_the_others(load, text, fault):
    loaded = load(text, _2028="year = 2028\n" + GOOD.replace("2027", "2028"))

    assert [sentence[: len(fault)] for sentence in loaded.faults] == [fault]
    assert [row.name for row in loaded.calendars.of("小学").breaks] == ["寒假"]


def test_a_file_that_is_no_text_is_a_fault(load, tmp_path):
    (tmp_path / "2027.toml").write_bytes(b"\xff\xfe\x00year")

    assert load().faults == ("2027.toml:读不了,应为 UTF-8 文本",)


def test_a_year_told_in_part_stays_provisional_and_says_what_is_missing(load):
    loaded = load(HEAD + holiday())

    assert loaded.faults == (
        "2027.toml:[[holiday]] 还缺 元旦、春节、清明、劳动节、端午、中秋,补齐之前 2027 年的日子都是暂定",
    )
    assert loaded.calendars.of().is_provisional(dt.date(2027, 10, 5))
    assert not loaded.calendars.of().is_workday(dt.date(2027, 10, 5))


def test_terms_may_come_before_the_holidays_of_a_year(load):
    loaded = load(HEAD + GOOD)

    assert loaded.faults == ()
    assert loaded.calendars.of("小学").is_provisional(dt.date(2027, 3, 1))


def test_a_winter_break_may_begin_in_december_and_be_one_of_two_that_do(load):
    winter = '[[break]]\nname = "寒假"\nfirst_day_off = {}-12-28\nschool_starts = {}-02-20\n'
    loaded = load(HEAD + winter.format(2026, 2027), _2028="year = 2028\n" + winter.format(2027, 2028))

    assert loaded.faults == ()
    assert [row.first_day_off.year for row in loaded.calendars.of("小学").breaks] == [2026, 2027]


def test_without_a_folder_the_country_s_days_remain(load, tmp_path):
    (tmp_path / "notes.txt").write_text("no calendar", encoding="utf-8")
    loaded = load()

    assert loaded.faults == ()
    assert loaded.calendars.of().is_workday(dt.date(2026, 9, 20))

"""Text, audience and deadline as they are understood: nothing here needs a database."""

import contextlib
import datetime as dt
import pathlib
import zoneinfo

import hypothesis
import pytest
from hypothesis import strategies as st

from bot import errors
from bot.composing import pasting, rules, when, whom
from bot.composing.whom import Choice
from bot.roster import audience

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 9, 30, 15, 6, tzinfo=ZONE)  # a Wednesday

NINE = """关于做好国庆假期校园安全工作的通知
各县(市、区)教育局、市直各学校:
一、开展一次安全教育。
1.防溺水;
2.防交通事故。
二、排查一次隐患。
三、落实值班带班。
四、严格请假制度。
五、管好校车食堂。
六、加强网络管理。
七、做好家校沟通。
八、及时报送信息。
九、做好收假准备。
"""


def test_lines_that_begin_with_a_number_become_items_and_theirs_below_stay_with_them():
    found = pasting.read(NINE)

    assert found.title == "关于做好国庆假期校园安全工作的通知"
    assert len(found.items) == 9
    assert found.items[0] == "开展一次安全教育。\n1.防溺水;\n2.防交通事故。"
    assert found.items[8] == "做好收假准备。"
    assert found.text == ""
    assert found.full_text.startswith("关于做好国庆")


@pytest.mark.parametrize("mark", ["{0}.", "{0}、", "({0})", "\uff08{0}\uff09", "{0})", "{0}\uff0e"])
def test_every_usual_number_opens_an_item(mark):
    text = "标题\n" + "\n".join(f"{mark.format(n)}第{n}件" for n in (1, 2, 3))

    assert pasting.read(text).items == ("第1件", "第2件", "第3件")


@pytest.mark.parametrize("line", ["2026年9月30日", "1.5米以上的围墙", "12所学校", "一中和二中", "十分重要"])
def test_what_only_looks_like_a_number_opens_none(line):
    assert pasting.read(f"标题\n{line}\n{line}").items == ()


def test_a_single_number_numbers_nothing():
    assert pasting.read("标题\n1.只有一件").items == ()


def test_a_short_text_stands_on_the_card_whole():
    found = pasting.read("明天开始放假。\n\n请今天上完安全课。")

    assert found == pasting.Pasted("明天开始放假。", "明天开始放假。\n请今天上完安全课。", "", ())


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("安全工作提醒\n一、检查校门\n二、做好值班", ""),
        ("安全工作提醒\n各校请今天办好。\n一、检查校门\n二、做好值班\n附件不另发", "各校请今天办好。"),
        ("一、检查校门\n二、做好值班", ""),
        ("字" * 31 + "\n一、检查校门\n二、做好值班", "字" * 31),
        ("请逐项落实。\n详见原文。", "请逐项落实。\n详见原文。"),
    ],
)
def test_beside_items_stands_neither_title_nor_item(text, beside):
    assert pasting.beside_items(text) == beside


@hypothesis.given(st.text(max_size=400))
def test_whatever_is_pasted_is_kept(text):
    found = pasting.read(text)

    assert bool(found.text) != bool(found.full_text) or not text.split()
    assert len(found.title) <= 30
    assert not found.text or pasting.fits_card(found.text)
    kept = "".join((found.text or found.full_text).split())
    assert kept == "".join(text.split())


# ── deadlines ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("今天17:00", "2026-09-30 17:00"), ("明天12:00", "2026-10-01 12:00"), ("明天中午12点", "2026-10-01 12:00"),
        ("10月9日12点", "2026-10-09 12:00"), ("10月9日", "2026-10-09 17:00"), ("10.9 12:30", "2026-10-09 12:30"),
        ("周五17:00", "2026-10-02 17:00"), ("本周五下午5点半", "2026-10-02 17:30"), ("下周一上午9点", "2026-10-05 09:00"),
        ("周三14:00", "2026-10-07 14:00"), ("星期日", "2026-10-04 17:00"), ("后天17:00前", "2026-10-02 17:00"),
        ("17:30", "2026-09-30 17:30"), ("下午六点", "2026-09-30 18:00"), ("今晚8点", "2026-09-30 20:00"),
        ("2小时后", "2026-09-30 17:06"), ("半小时后", "2026-09-30 15:36"), ("两天内", "2026-10-02 15:06"),
        ("1月5日12点", "2027-01-05 12:00"), ("2027年1月5日12点", "2027-01-05 12:00"),
        ("17\uff1a30", "2026-09-30 17:30"), ("+2h", "2026-09-30 17:06"), ("next day at 12:00", "2026-10-01 12:00"),
        ("12-05 17:00", "2026-12-05 17:00"),
    ],
)  # fmt: skip
def test_a_deadline_is_read_as_it_is_said(said, meant):
    assert when.read(said, NOW.astimezone(dt.UTC), ZONE) == dt.datetime.fromisoformat(meant).replace(
        tzinfo=ZONE
    )


@pytest.mark.parametrize("said", ["今晚", "明晚", "今晚前"])
def test_an_evening_without_an_hour_is_asked_for_one(said):
    with pytest.raises(errors.Refused, match="几点"):
        when.read(said, NOW.astimezone(dt.UTC), ZONE)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "尽快",
        "今天14:00",
        "9月1日",
        "本周一",
        "25:00",
        "2月30日12点",
        "明天12:75",
        "2028年1月1日",
        "下午",
        "十三点",
        "3日",
    ],
)
def test_what_is_no_time_to_come_is_refused(said):
    with pytest.raises(errors.Refused):
        when.read(said, NOW.astimezone(dt.UTC), ZONE)


@hypothesis.given(st.text(max_size=20))
def test_no_word_breaks_the_reading_of_a_deadline(said):
    with contextlib.suppress(errors.Refused):
        assert when.read(said, NOW.astimezone(dt.UTC), ZONE) > NOW


# ── the audience ─────────────────────────────────────────────────────────────────────────────────

WORDS = (
    *whom.KINDS,
    *whom.FEATURES,
    "county:DH",
    "county:SY",
    "stage:初中",
    "stage:高中",
    "tag:山区",
    "tag:低洼",
)


@hypothesis.given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_every_row_of_taps_is_an_audience_and_is_read_back(taps):
    choice = Choice()
    for word in taps:
        choice = choice.turned(word)
    text = choice.text()

    assert not text or audience.parse(text).text == text
    back = whom.read(text)
    assert back is not None
    assert back.text() == text
    assert all(back.state(word) is choice.state(word) for word in WORDS if word != "schools")


def test_taps_take_leave_out_and_let_go():
    choice = (
        Choice()
        .turned("schools")
        .turned("county:DH")
        .turned("county:SY")
        .turned("tag:山区")
        .turned("tag:山区")
    )

    assert choice.text() == "schools and (county:DH or county:SY) and not tag:山区"
    assert choice.turned("tag:山区").text() == "schools and (county:DH or county:SY)"


@pytest.mark.parametrize(
    "text", ["schools and (boarding or tag:山区) and not county:DH", "not (schools or k12)", "unit:X"]
)
def test_what_somebody_wrote_is_not_taken_for_taps(text):
    audience.parse(text)
    assert whom.read(text) is None or whom.read(text).text() == text


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ("schools", "schools and county:DH"), ("schools or colleges", "(schools or colleges) and county:DH"),
        ("schools and county:DH", "schools and county:DH"),
        ("(schools or k12) and boarding", "(schools or k12) and boarding and county:DH"),
    ],
)  # fmt: skip
def test_an_audience_is_narrowed_to_ones_own_county_once(text, narrowed):
    assert whom.within(text, ["DH"]) == narrowed


def test_too_long_a_choice_is_refused():
    choice = Choice(tuple(f"county:{'X' * 30}{n}" for n in range(12)))
    with pytest.raises(errors.Refused, match="除外"):
        choice.text()


# ── the house rules ──────────────────────────────────────────────────────────────────────────────


def test_the_shipped_rules_are_the_usual_ones_and_without_fault():
    shipped = pathlib.Path(__file__).parents[2] / "config" / rules.FILE

    assert rules.load(shipped) == rules.Loaded(rules.Rules())
    assert rules.load(shipped.with_name("none.toml")) == rules.Loaded(rules.Rules())


@pytest.mark.parametrize(
    "line", ["city = true", "asks_a_week = -1", "asks_a_week = true", "now_needs_two = 1", "x"]
)
def test_a_faulty_file_leaves_the_usual_rules_and_says_what_is_wrong(line, tmp_path):
    file = tmp_path / rules.FILE
    file.write_text(line)
    loaded = rules.load(file)

    assert loaded.rules == rules.Rules()
    assert len(loaded.faults) == 1


def test_an_edited_file_is_in_force_at_once(tmp_path):
    file = tmp_path / rules.FILE
    house = rules.Watched(file)
    assert house() == rules.Rules()
    file.write_text("asks_a_week = 5\n")
    assert house().asks_a_week == 5
    file.write_text("asks_a_week = a lot\n")
    assert house() == rules.Rules()


def test_the_rules_of_a_file_hold(tmp_path):
    file = tmp_path / rules.FILE
    file.write_text("city_needs_two = false\nasks_a_week = 0\n")

    assert rules.load(file).rules == rules.Rules(city_needs_two=False, asks_a_week=0)

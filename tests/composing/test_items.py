"""The items of a draft: party and deadline as pasted, mended in words, and never such that sending fails."""

import datetime as dt
import zoneinfo

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.composing import parties
from bot.composing.model import State
from bot.composing.rules import Rules
from tests.composing.desk import Bureau, at

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
NOW = at("2026-09-30 15:06")
ALONE = Rules(city_needs_two=False)
MINUTES = "国庆假期安全工作\n一、开展一次自查(安全科,10月9日前)\n二、排查消防用电\n三、值班到人(责任人:校长)"


def read(text: str) -> tuple[str, str, str]:
    told = parties.read(text, NOW, ZONE)
    due = told.due_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") if told.due_at else ""
    return told.text, told.party, due


@pytest.mark.parametrize(
    ("text", "party", "due"),
    [
        ("自查(安全科,11月30日前)", "安全科", "2026-11-30 17:00"),
        ("自查(安全科、校长,11月30日12:00前完成)", "安全科、校长", "2026-11-30 12:00"),
        ("自查(11月30日前)", "", "2026-11-30 17:00"),
        ("自查(1月5日前报)", "", "2027-01-05 17:00"),
        ("自查\uff08总务处\uff0c12月1日前\uff09", "总务处", "2026-12-01 17:00"),
        ("自查(责任单位:安全科)", "安全科", ""),
        ("自查(责任单位:安全科;完成时限:11月30日)", "安全科", "2026-11-30 17:00"),
        ("自查\n责任人:王校长\n完成时限:2026年10月12日12:00", "王校长", "2026-10-12 12:00"),
    ],
)
def test_a_party_and_a_deadline_written_in_a_plain_form_are_read(text, party, due):
    assert read(text) == ("自查", party, due)


@pytest.mark.parametrize(
    "text",
    [
        "自查(安全科)", "自查(含宿舍,11月30日前)", "自查(后勤,见附件)", "自查(9月1日前)", "自查(本周五前)", "自查(明天前)",
        "自查(2月30日前)", "自查(各类办公室,11月30日前)", "(安全科,11月30日前)", "自查(11月30日前,12月1日前)",
        "自查(安全科,11月底前)", "11月30日前自查", "自查(", "自查()", "自查(11月30日)", "责任单位:安全科",
    ],
)  # fmt: skip
def test_what_might_mean_something_else_is_left_alone(text):
    assert read(text) == (text, "", "")


def test_the_foot_of_a_letter_stays_below_its_last_item():
    assert read("自查(安全科,11月30日前)\n云川市教育局") == (
        "自查\n云川市教育局",
        "安全科",
        "2026-11-30 17:00",
    )


WORDS = st.sampled_from("(,;)\uff08\uff0c\n责任单位:安全科11月30日前校长自查完成时限 ")


@hypothesis.given(st.lists(WORDS, max_size=30).map("".join))
def test_nothing_but_brackets_and_labels_is_taken_from_an_item(text):
    told = parties.read(text, NOW, ZONE)

    assert told.text.strip() or not text.strip()
    assert len(told.party) <= parties.PARTY_CHARS
    if not told.party and told.due_at is None:
        assert told.text.split() == text.split()


# ── in the composer ──────────────────────────────────────────────────────────────────────────────


async def composed(bureau: Bureau, text: str = MINUTES, due: str = "10月12日17:00") -> None:
    """A directive without a deadline's button: it is typed."""
    bureau.rules = ALONE
    await bureau.start()
    await bureau.type("刘市安", text)
    if "请写一句话" in bureau.page():
        await bureau.press("刘市安", "就用标题")
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    await bureau.press("刘市安", "逐项")
    await bureau.type("刘市安", due)
    await bureau.press("刘市安", "响一声")


async def dues(bureau: Bureau) -> list[tuple[str, str, dt.datetime | None]]:
    return [(it.key, it.party, it.due_at) for it in (await bureau.draft()).items]


async def test_what_was_pasted_is_shown_with_party_and_deadline(bureau: Bureau) -> None:
    await composed(bureau)
    assert "1 开展一次自查(安全科) 10月9日(周五)17:00前 2 排查消防用电 3 值班到人(校长)" in bureau.page()
    assert await dues(bureau) == [
        ("1", "安全科", at("2026-10-09 17:00")),
        ("2", "", None),
        ("3", "校长", None),
    ]


async def test_the_whole_can_be_due_with_its_last_item(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await bureau.start()
    await bureau.type("刘市安", MINUTES)
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    await bureau.press("刘市安", "逐项")
    await bureau.press("刘市安", "随最后一项 10月9日(周五)17:00")
    assert (await bureau.draft()).due_at == at("2026-10-09 17:00")


async def test_a_deadline_of_an_item_is_set_and_cleared_in_words_and_read_back(bureau: Bureau) -> None:
    await composed(bureau)
    await bureau.press("刘市安", "改分项")
    assert "截止:随整件事" in await bureau.press("刘市安", "2 排查消防用电")
    assert "截止:10月8日(周四)12:00" in await bureau.type("刘市安", "10月8日12点")
    for typed, said in (
        ("尽快", "⚠️ 看不懂“尽快”。可以写:明天12:00"),
        ("9月1日", "⚠️ 这个时间已经过了。"),
        ("10月20日", "⚠️ 不能晚于整件事的截止 10月12日(周一)17:00。"),
        ("5分钟后", "⚠️ 截止时间太近"),
    ):
        assert said in await bureau.type("刘市安", typed), typed
        assert "截止:10月8日(周四)12:00" in bureau.page()
    assert "截止:随整件事" in await bureau.type("刘市安", "不要")
    await bureau.type("刘市安", "10月8日12点")
    assert "截止:随整件事" in await bureau.press("刘市安", "不单独截止")
    await bureau.press("刘市安", "改责任方")
    assert "⚠️ 太长了:写了 41 字,最多 40 字" in await bureau.type("刘市安", "长" * 41)
    assert "责任方:总务处" in await bureau.type("刘市安", "总务处")
    assert "责任方:没写" in await bureau.press("刘市安", "不写责任方")
    await bureau.press("刘市安", "◂ 返回")
    assert "将发给 6 校" in await bureau.press("刘市安", "◂ 返回")


async def test_an_item_due_after_the_whole_is_never_sent(bureau: Bureau) -> None:
    await composed(bureau, due="10月8日17:00")
    page = await bureau.press("刘市安", "发送(6)")
    assert "⚠️ 第 1 项的截止 10月9日(周五)17:00 太近,或晚于整件事,请改一改。" in page
    assert (await bureau.draft()).state is State.OPEN
    await bureau.press("刘市安", "1 开展一次自查")
    await bureau.type("刘市安", "10月8日12:00")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "发送(6)")
    (published,) = await bureau.tick(seconds=60)
    assert published is not None


async def test_an_item_whose_deadline_comes_near_while_a_second_is_asked_brings_it_back(
    bureau: Bureau,
) -> None:
    await composed(bureau)
    bureau.rules = Rules()
    await bureau.press("刘市安", "改分项")
    await bureau.press("刘市安", "2 排查消防用电")
    await bureau.type("刘市安", "今天16:00")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    bureau.now += dt.timedelta(minutes=52)
    await bureau.press("何局长", "同意发送")
    assert "截止时间太近或已过,没有发出。" in (await bureau.delivered())["刘市安"]
    assert await bureau.notices() == []


def many(count: int) -> str:
    return "许多件事\n" + "\n".join(f"{n}. 第{n}件事" for n in range(1, count + 1))


async def test_forty_items_are_all_kept_and_paged(bureau: Bureau) -> None:
    await composed(bureau, many(40))
    assert "…共 40 项" in bureau.page()
    assert "1/5 页" in await bureau.press("刘市安", "改分项")
    page = await bureau.press("刘市安", "◂")
    assert "40 第40件事" in page
    assert "第 40 项" in await bureau.press("刘市安", "40 第40件事")
    assert "5/5 页" in await bureau.press("刘市安", "◂ 返回")


async def test_more_items_than_a_notice_can_have_are_refused_not_cut(bureau: Bureau) -> None:
    await bureau.start()
    assert "⚠️ 分项有 51 项,最多 50 项,请分两次发。" in await bureau.type("刘市安", many(51))
    assert "⚠️ 分项有 51 项" in (await bureau.file("刘市安", caption=many(51)) or "")
    draft = await bureau.draft()
    assert (draft.title, draft.items) == ("", ())


async def test_a_page_of_items_that_are_no_more_leads_to_those_there_are(bureau: Bureau) -> None:
    await composed(bureau)
    await bureau.press("刘市安", "改分项")
    await bureau.press("刘市安", "3 值班到人")
    old = bureau.button("刘市安", "改责任方")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "改文字")
    await bureau.type("刘市安", "两件事\n一、甲\n二、乙")
    await bureau.send_data("刘市安", old)
    assert bureau.toast == "这一页刚更新过,请看现在的样子。"

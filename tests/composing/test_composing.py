"""Composing a draft: what is typed, tapped, attached; who may; what is said before anything is sent."""

import datetime as dt

import pytest

from bot import errors
from bot.composing import opinions, place
from bot.composing.model import State
from bot.composing.rules import Rules
from bot.db import Database
from bot.delivery.message import Callback
from bot.inbox import questions
from bot.retention import purge
from bot.retention.periods import Periods
from tests.composing.desk import NINE, USERS, WORDS, Bureau, at

ALONE = Rules(city_needs_two=False)


async def sent(bureau: Bureau, name: str = "刘市安", **how: str) -> int:
    """Composed, sent and out; the notice's number."""
    await bureau.ready(name, **how)
    label = next(label for label in bureau.labels(name) if label.startswith("发送("))
    await bureau.press(name, label)
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    bureau.now += dt.timedelta(seconds=1)
    return published.notice_id


# ── a draft survives, and there is one ───────────────────────────────────────────────────────────


async def test_a_draft_is_gone_on_with_after_a_restart(bureau: Bureau, desk_url: str) -> None:
    await bureau.start()
    await bureau.type("刘市安", NINE)
    other = Bureau(await Database.open(desk_url, clock=lambda: bureau.now), bureau.now, bureau.rules)
    try:
        assert "您有一份没发的草稿:国庆假期安全工作" in await other.start()
        assert "请写一句话" in await other.press("刘市安", "接着写")
        assert "发给谁?" in await other.type("刘市安", "九项工作,逐项落实。")
    finally:
        await other.db.close()
    draft = await bureau.draft()
    assert (draft.text, len(draft.items)) == ("九项工作,逐项落实。", 9)


async def test_a_new_draft_takes_the_old_ones_place_only_when_told_to(bureau: Bureau) -> None:
    await bureau.ready()
    first = await bureau.draft()
    await bureau.start()
    assert (await bureau.draft()).id == first.id
    assert "把要发的文字粘贴" in await bureau.press("刘市安", "重新写,旧的不要")
    assert (await bureau.draft()).id != first.id
    assert (await bureau.draft(first.id)).state is State.GIVEN_UP


async def test_a_page_of_an_earlier_edition_changes_nothing(bureau: Bureau) -> None:
    await bureau.ready()
    old = bureau.button("刘市安", "改声音")
    await bureau.press("刘市安", "改回复")
    stale = bureau.button("刘市安", "不用回")
    await bureau.press("刘市安", "写一句")
    before = await bureau.draft()
    for callback in (stale, old, Callback(place.DROP, before.id, before.edition - 1)):
        assert "将发给 6 校" in await bureau.send_data("刘市安", callback)
        assert bureau.toast == "这一页刚更新过,请看现在的样子。"
    after = await bureau.draft()
    assert (after.kind, after.edition, after.state) == (before.kind, before.edition, State.OPEN)


async def test_a_draft_that_is_dropped_stays_so(bureau: Bureau) -> None:
    await bureau.ready()
    send = bureau.button("刘市安", "请另一位同意发送(6)")
    assert "这份草稿不发了:明天放假" in await bureau.press("刘市安", "不发了")
    await bureau.send_data("刘市安", send)
    assert (await bureau.draft()).state is State.GIVEN_UP
    assert await bureau.tick(seconds=600) == []


async def test_every_question_leads_back(bureau: Bureau) -> None:
    await bureau.ready()
    for change in ("改文字", "改标题", "改发给谁", "改回复", "改截止", "改声音", "先发一个县", "看名单"):
        await bureau.press("刘市安", change)
        back = "下一步" if change == "改文字" else "◂ 返回"
        assert "将发给 6 校" in await bureau.press("刘市安", back), change


async def test_without_all_answers_a_question_leads_to_the_one_before(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假。")
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    assert "发给谁?" in await bureau.press("刘市安", "◂ 返回")
    assert "把要发的文字粘贴" in await bureau.press("刘市安", "◂ 返回")
    assert "学校怎么回?" in await bureau.press("刘市安", "下一步")


# ── text, files ──────────────────────────────────────────────────────────────────────────────────


async def test_a_long_text_cut_in_two_by_telegram_is_one(bureau: Bureau) -> None:
    await bureau.start()
    lines = NINE.split("\n")
    await bureau.type("刘市安", "\n".join(lines[:6]))
    assert "9 项" in await bureau.type("刘市安", "\n".join(lines[6:]))
    assert len((await bureau.draft()).items) == 9


async def test_what_cannot_be_used_is_said_and_the_question_stays(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", NINE)
    assert "⚠️ 太长了:写了 81 字,最多 80 字" in await bureau.type("刘市安", "字" * 81)
    await bureau.type("刘市安", "九项工作。")
    assert "⚠️ 没找到“哪个小学”" in await bureau.type("刘市安", "金滩镇小学、哪个小学")
    assert "2 个单位" in await bureau.type("刘市安", "金滩镇小学、红岭镇中学")
    await bureau.press("刘市安", "下一步")
    await bureau.press("刘市安", "点一下")
    assert "⚠️ 这个时间已经过了。" in await bureau.type("刘市安", "今天上午9点")
    await bureau.type("刘市安", "10月9日12点")
    assert "10月9日(周五)12:00截止" in await bureau.press("刘市安", "响一声")


async def test_a_deadline_is_written_on_a_page_of_its_own_and_read_back_at_once(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假,请上好安全课。")
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    await bureau.press("刘市安", "点一下")
    assert bureau.labels()[:4] == ["今天17:00", "明天12:00(放假)", "本周五17:00(放假)", "自己写"]
    assert "请写什么时候截止" in await bureau.press("刘市安", "自己写")
    assert bureau.labels() == ["◂ 返回", "不发了"]
    assert "⚠️ “今晚”几点? 请写上,如 今晚8点。" in await bureau.type("刘市安", "今晚")
    assert "截止:今天20:00 手机要不要响?" in await bureau.type("刘市安", "今晚8点")


async def test_files_go_with_it_up_to_five(bureau: Bureau) -> None:
    await bureau.start()
    assert await bureau.file("王金滩") is None
    assert "附件 1 个" in (await bureau.file("刘市安") or "")
    assert "只收 Word" in (await bureau.file("刘市安", "病毒.exe") or "")
    assert "只收 Word" in (await bureau.file("刘市安", "大.pdf", size=30 << 20) or "")
    for _ in range(4):
        await bureau.file("刘市安", "", kind="photo")
    assert "⚠️ 最多附 5 个文件。" in (await bureau.file("刘市安") or "")
    bureau.rules = ALONE
    await bureau.ready_from_here()
    await bureau.press("刘市安", "不要附件")
    assert "附件" not in bureau.page()


@pytest.mark.parametrize("name", ["扫描.jpg", "扫描.JPEG", "截图.png"])
async def test_a_picture_sent_as_a_file_is_attached(bureau: Bureau, name: str) -> None:
    await bureau.start()
    assert "附件 1 个" in (await bureau.file("刘市安", name) or "")


async def test_a_file_sent_while_a_second_officer_is_asked_is_told_not_to_be_attached(bureau: Bureau) -> None:
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    assert "等另一位同意" in (await bureau.file("刘市安") or "")
    assert [m.html for m in bureau.also] == ["这条正等另一位同意,文件没有附上。要附,请先点“收回来改”。"]
    assert (await bureau.draft()).files == ()
    assert "收回来改" in bureau.labels()


async def test_what_stands_under_a_file_is_the_text_where_there_is_none(bureau: Bureau) -> None:
    await bureau.start()
    assert "9 项,附件 1 个" in (await bureau.file("刘市安", caption=NINE) or "")
    await bureau.file("刘市安", caption="另一份文件")
    draft = await bureau.draft()
    assert (draft.title, len(draft.files), len(draft.items)) == ("国庆假期安全工作", 2, 9)


async def test_a_directive_is_rehearsed_with_its_title_once(bureau: Bureau) -> None:
    await bureau.ready(text=NINE, kind="逐项")
    await bureau.press("刘市安", "先发给我看")
    (card,) = bureau.also
    assert card.html.count("国庆假期安全工作") == 1
    assert "共 9 项" in card.html
    assert [row[0].text for row in card.rows] == ["👌 已知悉", "📝 逐项反馈", "📄 看全文"]


SHORT = "安全工作提醒\n一、检查校门\n二、做好值班"


async def test_a_short_directives_card_has_its_title_once_and_no_item(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await bureau.binds("DH")
    page = await bureau.ready(text=SHORT, kind="逐项")
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=61)
    card = (await bureau.card("DH")).html
    preview = page.split("── 学校看到的卡片 ──")[1].split("[")[0]
    for shown in (card, preview):
        assert shown.count("安全工作提醒") == 1
        assert "检查校门" not in shown
    assert len(card.splitlines()) <= 6


async def test_more_than_a_directives_card_can_hold_asks_for_one_short_line(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", "安全工作提醒\n" + "校" * 41 + "\n一、检查校门\n二、做好值班")
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    assert "请写一句话放在卡片上,40 字以内" in await bureau.press("刘市安", "逐项")
    await bureau.type("刘市安", "字" * 41)
    assert (await bureau.draft()).text == ""
    assert "什么时候截止" in await bureau.type("刘市安", "字" * 40)
    draft = await bureau.draft()
    assert (draft.full_text.split("\n")[0], len(draft.items)) == ("安全工作提醒", 2)


@pytest.mark.parametrize("kind", ["点一下", "逐项", "写一句", "不用回"])
async def test_the_card_of_a_group_is_rehearsed_as_it_then_comes(bureau: Bureau, kind: str) -> None:
    bureau.rules = ALONE
    await bureau.binds("DH")
    await bureau.binds("SY")
    await bureau.ready(text=NINE, kind=kind)
    await bureau.press("刘市安", "先发给我看")
    (rehearsed,) = bureau.also
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=61)
    card = await bureau.card("DH")
    assert rehearsed.html.removeprefix("【预演,只您看到】").split() == card.html.split()
    assert [row[0].text for row in rehearsed.rows] == [row[0].text for row in card.rows]


async def test_the_card_is_rehearsed_for_the_author_alone(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.file("刘市安")
    await bureau.ready_from_here(text=NINE)
    await bureau.press("刘市安", "先发给我看")
    (card,) = bureau.also
    assert card.html.startswith("【预演,只您看到】")
    labels = [b.text for row in card.rows for b in row]
    assert labels == ["✅ 已落实", "⚠️ 有困难", "📄 看全文", "📎 看原文"]
    full, files = (row[0].callback for row in card.rows[2:])
    await bureau.send_data("刘市安", card.rows[0][0].callback)
    assert bureau.toast == "这是预演,点了不算。"
    await bureau.send_data("刘市安", full)
    assert bureau.also[0].html == NINE
    await bureau.send_data("刘市安", files)
    assert bureau.also[0].file_id == "file-1"
    with pytest.raises(errors.NotAllowed):
        await bureau.send_data("陈山阳", full)
    assert await bureau.notices() == []


# ── whom ─────────────────────────────────────────────────────────────────────────────────────────


async def test_taps_combine_and_each_shows_how_many(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假。")
    assert "☐ 寄宿 4" in bureau.labels()
    assert "现在是:各校,6 个单位" in await bureau.press("刘市安", "☐ 各校 6")
    await bureau.press("刘市安", "标签")
    assert bureau.labels()[:2] == ["☐ 低洼 1", "☐ 山区 2"]
    assert "2 个单位" in await bureau.press("刘市安", "☐ 山区 2")
    assert "现在是:各校,除外:山区,4 个单位" in await bureau.press("刘市安", "☑ 山区 2")
    await bureau.press("刘市安", "◂ 返回")
    assert "现在是:各校且寄宿,除外:山区,3 个单位" in await bureau.press("刘市安", "☐ 寄宿 4")
    await bureau.press("刘市安", "县(市、区)")
    assert "1 个单位" in await bureau.press("刘市安", "☐ 大河县")
    assert (await bureau.draft()).audience == "schools and county:DH and boarding and not tag:山区"


async def test_words_as_files_have_them_can_be_typed(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假。")
    assert "⚠️ 没找到“schools”。请写校名、县名或代码" in await bureau.type("刘市安", "schools and(")
    assert "⚠️ 名册里没有代码“DH99”。" in await bureau.type("刘市安", "schools and not unit:DH99")
    page = await bureau.type("刘市安", "schools and (boarding or tag:山区) and not county:SY")
    assert "现在是:各校且(寄宿或山区),除外:山阳市,4 个单位" in page


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("金滩小学", "unit:DH1"), ("市一中、白塔", "unit:SZ1 or unit:SY1"), ("dh2", "unit:DH2"),
        ("DH1,SY2", "unit:DH1 or unit:SY2"), ("大河县、云川师专", "county:DH or unit:GX1"), ("大河县银桥镇中学", "unit:DH2"),
    ],
)  # fmt: skip
async def test_units_are_found_by_what_people_call_them(bureau: Bureau, said: str, meant: str) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假。")
    await bureau.type("刘市安", said)
    assert (await bureau.draft()).audience == meant


@pytest.mark.parametrize(
    ("said", "answer"),
    [("小学", "⚠️ “小学”有 3 个,请写全名或代码。"), ("哪个小学", "⚠️ 没找到“哪个小学”。"), ("所有学校", "⚠️ 没找到“所有学校”。")],
)  # fmt: skip
async def test_a_name_that_means_none_or_several_is_answered_in_one_sentence(
    bureau: Bureau, said: str, answer: str
) -> None:
    await bureau.start()
    await bureau.type("刘市安", "明天放假。")
    assert answer in await bureau.type("刘市安", said)
    assert (await bureau.draft()).audience == ""


async def test_a_countys_officer_sends_to_his_own_schools_alone(bureau: Bureau) -> None:
    await bureau.start("郑大河")
    await bureau.type("郑大河", "明天放假。")
    labels = " ".join(bureau.labels("郑大河"))
    assert "☐ 各校 3" in labels
    assert "高校" not in labels
    assert "县(市、区)" not in labels
    assert "3 个单位" in await bureau.press("郑大河", "☐ 各校 3")
    assert (await bureau.draft()).audience == "schools and county:DH"
    for typed in ("schools", "not kindergartens", "schools or colleges"):
        await bureau.type("郑大河", typed)
        assert "county:DH" in (await bureau.draft()).audience
    assert "⚠️ 有的单位不归您发" in await bureau.type("郑大河", "county:SY or county:DH")
    await bureau.press("郑大河", "下一步")
    assert (
        "没找到" in await bureau.type("郑大河", "白塔镇小学") if "发给谁" in bureau.page("郑大河") else True
    )


async def test_nobody_touches_anothers_draft(bureau: Bureau) -> None:
    await bureau.ready()
    for name in ("马市局", "何局长", "郑大河", "王金滩", "督导员", "张管理"):
        for label in ("不发了", "请另一位同意发送(6)", "改文字"):
            with pytest.raises(errors.NotAllowed):
                await bureau.send_data(name, bureau.button("刘市安", label))
    assert (await bureau.draft()).state is State.OPEN


@pytest.mark.parametrize("name", ["何局长", "王金滩", "督导员", "张管理"])
async def test_who_may_send_nothing_cannot_begin(bureau: Bureau, name: str) -> None:
    with pytest.raises(errors.NotAllowed):
        await bureau.start(name)


# ── what is said before ──────────────────────────────────────────────────────────────────────────


async def test_the_fourth_routine_ask_of_a_week_needs_a_reason(each_bureau: Bureau) -> None:
    each_bureau.rules = ALONE
    for _ in range(3):
        await sent(each_bureau, whom="金滩镇小学、白塔镇小学")
    page = await each_bureau.ready()
    assert "本周这些学校最多已被问 3 次。" in page
    assert "⚠️ 2 校本周已问满,再问要写为什么。" in page
    assert "有 2 校本周已问满 3 次。" in await each_bureau.press("刘市安", "发送(6)")
    assert (await each_bureau.draft()).state is State.OPEN
    assert "再问要写为什么:明天就放假" in await each_bureau.type("刘市安", "明天就放假")
    await each_bureau.press("刘市安", "发送(6)")
    assert (await each_bureau.draft()).state is State.LEAVING


async def test_what_is_urgent_or_owes_no_answer_does_not_count(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False, now_needs_two=False, asks_a_week=1)
    await sent(bureau, sound="紧急,马上看")
    await sent(bureau, kind="不用回")
    assert "本周" not in await bureau.ready()
    await bureau.press("刘市安", "不发了")
    await sent(bureau)
    assert "6 校本周已问满" in await bureau.ready()


async def test_the_week_begins_on_monday(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False, asks_a_week=1)
    await sent(bureau)
    bureau.now += dt.timedelta(days=5)
    assert "本周" not in await bureau.ready()


async def test_the_difference_to_the_last_time_is_told(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await sent(bureau, whom="金滩镇小学、白塔镇小学")
    page = await bureau.ready(whom="金滩镇小学、红岭镇中学、市第一中学")
    assert "上次9月30日(周三)发给 2 校,这次多 2,少 1。" in page


@pytest.mark.parametrize(
    ("time", "sound", "is_told"),
    [
        ("22:10", "响一声", True),
        ("13:00", "响一声", True),
        ("22:10", "紧急", False),
        ("15:06", "响一声", False),
    ],
)
async def test_who_sends_in_quiet_hours_is_told_that_it_sounds(
    bureau: Bureau, time: str, sound: str, is_told: bool
) -> None:
    bureau.now = at(f"2026-09-30 {time}")
    assert ("现在是休息时间,发出去手机会响。" in await bureau.ready(sound=sound)) is is_told


async def test_a_silent_reminder_disturbs_nobody(bureau: Bureau) -> None:
    bureau.now = at("2026-09-30 22:10")
    assert "休息时间" not in await bureau.ready(kind="不用回", sound="不响")


async def test_the_rest_is_not_compared_with_its_own_first_part(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await sent(bureau, whom="schools and not county:DH")
    await bureau.ready(whom="schools")
    await bureau.press("刘市安", "先发一个县")
    assert "上次9月30日(周三)发给 3 校,这次多 3,少 3。" in await bureau.press("刘市安", "大河县 3")
    await bureau.press("刘市安", "发送(3)")
    await bureau.tick(seconds=61)
    await bureau.delivered()
    assert "上次9月30日(周三)发给 3 校,这次一样。" in await bureau.press("刘市安", "发其余的")


async def test_who_cannot_be_reached_is_listed(bureau: Bureau) -> None:
    assert "2 个私聊;4 校现在收不到。" in await bureau.ready()
    page = await bureau.press("刘市安", "看名单 4")
    assert "1 银桥镇中学 大河县 2 柳树镇小学 大河县 3 白塔镇小学 山阳市 4 红岭镇中学 山阳市" in page


# ── again ────────────────────────────────────────────────────────────────────────────────────────


async def test_an_old_notice_is_sent_again_with_a_new_deadline(each_bureau: Bureau) -> None:
    each_bureau.rules = ALONE
    await each_bureau.start()
    await each_bureau.file("刘市安")
    await each_bureau.ready_from_here(text=NINE, kind="逐项")
    await each_bureau.press("刘市安", "发送(6)")
    await each_bureau.tick(seconds=60)
    await each_bureau.start()
    assert "什么时候截止?" in await each_bureau.press("刘市安", "再发:国庆假期安全工作")
    draft = await each_bureau.draft()
    assert (len(draft.items), len(draft.files), draft.full_text) == (9, 1, NINE)
    page = await each_bureau.press("刘市安", "明天12:00")
    assert "这次一样。" in page
    await each_bureau.press("刘市安", "发送(6)")
    await each_bureau.tick(seconds=60)
    assert len(await each_bureau.notices()) == 2


async def test_a_county_sends_the_citys_notice_again_to_its_own(bureau: Bureau) -> None:
    bureau.rules = ALONE
    number = await sent(bureau)
    await bureau.start("郑大河")
    await bureau.press("郑大河", "再发:明天放假")
    assert "将发给 3 校" in await bureau.press("郑大河", "明天12:00")

    other = await sent(bureau, whom="白塔镇小学")
    await bureau.press("郑大河", "不发了")
    with pytest.raises(errors.NotAllowed):
        await bureau.send_data("郑大河", Callback(place.AGAIN, other))
    assert number != other


async def test_an_old_notice_does_not_silently_replace_a_draft(bureau: Bureau) -> None:
    bureau.rules = ALONE
    number = await sent(bureau)
    await bureau.ready(text="另一件事。")
    assert "您有一份没发的草稿:另一件事。" in await bureau.send_data("刘市安", Callback(place.AGAIN, number))
    await bureau.press("刘市安", "重新写,旧的不要")
    assert (await bureau.draft()).again == number


# ── opinions ─────────────────────────────────────────────────────────────────────────────────────


async def test_an_opinion_reaches_the_bureaus_officers_and_the_trail_keeps_no_word_of_it(
    bureau: Bureau,
) -> None:
    user = USERS["王金滩"]
    await bureau.db.transact(opinions.ask, user_id=user, words=WORDS)
    assert (await bureau.db.read(questions.open, bureau.now, user)).kind == opinions.QUESTION
    assert await bureau.db.transact(opinions.tell, "按钮太小,\n看不清", user_id=user)

    assert await bureau.delivered() == {"马市局": "【意见】金滩镇小学 王校长 15:06 按钮太小, 看不清"}
    assert len(await bureau.trail("opinion")) == 1
    for _ in range(4):
        await bureau.db.transact(opinions.tell, "再说一句", user_id=user)
    with pytest.raises(errors.Refused, match="明天"):
        await bureau.db.transact(opinions.ask, user_id=user, words=WORDS)
    with pytest.raises(errors.NotAllowed):
        await bureau.db.transact(opinions.tell, "我是路人", user_id=99)


async def test_an_opinion_is_forgotten_with_the_deliveries(bureau: Bureau) -> None:
    await bureau.db.transact(opinions.tell, "按钮太小", user_id=USERS["王金滩"])
    for days, left in ((89, 1), (91, 0)):
        now = bureau.now + dt.timedelta(days=days)
        await bureau.db.transact(
            lambda tx, _, now=now: purge.batch(tx, now, Periods(), actor="cli", owner="t")
        )
        assert (await bureau.db.read(opinions.find, 1) is not None) == left

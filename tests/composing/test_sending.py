"""From a draft to exactly one notice: the minute, two people, two processes, and everything that changes in between."""

import asyncio
import datetime as dt

import pytest

from bot import errors
from bot.composing import sending
from bot.composing.model import State
from bot.composing.rules import Rules
from bot.composing.sending import Agreed
from bot.db import Database
from tests.composing.desk import NINE, USERS, Bureau

ALL = {"DH1", "DH2", "DH3", "SY1", "SY2", "SZ1"}
DH = {"DH1", "DH2", "DH3"}


# ── the minute ───────────────────────────────────────────────────────────────────────────────────


async def test_nothing_leaves_within_a_minute_and_then_one_notice_does(each_bureau: Bureau) -> None:
    each_bureau.rules = Rules(city_needs_two=False)
    await each_bureau.ready()
    assert "【马上发出】" in await each_bureau.press("刘市安", "发送(6)")
    assert each_bureau.toast == "1 分钟后发出,可以撤销。"
    assert await each_bureau.tick(seconds=59) == []
    (published,) = await each_bureau.tick(seconds=1)

    assert published is not None
    assert (published.units, await each_bureau.expected(published.notice_id)) == (6, 6)
    assert await each_bureau.asked(published.notice_id) == ALL
    assert (await each_bureau.draft()).notice_id == published.notice_id
    assert "✅ 已发出:明天放假" in (await each_bureau.delivered())["刘市安"]
    assert await each_bureau.tick(seconds=600) == []


async def test_the_page_of_a_draft_that_has_left_offers_nothing_that_is_over(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)
    shown = await bureau.came_private()
    page = next(message for message in shown if message.edit_of == 77)
    assert "✅ 已发出:明天放假" in page.html
    assert page.rows == ()


async def test_what_a_second_officer_agreed_to_leaves_no_page_behind_that_waits(bureau: Bureau) -> None:
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    await bureau.press("何局长", "同意发送")
    agreed = await bureau.came_private()
    assert [m.rows for m in agreed if m.edit_of == 77] == [()]
    (told,) = [m for m in agreed if m.edit_of is None]
    assert [b.text for row in told.rows for b in row] == ["撤销"]

    await bureau.tick(seconds=60)
    after = await bureau.came_private()
    assert {m.html for m in after} == {after[0].html}
    assert len([m for m in after if m.edit_of is not None and not m.rows]) == 2
    assert len([m for m in after if m.edit_of is None and m.rows]) == 1


async def test_within_its_minute_it_is_taken_back_and_can_be_sent_again(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.press("刘市安", "发送(6)")
    undo = bureau.button("刘市安", "撤销")
    assert "将发给 6 校" in await bureau.press("刘市安", "撤销")
    assert bureau.toast == "已撤销,没有发出。"
    assert await bureau.tick(seconds=120) == []

    await bureau.press("刘市安", "发送(6)")
    await bureau.send_data("刘市安", undo)  # of the first time: it does nothing now
    assert (await bureau.draft()).state is State.LEAVING
    assert len(await bureau.tick(seconds=60)) == 1
    await bureau.send_data("刘市安", undo)
    assert "✅ 已发出" in bureau.page()
    assert len(await bureau.notices()) == 1


async def test_a_double_tap_makes_one_notice(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    send = bureau.button("刘市安", "发送(6)")
    for _ in range(3):
        await bureau.send_data("刘市安", send)
    await bureau.tick(seconds=60)
    await bureau.send_data("刘市安", send)
    await bureau.tick(seconds=60)

    assert len(await bureau.notices()) == 1


async def test_two_processes_that_look_at_once_make_one_notice(
    each_bureau: Bureau, database_url: str
) -> None:
    each_bureau.rules = Rules(city_needs_two=False)
    await each_bureau.ready()
    await each_bureau.press("刘市安", "发送(6)")
    each_bureau.now += dt.timedelta(seconds=60)
    draft_id = (await each_bureau.draft()).id
    other = await Database.open(database_url, clock=lambda: each_bureau.now)
    try:
        done = await asyncio.gather(
            *(
                db.transact(sending.leave, draft_id, desk=each_bureau.desk)
                for db in (each_bureau.db, other) * 3
            )
        )
    finally:
        await other.close()

    assert sum(one is not None for one in done) == 1
    assert len(await each_bureau.notices()) == 1


async def test_what_should_have_left_long_ago_goes_back_to_its_author(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.press("刘市安", "发送(6)")

    assert await bureau.tick(seconds=60 + 1801) == [None]
    assert "我刚才没在运行,没有发出。" in (await bureau.delivered())["刘市安"]
    assert "将发给 6 校" in await bureau.press("刘市安", "改一改")


# ── two people ───────────────────────────────────────────────────────────────────────────────────


async def test_what_reaches_more_than_one_county_needs_a_second_officer(bureau: Bureau) -> None:
    page = await bureau.ready()
    assert "要另一位同意才发。" in page
    assert "等另一位同意" in await bureau.press("刘市安", "请另一位同意发送(6)")
    assert await bureau.tick(seconds=600) == []
    came = await bureau.delivered()
    assert set(came) == {"马市局", "何局长"}
    assert "【请同意发送】刘专员写的:明天放假" in came["何局长"]
    assert "将发给 6 校" in came["何局长"]

    await bureau.press("何局长", "同意发送")
    assert bureau.toast == "已同意,1 分钟后发出。"
    assert bureau.page("何局长").endswith("何领导已同意发送。")
    came = await bureau.delivered()
    assert "何领导已同意发送。" in came["马市局"]
    assert "何领导同意了。" in came["刘市安"]
    assert bureau.labels() == ["撤销"]
    (published,) = await bureau.tick(seconds=60)

    assert published is not None
    (notice,) = await bureau.notices()
    by = await bureau.trail("send_ask", "send_agree", "publish")
    assert by == [
        (notice.published_by, "send_ask"), (notice.released_by, "send_agree"), (notice.published_by, "publish"),
    ]  # fmt: skip
    assert notice.published_by != notice.released_by
    assert "何领导同意的" in (await bureau.delivered())["刘市安"]


async def test_two_who_agree_at_once_are_one_word(each_bureau: Bureau, database_url: str) -> None:
    await each_bureau.ready()
    await each_bureau.press("刘市安", "请另一位同意发送(6)")
    draft = await each_bureau.draft()
    other = await Database.open(database_url, clock=lambda: each_bureau.now)
    try:
        done = await asyncio.gather(
            each_bureau.db.transact(
                sending.agree, USERS["马市局"], draft.id, draft.edition, desk=each_bureau.desk
            ),
            other.transact(sending.agree, USERS["何局长"], draft.id, draft.edition, desk=each_bureau.desk),
        )
    finally:
        await other.close()

    assert sorted(done) == [Agreed.DONE, Agreed.OVER]
    assert len(await each_bureau.trail("send_agree")) == 1
    assert len(await each_bureau.tick(seconds=60)) == 1


@pytest.mark.parametrize("name", ["刘市安", "郑大河", "邓县长", "督导员", "王金滩", "张管理"])
async def test_nobody_else_can_agree_or_refuse(bureau: Bureau, name: str) -> None:
    """Not the author, no county's officer, no leader of one county, no inspector, school or administrator."""
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    for label in ("同意发送", "不同意"):
        callback = bureau.button("何局长", label)
        with pytest.raises(errors.NotAllowed):
            await bureau.send_data(name, callback)

    assert (await bureau.draft()).state is State.ASKED


async def test_a_second_officer_who_does_not_agree_says_why(each_bureau: Bureau) -> None:
    await each_bureau.ready()
    await each_bureau.press("刘市安", "请另一位同意发送(6)")
    await each_bureau.delivered()
    await each_bureau.press("马市局", "不同意")
    await each_bureau.type("马市局", "时间太紧,\n改到后天。")
    came = await each_bureau.delivered()

    assert came["刘市安"] == "【没有发出】明天放假,请上好安全课。 马专员没同意:时间太紧, 改到后天。"
    assert came["何局长"].endswith("马专员没同意。")
    assert "将发给 6 校" in await each_bureau.press("刘市安", "改一改")
    assert each_bureau.labels("何局长") == []
    assert await each_bureau.tick(seconds=120) == []


async def test_what_was_asked_before_it_was_changed_cannot_be_agreed_to(bureau: Bureau) -> None:
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    old = bureau.button("何局长", "同意发送")
    await bureau.press("刘市安", "收回来改")
    assert "已收回或改过" in (await bureau.delivered())["何局长"]
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.send_data("何局长", old)

    assert bureau.toast == "已经收回、改过或有人定了。"
    assert (await bureau.draft()).state is State.ASKED


async def test_an_urgent_notice_of_a_county_needs_a_second_officer_too(bureau: Bureau) -> None:
    page = await bureau.ready("郑大河", sound="紧急,马上看")
    assert "要另一位同意才发。" in page
    await bureau.press("郑大河", "请另一位同意发送(3)")

    assert set(await bureau.delivered()) == {"刘市安", "马市局", "何局长", "邓县长"}
    await bureau.press("邓县长", "同意发送")
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    (notice,) = await bureau.notices()
    assert (notice.level, notice.category, notice.chase) == ("now", "emergency", "urgent")


async def test_where_nobody_could_agree_the_author_is_told(bureau: Bureau) -> None:
    for name in ("马市局", "何局长"):
        await bureau.loses_post(name)
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")

    assert bureau.toast == "还没有别的市局专员或领导登记,发不了。请一位先登记。"
    assert (await bureau.draft()).state is State.OPEN


# ── what changes meanwhile ───────────────────────────────────────────────────────────────────────


async def test_a_school_that_opens_before_sending_is_seen_first(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.opens("DH9", "DH")
    assert "将发给 7 校" in await bureau.press("刘市安", "发送(6)")
    assert bureau.toast == "名单刚变了,请再看一遍。"
    assert (await bureau.draft()).state is State.OPEN

    await bureau.press("刘市安", "发送(7)")
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    assert await bureau.expected(published.notice_id) == 7


async def test_a_school_that_opens_within_the_minute_brings_it_back(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.press("刘市安", "发送(6)")
    await bureau.opens("DH9", "DH")

    assert await bureau.tick(seconds=60) == [None]
    assert "名单刚变了,现在是 7 个单位,没有发出。" in (await bureau.delivered())["刘市安"]
    assert await bureau.notices() == []


async def test_a_school_that_opens_before_the_second_word_is_put_to_them_anew(bureau: Bureau) -> None:
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    old = bureau.button("马市局", "同意发送")
    await bureau.opens("DH9", "DH")
    await bureau.send_data("马市局", old)
    assert bureau.toast == "名单刚变了,请看新的一条。"
    came = await bureau.delivered()
    assert "将发给 7 校" in came["马市局"] or "将发给 7 校" in came["何局长"]
    assert (await bureau.draft()).state is State.ASKED


async def test_an_author_who_lost_his_post_sends_nothing(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    send = bureau.button("刘市安", "发送(6)")
    await bureau.press("刘市安", "发送(6)")
    await bureau.loses_post("刘市安")

    assert await bureau.tick(seconds=60) == [None]
    with pytest.raises(errors.NotAllowed):
        await bureau.send_data("刘市安", send)
    assert await bureau.notices() == []


async def test_nobody_agrees_for_an_author_who_lost_his_post(bureau: Bureau) -> None:
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    await bureau.loses_post("刘市安")
    await bureau.press("何局长", "同意发送")

    assert bureau.toast == "已经收回、改过或有人定了。"
    assert await bureau.tick(seconds=120) == []


async def test_a_deadline_that_has_come_too_near_brings_it_back(bureau: Bureau) -> None:
    await bureau.ready(due="今天17:00")
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.delivered()
    bureau.now += dt.timedelta(hours=2)
    await bureau.press("何局长", "同意发送")

    assert "截止时间太近或已过" in (await bureau.delivered())["刘市安"]
    assert (await bureau.draft()).state is State.OPEN


# ── what becomes of it ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind", "becomes"),
    [
        (NINE, "逐项", "directive"), (NINE, "点一下", "confirm"), (NINE, "写一句", "report"), (NINE, "不用回", "reminder"),
        ("明天放假。", "点一下", "confirm"),
    ],
)  # fmt: skip
async def test_what_was_told_before_is_what_is_sent_and_what_the_table_expects(
    bureau: Bureau, text: str, kind: str, becomes: str
) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready(text=text, kind=kind)
    await bureau.press("刘市安", "发送(6)")
    (published,) = await bureau.tick(seconds=60)

    assert published is not None
    assert published.units == 6
    (notice,) = await bureau.notices()
    assert notice.kind == becomes
    if kind != "不用回":
        assert await bureau.expected(published.notice_id) == 6


@pytest.mark.parametrize(
    ("whom", "codes", "reach"),
    [
        ("schools", ALL, "2 个群、1 个私聊;2 校现在收不到"),
        ("schools or colleges", ALL | {"GX1"}, "2 个群、1 个私聊;3 校现在收不到"),
        ("schools and not county:DH", ALL - DH, "0 个群、1 个私聊;2 校现在收不到"),
        ("boarding and not colleges", {"DH2", "SY2", "SZ1"}, "1 个群、1 个私聊;1 校现在收不到"),
        ("金滩镇小学、市第一中学", {"DH1", "SZ1"}, "1 个群、1 个私聊。"),
        ("counties or tag:低洼", {"DH", "SY", "DH3"}, "1 个群、1 个私聊。"),
    ],
)  # fmt: skip
async def test_whoever_is_meant_as_many_are_told_as_are_asked_and_written_to(
    bureau: Bureau, whom: str, codes: set[str], reach: str
) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.binds("DH")
    await bureau.binds("DH1")
    assert reach in await bureau.ready(whom=whom)
    await bureau.press("刘市安", f"发送({len(codes)})")
    (published,) = await bureau.tick(seconds=60)

    assert published is not None
    assert await bureau.asked(published.notice_id) == codes
    assert await bureau.expected(published.notice_id) == published.units == len(codes)
    groups, private = (int(part.split(" ")[0]) for part in reach.split("、"))
    assert published.chats == groups + private


async def test_a_county_goes_first_and_the_rest_after_it(each_bureau: Bureau) -> None:
    await each_bureau.ready()
    await each_bureau.press("刘市安", "先发一个县")
    assert each_bureau.labels()[:2] == ["大河县 3", "山阳市 2"]
    assert "将发给 3 校" in await each_bureau.press("刘市安", "大河县 3")
    assert "发给:各校,先发大河县" in each_bureau.page()
    await each_bureau.press("刘市安", "发送(3)")
    (first,) = await each_bureau.tick(seconds=60)
    assert first is not None
    assert await each_bureau.asked(first.notice_id) == DH
    await each_bureau.delivered()
    each_bureau.now += dt.timedelta(seconds=10)
    assert "将发给 3 校" in await each_bureau.press("刘市安", "发其余的")
    await each_bureau.press("刘市安", "请另一位同意发送(3)")
    await each_bureau.delivered()
    await each_bureau.press("何局长", "同意发送")
    (rest,) = await each_bureau.tick(seconds=60)

    assert rest is not None
    assert await each_bureau.asked(rest.notice_id) == ALL - DH


async def test_a_reminder_needs_no_deadline_and_owes_no_answer(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    page = await bureau.ready(kind="不用回", sound="不响")
    assert "【提醒】" in page
    assert "截止" not in page
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)

    (notice,) = await bureau.notices()
    assert (notice.kind, notice.level, notice.due_at) == ("reminder", "info", None)


async def test_a_trial_asks_as_many_as_it_says(db: Database, tmp_path) -> None:
    bureau = Bureau(db, rules=Rules(city_needs_two=False))
    await bureau.found(tmp_path, is_armed=False)
    assert "还在试运行:只到管理员和试点群。" in await bureau.ready()
    await bureau.press("刘市安", "发送(6)")
    (published,) = await bureau.tick(seconds=60)

    assert published is not None
    assert published.is_trial
    assert await bureau.expected(published.notice_id) == 6

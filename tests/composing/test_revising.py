"""A next version from a draft: what is asked again is shown before, and nothing else is asked again."""

import asyncio
import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from bot import errors
from bot.composing import matching, place, sending
from bot.composing.model import State
from bot.composing.rules import Rules
from bot.db import Database, Tx
from bot.delivery.message import Callback
from bot.notices import answer, model, queries, recall, revise
from bot.notices.answer import Press
from bot.notices.publish import Item
from bot.notices.rules import Value
from tests.composing.desk import NINE, USERS, Bureau, at

ALONE = Rules(city_needs_two=False)
FIVE = "国庆假期安全工作\n" + "\n".join(
    f"{n}、第{n}件事,请逐项落实到人,做完一件报一件。" for n in "一二三四五"
)

# ── which item is which ──────────────────────────────────────────────────────────────────────────

STANDING = [queries.Item(key, 1, text, "", None) for key, text in (
    ("1", "开展一次安全教育"), ("2", "排查消防用电隐患"), ("3", "落实值班和领导带班"), ("4", "清理校园周边"),
)]  # fmt: skip


def names(*texts: str, used: set[str] | None = None) -> list[tuple[str, str]]:
    fresh = [Item(str(n), text) for n, text in enumerate(texts, start=1)]
    found = matching.matched(STANDING, fresh, used or {"1", "2", "3", "4"})
    return [(it.key, it.text) for it in found]


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (("开展一次安全教育", "排查消防用电隐患", "落实值班和领导带班", "清理校园周边"), "1 2 3 4"),
        (("开展一次安全教育", "排查消防用电隐患", "落实24小时值班", "清理校园周边"), "1 2 3 4"),
        (("开展一次安全教育", "排查消防用电隐患", "完全不同的另一件事", "清理校园周边"), "1 2 3 4"),
        (("开展一次安全教育", "排查消防用电隐患", "清理校园周边"), "1 2 4"),
        (
            ("开展一次安全教育", "排查消防用电隐患", "管好校车", "落实值班和领导带班", "清理校园周边"),
            "1 2 2-1 3 4",
        ),
        (
            ("管好校车", "开展一次安全教育", "排查消防用电隐患", "落实值班和领导带班", "清理校园周边"),
            "0-1 1 2 3 4",
        ),
        (
            ("开展一次安全教育", "排查消防用电隐患", "落实值班和领导带班", "清理校园周边", "管好校车"),
            "1 2 3 4 5",
        ),
        (("开展一次安全教育", "排查消防用电和校舍隐患", "清理校园周边"), "1 2 4"),
        (("清理校园周边", "开展一次安全教育"), "4 1"),
        (("甲", "乙", "丙", "丁", "戊"), "0-1 0-2 0-3 0-4 5"),
    ],
)
def test_an_item_keeps_the_name_under_which_it_was_answered(texts, keys):
    assert " ".join(key for key, _ in names(*texts)) == keys


def test_a_space_or_a_full_stop_asks_nothing_again():
    said = ("开展一次 安全教育。", "排查消防用电隐患;", "落实值班和领导带班", "清理校园周边")
    assert [text for _, text in names(*said)] == [it.text for it in STANDING]


def test_a_name_that_is_gone_is_not_given_to_another_item():
    found = names(*(it.text for it in STANDING), "管好校车", used={"1", "2", "3", "4", "5"})
    assert found[-1] == ("6", "管好校车")


def test_party_deadline_and_kind_of_answer_stay_where_none_is_pasted():
    was = [queries.Item("1", 1, "转达到校", "安全科", at("2026-10-09 17:00"), "schools")]
    (it,) = matching.matched(was, [Item("1", "转达到每一所学校")], {"1"})
    assert (it.party, it.due_at, it.asks) == ("安全科", at("2026-10-09 17:00"), "schools")
    (it,) = matching.matched(was, [Item("1", "转达到校", "总务处")], {"1"})
    assert it.party == "总务处"


# ── from paste to version 2 ──────────────────────────────────────────────────────────────────────


async def sent(bureau: Bureau, text: str = FIVE, kind: str = "逐项", whom: str = "☐ 各校") -> int:
    """Published, and its cards have come; the notice's number."""
    bureau.rules = ALONE
    await bureau.ready(text=text, kind=kind, whom=whom)
    await bureau.press("刘市安", next(label for label in bureau.labels() if label.startswith("发送(")))
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    bureau.now += dt.timedelta(seconds=30)
    return published.notice_id


async def revising(bureau: Bureau, notice: int, name: str = "刘市安") -> str:
    return await bureau.send_data(name, Callback(place.REVISE, notice))


async def tap(bureau: Bureau, notice: int, item: str, *, version: int = 1) -> answer.Said:
    """The principal of 金滩镇小学 answers an item."""
    bureau.now += dt.timedelta(seconds=1)
    user = USERS["王金滩"]
    it = Press(notice, version, Value.YES, user, user, None, item=item)
    return (await bureau.db.transact(answer.press, it)).said


async def done(bureau: Bureau, notice: int, code: str = "DH1") -> tuple[str, ...]:
    found = await bureau.db.read(queries.statuses, notice)
    return next(s.done for s in found if s.code == code)


async def test_changing_item_three_asks_item_three_again_and_nothing_else(each_bureau: Bureau) -> None:
    bureau = each_bureau
    notice = await sent(bureau)
    for item in "1234":
        assert await tap(bureau, notice, item) is answer.Said.ITEM
    assert "现在是第 1 版。请把改好的全文整段发给我,连同“一、二、”。" in await revising(bureau, notice)
    assert "".join(m.html for m in bureau.also) == FIVE
    await bureau.type("刘市安", FIVE.replace("第三件事", "第三件要紧事"))
    page = await bureau.press("刘市安", "还用原来的")
    assert "── 和第 1 版比 ── 要重新报:第 3 项 其余 4 项照旧,报过的算数 文字有改动 ──" in page
    assert "第 2 版" in page
    assert await done(bureau, notice) == ("1", "2", "3", "4")
    await bureau.press("刘市安", "发送(6)")
    assert await bureau.tick(seconds=59) == []
    await bureau.tick(seconds=1)
    assert await done(bureau, notice) == ("1", "2", "4")
    bureau.now += dt.timedelta(seconds=1)
    assert await tap(bureau, notice, "3") is answer.Said.OLD_VERSION
    assert await tap(bureau, notice, "3", version=2) is answer.Said.ITEM
    assert await done(bureau, notice) == ("1", "2", "3", "4")
    assert len(await bureau.notices()) == 1
    assert "✅ 已改:国庆假期安全工作,第 2 版 发给 6 个单位。" in (await bureau.delivered())["刘市安"]
    assert "改一版" in bureau.labels()
    assert await bureau.expected(notice) == 6


async def test_the_deadline_moves_alone_and_no_item_is_asked_again(bureau: Bureau) -> None:
    notice = await sent(bureau)
    await tap(bureau, notice, "1")
    await revising(bureau, notice)
    assert "⚠️ 没有改动。" in await bureau.press("刘市安", "下一步")
    assert not any(label.startswith("发送") for label in bureau.labels())
    await bureau.press("刘市安", "改截止")
    page = await bureau.type("刘市安", "10月9日17:00")
    assert "截止:10月1日(周四)12:00 改为 10月9日(周五)17:00" in page
    assert "会收到新的一条,旧的写明“通知改过了”。" in page
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)
    table = await bureau.db.read(queries.table, notice, now=bureau.now)
    assert (table.notice.version, table.notice.due_at) == (2, at("2026-10-09 17:00"))
    assert await done(bureau, notice) == ("1",)


async def test_of_a_simple_notice_text_and_deadline_are_corrected_in_place(bureau: Bureau) -> None:
    notice = await sent(bureau, text="明天放假,请上好安全课。", kind="点一下")
    page = await revising(bureau, notice)
    assert "连同" not in page
    assert "会改过来,标【更正】,不用再回。" in await bureau.type("刘市安", "后天放假,请上好安全课。")
    assert "【更正】【请点一下·10月1日(周四)12:00前】 后天放假" in bureau.page()
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)
    assert (await bureau.notices())[0].version == 2


async def test_what_is_copied_back_unchanged_is_not_changed_though_its_day_has_passed(bureau: Bureau) -> None:
    text = FIVE.replace("报一件。", "报一件(安全科,10月9日前)。", 1)
    bureau.rules = ALONE
    await bureau.start()
    await bureau.type("刘市安", text)
    await bureau.press("刘市安", "就用标题")
    await bureau.press("刘市安", "☐ 各校")
    await bureau.press("刘市安", "下一步")
    await bureau.press("刘市安", "逐项")
    await bureau.type("刘市安", "10月12日17:00")
    await bureau.press("刘市安", "响一声")
    await bureau.press("刘市安", "发送(6)")
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    bureau.now = at("2026-10-10 09:00")
    await revising(bureau, published.notice_id)
    await bureau.type("刘市安", text)
    assert "⚠️ 没有改动。" in await bureau.press("刘市安", "还用原来的")
    await bureau.press("刘市安", "改文字")
    await bureau.type("刘市安", text.replace("第二件", "第2件"))
    assert "要重新报:第 2 项" in await bureau.press("刘市安", "还用原来的")
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)
    assert (await bureau.notices())[0].version == 2


async def test_an_item_whose_day_has_passed_is_asked_again_only_with_a_new_one(bureau: Bureau) -> None:
    notice = await sent(bureau)
    bureau.now = at("2026-10-01 13:00")
    await revising(bureau, notice)
    await bureau.type("刘市安", FIVE.replace("第三件事", "第三件要紧事"))
    assert "⚠️ 第 3 项要重新报,请给它写一个还没到的截止时间。" in await bureau.press("刘市安", "还用原来的")
    assert not any(label.startswith("发送") for label in bureau.labels())
    assert "改截止" not in bureau.labels()
    await bureau.press("刘市安", "改分项")
    await bureau.press("刘市安", "3 第三件要紧事")
    await bureau.type("刘市安", "10月9日")
    await bureau.press("刘市安", "◂ 返回")
    assert "要重新报:第 3 项" in await bureau.press("刘市安", "◂ 返回")
    await bureau.press("刘市安", "发送(6)")
    await bureau.tick(seconds=60)
    assert (await bureau.notices())[0].version == 2


# ── what may not be ──────────────────────────────────────────────────────────────────────────────


async def test_whom_and_how_the_notice_has_settled(bureau: Bureau) -> None:
    notice = await sent(bureau)
    await revising(bureau, notice)
    before = await bureau.draft()
    for action, args in (
        (place.KIND, ("confirm",)), (place.SOUND, ("now",)), (place.CLEAR, ()), (place.WORD, ("w", "0", "x")),
        (place.FIRST, ("1",)), (place.NO_FILES, ()), (place.PAGE, ("w",)), (place.PAGE, ("n",)), (place.PAGE, ("k",)),
    ):  # fmt: skip
        page = await bureau.send_data("刘市安", Callback(action, before.id, before.edition, args))
        assert "和第 1 版比" in page, action
    assert await bureau.draft() == dataclasses.replace(before, message_id=77)
    assert "⚠️ 改一版不能换附件。" in (await bureau.file("刘市安") or "")
    assert (await bureau.draft()).files == ()


async def test_without_items_a_directive_stays_as_it_is(bureau: Bureau) -> None:
    notice = await sent(bureau)
    await revising(bureau, notice)
    assert "⚠️ 没看到分项。" in await bureau.type("刘市安", "一句话。")
    assert len((await bureau.draft()).items) == 5


async def test_who_may_not_change_it_cannot_begin(bureau: Bureau) -> None:
    notice = await sent(bureau)
    for name in ("郑大河", "何局长", "督导员", "王金滩", "张管理"):
        with pytest.raises(errors.NotAllowed):
            await revising(bureau, notice, name)
    assert "现在是第 1 版" in await revising(bureau, notice, "马市局")  # a colleague of the city's


async def test_what_is_over_recalled_or_wants_no_answer_cannot_be_revised(bureau: Bureau) -> None:
    reminder = await sent(bureau, text="明天放假。", kind="不用回")
    with pytest.raises(errors.Refused, match="更正"):
        await revising(bureau, reminder)
    notice = await sent(bureau)
    await bureau.db.transact(recall.recall, notice, by="test")
    with pytest.raises(errors.Refused, match="结束"):
        await revising(bureau, notice)
    notice = await sent(bureau)
    bureau.now += dt.timedelta(days=9)
    with pytest.raises(errors.Refused, match="结束"):
        await revising(bureau, notice)


async def test_a_draft_under_way_is_not_silently_replaced(bureau: Bureau) -> None:
    notice = await sent(bureau)
    await bureau.ready(text="另一件事。")
    assert "您有一份没发的草稿:另一件事。" in await revising(bureau, notice)
    assert "现在是第 1 版" in await bureau.press("刘市安", "重新写,旧的不要")
    assert (await bureau.draft()).revises == notice


# ── two people, and others at it ─────────────────────────────────────────────────────────────────


async def three_changed(bureau: Bureau, notice: int) -> None:
    await revising(bureau, notice)
    await bureau.type("刘市安", FIVE.replace("第三件事", "第三件要紧事"))
    await bureau.press("刘市安", "还用原来的")


async def test_a_next_version_needs_a_second_officer_as_the_first_does(bureau: Bureau) -> None:
    notice = await sent(bureau)
    bureau.rules = Rules()
    await three_changed(bureau, notice)
    assert "要另一位同意才发。" in bureau.page()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    came = await bureau.delivered()
    assert "【请同意改一版】刘专员改的:国庆假期安全工作 ── 和第 1 版比 ── 要重新报:第 3 项" in came["何局长"]
    callback = bureau.button("何局长", "同意发送")
    for name in ("刘市安", "郑大河", "督导员"):
        with pytest.raises(errors.NotAllowed):
            await bureau.send_data(name, callback)
    await bureau.press("何局长", "同意发送")
    assert "何领导已同意发送。" in bureau.page("何局长")
    await bureau.tick(seconds=60)
    assert (await bureau.notices())[0].version == 2
    version = sa.select(model.notice_version.c.released_by).order_by(model.notice_version.c.version)
    first, second = await bureau.db.read(lambda tx: list(tx.execute(version).scalars()))
    assert (first, second[:8]) == ("", "contact:")
    assert "何领导同意的" in (await bureau.delivered())["刘市安"]
    assert [verb for _, verb in await bureau.trail("send_ask", "send_agree", "revise")] == [
        "send_ask",
        "send_agree",
        "revise",
    ]


def _corrected(tx: Tx, now: dt.datetime, notice: int) -> None:
    items = tuple(Item(it.key, f"{it.text}改", it.party, it.due_at) for it in queries.standing(tx, notice))
    revise.revise(tx, now, notice, text="", full_text=FIVE, items=items, by="test")


@pytest.mark.parametrize("when", ["before sending", "before agreeing", "within the minute"])
async def test_what_a_colleague_has_changed_meanwhile_is_not_overwritten(bureau: Bureau, when: str) -> None:
    notice = await sent(bureau)
    bureau.rules = Rules()
    await three_changed(bureau, notice)
    if when == "before sending":
        await bureau.db.transact(_corrected, notice)
    await bureau.press("刘市安", "请另一位同意发送(6)")
    if when == "before sending":
        assert "⚠️ 刚有人改过这条通知,请重新打开看。" in bureau.page()
        return
    await bureau.delivered()
    if when == "before agreeing":
        await bureau.db.transact(_corrected, notice)
    await bureau.press("何局长", "同意发送")
    if when == "within the minute":
        await bureau.db.transact(_corrected, notice)
    await bureau.tick(seconds=60)
    assert "刚有人改过这条通知" in (await bureau.delivered())["刘市安"]
    assert (await bureau.notices())[0].version == 2
    assert (await bureau.draft()).state is State.OPEN
    count = sa.select(sa.func.count()).select_from(model.notice_version)
    assert await bureau.db.read(lambda tx: tx.execute(count).scalar_one()) == 2


async def test_a_recall_within_the_minute_leaves_nothing_to_revise(bureau: Bureau) -> None:
    notice = await sent(bureau)
    await three_changed(bureau, notice)
    await bureau.press("刘市安", "发送(6)")
    await bureau.db.transact(recall.recall, notice, by="test")
    await bureau.tick(seconds=60)
    assert "这条通知已经结束" in (await bureau.delivered())["刘市安"]
    assert (await bureau.notices())[0].version == 1


async def test_two_processes_that_look_at_once_make_one_version(
    each_bureau: Bureau, database_url: str
) -> None:
    notice = await sent(each_bureau)
    await three_changed(each_bureau, notice)
    await each_bureau.press("刘市安", "发送(6)")
    each_bureau.now += dt.timedelta(seconds=60)
    draft_id = (await each_bureau.draft()).id
    other = await Database.open(database_url, clock=lambda: each_bureau.now)
    try:
        found = await asyncio.gather(
            *(
                db.transact(sending.leave, draft_id, desk=each_bureau.desk)
                for db in (each_bureau.db, other) * 3
            )
        )
    finally:
        await other.close()
    assert sum(one is not None for one in found) == 1
    assert (await each_bureau.notices())[0].version == 2


async def test_a_revision_is_gone_on_with_after_a_restart_at_each_step(bureau: Bureau, desk_url: str) -> None:
    notice = await sent(bureau)
    await revising(bureau, notice)

    async def restarted() -> Bureau:
        return Bureau(await Database.open(desk_url, clock=lambda: bureau.now), bureau.now, ALONE)

    for act, expected in (
        (
            ("type", FIVE.replace("第三件事", "第三件要紧事")),
            "请写一句话放在卡片上",
        ),
        (("type", "请逐项落实。"), "要重新报:第 3 项"),
        (("press", "发送(6)"), "【马上发出】"),
        (("press", "撤销"), "要重新报:第 3 项"),
    ):
        other = await restarted()
        try:
            other.seen = dict(bureau.seen)
            if act[1] != "撤销":  # its button hangs where it hung
                await other.start()
            if "接着写" in other.labels():
                page = await other.press("刘市安", "接着写")
                if "没有改动" in page:
                    await other.press("刘市安", "改文字")
            page = await getattr(other, act[0])("刘市安", act[1])
            assert expected in page, act
            bureau.seen = other.seen
        finally:
            await other.db.close()
    assert (await bureau.draft()).revises == notice


async def test_nine_items_that_stand_are_the_draft_at_first(bureau: Bureau) -> None:
    notice = await sent(bureau, text=NINE)
    await revising(bureau, notice)
    draft = await bureau.draft()
    assert [it.key for it in draft.items] == list("123456789")
    assert (draft.due_at, draft.kind, draft.level) == (at("2026-10-01 12:00"), "directive", "today")

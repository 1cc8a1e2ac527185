"""What people do to a draft without meaning to: all at once, out of order, with strange text; nothing breaks, nothing doubles."""

import asyncio
import contextlib
import datetime as dt
import random

import pytest
import sqlalchemy as sa

from bot import errors
from bot.composing import model, place, presses, seconding, sending, typing
from bot.composing.model import State
from bot.composing.rules import Rules
from bot.composing.sending import Agreed
from bot.db import Database
from bot.delivery.message import Callback
from bot.inbox import questions
from bot.notices import model as notices
from tests.composing.desk import NINE, USERS, Bureau

ALONE = Rules(city_needs_two=False)
AUTHOR, SECOND = "刘市安", "何局长"


# ── at once ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", ["agree", "undo"])
async def test_agreeing_and_taking_back_at_once_come_to_one_of_the_two(
    each_bureau: Bureau, database_url: str, first: str
) -> None:
    bureau = each_bureau
    await bureau.ready()
    await bureau.press(AUTHOR, "请另一位同意发送(6)")
    draft = await bureau.draft()
    undo = bureau.button(AUTHOR, "收回来改")
    other = await Database.open(database_url, clock=lambda: bureau.now)
    both = [
        bureau.db.transact(sending.agree, USERS[SECOND], draft.id, draft.edition, desk=bureau.desk),
        other.transact(presses.press, undo, user_id=USERS[AUTHOR], message_id=77, desk=bureau.desk),
    ]
    try:
        done = await asyncio.gather(*(both if first == "agree" else both[::-1]))
    finally:
        await other.close()
    agreed = next(one for one in done if isinstance(one, Agreed))
    after = await bureau.draft()
    assert after.state is (State.LEAVING if agreed is Agreed.DONE else State.OPEN)
    published = await bureau.tick(seconds=120)
    assert len(await bureau.notices()) == len(published) == (agreed is Agreed.DONE)


async def test_leaving_and_taking_back_at_once_come_to_one_of_the_two(
    each_bureau: Bureau, database_url: str
) -> None:
    bureau = each_bureau
    bureau.rules = ALONE
    await bureau.ready()
    await bureau.press(AUTHOR, "发送(6)")
    undo = bureau.button(AUTHOR, "撤销")
    draft = await bureau.draft()
    bureau.now += dt.timedelta(seconds=60)
    other = await Database.open(database_url, clock=lambda: bureau.now)
    try:
        left, _ = await asyncio.gather(
            bureau.db.transact(sending.leave, draft.id, desk=bureau.desk),
            other.transact(presses.press, undo, user_id=USERS[AUTHOR], message_id=77, desk=bureau.desk),
        )
    finally:
        await other.close()
    assert (await bureau.draft()).state is (State.OPEN if left is None else State.SENT)
    assert len(await bureau.notices()) == (left is not None)


async def test_who_types_cancel_within_the_minute_has_it_back(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await bureau.ready()
    await bureau.press(AUTHOR, "发送(6)")
    await bureau.start()
    await bureau.type(AUTHOR, "另一件事。")

    async def cancel() -> str:
        done = await bureau.db.transact(typing.cancel, user_id=USERS[AUTHOR], desk=bureau.desk)
        return bureau._show(AUTHOR, done) if done is not None else ""

    assert "将发给 6 校" in await cancel()
    assert await bureau.tick(seconds=120) == []
    assert "这份草稿不发了:另一件事。" in await cancel()
    assert "这份草稿不发了:明天放假" in await cancel()
    assert await cancel() == ""


# ── strange text ─────────────────────────────────────────────────────────────────────────────────


async def test_what_a_web_page_hides_between_letters_hides_no_item(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type(
        AUTHOR, "\ufeff国庆\u200b安全\u202e工作\n\u200b一、开展\u00ad自查\n\u200e二、值班\x00\x07到人"
    )
    draft = await bureau.draft()
    assert draft.title == "国庆安全工作"
    assert [it.text for it in draft.items] == ["开展自查", "值班到人"]


async def test_signs_and_other_scripts_go_through_unharmed(bureau: Bureau) -> None:
    bureau.rules = ALONE
    text = "👨‍👩‍👧 مدرسة <b>&amp; “安全”"
    await bureau.ready(text=text)
    assert "مدرسة &lt;b&gt;&amp;amp; “安全”" in bureau.page()
    await bureau.press(AUTHOR, "发送(6)")
    await bureau.tick(seconds=60)
    version = sa.select(notices.notice_version.c.text)
    assert await bureau.db.read(lambda tx: tx.execute(version).scalar_one()) == text


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\ufeff", "\x00"])
async def test_nothing_is_no_text(bureau: Bureau, text: str) -> None:
    await bureau.start()
    assert "⚠️ 还没有文字。" in await bureau.type(AUTHOR, text)
    assert (await bureau.draft()).title == ""


async def test_the_rest_of_a_long_text_is_no_summary_however_short_it_is(bureau: Bureau) -> None:
    whole = "国庆安全工作\n" + "\n".join(f"{n}. " + "字" * 160 for n in range(1, 31)) + "\n云川市教育局"
    assert len(whole) > 4900
    await bureau.start()
    await bureau.type(AUTHOR, whole[:4096])
    bureau.now += dt.timedelta(seconds=1)
    assert "30 项" in await bureau.type(AUTHOR, whole[4096:])
    await bureau.press(AUTHOR, "不发了")
    await bureau.start()
    head = whole[: 4096 - 6] + "字" * 6
    await bureau.type(AUTHOR, head)
    bureau.now += dt.timedelta(seconds=1)
    assert "请写一句话" in await bureau.type(AUTHOR, "云川市教育局")
    bureau.now += dt.timedelta(seconds=30)
    assert "发给谁?" in await bureau.type(AUTHOR, "请逐项落实。")
    draft = await bureau.draft()
    assert draft.text == "请逐项落实。"
    assert draft.full_text.endswith("云川市教育局")


async def test_a_full_text_of_pictures_is_cut_into_messages_telegram_takes(bureau: Bureau) -> None:
    await bureau.start()
    await bureau.type(AUTHOR, "安全\n" + "🔥" * 3900)
    await bureau.press(AUTHOR, "就用标题")
    await bureau.press(AUTHOR, "☐ 各校")
    await bureau.press(AUTHOR, "下一步")
    await bureau.press(AUTHOR, "不用回")
    await bureau.press(AUTHOR, "不响")
    await bureau.press(AUTHOR, "先发给我看")
    (card,) = bureau.also
    full = next(b.callback for row in card.rows for b in row if "看全文" in b.text)
    assert full is not None
    await bureau.send_data(AUTHOR, full)
    assert len(bureau.also) > 1
    assert all(len(m.html.encode("utf-16-le")) // 2 <= 4096 for m in bureau.also)
    assert "".join(m.html for m in bureau.also).count("🔥") == 3900


async def test_a_file_alone_is_no_notice(bureau: Bureau) -> None:
    await bureau.start()
    page = await bureau.file(AUTHOR, "纪要.pdf")
    assert "附件 1 个" in (page or "")
    assert "把要发的文字粘贴" in (page or "")
    draft = await bureau.draft()
    for action, args in (
        (place.PAGE, ("r",)),
        (place.SEND, ("6",)),
        (place.TRY, ()),
        (place.KIND, ("confirm",)),
    ):
        now = await bureau.draft()
        await bureau.send_data(AUTHOR, Callback(action, draft.id, now.edition, args))
    assert await bureau.tick(seconds=120) == []
    assert (await bureau.draft()).state is State.OPEN


async def test_an_audience_of_nobody_is_told_and_never_sent(bureau: Bureau) -> None:
    bureau.rules = ALONE
    await bureau.start()
    await bureau.type(AUTHOR, "明天放假。")
    assert "⚠️ 这样选没有任何单位,请改一改“发给谁”。" in await bureau.type(AUTHOR, "schools and not schools")
    await bureau.press(AUTHOR, "下一步")
    await bureau.press(AUTHOR, "点一下")
    await bureau.press(AUTHOR, "明天12:00")
    assert "⚠️ 这样选没有任何单位" in await bureau.press(AUTHOR, "响一声")
    draft = await bureau.draft()
    await bureau.send_data(AUTHOR, Callback(place.SEND, draft.id, draft.edition, ("0",)))
    assert "⚠️ 这样选没有任何单位" in bureau.page()
    assert await bureau.tick(seconds=120) == []


# ── out of order ─────────────────────────────────────────────────────────────────────────────────

TYPED = (
    "明天放假。", NINE, "国庆\n一、自查(安全科,10月9日前)\n二、值班", "10月9日12点", "尽快", "金滩镇小学、白塔镇小学", "schools",
    "schools and not schools", "", "字" * 200, "不要", "5分钟后", "明天放假,请注意安全。", "\u202e\x00",
)  # fmt: skip


WEIGHTS = {place.SEND: 40, place.AGREE: 40, place.REVISE: 30, place.KIND: 10, place.DUE: 10, place.SOUND: 10,
           place.DROP: 0.2, place.NEW: 0.2, place.CLEAR: 0.5, place.UNDO: 1, place.REFUSE: 1}  # fmt: skip


SEEDS = (3, 5, 7, 8)


class Monkey:
    """Presses whatever button it has ever seen, types whatever comes to its mind; a bureau's worst afternoon."""

    def __init__(self, bureau: Bureau, seed: int) -> None:
        self.bureau, self.dice = bureau, random.Random(seed)
        self.known: list[tuple[str, Callback]] = []

    async def act(self) -> None:
        name = self.dice.choice((AUTHOR, AUTHOR, AUTHOR, SECOND, "马市局"))
        acts = (*(self.press,) * 9, self.stale, self.type, self.wait, self.wait, self.hear, self.hear, self.start,
                self.file, self.cancel)  # fmt: skip
        with contextlib.suppress(errors.Refused):
            await self.dice.choice(acts)(name)
        for who, shown in self.bureau.seen.items():
            assert len(shown.html) <= 4096
            self.known += [(who, b.callback) for row in shown.rows for b in row if b.callback]
        assert all(len(callback.encode()) <= 64 for _, callback in self.known)
        self.known = self.known[-200:]

    async def press(self, name: str) -> None:
        shown = self.bureau.seen.get(name)
        buttons = [b.callback for row in shown.rows for b in row if b.callback] if shown else []
        await self._send(name, buttons)

    async def stale(self, name: str) -> None:
        """Any button anybody has seen, in anybody's hand."""
        await self._send(name, [callback for _, callback in self.known])

    async def _send(self, name: str, some: list[Callback]) -> None:
        mine = (*place.OWN, place.AGAIN, place.REVISE, place.LOOK, place.AGREE, place.REFUSE)
        some = [callback for callback in some if callback.action in mine]
        if some:  # or nothing would ever be sent
            weights = [WEIGHTS.get(callback.action, 2) for callback in some]
            await self.bureau.send_data(name, self.dice.choices(some, weights)[0])

    async def type(self, name: str) -> None:
        asked = await self.bureau.db.read(questions.open, self.bureau.now, USERS[name])
        if asked is not None and asked.kind in (presses.QUESTION, seconding.WHY_NOT):
            await self.bureau.type(name, self.dice.choice(TYPED))

    async def wait(self, _: str) -> None:
        await self.bureau.tick(seconds=self.dice.choice((1, 1, 30, 61, 61, 61, 61, 900)))

    async def hear(self, _: str) -> None:
        await self.bureau.delivered()

    async def start(self, _: str) -> None:
        await self.bureau.start(AUTHOR)
        if "把要发的文字粘贴" in self.bureau.page(AUTHOR) and self.dice.random() < 0.7:
            text, kind = self.dice.choice(
                (("明天放假。", "点一下"), (NINE, "逐项"), ("明天放假。", "不用回"))
            )
            await self.bureau.ready_from_here(
                AUTHOR, text=text, kind=kind, sound=self.dice.choice(("响一声", "紧急"))
            )

    async def file(self, _: str) -> None:
        await self.bureau.file(AUTHOR)

    async def cancel(self, _: str) -> None:
        if self.dice.random() < 0.1:
            await self.bureau.db.transact(typing.cancel, user_id=USERS[AUTHOR], desk=self.bureau.desk)

    async def check(self) -> None:
        """Every notice is of one draft, asks as many as its author was told, and was agreed to where that is needed."""
        d, n, a = model.draft, notices.notice, notices.assignment
        await self.bureau.tick(seconds=61)
        found = await self.bureau.db.read(lambda tx: tx.execute(sa.select(d)).mappings().all())
        every = {row.id: row for row in await self.bureau.db.read(lambda tx: tx.execute(sa.select(n)).all())}
        sent = [row for row in found if row["state"] == State.SENT.value and row["revises"] is None]
        assert sorted(row["notice_id"] for row in sent) == sorted(every)
        for row in sent:
            count = sa.select(sa.func.count()).select_from(a).where(a.c.notice_id == row["notice_id"])
            asked = await self.bureau.db.read(lambda tx, count=count: tx.execute(count).scalar_one())
            assert asked == (row["units"] if row["kind"] != "reminder" else 0)
            assert row["released_by"] is not None or row["first_county_id"] is not None or asked <= 3
        versions = [row for row in found if row["state"] == State.SENT.value and row["revises"] is not None]
        assert sum(row.version - 1 for row in every.values()) == len(versions)
        for row in found:
            assert (row["leave_at"] is not None) == (
                row["state"] in (State.LEAVING.value, State.SENT.value)
            ) or (row["state"] == State.GIVEN_UP.value)


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_afternoon_of_wrong_buttons_sends_nothing_twice_and_nothing_unseen(
    bureau: Bureau, seed: int
) -> None:
    monkey = Monkey(bureau, seed)
    for step in range(1000):
        await monkey.act()
        if step > 200 and await bureau.notices():  # or it would have tried nothing
            break
    await monkey.check()

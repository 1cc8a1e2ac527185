"""The bureau's desk in chat: tables, names, on behalf, excuses, reminders, and the officer's side of a trouble."""

import datetime as dt
from dataclasses import dataclass

import telegram

from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import chase, desk, queries, trouble, unit_history
from bot.notices.rules import TroubleState, Value
from bot.notices.trouble_messages import TroubleMessages
from bot.roster import access, people
from bot.roster.units import Unit
from bot.summaries import notice_list, picking
from bot.summaries.notice_list import NoticeList
from bot.summaries.pages import Pages
from bot.summaries.picking import Picking
from bot.summaries.place import Page, Part
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words

CHOICES = 8  # notices offered when a table is asked for


@dataclass(frozen=True, slots=True)
class Desk:
    """Handlers of everything an officer presses."""

    words: Words
    pages: Pages
    picking: Picking
    troubles: TroubleMessages

    # ── commands ─────────────────────────────────────────────────────────────────────────────────

    async def summary(self, update: telegram.Update, context: Context) -> None:
        """/summary: the newest notice's table; the earlier ones as buttons."""
        await self._open(update, context, Part.NUMBERS)

    async def missing(self, update: telegram.Update, context: Context) -> None:
        """/missing: the newest notice's names, 没回复 first."""
        await self._open(update, context, Part.SILENT)

    async def _open(self, update: telegram.Update, context: Context, part: Part) -> None:
        if not context.is_private:
            return await group_words.say(update, context, "enrol.list_in_private")
        recent = await context.read(_recent, context.user_id, with_recalled=True)
        if recent is None:
            return await self._say(context, "desk.not_entitled")
        if not recent:
            return await self._say(context, "desk.nothing", (self._every(),))
        newest = next((n for n in recent if n.recalled_at is None), recent[0])
        message = await context.read(self._page, context.now, context.user_id, Page(newest.id, part=part))
        others = tuple(
            (Button(self._earlier(n), Page(n.id, part=part).callback()),)
            for n in [n for n in recent if n is not newest][:3]
        )
        await context.say(_with_rows(message, (*others, self._every())))

    async def every(self, _: telegram.Update, context: Context) -> None:
        """[全部通知], and turning its pages."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            page = notice_list.page_of(callback)
            await private_pages.show(
                context, await context.read(self._list, context.user_id, page, callback.notice)
            )

    def _list(self, tx: Tx, user_id: int, page: int, around: int) -> OutgoingMessage:
        return NoticeList(self.words).page(tx, person=people.by_user(tx, user_id), page=page, around=around)

    def _every(self) -> tuple[Button, ...]:
        return (NoticeList(self.words).button(),)

    async def of_unit(self, context: Context, unit: Unit, part: Part) -> None:
        """大河县汇总, 一小未报: the newest notice that asked this county, or this school, and how it stands there."""

        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            is_county = unit.kind == "county"
            counties, some = (
                (frozenset({unit.id}), frozenset()) if is_county else (frozenset(), frozenset({unit.id}))
            )
            within = access.Scope(everything=unit.kind == "city", counties=counties, units=some)
            newest = unit_history.newest(tx, within=within)
            if newest is None:
                return OutgoingMessage(self.words.html("desk.nothing"))
            page = Page(newest.id, part=part)
            if is_county:
                page = Page(newest.id, row=str(unit.id), part=part)
            elif unit.owes_answers:
                page = Page(newest.id, part=Part.UNIT, unit_id=unit.id)
            return self._page(tx, now, context.user_id, page)

        await context.say(await context.read(query, context.now))

    def _earlier(self, n: queries.Notice) -> str:
        is_recalled = n.recalled_at is not None
        return self.words.plain("desk.earlier", at=n.published_at, title=n.title, recalled=is_recalled)

    def _page(self, tx: Tx, now: dt.datetime, user_id: int, page: Page) -> OutgoingMessage:
        return self.pages.show(tx, now, person=people.by_user(tx, user_id), page=page)

    async def _say(self, context: Context, name: str, rows: tuple[tuple[Button, ...], ...] = ()) -> None:
        await context.say(OutgoingMessage(self.words.html(name), rows))

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    async def page(self, _: telegram.Update, context: Context) -> None:
        """Any button that leads to a page: the message is edited in place."""
        page = await self._asked_page(context)
        if page is not None:
            message = await context.read(self._page, context.now, context.user_id, page)
            await context.toast("")
            await context.edit(message)

    async def numbers(self, _: telegram.Update, context: Context) -> None:
        """[📞 看号码]: the page with full numbers, for one entitled; written into the audit trail."""
        page = await self._asked_page(context)
        if page is None:
            return

        def verb(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            return self.pages.show(
                tx, now, person=people.by_user(tx, context.user_id), page=page, unmask=True
            )

        message = await context.transact(verb)
        await context.toast("")
        await context.edit(message)

    async def _asked_page(self, context: Context) -> Page | None:
        page = Page.of(context.callback) if context.callback else None
        if page is None or not context.is_private:
            await context.toast(self.words.plain("toast.unknown"))
            return None
        return page

    # ── 代报, 免报, 已电话 ────────────────────────────────────────────────────────────────────────

    async def pick(self, _: telegram.Update, context: Context) -> None:
        """[📞 已电话/代报], and turning its pages."""
        page = await self._asked_page(context)
        if page is not None:
            await self._picked(context, page, [])

    async def tick(self, _: telegram.Update, context: Context) -> None:
        """One school ticked or unticked."""
        callback = context.callback
        page = Page.of_list(callback) if callback else None
        if callback is None or page is None or len(callback.args) < 4 or not context.is_private:
            return await context.toast(self.words.plain("toast.unknown"))
        await self._picked(context, page, picking.unpack(callback.args[3]) or [])

    async def _picked(self, context: Context, page: Page, chosen: list[int]) -> None:
        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            return self.picking.show(
                tx, now, person=people.by_user(tx, context.user_id), page=page, chosen=chosen
            )

        message = await context.read(query, context.now)
        await context.toast("")
        await context.edit(message)

    async def sure(self, _: telegram.Update, context: Context) -> None:
        """「会记上您的名字,学校可以改。」, and [确定]."""
        callback, ids = context.callback, self._ids(context, 1)
        if callback is None or ids is None:
            return await context.toast(self.words.plain("toast.unknown"))

        def query(tx: Tx) -> OutgoingMessage:
            person = people.by_user(tx, context.user_id)
            return self.picking.confirm(
                tx, person=person, notice_id=callback.notice, value=callback.args[0], unit_ids=ids
            )

        message = await context.read(query)
        await context.toast("")
        await context.edit(message)

    async def why(self, _: telegram.Update, context: Context) -> None:
        """Reasons of 免报."""
        callback, ids = context.callback, self._ids(context, 0)
        if callback is None or ids is None:
            return await context.toast(self.words.plain("toast.unknown"))

        def query(tx: Tx) -> OutgoingMessage:
            person = people.by_user(tx, context.user_id)
            return self.picking.reasons(tx, person=person, notice_id=callback.notice, unit_ids=ids)

        message = await context.read(query)
        await context.toast("")
        await context.edit(message)

    async def behalf(self, _: telegram.Update, context: Context) -> None:
        """[确定] of 代报."""
        callback, ids = context.callback, self._ids(context, 1)
        if callback is None or ids is None or callback.args[0] not in ("yes", "trouble"):
            return await context.toast(self.words.plain("toast.unknown"))
        value = Value(callback.args[0])
        done = await context.transact(
            desk.on_behalf, notice_id=callback.notice, unit_ids=ids, user_id=context.user_id, value=value
        )
        await self._finished(context, callback.notice, done)

    async def excuse(self, _: telegram.Update, context: Context) -> None:
        """A reason of 免报 pressed."""
        callback, ids = context.callback, self._ids(context, 1)
        if callback is None or ids is None:
            return await context.toast(self.words.plain("toast.unknown"))
        done = await context.transact(
            desk.excuse,
            notice_id=callback.notice,
            unit_ids=ids,
            user_id=context.user_id,
            reason=callback.args[0],
        )
        await self._finished(context, callback.notice, done)

    async def rang(self, _: telegram.Update, context: Context) -> None:
        """[已电话]."""
        callback, ids = context.callback, self._ids(context, 0)
        if callback is None or ids is None:
            return await context.toast(self.words.plain("toast.unknown"))
        done = await context.transact(
            desk.mark_phoned, notice_id=callback.notice, unit_ids=ids, user_id=context.user_id
        )
        await self._finished(context, callback.notice, done)

    def _ids(self, context: Context, index: int) -> list[int] | None:
        callback = context.callback
        if callback is None or index >= len(callback.args) or not context.is_private:
            return None
        return picking.unpack(callback.args[index])

    async def _finished(self, context: Context, notice_id: int, done: desk.Done) -> None:
        await context.toast(self.words.plain("desk.done", done=done.done, skipped=done.skipped))
        message = await context.read(self._page, context.now, context.user_id, Page(notice_id))
        await context.edit(message)

    # ── reminders ────────────────────────────────────────────────────────────────────────────────

    async def chase_command(self, update: telegram.Update, context: Context) -> None:
        """/chase: whom a reminder of the newest open notice would reach; nothing leaves before [提醒]."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.list_in_private")
        some = await context.read(_unclosed, context.now, context.user_id)
        if not some:
            return await self._say(context, "desk.not_entitled" if some is None else "desk.nothing_open")
        message = await context.read(self._chase_ask, context.now, context.user_id, some[0].id)
        others = tuple((Button(self._earlier(n), Callback("chase", n.id)),) for n in some[1:4])
        await context.say(_with_rows(message, (*others, self._every())))

    async def chase_ask(self, _: telegram.Update, context: Context) -> None:
        """[再提醒 n 校]: the count and the cap, told before."""
        callback = context.callback
        if callback is None or not context.is_private:
            return await context.toast(self.words.plain("toast.unknown"))
        message = await context.read(self._chase_ask, context.now, context.user_id, callback.notice)
        await context.toast("")
        await context.edit(message)

    def _chase_ask(
        self, tx: Tx, now: dt.datetime, user_id: int, notice_id: int, *, is_more: bool = False
    ) -> OutgoingMessage:
        """The question, with whom it would reach; `is_more`: it was pressed, and would have reached more than were told."""
        notice = queries.notice(tx, notice_id)
        within = access.scope(_posts(tx, user_id), access.Action.CHASE)
        if notice is None or within.is_empty:
            return OutgoingMessage(self.words.html("desk.not_entitled"))
        it = chase.plan(tx, now, notice_id=notice_id, within=within)
        html = self.words.html(
            "desk.chase_ask", title=notice.title, schools=it.schools, capped=it.capped, contacts=len(it.contacts),
            unreached=it.unreached, is_trial=notice.is_trial, is_more=is_more,
        )  # fmt: skip
        back = Button(self.words.plain("desk.back"), Page(notice_id).callback())
        names = Button(self.words.plain("desk.names"), Page(notice_id, part=Part.SILENT).callback())
        told = (str(len(it.contacts)),)
        sure = Button(
            self.words.plain("desk.chase_sure", count=it.schools), Callback("chase!", notice_id, 0, told)
        )
        return OutgoingMessage(html, ((sure,), (names,), (back,)) if it.contacts else ((names,), (back,)))

    async def chase(self, _: telegram.Update, context: Context) -> None:
        """[提醒 n 校]: as many people as were told, or fewer; if there are more by now they are told first."""
        callback = context.callback
        if callback is None or not context.is_private:
            return await context.toast(self.words.plain("toast.unknown"))
        notice_id, told = callback.notice, callback.number(0)

        def verb(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            within = access.scope(_posts(tx, context.user_id), access.Action.CHASE)
            if told is None or len(chase.plan(tx, now, notice_id=notice_id, within=within).contacts) > told:
                return self._chase_ask(tx, now, context.user_id, notice_id, is_more=told is not None)
            done = chase.request(tx, now, notice_id=notice_id, user_id=context.user_id)
            notice = queries.notice(tx, notice_id)
            title = notice.title if notice else ""
            html = self.words.html(
                "desk.chased", title=title, schools=done.schools, contacts=len(done.contacts)
            )
            return OutgoingMessage(
                html, ((Button(self.words.plain("desk.back"), Page(notice_id).callback()),),)
            )

        message = await context.transact(verb)
        await context.toast(self.words.plain("toast.done"))
        await context.edit(message)

    # ── the officer's side of a trouble ──────────────────────────────────────────────────────────

    async def trouble_step(self, _: telegram.Update, context: Context) -> None:
        """[已看到] [已电话] [已解决]."""
        callback = context.callback
        trouble_id = callback.number(0) if callback else None
        word = callback.args[1] if callback and len(callback.args) > 1 else ""
        if trouble_id is None or word not in list(TroubleState):
            return await context.toast(self.words.plain("toast.unknown"))
        state = TroubleState(word)
        await context.transact(trouble.handle, trouble_id=trouble_id, user_id=context.user_id, state=state)
        label = self.words.plain(f"trouble.{word}") if word in ("seen", "phoned", "solved") else ""
        await context.toast(self.words.plain("toast.seen_by", words=label))

    async def trouble_phone(self, _: telegram.Update, context: Context) -> None:
        """[📞 看号码] under a trouble."""
        trouble_id = context.callback.number(0) if context.callback else None
        if trouble_id is None or not context.is_private or self.troubles.phones == "never":
            return await context.toast(self.words.plain("toast.unknown"))
        await context.toast(await context.transact(_phone, context.user_id, trouble_id), alert=True)


def _posts(tx: Tx, user_id: int) -> tuple[access.Post, ...]:
    person = people.by_user(tx, user_id)
    return person.posts if person is not None else ()


def _phone(tx: Tx, now: dt.datetime, user_id: int, trouble_id: int) -> str:
    return trouble.phone(tx, now, trouble_id=trouble_id, user_id=user_id)


def _recent(tx: Tx, user_id: int, *, with_recalled: bool = False) -> list[queries.Notice] | None:
    """The newest notices; None for one who may not see tables."""
    seen = access.scope(_posts(tx, user_id), access.Action.SEE_TABLE)
    if seen.is_empty:
        return None
    return queries.recent(tx, within=seen, limit=CHOICES, with_recalled=with_recalled)


def _unclosed(tx: Tx, now: dt.datetime, user_id: int) -> list[queries.Notice] | None:
    """The newest that can still be answered; None for one who may not see tables."""
    seen = access.scope(_posts(tx, user_id), access.Action.SEE_TABLE)
    return None if seen.is_empty else queries.unclosed(tx, now, within=seen, limit=CHOICES)


def _with_rows(message: OutgoingMessage, rows: tuple[tuple[Button, ...], ...]) -> OutgoingMessage:
    return OutgoingMessage(message.html, (*message.rows, *rows))

"""What is carried away from the bureau's desk: pictures, workbooks. Read in one snapshot, made off the event loop."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field

import telegram

from bot.db import Tx
from bot.delivery.message import Button, Callback, Document, OutgoingMessage
from bot.notices.queries import Table
from bot.roster import access, people
from bot.summaries import drawing, export, grids, spans, workbook
from bot.summaries.grids import Grid, Heat
from bot.summaries.pages import Pages
from bot.summaries.place import Page
from bot.summaries.spans import Span, Usual
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Carrying:
    """Handlers of what ends as a file."""

    words: Words
    pages: Pages
    making: asyncio.Lock = field(default_factory=asyncio.Lock)  # one big file at a time: presses come first

    # ── of one table ─────────────────────────────────────────────────────────────────────────────

    async def picture(self, _: telegram.Update, context: Context) -> None:
        """[🖼 整表图]: the page's table as a picture, or as several where it is long."""
        page = await self._page(context)
        if page is None:
            return
        made = await context.read(self._grids, context.now, context.user_id, page)
        await context.toast("")
        for number, it in enumerate(made, start=1):
            content = await asyncio.to_thread(drawing.grid, it)
            name = f"{it.title} {it.instant}"
            file = Document(f"{name}.png", content)
            caption = self.words.html("carry.caption", title=it.title, instant=it.instant)
            await context.say(OutgoingMessage(caption, document=file, file_kind="photo", silent=number > 1))

    def _grids(self, tx: Tx, now: dt.datetime, user_id: int, page: Page) -> list[Grid]:
        table = self.pages.table(tx, now, person=people.by_user(tx, user_id), page=page)
        return grids.of_table(table, self.pages.head(table), self.words)

    async def excel(self, _: telegram.Update, context: Context) -> None:
        """[📄 Excel]: the page's table as a workbook, within the reader's area."""
        page = await self._page(context)
        if page is None:
            return
        book = await context.read(self._book, context.now, context.user_id, page)
        await context.toast("")
        content = await asyncio.to_thread(workbook.build, book, self.words)
        name = self._named(book.table)
        await context.say(OutgoingMessage("", document=Document(f"{name}.xlsx", content)))

    def _book(self, tx: Tx, now: dt.datetime, user_id: int, page: Page) -> workbook.Sheets:
        """The reader's area; on a county's page, that county of it."""
        person = people.by_user(tx, user_id)
        seen = self.pages.readable(tx, person)
        full = seen if person is None else person.scope(access.Action.SEE_PHONES)
        county = int(page.row) if page.row.isdigit() else None
        return workbook.collect(
            tx, notice_id=page.notice_id, now=now, as_of=page.as_of, phones=self.pages.phones, phones_within=full.has,
            within=lambda place: seen.has(place) and county in (None, place.county_id),
        )  # fmt: skip

    def _named(self, table: Table) -> str:
        frozen = table.as_of is not None
        return self.words.plain("desk.sheet", title=table.notice.title, at=table.at, frozen=frozen)

    async def _say(self, context: Context, html: str) -> None:
        await context.say(OutgoingMessage(html))

    async def _page(self, context: Context) -> Page | None:
        """The page whose button was pressed; None, and a word, for a button that is not ours or in a group."""
        callback = await private_pages.pressed(context, self.words)
        page = Page.of(callback) if callback is not None else None
        if callback is not None and page is None:
            await context.toast(self.words.plain("toast.unknown"))
        return page

    # ── by dates ─────────────────────────────────────────────────────────────────────────────────

    async def command(self, update: telegram.Update, context: Context) -> None:
        """/export: the usual spans, dates of one's own, the heat picture."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.list_in_private")
        await context.say(await context.read(self._offer, context.now, context.user_id))

    def _offer(self, tx: Tx, now: dt.datetime, user_id: int) -> OutgoingMessage:
        person = people.by_user(tx, user_id)
        self.pages.readable(tx, person)
        may_export = person is not None and not person.scope(access.Action.EXPORT).is_empty
        today, say = now.astimezone(self.words.zone).date(), self.words.plain
        usual = tuple(
            Button(
                say("carry.span", which=which.value),
                Callback("export", args=spans.usual(which, today).args()),
            )
            for which in Usual
        )
        own = (Button(say("carry.own"), Callback("export-own")),)
        heat = (Button(say("carry.heat"), Callback("heat")),)
        html = self.words.html("carry.export", may_export=may_export)
        return OutgoingMessage(html, (usual, own, heat) if may_export else (heat,))

    async def export(self, _: telegram.Update, context: Context) -> None:
        """[本周] [本月] [本季度]: the notices of these days as a workbook."""
        callback = await private_pages.pressed(context, self.words)
        span = Span.of(*callback.args) if callback is not None else None
        if span is not None:
            await self._export(context, span)
        elif callback is not None:
            await context.toast(self.words.plain("toast.unknown"))

    async def own_dates(self, _: telegram.Update, context: Context) -> None:
        """[自己写]: the dates are typed next."""
        if await private_pages.pressed(context, self.words) is not None:
            await context.transact(export.ask, user_id=context.user_id)
            await context.toast("")
            await context.say(OutgoingMessage(self.words.html("carry.write")))

    async def dates_typed(self, context: Context, typed: str) -> None:
        """The dates of one's own; what cannot be read as such may be written again."""
        today = context.now.astimezone(self.words.zone).date()
        await self._export(context, spans.written(typed, today))

    async def _export(self, context: Context, span: Span) -> None:
        """Notice by notice, each in a snapshot of its own; presses are answered all the while."""
        found = await context.transact(
            export.begin, span, user_id=context.user_id, zone=self.words.zone
        )  # fmt: skip
        days = {"first": span.first, "last": span.last}
        if not found:
            await context.toast("")
            return await self._say(context, self.words.html("carry.none_then", **days))
        await context.toast(self.words.plain("carry.making"))
        now, who, phones = context.now, context.user_id, self.pages.phones
        async with self.making:
            some = [await context.read(export.read, now, it, user_id=who, phones=phones) for it in found]
            title = self.words.plain("carry.file_title", at=now, **days)
            content = await asyncio.to_thread(export.build, some, self.words, title)
        name = self.words.plain("carry.file", **days)
        await context.say(OutgoingMessage("", document=Document(f"{name}.xlsx", content)))

    async def heat(self, _: telegram.Update, context: Context) -> None:
        """[🖼 热力图]: rows by the last ten notices, within the reader's area."""
        if await private_pages.pressed(context, self.words) is None:
            return None
        it = await context.read(self._heat, context.now, context.user_id)
        await context.toast("")
        if it is None:
            return await self._say(context, self.words.html("carry.none_due"))
        content = await asyncio.to_thread(drawing.heat, it)
        file = Document(f"{it.title}.png", content)
        await context.say(
            OutgoingMessage(
                self.words.html("carry.caption", title=it.title, instant=""), document=file, file_kind="photo"
            )
        )

    def _heat(self, tx: Tx, now: dt.datetime, user_id: int) -> Heat | None:
        seen = self.pages.readable(tx, people.by_user(tx, user_id))
        return grids.heat(tx, now, within=seen, words=self.words)

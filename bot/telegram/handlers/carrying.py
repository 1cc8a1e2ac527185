"""What is carried away from the bureau's desk: pictures, workbooks. Read in one snapshot, made off the event loop."""

import asyncio
import datetime as dt
from dataclasses import dataclass

import telegram

from bot.db import Tx
from bot.delivery.message import Document, OutgoingMessage
from bot.notices.queries import Table
from bot.roster import access, people
from bot.summaries import drawing, grids, workbook
from bot.summaries.grids import Grid
from bot.summaries.pages import Pages
from bot.summaries.place import Page
from bot.telegram.context import Context
from bot.telegram.handlers import private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Carrying:
    """Handlers of what ends as a file."""

    words: Words
    pages: Pages

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

    async def _page(self, context: Context) -> Page | None:
        """The page whose button was pressed; None, and a word, for a button that is not ours or in a group."""
        callback = await private_pages.pressed(context, self.words)
        page = Page.of(callback) if callback is not None else None
        if callback is not None and page is None:
            await context.toast(self.words.plain("toast.unknown"))
        return page

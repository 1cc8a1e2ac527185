"""The month's burden in an administrator's private chat: /burden, 负担, its pages and its workbook."""

import asyncio
from dataclasses import dataclass

import telegram

from bot.delivery.message import Document, OutgoingMessage
from bot.summaries import burden_pages
from bot.summaries.burden_pages import Burdens
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Burdening:
    """Handlers of everything about it."""

    words: Words
    pages: Burdens

    async def command(self, update: telegram.Update, context: Context) -> None:
        """/burden, or 负担: last month's."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.list_in_private")
        await context.say(await context.read(self.pages.page, context.now, context.user_id))

    async def month(self, _: telegram.Update, context: Context) -> None:
        """A month's figures, in place."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            first = burden_pages.month_of(callback)
            await private_pages.show(
                context, await context.read(self.pages.page, context.now, context.user_id, first)
            )

    async def over(self, _: telegram.Update, context: Context) -> None:
        """[超过的 n 校], or another page of them."""
        callback = await private_pages.pressed(context, self.words)
        first = burden_pages.month_of(callback) if callback is not None else None
        if callback is None or first is None:
            return await self._unknown(context, is_ours=callback is None)
        page = burden_pages.page_of(callback)
        await private_pages.show(
            context, await context.read(self.pages.over, context.now, context.user_id, first, page)
        )

    async def excel(self, _: telegram.Update, context: Context) -> None:
        """[📄 Excel]: every school."""
        callback = await private_pages.pressed(context, self.words)
        first = burden_pages.month_of(callback) if callback is not None else None
        if callback is None or first is None:
            return await self._unknown(context, is_ours=callback is None)
        it = await context.read(self.pages.read, context.now, context.user_id, first)
        await context.toast("")
        content = await asyncio.to_thread(self.pages.workbook, it)
        await context.say(OutgoingMessage("", document=Document(f"{self.pages.name(it)}.xlsx", content)))

    async def _unknown(self, context: Context, *, is_ours: bool) -> None:
        if not is_ours:
            await context.toast(self.words.plain("toast.unknown"))

"""The day's plans in chat: 今天, one occurrence, what needs hands."""

from dataclasses import dataclass

import telegram

from bot.plans import place
from bot.plans.report_pages import ReportPages
from bot.telegram.context import Context
from bot.telegram.handlers import private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Reporting:
    """Handlers of the reports."""

    words: Words
    pages: ReportPages

    async def typed(self, _: telegram.Update, context: Context) -> None:
        """今天, in private."""
        await context.say(await context.read(self.pages.today, context.now, context.user_id))

    async def typed_hands(self, _: telegram.Update, context: Context) -> None:
        """要处理, in private."""
        await context.say(await context.read(self.pages.hands, context.now, context.user_id))

    async def today(self, _: telegram.Update, context: Context) -> None:
        """The day again, or another page of it."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            page = place.page_of(callback, 0)
            message = await context.read(self.pages.today, context.now, context.user_id, page)
            await private_pages.show(context, message)

    async def fire(self, _: telegram.Update, context: Context) -> None:
        """One occurrence, and whom it did not reach."""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        fire_id = callback.number(0)
        if fire_id is None:
            return await context.toast(self.words.plain("toast.unknown"))
        back, page = place.page_of(callback, 1), place.page_of(callback, 2)
        message = await context.read(self.pages.fire, context.now, context.user_id, fire_id, back, page)
        await private_pages.show(context, message)

    async def hands(self, _: telegram.Update, context: Context) -> None:
        """What needs hands, or another page of it."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            page = place.page_of(callback, 0)
            message = await context.read(self.pages.hands, context.now, context.user_id, page)
            await private_pages.show(context, message)

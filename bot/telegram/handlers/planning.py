"""Plans in chat: the owner's word on what was put to him."""

from collections.abc import Callable
from dataclasses import dataclass

import telegram

from bot.plans import messages, switching
from bot.plans.book import Book
from bot.telegram.context import Context
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Planning:
    """Handlers of everything about plans.

    Attributes:
        book: the one in force.
    """

    words: Words
    book: Callable[[], Book]

    async def decide(self, _: telegram.Update, context: Context) -> None:
        """[补发并顺延] [跳过这次], [照发] [这次不发]."""
        callback = context.callback
        fire_id = callback.number(0) if callback else None
        if callback is None or fire_id is None:
            return await context.toast(self.words.plain("toast.unknown"))
        done = await context.transact(
            switching.decide,
            fire_id,
            go=callback.action == messages.GO,
            book=self.book(),
            user_id=context.user_id,
        )
        await context.toast(self.words.plain("plans.decided", state=done.state.value, is_new=done.is_new))

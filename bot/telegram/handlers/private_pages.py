"""Pages that are edited in place, in a person's own chat."""

from bot.delivery.message import Callback, OutgoingMessage
from bot.telegram.context import Context
from bot.texts import Words


async def pressed(context: Context, words: Words) -> Callback | None:
    """The button that was pressed; None, and a word to the person, where it was pressed in a group."""
    if context.callback is None or not context.is_private:
        await context.toast(words.plain("toast.unknown"))
        return None
    return context.callback


async def show(context: Context, message: OutgoingMessage) -> None:
    """The page takes the place of the one whose button was pressed."""
    await context.toast("")
    await context.edit(message)

"""Presses on directives: 已知悉, the private list of items, each item on it; and what goes with any notice."""

import datetime as dt
from dataclasses import dataclass

import telegram

from bot.db import Tx
from bot.delivery.message import Callback, OutgoingMessage
from bot.notices import answer, attachments, copies, items
from bot.notices.attachments import Given
from bot.notices.directive_cards import TROUBLE, YES, DirectiveCards
from bot.notices.rules import Value
from bot.roster import people
from bot.telegram.context import Context
from bot.telegram.handlers.answering import Answering, pressed
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Directives:
    """Handlers of everything a school presses on a directive."""

    words: Words
    answering: Answering
    cards: DirectiveCards

    async def acknowledge(self, _: telegram.Update, context: Context) -> None:
        """[👌 已知悉]."""
        if context.callback is None:
            return await self._unknown(context)
        it = pressed(context, context.callback, Value.YES)
        await self.answering.tell(context, await context.transact(items.acknowledge, it))

    async def ask(self, _: telegram.Update, context: Context) -> None:
        """[📝 逐项反馈]: the list comes in private."""
        if context.callback is None:
            return await self._unknown(context)
        it = pressed(context, context.callback, Value.YES)
        await self.answering.tell(context, await context.transact(items.ask, it))

    async def item(self, _: telegram.Update, context: Context) -> None:
        """One item is done, or difficult."""
        callback = context.callback
        if callback is None or callback.number(0) is None or len(callback.args) < 2 or not callback.args[1]:
            return await self._unknown(context)
        value = Value.TROUBLE if callback.action == "it-bad" else Value.YES
        page = callback.number(2)
        it = pressed(context, callback, value, item=callback.args[1], is_on_list=page is not None)
        await self.answering.tell(context, await context.transact(answer.press, it))
        if page is not None:
            await self._turn(context, callback, page, YES)

    async def rest(self, _: telegram.Update, context: Context) -> None:
        """[✅ 其余全部已落实]."""
        callback = context.callback
        if callback is None or callback.number(0) is None:
            return await self._unknown(context)
        it = pressed(context, callback, Value.YES, is_on_list=True)
        await self.answering.tell(context, await context.transact(items.rest, it))
        await self._turn(context, callback, callback.number(1) or 0, YES)

    async def turn(self, _: telegram.Update, context: Context) -> None:
        """Another page of the list, or the same with another question."""
        callback = context.callback
        if callback is None or callback.number(0) is None or not context.is_private:
            return await self._unknown(context)
        mode = TROUBLE if callback.args[2:3] == (TROUBLE,) else YES
        if await self._turn(context, callback, callback.number(1) or 0, mode):
            await context.toast("")

    async def file(self, _: telegram.Update, context: Context) -> None:
        """[📎 看原文]: in private, once."""
        await self._give(context, copies.FILE)

    async def full(self, _: telegram.Update, context: Context) -> None:
        """[📄 看全文]: in private, once."""
        await self._give(context, copies.FULL)

    async def _give(self, context: Context, kind: str) -> None:
        callback = context.callback
        if callback is None:
            return await self._unknown(context)
        given, count = await context.transact(
            attachments.give, notice_id=callback.notice, user_id=context.user_id, kind=kind,
            chat_telegram_id=context.user_id if context.pressed_message_id is None else context.chat_telegram_id,
        )  # fmt: skip
        params = {"count": count} if given is Given.FILES else {}
        text = self.words.plain(f"toast.{given.value}", **params)
        if given in (Given.STRANGER, Given.UNREACHABLE):
            return await context.toast(
                text, alert=True, url=f"https://t.me/{context.bot_username}?start=hello"
            )
        await context.toast(text)

    async def _turn(self, context: Context, callback: Callback, page: int, mode: str) -> bool:
        """The list in place of the message pressed; False outside a private chat."""
        if not context.is_private:
            return False
        message = await context.read(self._page, context.now, context.user_id, callback, page, mode)
        await context.toast("")
        await context.edit(message)
        return True

    def _page(
        self, tx: Tx, now: dt.datetime, user_id: int, callback: Callback, page: int, mode: str
    ) -> OutgoingMessage:
        return self.cards.page(
            tx, now, people.by_user(tx, user_id), notice_id=callback.notice, unit_id=callback.number(0) or 0,
            page=page, mode=mode,
        )  # fmt: skip

    async def _unknown(self, context: Context) -> None:
        await context.toast(self.words.plain("toast.unknown"))

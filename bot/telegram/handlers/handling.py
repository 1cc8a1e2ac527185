"""The page of one notice in private: how far it has come, 更正 and 撤回, each asked twice."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import telegram

from bot.db import Tx
from bot.delivery.message import Callback, OutgoingMessage
from bot.notices import queries, rewording
from bot.roster import people
from bot.summaries.handling import Handling
from bot.telegram.context import Context
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Handlings:
    """Handlers of everything an officer presses on the page of a notice."""

    words: Words
    pages: Handling

    async def open(self, _: telegram.Update, context: Context) -> None:
        """[通知·更正·撤回], and back to it."""
        await self._look(context, lambda tx, now, it: self.pages.page(
            tx, now, person=people.by_user(tx, context.user_id), notice_id=it.notice
        ))  # fmt: skip

    async def items(self, _: telegram.Update, context: Context) -> None:
        """[逐项进度]."""
        await self._look(context, lambda tx, now, it: self.pages.items(
            tx, now, person=people.by_user(tx, context.user_id), notice_id=it.notice, page=it.number(0) or 0,
            version=it.number(1) or 0,
        ))  # fmt: skip

    async def left(self, _: telegram.Update, context: Context) -> None:
        """[没成的 n 个]."""
        await self._look(context, lambda tx, now, it: self.pages.left(
            tx, now, person=people.by_user(tx, context.user_id), notice_id=it.notice, page=it.number(0) or 0
        ))  # fmt: skip

    async def recall_ask(self, _: telegram.Update, context: Context) -> None:
        """[撤回]: what it does, and the second question."""
        await self._look(context, lambda tx, _, it: self.pages.recall_ask(
            tx, person=people.by_user(tx, context.user_id), notice_id=it.notice
        ))  # fmt: skip

    async def which(self, _: telegram.Update, context: Context) -> None:
        """[更正]: what of it."""
        await self._look(context, lambda tx, _, it: self.pages.which(
            tx, person=people.by_user(tx, context.user_id), notice_id=it.notice
        ))  # fmt: skip

    async def _look(
        self, context: Context, query: Callable[[Tx, dt.datetime, Callback], OutgoingMessage]
    ) -> None:
        callback = context.callback
        if callback is None or not context.is_private:
            return await self._unknown(context)
        message = await context.read(query, context.now, callback)
        await context.toast("")
        await context.edit(message)

    async def recall(self, _: telegram.Update, context: Context) -> None:
        """[确定撤回]."""
        callback = context.callback
        if callback is None or not context.is_private:
            return await self._unknown(context)

        def verb(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            return self.pages.recalled(
                tx, now, person=people.by_user(tx, context.user_id), notice_id=callback.notice
            )

        await self._done(context, verb)

    async def type(self, _: telegram.Update, context: Context) -> None:
        """One thing chosen: please send its new words."""
        callback = context.callback
        if callback is None or not context.is_private or not callback.args:
            return await self._unknown(context)
        item = callback.args[0]
        notice = await context.transact(
            rewording.ask, user_id=context.user_id, notice_id=callback.notice, item=item
        )
        await context.toast("")
        await context.edit(self.pages.type(notice, item))

    async def typed(self, context: Context, subject: str, text: str) -> None:
        """The new words: shown, with what they do, and asked once more."""

        def verb(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            it = rewording.propose(tx, now, user_id=context.user_id, of=subject, text=text)
            return self.pages.proposal(tx, it)

        await context.say(await context.transact(verb))

    async def sure(self, _: telegram.Update, context: Context) -> None:
        """[确定更正]."""
        callback = context.callback
        if callback is None or not context.is_private:
            return await self._unknown(context)

        def verb(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            done = rewording.confirm(
                tx, now, user_id=context.user_id, notice_id=callback.notice, version=callback.version
            )
            notice = queries.notice(tx, callback.notice)
            if notice is None:
                raise LookupError(f"notice {callback.notice}")
            return self.pages.revised(notice, done)

        await self._done(context, verb)

    async def _done(self, context: Context, verb: Callable[[Tx, dt.datetime], OutgoingMessage]) -> None:
        message = await context.transact(verb)
        await context.toast(self.words.plain("toast.done"))
        await context.edit(message)

    async def _unknown(self, context: Context) -> None:
        await context.toast(self.words.plain("toast.unknown"))

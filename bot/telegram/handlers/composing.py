"""Sending in chat: /send, what is pasted and attached, the buttons of a draft, a second officer's word; and 意见."""

from collections.abc import Callable
from dataclasses import dataclass

import telegram

from bot.composing import drafts, opinions, presses, seconding, sending, typing
from bot.composing.presses import Done
from bot.delivery.message import OutgoingMessage
from bot.inbox import questions
from bot.notices.publish import File
from bot.roster import access, people
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Composing:
    """Handlers of everything about sending."""

    words: Words
    desk: Callable[[], sending.Desk]

    async def send(self, update: telegram.Update, context: Context) -> None:
        """/send: a draft is begun, or gone on with."""
        if not context.is_private:
            return await group_words.say(update, context, "plans.in_private")
        await self._below(context, await context.transact(presses.start, context.user_id, self.desk()))

    # ── pressed ──────────────────────────────────────────────────────────────────────────────────

    async def press(self, _: telegram.Update, context: Context) -> None:
        """A button of the author's own message."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            at = context.pressed_message_id
            done = await context.transact(
                presses.press, callback, user_id=context.user_id, message_id=at, desk=self.desk()
            )
            await self._in_place(context, done)

    async def again(self, _: telegram.Update, context: Context) -> None:
        """[再发]: an old notice's words, as a draft."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            at = context.pressed_message_id
            done = await context.transact(
                presses.again, callback.notice, user_id=context.user_id, message_id=at, desk=self.desk()
            )
            await self._in_place(context, done)

    async def revise(self, _: telegram.Update, context: Context) -> None:
        """[改一版]: an old notice's words, as a draft of its next version."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            at = context.pressed_message_id
            done = await context.transact(
                presses.revise, callback.notice, user_id=context.user_id, message_id=at, desk=self.desk()
            )
            await self._in_place(context, done)

    async def look(self, _: telegram.Update, context: Context) -> None:
        """A button of a rehearsed card, or the text and files a second officer wants to see."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            done = await context.transact(seconding.look, callback, user_id=context.user_id, desk=self.desk())
            await self._in_place(context, done)

    async def agree(self, _: telegram.Update, context: Context) -> None:
        """[同意发送]."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            done = await context.transact(
                seconding.agree, callback, user_id=context.user_id, desk=self.desk()
            )
            await self._in_place(context, done)

    async def refuse(self, _: telegram.Update, context: Context) -> None:
        """[不同意]: why?"""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            done = await context.transact(
                seconding.ask_why_not, callback, user_id=context.user_id, desk=self.desk()
            )
            await self._in_place(context, done)

    async def _in_place(self, context: Context, done: Done) -> None:
        """What was pressed becomes what is; the rest stands below."""
        await context.toast(done.toast)
        if done.message is not None:
            await context.edit(done.message)
        for message in done.also:
            await context.say(message)

    # ── typed ────────────────────────────────────────────────────────────────────────────────────

    async def answered(self, context: Context, asked: questions.Question, typed: str) -> bool:
        """Take what was typed, if it answers something asked here; whether it did."""
        user_id = context.user_id
        if asked.kind == presses.QUESTION:
            verb = typing.typed
        elif asked.kind == seconding.WHY_NOT:
            verb = typing.why_not
        elif asked.kind == opinions.QUESTION:
            about = int(asked.subject) if asked.subject.isdigit() else 0
            is_sent = await context.transact(opinions.tell, typed, user_id=user_id, about=about)
            await context.say(OutgoingMessage(self.words.html("composing.opinion_thanks", is_sent=is_sent)))
            return True
        else:
            return False
        done = await context.transact(verb, asked.subject, typed, user_id=user_id, desk=self.desk())
        await self._below(context, done)
        return True

    async def file(self, context: Context, message: telegram.Message) -> bool:
        """Attach what was sent to the draft this person is at; False where he is at none."""
        sent = _file(message)
        if sent is None:
            return False
        done = await context.transact(
            typing.attached, sent, message.caption or "", user_id=context.user_id, desk=self.desk()
        )
        if done is not None:
            await self._below(context, done)
        return done is not None

    async def send_first(self, context: Context) -> bool:
        """Tell who may send how a notice is begun; False where this person may not."""
        if await context.read(people.entitled, context.user_id, access.Action.SEND) is None:
            return False
        await context.say(OutgoingMessage(self.words.html("composing.send_first")))
        return True

    async def cancel(self, context: Context) -> bool:
        """End the draft this person is at; False where he is at none."""
        done = await context.transact(typing.cancel, user_id=context.user_id, desk=self.desk())
        if done is not None:
            await self._below(context, done)
        return done is not None

    async def _below(self, context: Context, done: Done) -> None:
        """The draft moves below what was typed: there is one message of it, and it is the last."""
        if done.message is not None:
            shown = await context.say(done.message)
            if done.draft_id and shown.message_id is not None:
                await context.transact(drafts.on_message, done.draft_id, shown.message_id)
                if done.stood_on is not None:
                    await context.say(OutgoingMessage("", edit_of=done.stood_on, delete=True))
        for message in done.also:
            await context.say(message)

    # ── opinions ─────────────────────────────────────────────────────────────────────────────────

    async def opinion(self, _: telegram.Update, context: Context) -> None:
        """[意见]: please write one sentence."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            await context.transact(
                opinions.ask, user_id=context.user_id, words=self.words, about=callback.notice
            )
            await context.toast("")
            await context.say(OutgoingMessage(self.words.html("composing.opinion_ask")))


def _file(message: telegram.Message) -> File | None:
    """The document or photo of a message; None where it has neither."""
    where = message.chat.id, message.message_id
    if message.document is not None:
        it = message.document
        return File(it.file_id, "document", it.file_name or "", it.file_size or 0, *where)
    if message.photo:
        largest = message.photo[-1]
        return File(largest.file_id, "photo", "", largest.file_size or 0, *where)
    return None

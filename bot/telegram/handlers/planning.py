"""Plans in chat: the list and its pages, the switch, sending at once, and the owner's word on what was put to him."""

import datetime as dt
from dataclasses import dataclass

import telegram

from bot.composing.rules import House
from bot.db import Tx
from bot.delivery.message import OutgoingMessage
from bot.plans import messages, owners, place, switching
from bot.plans.pages import PlanPages
from bot.roster.people import Person
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Planning:
    """Handlers of everything about plans."""

    words: Words
    pages: PlanPages
    house: House

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    async def plans(self, update: telegram.Update, context: Context) -> None:
        """/plans: the list."""
        if not context.is_private:
            return await group_words.say(update, context, "plans.in_private")
        await context.say(await context.read(self.pages.all, context.now, context.user_id))

    async def list(self, _: telegram.Update, context: Context) -> None:
        """The list again, or another page of it."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            page = place.page_of(callback, 0)
            await private_pages.show(
                context, await context.read(self.pages.all, context.now, context.user_id, page)
            )

    async def one(self, _: telegram.Update, context: Context) -> None:
        """One plan's page."""
        key, back = await self._plan(context)
        if key:
            await private_pages.show(
                context, await context.read(self.pages.one, context.now, context.user_id, key, back)
            )

    async def ahead(self, _: telegram.Update, context: Context) -> None:
        """[今后 30 天], of one plan or of all."""
        key, back = await self._plan(context, or_all=True)
        if key and context.callback:
            page = place.page_of(context.callback, 2)
            message = await context.read(self.pages.ahead, context.now, context.user_id, key, back, page)
            await private_pages.show(context, message)

    # ── doing ────────────────────────────────────────────────────────────────────────────────────

    async def switch(self, _: telegram.Update, context: Context) -> None:
        """[启用] [暂停]."""
        key, back = await self._plan(context)
        if not key or context.callback is None:
            return
        on = context.callback.action == place.PLAN_ON

        def verb(tx: Tx, now: dt.datetime) -> bool:
            person = owners.entitled(tx, context.user_id)
            entry = self.pages.entry(key)
            return switching.switch(tx, now, entry.id, on=on, book=self.pages.book(), by=person.actor)

        is_new = await context.transact(verb)
        await context.toast(self.words.plain("plans.switched", is_on=on, is_new=is_new))
        await context.edit(await context.read(self.pages.one, context.now, context.user_id, key, back))

    async def run_ask(self, _: telegram.Update, context: Context) -> None:
        """[现在发]: the exact number, before anything leaves."""
        key, back = await self._plan(context)
        if not key:
            return

        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            self._sends_alone(tx, now, context.user_id, key)
            return self.pages.ask(tx, now, key, back)

        await private_pages.show(context, await context.read(query, context.now))

    async def run(self, _: telegram.Update, context: Context) -> None:
        """[发送]: as many as were told, once."""
        key, back = await self._plan(context)
        told = context.callback.number(2) if context.callback else None
        if not key:
            return None
        if told is None:
            return await context.toast(self.words.plain("toast.unknown"))

        def verb(tx: Tx, now: dt.datetime) -> int:
            person = self._sends_alone(tx, now, context.user_id, key)
            entry, book = self.pages.entry(key), self.pages.book()
            fired = switching.run(tx, now, entry.id, book=book, by=person.actor, units_told=told)
            return sum(one.units for one in fired)

        units = await context.transact(verb)
        is_admins = self.pages.entry(key).audience.is_admins
        await context.toast(self.words.plain("plans.sent", units=units, is_admins=is_admins))
        await context.edit(await context.read(self.pages.one, context.now, context.user_id, key, back))

    def _sends_alone(self, tx: Tx, now: dt.datetime, user_id: int, key: str) -> Person:
        """The person, who needs nobody else's word for it."""
        person, entry = owners.entitled(tx, user_id), self.pages.entry(key)
        book, rules = self.pages.book(), self.house()
        switching.sends_alone(tx, now, entry.id, person=person, book=book, rules=rules)
        return person

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
            book=self.pages.book(),
            user_id=context.user_id,
        )
        reason = "" if done.reason == switching.DECLINED else done.reason
        await context.toast(
            self.words.plain("plans.decided", state=done.state.value, is_new=done.is_new, reason=reason)
        )

    # ── what was pressed ─────────────────────────────────────────────────────────────────────────

    async def _plan(self, context: Context, *, or_all: bool = False) -> tuple[str, int]:
        """The plan's key and the page of the list to go back to; '' where the button is not ours."""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return "", 0
        key = place.key_of(callback, 0) or ""
        if not key or (key == place.ALL and not or_all):
            await context.toast(self.words.plain("toast.unknown"))
            return "", 0
        return key, place.page_of(callback, 1)

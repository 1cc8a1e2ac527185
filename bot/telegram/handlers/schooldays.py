"""The school calendar in chat, and an officer's word that schools stay closed."""

import datetime as dt
from dataclasses import dataclass

import telegram

from bot.db import Tx
from bot.delivery.message import OutgoingMessage
from bot.plans import days_off, place
from bot.plans.days_off import Closed
from bot.plans.school_days import SchoolDays
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a button of a day off means, before anybody looks whether it may be.

    Attributes:
        county_id: None for the whole city.
    """

    day: dt.date
    county_id: int | None
    key: str


@dataclass(frozen=True, slots=True)
class SchoolDaysInChat:
    """Handlers of the calendar and of days off."""

    words: Words
    pages: SchoolDays

    async def calendar(self, update: telegram.Update, context: Context) -> None:
        """/calendar: today, and what is ahead."""
        if not context.is_private:
            return await group_words.say(update, context, "plans.in_private")
        await context.say(await context.read(self.pages.page, context.now, context.user_id))

    async def page(self, _: telegram.Update, context: Context) -> None:
        """The calendar again, or another page of its days off."""
        callback = await private_pages.pressed(context, self.words)
        if callback is not None:
            page = place.page_of(callback, 0)
            await private_pages.show(
                context, await context.read(self.pages.page, context.now, context.user_id, page)
            )

    async def whom(self, _: telegram.Update, context: Context) -> None:
        """[今天停课] [明天停课]: which schools?"""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        day, county = place.day_of(callback, 0), callback.number(1)
        if day is None or county is None:
            return await context.toast(self.words.plain("toast.unknown"))
        message = await context.read(
            self.pages.choose, context.now, context.user_id, day=day, county_id=county or None,
            page=place.page_of(callback, 2),
        )  # fmt: skip
        await private_pages.show(context, message)

    async def ask(self, _: telegram.Update, context: Context) -> None:
        """Exactly what will happen; nothing does before [确定]."""
        asked = await self._asked(context)
        if asked is None:
            return

        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            days_off.officer(tx, context.user_id)
            target = self.pages.target(tx, day=asked.day, county_id=asked.county_id, key=asked.key)
            return self.pages.ask(tx, now, context.user_id, target)

        await private_pages.show(context, await context.read(query, context.now))

    async def close(self, _: telegram.Update, context: Context) -> None:
        """[确定]."""
        asked = await self._asked(context)
        if asked is None:
            return
        zone = self.pages.book().zone

        def verb(tx: Tx, now: dt.datetime) -> tuple[Closed, OutgoingMessage]:
            days_off.officer(tx, context.user_id)
            target = self.pages.target(tx, day=asked.day, county_id=asked.county_id, key=asked.key)
            done = days_off.close(tx, now, target, user_id=context.user_id, zone=zone)
            return done, self.pages.closed(tx, now, context.user_id, done)

        done, message = await context.transact(verb)
        await context.toast(self.words.plain("calendar.noted", is_new=done.is_new))
        await context.edit(message)

    async def take_back(self, _: telegram.Update, context: Context) -> None:
        """[撤销]."""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        day_off_id = callback.number(0)
        if day_off_id is None:
            return await context.toast(self.words.plain("toast.unknown"))
        done = await context.transact(
            days_off.take_back, day_off_id, user_id=context.user_id, zone=self.pages.book().zone
        )
        await context.toast(
            self.words.plain(
                "calendar.taken_back",
                is_new=done.is_new,
                notices=done.excused.notices,
                asks=done.excused.asks,
            )
        )
        await context.edit(await context.read(self.pages.page, context.now, context.user_id))

    # ── what was pressed ─────────────────────────────────────────────────────────────────────────

    async def _asked(self, context: Context) -> _Asked | None:
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        day, county, key = place.day_of(callback, 0), callback.number(1), place.key_of(callback, 2)
        if day is None or county is None or key is None:
            await context.toast(self.words.plain("toast.unknown"))
            return None
        return _Asked(day, county or None, key)

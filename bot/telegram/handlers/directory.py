"""Units in chat: /units and its pages, /invite, slips to print."""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import telegram

from bot.db import Tx
from bot.delivery.message import Callback, Document, OutgoingMessage
from bot.roster import slips, vocabulary
from bot.summaries import unit_codes, unit_place
from bot.summaries.unit_codes import UnitCodes
from bot.summaries.unit_pages import UnitPages
from bot.summaries.unit_place import Part, Place
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Directory:
    """Handlers of everything about units."""

    words: Words
    pages: UnitPages
    codes: UnitCodes
    making: asyncio.Lock = field(default_factory=asyncio.Lock)  # one big file at a time: presses come first

    # ── commands ─────────────────────────────────────────────────────────────────────────────────

    async def units(self, update: telegram.Update, context: Context) -> None:
        """/units, alone or with what to look for."""
        await self._look_up(update, context, Part.ALL)

    async def invite(self, update: telegram.Update, context: Context) -> None:
        """/invite: who is not enrolled yet; with a unit its posts, with a post behind it the code itself."""
        await self._look_up(update, context, Part.UNBOUND)

    async def _look_up(self, update: telegram.Update, context: Context, part: Part) -> None:
        if not context.is_private:
            return await group_words.say(update, context, "units.in_private")
        typed = list(context.args or ())
        if part is Part.UNBOUND and typed and await self._invited(context, typed):
            return None

        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage:
            text = " ".join(typed)
            found = self.pages.found(tx, now, context.user_id, text) if text else None
            at = unit_place.said(text) if text else Place(part=part)
            return found or self.pages.units(tx, now, context.user_id, at)

        await context.say(await context.read(query, context.now))

    async def _invited(self, context: Context, typed: list[str]) -> bool:
        """`/invite 金滩镇中心小学 校长`: whether one unit was meant, and answered."""
        role = vocabulary.role_of(typed[-1]) if len(typed) > 1 else None
        text = " ".join(typed if role is None else typed[:-1])
        unit = await context.read(self.pages.means, context.user_id, text)
        if unit is None:
            return False
        at = unit_place.said(text)
        if role is None:
            message = await context.read(self.codes.invite, context.now, context.user_id, unit.id, at)
        else:
            message = await context.transact(self.codes.code, context.user_id, unit.id, role, at)
        await context.say(message)
        return True

    async def typed(self, context: Context, text: str, *, exactly: bool = False) -> bool:
        """大河县, 一小: whether these words mean units within the reader's area, and were answered.

        Args:
            exactly: only where they mean one unit beyond doubt.
        """

        def query(tx: Tx, now: dt.datetime) -> OutgoingMessage | None:
            if not self.pages.may_look(tx, context.user_id):
                return None
            if exactly and self.pages.means(tx, context.user_id, text) is None:
                return None
            return self.pages.found(tx, now, context.user_id, text)

        message = await context.read(query, context.now)
        if message is not None:
            await context.say(message)
        return message is not None

    # ── pages ────────────────────────────────────────────────────────────────────────────────────

    async def list(self, _: telegram.Update, context: Context) -> None:
        """A list, or another page of it."""
        at = await self._place(context, 0)
        if at is not None:
            await private_pages.show(
                context, await context.read(self.pages.units, context.now, context.user_id, at)
            )

    async def one(self, _: telegram.Update, context: Context) -> None:
        """One unit's page."""
        await self._of_unit(context, 1, self.pages.one)

    async def invite_page(self, _: telegram.Update, context: Context) -> None:
        """[发登记码]: the posts of the unit."""
        await self._of_unit(context, 1, self.codes.invite)

    async def _of_unit(
        self,
        context: Context,
        index: int,
        page: Callable[[Tx, dt.datetime, int, int, Place], OutgoingMessage],
    ) -> None:
        callback, at = context.callback, await self._place(context, index)
        unit_id = callback.number(0) if callback is not None else None
        if at is None:
            return None
        if unit_id is None:
            return await context.toast(self.words.plain("toast.unknown"))
        message = await context.read(page, context.now, context.user_id, unit_id, at)
        await private_pages.show(context, message)

    async def numbers(self, _: telegram.Update, context: Context) -> None:
        """[📞 看号码]: the page with full numbers, for one entitled; written into the audit trail."""
        callback, at = context.callback, await self._place(context, 1)
        unit_id = callback.number(0) if callback is not None else None
        if at is None:
            return None
        if unit_id is None:
            return await context.toast(self.words.plain("toast.unknown"))
        message = await context.transact(self.pages.one, context.user_id, unit_id, at, unmask=True)
        await private_pages.show(context, message)

    async def past(self, _: telegram.Update, context: Context) -> None:
        """[全部 n 条通知], and turning its pages."""
        at = await self._place(context, 2)
        if at is None or context.callback is None:
            return None
        unit_id, page = context.callback.number(0), context.callback.number(1)
        if unit_id is None or page is None:
            return await context.toast(self.words.plain("toast.unknown"))
        message = await context.read(self.pages.past, context.now, context.user_id, unit_id, page, at)
        await private_pages.show(context, message)

    # ── codes ────────────────────────────────────────────────────────────────────────────────────

    async def code(self, _: telegram.Update, context: Context) -> None:
        """A post pressed, or the group: its code."""
        at = await self._place(context, 2)
        if at is None or context.callback is None:
            return None
        unit_id, word = context.callback.number(0), context.callback.args[1]
        if unit_id is None or not unit_codes.is_post(word):
            return await context.toast(self.words.plain("toast.unknown"))
        role, anew = unit_codes.role_of(word), word.endswith(unit_codes.ANEW)
        message = await context.transact(self.codes.code, context.user_id, unit_id, role, at, anew=anew)
        await private_pages.show(context, message)

    async def slips(self, _: telegram.Update, context: Context) -> None:
        """[🖨 打印登记条]: for everybody of the list who is not enrolled, as a file to print and cut."""
        at = await self._place(context, 0)
        if at is None:
            return
        name, given, phone = await context.transact(self.codes.slips, context.user_id, at)
        await context.toast(self.words.plain("units.making"))
        async with self.making:
            some = [slips.of(one, phone, self.words.zone) for one in given]
            content = await asyncio.to_thread(slips.build, some)
        until = min(one.expires_at for one in given)
        caption = self.words.html("units.slips_caption", count=len(given), until=until)
        file = Document(f"{self.words.plain('units.slips_file', name=name)}.xlsx", content)
        await context.say(OutgoingMessage(caption, document=file))

    # ── what was pressed ─────────────────────────────────────────────────────────────────────────

    async def _place(self, context: Context, index: int) -> Place | None:
        """The list to go back to; None, and a word, for a button that is not ours or in a group."""
        callback: Callback | None = await private_pages.pressed(context, self.words)
        at = unit_place.of(callback, index) if callback is not None else None
        if callback is not None and at is None:
            await context.toast(self.words.plain("toast.unknown"))
        return at

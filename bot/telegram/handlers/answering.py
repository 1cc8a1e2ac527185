"""Presses on cards, and the school's side of a trouble."""

from dataclasses import dataclass

import telegram

from bot.delivery.message import Callback, OutgoingMessage
from bot.notices import answer, handful, trouble
from bot.notices.pressing import Outcome, Press, Said
from bot.notices.rules import Value
from bot.telegram.context import Context
from bot.texts import Words

VALUES = {"yes": Value.YES, "all": Value.YES, "trouble": Value.TROUBLE, "say": Value.TEXT}

TOLD = {  # which facts of an outcome its toast speaks of
    Said.RECORDED: ("unit", "words", "at"),
    Said.RECORDED_ALL: ("count", "words", "at"),
    Said.LATE: ("unit", "words", "due_at"),
    Said.TROUBLE: ("words",),
    Said.TROUBLE_ALREADY: ("by", "at", "words"),
    Said.TROUBLE_STANDS: ("by", "at", "trouble_words"),
    Said.ALREADY_MINE: ("at",),
    Said.ALREADY: ("by", "at", "words"),
    Said.CHOOSE: ("count",),
    Said.CLOSED: ("due_at",),
    Said.ACKNOWLEDGED: ("unit", "words", "at"),
    Said.LISTED: ("unit",),
    Said.ITEM: ("unit", "item", "words", "at"),
    Said.ITEM_LATE: ("unit", "item", "words", "due_at"),
    Said.NUMBER: ("unit", "item"),
    Said.REST: ("unit", "count", "words", "at"),
}
INSISTED = (Said.TROUBLE, Said.TROUBLE_STANDS, Said.CHOOSE, Said.OLD_VERSION, Said.LISTED, Said.NUMBER)
AT_OUR_DOOR = (Said.STRANGER, Said.UNREACHABLE)  # the toast opens the private chat


@dataclass(frozen=True, slots=True)
class Answering:
    """Handlers of everything a principal presses."""

    words: Words

    async def press(self, update: telegram.Update, context: Context) -> None:
        """[✅] [⚠️] [✏️] on a card, a chase or a list of units."""
        it = _press(update, context)
        if it is None:
            return await self._toast(context, "unknown")
        if it.value is Value.TEXT:
            return await self.tell(context, await context.transact(answer.ask_line, it))
        await self.tell(context, await context.transact_one_of(handful.press_each, it))

    async def unknown(self, _: telegram.Update, context: Context) -> None:
        """A button of nobody's: an old one, or a forged one."""
        await self._toast(context, "unknown")

    async def look(self, _: telegram.Update, context: Context) -> None:
        """[🔎 我校报了没]: an alert only the presser sees; nothing is recorded."""
        callback = context.callback
        if callback is None:
            return await self._toast(context, "unknown")
        mine = await context.read(answer.own, context.now, notice_id=callback.notice, user_id=context.user_id)
        if mine is None:
            return await context.toast(self.words.plain("toast.look_stranger"), alert=True)
        await context.toast(self.words.plain("toast.look", units=mine), alert=True)

    async def tell(self, context: Context, outcome: Outcome) -> None:
        """The toast for what became of a press; what must be understood is an alert that has to be closed."""
        text = self._say(outcome.said.value, **facts(outcome))
        if outcome.said in AT_OUR_DOOR:
            url = f"https://t.me/{context.bot_username}?start=hello"
            return await context.toast(text, alert=True, url=url)
        await context.toast(text, alert=outcome.first or outcome.said in INSISTED)

    def _say(self, name: str, **params: object) -> str:
        return self.words.plain(f"toast.{name}", **params)

    async def _toast(self, context: Context, name: str) -> None:
        await context.toast(self._say(name))

    # ── a trouble, in private ────────────────────────────────────────────────────────────────────

    async def trouble_theme(self, _: telegram.Update, context: Context) -> None:
        """① which matter."""
        await self._trouble(context, "theme")

    async def trouble_need(self, _: telegram.Update, context: Context) -> None:
        """② what is needed."""
        await self._trouble(context, "need")

    async def trouble_enough(self, _: telegram.Update, context: Context) -> None:
        """③ 「不补充」."""
        await self._trouble(context, "enough")

    async def trouble_reword(self, _: telegram.Update, context: Context) -> None:
        """「改一句」."""
        await self._trouble(context, "reword")

    async def trouble_solved(self, _: telegram.Update, context: Context) -> None:
        """「已解决」 by the school."""
        await self._trouble(context, "solved")

    async def trouble_wrong(self, _: telegram.Update, context: Context) -> None:
        """「点错了,没有困难」."""
        await self._trouble(context, "wrong")

    async def _trouble(self, context: Context, what: str) -> None:
        callback = context.callback
        trouble_id = callback.number(0) if callback else None
        if callback is None or trouble_id is None:
            return await self._toast(context, "unknown")
        user = context.user_id
        word = callback.args[1] if len(callback.args) > 1 else ""
        match what:
            case "theme":
                await context.transact(trouble.choose, trouble_id=trouble_id, user_id=user, theme=word)
            case "need":
                await context.transact(trouble.choose, trouble_id=trouble_id, user_id=user, need=word)
            case "enough":
                await context.transact(trouble.describe, trouble_id=trouble_id, user_id=user)
            case "reword":
                await context.transact(trouble.reword, trouble_id=trouble_id, user_id=user)
            case "solved":
                await context.transact(trouble.solve, trouble_id=trouble_id, user_id=user)
            case _:
                await context.transact(trouble.withdraw, trouble_id=trouble_id, user_id=user)
        await self._toast(context, "done")

    async def told_in_words(self, context: Context, subject: str, text: str) -> None:
        """The line typed to ③."""
        await context.transact(trouble.describe, trouble_id=int(subject), user_id=context.user_id, text=text)

    async def told_by_file(self, context: Context, subject: str, file_id: str, file_kind: str) -> None:
        """A voice or a photo sent to ③."""
        await context.transact(
            trouble.describe,
            trouble_id=int(subject),
            user_id=context.user_id,
            file_id=file_id,
            file_kind=file_kind,
        )

    async def report_line(self, context: Context, subject: str, text: str) -> None:
        """The line typed after 「写一句」."""
        outcome = await context.transact(answer.line, user_id=context.user_id, subject=subject, text=text)
        if outcome.said in (Said.RECORDED, Said.LATE):
            html = self.words.html("talk.line_saved", unit=outcome.unit)
        else:
            html = self.words.html(f"toast.{outcome.said.value}", **facts(outcome))
        await context.say(OutgoingMessage(html))

    async def number(self, context: Context, subject: str, text: str) -> None:
        """The number typed to an item."""
        outcome = await context.transact(answer.number, user_id=context.user_id, subject=subject, text=text)
        if outcome.said in answer.RECORDED and outcome.at is not None:
            html = self.words.html("directive.numbered", unit=outcome.unit, item=outcome.item, at=outcome.at)
        else:
            html = self.words.html(f"toast.{outcome.said.value}", **facts(outcome))
        await context.say(OutgoingMessage(html))


def facts(outcome: Outcome) -> dict[str, object]:
    """What the toast of this outcome speaks of."""
    return {name: getattr(outcome, name) for name in TOLD.get(outcome.said, ())}


def _press(update: telegram.Update, context: Context) -> Press | None:
    callback, query = context.callback, update.callback_query
    if callback is None or callback.action not in VALUES or query is None:
        return None
    return pressed(context, callback, VALUES[callback.action])


def pressed(
    context: Context, callback: Callback, value: Value, *, item: str = "", is_on_list: bool = False
) -> Press:
    """The press this callback makes; the unit meant is its first word."""
    return Press(
        notice_id=callback.notice,
        version=callback.version,
        value=value,
        user_id=context.user_id,
        chat_telegram_id=context.user_id if context.pressed_message_id is None else context.chat_telegram_id,
        message_id=context.pressed_message_id,
        unit_id=callback.number(0),
        every=callback.action == "all",
        pressed_before=context.pressed_before,
        item=item,
        is_on_list=is_on_list,
        callback=callback.encode() if callback.action in VALUES else "",
    )

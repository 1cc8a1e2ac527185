"""The one way out to Telegram: a message as a value goes in, what became of it comes back."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import structlog
import telegram
from telegram import error, ext
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.delivery.message import TOAST_CHARS, Button, Outcome, OutgoingMessage, Verdict
from bot.telegram import outcomes, request
from bot.telegram.outcomes import Call

log = structlog.get_logger()

NO_PREVIEW = {"is_disabled": True}
HTML = telegram.constants.ParseMode.HTML
KEYS_IN_A_ROW = 2

Keyboard = dict[str, Any]  # as the Bot API has it
Bot = ext.ExtBot[None]


class _Forgotten(Exception):
    """Telegram knows neither the number of the file nor the message it came in."""


class Gateway:
    """Calls to one bot. `connect` makes one; `close` ends its connections."""

    def __init__(self, bot: Bot, calls: request.AiohttpRequest, polls: request.AiohttpRequest) -> None:
        self.bot = bot
        self.polls = polls  # getUpdates has connections of its own
        self._calls = calls

    @classmethod
    def connect(
        cls, token: str, api_url: str = "https://api.telegram.org", *, connections: int = request.CONNECTIONS
    ) -> Self:
        """A gateway to the Bot API server at `api_url`; nothing is called yet."""
        calls = request.AiohttpRequest(connections=connections)
        polls = request.AiohttpRequest(connections=4)  # one broken connection must not silence it
        bot = ext.ExtBot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=calls,
            get_updates_request=polls,
        )
        return cls(bot, calls, polls)

    async def close(self) -> None:
        """Close every connection."""
        await self._calls.shutdown()
        await self.polls.shutdown()

    async def ping(self, *, within_s: float) -> str:
        """'' if Telegram has answered within so many seconds, or does now; else the name of what goes wrong."""
        if time.monotonic() - max(self._calls.answered_at_s, self.polls.answered_at_s) < within_s:
            return ""
        try:
            await self.bot.get_me()
        except error.TelegramError as fault:
            return type(fault).__name__
        return ""

    async def me(self) -> tuple[int, str]:
        """The bot's id and username.

        Raises:
            Refused: Telegram does not know the token.
            telegram.error.NetworkError: Telegram cannot be reached.
        """
        try:
            me = await self.bot.get_me()
        except error.InvalidToken as fault:
            outcomes.of(fault, Call.EDIT, is_private=True)
            raise
        return me.id, me.username or ""

    async def show(
        self, chat_telegram_id: int, message: OutgoingMessage, *, thread_id: int | None = None
    ) -> Outcome:
        """Send, edit or delete; a topic that no longer exists is answered by sending to the whole group.

        Raises:
            Refused: Telegram does not know the token.
        """
        outcome = await self._show(chat_telegram_id, message, thread_id)
        if thread_id is None or outcomes.THREAD_LOST not in outcome.detail.lower():
            return outcome
        again = await self._show(chat_telegram_id, message, None)
        return Outcome(
            again.verdict, again.message_id, again.detail, again.retry_after, again.moved_to, thread_lost=True
        )

    async def answer(self, query_id: str, text: str, *, alert: bool = False, url: str = "") -> None:
        """The button stops spinning and the toast is shown; a query too old is nobody's fault."""
        try:
            await self._post(
                "answerCallbackQuery", callback_query_id=query_id, text=text[:TOAST_CHARS] or None,
                show_alert=alert or None, url=url or None,
            )  # fmt: skip
        except error.TelegramError as fault:
            log.debug("toast_failed", fault=type(fault).__name__)

    async def _show(self, chat_id: int, message: OutgoingMessage, thread_id: int | None) -> Outcome:
        call = Call.DELETE if message.delete else Call.SEND if message.edit_of is None else Call.EDIT
        try:
            keyboard = _keyboard(message)
        except ValueError as fault:  # a callback too long: nothing has left
            return Outcome(Verdict.REFUSED, detail=f"keyboard: {fault}")
        try:
            message_id = await self._call(call, chat_id, message, keyboard, thread_id)
        except _Forgotten as fault:
            return Outcome(Verdict.REFUSED, detail=f"file forgotten: {fault}"[: outcomes.DETAIL_CHARS])
        except error.TelegramError as fault:
            return outcomes.of(fault, call, is_private=chat_id > 0)
        return Outcome(Verdict.SENT, message_id)

    async def _call(
        self,
        call: Call,
        chat_id: int,
        message: OutgoingMessage,
        keyboard: Keyboard | None,
        thread_id: int | None,
    ) -> int:
        if message.menu is not None:
            await self._set_menu(chat_id, message.menu)
            return 0
        if call is Call.SEND:
            return await self._send(chat_id, message, keyboard, thread_id)
        if message.edit_of is None:
            raise ValueError("nothing says which message to edit or delete")
        if call is Call.DELETE:
            await self.bot.delete_message(chat_id, message.edit_of)
        else:
            await self._edit(chat_id, message.edit_of, message)
        return message.edit_of

    async def _set_menu(self, chat_id: int, lines: tuple[tuple[str, str], ...]) -> None:
        """The chat's own menu; without lines it is the one of all private chats again."""
        scope = telegram.BotCommandScopeChat(chat_id)
        if lines:
            await self.bot.set_my_commands([telegram.BotCommand(*line) for line in lines], scope=scope)
        else:
            await self.bot.delete_my_commands(scope=scope)

    async def _edit(self, chat_id: int, message_id: int, message: OutgoingMessage) -> None:
        buttons = _inline(message.rows)  # an edit without buttons takes the buttons away
        if message.document or message.file_id:
            await self.bot.edit_message_caption(
                chat_id, message_id, caption=message.html, parse_mode=HTML, reply_markup=_object(buttons)
            )
            return
        await self._post(
            "editMessageText", chat_id=chat_id, message_id=message_id, reply_markup=buttons, **_text(message)
        )

    async def _send(
        self, chat_id: int, message: OutgoingMessage, keyboard: Keyboard | None, thread_id: int | None
    ) -> int:
        if message.document or message.file_id:
            return await self._send_file(chat_id, message, keyboard, thread_id)
        reply = {"message_id": message.reply_to, "allow_sending_without_reply": True}
        sent = await self._post(
            "sendMessage", chat_id=chat_id, disable_notification=message.silent or None,
            message_thread_id=thread_id, reply_parameters=reply if message.reply_to else None,
            reply_markup=keyboard, **_text(message),
        )  # fmt: skip
        if not isinstance(sent, dict) or not isinstance(sent.get("message_id"), int):
            raise request.Uncertain("answer holds no message")
        return int(sent["message_id"])

    async def _post(self, method: str, **words: object) -> object:
        """One call, past the library's own method, which makes whole objects of a question and of its answer.

        We read one number of it, and three quarters of the time of a send went there.

        Raises:
            telegram.error.TelegramError: as the library's own method.
        """
        given = [RequestParameter(name, word, None) for name, word in words.items() if word is not None]
        return await self._calls.post(f"{self.bot.base_url}/{method}", RequestData(given))

    async def _send_file(
        self,
        chat_id: int,
        message: OutgoingMessage,
        keyboard: Keyboard | None,
        thread_id: int | None,
    ) -> int:
        reply = telegram.ReplyParameters(message.reply_to or 0, allow_sending_without_reply=True)
        content: str | telegram.InputFile = message.file_id
        if message.document is not None:
            content = telegram.InputFile(message.document.content, filename=message.document.name)
        send: Callable[..., Awaitable[telegram.Message]] = self.bot.send_document
        if message.file_kind == "voice":
            send = self.bot.send_voice
        elif message.file_kind == "photo":
            send = self.bot.send_photo
        how: dict[str, Any] = {
            "caption": message.html or None, "parse_mode": HTML, "disable_notification": message.silent or None,
            "message_thread_id": thread_id, "reply_parameters": reply if message.reply_to else None,
            "reply_markup": _object(keyboard),
        }  # fmt: skip
        try:
            return (await send(chat_id, content, **how)).message_id
        except error.BadRequest as fault:
            if message.copy_of is None or not outcomes.is_forgotten(fault):
                raise
        try:
            copied = await self.bot.copy_message(chat_id, *message.copy_of, **how)
        except error.BadRequest as fault:  # it speaks of where the file came from, not of where it was to go
            raise _Forgotten(fault.message) from fault
        log.info("file_copied")
        return copied.message_id


def _text(message: OutgoingMessage) -> dict[str, object]:
    return {"text": message.html, "parse_mode": HTML, "link_preview_options": NO_PREVIEW}


def _keyboard(message: OutgoingMessage) -> Keyboard | None:
    if message.rows:
        return _inline(message.rows)
    if message.keyboard or message.ask_phone:
        return _reply_keyboard(message)
    return {"remove_keyboard": True} if message.drop_keyboard else None


def _inline(rows: tuple[tuple[Button, ...], ...]) -> Keyboard | None:
    return {"inline_keyboard": [[_button(b) for b in row] for row in rows]} if rows else None


def _button(button: Button) -> dict[str, object]:
    if button.callback is not None:
        return {"text": button.text, "callback_data": button.callback.encode()}
    if button.url:
        return {"text": button.text, "url": button.url}
    return {"text": button.text, "copy_text": {"text": button.copy}}


def _reply_keyboard(message: OutgoingMessage) -> Keyboard:
    """The key that shares the sender's number stands alone on top, the others two by two."""
    keys: list[dict[str, object]] = [{"text": word} for word in message.keyboard]
    rows: list[list[dict[str, object]]] = []
    if message.ask_phone and keys:
        rows.append([keys.pop(0) | {"request_contact": True}])
    rows += [keys[at : at + KEYS_IN_A_ROW] for at in range(0, len(keys), KEYS_IN_A_ROW)]
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": message.ask_phone}


def _object(keyboard: Keyboard | None) -> Any:
    """The same for a method of the library's."""
    if keyboard is None:
        return None
    if "inline_keyboard" in keyboard:
        return telegram.InlineKeyboardMarkup.de_json(keyboard, None)
    if "remove_keyboard" in keyboard:
        return telegram.ReplyKeyboardRemove()
    return telegram.ReplyKeyboardMarkup(**keyboard)

"""Every error of a Telegram call turned into a verdict; nothing else decides by Telegram's words."""

from enum import Enum, auto

from telegram import error

from bot import errors
from bot.delivery.message import Outcome, Verdict
from bot.telegram import request

DETAIL_CHARS = 200
THREAD_LOST = "message thread not found"


class Call(Enum):
    """What was attempted: a send must not be repeated lightly, the others may."""

    SEND = auto()
    EDIT = auto()
    DELETE = auto()


# Telegram's words, lower-cased, and what each means. The first that is found counts. Group, supergroup and
# channel variants differ by a word, and some refusals come as 403 or as 400: so parts of sentences, any code.
# Source: tdlib/telegram-bot-api Client.cpp, tdlib/td MessagesManager.cpp, MessageContent.cpp.
_WORDS: tuple[tuple[str, Verdict], ...] = (
    ("message is not modified", Verdict.UNCHANGED),
    ("message to edit not found", Verdict.LOST),
    ("message to delete not found", Verdict.LOST),
    ("message can't be edited", Verdict.LOST),
    ("message can't be deleted", Verdict.LOST),
    ("message_id_invalid", Verdict.LOST),
    ("there is no text in the message to edit", Verdict.LOST),
    ("blocked by the user", Verdict.BLOCKED),
    ("user is deactivated", Verdict.BLOCKED),
    ("user_is_blocked", Verdict.BLOCKED),
    ("input_user_deactivated", Verdict.BLOCKED),
    ("can't initiate conversation", Verdict.BLOCKED),
    ("can't send messages to the bot", Verdict.BLOCKED),
    ("can't send messages to bots", Verdict.BLOCKED),
    ("bot was kicked", Verdict.GONE),
    ("is not a member", Verdict.GONE),
    ("group chat was deleted", Verdict.GONE),
    ("group chat was deactivated", Verdict.GONE),
    ("channel_private", Verdict.GONE),
    ("user_banned_in_channel", Verdict.GONE),
    ("not enough rights", Verdict.MUTED),
    ("have no rights", Verdict.MUTED),
    ("need administrator rights", Verdict.MUTED),
    ("write_forbidden", Verdict.MUTED),
    ("_forbidden", Verdict.MUTED),  # CHAT_SEND_PLAIN_FORBIDDEN, CHAT_SEND_DOCS_FORBIDDEN …
    ("chat_admin_required", Verdict.MUTED),
    ("chat_restricted", Verdict.MUTED),
    ("topic_closed", Verdict.MUTED),
    ("topic_deleted", Verdict.MUTED),
    (THREAD_LOST, Verdict.MUTED),
)
_FORGOTTEN = (
    "file identifier",
    "file_id",
    "file_reference",
    "file reference",
)  # a number Telegram knows no more
_UNKNOWN_CHAT = ("chat not found", "peer_id_invalid", "chat_id_invalid", "user not found", "user_id_invalid")


def of(fault: error.TelegramError, call: Call, *, is_private: bool) -> Outcome:
    """What became of the call that raised this.

    Raises:
        Refused: Telegram does not know the token; nothing will ever be sent with it.
    """
    if isinstance(fault, error.InvalidToken):
        # not "from fault": the library puts the token into that one's text
        raise errors.Refused("BOT_TOKEN 无效:Telegram 不认识这个 token,请到 @BotFather 核对") from None
    detail = fault.message[:DETAIL_CHARS]
    if isinstance(fault, error.ChatMigrated):
        return Outcome(Verdict.MOVED, detail=detail, moved_to=fault.new_chat_id)
    if isinstance(fault, request.TooMany):
        return Outcome(Verdict.LATER, detail=detail, retry_after=fault.retry_after)
    if isinstance(fault, request.NotSent | error.Conflict):
        return Outcome(Verdict.NOT_SENT, detail=detail)
    if isinstance(fault, error.Forbidden | error.BadRequest):
        return Outcome(_refusal(fault, call, is_private=is_private), detail=detail)
    # no answer, or a 5xx, which a proxy may say after Telegram has done it: what may be repeated freely is
    verdict = Verdict.UNCERTAIN if call is Call.SEND else Verdict.NOT_SENT
    return Outcome(verdict, detail=detail)


def is_forgotten(fault: error.BadRequest) -> bool:
    """Whether Telegram does not know, or no longer knows, the number of a file."""
    return any(words in fault.message.lower() for words in _FORGOTTEN)


def _refusal(fault: error.TelegramError, call: Call, *, is_private: bool) -> Verdict:
    words = fault.message.lower()
    if any(known in words for known in _UNKNOWN_CHAT):
        return Verdict.BLOCKED if is_private else Verdict.GONE
    verdict = next((verdict for known, verdict in _WORDS if known in words), None)
    if verdict is Verdict.LOST and call is Call.DELETE and "not found" in words:
        return Verdict.UNCHANGED  # it is not there: that was the wish
    if verdict is not None:
        return verdict
    # an unknown 403 is about the chat, an unknown 400 about what we sent
    return Verdict.MUTED if isinstance(fault, error.Forbidden) else Verdict.REFUSED

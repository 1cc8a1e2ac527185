"""What leaves: a message as a value, its buttons, and the words a button carries back."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

CALLBACK_BYTES = 64  # Bot API: callback_data 1-64 bytes
TOAST_CHARS = 200  # Bot API: answerCallbackQuery.text


@dataclass(frozen=True, slots=True)
class Callback:
    """What a button says when it is pressed: `v1:<notice>:<version>:<action>[:<argument>…]`.

    It is a hint, never a right: anyone can send any callback, so rights are checked against present posts.

    Attributes:
        action: a short word of the routing table, such as `yes`.
        notice: the notice's id, 0 where there is none.
        version: the version of the notice the button was made for.
        args: further words; no colon in them.
    """

    action: str
    notice: int = 0
    version: int = 0
    args: tuple[str, ...] = ()

    def encode(self) -> str:
        """The callback_data.

        Raises:
            ValueError: longer than 64 bytes, or an argument holds a colon.
        """
        parts = ("v1", str(self.notice), str(self.version), self.action, *self.args)
        data = ":".join(parts)
        if len(data.encode()) > CALLBACK_BYTES:
            raise ValueError(
                f"callback of {len(data.encode())} bytes: {data!r}; Telegram takes {CALLBACK_BYTES}"
            )
        if data.count(":") != len(parts) - 1:
            raise ValueError(f"colon inside a word of {parts!r}")
        return data

    @classmethod
    def decode(cls, data: str) -> "Callback | None":
        """The callback in `data`; None for anything we did not make."""
        parts = data.split(":")
        if len(parts) < 4 or parts[0] != "v1" or not parts[3]:
            return None
        if not all(p.isascii() and p.isdigit() and len(p) < 16 for p in parts[1:3]):
            return None
        return cls(parts[3], int(parts[1]), int(parts[2]), tuple(parts[4:]))

    def number(self, index: int) -> int | None:
        """Argument `index` as a whole number ≥ 0; None when it is missing or something else."""
        if index >= len(self.args):
            return None
        word = self.args[index]
        return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None


@dataclass(frozen=True, slots=True)
class Button:
    """One inline button: exactly one of callback, url and copy is set."""

    text: str
    callback: Callback | None = None
    url: str = ""
    copy: str = ""  # text put on the clipboard, 1-256 characters


@dataclass(frozen=True, slots=True)
class Document:
    """A file to send with the message's text as its caption."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message ready to be shown in one chat.

    Attributes:
        html: Telegram's HTML subset, already escaped.
        rows: rows of buttons.
        silent: no sound on the phone.
        edit_of: the message to edit in place; None sends a new one.
        delete: delete `edit_of` instead of showing anything.
        keyboard: words of a reply keyboard; `ask_phone` makes its first key share the sender's own number.
        file_id: a voice, photo or document (`file_kind`) stored at Telegram, sent with `html` as its caption.
        menu: names and meanings of the commands this chat shows from now on, in place of any message; () as strangers'.
        copy_of: chat and message the file came in: from there it is copied, should Telegram have forgotten its number.
    """

    html: str
    rows: tuple[tuple[Button, ...], ...] = ()
    silent: bool = False
    edit_of: int | None = None
    delete: bool = False
    reply_to: int | None = None
    keyboard: tuple[str, ...] = ()
    ask_phone: bool = False
    drop_keyboard: bool = False
    document: Document | None = None
    file_id: str = ""
    file_kind: str = ""
    copy_of: tuple[int, int] | None = None
    menu: tuple[tuple[str, str], ...] | None = None


class Verdict(StrEnum):
    """Every way a Telegram call can end."""

    SENT = "sent"
    UNCHANGED = "unchanged"  # the edit would have changed nothing: as good as sent
    LATER = "later"  # flood control; certainly not done
    NOT_SENT = "not_sent"  # the connection failed before the request left
    UNCERTAIN = "uncertain"  # it left, and no answer came
    MOVED = "moved"  # the group became a supergroup
    GONE = "gone"  # chat deleted, bot removed
    BLOCKED = "blocked"  # the person blocked the bot, or never opened it
    MUTED = "muted"  # no right to write there; reachable again once an administrator mends it
    LOST = "lost"  # the message to edit no longer exists or cannot be edited
    REFUSED = "refused"  # our fault: a bug report in the log


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call."""

    verdict: Verdict
    message_id: int | None = None
    detail: str = ""  # Telegram's words; never the token, never our text
    retry_after: dt.timedelta = field(default=dt.timedelta(0))
    moved_to: int | None = None
    thread_lost: bool = False  # sent, but the topic it was meant for no longer exists

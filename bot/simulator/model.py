"""What the pretend Telegram remembers: accounts, chats, messages, files, presses; all state lives here."""

import dataclasses
import datetime as dt
import enum
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from bot.simulator import entities, pulse, updates

Json = dict[str, Any]
Entity = entities.Entity


class Kind(enum.StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Status(enum.StrEnum):
    """Where an account stands in a chat, in the Bot API's words."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def inside(self) -> bool:
        """True for those who see the chat."""
        return self not in {Status.LEFT, Status.KICKED}

    @property
    def rules(self) -> bool:
        """True for the creator and administrators."""
        return self in {Status.CREATOR, Status.ADMINISTRATOR}


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class User:
    """A person with a Telegram account."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    phone: str | None = None
    is_bot: bool = False
    deactivated: bool = False
    language: str = "zh-hans"

    @property
    def name(self) -> str:
        """The name as chats show it."""
        return " ".join(filter(None, [self.first_name, self.last_name]))


@dataclasses.dataclass(slots=True)
class Webhook:
    """Where updates are pushed to, and how the last push went wrong."""

    url: str
    secret: str | None = None
    max_connections: int = 40
    error: str | None = None
    error_at: dt.datetime | None = None


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class Bot(User):
    """A bot account: its token, settings and queue of updates."""

    token: str
    is_bot: bool = True
    privacy: bool = True
    queue: updates.UpdateQueue = dataclasses.field(default_factory=updates.UpdateQueue)
    webhook: Webhook | None = None
    poller: object | None = None
    known: set[int] = dataclasses.field(default_factory=set)
    commands: dict[str, list[Json]] = dataclasses.field(default_factory=dict)
    profile: dict[str, str] = dataclasses.field(default_factory=dict)
    menu_buttons: dict[int, Json] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Button:
    """A button as people see it: inline (data, url or copy_text) or of a reply keyboard."""

    text: str
    data: str | None = None
    url: str | None = None
    copy_text: str | None = None
    style: str | None = None
    request_contact: bool = False


Rows = tuple[tuple[Button, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Markup:
    """What hangs under a message: "inline", "keyboard", "remove" or "force_reply".

    `raw` is the JSON Telegram gives back for an inline keyboard, and takes part in "is not modified".
    """

    kind: str
    rows: Rows = ()
    one_time: bool = False
    selective: bool = False
    placeholder: str | None = None
    raw: Json = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """Bytes on Telegram's servers; `kind` is document, photo or voice."""

    id: str
    unique_id: str
    kind: str
    path: str
    name: str | None
    mime: str
    content: bytes
    width: int = 0
    height: int = 0
    duration_s: int = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclasses.dataclass(eq=False, slots=True)
class Topic:
    """A topic of a forum; its id is that of the message that created it."""

    id: int
    name: str
    closed: bool = False
    deleted: bool = False


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class Message:
    """A message as it stands now; the same object through every edit.

    Attributes:
        kind: text, document, photo, voice, contact or service.
        text: What people read, entities stripped; the caption of a file.
        service: The fields of a service message, as the Bot API names them.
        silent: Sent without a sound.
        edits: How many times it was edited.
        history: The texts it had before, oldest first.
    """

    id: int
    chat: "Chat"
    at: dt.datetime
    sender: User
    kind: str = "text"
    text: str = ""
    entities: tuple[Entity, ...] = ()
    file: File | None = None
    contact: Json | None = None
    service: Json = dataclasses.field(default_factory=dict)
    reply_to: "Message | None" = None
    thread_id: int | None = None
    markup: Markup | None = None
    anonymous: bool = False
    forwarded: Json | None = None
    silent: bool = False
    protected: bool = False
    preview: Json | None = None
    edited_at: dt.datetime | None = None
    edits: int = 0
    history: list[str] = dataclasses.field(default_factory=list)
    deleted: bool = False

    @property
    def chat_id(self) -> int:
        """The chat it was sent to; a group's upgrade does not move it."""
        return self.chat.id

    @property
    def from_bot(self) -> bool:
        """True when a bot sent it."""
        return self.sender.is_bot and not self.anonymous

    @property
    def buttons(self) -> Rows:
        """The inline buttons under it now, row by row."""
        return self.markup.rows if self.markup and self.markup.kind == "inline" else ()

    @property
    def keyboard(self) -> Rows:
        """The reply keyboard it brought, row by row."""
        return self.markup.rows if self.markup and self.markup.kind == "keyboard" else ()

    @property
    def button_texts(self) -> list[str]:
        """The words on its inline buttons, left to right, top to bottom."""
        return [button.text for row in self.buttons for button in row]

    @property
    def document(self) -> File | None:
        """Its file, when it is a document."""
        return self.file if self.kind == "document" else None

    @property
    def photo(self) -> File | None:
        """Its file, when it is a photo."""
        return self.file if self.kind == "photo" else None

    def __repr__(self) -> str:
        gone = " deleted" if self.deleted else ""
        return f"<Message {self.chat_id}/{self.id} {self.kind}{gone} {self.text!r} {self.button_texts}>"


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class Chat:
    """A conversation: a group of any kind, or one person with one bot.

    Attributes:
        members: Where each account stands, by its id.
        muted: Ordinary members (bots too) may not write.
        last_bot_id: The bot that posted last; a plain /command reaches only that one.
        shown_keyboard: The message whose reply keyboard people see (private chats).
    """

    id: int
    kind: Kind
    title: str = ""
    username: str | None = None
    members: dict[int, Status] = dataclasses.field(default_factory=dict)
    messages: dict[int, Message] = dataclasses.field(default_factory=dict)
    user: User | None = None
    bot: Bot | None = None
    opened: bool = False
    muted: bool = False
    deleted: bool = False
    is_forum: bool = False
    topics: dict[int, Topic] = dataclasses.field(default_factory=dict)
    migrated_to: "Chat | None" = None
    migrated_from: "Chat | None" = None
    pinned: list[int] = dataclasses.field(default_factory=list)
    last_bot_id: int | None = None
    shown_keyboard: Message | None = None

    @property
    def blocked(self) -> bool:
        """True when the person of a private chat blocked the bot."""
        return self.bot is not None and self.status(self.bot) is Status.KICKED

    @property
    def is_group(self) -> bool:
        """True for basic groups and supergroups."""
        return self.kind in {Kind.GROUP, Kind.SUPERGROUP}

    def status(self, account: User) -> Status:
        """Return where the account stands; LEFT if it was never in."""
        return self.members.get(account.id, Status.LEFT)

    def __repr__(self) -> str:
        return f"<Chat {self.id} {self.kind} {self.title!r}>"


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the presser saw on the screen after pressing."""

    text: str
    show_alert: bool
    url: str | None


@dataclasses.dataclass(eq=False, slots=True, kw_only=True)
class Query:
    """A press of an inline button, waiting to be answered."""

    id: str
    bot: Bot
    user: User
    message: Message
    data: str
    at: dt.datetime
    answer: Answer | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Something people could see happen.

    `what` is message, edited, deleted, answer, pressed, member, update or call.
    """

    what: str
    chat_id: int | None = None
    message_id: int | None = None
    user_id: int | None = None


ANONYMOUS_ADMIN = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)


class World:
    """Everything that exists, and the counters that number it."""

    def __init__(
        self,
        clock: Callable[[], dt.datetime],
        *,
        edits_after_upgrade: bool = False,
        query_lifetime: dt.timedelta = dt.timedelta(seconds=15),
    ) -> None:
        self.clock = clock
        self.edits_after_upgrade = edits_after_upgrade
        self.query_lifetime = query_lifetime
        self.closing = False
        self.users: dict[int, User] = {ANONYMOUS_ADMIN.id: ANONYMOUS_ADMIN}
        self.bots: dict[str, Bot] = {}
        self.groups: dict[int, Chat] = {}
        self.private: dict[tuple[int, int], Chat] = {}
        self.files: dict[str, File] = {}
        self.queries: dict[str, Query] = {}
        self.pulse = pulse.Pulse()
        self.listeners: list[Callable[[Change], None]] = []
        self.user_ids: Iterator[int] = itertools.count(7_000_000_001, 104_729)  # past 32 bits, below 52
        self.group_ids: Iterator[int] = itertools.count(-4_000_001, -1)
        self.supergroup_ids: Iterator[int] = itertools.count(-1_002_000_000_001, -1)
        self.query_ids: Iterator[int] = itertools.count(3_000_000_000_000_000_001, 7)
        self.file_numbers: Iterator[int] = itertools.count(1)
        self._shared_message_ids: Iterator[int] = itertools.count(101)
        self._supergroup_message_ids: dict[int, Iterator[int]] = {}

    def next_message_id(self, chat: Chat) -> int:
        """Return the next message number: each supergroup counts alone, all other chats together."""
        if chat.kind in {Kind.PRIVATE, Kind.GROUP}:
            return next(self._shared_message_ids)
        return next(self._supergroup_message_ids.setdefault(chat.id, itertools.count(1)))

    def private_chat(self, bot: Bot, user: User) -> Chat:
        """Return the conversation of the two, made on first use."""
        key = (bot.id, user.id)
        if key not in self.private:
            inside = {bot.id: Status.MEMBER, user.id: Status.MEMBER}
            self.private[key] = Chat(
                id=user.id, kind=Kind.PRIVATE, title=user.name, members=inside, user=user, bot=bot
            )
        return self.private[key]

    def changed(self, change: Change) -> None:
        """Tell everyone who watches, and wake everyone who waits."""
        for listener in list(self.listeners):
            listener(change)
        self.pulse.beat()

"""Chats by an id of our own, and the Telegram ids they answered to over time."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NewType

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import model
from bot.delivery.model import ChatState

ChatId = NewType("ChatId", int)  # ours
TelegramChatId = NewType("TelegramChatId", int)  # Telegram's


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as it is now."""

    id: ChatId
    telegram_id: TelegramChatId
    kind: str
    title: str
    state: ChatState
    thread_id: int | None
    is_pilot: bool

    @property
    def is_private(self) -> bool:
        """One person's chat with the bot."""
        return self.kind == "private"


_c = model.chat.c
_present = (
    sa.select(_c.id, model.chat_address.c.telegram_id, _c.kind, _c.title, _c.state, _c.thread_id, _c.is_pilot)
    .join(model.chat_address, model.chat_address.c.chat_id == _c.id)
    .where(model.chat_address.c.until.is_(None))
)
_GET = _present.where(_c.id == sa.bindparam("chat_id"))
_former = model.chat_address.alias("former")
FIND = _present.join(_former, _former.c.chat_id == _c.id).where(
    _former.c.telegram_id == sa.bindparam("telegram_id")
)
FIND_EACH = (
    _present.add_columns(_former.c.telegram_id.label("asked_id"))
    .join(_former, _former.c.chat_id == _c.id)
    .where(schema.among(_former.c.telegram_id, "telegram_ids"))
)


def as_chat(row: sa.Row[*tuple[Any, ...]] | None) -> Chat | None:
    """The chat in a row that begins as those of `FIND` do; None for none."""
    if row is None:
        return None
    chat_id, telegram_id, kind, title, state, thread_id, is_pilot = row[:7]
    return Chat(
        ChatId(chat_id), TelegramChatId(telegram_id), kind, title, ChatState(state), thread_id, is_pilot
    )


def get(tx: Tx, chat_id: ChatId) -> Chat:
    """The chat with this id of ours."""
    chat = as_chat(tx.execute(_GET, {"chat_id": chat_id}).first())
    if chat is None:
        raise LookupError(f"chat {chat_id}")
    return chat


def find(tx: Tx, telegram_id: int) -> Chat | None:
    """The chat that answers, or once answered, to this Telegram id."""
    return as_chat(tx.execute(FIND, {"telegram_id": telegram_id}).first())


def ensure(
    tx: Tx, now: dt.datetime, telegram_id: int, *, kind: str, title: str = "", thread_id: int | None = None
) -> Chat:
    """The chat with this Telegram id, made if new; its title is kept up to date."""
    chat = find(tx, telegram_id)
    if chat is None:
        values = {"kind": kind, "title": title[:256], "thread_id": thread_id, "state_at": now}
        (chat_id,) = tx.execute(model.chat.insert().values(values).returning(model.chat.c.id)).one()
        tx.execute(model.chat_address.insert().values(telegram_id=telegram_id, chat_id=chat_id, since=now))
        return get(tx, chat_id)
    changes: dict[str, object] = {}
    if title and title[:256] != chat.title:
        changes["title"] = title[:256]
    if thread_id is not None and thread_id != chat.thread_id:
        changes["thread_id"] = thread_id
    if changes:
        tx.execute(model.chat.update().where(model.chat.c.id == chat.id).values(changes))
        return get(tx, chat.id)
    return chat


def set_state(tx: Tx, now: dt.datetime, chat_id: ChatId, state: ChatState, reason: str = "") -> bool:
    """Note whether the chat can be reached; True when that is news."""
    done = tx.execute(
        model.chat.update()
        .where(model.chat.c.id == chat_id, model.chat.c.state != state.value)
        .values(state=state.value, state_reason=reason[:200], state_at=now)
    )
    return done.rowcount > 0


def set_thread(tx: Tx, now: dt.datetime, chat_id: ChatId, thread_id: int | None) -> None:
    """Speak in this topic from now on; None is the whole group, or its General topic."""
    tx.execute(model.chat.update().where(model.chat.c.id == chat_id).values(thread_id=thread_id))


def set_pilot(tx: Tx, now: dt.datetime, chat_id: ChatId, *, is_pilot: bool) -> None:
    """Serve this chat although the city is still in trial, or stop doing so."""
    tx.execute(model.chat.update().where(model.chat.c.id == chat_id).values(is_pilot=is_pilot))


def move(tx: Tx, now: dt.datetime, old: int, new: int) -> Chat | None:
    """The group with Telegram id `old` answers to `new` from now on; saying it again changes nothing.

    Where both are known as chats of their own (the messages of a migration come in any order), the old
    chat keeps its identity and takes the new address over. None when neither is known.
    """
    chat = find(tx, old)
    if chat is None or chat.telegram_id == new:
        return chat
    address = model.chat_address
    present = (address.c.chat_id == chat.id, address.c.telegram_id == chat.telegram_id)
    left = tx.execute(address.update().where(*present, address.c.until.is_(None)).values(until=now))
    if not left.rowcount:  # told from the other side at the same instant: it has moved
        return find(tx, old)
    other = find(tx, new)
    if other is not None:
        tx.execute(
            address.update()
            .where(address.c.telegram_id == new)
            .values(chat_id=chat.id, since=now, until=None)
        )
        # keeps the rule that every chat has a present address: the other one ends under a name nobody calls
        tx.execute(address.insert().values(telegram_id=-other.id, chat_id=other.id, since=now))
        set_state(tx, now, other.id, ChatState.GONE, "moved")
    else:
        tx.execute(address.insert().values(telegram_id=new, chat_id=chat.id, since=now))
    set_state(tx, now, chat.id, ChatState.OK)
    return get(tx, chat.id)

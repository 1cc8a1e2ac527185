"""Everybody's own menu of commands in Telegram: owed to a private chat whenever its person's posts change."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import ChatState, Lane, chat, chat_address, posting
from bot.delivery.outbox import Delivery, Drop
from bot.roster import commands, model
from bot.roster.access import Role
from bot.texts import Words

KIND = "menu"  # its subject is the menu's key: the newest posting says which one the chat shows
BY_NAME = 500  # bind variables of one statement; of more people everything is read
TOGETHER, APART = (
    50,
    dt.timedelta(seconds=10),
)  # a whole city's menus: five a second leave room for the cards' edits
ITSELF = 0  # in place of a message's number: it is the chat that is changed, as often as it takes

_e, _p, _u = model.enrolment, model.post, model.unit


def changed(tx: Tx, now: dt.datetime, user_ids: Collection[int]) -> None:
    """These people's posts are others now, or they are strangers: each chat comes to show the menu that is theirs."""
    wanted = frozenset(user_ids)
    roles = _roles(tx, wanted)
    for user_id, chat_id in _chats(tx, wanted).items():
        key = commands.key(commands.menu(roles.get(user_id, frozenset())))
        outbox.show(tx, now, chat_id, KIND, key, lane=Lane.REFRESH)


def settle(tx: Tx, now: dt.datetime, user_id: int) -> None:
    """This person, back after a while, sees the menu that is theirs; nothing is owed where it is there already."""
    outbox.show_each(tx, now, _owed(tx, frozenset({user_id})), KIND, lane=Lane.REFRESH)


def settle_all(tx: Tx, now: dt.datetime) -> int:
    """Whoever has another menu than is theirs is owed it: after an import, or a new version with new commands.

    Returns:
        How many are.
    """
    owed = _owed(tx, None)
    for number, first in enumerate(range(0, len(owed), TOGETHER)):
        start = now + number * APART
        outbox.show_each(tx, now, owed[first : first + TOGETHER], KIND, lane=Lane.REFRESH, not_before=start)
    return len(owed)


def _owed(tx: Tx, user_ids: frozenset[int] | None) -> list[tuple[ChatId, str]]:
    """Chats that were shown another menu last, each with the key of its own."""
    roles, theirs = _roles(tx, user_ids), _chats(tx, user_ids)
    p = posting.c
    query = sa.select(p.chat_id, p.subject).where(p.kind == KIND).order_by(p.shown_at)
    if len(theirs) < BY_NAME:
        query = query.where(p.chat_id.in_(theirs.values()))
    shown = {row.chat_id: row.subject for row in tx.execute(query)}
    owed = []
    for user_id, chat_id in theirs.items():
        key = commands.key(commands.menu(roles.get(user_id, frozenset())))
        if shown.get(chat_id, commands.key(())) != key:
            owed.append((chat_id, key))
    return owed


def _roles(tx: Tx, user_ids: frozenset[int] | None) -> dict[int, frozenset[Role]]:
    """User → the roles held now; of those who hold none nothing is told."""
    query = (
        sa.select(_e.c.user_id, _p.c.role)
        .join(_p, sa.and_(_p.c.contact_id == _e.c.contact_id, _p.c.until.is_(None)))
        .join(_u, sa.and_(_u.c.id == _p.c.unit_id, _u.c.closed_at.is_(None)))
        .where(_e.c.until.is_(None), _some(_e.c.user_id, user_ids))
    )
    found: dict[int, set[Role]] = defaultdict(set)
    for row in tx.execute(query):
        found[row.user_id].add(Role(row.role))
    return {user_id: frozenset(roles) for user_id, roles in found.items()}


def _chats(tx: Tx, user_ids: frozenset[int] | None) -> dict[int, ChatId]:
    """User → the private chat in which we may write."""
    telegram_id = chat_address.c.telegram_id
    query = (
        sa.select(telegram_id, chat.c.id)
        .join(chat, chat.c.id == chat_address.c.chat_id)
        .where(
            chat_address.c.until.is_(None), chat.c.kind == "private", chat.c.state == ChatState.OK.value,
            _some(telegram_id, user_ids),
        )
    )  # fmt: skip
    return {row.telegram_id: ChatId(row.id) for row in tx.execute(query)}


def _some(column: sa.Column[int], user_ids: frozenset[int] | None) -> sa.ColumnElement[bool]:
    return sa.true() if user_ids is None or len(user_ids) >= BY_NAME else column.in_(user_ids)


@dataclass(frozen=True, slots=True)
class Menus:
    """Renders them."""

    words: Words

    def menu(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The menu of whoever's chat this is; one that is not theirs any more is dropped, another is owed."""
        user_id = delivery.chat.telegram_id
        names = commands.menu(_roles(tx, frozenset({user_id})).get(user_id, frozenset()))
        if commands.key(names) != delivery.subject:
            return Drop("another menu by now")
        lines = tuple((name, self.words.plain("menu.command", name=name)) for name in names)
        return OutgoingMessage("", edit_of=ITSELF, menu=lines)

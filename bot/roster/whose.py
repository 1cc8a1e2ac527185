"""Whose a chat is: the unit a group speaks for, the person behind a private chat; for lists of many chats at once."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery.chats import ChatId
from bot.delivery.model import ChatState, chat, chat_address
from bot.roster import model, people
from bot.roster.access import Place, Role

NOWHERE = Place(0, None)  # no unit has this number
BY_NAME = 500  # bind variables of one statement; of more chats everything is read

_b, _u, _e, _p, _c = model.binding, model.unit, model.enrolment, model.post, model.contact


@dataclass(frozen=True, slots=True)
class Whose:
    """The present owner of a chat.

    Attributes:
        unit: its name.
        who: the person as one says it; '' for a group.
        title: the group's; '' for a person.
        place: where the unit lies, for `access`.
        is_replaced: of a lost group: its unit has been given another one since, and that one works.
    """

    unit: str
    who: str
    title: str
    place: Place
    is_replaced: bool = False


def of(tx: Tx, chat_ids: Collection[ChatId]) -> dict[ChatId, Whose]:
    """Of these chats, those that are somebody's now: a bound group's unit, a person who holds a post."""
    wanted = frozenset(chat_ids)
    everybody = _people(tx, wanted) | _groups(tx, wanted) if wanted else {}
    return {chat_id: whose for chat_id, whose in everybody.items() if chat_id in wanted}


def _some(column: sa.ColumnElement[int], wanted: frozenset[ChatId]) -> sa.ColumnElement[bool]:
    return column.in_(wanted) if len(wanted) < BY_NAME else sa.true()


def _groups(tx: Tx, wanted: frozenset[ChatId]) -> dict[ChatId, Whose]:
    other, its_chat = _b.alias("other"), chat.alias("its_chat")
    is_replaced = sa.exists().where(
        other.c.unit_id == _b.c.unit_id, other.c.until.is_(None), other.c.since > chat.c.state_at,
        its_chat.c.id == other.c.chat_id, its_chat.c.state == ChatState.OK.value,
        chat.c.state != ChatState.OK.value,
    )  # fmt: skip
    query = (
        sa.select(
            _b.c.chat_id, _b.c.unit_id, _u.c.name, _u.c.county_id, chat.c.title, is_replaced.label("is_replaced")
        )
        .join(chat, chat.c.id == _b.c.chat_id)
        .join(_u, sa.and_(_u.c.id == _b.c.unit_id, _u.c.closed_at.is_(None)))
        .where(_b.c.until.is_(None), _some(_b.c.chat_id, wanted))
    )  # fmt: skip
    return {
        row.chat_id: Whose(row.name, "", row.title, Place(row.unit_id, row.county_id), bool(row.is_replaced))
        for row in tx.execute(query)
    }


def _people(tx: Tx, wanted: frozenset[ChatId]) -> dict[ChatId, Whose]:
    """By the first of a person's posts, in roster order."""
    query = (
        sa.select(
            chat_address.c.chat_id, _c.c.name, _p.c.role, _p.c.unit_id, _u.c.name.label("unit"), _u.c.county_id
        )
        .join(_e, sa.and_(_e.c.user_id == chat_address.c.telegram_id, _e.c.until.is_(None)))
        .join(_c, _c.c.id == _e.c.contact_id)
        .join(_p, sa.and_(_p.c.contact_id == _c.c.id, _p.c.until.is_(None)))
        .join(_u, sa.and_(_u.c.id == _p.c.unit_id, _u.c.closed_at.is_(None)))
        .where(chat_address.c.until.is_(None), _some(chat_address.c.chat_id, wanted))
        .order_by(_u.c.position, _p.c.id)
    )  # fmt: skip
    found: dict[ChatId, Whose] = {}
    for row in tx.execute(query):
        who = people.addressed(row.name, Role(row.role), row.unit)
        found.setdefault(row.chat_id, Whose(row.unit, who, "", Place(row.unit_id, row.county_id)))
    return found

"""A press as it comes in, and whom and what it can only mean; what is recorded of it is for `answer` and `items`."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane, delivery
from bot.inbox import held
from bot.notices import model, queries
from bot.notices.rules import Kind, Value
from bot.roster import access, people
from bot.roster.people import Person

_a, _an, _q, _d = model.assignment, model.answer, model.asked, delivery
_has_answered = sa.exists().where(_an.c.contact_id == sa.bindparam("contact_id")).label("has_answered")
_MINE = (
    sa.select(_a, _has_answered)
    .where(_a.c.notice_id == sa.bindparam("notice_id"), _a.c.contact_id.is_(None))
    .order_by(_a.c.position)
)
_MINE_OF_ONE = _MINE.where(_a.c.unit_id == sa.bindparam("unit_id")).with_for_update()
_MINE_OF_SEVERAL = _MINE.where(_a.c.unit_id.in_(sa.bindparam("unit_ids", expanding=True)))
_HERE = sa.select(_q.c.assignment_id).where(
    _q.c.notice_id == sa.bindparam("notice_id"), _q.c.chat_id == sa.bindparam("chat_id"), _q.c.until.is_(None)
)


class Said(StrEnum):
    """What became of a press."""

    RECORDED = "recorded"
    RECORDED_ALL = "recorded_all"  # several units of one person at once
    LATE = "late"  # recorded, after due
    TROUBLE = "trouble"  # a trouble is open now
    TROUBLE_STANDS = "trouble_stands"  # the ✅ is kept, and the ⚠️ before it still stands
    TROUBLE_ALREADY = "trouble_already"
    ALREADY_MINE = "already_mine"
    ALREADY = "already"  # a colleague was first
    SAY = "say"  # the next line typed in private is the report
    CHOOSE = "choose"  # several units; the person is asked which one in private
    STRANGER = "stranger"
    NOT_YOURS = "not_yours"  # known, but nothing here is his to answer
    OLD_VERSION = "old_version"
    CLOSED = "closed"
    RECALLED = "recalled"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"  # 已知悉, of all units of the presser
    LISTED = "listed"  # the items are in his private chat
    ITEM = "item"  # one item recorded
    ITEM_LATE = "item_late"
    UNREACHABLE = "unreachable"  # his private chat does not take messages
    NUMBER = "number"  # the next number typed in private is the answer to the item
    REST = "rest"  # all items not yet answered, at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the presser is to be told.

    Attributes:
        unit: the name of the unit answered for, where it is one.
        words: the button's words.
        by: who had said it before, e.g. 王校长.
        at: when that was, or when this one was recorded.
        count: units concerned, for RECORDED_ALL and CHOOSE; items, for REST.
        item: of a directive, the item meant.
        first: it is the first answer this person ever gives.
    """

    said: Said
    unit: str = ""
    words: str = ""
    by: str = ""
    at: dt.datetime | None = None
    count: int = 0
    first: bool = False
    due_at: dt.datetime | None = None
    trouble_id: int = 0
    trouble_words: str = ""  # what the ⚠️ that still stands is called
    item: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """A press as it came in.

    Attributes:
        unit_id: the one unit meant; None leaves it to the card.
        every: all units of the presser that still owe.
        item: of a directive, the item meant.
        is_on_list: pressed on the list of items itself, which whoever pressed sees change at once.
        pressed_before: after an outage, the press may be as old as this.
    """

    notice_id: int
    version: int
    value: Value
    user_id: int
    chat_telegram_id: int
    message_id: int | None
    unit_id: int | None = None
    every: bool = False
    pressed_before: dt.datetime | None = None
    text: str | None = None
    item: str = ""
    is_on_list: bool = False
    callback: str = ""  # as it came in, to be offered again to a stranger after enrolment


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom and what a press can only mean."""

    notice: queries.Notice
    person: Person
    chat: chats.Chat | None
    mine: list[sa.RowMapping]
    is_locked: bool  # mine is one, and nobody else decides on it before this transaction ends


def meant(tx: Tx, now: dt.datetime, it: Press) -> Meant | Outcome:
    """Whom the press can only mean, or what its presser is to be told instead; the one unit meant is locked."""
    notice = queries.notice(tx, it.notice_id)
    refused = refusal(notice, it, now)
    if notice is None or refused is not None:
        return refused or Outcome(Said.UNKNOWN)
    person = people.by_user(tx, it.user_id)
    if person is None:
        if it.callback:  # a typed line is nothing to be pressed again
            held.hold(tx, now, it.user_id, it.callback, chat_telegram_id=it.chat_telegram_id)
        return Outcome(Said.STRANGER, words=words(notice, it.value))
    chat = _chat(tx, now, it)
    units = units_of(person, it)
    mine = _mine(tx, person, units, it, chat)
    if not mine:
        return Outcome(Said.NOT_YOURS)
    if len(mine) > 1 and not it.every:
        owed = owing(tx, notice.id, mine)
        if len(owed) != 1:
            return _choose(tx, now, notice, it, len(mine))
        mine = owed
    return Meant(notice, person, chat, mine, is_locked=len(units) == 1)


def refusal(notice: queries.Notice | None, it: Press, now: dt.datetime) -> Outcome | None:
    """What whoever pressed is to be told instead of anything being recorded; None where it may be."""
    if notice is None or notice.due_at is None:
        return Outcome(Said.UNKNOWN)
    if notice.recalled_at is not None:
        return Outcome(Said.RECALLED)
    if not is_in_force(notice, it.version):
        return Outcome(Said.OLD_VERSION)
    if notice.closes_at is not None and (it.pressed_before or now) >= notice.closes_at:
        return Outcome(Said.CLOSED, due_at=notice.due_at)
    return None


def is_in_force(notice: queries.Notice, version: int) -> bool:
    """Whether a button made for this version still counts: a correction asks nothing again, a directive's next version does."""
    return version == notice.version or (notice.kind is not Kind.DIRECTIVE and 0 < version < notice.version)


def _chat(tx: Tx, now: dt.datetime, it: Press) -> chats.Chat | None:
    """Where it was pressed.

    A second copy of the card, left by a send of which we never heard, is taken away once it shows itself. The same
    buttons stand under reminders, lists and the line at due, which name the unit; those are no cards.
    """
    if it.unit_id is not None or it.message_id is None:
        return chats.find(tx, it.chat_telegram_id)
    chat, second = outbox.pressed(tx, now, it.chat_telegram_id, "card", it.notice_id, it.message_id)
    if chat is not None and second is not None and _is_ours(tx, chat.id, it.notice_id):
        outbox.show(tx, now, chat.id, "delete", second, lane=Lane.REFRESH)
    return chat


def _is_ours(tx: Tx, chat_id: ChatId, notice_id: int) -> bool:
    """Whether an uncertain send of this card was repeated in this chat: only then can there be two."""
    query = sa.select(_d.c.id).where(
        _d.c.chat_id == chat_id, _d.c.kind == "card", _d.c.subject == str(notice_id), _d.c.is_repeat.is_(True)
    )
    return tx.execute(query.limit(1)).first() is not None


def units_of(person: Person, it: Press) -> list[int]:
    """The units the presser may be answering for."""
    may_answer = {
        p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN
    }
    return sorted(may_answer if it.unit_id is None else may_answer & {it.unit_id})


def _mine(
    tx: Tx, person: Person, units: list[int], it: Press, chat: chats.Chat | None
) -> list[sa.RowMapping]:
    """The assignments of these units: those under this card, else (a former place) all of them; one alone is locked.

    Beside each stands whether the presser has ever answered anything.
    """
    asked = {"notice_id": it.notice_id, "contact_id": person.contact_id}
    if len(units) == 1:
        return list(tx.execute(_MINE_OF_ONE, asked | {"unit_id": units[0]}).mappings())
    every = list(tx.execute(_MINE_OF_SEVERAL, asked | {"unit_ids": units}).mappings())
    if chat is None or len(every) < 2:
        return every
    here = set(tx.execute(_HERE, {"notice_id": it.notice_id, "chat_id": chat.id}).scalars())
    return [m for m in every if m["id"] in here] or every


def owing(tx: Tx, notice_id: int, mine: list[sa.RowMapping]) -> list[sa.RowMapping]:
    """Those of them that are neither answered nor excused."""
    found = queries.statuses(tx, notice_id, assignment_ids=[m["id"] for m in mine])
    open_ids = {s.assignment_id for s in found if s.owes}
    return [m for m in mine if m["id"] in open_ids]


def _choose(tx: Tx, now: dt.datetime, notice: queries.Notice, it: Press, count: int) -> Outcome:
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "choose", notice.id, lane=Lane.INTERACTIVE)
    return Outcome(Said.CHOOSE, count=count, words=words(notice, it.value))


def words(notice: queries.Notice, value: Value) -> str:
    """The button's words for a value, without its sign."""
    if value is Value.TEXT:
        return "写一句"
    return notice.trouble_words if value is Value.TROUBLE else notice.yes_words

"""How far a published notice reached: the chats that have its card, those that have not, the units behind them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats
from bot.delivery import model as delivery
from bot.delivery.chats import ChatId
from bot.delivery.model import OPEN_STATES, ChatState, State
from bot.delivery.settling import NOWHERE
from bot.notices import model as notices
from bot.roster import bindings, people, units
from bot.roster.access import Action, Place, Scope
from bot.roster.people import Person

CARD = "card"
_d, _g, _c = delivery.delivery, delivery.posting, delivery.chat
_a, _q, _e = notices.assignment, notices.asked, notices.excuse


@dataclass(frozen=True, slots=True)
class Reach:
    """Chats by what became of their card; they add up to `chats`.

    Attributes:
        uncertain: Telegram may or may not have shown it.
        waiting: not settled yet.
        units_missed: units that owe an answer and have the card nowhere; 0 for a reminder, which owes none.
    """

    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    waiting: int = 0
    units_missed: int = 0

    @property
    def chats(self) -> int:
        return self.sent + self.failed + self.uncertain + self.waiting

    @property
    def is_complete(self) -> bool:
        """It came to every chat and every unit."""
        return bool(self.chats) and self.sent == self.chats and not self.units_missed


class Why(StrEnum):
    """Why a place stands on the list."""

    GONE = "gone"  # we are in the group no more
    BLOCKED = "blocked"
    MUTED = "muted"
    REFUSED = "refused"  # Telegram did not take it, or its words could not be made
    UNCERTAIN = "uncertain"
    WAITING = "waiting"
    NOWHERE = "nowhere"  # a unit without a group and without anybody enrolled
    CARDLESS = "cardless"  # a unit whose chat has no card


@dataclass(frozen=True, slots=True)
class Missed:
    """A chat or a unit that has no card, as far as we know.

    Attributes:
        name: the group's title, the unit's name; '' for a private chat of nobody.
        who: the person behind a private chat, as one says it; '' for a group and a unit.
    """

    name: str
    why: Why
    who: str = ""


def counted(tx: Tx, notice_ids: Collection[int]) -> dict[int, Reach]:
    """Notice → how far its card has come."""
    found = {notice_id: Reach() for notice_id in notice_ids}
    if not found:
        return found
    subjects = [str(notice_id) for notice_id in found]
    unsure = sa.and_(_g.c.message_id.is_(None), _g.c.address != NOWHERE)
    shown = sa.select(_g.c.subject, sa.func.count(), sa.func.sum(sa.case((unsure, 1), else_=0)))
    for subject, count, uncertain in tx.execute(
        shown.where(_g.c.kind == CARD, _g.c.subject.in_(subjects)).group_by(_g.c.subject)
    ):
        found[int(subject)] = Reach(sent=count - uncertain, uncertain=uncertain)
    for (notice_id, _), why in _unshown(tx, subjects).items():
        it = found[notice_id]
        is_waiting = why is Why.WAITING
        found[notice_id] = replace(it, waiting=it.waiting + is_waiting, failed=it.failed + (not is_waiting))
    missed = (
        sa.select(_a.c.notice_id, sa.func.count())
        .where(_a.c.notice_id.in_(list(found)), _lacks_card)
        .group_by(_a.c.notice_id)
    )
    for notice_id, count in tx.execute(missed):
        found[notice_id] = replace(found[notice_id], units_missed=count)
    return found


_is_asked = sa.exists().where(_q.c.assignment_id == _a.c.id, _q.c.until.is_(None))
_has_card = sa.exists().where(
    _q.c.assignment_id == _a.c.id,
    _q.c.until.is_(None),
    _g.c.chat_id == _q.c.chat_id,
    _g.c.kind == CARD,
    _g.c.subject == sa.cast(_a.c.notice_id, sa.String),
)
_is_excused = sa.exists().where(_e.c.assignment_id == _a.c.id, _e.c.until.is_(None))
_lacks_card = sa.and_(~_has_card, ~_is_excused)


def _unshown(tx: Tx, subjects: list[str]) -> dict[tuple[int, int], Why]:
    """Notice and chat → why its card is not there. A chat through which nobody is asked any more is none."""
    posted = sa.exists().where(
        _g.c.chat_id == _d.c.chat_id, _g.c.kind == _d.c.kind, _g.c.subject == _d.c.subject
    )
    query = (
        sa.select(_d.c.subject, _d.c.chat_id, _d.c.state, _c.c.state.label("chat_state"))
        .join(_c, _c.c.id == _d.c.chat_id)
        .where(_d.c.kind == CARD, _d.c.subject.in_(subjects), ~posted)
        .order_by(_d.c.id)
    )
    found: dict[tuple[int, int], Why] = {}
    for row in tx.execute(query):
        key = (int(row.subject), row.chat_id)
        if row.state in OPEN_STATES:
            found[key] = Why.WAITING
        elif row.state == State.FAILED:
            found[key] = _LOST.get(ChatState(row.chat_state), Why.REFUSED)
        elif row.state == State.DROPPED and ChatState(row.chat_state) in _LOST:
            found[key] = _LOST[ChatState(row.chat_state)]
    return found


_LOST = {ChatState.GONE: Why.GONE, ChatState.BLOCKED: Why.BLOCKED, ChatState.MUTED: Why.MUTED}


def missed(tx: Tx, notice_id: int, *, person: Person) -> list[Missed]:
    """The chats without a sure card, then the units without one, in roster order; of both what the reader may see."""
    unshown = {chat_id: why for (_, chat_id), why in _unshown(tx, [str(notice_id)]).items()}
    unsure = sa.select(_g.c.chat_id).where(
        _g.c.kind == CARD, _g.c.subject == str(notice_id), _g.c.message_id.is_(None), _g.c.address != NOWHERE
    )
    unshown |= dict.fromkeys(tx.execute(unsure).scalars(), Why.UNCERTAIN)
    order = list(Why)
    listed = sorted(unshown.items(), key=lambda pair: (order.index(pair[1]), pair[0]))
    seen = person.scope(Action.SEE_NAMES)
    found = [one for chat_id, why in listed if (one := _chat(tx, chat_id, why, seen)) is not None]
    query = (
        sa.select(_a.c.unit_id, _a.c.county_id, _a.c.unit_name, _is_asked.label("is_asked"))
        .where(_a.c.notice_id == notice_id, _lacks_card)
        .order_by(_a.c.position, _a.c.unit_id)
    )
    return found + [
        Missed(row.unit_name, Why.CARDLESS if row.is_asked else Why.NOWHERE)
        for row in tx.execute(query)
        if seen.has(Place(row.unit_id, row.county_id))
    ]


def _chat(tx: Tx, chat_id: int, why: Why, seen: Scope) -> Missed | None:
    """A group by its title, a private chat by its person; None where neither is the reader's."""
    chat = chats.get(tx, ChatId(chat_id))
    if chat.is_private:
        person = people.by_user(tx, chat.telegram_id)
        post = (
            next((p for p in person.posts if seen.has(Place(p.unit_id, p.county_id))), None)
            if person
            else None
        )
        if person is not None and post is not None:
            return Missed(post.unit_name, why, person.said_by(post.unit_id))
    else:
        unit_id = bindings.unit_of(tx, chat.id)
        if unit_id is not None and seen.has(units.get(tx, unit_id).place):
            return Missed(chat.title, why)
    return Missed(chat.title, why) if seen.everything else None

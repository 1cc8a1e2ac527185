"""What became of deliveries that somebody must do something about. Chats are not named here: that takes the roster."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model, stale
from bot.delivery.chats import ChatId
from bot.delivery.message import Verdict
from bot.delivery.model import ChatState, State
from bot.delivery.settling import NOWHERE, REPEATED_IF_UNCERTAIN

RECENT = dt.timedelta(days=2)  # what came to nothing longer ago is history
LONG = dt.timedelta(minutes=10)  # the largest broadcast at the slowest pace is out by then
PASSING = frozenset(  # answers to somebody who sees that none came, and asks again
    {
        "say",
        "press_please",
        "line",
        "choose",
        "recovered",
        "delete",
        "number",
        "items",
        "full",
        "file",
        "file_lost",
        "card_was",
    }
)
UNKNOWN_KIND = "unknown kind"  # how the outbox begins when nobody can render a delivery

_d, _c, _p = model.delivery, model.chat, model.posting


class Why(StrEnum):
    """Why something needs hands, in the order in which it is told."""

    STUCK = "stuck"  # what is due does not leave
    GONE = "gone"
    MUTED = "muted"
    BLOCKED = "blocked"
    REFUSED = "refused"  # Telegram did not take it, or its words could not be made: our fault
    UNTOLD = "untold"  # it came too late, or its chat was lost at the time; nobody will say it again
    HALTED = "halted"  # Telegram told us to leave this chat alone for a while
    UNCERTAIN = "uncertain"  # nobody knows whether it is there, and it is not repeated


@dataclass(frozen=True, slots=True)
class Case:
    """One chat that cannot be reached, or one thing that did not come to one chat.

    Attributes:
        kind, subject: of the thing; '' for a chat.
        since: when it was found; of what waits, since when it has been due.
        until: of a halted chat, to when.
        reason: Telegram's words or ours, in English.
    """

    why: Why
    chat_id: ChatId
    since: dt.datetime
    kind: str = ""
    subject: str = ""
    reason: str = ""
    until: dt.datetime | None = None


def lost_chats(tx: Tx) -> list[Case]:
    """Every chat that takes no messages, oldest first; whether anybody misses it the roster knows."""
    query = (
        sa.select(_c.c.id, _c.c.state, _c.c.state_reason, _c.c.state_at)
        .where(_c.c.state != ChatState.OK.value)
        .order_by(_c.c.state_at, _c.c.id)
    )
    return [
        Case(_LOST[row.state], row.id, row.state_at, reason=row.state_reason) for row in tx.execute(query)
    ]


_LOST = {state.value: Why(state.value) for state in (ChatState.GONE, ChatState.MUTED, ChatState.BLOCKED)}


def waiting(tx: Tx, now: dt.datetime) -> list[Case]:
    """What has been due for long and is not settled, oldest first.

    What has been tried counts from when it was asked for: trying it again put its time off.
    """
    since = sa.case((_d.c.attempts > 0, _d.c.enqueued_at), else_=_d.c.not_before)
    query = (
        sa.select(_d.c.chat_id, _d.c.kind, _d.c.subject, _d.c.reason, since.label("since"), _c.c.halted_until)
        .join(_c, _c.c.id == _d.c.chat_id)
        .where(model.is_one_of(*model.OPEN_STATES), since <= now - LONG)
        .order_by(since, _d.c.id)
    )
    found = []
    for row in tx.execute(query):
        until = row.halted_until if row.halted_until is not None and row.halted_until > now else None
        why = Why.STUCK if until is None else Why.HALTED
        found.append(Case(why, row.chat_id, row.since, row.kind, row.subject, row.reason, until))
    return found


def failed(tx: Tx, now: dt.datetime) -> list[Case]:
    """What came to nothing in the last two days and will not be tried again, oldest first; a thing once a chat.

    A thing that came after all, or is on its way again, is not among them; nor is one whose chat is still lost: there
    is nothing to be done about it before the chat is found again.
    """
    found: dict[tuple[Why, int, str, str], Case] = {}
    for row in tx.execute(_UNWELL, {"since": now - RECENT}):
        why = _why(row)
        if why is not None:
            case = Case(why, row.chat_id, row.settled_at, row.kind, row.subject, row.reason)
            found.setdefault((why, row.chat_id, row.kind, row.subject), case)
    return list(found.values())


def doubted(tx: Tx, now: dt.datetime) -> int:
    """How many calls of the last two days nobody knows the end of; most have been repeated since, or found done."""
    query = sa.select(sa.func.count()).where(
        model.is_one_of(*model.UNWELL_STATES),
        _d.c.state == State.UNCERTAIN.value,
        _d.c.settled_at > now - RECENT,
    )
    return int(tx.execute(query).scalar_one())


def _unwell() -> sa.Select[*tuple[Any, ...]]:
    again = _d.alias("again")
    came_again = sa.exists().where(
        again.c.chat_id == _d.c.chat_id, again.c.kind == _d.c.kind, again.c.subject == _d.c.subject,
        again.c.id > _d.c.id, model.is_one_of(*model.OPEN_STATES, State.SENT, of=again),
    )  # fmt: skip
    same = sa.and_(_p.c.chat_id == _d.c.chat_id, _p.c.kind == _d.c.kind, _p.c.subject == _d.c.subject)
    matters = sa.or_(
        _d.c.state != State.DROPPED.value,
        _d.c.reason == stale.UNTOLD.reason,
        _d.c.reason.startswith(UNKNOWN_KIND),
    )
    return (
        sa.select(
            _d.c.chat_id, _d.c.kind, _d.c.subject, _d.c.state, _d.c.reason, _d.c.settled_at,
            _c.c.state.label("chat_state"), _p.c.id.label("posting_id"),
            sa.and_(_p.c.message_id.is_(None), _p.c.address != NOWHERE).label("is_unsure"),
        )
        .join(_c, _c.c.id == _d.c.chat_id)
        .outerjoin(_p, same)
        .where(
            model.is_one_of(*model.UNWELL_STATES), _d.c.settled_at > sa.bindparam("since"), matters, ~came_again
        )
        .order_by(_d.c.settled_at, _d.c.id)
    )  # fmt: skip


_UNWELL = _unwell()


def _why(row: sa.Row[*tuple[Any, ...]]) -> Why | None:
    """Why it needs hands; None where nothing is to be done about it."""
    if row.state == State.UNCERTAIN:
        is_open = row.posting_id is not None and row.is_unsure
        return Why.UNCERTAIN if is_open and row.kind not in PASSING else None
    is_untold = row.posting_id is None
    if row.state == State.DROPPED:
        return Why.REFUSED if row.reason.startswith(UNKNOWN_KIND) else Why.UNTOLD if is_untold else None
    if row.reason.partition(":")[0] not in _LOST_WITH_ITS_CHAT:
        return Why.REFUSED
    is_back = row.chat_state == ChatState.OK
    return Why.UNTOLD if is_back and is_untold and row.kind in REPEATED_IF_UNCERTAIN else None


_LOST_WITH_ITS_CHAT = (Verdict.GONE.value, Verdict.BLOCKED.value, Verdict.MUTED.value)

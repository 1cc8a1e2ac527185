"""Where the messages of a notice hang, and in which chats a change of them has come, is on its way, or came to nothing."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import OPEN_STATES, Lane, State, delivery, posting
from bot.notices import model

CARD, CARD_WAS, ITEMS, FULL, FILE = "card", "card_was", "items", "full", "file"
CHOOSE, CHASE, OVERDUE = "choose", "chase", "overdue"
SAYING_IT = (CARD, CARD_WAS, ITEMS, FULL, FILE, CHOOSE, CHASE, OVERDUE)  # what shows a notice, or asks for it
NOT_THERE = "not found"  # Telegram's words for a message that somebody has taken away

_d, _p = delivery.c, posting.c


class Fate(StrEnum):
    """What became of a change in one chat."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A chat in which the old words still hang.

    Attributes:
        reason: the delivery's, in English; '' where nothing was tried.
    """

    chat_id: ChatId
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """Of how many chats how many show the change; `total` = `done` + `waiting` + failures."""

    total: int
    done: int
    waiting: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in one chat."""

    chat_id: ChatId
    kind: str
    subject: str


def of(tx: Tx, notice_id: int, kinds: Collection[str], *, until: dt.datetime | None = None) -> list[Copy]:
    """The messages of these kinds that hang, or may hang, in chats, and those on their way there.

    With `until`, as of that instant: what was sent by then, or was being sent.
    """
    hanging = sa.select(_p.chat_id, _p.kind, _p.subject).where(_about(posting, tx, notice_id, kinds))
    under_way = sa.select(_d.chat_id, _d.kind, _d.subject).where(_about(delivery, tx, notice_id, kinds))
    called: sa.ColumnElement[bool]
    if until is None:
        called = _d.state.in_([State.RESERVED.value, State.CALLING.value])
    else:
        hanging = hanging.where(_p.sent_at <= until)
        called = sa.and_(
            _d.called_at <= until, sa.or_(_d.settled_at > until, _d.state == State.CALLING.value)
        )
    rows = tx.execute(sa.union(hanging, under_way.where(called)).order_by("chat_id", "kind", "subject"))
    return [Copy(*row) for row in rows]


def to_change(tx: Tx, notice_id: int, kinds: Collection[str]) -> dict[Copy, dt.datetime | None]:
    """What a change has to show anew: all of `of`, and what is only queued, in their order.

    A claim not yet committed may be making the old words of what is queued: to show it anew waits for that claim, and
    keeps others away until the change is committed.

    Returns:
        Each with its start, where it is only queued; None where it hangs or is under way.
    """
    nothing = sa.literal(None, schema.Instant).label("start")
    hanging = sa.select(_p.chat_id, _p.kind, _p.subject, nothing).where(_about(posting, tx, notice_id, kinds))
    start = sa.case((_d.state == State.QUEUED.value, _d.not_before)).label("start")
    owed = sa.select(_d.chat_id, _d.kind, _d.subject, start)
    owed = owed.where(_about(delivery, tx, notice_id, kinds), _d.settled_at.is_(None))
    found: dict[Copy, dt.datetime | None] = {}
    for row in tx.execute(sa.union(hanging, owed).order_by("chat_id", "kind", "subject")):
        copy = Copy(row.chat_id, row.kind, row.subject)
        found[copy] = row.start if copy not in found or row.start is None else found[copy]
    return found


def show(
    tx: Tx,
    now: dt.datetime,
    found: Mapping[Copy, dt.datetime | None],
    *,
    lane: Lane,
    not_before: dt.datetime | None = None,
) -> None:
    """What `to_change` found will be shown anew; what is only queued keeps its start, to be neither late nor early."""
    for kind in SAYING_IT:
        each = [
            (copy.chat_id, copy.subject, max(now, start or not_before or now))
            for copy, start in found.items()
            if copy.kind == kind
        ]
        outbox.show_at(tx, now, each, kind, lane=lane)


def chats_of(found: Mapping[Copy, dt.datetime | None]) -> set[ChatId]:
    """The chats in which something hangs or is under way."""
    return {copy.chat_id for copy, start in found.items() if start is None}


def _about(table: sa.Table, tx: Tx, notice_id: int, kinds: Collection[str]) -> sa.ColumnElement[bool]:
    c = table.c
    files = sa.select(model.attachment.c.id).where(model.attachment.c.notice_id == notice_id)
    numbers = [str(number) for number in tx.execute(files).scalars()]
    reminders = sa.select(sa.cast(model.chase.c.id, sa.String)).where(model.chase.c.notice_id == notice_id)
    ways = {
        **dict.fromkeys((CARD, CHOOSE, OVERDUE), c.subject == str(notice_id)),
        FILE: c.subject.in_(numbers),
        CHASE: c.subject.in_(reminders),
        **dict.fromkeys((CARD_WAS, ITEMS, FULL), c.subject.like(f"{notice_id}:%")),
    }
    return sa.or_(*(sa.and_(c.kind == kind, ways[kind]) for kind in kinds))


def count(tx: Tx, notice_id: int, kinds: Collection[str], *, since: dt.datetime) -> Count:
    """What became, chat by chat, of a change of these messages made at an instant."""
    copies = of(tx, notice_id, kinds, until=since)
    tried = _tried(tx, notice_id, kinds, since)
    fates: dict[ChatId, list[tuple[Fate, str]]] = defaultdict(list)
    for copy in copies:
        fates[copy.chat_id].append(_fate(tried.get(copy, [])))
    failures, waiting = [], 0
    for chat_id, some in fates.items():
        failed = [reason for fate, reason in some if fate is Fate.FAILED]
        is_waiting = any(fate is Fate.WAITING for fate, _ in some)
        if failed and not is_waiting:
            failures.append(Failure(chat_id, failed[0]))
        waiting += is_waiting
    return Count(len(fates), len(fates) - waiting - len(failures), waiting, tuple(failures))


def _tried(
    tx: Tx, notice_id: int, kinds: Collection[str], since: dt.datetime
) -> dict[Copy, list[tuple[State, str]]]:
    """What was done about each of them since then, in order."""
    lately = sa.or_(_d.settled_at >= since, _d.state.in_([state.value for state in OPEN_STATES]))
    query = sa.select(_d.chat_id, _d.kind, _d.subject, _d.state, _d.reason)
    found: dict[Copy, list[tuple[State, str]]] = defaultdict(list)
    for row in tx.execute(query.where(_about(delivery, tx, notice_id, kinds), lately).order_by(_d.id)):
        found[Copy(row.chat_id, row.kind, row.subject)].append((State(row.state), row.reason))
    return found


def _fate(tried: list[tuple[State, str]]) -> tuple[Fate, str]:
    """The newest thing done decides; one dropped because its message is there no more has come to the same."""
    if not tried:
        return Fate.FAILED, ""
    if any(state in OPEN_STATES for state, _ in tried):
        return Fate.WAITING, ""
    state, reason = tried[-1]
    if state in (State.SENT, State.UNCERTAIN):
        return Fate.DONE, ""
    if state is State.DROPPED and any(NOT_THERE in why for _, why in tried):
        return Fate.DONE, ""
    return Fate.FAILED, reason

"""The outbox: what is owed to which chat, enqueued in the transaction of the fact it tells.

From here on it is `claiming` (in order, with fresh words, at a slot) and `settling` (what became of it).

A delivery says "this chat must come to show this thing as it now is". The first time that is a send, later an
edit of the same posting; nothing here knows what the thing is. Words come from `Prepare`, given by whoever
composes the application, and are made in the claim: an answered chase is dropped, a card is never stale.
"""

import datetime as dt
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx, news, schema
from bot.delivery import chats, model
from bot.delivery.chats import ChatId
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import Lane, State

EDIT_EVERY = dt.timedelta(seconds=6)  # a group's card: at most half of GROUP_RATE goes into edits
CLAIMED_WITHIN = dt.timedelta(seconds=5)  # a claim that begins before a change is committed has a later `now`

_d = model.delivery
_p = model.posting


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed delivery, as it is handed to what renders it."""

    id: int
    chat: chats.Chat
    kind: str
    subject: str
    is_repeat: bool
    posted: int | None = None  # the message to edit; None means this will be a send
    is_uncertain: bool = False  # it may hang there already, under a number nobody knows

    @property
    def number(self) -> int:
        """The subject where it is the id of a row."""
        return int(self.subject)


@dataclass(frozen=True, slots=True)
class Drop:
    """There is no point in sending this any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Its words cannot be made: a bug of ours, and nobody else's delay."""

    reason: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery with its words and the instant at which its call may start."""

    delivery: Delivery
    message: OutgoingMessage
    slot_at: dt.datetime
    is_calling: bool = False  # it has begun: the claim was its beginning


Prepare = Callable[[Tx, dt.datetime, Delivery], OutgoingMessage | Drop]
Shown = sa.Select[ChatId, str, str, dt.datetime | None]


def _show_statement(
    insert: Callable[[sa.Table], postgresql.Insert] | Callable[[sa.Table], sqlite.Insert],
) -> sa.Executable:
    """Queue a delivery; one already queued for the same thing keeps the earlier start and the better lane."""
    it = insert(_d)
    return it.on_conflict_do_update(
        index_elements=[_d.c.chat_id, _d.c.kind, _d.c.subject],
        index_where=model.is_one_of(State.QUEUED),
        set_={
            "not_before": sa.case(
                (_d.c.not_before < it.excluded.not_before, _d.c.not_before), else_=it.excluded.not_before
            ),
            "lane": sa.case((_d.c.lane < it.excluded.lane, _d.c.lane), else_=it.excluded.lane),
            "is_repeat": sa.or_(_d.c.is_repeat, it.excluded.is_repeat),
        },
    )


_SHOW = {"postgresql": _show_statement(postgresql.insert), "sqlite": _show_statement(sqlite.insert)}


def show(
    tx: Tx,
    now: dt.datetime,
    chat_id: ChatId,
    kind: str,
    subject: str | int,
    *,
    lane: Lane,
    not_before: dt.datetime | None = None,
    is_repeat: bool = False,
) -> None:
    """The chat will come to show the thing as it is when its turn comes.

    Asking again while the first request is still queued changes nothing, except that the earlier
    `not_before` and the better lane win.
    """
    show_each(tx, now, [(chat_id, subject)], kind, lane=lane, not_before=not_before, is_repeat=is_repeat)


def show_each(
    tx: Tx,
    now: dt.datetime,
    things: Iterable[tuple[ChatId, str | int]],
    kind: str,
    *,
    lane: Lane,
    not_before: dt.datetime | None = None,
    is_repeat: bool = False,
) -> None:
    """`show` for many chats and subjects at once, in their order."""
    _queue(tx, [
        _queued(now, chat_id, kind, subject, lane, not_before or now) | {"is_repeat": is_repeat}
        for chat_id, subject in things
    ])  # fmt: skip


def show_at(
    tx: Tx,
    now: dt.datetime,
    things: Iterable[tuple[ChatId, str | int, dt.datetime]],
    kind: str,
    *,
    lane: Lane,
) -> None:
    """`show` for many chats and subjects, each with its own `not_before`, in their order."""
    _queue(tx, [_queued(now, chat_id, kind, subject, lane, start) for chat_id, subject, start in things])


def _queued(
    now: dt.datetime, chat_id: ChatId, kind: str, subject: str | int, lane: Lane, not_before: dt.datetime
) -> dict[str, Any]:
    return {
        "chat_id": chat_id, "kind": kind, "subject": str(subject), "lane": lane.value, "state": State.QUEUED.value,
        "not_before": not_before, "enqueued_at": now, "is_repeat": False,
    }  # fmt: skip


def _queue(tx: Tx, rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.execute(_SHOW[tx.dialect.name], rows)
        news(tx)


def refresh(
    tx: Tx,
    now: dt.datetime,
    found: Shown,
    params: Mapping[str, object],
    *,
    every: Mapping[str, dt.timedelta],
) -> None:
    """Edit soon what a query built by `shown` finds, each kind at most once in its time.

    A posting whose send is still on its way is refreshed after it: the two share the order of their chat. One that
    is only queued keeps its start.
    """

    def start(kind: str, shown_at: dt.datetime | None) -> dt.datetime:
        if shown_at is None:
            return now + max(every[kind], CLAIMED_WITHIN)
        return max(now, shown_at + every[kind])

    rows = [
        _queued(now, chat_id, kind, subject, Lane.REFRESH, start(kind, shown_at))
        for chat_id, kind, subject, shown_at in tx.execute(found, {**params, "soon": now + CLAIMED_WITHIN})
    ]
    _queue(tx, sorted(rows, key=operator.itemgetter("chat_id")))  # in one order: others do so too


def words_may_be_made() -> sa.ColumnElement[bool]:
    """A delivery whose words are made, or may be made before this transaction ends: a claim may have it, or take it.

    To show the thing again waits for that claim, or keeps claims away until the commit. Whoever does so for one that
    is queued must not bring its start forward: it may be a pause after a failure.

    The instant `soon` is a parameter: now + CLAIMED_WITHIN.
    """
    is_due = _d.c.not_before <= sa.bindparam("soon", type_=schema.Instant)
    return sa.and_(_d.c.settled_at.is_(None), sa.or_(_d.c.state != State.QUEUED.value, is_due))


def shown(things: sa.FromClause) -> Shown:
    """Those of the things (chat_id, kind, subject) that were posted or are on their way, and when they were last shown.

    The instant `soon` of `words_may_be_made` is one of its parameters.
    """
    t = things.c
    same = sa.and_(_p.c.chat_id == t.chat_id, _p.c.kind == t.kind, _p.c.subject == t.subject)
    on_its_way = sa.exists().where(
        _d.c.chat_id == t.chat_id, _d.c.kind == t.kind, _d.c.subject == t.subject, words_may_be_made()
    )
    return (
        sa.select(t.chat_id, t.kind, t.subject, _p.c.shown_at)
        .select_from(things.outerjoin(_p, same))
        .where(sa.or_(_p.c.id.is_not(None), on_its_way))
    )


def again(
    tx: Tx, now: dt.datetime, kind: str, subject: str | int, *, lane: Lane, is_family: bool = False
) -> None:
    """Every chat that shows the thing, or will when the send now on its way ends, comes to show it anew.

    Who presses may be quicker than the commit of the send whose button he pressed: both are read in one statement,
    so that what is no longer the one is seen as the other. One that is only queued keeps its start.

    Args:
        is_family: all subjects that begin with this one and a colon.
    """
    at_once = sa.bindparam("now", type_=schema.Instant)
    when_due = sa.case((_d.c.not_before > at_once, _d.c.not_before), else_=at_once)
    things = []
    for table, known, start in ((_p, sa.true(), at_once), (_d, words_may_be_made(), when_due)):
        whose = table.c.subject.startswith(f"{subject}:") if is_family else table.c.subject == str(subject)
        thing = sa.select(table.c.chat_id, table.c.subject, start.label("start"))
        things.append(thing.where(table.c.kind == kind, whose, known))
    t = sa.union(*things).subquery().c
    first = sa.select(t.chat_id, t.subject, sa.func.min(t.start)).group_by(t.chat_id, t.subject)
    found = tx.execute(first.order_by(t.chat_id, t.subject), {"now": now, "soon": now + CLAIMED_WITHIN})
    show_at(tx, now, [(chat_id, subject, start) for chat_id, subject, start in found], kind, lane=lane)


def finish(tx: Tx, now: dt.datetime, delivery_id: int, state: State, reason: str = "") -> None:
    """The delivery is over."""
    values = {"state": state.value, "reason": reason[:200], "settled_at": now}
    tx.execute(_FINISH, {"delivery_id": delivery_id} | values)


_FINISH = (
    _d.update()
    .where(_d.c.id == sa.bindparam("delivery_id"))
    .values({name: sa.bindparam(name) for name in ("state", "reason", "settled_at")})
)


def pressed(
    tx: Tx,
    now: dt.datetime,
    telegram_id: int,
    kind: str,
    subject: str | int,
    message_id: int,
) -> tuple[chats.Chat | None, int | None]:
    """A thing's button was pressed on this message: its chat, and a second message of the same thing, if there is one.

    A thing whose message is unknown has this one from now on; a message known as a thing of another kind stays that.
    One statement for both: every press on a card comes by here.
    """
    asked = {
        "telegram_id": telegram_id, "kind": kind, "subject": str(subject), "message_id": message_id
    }  # fmt: skip
    found = tx.execute(_PRESSED, asked).all()
    chat = chats.as_chat(found[0] if found else None)
    if any(row.posted_kind not in (None, kind) for row in found):
        return chat, None
    mine = next((row for row in found if row.posted_subject == str(subject)), None)
    if mine is None or mine.posted_message == message_id:
        return chat, None
    if mine.posted_message is None:
        mine_still = _p.update().where(_p.c.id == mine.posted_id, _p.c.message_id.is_(None))
        if tx.execute(mine_still.values(message_id=message_id)).rowcount:
            return chat, None
        known = tx.execute(sa.select(_p.c.message_id).where(_p.c.id == mine.posted_id)).scalar()
        return chat, None if known == message_id else message_id  # a send was settled meanwhile
    return chat, message_id


_PRESSED = chats.FIND.add_columns(
    _p.c.id.label("posted_id"), _p.c.kind.label("posted_kind"), _p.c.subject.label("posted_subject"),
    _p.c.message_id.label("posted_message"),
).outerjoin(
    _p,
    sa.and_(
        _p.c.chat_id == model.chat.c.id,
        sa.or_(
            sa.and_(_p.c.kind == sa.bindparam("kind"), _p.c.subject == sa.bindparam("subject")),
            _p.c.message_id == sa.bindparam("message_id"),
        ),
    ),
)  # fmt: skip


def seen_on(
    tx: Tx, kind: str, telegram_ids: Collection[int], subjects: Collection[str]
) -> dict[tuple[int, str], tuple[chats.Chat, int | None]]:
    """Telegram chat and subject → the chat, and which message shows the thing there, where we know of one.

    A chat of ours stands under subject '' too.
    """
    asked = {"telegram_ids": telegram_ids, "kind": kind, "subjects": list(subjects)}
    found: dict[tuple[int, str], tuple[chats.Chat, int | None]] = {}
    for row in tx.execute(_SEEN_ON, asked):
        chat = chats.as_chat(row)
        if chat is not None:
            found[row.asked_id, ""] = found[row.asked_id, row.subject or ""] = chat, row.message_id
    return found


_SEEN_ON = chats.FIND_EACH.add_columns(_p.c.subject, _p.c.message_id).outerjoin(
    _p,
    sa.and_(
        _p.c.chat_id == model.chat.c.id,
        _p.c.kind == sa.bindparam("kind"),
        _p.c.subject.in_(sa.bindparam("subjects", expanding=True)),
    ),
)


def owes(tx: Tx, now: dt.datetime) -> bool:
    """Whether anything is on its way, or due to be claimed."""
    return tx.execute(_OWES, {"now": now}).first() is not None


_OWES = (
    sa.select(_d.c.id)
    .where(model.is_one_of(*model.OPEN_STATES))
    .where(
        sa.or_(
            model.is_one_of(State.RESERVED, State.CALLING),
            _d.c.not_before <= sa.bindparam("now", type_=schema.Instant),
        )
    )
    .limit(1)
)

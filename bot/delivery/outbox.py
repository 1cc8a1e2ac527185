"""The outbox: enqueue in the transaction of the fact, claim with fresh words; the rest is `settling`.

A delivery says "this chat must come to show this thing as it now is". The first time that is a send, later an
edit of the same posting; nothing here knows what the thing is. Words come from `Prepare`, given by whoever
composes the application, and are made in the claim: an answered chase is dropped, a card is never stale.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import exc, orm
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx, schema
from bot.delivery import chats, model, pacing
from bot.delivery.chats import ChatId
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import ChatState, Lane, State

log = structlog.get_logger()

AHEAD = dt.timedelta(seconds=0.5)  # how far ahead a slot may be reserved
LEASE = dt.timedelta(
    seconds=60
)  # longer than the longest call; a holder that dies gives its rows back after it
EDIT_EVERY = dt.timedelta(seconds=6)  # a group's card: at most half of GROUP_RATE goes into edits
GROUP_WINDOW = dt.timedelta(minutes=1)

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
    posted: int | None  # the message to edit; None means this will be a send
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
    rows = [
        {
            "chat_id": chat_id,
            "kind": kind,
            "subject": str(subject),
            "lane": lane.value,
            "state": State.QUEUED.value,
            "not_before": not_before or now,
            "enqueued_at": now,
            "is_repeat": is_repeat,
        }
        for chat_id, subject in things
    ]
    if rows:
        tx.execute(_SHOW[tx.dialect.name], rows)


def refresh(
    tx: Tx,
    now: dt.datetime,
    found: Shown,
    params: Mapping[str, object],
    *,
    every: Mapping[str, dt.timedelta],
) -> None:
    """Edit soon what a query built by `shown` finds, each kind at most once in its time.

    A posting whose send is still on its way is refreshed after it: the two share the order of their chat.
    """
    for chat_id, kind, subject, shown_at in tx.execute(found, params).all():
        start = max(now, (shown_at or now) + every[kind])
        show(tx, now, chat_id, kind, subject, lane=Lane.REFRESH, not_before=start)


def shown(things: sa.FromClause) -> Shown:
    """Those of the things (chat_id, kind, subject) that were posted or are on their way, and when they were last shown."""
    t = things.c
    same = sa.and_(_p.c.chat_id == t.chat_id, _p.c.kind == t.kind, _p.c.subject == t.subject)
    is_open = model.is_one_of(*model.OPEN_STATES)  # the few of one chat are found by an index of their own
    on_its_way = sa.exists().where(
        _d.c.chat_id == t.chat_id, _d.c.kind == t.kind, _d.c.subject == t.subject,
        is_open, model.is_one_of(State.RESERVED, State.CALLING),
    )  # fmt: skip
    return (
        sa.select(t.chat_id, t.kind, t.subject, _p.c.shown_at)
        .select_from(things.outerjoin(_p, same))
        .where(sa.or_(_p.c.id.is_not(None), on_its_way))
    )


def claim(
    tx: Tx,
    now: dt.datetime,
    prepare: Mapping[str, Prepare],
    *,
    owner: str,
    bot_id: int,
    limit: int,
    group_rate: int,
    only_one_of: frozenset[str] = frozenset(),
) -> list[Claimed]:
    """Reserve up to `limit` deliveries, each with a slot at most half a second ahead, and render them.

    Order holds per chat and lane; two deliveries for the same posting never run side by side. What has become
    pointless is settled as dropped and takes no slot. Kinds in `only_one_of` (chases) are claimed alone, for
    the very next slot.
    """
    claimed: list[Claimed] = []
    taken: set[ChatId] = set()
    for row in _candidates(tx, now, limit * 4):
        if len(claimed) >= limit:
            break
        if row.chat_id in taken or not _group_has_room(tx, now, row.chat_id, row.chat_kind, group_rate):
            continue
        if row.kind in only_one_of and claimed:
            continue
        item = _claim_one(tx, now, prepare, row, owner=owner, bot_id=bot_id)
        if item is None:
            continue
        if isinstance(item, dt.datetime):  # no slot near enough: nobody else will get one either
            break
        claimed.append(item)
        taken.add(item.delivery.chat.id)
        if row.kind in only_one_of:
            break
    return claimed


def _candidates(tx: Tx, now: dt.datetime, limit: int) -> list[sa.Row[tuple[object, ...]]]:
    return list(tx.execute(_CANDIDATES, {"now": now, "at_most": limit}))


def _first_in_line() -> sa.Select[*tuple[Any, ...]]:
    """Queued and due, chat not halted, nothing before it in its chat; alerts first, then by age.

    The states are literals, so that the indexes of what is open serve it, however much was sent before.
    """
    now = sa.bindparam("now", type_=schema.Instant)
    earlier = orm.aliased(_d)
    same_lane_before = sa.exists().where(
        earlier.c.chat_id == _d.c.chat_id,
        model.is_one_of(*model.OPEN_STATES, of=earlier),
        sa.or_(
            sa.and_(
                earlier.c.lane == _d.c.lane,
                earlier.c.id < _d.c.id,
                sa.or_(earlier.c.not_before <= now, earlier.c.attempts > 0),  # tried again: keeps its place
            ),
            sa.and_(
                earlier.c.kind == _d.c.kind,
                earlier.c.subject == _d.c.subject,
                earlier.c.state != State.QUEUED.value,
            ),
            earlier.c.state == State.RESERVED.value,  # not yet in called_at: one call a second to any chat
        ),
    )
    return (
        sa.select(_d, model.chat.c.kind.label("chat_kind"))
        .join(model.chat, model.chat.c.id == _d.c.chat_id)
        .where(
            model.is_one_of(*model.OPEN_STATES),
            model.is_one_of(State.QUEUED),
            _d.c.not_before <= now,
            sa.or_(model.chat.c.halted_until.is_(None), model.chat.c.halted_until <= now),
            ~same_lane_before,
        )
        .order_by(_d.c.lane, _d.c.id)
        .limit(sa.bindparam("at_most", type_=sa.Integer))
        .with_for_update(skip_locked=True, of=_d)
    )


_CANDIDATES = _first_in_line()


def _group_has_room(tx: Tx, now: dt.datetime, chat_id: ChatId, chat_kind: str, group_rate: int) -> bool:
    """At most one call a second to any chat, and `group_rate` a minute to a group."""
    count, last = tx.execute(_CALLED, {"chat_id": chat_id, "since": now - GROUP_WINDOW}).one()
    if last is not None and last > now - dt.timedelta(seconds=1):
        return False
    return chat_kind == "private" or count < group_rate


_CALLED = sa.select(sa.func.count(), sa.func.max(_d.c.called_at)).where(
    _d.c.chat_id == sa.bindparam("chat_id"), _d.c.called_at > sa.bindparam("since")
)


def _claim_one(
    tx: Tx,
    now: dt.datetime,
    prepare: Mapping[str, Prepare],
    row: sa.Row[tuple[object, ...]],
    *,
    owner: str,
    bot_id: int,
) -> Claimed | dt.datetime | None:
    """The rendered delivery; None when it was dropped; `now` when no slot was near enough."""
    delivery = described(tx, row)
    message = _words(tx, now, prepare, delivery)
    if isinstance(message, Drop | Fault):
        state = State.DROPPED if isinstance(message, Drop) else State.FAILED
        finish(tx, now, delivery.id, state, message.reason)
        return None
    slots = pacing.take(tx, now, bot_id, ahead=AHEAD)
    if not slots:
        return now
    values = {
        "delivery_id": delivery.id, "state": State.RESERVED.value, "slot_at": slots[0], "owner": owner,
        "lease_until": now + LEASE, "is_edit": message.edit_of is not None,
    }  # fmt: skip
    tx.execute(_CHANGE, values)
    return Claimed(delivery, message, slots[0])


_CHANGE = _d.update().where(_d.c.id == sa.bindparam("delivery_id"))  # the parameters say what


def _words(
    tx: Tx, now: dt.datetime, prepare: Mapping[str, Prepare], delivery: Delivery
) -> OutgoingMessage | Drop | Fault:
    if delivery.chat.state in (ChatState.GONE, ChatState.BLOCKED):
        return Drop(f"chat is {delivery.chat.state}")
    if delivery.is_uncertain and not delivery.is_repeat:
        return Drop("sent for all we know; a press will show which message it is")
    render = prepare.get(delivery.kind)
    if render is None:
        return Drop(f"unknown kind {delivery.kind}")
    try:
        with tx.begin_nested():
            return render(tx, now, delivery)
    except Exception as fault:  # the sender's edge: one that cannot be rendered must not stop the others
        if _is_the_databases(fault):
            raise
        log.exception("words_failed", kind=delivery.kind, subject=delivery.subject)
        return Fault(f"no words: {type(fault).__name__}")


def _is_the_databases(fault: Exception) -> bool:
    """The database is away or wants the transaction run again; anything else is the renderer's own doing."""
    if not isinstance(fault, exc.DBAPIError):
        return False
    state = str(getattr(fault.orig, "sqlstate", None) or "")
    is_away = fault.connection_invalidated or isinstance(fault, exc.OperationalError | exc.InterfaceError)
    return is_away or state.startswith("40")


def described(tx: Tx, row: sa.Row[tuple[object, ...]]) -> Delivery:
    """The delivery of this row, with its chat as it is now.

    A message sent under a former address cannot be edited: a new one is sent.
    """
    chat = chats.get(tx, row.chat_id)
    thing = {"chat_id": chat.id, "kind": row.kind, "subject": row.subject, "address": chat.telegram_id}
    posting = tx.execute(_POSTED, thing).first()
    return Delivery(
        row.id,
        chat,
        row.kind,
        row.subject,
        row.is_repeat,
        posted=posting.message_id if posting else None,
        is_uncertain=posting is not None and posting.message_id is None,
    )


def finish(tx: Tx, now: dt.datetime, delivery_id: int, state: State, reason: str = "") -> None:
    """The delivery is over."""
    values = {"state": state.value, "reason": reason[:200], "settled_at": now, "lease_until": None}
    tx.execute(_CHANGE, {"delivery_id": delivery_id} | values)


_POSTED = sa.select(_p.c.message_id).where(
    *(_p.c[name] == sa.bindparam(name) for name in ("chat_id", "kind", "subject", "address"))
)


def reveal(
    tx: Tx,
    now: dt.datetime,
    chat_id: ChatId,
    kind: str,
    subject: str | int,
    message_id: int,
) -> int | None:
    """A press came from this message: adopt it if the posting's message is unknown.

    A message known as a thing of another kind stays that.

    Returns:
        The id of a second message of the same thing, to be deleted; None when there is none.
    """
    asked = {"chat_id": chat_id, "kind": kind, "subject": str(subject), "message_id": message_id}
    found = tx.execute(_PRESSED, asked).all()
    if any(row.kind != kind for row in found):
        return None
    mine = next((row for row in found if row.subject == str(subject)), None)
    if mine is None or mine.message_id == message_id:
        return None
    if mine.message_id is None:
        tx.execute(_p.update().where(_p.c.id == mine.id).values(message_id=message_id))
        return None
    return message_id


_PRESSED = sa.select(_p.c.id, _p.c.kind, _p.c.subject, _p.c.message_id).where(
    _p.c.chat_id == sa.bindparam("chat_id"),
    sa.or_(
        sa.and_(_p.c.kind == sa.bindparam("kind"), _p.c.subject == sa.bindparam("subject")),
        _p.c.message_id == sa.bindparam("message_id"),
    ),
)


def next_at(tx: Tx) -> dt.datetime | None:
    """The earliest instant at which something queued may be claimed; None when nothing is."""
    found: dt.datetime | None = tx.execute(
        sa.select(sa.func.min(_d.c.not_before)).where(_d.c.state == State.QUEUED.value)
    ).scalar()
    return found


def owes(tx: Tx, now: dt.datetime) -> bool:
    """Whether anything is on its way, or due to be claimed."""
    due = sa.and_(_d.c.state == State.QUEUED.value, _d.c.not_before <= now)
    on_its_way = _d.c.state.in_([State.RESERVED.value, State.CALLING.value])
    return tx.execute(sa.select(_d.c.id).where(sa.or_(due, on_its_way)).limit(1)).first() is not None

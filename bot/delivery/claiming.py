"""Claiming: what is owed next, in order, each with a slot and fresh words; one transaction for a handful."""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import exc, orm

from bot.db import Tx, schema
from bot.delivery import chats, model, outbox, pacing
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import ChatState, State
from bot.delivery.outbox import Claimed, Delivery, Drop, Fault, Prepare

log = structlog.get_logger()

AHEAD = dt.timedelta(seconds=0.5)  # how far ahead a slot may be reserved
SECOND = dt.timedelta(seconds=1)
GROUP_WINDOW = dt.timedelta(minutes=1)
FURTHER = 64  # rows of the next look, when the first, as long as what is wanted, was not enough
BEFORE_ALL = (-1, 0)  # lane and id

_d = model.delivery
_p = model.posting
_Row = sa.Row[*tuple[Any, ...]]


class WordsFailed(Exception):
    """A renderer failed while nobody was careful: undo, and claim again carefully."""


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
    at_once: dt.timedelta = dt.timedelta(microseconds=-1),
    is_careful: bool = True,
) -> list[Claimed]:
    """Reserve up to `limit` deliveries, each with a slot at most half a second ahead, and render them.

    Order holds per chat and lane; two deliveries for the same posting never run side by side. What has become
    pointless is settled as dropped and takes no slot. Kinds in `only_one_of` (chases) are claimed alone, for
    the very next slot.

    Args:
        at_once: the call to a slot no further away than this has begun with the commit: it is `calling` already.
        is_careful: each is rendered in a savepoint of its own. Otherwise the first that fails undoes them all.

    Raises:
        WordsFailed: not `is_careful`, and one could not be rendered.
    """
    seen = pacing.glance(tx, now, bot_id, wanted=limit, ahead=AHEAD)
    ready: list[tuple[Delivery, OutgoingMessage]] = []
    busy: set[int] = set()
    for row in _first_in_line(tx, now, len(seen.at), group_rate, busy) if seen.at else ():
        if row.kind in only_one_of and ready:
            continue
        delivery = described_by(row)
        words = _words(tx, now, prepare, delivery, is_careful=is_careful)
        if isinstance(words, Drop | Fault):
            state = State.DROPPED if isinstance(words, Drop) else State.FAILED
            outbox.finish(tx, now, delivery.id, state, words.reason)
            continue
        ready.append((delivery, words))
        busy.add(row.chat_id)
        if len(ready) == len(seen.at) or row.kind in only_one_of:
            break
    # taken last: until the commit no other process can take any, so the rows and the words come before
    slots = pacing.claim(tx, now, bot_id, seen, wanted=len(ready), ahead=AHEAD) if ready else []
    claimed = [
        Claimed(delivery, words, slot, is_calling=slot <= now + at_once)
        for (delivery, words), slot in zip(ready, slots, strict=False)  # others may have left fewer
    ]
    if claimed:
        _reserve(tx, now, claimed, owner)
    return claimed


def _first_in_line(
    tx: Tx, now: dt.datetime, wanted: int, group_rate: int, busy: Container[int]
) -> Iterator[_Row]:
    """The first of each chat that is not `busy`, a stretch of the queue at a time: most claims need only the first."""
    given = {
        "now": now, "since": now - GROUP_WINDOW, "just_now": now - SECOND, "soon": now + SECOND,
        "group_rate": group_rate,
    }  # fmt: skip
    many, (lane, last_id) = wanted, BEFORE_ALL
    while True:
        after = {"after_lane": lane, "after_id": last_id, "many": many}
        found = tx.execute(_CANDIDATES, given | after).all()
        for row in found:
            if row.chat_id not in busy:
                yield row
        if not found:  # nothing in this stretch can go: on to the next, if there is one
            found = tx.execute(_DUE, {"now": now} | after).all()
            if len(found) < many:
                return
        many, lane, last_id = max(wanted, FURTHER), found[-1].lane, found[-1].id


_DUE = (
    sa.select(_d.c.lane, _d.c.id, _d.c.state)
    .where(
        model.is_one_of(*model.OPEN_STATES),
        model.is_one_of(State.QUEUED),
        _d.c.not_before <= sa.bindparam("now", type_=schema.Instant),
        sa.tuple_(_d.c.lane, _d.c.id)
        > sa.tuple_(
            sa.bindparam("after_lane", type_=sa.SmallInteger), sa.bindparam("after_id", type_=schema.Id)
        ),
    )
    .order_by(_d.c.lane, _d.c.id)
    .limit(sa.bindparam("many", type_=sa.Integer))
)


def _candidates() -> sa.Select[*tuple[Any, ...]]:
    """Queued and due, nothing before it in its chat, and the chat can take another call; alerts first, then by age.

    One call a second to any chat, `group_rate` a minute to a group; what was called after now, before somebody set
    the clock back, keeps nobody waiting.

    A planner may believe that nothing is queued, and so that reading all of it costs nothing: after the stretch
    every step goes by a key, in indexes that are not of the open ones alone.

    A row is all that is needed of it: the delivery, its chat as it is now, and the posting it would edit; a message
    sent under a former address cannot be edited.
    """
    instants = ("now", "since", "just_now", "soon")
    now, since, just_now, soon = (sa.bindparam(name, type_=schema.Instant) for name in instants)
    due = _DUE.subquery("due")
    chat, address, before, called = model.chat, model.chat_address, orm.aliased(_d), orm.aliased(_d)
    goes_before = sa.exists().where(
        before.c.chat_id == _d.c.chat_id,
        before.c.settled_at.is_(None),
        sa.or_(
            sa.and_(
                before.c.lane == _d.c.lane,
                before.c.id < _d.c.id,
                sa.or_(before.c.not_before <= now, before.c.attempts > 0),  # tried again: keeps its place
            ),
            sa.and_(
                before.c.kind == _d.c.kind,
                before.c.subject == _d.c.subject,
                before.c.state != State.QUEUED.value,
            ),
            before.c.state == State.RESERVED.value,  # not yet in called_at: one call a second to any chat
        ),
    )
    to_chat = called.c.chat_id == _d.c.chat_id
    called_just_now = sa.exists().where(to_chat, called.c.called_at > just_now, called.c.called_at <= soon)
    lately = sa.select(sa.func.count()).where(to_chat, called.c.called_at > since, called.c.called_at <= soon)
    group_has_room = sa.or_(chat.c.kind == "private", lately.scalar_subquery() < sa.bindparam("group_rate"))
    return (
        sa.select(
            _d.c.id, _d.c.lane, _d.c.chat_id, _d.c.kind, _d.c.subject, _d.c.is_repeat, *_described_columns()
        )
        .select_from(_described_from().join(due, due.c.id == _d.c.id))
        .where(
            _d.c.state == due.c.state,  # still
            sa.or_(chat.c.halted_until.is_(None), chat.c.halted_until <= now),
            address.c.until.is_(None),
            ~goes_before,
            ~called_just_now,
            group_has_room,
        )
        .order_by(_d.c.lane, _d.c.id)
        .with_for_update(skip_locked=True, of=_d)
    )  # fmt: skip


def _described_columns() -> tuple[sa.ColumnElement[Any], ...]:
    chat = model.chat.c
    return (
        model.chat_address.c.telegram_id, chat.kind.label("chat_kind"), chat.title, chat.state.label("chat_state"),
        chat.thread_id, chat.is_pilot, _p.c.id.label("posting_id"), _p.c.message_id,
    )  # fmt: skip


def _described_from() -> sa.FromClause:
    address = model.chat_address
    same = sa.and_(
        _p.c.chat_id == _d.c.chat_id,
        _p.c.kind == _d.c.kind,
        _p.c.subject == _d.c.subject,
        _p.c.address == address.c.telegram_id,
    )
    joined = _d.join(model.chat, model.chat.c.id == _d.c.chat_id)
    return joined.join(address, address.c.chat_id == _d.c.chat_id).outerjoin(_p, same)


_CANDIDATES = _candidates()
_DESCRIBED = (
    sa.select(_d.c.id, _d.c.chat_id, _d.c.kind, _d.c.subject, _d.c.is_repeat, *_described_columns())
    .select_from(_described_from())
    .where(_d.c.id == sa.bindparam("delivery_id"), model.chat_address.c.until.is_(None))
)


def described(tx: Tx, delivery_id: int) -> Delivery:
    """The delivery with this id, with its chat and its posting as they are now."""
    return described_by(tx.execute(_DESCRIBED, {"delivery_id": delivery_id}).one())


def described_by(row: _Row) -> Delivery:
    """The delivery in a row that has all of `_described_columns`."""
    chat = chats.Chat(
        row.chat_id,
        row.telegram_id,
        row.chat_kind,
        row.title,
        ChatState(row.chat_state),
        row.thread_id,
        row.is_pilot,
    )
    is_uncertain = row.posting_id is not None and row.message_id is None
    return Delivery(row.id, chat, row.kind, row.subject, row.is_repeat, row.message_id, is_uncertain)


_RESERVE = (
    _d.update()
    .where(_d.c.id == sa.bindparam("delivery_id"))
    .values(
        {name: sa.bindparam(name) for name in ("slot_at", "owner", "is_edit")}
        | {"state": State.RESERVED.value}
    )
)
_BEGIN = (
    _d.update()
    .where(schema.among(_d.c.id, "ids"))
    .values(
        state=State.CALLING.value, slot_at=sa.bindparam("now"), called_at=sa.bindparam("now"),
        attempts=_d.c.attempts + 1, owner=sa.bindparam("whose"), is_edit=schema.among(_d.c.id, "edits"),
    )
)  # fmt: skip


def _reserve(tx: Tx, now: dt.datetime, claimed: list[Claimed], owner: str) -> None:
    begun = [one for one in claimed if one.is_calling]
    if begun:
        ids, edits = ([one.delivery.id for one in some] for some in (begun, _edits(begun)))
        tx.execute(_BEGIN, {"ids": ids, "edits": edits, "now": now, "whose": owner})
    later = [one for one in claimed if not one.is_calling]
    if later:
        tx.execute(_RESERVE, [
            {
                "delivery_id": one.delivery.id, "slot_at": one.slot_at, "owner": owner,
                "is_edit": one.message.edit_of is not None,
            }
            for one in later
        ])  # fmt: skip


def _edits(some: Iterable[Claimed]) -> list[Claimed]:
    return [one for one in some if one.message.edit_of is not None]


def _words(
    tx: Tx, now: dt.datetime, prepare: Mapping[str, Prepare], delivery: Delivery, *, is_careful: bool
) -> OutgoingMessage | Drop | Fault:
    if delivery.chat.state in (ChatState.GONE, ChatState.BLOCKED):
        return Drop(f"chat is {delivery.chat.state}")
    if delivery.is_uncertain and not delivery.is_repeat:
        return Drop("sent for all we know; a press will show which message it is")
    render = prepare.get(delivery.kind)
    if render is None:
        return Drop(f"unknown kind {delivery.kind}")
    try:
        if not is_careful:
            return render(tx, now, delivery)
        with tx.begin_nested():
            return render(tx, now, delivery)
    except Exception as fault:  # the sender's edge: one that cannot be rendered must not stop the others
        if _is_the_databases(fault):
            raise
        if not is_careful:
            raise WordsFailed(delivery.kind) from fault
        log.exception("words_failed", kind=delivery.kind, subject=delivery.subject)
        return Fault(f"no words: {type(fault).__name__}")


def _is_the_databases(fault: Exception) -> bool:
    """The database is away or wants the transaction run again; anything else is the renderer's own doing."""
    if not isinstance(fault, exc.DBAPIError):
        return False
    state = str(getattr(fault.orig, "sqlstate", None) or "")
    is_away = fault.connection_invalidated or isinstance(fault, exc.OperationalError | exc.InterfaceError)
    return is_away or state.startswith("40")

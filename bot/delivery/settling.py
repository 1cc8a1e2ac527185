"""What became of a claimed delivery: called, settled, given back, or taken over from a process that died."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy import exc

from bot.db import Tx
from bot.delivery import chats, model, outbox, pacing
from bot.delivery.chats import ChatId
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState, Lane, State

RETRY_NOT_SENT = dt.timedelta(seconds=2)
LONGEST_PAUSE = dt.timedelta(minutes=1)  # an outage is waited for, however long it lasts
MOVES = 30  # a group that keeps sending us elsewhere is a fault of its own
NOWHERE = 0  # the address of a posting whose message is known to be gone: no chat of Telegram's has this id
REPEATED_IF_UNCERTAIN = frozenset(
    {
        "card",
        "deadline",
        "trouble",
        "officer_trouble",
        "escalation",
        "city_escalation",
        "difference",
        "plan_ask",
        "day_report",
        "late_fire",
    }
)

_d = model.delivery
_p = model.posting


def begin_call(tx: Tx, now: dt.datetime, delivery_id: int, *, owner: str) -> bool:
    """Commit that the call is about to be made; False when the lease was lost meanwhile."""
    done = tx.execute(
        _d.update()
        .where(_d.c.id == delivery_id, _d.c.state == State.RESERVED.value, _d.c.owner == owner)
        .values(
            state=State.CALLING.value,
            called_at=now,
            lease_until=now + outbox.LEASE,
            attempts=_d.c.attempts + 1,
        )
    )
    return done.rowcount > 0


def take_slot(tx: Tx, now: dt.datetime, delivery_id: int, *, owner: str, bot_id: int) -> dt.datetime | None:
    """A new slot for a reserved delivery that missed its own; None when none is near: it queues again."""
    mine = sa.and_(_d.c.id == delivery_id, _d.c.state == State.RESERVED.value, _d.c.owner == owner)
    slots = pacing.take(tx, now, bot_id, ahead=outbox.AHEAD)
    if slots:
        tx.execute(_d.update().where(mine).values(slot_at=slots[0], lease_until=now + outbox.LEASE))
        return slots[0]
    give_back(tx, now, delivery_id, owner=owner, reason="missed its slot")
    return None


def give_back(tx: Tx, now: dt.datetime, delivery_id: int, *, owner: str, reason: str) -> bool:
    """A reserved delivery that will not be called after all queues again; False if the lease was lost."""
    mine = (_d.c.id == delivery_id, _d.c.state == State.RESERVED.value, _d.c.owner == owner)
    if tx.execute(sa.select(_d.c.id).where(*mine).with_for_update()).first() is None:
        return False
    _again(tx, now, delivery_id, reason=reason)
    return True


def settle(tx: Tx, now: dt.datetime, item: outbox.Claimed, outcome: Outcome) -> None:
    """Record what became of the call, and what follows from it for the posting and the chat."""
    delivery = item.delivery
    if outcome.thread_lost:
        chats.set_thread(tx, now, delivery.chat.id, None)
    match outcome.verdict:
        case Verdict.SENT | Verdict.UNCHANGED:
            outbox.finish(tx, now, delivery.id, State.SENT)
            if delivery.chat.state is ChatState.MUTED:
                chats.set_state(tx, now, delivery.chat.id, ChatState.OK)
            _posted(tx, now, item, outcome.message_id)
        case Verdict.UNCERTAIN:
            _uncertain(tx, now, item)
        case Verdict.LATER:
            until = now + outcome.retry_after
            tx.execute(
                model.chat.update().where(model.chat.c.id == delivery.chat.id).values(halted_until=until)
            )
            _again(tx, now, delivery.id, not_before=until, reason=outcome.detail)
        case Verdict.NOT_SENT:
            pause = _pause(tx, delivery.id)
            _again(tx, now, delivery.id, not_before=now + pause, reason=outcome.detail)
        case Verdict.MOVED if outcome.moved_to is not None:
            chats.move(tx, now, delivery.chat.telegram_id, outcome.moved_to)
            _again(tx, now, delivery.id, reason="moved", at_most=MOVES)
        case Verdict.LOST:
            outbox.finish(tx, now, delivery.id, State.DROPPED, f"shown anew: {outcome.detail}")
            _lost(tx, now, item)
        case _:
            outbox.finish(tx, now, delivery.id, State.FAILED, f"{outcome.verdict}: {outcome.detail}")
            _chat_trouble(tx, now, delivery.chat.id, outcome)


def _lost(tx: Tx, now: dt.datetime, item: outbox.Claimed) -> None:
    """Somebody took the message away: its thing is shown anew, as a message of its own."""
    delivery = item.delivery
    if item.message.delete:
        return
    same = (_p.c.chat_id == delivery.chat.id, _p.c.kind == delivery.kind, _p.c.subject == delivery.subject)
    tx.execute(_p.update().where(*same).values(message_id=None, address=NOWHERE))
    outbox.show(tx, now, delivery.chat.id, delivery.kind, delivery.subject, lane=Lane.REFRESH)


def _chat_trouble(tx: Tx, now: dt.datetime, chat_id: ChatId, outcome: Outcome) -> None:
    states = {
        Verdict.GONE: ChatState.GONE,
        Verdict.BLOCKED: ChatState.BLOCKED,
        Verdict.MUTED: ChatState.MUTED,
    }
    state = states.get(outcome.verdict)
    if state is not None:
        chats.set_state(tx, now, chat_id, state, outcome.detail)


def _posted(tx: Tx, now: dt.datetime, item: outbox.Claimed, message_id: int | None) -> None:
    delivery = item.delivery
    if item.message.delete:
        return
    where = (_p.c.chat_id == delivery.chat.id, _p.c.kind == delivery.kind, _p.c.subject == delivery.subject)
    changes: dict[str, object] = {"shown_at": now}
    if item.message.edit_of is None:
        changes |= {"message_id": message_id, "address": delivery.chat.telegram_id}
    if not tx.execute(_p.update().where(*where).values(changes)).rowcount:
        tx.execute(
            _p.insert().values(
                chat_id=delivery.chat.id,
                kind=delivery.kind,
                subject=delivery.subject,
                sent_at=now,
                **({"address": delivery.chat.telegram_id, "message_id": message_id} | changes),
            )
        )


def _uncertain(tx: Tx, now: dt.datetime, item: outbox.Claimed) -> None:
    """A send counts as sent, and is repeated once, marked, if its kind may be; an edit is simply repeated."""
    delivery = item.delivery
    outbox.finish(tx, now, delivery.id, State.UNCERTAIN, "no answer from Telegram")
    if item.message.edit_of is not None:
        outbox.show(
            tx,
            now,
            delivery.chat.id,
            delivery.kind,
            delivery.subject,
            lane=Lane.REFRESH,
            not_before=now + RETRY_NOT_SENT,
        )
        return
    _posted(tx, now, item, None)
    if delivery.kind in REPEATED_IF_UNCERTAIN and not delivery.is_repeat:
        outbox.show(
            tx,
            now,
            delivery.chat.id,
            delivery.kind,
            delivery.subject,
            lane=Lane.INTERACTIVE,
            not_before=now + RETRY_NOT_SENT,
            is_repeat=True,
        )


def _pause(tx: Tx, delivery_id: int) -> dt.timedelta:
    doublings = min(max(_attempts(tx, delivery_id) - 1, 0), 8)
    pause: dt.timedelta = RETRY_NOT_SENT * (1 << doublings)
    return min(pause, LONGEST_PAUSE)


def _attempts(tx: Tx, delivery_id: int) -> int:
    found: int = tx.execute(sa.select(_d.c.attempts).where(_d.c.id == delivery_id)).scalar_one()
    return found


def _again(
    tx: Tx,
    now: dt.datetime,
    delivery_id: int,
    *,
    reason: str,
    not_before: dt.datetime | None = None,
    at_most: int | None = None,
) -> None:
    """Back to the queue; a request for the same thing made meanwhile takes its place."""
    if at_most is not None and _attempts(tx, delivery_id) >= at_most:
        outbox.finish(tx, now, delivery_id, State.FAILED, reason)
        return
    values = {
        "state": State.QUEUED.value,
        "not_before": not_before or now,
        "reason": reason[:200],
        "owner": "",
        "lease_until": None,
    }
    try:
        with tx.begin_nested():
            tx.execute(_d.update().where(_d.c.id == delivery_id).values(values))
    except exc.IntegrityError:  # one of the same thing is queued
        _yield_to_newer(tx, now, delivery_id)


def _yield_to_newer(tx: Tx, now: dt.datetime, delivery_id: int) -> None:
    """The newer request does what this one meant to; that it repeats an uncertain send must not be lost."""
    mine = tx.execute(sa.select(_d).where(_d.c.id == delivery_id)).one()
    outbox.finish(tx, now, delivery_id, State.DROPPED, "asked for again meanwhile")
    if mine.is_repeat:
        same = (_d.c.chat_id == mine.chat_id, _d.c.kind == mine.kind, _d.c.subject == mine.subject)
        tx.execute(_d.update().where(*same, _d.c.state == State.QUEUED.value).values(is_repeat=True))


def take_over(tx: Tx, now: dt.datetime, *, is_alone: bool = False) -> int:
    """Give back what a dead process held: reserved rows unmarked, calling rows as uncertain; how many.

    `is_alone`: no other process can be sending, so that nobody's lease need be waited for.
    """
    held = _d.c.state.in_([State.RESERVED.value, State.CALLING.value])
    expired = sa.true() if is_alone else _d.c.lease_until < now
    rows = tx.execute(sa.select(_d).where(held, expired).with_for_update(skip_locked=True)).all()
    for row in rows:
        if row.state == State.RESERVED.value:
            _again(tx, now, row.id, reason="lease expired")
            continue
        delivery = outbox.described(tx, row)
        edit_of = (delivery.posted or 0) if row.is_edit else None  # a deletion has no posting
        _uncertain(tx, now, outbox.Claimed(delivery, OutgoingMessage("", edit_of=edit_of), now))
    return len(rows)

"""What became of a claimed delivery: called, settled, given back, or taken over from a process that died."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx, schema
from bot.delivery import chats, claiming, model, outbox, pacing
from bot.delivery.chats import ChatId
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState, Lane, State
from bot.delivery.outbox import Claimed
from bot.inbox import leases
from bot.inbox.model import lease

RETRY_NOT_SENT = dt.timedelta(seconds=2)
LONGEST_PAUSE = dt.timedelta(minutes=1)  # an outage is waited for, however long it lasts
REPEATS = 5  # a message at which process after process dies is a fault of its own
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
        "brief",
        "late_fire",
    }
)
REMEMBERED_FOR = dt.timedelta(days=1)  # the heartbeat of a process that held nothing when it died

_d = model.delivery
_p = model.posting
_l = lease
_done = frozenset({Verdict.SENT, Verdict.UNCHANGED})


# ── before the call ──────────────────────────────────────────────────────────────────────────────────


def begin_calls(tx: Tx, now: dt.datetime, delivery_ids: Collection[int], *, owner: str) -> frozenset[int]:
    """Commit that these calls are about to be made; which of them are: the others are not ours any more."""
    given = {"ids": list(delivery_ids), "whose": owner, "now": now}
    return frozenset(tx.execute(_BEGIN, given).scalars())


_MINE = sa.and_(_d.c.state == State.RESERVED.value, _d.c.owner == sa.bindparam("whose"))
_BEGIN = (
    _d.update()
    .where(schema.among(_d.c.id, "ids"), _MINE)
    .values(state=State.CALLING.value, called_at=sa.bindparam("now"), attempts=_d.c.attempts + 1)
    .returning(_d.c.id)
)


def take_slot(tx: Tx, now: dt.datetime, delivery_id: int, *, owner: str, bot_id: int) -> dt.datetime | None:
    """A new slot for a reserved delivery that missed its own; None when none is near: it queues again."""
    slots = pacing.take(tx, now, bot_id, ahead=claiming.AHEAD)
    if slots:
        tx.execute(
            _d.update().where(_d.c.id == delivery_id, _MINE).values(slot_at=slots[0]), {"whose": owner}
        )
        return slots[0]
    give_back(tx, now, delivery_id, owner=owner, reason="missed its slot")
    return None


def give_back(tx: Tx, now: dt.datetime, delivery_id: int, *, owner: str, reason: str) -> bool:
    """A reserved delivery that will not be called after all queues again; False if it is not ours any more."""
    mine = sa.select(_d.c.id).where(_d.c.id == delivery_id, _MINE).with_for_update()
    if tx.execute(mine, {"whose": owner}).first() is None:
        return False
    _again(tx, now, delivery_id, reason=reason)
    return True


# ── after it ─────────────────────────────────────────────────────────────────────────────────────────


def settle(tx: Tx, now: dt.datetime, item: Claimed, outcome: Outcome) -> None:
    """Record what became of the call, and what follows from it for the posting and the chat."""
    settle_each(tx, now, [(item, outcome)])


def settle_each(tx: Tx, now: dt.datetime, ended: Collection[tuple[Claimed, Outcome]]) -> None:
    """`settle` for several calls at once."""
    done = [(item, outcome) for item, outcome in ended if outcome.verdict in _done]
    if done:
        tx.execute(_SENT, {"ids": [item.delivery.id for item, _ in done], "now": now})
        _post(tx, now, ((item, outcome.message_id) for item, outcome in done))
    for item, outcome in ended:
        if outcome.thread_lost:
            chats.set_thread(tx, now, item.delivery.chat.id, None)
        if outcome.verdict not in _done:
            _settle_otherwise(tx, now, item, outcome)
        elif item.delivery.chat.state is ChatState.MUTED:
            chats.set_state(tx, now, item.delivery.chat.id, ChatState.OK)


_SENT = (
    _d.update()
    .where(schema.among(_d.c.id, "ids"))
    .values(state=State.SENT.value, reason="", settled_at=sa.bindparam("now"))
)


def _settle_otherwise(tx: Tx, now: dt.datetime, item: Claimed, outcome: Outcome) -> None:
    delivery = item.delivery
    match outcome.verdict:
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


def _lost(tx: Tx, now: dt.datetime, item: Claimed) -> None:
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


def _post(tx: Tx, now: dt.datetime, shown: Iterable[tuple[Claimed, int | None]]) -> None:
    """The chat shows the thing, in the message of this number; None: in one whose number nobody knows."""
    sent: list[dict[str, object]] = []
    edited: list[dict[str, object]] = []
    for item, message_id in shown:
        if item.message.delete:
            continue
        delivery = item.delivery
        if delivery.is_repeat and item.message.edit_of is None and message_id is not None:
            _one_of_two(tx, now, delivery, message_id)
        posting = {
            "chat_id": delivery.chat.id, "kind": delivery.kind, "subject": delivery.subject, "sent_at": now,
            "shown_at": now, "address": delivery.chat.telegram_id, "message_id": message_id,
        }  # fmt: skip
        (sent if item.message.edit_of is None else edited).append(posting)
    for rows, statement in ((sent, _POSTED), (edited, _EDITED)):
        if rows:
            tx.execute(statement[tx.dialect.name], rows)


def _one_of_two(tx: Tx, now: dt.datetime, delivery: outbox.Delivery, message_id: int) -> None:
    """A press has told us of the first copy while the second was on its way: the first goes."""
    first = tx.execute(
        sa.select(_p.c.message_id).where(
            _p.c.chat_id == delivery.chat.id, _p.c.kind == delivery.kind, _p.c.subject == delivery.subject,
            _p.c.address == delivery.chat.telegram_id,
        )
        .with_for_update()  # that press may not be committed yet
    ).scalar()  # fmt: skip
    if first not in (None, message_id):
        outbox.show(tx, now, delivery.chat.id, "delete", first, lane=Lane.REFRESH)


def _upsert(*changed: str) -> Mapping[str, sa.Executable]:
    def of(
        insert: Callable[[sa.Table], postgresql.Insert] | Callable[[sa.Table], sqlite.Insert],
    ) -> sa.Executable:
        it = insert(_p)
        return it.on_conflict_do_update(
            index_elements=[_p.c.chat_id, _p.c.kind, _p.c.subject],
            set_={name: it.excluded[name] for name in changed},
        )

    return {"postgresql": of(postgresql.insert), "sqlite": of(sqlite.insert)}


_POSTED = _upsert("shown_at", "message_id", "address")
_EDITED = _upsert("shown_at")


def _uncertain(tx: Tx, now: dt.datetime, item: Claimed, *, by_death: bool = False) -> None:
    """A send counts as sent, and is repeated, marked, if its kind may be; an edit is simply repeated.

    Once, where no answer came: what Telegram will not answer it may yet do. But `by_death` of the process that made
    the call says nothing about the call, and is no reason to let the chat go without.
    """
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
    _post(tx, now, [(item, None)])
    may_again = _deaths_and_silences(tx, delivery) < REPEATS if by_death else not delivery.is_repeat
    if delivery.kind in REPEATED_IF_UNCERTAIN and may_again:
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


def _deaths_and_silences(tx: Tx, delivery: outbox.Delivery) -> int:
    """How often the chat may have been sent the thing without our knowing."""
    same = (_d.c.chat_id == delivery.chat.id, _d.c.kind == delivery.kind, _d.c.subject == delivery.subject)
    query = sa.select(sa.func.count()).where(*same, _d.c.state == State.UNCERTAIN.value)
    return int(tx.execute(query).scalar_one())


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


# ── the heirs of a process that died ─────────────────────────────────────────────────────────────────


def beat(tx: Tx, now: dt.datetime, *, owner: str) -> dict[str, dt.datetime | None]:
    """This process is alive; who else holds deliveries, and the heartbeat each has shown last.

    When a heartbeat was, only its own process can say: clocks are set, and differ. Others can tell that it has not
    changed for so long by a clock of theirs that nobody sets.
    """
    leases.take(tx, now, _heart(owner), owner, for_=dt.timedelta(0))
    leases.beat(tx, now, _heart(owner), owner)
    tx.execute(_l.delete().where(_l.c.name.startswith(_heart("")), _l.c.beat_at < now - REMEMBERED_FOR))
    return {row.owner: row.beat_at for row in tx.execute(_OTHERS, {"whose": owner})}


def _heart(owner: str) -> str:
    return f"sender {owner}"


_on_its_way = model.is_one_of(State.RESERVED, State.CALLING)
_is_open = model.is_one_of(*model.OPEN_STATES)  # for the planner
_OTHERS = (
    sa.select(_d.c.owner, _l.c.beat_at)
    .select_from(_d.outerjoin(_l, _l.c.name == sa.literal(_heart("")) + _d.c.owner))
    .where(_on_its_way, _is_open, _d.c.owner != sa.bindparam("whose"))
    .distinct()
)


def take_over(tx: Tx, now: dt.datetime, owners: Collection[str] | None = None) -> int:
    """Give back what dead processes held: reserved rows unmarked, calling rows as uncertain; how many.

    Args:
        owners: who is dead; None where no process can be sending at all.
    """
    query = sa.select(_d.c.id, _d.c.state, _d.c.is_edit).where(_on_its_way, _is_open)
    if owners is not None:
        query = query.where(_d.c.owner.in_(owners))
        tx.execute(_l.delete().where(_l.c.name.in_([_heart(owner) for owner in owners])))
    rows = tx.execute(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        if row.state == State.RESERVED.value:
            _again(tx, now, row.id, reason="its process died")
            continue
        delivery = claiming.described(tx, row.id)
        edit_of = (delivery.posted or 0) if row.is_edit else None  # a deletion has no posting
        _uncertain(tx, now, Claimed(delivery, OutgoingMessage("", edit_of=edit_of), now), by_death=True)
    return len(rows)


def disown(tx: Tx, now: dt.datetime, known: Collection[int], *, owner: str) -> int:
    """What stands as this process's and it does not know of queues again: a claim whose commit it never heard of.

    Nothing was called: `calling` begins with a commit that was heard.
    """
    query = sa.select(_d.c.id).where(_on_its_way, _is_open, _d.c.owner == owner).with_for_update()
    unknown = [delivery_id for delivery_id in tx.execute(query).scalars() if delivery_id not in known]
    for delivery_id in unknown:
        _again(tx, now, delivery_id, reason="its claim was not heard of")
    return len(unknown)


def leave(tx: Tx, now: dt.datetime, *, owner: str) -> None:
    """This process sends no more: nobody need listen for its heart."""
    tx.execute(_l.delete().where(_l.c.name == _heart(owner)))

"""Updates by their id: which were handled, which are set aside to be tried again, which nobody can handle."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot import errors
from bot.db import Tx
from bot.inbox import model
from bot.inbox.model import Parked

FIRST_RETRY = dt.timedelta(seconds=1)
LONGEST_RETRY = dt.timedelta(minutes=5)
TRIES = 10
SEEN_FOR = dt.timedelta(days=8)  # Telegram keeps updates a day, and draws new ids after a week of silence

_seen = model.seen_update
_parked = model.parked_update
_SEE = {
    name: insert(_seen).on_conflict_do_nothing().returning(_seen.c.update_id)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}
_IN_TURN = sa.select(
    sa.bindparam("update_id", type_=_seen.c.update_id.type), sa.bindparam("at", type_=_seen.c.at.type)
).where(~sa.exists().where(_parked.c.state == Parked.WAITING.value, _parked.c.lane == sa.bindparam("lane")))
_SEE_IN_TURN = {
    name: insert(_seen)
    .from_select(["update_id", "at"], _IN_TURN)
    .on_conflict_do_nothing()
    .returning(_seen.c.update_id)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update set aside, whose turn it is.

    Attributes:
        pressed_before: after an outage, the instant from which on it may have been made; else None.
    """

    update_id: int
    lane: str
    raw: str
    attempts: int
    pressed_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Poisoned:
    """An update that could not be handled, for whoever looks after the bot; never what was written in it."""

    update_id: int
    lane: str
    error: str
    attempts: int
    parked_at: dt.datetime


def once(tx: Tx, now: dt.datetime, update_id: int, *, lane: str = "") -> None:
    """The update's effects are those of this transaction.

    Args:
        lane: where nothing may wait; '' if the caller knows that already.

    Raises:
        Replayed: they are committed already.
        Behind: something waits in the lane.
    """
    see, values = _SEE[tx.dialect.name], {"update_id": update_id, "at": now}
    if lane:
        see, values = _SEE_IN_TURN[tx.dialect.name], values | {"lane": lane}
    if tx.execute(see, values).first() is None:
        if lane and not known(tx, [update_id]):
            raise errors.Behind(f"update {update_id}")
        raise errors.Replayed(f"update {update_id}")


def once_each(tx: Tx, now: dt.datetime, some: Sequence[tuple[int, str]]) -> dict[int, Exception]:
    """`once` for many updates, each with its lane: those whose effects must not be made now, and why."""
    lane_of = dict(some)
    waiting = _waiting_among(tx, {lane for lane in lane_of.values() if lane})
    may = [update_id for update_id, lane in lane_of.items() if lane not in waiting]
    seen = known(tx, [update_id for update_id, lane in lane_of.items() if lane in waiting]) if waiting else ()
    rows = [{"update_id": update_id, "at": now} for update_id in may]
    ours = frozenset(tx.execute(_SEE[tx.dialect.name], rows).scalars()) if rows else frozenset()
    refused: dict[int, Exception] = {}
    for update_id, lane in lane_of.items():
        if lane in waiting and update_id not in seen:
            refused[update_id] = errors.Behind(f"update {update_id}")
        elif update_id not in ours:
            refused[update_id] = errors.Replayed(f"update {update_id}")
    return refused


def _waiting_among(tx: Tx, lanes: Collection[str]) -> frozenset[str]:
    """Those of these lanes in which something waits."""
    if not lanes:
        return frozenset()
    query = sa.select(_parked.c.lane).where(
        _parked.c.state == Parked.WAITING.value, _parked.c.lane.in_(lanes)
    )
    return frozenset(tx.execute(query).scalars())


def park(
    tx: Tx,
    now: dt.datetime,
    update_id: int,
    *,
    lane: str,
    raw: str,
    error: str,
    tried: bool = True,
    is_hopeless: bool = False,
    pressed_before: dt.datetime | None = None,
) -> bool:
    """The update is kept and its lane waits behind it; parking it again changes nothing.

    One that was `tried` is tried again a second later, else as soon as those before it are through; one that
    `is_hopeless`, because nobody can read it, is poisoned at once. `error` is a name, never what was written.

    Returns:
        Whether it waits to be tried.
    """
    state = Parked.POISONED if is_hopeless else Parked.WAITING
    values = {
        "update_id": update_id,
        "lane": lane,
        "raw": raw,
        "state": state.value,
        "attempts": int(tried),
        "error": error[:200],
        "parked_at": now,
        "next_try_at": now + FIRST_RETRY if tried else now,
        "pressed_before": pressed_before,
    }
    tx.execute(_insert(tx, _parked).values(values).on_conflict_do_nothing(index_elements=["update_id"]))
    found = tx.execute(sa.select(_parked.c.state).where(_parked.c.update_id == update_id)).scalar_one()
    return bool(found == Parked.WAITING.value)


def waiting_lanes(tx: Tx) -> frozenset[str]:
    """The lanes in which something waits."""
    query = sa.select(_parked.c.lane).where(_parked.c.state == Parked.WAITING.value).distinct()
    return frozenset(tx.execute(query).scalars())


def is_waiting(tx: Tx, lane: str) -> bool:
    """Whether something waits in this lane."""
    query = sa.select(_parked.c.id).where(_parked.c.state == Parked.WAITING.value, _parked.c.lane == lane)
    return tx.execute(query.limit(1)).first() is not None


def due(tx: Tx, now: dt.datetime, *, limit: int = 100) -> list[Waiting]:
    """The first of each lane, where its turn has come; lanes in the order in which they began to wait."""
    first = (
        sa.select(sa.func.min(_parked.c.id))
        .where(_parked.c.state == Parked.WAITING.value)
        .group_by(_parked.c.lane)
    )
    query = (
        sa.select(_parked)
        .where(_parked.c.id.in_(first), _parked.c.next_try_at <= now)
        .order_by(_parked.c.id)
        .limit(limit)
    )
    return [
        Waiting(row.update_id, row.lane, row.raw, row.attempts, row.pressed_before)
        for row in tx.execute(query)
    ]


def next_at(tx: Tx) -> dt.datetime | None:
    """The earliest instant at which something waiting may be tried; None when nothing waits."""
    query = sa.select(sa.func.min(_parked.c.next_try_at)).where(_parked.c.state == Parked.WAITING.value)
    found: dt.datetime | None = tx.execute(query).scalar()
    return found


def done(tx: Tx, now: dt.datetime, update_id: int) -> None:
    """It was handled after all; what it said is erased."""
    values = {"state": Parked.DONE.value, "raw": "", "error": "", "next_try_at": now}
    tx.execute(_parked.update().where(_parked.c.update_id == update_id).values(values))


def retry_later(tx: Tx, now: dt.datetime, update_id: int, error: str, *, tried: int) -> Parked:
    """It failed again: the next try comes after twice the pause, and after ten tries there is none.

    Args:
        tried: how often it had been tried before. Where another process has counted this try already, or has
            handled the update, nothing is changed.

    Returns:
        Its state now.
    """
    attempts = tried + 1
    state = Parked.POISONED if attempts >= TRIES else Parked.WAITING
    values = {
        "state": state.value,
        "attempts": attempts,
        "error": error[:200],
        "next_try_at": now + pause_after(attempts),
    }
    mine = _parked.c.update_id == update_id
    as_seen = (_parked.c.state == Parked.WAITING.value, _parked.c.attempts == tried)
    if tx.execute(_parked.update().where(mine, *as_seen).values(values)).rowcount:
        return state
    return Parked(tx.execute(sa.select(_parked.c.state).where(mine)).scalar_one())


def pause_after(attempts: int) -> dt.timedelta:
    """How long to wait after so many failures: a second, then ever twice as long, five minutes at most."""
    doublings = min(attempts - 1, 16)
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)


def poisoned(tx: Tx) -> list[Poisoned]:
    """What nobody could handle, the oldest first."""
    query = sa.select(_parked).where(_parked.c.state == Parked.POISONED.value).order_by(_parked.c.id)
    return [
        Poisoned(row.update_id, row.lane, row.error, row.attempts, row.parked_at) for row in tx.execute(query)
    ]


def counted(tx: Tx) -> dict[Parked, int]:
    """How many are in each state, 0 where none is."""
    query = sa.select(_parked.c.state, sa.func.count().label("many")).group_by(_parked.c.state)
    found = {row.state: row.many for row in tx.execute(query)}
    return {state: found.get(state.value, 0) for state in Parked}


def forget_seen(tx: Tx, now: dt.datetime) -> int:
    """Ids older than eight days are forgotten, and what was parked then and is over; how many rows."""
    before = now - SEEN_FOR
    ids = tx.execute(_seen.delete().where(_seen.c.at < before)).rowcount
    over = _parked.c.state != Parked.WAITING.value
    return ids + tx.execute(_parked.delete().where(over, _parked.c.parked_at < before)).rowcount


def known(tx: Tx, update_ids: Iterable[int]) -> frozenset[int]:
    """Those of these updates whose effects are committed."""
    return frozenset(
        tx.execute(sa.select(_seen.c.update_id).where(_seen.c.update_id.in_(update_ids))).scalars()
    )


def _insert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(table)

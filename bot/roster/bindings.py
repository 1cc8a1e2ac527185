"""Groups bound to units, and the places through which units can be asked now."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from bot.audit import trail
from bot.db import Tx
from bot.delivery.chats import ChatId
from bot.delivery.model import ChatState, chat
from bot.roster import access, model, people, units
from bot.roster.units import Unit

_b = model.binding


def bind(tx: Tx, now: dt.datetime, *, chat_id: ChatId, unit_id: int, by: people.Person | None) -> list[int]:
    """The group speaks for this unit from now on; the units whose place may have changed by it.

    A group stands for one unit: a former binding ends. Binding again changes nothing.
    """
    before = unit_of(tx, chat_id)
    if before == unit_id:
        return [unit_id]
    unbind(tx, now, chat_id)
    tx.execute(
        _b.insert().values(
            chat_id=chat_id, unit_id=unit_id, by_contact_id=by.contact_id if by else None, since=now
        )
    )
    trail.note(
        tx,
        now,
        actor=by.actor if by else "cli",
        verb="bind",
        subject=f"unit:{unit_id}",
        detail=f"chat:{chat_id}",
    )
    return [u for u in (before, unit_id) if u is not None]


def unbind(tx: Tx, now: dt.datetime, chat_id: ChatId) -> int | None:
    """The group speaks for no unit any more; the unit it spoke for."""
    unit_id = unit_of(tx, chat_id)
    tx.execute(_b.update().where(_b.c.chat_id == chat_id, _b.c.until.is_(None)).values(until=now))
    return unit_id


def hand_on(tx: Tx, now: dt.datetime, chat_id: ChatId, *, to: ChatId) -> int | None:
    """Two chats have turned out to be one group: the second speaks for the first's unit, if for none yet.

    Returns:
        The unit the first spoke for; None if it spoke for none.
    """
    unit_id = unbind(tx, now, chat_id)
    if unit_id is not None and unit_of(tx, to) is None:
        bind(tx, now, chat_id=to, unit_id=unit_id, by=None)
    return unit_id


def unit_of(tx: Tx, chat_id: ChatId) -> int | None:
    """The unit a group is bound to."""
    found: int | None = tx.execute(
        sa.select(_b.c.unit_id).where(_b.c.chat_id == chat_id, _b.c.until.is_(None))
    ).scalar()
    return found


def is_shared(tx: Tx, chat_id: ChatId) -> bool:
    """Whether a group may hold people of more than one school: anything but a school's own group."""
    unit_id = unit_of(tx, chat_id)
    return unit_id is None or not units.get(tx, unit_id).owes_answers or _has_branches(tx, unit_id)


def _has_branches(tx: Tx, unit_id: int) -> bool:
    branch = sa.select(model.unit.c.id).where(
        model.unit.c.parent_id == unit_id, model.unit.c.closed_at.is_(None)
    )
    return tx.execute(branch.limit(1)).first() is not None


def own_groups(tx: Tx) -> frozenset[ChatId]:
    """The groups that belong to one school alone."""
    branches = sa.select(model.unit.c.parent_id).where(
        model.unit.c.parent_id.is_not(None), model.unit.c.closed_at.is_(None)
    )
    query = (
        sa.select(_b.c.chat_id)
        .join(model.unit, model.unit.c.id == _b.c.unit_id)
        .where(
            _b.c.until.is_(None), model.unit.c.kind.in_(("school", "college")), _b.c.unit_id.not_in(branches)
        )
    )
    return frozenset(tx.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Places:
    """Through which chats each unit is asked, at one moment.

    Attributes:
        chats: unit id → chats; a unit that cannot be asked has none.
        closed: units not armed and without a pilot chat: real sending to them is not allowed yet.
        pilots: the pilot chats among them, the only ones a trial's notice may reach.
    """

    chats: dict[int, tuple[ChatId, ...]]
    closed: frozenset[int]
    pilots: frozenset[ChatId]

    def of(self, unit_id: int, *, is_trial: bool) -> tuple[ChatId, ...]:
        """The chats through which a notice asks the unit."""
        through = self.chats.get(unit_id, ())
        return tuple(c for c in through if c in self.pilots) if is_trial else through


def hold_still(tx: Tx) -> None:
    """Until this transaction ends nobody else settles where units are asked: who comes second sees the first's doing.

    On PostgreSQL; SQLite has one writer. The city's row stands for all places.
    """
    u = model.unit
    tx.execute(sa.select(u.c.id).where(u.c.kind == "city").with_for_update(key_share=True))


def places(tx: Tx, wanted: list[Unit]) -> Places:
    """The one place of each unit: its own group(s), else the nearest above it, else its contacts' private chats.

    Above a school of a county stand its parent and the county; above all others, the parent and the city.

    Groups that do not take messages do not count. A unit that is not armed is asked through pilot groups only.
    """
    groups: dict[int, list[tuple[ChatId, bool]]] = defaultdict(list)
    live = sa.select(_b.c.unit_id, _b.c.chat_id, chat.c.is_pilot).join(chat, chat.c.id == _b.c.chat_id)
    for row in tx.execute(
        live.where(_b.c.until.is_(None), chat.c.state == ChatState.OK.value).order_by(_b.c.id)
    ):
        groups[row.unit_id].append((row.chat_id, row.is_pilot))
    private: dict[int, list[ChatId]] = defaultdict(list)
    ids = [u.id for u in wanted] if len(wanted) < 500 else None
    for r in people.reachable(tx, roles=access.ANSWERING, unit_ids=ids):
        if r.chat_id not in private[r.unit_id]:
            private[r.unit_id].append(r.chat_id)
    armed = armed_units(tx)
    top = units.city(tx)
    found: dict[int, tuple[ChatId, ...]] = {}
    closed: set[int] = set()
    for u in wanted:
        is_armed = armed.everything or u.county_id in armed.counties
        above = u.county_id if u.county_id is not None else (top.id if top else None)
        usable = (
            _usable(groups.get(holder or 0, []), is_armed=is_armed) for holder in (u.id, u.parent_id, above)
        )
        alone = tuple(private.get(u.id, ())) if is_armed else ()
        found[u.id] = next((some for some in usable if some), alone)
        if not is_armed and not found[u.id]:
            closed.add(u.id)
    pilots = frozenset(c for some in groups.values() for c, is_pilot in some if is_pilot)
    return Places(found, frozenset(closed), pilots)


def _usable(held: list[tuple[ChatId, bool]], *, is_armed: bool) -> tuple[ChatId, ...]:
    return tuple(chat_id for chat_id, is_pilot in held if is_armed or is_pilot)


def armed_units(tx: Tx) -> access.Scope:
    """Where real sending is allowed."""
    rows = tx.execute(
        sa.select(model.unit.c.id, model.unit.c.kind).where(model.unit.c.armed_at.is_not(None))
    ).all()
    everything = any(row.kind == "city" for row in rows)
    return access.Scope(everything, frozenset(r.id for r in rows if r.kind == "county"), frozenset())


def under(tx: Tx, unit_ids: list[int]) -> list[Unit]:
    """These units and all below them: everyone whose place a change of their groups can move."""
    everyone = units.every(tx)
    changed = set(unit_ids)
    cities = {u.id for u in everyone if u.kind == "city"}
    return [
        u
        for u in everyone
        if changed & {u.id, u.parent_id, u.county_id} or (u.county_id is None and changed & cities)
    ]

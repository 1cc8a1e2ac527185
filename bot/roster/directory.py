"""Finding units by what people call them, and what is known of each: who is enrolled, who hears us, through which chats."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery.chats import ChatId
from bot.delivery.model import ChatState, chat, chat_address
from bot.roster import access, bindings, contacts, model, sheets, unit_tree, units
from bot.roster.contacts import Contact
from bot.roster.units import Unit

BY_NAME = 500  # bind variables of one statement; of more units everything is read

_b, _e, _p = model.binding, model.enrolment, model.post


# ── finding ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Found:
    """What some words mean.

    Attributes:
        units: in roster order; those called exactly so stand first.
        exact: how many are called exactly so: by code, full name or, with or without its county, short name.
    """

    units: tuple[Unit, ...]
    exact: int = 0

    @property
    def only(self) -> Unit | None:
        """The one that is meant, where that is beyond doubt."""
        return self.units[0] if len(self.units) == 1 or self.exact == 1 else None


def search(everyone: Iterable[Unit], text: str) -> Found:
    """The units these words can mean: 大河县, DH03, 一小, 大河县一小, 金滩小学.

    A word that is called exactly so, or is part of a name, goes before one whose characters only stand in a name
    in this order; those are told only where there is no better.
    """
    listed = list(everyone)
    word = sheets.fold(text)
    counties = {u.id: sheets.fold(unit_tree.short_name(u.name)) for u in listed if u.kind == "county"}
    ranked: dict[int, list[Unit]] = defaultdict(list)
    for unit in listed if word else ():
        rank = _rank(unit, counties.get(unit.county_id or 0, ""), word)
        if rank is not None:
            ranked[rank].append(unit)
    near = (*ranked[_EXACT], *ranked[_PART])
    return Found(near or tuple(ranked[_LOOSE]), len(ranked[_EXACT]))


_EXACT, _PART, _LOOSE = range(3)


def _rank(unit: Unit, county: str, word: str) -> int | None:
    name = sheets.fold(unit.name)
    short = sheets.fold(unit_tree.short_name(unit.name)) if unit.kind in ("county", "city") else name
    whole = short if unit.kind == "county" else f"{county}{name}"
    if word in (sheets.fold(unit.code), name, short, whole, _spoken(name), f"{county}{_spoken(name)}"):
        return _EXACT
    if word in name:
        return _PART
    if unit.kind != "county" and _is_within(word, county):
        return None  # a county's name alone means the county, not all that is in it
    if word in whole:
        return _PART
    return _LOOSE if len(word) > 1 and _is_within(word, whole) else None


def _spoken(name: str) -> str:
    """第一小学 is 一小, 第二中学 is 二中; any other name is its own."""
    if not name.startswith("第"):
        return name
    for whole, short in (("小学", "小"), ("中学", "中"), ("幼儿园", "幼")):
        if name.endswith(whole):
            return name.removeprefix("第").removesuffix(whole) + short
    return name


def _is_within(word: str, name: str) -> bool:
    """Whether the characters of the word stand in the name, in this order: 金滩小学 in 金滩镇中心小学."""
    rest = iter(name)
    return all(character in rest for character in word)


def tops(tx: Tx, within: access.Scope) -> list[Unit]:
    """Where a reader begins: the city, or the counties and single units within reach."""
    if within.everything:
        city = units.city(tx)
        return [city] if city is not None else []
    only = access.Scope(everything=False, counties=frozenset(), units=within.counties | within.units)
    return units.within(tx, only)


# ── how far each can be reached ──────────────────────────────────────────────────────────────────


class Reach(StrEnum):
    """Whether what we say can reach a unit, and who would answer."""

    OK = "ok"
    UNBOUND = "unbound"  # 没登记: nobody who may answer is enrolled, whatever groups there are
    LOST = "lost"  # somebody is enrolled, and yet neither a group nor a private chat takes our messages
    CLOSED = "closed"  # 试运行: enrolled; real sending is not allowed there yet


def reaches(tx: Tx, some: list[Unit]) -> dict[int, Reach]:
    """Unit → how far it can be reached now."""
    enrolled, places = _enrolled(tx, [u.id for u in some]), bindings.places(tx, some)
    return {
        u.id: _reach(
            is_enrolled=u.id in enrolled, is_closed=u.id in places.closed, has_chats=bool(places.chats[u.id])
        )
        for u in some
    }


def _reach(*, is_enrolled: bool, is_closed: bool, has_chats: bool) -> Reach:
    if not is_enrolled:
        return Reach.UNBOUND
    if is_closed:
        return Reach.CLOSED
    return Reach.OK if has_chats else Reach.LOST


def _enrolled(tx: Tx, unit_ids: list[int]) -> frozenset[int]:
    """Those of the units with an enrolled contact who may answer."""
    query = (
        sa.select(_p.c.unit_id)
        .join(_e, sa.and_(_e.c.contact_id == _p.c.contact_id, _e.c.until.is_(None)))
        .where(_p.c.until.is_(None), _p.c.role.in_([role.value for role in access.ANSWERING]))
    )
    if len(unit_ids) < BY_NAME:
        query = query.where(_p.c.unit_id.in_(unit_ids))
    return frozenset(tx.execute(query.distinct()).scalars()) & frozenset(unit_ids)


# ── one unit ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Held:
    """A post, who holds it, and whether the bot may write to them: None where they never came in."""

    contact: Contact
    state: ChatState | None


@dataclass(frozen=True, slots=True)
class Group:
    """A group that speaks for the unit."""

    title: str
    state: ChatState
    state_at: dt.datetime
    is_pilot: bool


@dataclass(frozen=True, slots=True)
class Through:
    """Where the unit is asked now: its own groups, those of the unit named, or private chats."""

    groups: tuple[str, ...] = ()
    of: str = ""  # whose groups; '' for its own
    private: int = 0  # how many private chats, where there is no group


@dataclass(frozen=True, slots=True)
class Known:
    """Everything a page of one unit tells."""

    held: tuple[Held, ...]
    groups: tuple[Group, ...]
    reach: Reach
    through: Through


def known(tx: Tx, unit: Unit) -> Known:
    """One unit as it is now; its posts in the order of their roles."""
    held = contacts.of(tx, [unit.id]).get(unit.id, [])
    states = _states(tx, [one.contact_id for one in held])
    places = bindings.places(tx, [unit])
    asked = places.chats[unit.id]
    is_enrolled = bool(_enrolled(tx, [unit.id]))
    return Known(
        tuple(Held(one, states.get(one.contact_id)) for one in held), _groups(tx, unit.id),
        _reach(is_enrolled=is_enrolled, is_closed=unit.id in places.closed, has_chats=bool(asked)), _through(tx, unit, asked),
    )  # fmt: skip


def _states(tx: Tx, contact_ids: list[int]) -> dict[int, ChatState]:
    query = (
        sa.select(_e.c.contact_id, chat.c.state)
        .join(chat_address, chat_address.c.telegram_id == _e.c.user_id)
        .join(chat, chat.c.id == chat_address.c.chat_id)
        .where(_e.c.until.is_(None), chat_address.c.until.is_(None), _e.c.contact_id.in_(contact_ids))
    )
    return {row.contact_id: ChatState(row.state) for row in tx.execute(query)}


def _groups(tx: Tx, unit_id: int) -> tuple[Group, ...]:
    query = (
        sa.select(chat.c.title, chat.c.state, chat.c.state_at, chat.c.is_pilot)
        .join(_b, _b.c.chat_id == chat.c.id)
        .where(_b.c.unit_id == unit_id, _b.c.until.is_(None))
        .order_by(_b.c.id)
    )
    return tuple(Group(r.title, ChatState(r.state), r.state_at, r.is_pilot) for r in tx.execute(query))


def _through(tx: Tx, unit: Unit, asked: tuple[ChatId, ...]) -> Through:
    u = model.unit
    query = (
        sa.select(chat.c.title, _b.c.unit_id, u.c.name)
        .join(_b, sa.and_(_b.c.chat_id == chat.c.id, _b.c.until.is_(None)))
        .join(u, u.c.id == _b.c.unit_id)
        .where(chat.c.id.in_(asked), chat.c.kind == "group")
        .order_by(_b.c.id)
    )
    rows = tx.execute(query).all()
    if not rows:
        return Through(private=len(asked))
    of = "" if rows[0].unit_id == unit.id else unit_tree.short_name(rows[0].name)
    return Through(tuple(row.title for row in rows), of)

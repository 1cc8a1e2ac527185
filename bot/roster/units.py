"""Units as values: read one, read all, find the number to ring."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.roster import access, model


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it is now."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    county_id: int | None
    position: int
    stage: str
    ownership: str
    boarding: bool
    school_bus: bool
    canteen: bool
    waterside: bool
    phone: str
    tags: frozenset[str]
    armed: bool

    @property
    def place(self) -> access.Place:
        """Where it lies, for `access`."""
        return access.Place(self.id, self.county_id)

    @property
    def owes_answers(self) -> bool:
        """A school or a college, as against a bureau or an office."""
        return self.kind in ("school", "college")


_u = model.unit
_open = sa.select(_u).where(_u.c.closed_at.is_(None)).order_by(_u.c.position, _u.c.id)


def _unit(row: sa.Row[tuple[object, ...]]) -> Unit:
    m = row._mapping
    return Unit(
        m["id"], m["code"], m["name"], m["kind"], m["parent_id"], m["county_id"], m["position"], m["stage"],
        m["ownership"], m["boarding"], m["school_bus"], m["canteen"], m["waterside"], m["phone"],
        frozenset(t for t in m["tags"].split(";") if t), m["armed_at"] is not None,
    )  # fmt: skip


def every(tx: Tx) -> list[Unit]:
    """All open units in the order of units.csv."""
    return [_unit(row) for row in tx.execute(_open)]


def within(tx: Tx, scope: access.Scope) -> list[Unit]:
    """The open units within the scope, in the order of units.csv."""
    if scope.everything:
        return every(tx)
    here = sa.or_(_u.c.county_id.in_(scope.counties), _u.c.id.in_(scope.units))
    return [_unit(row) for row in tx.execute(_open.where(here))]


def below(tx: Tx, unit: Unit) -> list[Unit]:
    """The open units right below: a county's are all that lie in it, the city's its counties and what is in none."""
    here = _u.c.parent_id == unit.id
    if unit.kind == "county":
        here = sa.and_(_u.c.county_id == unit.id, _u.c.id != unit.id)
    elif unit.kind == "city":
        here = sa.and_(sa.or_(_u.c.county_id.is_(None), _u.c.kind == "county"), _u.c.id != unit.id)
    return [_unit(row) for row in tx.execute(_open.where(here))]


def get(tx: Tx, unit_id: int) -> Unit:
    """The unit with this id, closed or not."""
    return _unit(tx.execute(sa.select(_u).where(_u.c.id == unit_id)).one())


def present(tx: Tx, unit_id: int) -> Unit | None:
    """The open unit with this id."""
    row = tx.execute(_open.where(_u.c.id == unit_id)).first()
    return None if row is None else _unit(row)


def find(tx: Tx, code: str) -> Unit | None:
    """The open unit with this code."""
    row = tx.execute(_open.where(_u.c.code == code)).first()
    return None if row is None else _unit(row)


def city(tx: Tx) -> Unit | None:
    """The city's bureau; None before the first import."""
    row = tx.execute(_open.where(_u.c.kind == "city")).first()
    return None if row is None else _unit(row)


def duty_phone(tx: Tx, unit: Unit) -> str:
    """值班电话 of the unit or of the nearest one above it that has one; '' when none has."""
    seen: set[int] = set()
    here: Unit | None = unit
    while here is not None and not here.phone and here.parent_id is not None and here.id not in seen:
        seen.add(here.id)
        here = get(tx, here.parent_id)
    return here.phone if here is not None else ""


def schools_below(tx: Tx, unit_id: int) -> int:
    """辖区校数: the schools of a county, or of the whole city."""
    u = model.unit.c
    kind: str = tx.execute(sa.select(u.kind).where(u.id == unit_id)).scalar_one()
    schools = sa.select(sa.func.count()).where(u.kind == "school", u.closed_at.is_(None))
    if kind not in ("city", "office"):
        schools = schools.where(u.county_id == unit_id)
    return int(tx.execute(schools).scalar_one())

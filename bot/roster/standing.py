"""The roster as the tables hold it, in the words of the files: what imports compare with, exports write."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.roster import model, unit_tree, units_file
from bot.roster.access import Role
from bot.roster.vocabulary import Kind

_u, _c, _p, _i = model.unit, model.contact, model.post, model.imported_post


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a line of units.csv would say it (its `line` is 0)."""

    id: int
    row: units_file.UnitRow
    position: int
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Contact:
    id: int
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """A post without its holder."""

    unit: str
    role: Role


@dataclass(frozen=True, slots=True)
class Post:
    """A post held now."""

    id: int
    contact_id: int
    place: Place


@dataclass(frozen=True, slots=True)
class Imported:
    """A post the last imported file named."""

    contact_id: int
    place: Place


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything there is.

    Attributes:
        units: in table order, the closed ones included.
        posts: held now, the oldest first.
        former: contact and unit of each post that has ended, the newest first.
        imported: the posts of the last imported file.
    """

    units: tuple[Unit, ...]
    contacts: tuple[Contact, ...]
    posts: tuple[Post, ...]
    former: tuple[tuple[int, str], ...]
    imported: frozenset[Imported]

    def nodes(self) -> tuple[unit_tree.Node, ...]:
        """The open units as a tree."""
        return tuple(
            unit_tree.Node(unit.row.code, unit.row.name, unit.row.kind, unit.row.parent)
            for unit in self.units
            if not unit.is_closed
        )

    def duty_phones(self) -> Mapping[str, str]:
        """The 值班电话 of each open unit that has its own, by code."""
        return {unit.row.code: unit.row.phone for unit in self.units if unit.row.phone and not unit.is_closed}


def read(tx: Tx) -> Roster:
    """The roster as it stands."""
    rows = tx.execute(sa.select(_u).order_by(_u.c.position, _u.c.id)).mappings().all()
    codes: dict[int | None, str] = {row["id"]: row["code"] for row in rows}
    codes[None] = ""
    held = sa.select(_p.c.id, _p.c.contact_id, _p.c.unit_id, _p.c.role).where(_p.c.until.is_(None))
    ended = sa.select(_p.c.contact_id, _p.c.unit_id).where(_p.c.until.is_not(None)).order_by(_p.c.id.desc())
    named = sa.select(_i.c.contact_id, _i.c.unit_id, _i.c.role)
    people = sa.select(_c.c.id, _c.c.name, _c.c.phone).order_by(_c.c.id)
    return Roster(
        units=tuple(_unit(row, codes) for row in rows),
        contacts=tuple(Contact(id_, name, phone) for id_, name, phone in tx.execute(people)),
        posts=tuple(
            Post(id_, contact_id, Place(codes[unit_id], Role(role)))
            for id_, contact_id, unit_id, role in tx.execute(held.order_by(_p.c.id))
        ),
        former=tuple((contact_id, codes[unit_id]) for contact_id, unit_id in tx.execute(ended)),
        imported=frozenset(
            Imported(contact_id, Place(codes[unit_id], Role(role)))
            for contact_id, unit_id, role in tx.execute(named)
        ),
    )


def tags_text(tags: tuple[str, ...]) -> str:
    """As the table keeps them: ;山区;低洼; so that a tag is found whole."""
    return f";{';'.join(tags)};" if tags else ""


def _unit(row: sa.RowMapping, codes: Mapping[int | None, str]) -> Unit:
    return Unit(
        id=row["id"],
        row=units_file.UnitRow(
            line=0,
            code=row["code"],
            name=row["name"],
            kind=Kind(row["kind"]),
            parent=codes[row["parent_id"]],
            county=codes[row["county_id"]],
            stage=row["stage"],
            ownership=row["ownership"],
            boarding=row["boarding"],
            school_bus=row["school_bus"],
            canteen=row["canteen"],
            waterside=row["waterside"],
            students=row["students"],
            staff=row["staff"],
            phone=row["phone"],
            tags=tuple(tag for tag in row["tags"].split(";") if tag),
        ),
        position=row["position"],
        is_closed=row["closed_at"] is not None,
    )

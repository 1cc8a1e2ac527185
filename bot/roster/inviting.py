"""Codes for many at once: who still has to enrol, and which groups have no unit yet."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.delivery import pacing
from bot.roster import contacts, enrolment, model, people, units
from bot.roster.access import Role
from bot.roster.enrolment import Wanted
from bot.roster.units import Unit

GROUP_KINDS = ("city", "county", "school", "college")  # an office has no group of its own


@dataclass(frozen=True, slots=True)
class Issued:
    """One code with what is printed beside it.

    Attributes:
        link: None as long as the bot has not told us its username.
        who: 王校长, or '' where the invitation names nobody.
    """

    kind: str
    unit: Unit
    role: str
    contact: str | None
    who: str
    link: str | None
    code: str
    expires_at: dt.datetime


def issue(
    tx: Tx, now: dt.datetime, *, unit_code: str | None = None, role: Role | None = None, every: bool = False
) -> list[Issued]:
    """Codes in roster order; those given out before and still valid are given again.

    Without a role: for every contact not yet enrolled, and for the unit's group if it has none. With a role: for
    the holders of that post. With a unit and a role, a post whose holder is enrolled already, or that nobody
    holds, is offered anew, and whoever comes takes it over.

    Args:
        unit_code: one unit; None for all.
        every: also those who are enrolled and groups that are bound.

    Raises:
        Refused: no such unit, an empty roster, or a role that such a unit has not.
    """
    chosen = _chosen(tx, unit_code)
    known = contacts.of(tx)
    grouped = set(
        tx.execute(sa.select(model.binding.c.unit_id).where(model.binding.c.until.is_(None))).scalars()
    )
    name = pacing.username(tx)
    wanted: list[tuple[Wanted, Unit, contacts.Contact | None]] = []
    for unit in chosen:
        for contact in known.get(unit.id, []):
            if role is not None and contact.role is not role:
                continue
            anew = contact.enrolled and role is not None and unit_code is not None
            if contact.enrolled and not every and not anew:
                continue
            kind = "successor" if anew else "contact"
            wanted.append((Wanted(kind, unit.id, contact.role.value, contact.contact_id), unit, contact))
        if role is not None and not any(c.role is role for c in known.get(unit.id, [])) and unit_code:
            wanted.append((Wanted("contact", unit.id, role.value), unit, None))
        if role is None and unit.kind in GROUP_KINDS and (every or unit.id not in grouped):
            wanted.append((Wanted("group", unit.id), unit, None))
    given = enrolment.invite_each(tx, now, [it for it, _, _ in wanted])
    return [_issued(one, unit, contact, name) for one, (_, unit, contact) in zip(given, wanted, strict=True)]


def _chosen(tx: Tx, unit_code: str | None) -> list[Unit]:
    everyone = units.every(tx)
    if not everyone:
        raise errors.Refused("名册还是空的,请先导入名册")
    if unit_code is None:
        return everyone
    found = [u for u in everyone if u.code == unit_code]
    if not found:
        raise errors.Refused(f"--unit {unit_code}:名册里没有这个单位")
    return found


def _issued(given: enrolment.Invitation, unit: Unit, contact: contacts.Contact | None, name: str) -> Issued:
    door = "startgroup" if given.kind == "group" else "start"
    return Issued(
        "group" if given.kind == "group" else "contact", unit, given.role,
        contact.name if contact else None, people.addressed(contact.name, contact.role, unit.name) if contact else "",
        f"https://t.me/{name}?{door}={given.code}" if name else None, given.code, given.expires_at,
    )  # fmt: skip

"""The contacts of units: whom to ring, in the order of their posts."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.roster import model
from bot.roster.access import Role


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact in one post at one unit."""

    contact_id: int
    unit_id: int
    name: str
    role: Role
    phone: str | None
    enrolled: bool


def of(tx: Tx, unit_ids: list[int] | None = None) -> dict[int, list[Contact]]:
    """Unit → its present contacts, principal first; all units for None."""
    p, c, e = model.post, model.contact, model.enrolment
    query = (
        sa.select(c.c.id, p.c.unit_id, c.c.name, p.c.role, c.c.phone, e.c.user_id)
        .join(c, c.c.id == p.c.contact_id)
        .outerjoin(e, sa.and_(e.c.contact_id == c.c.id, e.c.until.is_(None)))
        .where(p.c.until.is_(None))
        .order_by(p.c.id)
    )
    if unit_ids is not None:
        query = query.where(p.c.unit_id.in_(unit_ids))
    found: dict[int, list[Contact]] = {}
    for r in tx.execute(query):
        contact = Contact(r.id, r.unit_id, r.name, Role(r.role), r.phone, r.user_id is not None)
        found.setdefault(r.unit_id, []).append(contact)
    order = list(Role)
    for some in found.values():
        some.sort(key=lambda contact: order.index(contact.role))
    return found


def first_of(tx: Tx, unit_ids: list[int]) -> dict[int, Contact]:
    """Unit → the one to ring: the highest post that has a phone, else the highest."""
    return {
        unit_id: next((c for c in some if c.phone), some[0])
        for unit_id, some in of(tx, unit_ids).items()
        if some
    }

"""Codes: for many at once, who still has to enrol and which groups have no unit yet; and by an officer, in chat, for one."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import pacing
from bot.roster import access, contacts, enrolment, model, people, units, vocabulary
from bot.roster.access import Action, Place, Reach, Role
from bot.roster.enrolment import Wanted
from bot.roster.people import Person
from bot.roster.units import Unit

GROUP_KINDS = ("city", "county", "school", "college")  # an office has no group of its own
BY_NAME = 500  # bind variables of one statement; of more units everything is read
SLIPS_AT_ONCE = (
    1000  # in chat: 10 s of making, 2 MB; a whole city's are printed on the server, or county by county
)
OWN_WORK = (
    Action.ANSWER,
    Action.SOLVE_OWN,
    Action.HAND_OVER,
    Action.BIND_GROUP,
)  # what a post does for its own unit


@dataclass(frozen=True, slots=True)
class Issued:
    """One code with what is printed beside it.

    Attributes:
        door: what it is for: `contact`, `successor` or `group`; `kind` knows no successors.
        link: None as long as the bot has not told us its username.
        who: 王校长, or '' where the invitation names nobody.
    """

    kind: str
    door: str
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
    return _issue(tx, now, _chosen(tx, unit_code), role=role, every=every, is_one=unit_code is not None)


def _issue(
    tx: Tx, now: dt.datetime, chosen: list[Unit], *, role: Role | None, every: bool, is_one: bool
) -> list[Issued]:
    return _given(tx, now, _wanted(tx, chosen, role=role, every=every, is_one=is_one))


def _given(
    tx: Tx, now: dt.datetime, wanted: list[tuple[Wanted, Unit, contacts.Contact | None]]
) -> list[Issued]:
    name = pacing.username(tx)
    given = enrolment.invite_each(tx, now, [it for it, _, _ in wanted])
    return [_issued(one, unit, contact, name) for one, (_, unit, contact) in zip(given, wanted, strict=True)]


def _wanted(
    tx: Tx, chosen: list[Unit], *, role: Role | None, every: bool, is_one: bool
) -> list[tuple[Wanted, Unit, contacts.Contact | None]]:
    known = contacts.of(tx, [unit.id for unit in chosen] if len(chosen) < BY_NAME else None)
    grouped = set(
        tx.execute(sa.select(model.binding.c.unit_id).where(model.binding.c.until.is_(None))).scalars()
    )
    wanted: list[tuple[Wanted, Unit, contacts.Contact | None]] = []
    for unit in chosen:
        for contact in known.get(unit.id, []):
            if role is not None and contact.role is not role:
                continue
            anew = contact.enrolled and role is not None and is_one
            if contact.enrolled and not every and not anew:
                continue
            kind = "successor" if anew else "contact"
            wanted.append((Wanted(kind, unit.id, contact.role.value, contact.contact_id), unit, contact))
        if role is not None and not any(c.role is role for c in known.get(unit.id, [])) and is_one:
            wanted.append((Wanted("contact", unit.id, role.value), unit, None))
        if role is None and unit.kind in GROUP_KINDS and (every or unit.id not in grouped):
            wanted.append((Wanted("group", unit.id), unit, None))
    return wanted


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
        "group" if given.kind == "group" else "contact", given.kind, unit, given.role,
        contact.name if contact else None, people.addressed(contact.name, contact.role, unit.name) if contact else "",
        f"https://t.me/{name}?{door}={given.code}" if name else None, given.code, given.expires_at,
    )  # fmt: skip


# ── by an officer, in chat ───────────────────────────────────────────────────────────────────────


def roles_at(unit: Unit) -> list[Role]:
    """The posts such a unit can have."""
    return [role for role, kinds in vocabulary.ROLE_KINDS.items() if unit.kind in kinds]


def may_give(person: Person, role: Role, place: Place) -> bool:
    """Whether this person may give out a code for this post: within reach, and no right he has not himself.

    What a post does for its own unit only (answering, handing over) is not asked for: else nobody could invite a school.
    """
    given = [a for a in Action if a not in OWN_WORK and access.reach(role, a) is not Reach.NO]
    return all(person.may(action, place) for action in [Action.INVITE, *given])


def give(
    tx: Tx, now: dt.datetime, *, user_id: int, unit_id: int, role: Role | None, anew: bool = False
) -> list[Issued]:
    """What `issue` gives for one unit, by an officer and noted: a code a holder of the post, of a group for no role.

    Args:
        anew: those given out before and not used are void; without it they are given again.

    Raises:
        NotAllowed: out of reach, or more rights than the officer's own would go with it. Refused: the unit is closed,
            or has no such post, or no group.
    """
    person, unit = people.by_user(tx, user_id), units.present(tx, unit_id)
    if person is None or unit is None or not person.may(Action.INVITE, unit.place):
        raise errors.NotAllowed("这个单位不归您管,不能发码。")
    if role is not None and role not in roles_at(unit):
        raise errors.Refused("这个单位没有这个职务。")
    if role is None and unit.kind not in GROUP_KINDS:
        raise errors.Refused("这个单位没有自己的群。")
    if role is not None and not may_give(person, role, unit.place):
        raise errors.NotAllowed("这个职务能做的比您多,不能由您发码。")
    here = [c for c in contacts.of(tx, [unit.id]).get(unit.id, []) if c.role is role]
    if _beyond(tx, person, here):
        raise errors.NotAllowed("这个人在别处还有职务,不能由您发码。请他点“发送我的手机号”登记。")
    word = role.value if role is not None else "group"
    detail = f"{word}:anew" if anew else word
    trail.note(tx, now, actor=person.actor, verb="invite", subject=f"unit:{unit.id}", detail=detail)
    wanted: list[tuple[Wanted, Unit, contacts.Contact | None]] = [(Wanted("group", unit.id), unit, None)]
    if role is not None:
        wanted = _wanted(tx, [unit], role=role, every=True, is_one=True)
    if anew:
        enrolment.void(tx, now, [it for it, _, _ in wanted])
    return _given(tx, now, wanted)


def _beyond(tx: Tx, person: Person, some: Iterable[contacts.Contact]) -> frozenset[int]:
    """Of the contacts not enrolled, those with a post this person may not give: the code makes one all that they are."""
    ids = [c.contact_id for c in some if not c.enrolled]
    p, u = model.post, model.unit
    query = (
        sa.select(p.c.contact_id, p.c.role, p.c.unit_id, u.c.county_id)
        .join(u, u.c.id == p.c.unit_id)
        .where(p.c.until.is_(None), u.c.closed_at.is_(None))
    )
    if len(ids) < BY_NAME:
        query = query.where(p.c.contact_id.in_(ids))
    wanted = frozenset(ids)
    return frozenset(
        r.contact_id
        for r in tx.execute(query)
        if r.contact_id in wanted and not may_give(person, Role(r.role), Place(r.unit_id, r.county_id))
    )


def slips(tx: Tx, now: dt.datetime, *, user_id: int, some: list[Unit]) -> list[Issued]:
    """Codes to print, for the contacts of these units not yet enrolled and for their groups not yet bound; noted.

    Raises:
        NotAllowed: none of them is within reach. Refused: nothing is outstanding, or more than is made in chat.
    """
    person = people.by_user(tx, user_id)
    mine = [u for u in some if person is not None and person.may(Action.INVITE, u.place)]
    if person is None or not mine:
        raise errors.NotAllowed("这些单位不归您管,不能发码。")
    wanted = _outstanding(tx, person, mine)
    if not wanted:
        raise errors.Refused("都登记了,没有要发的码。")
    if len(wanted) > SLIPS_AT_ONCE:
        raise errors.Refused(f"有 {len(wanted)} 张,一次做不下,请一个县一个县地做。")
    detail = f"slips:{len(wanted)}"
    trail.note(tx, now, actor=person.actor, verb="invite", subject=f"unit:{mine[0].id}", detail=detail)
    return _given(tx, now, wanted)


def outstanding(tx: Tx, person: Person, some: list[Unit]) -> int:
    """How many slips there would be for those of the units that are within this person's reach."""
    return len(_outstanding(tx, person, [u for u in some if person.may(Action.INVITE, u.place)]))


def _outstanding(
    tx: Tx, person: Person, mine: list[Unit]
) -> list[tuple[Wanted, Unit, contacts.Contact | None]]:
    found = _wanted(tx, mine, role=None, every=False, is_one=False)
    beyond = _beyond(tx, person, [contact for _, _, contact in found if contact is not None])
    return [it for it in found if it[2] is None or it[2].contact_id not in beyond]

"""Three doors by which a Telegram user becomes a known contact: own phone number, code, link."""

import dataclasses
import datetime as dt
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx, schema
from bot.roster import access, menus, model, people
from bot.roster.access import Role
from bot.roster.people import Person

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, no 1/I: it is read aloud over the telephone
CODE_LENGTH = 8  # 40 bits; with five tries an hour a guesser needs longer than the code lives
TRIES = 5
LOCKED_FOR = dt.timedelta(hours=1)
VALID_FOR = dt.timedelta(days=30)
GRACE = dt.timedelta(days=7)  # a code given out again has at least this long to live
# A foreign number must not pass for one of ours: +1 380 000 0001, in Ohio, has the digits of a Chinese mobile.
# Eleven bare digits are taken for Chinese.
_OWN_NUMBER = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d{9})")

_e, _i, _c = model.enrolment, model.invitation, model.contact
_LOCK_UNITS = (  # of two who ask for the same code at once, the second gets the first's
    sa.select(model.unit.c.id)
    .where(schema.among(model.unit.c.id, "unit_ids"))
    .order_by(model.unit.c.kind == "city", model.unit.c.id)  # the city last, as whoever takes a post locks it
    .with_for_update(key_share=True)
)


class Result(StrEnum):
    """How an attempt to enrol ended."""

    ENROLLED = "enrolled"
    UNKNOWN_PHONE = "unknown_phone"
    NO_POST = "no_post"
    WRONG_CODE = "wrong_code"
    LOCKED = "locked"
    USED = "used"
    EXPIRED = "expired"
    FOR_A_GROUP = "for_a_group"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The end of an attempt.

    Attributes:
        person: who it is; None unless enrolled.
        unit_ids: units whose place may have changed by it.
        tries_left: wrong codes still allowed this hour.
        moved_from: the Telegram user who was this contact until now.
        is_new: the contact was made just now, under the name Telegram knows.
    """

    result: Result
    person: Person | None = None
    unit_ids: tuple[int, ...] = ()
    tries_left: int = 0
    moved_from: int | None = None
    is_new: bool = False


def normal_code(text: str) -> str | None:
    """The code in what a person typed (`k7mp-3qwd`, spaces and full-width signs allowed); None if it is none."""
    plain = text.translate({0xFF01 + i: 0x21 + i for i in range(94)})
    plain = re.sub(r"[\s\-—–_·.]", "", plain).upper()
    return plain if len(plain) == CODE_LENGTH and all(c in ALPHABET for c in plain) else None


def spoken(code: str) -> str:
    """K7MP-3QWD."""
    return f"{code[:4]}-{code[4:]}"


def by_phone(tx: Tx, now: dt.datetime, *, user_id: int, phone: str) -> Enrolled:
    """The user has shared the number Telegram knows as his own: he is the contact with that number."""
    mobile = _OWN_NUMBER.fullmatch(re.sub(r"[\s()-]", "", phone))
    contact_id = mobile and tx.execute(sa.select(_c.c.id).where(_c.c.phone == mobile[1])).scalar()
    if contact_id is None:
        return Enrolled(Result.UNKNOWN_PHONE)
    person = people.get(tx, contact_id)
    if not person.posts:
        return Enrolled(Result.NO_POST)
    before = people.by_user(tx, user_id)
    moved_from = _enrol(tx, now, contact_id, user_id, via="phone")
    done = _done(tx, now, contact_id, user_id, moved_from, via="phone")
    left = tuple(p.unit_id for p in before.posts) if before else ()  # the contact this user was until now
    return dataclasses.replace(done, unit_ids=tuple(dict.fromkeys(done.unit_ids + left)))


def redeem(tx: Tx, now: dt.datetime, *, user_id: int, code: str, name: str) -> Enrolled:
    """The user has said a code, by link or by typing.

    Args:
        code: already in normal form, or anything else, which is then a wrong try.
        name: what Telegram calls the user; the contact's name where the invitation names nobody.
    """
    tries = _recent_tries(tx, now, user_id)
    if tries >= TRIES:
        return Enrolled(Result.LOCKED)
    row = tx.execute(sa.select(_i).where(_i.c.code == code).with_for_update()).first()
    if row is None:
        tx.execute(model.code_try.insert().values(user_id=user_id, at=now))
        left = TRIES - tries - 1
        return Enrolled(Result.WRONG_CODE if left else Result.LOCKED, tries_left=left)
    if row.kind == "group":
        return Enrolled(Result.FOR_A_GROUP)
    if row.used_at is not None:
        again = row.used_by == user_id and (person := people.by_user(tx, user_id)) is not None
        return Enrolled(Result.ENROLLED, person) if again else Enrolled(Result.USED)
    if row.expires_at <= now or not _is_to_give(tx, row._mapping):
        return Enrolled(Result.EXPIRED)
    contact_id, moved_from = _take_post(tx, now, row._mapping, user_id, name)
    tx.execute(_i.update().where(_i.c.id == row.id).values(used_at=now, used_by=user_id))
    done = _done(tx, now, contact_id, user_id, moved_from, via="code")
    return dataclasses.replace(done, is_new=_created_at(tx, contact_id) == now)


def _is_to_give(tx: Tx, m: sa.RowMapping) -> bool:
    """Whether the post is still there to be taken: its unit open, and held by whom the code names, if anybody.

    By a code nobody else takes a post of the unit before this transaction ends.
    """
    p, u = model.post, model.unit
    unit = sa.select(u.c.id).where(u.c.id == m["unit_id"], u.c.closed_at.is_(None))
    if tx.execute(unit.with_for_update(key_share=True)).first() is None:
        return False
    held = (p.c.contact_id == m["contact_id"], p.c.unit_id == m["unit_id"], p.c.role == m["role"])
    return (
        m["contact_id"] is None
        or tx.execute(sa.select(p.c.id).where(*held, p.c.until.is_(None))).first() is not None
    )


def _created_at(tx: Tx, contact_id: int) -> dt.datetime | None:
    return tx.execute(sa.select(_c.c.created_at).where(_c.c.id == contact_id)).scalar()


def rename(tx: Tx, now: dt.datetime, *, contact_id: int, name: str) -> None:
    """The contact has told his name; what was signed before keeps the old one."""
    tx.execute(_c.update().where(_c.c.id == contact_id).values(name=name[:60]))
    trail.note(tx, now, actor=f"contact:{contact_id}", verb="rename", subject=f"contact:{contact_id}")


def _recent_tries(tx: Tx, now: dt.datetime, user_id: int) -> int:
    t = model.code_try
    count = sa.select(sa.func.count()).where(t.c.user_id == user_id, t.c.at > now - LOCKED_FOR)
    return int(tx.execute(count).scalar_one())


def _take_post(tx: Tx, now: dt.datetime, m: sa.RowMapping, user_id: int, name: str) -> tuple[int, int | None]:
    """The invitation's contact, or the user's own, holds the post from now on; and who was it until now."""
    role, unit_id, named = Role(m["role"]), m["unit_id"], m["contact_id"]
    invited = named if m["kind"] == "contact" else None
    present = people.by_user(tx, user_id)
    if present is not None and present.contact_id != invited:
        contact_id, moved_from = present.contact_id, None  # known already: one person, one more post
    elif invited is not None:
        contact_id, moved_from = invited, _enrol(tx, now, invited, user_id, via="code")
    else:
        (contact_id,) = tx.execute(
            _c.insert().values(name=name[:60] or "老师", created_at=now).returning(_c.c.id)
        ).one()
        moved_from = _enrol(tx, now, contact_id, user_id, via="code")
    if contact_id != invited:
        _succeed(tx, now, unit_id, role, contact_id, replaced=named)
    return contact_id, moved_from


def _succeed(
    tx: Tx, now: dt.datetime, unit_id: int, role: Role, contact_id: int, *, replaced: int | None
) -> None:
    """The post passes to this contact. A school has one principal; other posts can be shared."""
    ended = [] if replaced is None else [replaced]
    if role is Role.PRINCIPAL:
        ended = people.end_post(tx, now, unit_id=unit_id, role=role, except_contact=contact_id)
    elif replaced is not None:
        p = model.post
        same = (
            p.c.contact_id == replaced,
            p.c.unit_id == unit_id,
            p.c.role == role.value,
            p.c.until.is_(None),
        )
        tx.execute(p.update().where(*same).values(until=now))
    people.give_post(tx, now, contact_id=contact_id, unit_id=unit_id, role=role)
    former = [people.user_of(tx, one) for one in ended]
    menus.changed(tx, now, [user_id for user_id in former if user_id is not None])


def _enrol(tx: Tx, now: dt.datetime, contact_id: int, user_id: int, *, via: str) -> int | None:
    """Contact and user belong together from now on; the user the contact was before, if another."""
    before = people.user_of(tx, contact_id)
    if before == user_id:
        return None
    pair = sa.or_(_e.c.contact_id == contact_id, _e.c.user_id == user_id)
    tx.execute(_e.update().where(pair, _e.c.until.is_(None)).values(until=now))
    tx.execute(_e.insert().values(contact_id=contact_id, user_id=user_id, via=via, since=now))
    return before


def _done(
    tx: Tx, now: dt.datetime, contact_id: int, user_id: int, moved_from: int | None, *, via: str
) -> Enrolled:
    person = people.get(tx, contact_id)
    menus.changed(tx, now, [user_id] if moved_from is None else [user_id, moved_from])
    trail.note(tx, now, actor=f"user:{user_id}", verb="enrol", subject=f"contact:{contact_id}", detail=via)
    return Enrolled(Result.ENROLLED, person, tuple(p.unit_id for p in person.posts), moved_from=moved_from)


def leave(tx: Tx, now: dt.datetime, *, user_id: int) -> Person | None:
    """「不是我」: the user is no longer this contact; who it was."""
    person = people.by_user(tx, user_id)
    if person is not None:
        tx.execute(_e.update().where(_e.c.user_id == user_id, _e.c.until.is_(None)).values(until=now))
        menus.changed(tx, now, [user_id])
        trail.note(tx, now, actor=f"user:{user_id}", verb="leave", subject=f"contact:{person.contact_id}")
    return person


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code to give out."""

    kind: str
    unit_id: int
    role: str
    contact_id: int | None
    code: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a code is to be for.

    Attributes:
        kind: `contact`: the named contact enrols, or, if none is named, whoever redeems it takes the post.
            `successor`: whoever redeems it takes the post over from the named contact. `group`: with no role.
    """

    kind: str
    unit_id: int
    role: str = ""
    contact_id: int | None = None


def invite_each(tx: Tx, now: dt.datetime, wanted: list[Wanted]) -> list[Invitation]:
    """The code for each of these, in their order; a valid one given out before is kept. A city's in a second."""
    tx.execute(_LOCK_UNITS, {"unit_ids": {it.unit_id for it in wanted}})
    query = sa.select(_i).where(_i.c.used_at.is_(None), _i.c.expires_at > now + GRACE).order_by(_i.c.id)
    if len(wanted) < 500:  # bind variables
        query = query.where(_i.c.unit_id.in_({it.unit_id for it in wanted}))
    valid: dict[Wanted, Invitation] = {}
    for m in tx.execute(query).mappings():
        it = Wanted(m["kind"], m["unit_id"], m["role"], m["contact_id"])
        valid.setdefault(it, _invitation(it, m["code"], m["expires_at"]))
    new = [it for it in dict.fromkeys(wanted) if it not in valid]
    for it in new:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        valid[it] = _invitation(it, code, now + VALID_FOR)
    if new:
        rows = [
            {
                "code": valid[it].code, "kind": it.kind, "unit_id": it.unit_id, "role": it.role,
                "contact_id": it.contact_id, "created_at": now, "expires_at": now + VALID_FOR,
            }
            for it in new
        ]  # fmt: skip
        tx.execute(_i.insert(), rows)
    return [valid[it] for it in wanted]


def void(tx: Tx, now: dt.datetime, wanted: list[Wanted]) -> None:
    """Codes given out for these and not used yet are worth nothing any more."""
    for it in wanted:
        same = (_i.c.kind == it.kind, _i.c.unit_id == it.unit_id, _i.c.role == it.role)
        whose = _i.c.contact_id.is_(None) if it.contact_id is None else _i.c.contact_id == it.contact_id
        tx.execute(
            _i.update()
            .where(*same, whose, _i.c.used_at.is_(None), _i.c.expires_at > now)
            .values(expires_at=now)
        )


def _invitation(it: Wanted, code: str, expires_at: dt.datetime) -> Invitation:
    return Invitation(it.kind, it.unit_id, it.role, it.contact_id, code, expires_at)


def invite(
    tx: Tx,
    now: dt.datetime,
    *,
    unit_id: int,
    role: Role | None,
    contact_id: int | None = None,
    kind: str = "contact",
) -> Invitation:
    """The code for this post (or, with no role, for this unit's group), as `invite_each`."""
    it = Wanted(kind, unit_id, role.value, contact_id) if role else Wanted("group", unit_id)
    return invite_each(tx, now, [it])[0]


@dataclass(frozen=True, slots=True)
class GroupDoor:
    """What a payload said in a group stands for."""

    unit_id: int
    may_bind: bool  # the speaker may bind it at once


def open_group_door(tx: Tx, now: dt.datetime, *, code: str, user_id: int) -> GroupDoor | None:
    """The unit a group's payload names, and whether this user may bind the group to it; None if it names none.

    The payload was seen by the whole group, so it is no proof of anything: the right comes from the speaker.
    """
    row = tx.execute(
        sa.select(_i).where(_i.c.code == code, _i.c.kind == "group", _i.c.expires_at > now)
    ).first()
    if row is None:
        return None
    return GroupDoor(row.unit_id, may_bind_group(tx, user_id=user_id, unit_id=row.unit_id))


def may_bind_group(tx: Tx, *, user_id: int, unit_id: int) -> bool:
    """Whether this user is an enrolled contact of the unit, or an officer above it."""
    person = people.by_user(tx, user_id)
    u = model.unit
    unit = tx.execute(sa.select(u.c.county_id).where(u.c.id == unit_id, u.c.closed_at.is_(None))).first()
    if person is None or unit is None:
        return False
    return person.may(access.Action.BIND_GROUP, access.Place(unit_id, unit.county_id))


def hand_over(tx: Tx, now: dt.datetime, *, person: Person, unit_id: int) -> Invitation:
    """A code by which the successor takes this person's post at the unit over.

    Raises:
        NotAllowed: the person holds no such post there.
    """
    mine = [
        p
        for p in person.posts
        if p.unit_id == unit_id and access.reach(p.role, access.Action.HAND_OVER) is not access.Reach.NO
    ]
    if not mine:
        raise errors.NotAllowed("您在这个单位没有可以交接的职务。")
    return invite(tx, now, unit_id=unit_id, role=mine[0].role, contact_id=person.contact_id, kind="successor")

"""Contacts as persons: who sits behind a Telegram user, which posts they hold now, how they are addressed."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import chats
from bot.delivery.model import ChatState, chat, chat_address
from bot.roster import access, model
from bot.roster.access import Post, Role

TITLES = {
    Role.PRINCIPAL: "校长",
    Role.DEPUTY: "副校长",
    Role.SAFETY_OFFICER: "专干",
    Role.DUTY: "值班员",
    Role.COUNTY_OFFICER: "专员",
    Role.CITY_OFFICER: "专员",
    Role.LEADER: "领导",
    Role.INSPECTOR: "督学",
    Role.ADMIN: "管理员",
}
POSTS = TITLES | {
    Role.SAFETY_OFFICER: "安全专干",
    Role.COUNTY_OFFICER: "县局专员",
    Role.CITY_OFFICER: "市局专员",
}
TWO_PART_SURNAMES = (
    "欧阳",
    "司马",
    "上官",
    "诸葛",
    "司徒",
    "东方",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "夏侯",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with the posts held now, in roster order."""

    contact_id: int
    name: str
    phone: str | None
    posts: tuple[Post, ...]

    def may(self, action: access.Action, place: access.Place) -> bool:
        """Whether this person may do it there."""
        return access.may(self.posts, action, place)

    def scope(self, action: access.Action) -> access.Scope:
        """Where this person may do it."""
        return access.scope(self.posts, action)

    def has(self, *roles: Role) -> bool:
        """Whether one of the posts is one of these."""
        return any(post.role in roles for post in self.posts)

    def said_by(self, unit_id: int | None = None) -> str:
        """How the person signs for a unit, e.g. 王校长: by the post held there, else by the first one."""
        here = [p for p in self.posts if p.unit_id == unit_id] or list(self.posts)
        return addressed(self.name, here[0].role, here[0].unit_name) if here else addressed(self.name, None)

    @property
    def actor(self) -> str:
        """For the audit trail."""
        return f"contact:{self.contact_id}"


def surname(name: str) -> str:
    """The surname of a Chinese name; another name is returned whole."""
    if name[:2] in TWO_PART_SURNAMES and len(name) > 2:
        return name[:2]
    is_chinese = bool(name) and "\u4e00" <= name[0] <= "\u9fff"
    return name[:1] if is_chinese and len(name) <= 4 else name


def title(role: Role, unit_name: str = "") -> str:
    """What the holder of a post is called; a kindergarten has a 园长."""
    said = TITLES[role]
    return said.replace("校长", "园长") if unit_name.endswith("园") else said


def addressed(name: str, role: Role | None, unit_name: str = "") -> str:
    """How people say it: 王校长; 王老师 where the post is not known. A name that says it already is kept."""
    said = title(role, unit_name) if role else "老师"
    return name if name.endswith(said) else f"{surname(name)}{said}"


_c, _p, _u, _e = model.contact.c, model.post.c, model.unit.c, model.enrolment.c


def _persons(whose: sa.FromClause, *more: sa.ColumnElement[Any]) -> sa.Select[*tuple[Any, ...]]:
    """A row a post held now; one without a unit where a contact holds none.

    Post and unit are joined one after the other: from a pair in brackets SQLite would make a table of all posts.
    """
    posts = whose.outerjoin(model.post, sa.and_(_p.contact_id == _c.id, _p.until.is_(None)))
    units = posts.outerjoin(model.unit, sa.and_(_u.id == _p.unit_id, _u.closed_at.is_(None)))
    return (
        sa.select(
            _c.id, _c.name, _c.phone, _p.role, _u.id.label("unit_id"), _u.kind, _u.county_id,
            _u.name.label("unit_name"), *more,
        )
        .select_from(units)
        .order_by(_u.position, _p.id)
    )  # fmt: skip


_GET = _persons(model.contact).where(_c.id == sa.bindparam("contact_id"))
_enrolled = sa.select(_e.contact_id).where(_e.user_id == sa.bindparam("user_id"), _e.until.is_(None))
_BY_USER = _persons(model.contact).where(_c.id == _enrolled.scalar_subquery())
_BY_USERS = _persons(model.enrolment.join(model.contact, _c.id == _e.contact_id), _e.user_id).where(
    _e.until.is_(None), schema.among(_e.user_id, "user_ids")
)
_USER_OF = sa.select(_e.user_id).where(_e.contact_id == sa.bindparam("contact_id"), _e.until.is_(None))


def _person(rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> Person:
    posts = tuple(
        Post(Role(r.role), r.unit_id, r.kind, r.county_id, r.unit_name) for r in rows if r.unit_id is not None
    )
    return Person(rows[0].id, rows[0].name, rows[0].phone, posts)


def by_user(tx: Tx, user_id: int) -> Person | None:
    """The contact enrolled as this Telegram user now; None for a stranger."""
    rows = tx.execute(_BY_USER, {"user_id": user_id}).all()
    return _person(rows) if rows else None


def by_users(tx: Tx, user_ids: Collection[int]) -> dict[int, Person]:
    """Telegram user → the contact enrolled as this one now; a stranger is not in it."""
    rows = defaultdict(list)
    for row in tx.execute(_BY_USERS, {"user_ids": user_ids}):
        rows[row.user_id].append(row)
    return {user_id: _person(his) for user_id, his in rows.items()}


def entitled(tx: Tx, user_id: int, action: access.Action) -> Person | None:
    """The person enrolled as this user who may do it somewhere; None for a stranger and for one without that right."""
    person = by_user(tx, user_id)
    return person if person is not None and not person.scope(action).is_empty else None


def get(tx: Tx, contact_id: int) -> Person:
    """The contact with this id.

    Raises:
        LookupError: there is none.
    """
    rows = tx.execute(_GET, {"contact_id": contact_id}).all()
    if not rows:
        raise LookupError(f"contact {contact_id}")
    return _person(rows)


def user_of(tx: Tx, contact_id: int) -> int | None:
    """The Telegram user a contact is enrolled as; None when not enrolled."""
    found: int | None = tx.execute(_USER_OF, {"contact_id": contact_id}).scalar()
    return found


@dataclass(frozen=True, slots=True)
class Reachable:
    """A contact of a unit with the private chat in which the bot reaches him."""

    contact_id: int
    unit_id: int
    role: Role
    name: str
    chat_id: chats.ChatId


def reachable(tx: Tx, *, roles: tuple[Role, ...], unit_ids: list[int] | None = None) -> list[Reachable]:
    """Enrolled holders of these posts whose private chat takes messages, by unit, main post first.

    Args:
        unit_ids: only posts at these units; None for all.
    """
    query = (
        sa.select(
            model.post.c.contact_id, model.post.c.unit_id, model.post.c.role, model.contact.c.name,
            chat.c.id.label("chat_id"),
        )
        .join(model.contact, model.contact.c.id == model.post.c.contact_id)
        .join(
            model.enrolment,
            sa.and_(model.enrolment.c.contact_id == model.post.c.contact_id, model.enrolment.c.until.is_(None)),
        )
        .join(chat_address, chat_address.c.telegram_id == model.enrolment.c.user_id)
        .join(chat, chat.c.id == chat_address.c.chat_id)
        .where(
            model.post.c.until.is_(None),
            model.post.c.role.in_([r.value for r in roles]),
            chat.c.state == ChatState.OK.value,
        )
        .order_by(model.post.c.unit_id, model.post.c.id)
    )  # fmt: skip
    if unit_ids is not None:
        query = query.where(model.post.c.unit_id.in_(unit_ids))
    order = list(Role)
    found = [Reachable(r.contact_id, r.unit_id, Role(r.role), r.name, r.chat_id) for r in tx.execute(query)]
    return sorted(found, key=lambda r: (r.unit_id, order.index(r.role)))


def officers_of(tx: Tx, county_id: int | None) -> list[Reachable]:
    """Whom a school's trouble reaches: its county's officers; the city's where there is none to be reached."""
    if county_id is not None:
        found = reachable(tx, roles=(Role.COUNTY_OFFICER,), unit_ids=[county_id])
        if found:
            return found
    return reachable(tx, roles=(Role.CITY_OFFICER,))


def masked(phone: str) -> str:
    """138****0001."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def dialled(phone: str) -> str:
    """A number as a tap dials it: +86 138 0000 0001; a landline 0310-1234567 as +86 310 123 4567."""
    digits = phone.replace("-", "").replace(" ", "")
    if len(digits) == 11 and digits.startswith("1"):
        return f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}"
    return phone


def end_post(
    tx: Tx, now: dt.datetime, *, unit_id: int, role: Role, except_contact: int | None = None
) -> list[int]:
    """End the present holders of a post; the ids of those who held it."""
    p = model.post
    where = [p.c.unit_id == unit_id, p.c.role == role.value, p.c.until.is_(None)]
    if except_contact is not None:
        where.append(p.c.contact_id != except_contact)
    held = [row.contact_id for row in tx.execute(sa.select(p.c.contact_id).where(*where))]
    if held:
        tx.execute(p.update().where(*where).values(until=now))
    return held


def give_post(tx: Tx, now: dt.datetime, *, contact_id: int, unit_id: int, role: Role) -> None:
    """The contact holds the post from now on, by a change made in chat; holding it already changes nothing."""
    p = model.post
    held = tx.execute(
        sa.select(p.c.id).where(
            p.c.contact_id == contact_id, p.c.unit_id == unit_id, p.c.role == role.value, p.c.until.is_(None)
        )
    ).first()
    if held is None:
        tx.execute(
            p.insert().values(
                contact_id=contact_id, unit_id=unit_id, role=role.value, source="chat", since=now
            )
        )

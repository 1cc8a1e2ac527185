"""催报: reminding, in private, those who still owe; at most twice a person and notice, never after an answer."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.notices import model, queries, rules
from bot.notices.rules import Reach
from bot.roster import access, bindings, people

_c, _a = model.chase, model.assignment


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a reminder would reach now.

    Attributes:
        schools: schools whose contacts will be reminded.
        capped: schools that owe but have been reminded often enough, or too recently: ring them.
        contacts: contact → his private chat.
    """

    schools: int
    capped: int
    contacts: dict[int, ChatId]


def plan(tx: Tx, now: dt.datetime, *, notice_id: int, within: access.Scope) -> Plan:
    """Who would be reminded: the main contact that can be reached, of each school 没回复 within the scope.

    A reminder is private and real: none for a trial, none where sending is not allowed yet.
    """
    notice, armed = queries.notice(tx, notice_id), bindings.armed_units(tx)
    if notice is None or notice.is_trial:
        return Plan(0, 0, {})
    silent = [
        s
        for s in queries.statuses(tx, notice_id)
        if s.reach is Reach.SILENT and within.has(s.place) and armed.has(s.place)
    ]
    by_unit: dict[int, people.Reachable] = {}
    for r in people.reachable(
        tx, roles=access.ANSWERING, unit_ids=[s.unit_id for s in silent] if len(silent) < 500 else None
    ):
        by_unit.setdefault(r.unit_id, r)  # sorted: principal first
    earlier = _earlier(tx, notice_id)
    contacts: dict[int, ChatId] = {}
    schools = capped = 0
    for s in silent:
        person = by_unit.get(s.unit_id)
        if person is None:
            continue
        if rules.may_nudge(earlier[person.contact_id], now):
            contacts[person.contact_id] = person.chat_id
            schools += 1
        else:
            capped += 1
    return Plan(schools, capped, contacts)


def _earlier(tx: Tx, notice_id: int) -> dict[int, list[dt.datetime]]:
    found: dict[int, list[dt.datetime]] = defaultdict(list)
    for r in tx.execute(sa.select(_c.c.contact_id, _c.c.at).where(_c.c.notice_id == notice_id)):
        found[r.contact_id].append(r.at)
    return found


def request(tx: Tx, now: dt.datetime, *, notice_id: int, user_id: int) -> Plan:
    """A reminder is owed to everyone of the plan; made in the transaction that counts them.

    Raises:
        NotAllowed: no right to remind. Refused: the notice is over.
    """
    person = people.by_user(tx, user_id)
    within = person.scope(access.Action.CHASE) if person else None
    if person is None or within is None or within.is_empty:
        raise errors.NotAllowed("您不能提醒学校。")
    n = model.notice
    tx.execute(sa.select(n.c.id).where(n.c.id == notice_id).with_for_update())
    notice = queries.notice(tx, notice_id)
    if notice is None or notice.state(now) not in ("open", "due"):
        raise errors.Refused("这条通知已经结束,不用再提醒。")
    it = plan(tx, now, notice_id=notice_id, within=within)
    for contact_id, chat_id in it.contacts.items():
        values = {"notice_id": notice_id, "contact_id": contact_id, "asked_by": person.actor, "at": now}
        (chase_id,) = tx.execute(_c.insert().values(values).returning(_c.c.id)).one()
        outbox.show(tx, now, chat_id, "chase", chase_id, lane=Lane.SCHEDULED)
    trail.note(
        tx,
        now,
        actor=person.actor,
        verb="chase",
        subject=f"notice:{notice_id}",
        detail=f"contacts:{len(it.contacts)}",
    )
    return it


@dataclass(frozen=True, slots=True)
class Owed:
    """What a chase must speak of when its turn comes."""

    notice: queries.Notice
    person: people.Person
    assignments: tuple[queries.Status, ...]


def claim(tx: Tx, now: dt.datetime, chase_id: int) -> Owed | None:
    """What the contact still owes, locked so that no answer slips in between; None when nothing any more.

    有困难, 免报 and answers end it, and so does the end of the notice.
    """
    m = tx.execute(sa.select(_c).where(_c.c.id == chase_id)).mappings().one()
    notice, person = queries.notice(tx, m["notice_id"]), people.get(tx, m["contact_id"])
    if notice is None or notice.state(now) not in ("open", "due"):
        return None
    units = [
        p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN
    ]
    mine = sa.select(_a.c.id).where(_a.c.notice_id == notice.id, _a.c.unit_id.in_(units)).order_by(_a.c.id)
    ids = list(tx.execute(mine.with_for_update()).scalars())
    owing = tuple(s for s in queries.statuses(tx, notice.id, assignment_ids=ids) if s.owes) if ids else ()
    if not owing:
        return None
    if m["claimed_at"] is None:
        tx.execute(_c.update().where(_c.c.id == chase_id).values(claimed_at=now))
        tx.execute(
            model.chased.insert(), [{"chase_id": chase_id, "assignment_id": s.assignment_id} for s in owing]
        )
    return Owed(notice, person, owing)


def counts(tx: Tx, notice_id: int, *, until: dt.datetime | None = None) -> dict[int, int]:
    """Assignment → how many reminders spoke of it, up to an instant (None: until now)."""
    g = model.chased
    query = (
        sa.select(g.c.assignment_id, sa.func.count())
        .join(_c, _c.c.id == g.c.chase_id)
        .where(_c.c.notice_id == notice_id)
        .group_by(g.c.assignment_id)
    )
    if until is not None:
        query = query.where(_c.c.claimed_at <= until)
    return {row[0]: row[1] for row in tx.execute(query)}


def phoned(tx: Tx, notice_id: int, *, until: dt.datetime | None = None) -> dict[int, dt.datetime]:
    """Assignment → when an officer last noted 已电话, up to an instant (None: until now)."""
    p = model.phone_call
    query = (
        sa.select(p.c.assignment_id, sa.func.max(p.c.at))
        .join(_a, _a.c.id == p.c.assignment_id)
        .where(_a.c.notice_id == notice_id)
        .group_by(p.c.assignment_id)
    )
    if until is not None:
        query = query.where(p.c.at <= until)
    return {row[0]: row[1] for row in tx.execute(query)}


def claimed(tx: Tx, assignment_id: int) -> list[dt.datetime]:
    """When reminders that spoke of this assignment were on their way."""
    g = model.chased
    query = (
        sa.select(_c.c.claimed_at).join(g, g.c.chase_id == _c.c.id).where(g.c.assignment_id == assignment_id)
    )
    return list(tx.execute(query.order_by(_c.c.id)).scalars())


def crossed(tx: Tx, chase_id: int) -> int:
    """How many of the schools a reminder spoke of had answered by the time it was settled: the crossings."""
    g, an = model.chased, model.answer
    query = (
        sa.select(sa.func.count(sa.distinct(g.c.assignment_id)))
        .join(an, an.c.assignment_id == g.c.assignment_id)
        .join(_c, _c.c.id == g.c.chase_id)
        .where(g.c.chase_id == chase_id, an.c.at >= _c.c.claimed_at)
    )
    return int(tx.execute(query).scalar_one())

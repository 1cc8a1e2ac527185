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
from bot.delivery.model import Lane, State, delivery
from bot.delivery.outbox import Drop
from bot.notices import lateness, model, queries, rules
from bot.notices.rules import Reach
from bot.roster import access, bindings, people

TIMER = "timer"  # who asked, where the ladder did: the audit trail's own word
MAY_TAKE = dt.timedelta(seconds=5)  # no transaction lives longer; clocks of two machines differ by less

_c, _a = model.chase, model.assignment


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a reminder would reach now.

    Attributes:
        schools: schools whose contacts will be reminded.
        capped: schools that owe but have been reminded often enough, or too recently: ring them.
        contacts: contact → his private chat.
        unreached: schools that owe and of whose people none can be written to: ring them, too.
    """

    schools: int
    capped: int
    contacts: dict[int, ChatId]
    unreached: int = 0


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
    return Plan(schools, capped, contacts, unreached=len(silent) - schools - capped)


def _earlier(tx: Tx, notice_id: int) -> dict[int, list[dt.datetime]]:
    found: dict[int, list[dt.datetime]] = defaultdict(list)
    went_at = sa.func.coalesce(_c.c.claimed_at, _c.c.at)
    for r in tx.execute(sa.select(_c.c.contact_id, went_at.label("at")).where(_c.c.notice_id == notice_id)):
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
    _hold(tx, notice_id)
    notice = queries.notice(tx, notice_id)
    if notice is None or notice.state(now) not in ("open", "due"):
        raise errors.Refused("这条通知已经结束,不用再提醒。")
    return _owe(tx, now, notice_id, plan(tx, now, notice_id=notice_id, within=within), asked_by=person.actor)


def remind(tx: Tx, now: dt.datetime, *, notice_id: int) -> Plan:
    """What the ladder does by itself: a reminder is owed to everyone who may have one, wherever sending is allowed."""
    _hold(tx, notice_id)
    everywhere = access.Scope(everything=True, counties=frozenset(), units=frozenset())
    it = plan(tx, now, notice_id=notice_id, within=everywhere)
    return _owe(tx, now, notice_id, it, asked_by=TIMER)


def _hold(tx: Tx, notice_id: int) -> None:
    """Nobody else reminds about this notice meanwhile: who comes second sees the first's."""
    n = model.notice
    tx.execute(sa.select(n.c.id).where(n.c.id == notice_id).with_for_update())


def _owe(tx: Tx, now: dt.datetime, notice_id: int, it: Plan, *, asked_by: str) -> Plan:
    rows = [
        {"notice_id": notice_id, "contact_id": contact_id, "asked_by": asked_by, "at": now}
        for contact_id in it.contacts
    ]
    if rows:
        made = tx.execute(_c.insert().returning(_c.c.contact_id, _c.c.id), rows)
        each = sorted((it.contacts[r.contact_id], int(r.id)) for r in made)
        outbox.show_each(tx, now, each, "chase", lane=Lane.SCHEDULED)
    detail = f"contacts:{len(rows)}"
    trail.note(tx, now, actor=asked_by, verb="chase", subject=f"notice:{notice_id}", detail=detail)
    return it


@dataclass(frozen=True, slots=True)
class Owed:
    """What a chase must speak of when its turn comes."""

    notice: queries.Notice
    person: people.Person
    assignments: tuple[queries.Status, ...]


def claim(tx: Tx, now: dt.datetime, chase_id: int, *, user_id: int) -> Owed | Drop:
    """What the contact still owes, locked so that no answer slips in between; a drop when nothing any more.

    有困难, 免报 and answers end it, and so does the end of the notice. One the ladder asked for ends with due, and
    half an hour after it was asked for: by then it speaks of another moment. One an officer asked for keeps two hours.
    Claimed again after a call that certainly failed, it is counted as of then.

    Args:
        user_id: whose chat it would be sent to; he must still be the contact it was meant for.
    """
    m = tx.execute(sa.select(_c).where(_c.c.id == chase_id)).mappings().one()
    notice, person = queries.notice(tx, m["notice_id"]), people.by_user(tx, user_id)
    if notice is None or person is None or person.contact_id != m["contact_id"]:
        return Drop("somebody else now")
    if over := _over(notice, now, m):
        return over
    units = [
        p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN
    ]
    mine = sa.select(_a.c.id).where(_a.c.notice_id == notice.id, _a.c.unit_id.in_(units)).order_by(_a.c.id)
    ids = list(tx.execute(mine.with_for_update()).scalars())
    owing = tuple(s for s in queries.statuses(tx, notice.id, assignment_ids=ids) if s.owes) if ids else ()
    if not owing:
        return Drop("answered")
    if _reminded_lately(tx, now, m):
        return Drop("reminded just now")
    _note(tx, now, chase_id, owing)
    return Owed(notice, person, owing)


def recalled(tx: Tx, chase_id: int) -> queries.Notice | None:
    """The notice the reminder speaks of, if it is recalled."""
    notice_id: int = tx.execute(sa.select(_c.c.notice_id).where(_c.c.id == chase_id)).scalar_one()
    notice = queries.notice(tx, notice_id)
    return notice if notice is not None and notice.recalled_at is not None else None


def _over(notice: queries.Notice, now: dt.datetime, it: sa.RowMapping) -> Drop | None:
    if notice.state(now) not in ("open", "due"):
        return Drop("over")
    by_hand = it["asked_by"] != TIMER
    return lateness.of_chase(notice, now, asked_at=it["at"], by_hand=by_hand, keeps=rules.NUDGES_APART)


def _reminded_lately(tx: Tx, now: dt.datetime, it: sa.RowMapping) -> bool:
    """Another reminder about the same was on its way to the same person less than half an hour ago."""
    others = sa.select(_c.c.id).where(
        _c.c.notice_id == it["notice_id"], _c.c.contact_id == it["contact_id"], _c.c.id != it["id"],
        _c.c.claimed_at > now - rules.NUDGES_APART,
    )  # fmt: skip
    return tx.execute(others.limit(1)).first() is not None


def _note(tx: Tx, now: dt.datetime, chase_id: int, owing: tuple[queries.Status, ...]) -> None:
    g = model.chased
    tx.execute(_c.update().where(_c.c.id == chase_id).values(claimed_at=now))
    tx.execute(g.delete().where(g.c.chase_id == chase_id))
    tx.execute(g.insert(), [{"chase_id": chase_id, "assignment_id": s.assignment_id} for s in owing])


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


_IS_SIMPLE = _c.c.notice_id.not_in(
    sa.select(model.notice.c.id).where(model.notice.c.kind == rules.Kind.DIRECTIVE.value)
)  # there one answer ends what is owed; a directive has as many as items


def crossed(tx: Tx, chase_id: int) -> int:
    """How many of the schools a reminder spoke of had answered by the time it was settled: the crossings."""
    g, an = model.chased, model.answer
    query = (
        sa.select(sa.func.count(sa.distinct(g.c.assignment_id)))
        .join(an, an.c.assignment_id == g.c.assignment_id)
        .join(_c, _c.c.id == g.c.chase_id)
        .where(g.c.chase_id == chase_id, an.c.at >= _c.c.claimed_at, _IS_SIMPLE)
    )
    return int(tx.execute(query).scalar_one())


@dataclass(frozen=True, slots=True)
class Crossings:
    """Reminders and answers that met on their way, counted by school.

    Attributes:
        crossed: the answer was committed while the reminder was being sent; cannot be helped.
        outrun: the reminder was claimed after the answer, or 免报, had been committed; must be 0.
    """

    crossed: int
    outrun: int


def crossings(tx: Tx, *, since: dt.datetime) -> Crossings:
    """The crossings of all reminders claimed since then."""
    g, an, d = model.chased, model.answer, delivery
    told = sa.select(g.c.chase_id, g.c.assignment_id).join(_c, _c.c.id == g.c.chase_id)
    crossed = (
        told.join(an, an.c.assignment_id == g.c.assignment_id)
        .join(d, sa.and_(d.c.kind == "chase", d.c.subject == sa.cast(_c.c.id, sa.String)))
        .where(
            _c.c.claimed_at >= since, d.c.state.in_([State.SENT.value, State.UNCERTAIN.value]), d.c.is_edit.is_(False),
            an.c.at >= _c.c.claimed_at, an.c.at <= d.c.settled_at, _IS_SIMPLE,
        )
        .distinct()
    )  # fmt: skip
    count = tx.execute(sa.select(sa.func.count()).select_from(crossed.subquery())).scalar_one()
    return Crossings(int(count), len(_outrun(tx, since)))


def _outrun(tx: Tx, since: dt.datetime) -> set[tuple[int, int]]:
    """Chase and assignment where nothing was owed any more when it was claimed.

    An instant is that of a transaction's beginning, so only what lies further apart than one may take is certain.
    """
    g, an, e = model.chased, model.answer, model.excuse
    found = _outrun_of_directives(tx, since)
    for said, since_column, until_column in (
        (an, an.c.at, an.c.withdrawn_at),
        (e, e.c.since, e.c.until),
    ):
        query = (
            sa.select(
                g.c.chase_id, g.c.assignment_id, _c.c.claimed_at, since_column.label("since"),
                until_column.label("until"),
            )
            .join(_c, _c.c.id == g.c.chase_id)
            .join(said, said.c.assignment_id == g.c.assignment_id)
            .where(
                _c.c.claimed_at >= since, since_column < _c.c.claimed_at, _IS_SIMPLE,
                sa.or_(until_column.is_(None), until_column > _c.c.claimed_at),
            )
        )  # fmt: skip
        for r in tx.execute(query):
            was_over = r.until is not None and r.until <= r.claimed_at + MAY_TAKE
            if r.since < r.claimed_at - MAY_TAKE and not was_over:
                found.add((r.chase_id, r.assignment_id))
    return found


def _outrun_of_directives(tx: Tx, since: dt.datetime) -> set[tuple[int, int]]:
    """The same where the last of several answers decides: as each assignment stood just before it was claimed."""
    g = model.chased
    query = (
        sa.select(g.c.chase_id, g.c.assignment_id, _c.c.notice_id, _c.c.claimed_at)
        .join(_c, _c.c.id == g.c.chase_id)
        .where(_c.c.claimed_at >= since, ~_IS_SIMPLE)
    )
    found = set()
    for row in tx.execute(query).all():
        before, after = row.claimed_at - MAY_TAKE, row.claimed_at + MAY_TAKE
        over = [
            not queries.statuses(tx, row.notice_id, at=at, assignment_ids=[row.assignment_id])[0].owes
            for at in (before, after)
        ]
        if all(over):
            found.add((row.chase_id, row.assignment_id))
    return found

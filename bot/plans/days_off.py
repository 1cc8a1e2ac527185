"""今天停课: the schools that stay closed on one day, by an officer's word.

From the word on, plans leave them in peace on that day, and what they owe on it is 免报: every routine ask that is open at
that moment, due on that day and unanswered. So it is for tomorrow too; what is published after the word asks as usual,
unless a plan does it on the day itself. What is urgent reaches everybody. An officer's word that is taken back ends the
excuses it made, not those made by hand; what was left out meanwhile is not made up for.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.notices import closures
from bot.notices.closures import Count, Mark
from bot.plans import model
from bot.roster import access, bindings, people, units
from bot.roster.people import Person
from bot.roster.units import Unit

A_DAY = dt.timedelta(days=1)
NOT_YOURS = "您只能登记本县的停课。"
NOBODY = "没有这样的学校,请重新发“校历”。"
_o = model.day_off


@dataclass(frozen=True, slots=True)
class Target:
    """Which schools stay closed on which day.

    Attributes:
        county_id: None for any county, and the schools of none.
        tag: '' for all schools there.
    """

    day: dt.date
    county_id: int | None
    tag: str = ""

    def of(self, everyone: Iterable[Unit]) -> list[Unit]:
        """The schools and colleges meant."""
        row = {"county_id": self.county_id, "tag": self.tag}
        return [unit for unit in everyone if covers(row, unit)]


@dataclass(frozen=True, slots=True)
class Closed:
    """What the officer's word did, or would do.

    Attributes:
        excused: what became 免报 by it.
        day_off_id: None while nothing is written.
        is_new: False where these schools were closed by the same word already.
    """

    target: Target
    schools: int
    excused: Count
    day_off_id: int | None = None
    is_new: bool = True


# ── what stands ──────────────────────────────────────────────────────────────────────────────────


def standing(tx: Tx, first: dt.date, last: dt.date) -> list[sa.RowMapping]:
    """The days off from one date to another that were not taken back: id, day, county_id, tag, contact_id, since."""
    query = sa.select(_o.c.id, _o.c.day, _o.c.county_id, _o.c.tag, _o.c.contact_id, _o.c.since).where(
        _o.c.day.between(first, last), _o.c.until.is_(None)
    )
    return list(tx.execute(query.order_by(_o.c.day, _o.c.id)).mappings())


def covers(row: Mapping[str, object] | sa.RowMapping, unit: Unit) -> bool:
    """Whether a day off closes this unit: a school or college of its county, with its tag."""
    return (
        unit.owes_answers
        and row["county_id"] in (None, unit.county_id)
        and (not row["tag"] or row["tag"] in unit.tags)
    )


def closed(tx: Tx, day: dt.date, units: list[Unit]) -> frozenset[int]:
    """The ids of those of the units that stay closed on this day."""
    rows = standing(tx, day, day)
    return frozenset(u.id for u in units if any(covers(row, u) for row in rows))


def tags(schools: Iterable[Unit]) -> list[tuple[str, int]]:
    """The tags among these schools, with how many have each; the commonest first."""
    counts = Counter(tag for school in schools for tag in school.tags)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


# ── who may ──────────────────────────────────────────────────────────────────────────────────────


def officer(tx: Tx, user_id: int) -> Person:
    """The person behind a press, who may close schools somewhere.

    Raises:
        NotAllowed: a stranger, or somebody without that right.
    """
    person = people.by_user(tx, user_id)
    if person is None or not _may_somewhere(person):
        raise errors.NotAllowed("您不能登记停课。")
    return person


def _may_somewhere(person: Person) -> bool:
    scope = person.scope(access.Action.DAY_OFF)
    return scope.everything or bool(scope.counties)


def may(person: Person, county_id: int | None) -> bool:
    """Whether the person may close schools there; None: of the whole city."""
    scope = person.scope(access.Action.DAY_OFF)
    return scope.everything or (county_id is not None and county_id in scope.counties)


# ── the word ─────────────────────────────────────────────────────────────────────────────────────


def ask(tx: Tx, now: dt.datetime, target: Target, *, user_id: int, zone: dt.tzinfo) -> Closed:
    """What `close` would do; nothing is written.

    Raises:
        As `close`.
    """
    officer_ = officer(tx, user_id)
    schools = _meant(tx, now, target, officer_, zone)
    first, before = _instants(target.day, zone)
    would = closures.due(tx, now, [u.id for u in schools], first=first, before=before)
    return Closed(target, len(schools), would)


def close(tx: Tx, now: dt.datetime, target: Target, *, user_id: int, zone: dt.tzinfo) -> Closed:
    """These schools stay closed on that day; the same word twice is one.

    Raises:
        NotAllowed: not this person's schools. Refused: neither today nor tomorrow, or no school is meant.
    """
    person = officer(tx, user_id)
    schools = _meant(tx, now, target, person, zone)
    bindings.hold_still(tx)  # two officers at once; and no notice is published meanwhile
    for row in standing(tx, target.day, target.day):
        if (row["county_id"], row["tag"]) == (target.county_id, target.tag):
            return Closed(target, len(schools), Count(0, 0), row["id"], is_new=False)
    values = {
        "day": target.day, "county_id": target.county_id, "tag": target.tag, "contact_id": person.contact_id,
        "since": now,
    }  # fmt: skip
    day_off_id = int(tx.execute(_o.insert().values(values).returning(_o.c.id)).scalar_one())
    first, before = _instants(target.day, zone)
    ids = [u.id for u in schools]
    excused = closures.excuse(tx, now, ids, first=first, before=before, contact_id=person.contact_id)
    detail = f"{target.day} county:{target.county_id or 0} tag:{target.tag} units:{len(ids)} excused:{excused.asks}"
    trail.note(tx, now, actor=person.actor, verb="day_off", subject=f"day_off:{day_off_id}", detail=detail)
    return Closed(target, len(schools), excused, day_off_id)


def take_back(tx: Tx, now: dt.datetime, day_off_id: int, *, user_id: int, zone: dt.tzinfo) -> Closed:
    """The word holds no longer; what became 免报 by it is owed again, unless another word still closes the school.

    Returns:
        Its `excused` counts what is owed again; `is_new` is False where it was taken back before.

    Raises:
        NotAllowed: not this person's schools. Refused: no such day off, or its day is over.
    """
    person = officer(tx, user_id)
    bindings.hold_still(tx)
    row = tx.execute(sa.select(_o).where(_o.c.id == day_off_id)).mappings().first()
    if row is None:
        raise errors.Refused("没有这条停课。")
    if not may(person, row["county_id"]):
        raise errors.NotAllowed(NOT_YOURS)
    if row["day"] < _today(now, zone):
        raise errors.Refused("那一天已经过去了,不能再撤销。")
    target = Target(row["day"], row["county_id"], row["tag"])
    everyone = units.every(tx)
    schools = target.of(everyone)
    if row["until"] is not None:
        return Closed(target, len(schools), Count(0, 0), day_off_id, is_new=False)
    tx.execute(_o.update().where(_o.c.id == day_off_id).values(until=now, until_by=person.contact_id))
    # also those it closed that have moved since, or lost the tag
    open_again = {u.id for u in everyone} - closed(tx, target.day, everyone)
    owed = closures.owe_again(tx, now, open_again, marks=_marks(tx, target.day))
    detail = f"{target.day} units:{len(schools)} owed_again:{owed.asks}"
    trail.note(
        tx, now, actor=person.actor, verb="day_off_back", subject=f"day_off:{day_off_id}", detail=detail
    )
    return Closed(target, len(schools), owed, day_off_id)


def _marks(tx: Tx, day: dt.date) -> frozenset[Mark]:
    """Of every word ever given for this day: a school closed by two is excused by the first."""
    rows = tx.execute(sa.select(_o.c.since, _o.c.contact_id).where(_o.c.day == day))
    return frozenset(Mark(row.since, row.contact_id) for row in rows)


def _meant(tx: Tx, now: dt.datetime, target: Target, person: Person, zone: dt.tzinfo) -> list[Unit]:
    if not may(person, target.county_id):
        raise errors.NotAllowed(NOT_YOURS)
    if not dt.timedelta(0) <= target.day - _today(now, zone) <= A_DAY:
        raise errors.Refused("只能登记今天和明天的停课,请重新发“校历”。")
    schools = target.of(units.every(tx))
    if not schools:
        raise errors.Refused(NOBODY)
    return schools


def _today(now: dt.datetime, zone: dt.tzinfo) -> dt.date:
    return now.astimezone(zone).date()


def _instants(day: dt.date, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """Midnight to midnight, as UTC."""
    first, last = (dt.datetime.combine(d, dt.time(), zone).astimezone(dt.UTC) for d in (day, day + A_DAY))
    return first, last

"""The plans of one day: what is to come, what became of each occurrence, what waits for a word. Writes nothing."""

import collections
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from bot.calendar.days import DAY
from bot.db import Tx
from bot.notices import model as notices
from bot.plans import days_off, firing, model, reached, reckoning, switching
from bot.plans.book import Book, Share
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.plans.reached import Reach
from bot.plans.reckoning import Batch
from bot.roster import units

_p, _f, _n = model.plan, model.fire, notices.notice


@dataclass(frozen=True, slots=True)
class Fire:
    """One occurrence.

    Attributes:
        at: when it went out; of what did not, when it may go out, or might have, quiet hours considered.
        units: how many are meant.
        state: None while nothing has become of it.
        reason: of what was skipped, or will be, why; of what is sent, who is left in peace.
        is_decided: its owner has given a word.
        fire_id: None while there is no row of it.
        reach: None unless it went out.
        owes_answers: it asks, and has a table.
    """

    plan_id: str
    title: str
    at: dt.datetime
    units: int
    state: FireState | None = None
    reason: str = ""
    is_provisional: bool = False
    is_admins: bool = False
    is_trial: bool = False
    is_decided: bool = False
    fire_id: int | None = None
    notice_id: int | None = None
    reach: Reach | None = None
    owes_answers: bool = False

    @property
    def waits(self) -> bool:
        """For its owner's word."""
        return self.state is FireState.ASKED or (self.state is FireState.PROPOSED and not self.is_decided)

    @property
    def is_out(self) -> bool:
        """Published."""
        return self.state is FireState.PUBLISHED

    @property
    def is_left_out(self) -> bool:
        """Skipped, or will be."""
        nobody = self.state is None and not self.units and not self.is_admins
        return self.state is FireState.SKIPPED or nobody

    @property
    def is_fine(self) -> bool:
        """It went out and reached everyone for all we know."""
        return self.is_out and self.reach is not None and self.reach.is_complete


@dataclass(frozen=True, slots=True)
class Today:
    """The day as it stands at an instant.

    Attributes:
        fires: of this day, in order of time.
        waiting: of other days, for their owners' word.
    """

    day: dt.date
    now: dt.datetime
    fires: tuple[Fire, ...]
    waiting: tuple[Fire, ...] = field(default=())

    @property
    def everything(self) -> tuple[Fire, ...]:
        return self.fires + self.waiting

    @property
    def is_fine(self) -> bool:
        """Everything of the day went out and reached everyone, and nothing waits."""
        return bool(self.fires) and all(one.is_fine for one in self.everything)

    @property
    def has_begun(self) -> bool:
        """Something was to happen already."""
        return any(one.at <= self.now for one in self.fires)


def read(tx: Tx, now: dt.datetime, *, book: Book) -> Today:
    """The day on which `now` falls at the schools."""
    day = now.astimezone(book.zone).date()
    start = dt.datetime.combine(day, dt.time(), book.zone).astimezone(dt.UTC)
    known = _known(tx, book, start)
    here, waiting = [], []
    for one in known.values():
        if one.at.astimezone(book.zone).date() == day:
            here.append(one)
        elif one.waits:
            waiting.append(one)
    here += _to_come(tx, book, start, frozenset(known))
    fires = [one for one in here if one.reason != firing.KNOWN_ALREADY]  # as its file wants it
    order = {plan_id: number for number, plan_id in enumerate(book.entries)}
    fires.sort(key=lambda one: (one.at, order.get(one.plan_id, 0)))
    return Today(day, now, tuple(_with_reach(tx, fires)), tuple(sorted(waiting, key=lambda one: one.at)))


def one(tx: Tx, fire_id: int, *, book: Book) -> Fire | None:
    """What became of this occurrence; None where there is no such row."""
    found = [_of_row(row, book) for row in tx.execute(_rows.where(_f.c.id == fire_id))]
    return _with_reach(tx, found)[0] if found else None


_Key = tuple[str, dt.datetime, dt.datetime]
_rows = sa.select(_f, _n.c.is_trial, _n.c.due_at.label("notice_due_at")).outerjoin(
    _n, _n.c.id == _f.c.notice_id
)


def _known(tx: Tx, book: Book, start: dt.datetime) -> dict[_Key, Fire]:
    """Every occurrence with a row that may be of the day, or waits for a word."""
    end = start + DAY
    near = sa.and_(_f.c.planned_at >= start - DAY, _f.c.planned_at < end)  # quiet hours are shorter
    went = sa.and_(_f.c.settled_at >= start, _f.c.settled_at < end, _f.c.state == FireState.PUBLISHED.value)
    waits = _f.c.state.in_([FireState.ASKED.value, FireState.PROPOSED.value])
    found = tx.execute(_rows.where(sa.or_(near, went, waits))).all()
    return {
        (row.plan_id, row.planned_at, row.due_at): _of_row(row, book)
        for row in found
        if row.plan_id in book.entries or row.state == FireState.PUBLISHED
    }


def _of_row(row: sa.Row[tuple[object, ...]], book: Book) -> Fire:
    m = row._mapping
    entry, state = book.entries.get(m["plan_id"]), FireState(m["state"])
    at = reckoning.opening(entry, m["planned_at"], book) if entry else m["planned_at"]
    if state is FireState.PUBLISHED:
        at = m["settled_at"]
    return Fire(
        m["plan_id"], entry.named(m["occasion"]) if entry else m["plan_id"], at, m["units"], state, m["reason"],
        m["is_provisional"], entry is not None and entry.audience.is_admins, bool(m["is_trial"]),
        bool(m["decided_by"]), m["id"], m["notice_id"], owes_answers=m["notice_due_at"] is not None,
    )  # fmt: skip


def _to_come(tx: Tx, book: Book, start: dt.datetime, known: frozenset[_Key]) -> Iterator[Fire]:
    """What is owed this day and has no row yet."""
    looked_until = {row.id: row.looked_until for row in tx.execute(sa.select(_p.c.id, _p.c.looked_until))}
    on, everyone = switching.enabled(tx, book), units.every(tx)
    end = start + DAY
    for entry in book.entries.values():
        if entry.id not in on or entry.is_manual:
            continue
        after = max(start - DAY, looked_until.get(entry.id, start - DAY))
        shares = switching.shares_of(entry, everyone, book)
        for batch in reckoning.batches(entry, shares, book, after=after, until=end - firing.TICK):
            at = reckoning.opening(entry, batch.planned_at, book)
            if start <= at < end and (entry.id, batch.planned_at, batch.due_at) not in known:
                yield _expected(tx, entry, book, shares, batch, at)


def _expected(tx: Tx, entry: Entry, book: Book, shares: list[Share], batch: Batch, at: dt.datetime) -> Fire:
    units_left, reason = _spared(tx, entry, book, shares, batch, at)
    if entry.unless == "next_year_known" and firing.next_year_is_known(batch.planned_at, book):
        units_left, reason = 0, firing.KNOWN_ALREADY
    if never := reckoning.left_out(entry, batch, book):
        units_left, reason = 0, never
    return Fire(
        entry.id, entry.named(batch.occurrence.occasion), at, units_left, None, reason,
        batch.occurrence.is_provisional, entry.audience.is_admins,
    )  # fmt: skip


def _spared(
    tx: Tx, entry: Entry, book: Book, shares: list[Share], batch: Batch, at: dt.datetime
) -> tuple[int, str]:
    """How many will be meant as things stand, and why others not; `firing` decides it when the time has come."""
    if entry.is_urgent:
        return len(batch.units), ""
    meant = {unit.id for unit in batch.units}
    days = {instant.astimezone(book.zone).date() for instant in (batch.planned_at, at)}
    closed = meant & frozenset[int]().union(*(days_off.closed(tx, day, batch.units) for day in days))
    examined = collections.Counter(
        name
        for share in shares
        if (name := next((exam for day in sorted(days) if (exam := share.calendar.quiet_on(day))), ""))
        for unit in share.units
        if unit.id in meant and unit.id not in closed
    )
    reasons = [f"{firing.CLOSED} {len(closed)} 校"] if closed else []
    reasons += [f"{name} {count} 校" for name, count in sorted(examined.items())]
    return len(meant) - len(closed) - examined.total(), "、".join(reasons)


def _with_reach(tx: Tx, fires: list[Fire]) -> list[Fire]:
    out = [one.notice_id for one in fires if one.is_out and one.notice_id is not None]
    reach = reached.counted(tx, out)
    return [
        replace(one, reach=reach[one.notice_id]) if one.is_out and one.notice_id in reach else one
        for one in fires
    ]

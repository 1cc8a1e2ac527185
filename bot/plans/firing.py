"""Plans that fire by themselves: each occurrence once, in one transaction, or a row that says why not.

Rows decide. `plan.looked_until` says up to where a plan's occurrences are dealt with, `plan.next_fire_at` when to look
again, and `fire` holds what became of each; its key makes a second one of the same impossible.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot import errors
from bot.calendar.school import SchoolCalendar
from bot.db import Tx
from bot.notices import publish
from bot.plans import book as books
from bot.plans import days_off, model, owners, reckoning
from bot.plans.book import Book
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.plans.reckoning import Batch
from bot.roster import bindings, units

PUNCTUAL = dt.timedelta(minutes=1)  # nobody calls that late, whatever a plan allows
SET_BACK = dt.timedelta(minutes=1)  # clocks of two machines differ by less
_p, _f = model.plan, model.fire
TICK = dt.timedelta(microseconds=1)
Instants = tuple[dt.datetime, dt.datetime]  # planned, due

MISSED = "机器人当时没有运行,后面又有一次"
SUPERSEDED = "没有人定,后面又有一次"
EDITED = "到时间前计划改了时间"
KNOWN_ALREADY = "次年放假安排已经有了"
CLOSED = "今天停课"
EMPTY = "现在没有任何单位"
MOVED = "放假日期改了,这一次不发"
PAUSED = "计划暂停中"
SET_RIGHT = "时钟调回来了,到时再定"
RECONSIDERED = (MOVED, PAUSED, SET_RIGHT)  # what was left out for these can come about after all


@dataclass(frozen=True, slots=True)
class Fired:
    """What became of one occurrence."""

    plan_id: str
    planned_at: dt.datetime
    state: FireState
    reason: str = ""
    notice_id: int | None = None
    units: int = 0


def waiting(tx: Tx, book: Book, *, now: dt.datetime) -> list[str]:
    """The plans that want attention: due, never seen, reckoned from other files, or ahead of the clock."""
    rows = {row.id: row for row in tx.execute(sa.select(_p))}

    def wants(plan_id: str) -> bool:
        row = rows.get(plan_id)
        if row is None or row.reckoned_with != book.mark or row.looked_until > now + SET_BACK:
            return True
        return row.next_fire_at is not None and row.next_fire_at <= now

    return [plan_id for plan_id in book.entries if wants(plan_id)]


def attend(tx: Tx, now: dt.datetime, plan_id: str, *, book: Book) -> list[Fired]:
    """Whatever of this plan is due now is published, put to its owner, or skipped with a reason.

    Another process that attends to the same plan is left to do it.
    """
    entry = book.entries[plan_id]
    learn(tx, now, entry)
    row = tx.execute(sa.select(_p).where(_p.c.id == plan_id).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return []
    looked_until = _turned_back(tx, now, row) if row.looked_until > now + SET_BACK else row.looked_until
    changed = _edited(tx, now, entry, row)
    if changed.get("looked_until"):
        looked_until = now
    is_enabled = changed.get("is_enabled", row.is_enabled)
    fired: list[Fired] = []
    next_fire_at = None
    if is_enabled:
        fired, held = _fire(tx, now, entry, book, after=looked_until)
        looked_until = max(looked_until, now) if held is None else held - TICK
        next_fire_at = reckoning.next_look(entry, book, looked_until=looked_until, now=now)
    else:
        looked_until = now
        withdraw(tx, now, plan_id, PAUSED)
    values = changed | {
        "looked_until": looked_until, "next_fire_at": next_fire_at, "reckoned_with": book.mark,
    }  # fmt: skip
    tx.execute(_p.update().where(_p.c.id == plan_id).values(values))
    return fired


def learn(tx: Tx, now: dt.datetime, entry: Entry) -> None:
    """A plan seen for the first time has its row; it fires from now on, never backwards."""
    values = {
        "id": entry.id, "is_enabled": entry.enabled, "file_enabled": entry.enabled, "timing": books.timing(entry),
        "looked_until": now, "changed_by": "file", "changed_at": now,
    }  # fmt: skip
    tx.execute(_insert(tx, _p).values(values).on_conflict_do_nothing())


def _insert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)


def _turned_back(tx: Tx, now: dt.datetime, row: sa.Row[tuple[object, ...]]) -> dt.datetime:
    """The clock was ahead and has been set right: what was taken for missed in that future is yet to come.

    Its rows stay: a card that asks carries its row's number. What was decided before the clock ran ahead holds.
    """
    wrong = sa.or_(
        _f.c.state == FireState.ASKED.value,
        sa.and_(_f.c.state == FireState.SKIPPED.value, _f.c.settled_at > now),
    )
    query = sa.select(_f.c.id).where(_f.c.plan_id == row.id, _f.c.planned_at > now, wrong)
    for fire_id in tx.execute(query).scalars().all():
        tx.execute(_f.update().where(_f.c.id == fire_id).values(decided_by=""))
        end(tx, now, fire_id, FireState.SKIPPED, reason=SET_RIGHT)
        owners.refresh(tx, now, fire_id)
    return now


def _edited(tx: Tx, now: dt.datetime, entry: Entry, row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    """What the file says anew: its word on being enabled, and other times, from now on only."""
    changed: dict[str, object] = {}
    if entry.enabled != row.file_enabled:
        changed |= {
            "file_enabled": entry.enabled,
            "is_enabled": entry.enabled,
            "changed_by": "file",
            "changed_at": now,
        }
        if entry.enabled and not row.is_enabled:
            changed["looked_until"] = now
    if row.timing != books.timing(entry):
        changed |= {
            "timing": books.timing(entry),
            "looked_until": now,
            "changed_by": "file",
            "changed_at": now,
        }
        if row.is_enabled and row.next_fire_at is not None and row.looked_until < row.next_fire_at <= now:
            _write(tx, now, entry.id, row.next_fire_at, row.next_fire_at, FireState.SKIPPED, reason=EDITED)
    return changed


def _fire(
    tx: Tx, now: dt.datetime, entry: Entry, book: Book, *, after: dt.datetime
) -> tuple[list[Fired], dt.datetime | None]:
    """Settle everything planned since; also the earliest that must wait for the end of quiet hours."""
    shares, fault = _shares(tx, entry, book)
    known = _known(tx, entry.id, after)
    found = reckoning.batches(entry, shares, book, after=after, until=now + reckoning.A_DAY_AHEAD)
    past = [batch for batch in found if batch.planned_at <= now]
    newest = reckoning.newest(past)
    is_quiet = reckoning.opening(entry, now, book) > now
    fired: list[Fired] = []
    held: dt.datetime | None = None
    for batch in past:
        proposal = known.get((batch.planned_at, batch.due_at))
        if proposal is not None and proposal.state != FireState.PROPOSED:
            continue
        if batch not in newest:
            fired.append(leave_out(tx, now, entry, batch, MISSED))
        elif fault:
            fired.append(leave_out(tx, now, entry, batch, fault))
        elif is_quiet:
            held = held or batch.planned_at
        else:
            fired.append(_settle(tx, now, entry, book, batch))
        if proposal is not None:
            owners.refresh(tx, now, proposal.id)
    for batch in found[len(past) :]:
        if (batch.planned_at, batch.due_at) not in known and not fault:
            _propose(tx, now, entry, book, batch)
    withdraw(tx, now, entry.id, MOVED, but={(batch.planned_at, batch.due_at) for batch in found})
    return fired, held


def _shares(tx: Tx, entry: Entry, book: Book) -> tuple[list[books.Share], str]:
    """The plan's audience by calendar; where there is nobody, the offices' days and the reason."""
    try:
        shares, fault = books.shares(entry, units.every(tx), book.calendars), EMPTY
    except errors.Refused as refused:
        shares, fault = [], refused.sentence
    return (shares, "") if shares else ([books.Share(book.calendars.of(), ())], fault)


def withdraw(
    tx: Tx, now: dt.datetime, plan_id: str, reason: str, *, but: Collection[Instants] = frozenset()
) -> None:
    """What was put to the owner, but for these, will not be: its day has moved, or the plan is off."""
    query = sa.select(_f).where(_f.c.plan_id == plan_id, _f.c.state == FireState.PROPOSED.value)
    for row in tx.execute(query).all():
        if (row.planned_at, row.due_at) not in but:
            end(tx, now, row.id, FireState.SKIPPED, reason=reason)
            owners.refresh(tx, now, row.id)


@dataclass(frozen=True, slots=True)
class _Known:
    id: int
    state: FireState


def is_final() -> sa.ColumnElement[bool]:
    """Of a fire's row: whatever comes, it stays as it is."""
    return sa.or_(_f.c.state != FireState.SKIPPED.value, _f.c.reason.not_in(RECONSIDERED))


def _known(tx: Tx, plan_id: str, after: dt.datetime) -> dict[Instants, _Known]:
    later = (_f.c.plan_id == plan_id, _f.c.planned_at > after, is_final())
    rows = tx.execute(sa.select(_f.c.id, _f.c.planned_at, _f.c.due_at, _f.c.state).where(*later))
    return {(row.planned_at, row.due_at): _Known(row.id, FireState(row.state)) for row in rows}


def _propose(tx: Tx, now: dt.datetime, entry: Entry, book: Book, batch: Batch) -> None:
    """What hangs on a 暂定 day is put to its owner a day ahead."""
    at = reckoning.proposed_at(entry, batch.occurrence, book)
    if at is None or at > now:
        return
    fire_id = write(tx, now, entry.id, batch, FireState.PROPOSED)
    owners.ask(tx, now, entry, fire_id)


def _settle(tx: Tx, now: dt.datetime, entry: Entry, book: Book, batch: Batch) -> Fired:
    """Publish it, ask its owner, or skip it; one of the three, for good."""
    if reason := reckoning.left_out(entry, batch, book):
        return leave_out(tx, now, entry, batch, reason)
    if entry.unless == "next_year_known" and next_year_is_known(now, book):
        return leave_out(tx, now, entry, batch, KNOWN_ALREADY)
    left, reason = spared(tx, now, entry, book, batch)
    if not left and not entry.audience.is_admins:
        return leave_out(tx, now, entry, batch, reason or EMPTY)
    opens = reckoning.opening(entry, batch.planned_at, book)
    is_over = entry.due is not None and batch.due_at <= now
    if is_over or now - opens > max(entry.late, PUNCTUAL):
        fire_id = write(tx, now, entry.id, batch, FireState.ASKED)
        owners.ask(tx, now, entry, fire_id)
        return Fired(entry.id, batch.planned_at, FireState.ASKED)
    return send(tx, now, entry, book, batch, meant=(left, reason), due_at=batch.due_at, by=f"plan:{entry.id}")


def spared(
    tx: Tx, now: dt.datetime, entry: Entry, book: Book, batch: Batch
) -> tuple[frozenset[int], str]:  # fmt: skip
    """The ids of the units that are really meant, and why others are not: 停课, or an examination.

    On the day for which it was planned, or today: it may have waited for the night to end. What is urgent reaches
    all. Until this transaction ends no officer closes or opens a school.
    """
    bindings.hold_still(tx)
    everyone = frozenset(u.id for u in batch.units)
    if entry.is_urgent:
        return everyone, ""
    days = {at.astimezone(book.zone).date() for at in (batch.planned_at, now)}
    closed = frozenset[int]().union(*(days_off.closed(tx, day, batch.units) for day in days))
    exam = {u.id: examination(calendar, days) for u, calendar in _calendars(batch, book, tx)}
    examined = frozenset(unit_id for unit_id, name in exam.items() if name) - closed
    reasons = [f"{CLOSED} {len(closed)} 校"] if closed else []
    reasons += [
        f"{name} {sum(exam[i] == name for i in examined)} 校" for name in sorted({exam[i] for i in examined})
    ]
    return everyone - closed - examined, "、".join(reasons)


def examination(calendar: SchoolCalendar, days: Iterable[dt.date]) -> str:
    """The first one on these days, or ''."""
    return next(filter(None, map(calendar.quiet_on, sorted(days))), "")


def _calendars(batch: Batch, book: Book, tx: Tx) -> list[tuple[units.Unit, SchoolCalendar]]:
    codes = {u.id: u.code for u in units.every(tx)} if book.calendars.rows.quiet else {}
    return [(u, book.calendars.of(u.stage, codes.get(u.county_id or 0, ""))) for u in batch.units]


def next_year_is_known(now: dt.datetime, book: Book) -> bool:
    return book.calendars.days.is_covered(now.astimezone(book.zone).year + 1)


def send(
    tx: Tx, now: dt.datetime, entry: Entry, book: Book, batch: Batch, *, meant: tuple[frozenset[int], str],
    due_at: dt.datetime, by: str,
) -> Fired:  # fmt: skip
    """The notice is out and its row written; what waited for an owner's word before it is over.

    Args:
        meant: as `spared` tells it.
    """
    left, reason = meant
    try:
        with tx.begin_nested():
            draft = entry.draft(
                now, book.words, calendar=batch.calendar, occurrence=batch.occurrence,
                due_at=due_at if entry.due else None,
            )  # fmt: skip
            done = publish.publish(tx, now, draft, by=by, only=None if entry.audience.is_admins else left)
    except errors.Refused as fault:
        return leave_out(tx, now, entry, batch, fault.sentence)
    write(
        tx,
        now,
        entry.id,
        batch,
        FireState.PUBLISHED,
        reason=reason,
        notice_id=done.notice_id,
        units=done.units,
    )
    older = (
        _f.c.plan_id == entry.id,
        _f.c.state == FireState.ASKED.value,
        _f.c.planned_at < batch.planned_at,
    )
    for fire_id in tx.execute(sa.select(_f.c.id).where(*older)).scalars().all():
        end(tx, now, fire_id, FireState.SKIPPED, reason=SUPERSEDED)
        owners.refresh(tx, now, fire_id)
    return Fired(entry.id, batch.planned_at, FireState.PUBLISHED, reason, done.notice_id, done.units)


def leave_out(tx: Tx, now: dt.datetime, entry: Entry, batch: Batch, reason: str) -> Fired:
    """Its row says why nothing is sent."""
    write(tx, now, entry.id, batch, FireState.SKIPPED, reason=reason)
    return Fired(entry.id, batch.planned_at, FireState.SKIPPED, reason)


def write(
    tx: Tx, now: dt.datetime, plan_id: str, batch: Batch, state: FireState, *, reason: str = "",
    notice_id: int | None = None, units: int | None = None,
) -> int:  # fmt: skip
    """The row of this occurrence says so; its id."""
    return _write(
        tx, now, plan_id, batch.planned_at, batch.due_at, state, reason=reason, notice_id=notice_id,
        units=len(batch.units) if units is None else units, occasion=batch.occurrence.occasion,
        is_provisional=batch.occurrence.is_provisional,
    )  # fmt: skip


def _write(
    tx: Tx, now: dt.datetime, plan_id: str, planned_at: dt.datetime, due_at: dt.datetime, state: FireState, *,
    reason: str = "", notice_id: int | None = None, units: int = 0, occasion: str = "", is_provisional: bool = False,
) -> int:  # fmt: skip
    is_over = state in (FireState.PUBLISHED, FireState.SKIPPED)
    values = {
        "state": state.value, "reason": reason[:200], "notice_id": notice_id, "units": units,
        "settled_at": now if is_over else None,
    }  # fmt: skip
    if state is FireState.ASKED:
        values["decided_by"] = ""  # that it should be sent in time was another question
    row = {
        "plan_id": plan_id, "planned_at": planned_at, "due_at": due_at, "occasion": occasion[:40],
        "is_provisional": is_provisional, "created_at": now,
    }  # fmt: skip
    it = _insert(tx, _f).values(row | values)
    it = it.on_conflict_do_update(index_elements=[_f.c.plan_id, _f.c.planned_at, _f.c.due_at], set_=values)
    return int(tx.execute(it.returning(_f.c.id)).scalar_one())


def end(
    tx: Tx,
    now: dt.datetime,
    fire_id: int,
    state: FireState,
    *,
    reason: str = "",
    notice_id: int | None = None,
) -> None:
    """The occurrence is over."""
    values = {"state": state.value, "reason": reason[:200], "settled_at": now, "notice_id": notice_id}
    tx.execute(_f.update().where(_f.c.id == fire_id).values(values))

"""What administrators are told of the plans by itself: the day's, morning and evening; one that is late, at once.

Rows decide: `day_report` and `late_fire` each hold what has been told, so that no second process and no restart tells it
again. The words are made when the message leaves, in `report_messages`.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx
from bot.delivery import model as delivery
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.plans import model, owners, reckoning, switching, today
from bot.plans.book import Book
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.roster import people, units
from bot.roster.access import Role, Scope
from bot.summaries import doctor, hands
from bot.summaries.hands import Need

DAY_KIND, LATE_KIND = "day_report", "late_fire"
LATE = dt.timedelta(minutes=5)
LOOK_EVERY = dt.timedelta(seconds=15)
LOOK_BACK = dt.timedelta(days=1)  # what was late longer ago than that is history
_p, _f, _r, _l = model.plan, model.fire, model.day_report, model.late_fire
_d, _g = delivery.delivery, delivery.posting


class Part(StrEnum):
    """Of the day: what is told then is told once, and not later than that part lasts."""

    MORNING = "morning"
    EVENING = "evening"


HOURS = {Part.MORNING: (dt.time(7, 30), dt.time(12, 0)), Part.EVENING: (dt.time(18, 30), dt.time.max)}


@dataclass(slots=True)
class Watch:
    """One process's pause between two looks; it only spares looks."""

    _looked_at: dt.datetime | None = None

    def is_time(self, now: dt.datetime) -> bool:
        """Whether a look is due; asking is taking it."""
        at = self._looked_at
        if at is not None and dt.timedelta(0) <= now - at < LOOK_EVERY:
            return False
        self._looked_at = now
        return True


# ── morning and evening ──────────────────────────────────────────────────────────────────────────


def part_of(now: dt.datetime, book: Book) -> Part | None:
    """The part of the day whose message may leave now; quiet hours bind it."""
    time = now.astimezone(book.zone).time()
    if book.quiet.is_quiet(now):
        return None
    return next((part for part, (start, end) in HOURS.items() if start <= time < end), None)


def subject(now: dt.datetime, book: Book, part: Part) -> str:
    """What a delivery of this part of the day is about."""
    return f"{now.astimezone(book.zone).date()}:{part.value}"


def tell(tx: Tx, now: dt.datetime, *, book: Book) -> Part | None:
    """The administrators are owed what this part of the day is to tell, if anything; None where it is settled already."""
    part, day = part_of(now, book), now.astimezone(book.zone).date()
    if part is None or tx.execute(sa.select(_r).where(_r.c.day == day, _r.c.part == part.value)).first():
        return None
    chats = _administrators(tx) if _is_worth_it(tx, now, book, part) else []
    it = _insert(tx, _r).values(day=day, part=part.value, chats=len(chats), at=now).on_conflict_do_nothing()
    if not tx.execute(it).rowcount:  # another process has told it
        return None
    for chat_id in chats:
        outbox.show(tx, now, chat_id, DAY_KIND, subject(now, book, part), lane=Lane.INTERACTIVE)
    return part


def _is_worth_it(tx: Tx, now: dt.datetime, book: Book, part: Part) -> bool:
    it = today.read(tx, now, book=book)
    if part is Part.EVENING:
        return it.has_begun
    return bool(it.everything) or any(need.is_bad for need in needs(tx, now, book=book))


def needs(tx: Tx, now: dt.datetime, *, book: Book, within: Scope | None = None) -> list[Need]:
    """What needs a person's hands: faults of the files, what `doctor` calls bad, what `hands` finds.

    Args:
        within: whose chats the reader may see; what is nobody's is only for who may see everything, which None is.
    """
    found = hands.read(tx, now, within=within)
    if within is not None and not within.everything:
        return found
    faults = [Need(hands.FAULT, text=f"计划和校历:{fault}") for fault in book.faults]
    bad = [Need(hands.OTHER, text=finding.text) for finding in doctor.others(tx, now) if finding.bad]
    return faults + bad + found


def _administrators(tx: Tx) -> list[ChatId]:
    return list(dict.fromkeys(r.chat_id for r in people.reachable(tx, roles=(Role.ADMIN,))))


# ── at once ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Late:
    """An occurrence more than five minutes behind."""

    plan_id: str
    planned_at: dt.datetime
    due_at: dt.datetime
    occasion: str
    units: int


def alarm(tx: Tx, now: dt.datetime, *, book: Book, rate: float) -> list[Late]:
    """Whoever is in charge, and the administrators, are owed word of each late occurrence, once; of which.

    Late is what has neither gone out, nor been put to its owner, nor been left out; what went out late by itself; and
    what went out and has cards that no call has settled.

    Args:
        rate: calls a second, by which a large audience may take its time.
    """
    told = []
    for one in (*_unfired(tx, now, book), *_fired_late(tx, now, book), *_slow(tx, now, book, rate)):
        values = {
            "plan_id": one.plan_id, "planned_at": one.planned_at, "due_at": one.due_at, "occasion": one.occasion,
            "units": one.units, "at": now,
        }  # fmt: skip
        late_id = tx.execute(
            _insert(tx, _l).values(values).on_conflict_do_nothing().returning(_l.c.id)
        ).scalar()
        if late_id is None:
            continue
        entry = book.entries[one.plan_id]
        opens = now if entry.is_urgent else book.quiet.opening(now)
        for chat_id in dict.fromkeys([*_administrators(tx), *owners.in_charge(tx, entry.owner)]):
            outbox.show(tx, now, chat_id, LATE_KIND, late_id, lane=Lane.INTERACTIVE, not_before=opens)
        told.append(one)
    return told


def _unfired(tx: Tx, now: dt.datetime, book: Book) -> list[Late]:
    """Due for longer than allowed, and nothing has become of it: nobody attends to the plan, or attending fails."""
    behind = sa.select(_p.c.id, _p.c.looked_until).where(_p.c.is_enabled, _p.c.next_fire_at <= now - LATE)
    found = []
    everyone: list[units.Unit] | None = None
    for row in tx.execute(behind).all():
        entry = book.entries.get(row.id)
        if entry is None:
            continue
        everyone = units.every(tx) if everyone is None else everyone
        shares = switching.shares_of(entry, everyone, book)
        past = reckoning.batches(entry, shares, book, after=row.looked_until, until=now)
        for batch in reckoning.newest(past):
            is_late = reckoning.opening(entry, batch.planned_at, book) <= now - LATE
            if is_late and not _is_settled(tx, entry, batch.planned_at, batch.due_at):
                occasion = batch.occurrence.occasion[:40]
                found.append(Late(entry.id, batch.planned_at, batch.due_at, occasion, len(batch.units)))
    return found


def _is_settled(tx: Tx, entry: Entry, planned_at: dt.datetime, due_at: dt.datetime) -> bool:
    here = (_f.c.plan_id == entry.id, _f.c.planned_at == planned_at, _f.c.due_at == due_at)
    state = tx.execute(sa.select(_f.c.state).where(*here)).scalar()
    return state is not None and state != FireState.PROPOSED


def _recent(tx: Tx, now: dt.datetime, book: Book) -> list[tuple[sa.RowMapping, Entry]]:
    """What was published within a day and has not been told of."""
    same = (_l.c.plan_id == _f.c.plan_id, _l.c.planned_at == _f.c.planned_at, _l.c.due_at == _f.c.due_at)
    query = sa.select(_f).where(
        _f.c.state == FireState.PUBLISHED.value, _f.c.settled_at > now - LOOK_BACK, ~sa.exists().where(*same)
    )
    rows = tx.execute(query).mappings().all()
    return [(row, book.entries[row["plan_id"]]) for row in rows if row["plan_id"] in book.entries]


def _fired_late(tx: Tx, now: dt.datetime, book: Book) -> list[Late]:
    """It went out by itself, but late; what its owner had made up for he knows."""
    found = []
    for row, entry in _recent(tx, now, book):
        opens = reckoning.opening(entry, row["planned_at"], book)
        was_asked = bool(row["decided_by"]) and row["created_at"] > opens
        if row["settled_at"] > opens + LATE and not was_asked:
            found.append(_late(row))
    return found


def _slow(tx: Tx, now: dt.datetime, book: Book, rate: float) -> list[Late]:
    """It is out, and first cards have waited for longer than its size explains."""
    posted = sa.exists().where(
        _g.c.chat_id == _d.c.chat_id, _g.c.kind == _d.c.kind, _g.c.subject == _d.c.subject
    )
    waiting = sa.select(_d.c.subject, sa.func.min(_d.c.enqueued_at)).where(
        _OPEN, _d.c.kind == "card", _d.c.enqueued_at <= now - LATE, ~posted
    )
    since = {row[0]: row[1] for row in tx.execute(waiting.group_by(_d.c.subject))}
    if not since:
        return []
    return [
        _late(row)
        for row, _ in _recent(tx, now, book)
        if (at := since.get(str(row["notice_id"]))) is not None
        and now - at > LATE + dt.timedelta(seconds=row["units"] / rate)
    ]


# Spelled out, not bound: an index on part of a table is used only where its condition is seen.
_OPEN = _d.c.state.in_([sa.literal_column(f"'{state.value}'") for state in delivery.OPEN_STATES])


def _late(row: sa.RowMapping) -> Late:
    return Late(row["plan_id"], row["planned_at"], row["due_at"], row["occasion"], row["units"])


def _insert(tx: Tx, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)

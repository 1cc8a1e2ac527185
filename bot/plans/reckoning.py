"""What a plan owes: its occurrences for the units that share both instants, and when to look again. Writes nothing."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot import errors
from bot.calendar.school import SchoolCalendar
from bot.calendar.trigger import Occurrence
from bot.notices.rules import Kind
from bot.plans import book as books
from bot.plans.book import Book, Share
from bot.plans.content import Entry
from bot.roster.units import Unit

A_DAY_AHEAD = dt.timedelta(days=1)
AFTER_QUIET = "静默时段过后已过截止"
DUE_BEFORE = "截止在发出之前,请改 due"


@dataclass(slots=True)
class Batch:
    """One occurrence of a plan, for the units of the plan that share both of its instants.

    Attributes:
        due_at: planned_at where nothing is due.
        fault: why there is no due instant; '' where there is, or none is wanted.
    """

    planned_at: dt.datetime
    due_at: dt.datetime
    occurrence: Occurrence
    calendar: SchoolCalendar
    units: list[Unit] = field(default_factory=list)
    fault: str = ""


def batches(
    entry: Entry, shares: Iterable[Share], book: Book, *, after: dt.datetime, until: dt.datetime
) -> list[Batch]:
    """Everything planned in (after, until], in order of time."""
    found: dict[tuple[dt.datetime, dt.datetime], Batch] = {}
    for share in shares:
        for occurrence in books.occurrences(entry, share.calendar, after, until):
            due_at, fault = due(entry, occurrence, share.calendar, book)
            batch = found.setdefault(
                (occurrence.at, due_at), Batch(occurrence.at, due_at, occurrence, share.calendar, fault=fault)
            )
            batch.units += share.units
            if occurrence.is_provisional and not batch.occurrence.is_provisional:
                batch.occurrence = occurrence
    return [found[key] for key in sorted(found)]


def newest(past: list[Batch]) -> list[Batch]:
    """Those of what lies behind, in order of time, that are the latest for some unit."""
    latest = {unit.id: batch.planned_at for batch in past for unit in batch.units}
    last = past[-1].planned_at if past else None
    return [
        batch
        for batch in past
        if any(latest[unit.id] == batch.planned_at for unit in batch.units)
        or (not batch.units and batch.planned_at == last)
    ]


def due(
    entry: Entry, occurrence: Occurrence, calendar: SchoolCalendar, book: Book
) -> tuple[dt.datetime, str]:
    """When it is due, planned_at where nothing is; and why there is no such instant, or ''."""
    if entry.due is None:
        return occurrence.at, ""
    try:
        return entry.due.at(occurrence.at, book.zone, calendar=calendar, holiday=occurrence.holiday), ""
    except errors.Refused as fault:
        return occurrence.at, fault.sentence


def left_out(entry: Entry, batch: Batch, book: Book) -> str:
    """Why this can never be sent in time, whatever the day brings; '' where it can."""
    if fault := batch.fault or entry.lacks(batch.occurrence.occasion):
        return fault
    if entry.due is None:
        return ""
    if batch.due_at <= batch.planned_at:
        return DUE_BEFORE
    return AFTER_QUIET if opening(entry, batch.planned_at, book) >= batch.due_at else ""


def opening(entry: Entry, instant: dt.datetime, book: Book) -> dt.datetime:
    """When what is planned for this instant may be sent: quiet hours bind all but what is urgent."""
    return instant if entry.is_urgent else book.quiet.opening(instant)


def proposed_at(entry: Entry, occurrence: Occurrence, book: Book) -> dt.datetime | None:
    """When an occurrence that hangs on a 暂定 day is put to its owner; None where it is not.

    A day ahead. A silent reminder told by no holiday is not worth a question: it is only marked.
    """
    if not occurrence.is_provisional or not (occurrence.occasion or entry.kind is not Kind.REMINDER):
        return None
    at = book.quiet.opening(occurrence.at - A_DAY_AHEAD)
    return at if at < occurrence.at else None


def next_look(entry: Entry, book: Book, *, looked_until: dt.datetime, now: dt.datetime) -> dt.datetime | None:
    """The next instant at which something of the plan may be due; None if there is nothing to come.

    For whatever school there may be: the roster is not asked, so that nobody must tell the plan of its changes.
    """
    found: list[dt.datetime] = []
    for calendar in book.calendars.every():
        for trigger in entry.triggers:
            first = trigger.next_after(looked_until, calendar)
            if first is None:
                continue
            found.append(opening(entry, max(first.at, now), book))
            later = trigger.next_after(first.at, calendar)
            proposals = [proposed_at(entry, one, book) for one in (first, later) if one is not None]
            found += [at for at in proposals if at is not None and at > now]
    return min(found, default=None)

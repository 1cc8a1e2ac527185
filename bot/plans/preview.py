"""What the plans will do between two days, and for each day left out why; nothing is written."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot import errors
from bot.calendar.days import DAY, FRIDAY, each
from bot.calendar.school import SchoolCalendar
from bot.calendar.school_triggers import EverySchoolDay, OfWeek
from bot.calendar.trigger import Trigger, instant_of
from bot.db import Tx
from bot.plans import book as books
from bot.plans import days_off, firing, model, reckoning, switching
from bot.plans.book import Book, Share
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.plans.reckoning import Batch
from bot.roster import units
from bot.roster.units import Unit
from bot.texts import Words

PAUSED = firing.PAUSED
SHOWN = 4  # days left out for one reason that are named one by one
_f = model.fire


@dataclass(slots=True)
class Line:
    """One time of one plan.

    Attributes:
        at: when it is sent, quiet hours considered; of what is left out, when it would have been.
        units: how many are meant.
        skipped: why nothing is sent; None where it is.
    """

    plan: str
    title: str
    at: dt.datetime
    occasion: str
    units: int
    is_provisional: bool
    skipped: str | None


@dataclass(slots=True)
class _Seen:
    """What the database says of the time previewed."""

    enabled: frozenset[str]
    fires: dict[tuple[str, dt.datetime], str] = field(default_factory=dict)
    off: list[sa.RowMapping] = field(default_factory=list)


def build(tx: Tx, book: Book, *, first: dt.date, last: dt.date, only: str = "") -> list[Line]:
    """Every occurrence from one day to another, both included, in order of time; a paused plan's are left out as such.

    Days on which a plan of every school day or week keeps silent stand in it too, with the holiday as the reason.

    Args:
        only: this plan alone, and as if it were switched on; '' for all as they are.
    """
    everyone = units.every(tx)
    seen = _seen(tx, book, first, last)
    seen.enabled |= {only}
    lines: list[Line] = []
    for entry in [book.get(only)] if only else book.entries.values():
        lines += _Previewed(entry, book, seen).lines(everyone, first, last)
    order = {plan_id: number for number, plan_id in enumerate(book.entries)}
    return sorted(lines, key=lambda line: (line.at, order[line.plan], line.skipped or ""))


def _seen(tx: Tx, book: Book, first: dt.date, last: dt.date) -> _Seen:
    over = sa.select(_f.c.plan_id, _f.c.planned_at, _f.c.reason).where(
        _f.c.state == FireState.SKIPPED.value, firing.is_final()
    )
    fires = {(row.plan_id, row.planned_at): row.reason for row in tx.execute(over)}
    return _Seen(switching.enabled(tx, book), fires, days_off.standing(tx, first, last + DAY))


class _Previewed:
    """One plan's lines, growing share by share."""

    def __init__(self, entry: Entry, book: Book, seen: _Seen) -> None:
        self._entry, self._book, self._seen = entry, book, seen
        self._found: dict[tuple[dt.datetime, str], Line] = {}
        self._why = "" if entry.id in seen.enabled else PAUSED

    def lines(self, everyone: list[Unit], first: dt.date, last: dt.date) -> list[Line]:
        try:
            shares = books.shares(self._entry, everyone, self._book.calendars)
            nobody = "" if shares else firing.EMPTY
        except errors.Refused as fault:
            shares, nobody = [], fault.sentence
        self._why = self._why or nobody
        for share in shares or [Share(self._book.calendars.of(), ())]:
            self._add_occurrences(share, first, last)
            for at, reason in _days_out(self._entry, share.calendar, first, last):
                self._add(at, reason, len(share.units), self._why or reason)
        return list(self._found.values())

    def _add_occurrences(self, share: Share, first: dt.date, last: dt.date) -> None:
        start = dt.datetime.combine(first, dt.time(), self._book.zone) - firing.TICK
        end = dt.datetime.combine(last + DAY, dt.time(), self._book.zone) - firing.TICK
        for one in books.occurrences(self._entry, share.calendar, start, end):
            due_at, fault = reckoning.due(self._entry, one, share.calendar, self._book)
            batch = Batch(one.at, due_at, one, share.calendar, fault=fault)
            why = self._why or self._condition(batch)
            unsure = one.is_provisional or self._entry.is_due_unsure(
                one.at, due_at, share.calendar, self._book.zone
            )
            at = reckoning.opening(self._entry, one.at, self._book)
            for reason, count in self._spared(share, {one.at, at}):
                self._add(at, one.occasion, count, why or reason, is_provisional=unsure)

    def _add(
        self, at: dt.datetime, occasion: str, count: int, skipped: str, *, is_provisional: bool = False
    ) -> None:
        if (at, skipped) not in self._found:
            title = self._entry.named(occasion)
            self._found[at, skipped] = Line(self._entry.id, title, at, occasion, 0, False, skipped or None)
        line = self._found[at, skipped]
        line.units += count
        line.is_provisional |= is_provisional

    def _condition(self, batch: Batch) -> str:
        """What became of it already, or why the plan keeps silent."""
        entry, at = self._entry, batch.planned_at
        if never := reckoning.left_out(entry, batch, self._book):
            return never
        known = entry.unless == "next_year_known" and firing.next_year_is_known(at, self._book)
        return self._seen.fires.get((entry.id, at), "") or (firing.KNOWN_ALREADY if known else "")

    def _spared(self, share: Share, instants: set[dt.datetime]) -> list[tuple[str, int]]:
        """How many are meant (reason ''), and how many are left in peace, and why.

        Args:
            instants: for which it is planned, and at which it is sent.
        """
        days = {at.astimezone(self._book.zone).date() for at in instants}
        if self._entry.is_urgent:
            return [("", len(share.units))]
        if exam := firing.examination(share.calendar, days):
            return [(exam, len(share.units))]
        rows = [row for row in self._seen.off if row["day"] in days]
        closed = sum(any(days_off.covers(row, unit) for row in rows) for unit in share.units) if rows else 0
        open_ = [("", len(share.units) - closed)] if closed < len(share.units) or not closed else []
        return [*open_, (firing.CLOSED, closed)] if closed else open_


def _days_out(
    entry: Entry, calendar: SchoolCalendar, first: dt.date, last: dt.date
) -> Iterator[tuple[dt.datetime, str]]:
    """The weekdays on which a plan of every school day, or of every week, keeps silent, and why."""
    for trigger in entry.triggers:
        if isinstance(trigger, EverySchoolDay | OfWeek):
            for day, reason in _silent(trigger, calendar, first, last):
                yield instant_of(day, trigger.time, calendar), reason


def _silent(
    trigger: Trigger, calendar: SchoolCalendar, first: dt.date, last: dt.date
) -> Iterator[tuple[dt.date, str]]:
    for day in each(first, last):
        reason = "" if calendar.is_school_day(day) or day.weekday() > FRIDAY else _why_off(day, calendar)
        if not reason or (isinstance(trigger, OfWeek) and not _is_out(trigger, day, calendar)):
            continue
        yield day, reason


def _is_out(trigger: OfWeek, day: dt.date, calendar: SchoolCalendar) -> bool:
    """A Monday of a week that would have its turn and has no school day at all."""
    week = list(each(day, day + 6 * DAY))
    return day.weekday() == 0 and trigger.has_turn(day) and not any(map(calendar.is_school_day, week))


def _why_off(day: dt.date, calendar: SchoolCalendar) -> str:
    row = calendar.break_on(day)
    return calendar.holiday_on(day) or (row.name if row else "")


def told(lines: list[Line], words: Words) -> list[str]:
    """The lines for a terminal: one each, but days on which a plan keeps silent for one reason are told as a span."""
    found: list[str] = []
    spans: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.skipped is None:
            unsure = "(暂定)" if line.is_provisional else ""
            found.append(
                f"{words.moment(line.at)}{unsure}  {line.plan:<6}{line.units:>6} 个单位  {line.title}"
            )
        else:
            spans.setdefault((line.plan, line.skipped), []).append(line)
    if spans:
        found.append("不发的:")
    for (plan, reason), some in spans.items():
        days = f"{words.day(some[0].at)}" + (
            f" 到 {words.day(some[-1].at)} 共 {len(some)} 次" if len(some) > 1 else ""
        )
        found.append(f"  {plan:<6}{reason}:{days}")
    return found or ["这些天没有要发的。"]

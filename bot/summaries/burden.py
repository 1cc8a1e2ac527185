"""The burden of a month: how often each school was asked, and how often it tapped; told to the administrators, once.

It is for whoever plans the asking. Schools stand in the order of the roster and are never ranked; it is no page of a
group, a county or a school. A row decides that a month has been told, so that no restart and no second process tells it
again.
"""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.calendar.quiet import QuietHours
from bot.calendar.school import SchoolCalendar
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.model import Lane
from bot.notices import model as notices
from bot.notices import publish
from bot.roster import people, units
from bot.roster.access import Role
from bot.roster.units import Unit
from bot.summaries import model

KIND = "burden"
FROM, UNTIL = dt.time(10), dt.time(18)  # at nine the plans of the month's first day fire
KEEPS = dt.timedelta(days=7)  # after the month's first working day; later the next one is nearer
ANSWERED_WITHIN = dt.timedelta(days=60)  # what is tapped in a month was asked at most so long before it
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
_a, _n, _an, _m = notices.assignment, notices.notice, notices.answer, model.burden


@dataclass(frozen=True, slots=True)
class School:
    """One school's month.

    Attributes:
        asks: notices it owed an answer to, published in the month.
        taps: what its own people pressed or wrote in the month; one press that answers several items is one.
        a_week: the most routine asks of a week that ended in the month.
    """

    name: str
    row: tuple[int, str, str]  # position, code, name of the line it is counted in
    asks: int
    taps: int
    a_week: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is spread over schools: half of them have at most `median`, none more than `most`."""

    median: float
    most: int


@dataclass(frozen=True, slots=True)
class Line:
    """Schools together.

    Attributes:
        over: how many of them were asked more often in a week than the house allows.
    """

    name: str
    schools: int
    asks: Spread
    taps: Spread
    over: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month's burden; lines and schools in administrative order.

    Attributes:
        first: its first day.
        notices: how many asked a school for an answer.
        cap: routine asks a week that the house allows.
    """

    first: dt.date
    notices: int
    cap: int
    total: Line
    lines: tuple[Line, ...]
    schools: tuple[School, ...]

    @property
    def over(self) -> list[School]:
        """The schools that were asked more often in a week than the house allows."""
        return [school for school in self.schools if school.a_week > self.cap]


# ── counted ──────────────────────────────────────────────────────────────────────────────────────


def month_before(day: dt.date) -> dt.date:
    """The first day of the month before this day's."""
    return (day.replace(day=1) - DAY).replace(day=1)


def month_after(first: dt.date) -> dt.date:
    """The first day of the next month."""
    return (first + 31 * DAY).replace(day=1)


def read(tx: Tx, first: dt.date, *, cap: int, zone: dt.tzinfo) -> Month:
    """The month that begins on this day; every school of today's roster, those nobody asked too.

    Trials and what was recalled are no burden. A week belongs to the month in which it ends.
    """
    after = month_after(first)
    asks, weeks, count = _asks(tx, first, after, zone)
    taps = _taps(tx, _midnight(first, zone), _midnight(after, zone))
    everyone = units.every(tx)
    by_id = {u.id: u for u in everyone}
    schools = tuple(
        School(u.name, _row(u, by_id), asks.get(u.id, 0), taps.get(u.id, 0), weeks.get(u.id, 0))
        for u in everyone
        if u.owes_answers
    )
    rows: dict[tuple[int, str, str], list[School]] = defaultdict(list)
    for school in schools:
        rows[school.row].append(school)
    lines = tuple(_line(row[2], rows[row], cap) for row in sorted(rows))
    return Month(first, count, cap, _line("", schools, cap), lines, schools)


def _row(unit: Unit, by_id: dict[int, Unit]) -> tuple[int, str, str]:
    code, name, position = publish.row_of(unit, by_id)
    return position, code, name


def _line(name: str, schools: Iterable[School], cap: int) -> Line:
    some = list(schools)
    over = sum(school.a_week > cap for school in some)
    return Line(name, len(some), _spread([s.asks for s in some]), _spread([s.taps for s in some]), over)


def _spread(figures: list[int]) -> Spread:
    return Spread(statistics.median(figures), max(figures)) if figures else Spread(0, 0)


def _asks(
    tx: Tx, first: dt.date, after: dt.date, zone: dt.tzinfo
) -> tuple[dict[int, int], dict[int, int], int]:
    """Unit → asks of the month; unit → the most routine asks of a week that ends in it; how many notices the month had."""
    query = sa.select(_n.c.id, _n.c.published_at, _n.c.category)
    rows = tx.execute(query.where(*_real(_midnight(_monday(first), zone), _midnight(after, zone))))
    days = [(row.id, row.published_at.astimezone(zone).date(), row.category) for row in rows]
    asked = [number for number, day, _ in days if day >= first]
    weeks: dict[int, int] = defaultdict(int)
    for monday in {_monday(day) for _, day, _ in days if _monday(day) + WEEK <= after}:
        routine = [number for number, day, kind in days if kind == "routine" and _monday(day) == monday]
        for unit_id, count in _counted(tx, routine).items():
            weeks[unit_id] = max(weeks[unit_id], count)
    return _counted(tx, asked), weeks, len(asked)


def _counted(tx: Tx, notice_ids: list[int]) -> dict[int, int]:
    """Unit → of how many of these notices it owed an answer."""
    query = sa.select(_a.c.unit_id, sa.func.count()).where(
        _a.c.notice_id.in_(notice_ids), _a.c.contact_id.is_(None)
    )
    return {row[0]: row[1] for row in tx.execute(query.group_by(_a.c.unit_id))}


def _taps(tx: Tx, start: dt.datetime, end: dt.datetime) -> dict[int, int]:
    """Unit → how often somebody of its own answered; several items at once are one tap."""
    pressed = (
        sa.select(_an.c.assignment_id, _an.c.contact_id, _an.c.at)
        .join(_a, _a.c.id == _an.c.assignment_id)
        .join(_n, _n.c.id == _a.c.notice_id)
        .where(
            *_real(start - ANSWERED_WITHIN, end),
            _an.c.at >= start,
            _an.c.at < end,
            _an.c.on_behalf.is_(False),
        )
        .distinct()
        .subquery()
    )
    query = sa.select(_a.c.unit_id, sa.func.count()).join(pressed, pressed.c.assignment_id == _a.c.id)
    return {row[0]: row[1] for row in tx.execute(query.group_by(_a.c.unit_id))}


def _real(start: dt.datetime, end: dt.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _n.c.published_at >= start, _n.c.published_at < end, _n.c.is_trial.is_(False), _n.c.recalled_at.is_(None),
        _n.c.due_at.is_not(None),
    )  # fmt: skip


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def _midnight(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


# ── told ─────────────────────────────────────────────────────────────────────────────────────────


def is_time(now: dt.datetime, calendar: SchoolCalendar, quiet: QuietHours) -> bool:
    """Whether last month's may leave now: by day, from this month's first working day on."""
    local = now.astimezone(quiet.zone)
    first = next(iter(calendar.workdays_from(local.date().replace(day=1))))
    is_day = first <= local.date() < first + KEEPS and calendar.is_workday(local.date())
    return is_day and FROM <= local.time() < UNTIL and not quiet.is_quiet(now)


def tell(tx: Tx, now: dt.datetime, *, calendar: SchoolCalendar, quiet: QuietHours) -> int | None:
    """The administrators are owed last month's burden if anything was asked; how many, None where that is settled already."""
    month = month_before(now.astimezone(quiet.zone).date())
    if not is_time(now, calendar, quiet) or tx.execute(sa.select(_m).where(_m.c.month == month)).first():
        return None
    admins = people.reachable(tx, roles=(Role.ADMIN,)) if _asked(tx, month, quiet.zone) else []
    chats = list(dict.fromkeys(r.chat_id for r in admins))
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(_m)
    told = insert.values(month=month, chats=len(chats), at=now).on_conflict_do_nothing()
    if not tx.execute(told).rowcount:  # another process has told it
        return None
    outbox.show_each(tx, now, [(chat_id, str(month)) for chat_id in chats], KIND, lane=Lane.SCHEDULED)
    return len(chats)


def _asked(tx: Tx, first: dt.date, zone: dt.tzinfo) -> bool:
    real = _real(_midnight(first, zone), _midnight(month_after(first), zone))
    return tx.execute(sa.select(_n.c.id).where(*real).limit(1)).first() is not None

"""Of how many how many had answered, row by row: `queries.table` in two numbers, cheap enough to be asked for many notices.

What counts is what counts there: an excused unit owes nothing, and an answer withdrawn by then is none.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model, queries, rules
from bot.notices.queries import Notice
from bot.roster import access

_n, _a = model.notice, model.assignment


@dataclass(frozen=True, slots=True)
class Tally:
    """One row's two numbers; a sum of them is one too."""

    expected: int = 0
    answered: int = 0

    @property
    def missing(self) -> int:
        """未报."""
        return self.expected - self.answered

    @property
    def rate(self) -> float | None:
        """已报/应报 to 4 places; None where nothing is expected."""
        return round(self.answered / self.expected, 4) if self.expected else None


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """A row of tables, in administrative order."""

    position: int
    code: str
    name: str


def summed(some: Iterable[Tally]) -> Tally:
    """All of them as one."""
    every = list(some)
    return Tally(sum(t.expected for t in every), sum(t.answered for t in every))


def of(tx: Tx, notice: Notice, *, at: dt.datetime, within: access.Scope) -> dict[Line, Tally]:
    """Each row of the notice's table as it stood at this instant; only units within the scope."""
    if notice.kind is rules.Kind.DIRECTIVE:
        return _of_items(tx, notice, at, within)
    rows = tx.execute(_ROWS.where(_within(within)), {"notice_id": notice.id, "instant": at})
    return {Line(r.row_position, r.row_code, r.row_name): Tally(r.expected, r.answered) for r in rows}


def _of_items(tx: Tx, notice: Notice, at: dt.datetime, within: access.Scope) -> dict[Line, Tally]:
    """A directive is answered when each of its items is: that takes all that was said."""
    found: dict[Line, Tally] = {}
    for s in queries.statuses(tx, notice.id, at=at):
        if within.has(s.place):
            line = Line(s.row_position, s.row_code, s.row_name)
            found[line] = summed([found.get(line, Tally()), Tally(int(not s.excused), int(s.answered))])
    return dict(sorted(found.items()))


def fallen_due(tx: Tx, now: dt.datetime, *, within: access.Scope, limit: int) -> list[Notice]:
    """The newest notices whose table of due stands and which asked somebody within the scope, the oldest of them first.

    Neither trials nor what was recalled.
    """
    settled = _n.c.due_at <= now - rules.SETTLES_AFTER
    found = queries.some(
        tx, settled, _n.c.is_trial.is_(False), within=within, order=_n.c.due_at.desc(), limit=limit
    )
    return found[::-1]


def before(tx: Tx, notice: Notice) -> Notice | None:
    """The last time the same thing was asked; None the first time."""
    same = (_n.c.content_id == notice.content_id, _n.c.is_trial.is_(notice.is_trial))
    earlier = _n.c.published_at < notice.published_at
    everywhere = access.Scope(everything=True, counties=frozenset(), units=frozenset())
    found = queries.some(tx, *same, earlier, within=everywhere, order=_n.c.published_at.desc(), limit=1)
    return found[0] if found else None


def _within(scope: access.Scope) -> sa.ColumnElement[bool]:
    if scope.everything:
        return sa.true()
    return sa.or_(_a.c.county_id.in_(scope.counties), _a.c.unit_id.in_(scope.units))


def _rows() -> sa.Select[tuple[int, str, str, int, int]]:
    an, e = model.answer.c, model.excuse.c
    instant = sa.bindparam("instant", type_=_n.c.due_at.type)
    owes = ~sa.exists().where(
        e.assignment_id == _a.c.id, e.since <= instant, sa.or_(e.until.is_(None), e.until > instant)
    )
    said = sa.exists().where(
        an.assignment_id == _a.c.id, an.at <= instant,
        sa.or_(an.withdrawn_at.is_(None), an.withdrawn_at > instant),
    )  # fmt: skip
    row = (_a.c.row_position, _a.c.row_code, _a.c.row_name)
    return (
        sa.select(
            *row,
            sa.func.sum(sa.case((owes, 1), else_=0)).label("expected"),
            sa.func.sum(sa.case((sa.and_(owes, said), 1), else_=0)).label("answered"),
        )
        .where(_a.c.notice_id == sa.bindparam("notice_id"))
        .group_by(*row)
        .order_by(*row)
    )


_ROWS = _rows()


def by_line(tallies: Iterable[dict[Line, Tally]]) -> dict[Line, list[Tally | None]]:
    """Row → its numbers in each of the tables, None where it was not asked; in the order of the newest tables."""
    every = list(tallies)
    lines: dict[str, Line] = {line.code: line for table in every for line in table}
    found: dict[Line, list[Tally | None]] = defaultdict(list)
    for line in sorted(lines.values()):
        found[line] = [next((t for li, t in table.items() if li.code == line.code), None) for table in every]
    return dict(found)

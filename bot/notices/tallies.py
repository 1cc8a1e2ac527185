"""Of how many how many had answered, row by row: a table in two numbers, cheap enough to be asked for many notices."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.db import Tx
from bot.notices import counting, model, queries, rules
from bot.notices.queries import Notice
from bot.roster import access

_n = model.notice


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
    rows = counting.answered(tx, notice, at=at, within=within)
    return {Line(position, r.unit, r.name): Tally(r.expected, r.answered) for position, r in rows}


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
    found = queries.some(
        tx, *same, earlier, within=counting.EVERYWHERE, order=_n.c.published_at.desc(), limit=1
    )
    return found[0] if found else None


def by_line(tallies: Iterable[dict[Line, Tally]]) -> dict[Line, list[Tally | None]]:
    """Row → its numbers in each of the tables, None where it was not asked; in the order of the newest tables."""
    every = list(tallies)
    lines: dict[str, Line] = {line.code: line for table in every for line in table}
    found: dict[Line, list[Tally | None]] = defaultdict(list)
    for line in sorted(lines.values()):
        found[line] = [next((t for li, t in table.items() if li.code == line.code), None) for table in every]
    return dict(found)

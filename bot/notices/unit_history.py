"""What one unit was asked lately, and what became of it: a line a notice, newest first."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model, queries
from bot.notices.queries import Notice, Status
from bot.roster import access

_a, _n = model.assignment, model.notice


@dataclass(frozen=True, slots=True)
class Asked:
    """One notice and where the unit stands under it now."""

    notice: Notice
    status: Status


def count(tx: Tx, unit_id: int, *, within: access.Scope) -> int:
    """How many notices asked the unit, where it lay within the scope when it was asked."""
    query = sa.select(sa.func.count()).select_from(_a).where(_a.c.unit_id == unit_id, _lay(within))
    return int(tx.execute(query).scalar_one())


def of(tx: Tx, unit_id: int, *, within: access.Scope, limit: int, offset: int = 0) -> list[Asked]:
    """Of these the newest, from the `offset`-th on; a recalled notice among them says that it is."""
    query = (
        sa.select(_a.c.id, _a.c.notice_id)
        .join(_n, _n.c.id == _a.c.notice_id)
        .where(_a.c.unit_id == unit_id, _lay(within))
        .order_by(_n.c.published_at.desc(), _n.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        Asked(notice, status)
        for row in tx.execute(query).all()
        if (notice := queries.notice(tx, row.notice_id)) is not None
        for status in queries.statuses(tx, row.notice_id, assignment_ids=[row.id])
    ]


def newest(tx: Tx, *, within: access.Scope) -> Notice | None:
    """The newest notice that asks somebody within the scope and was not recalled."""
    return next(iter(queries.recent(tx, within=within, limit=1)), None)


def _lay(within: access.Scope) -> sa.ColumnElement[bool]:
    if within.everything:
        return sa.true()
    return sa.or_(_a.c.county_id.in_(within.counties), _a.c.unit_id.in_(within.units))


def word(it: Asked) -> str:
    """In one word what became of it: recalled, excused, trouble, late, answered, open, or why nothing came."""
    status = it.status
    if it.notice.recalled_at is not None:
        return "recalled"
    if status.excused:
        return "excused"
    if status.answered:
        return "trouble" if status.answer == "trouble" else "late" if status.late else "answered"
    return status.reach.value if status.reach is not None else "answered"

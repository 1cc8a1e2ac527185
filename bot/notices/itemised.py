"""What units have said to a directive, gathered by the database: of 36,000 answers one row a school.

`folding` says the same of one item and one school; what counts is what counts there.
"""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model
from bot.notices.rules import Aspect

BETWEEN = ":"  # no item has one in its name

Wordings = tuple[tuple[str, int], ...]  # items, each with the version since which it is worded so

_an = model.answer


@dataclass(frozen=True, slots=True)
class Said:
    """What one unit has said.

    Attributes:
        done: the items answered in wordings that are in force.
        last_first_at: when the one of them that was first answered last was first answered; None: none was.
        late: one of them was first answered after its due.
        acknowledged_at: the first word of the unit itself.
    """

    done: frozenset[str] = frozenset()
    last_first_at: dt.datetime | None = None
    late: bool = False
    answer: str = ""
    said_by: str = ""
    said_at: dt.datetime | None = None
    on_behalf: bool = False
    acknowledged_at: dt.datetime | None = None


def of(tx: Tx, items: Wordings, ids: sa.Select[int], held: sa.ColumnElement[bool]) -> dict[int, Said]:
    """Assignment → what was said of it; of those of which nothing was, none.

    Args:
        items: those in force.
        ids: the assignments.
        held: which answers count at the instant meant.
    """
    read = _acknowledged(tx, ids, held)
    found = {
        row.assignment_id: Said(
            frozenset(row.done.split(BETWEEN)), row.last_first_at, bool(row.late), row.value, row.said_by, row.at,
            row.on_behalf, read.get(row.assignment_id),
        )
        for row in tx.execute(_answered(items, ids, held))
    }  # fmt: skip
    return {assignment_id: Said(acknowledged_at=at) for assignment_id, at in read.items()} | found


def _acknowledged(tx: Tx, ids: sa.Select[int], held: sa.ColumnElement[bool]) -> dict[int, dt.datetime]:
    query = sa.select(_an.c.assignment_id, sa.func.min(_an.c.at)).group_by(_an.c.assignment_id)
    rows = tx.execute(query.where(_an.c.assignment_id.in_(ids), held, _an.c.on_behalf.is_(False)))
    return {row[0]: row[1] for row in rows}


def answers(items: Wordings, ids: sa.Select[int], held: sa.ColumnElement[bool]) -> sa.Subquery:
    """A row for each of these assignments and items it has answered, with its first answer and its newest."""
    worded = (sa.and_(_an.c.item == key, _an.c.version >= since) for key, since in items)
    return (
        sa.select(
            _an.c.assignment_id, _an.c.item, sa.func.min(_an.c.id).label("first_id"), sa.func.max(_an.c.id).label("newest_id")
        )
        .where(_an.c.assignment_id.in_(ids), held, _an.c.aspect == Aspect.DONE.value, sa.or_(sa.false(), *worded))
        .group_by(_an.c.assignment_id, _an.c.item)
        .subquery()
    )  # fmt: skip


def _answered(
    items: Wordings, ids: sa.Select[int], held: sa.ColumnElement[bool]
) -> sa.Select[*tuple[object, ...]]:
    first, newest = _an.alias("first"), _an.alias("newest")
    each = answers(items, ids, held)
    unit = (
        sa.select(
            each.c.assignment_id, sa.func.aggregate_strings(each.c.item, BETWEEN).label("done"),
            sa.func.max(first.c.at).label("last_first_at"),
            sa.func.max(sa.case((first.c.late, 1), else_=0)).label("late"), sa.func.max(each.c.newest_id).label("newest_id"),
        )
        .join(first, first.c.id == each.c.first_id)
        .group_by(each.c.assignment_id)
        .subquery()
    )  # fmt: skip
    return sa.select(
        unit.c.assignment_id, unit.c.done, unit.c.last_first_at, unit.c.late, newest.c.value, newest.c.said_by,
        newest.c.at, newest.c.on_behalf,
    ).join(newest, newest.c.id == unit.c.newest_id)  # fmt: skip

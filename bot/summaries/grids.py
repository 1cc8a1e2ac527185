"""What the pictures say, as plain values: every cell a text, every sum worked out before anything is drawn."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.db import Tx
from bot.notices import rules, tallies
from bot.notices.counting import Numbers
from bot.notices.queries import Notice
from bot.notices.rules import Row
from bot.notices.tallies import Line, Tally
from bot.roster import access, unit_tree
from bot.texts import Words

PER_PICTURE = 24  # rows: more, and the figures get too small for a phone
NOTICES = 10  # columns of the heat picture


@dataclass(frozen=True, slots=True)
class Grid:
    """One picture of a table.

    Attributes:
        rows: each as wide as `columns`; the name first.
        total: the last line; None on all but the last of several pictures.
    """

    title: str
    instant: str
    legend: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None


def of_table(table: Numbers, head: dict[str, object], words: Words) -> list[Grid]:
    """The table of ten columns, 24 rows to a picture; the rows are shared out evenly where there are more.

    Of a directive there is one more, 已知悉.
    """
    directive = table.notice.kind is rules.Kind.DIRECTIVE
    columns = tuple(words.plain("picture.columns", directive=directive).split("\n"))
    rows = [_cells(row, unit_tree.short_name(row.name), words, directive=directive) for row in table.rows]
    total = _cells(table.total, words.plain("workbook.total"), words, directive=directive)
    legend, parts = words.plain("picture.legend", directive=directive), _shared_out(rows)
    return [
        Grid(
            words.plain("picture.title", head=head, part=number, parts=len(parts)),
            words.plain("picture.instant", head=head), legend, columns, tuple(part),
            total if number == len(parts) else None,
        )
        for number, part in enumerate(parts, start=1)
    ]  # fmt: skip


def _cells(row: Row, name: str, words: Words, *, directive: bool) -> tuple[str, ...]:
    figures = (
        row.expected, *(row.acknowledged,) * directive, row.answered, row.late, row.trouble, row.missing, row.silent,
        row.unbound, row.undelivered, row.excused,
    )  # fmt: skip
    return (name, *map(str, figures), words.plain("picture.rate", rate=row.rate))


def _shared_out(rows: Sequence[tuple[str, ...]]) -> list[Sequence[tuple[str, ...]]]:
    pictures = max(1, -(-len(rows) // PER_PICTURE))
    each = max(1, -(-len(rows) // pictures))
    return [rows[at : at + each] for at in range(0, len(rows), each)] or [rows]


@dataclass(frozen=True, slots=True)
class Heat:
    """Rows × the last notices: the share that had answered when each was due.

    Attributes:
        days: of each column, when it was due, e.g. 9/30.
        titles: of each column, what was asked; told below the picture.
        rows: name, and a share of 0…1 for each column; None where nobody was asked.
        total: the same for all rows together.
    """

    title: str
    legend: str
    days: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]
    total: tuple[str, tuple[float | None, ...]]


def heat(tx: Tx, now: dt.datetime, *, within: access.Scope, words: Words) -> Heat | None:
    """The last ten notices that fell due, the oldest on the left, the rows as in every table; None where there is none."""
    notices = tallies.fallen_due(tx, now, within=within, limit=NOTICES)
    if not notices:
        return None
    return of_tallies(
        notices, [tallies.of(tx, n, at=_due(n), within=within) for n in notices], at=now, words=words
    )


def of_tallies(
    notices: Sequence[Notice], tables: Sequence[dict[Line, Tally]], *, at: dt.datetime, words: Words
) -> Heat:
    """These notices as columns, by the table each had when it was due; 合计 is of all units, no mean of shares."""
    rows = tuple((_name(line), _shares(some)) for line, some in tallies.by_line(tables).items())
    total = _shares([tallies.summed(table.values()) for table in tables])
    return Heat(
        words.plain("picture.heat_title", count=len(notices), at=at), words.plain("picture.heat_legend"),
        tuple(words.plain("picture.heat_day", at=_due(n)) for n in notices), tuple(n.title for n in notices),
        rows, (words.plain("workbook.total"), total),
    )  # fmt: skip


def _due(notice: Notice) -> dt.datetime:
    if notice.due_at is None:
        raise ValueError(f"notice {notice.id} is never due")
    return notice.due_at


def _name(line: Line) -> str:
    return unit_tree.short_name(line.name)


def _shares(some: Sequence[Tally | None]) -> tuple[float | None, ...]:
    return tuple(None if t is None else t.rate for t in some)


# ── beside the table ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LastTime:
    """How the same thing stood the last time, as long before or after its due as the table's instant is.

    Attributes:
        name: what the last one was called; '' for the same, told by its day.
    """

    name: str
    due_at: dt.datetime
    rate: float


def last_time(tx: Tx, table: Numbers, *, within: access.Scope) -> LastTime | None:
    """None where it was not asked before, or nobody had been asked yet so long before due."""
    due_at, earlier = table.notice.due_at, tallies.before(tx, table.notice)
    if due_at is None or earlier is None or earlier.due_at is None:
        return None
    at = earlier.due_at + (table.at - due_at)
    if at < earlier.published_at or table.at < at + rules.SETTLES_AFTER:
        return None
    rate = tallies.summed(tallies.of(tx, earlier, at=at, within=within).values()).rate
    name = "" if earlier.title == table.notice.title else earlier.title
    return None if rate is None else LastTime(name, earlier.due_at, rate)

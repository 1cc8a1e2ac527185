"""The workbook of one notice: the table on the first sheet, the names behind every number on the second.

`collect` reads it within a snapshot; `build` is pure and slow, and is run off the event loop.
"""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from typing import Self

from bot.db import Tx
from bot.notices import chase, desk, histories, progress, queries, rules, trouble
from bot.notices.counting import Numbers
from bot.notices.progress import Progress
from bot.notices.queries import Status, Table
from bot.notices.trouble import Trouble
from bot.roster import access, contacts, people
from bot.roster.contacts import Contact
from bot.roster.plain_cells import Value
from bot.summaries.looks import HEADER_LINE, MOMENT_WIDTH, Book
from bot.texts import Words

ITEM_HEAD = 40  # characters of an item over its column
FIGURES = (*("数",) * 9, "率")
FIGURE_WIDTHS = (*(9,) * 9, 10)
NAMED = (*("文字",) * 3, "长文", "文字", "时间", "文字", "长文", "时间", "数", "时间", "文字", "文字")
NAME_WIDTHS = (
    28, 14, 12, 20, 10, MOMENT_WIDTH, 9, 32, MOMENT_WIDTH, 9, MOMENT_WIDTH, 10, 15,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One unit of the second sheet, with what is known beside its status.

    Attributes:
        trouble: counted as 有困难; its state is that of the table's instant.
        delivered_at: when the first card that reaches it was sent; None where none was by then.
        phone: as it may be shown; '' for not at all.
    """

    status: Status
    trouble: Trouble | None
    delivered_at: dt.datetime | None
    reminded: int
    phoned_at: dt.datetime | None
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """Everything the workbook says, read in one snapshot.

    Attributes:
        items: of a directive, each with how many have answered it.
    """

    table: Table
    lines: tuple[Line, ...]
    items: tuple[Progress, ...] = ()


def collect(
    tx: Tx,
    *,
    notice_id: int,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    within: Callable[[access.Place], bool] | None = None,
    phones: str = "masked",
    phones_within: Callable[[access.Place], bool] | None = None,
) -> Sheets:
    """What the workbook of this notice says, live or as it stood at `as_of`: a line for every unit.

    Args:
        within: only units at these places; None for all.
        phones: `full`, `masked` or `never`.
        phones_within: only at these places is a number shown at all; None for all.

    Raises:
        Refused: as `queries.table`.
    """
    table = queries.table(tx, notice_id, now=now, as_of=as_of, within=within)
    done = Done.read(tx, table)
    named = lines(tx, table, table.statuses, done, phones=phones, phones_within=phones_within)
    is_directive = table.notice.kind is rules.Kind.DIRECTIVE
    items = tuple(progress.of(tx, table)) if is_directive else ()
    return Sheets(table, named, items)


@dataclass(frozen=True, slots=True)
class Done:
    """What there is beside the statuses of a notice's assignments, each by its id: troubles, reminders, the last 已电话."""

    troubles: dict[int, Trouble]
    reminded: dict[int, int]
    phoned: dict[int, dt.datetime]

    @classmethod
    def read(cls, tx: Tx, table: Table | Numbers) -> Self:
        """As it stood at the table's instant."""
        notice_id, at = table.notice.id, table.at
        troubles = trouble.of_notice(tx, notice_id, at=at) if table.total.trouble else {}
        return cls(troubles, chase.counts(tx, notice_id, until=at), chase.phoned(tx, notice_id, until=at))


def lines(
    tx: Tx,
    table: Table | Numbers,
    some: Collection[Status],
    done: Done,
    *,
    phones: str,
    phones_within: Callable[[access.Place], bool] | None = None,
) -> tuple[Line, ...]:
    """A line for each of these of a table; the arguments as `collect`."""
    notice_id, at = table.notice.id, table.at
    among = None if len(some) >= queries.MANY else [s.assignment_id for s in some]
    delivered = histories.delivered(tx, notice_id, until=at, among=among)
    known = contacts.first_of(tx, [s.unit_id for s in some])

    def line(s: Status) -> Line:
        first = known.get(s.unit_id)
        who = people.addressed(first.name, first.role) if first else ""
        may_ring = phones_within is None or phones_within(s.place)
        return Line(
            s, done.troubles.get(s.assignment_id) if s.trouble else None, delivered.get(s.assignment_id),
            done.reminded.get(s.assignment_id, 0), done.phoned.get(s.assignment_id), who,
            _shown(first, phones if may_ring else "never"),
        )  # fmt: skip

    return tuple(line(s) for s in some)


def _shown(contact: Contact | None, phones: str) -> str:
    if contact is None or not contact.phone or phones == "never":
        return ""
    return contact.phone if phones == "full" else people.masked(contact.phone)


def build(sheets: Sheets, words: Words) -> bytes:
    """The XLSX, in about a second for 4,000 units.

    Numbers are numbers, instants are Excel's in the schools' time, and nothing is a formula.
    """
    book, title = Book(words), words.plain("workbook.title", head=_head(sheets.table))
    _numbers(book, title, sheets.table, words)
    if sheets.items:
        _items(book, title, sheets, words)
    _names(book, title, sheets, words)
    return book.content()


def _head(table: Table) -> dict[str, object]:
    n = table.notice
    return {
        "title": n.title, "at": table.at, "frozen": table.as_of is not None, "is_trial": n.is_trial,
        "recalled": n.recalled_at is not None,
    }  # fmt: skip


def _numbers(book: Book, title: str, table: Table, words: Words) -> None:
    directives = table.notice.kind is rules.Kind.DIRECTIVE
    columns = words.plain("workbook.number_columns", directives=directives).split("\n")
    name, widths = words.plain("workbook.numbers"), (24, *figure_widths(directives=directives))
    sheet = book.sheet(name, title, columns, widths, lines=len(table.rows))
    styles = figure_styles(directives=directives)
    for number, row in enumerate(table.rows, start=HEADER_LINE + 1):
        values = figures(row, table.notice, words, directives=directives)
        book.put(sheet, number, [row.name, *values], ("文字", *styles))
    total = figures(table.total, table.notice, words, directives=directives)
    line = HEADER_LINE + 1 + len(table.rows)
    book.put(sheet, line, [words.plain("workbook.total"), *total], [f"合计{it}" for it in ("", *styles)])


def figure_styles(*, directives: bool) -> tuple[str, ...]:
    """How the columns of `figures` look."""
    return ("数",) * directives + FIGURES


def figure_widths(*, directives: bool) -> tuple[int, ...]:
    """How wide the columns of `figures` are."""
    return (9,) * directives + FIGURE_WIDTHS


def figures(row: rules.Row, notice: queries.Notice, words: Words, *, directives: bool) -> list[Value]:
    """A row's ten columns, without its name.

    Args:
        directives: whether 已知悉 stands after 应报; empty where the notice is none.
    """
    rate = words.plain("workbook.no_rate") if row.rate is None else row.rate
    known = row.acknowledged if notice.kind is rules.Kind.DIRECTIVE else None
    return [
        row.expected, *(known,) * directives, row.answered, row.late, row.trouble, row.missing, row.silent,
        row.unbound, row.undelivered, row.excused, rate,
    ]  # fmt: skip


def _items(book: Book, title: str, sheets: Sheets, words: Words) -> None:
    """Of a directive: which unit has read it, and which item each has answered; 免报 units are not in it."""
    asked = [s for s in sheets.table.statuses if not s.excused]
    heads = [item_head(it) for it in sheets.items]
    columns = [*words.plain("workbook.item_columns").split("\n"), *heads]
    widths = (28, 14, MOMENT_WIDTH, *(14,) * len(heads))
    sheet = book.sheet(words.plain("workbook.items"), title, columns, widths, lines=len(asked))
    mark, zone = words.plain("workbook.done"), words.zone
    for number, s in enumerate(asked, start=HEADER_LINE + 1):
        marks = [mark if it.item.key in s.done else "" for it in sheets.items]
        values: list[Value] = [s.name, s.row_name, local(s.acknowledged_at, zone), *marks]
        book.put(sheet, number, values, ("文字", "文字", "时间", *("文字",) * len(marks)))
    known = sum(s.acknowledged_at is not None for s in asked)
    total: list[Value] = [words.plain("workbook.total"), "", known, *(it.done for it in sheets.items)]
    styles = ("合计", "合计", *("合计数",) * (1 + len(heads)))
    book.put(sheet, HEADER_LINE + 1 + len(asked), total, styles)


def item_head(it: Progress) -> str:
    """An item over its column; what had to go is told by a …."""
    head = f"{it.item.key} {it.item.text}"
    return head if len(head) <= ITEM_HEAD else f"{head[: ITEM_HEAD - 1]}…"


def _names(book: Book, title: str, sheets: Sheets, words: Words) -> None:
    columns = words.plain("workbook.name_columns").split("\n")
    name = words.plain("workbook.names")
    sheet = book.sheet(name, title, columns, NAME_WIDTHS, lines=len(sheets.lines))
    say = cache(words.plain)  # a few words said four thousand times
    for number, line in enumerate(sheets.lines, start=HEADER_LINE + 1):
        book.put(sheet, number, cells(line, sheets.table.notice, words.zone, say), NAMED)


def cells(line: Line, notice: queries.Notice, zone: dt.tzinfo, say: Callable[..., str]) -> list[Value]:
    """A unit's line on the sheet of names."""
    s, it = line.status, line.trouble
    return [
        s.name, s.row_name, _state(s, say), _answer(s, notice), s.said_by, local(s.said_at, zone),
        say("workbook.trouble", state=s.trouble.value) if s.trouble else "", _told(it) if it else "",
        local(line.delivered_at, zone), line.reminded, local(line.phoned_at, zone), line.contact, line.phone,
    ]  # fmt: skip


def _state(s: Status, say: Callable[..., str]) -> str:
    """补报 and 代报 both say so, so that a filter on either finds as many as the table counts."""
    if s.excused:
        return say("workbook.excused", reason=desk.REASONS.get(s.excused, s.excused))
    if s.reach is not None:
        return say("workbook.missing", reach=s.reach.value)
    return say("workbook.answered", late=s.late, on_behalf=s.on_behalf)


def _answer(s: Status, notice: queries.Notice) -> str:
    labels = {rules.Value.YES: notice.yes_words, rules.Value.TROUBLE: notice.trouble_words}
    return labels.get(rules.Value(s.answer), s.text) if s.answer else ""


def _told(it: Trouble) -> str:
    parts = (trouble.THEMES.get(it.theme, ""), it.need_words, it.text)
    return ";".join(part for part in parts if part)


def local(at: dt.datetime | None, zone: dt.tzinfo) -> dt.datetime | None:
    """The wall clock of the schools: Excel knows no zones."""
    return None if at is None else at.astimezone(zone).replace(tzinfo=None, microsecond=0)

"""The workbook of one notice: the table on the first sheet, the names behind every number on the second.

`collect` reads it within a snapshot; `build` is pure and slow, and is run off the event loop.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import openpyxl
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from bot.db import Tx
from bot.notices import chase, desk, queries, rules, trouble
from bot.notices.queries import Status, Table
from bot.notices.trouble import Trouble
from bot.roster import access, contacts, people, plain_cells
from bot.roster.contacts import Contact
from bot.roster.plain_cells import TEXT, Value
from bot.texts import Words

Across = Literal["general", "center", "right"]

A4 = 9  # Excel's number for the paper
HEADER_LINE = 2  # below the title
SHARE = "0.00%"  # four places, as counted: 3999 of 4000 must not read 100%
MOMENT = "yyyy-mm-dd hh:mm"
_THIN = Side(style="thin", color="FFBFBFBF")
_NUMBER_WIDTHS = (24, *(9,) * 9, 10)
_NAME_WIDTHS = (28, 14, 12, 14, 10, 17, 9, 32, 9, 17, 10, 15)


@dataclass(frozen=True, slots=True)
class Line:
    """One unit of the second sheet, with what is known beside its status.

    Attributes:
        trouble: counted as 有困难; its state is that of the table's instant.
        phone: as it may be shown; '' for not at all.
    """

    status: Status
    trouble: Trouble | None
    reminded: int
    phoned_at: dt.datetime | None
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """Everything the workbook says, read in one snapshot."""

    table: Table
    lines: tuple[Line, ...]


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
    """What the workbook of this notice says, live or as it stood at `as_of`.

    Args:
        within: only units at these places; None for all.
        phones: `full`, `masked` or `never`.
        phones_within: only at these places is a number shown at all; None for all.

    Raises:
        Refused: as `queries.table`.
    """
    table = queries.table(tx, notice_id, now=now, as_of=as_of, within=within)
    troubles = trouble.of_notice(tx, notice_id, at=table.at)
    reminded = chase.counts(tx, notice_id, until=table.at)
    phoned = chase.phoned(tx, notice_id, until=table.at)
    known = contacts.first_of(tx, [s.unit_id for s in table.statuses])

    def line(s: Status) -> Line:
        first = known.get(s.unit_id)
        who = people.addressed(first.name, first.role) if first else ""
        may_ring = phones_within is None or phones_within(s.place)
        return Line(
            s, troubles.get(s.assignment_id) if s.trouble else None, reminded.get(s.assignment_id, 0),
            phoned.get(s.assignment_id), who, _shown(first, phones if may_ring else "never"),
        )  # fmt: skip

    return Sheets(table, tuple(line(s) for s in table.statuses))


def _shown(contact: Contact | None, phones: str) -> str:
    if contact is None or not contact.phone or phones == "never":
        return ""
    return contact.phone if phones == "full" else people.masked(contact.phone)


def build(sheets: Sheets, words: Words) -> bytes:
    """The XLSX, in about a second for 4,000 units.

    Numbers are numbers, instants are Excel's in the schools' time, and nothing is a formula.
    """
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for style in _styles():
        workbook.add_named_style(style)
    title = words.plain("workbook.title", head=_head(sheets.table))
    _numbers(workbook, title, sheets.table, words)
    _names(workbook, title, sheets, words)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _head(table: Table) -> dict[str, object]:
    n = table.notice
    return {
        "title": n.title, "at": table.at, "frozen": table.as_of is not None, "is_trial": n.is_trial,
        "recalled": n.recalled_at is not None,
    }  # fmt: skip


def _numbers(workbook: Workbook, title: str, table: Table, words: Words) -> None:
    columns = words.plain("workbook.number_columns").split("\n")
    sheet = _sheet(workbook, words.plain("workbook.numbers"), _NUMBER_WIDTHS, words, lines=len(table.rows))
    _top(sheet, title, columns)
    styles = ("文字", *("数",) * 9, "率")
    for number, row in enumerate(table.rows, start=HEADER_LINE + 1):
        _put(sheet, number, _figures(row, row.name, words), styles)
    total = _figures(table.total, words.plain("workbook.total"), words)
    _put(sheet, HEADER_LINE + 1 + len(table.rows), total, ("合计", *("合计数",) * 9, "合计率"))


def _figures(row: rules.Row, name: str, words: Words) -> list[Value]:
    rate = words.plain("workbook.no_rate") if row.rate is None else row.rate
    return [
        name, row.expected, row.answered, row.late, row.trouble, row.missing, row.silent, row.unbound,
        row.undelivered, row.excused, rate,
    ]  # fmt: skip


def _names(workbook: Workbook, title: str, sheets: Sheets, words: Words) -> None:
    columns = words.plain("workbook.name_columns").split("\n")
    sheet = _sheet(workbook, words.plain("workbook.names"), _NAME_WIDTHS, words, lines=len(sheets.lines))
    _top(sheet, title, columns)
    say = cache(words.plain)  # a few words said four thousand times
    styles = ("文字",) * 5 + ("时间", "文字", "长文", "数", "时间", "文字", "文字")
    for number, line in enumerate(sheets.lines, start=HEADER_LINE + 1):
        _put(sheet, number, _unit(line, sheets.table.notice, words.zone, say), styles)


def _unit(line: Line, notice: queries.Notice, zone: dt.tzinfo, say: Callable[..., str]) -> list[Value]:
    s, it = line.status, line.trouble
    return [
        s.name, s.row_name, _state(s, say), _answer(s, notice), s.said_by, _local(s.said_at, zone),
        say("workbook.trouble", state=s.trouble.value) if s.trouble else "", _told(it) if it else "",
        line.reminded, _local(line.phoned_at, zone), line.contact, line.phone,
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


def _local(at: dt.datetime | None, zone: dt.tzinfo) -> dt.datetime | None:
    """The wall clock of the schools: Excel knows no zones."""
    return None if at is None else at.astimezone(zone).replace(tzinfo=None, microsecond=0)


# ── the look ─────────────────────────────────────────────────────────────────────────────────────


def _style(
    name: str, *, format_: str, bold: bool = False, across: Across = "general", wrap: bool = False
) -> NamedStyle:
    return NamedStyle(
        name,
        font=Font(name="宋体", size=11, bold=bold),
        number_format=format_,
        border=Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN),
        alignment=Alignment(horizontal=across, vertical="center", wrap_text=wrap),
    )


def _title_style() -> NamedStyle:
    return NamedStyle("题", font=Font(name="宋体", size=14, bold=True), number_format=TEXT)


def _header_style() -> NamedStyle:
    style = _style("表头", format_=TEXT, bold=True, across="center", wrap=True)
    style.fill = PatternFill("solid", start_color="FFDDEBF7")
    return style


def _styles() -> tuple[NamedStyle, ...]:
    """Made anew each time: a style belongs to the one workbook it was added to."""
    return (
        _title_style(),
        _header_style(),
        _style("文字", format_=TEXT),
        _style("长文", format_=TEXT, wrap=True),
        _style("数", format_="0"),
        _style("率", format_=SHARE, across="right"),
        _style("时间", format_=MOMENT, across="center"),
        _style("合计", format_=TEXT, bold=True),
        _style("合计数", format_="0", bold=True),
        _style("合计率", format_=SHARE, bold=True, across="right"),
    )


def _sheet(workbook: Workbook, name: str, widths: Sequence[int], words: Words, *, lines: int) -> Worksheet:
    """A sheet ready to be printed: A4 across, the header on every page and still when one scrolls."""
    sheet: Worksheet = workbook.create_sheet(name)
    sheet.freeze_panes = f"B{HEADER_LINE + 1}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"1:{HEADER_LINE}"
    if (footer := sheet.oddFooter) is not None:
        footer.center.text = words.plain("workbook.page")
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    last = f"{get_column_letter(len(widths))}{HEADER_LINE + max(lines, 1)}"
    sheet.auto_filter.ref = f"A{HEADER_LINE}:{last}"  # without the total: sorting leaves it at the bottom
    return sheet


def _top(sheet: Worksheet, title: str, columns: Sequence[str]) -> None:
    _put(sheet, 1, [title], ("题",))
    _put(sheet, HEADER_LINE, columns, ("表头",) * len(columns))


def _put(sheet: Worksheet, line: int, values: Iterable[Value], styles: Iterable[str]) -> None:
    for column, (value, style) in enumerate(zip(values, styles, strict=True), start=1):
        plain_cells.put(sheet, line, column, value).style = style

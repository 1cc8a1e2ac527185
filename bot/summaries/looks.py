"""How workbooks look: styles, sheets ready for the printer, and values put into cells as what they are."""

import io
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import openpyxl
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from bot.roster import plain_cells
from bot.roster.plain_cells import TEXT, Value
from bot.summaries import lines, sheet_lines
from bot.texts import Words

Across = Literal["general", "center", "right"]

A4 = 9  # Excel's number for the paper
HEADER_LINE = 2  # below the title
SHARE = "0.00%"  # four places, as counted: 3999 of 4000 must not read 100%
MOMENT = "yyyy-mm-dd hh:mm"
MOMENT_WIDTH = 20  # characters; with a wider font than 宋体 in its place, fewer show as ###
TITLE_HIGH, HEADER_HIGH, LINE_HIGH = 26, 30, 16  # points; a header's arrow stands below its words
HIGHEST = 409  # points; Excel knows no higher row
SHRUNK = 1.5  # a text this much wider than its column is small yet read; a wider one wraps
WRAPPED = frozenset({"表头", "长文"})
_THIN = Side(style="thin", color="FFBFBFBF")


class Book:
    """A workbook being written, in the words and the look of all of them."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._workbook = openpyxl.Workbook()
        scratch: Worksheet = self._workbook.worksheets[0]
        self._looks: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        self._widths: dict[str, Sequence[int]] = {}
        self._lines: dict[str, list[str]] = {}
        self._last: dict[str, int] = {}
        for line, style in enumerate(_styles(), start=1):
            self._workbook.add_named_style(style)
            cell: Any = scratch.cell(row=line, column=1)
            cell.style = style.name
            self._looks[style.name] = cell._style  # noqa: SLF001 - looking a style up by name takes as long as all the rest
            self._numbers[style.name] = cell.style_id
        self._workbook.remove(scratch)

    def sheet(
        self, name: str, title: str, columns: Sequence[str], widths: Sequence[int], *, lines: int
    ) -> Worksheet:
        """A sheet ready to be printed: A4 across, the header on every page and still when one scrolls.

        Args:
            lines: how many a filter works on; a total below them stays where it is.
        """
        sheet: Worksheet = self._workbook.create_sheet(name)
        sheet.freeze_panes = f"B{HEADER_LINE + 1}"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = A4
        sheet.page_setup.fitToHeight = 0
        sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.7)
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.print_options.horizontalCentered = True
        sheet.print_title_rows = f"1:{HEADER_LINE}"
        if (footer := sheet.oddFooter) is not None:
            footer.center.text = self._words.plain("workbook.page")
        for index, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(index)].width = width
        last = f"{get_column_letter(len(widths))}{HEADER_LINE + max(lines, 1)}"
        sheet.auto_filter.ref = f"A{HEADER_LINE}:{last}"
        self._widths[sheet.title], self._lines[sheet.title] = widths, []
        self.put(sheet, 1, [title], ("题",))
        self.put(sheet, HEADER_LINE, columns, ("表头",) * len(columns))
        sheet.row_dimensions[1].height = TITLE_HIGH
        sheet.row_dimensions[HEADER_LINE].height = max(
            HEADER_HIGH, sheet.row_dimensions[HEADER_LINE].height or 0
        )
        return sheet

    def put(self, sheet: Worksheet, line: int, values: Iterable[Value], styles: Iterable[str]) -> None:
        """A line of values, each in its style; the lines come in their order."""
        if line > HEADER_LINE:
            self._add(sheet, line, list(values), list(styles))
            return
        for column, (value, style) in enumerate(zip(values, styles, strict=True), start=1):
            cell: Any = plain_cells.put(sheet, line, column, value)
            cell._style = self._looks[style]  # noqa: SLF001 - as above
            if value and style in WRAPPED:
                height = _height(str(value), self._widths[sheet.title][column - 1])
                sheet.row_dimensions[line].height = (
                    max(sheet.row_dimensions[line].height or 0, height) or None
                )

    def _add(self, sheet: Worksheet, line: int, values: Sequence[Value], styles: Sequence[str]) -> None:
        widths = self._widths[sheet.title]
        styles = [_wide(*it) for it in zip(values, styles, widths, strict=False)]
        wrapped = [
            _height(str(value), width)
            for value, style, width in zip(values, styles, widths, strict=False)
            if value and style in WRAPPED
        ]
        numbers = [self._numbers[style] for style in styles]
        xml = sheet_lines.line(line, values, numbers, height=max(wrapped, default=0))
        self._lines[sheet.title].append(xml)
        self._last[sheet.title] = line

    def content(self) -> bytes:
        """The XLSX."""
        out = io.BytesIO()
        self._workbook.save(out)
        places = {sheet.title: place for place, sheet in enumerate(self._workbook.worksheets, start=1)}
        added = {places[name]: some for name, some in self._lines.items() if some}
        last = {places[name]: line for name, line in self._last.items()}
        return sheet_lines.added(out.getvalue(), added, last=last)


def _wide(value: Value, style: str, width: int) -> str:
    """The style, or the wrapping one where shrunk to fit the text would be too small to read."""
    if style != "文字" or not isinstance(value, str):
        return style
    most = SHRUNK * width
    return "长文" if 2 * len(value) > most and lines.width(value) > most else style  # few need be measured


def _height(text: str, width: int) -> float:
    """In points, 0 for the usual: not every program makes a row as high as its text; so it is said how high."""
    rows = sum(max(1, math.ceil(lines.width(part) / (width - 1))) for part in text.split("\n"))
    return min(rows * LINE_HIGH, HIGHEST) if rows > 1 else 0


def _style(
    name: str,
    *,
    format_: str,
    bold: bool = False,
    across: Across = "general",
    wrap: bool = False,
    shrink: bool = False,
) -> NamedStyle:
    return NamedStyle(
        name,
        font=Font(name="宋体", size=11, bold=bold),
        number_format=format_,
        border=Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN),
        alignment=Alignment(horizontal=across, vertical="center", wrap_text=wrap, shrink_to_fit=shrink),
    )


def _title_style() -> NamedStyle:
    return NamedStyle(
        "题",
        font=Font(name="宋体", size=14, bold=True),
        number_format=TEXT,
        alignment=Alignment(vertical="center"),
    )


def _header_style() -> NamedStyle:
    style = _style("表头", format_=TEXT, bold=True, across="center", wrap=True)
    style.fill = PatternFill("solid", start_color="FFDDEBF7")
    return style


def _styles() -> tuple[NamedStyle, ...]:
    """Made anew each time: a style belongs to the one workbook it was added to."""
    return (
        _title_style(),
        _header_style(),
        _style("文字", format_=TEXT, shrink=True),
        _style("长文", format_=TEXT, wrap=True),
        _style("数", format_="0"),
        _style("率", format_=SHARE, across="right"),
        _style("时间", format_=MOMENT, across="center"),
        _style("合计", format_=TEXT, bold=True),
        _style("合计数", format_="0", bold=True),
        _style("合计率", format_=SHARE, bold=True, across="right"),
    )

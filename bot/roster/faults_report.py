"""The user's own table given back with the faulty cells coloured and a column that says what to do."""

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bot import errors
from bot.roster import faults, sheets, template

HEADER = "说明"
RED = PatternFill("solid", start_color="FFFF9999")
YELLOW = PatternFill("solid", start_color="FFFFF2A8")
OURS = PatternFill("solid", start_color="FFD9E1F2")  # by which we know our own column when it comes back
NOTE_WIDTH = 70
STYLES = ("font", "fill", "border", "alignment", "number_format")


def write(path: Path, marked: Sequence[faults.Parsed[object]]) -> None:
    """The file holds the sheets as they were sent, marked.

    The first workbook keeps everything it had; a .csv or a sheet of another workbook becomes one more sheet.

    Raises:
        errors.Refused: the file cannot be written, or is one of those reported on.
    """
    sources = list(dict.fromkeys(one.sheet.path for one in marked))
    if any(path.resolve() == source.resolve() for source in sources):
        raise errors.Refused(f"{path.name} 就是要导入的文件。请给 --report 另写一个文件名。")
    base = next((one.sheet.path for one in marked if one.sheet.title is not None), None)
    workbook = _load(base, is_for_values=False) if base else _empty()
    for one in marked:
        if one.sheet.path == base and one.sheet.title is not None:
            _mark(_worksheet(workbook, one.sheet.title), one)
        else:
            _mark(_copied(workbook, one.sheet), one)
    template.save(workbook, path)


def _load(path: Path, *, is_for_values: bool) -> Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what openpyxl cannot keep: charts, newer drop-downs
        return openpyxl.load_workbook(path, data_only=is_for_values)


def _empty() -> Workbook:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    return workbook


def _worksheet(workbook: Workbook, title: str) -> Worksheet:
    return next(one for one in workbook.worksheets if one.title == title)


def _copied(workbook: Workbook, sheet: sheets.Sheet) -> Worksheet:
    target: Worksheet = workbook.create_sheet(sheet.layout.title)
    if sheet.title is None:
        for row in (*sheet.head, *sheet.rows):
            for index, cell in enumerate(row.cells, start=1):
                _put(target.cell(row=row.line, column=index), cell.original)
    else:
        _copy(_worksheet(_load(sheet.path, is_for_values=True), sheet.title), target)
    return target


def _copy(source: Worksheet, target: Worksheet) -> None:
    for line, cells in enumerate(source.iter_rows(max_col=sheets.MAX_COLUMNS), start=1):
        for column, cell in enumerate(cells, start=1):
            copied = target.cell(row=line, column=column)
            _put(copied, cell.value)
            if cell.has_style:
                for style in STYLES:
                    setattr(copied, style, copy(getattr(cell, style)))
    for letter, dimension in source.column_dimensions.items():
        target.column_dimensions[letter].width = dimension.width
    for merged in source.merged_cells.ranges:
        target.merge_cells(str(merged))


def _put(cell: Cell | MergedCell, value: object) -> None:
    """The value stands in the cell; text stays text, whatever it begins with."""
    if value is None or isinstance(cell, MergedCell):
        return
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        cell.number_format = template.TEXT
        cell.quotePrefix = value.startswith(("=", "+", "-", "@"))  # and Excel leaves it when it is edited
    else:
        cell.value = value  # type: ignore[assignment]  # a CellValue, as openpyxl gave it


def _mark(worksheet: Worksheet, marked: faults.Parsed[object]) -> None:
    for one in marked.warnings:
        _colour(worksheet, one, YELLOW)
    for one in marked.faults:
        _colour(worksheet, one, RED)
    _explain(worksheet, marked)


def _colour(worksheet: Worksheet, one: faults.Fault, fill: PatternFill) -> None:
    if one.column_letter:
        worksheet[f"{one.column_letter}{one.line}"].fill = fill


def _explain(worksheet: Worksheet, marked: faults.Parsed[object]) -> None:
    """The column of messages; those about the header or the whole file stand right of its header."""
    header_line = marked.sheet.header_line
    column = _note_column(worksheet, header_line)
    header = worksheet.cell(row=header_line, column=column, value=HEADER)
    header.font, header.fill = Font(bold=True), OURS
    worksheet.column_dimensions[header.column_letter].width = NOTE_WIDTH
    faulty = {max(one.line, header_line) for one in marked.faults}
    for line, messages in _messages((*marked.faults, *marked.warnings), header_line).items():
        note = worksheet.cell(row=line, column=column + (line == header_line))
        _put(note, "\n".join(messages))
        note.number_format = (
            "General"  # text of more than 255 characters shows as #### when formatted as text
        )
        note.fill = RED if line in faulty else YELLOW
        note.alignment = Alignment(wrap_text=True, vertical="top")


def _messages(found: Iterable[faults.Fault], header_line: int) -> dict[int, list[str]]:
    messages: dict[int, list[str]] = defaultdict(list)
    for one in found:
        place = f"“{one.header}”:" if one.header else ""
        messages[max(one.line, header_line)].append(place + one.advice)
    return messages


def _note_column(worksheet: Worksheet, header_line: int) -> int:
    """Our own column of an earlier report, emptied, or the first free one."""
    for cell in worksheet[header_line]:
        if cell.value == HEADER and cell.fill.start_color.rgb == OURS.start_color.rgb:
            column = column_index_from_string(cell.column_letter)
            for line in range(header_line, worksheet.max_row + 1):
                for index in (column, column + 1):
                    worksheet.cell(row=line, column=index).value = None
                    worksheet.cell(row=line, column=index).fill = PatternFill()
            return column
    return worksheet.max_column + 1

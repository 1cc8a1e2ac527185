"""The rows of a sheet by field, without those that are no record: totals, signatures, repeated headers."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from bot.roster import faults, sheets, vocabulary

_SIGNATURE = re.compile(
    r"(?:填表人|填报人|制表人|审核人|负责人签字|单位盖章|填报时间|填表时间|注|说明|备注)[\d]*\s*[:.]"
)


@dataclass(frozen=True, slots=True)
class Record:
    """One row, asked by field."""

    row: sheets.Row
    columns: dict[str, sheets.Column]

    @property
    def line(self) -> int:
        return self.row.line

    def cell(self, field: str) -> sheets.Cell:
        """The field's cell; an empty one if the sheet has no such column or the row is short."""
        column = self.columns.get(field)
        if column is None:
            return sheets.Cell(original=None, text="", line=self.line, column="")
        if column.index >= len(self.row.cells):
            return sheets.Cell(original=None, text="", line=self.line, column=column.letter)
        return self.row.cells[column.index]


def chosen_columns(sheet: sheets.Sheet, found: faults.Findings) -> dict[str, sheets.Column]:
    """The column each field is read from; two equal headers are a fault, a column left aside a warning."""
    columns: dict[str, sheets.Column] = {}
    for column in sheet.columns:
        best = sheet.column(column.field)
        if best is None or best is column:
            columns[column.field] = column
        elif best.rank == column.rank:
            _tell_about(
                found,
                sheet,
                column,
                f"和 {best.letter} 列的表头一样,不知道用哪一列。请只留一列。",
                is_fault=True,
            )
        else:
            _tell_about(
                found, sheet, column, f"没有用这一列:同样的内容用了 {best.letter} 列“{best.header}”。"
            )
    return columns


def tell_missing_columns(sheet: sheets.Sheet, found: faults.Findings) -> bool:
    """Whether a required column is missing; each is a fault of the header's line."""
    missing = sheet.layout.missing(sheet.columns)
    for header in missing:
        found.fault_line(sheet.header_line, f"缺少“{header}”列。请在表头这一行补上。")
    return bool(missing)


def tell_unread_columns(sheet: sheets.Sheet, found: faults.Findings) -> None:
    """A warning that names the headers we do not know; 序号 and 备注 go without saying."""
    read = {column.index for column in sheet.columns}
    unread = [
        header
        for index, header in enumerate(sheet.headers)
        if index not in read and sheets.fold_header(header) not in vocabulary.UNREAD_WITHOUT_A_WORD
    ]
    if unread:
        found.warn_line(sheet.header_line, f"没有用到这些列:{'、'.join(unread)}。")


def each(sheet: sheets.Sheet, columns: dict[str, sheets.Column], found: faults.Findings) -> Iterator[Record]:
    """The records in order; a total or a signature is skipped with a warning."""
    header = tuple(text for text in sheet.headers if text)
    for row in sheet.rows:
        if row.texts == header:
            found.warn_line(row.line, "又一行表头,已跳过。")
        elif _is_total(row):
            found.warn_line(row.line, "合计行,已跳过。")
        elif _is_signature(row):
            found.warn_line(row.line, f"“{row.texts[0]}”不是名册内容,已跳过。")
        else:
            yield Record(row=row, columns=columns)


def _is_total(row: sheets.Row) -> bool:
    first = sheets.fold(row.texts[0])
    return any(sheets.fold(text) in vocabulary.TOTALS for text in row.texts) or any(
        first.startswith(f"{word}:") for word in vocabulary.TOTALS
    )


def _is_signature(row: sheets.Row) -> bool:
    return _SIGNATURE.match(unicodedata.normalize("NFKC", row.texts[0])) is not None


def _tell_about(
    found: faults.Findings,
    sheet: sheets.Sheet,
    column: sheets.Column,
    message: str,
    *,
    is_fault: bool = False,
) -> None:
    cell = sheets.Cell(
        original=column.header, text=column.header, line=sheet.header_line, column=column.letter
    )
    if is_fault:
        found.fault(cell, message)
    else:
        found.warn(cell, message)

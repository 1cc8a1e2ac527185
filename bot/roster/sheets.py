"""Spreadsheets as people send them: a .csv or .xlsx file becomes rows of cells that know where they stand.

What the cells mean is said elsewhere (`parse_units`, `parse_contacts`).
"""

import csv
import datetime as dt
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from openpyxl.utils import exceptions as openpyxl_exceptions
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bot import errors

HEADER_ROWS = 10  # title, issuing office, date and a hint or two stand above a header, never more
MAX_BYTES = 30_000_000  # 10,000 contacts are 0.4 MB; pictures pasted into a roster make it grow
MAX_ROWS = 50_000  # a sheet coloured down to its last row claims 1,048,576
MAX_COLUMNS = 60  # and 16,384 columns
SHOWN_CHARACTERS = 40  # of a faulty value, in a message

CellValue = str | int | float | bool | dt.datetime | dt.date | dt.time | dt.timedelta | None

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # Excel 97-2003, and .xlsx with a password
_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_DELIMITERS = (",", ";", "\t")
_BROKEN_WORKBOOK = (
    zipfile.BadZipFile,
    openpyxl_exceptions.InvalidFileException,
    KeyError,
    OSError,
    SyntaxError,  # xml.etree's ParseError is one
    TypeError,
    ValueError,
)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_NOT_IN_A_HEADER = re.compile(r"[\s*:?\"'“”]")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what stands in it, what it says, and where it is.

    Attributes:
        original: as the file holds it; never shown without `shown`.
        text: full-width letters and digits narrowed, invisible characters and outer spaces removed.
    """

    original: CellValue
    text: str
    line: int
    column: str

    @property
    def shown(self) -> str:
        """The value as its owner would recognise it, on one line and not too long."""
        is_digits_lost = isinstance(self.original, int | float) and looks_rounded(self.original)
        said = f"{self.original:.2E}" if is_digits_lost else self.text
        return said if len(said) <= SHOWN_CHARACTERS else said[: SHOWN_CHARACTERS - 1] + "…"


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: tuple[Cell, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What the cells that are not empty say."""
        return tuple(cell.text for cell in self.cells if cell.text)


@dataclass(frozen=True, slots=True)
class Column:
    """A column we can read: the field it holds, and how good its header is (0 is best)."""

    field: str
    header: str
    index: int
    rank: int

    @property
    def letter(self) -> str:
        return get_column_letter(self.index + 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """What a kind of sheet may have above its columns.

    Attributes:
        title: what people call the sheet.
        headers: field → headers, the best first; the first is the one we write ourselves.
        required: of each group of fields at least one must be there.
        also: more headers that are understood, but not offered.
    """

    title: str
    headers: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, ...], ...]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def columns(self, row: Sequence[CellValue]) -> tuple[Column, ...]:
        """The columns this row would be the header of."""
        words = {fold_header(word): (name, rank) for name, rank, word in self._words()}
        found = []
        for index, value in enumerate(row):
            header = tidy(value)
            if match := words.get(fold_header(header)) if header else None:
                found.append(Column(field=match[0], header=header, index=index, rank=match[1]))
        return tuple(found)

    def missing(self, columns: Iterable[Column]) -> tuple[str, ...]:
        """The best headers of the required groups no column answers."""
        fields = {column.field for column in columns}
        return tuple(self.headers[group[0]][0] for group in self.required if fields.isdisjoint(group))

    def _words(self) -> Iterator[tuple[str, int, str]]:
        for name, words in (*self.headers.items(), *self.also.items()):
            for rank, word in enumerate((*words, name)):
                yield name, rank, word


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its header found and everything below it.

    Attributes:
        title: the worksheet's name; None in a .csv.
        head: the rows down to the header, empty ones included.
        rows: the rows below it that are not empty.
    """

    path: Path
    title: str | None
    layout: Layout
    header_line: int
    columns: tuple[Column, ...]
    head: tuple[Row, ...]
    rows: tuple[Row, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """What the header's cells say, '' where one is empty."""
        return tuple(cell.text for cell in self.head[-1].cells)

    def column(self, name: str) -> Column | None:
        """The column to read a field from: the best header, the leftmost of equals."""
        return min(
            (column for column in self.columns if column.field == name),
            key=lambda column: (column.rank, column.index),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class _Grid:
    title: str | None
    rows: list[list[CellValue]]


def open_sheet(path: Path, layout: Layout) -> Sheet:
    """The table of this kind in the file; of several worksheets, the one whose headers fit best.

    Of two that fit alike, the one with fewer headers that are none of this kind's.

    Raises:
        errors.Refused: there is no such file, it is no spreadsheet, or no header is found.
    """
    content = _content(path)
    grids = _worksheets(path, content) if content.startswith(_ZIP) else _readings(path, content)
    best: tuple[tuple[int, int, int], _Grid, int, tuple[Column, ...]] | None = None
    for grid in grids:
        for index, row in enumerate(grid.rows[:HEADER_ROWS]):
            columns = layout.columns(row)
            foreign = sum(bool(tidy(value)) for value in row) - len(columns)
            score = (-len(layout.missing(columns)), len({column.field for column in columns}), -foreign)
            if score[1] >= 2 and (best is None or score > best[0]):
                best = (score, grid, index, columns)
    if best is None:
        raise errors.Refused(_no_header(path, layout))
    _, grid, index, columns = best
    return Sheet(
        path=path,
        title=grid.title,
        layout=layout,
        header_line=index + 1,
        columns=columns,
        head=tuple(_row(line, values) for line, values in enumerate(grid.rows[: index + 1], start=1)),
        rows=tuple(_rows(grid.rows, index + 1)),
    )


def tidy(value: CellValue) -> str:
    """What a cell says, on one line, in narrow letters and digits, with nothing invisible."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = " ".join("".join(map(_narrow, str(value))).split())
    return text.removeprefix("'")  # typed (and written by our export) to keep Excel from calculating


def fold(text: str) -> str:
    """A key under which two spellings of one word are equal: 第一 小学 and 第一小学, DH001 and dh001."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold_header(text: str) -> str:
    """As `fold`, without asterisks, colons and remarks in brackets: *联系电话(11 位) is 联系电话."""
    return _NOT_IN_A_HEADER.sub("", _IN_BRACKETS.sub("", fold(text))) or fold(text)


def looks_rounded(number: float) -> bool:
    """Whether a phone number's digits were lost: 13812345678 saved by Excel as 1.38E+10 is 13800000000."""
    return abs(number) >= 10**10 and number % 10**7 == 0


def _narrow(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Cc"} and not character.isspace():
        return ""  # zero-width spaces; the direction marks a phone number brings from an address book
    if category == "Zs":
        return " "
    if category.startswith(("L", "N")) and unicodedata.east_asian_width(character) == "F":
        return unicodedata.normalize("NFKC", character)
    return character


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise errors.Refused(f"找不到文件 {path}。请核对文件名和所在目录。")
    if path.stat().st_size > MAX_BYTES:
        raise errors.Refused(
            f"{path.name} 超过 {MAX_BYTES // 1_000_000} MB。请删去图片和无关的工作表再导入。"
        )
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise errors.Refused(f"{path.name} 打不开:{unreadable.strerror}。") from unreadable
    if content.startswith(_OLE):
        raise errors.Refused(
            f"{path.name} 是旧版 Excel(.xls)或加了密码。请用 Excel 或 WPS 另存为 .xlsx(不加密码)再导入。"
        )
    return content


def _readings(path: Path, content: bytes) -> Iterator[_Grid]:
    """The text read with each delimiter; the header tells which one is right."""
    text = _decoded(content) if path.suffix.lower() in _TEXT_SUFFIXES else None
    if text is None or "\0" in text:
        raise errors.Refused(_not_a_spreadsheet(path))
    for delimiter in _DELIMITERS:
        try:
            rows: list[list[CellValue]] = [
                [*row[:MAX_COLUMNS]] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            ]
        except csv.Error as broken:
            raise errors.Refused(_not_a_spreadsheet(path)) from broken
        _refuse_if_too_long(path, len(rows))
        yield _Grid(title=None, rows=rows)


def _decoded(content: bytes) -> str | None:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # Excel's "Unicode text"
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _worksheets(path: Path, content: bytes) -> Iterator[_Grid]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of drop-downs and pictures openpyxl cannot keep; we only read
            workbook = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except _BROKEN_WORKBOOK as broken:
        raise errors.Refused(_not_a_spreadsheet(path)) from broken
    for worksheet in workbook.worksheets:
        if worksheet.sheet_state == "visible":
            _refuse_if_too_long(path, worksheet.max_row)
            yield _Grid(title=worksheet.title, rows=_values(worksheet))


def _values(worksheet: Worksheet) -> list[list[CellValue]]:
    """The values row by row; a cell merged downwards says the same in each of its rows."""
    width = min(worksheet.max_column, MAX_COLUMNS)
    rows: list[list[CellValue]] = [
        [value if isinstance(value, CellValue) else str(value) for value in row]
        for row in worksheet.iter_rows(max_col=width, values_only=True)
    ]
    for merged in worksheet.merged_cells.ranges:
        if merged.min_col == merged.max_col <= width:
            for line in range(merged.min_row, merged.max_row):
                rows[line][merged.min_col - 1] = rows[merged.min_row - 1][merged.min_col - 1]
    return rows


def _rows(rows: list[list[CellValue]], start: int) -> Iterator[Row]:
    for line, values in enumerate(rows[start:], start=start + 1):
        row = _row(line, values)
        if row.texts:
            yield row


def _row(line: int, values: list[CellValue]) -> Row:
    return Row(
        line=line,
        cells=tuple(
            Cell(original=value, text=tidy(value), line=line, column=get_column_letter(index))
            for index, value in enumerate(values, start=1)
        ),
    )


def _refuse_if_too_long(path: Path, rows: int) -> None:
    if rows > MAX_ROWS:
        raise errors.Refused(f"{path.name} 有 {rows} 行,超过 {MAX_ROWS} 行。请删去表尾的空行再导入。")


def _not_a_spreadsheet(path: Path) -> str:
    return f"{path.name} 不是能读的表格。请用 .xlsx,或 UTF-8、GBK 编码的 .csv。"


def _no_header(path: Path, layout: Layout) -> str:
    needed = "、".join(layout.headers[group[0]][0] for group in layout.required)
    known = "、".join(words[0] for words in layout.headers.values() if words)
    return (
        f"{path.name} 前 {HEADER_ROWS} 行里找不到“{layout.title}”表的表头。"
        f"表头至少要有:{needed};可以有:{known}。模板:xiaoan roster template 名册.xlsx"
    )

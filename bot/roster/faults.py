"""What is wrong or doubtful in a roster file, told by file, line and column; nothing here looks for it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.roster import sheets

RowT_co = TypeVar("RowT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to put right (or, as a warning, to know).

    Attributes:
        line: as Excel numbers it; 0 if it is about the whole file.
        column_letter: '' if it is about a whole line, and then `header` and `value` are '' too.
        message_zh: what is wrong and how to put it right, the value included.
        allowed: the values that could stand there; () if they are no list.
    """

    file: str
    line: int
    column_letter: str
    header: str
    value: str
    message_zh: str
    allowed: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f" 第 {self.line} 行"
        if self.column_letter:
            place += f" {self.column_letter} 列 “{self.header}”"
        return f"{place}:{self.advice}"

    @property
    def advice(self) -> str:
        """The message and what is allowed, without the place: for a note beside the line."""
        return self.message_zh + (f"可写:{'、'.join(self.allowed)}。" if self.allowed else "")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[RowT_co]):
    """What a sheet says: rows in its order, and everything wrong or doubtful in the order of its lines.

    Attributes:
        rows: those without a fault; the whole sheet only if there is none.
        all_rows: those with faults too, as far as they could be read: to find what other lines refer to.
    """

    sheet: sheets.Sheet
    rows: tuple[RowT_co, ...]
    all_rows: tuple[RowT_co, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class Findings:
    """Gathers what is found in one sheet."""

    def __init__(self, sheet: sheets.Sheet) -> None:
        self.sheet = sheet
        self._faults: list[Fault] = []
        self._warnings: list[Fault] = []
        self._order = {column.letter: column.index for column in sheet.columns}
        self._headers = {column.letter: column.header for column in sheet.columns}

    @property
    def faults(self) -> tuple[Fault, ...]:
        return self._sorted(self._faults)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        return self._sorted(self._warnings)

    def faulty_lines(self) -> frozenset[int]:
        """The lines with at least one fault."""
        return frozenset(fault.line for fault in self._faults)

    def fault(self, cell: sheets.Cell, message: str, allowed: tuple[str, ...] = ()) -> None:
        """This cell must be put right."""
        self._faults.append(self._at(cell, message, allowed))

    def warn(self, cell: sheets.Cell, message: str) -> None:
        """This cell is taken as the message says."""
        self._warnings.append(self._at(cell, message, ()))

    def fault_line(self, line: int, message: str) -> None:
        """Something of this line must be put right; line 0 is the file."""
        self._faults.append(self._line(line, message))

    def warn_line(self, line: int, message: str) -> None:
        """Something of this line is doubtful."""
        self._warnings.append(self._line(line, message))

    def _at(self, cell: sheets.Cell, message: str, allowed: tuple[str, ...]) -> Fault:
        return Fault(
            file=self.sheet.path.name,
            line=cell.line,
            column_letter=cell.column,
            header=self._headers.get(cell.column, ""),
            value=cell.shown,
            message_zh=message,
            allowed=allowed,
        )

    def _line(self, line: int, message: str) -> Fault:
        return Fault(
            file=self.sheet.path.name, line=line, column_letter="", header="", value="", message_zh=message
        )

    def _sorted(self, found: list[Fault]) -> tuple[Fault, ...]:
        return tuple(sorted(found, key=lambda one: (one.line, self._order.get(one.column_letter, -1))))

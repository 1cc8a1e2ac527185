"""Putting values into the cells of a workbook so that nothing a school typed is more than text."""

import datetime as dt
import re
from typing import cast

from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

TEXT = "@"  # Excel's format in which 13800000001 and =1+1 stay what was typed

Value = str | int | float | dt.datetime | None
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # XML has no place for them


def clean(text: str) -> str:
    """The text as a cell can hold it: printable, with its line breaks."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def put(sheet: Worksheet, line: int, column: int, value: Value) -> Cell:
    """The cell holds the value; a text stays a text, also one that begins with = + - @ or a tab."""
    cell = cast("Cell", sheet.cell(row=line, column=column))  # nothing of ours is merged
    if isinstance(value, str):
        cell.value = clean(value)
        cell.data_type = "s"
    else:
        cell.value = value
    return cell

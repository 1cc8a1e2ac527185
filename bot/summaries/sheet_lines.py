"""A sheet's lines, written as the XML they are kept in: openpyxl makes the book, a line costs it six times as much.

What a cell can be is what `plain_cells` says: a text stays a text, whatever it begins with; there are no formulas.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter

from bot.roster import plain_cells
from bot.roster.plain_cells import Value

LONGEST = 32_767  # characters of a cell; Excel repairs, that is empties, a sheet with a longer one
_LETTERS = [get_column_letter(number) for number in range(1, 200)]
_EXTENT = re.compile(rb'(<dimension ref="A1:[A-Z]+)\d+')
_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's wall clock knows no zones
_END = b"</sheetData>"


def line(number: int, values: Iterable[Value], styles: Iterable[int], *, height: float = 0) -> str:
    """A row.

    Args:
        styles: of each value, the number of its look in this workbook.
        height: in points; 0 for the usual.
    """
    some = zip(_LETTERS, zip(values, styles, strict=True), strict=False)
    cells = [_cell(f"{letter}{number}", value, style) for letter, (value, style) in some]
    high = f' ht="{height:g}" customHeight="1"' if height else ""
    return f'<row r="{number}"{high}>{"".join(cells)}</row>'


def _cell(place: str, value: Value, style: int) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, str):
        text = escape(plain_cells.clean(value)[:LONGEST])
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    number = (value - _DAY_0) / dt.timedelta(days=1) if isinstance(value, dt.datetime) else value
    return f'<c r="{place}" s="{style}"><v>{number!r}</v></c>'


def added(book: bytes, lines: Mapping[int, Sequence[str]], *, last: Mapping[int, int]) -> bytes:
    """The workbook with these lines below those its sheets have.

    Args:
        lines: by the sheet's place in the book, from 1.
        last: of each of these sheets, the number of its last line.
    """
    names = {f"xl/worksheets/sheet{place}.xml": place for place in lines}
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for entry in before.infolist():
            content = before.read(entry)
            if (place := names.get(entry.filename)) is not None:
                top, end, rest = content.rpartition(_END)
                top = _EXTENT.sub(rb"\g<1>%d" % last[place], top, count=1)
                content = b"".join((top, "".join(lines[place]).encode(), end, rest))
            after.writestr(entry.filename, content)
    return out.getvalue()

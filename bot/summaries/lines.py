"""One line of figures inside `<pre>`: numbers first, name last, so that columns stand on any phone."""

import unicodedata

from bot.notices.queries import Status
from bot.notices.rules import Row
from bot.roster.unit_tree import short_name

HALF_WIDTHS = 30  # what a phone of 360 pixels shows without breaking a line


def summed(rows: list[Row]) -> Row:
    """Several lines as one, without a name."""
    names = (
        "expected", "answered", "late", "trouble", "unbound", "undelivered", "silent", "excused", "acknowledged",
        "unseen", "solved",
    )  # fmt: skip
    return Row("", "", *(sum(getattr(r, name) for r in rows) for name in names))


def number_line(row: Row) -> str:
    """`  28  4   212/240 河东区`; the name gives way where the figures are long."""
    share = f"{row.answered}/{row.expected}"
    figures = f"{row.missing:>4} {row.trouble:>2} {share:>9}"
    return f"{figures} {cut(short_name(row.name), HALF_WIDTHS - len(figures) - 1)}"


def local_name(status: Status) -> str:
    """大河县第一小学, where schools of several counties stand in one list; a name that says its county is kept."""
    county = short_name(status.row_name) if status.county_id is not None else ""
    return status.name if status.name.startswith(county) else f"{county}{status.name}"


def width(text: str) -> int:
    """In half-widths; a 汉字 and a full-width sign count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def cut(text: str, half_widths: int) -> str:
    """At most so wide; what had to go is told by a …."""
    if width(text) <= half_widths:
        return text
    kept = text
    while kept and width(f"{kept}…") > half_widths:
        kept = kept[:-1]
    return f"{kept}…"

"""Where a reader of tables is: the page, and the button that leads to it."""

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from bot.delivery.message import Callback

ALL = "all"  # the row code that stands for the whole of what the reader may see
PAGES = 9999  # more than any list has
LAST_INSTANT_S = 4_102_444_800  # the year 2100: a button that says anything later was not made by us
_ROW = re.compile(r"\d{1,12}|[a-z][a-z-]{1,11}")


class Part(StrEnum):
    """Which names a page lists; one letter each, for the callback."""

    NUMBERS = "m"  # the table itself
    SILENT = "s"
    UNBOUND = "n"
    UNDELIVERED = "u"
    TROUBLE = "t"
    LATE = "l"
    EXCUSED = "x"
    COMPLETE = "c"  # the folded rows
    UNIT = "i"  # one school


@dataclass(frozen=True, slots=True)
class Page:
    """Where the reader is.

    Attributes:
        row: `all`, or the code of a row (its county's unit id for a county).
        as_of: the frozen instant; None is 实时.
        page: from 0; out of range is brought back into it.
        unit_id: for one school's page.
    """

    notice_id: int
    row: str = ALL
    part: Part = Part.NUMBERS
    page: int = 0
    as_of: dt.datetime | None = None
    unit_id: int = 0

    def callback(self, action: str = "page") -> Callback:
        """The button that leads here."""
        frozen = str(int(self.as_of.timestamp())) if self.as_of else "0"
        return Callback(
            action, self.notice_id, 0, (self.row, self.part.value, str(self.page), frozen, str(self.unit_id))
        )

    @classmethod
    def of(cls, callback: Callback) -> "Page | None":
        """The page a button leads to; None for a button we did not make."""
        page, frozen, unit_id = callback.number(2), callback.number(3), callback.number(4)
        if page is None or frozen is None or unit_id is None or frozen > LAST_INSTANT_S:
            return None
        as_of = dt.datetime.fromtimestamp(frozen, dt.UTC) if frozen else None
        return cls._checked(callback, page, as_of, unit_id)

    @classmethod
    def of_list(cls, callback: Callback) -> "Page | None":
        """The page of a button that carries only row, part and number; always of the present instant."""
        page = callback.number(2)
        return None if page is None else cls._checked(callback, page, None, 0)

    @classmethod
    def _checked(
        cls, callback: Callback, page: int, as_of: dt.datetime | None, unit_id: int
    ) -> "Page | None":
        """None where the words are not ours, so that they never come back in a button too long to send."""
        row, part = callback.args[:2]
        if part not in list(Part) or not _ROW.fullmatch(row):
            return None
        return cls(callback.notice, row, Part(part), min(page, PAGES), as_of, unit_id)

"""Where a reader of units is: the list, the part of it, the page; and the buttons that lead there."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.delivery.message import Button, Callback
from bot.roster import sheets

# actions of the routing table
LIST, UNIT, NUMBERS, PAST, INVITE, CODE, SLIPS = (
    "units",
    "unit",
    "unit-tel",
    "past",
    "invite",
    "code",
    "slips",
)

PER_PAGE = 8  # one a row; eight fit a phone's screen
PAGES = 9999  # more than any list has
WORD_BYTES = 30  # ten 汉字: with the largest ids a button still holds it; a word cut off finds no less
_SAID = "~"  # before what was typed: `~一小`; without it, a number is a unit's
_SPOT = re.compile(r"([anl])(\d{1,4})")
_SOURCE = re.compile(r"|\d{1,12}|~[^:]{1,30}")


class Part(StrEnum):
    """Which units of a list are shown; one letter each, for the callback."""

    ALL = "a"
    UNBOUND = "n"
    LOST = "l"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reader is.

    Attributes:
        source: '': where the reader's area begins; a unit's id: what is below it; `~` and a word: what it finds.
        page: from 0; out of range is brought back into it.
    """

    source: str = ""
    part: Part = Part.ALL
    page: int = 0

    @property
    def top(self) -> int | None:
        """The unit below which the listed ones are; None where the list is another."""
        return int(self.source) if self.source.isdigit() else None

    @property
    def word(self) -> str:
        """What was typed; '' for a list of the tree."""
        return self.source.removeprefix(_SAID) if self.source.startswith(_SAID) else ""

    def args(self) -> tuple[str, str]:
        """As the last words of a button."""
        return f"{self.part}{min(self.page, PAGES)}", self.source

    def callback(self) -> Callback:
        """The button that leads to the list."""
        return Callback(LIST, args=self.args())

    def of_slips(self) -> Callback:
        """The button that prints for the whole list."""
        return Callback(SLIPS, args=self.args())

    def of_unit(self, action: str, unit_id: int, *more: str) -> Callback:
        """A button of one unit's page, from which the way back leads here."""
        return Callback(action, args=(str(unit_id), *more, *self.args()))


def below(unit_id: int, part: Part = Part.ALL) -> Place:
    """The list of what is below a unit."""
    return Place(str(unit_id), part)


def said(text: str, part: Part = Part.ALL) -> Place:
    """The list of what some typed words find."""
    word = sheets.fold(text).replace(":", "").replace(_SAID, "")
    cut = word.encode()[:WORD_BYTES].decode(errors="ignore")
    return Place(f"{_SAID}{cut}" if cut else "", part)


def of(callback: Callback, index: int) -> Place | None:
    """The place in a button's words from this one on; None for a button we did not make."""
    spot, source = callback.args[index : index + 2] if len(callback.args) == index + 2 else ("", "")
    found = _SPOT.fullmatch(spot)
    if found is None or not _SOURCE.fullmatch(source) or len(source.encode()) > WORD_BYTES + 1:
        return None
    return Place(source, Part(found[1]), int(found[2]))


def cut(count: int, page: int) -> tuple[int, int, slice]:
    """The page that is shown, how many there are, and its part of a list of `count`."""
    pages = max(1, -(-count // PER_PAGE))
    here = min(page, pages - 1)
    return here, pages, slice(here * PER_PAGE, (here + 1) * PER_PAGE)


def turning(to: list[Callback], here: int) -> tuple[tuple[Button, ...], ...]:
    """[◂] [2/5] [▸] among the pages of these buttons; no row where there is one page."""
    if len(to) < 2:
        return ()
    count = len(to)
    back, same, on = to[here - 1], to[here], to[(here + 1) % count]
    return ((Button("◂", back), Button(f"{here + 1}/{count}", same), Button("▸", on)),)

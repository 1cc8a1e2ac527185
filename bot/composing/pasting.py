"""What was pasted, taken apart: a title, the items, and what fits on a card; pure."""

import re
from dataclasses import dataclass

TITLE_CHARS = 30
CARD_CHARS, CARD_HAN, CARD_LINES = 120, 80, 4  # a card has six lines and 120 汉字, and says some of its own
DIRECTIVE_HAN, DIRECTIVE_LINES = 40, 2  # its card also has the title, and two lines of figures
ITEMS_MOST = 50  # whoever has more of them has written two notices
ITEM_CHARS = 1500  # nine of them must still fit one message
TEXT_CHARS = 12_000  # three messages of Telegram's
# What web pages and word processors hide between letters: no width, another direction, control signs, half a letter.
# Joiners stay: families of emoji and other scripts need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CHINESE = "[一二三四五六七八九十]{1,3}"
# Brackets and points in both widths; a bare number needs its point or comma: 2026年 opens no item, nor does 1.5
_STYLES = tuple(
    re.compile(style)
    for style in (
        rf"{_CHINESE}\s*[、.\uff0e]\s*",
        rf"[(\uff08]\s*{_CHINESE}\s*[)\uff09]\s*[、.\uff0e]?\s*",
        r"\d{1,2}\s*(?:[、\uff0e]|\.(?!\d))\s*",
        r"[(\uff08]\s*\d{1,2}\s*[)\uff09]\s*[、.\uff0e]?\s*",
        r"\d{1,2}\s*[)\uff09]\s*",
        r"[\u2460-\u2473]\s*",
    )
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """A text as it was understood.

    Attributes:
        title: its first line, at most 30 characters.
        text: all of it, where a card can hold it; else ''.
        full_text: all of it, where a card cannot; else ''.
        items: what stands behind 一、 or 1., lines below included, without the number.
    """

    title: str
    text: str
    full_text: str
    items: tuple[str, ...]


def read(text: str) -> Pasted:
    """The text taken apart. The first kind of number that opens a line opens the items; others within are theirs."""
    lines = [line.strip() for line in text.replace("\u3000", " ").splitlines()]
    lines = [line for line in lines if line]
    whole = "\n".join(lines)
    first = lines[0] if lines else ""
    style = _style(first)
    title = (style.sub("", first, count=1) if style else first)[:TITLE_CHARS].strip()
    fits = fits_card(whole)
    return Pasted(title, whole if fits else "", "" if fits else whole, _items(lines))


def clean(text: str) -> str:
    """The text without what nobody sees, which would hide a number at the start of a line or turn a line around."""
    return _HIDDEN.sub("", text)


def fits_card(text: str, *, is_directive: bool = False) -> bool:
    """Whether a card can show it."""
    han, most = (DIRECTIVE_HAN, DIRECTIVE_LINES) if is_directive else (CARD_HAN, CARD_LINES)
    is_short = len(text) <= CARD_CHARS and len(_HAN.findall(text)) <= han
    return is_short and text.count("\n") < most


def beside_items(text: str) -> str:
    """What a text says besides its title and its items, which stand elsewhere; all of it where it has no items."""
    lines = text.splitlines()
    if not _items(lines):
        return text
    opens = next(at for at, line in enumerate(lines) if _style(line))
    is_titled = opens > 0 and len(lines[0]) <= TITLE_CHARS
    return "\n".join(lines[int(is_titled) : opens])


def one_line(text: str) -> str:
    """What was typed, on one line."""
    return " ".join(text.split())


def _style(line: str) -> re.Pattern[str] | None:
    return next((style for style in _STYLES if style.match(line) and style.sub("", line, count=1)), None)


def _items(lines: list[str]) -> tuple[str, ...]:
    """None where fewer than two lines open one: a single number numbers nothing."""
    found: list[str] = []
    style: re.Pattern[str] | None = None
    for line in lines:
        style = style or _style(line)
        if style is not None and style.match(line):
            found.append(style.sub("", line, count=1))
        elif found:
            found[-1] = f"{found[-1]}\n{line}"
    return tuple(item[:ITEM_CHARS] for item in found) if len(found) > 1 else ()

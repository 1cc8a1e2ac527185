"""The pictures: drawn light on white in an open Chinese font, as PNG; pure, knows no table and no database.

A picture takes a tenth of a second: outside transactions, and off the event loop.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pylopdf_fonts_zh_cn as fonts
from PIL import Image, ImageDraw, ImageFont

from bot.summaries.grids import Grid, Heat

Font = ImageFont.FreeTypeFont
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

TITLE, HEADER, BODY, SMALL, LEAST = 40, 26, 30, 24, 14  # pixels; a picture is about 1200 wide
MARGIN, PAD, LINE = 28, 13, 50
NAME_WIDTH, NAME_LEAST = 12 * BODY, 22  # a longer name is drawn smaller, down to this, and then cut
COLOURS = 96  # a palette: a third of the weight
NO_GLYPH = "\u3013"  # 〓, the printer's sign for a type he does not have
WHITE: Colour = (255, 255, 255)
INK: Colour = (33, 37, 41)
GREY: Colour = (96, 104, 112)
PALE: Colour = (138, 146, 153)  # 0: so that one finds what is not
RULE: Colour = (206, 212, 218)
SHADE: Colour = (246, 248, 250)
HEAD: Colour = (221, 235, 247)
OWED: Colour = (163, 60, 20)  # 未报, where there are some: it is what one looks for
FULL: Colour = (31, 97, 141)  # all have answered
FAINT: Colour = (238, 244, 249)  # none has
DARK = 400  # of red, green and blue together: below, white is read better than ink
CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"


@cache
def _face(size: int) -> Font:
    return ImageFont.truetype(fonts.sans_path(), size)


@cache
def has_glyph(sign: str) -> bool:
    """Whether the font can draw this one sign; where it cannot, it draws an empty box."""
    if sign.isspace():
        return True
    face = _face(BODY)
    return bytes(face.getmask(sign)) != bytes(face.getmask("\U0010fffe"))


def drawable(text: str) -> str:
    """The text on one line, with 〓 for what the font lacks; what shows nothing by itself, joiners of emoji, goes."""
    return "".join(_drawable(sign) for sign in text if sign not in "\ufe0e\ufe0f\u200d")


def _drawable(sign: str) -> str:
    if sign.isspace():
        return " "  # a line break cannot be measured: raqm refuses it
    return sign if has_glyph(sign) else NO_GLYPH


@dataclass(frozen=True, slots=True)
class _Page:
    """White paper, and what is put on it."""

    draw: ImageDraw.ImageDraw
    image: Image.Image

    @classmethod
    def of(cls, width: int, height: int) -> "_Page":
        image = Image.new("RGB", (width, height), WHITE)
        return cls(ImageDraw.Draw(image), image)

    def say(
        self,
        at: tuple[float, float],
        text: str,
        size: int,
        *,
        anchor: str = "lm",
        fill: Colour = INK,
        bold: bool = False,
    ) -> None:
        self.draw.text(at, drawable(text), fill, _face(size), anchor=anchor, stroke_width=0.6 if bold else 0)

    def png(self) -> bytes:
        out = io.BytesIO()
        method = Image.Quantize.MAXCOVERAGE  # the usual one turns the few red pixels of a big table brown
        few = self.image.quantize(COLOURS, method, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
        return out.getvalue()


def _width(text: str, size: int) -> int:
    return int(_face(size).getlength(drawable(text)) + 1)


def _fitting(text: str, width: int, size: int) -> int:
    """The largest size, not above this one, in which the text is no wider."""
    while size > LEAST and _width(text, size) > width:
        size -= 1
    return size


def fitted_name(text: str) -> tuple[str, int]:
    """The name of a row as it fits, and its size."""
    size = max(NAME_LEAST, _fitting(text, NAME_WIDTH, BODY))
    while _width(text, size) > NAME_WIDTH:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text, size


def _name_width(names: Iterable[str]) -> int:
    return max((_width(*fitted_name(it)) for it in names), default=0) + 2 * PAD


def grid(it: Grid) -> bytes:
    """The PNG of a table: numbers right-aligned under their header, 0 pale, 未报 in a colour of its own."""
    rows = (*it.rows, *([it.total] if it.total else []))
    widths = [
        max(_width(head, HEADER), *(_width(row[column], BODY) for row in rows)) + 2 * PAD
        for column, head in enumerate(it.columns[1:], start=1)
    ]
    widths = [_name_width((it.columns[0], *(row[0] for row in rows))), *widths]
    across, top = sum(widths), MARGIN + 112
    tall = LINE * (len(rows) + 1)
    page = _Page.of(across + 2 * MARGIN, top + tall + 58 + MARGIN // 2)
    _head(page, it.title, it.instant, across)
    _paper(page, len(rows), across, top, has_total=it.total is not None)
    owed = it.columns.index("未报") if "未报" in it.columns else -1
    for number, row in enumerate((it.columns, *rows)):
        x, y = MARGIN, top + number * LINE + LINE / 2
        bold = not number or (it.total is not None and number == len(rows))
        first, size = fitted_name(row[0])
        page.say((x + PAD, y), first, size if number else HEADER, bold=bold)
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            x += width
            if column:
                fill = INK if not number else PALE if text == "0" else OWED if column == owed else INK
                page.say((x - PAD, y), text, BODY if number else HEADER, anchor="rm", fill=fill, bold=bold)
    _foot(page, it.legend, top + tall + 30, across)
    return page.png()


def _paper(page: _Page, rows: int, across: int, top: int, *, has_total: bool) -> None:
    """Header and total shaded, every second row a little, a rule under each, a frame around all."""
    right = MARGIN + across
    for number in range(rows + 1):
        y = top + number * LINE
        is_end = not number or (has_total and number == rows)
        if is_end or number % 2 == 0:
            page.draw.rectangle((MARGIN, y, right, y + LINE), HEAD if is_end else SHADE)
    for number in range(rows + 2):
        page.draw.line((MARGIN, top + number * LINE, right, top + number * LINE), RULE)
    for x in (MARGIN, right):
        page.draw.line((x, top, x, top + LINE * (rows + 1)), RULE)


def _head(page: _Page, title: str, below: str, across: int) -> None:
    page.say((MARGIN, MARGIN + 26), title, _fitting(title, across, TITLE), bold=True)
    page.say((MARGIN, MARGIN + 80), below, _fitting(below, across, BODY), fill=GREY)


def _foot(page: _Page, text: str, y: float, across: int) -> None:
    page.say((MARGIN, y), text, _fitting(text, across, SMALL), fill=GREY)


def heat(it: Heat) -> bytes:
    """The PNG of the shares: the deeper the blue the more had answered, and the figure stands in each cell."""
    rows = (*it.rows, *([it.total] if len(it.rows) > 1 else []))
    name_width = _name_width(name for name, _ in rows)
    width = max(_width("100%", BODY), *(_width(day, SMALL) for day in it.days)) + PAD
    across = max(name_width + width * len(it.days), 900)
    top, tall = MARGIN + 112, LINE * 2 + LINE * len(rows)
    page = _Page.of(across + 2 * MARGIN, top + tall + 44 * len(it.titles) + 40 + MARGIN)
    _head(page, it.title, it.legend, across)
    for column, day in enumerate(it.days):
        x = MARGIN + name_width + width * (column + 0.5)
        page.say((x, top + LINE * 0.5), CIRCLED[column], HEADER, anchor="mm", bold=True)
        page.say((x, top + LINE * 1.4), day, SMALL, anchor="mm")
    for number, (name, shares) in enumerate(rows):
        y = top + LINE * (2 + number)
        page.say((MARGIN + PAD, y + LINE / 2), *fitted_name(name), bold=number == len(it.rows))
        for column, share in enumerate(shares):
            x = MARGIN + name_width + width * column
            _cell(page, (x, y, x + width, y + LINE), share)
    for number, (day, title) in enumerate(zip(it.days, it.titles, strict=True)):
        _foot(page, f"{CIRCLED[number]} {day} {title}", top + tall + 44 * (number + 1), across)
    return page.png()


def _cell(page: _Page, box: Box, share: float | None) -> None:
    left, upper, right, lower = box
    fill = WHITE if share is None else _tint(share)
    page.draw.rectangle(box, fill, outline=WHITE, width=2)
    middle = ((left + right) / 2, (upper + lower) / 2)
    page.say(middle, share_words(share), BODY, anchor="mm", fill=ink_on(fill))


def ink_on(fill: Colour) -> Colour:
    """White on the deep ones."""
    return WHITE if sum(fill) < DARK else INK


def share_words(share: float | None) -> str:
    """95%; cut, not rounded up: 100% means all."""
    return "—" if share is None else f"{round(share * 10_000) // 100}%"  # 0.29 * 100 is below 29


def _tint(share: float) -> Colour:
    """Between the two ends; the upper half of the scale, where nearly all shares lie, has most of the room."""
    deep = share**4
    red, green, blue = (round(pale + (full - pale) * deep) for pale, full in zip(FAINT, FULL, strict=True))
    return red, green, blue


def all_of(grids: Sequence[Grid]) -> list[bytes]:
    """The pictures of a table, one after the other."""
    return [grid(it) for it in grids]

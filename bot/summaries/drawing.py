"""The pictures: drawn light on white in an open Chinese font, as PNG; pure, knows no table and no database.

A picture takes a tenth of a second: outside transactions, and off the event loop.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pylopdf_fonts_zh_cn as fonts
from PIL import Image, ImageDraw, ImageFont

from bot.summaries.grids import Grid, Heat

Font = ImageFont.FreeTypeFont
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

TITLE, HEADER, BODY, SMALL, LEAST = 40, 26, 30, 24, 14  # pixels; a picture is about 1200 wide
MARGIN, PAD, LINE = 28, 11, 50
NAME_AT_MOST = 12  # 汉字 of a row's name
COLOURS = 48  # a palette: a third of the weight
NO_GLYPH = "\u3013"  # 〓, the printer's sign for a type he does not have
WHITE: Colour = (255, 255, 255)
INK: Colour = (33, 37, 41)
GREY: Colour = (96, 104, 112)
RULE: Colour = (206, 212, 218)
SHADE: Colour = (246, 248, 250)
HEAD: Colour = (221, 235, 247)
OWED: Colour = (163, 60, 20)  # 未报, where there are some: it is what one looks for
FULL: Colour = (31, 97, 141)  # all have answered
FAINT: Colour = (238, 244, 249)  # none has
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
    """The text with 〓 for what the font lacks; joiners and variants of emoji, which show nothing by themselves, go."""
    return "".join(sign if has_glyph(sign) else NO_GLYPH for sign in text if sign not in "\ufe0e\ufe0f\u200d")


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
        self.image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        return out.getvalue()


def _width(text: str, size: int) -> int:
    return int(_face(size).getlength(drawable(text)) + 1)


def _fitting(text: str, width: int, size: int) -> int:
    """The largest size, not above this one, in which the text is no wider."""
    while size > LEAST and _width(text, size) > width:
        size -= 1
    return size


def _cut(name: str) -> str:
    return name if len(name) <= NAME_AT_MOST else f"{name[: NAME_AT_MOST - 1]}…"


def grid(it: Grid) -> bytes:
    """The PNG of a table: numbers right-aligned under their header, 未报 in a colour of its own."""
    rows = [(_cut(row[0]), *row[1:]) for row in (*it.rows, *([it.total] if it.total else []))]
    widths = [
        max(_width(head, HEADER), *(_width(row[column], BODY) for row in rows)) + 2 * PAD
        for column, head in enumerate(it.columns)
    ]
    across, top = sum(widths), MARGIN + 112
    page = _Page.of(across + 2 * MARGIN, top + LINE * (len(rows) + 1) + 58 + MARGIN // 2)
    _head(page, it.title, it.instant, across)
    page.draw.rectangle((MARGIN, top, MARGIN + across, top + LINE), HEAD)
    owed = it.columns.index("未报") if "未报" in it.columns else -1
    for number, row in enumerate((it.columns, *rows)):
        is_total = it.total is not None and number == len(rows)
        y = top + number * LINE
        if number and (is_total or number % 2 == 0):
            page.draw.rectangle((MARGIN, y, MARGIN + across, y + LINE), HEAD if is_total else SHADE)
        page.draw.line((MARGIN, y + LINE, MARGIN + across, y + LINE), RULE)
        x = MARGIN
        for column, (text, width) in enumerate(zip(row, widths, strict=True)):
            size, is_owed = BODY if number else HEADER, number and column == owed and text != "0"
            at, anchor = (
                ((x + width - PAD, y + LINE / 2), "rm") if column else ((x + PAD, y + LINE / 2), "lm")
            )
            page.say(
                at, text, size, anchor=anchor, fill=OWED if is_owed else INK, bold=is_total or not number
            )
            x += width
    page.draw.rectangle((MARGIN, top, MARGIN + across, top + LINE * (len(rows) + 1)), outline=RULE)
    _foot(page, it.legend, top + LINE * (len(rows) + 1) + 30, across)
    return page.png()


def _head(page: _Page, title: str, below: str, across: int) -> None:
    page.say((MARGIN, MARGIN + 26), title, _fitting(title, across, TITLE), bold=True)
    page.say((MARGIN, MARGIN + 80), below, _fitting(below, across, BODY), fill=GREY)


def _foot(page: _Page, text: str, y: float, across: int) -> None:
    page.say((MARGIN, y), text, _fitting(text, across, SMALL), fill=GREY)


def heat(it: Heat) -> bytes:
    """The PNG of the shares: the deeper the blue the more had answered, and the figure stands in each cell."""
    rows = [(_cut(name), shares) for name, shares in (*it.rows, *([it.total] if len(it.rows) > 1 else []))]
    name_width = max(_width(name, BODY) for name, _ in rows) + 2 * PAD
    width = max(_width(text, HEADER) for text in (*it.days, "100%")) + 2 * PAD
    across = max(name_width + width * len(it.days), 900)
    top, tall = MARGIN + 112, LINE * 2 + LINE * len(rows)
    page = _Page.of(across + 2 * MARGIN, top + tall + 44 * len(it.titles) + 40 + MARGIN)
    _head(page, it.title, it.legend, across)
    for column, day in enumerate(it.days):
        x = MARGIN + name_width + width * (column + 0.5)
        page.say((x, top + LINE * 0.5), CIRCLED[column], HEADER, anchor="mm", bold=True)
        page.say((x, top + LINE * 1.4), day, HEADER, anchor="mm")
    for number, (name, shares) in enumerate(rows):
        y = top + LINE * (2 + number)
        page.say((MARGIN + PAD, y + LINE / 2), name, BODY, bold=number == len(it.rows))
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
    ink = WHITE if sum(fill) < 3 * 150 else INK
    page.say(((left + right) / 2, (upper + lower) / 2), share_words(share), HEADER, anchor="mm", fill=ink)


def share_words(share: float | None) -> str:
    """95%; cut, not rounded up: 100% means all."""
    return "—" if share is None else f"{int(share * 100)}%"


def _tint(share: float) -> Colour:
    """Between the two ends; the upper half of the scale, where nearly all shares lie, has most of the room."""
    deep = share**3
    red, green, blue = (round(pale + (full - pale) * deep) for pale, full in zip(FAINT, FULL, strict=True))
    return red, green, blue


def all_of(grids: Sequence[Grid]) -> list[bytes]:
    """The pictures of a table, one after the other."""
    return [grid(it) for it in grids]

"""Slips to be cut out and handed over at a meeting: one for each invitation, ten on a sheet of A4."""

import datetime as dt
import io
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

import openpyxl
import segno
from openpyxl.drawing.image import Image
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from bot.roster import enrolment, inviting, people, plain_cells
from bot.roster.access import Role

ACROSS, DOWN = 2, 5
A4 = 9  # Excel's number for the paper
QR_PIXELS = 118  # 31 mm on paper: a phone reads it at arm's length
_HEIGHTS = (26, 18, 32, 18, 18, 18, 20, 6)  # points; unit, person, code, three steps, telephone, margin
_HEIGHT = len(_HEIGHTS)
_WIDTHS = (29, 17)  # characters; words, QR
_GUTTER = 2
_WIDTH = len(_WIDTHS) + 1
_CUT = Side(style="dashed", color="FF808080")


@dataclass(frozen=True, slots=True)
class Slip:
    """One invitation on paper.

    Attributes:
        person: who is to use it, e.g. 王校长; for a group, what to call it.
        code: eight characters, without the dash.
        link: with it there is a QR code; '' where the bot's name is not known yet.
        phone: where to ask whether this is genuine.
        until: the last day on which it is taken, in the schools' zone.
        is_group: it brings the bot into the unit's group.
    """

    unit: str
    person: str
    code: str
    link: str = ""
    phone: str = ""
    until: dt.date | None = None
    is_group: bool = False


def of(one: inviting.Issued, phone: str, zone: dt.tzinfo) -> Slip:
    """The slip of an invitation.

    Args:
        phone: where to ask whether it is genuine.
    """
    is_group = one.door == "group"
    person = one.who or ("群" if is_group else people.POSTS[Role(one.role)])
    until = one.expires_at.astimezone(zone).date()
    return Slip(one.unit.name, person, one.code, one.link or "", phone, until, is_group)


def build(slips: Sequence[Slip]) -> bytes:
    """The XLSX, ready to be printed; slow with thousands (7 ms each), so off the event loop."""
    workbook = openpyxl.Workbook()
    sheet: Worksheet = workbook.worksheets[0]
    sheet.title = "登记条"
    _set_page(sheet, rows=-(-len(slips) // ACROSS))
    for index, slip in enumerate(slips):
        down, across = divmod(index, ACROSS)
        _draw(sheet, slip, line=1 + down * _HEIGHT, column=1 + across * _WIDTH)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _set_page(sheet: Worksheet, *, rows: int) -> None:
    """Real widths and breaks instead of fit-to-page: with that Excel forgets the breaks."""
    sheet.page_setup.paperSize = A4
    sheet.page_margins = PageMargins(left=0.3, right=0.3, top=0.4, bottom=0.4, header=0.1, footer=0.1)
    sheet.print_options.horizontalCentered = True
    sheet.sheet_view.showGridLines = False
    if rows:  # a long word at the right edge must not call for pages of its own
        sheet.print_area = f"A1:{get_column_letter(ACROSS * _WIDTH - 1)}{rows * _HEIGHT}"
    for across in range(ACROSS):
        for index, width in enumerate((*_WIDTHS, _GUTTER), start=1):
            if index <= len(_WIDTHS) or across < ACROSS - 1:
                _letter_width(sheet, across * _WIDTH + index, width)
    for row in range(rows):
        for index, height in enumerate(_HEIGHTS, start=1):
            sheet.row_dimensions[row * _HEIGHT + index].height = height
        if row % DOWN == DOWN - 1 and row < rows - 1:
            sheet.row_breaks.append(Break(id=(row + 1) * _HEIGHT))


def _letter_width(sheet: Worksheet, column: int, width: float) -> None:
    sheet.column_dimensions[get_column_letter(column)].width = width


def _draw(sheet: Worksheet, slip: Slip, *, line: int, column: int) -> None:
    what = "绑定码" if slip.is_group else "登记码"
    _say(sheet, line, column, slip.unit, size=_unit_size(slip.unit), bold=True)
    _say(sheet, line + 1, column, f"{slip.person} {what}", size=11)
    _say(sheet, line + 2, column, enrolment.spoken(slip.code), size=20, bold=True, font="Consolas")
    for number, step in enumerate(_steps(slip)):
        _say(sheet, line + 3 + number, column, f"{'①②③'[number]} {step}", size=10)
    _say(sheet, line + 6, column, _foot(slip), size=8)
    if slip.link:
        image = Image(io.BytesIO(_qr(slip.link)))
        image.width = image.height = QR_PIXELS
        sheet.add_image(image, sheet.cell(row=line + 1, column=column + 1).coordinate)
    _cut(sheet, line, column)


def _steps(slip: Slip) -> tuple[str, str, str]:
    if slip.is_group and slip.link:
        return "群管理员扫码,选本单位的群。", "点“添加”。", "群里说“已登记”就好了。"
    if slip.is_group:
        return "把“校安”加进本单位的群。", "在群里发 /start,空一格,写上码。", "群里说“已登记”就好了。"
    if slip.link:
        name = urllib.parse.urlsplit(slip.link).path.strip("/")
        return "手机扫码,点“开始”。", "看清单位,点“是我”。", f"扫不开就搜 @{name},把码发给它。"
    return "在 Telegram 里打开“校安”。", "点“开始”。", "把上面的码发给它。"


def _foot(slip: Slip) -> str:
    parts = (
        f"核实请打 {slip.phone}" if slip.phone else "",
        f"{slip.until.month}月{slip.until.day}日前有效" if slip.until else "",
        "不收钱,不要密码",
    )
    return " · ".join(part for part in parts if part)


def _qr(link: str) -> bytes:
    """One mask for all of them: trying the eight for the best looks takes longer than all the rest."""
    out = io.BytesIO()
    segno.make(link, error="m", mask=3).save(out, kind="png", scale=4, border=2)
    return out.getvalue()


def _unit_size(unit: str) -> int:
    """Points in which the name stays on its slip: it runs over into the empty cell beside it."""
    return 13 if len(unit) <= 18 else 10 if len(unit) <= 24 else 8


def _say(
    sheet: Worksheet, line: int, column: int, words: str, *, size: int, bold: bool = False, font: str = "宋体"
) -> None:
    """Words in one cell: merged cells would say the same, and take a second for every thousand."""
    cell = plain_cells.put(sheet, line, column, words)
    cell.font = Font(name=font, size=size, bold=bold)
    cell.alignment = Alignment(horizontal="left", vertical="center", indent=1)
    cell.number_format = plain_cells.TEXT


def _cut(sheet: Worksheet, line: int, column: int) -> None:
    """Dashes below the slip, and between it and its neighbour."""
    last = line + _HEIGHT - 1
    for index in range(column, column + len(_WIDTHS)):
        sheet.cell(row=last, column=index).border = Border(bottom=_CUT)
    if column == 1:
        for row in range(line, last + 1):
            sheet.cell(row=row, column=_WIDTH).border = Border(right=_CUT)

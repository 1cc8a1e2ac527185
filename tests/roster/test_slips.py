"""Slips for a meeting: what stands on each, and that a phone can read it."""

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
from openpyxl.utils import units
from PIL import Image

from bot.roster import slips
from bot.roster.slips import Slip

LINK = "https://t.me/yunchuan_xiaoan_bot?start=K7MP3QWD"
KING = Slip(
    "大河县金滩镇中心小学", "王校长", "K7MP3QWD", LINK, phone="0310-0000000", until=dt.date(2026, 10, 30)
)


def sheet_of(some):
    return openpyxl.load_workbook(io.BytesIO(slips.build(some))).worksheets[0]


def words_of(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_a_slip_says_who_may_use_it_how_and_whom_to_ask():
    words = words_of(sheet_of([KING]))

    assert words == [
        "大河县金滩镇中心小学",
        "王校长 登记码",
        "K7MP-3QWD",
        "① 手机扫码,点“开始”。",
        "② 看清单位,点“是我”。",
        "③ 扫不开就搜 @yunchuan_xiaoan_bot,把码发给它。",
        "核实请打 0310-0000000 · 10月30日前有效 · 不收钱,不要密码",
    ]


def test_a_slip_with_a_link_carries_a_qr_code_and_one_without_carries_none():
    assert len(sheet_of([KING])._images) == 1
    assert sheet_of([Slip("大河县第一中学", "赵校长", "K7MP3QWE")])._images == []


def test_the_qr_code_is_sharp_black_and_white_with_a_quiet_zone():
    image = Image.open(io.BytesIO(slips._qr(LINK))).convert("L")

    assert image.width == image.height >= slips.QR_PIXELS
    assert set(image.tobytes()) == {0, 255}
    assert set(image.crop((0, 0, image.width, 8)).tobytes()) == {255}


def test_a_group_gets_other_steps_than_a_person():
    words = words_of(sheet_of([Slip("大河县第一中学", "工作群", "ABCDEFGH", LINK, is_group=True)]))

    assert "工作群 绑定码" in words
    assert any("选本单位的群" in word for word in words)


@pytest.mark.parametrize(
    ("is_group", "step"), [(False, "① 在 Telegram 里打开“校安”。"), (True, "② 在群里发")]
)
def test_without_a_link_the_steps_need_no_camera(is_group, step):
    words = words_of(sheet_of([Slip("大河县第一中学", "赵校长", "K7MP3QWE", is_group=is_group)]))

    assert any(word.startswith(step) for word in words)
    assert not any("扫" in word for word in words)


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_ten_slips_fill_a_page_and_no_slip_is_torn(count, pages):
    sheet = sheet_of([KING] * count)

    breaks = [it.id for it in sheet.row_breaks.brk]
    assert len(breaks) == pages - 1
    assert all(at % (slips.DOWN * len(slips._HEIGHTS)) == 0 for at in breaks)
    assert sheet.print_area == f"'登记条'!$A$1:$E${-(-count // 2) * len(slips._HEIGHTS)}"
    printable = units.cm_to_EMU(29.7) - units.inch_to_EMU(sheet.page_margins.top + sheet.page_margins.bottom)
    assert units.pixels_to_EMU(sum(slips._HEIGHTS) * slips.DOWN * 96 // 72) <= printable


def test_no_slips_make_an_empty_sheet():
    assert words_of(sheet_of([])) == []


def test_nothing_on_a_slip_is_a_formula():
    content = slips.build([Slip("=1+1", "@SUM(A1)", "K7MP3QWD", phone="+1-1")])

    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert not re.search(r"<f[ >/]", xml)
    assert "=1+1" in words_of(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0])

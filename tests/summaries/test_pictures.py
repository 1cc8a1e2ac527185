"""Pictures of tables: what they say is a plain value; what is drawn has a glyph for every sign, and little weight."""

import dataclasses
import datetime as dt
import io
import random
import zoneinfo

import pytest
from PIL import Image, ImageChops

from bot.notices import queries, tallies
from bot.summaries import document, drawing, grids
from bot.summaries.grids import Heat
from bot.texts import Words
from tests.page import papers
from tests.summaries.test_workbook import DUE, NOTICE, OWING, YES

WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))
HEAD = {"title": NOTICE.title, "frozen": True, "at": DUE, "is_trial": False, "recalled": False}
MEGABYTE = 1_000_000


def table_of(rows: int) -> queries.Table:
    """Counties 1…n; county k has k schools that have answered, and one that has not."""
    statuses = []
    for row in range(1, rows + 1):
        place = {"row_code": f"C{row}", "row_name": f"第{row}县教育局", "row_position": row}
        statuses += [dataclasses.replace(it, **place) for it in ([YES] * row + [OWING])]
    return queries.Table(
        NOTICE,
        DUE,
        DUE,
        queries.summed("YC", "合计", statuses),
        tuple(queries.lines(statuses)),
        tuple(statuses),
    )


def made_of(rows: int) -> list[grids.Grid]:
    return grids.of_table(table_of(rows), HEAD, WORDS)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def test_a_picture_says_what_the_document_says():
    table = table_of(3)
    (it,) = grids.of_table(table, HEAD, WORDS)

    keys = ("expected", "answered", "late", "trouble", "missing", None, "unbound", "undelivered", "excused")
    for cells, row in zip((*it.rows, it.total), (*table.rows, table.total), strict=True):
        said = document.row(row) | {None: row.silent}
        assert [int(cell) for cell in cells[1:10]] == [said[key] for key in keys]
        assert float(cells[10].rstrip("%")) / 100 <= said["rate"] < float(cells[10].rstrip("%")) / 100 + 0.001
    assert [row[0] for row in it.rows] == ["第1县", "第2县", "第3县"]
    assert (it.title, it.instant) == ("国庆假前安全课", "截至 9月30日(周三)17:00")
    assert it.columns == (
        "单位", "应报", "已报", "补报", "有困难", "未报", "没回复", "没登记", "没送到", "免报", "报送率",
    )  # fmt: skip


@pytest.mark.parametrize(("rows", "shared"), [(1, [1]), (24, [24]), (25, [13, 12]), (50, [17, 17, 16])])
def test_more_than_24_rows_are_several_pictures_and_the_total_stands_once(rows, shared):
    made = made_of(rows)

    assert [len(it.rows) for it in made] == shared
    assert [it.total is not None for it in made] == [False] * (len(made) - 1) + [True]
    for column in range(1, 10):
        assert sum(int(row[column]) for it in made for row in it.rows) == int(made[-1].total[column])
    assert [it.title for it in made][-1].endswith(f" {len(made)}/{len(made)}") == (len(made) > 1)


def test_a_trial_and_a_recalled_notice_say_so():
    (it,) = grids.of_table(table_of(1), HEAD | {"is_trial": True, "recalled": True, "frozen": False}, WORDS)

    assert it.title == "【试运行】【已撤回】国庆假前安全课"
    assert it.instant.startswith("实时 ")


def test_24_rows_are_one_light_picture_that_a_phone_can_show():
    content = drawing.grid(made_of(24)[0])

    assert content.startswith(b"\x89PNG")
    assert len(content) <= MEGABYTE / 4
    width, height = opened(content).size
    assert 900 <= width <= 1500
    assert height <= 2 * width
    assert opened(content).getpixel((0, 0)) == (255, 255, 255)


def test_what_stands_in_a_cell_is_drawn_in_its_place():
    (it,) = made_of(3)
    row = it.rows[1]
    other = dataclasses.replace(it, rows=(it.rows[0], (*row[:5], "9", *row[6:]), it.rows[2]))

    before, after = opened(drawing.grid(it)), opened(drawing.grid(other))
    plainly = ImageChops.difference(before, after).point(lambda value: value if value > 60 else 0)
    left, upper, right, lower = plainly.getbbox()  # a palette of its own makes faint differences everywhere
    line = drawing.MARGIN + 112 + drawing.LINE * 2
    assert line <= upper <= lower <= line + drawing.LINE
    assert right - left <= 30  # one digit


def near(picture, colour):
    """Whether a pixel has this colour, but for what the palette takes."""
    return any(
        all(abs(one - other) <= 16 for one, other in zip(found, colour, strict=True))
        for _, found in picture.getcolors(1 << 24)
    )


def test_the_one_that_owes_among_24_is_seen_by_its_colour():
    (it,) = made_of(24)
    full = [(*row[:5], "0", *row[6:]) for row in it.rows]
    one = dataclasses.replace(it, rows=(*full[:23], (*full[23][:5], "1", *full[23][6:])), total=None)
    none = dataclasses.replace(one, rows=tuple(full))

    assert near(opened(drawing.grid(one)), drawing.OWED)
    assert not near(opened(drawing.grid(none)), drawing.OWED)


def test_a_row_of_zeros_is_pale():
    (it,) = made_of(3)
    blank = dataclasses.replace(it, rows=(it.rows[0], ("", *("0",) * 9, ""), it.rows[2]))
    picture, top = opened(drawing.grid(blank)), drawing.MARGIN + 112

    first, second = (
        picture.crop((0, top + drawing.LINE * number, picture.width, top + drawing.LINE * (number + 1)))
        for number in (1, 2)
    )
    assert near(first, drawing.INK)
    assert not near(second, drawing.INK)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.85, 0.9, 0.93, 0.95, 0.97, 1.0])
def test_a_share_is_read_on_its_colour(share):
    def light(colour):
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    fill = drawing._tint(share)
    ink = light(drawing.ink_on(fill))
    assert max(ink, light(fill)) / min(ink, light(fill)) >= 3.5  # 3 is asked of large signs


def test_every_sign_of_the_texts_and_of_rare_names_has_a_glyph():
    names = "㙍垴埠岙峃漯邳郾陂鄢亳濮阳〇①⑩“”—·【】()%…"
    said = "".join("".join((it.title, it.instant, it.legend, *it.columns, *it.total)) for it in made_of(1))

    assert [sign for sign in said + names if not drawing.has_glyph(sign)] == []
    assert drawing.drawable(names) == names


def test_a_sign_without_a_glyph_is_a_printers_blank_and_never_an_empty_box():
    assert drawing.drawable("火🔥灾") == "火〓灾"
    assert drawing.drawable("消防\u200d检查\ufe0f") == "消防检查"
    assert drawing.has_glyph("〓")


def test_long_names_and_titles_stay_on_the_paper():
    (it,) = made_of(2)
    name = "长阳土家族自治县榔坪镇中心学校附属乐园希望小学"
    wide = dataclasses.replace(it, title="字" * 60, rows=((name, *it.rows[0][1:]),))
    picture = opened(drawing.grid(wide))

    assert picture.width <= 1600
    edge = picture.crop((picture.width - drawing.MARGIN + 2, 0, picture.width, picture.height))
    assert edge.getcolors() == [(edge.width * edge.height, (255, 255, 255))]


def test_the_longest_name_of_a_county_is_there_to_its_last_sign():
    assert drawing.fitted_name("积石山保安族东乡族撒拉族自治县") == ("积石山保安族东乡族撒拉族自治县", 23)
    assert drawing.fitted_name("大河县") == ("大河县", drawing.BODY)
    assert (
        drawing.fitted_name("长阳土家族自治县榔坪镇中心学校附属乐园希望小学")[0]
        == "长阳土家族自治县榔坪镇中心学校…"
    )


def heat_of(shares: tuple[float | None, ...]) -> Heat:
    days = tuple(f"9月{day}日" for day in range(1, len(shares) + 1))
    return Heat(
        "标题",
        "图例",
        days,
        ("消防自查",) * len(shares),
        (("大河县", shares), ("河东区", shares)),
        ("合计", shares),
    )


def test_the_more_had_answered_the_deeper_the_colour():
    shades = [sum(drawing._tint(share)) for share in (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)]

    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == len(shades)


def test_a_share_is_cut_so_that_100_means_all():
    assert [drawing.share_words(it) for it in (None, 0.0, 0.5942, 0.9999, 1.0)] == [
        "—",
        "0%",
        "59%",
        "99%",
        "100%",
    ]


def test_a_share_of_whole_hundredths_is_told_as_it_is():
    assert [drawing.share_words(number / 100) for number in range(101)] == [f"{it}%" for it in range(101)]


def test_a_heat_picture_of_ten_is_light_and_one_of_one_notice_is_possible():
    content = drawing.heat(heat_of((1.0, 0.9, None, 0.5, 0.0, 0.99, 0.8, 0.7, 0.6, 1.0)))

    assert len(content) <= MEGABYTE / 4
    assert opened(drawing.heat(heat_of((1.0,)))).width >= 900


def test_the_total_of_a_heat_picture_is_of_all_schools_and_no_mean_of_shares():
    big, small = tallies.Line(1, "A", "大河县教育局"), tallies.Line(2, "B", "河东区教育局")
    tables = [{big: tallies.Tally(300, 297), small: tallies.Tally(2, 1)}, {big: tallies.Tally(300, 300)}]

    it = grids.of_tallies([NOTICE, NOTICE], tables, at=DUE, words=WORDS)

    assert it.rows == (("大河县", (0.99, 1.0)), ("河东区", (0.5, None)))
    assert it.total == ("合计", (round(298 / 302, 4), 1.0))


def test_the_heat_picture_of_the_handbook_adds_up():
    it = papers.heat(random.Random(30))

    for column, total in enumerate(it.total[1]):
        shares = [row[column] for _, row in it.rows if row[column] is not None]
        assert min(shares) <= total <= max(shares)
        assert abs(total - sum(shares) / len(shares)) < 0.03


def test_a_break_in_a_name_is_drawn_as_a_space():
    assert drawing.drawable("大河\r\n县\t一小") == "大河  县 一小"
    assert drawing.grid(dataclasses.replace(made_of(1)[0], title="消防\n自查")).startswith(b"\x89PNG")


def test_an_instant_of_another_zone_is_told_in_the_schools_time():
    (it,) = grids.of_table(table_of(1), HEAD | {"at": DUE + dt.timedelta(hours=8)}, WORDS)

    assert it.instant == "截至 10月1日(周四)01:00"

"""What leaves the bureau's desk: the picture, the sheet, the paragraph, the leaders' brief; one day, one process."""

import datetime as dt
import io
import zoneinfo
from collections.abc import Callable
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook
from PIL import Image, ImageChops

from bot.simulator import Message
from bot.simulator.model import File
from bot.summaries import drawing
from bot.summaries.grids import Grid
from bot.texts import Words
from tests.whole import driver
from tests.whole.driver import City, plain

UNTIL_FOUR = driver.ASK.replace("+2h", "same day at 16:00") + "  chase: none\n"
ONE_SCHOOL = driver.ASK.replace("audience: schools", "audience: unit:DH02")
FIGURES = (
    "expected",
    "answered",
    "late",
    "trouble",
    "missing",
    "silent",
    "unbound",
    "undelivered",
    "excused",
)
COLUMNS = ("单位", "应报", "已报", "补报", "有困难", "未报", "没回复", "没登记", "没送到", "免报", "报送率")
TYPED = "三楼消防栓没水"
FOUR = "2026-09-30T16:00:00+08:00"


async def test_a_days_tables_are_carried_away_and_say_what_the_document_says(workday: City) -> None:
    town = workday
    leader = town.people["何局长"] = town.sim.add_user("何局长", phone="+8613800000005")
    await town.import_roster(
        units=driver.UNITS.replace("梨园小学", "=1+1"),
        contacts=driver.CONTACTS + "CITY,何局长,leader,13800000005\n",
    )
    await town.done("arm", "--all", "--schools", str(driver.SCHOOLS))
    await town.start()
    await town.enrol("李银桥", "吴石桥", "周黄庄", "钱山阳", "孙市直", "刘市安", "何局长")
    await town.it_is("14:00")
    await town.publish(UNTIL_FOUR)
    await _answer(town)
    await town.it_is("16:00:10")
    pushed = await town.see("刘市安", "截至 9月30日(周三)16:00")

    # the picture of the deadline is the one drawn from the document's figures
    then = await town.summary(1, "--as-of", FOUR)
    assert (then["total"]["answered"], then["total"]["missing"]) == (3, 14)
    picture = await _taken(town, pushed, "整表图", lambda m: m.photo)
    assert picture.size <= 1_000_000
    drawn = drawing.grid(_grid(then, "消防自查", "截至 9月30日(周三)16:00"))
    assert not _differences(picture.content, drawn)
    wrong = then | {"total": then["total"] | {"late": 9}}
    assert _differences(picture.content, drawing.grid(_grid(wrong, "消防自查", "截至 9月30日(周三)16:00")))

    # so is the sheet, in cells that compute nothing and pages that can be printed
    book = _opened(await _taken(town, pushed, "Excel", lambda m: m.document))
    lines = list(book["汇总"].iter_rows(min_row=3, values_only=True))
    assert [list(line[1:]) for line in lines] == [_figures(row) for row in (*then["rows"], then["total"])]
    names = {line[0]: line for line in book["名单"].iter_rows(min_row=3, values_only=True)}
    assert len(names) == then["total"]["expected"]
    reach = {"silent": "没回复", "unbound": "没登记", "undelivered": "没送到"}
    owing = {name: line[2] for name, line in names.items() if str(line[2]).startswith("没")}
    assert owing == {m["name"]: reach[m["reach"]] for m in then["missing"]}
    assert names["市第一中学"][7] == f"消防用电;我校能解决;{TYPED}"
    _check_paper(book)

    # five minutes later: two instants in each paragraph, the one of then and the one of now
    await town.it_is("16:05")
    await town.press("吴石桥", town.card(town.person("吴石桥")), "已查完")
    await town.press("刘市安", pushed, "大河县 13")
    await town.until(lambda: "16:00 未报 13;现在(16:05)又补报 1,还差 12" in pushed.text)
    await town.press("刘市安", pushed, "◂ 全")
    await town.until(lambda: "16:00 未报 14;现在(16:05)又补报 1,还差 13" in pushed.text)
    said = _copied(pushed)
    assert said.startswith("截至9月30日16:00,消防自查应报17校,已报3校,")
    assert said.endswith("16:05又补报1校,尚缺13校。")
    live = await town.say("刘市安", "/summary")
    said = _copied(live)
    assert said.startswith("截至9月30日16:05,消防自查应报17校,已报4校,报送率23.5%,其中1校反映有困难")
    assert said.endswith("16:00截止时未报14校。")

    # by dates, as it stands by then
    offered = await town.say("刘市安", "/export")
    await town.press("刘市安", offered, "自己写")
    await town.see("刘市安", "请写两个日期")
    town.sim.send(town.person("刘市安"), town.person("刘市安"), "9月30日")
    book = _opened(await _file(town, "2026年9月30日至9月30日通知汇总.xlsx"))
    now = await town.summary(1)
    (line,) = book["各次"].iter_rows(min_row=3, values_only=True)
    assert [line[0], *line[3:]] == ["消防自查", *_figures(now["total"])]
    rows = list(book["各县"].iter_rows(min_row=3, values_only=True))
    assert [list(row[2:]) for row in rows] == [[row["name"], *_figures(row)] for row in now["rows"]]
    _check_paper(book)
    heat = await _taken(town, offered, "热力图", lambda m: m.photo)
    assert heat.size <= 1_000_000

    # the leader's evening: six lines at most and the door to the table; one line where all have answered
    await town.it_is("17:05")
    brief = await town.see("何局长", "【今天】9月30日(周三)17:05")
    assert brief.text.split("\n")[1:] == [
        "1 件事,报齐 0 件;应报 17,未报 13;有困难 1(未看 1,已解决 0)",
        "消防自查 4/17,未报 13(今天16:00 截止)",
    ]
    await town.press("何局长", brief, "消防自查")
    await town.until(lambda: "应报 17 已报 4(23.5%),有困难 1 未报 13" in plain(brief))
    assert town.clock is not None
    town.clock.set("2026-10-09 15:00:00")  # the next school day but one
    await town.looked()
    await town.publish(ONE_SCHOOL)
    await town.press("李银桥", await town.until(lambda: _newest(town, "李银桥")), "已查完")
    town.clock.set("2026-10-09 17:05:00")
    assert (await town.see("何局长", "今天 1 件事")).text == "今天 1 件事,全部报齐。"
    assert len([m for m in town.sim.messages(leader) if m.from_bot and "件事" in m.text]) == 1


async def _answer(town: City) -> None:
    """Two have done it, one has trouble and says which."""
    for name in ("李银桥", "钱山阳"):
        await town.press(name, await town.see(name, "消防自查"), "已查完")
    await town.press("孙市直", await town.see("孙市直", "消防自查"), "有困难")
    asked = await town.see("孙市直", "哪方面")
    await town.press("孙市直", asked, "消防用电")
    await town.press("孙市直", asked, "我校能解决")
    await town.until(lambda: "写一句" in asked.text)
    town.sim.send(town.person("孙市直"), town.person("孙市直"), TYPED)
    await town.until(lambda: TYPED in asked.text)


def _newest(town: City, name: str) -> Message | None:
    """The card of the second notice."""
    cards = [m for m in town.sim.messages(town.person(name)) if m.from_bot and "消防自查" in m.text]
    return cards[-1] if len(cards) > 1 and cards[-1].buttons else None


def _copied(message: Message) -> str:
    (text,) = [button.copy_text for row in message.buttons for button in row if button.copy_text]
    assert 1 <= len(text.encode("utf-16-le")) // 2 <= 256
    return text


async def _taken(town: City, page: Message, button: str, of: Callable[[Message], File | None]) -> File:
    """The clerk presses; the file that comes."""
    user = town.person("刘市安")
    before = {m.id for m in town.sim.messages(user)}
    await town.press("刘市安", page, button)
    return await town.until(
        lambda: next((f for m in town.sim.messages(user) if m.id not in before and (f := of(m))), None)
    )  # type: ignore[return-value]


async def _file(town: City, name: str) -> File:
    found = lambda: [m.document for m in town.sim.messages(town.person("刘市安")) if m.document]  # noqa: E731
    return await town.until(lambda: next((f for f in found() if f.name == name), None))  # type: ignore[return-value]


def _figures(row: dict[str, Any]) -> list[object]:
    silent = row["missing"] - row["unbound"] - row["undelivered"]
    return [*((row | {"silent": silent})[key] for key in FIGURES), row["rate"]]


def _grid(document: dict[str, Any], title: str, instant: str) -> Grid:
    """The table of ten columns, from the document alone."""

    def cells(row: dict[str, Any], name: str) -> tuple[str, ...]:
        tenths = row["answered"] * 1000 // row["expected"]
        share = f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
        return (name, *map(str, _figures(row)[:-1]), f"{share}%")

    legend = Words(zoneinfo.ZoneInfo("Asia/Shanghai")).plain("picture.legend", directive=False)
    rows = tuple(cells(row, row["name"].removesuffix("教育局")) for row in document["rows"])
    return Grid(title, instant, legend, COLUMNS, rows, cells(document["total"], "合计"))


def _differences(one: bytes, other: bytes) -> object:
    """Where the two pictures are not the same; None where they are."""
    pictures = [Image.open(io.BytesIO(content)).convert("RGB") for content in (one, other)]
    return ImageChops.difference(*pictures).getbbox()


def _opened(file: File) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(file.content))


def _check_paper(book: Workbook) -> None:
    """No cell computes; every sheet is A4 across with its header on each page, still and filtered."""
    for sheet in book.worksheets:
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert not [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink]
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.freeze_panes, sheet.print_title_rows) == ("B3", "$1:$2")
        assert sheet.auto_filter.ref
        instants = [cell.value for cell in cells if cell.is_date and cell.value is not None]
        assert all(isinstance(value, dt.datetime) for value in instants)

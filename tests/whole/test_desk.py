"""The bureau's side: numbers, names, calls noted, reminders, the table of the deadline; and nobody beyond their area."""

import datetime as dt
import io

import openpyxl

from bot.simulator import Message
from tests.whole import driver
from tests.whole.driver import City, plain
from tests.whole.ledger import Ledger

MINUTE = dt.timedelta(minutes=1)
UNTIL_FOUR = driver.ASK.replace("+2h", "same day at 16:00")
UNCHASED = f"{driver.ASK}  chase: none\n"
STAFF = ("李银桥", "周黄庄", "吴石桥", "冯青坡", "钱山阳", "孙市直", "郑大河", "陈山阳", "刘市安")
ENROLLED = {"DH02", "DH03", "DH04", "DH05", "DH06", "SY01", "SZ01"}


async def _turn(town: City, name: str, page: Message, button: str, *, comes: str) -> None:
    """Press a button of a page; the same message shows what was asked for."""
    await town.press(name, page, button)
    await town.until(lambda: comes in page.text or comes in "\n".join(page.button_texts))


async def test_an_officer_notes_calls_answers_and_excuses_and_the_school_has_the_last_word(
    workday: City,
) -> None:
    town = workday
    await town.prepare(*STAFF, groups=("DH",))
    book = Ledger(enrolled=ENROLLED)
    await town.it_is("14:00")
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    await town.press("李银桥", county, "已查完")
    book.answered = {"DH02"}

    # names only in private, eight a page, in the one message
    town.sim.send(town.person("郑大河"), town.groups["DH"], "/missing@xiaoan_bot")
    await town.see(town.groups["DH"], "名单不在群里发,请到私聊看。")
    page = await town.say("郑大河", "未报")
    assert page.text.startswith("【汇总】消防自查\n")
    assert "实时 9月30日(周三)14:0" in page.text
    assert "应报 14 已报 1 未报 13" in plain(page)
    assert "没回复 4·没送到 0·没登记 9" in plain(page)
    assert "1 黄庄小学 周校长 138****0031" in plain(page)
    await _turn(town, "郑大河", page, "没登记 9", comes="── 没登记 1/2 页 ──")
    assert "8 松岗小学" in page.text
    await _turn(town, "郑大河", page, "▸", comes="── 没登记 2/2 页 ──")
    assert "9 梨园小学" in page.text
    await _turn(town, "郑大河", page, "9", comes="未报:没登记")
    assert "值班 0310-0000100" in page.text
    await _turn(town, "郑大河", page, "◂ 返回", comes="没回复 4")

    # three schools on the telephone: answered for, excused, rung
    await _turn(town, "郑大河", page, "已电话/代报", comes="点学校名选中")
    await _turn(town, "郑大河", page, "石桥小学", comes="☑ 石桥小学")
    await _turn(town, "郑大河", page, "替这 1 校报“已查完”", comes="会记上您的名字,学校可以改。")
    assert (await town.press("郑大河", page, "确定")).text == "已记 1 校。"
    book.answered |= {"DH05"}
    await town.until(lambda: "没回复 3" in page.text)
    await _turn(town, "郑大河", page, "已电话/代报", comes="点学校名选中")
    await _turn(town, "郑大河", page, "青坡小学", comes="☑ 青坡小学")
    await _turn(town, "郑大河", page, "这 1 校免报…", comes="免报,为什么?")
    assert (await town.press("郑大河", page, "没有在校生")).text == "已记 1 校。"
    book.excused = {"DH06"}
    await town.until(lambda: "免报 1" in page.text)
    await _turn(town, "郑大河", page, "没登记 9", comes="── 没登记 1/2 页 ──")
    await _turn(town, "郑大河", page, "已电话/代报", comes="点学校名选中")
    await _turn(town, "郑大河", page, "红岭小学", comes="☑ 红岭小学")
    assert (await town.press("郑大河", page, "这 1 校已电话")).text == "已记 1 校。"
    await _turn(town, "郑大河", page, "没登记 9", comes="已电话")
    book.check(await town.summary(1))

    # the school's own word replaces the officer's, and ends 免报
    assert (await town.press("吴石桥", county, "已查完")).text.startswith("✅ 已记:石桥小学“已查完”")
    assert (await town.press("冯青坡", county, "已查完")).text.startswith("✅ 已记:青坡小学“已查完”")
    book.answered |= {"DH06"}
    book.excused = set()
    book.check(await town.summary(1))


async def test_nobody_sees_or_touches_another_county_by_any_forgery(workday: City) -> None:
    town = workday
    await town.prepare(*STAFF, groups=("DH",))
    book = Ledger(enrolled=ENROLLED)
    await town.it_is("14:00")
    await town.publish()
    await town.press("钱山阳", await town.see("钱山阳", "消防自查"), "有困难")
    book.answered, book.trouble = {"SY01"}, {"SY01"}
    await town.later(dt.timedelta(seconds=40))
    theirs = await town.see("陈山阳", "⚠️ 山阳实验小学")
    steps = [town.data(theirs, words) for words in ("已看到", "已解决", "看号码")]

    # what the city's officer may press, pressed by the county officer of the other county, and by a principal
    page = await town.say("刘市安", "汇总")
    county_page = town.data(page, "山阳市 1")
    await _turn(town, "刘市安", page, "山阳市 1", comes="山阳第二小学")
    unit_page = town.data(page, "1")
    await _turn(town, "刘市安", page, "已电话/代报", comes="点学校名选中")
    tick = town.data(page, "山阳第二小学")
    await _turn(town, "刘市安", page, "山阳第二小学", comes="☑ 山阳第二小学")
    sure, rang, why = (town.data(page, words) for words in ("报“已查完”", "已电话", "免报…"))
    await _turn(town, "刘市安", page, "报“已查完”", comes="会记上")
    behalf = town.data(page, "确定")
    excuse = behalf.replace(":behalf:yes:", ":excuse:no_pupils:")
    forged = [
        *steps, county_page, unit_page, tick, sure, rang, why, behalf, excuse,
        *(county_page.replace(":page:", f":{action}:") for action in ("phones", "xlsx", "pick")),
        county_page.replace(":m:0:", ":t:99:"), county_page.replace(":m:0:", ":c:0:"),
    ]  # fmt: skip
    mine = {"郑大河": await town.say("郑大河", "未报"), "李银桥": await town.see("李银桥", "您登记在")}
    for name, message in mine.items():
        for data in forged:
            answer = await town.forge(name, message, data)
            assert "山阳" not in answer.text, (name, data)
        await town.looked()
        chat = town.sim.chat(town.person(name))
        assert "山阳" not in town.said_in(chat), name
        for document in [m.document for m in town.sim.messages(chat) if m.document]:
            assert not any("山阳" in cell for cell in _cells(document.content)), name
    book.check(await town.summary(1))
    assert (await town.summary(1))["trouble"][0]["state"] == "new"

    # a principal answers for nobody else, whatever number he sends
    for unit in range(30):
        await town.forge("李银桥", mine["李银桥"], f"v1:1:1:yes:{unit}")
    book.answered |= {"DH02"}
    book.check(await town.summary(1))


async def test_only_the_silent_are_reminded_and_not_too_often(workday: City) -> None:
    town = workday
    await town.prepare(*STAFF, groups=("DH",))
    await town.it_is("14:00")
    await town.publish(UNCHASED)
    county = await town.see(town.groups["DH"], "消防自查")
    await town.press("李银桥", county, "已查完")

    asked = await town.say("郑大河", "提醒")
    assert "将私聊提醒 3 人,4 校。" in asked.text
    before = town.cards("还没报")
    assert before == {}
    await _turn(town, "郑大河", asked, "提醒 4 校", comes="已提醒 3 人,4 校")
    await town.until(lambda: town.cards("还没报") == {"周黄庄": 1, "吴石桥": 1, "冯青坡": 1})
    nudge = town.card("吴石桥", "还没报")
    assert nudge.text.startswith("吴校长,石桥小学的消防自查还没报,")
    assert nudge.text.endswith("16:00 截止。")
    assert "您负责的 2 所学校还没报" in town.card("周黄庄", "还没报").text

    # at once again: nobody; answered meanwhile: not any more; after half an hour once more; never a third time
    again = await town.say("郑大河", "提醒")
    assert "没有可以提醒的学校" in again.text
    assert "4 校" in again.text
    assert "不再提醒。请打电话。" in again.text
    await town.press("吴石桥", nudge, "已查完")
    await town.later(31 * MINUTE)
    second = await town.say("郑大河", "提醒")
    assert "将私聊提醒 2 人,3 校。" in second.text
    await town.forge(
        "郑大河", second, "v1:1:0:chase!:1"
    )  # one was told, two it would be: asked again, and none reminded
    await town.until(lambda: "人数比刚才多了" in second.text)
    assert town.cards("还没报") == {"周黄庄": 1, "吴石桥": 1, "冯青坡": 1}
    await _turn(town, "郑大河", second, "提醒 3 校", comes="已提醒 2 人,3 校")
    await town.until(lambda: town.cards("还没报") == {"周黄庄": 2, "吴石桥": 1, "冯青坡": 2})
    await town.later(31 * MINUTE)
    third = await town.say("郑大河", "/chase")
    assert "没有可以提醒的学校" in third.text
    assert "3 校" in third.text
    chased = {m["unit"]: m["chased"] for m in (await town.summary(1))["missing"]}
    assert {unit: n for unit, n in chased.items() if n} == {"DH03": 2, "DH04": 2, "DH06": 2}


async def test_the_table_of_the_deadline_goes_out_by_itself_and_never_changes(workday: City) -> None:
    town = workday
    await town.prepare(*STAFF, groups=("DH",))
    book = Ledger(enrolled=ENROLLED)
    await town.it_is("14:00")
    await town.publish(UNTIL_FOUR)
    county = await town.see(town.groups["DH"], "消防自查")
    for name in ("李银桥", "吴石桥", "冯青坡"):
        await town.press(name, county, "已查完")
    await town.press("钱山阳", await town.see("钱山阳", "消防自查"), "已查完")
    book.answered = {"DH02", "DH05", "DH06", "SY01"}
    await town.it_is("15:59:58")
    assert not town.sim.has(town.person("刘市安"), "截至")
    await town.it_is("16:00:10")
    pushed = {
        name: await town.see(name, "截至 9月30日(周三)16:00") for name in ("刘市安", "郑大河", "陈山阳")
    }
    assert "应报 17 已报 4(23.5%) 未报 13 没回复 3·没送到 0·没登记 10" in plain(pushed["刘市安"])
    assert "  11  0      3/14 大河县" in pushed["刘市安"].text
    assert "  13  0      4/17 合计" in pushed["刘市安"].text
    assert "应报 14 已报 3 未报 11" in plain(pushed["郑大河"])
    assert "应报 2 已报 1 未报 1" in plain(pushed["陈山阳"])
    assert "大河" not in pushed["陈山阳"].text
    book.check(await town.summary(1, "--as-of", "2026-09-30T16:00:00+08:00"))
    frozen = Ledger(enrolled=ENROLLED, answered=set(book.answered))

    # what comes later is 补报: in the present table, not in that of the deadline
    await town.it_is("16:05")
    listed = town.person("周黄庄")
    await town.press("周黄庄", county, "已查完")
    await town.see("周黄庄", "您负责 2 所")
    late = await town.press("周黄庄", town.card(listed, "您负责 2 所"), "✅ 黄庄小学")
    assert late.text == "16:00 已截止,黄庄小学“已查完”已按“补报”记下。"
    book.answered |= {"DH03"}
    book.late = {"DH03"}
    book.check(await town.summary(1))
    table = await town.summary(1, "--as-of", "2026-09-30 16:00")
    frozen.check(table)
    assert table["as_of"] == table["at"] == "2026-09-30T16:00:00+08:00"
    assert table["notice"]["state"] == "due"
    page = pushed["刘市安"]
    await _turn(town, "刘市安", page, "大河县 11", comes="16:00 未报 11;现在(16:05)又补报 1,还差 10")
    await _turn(town, "刘市安", page, "◂ 全", comes="16:00 未报 13;现在(16:05)又补报 1,还差 12")
    await _turn(town, "刘市安", page, "看现在", comes="实时 9月30日(周三)16:05")
    assert "未报 12" in page.text

    # a table of the future is refused; the workbook is one that opens
    assert "10 秒之后才能出" in await town.refused("summary", "1", "--as-of", "16:30")
    assert "没有编号为 9 的通知" in await town.refused("summary", "9", "--json")
    file = town.folder / "表.xlsx"
    await town.done("summary", "1", "--xlsx", file)
    assert _cells(file.read_bytes()) >= {"金滩镇中心小学", "山阳第二小学", "17"}
    await town.press("陈山阳", pushed["陈山阳"], "Excel")
    sent = await town.until(
        lambda: next((m for m in town.sim.messages(town.person("陈山阳")) if m.document), None)
    )
    assert sent is not None
    assert sent.document is not None
    cells = _cells(sent.document.content)
    assert "山阳第二小学" in cells
    assert not any("大河" in cell or "金滩" in cell for cell in cells)


def _cells(content: bytes) -> set[str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {
        str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }

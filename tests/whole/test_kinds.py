"""The two other kinds of notice: a reminder nobody answers, a report of one line."""

from tests.whole import driver
from tests.whole.driver import City, plain
from tests.whole.ledger import Ledger

REMINDER = """\
id: REMIND
title: 放学提醒
kind: reminder
audience: schools and county:DH
level: info
text: 今天放学请清点人数,由老师送出校门。
"""
REPORT = """\
id: REPORT
title: 每日一报
kind: report
audience: k12
due: +2h
text: 今天有没有要上级知道的事?没有就点“无情况”。
"""


async def test_a_reminder_is_read_and_asks_for_nothing(small_town: City) -> None:
    town = small_town
    await town.prepare("王金滩", "钱山阳", "郑大河", groups=("DH01", "DH"))
    assert await town.publish(REMINDER) == {"notice": 1, "units": 14, "chats": 2}
    for code in ("DH01", "DH"):
        card = await town.see(town.groups[code], "今天放学请清点人数")
        assert card.text.startswith("【提醒】")
        assert card.silent
        assert not card.buttons
    await town.looked()
    assert not town.sim.has(town.person("钱山阳"), "清点人数")
    page = await town.say("郑大河", "汇总")
    assert "还没有发过要回的通知" in page.text
    await town.press("郑大河", page, "全部通知")  # it has no table, and is found again all the same
    await town.until(lambda: "1 放学提醒" in page.text)
    assert "服务器管理员发·不用回" in page.text
    await town.press("郑大河", page, "1")
    await town.until(lambda: page.text.startswith("【通知】放学提醒"))


async def test_a_report_is_one_line_in_private_or_one_tap(small_town: City) -> None:
    town = small_town
    await town.prepare("王金滩", "李银桥", "赵副手", "钱山阳", "郑大河", groups=("DH",))
    await town.publish(REPORT)
    county = await town.see(town.groups["DH"], "要上级知道的事")
    assert county.text.startswith("【请报一句·")
    assert county.button_texts == ["🟢 无情况", "✏️ 写一句", "🔎 我校报了没"]
    book = Ledger(enrolled={"DH01", "DH02", "SY01"})
    tapped = await town.press("王金滩", county, "无情况")
    assert tapped.text.startswith("✅ 已记:金滩镇中心小学“无情况”")
    written = await town.press("李银桥", county, "写一句")
    assert written.text == "请到私聊里写一句。"
    await town.see("李银桥", "银桥镇中学:每日一报\n请在这里写一句话发给我,不写学生姓名。")
    saved = await town.say("李银桥", "门口积水,已拦起来")
    assert saved.text == "✅ 已记:银桥镇中学,谢谢。"
    book.answered = {"DH01", "DH02"}
    book.check(await town.summary(1))

    # by command, and too long; then right
    too_long = await town.say("钱山阳", "/report " + "很" * 201)
    assert "不超过 200 字" in too_long.text
    assert "已记:山阳实验小学" in (await town.say("钱山阳", "/report 有一名老师请假")).text
    book.answered |= {"SY01"}
    book.check(await town.summary(1))

    # the officer reads the line; the group never does, and neither does the log
    page = await town.say("郑大河", "汇总")
    assert "应报 14 已报 2" in plain(page)
    assert "积水" not in town.said_in(*town.groups.values())
    assert "积水" not in town.log
    assert not driver.PHONE.search(town.log)

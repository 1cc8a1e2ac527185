"""The standard chase, as a day tells it: who is reminded, who is told, when; and a restart doubles nothing."""

from tests.whole import driver
from tests.whole.driver import City, plain

STAFF = (
    "王金滩", "李银桥", "周黄庄", "吴石桥", "冯青坡", "钱山阳", "孙市直", "郑大河", "陈山阳", "刘市安", "张管理",
)  # fmt: skip
OFFICERS = ("郑大河", "陈山阳", "刘市安")
UNTIL_FIVE = driver.ASK.replace("+2h", "same day at 17:00")


async def _reached(town: City, time: str, *steps: str) -> None:
    """It is this time, and the bot has taken these rungs."""
    await town.it_is(time)
    for step in steps:
        await town.until(lambda step=step: f'"step": "{step}"' in town.log or f"step={step}" in town.log)  # type: ignore[misc]


def _told(town: City, text: str) -> dict[str, int]:
    """How many messages of the bot with this text stand where, by title or name."""
    chats = [*town.groups.values(), *(town.sim.chat(user) for user in town.people.values())]
    counts = {
        chat.title: sum(m.from_bot and text in m.text for m in town.sim.messages(chat)) for chat in chats
    }
    return {title: count for title, count in counts.items() if count}


async def _restart(town: City) -> None:
    await town.kill()
    await town.start()
    await town.looked()


async def test_a_day_of_the_standard_chase(workday: City) -> None:
    town = workday
    await town.prepare(*STAFF, groups=("DH", "DH01"))
    await town.it_is("15:00")
    await town.publish(UNTIL_FIVE)
    county, own = (
        await town.see(town.groups["DH"], "消防自查"),
        await town.see(town.groups["DH01"], "消防自查"),
    )
    await town.press("李银桥", county, "已查完")
    await town.press("冯青坡", county, "有困难")
    await town.it_is("15:59:50")
    assert _told(town, "还没报") == {}

    # an hour before: in private, whoever is silent; the buttons work
    await _reached(town, "16:00:00", "nudge")
    silent = {"王金滩": 1, "周黄庄": 1, "吴石桥": 1, "钱山阳": 1, "孙市直": 1}
    await town.until(lambda: _told(town, "还没报") == silent)
    nudge = town.card("吴石桥", "还没报")
    assert nudge.text == "吴校长,石桥小学的消防自查还没报,17:00 截止。"
    assert not nudge.silent
    assert "您负责的 2 所学校还没报消防自查" in town.card("周黄庄", "还没报").text
    await _restart(town)
    assert (await town.press("吴石桥", nudge, "已查完")).text.startswith("✅ 已记:石桥小学“已查完”")
    assert "已记" in (await town.press("钱山阳", town.card("钱山阳", "还没报"), "已查完")).text

    # half an hour before: each county its own list, the city's officers that of the schools of no county
    await _reached(town, "16:30:00", "county")
    lists = {name: await town.see(name, "【还有30分钟】消防自查") for name in OFFICERS}
    assert "大河县 实时 9月30日(周三)16:30" in lists["郑大河"].text
    assert "应报 14 已报 3 未报 11 没回复 3·没送到 0·没登记 8 有困难 1(未看 1)" in plain(lists["郑大河"])
    assert "1 金滩镇中心小学 王校长 138****0011 提醒1次" in plain(lists["郑大河"])
    assert "应报 2 已报 1 未报 1" in plain(lists["陈山阳"])
    assert "市直学校 实时" in lists["刘市安"].text
    assert "1 市第一中学 孙" in lists["刘市安"].text
    await town.press("郑大河", lists["郑大河"], "没登记 8")
    await town.until(lambda: "── 没登记" in lists["郑大河"].text)
    assert "再提醒 3 校" in lists["郑大河"].button_texts

    # at due: a line without names where several schools read, one with its own name in a school's own group
    await _reached(town, "17:00:00", "line")
    shared = await town.see(town.groups["DH"], "还有 10 校没报")
    assert shared.text == "消防自查:还有 10 校没报,已私聊其中 2 校。"
    assert shared.silent
    assert not shared.buttons
    line = await town.see(town.groups["DH01"], "还没报")
    assert line.text == "金滩镇中心小学的消防自查还没报,17:00 已截止,还可补报。"
    await _restart(town)
    await town.it_is("17:00:11")
    for name, missing in zip(OFFICERS, (11, 1, 13), strict=True):
        assert f"未报 {missing}" in plain(await town.see(name, "截至 9月30日(周三)17:00"))
    await town.it_is("17:05")
    late = await town.press("王金滩", line, "已查完")
    assert late.text == "17:00 已截止,金滩镇中心小学“已查完”已按“补报”记下。"
    await town.until(lambda: "王校长 17:05 补报" in own.text)

    # half an hour after: what came since, to those who had the table
    await _reached(town, "17:30:00", "difference")
    differences = {name: await town.see(name, "【又补报】消防自查") for name in OFFICERS}
    assert "17:00 未报 11;现在(17:30)又补报 1,还差 10" in differences["郑大河"].text
    assert "17:00 未报 1;现在(17:30)又补报 0,还差 1" in differences["陈山阳"].text
    assert "17:00 未报 13;现在(17:30)又补报 1,还差 12" in differences["刘市安"].text
    assert (await town.summary(1))["total"]["missing"] == 12
    await _restart(town)
    await town.press("刘市安", differences["刘市安"], "看名单")
    await town.until(lambda: "── 没回复" in differences["刘市安"].text)
    assert "【已截止】消防自查" in differences["刘市安"].text

    # each said once, to nobody else, whatever was restarted
    await town.it_is("17:40")
    assert _told(town, "还没报,17:00 截止") | {"周黄庄": 1} == silent
    assert _told(town, "校没报,") == {town.groups["DH"].title: 1}
    assert _told(town, "已截止,还可补报") == {town.groups["DH01"].title: 1}
    assert _told(town, "【还有30分钟】") == dict.fromkeys(OFFICERS, 1)
    assert _told(town, "截至 9月30日(周三)17:00") == dict.fromkeys(OFFICERS, 1)
    assert _told(town, "【又补报】") | {"刘市安": 1} == dict.fromkeys(OFFICERS, 1)
    assert "提醒与回复" in (await town.run("doctor")).out
    names = (*driver.NAMES, "金滩", "黄庄")
    assert not [name for name in names if name in town.said_in(town.groups["DH"])]

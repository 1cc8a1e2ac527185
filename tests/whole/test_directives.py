"""A directive through the pretend Telegram: items in private, a second version, files, correction, recall; real processes."""

import datetime as dt

from tests.whole.driver import City, plain

DIRECTIVE = """\
- id: D2
  title: 六项强化
  kind: directive
  audience: schools
  due: +4h
  text: 请逐项落实。
  items:
    - {id: "1", text: 全面排查隐患, party: 校长}
    - {id: "2", text: 五防教育, due: +2h}
    - {id: "3", text: 三防到位, party: 分管副校长}
"""
NEXT = """\
六项强化
各校请逐项落实。
一、全面排查隐患
二、五防教育
三、三防到位,门卫登记来访
"""
SIMPLE = """\
- {id: ASK, title: 消防自查, kind: confirm, audience: schools, due: +2h, yes: 已查完, text: "今天的消防自查做完了吗?"}
"""
MINUTE = dt.timedelta(minutes=1)


async def opened(town: City, name: str, where: str) -> None:
    """Someone presses [逐项反馈] on the card in a group; the list comes in private."""
    answer = await town.press(name, town.card(town.groups[where], "六项强化"), "逐项反馈")
    assert "私聊" in answer.text


async def test_items_are_answered_in_private_and_a_second_version_asks_only_what_changed(
    workday: City,
) -> None:
    town = workday
    await town.prepare("王金滩", "宋副手", "李银桥", "郑大河", "刘市安", groups=("DH01", "DH"))
    done = await town.publish(DIRECTIVE.replace("schools", "schools and county:DH"))
    county = town.groups["DH"]
    await town.until(lambda: {"DH01群", "DH群"} <= town.cards("六项强化").keys())

    # one tap for the whole, and no answer to any item
    answer = await town.press("李银桥", town.card(county, "六项强化"), "已知悉")
    assert "银桥镇中学“已知悉”" in answer.text
    await opened(town, "李银桥", "DH")
    table = await town.summary(done["notice"])
    assert (table["total"]["acknowledged"], table["total"]["answered"]) == (1, 0)
    assert [(i["item"], i["party"], i["done"]) for i in table["items"]] == [
        ("1", "校长", 0), ("2", "", 0), ("3", "分管副校长", 0),
    ]  # fmt: skip

    # one message in private, edited in place; a trouble is an answer of its item
    listed = await town.see("李银桥", "【逐项反馈】六项强化")
    assert [text for text in listed.button_texts if text[0] in "☐☑"] == [
        "☐ 1 全面排查隐患",
        "☐ 2 五防教育",
        "☐ 3 三防到位",
    ]
    await town.press("李银桥", listed, "☐ 1")
    await town.until(lambda: "☑ 1 全面排查隐患" in listed.text)
    await town.press("李银桥", listed, "哪一项有困难")
    await town.until(lambda: "哪一项有困难?" in listed.text)
    await town.press("李银桥", listed, "⚠️ 2")
    await town.until(lambda: "⚠️ 2 五防教育" in listed.text and "已报 2/3 项" in listed.text)
    await town.see("李银桥", "哪方面?")
    table = await town.summary(done["notice"])
    assert (table["total"]["answered"], table["total"]["trouble"]) == (0, 1)
    await town.press("李银桥", listed, "其余全部已落实")
    await town.until(lambda: "3 项都报了" in listed.text)
    assert (await town.summary(done["notice"]))["total"]["answered"] == 1

    # a colleague's list follows
    await opened(town, "王金滩", "DH01")
    await opened(town, "宋副手", "DH01")
    first, second = await town.see("王金滩", "【逐项反馈】"), await town.see("宋副手", "【逐项反馈】")
    await town.press("王金滩", first, "☐ 3")
    await town.later(2 * MINUTE / 60)
    await town.until(lambda: "☑ 3 三防到位" in second.text)

    # version 2: item 3 is another one; only that is asked again
    await town.later(MINUTE)
    before = town.card(county, "六项强化")
    await town.say("刘市安", "汇总")
    page = await town.see("刘市安", "应报 14")
    await town.press("刘市安", page, "通知·更正·撤回")
    await town.until(lambda: "逐项报齐 1/14 校" in page.text)
    await town.press("刘市安", page, "更正")
    await town.until(lambda: "改分项要请学校重新报,请点“改一版”。" in page.text)
    assert page.button_texts == ["卡片上的话", "改一版", "◂ 返回"]
    await town.press("刘市安", page, "改一版")
    await town.see("刘市安", "3. 三防到位(责任方:分管副校长)")
    draft = await town.say("刘市安", NEXT)
    await town.press("刘市安", draft, "还用原来的")
    await town.until(lambda: "要重新报:第 3 项" in draft.text)
    await town.press("刘市安", draft, "发送(14)")
    await town.until(lambda: "撤销" in plain(draft))
    assert "请点下面新的一条" not in before.text
    await town.later(MINUTE)
    asked = await town.see("刘市安", "✅ 已改:六项强化")
    await town.until(lambda: "请点下面新的一条" in before.text)
    await town.until(lambda: town.card(county, "六项强化").id != before.id)
    after = town.card(county, "六项强化")
    assert "第 2 版" in after.text
    assert "通知改过了" in (await town.forge("李银桥", before, f"v1:{done['notice']}:1:it-yes:3:3")).text
    table = await town.summary(done["notice"])
    assert table["notice"]["version"] == 2
    assert table["total"]["answered"] == 0
    assert [i["done"] for i in table["items"]] == [1, 1, 0]  # the answers to the old items stand
    await town.later(MINUTE)
    await town.press("刘市安", asked, "通知·更正·撤回")
    await town.until(lambda: "逐项进度" in asked.button_texts)
    await town.press("刘市安", asked, "逐项进度")
    await town.until(lambda: "0/14 3. 三防到位,门卫登记来访" in asked.text)
    await town.press("刘市安", asked, "第 1 版")
    await town.until(lambda: "2/14 3. 三防到位(分管副校长)" in asked.text and "第 1 版,截至" in asked.text)
    await town.until(lambda: "三防到位,门卫登记来访" in listed.text)
    await town.press("李银桥", listed, "☐ 3")
    await town.until(lambda: "3 项都报了" in listed.text)
    table = await town.summary(done["notice"])
    assert (table["total"]["answered"], table["items"][2]["done"]) == (1, 1)


async def test_a_correction_edits_and_a_recall_takes_away(workday: City) -> None:
    town = workday
    await town.prepare("王金滩", "郑大河", "钱山阳", "刘市安", groups=("DH01", "DH"))
    done = await town.publish(SIMPLE)
    county = town.groups["DH"]
    await town.until(lambda: len(town.cards()) == 3)
    card = town.card(county)
    await town.press("王金滩", town.card(town.groups["DH01"]), "已查完")

    await town.say("刘市安", "汇总")
    page = await town.see("刘市安", "应报 17")
    await town.press("刘市安", page, "通知·更正·撤回")
    await town.until(lambda: "【通知】" in page.text)
    await town.press("刘市安", page, "更正")
    await town.press("刘市安", page, "卡片上的话")
    await town.until(lambda: "整段发给我" in page.text)
    asked = await town.say("刘市安", "今天和明天的消防自查做完了吗?")
    assert "今天和明天" not in card.text  # not before it is meant
    await town.press("刘市安", asked, "确定更正")
    await town.until(lambda: "【更正】" in card.text and "今天和明天" in card.text)
    assert (await town.summary(done["notice"]))["total"]["answered"] == 1

    # 撤回: two days have not passed, so the messages go; the table stays
    await town.until(lambda: "现在是第 2 版" in asked.text)
    await town.press("刘市安", asked, "返回")
    await town.until(lambda: "↩️ 撤回" in asked.button_texts)
    town.sim.block(town.people["钱山阳"])
    await town.looked()
    await town.press("刘市安", asked, "撤回")
    await town.until(lambda: "不能恢复" in plain(asked))
    assert not card.deleted
    await town.press("刘市安", asked, "确定撤回")
    await town.until(lambda: card.deleted)
    table = await town.summary(done["notice"])
    assert (table["notice"]["state"], table["total"]["answered"]) == ("recalled", 1)
    await town.until(lambda: "正在从" in asked.text)
    await town.press("刘市安", asked, "返回")
    again = await town.say("刘市安", "汇总")
    assert "【已撤回】" in again.text  # there is no other
    assert "已报 1" in plain(again)
    await town.until(lambda: "【已撤回】" in asked.text and "已撤回 2,没撤回 1" in plain(asked))
    await town.press("刘市安", asked, "没成的 1 个")
    await town.until(lambda: "1 山阳实验小学钱校长:对方停用了我" in asked.text)


async def test_a_county_tells_to_how_many_of_its_schools_it_has_passed_it_on(workday: City) -> None:
    town = workday
    await town.prepare("郑大河", groups=("DH",))
    relay = DIRECTIVE.replace("audience: schools", "audience: counties").replace(
        "party: 分管副校长", "asks: schools"
    )
    done = await town.publish(relay)
    await town.until(lambda: "DH群" in town.cards("六项强化"))
    await opened(town, "郑大河", "DH")
    listed = await town.see("郑大河", "【逐项反馈】")
    await town.press("郑大河", listed, "☐ 3")
    await town.see("郑大河", "辖区 14 校,请发一个数字")
    assert "请发 0 到 14 的一个数" in (await town.say("郑大河", "15")).text
    assert "已记" in (await town.say("郑大河", "14校")).text
    table = await town.summary(done["notice"])
    assert [i["done"] for i in table["items"]] == [0, 0, 1]

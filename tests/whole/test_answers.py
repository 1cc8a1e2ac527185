"""The school's side: a card in one place, taps, changes, troubles, strangers, several schools to one person."""

import datetime as dt

from tests.whole import driver
from tests.whole.driver import City
from tests.whole.ledger import Ledger

MINUTE = dt.timedelta(minutes=1)


async def test_each_school_is_asked_in_one_place_and_each_tap_counts_once(workday: City) -> None:
    town = workday
    await town.prepare("王金滩", "宋副手", "李银桥", "赵副手", "钱山阳", "郑大河", groups=("DH01", "DH"))
    book = Ledger(enrolled={"DH01", "DH02", "SY01"})
    await town.it_is("14:00")
    published = await town.publish()
    assert published == {"notice": 1, "units": 17, "chats": 3}
    await town.until(lambda: town.cards() == {"DH01群": 1, "DH群": 1, "钱山阳": 1})
    own, county, private = (town.card(c) for c in (town.groups["DH01"], town.groups["DH"], "钱山阳"))
    assert own.button_texts == private.button_texts == ["✅ 已查完", "⚠️ 有困难"]
    assert county.button_texts == ["✅ 已查完", "⚠️ 有困难", "🔎 我校报了没"]
    assert county.text == (
        "【请点一下·今天16:00前】\n今天的消防自查做完了吗?\n学校点按钮,打字“收到”不算。\n本群已回复 0/13 校"
    )
    book.check(await town.summary(1))

    # the first tap of a person must be closed, a second one changes nothing
    first = await town.press("李银桥", county, "已查完")
    assert (first.text, first.show_alert) == ("✅ 已记:银桥镇中学“已查完” 14:00", True)
    assert (await town.press("李银桥", county, "已查完")).text == "14:00 已报过,不用再点。"
    assert (await town.press("赵副手", county, "已查完")).text == "贵校李校长 14:00 已报“已查完”,不用再点。"
    await town.later(driver.EDITS_APART)
    await town.see(town.groups["DH"], "本群已回复 1/13 校")
    look = await town.press("赵副手", county, "我校报了没")
    assert (look.text, look.show_alert) == ("银桥镇中学:李校长 14:00 已报", True)

    # a school's own card tells that it is done, and offers to change it
    yes = town.data(own, "已查完")
    await town.press("王金滩", own, "已查完")
    await town.later(driver.EDITS_APART)
    await town.until(lambda: own.button_texts == ["改成有困难"])
    assert own.text == "消防自查:✅ 已查完\n王校长 14:00 已报,不用再点。"
    await town.press("钱山阳", private, "已查完")
    await town.until(lambda: private.button_texts == ["改成有困难", "意见"])
    assert town.data(private, "意见") == "v1:1:0:opinion"
    book.answered = {"DH01", "DH02", "SY01"}
    book.check(await town.summary(1))

    # changed to ⚠️: an answer at once; a ✅ from the group does not end it
    changed = await town.press("宋副手", own, "改成有困难")
    assert (changed.text, changed.show_alert) == ("已记贵校“有困难”。我私聊问您两句,群里看不到。", True)
    book.trouble = {"DH01"}
    book.check(await town.summary(1))
    stands = await town.forge("王金滩", own, yes)
    assert stands.text == ("贵校宋副校长 14:00 报了“有困难”,还没解决。解决了请在私聊点“已解决”。")
    book.check(await town.summary(1))
    shown = town.said_in(*town.groups.values())
    assert not driver.PHONE.search(shown)


async def test_a_trouble_is_told_in_three_answers_and_every_step_comes_back(workday: City) -> None:
    town = workday
    await town.prepare("王金滩", "李银桥", "赵副手", "冯青坡", "郑大河", "陈山阳", groups=("DH01", "DH"))
    book = Ledger(enrolled={"DH01", "DH02", "DH06"})
    await town.it_is("14:00")
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    own = await town.see(town.groups["DH01"], "消防自查")
    await town.press("李银桥", county, "有困难")
    asked = await town.see("李银桥", "① 银桥镇中学:哪方面?")
    await town.press("李银桥", asked, "消防用电")
    await town.until(lambda: asked.text.startswith("② 银桥镇中学:"))
    assert "120、110、119" in asked.text
    await town.press("李银桥", asked, "要县局帮忙")
    await town.until(lambda: asked.text.startswith("③ 银桥镇中学:"))
    town.sim.send(town.person("李银桥"), town.person("李银桥"), "三楼消防栓没水,已报修")
    await town.until(lambda: "已报县局:消防用电,要县局帮忙" in asked.text)
    assert "“三楼消防栓没水,已报修”" in asked.text
    assert "看到后我告诉您" in asked.text

    # the officer has it at once, and the school sees each step
    copy = await town.see("郑大河", "三楼消防栓没水,已报修")
    assert copy.text.startswith("⚠️ 银桥镇中学 有困难\n消防自查\n14:00 李校长:消防用电,要县局帮忙")
    assert "138****0021" in copy.text
    number = await town.press("郑大河", copy, "看号码")
    assert (number.text, number.show_alert) == ("李校长 +86 138 0000 0021", True)
    assert not town.sim.has(town.person("陈山阳"), "银桥镇中学")
    for button, line in (("已看到", "郑专员已看到。"), ("已电话", "郑专员已电话。")):
        await town.press("郑大河", copy, button)
        await town.until(lambda line=line: line in asked.text)  # type: ignore[misc]
    book.answered, book.trouble = {"DH02"}, {"DH02"}
    table = await town.summary(1)
    book.check(table)
    (told,) = table["trouble"]
    assert (told["state"], told["text"]) == ("phoned", "消防用电:三楼消防栓没水,已报修")
    await town.press("郑大河", copy, "已解决")
    await town.until(lambda: "说已解决" in asked.text)
    assert (await town.summary(1))["trouble"][0]["state"] == "solved"
    book.check(await town.summary(1))

    # a slip: withdrawn, as if it had never been pressed
    await town.press("冯青坡", county, "有困难")
    wrong = await town.see("冯青坡", "① 青坡小学:哪方面?")
    await town.press("冯青坡", wrong, "点错了")
    await town.until(lambda: wrong.button_texts == ["✅ 已查完"])
    book.check(await town.summary(1))
    await town.press("冯青坡", wrong, "已查完")
    book.answered |= {"DH06"}
    book.check(await town.summary(1))

    # nothing told at all: the county has it within the minute all the same, and we ask once more
    await town.press("王金滩", own, "有困难")
    await town.see("王金滩", "① 金滩镇中心小学:哪方面?")
    assert not town.sim.has(town.person("郑大河"), "⚠️ 金滩镇中心小学")
    await town.later(dt.timedelta(seconds=40))
    assert "未说明" in (await town.see("郑大河", "⚠️ 金滩镇中心小学")).text
    await town.later(10 * MINUTE)
    await town.see("王金滩", "报了“有困难”,还没说是哪方面")

    # the school may say itself that it is over
    await town.press("王金滩", own, "已解决")
    await town.later(driver.EDITS_APART)
    await town.until(lambda: "已解决。" in own.text)
    book.answered |= {"DH01"}
    book.trouble |= {"DH01"}
    book.check(await town.summary(1))

    # nothing of it was ever seen in a group of several schools
    shown = town.said_in(town.groups["DH"])
    assert not driver.PHONE.search(shown)
    assert not any(name in shown for name in driver.NAMES)
    assert "消防栓" not in shown
    assert "消防栓" not in town.log


async def test_a_stranger_is_led_in_and_the_press_is_offered_again(workday: City) -> None:
    town = workday
    await town.prepare("郑大河", groups=("DH",))
    await town.it_is("14:00")
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    for name, unit in (("吴石桥", "石桥小学"), ("褚白塔", "白塔小学")):
        answer = await town.press(name, county, "已查完")
        assert answer.show_alert
        assert answer.text.startswith("这个按钮请学校登记人点。您没有登记")
        assert answer.url is not None
        user = town.person(name)
        town.sim.follow(user, answer.url)
        await town.until(lambda user=user: town.sim.keyboard(user))  # type: ignore[misc]
        town.sim.share_contact(user)
        offered = await town.see(name, "刚才点的“已查完”(消防自查)要算上吗?")
        assert offered.button_texts == ["算", "不算"]
        assert town.sim.has(user, f"您登记在:{unit} 校长")
    assert (await town.summary(1))["total"]["answered"] == 0
    counted = await town.press("吴石桥", town.card("吴石桥", "要算上吗"), "算")
    assert counted.text == "✅ 已记:石桥小学“已查完” 14:00"
    await town.press("褚白塔", town.card("褚白塔", "要算上吗"), "不算")
    book = Ledger(enrolled={"DH05", "DH07"}, answered={"DH05"})
    book.check(await town.summary(1))
    parent = town.sim.add_user("家长")
    town.people["家长"] = parent
    town.sim.join(town.groups["DH"], parent)
    look = await town.press("家长", county, "我校报了没")
    assert look.show_alert
    assert "没有登记" in look.text


async def test_a_person_of_several_schools_says_which_one_or_all(workday: City) -> None:
    town = workday
    await town.prepare("周黄庄", "郑大河", groups=("DH",))
    book = Ledger(enrolled={"DH03", "DH04"})
    await town.it_is("14:00")
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    asked = await town.press("周黄庄", county, "已查完")
    assert (asked.text, asked.show_alert) == ("您负责 2 所,请到私聊里点是哪一所。", True)
    listed = await town.see("周黄庄", "您负责 2 所,2 所没报:")
    assert listed.button_texts == [
        "✅ 全部已查完", "✅ 黄庄小学", "✅ 柳树教学点", "⚠️ 黄庄小学", "⚠️ 柳树教学点",
    ]  # fmt: skip
    book.check(await town.summary(1))
    await town.press("周黄庄", listed, "✅ 柳树教学点")
    await town.until(lambda: "1 所没报" in listed.text)
    book.answered = {"DH04"}
    book.check(await town.summary(1))
    only = await town.press("周黄庄", county, "已查完")  # exactly one still owes
    assert only.text == "✅ 已记:黄庄小学“已查完” 14:00"
    book.answered = {"DH03", "DH04"}
    book.check(await town.summary(1))

    await town.publish(driver.ASK.replace("消防自查", "门岗检查"))
    county = await town.see(town.groups["DH"], "门岗检查")
    await town.press("周黄庄", county, "已查完")
    listed = await town.see("周黄庄", "门岗检查")
    every = await town.press("周黄庄", listed, "全部")
    assert every.text == "✅ 已记:2 所“已查完” 14:00"
    book.check(await town.summary(2))


async def test_a_voice_or_a_photo_tells_a_trouble_and_nothing_else(small_town: City) -> None:
    town = small_town
    await town.prepare("李银桥", "郑大河", groups=("DH",))
    await town.publish()
    principal = town.person("李银桥")
    town.sim.send_voice(principal, principal)
    await town.see("李银桥", "我听不了语音")
    await town.press("李银桥", await town.see(town.groups["DH"], "消防自查"), "有困难")
    asked = await town.see("李银桥", "哪方面")
    await town.press("李银桥", asked, "校舍围墙")
    await town.press("李银桥", asked, "我校能解决")
    await town.until(lambda: asked.text.startswith("③"))
    town.sim.send_voice(principal, principal, content=b"OggS-the-wall")
    await town.until(lambda: "语音已收到" in asked.text)
    officer = town.person("郑大河")
    passed = await town.until(
        lambda: next((m for m in town.sim.messages(officer) if m.kind == "voice"), None)
    )
    assert passed is not None
    assert passed.file is not None
    assert passed.file.content == b"OggS-the-wall"
    assert "银桥镇中学" in passed.text

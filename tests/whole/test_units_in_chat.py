"""Finding a school in chat, its page, codes for its posts; menus and help of each role. An officer's Monday, on a phone."""

import io
import json

import openpyxl

from bot.roster import commands
from bot.roster.access import Role
from tests.whole import driver
from tests.whole.driver import City, plain
from tests.whole.test_plans_in_chat import turn

SCHOOL_MENU = commands.menu({Role.PRINCIPAL})


def menu(town: City, name: str) -> tuple[str, ...]:
    """The commands Telegram shows in this person's chat with the bot."""
    scope = {"type": "chat", "chat_id": town.person(name).id}
    everybody = {"type": "all_private_chats"}
    known = town.sim.bot.commands
    own, usual = (json.dumps([one, ""], sort_keys=True) for one in (scope, everybody))
    return tuple(str(one["command"]) for one in known.get(own, known.get(usual, [])))


async def test_a_school_is_found_by_what_people_call_it_and_who_may_not_look_sees_nothing(
    workday: City,
) -> None:
    town = workday
    await town.prepare("刘市安", "郑大河", "陈山阳", "王金滩", groups=("DH", "DH01"))
    await town.publish()
    card = await town.see(town.groups["DH01"], "消防自查")
    await town.press("王金滩", card, "已查完")

    # a word is enough: one school is its page, several are a list, a county is the list of its schools
    page = await town.say("郑大河", "金滩小学")
    assert plain(page).startswith(
        "金滩镇中心小学(大河县) 小学·编码 DH01 ── 联系人 ── "
        "✅ 校长 王金滩 138****0011 ⚪ 副校长 宋副手 没登记 138****0012 值班 0310-0000100 "
        "── 群 ── ✅ DH01群 通知发到自己的群。 ── 最近的通知 ── 9月30日(周三) 消防自查:王校长 13:0"
    )
    await turn(town, "郑大河", page, "看号码", comes="+86 138 0000 0011")
    await turn(town, "郑大河", page, "最近一次:消防自查", comes="已报“已查完”")
    school = await town.say("郑大河", "DH02")
    assert plain(school).endswith("── 最近的通知 ── 9月30日(周三) 消防自查:没登记")
    found = await town.say("刘市安", "/units 二小")
    assert plain(found).startswith("山阳第二小学(山阳市)")
    listed = await town.say("刘市安", "大河县")
    assert plain(listed).startswith("【单位】大河县教育局 1/2 页 14 校,没登记 13")
    await turn(town, "刘市安", listed, "▸", comes="2/2 页")
    await turn(town, "刘市安", listed, "没登记 13", comes="── 没登记 ──")
    assert "✅ 金滩镇中心小学" not in listed.button_texts
    await turn(town, "刘市安", listed, "⚪ 黄庄小学", comes="⚪ 校长 周黄庄 没登记")
    assert "── 群 ── 没有自己的群。 通知发到大河县的群。" in plain(listed)
    await turn(town, "刘市安", listed, "◂ 返回", comes="── 没登记 ──")
    await turn(town, "刘市安", listed, "◂ 返回", comes="【单位】云川市教育局")
    assert "▸ 大河县 14 校·没登记 13" in listed.button_texts

    # with a word behind or before it, the newest table of that county, or how it stands at that school
    assert "大河县 实时 9月30日(周三)" in plain(await town.say("刘市安", "大河县汇总"))
    assert "── 没登记 1/2 页 ──" in plain(await town.say("刘市安", "未报 大河县"))
    assert "金滩镇中心小学(大河县教育局) 王校长 13:0" in plain(await town.say("刘市安", "金滩小学汇总"))
    assert "我只认得几句话" in (await town.say("陈山阳", "大河县未报")).text

    # whose it is not: neither by word nor by a forged button; in a group nothing is told
    mine = town.data(listed, "▸ 大河县")
    assert "我只认得几句话" in (await town.say("陈山阳", "金滩小学")).text
    other = await town.say("陈山阳", "单位")
    for data in (mine, town.data(found, "发登记码")):
        answer = await town.forge("王金滩", town.sim.last(town.person("王金滩"), from_bot=True), data)
        assert answer.text == "您不能看单位。要报的事发“待办”看。"
    assert (await town.forge("陈山阳", other, mine)).text == "这个单位不归您管。"
    town.sim.send(town.person("郑大河"), town.groups["DH"], "/units@xiaoan_bot")
    await town.see(town.groups["DH"], "请到私聊看。")

    # a school leaves the roster: its old buttons say so
    await turn(town, "刘市安", listed, "▸ 大河县", comes="【单位】大河县教育局")
    await turn(town, "刘市安", listed, "▸", comes="2/2 页")
    await town.import_roster(units=driver.UNITS.replace("DH14,梨园小学,school,DH,小学,0,\n", ""))
    answer = await town.press("刘市安", listed, "梨园小学")
    assert answer.text == "这个单位已经不在名册里,请重新发“单位”。"
    assert not town.sim.has(town.groups["DH"], "138")


async def test_a_post_is_offered_anew_across_a_restart_and_menus_follow_it(workday: City) -> None:
    town = workday
    await town.prepare("刘市安", "郑大河", "陈山阳", "王金滩")
    await town.until(lambda: menu(town, "王金滩") == SCHOOL_MENU)
    assert "send" not in SCHOOL_MENU
    assert menu(town, "新来的") == commands.STRANGER
    await town.until(lambda: "send" in menu(town, "郑大河"))

    # who is not enrolled: one tap to the school, one to the post, one to the code
    page = await town.say("郑大河", "/invite")
    assert "14 校,没登记 13" in plain(page)
    await turn(town, "郑大河", page, "全部 14", comes="【单位】大河县教育局 1/2 页")
    await turn(town, "郑大河", page, "金滩镇中心小学", comes="✅ 校长 王金滩")
    await turn(town, "郑大河", page, "发登记码", comes="金滩镇中心小学:给谁发码?")
    assert page.button_texts == [
        "校长 王金滩 ✅", "副校长 宋副手", "安全专干 空缺", "值班员 空缺", "群的绑定码", "◂ 返回"
    ]  # fmt: skip
    await town.kill()
    await town.start()
    await turn(town, "郑大河", page, "校长 王金滩", comes="金滩镇中心小学 王校长的接任码:")
    astray = plain(page)
    await turn(town, "郑大河", page, "换一个码", comes="金滩镇中心小学 王校长的接任码:")
    await town.until(lambda: plain(page) != astray)
    link = next(word for word in plain(page).split() if word.startswith("https://t.me/"))
    copied = next(b.copy_text for row in page.buttons for b in row if b.copy_text)
    assert link in copied
    assert len(copied) <= 256

    newcomer = town.sim.add_user("新校长")
    town.people["新校长"] = newcomer
    town.sim.follow(newcomer, link)
    await town.see(newcomer, "您登记在:金滩镇中心小学 校长")
    await town.until(lambda: menu(town, "新校长") == SCHOOL_MENU)
    await town.until(lambda: menu(town, "王金滩") == commands.STRANGER)
    await turn(town, "郑大河", page, "◂ 返回", comes="给谁发码?")
    assert page.button_texts[0] == "校长 新校长 ✅"

    # typed in one line; only what one has oneself is given out, and only where one has it
    named = await town.say("郑大河", "/invite 银桥镇中学 副校长")
    assert "银桥镇中学 赵副校长的登记码:" in plain(named)
    assert "这个职务能做的比您多" in (await town.say("郑大河", "/invite DH 领导")).text
    assert "没有这个职务" in (await town.say("郑大河", "/invite 银桥镇中学 管理员")).text
    data = town.data(page, "群的绑定码")
    assert (await town.forge("陈山阳", await town.say("陈山阳", "单位"), data)).text == (
        "这个单位不归您管,不能发码。"
    )

    # slips for a whole county, as a file
    page = await town.say("郑大河", "登记码")
    answer = await town.press("郑大河", page, "打印登记条")
    assert answer.text == "正在做,请稍等。"
    officer = town.person("郑大河")
    message = await town.until(lambda: next((m for m in town.sim.messages(officer) if m.document), None))
    assert message is not None
    assert message.document is not None
    sheet = openpyxl.load_workbook(io.BytesIO(message.document.content)).worksheets[0]
    said = " ".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    assert "周校长 登记码" in said
    assert "新校长" not in said
    assert "山阳" not in said


async def test_help_is_one_screen_of_what_each_may_use(small_town: City) -> None:
    town = small_town
    names = {
        "刘市安": Role.CITY_OFFICER,
        "张管理": Role.ADMIN,
        "郑大河": Role.COUNTY_OFFICER,
        "王金滩": Role.PRINCIPAL,
    }
    await town.prepare(*names)
    for name, role in names.items():
        said = (await town.say(name, "/help")).text
        offered = {it.word for it in commands.of({role})} - {"帮助"}
        assert {it.word for it in commands.COMMANDS if f"发“{it.word}”" in said} == offered
        assert len(said.splitlines()) <= 20
        await town.until(lambda name=name, role=role: menu(town, name) == commands.menu({role}))  # type: ignore[misc]
    for it in commands.COMMANDS:  # every word that is offered is known, and does what its command does
        word, name = await town.say("刘市安", it.word), it.name
        assert "我只认得几句话" not in word.text
        if name and name != "cancel":
            assert (await town.say("刘市安", f"/{name}")).text.split("\n")[0] == word.text.split("\n")[0]


async def test_whoever_answers_for_many_schools_turns_pages_of_them(small_town: City) -> None:
    town = small_town
    many = "".join(f"DH{n:02},周黄庄,principal,13800000031\n" for n in range(3, 13))
    head = "unit,name,role,phone\nCITY,刘市安,city_officer,13800000001\n"
    await town.import_roster(contacts=head + many)
    await town.done("arm", "--all", "--schools", str(driver.SCHOOLS))
    await town.start()
    await town.enrol("周黄庄")
    await town.publish()
    await town.see("周黄庄", "您负责 10 所")
    owed = await town.say("周黄庄", "待办")
    assert owed.text == "您还有 10 件要报,见下面。"
    assert owed.button_texts[-4:] == ["◂", "1/2", "▸", "意见"]
    assert town.data(owed, "意见") == "v1:1:0:opinion"  # all that is owed is of this one notice
    await town.press("周黄庄", owed, "▸")
    await town.until(lambda: "2/2" in owed.button_texts)
    await town.press("周黄庄", owed, "✅ 消防自查·杏花小学")
    await town.until_found("SELECT count(*) FROM answer", 1)
    await town.press("周黄庄", owed, "◂")
    await town.until(lambda: owed.text == "您还有 9 件要报,见下面。")
    posts = await town.say("周黄庄", "交接")
    assert "2/2" not in posts.button_texts
    await town.press("周黄庄", posts, "▸")
    await town.until(lambda: posts.button_texts == ["河湾小学 校长", "杏花小学 校长", "◂", "2/2", "▸"])

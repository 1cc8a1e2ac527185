"""A meeting's minutes on a clerk's phone: pasted, put to a second officer, sent, and counted, in chat alone."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator

from bot.simulator import Message, User
from tests.whole import driver
from tests.whole.conftest import Found
from tests.whole.driver import City, plain

HEAD = "code,name,kind,parent,stage,boarding,phone\nCITY,云川市教育局,city,,,,0310-0000001\nOFFICE,安全处,office,CITY,,,\n"
COUNTIES = {"DH": ("大河县", 40), "SY": ("山阳市", 20)}
UNITS = (
    HEAD
    + "".join(
        f"{code},{name}教育局,county,CITY,,,0310-0000100\n"
        + "".join(
            f"{code}{n:02},{name}第{n}小学,school,{code},小学,{int(n % 4 == 0)},\n"
            for n in range(1, count + 1)
        )
        for code, (name, count) in COUNTIES.items()
    )
    + "".join(f"SZ{n:02},市第{n}中学,school,CITY,高中,1,\n" for n in (1, 2, 3))
)
SCHOOLS = 63
CONTACTS = """\
unit,name,role,phone
CITY,刘市安,city_officer,13800000001
OFFICE,马处室,city_officer,13800000006
CITY,何局长,leader,13800000005
CITY,张管理,admin,13800000002
DH,郑大河,county_officer,13800000003
SY,陈山阳,county_officer,13800000004
DH01,王金滩,principal,13800000011
SZ01,孙市直,principal,13800000099
"""
PHONES = {row.split(",")[1]: row.split(",")[3] for row in CONTACTS.splitlines()[1:]}
NINE = """关于做好国庆假期校园安全工作的通知
各县(市、区)教育局、市直各学校:
一、开展一次安全教育,讲清溺水、交通、火灾、诈骗。
二、排查一次校舍、消防、用电隐患,列出清单。
三、落实24小时值班和领导带班。
四、严格请假和外出登记。
五、管好校车、食堂和饮水。
六、清理校园周边。
七、做好家校沟通。
八、零报告,有情况先打电话。
九、10月8日做好收假准备。
"""
TITLE = "关于做好国庆假期校园安全工作的通知"
MINUTE = dt.timedelta(seconds=60)


@contextlib.asynccontextmanager
async def meeting_over(found: Found, url: str, *names: str, **extra: str) -> AsyncIterator[City]:
    """Wednesday, 30 September 2026, 15:06: 63 schools; both counties have a group, one city-run school is in."""
    async with found(url, at="2026-09-30 15:06:00", **extra) as town:
        for name, phone in PHONES.items():
            town.people[name] = town.sim.add_user(name, phone=f"+86{phone}")
        await town.import_roster(units=UNITS, contacts=CONTACTS)
        await town.done("arm", "--all", "--schools", str(SCHOOLS))
        town.codes = (await town.done("invite", "--json")).json
        await town.start()
        await town.enrol(*names)
        for code, owner in (("DH", "郑大河"), ("SY", "陈山阳")):
            if owner in names:
                town.groups[code] = town.sim.add_group(f"{code}群", [town.person(owner)])
                town.sim.follow(town.person(owner), town.code(code, kind="group")["link"], town.groups[code])
                await town.see(town.groups[code], "已登记为")
        yield town


EVERYBODY = ("刘市安", "马处室", "何局长", "张管理", "郑大河", "陈山阳", "王金滩", "孙市直")


async def turn(town: City, name: str, page: Message, button: str, *, comes: str) -> str:
    """Press; the one message becomes a page with this text; what popped up."""
    answer = await town.press(name, page, button)
    await town.until(lambda: comes in plain(page))
    return answer.text or ""


async def composed(
    town: City, name: str, text: str = NINE, *, kind: str = "逐项", due: str = "明天12:00"
) -> Message:
    """A draft to all schools, ready to be looked at."""
    await town.say(name, "/send")
    page = await town.say(name, text)
    if "请写一句话" in page.text:
        await turn(town, name, page, "就用标题", comes="发给谁?")
    await turn(town, name, page, "☐ 各校", comes="现在是:各校")
    await turn(town, name, page, "下一步", comes="学校怎么回?")
    await turn(town, name, page, kind, comes="什么时候截止?" if kind != "不用回" else "要不要响")
    if kind != "不用回":
        await turn(town, name, page, due, comes="要不要响")
    await turn(town, name, page, "响一声", comes="将发给")
    return page


async def test_nine_items_and_a_file_go_from_paste_to_63_schools_in_four_minutes(
    found: Found, database_url: str
) -> None:
    async with meeting_over(found, database_url, *EVERYBODY) as town:
        began = town.clock()  # type: ignore[misc]
        first = await town.say("刘市安", "发通知")
        assert "把要发的文字粘贴或转发给我" in first.text
        page = await town.say("刘市安", NINE)
        await town.until(lambda: first.deleted)
        assert "9 项" in page.text
        assert "请写一句话放在卡片上" in page.text
        before, page = page, await sent_file(town, "刘市安", "纪要.pdf")
        await town.until(lambda: before.deleted)
        assert "9 项,附件 1 个" in page.text
        page = await town.say("刘市安", "九项工作请逐项落实,详见原文。")
        assert "发给谁? 还没选。" in plain(page)
        await turn(town, "刘市安", page, "☐ 各校 63", comes="现在是:各校,63 个单位")
        await turn(town, "刘市安", page, "下一步", comes="学校怎么回?")
        await turn(town, "刘市安", page, "逐项", comes="什么时候截止?")
        await turn(town, "刘市安", page, "明天12:00", comes="手机要不要响?")
        await turn(town, "刘市安", page, "响一声", comes="将发给 63 校:2 个群、1 个私聊;2 校现在收不到。")
        assert "要另一位同意才发。" in page.text
        await turn(town, "刘市安", page, "请另一位同意发送(63)", comes="等另一位同意")

        asked = await town.see("何局长", "【请同意发送】刘专员写的:" + TITLE)
        assert "九项工作请逐项落实" in asked.text
        assert (await town.press("何局长", asked, "同意发送")).text == "已同意,1 分钟后发出。"
        told = await town.see("刘市安", "何领导同意了。")
        assert told.button_texts == ["撤销"]
        await town.later(MINUTE)
        for chat in (town.groups["DH"], town.groups["SY"], town.person("孙市直")):
            await town.see(chat, "九项工作请逐项落实")
        assert town.clock() - began < dt.timedelta(minutes=4)  # type: ignore[misc]

        await town.see("刘市安", "✅ 已发出:" + TITLE)
        card = town.card(town.person("孙市直"), "九项工作请逐项落实")
        await town.press("孙市直", card, "📎 看原文")
        await town.until(
            lambda: any(
                m.from_bot and m.document and m.document.name == "纪要.pdf"
                for m in town.sim.messages(town.person("孙市直"))
            )
        )
        await town.press("孙市直", card, "逐项反馈")
        listed = await town.see("孙市直", "【逐项反馈】")
        assert [text[:3] for text in listed.button_texts if text.startswith("☐")][-1] == "☐ 9"
        table = await town.summary(1)
        assert table["total"]["expected"] == SCHOOLS
        assert not town.sim.has(town.groups["DH"], "预演")


def asking(town: City, name: str) -> Message | None:
    """What asks this person to agree now."""
    shown = town.sim.messages(town.person(name))
    return next((m for m in reversed(shown) if "同意发送" in m.button_texts), None)


async def sent_file(town: City, name: str, file: str) -> Message:
    """A document is sent to the bot; its next new message."""
    user = town.person(name)
    before = {m.id for m in town.sim.messages(user)}
    town.sim.send_document(user, user, file)
    return await town.until(
        lambda: next((m for m in town.sim.messages(user) if m.from_bot and m.id not in before), None)
    )


async def test_what_is_forwarded_and_attached_goes_with_the_notice(found: Found, database_url: str) -> None:
    async with meeting_over(found, database_url, "刘市安", "何局长", "王金滩", "孙市直") as town:
        clerk, colleague = town.person("刘市安"), town.sim.add_user("同事")
        office = town.sim.add_group("处室群", [colleague, clerk])
        text = town.sim.send(colleague, office, NINE)
        scan = town.sim.send_document(colleague, office, "扫描.png")

        assert "请先发“发通知”(或点 /send)" in (await forwarded(town, text)).text
        assert "请先发“发通知”(或点 /send)" in (await forwarded(town, scan)).text
        assert "只认得几句话" in (await town.say("刘市安", "你好")).text
        assert "请先发" not in (await town.say("王金滩", NINE)).text

        await town.say("刘市安", "/send")
        assert "9 项" in (await forwarded(town, text)).text
        assert "附件 1 个" in (await forwarded(town, scan)).text
        assert "附件 2 个" in (await sent_file(town, "刘市安", "名册.xlsx")).text
        sheet = town.sim.send_photo(clerk, clerk)
        page = await town.until(lambda: newest(town, clerk, after=sheet, text="附件 3 个"))
        assert "9 项,附件 3 个" in page.text


async def forwarded(town: City, message: Message) -> Message:
    """刘市安 forwards it to the bot; the bot's next new message."""
    user = town.person("刘市安")
    sent = town.sim.forward(user, message, user)
    return await town.until(lambda: newest(town, user, after=sent))


def newest(town: City, user: User, *, after: Message, text: str = "") -> Message | None:
    """The bot's newest message to this person behind that one, if it says this."""
    later = [m for m in town.sim.messages(user) if m.from_bot and m.id > after.id and text in m.text]
    return later[-1] if later else None


async def test_a_draft_lives_through_a_restart_stale_buttons_and_a_second_thought(
    found: Found, database_url: str
) -> None:
    async with meeting_over(found, database_url, "刘市安", "马处室", "何局长", "王金滩", "孙市直") as town:
        await town.say("刘市安", "/send")
        page = await town.say("刘市安", NINE)
        await town.kill()
        await town.start()
        await turn(town, "刘市安", page, "就用标题", comes="发给谁?")
        old = town.data(page, "☐ 各校")
        await turn(town, "刘市安", page, "☐ 各校", comes="现在是:各校")
        assert (await town.forge("刘市安", page, old)).text == "这一页刚更新过,请看现在的样子。"
        await town.until(lambda: "☑ 各校 63" in page.button_texts)

        # a school has no business here
        refused = await town.say("王金滩", "/send")
        assert refused.text == "您不能发通知。"

        await turn(town, "刘市安", page, "下一步", comes="学校怎么回?")
        await turn(town, "刘市安", page, "◂ 返回", comes="发给谁?")
        await turn(town, "刘市安", page, "下一步", comes="学校怎么回?")
        await turn(town, "刘市安", page, "点一下", comes="什么时候截止?")
        page = await town.say("刘市安", "10月9日中午12点")
        await turn(town, "刘市安", page, "响一声", comes="10月9日(周五)12:00截止")
        await turn(town, "刘市安", page, "先发给我看", comes="将发给 63 校")
        card = await town.see("刘市安", "【预演,只您看到】")
        assert (await town.press("刘市安", card, "✅ 已落实")).text == "这是预演,点了不算。"

        # two second officers press at once: one word, one notice
        await turn(town, "刘市安", page, "请另一位同意发送", comes="等另一位同意")
        asked = {name: await town.see(name, "【请同意发送】") for name in ("马处室", "何局长")}
        await town.kill()
        await town.start()
        presses = [town.sim.press(town.person(name), card, "同意发送") for name, card in asked.items()]
        said = sorted([(await press.answered(driver.WITHIN_S)).text or "" for press in presses])
        assert said == ["已同意,1 分钟后发出。", "已经收回、改过或有人定了。"]

        # within the minute: taken back, agreed to once more, and a process dies before it leaves
        told = await town.see("刘市安", "同意了。")
        await turn(town, "刘市安", told, "撤销", comes="将发给 63 校")
        await town.later(MINUTE)
        assert not town.sim.has(town.person("孙市直"), "请点一下")
        await turn(town, "刘市安", told, "请另一位同意发送", comes="等另一位同意")
        again = await town.until(lambda: asking(town, "何局长"))
        await town.press("何局长", again, "同意发送")
        await town.kill()
        town.clock.forward(MINUTE)  # type: ignore[union-attr]
        await town.start()
        await town.see("刘市安", "✅ 已发出:" + TITLE)
        card = await town.see("孙市直", "【请点一下·10月9日(周五)12:00前】")
        assert (await town.summary(1))["total"]["expected"] == SCHOOLS
        assert "没有编号为 2 的通知" in await town.refused("summary", "2")

        # the notice, once more: from its own page, and from /send
        told = await town.see("刘市安", "✅ 已发出:" + TITLE)
        await turn(town, "刘市安", told, "看汇总", comes="【汇总】" + TITLE)
        await turn(town, "刘市安", told, "通知·更正·撤回", comes="刘专员发,何领导 ")
        await turn(town, "刘市安", told, "再发一次", comes="什么时候截止?")
        await turn(town, "刘市安", told, "不发了", comes="这份草稿不发了")
        first = await town.say("刘市安", "/send")
        await turn(town, "刘市安", first, "再发:" + TITLE, comes="什么时候截止?")
        ended = await town.say("刘市安", "/cancel")
        assert ended.text == f"这份草稿不发了:{TITLE}。"

"""An officer's morning with plans and the calendar, in chat alone: switched, sent at once, schools closed, opened again."""

import contextlib
import pathlib
import shutil
from collections.abc import AsyncIterator

from bot.simulator import Message
from tests.whole import driver
from tests.whole.conftest import Found
from tests.whole.driver import ROOT, City, plain

PLANS = """\
- id: LESSON
  title: 安全课
  kind: confirm
  trigger: every school day at 09:00
  audience: schools
  due: same day at 17:00
  yes: 已上完
  enabled: false
  text: 今天的安全课上完了吗?
- id: HEATING
  title: 取暖检查
  kind: confirm
  trigger: manual
  audience: county:DH
  due: +8h
  enabled: false
  text: 取暖设备查过了吗?
"""
HILLS = ("DH01", "DH03")
UNITS = "\n".join(
    f"{line},{'tags' if line.startswith('code,') else '山区' if line.startswith(HILLS) else ''}"
    for line in driver.UNITS.splitlines()
)


@contextlib.asynccontextmanager
async def winter(found: Found, url: str, folder: pathlib.Path) -> AsyncIterator[City]:
    """Tuesday, 24 November 2026, 06:05: two schools lie in the hills, and all plans are paused."""
    config = folder / "config"
    shutil.copytree(ROOT / "config" / "calendar", config / "calendar")
    (config / "reminders").mkdir()
    (config / "reminders" / "plans.yaml").write_text(PLANS, encoding="utf-8")
    async with found(url, at="2026-11-24 06:05:00", CONFIG_DIR=str(config)) as town:
        await town.prepare("刘市安", "郑大河", "陈山阳", "王金滩", groups=("DH", "DH01"))
        await town.import_roster(units=UNITS)
        yield town


async def turn(town: City, name: str, page: Message, button: str, *, comes: str) -> str:
    """Press; the one message becomes a page with this text; what popped up."""
    answer = await town.press(name, page, button)
    await town.until(lambda: comes in plain(page))
    return answer.text or ""


async def test_an_officer_switches_looks_ahead_and_sends_once(
    found: Found, database_url: str, tmp_path: pathlib.Path
) -> None:
    async with winter(found, database_url, tmp_path) as town:
        town.sim.send(town.person("郑大河"), town.groups["DH"], "/plans@xiaoan_bot")
        await town.see(town.groups["DH"], "请到私聊看。")
        page = await town.say("刘市安", "计划")
        assert plain(page).startswith("【计划】共 2 个,开着 0 个")
        await turn(town, "刘市安", page, "⏸ 安全课 11月24日(周二)", comes="⏸ 停着 安全课")
        assert "什么时候:每个上学日 09:00 发给:各校,现在 17 个单位 截止:当天 17:00" in plain(page)
        said = await turn(town, "刘市安", page, "启用", comes="🟢 开着 安全课 刘专员 11月24日(周二)06:0")
        assert said == "已启用,到时自己发。"
        await turn(town, "刘市安", page, "今后 30 天", comes="11月24日(周二)09:00 17 个单位")
        await turn(town, "刘市安", page, "◂ 返回", comes="🟢 开着 安全课")

        # another officer looks, and can do no more than that; what the first one does is there at once
        seen = await town.say("郑大河", "/plans")
        await turn(town, "郑大河", seen, "🟢 安全课", comes="🟢 开着 安全课")
        assert seen.button_texts == ["今后 30 天", "◂ 返回"]
        refused = await town.forge("郑大河", seen, town.data(page, "暂停"))
        assert refused.text == "您不能定计划。"
        stale = town.data(page, "暂停")
        assert await turn(town, "刘市安", page, "暂停", comes="⏸ 停着 安全课") == "已暂停,到时不再发。"
        assert (await town.forge("刘市安", page, stale)).text == "本来就停着。"
        await turn(town, "郑大河", seen, "◂ 返回", comes="【计划】共 2 个,开着 0 个")

        # what reaches two counties is nobody's to send alone, whatever his button says
        wide = await town.press("刘市安", page, "现在发")
        assert wide.text == "发到一个以上的县,要另一位同意,请用“发通知”发。"
        send = town.data(page, "现在发").replace(":plan-run:", ":plan-run!:") + ":17"
        assert (await town.forge("刘市安", page, send)).text == wide.text
        assert "没有编号为 1 的通知" in await town.refused("summary", "1")

        # sent at once, as many as were told, once however often it is pressed
        await turn(town, "刘市安", page, "◂ 返回", comes="【计划】")
        await turn(town, "刘市安", page, "取暖检查 由人发", comes="⏸ 停着 取暖检查")
        await turn(town, "刘市安", page, "现在发", comes="将发给 14 个单位,现在发?")
        send = town.data(page, "发送")
        assert (
            await turn(town, "刘市安", page, "发送", comes="上次:11月24日(周二)06:0") == "已发出:14 个单位。"
        )
        assert "刚发过,10 分钟内不重复发" in ((await town.forge("刘市安", page, send)).text or "")
        await town.see(town.groups["DH"], "取暖设备查过了吗?")
        await turn(town, "刘市安", page, "上次的汇总", comes="【汇总】取暖检查")
        assert (await town.summary(1))["total"]["expected"] == 14
        assert "没有编号为 2 的通知" in await town.refused("summary", "2")


async def test_a_county_closes_its_schools_in_the_hills_on_a_snow_morning(
    found: Found, database_url: str, tmp_path: pathlib.Path
) -> None:
    async with winter(found, database_url, tmp_path) as town:
        await town.done("plans", "enable", "LESSON")
        await town.publish(driver.ASK.replace("+2h", "same day at 17:00"))
        card = await town.see(town.groups["DH01"], "消防自查")
        town.clock.set("2026-11-24 06:10:00")  # type: ignore[union-attr]

        page = await town.say("郑大河", "校历")
        assert plain(page).startswith("【校历】11月24日(周二) 各校:上学 ")
        await turn(town, "郑大河", page, "今天停课", comes="大河县:今天哪些学校停课?")
        assert page.button_texts == ["全县 14 校", "山区 2 校", "◂ 返回"]
        await turn(town, "郑大河", page, "山区 2 校", comes="大河县 山区 2 校今天停课:")
        assert "今天截止、还没报的 1 件(2 校次)记为免报,不再催。 紧急通知照发。" in plain(page)
        said = await turn(town, "郑大河", page, "确定", comes="已登记:大河县 山区 2 校今天停课。")
        assert said == "已登记停课。"
        await town.until(lambda: card.text == "消防自查:这次不用报。")
        total = (await town.summary(1))["total"]
        assert (total["excused"], total["expected"]) == (2, 15)

        # at nine the plan asks the others only
        town.clock.set("2026-11-24 09:00:00")  # type: ignore[union-attr]
        await town.see(town.groups["DH"], "今天的安全课上完了吗?")
        total = (await town.summary(2))["total"]
        assert (total["expected"], total["excused"]) == (15, 0)
        assert not town.sim.has(town.groups["DH01"], "安全课")
        line = (
            await town.done("plans", "preview", "--from", "2026-11-24", "--to", "2026-11-24", "--json")
        ).json
        assert [(one["units"], one["skipped"]) for one in line] == [(15, None), (2, "今天停课")]

        # a closed school that answers all the same is counted; the other owes again once it is open
        assert "已记" in ((await town.press("王金滩", card, "已查完")).text or "")
        home = await town.say("陈山阳", "/calendar")
        assert "山区" not in home.text
        page = await town.say("郑大河", "/calendar")
        assert "── 停课 ── 1 大河县 山区 2 校今天停课,郑专员 06:10 登记" in plain(page)
        answer = await town.press("郑大河", page, "撤销 1")
        assert answer.text == "已撤销停课,1 件(1 校次)又要报。没发的不补发。"
        await town.until(lambda: "停课 ──" not in page.text)
        total = (await town.summary(1))["total"]
        assert (total["excused"], total["expected"], total["answered"]) == (0, 17, 1)

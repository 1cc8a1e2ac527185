"""A second version from a clerk's phone: pasted anew, put to a second officer, asked again only where it has changed."""

from tests.whole import driver
from tests.whole.conftest import Found
from tests.whole.driver import plain
from tests.whole.test_send import MINUTE, NINE, SCHOOLS, TITLE, asking, composed, meeting_over, turn

NEW = NINE.replace("落实24小时值班和领导带班。", "落实24小时值班、领导带班和每日零报告。")


async def test_a_second_version_goes_out_through_restarts_and_two_officers_and_asks_one_item_again(
    found: Found, database_url: str
) -> None:
    async with meeting_over(found, database_url, "刘市安", "何局长", "孙市直") as town:
        page = await composed(town, "刘市安")
        await turn(town, "刘市安", page, "请另一位同意发送(63)", comes="等另一位同意")
        await town.press("何局长", await town.see("何局长", "【请同意发送】"), "同意发送")
        await town.until(lambda: "何领导同意了。" in plain(town.sim.messages(town.person("刘市安"))[-1]))
        await town.later(MINUTE)
        first = await town.see("孙市直", "【请逐项反馈·10月1日(周四)12:00前】")
        await town.press("孙市直", first, "逐项反馈")
        listed = await town.see("孙市直", "【逐项反馈】")
        for item in ("1", "3"):
            await town.press("孙市直", listed, f"☐ {item}")
            await town.until(lambda item=item: f"☑ {item} " in plain(listed))

        # begun from what told of the sending; the words there are come along, to be copied
        told = await town.see("刘市安", "✅ 已发出:" + TITLE)
        await town.press("刘市安", told, "改一版")
        await town.until(lambda: "现在是第 1 版" in told.text)
        await town.see("刘市安", "九、10月8日做好收假准备。")
        await town.kill()
        await town.start()
        page = await town.say("刘市安", NEW)
        assert "请写一句话放在卡片上,40 字以内;或者还用原来的。" in page.text
        await turn(town, "刘市安", page, "还用原来的", comes="要重新报:第 3 项 其余 8 项照旧,报过的算数")
        await town.kill()
        await town.start()
        await turn(town, "刘市安", page, "改截止", comes="什么时候截止?")
        page = await town.say("刘市安", "10月9日12点")
        assert "截止:10月1日(周四)12:00 改为 10月9日(周五)12:00" in page.text
        assert "1 个私聊会收到新的一条" in plain(page)

        # one takes it back at the very moment the other agrees: one of the two is what happened
        await turn(town, "刘市安", page, "请另一位同意发送(63)", comes="等另一位同意")
        put = await town.see("何局长", "【请同意改一版】刘专员改的:" + TITLE)
        pressed = (("何局长", put, "同意发送"), ("刘市安", page, "收回来改"))
        presses = [town.sim.press(town.person(name), message, button) for name, message, button in pressed]
        said = [(await press.answered(driver.WITHIN_S)).text or "" for press in presses]
        assert said in (
            ["已同意,1 分钟后发出。", "这一页刚更新过,请看现在的样子。"],
            ["已经收回、改过或有人定了。", "已撤销,没有发出。"],
        )
        if "已撤销" in said[1]:
            await turn(town, "刘市安", page, "请另一位同意发送(63)", comes="等另一位同意")
            await town.press("何局长", await town.until(lambda: asking(town, "何局长")), "同意发送")
        await town.kill()
        town.clock.forward(MINUTE)  # type: ignore[union-attr]
        await town.start()

        second = await town.see("孙市直", "【请逐项反馈·10月9日(周五)12:00前】第 2 版")
        await town.until(lambda: "请点下面新的一条" in first.text)
        assert second.id != first.id
        await town.until(lambda: "3 " in plain(listed) and "(改过,请再报)" in plain(listed))
        forged = await town.forge("孙市直", first, f"v1:1:1:it-yes:{0}:3")
        assert "通知改过了" in (forged.text or "")
        table = await town.summary(1)
        assert (table["notice"]["version"], table["notice"]["due_at"]) == (2, "2026-10-09T12:00:00+08:00")
        assert [item["done"] for item in table["items"]] == [1, 0, 0, 0, 0, 0, 0, 0, 0]
        assert table["total"]["expected"] == SCHOOLS
        await town.press("孙市直", listed, "☐ 3")
        await town.until(lambda: "☑ 3 落实24小时值班、领导带班和每日零报告" in plain(listed))
        assert "没有编号为 2 的通知" in await town.refused("summary", "2")

"""The burden of a month, by itself and by command, in a real process."""

import datetime as dt

from tests.whole.conftest import Found
from tests.whole.driver import plain
from tests.whole.test_send import meeting_over, turn

ASK = """\
- {id: ASK, title: 消防自查, kind: confirm, audience: schools, due: +2h, yes: 已查完, text: "今天的消防自查做完了吗?"}
"""
TO_THE_8TH = dt.timedelta(days=7, hours=19)  # the first working day of October 2026, 10:06


async def test_administrators_are_told_of_the_month_and_nobody_else_may_ask(
    found: Found, database_url: str
) -> None:
    async with meeting_over(found, database_url, "张管理", "孙市直", "刘市安") as town:
        await town.publish(ASK)
        card = await town.see("孙市直", "消防自查")
        await town.press("孙市直", card, "已查完")
        await town.kill()
        town.clock.forward(TO_THE_8TH)  # type: ignore[union-attr]
        await town.start()

        told = await town.see("张管理", "【报送负担】2026年9月")
        assert "1 件事要学校回,63 校" in plain(told)
        assert "每校被问:中位 1 次,最多 1 次 每校点按:中位 0 次,最多 1 次 没有学校一周被问超过 3 次" in plain(
            told
        )
        await turn(town, "张管理", told, "10月", comes="【报送负担】2026年10月 没有发过要学校回的通知。")
        for words in ("负担", "/burden"):
            assert "2026年9月" in (await town.say("张管理", words)).text
        for name in ("孙市直", "刘市安"):
            assert (await town.say(name, "负担")).text == "报送负担只给管理员看。"
        await town.press("张管理", await town.see("张管理", "【报送负担】2026年9月"), "Excel")
        await town.until(
            lambda: any(
                m.document and m.document.name == "2026年9月报送负担.xlsx"
                for m in town.sim.messages(town.person("张管理"))
            )
        )

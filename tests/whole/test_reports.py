"""The administrator's day through whole processes: told in the morning, in the evening, and at once when something is late."""

import asyncio
import contextlib
import pathlib
import shutil
from collections.abc import AsyncIterator

from bot.simulator import Message
from tests.whole.conftest import Found
from tests.whole.driver import LOOK_EVERY_S, ROOT, WITHIN_S, City, plain

PLANS = """\
- id: DAY
  title: 每日一句
  kind: reminder
  trigger: every school day at 08:30
  audience: schools
  late: 2h
  text: 上学路上注意安全。
- id: ASK
  title: 安全课
  kind: confirm
  trigger: every school day at 15:00
  audience: schools
  due: same day at 17:00
  yes: 已上完
  text: 今天的安全课上完了吗?
"""
A_MOMENT_S = 1.0
ADMIN = "张管理"


@contextlib.asynccontextmanager
async def autumn(found: Found, url: str, folder: pathlib.Path) -> AsyncIterator[City]:
    """Tuesday, 29 September 2026, 07:00: two plans are on, three groups are bound, an administrator is in."""
    config = folder / "config"
    shutil.copytree(ROOT / "config" / "calendar", config / "calendar")
    (config / "reminders").mkdir()
    (config / "reminders" / "plans.yaml").write_text(PLANS, encoding="utf-8")
    async with found(url, at="2026-09-29 07:00:00", CONFIG_DIR=str(config)) as town:
        await town.prepare("刘市安", ADMIN, "郑大河", "陈山阳", groups=("DH", "SY", "CITY"))
        for plan_id in ("DAY", "ASK"):
            await town.done("plans", "enable", plan_id)
        yield town


def told(town: City, text: str) -> list[Message]:
    """The administrator's messages with this text."""
    messages = town.sim.messages(town.person(ADMIN))
    return [m for m in messages if m.from_bot and text in m.text]


async def reported(town: City, *, times: int) -> None:
    """As many transactions as this have settled what is told of a part of a day."""
    async with asyncio.timeout(WITHIN_S):
        while town.log.count("day_reported") < times:  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(LOOK_EVERY_S)


async def test_an_administrators_day(found: Found, database_url: str, tmp_path: pathlib.Path) -> None:
    async with autumn(found, database_url, tmp_path) as town:
        assert town.clock is not None
        town.clock.set("2026-09-29 07:30:00")
        morning = await town.see(ADMIN, "【今天】9月29日")
        assert "08:30 每日一句:17 个单位" in morning.text
        assert "15:00 安全课:17 个单位" in morning.text

        town.groups["SY"].deleted = True  # and Telegram tells nobody: the next message finds out
        town.clock.set("2026-09-29 15:00:00")
        await town.see(town.groups["DH"], "安全课上完了吗")
        await town.settled()
        town.clock.set("2026-09-29 18:30:00")

        evening = await town.until(lambda: next(iter(told(town, "没送到 1 处")), None))
        assert evening is not None
        assert "15:00 安全课:17 个单位" in evening.text
        assert "08:30 每日一句:没发,等主办处室定" in evening.text
        await town.press(ADMIN, evening, "15:00 安全课")
        await town.until(lambda: "SY群:我已不在群里" in plain(evening))
        await town.press(ADMIN, evening, "返回")
        await town.until(lambda: "没送到 1 处" in evening.text)

        town.clock.set("2026-09-30 07:30:00")
        await reported(town, times=3)
        await town.kill()  # its transaction is committed; whether the message has left nobody knows
        await town.start()
        await town.until(lambda: told(town, "【今天】9月30日"))
        await asyncio.sleep(A_MOMENT_S)
        first, *again = told(town, "【今天】9月30日")
        assert not again or (len(again) == 1 and "(可能重复)" in first.text + again[0].text)


async def test_what_goes_out_late_is_told_at_once_and_once(
    found: Found, sqlite_url: str, tmp_path: pathlib.Path
) -> None:
    async with autumn(found, sqlite_url, tmp_path) as town:
        assert town.clock is not None
        await town.kill()
        town.clock.set("2026-09-29 09:30:00")
        await town.start()

        late = await town.see(ADMIN, "【没按时】每日一句")

        assert "应在今天08:30 发给 17 个单位" in late.text
        assert "09:30 发出" in late.text
        assert town.sim.has(town.person("刘市安"), "【没按时】每日一句")
        await town.see(ADMIN, "【今天】9月29日")  # three hours late, the same morning
        await town.settled()  # an uncertain one would come again, marked
        await town.kill()
        await town.start()
        town.clock.set("2026-09-29 09:40:00")
        await town.see(ADMIN, "【没按时】")
        await asyncio.sleep(A_MOMENT_S)
        for text in ("【没按时】", "【今天】"):
            assert sum("(可能重复)" not in message.text for message in told(town, text)) == 1
        now = await town.say(ADMIN, "今天")
        assert "09:30 每日一句:17 个单位,送到 3 处" in now.text
        assert "这一页只给" in (await town.say("郑大河", "今天")).text

"""Plans fire by themselves, through whole processes: on the right school days, once, whatever is killed."""

import asyncio
import contextlib
import pathlib
import re
import shutil
from collections.abc import AsyncIterator

import pytest

from tests.whole.conftest import Found
from tests.whole.driver import LOOK_EVERY_S, ROOT, WITHIN_S, City, plain

PLANS = """\
- id: EVE
  title: "{holiday}假前提醒"
  kind: reminder
  trigger: 1 school day before holiday at 09:00
  audience: schools
  text: "{holiday}假前提醒:关好水电。"
- id: ASK
  title: "{holiday}假前安全课"
  kind: confirm
  trigger: 1 school day before holiday at 15:00
  audience: schools
  due: same day at 17:00
  yes: 已上完
  owner: OFFICE
  text: "{holiday}假前安全课上完了吗?"
- id: DAY
  title: 每日一句
  kind: reminder
  level: info
  trigger: every school day at 08:00
  audience: schools
  late: 0
  text: 上学路上注意安全。
"""
GROUPS = ("DH", "SY", "DH02", "CITY")


@contextlib.asynccontextmanager
async def autumn(found: Found, url: str, folder: pathlib.Path, at: str) -> AsyncIterator[City]:
    """A city with its groups and its plans switched on, at this moment of 2026."""
    config = folder / "config"
    shutil.copytree(ROOT / "config" / "calendar", config / "calendar")
    (config / "reminders").mkdir()
    (config / "reminders" / "plans.yaml").write_text(PLANS, encoding="utf-8")
    async with found(url, at=at, CONFIG_DIR=str(config)) as town:
        await town.prepare("刘市安", "张管理", "郑大河", "陈山阳", "李银桥", groups=GROUPS)
        for plan_id in ("EVE", "ASK", "DAY"):
            await town.done("plans", "enable", plan_id)
        yield town


def reached(town: City, text: str) -> dict[str, int]:
    """How many messages of the bot with this text stand in which group."""
    counts = {
        group.title: sum(m.from_bot and text in m.text for m in town.sim.messages(group))
        for group in town.groups.values()
    }
    return {title: count for title, count in counts.items() if count}


EVERYWHERE = {f"{code}群": 1 for code in GROUPS}


async def comes(town: City, moment: str, text: str, where: dict[str, int]) -> None:
    """It becomes this moment, a second later, and exactly these groups come to show the text."""
    assert town.clock is not None
    town.clock.set(moment)
    await town.until(lambda: reached(town, text) == where)


async def logged(town: City, *words: str) -> None:
    """The bot has written these words, in this order."""
    async with asyncio.timeout(WITHIN_S):
        while not re.search(".*".join(words), town.log, re.DOTALL):  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(LOOK_EVERY_S)


async def test_the_autumn_of_2026(found: Found, database_url: str, tmp_path: pathlib.Path) -> None:
    async with autumn(found, database_url, tmp_path, "2026-09-20 07:59:40") as town:
        await comes(town, "2026-09-20 08:00:00", "上学路上", EVERYWHERE)  # a Sunday, made up for 国庆
        await comes(town, "2026-09-24 09:00:00", "中秋假前提醒", EVERYWHERE)
        await comes(town, "2026-09-24 15:00:00", "中秋假前安全课上", EVERYWHERE)
        await comes(town, "2026-09-25 08:00:30", "上学路上", EVERYWHERE)
        await comes(town, "2026-09-30 09:00:00", "国庆假前提醒", EVERYWHERE)
        await town.settled()  # an uncertain card would come again, marked
        await town.kill()
        await town.start()  # in the same minute
        await comes(town, "2026-09-30 15:00:00", "国庆假前安全课上", EVERYWHERE)
        await town.settled()
        await town.kill()
        await town.start()
        await comes(town, "2026-10-03 08:00:30", "上学路上", EVERYWHERE)  # no more of them than before
        await comes(town, "2026-10-10 07:59:55", "上学路上", EVERYWHERE)
        await comes(town, "2026-10-10 08:00:00", "上学路上", dict.fromkeys(EVERYWHERE, 2))  # a Saturday
        await comes(town, "2026-12-30 15:00:00", "10日", {})  # the owner is asked in private, not here
        asked = await town.see("刘市安", "元旦假前安全课")
        assert "日期是按暂定的放假安排" in plain(asked) or "暂定" in plain(asked)
        await comes(town, "2026-12-31 09:00:00", "元旦假前提醒", EVERYWHERE)
        await comes(town, "2026-12-31 15:00:00", "元旦假前安全课上", EVERYWHERE)
        for group in town.groups.values():
            assert "(日期暂定)" in town.sim.find(group, "元旦假前提醒").text
            assert "(日期暂定)" in town.sim.find(group, "元旦假前安全课上").text
            assert "(日期暂定)" not in town.sim.find(group, "国庆假前安全课上").text
        await comes(town, "2027-01-01 08:00:30", "上学路上", dict.fromkeys(EVERYWHERE, 2))
        for text in ("中秋假前提醒", "中秋假前安全课上", "国庆假前提醒", "国庆假前安全课上"):
            assert reached(town, text) == EVERYWHERE


async def test_three_hours_down_and_the_owner_decides(
    found: Found, sqlite_url: str, tmp_path: pathlib.Path
) -> None:
    async with autumn(found, sqlite_url, tmp_path, "2026-09-30 14:00:00") as town:
        await town.kill()
        assert town.clock is not None
        town.clock.set("2026-09-30 18:00:00")
        await town.start()
        question = await town.see("刘市安", "该发给 17 个单位")
        assert reached(town, "安全课上完了吗") == {}

        await town.press("刘市安", question, "补发并顺延")

        await town.until(lambda: reached(town, "国庆假前安全课上完了吗") == EVERYWHERE)
        await town.until(lambda: "已发" in question.text)
        assert "今天20:05前" in town.sim.find(town.groups["DH"], "安全课").text
        ((listed,),) = [
            [line for line in (await town.done("plans", "list")).out.splitlines() if "ASK" in line]
        ]
        assert "12月31日(周四)15:00(暂定)" in listed


async def test_an_edited_plan_is_in_force_without_a_restart(
    found: Found, sqlite_url: str, tmp_path: pathlib.Path
) -> None:
    async with autumn(found, sqlite_url, tmp_path, "2026-09-30 14:00:00") as town:
        file = tmp_path / "config" / "reminders" / "plans.yaml"
        file.write_text("- id: [\n", encoding="utf-8")  # saved half-written
        await logged(town, "config_fault")
        file.write_text(PLANS.replace("holiday at 15:00", "holiday at 14:30"), encoding="utf-8")
        await logged(town, "config_fault", "config_read")
        await town.until_found(
            "SELECT substr(next_fire_at, 1, 16) FROM plan WHERE id = 'ASK'", "2026-09-30 06:30"
        )

        await comes(town, "2026-09-30 14:30:00", "国庆假前安全课上", EVERYWHERE)


async def test_commands_about_plans(small_town: City, tmp_path: pathlib.Path) -> None:
    await small_town.import_roster()
    preview = (
        await small_town.done("plans", "preview", "--from", "2026-09-21", "--to", "2026-10-09", "--json")
    ).json
    assert {"plan", "title", "at", "occasion", "units", "provisional", "skipped"} == set(preview[0])
    (eve,) = [one for one in preview if one["plan"] == "R03b" and one["at"] == "2026-09-30T15:00:00+08:00"]
    assert (eve["occasion"], eve["units"], eve["provisional"], eve["skipped"]) == (
        "国庆",
        17,
        False,
        "计划暂停中",
    )
    await small_town.done("plans", "enable", "R03b")
    preview = (
        await small_town.done("plans", "preview", "--from", "2026-09-30", "--to", "2026-09-30", "--json")
    ).json
    assert [one["skipped"] for one in preview if one["plan"] == "R03b"] == [None]
    assert (await small_town.done("plans", "enable", "R03b")).out == "R03b 本来就已启用\n"
    assert "开  R03b" in (await small_town.done("plans", "list")).out
    assert "启用 2 个" in (await small_town.done("doctor")).out
    await small_town.done("plans", "pause", "R03b")
    assert "没有计划 R99" in await small_town.refused("plans", "pause", "R99")
    assert "--to 2026-01-01" in await small_town.refused("plans", "preview", "--to", "2026-01-01")


@pytest.mark.parametrize("kind", ["EVE", "ASK"])
async def test_a_plan_is_run_at_once_and_once(
    found: Found, sqlite_url: str, tmp_path: pathlib.Path, kind: str
) -> None:
    async with autumn(found, sqlite_url, tmp_path, "2026-09-29 10:00:00") as town:
        assert "17 个单位" in (await town.done("plans", "run", kind)).out
        assert "刚发过" in await town.refused("plans", "run", kind)
        await town.until(lambda: reached(town, "国庆假前") == EVERYWHERE)

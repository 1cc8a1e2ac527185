"""Backups taken while the bot answers, brought back on another kind of database; and what is forgotten in between."""

import asyncio
import pathlib

import pytest

from tests.whole.conftest import Found
from tests.whole.driver import City


@pytest.mark.postgresql
async def test_a_backup_beside_a_running_bot_moves_the_city_to_postgresql(
    found: Found, sqlite_url: str, empty_postgresql_url: str, tmp_path: pathlib.Path
) -> None:
    names = ("王金滩", "李银桥", "吴石桥")
    file = tmp_path / "kept" / "city.zip"
    async with found(sqlite_url) as town:
        await town.prepare(*names)
        notice = (await town.publish())["notice"]
        cards = {name: await town.see(name, "消防自查") for name in names}

        async with asyncio.TaskGroup() as tasks:  # answers come in while it is written
            backup = tasks.create_task(town.done("backup", file))
            for name in ("王金滩", "李银桥"):
                tasks.create_task(town.press(name, cards[name], "已查完"))
        assert "已备份到" in backup.result().out
        assert "正被另一个校安进程使用" in await town.refused("restore", file)
        await town.done("backup", file)  # in the place of the first
        before = await town.summary(notice)
        assert before["total"]["answered"] == 2
        assert "上次备份是 0 小时前" in (await town.run("doctor")).out
        assert await town.stop() == 0

        town.database_url = empty_postgresql_url
        assert "已恢复到" in (await town.done("restore", file)).out
        after = await town.summary(notice)
        assert {**after, "at": 0} == {**before, "at": 0}
        assert "只能恢复到空的数据库" in await town.refused("restore", file)
        await town.start()  # and life goes on where it stopped: old cards work
        await town.press("吴石桥", cards["吴石桥"], "已查完")
        await town.until(lambda: "已查完" in town.sim.last(town.person("吴石桥")).text)
        assert await town.stop() == 0
    assert "Traceback" not in town.log


async def test_a_purge_comes_once_a_night_and_can_be_asked_for(found: Found, sqlite_url: str) -> None:
    async with found(sqlite_url, at="2026-09-30 03:00:00") as town:
        assert town.clock is not None
        await town.prepare("王金滩", "李银桥")
        await purged(town, 1)  # a new database has seen none yet
        town.clock.set("2026-10-01 03:30:00")
        await purged(town, 2)
        assert "0  离任的联系人" in (await town.done("purge", "--dry-run")).out
        town.extra["CONFIG_DIR"] = str(town.folder)
        town.file("retention.toml", "people_day = 400")
        assert "不认识的键" in (await town.run("purge")).err
        shown = await town.run("doctor")
        assert "保留期限:retention.toml people_day" in shown.out
        assert "还没有备份过,请每天备份一次" in shown.out
        town.clock.set("2026-10-02 12:00:00")
        assert "✗ 还没有备份过,请定时运行" in (await town.run("doctor")).out
        town.file("retention.toml", "invitation_days = 0")
        town.clock.set("2026-11-02 12:00:00")
        line = f"{len(town.codes):>8}  过期的登记码"
        assert line in (await town.done("purge", "--dry-run")).out
        assert line in (await town.done("purge")).out
        assert f"{0:>8}  过期的登记码" in (await town.done("purge")).out


def purges(town: City) -> int:
    """How often the bot has come to a purge's end by itself."""
    return sum("forgotten" in line and "is_last=True" in line for line in town.log.splitlines())


async def purged(town: City, times: int) -> None:
    async with asyncio.timeout(20):
        while purges(town) < times:
            await town.looked()

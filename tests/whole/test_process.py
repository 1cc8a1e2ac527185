"""The process as an operator meets it: started cold, beside commands, against a second one, ended, never talkative."""

import asyncio
import pathlib

from tests.whole import driver
from tests.whole.conftest import Found
from tests.whole.warm import Warm


async def test_one_process_a_file_commands_beside_it_and_a_quiet_end(
    cold: Found, tmp_path: pathlib.Path, forge: Warm
) -> None:
    async with cold(f"sqlite:///{tmp_path / 'data' / 'bot.db'}") as town:
        await town.start()  # a new file gets its tables
        second = await town.refused("run")
        assert "正被另一个校安进程使用" in second
        await town.import_roster()  # beside it
        town.warm = forge  # what follows is about what they say, not how they start
        await town.done("arm", "--all", "--schools", "17")
        town.codes = (await town.done("invite", "--json")).json
        await town.enrol("王金滩")
        await town.publish()
        card = await town.see("王金滩", "消防自查")
        assert (await town.press("王金滩", card, "有困难")).show_alert
        asked = await town.see("王金滩", "哪方面")
        for choice in ("消防用电", "我校能解决"):
            await town.press("王金滩", asked, choice)
        town.sim.send(town.person("王金滩"), town.person("王金滩"), "三楼消防栓没水,联系 13912345678")
        await town.until(lambda: "三楼消防栓没水" in asked.text)
        assert await asyncio.wait_for(town.stop(), 10) == 0
        said = town.log
    assert driver.TOKEN not in said
    assert driver.TOKEN.partition(":")[2] not in said
    assert not driver.PHONE.search(said)
    assert "13912345678" not in said
    assert "消防栓" not in said
    assert "Traceback" not in said


async def test_without_a_token_or_with_a_wrong_one_nothing_starts(cold: Found, sqlite_url: str) -> None:
    async with cold(sqlite_url, BOT_TOKEN="") as town:
        assert "BOT_TOKEN" in await town.refused("run")
    async with cold(sqlite_url, BOT_TOKEN="4242424242:AAnot-the-token-of-this-telegram-at-all") as town:
        assert "token" in (await town.refused("run")).lower()

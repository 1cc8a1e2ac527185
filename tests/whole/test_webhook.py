"""The whole bot behind a webhook: pushed instead of fetching, killed, stopped, moved back to fetching."""

import json
import socket

import aiohttp

from tests.whole.conftest import Found

SECRET = "a-Secret_word"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_a_city_that_is_pushed_its_updates(found: Found, database_url: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    webhook = {"WEBHOOK_URL": url, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    async with found(database_url, **webhook) as town:
        await town.prepare("王金滩", "李银桥", "吴石桥")
        assert town.sim.bot.webhook.url == url
        notice = (await town.publish())["notice"]
        card = await town.see("王金滩", "消防自查")
        assert "金滩" in (await town.press("王金滩", card, "已查完")).text

        status, said = await get(port, "/readyz")
        assert (status, json.loads(said)) == (
            200, {"ready": True, "checks": {"database": "ok", "telegram": "ok", "updates": "ok"}}
        )  # fmt: skip
        status, figures = await get(port, "/metrics")
        assert status == 200
        assert 'xiaoan_updates_total{fate="handled",kind="callback_query"} 1.0' in figures
        assert "xiaoan_database_up 1.0" in figures

        await town.kill()
        town.sim.press(town.person("李银桥"), town.card("李银桥"), "已查完")  # nobody is there
        await town.until(lambda: town.sim.bot.webhook.error is not None)
        await town.start()
        await town.until(lambda: not town.sim.bot.queue.pending)
        assert (await town.summary(notice))["total"]["answered"] == 2

        assert await town.stop() == 0
        town.extra.clear()  # from now on it fetches them itself
        town.sim.press(town.person("吴石桥"), town.card("吴石桥"), "已查完")
        await town.start()
        await town.until(lambda: not town.sim.bot.queue.pending)
        assert (await town.summary(notice))["total"]["answered"] == 3
        said = town.log
    assert town.sim.bot.webhook is None
    assert "Traceback" not in said
    assert SECRET not in said


async def test_who_fetches_updates_has_a_door_for_health_alone(found: Found, sqlite_url: str) -> None:
    port = free_port()
    async with found(sqlite_url, PORT=str(port)) as town:
        await town.start()
        await town.looked()
        status, said = await get(port, "/readyz")
        assert (status, json.loads(said)["checks"]["updates"]) == (200, "ok")
        assert (await get(port, "/telegram"))[0] == 404
        assert await town.stop() == 0
        with socket.create_server(("127.0.0.1", port)):
            assert f"PORT={port}" in await town.refused("run")

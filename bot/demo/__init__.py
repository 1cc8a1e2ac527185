"""The whole product with a pretend city and a pretend Telegram: one school day, told line by line or open to visitors.

Everything goes through the same doors as in earnest: the real process, the library, HTTP, a real database.
Only the clock is ours: it runs at its own pace within a scene and jumps from one scene to the next.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator

import pydantic

from bot import app, simulator
from bot.demo import stage
from bot.demo.city import City, Say, Told
from bot.demo.day import Day
from bot.demo.live import Live
from bot.plans import content
from bot.settings import DOOR_PORT, Settings


@contextlib.asynccontextmanager
async def _built(
    sim: simulator.Simulator, clock: stage.StageClock, settings: Settings, told: Told
) -> AsyncIterator[City]:
    """The city's bot, opened on a database that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="xiaoan-demo-") as folder:
        ours = settings.model_copy(
            update={
                "bot_token": pydantic.SecretStr(stage.TOKEN), "telegram_api_url": sim.url, "webhook_url": None, "port": None,
                "database_url": f"sqlite:///{folder}/demo.db", "send_rate": stage.RATE, "group_rate": 1200,
                "log_level": "WARNING", "roles": "all",
            }
        )  # fmt: skip
        async with app.App.open(ours, now=clock) as bot:
            yield City(sim, bot, clock, ours, told)


async def play(settings: Settings, *, once: bool) -> int:
    """Play the day on the terminal, 0 when its table adds up; without `once` open the stage, until Ctrl-C."""
    return await (_once(settings, print) if once else _open(settings, print))


async def _once(settings: Settings, say: Say) -> int:
    say("校安演示:虚构的云川市,2026年9月30日,国庆前最后一个上学日")
    say("a pretend city on the last school day before National Day; nothing leaves this machine\n")
    entries = {e.id: e for e in content.read(settings.config_dir / "reminders" / "holiday.yaml").entries}
    clock = stage.StageClock(settings.zone)

    def told(time: str, chinese: str, english: str) -> None:
        say(f"{time}  {chinese} · {english}")

    async with (
        simulator.Simulator(token=stage.TOKEN, clock=clock) as sim,
        _built(sim, clock, settings, told) as city,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(city.bot.run())
        await city.prepare(settings.config_dir / "roster")
        day = Day(city, say)
        await day.play(entries)
        adds_up = await day.show()
        city.bot.stop()
    return 0 if adds_up else 1


async def _open(settings: Settings, say: Say) -> int:
    clock = stage.StageClock(settings.zone)
    async with simulator.Simulator(token=stage.TOKEN, clock=clock) as sim:
        live = Live(sim, settings.zone, say)
        async with (
            live.page.serve(settings.host, DOOR_PORT if settings.port is None else settings.port) as url,
            asyncio.TaskGroup() as tasks,
        ):
            say(f"校安演示 · the demo: {url}  (Ctrl-C 结束 · ends it)")
            say("虚构的云川市,2026年9月30日下午 · a pretend city; nothing leaves this machine\n")
            stay = tasks.create_task(_stay(sim, clock, settings, live))
            await _show(url)
            await _ended()
            stay.cancel()
    return 0


async def _stay(sim: simulator.Simulator, clock: stage.StageClock, settings: Settings, live: Live) -> None:
    """The city is prepared, and goes on living until cancelled."""
    async with _built(sim, clock, settings, live.tell) as city, asyncio.TaskGroup() as tasks:
        tasks.create_task(city.bot.run())
        await city.prepare(settings.config_dir / "roster")
        await live.play(city)


async def _ended() -> None:
    """Return when somebody ends the demo."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    await ended.wait()


async def _show(url: str) -> None:
    """Open the page where somebody sits before a screen; a terminal far away is left in peace."""
    machine = os.environ  # noqa: TID251  # a desktop is told by the machine, not by a setting
    has_desktop = sys.platform in {"darwin", "win32"} or "DISPLAY" in machine or "WAYLAND_DISPLAY" in machine
    if has_desktop and sys.stdout.isatty():
        with contextlib.suppress(webbrowser.Error, OSError):
            await asyncio.to_thread(webbrowser.open, url)

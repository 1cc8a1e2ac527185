"""The whole product with a pretend city and a pretend Telegram: one school day, told line by line.

Everything goes through the same doors as in earnest: the real process, the library, HTTP, a real database.
Only the clock is ours: it runs at its own pace within a scene and jumps from one scene to the next.
"""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator

import pydantic

from bot import app, simulator
from bot.demo import stage
from bot.demo.city import City, Say
from bot.demo.day import Day
from bot.plans import content
from bot.settings import Settings


@contextlib.asynccontextmanager
async def _stage(settings: Settings, say: Say) -> AsyncIterator[City]:
    with tempfile.TemporaryDirectory(prefix="xiaoan-demo-") as folder:
        async with simulator.Simulator(token=stage.TOKEN) as sim:
            ours = settings.model_copy(
                update={
                    "bot_token": pydantic.SecretStr(stage.TOKEN), "telegram_api_url": sim.url, "webhook_url": None,
                    "database_url": f"sqlite:///{folder}/demo.db", "send_rate": stage.RATE, "group_rate": 1200,
                    "log_level": "WARNING", "roles": "all",
                }
            )  # fmt: skip
            stage_clock = stage.StageClock(ours.zone)
            async with app.App.open(ours, now=stage_clock) as bot:
                yield City(sim, bot, stage_clock, ours, say)


async def play(settings: Settings, *, once: bool) -> int:
    """Play the day; 0 when its table adds up. Without `once` the stage stays until Ctrl-C."""
    say: Say = print
    say("校安演示:虚构的云川市,2026年9月30日,国庆前最后一个上学日")
    say("a pretend city on the last school day before National Day; nothing leaves this machine\n")
    entries = {e.id: e for e in content.read(settings.config_dir / "reminders" / "holiday.yaml").entries}
    async with _stage(settings, say) as city, asyncio.TaskGroup() as tasks:
        tasks.create_task(city.bot.run())
        await city.prepare(settings.config_dir / "roster")
        day = Day(city)
        await day.play(entries)
        adds_up = await day.show()
        if not once:
            await _stay(city)
        city.bot.stop()
    return 0 if adds_up else 1


async def _stay(city: City) -> None:
    """The city goes on living until somebody ends it."""
    city.say(f"\n演示的城市还开着(模拟的 Telegram 在 {city.sim.url}),按 Ctrl-C 结束 · Ctrl-C ends it")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, ended.set)
    await ended.wait()

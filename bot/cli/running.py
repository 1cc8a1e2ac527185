"""Running the bot, and its pretend city."""

import asyncio
import signal
import sys

from bot import app, logs
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.settings import Settings


def register(commands: Commands) -> None:
    """`run`, `demo`."""
    console.add(commands, "run", _run, "运行机器人")
    one = console.add(commands, "demo", _demo, "不用 token,在浏览器里试一座虚构的城市")
    one.add_argument("--once", action="store_true", help="只在终端演一遍,演完就结束")


def _run(_: Arguments, chosen: Settings) -> int:
    async def serve() -> None:
        async with app.App.open(chosen) as process:
            loop = asyncio.get_running_loop()
            for name in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(name, process.stop)
            print(f"校安在运行:@{process.username}", file=sys.stderr)
            await process.run()

    asyncio.run(serve())
    return 0


def _demo(parsed: Arguments, chosen: Settings) -> int:
    from bot import demo  # noqa: PLC0415 - with its pretend Telegram; the bot itself starts without

    logs.configure(level="ERROR", form=chosen.log_format)  # the story is what counts
    return asyncio.run(demo.play(chosen, once=parsed.once))

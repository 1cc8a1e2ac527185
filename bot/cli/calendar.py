"""The school calendar: a year to hold against the official notice."""

import argparse

from bot import clock
from bot.calendar import loading, showing
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.settings import Settings


def register(commands: Commands) -> None:
    """`calendar …`."""
    calendar = console.group(commands, "calendar", "校历")
    one = console.add(calendar, "show", _show, "打印一年的校历,好跟放假通知对照")
    one.add_argument("--year", type=_year, metavar="Y", help="哪一年;不写是今年")


def _year(text: str) -> int:
    if not text.isdigit() or int(text) not in loading.YEARS:
        raise argparse.ArgumentTypeError(f"{text} 应是 {loading.YEARS[0]} 到 {loading.YEARS[-1]} 的一年")
    return int(text)


def _show(parsed: Arguments, chosen: Settings) -> int:
    loaded = loading.load(chosen.config_dir / "calendar", chosen.zone)
    year = parsed.year or clock.system().astimezone(chosen.zone).year
    console.say(*showing.year(loaded, year))
    return console.told(loaded.faults)

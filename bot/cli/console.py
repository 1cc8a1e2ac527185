"""What every command uses: the terminal, the database, a file to write."""

import argparse
import asyncio
import json
import pathlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

from bot import clock, errors
from bot.db import Database, versions
from bot.settings import Settings

T = TypeVar("T")
Arguments = argparse.Namespace
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
Command: TypeAlias = Callable[[Arguments, Settings], int]


def group(commands: Commands, name: str, help_: str) -> Commands:
    """A word with commands under it, as `plans list` and `plans run`."""
    return commands.add_parser(name, help=help_).add_subparsers(required=True, metavar="命令")


def add(commands: Commands, name: str, command: Command, help_: str) -> argparse.ArgumentParser:
    """One command; its arguments are added to what is returned."""
    made = commands.add_parser(name, help=help_, description=help_)
    made.set_defaults(command=command)
    return made


def say(*lines: str) -> None:
    for line in lines:
        print(line)


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def told(faults: Sequence[str]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def write(path: pathlib.Path, content_: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_)
    except OSError as fault:
        raise errors.Refused(f"{path}:写不了({fault.strerror})") from fault


def with_db(chosen: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the database open; a new one gets its tables, one of another version is refused."""
    versions.ready(chosen.database_url)
    return with_any_db(chosen, work)


def with_any_db(chosen: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the database open as it is, whatever version made its tables."""

    async def body() -> T:
        db = await Database.open(chosen.database_url, clock=clock.system)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(body())

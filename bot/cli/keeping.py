"""Keeping the data, and forgetting it in time."""

import datetime as dt
import pathlib
import secrets

from bot import __version__, errors
from bot.audit import trail
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.db import Database, Tx, backup, restore, sole, versions
from bot.retention import periods, purge
from bot.settings import Settings


def register(commands: Commands) -> None:
    """`backup`, `restore`, `purge`."""
    one = console.add(commands, "backup", _backup, "把整个数据库写成一个文件,机器人可以一边运行")
    one.add_argument("file", type=pathlib.Path, metavar="F", help="如 xiaoan.zip;已有的会被换掉")
    one = console.add(commands, "restore", _restore, "把备份恢复到空的数据库,SQLite 和 PostgreSQL 可以互换")
    one.add_argument("file", type=pathlib.Path, metavar="F")
    one = console.add(commands, "purge", _purge, "删去保留期满的姓名、号码和文字,不改任何数字")
    one.add_argument("--dry-run", action="store_true", help="只数一数会删多少")


def _backup(parsed: Arguments, chosen: Settings) -> int:
    if versions.current(chosen.database_url) is None:
        raise errors.Refused("数据库里还没有表,没有什么可以备份")

    async def work(db: Database) -> int:
        written = await db.read(backup.write, parsed.file, at=db.now(), version=__version__)
        await db.transact(_note_database, what="backup", rows=written.rows)
        return written.rows

    rows = console.with_any_db(chosen, work)
    size = parsed.file.stat().st_size / 1e6
    console.say(f"已备份到 {parsed.file}:{rows} 行,{size:.1f} MB。里面有姓名和手机号,请收好")
    return 0


def _restore(parsed: Arguments, chosen: Settings) -> int:
    with sole.only_one(chosen.database_url):
        saved = restore.load(chosen.database_url, parsed.file)
    console.with_db(chosen, lambda db: db.transact(_note_database, what="restore", rows=saved.rows))
    at = f"{saved.at.astimezone(chosen.zone):%Y-%m-%d %H:%M:%S}"
    console.say(f"已恢复到 {at} 的样子:{saved.rows} 行(程序 {saved.version},表 {saved.revision} 版)")
    return 0


def _note_database(tx: Tx, now: dt.datetime, *, what: str, rows: int) -> None:
    trail.note(tx, now, actor="cli", verb=what, subject="database", detail=f"rows:{rows}")


def _purge(parsed: Arguments, chosen: Settings) -> int:
    keep = kept(chosen)
    if keep.faults:
        raise errors.Refused("\n".join((*keep.faults, "删了不能恢复,所以改好之前什么都不删")))

    async def work(db: Database) -> dict[str, int]:
        if parsed.dry_run:
            return await db.read(purge.count, db.now(), keep.periods)
        forgotten = {step.key: 0 for step in purge.STEPS}
        owner = secrets.token_hex(8)
        while True:
            done = await db.transact(purge.by_hand, keep.periods, owner=owner)
            for key, number in done.forgotten.items():
                forgotten[key] += number
            if done.is_last:
                return forgotten

    forgotten = console.with_db(chosen, work)
    console.say("只是数一数,没有删:" if parsed.dry_run else "已删:")
    console.say(*(f"{forgotten[step.key]:>8}  {step.words}" for step in purge.STEPS))
    return 0


def kept(chosen: Settings) -> periods.Loaded:
    return periods.load(chosen.config_dir / periods.FILE)

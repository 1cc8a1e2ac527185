"""Publishing a notice, and its table."""

import datetime as dt
import pathlib

from bot import clock
from bot.calendar import instants, loading
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.db import Database, Tx
from bot.notices import publish, queries
from bot.plans import content
from bot.settings import Settings
from bot.summaries import document, workbook
from bot.texts import Words


def register(commands: Commands) -> None:
    """`publish`, `summary`."""
    one = console.add(commands, "publish", _publish, "发一条通知")
    one.add_argument("file", type=pathlib.Path, metavar="FILE.yaml")
    one.add_argument("--json", action="store_true")
    one = console.add(commands, "summary", _summary, "看一条通知的表")
    one.add_argument("notice", type=int, metavar="NOTICE", help="通知的编号")
    one.add_argument("--as-of", metavar="T", help="截至这一刻;不写是实时")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--xlsx", type=pathlib.Path, metavar="F")


def _publish(parsed: Arguments, chosen: Settings) -> int:
    entry = content.one(parsed.file)
    words = Words(chosen.zone)
    calendar = loading.load(chosen.config_dir / "calendar", chosen.zone).calendars.of()

    def verb(tx: Tx, now: dt.datetime) -> publish.Published:
        return publish.publish(tx, now, entry.draft(now, words, calendar=calendar), by="cli")

    done = console.with_db(chosen, lambda db: db.transact(verb))
    if parsed.json:
        console.print_json({"notice": done.notice_id, "units": done.units, "chats": done.chats})
    else:
        trial = "(试运行:只发给管理员和试点群)" if done.is_trial else ""
        console.say(f"已发出 {done.notice_id} 号通知:{done.units} 个单位,{done.chats} 个群和私聊{trial}")
    return 0


def _summary(parsed: Arguments, chosen: Settings) -> int:
    words = Words(chosen.zone)
    as_of = instants.parse(parsed.as_of, now=clock.system(), zone=chosen.zone) if parsed.as_of else None

    async def work(db: Database) -> None:
        now = db.now()
        if parsed.xlsx:
            sheets = await db.read(_sheets, parsed.notice, now, as_of)
            console.write(parsed.xlsx, workbook.build(sheets, words))
        if parsed.json:
            console.print_json(
                await db.read(document.build, notice_id=parsed.notice, now=now, as_of=as_of, zone=chosen.zone)
            )
        elif not parsed.xlsx:
            table = await db.read(queries.table, parsed.notice, now=now, as_of=as_of)
            console.say(*_table_lines(table, words))

    console.with_db(chosen, work)
    return 0


def _sheets(tx: Tx, notice_id: int, now: dt.datetime, as_of: dt.datetime | None) -> workbook.Sheets:
    return workbook.collect(tx, notice_id=notice_id, now=now, as_of=as_of, phones="full")


def _table_lines(table: queries.Table, words: Words) -> list[str]:
    title = words.plain("desk.sheet", title=table.notice.title, at=table.at, frozen=table.as_of is not None)
    head = (
        f"{'应报':>6}{'已报':>6}{'补报':>6}{'困难':>6}{'未报':>6}{'没登记':>5}{'没送到':>5}{'免报':>6}  单位"
    )
    lines = [title, head]
    for r in (*table.rows, table.total):
        numbers = (r.expected, r.answered, r.late, r.trouble, r.missing, r.unbound, r.undelivered, r.excused)
        lines.append("".join(f"{n:>8}" for n in numbers) + f"  {r.name}")
    return lines

"""The roster in and out, invitations, and the end of the trial."""

import datetime as dt
import pathlib
import sys

from bot import app
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.db import Database, Tx
from bot.delivery import pacing
from bot.notices import asking
from bot.roster import (
    arming,
    exporting,
    import_files,
    inviting,
    menus,
    people,
    sample,
    slips,
    standing,
    template,
    units,
)  # fmt: skip
from bot.roster.access import Role
from bot.settings import Settings


def register(commands: Commands) -> None:
    """`roster …`, `invite`, `arm`."""
    roster = console.group(commands, "roster", "名册")
    one = console.add(roster, "import", _import, "导入名册:整份对了才导入,错一处都不改")
    one.add_argument("units", type=pathlib.Path, help="单位表 .csv 或 .xlsx")
    one.add_argument("contacts", type=pathlib.Path, help="联系人表 .csv 或 .xlsx")
    one.add_argument("--dry-run", action="store_true", help="只说会改什么")
    one.add_argument("--report", type=pathlib.Path, metavar="F.xlsx", help="把错的地方在您的表上标红")
    one.add_argument("--force", action="store_true", help="允许一次停用很多单位")
    one = console.add(roster, "export", _export, "把现在的名册写成两个文件")
    one.add_argument("directory", type=pathlib.Path, metavar="DIR")
    one = console.add(roster, "template", _template, "一份带下拉选项的空表")
    one.add_argument("file", type=pathlib.Path, metavar="F.xlsx")
    one = console.add(roster, "sample", _sample, "一份虚构的名册")
    one.add_argument("directory", type=pathlib.Path, metavar="DIR")
    one.add_argument("--schools", type=int, required=True, metavar="N")
    one = console.add(commands, "invite", _invite, "发登记码")
    one.add_argument("--unit", metavar="编码", help="只给一个单位")
    one.add_argument("--role", choices=[r.value for r in Role], help="只给一种职务;已登记的会另发接任码")
    one.add_argument("--all", action="store_true", help="已登记的人、已绑定的群也给")
    one.add_argument("--slips", type=pathlib.Path, metavar="F.xlsx", help="做成可以打印裁开的纸条")
    one.add_argument("--json", action="store_true")
    one = console.add(commands, "arm", _arm, "结束试运行:从此真的发给学校")
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("--county", action="append", metavar="编码", help="只开通这个县(可写几次)")
    which.add_argument("--all", action="store_true", help="全市")
    one.add_argument("--schools", type=int, required=True, metavar="N", help="会开通几所学校,须写对")


def _import(parsed: Arguments, chosen: Settings) -> int:
    async def work(db: Database) -> import_files.ImportOutcome:
        outcome = await import_files.run_import(
            db,
            parsed.units,
            parsed.contacts,
            dry_run=parsed.dry_run,
            report=parsed.report,
            force=parsed.force,
        )
        if outcome.is_done:
            await db.transact(asking.settle_all)  # who moved, or left, is asked where it is right now
            await db.transact(menus.settle_all)
        return outcome

    outcome = console.with_db(chosen, work)
    for line in outcome.lines:
        print(line, file=sys.stderr if outcome.has_faults else sys.stdout)
    return 1 if outcome.has_faults else 0


def _export(parsed: Arguments, chosen: Settings) -> int:
    roster = console.with_db(chosen, lambda db: db.read(standing.read))
    exporting.write(parsed.directory, roster)
    console.say(f"已写到 {parsed.directory}")
    return 0


def _template(parsed: Arguments, _: Settings) -> int:
    template.write(parsed.file)
    console.say(f"已写到 {parsed.file}")
    return 0


def _sample(parsed: Arguments, _: Settings) -> int:
    made = sample.write(parsed.directory, schools=parsed.schools)
    console.say(f"已写到 {parsed.directory}:{len(made.units)} 个单位,{len(made.contacts)} 条联系人")
    return 0


def _invite(parsed: Arguments, chosen: Settings) -> int:
    role = Role(parsed.role) if parsed.role else None

    async def work(db: Database) -> tuple[list[inviting.Issued], str]:
        await _learn_username(db, chosen)
        issued = await db.transact(inviting.issue, unit_code=parsed.unit, role=role, every=parsed.all)
        return issued, await db.read(_bureau_phone)

    issued, phone = console.with_db(chosen, work)
    if parsed.slips:
        console.write(parsed.slips, slips.build([slips.of(one, phone, chosen.zone) for one in issued]))
    if parsed.json:
        console.print_json([_invitation(one, chosen.zone) for one in issued])
    elif not parsed.slips:
        console.say(
            *(
                f"{i.unit.code} {i.unit.name} {i.who or ('群' if i.kind == 'group' else i.role)} {i.code} {i.link or ''}"
                for i in issued
            )
        )
    if parsed.slips:
        print(f"{len(issued)} 张,已写到 {parsed.slips}", file=sys.stderr)
    return 0


async def _learn_username(db: Database, chosen: Settings) -> None:
    """Links carry the bot's username; before the first start Telegram is asked for it."""
    if not await db.read(pacing.username) and chosen.bot_token is not None:
        await app.learn_username(db, chosen)


def _bureau_phone(tx: Tx) -> str:
    city = units.city(tx)
    return people.dialled(units.duty_phone(tx, city)) if city else ""


def _invitation(one: inviting.Issued, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "kind": one.kind, "unit": one.unit.code, "role": one.role or None, "contact": one.contact,
        "link": one.link, "code": one.code, "expires_at": one.expires_at.astimezone(zone).isoformat(timespec="seconds"),
    }  # fmt: skip


def _arm(parsed: Arguments, chosen: Settings) -> int:
    async def work(db: Database) -> arming.Opened:
        opened = await db.transact(
            arming.arm, counties=parsed.county or [], everything=parsed.all, schools=parsed.schools
        )
        await db.transact(asking.settle_all)
        return opened

    opened = console.with_db(chosen, work)
    colleges = f"、{opened.colleges} 所高校" if opened.colleges else ""
    console.say(f"已开通 {opened.schools} 所学校{colleges}:以后发的通知会真的送到")
    return 0

"""The command line: parse, call one use case, print. Exit 0 done, 2 wrong use, 1 refused or failed."""

import argparse
import asyncio
import datetime as dt
import json
import pathlib
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from bot import __version__, app, clock, demo, errors, logs, settings
from bot.audit import trail
from bot.calendar import instants, loading
from bot.db import Database, Tx, backup, migrate
from bot.delivery import pacing
from bot.notices import asking, publish, queries
from bot.plans import book as books
from bot.plans import content, preview, switching
from bot.retention import periods, purge
from bot.roster import (
    access_table,
    arming,
    exporting,
    import_files,
    inviting,
    people,
    sample,
    slips,
    standing,
    template,
    units,
)  # fmt: skip
from bot.roster.access import Role
from bot.settings import Settings
from bot.summaries import doctor, document, workbook
from bot.texts import Words

T = TypeVar("T")
PREVIEW = dt.timedelta(days=30)
PREVIEW_MOST = dt.timedelta(days=800)
Arguments = argparse.Namespace


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        chosen = settings.load()
        hidden = [s.get_secret_value() for s in (chosen.bot_token, chosen.webhook_secret) if s]
        logs.configure(level=chosen.log_level, form=chosen.log_format, secrets=hidden)
        status: int = parsed.command(parsed, chosen)
        sys.stdout.flush()
    except (errors.XiaoanError, BaseExceptionGroup) as fault:
        expected = list(_expected(fault))
        if not expected:
            raise
        for one in expected:
            print(f"连不上数据库:{one}" if isinstance(one, errors.DatabaseAway) else one, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stderr.close()
        return 0
    return status


def _expected(fault: BaseException) -> Iterator[errors.XiaoanError]:
    """The refusals inside a group of tasks that ended together; nothing if a bug is among them."""
    if isinstance(fault, errors.XiaoanError):
        yield fault
    elif isinstance(fault, BaseExceptionGroup):
        known, unknown = fault.split(errors.XiaoanError)
        if unknown is None and known is not None:
            for inner in known.exceptions:
                yield from _expected(inner)


def _say(*lines: str) -> None:
    for line in lines:
        print(line)


def _print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _with_db(chosen: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the database open; a new one gets its tables, one of another version is refused."""
    app.make_ready(chosen.database_url)
    return _with_any_db(chosen, work)


def _with_any_db(chosen: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run `work` with the database open as it is, whatever version made its tables."""

    async def body() -> T:
        db = await Database.open(chosen.database_url, clock=clock.system)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(body())


# ── running ──────────────────────────────────────────────────────────────────────────────────────


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
    logs.configure(level="ERROR", form=chosen.log_format)  # the story is what counts
    return asyncio.run(demo.play(chosen, once=parsed.once))


def _upgrade(_: Arguments, chosen: Settings) -> int:
    migrate.upgrade(chosen.database_url)
    _say(f"数据库已是 {migrate.head()} 版")
    return 0


def _doctor(_: Arguments, chosen: Settings) -> int:
    found = _with_db(chosen, lambda db: db.read(doctor.examine, db.now()))
    book = books.read(chosen.config_dir, chosen.zone)
    found = [
        *(doctor.Finding(True, f"计划和校历:{fault}") for fault in book.faults),
        *(doctor.Finding(True, f"保留期限:{fault}") for fault in _kept(chosen).faults),
        *(
            doctor.Finding(False, line)
            for line in _with_db(chosen, lambda db: db.read(switching.notes, book))
        ),
        *found,
    ]
    _say(*(f"{'✗' if finding.bad else '·'} {finding.text}" for finding in found))
    return 1 if any(finding.bad for finding in found) else 0


def _access(_: Arguments, __: Settings) -> int:
    _say(*access_table.lines())
    return 0


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────


def _backup(parsed: Arguments, chosen: Settings) -> int:
    if migrate.current(chosen.database_url) is None:
        raise errors.Refused("数据库里还没有表,没有什么可以备份")

    async def work(db: Database) -> int:
        written = await db.read(backup.write, parsed.file, at=db.now(), version=__version__)
        await db.transact(_note_database, what="backup", rows=written.rows)
        return written.rows

    rows = _with_any_db(chosen, work)
    size = parsed.file.stat().st_size / 1e6
    _say(f"已备份到 {parsed.file}:{rows} 行,{size:.1f} MB。里面有姓名和手机号,请收好")
    return 0


def _restore(parsed: Arguments, chosen: Settings) -> int:
    saved = app.restore(chosen.database_url, parsed.file)
    _with_db(chosen, lambda db: db.transact(_note_database, what="restore", rows=saved.rows))
    at = f"{saved.at.astimezone(chosen.zone):%Y-%m-%d %H:%M:%S}"
    _say(f"已恢复到 {at} 的样子:{saved.rows} 行(程序 {saved.version},表 {saved.revision} 版)")
    return 0


def _note_database(tx: Tx, now: dt.datetime, *, what: str, rows: int) -> None:
    trail.note(tx, now, actor="cli", verb=what, subject="database", detail=f"rows:{rows}")


def _purge(parsed: Arguments, chosen: Settings) -> int:
    keep = _kept(chosen)
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

    forgotten = _with_db(chosen, work)
    _say("只是数一数,没有删:" if parsed.dry_run else "已删:")
    _say(*(f"{forgotten[step.key]:>8}  {step.words}" for step in purge.STEPS))
    return 0


def _kept(chosen: Settings) -> periods.Loaded:
    return periods.load(chosen.config_dir / periods.FILE)


# ── roster ───────────────────────────────────────────────────────────────────────────────────────


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
        return outcome

    outcome = _with_db(chosen, work)
    for line in outcome.lines:
        print(line, file=sys.stderr if outcome.has_faults else sys.stdout)
    return 1 if outcome.has_faults else 0


def _export(parsed: Arguments, chosen: Settings) -> int:
    roster = _with_db(chosen, lambda db: db.read(standing.read))
    exporting.write(parsed.directory, roster)
    _say(f"已写到 {parsed.directory}")
    return 0


def _template(parsed: Arguments, _: Settings) -> int:
    template.write(parsed.file)
    _say(f"已写到 {parsed.file}")
    return 0


def _sample(parsed: Arguments, _: Settings) -> int:
    made = sample.write(parsed.directory, schools=parsed.schools)
    _say(f"已写到 {parsed.directory}:{len(made.units)} 个单位,{len(made.contacts)} 条联系人")
    return 0


def _invite(parsed: Arguments, chosen: Settings) -> int:
    role = Role(parsed.role) if parsed.role else None

    async def work(db: Database) -> tuple[list[inviting.Issued], str]:
        await _learn_username(db, chosen)
        issued = await db.transact(inviting.issue, unit_code=parsed.unit, role=role, every=parsed.all)
        return issued, await db.read(_bureau_phone)

    issued, phone = _with_db(chosen, work)
    if parsed.slips:
        _write(parsed.slips, slips.build([_slip(one, phone, chosen.zone) for one in issued]))
    if parsed.json:
        _print_json([_invitation(one, chosen.zone) for one in issued])
    elif not parsed.slips:
        _say(
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


def _slip(one: inviting.Issued, phone: str, zone: dt.tzinfo) -> slips.Slip:
    return slips.Slip(
        unit=one.unit.name, person=one.who or ("群" if one.kind == "group" else people.POSTS[Role(one.role)]),
        code=one.code, link=one.link or "", phone=phone, is_group=one.kind == "group",
        until=one.expires_at.astimezone(zone).date(),
    )  # fmt: skip


def _arm(parsed: Arguments, chosen: Settings) -> int:
    async def work(db: Database) -> arming.Opened:
        opened = await db.transact(
            arming.arm, counties=parsed.county or [], everything=parsed.all, schools=parsed.schools
        )
        await db.transact(asking.settle_all)
        return opened

    opened = _with_db(chosen, work)
    colleges = f"、{opened.colleges} 所高校" if opened.colleges else ""
    _say(f"已开通 {opened.schools} 所学校{colleges}:以后发的通知会真的送到")
    return 0


# ── notices ──────────────────────────────────────────────────────────────────────────────────────


def _publish(parsed: Arguments, chosen: Settings) -> int:
    entry = content.one(parsed.file)
    words = Words(chosen.zone)
    calendar = loading.load(chosen.config_dir / "calendar", chosen.zone).calendars.of()

    def verb(tx: Tx, now: dt.datetime) -> publish.Published:
        return publish.publish(tx, now, entry.draft(now, words, calendar=calendar), by="cli")

    done = _with_db(chosen, lambda db: db.transact(verb))
    if parsed.json:
        _print_json({"notice": done.notice_id, "units": done.units, "chats": done.chats})
    else:
        trial = "(试运行:只发给管理员和试点群)" if done.is_trial else ""
        _say(f"已发出 {done.notice_id} 号通知:{done.units} 个单位,{done.chats} 个群和私聊{trial}")
    return 0


def _summary(parsed: Arguments, chosen: Settings) -> int:
    words = Words(chosen.zone)
    as_of = instants.parse(parsed.as_of, now=clock.system(), zone=chosen.zone) if parsed.as_of else None

    async def work(db: Database) -> None:
        now = db.now()
        if parsed.xlsx:
            sheets = await db.read(_sheets, parsed.notice, now, as_of)
            _write(parsed.xlsx, workbook.build(sheets, words))
        if parsed.json:
            _print_json(
                await db.read(document.build, notice_id=parsed.notice, now=now, as_of=as_of, zone=chosen.zone)
            )
        elif not parsed.xlsx:
            table = await db.read(queries.table, parsed.notice, now=now, as_of=as_of)
            _say(*_table_lines(table, words))

    _with_db(chosen, work)
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


# ── plans ────────────────────────────────────────────────────────────────────────────────────────


def _plans_list(_: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    rows = _with_db(chosen, lambda db: db.read(switching.standing, book, now=db.now()))
    _say(*(_plan_line(one, book.words) for one in rows))
    return _told(book.faults)


def _plan_line(one: switching.Standing, words: Words) -> str:
    unsure = "(暂定)" if one.is_provisional else ""
    coming = f"{words.moment(one.next_at)}{unsure}" if one.next_at else "不会再发"
    when = "由人来发" if one.entry.is_manual else coming
    state = "开" if one.is_enabled else "停"
    return f"{state}  {one.entry.id:<6}{one.units:>6} 个单位  {when}  {one.entry.named()}"


def _told(faults: Sequence[str]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _plans_switch(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    is_on = parsed.on
    changed = _with_db(
        chosen, lambda db: db.transact(switching.switch, parsed.id, on=is_on, book=book, by="cli")
    )
    state = "启用" if is_on else "暂停"
    _say(f"{parsed.id} {'已' if changed else '本来就已'}{state}")
    return 0


def _plans_run(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    fired = _with_db(chosen, lambda db: db.transact(switching.run, parsed.id, book=book, by="cli"))
    _say(*(f"已发出 {one.notice_id} 号通知:{one.units} 个单位" for one in fired))
    return 0


def _plans_preview(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    today = clock.system().astimezone(chosen.zone).date()
    first = parsed.since or today
    last = parsed.until or first + PREVIEW
    if not dt.timedelta(0) <= last - first <= PREVIEW_MOST:
        raise errors.Refused(f"--to {last} 应在 --from {first} 之后,相隔不超过 {PREVIEW_MOST.days} 天")
    lines = _with_db(chosen, lambda db: db.read(preview.build, book, first=first, last=last))
    if parsed.json:
        _print_json([_previewed(line, chosen.zone) for line in lines])
    else:
        _say(*preview.told(lines, book.words))
    return _told(book.faults)


def _previewed(line: preview.Line, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "plan": line.plan, "title": line.title, "at": line.at.astimezone(zone).isoformat(timespec="seconds"),
        "occasion": line.occasion, "units": line.units, "provisional": line.is_provisional, "skipped": line.skipped,
    }  # fmt: skip


def _write(path: pathlib.Path, content_: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_)
    except OSError as fault:
        raise errors.Refused(f"{path}:写不了({fault.strerror})") from fault


# ── the words ────────────────────────────────────────────────────────────────────────────────────


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xiaoan", description="校安:教育局的校园安全机器人")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="命令")

    def add(
        group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: object, help_: str
    ) -> argparse.ArgumentParser:
        made = group.add_parser(name, help=help_, description=help_)
        made.set_defaults(command=command)
        return made

    add(commands, "run", _run, "运行机器人")
    one = add(commands, "demo", _demo, "不用 token,演一遍一所城市的一天")
    one.add_argument("--once", action="store_true", help="演完就结束")
    database = commands.add_parser("db", help="数据库").add_subparsers(required=True, metavar="命令")
    add(database, "upgrade", _upgrade, "建表,或升级到这一版")
    add(commands, "doctor", _doctor, "检查有什么要人来处理")
    add(commands, "access", _access, "打印谁能做什么")
    one = add(commands, "backup", _backup, "把整个数据库写成一个文件,机器人可以一边运行")
    one.add_argument("file", type=pathlib.Path, metavar="F", help="如 xiaoan.zip;已有的会被换掉")
    one = add(commands, "restore", _restore, "把备份恢复到空的数据库,SQLite 和 PostgreSQL 可以互换")
    one.add_argument("file", type=pathlib.Path, metavar="F")
    one = add(commands, "purge", _purge, "删去保留期满的姓名、号码和文字,不改任何数字")
    one.add_argument("--dry-run", action="store_true", help="只数一数会删多少")
    _roster_commands(commands, add)
    one = add(commands, "invite", _invite, "发登记码")
    one.add_argument("--unit", metavar="编码", help="只给一个单位")
    one.add_argument("--role", choices=[r.value for r in Role], help="只给一种职务;已登记的会另发接任码")
    one.add_argument("--all", action="store_true", help="已登记的人、已绑定的群也给")
    one.add_argument("--slips", type=pathlib.Path, metavar="F.xlsx", help="做成可以打印裁开的纸条")
    one.add_argument("--json", action="store_true")
    one = add(commands, "arm", _arm, "结束试运行:从此真的发给学校")
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("--county", action="append", metavar="编码", help="只开通这个县(可写几次)")
    which.add_argument("--all", action="store_true", help="全市")
    one.add_argument("--schools", type=int, required=True, metavar="N", help="会开通几所学校,须写对")
    one = add(commands, "publish", _publish, "发一条通知")
    one.add_argument("file", type=pathlib.Path, metavar="FILE.yaml")
    one.add_argument("--json", action="store_true")
    _plan_commands(commands, add)
    one = add(commands, "summary", _summary, "看一条通知的表")
    one.add_argument("notice", type=int, metavar="NOTICE", help="通知的编号")
    one.add_argument("--as-of", metavar="T", help="截至这一刻;不写是实时")
    form = one.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--xlsx", type=pathlib.Path, metavar="F")
    return parser


def _plan_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    add: Callable[..., argparse.ArgumentParser],
) -> None:
    plans = commands.add_parser("plans", help="计划:按日子自己发的通知").add_subparsers(
        required=True, metavar="命令"
    )
    add(plans, "list", _plans_list, "有哪些计划,开没开,下次什么时候")
    for name, is_on, help_ in (
        ("enable", True, "启用:从现在起到时自己发"),
        ("pause", False, "暂停:不再自己发"),
    ):
        one = add(plans, name, _plans_switch, help_)
        one.add_argument("id", metavar="ID")
        one.set_defaults(on=is_on)
    one = add(plans, "run", _plans_run, "现在就发一次")
    one.add_argument("id", metavar="ID")
    one = add(plans, "preview", _plans_preview, "今后会发什么,哪天不发,为什么")
    one.add_argument(
        "--from", dest="since", type=dt.date.fromisoformat, metavar="D", help="从哪天;不写是今天"
    )
    one.add_argument(
        "--to", dest="until", type=dt.date.fromisoformat, metavar="D", help="到哪天;不写是 30 天后"
    )
    one.add_argument("--json", action="store_true")


def _roster_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    add: Callable[..., argparse.ArgumentParser],
) -> None:
    roster = commands.add_parser("roster", help="名册").add_subparsers(required=True, metavar="命令")
    one = add(roster, "import", _import, "导入名册:整份对了才导入,错一处都不改")
    one.add_argument("units", type=pathlib.Path, help="单位表 .csv 或 .xlsx")
    one.add_argument("contacts", type=pathlib.Path, help="联系人表 .csv 或 .xlsx")
    one.add_argument("--dry-run", action="store_true", help="只说会改什么")
    one.add_argument("--report", type=pathlib.Path, metavar="F.xlsx", help="把错的地方在您的表上标红")
    one.add_argument("--force", action="store_true", help="允许一次停用很多单位")
    one = add(roster, "export", _export, "把现在的名册写成两个文件")
    one.add_argument("directory", type=pathlib.Path, metavar="DIR")
    one = add(roster, "template", _template, "一份带下拉选项的空表")
    one.add_argument("file", type=pathlib.Path, metavar="F.xlsx")
    one = add(roster, "sample", _sample, "一份虚构的名册")
    one.add_argument("directory", type=pathlib.Path, metavar="DIR")
    one.add_argument("--schools", type=int, required=True, metavar="N")

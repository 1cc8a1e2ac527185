"""Plans: listed, switched, sent at once, looked ahead."""

import argparse
import datetime as dt

from bot import clock, errors
from bot.calendar import loading
from bot.cli import console
from bot.cli.console import Arguments, Commands
from bot.plans import book as books
from bot.plans import preview, switching
from bot.settings import Settings
from bot.texts import Words

PREVIEW = dt.timedelta(days=30)
PREVIEW_MOST = dt.timedelta(days=800)


def register(commands: Commands) -> None:
    """`plans …`."""
    plans = console.group(commands, "plans", "计划:按日子自己发的通知")
    console.add(plans, "list", _plans_list, "有哪些计划,开没开,下次什么时候")
    for name, is_on, help_ in (
        ("enable", True, "启用:从现在起到时自己发"),
        ("pause", False, "暂停:不再自己发"),
    ):
        one = console.add(plans, name, _plans_switch, help_)
        one.add_argument("id", metavar="ID")
        one.set_defaults(on=is_on)
    one = console.add(plans, "run", _plans_run, "现在就发一次")
    one.add_argument("id", metavar="ID")
    one = console.add(plans, "preview", _plans_preview, "今后会发什么,哪天不发,为什么")
    one.add_argument("--from", dest="since", type=_day, metavar="D", help="从哪天;不写是今天")
    one.add_argument("--to", dest="until", type=_day, metavar="D", help="到哪天;不写是 30 天后")
    one.add_argument("--json", action="store_true")


def _day(text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} 不是日期,应写成 2026-09-30") from None
    if day.year not in loading.YEARS:
        raise argparse.ArgumentTypeError(f"{text} 应在 {loading.YEARS[0]} 到 {loading.YEARS[-1]} 年之间")
    return day


def _plans_list(_: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    rows = console.with_db(chosen, lambda db: db.read(switching.standing, book, now=db.now()))
    console.say(*(_plan_line(one, book.words) for one in rows))
    return console.told(book.faults)


def _plan_line(one: switching.Standing, words: Words) -> str:
    unsure = "(暂定)" if one.is_provisional else ""
    coming = f"{words.moment(one.next_at)}{unsure}" if one.next_at else "不会再发"
    when = "由人来发" if one.entry.is_manual else coming
    state = "开" if one.is_enabled else "停"
    return f"{state}  {one.entry.id:<6}{one.units:>6} 个单位  {when}  {one.entry.named()}"


def _plans_switch(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    is_on = parsed.on
    changed = console.with_db(
        chosen, lambda db: db.transact(switching.switch, parsed.id, on=is_on, book=book, by="cli")
    )
    state = "启用" if is_on else "暂停"
    console.say(f"{parsed.id} {'已' if changed else '本来就已'}{state}")
    return 0


def _plans_run(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    fired = console.with_db(chosen, lambda db: db.transact(switching.run, parsed.id, book=book, by="cli"))
    console.say(*(f"已发出 {one.notice_id} 号通知:{one.units} 个单位" for one in fired))
    return 0


def _plans_preview(parsed: Arguments, chosen: Settings) -> int:
    book = books.read(chosen.config_dir, chosen.zone)
    today = clock.system().astimezone(chosen.zone).date()
    first = parsed.since or today
    last = parsed.until or first + PREVIEW
    if not dt.timedelta(0) <= last - first <= PREVIEW_MOST:
        raise errors.Refused(f"--to {last} 应在 --from {first} 之后,相隔不超过 {PREVIEW_MOST.days} 天")
    lines = console.with_db(chosen, lambda db: db.read(preview.build, book, first=first, last=last))
    if parsed.json:
        console.print_json([_previewed(line, chosen.zone) for line in lines])
    else:
        console.say(*preview.told(lines, book.words))
    return console.told(book.faults)


def _previewed(line: preview.Line, zone: dt.tzinfo) -> dict[str, object]:
    return {
        "plan": line.plan, "title": line.title, "at": line.at.astimezone(zone).isoformat(timespec="seconds"),
        "occasion": line.occasion, "units": line.units, "provisional": line.is_provisional, "skipped": line.skipped,
    }  # fmt: skip

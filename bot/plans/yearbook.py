"""The page docs/reminders.md: every plan in one table, and the year of a primary school with all of them switched on.

`python -m bot.plans.yearbook [CONFIG]` prints it; it reads the files of the config folder, no clock and no database.
"""

import datetime as dt
import pathlib
import sys
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.calendar.days import DAY, each
from bot.calendar.school import SchoolCalendar
from bot.notices.rules import Kind
from bot.plans import book as books
from bot.plans import spoken
from bot.plans.book import Book
from bot.plans.content import Entry
from bot.roster.units import Unit
from bot.texts.words import WEEKDAYS

YEAR = 2026
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
COUNTY = "-"  # a county without rows of its own in the calendar
EVERY_DAY = "R01"  # told once a month in the table: every school day has it
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
HEAD = f"""\
# 提醒计划 · The reminder pack

机器人按校历自己发的提醒和问题都在这里。出厂时全部关着(R27 除外,它只提醒管理员),逐条启用:`xiaoan plans enable ID`。
文字、时间、发给谁都可以改,在 `config/reminders/` 和 `config/directives/`,每个文件开头有说明。

- 一校一周最多问两次,一天最多响一次(应急除外;催报不算)。下面的表按**全部启用**算,是最多的情形。
- 🔔 会响,要点一下;没有铃的静音,不用回。考试日不发;有县局今天停课的,也不发。
- “放假”是连着三天以上不上学,寒暑假、麦假也算;补班的周六、周日是上学日。

*Everything the bot sends by itself, as shipped: all plans are off but R27. The tables reckon with all of them on.
🔔 sounds and asks for one tap; the rest is silent and asks nothing. This page is generated from `config/` by
`python -m bot.plans.yearbook > docs/reminders.md` for {YEAR}; do not edit it by hand.*
"""


@dataclass(frozen=True, slots=True)
class Kin:
    """Schools that are alike in what they are sent.

    Attributes:
        county: its code; '' is run by the city.
    """

    name: str
    unit: Unit
    county: str = COUNTY

    @property
    def stage(self) -> str:
        return self.unit.stage


@dataclass(frozen=True, slots=True)
class Message:
    """One card of a plan in one chat; those who share plan, hour and due share the card."""

    at: dt.datetime
    plan_id: str
    due_at: dt.datetime | None
    is_ask: bool
    sounds: bool
    title: str = field(compare=False)
    is_provisional: bool = field(compare=False)

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(ZONE).date()

    @property
    def monday(self) -> dt.date:
        return self.day - self.day.weekday() * DAY

    def __str__(self) -> str:
        bell = "🔔" if self.sounds else ""
        unsure = "(暂定)" if self.is_provisional else ""
        return f"{bell}{self.at.astimezone(ZONE):%H:%M} {self.plan_id} {self.title}{unsure}"


def _kin(name: str, stage: str, *, kind: str = "school", bus: bool = False, county: str = COUNTY) -> Kin:
    unit = Unit(
        id=1, code="-", name=name, kind=kind, parent_id=None, county_id=1 if county and kind == "school" else None,
        position=1, stage=stage, ownership="公办", boarding=False, school_bus=bus, canteen=True, waterside=False,
        phone="", tags=frozenset(), armed=True,
    )  # fmt: skip
    return Kin(name, unit, county)


PRIMARY = _kin("小学", "小学")
IN_COUNTY = tuple(
    _kin(stage + ("(有校车)" if bus else ""), stage, bus=bus)
    for stage in ("幼儿园", "小学", "初中", "高中")
    for bus in (False, True)
)
KINS = (*IN_COUNTY, _kin("市直小学", "小学", county=""), _kin("市直高中", "高中", county=""))
BUREAU = _kin("县局", "", kind="county")


def page(book: Book, year: int = YEAR) -> str:
    """The whole page, Markdown."""
    shared = _in_shared_group(book, year)
    lines = [HEAD, *_plans(book), "", *_burden(book, year, shared), "", *_days(book, year, shared)]
    return "\n".join(lines) + "\n"


# ── the plans ────────────────────────────────────────────────────────────────────────────────────


def _plans(book: Book) -> Iterator[str]:
    yield "## 计划表 · The plans"
    yield ""
    yield from _table_head("id", "标题", "什么时候", "发给谁", "怎么回", "截止", "响铃", "催报")
    for entry in sorted(book.entries.values(), key=lambda e: e.id):
        when = spoken.triggers(entry.triggers) + (",导入后就停" if entry.unless == "next_year_known" else "")
        whom = spoken.audience(entry.audience.text) + (",只发一校一群的群" if entry.through == "own" else "")
        due = spoken.due(entry.due) if entry.due else "—"
        yield _row(
            entry.id, _shown(entry.title), when, whom, _reply(entry), due, _sound(entry), _chase(entry)
        )


def _shown(title: str) -> str:
    return title.replace("{holiday}", "○○")


def _reply(entry: Entry) -> str:
    if entry.kind is Kind.REMINDER:
        return "不用回"
    if entry.kind is Kind.REPORT:
        return f"点“{entry.yes_words}”或写一句"
    if entry.kind is Kind.DIRECTIVE:
        return f"{len(entry.items)} 项逐项点“{entry.yes_words}”或“{entry.trouble_words}”"
    return f"点“{entry.yes_words}”或“{entry.trouble_words}”"


def _sound(entry: Entry) -> str:
    if entry.is_urgent:
        return "🔔 静默时段也响"
    return "静音" if entry.level == "info" else "🔔"


def _chase(entry: Entry) -> str:
    if entry.kind is Kind.REMINDER:
        return "—"
    how = {"none": "不催", "standard": "私聊提醒", "urgent": "加急私聊提醒"}[entry.chase]
    whom = {"none": "", "county": ",截止前名单给上一级", "city": ",截止前名单给县局和市局"}[entry.escalate]
    return how + whom


# ── the burden ───────────────────────────────────────────────────────────────────────────────────


def _burden(book: Book, year: int, shared: Sequence[Message]) -> Iterator[str]:
    yield "## 一周问几次 · Asks a week"
    yield ""
    yield f"{year} 年,全部启用。平均按有课或被问到的周算。有没有自己的群,问的次数一样。"
    yield f"县群里大家都看得见,给哪校的都算,一天最多响 {_most_sounds(shared)} 次。"
    yield ""
    yield from _table_head("学校", "一年问", "一周最多问", "平均每周问", "一天最多响")
    for kin in KINS:
        sent = _of(book, kin, year, own_group=True)
        asks = Counter(message.monday for message in sent if message.is_ask)
        weeks = asks.keys() | _school_weeks(_calendar(book, kin), year)
        mean = asks.total() / len(weeks)
        most = max(asks.values(), default=0)
        yield _row(kin.name, f"{asks.total()}", f"{most}", f"{mean:.2f}", f"{_most_sounds(sent)}")


def _most_sounds(messages: Iterable[Message]) -> int:
    return max(Counter(message.day for message in messages if message.sounds).values(), default=0)


def _school_weeks(calendar: SchoolCalendar, year: int) -> set[dt.date]:
    days = each(dt.date(year, 1, 1), dt.date(year, 12, 31))
    return {day - day.weekday() * DAY for day in days if calendar.is_school_day(day)}


# ── the days ─────────────────────────────────────────────────────────────────────────────────────


def _days(book: Book, year: int, shared: Sequence[Message]) -> Iterator[str]:
    own = _of(book, PRIMARY, year, own_group=True)
    alone = _of(book, PRIMARY, year, own_group=False)
    yield f"## {year} 年逐日 · {year} day by day"
    yield ""
    yield "一所小学,县里没有麦假。左边是有自己的群的,右边是没有自己的群、在县群里看的;县群里给别校、给县局的,标“别校”。"
    for month in range(1, 13):
        here = [message for message in {*own, *shared} if message.day.month == month]
        tips = sum(message.plan_id == EVERY_DAY for message in here)
        days = sorted({message.day for message in here if message.plan_id != EVERY_DAY})
        yield from ("", f"### {month}月 · {MONTHS[month - 1]}", "")
        if tips:
            yield f"另有 {EVERY_DAY} 每个上学日一条,静音,{tips} 天,只在自己的群。"
            yield ""
        if days:
            yield from _table_head("日期", "有自己的群", "在县群里")
        for day in days:
            mine = [str(message) for message in own if message.day == day and message.plan_id != EVERY_DAY]
            seen = [_seen(message, alone) for message in shared if message.day == day]
            yield _row(f"{day:%m-%d} 周{WEEKDAYS[day.weekday()]}", "<br>".join(mine), "<br>".join(seen))


def _seen(message: Message, mine: Sequence[Message]) -> str:
    return f"{message}" if message in mine else f"{message}(别校)"


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────


def _calendar(book: Book, kin: Kin) -> SchoolCalendar:
    return book.calendars.of(kin.stage, kin.county)


def _of(book: Book, kin: Kin, year: int, *, own_group: bool) -> list[Message]:
    """All that such a school is sent in the year, in order of time."""
    calendar = _calendar(book, kin)
    first, last = (dt.datetime.combine(dt.date(y, 1, 1), dt.time(), ZONE) for y in (year, year + 1))
    moment = dt.timedelta(microseconds=1)
    found = []
    for entry in book.entries.values():
        if not entry.audience.holds(kin.unit, kin.county) or (entry.through == "own" and not own_group):
            continue
        for one in books.occurrences(entry, calendar, first - moment, last - moment):
            if not entry.is_urgent and calendar.quiet_on(one.at.astimezone(ZONE).date()):
                continue
            due = entry.due.at(one.at, ZONE, calendar=calendar, holiday=one.holiday) if entry.due else None
            is_ask = entry.kind is not Kind.REMINDER
            found.append(Message(
                one.at, entry.id, due, is_ask, is_ask or entry.level != "info",
                title=entry.title.replace("{holiday}", one.occasion), is_provisional=one.is_provisional,
            ))  # fmt: skip
    return sorted(found, key=_order)


def _order(message: Message) -> tuple[dt.datetime, str, dt.datetime]:
    return message.at, message.plan_id, message.due_at or message.at


def _in_shared_group(book: Book, year: int) -> list[Message]:
    """All that a county's group shows, whomever it is meant for."""
    every = {message for kin in (*IN_COUNTY, BUREAU) for message in _of(book, kin, year, own_group=False)}
    return sorted(every, key=_order)


# ── Markdown ─────────────────────────────────────────────────────────────────────────────────────


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table_head(*cells: str) -> Iterator[str]:
    yield _row(*cells)
    yield _row(*("---" for _ in cells))


def main(arguments: Sequence[str]) -> int:
    """Prints the page of this config folder; 1 and the faults on stderr where a file is wrong."""
    book = books.read(pathlib.Path(arguments[0] if arguments else "config"), ZONE)
    if book.faults:
        sys.stderr.write("".join(f"{fault}\n" for fault in book.faults))
        return 1
    sys.stdout.write(page(book))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Rules of time and audiences as a clerk would say them in Chinese; pure, and the same words everywhere."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import singledispatch

from bot.calendar import date_triggers as dates
from bot.calendar import due as dues
from bot.calendar import school_triggers as school
from bot.calendar.due import Due
from bot.calendar.grammar import MonthDay
from bot.calendar.school_triggers import Counted, Edge
from bot.calendar.trigger import Trigger
from bot.texts.words import WEEKDAYS

NTHS = {
    dates.Nth.FIRST: "第一个",
    dates.Nth.SECOND: "第二个",
    dates.Nth.THIRD: "第三个",
    dates.Nth.FOURTH: "第四个",
    dates.Nth.LAST: "最后一个",
}
EDGES = {Edge.FIRST: "第一个", Edge.LAST: "最后一个"}
DAYS = {Counted.SCHOOL_DAYS: "上学日", Counted.WORKDAYS: "工作日"}
TIMES_TOLD = 4  # more times of day than this are told as hours and minutes
AUDIENCE = {
    "schools": "各校", "k12": "中小学", "kindergartens": "幼儿园", "colleges": "高校", "counties": "县局",
    "city-run": "市直学校", "boarding": "寄宿校", "school_bus": "校车校", "canteen": "有食堂的", "waterside": "临水的",
    "private": "民办校", "admins": "管理员", "and": "且", "or": "或", "not": "非",
}  # fmt: skip


@singledispatch
def trigger(rule: Trigger) -> str:
    """When a plan speaks: `1 school day before holiday at 15:00` → 假前1个上学日 15:00.

    Raises:
        TypeError: a trigger that has no words yet.
    """
    raise TypeError(rule)


def triggers(rules: Iterable[Trigger]) -> str:
    """Those of one plan, joined by ; ."""
    return ";".join(trigger(rule) for rule in rules)


@singledispatch
def due(rule: Due) -> str:
    """When an answer is due: `this week's last school day at 17:00` → 本周最后一个上学日 17:00.

    Raises:
        TypeError: a due rule that has no words yet.
    """
    raise TypeError(rule)


def audience(text: str) -> str:
    """Whom a notice is for, word by word: `k12 and not school_bus` → 中小学且非校车校; codes and tags stay as they are."""
    tokens = re.findall(r"[()]|[^\s()]+", unicodedata.normalize("NFKC", text))
    return "".join(AUDIENCE.get(token) or token.partition(":")[2] or token for token in tokens)


def _clock(time: dt.time) -> str:
    return f"{time:%H:%M}"


def _day(day: MonthDay) -> str:
    return f"{day.month}月{day.day}日"


def _date(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


# ── triggers told by the school's calendar ───────────────────────────────────────────────────────


@trigger.register
def _(rule: school.EverySchoolDay) -> str:
    return f"每个上学日 {_clock(rule.time)}"


@trigger.register
def _(rule: school.EveryHolidayDay) -> str:
    return f"国家假期每天 {_clock(rule.time)}"


@trigger.register
def _(rule: school.OfWeek) -> str:
    often = "每周" if rule.every == 1 else f"每{rule.every}周一次,那周"
    return f"{often}{EDGES[rule.edge]}上学日 {_clock(rule.time)}"


@trigger.register
def _(rule: school.OfMonth) -> str:
    return f"每月{EDGES[rule.edge]}上学日 {_clock(rule.time)}"


@trigger.register
def _(rule: school.OfTerm) -> str:
    return f"{'开学' if rule.edge is Edge.FIRST else '学期'}{EDGES[rule.edge]}上学日 {_clock(rule.time)}"


@trigger.register
def _(rule: school.BeforeHoliday) -> str:
    return f"假前{rule.count}个{DAYS[rule.of]} {_clock(rule.time)}"


@trigger.register
def _(rule: school.BeforeBreak) -> str:
    return f"寒暑假前{rule.count}天 {_clock(rule.time)}"


@trigger.register
def _(rule: school.BeforeSchoolStarts) -> str:
    return f"开学前{rule.count}天 {_clock(rule.time)}"


@trigger.register
def _(rule: school.BeforeSchoolResumes) -> str:
    return f"返校前{rule.count}天 {_clock(rule.time)}"


# ── triggers told by dates ───────────────────────────────────────────────────────────────────────


@trigger.register
def _(rule: dates.Manual) -> str:
    return "由人发"


@trigger.register
def _(rule: dates.Once) -> str:
    return f"{_date(rule.day)} {_clock(rule.time)}"


@trigger.register
def _(rule: dates.Yearly) -> str:
    moved = {"": "", "previous": "(不上学就提前)", "next": "(不上学就顺延)"}[rule.otherwise]
    return f"每年{_day(rule.on)}{moved} {_clock(rule.time)}"


@trigger.register
def _(rule: dates.WeekdayOfMonth) -> str:
    month = f"{rule.month}月" if rule.month else "每月"
    return f"{month}{NTHS[rule.nth]}周{WEEKDAYS[rule.weekday]} {_clock(rule.time)}"


@trigger.register
def _(rule: dates.EveryWeekday) -> str:
    window = f"{_day(rule.window[0])}到{_day(rule.window[1])}" if rule.window else ""
    return f"{window}每周{WEEKDAYS[rule.weekday]} {_clock(rule.time)}"


@trigger.register
def _(rule: dates.Cron) -> str:
    months = "" if len(rule.months) == 12 else f"{_runs(rule.months)}月"
    if len(rule.weekdays) < 7:
        days = _runs(rule.weekdays, lambda day: f"周{WEEKDAYS[day]}")
        return f"{months}每{days} {_times(rule)}"
    if len(rule.days) < 31:
        days = _runs(rule.days)
        return f"{months or '每月'}{days}日{'每天' if '到' in days else ''} {_times(rule)}"
    return f"{months}每天 {_times(rule)}"


def _runs(numbers: Collection[int], show: Callable[[int], str] = str) -> str:
    """15到30; 1、15; 1到3、7."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return "、".join(show(run[0]) if len(run) == 1 else f"{show(run[0])}到{show(run[-1])}" for run in found)


def _times(rule: dates.Cron) -> str:
    """09:00、15:00; 8到17时的0、30分."""
    if len(rule.hours) * len(rule.minutes) <= TIMES_TOLD:
        return "、".join(
            f"{hour:02}:{minute:02}" for hour in sorted(rule.hours) for minute in sorted(rule.minutes)
        )
    hours = "每小时" if len(rule.hours) == 24 else f"{_runs(rule.hours)}时"
    return f"{hours}的{'每' if len(rule.minutes) == 60 else _runs(rule.minutes)}分"


# ── due ──────────────────────────────────────────────────────────────────────────────────────────


@due.register
def _(rule: dues.After) -> str:
    minutes = int(rule.delay.total_seconds()) // 60
    for words, size in (("天", 24 * 60), ("小时", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{words}内"
    return f"{minutes}分钟内"


@due.register
def _(rule: dues.InDays) -> str:
    return f"{'次日' if rule.days else '当天'} {_clock(rule.time)}"


@due.register
def _(rule: dues.OnDate) -> str:
    return f"{_date(rule.date)} {_clock(rule.time)}"


@due.register
def _(rule: dues.OnMonthDay) -> str:
    return f"{_day(rule.date)} {_clock(rule.time)}"


@due.register
def _(rule: dues.LaterDays) -> str:
    return f"之后第{rule.count}个{DAYS[rule.of]} {_clock(rule.time)}"


@due.register
def _(rule: dues.LastSchoolDay) -> str:
    return f"{'本周' if rule.span is dues.Span.WEEK else '当月'}最后一个上学日 {_clock(rule.time)}"


@due.register
def _(rule: dues.BeforeHoliday) -> str:
    return f"假前{rule.count}个{DAYS[rule.of]} {_clock(rule.time)}"

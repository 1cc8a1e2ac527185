"""The words of triggers: each form an operator may write, and the value it becomes."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.calendar import date_triggers as dates
from bot.calendar import grammar
from bot.calendar import school_triggers as school
from bot.calendar.grammar import Form, Grammar, Slot, Values
from bot.calendar.school_triggers import Counted, Edge
from bot.calendar.trigger import Occurrence, Trigger

__all__ = ["ALLOWED", "Occurrence", "Trigger", "parse"]

ALLOWED = (
    "every school day at 15:30 · last school day of week at 14:30 · every 2nd week on first school day at 09:00"
    " · first school day of month at 09:00 · 1 school day before holiday at 09:00"
    " · 5 workdays before holiday at 09:00 · every holiday day at 16:00 · 5 days before school starts at 09:00"
    " · 1 day before school resumes at 16:00 · first school day of term at 08:30 · 7 days before break at 09:00"
    " · last monday of march at 08:00 · every friday from 06-01 to 08-31 at 10:00"
    " · 11-09 or previous school day at 09:00 · 06-01 at 09:00 · 2026-12-01 09:00 · cron 0 9 * * mon · manual"
)
_ABBREVIATED_DAYS = tuple(name[:3] for name in dates.WEEKDAYS)
_ABBREVIATED_MONTHS = tuple(name[:3] for name in dates.MONTHS)


def parse(text: str) -> Trigger:
    """The trigger in `text`.

    Raises:
        Refused: quoting the text, the word that does not fit and what can stand there.
    """
    return _GRAMMAR.parse(text)


# ── the words of one slot ────────────────────────────────────────────────────────────────────────


def _index(names: Sequence[str], word: str) -> int:
    """The place of a name, or of its first letters, three at least."""
    found = [at for at, name in enumerate(names) if name.startswith(word) and len(word) >= 3]
    if len(found) != 1:
        raise ValueError(word)
    return found[0]


def _ordinal(word: str) -> int:
    found = re.fullmatch(r"([2-9]|1\d)(?:st|nd|rd|th)", word, re.ASCII)
    if not found or word != school.show_ordinal(int(found[1])):
        raise ValueError(word)
    return int(found[1])


def _month(word: str) -> int:
    return 0 if word == "month" else _index(dates.MONTHS, word) + 1


@dataclass(frozen=True, slots=True)
class _CronField:
    """A field of cron as it was written, and the numbers it stands for."""

    word: str
    numbers: frozenset[int]


def _cron(low: int, high: int, names: Sequence[str] = (), *, digits: bool = True) -> Slot:
    """One field of cron: `*`, numbers or names, lists, ranges, steps."""

    def number(word: str) -> int:
        if word in names:
            return names.index(word) + low
        if not digits or not re.fullmatch(r"\d{1,2}", word, re.ASCII) or not low <= int(word) <= high:
            raise ValueError(word)
        return int(word)

    def part(word: str) -> range:
        span, slash, step = word.partition("/")
        if slash and not re.fullmatch(r"[1-9]\d?", step, re.ASCII):
            raise ValueError(word)
        if span == "*":
            return range(low, high + 1, int(step or 1))
        first, dash, last = span.partition("-")
        begin, end = number(first), number(last if dash else first)
        if end < begin or (slash and not dash):
            raise ValueError(word)
        return range(begin, end + 1, int(step or 1))

    def read(word: str) -> _CronField:
        return _CronField(word, frozenset(n for one in word.split(",") for n in part(one)))

    shown = f"{names[0]} 到 {names[-1]}" if names else f"{low} 到 {high}"
    return Slot(read, f"*、{shown},可用逗号、-、/{'' if digits else '(星期只写名字,不写数字)'}")


_SLOTS: Mapping[str, Slot] = {
    **grammar.SLOTS,
    "until": grammar.SLOTS["monthday"],
    "edge": Slot(school.Edge, "、".join(school.Edge)),
    "nth": Slot(dates.Nth, "、".join(dates.Nth)),
    "nth_week": Slot(_ordinal, "2nd、3rd、4th…"),
    "weekday": Slot(lambda word: _index(dates.WEEKDAYS, word), "、".join(dates.WEEKDAYS)),
    "month": Slot(_month, f"month(每月)、{'、'.join(dates.MONTHS)}"),
    "cron_minute": _cron(0, 59),
    "cron_hour": _cron(0, 23),
    "cron_day": _cron(1, 31),
    "cron_month": _cron(1, 12, _ABBREVIATED_MONTHS),
    "cron_weekday": _cron(0, 6, _ABBREVIATED_DAYS, digits=False),
}

# ── the forms ────────────────────────────────────────────────────────────────────────────────────


def _of_week(v: Values) -> Trigger:
    return school.OfWeek(v.get("edge", Edge), v.time)


def _every_nth_week(v: Values) -> Trigger:
    return school.OfWeek(v.get("edge", Edge), v.time, v.get("nth_week", int))


def _weekday_of_month(v: Values) -> Trigger:
    return dates.WeekdayOfMonth(v.get("nth", dates.Nth), v.get("weekday", int), v.get("month", int), v.time)


def _weekday_within(v: Values) -> Trigger:
    window = (v.month_day, v.get("until", grammar.MonthDay))
    return dates.EveryWeekday(v.get("weekday", int), v.time, window)


def _cron_trigger(v: Values) -> Trigger:
    fields = [v.get(f"cron_{name}", _CronField) for name in ("minute", "hour", "day", "month", "weekday")]
    _, _, day, month, weekday = fields
    if day.word != "*" and weekday.word != "*":
        raise ValueError("日和星期不能同时限定,其中一个写 *")
    if not any(_exists(m, d) for m in month.numbers for d in day.numbers):
        raise ValueError(f"没有这样的日子({month.word} 月 {day.word} 日)")
    return dates.Cron(tuple(field.word for field in fields), *(field.numbers for field in fields))


def _exists(month: int, day: int) -> bool:
    try:
        dt.date(2024, month, day)  # a leap year
    except ValueError:
        return False
    return True


_FORMS: tuple[Form[Trigger], ...] = (
    Form("every school day at {time}", lambda v: school.EverySchoolDay(v.time)),
    Form("every holiday day at {time}", lambda v: school.EveryHolidayDay(v.time)),
    Form("every {nth_week} week on {edge} school day at {time}", _every_nth_week),
    Form("every {weekday} at {time}", lambda v: dates.EveryWeekday(v.get("weekday", int), v.time)),
    Form("every {weekday} from {monthday} to {until} at {time}", _weekday_within),
    Form("{edge} school day of week at {time}", _of_week),
    Form("{edge} school day of month at {time}", lambda v: school.OfMonth(v.get("edge", Edge), v.time)),
    Form("{edge} school day of term at {time}", lambda v: school.OfTerm(v.get("edge", Edge), v.time)),
    Form(
        "{count} school day|days before holiday at {time}",
        lambda v: school.BeforeHoliday(v.count, Counted.SCHOOL_DAYS, v.time),
    ),
    Form(
        "{count} workday|workdays before holiday at {time}",
        lambda v: school.BeforeHoliday(v.count, Counted.WORKDAYS, v.time),
    ),
    Form("{count} day|days before break at {time}", lambda v: school.BeforeBreak(v.count, v.time)),
    Form(
        "{count} day|days before school starts at {time}",
        lambda v: school.BeforeSchoolStarts(v.count, v.time),
    ),
    Form(
        "{count} day|days before school resumes at {time}",
        lambda v: school.BeforeSchoolResumes(v.count, v.time),
    ),
    Form("{nth} {weekday} of {month} at {time}", _weekday_of_month),
    Form(
        "{monthday} or previous school day at {time}",
        lambda v: dates.Yearly(v.month_day, v.time, "previous"),
    ),
    Form("{monthday} or next school day at {time}", lambda v: dates.Yearly(v.month_day, v.time, "next")),
    Form("{monthday} at {time}", lambda v: dates.Yearly(v.month_day, v.time)),
    Form("{date} {time}", lambda v: dates.Once(v.get("date", dt.date), v.time)),
    Form("{date} at {time}", lambda v: dates.Once(v.get("date", dt.date), v.time)),
    Form("cron {cron_minute} {cron_hour} {cron_day} {cron_month} {cron_weekday}", _cron_trigger),
    Form("manual", lambda _: dates.Manual()),
)
_GRAMMAR: Grammar[Trigger] = Grammar("trigger", _FORMS, _SLOTS, ALLOWED)

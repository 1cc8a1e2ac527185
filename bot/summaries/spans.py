"""From which day to which: this week, this month, this quarter, or as a person writes it. Pure."""

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from bot import errors

LONGEST = 366  # days
_DATE = re.compile(r"(?:(\d{4})\s*[-./年]\s*)?(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?")
_WRITTEN = re.compile(r"\d{8}")


@dataclass(frozen=True, slots=True)
class Span:
    """Days at the schools, both of them in it."""

    first: dt.date
    last: dt.date

    def has(self, day: dt.date) -> bool:
        """Whether the day lies within."""
        return self.first <= day <= self.last

    def instants(self, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
        """When it begins, and when it is over."""
        start = dt.datetime.combine(self.first, dt.time(), zone)
        end = dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(), zone)
        return start, end

    def args(self) -> tuple[str, str]:
        """As a button says it."""
        return self.first.strftime("%Y%m%d"), self.last.strftime("%Y%m%d")

    @classmethod
    def of(cls, *args: str) -> "Span | None":
        """The span a button says; None for a button we did not make."""
        if len(args) != 2 or not all(_WRITTEN.fullmatch(arg) and arg.isascii() for arg in args):
            return None
        try:
            span = cls(*(dt.date(int(arg[:4]), int(arg[4:6]), int(arg[6:])) for arg in args))
        except ValueError:
            return None
        return span if dt.timedelta(0) <= span.last - span.first < dt.timedelta(days=LONGEST) else None


class Usual(StrEnum):
    """What is offered."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


def usual(which: Usual, today: dt.date) -> Span:
    """This week (from Monday), month or quarter, up to its end."""
    if which is Usual.WEEK:
        monday = today - dt.timedelta(days=today.weekday())
        return Span(monday, monday + dt.timedelta(days=6))
    months = 3 if which is Usual.QUARTER else 1
    month = (today.month - 1) // months * months + 1
    last = month + months - 1
    following = dt.date(today.year + last // 12, last % 12 + 1, 1)
    return Span(dt.date(today.year, month, 1), following - dt.timedelta(days=1))


def written(text: str, today: dt.date) -> Span:
    """Two dates as people write them: 9月1日到9月30日, 9.1-9.30, 2026-09-01 2026-09-30; one date is one day.

    A first date without a year is the last such day up to today; a second one is the next after the first.

    Raises:
        Refused: not a date, a day that does not exist, the wrong way round, or more than a year.
    """
    found = _DATE.findall(text)
    if not 1 <= len(found) <= 2 or re.search(r"\d", _DATE.sub("", text)):
        raise errors.Refused("请写两个日期,如 9月1日 9月30日。")
    try:
        first = _first(found[0], today)
        last = _last(found[1], first, today) if found[1:] else first
    except ValueError as fault:
        raise errors.Refused("没有这一天,请再写一次,如 9月1日 9月30日。") from fault
    if last < first:
        raise errors.Refused("后一天在前一天之前,请再写一次。")
    if (last - first).days >= LONGEST:
        raise errors.Refused("最多一年,请再写一次。")
    return Span(first, last)


def _first(found: tuple[str, str, str], today: dt.date) -> dt.date:
    year, month, day = (int(part or 0) for part in found)
    this = dt.date(year or today.year, month, day)
    return this if year or this <= today else dt.date(today.year - 1, month, day)


def _last(found: tuple[str, str, str], first: dt.date, today: dt.date) -> dt.date:
    """Without a year that of the first day, or the following where that has come already."""
    year, month, day = (int(part or 0) for part in found)
    this = dt.date(year or first.year, month, day)
    if year or this >= first:
        return this
    following = dt.date(first.year + 1, month, day)
    return following if following <= today else this

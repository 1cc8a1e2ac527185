"""Quiet hours: when nothing that can wait is sent; read from `config/quiet.toml`."""

import datetime as dt
import pathlib
import re
from dataclasses import dataclass

from bot import toml_files
from bot.calendar.days import DAY

ALLOWED = 'hours = ["21:30-06:30", "12:20-13:50"]'
FILE = "quiet.toml"
MOST_QUIET = dt.timedelta(hours=16)  # a day with less than eight open hours is a slip of the pen
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_SPAN = re.compile(rf"({_TIME})\s*[-–—~至到]\s*({_TIME})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """From a time of day up to another, the latter open again; past midnight where it is the earlier one."""

    start: dt.time
    end: dt.time

    def covers(self, time: dt.time) -> bool:
        if self.start <= self.end:
            return self.start <= time < self.end
        return time >= self.start or time < self.end

    @property
    def length(self) -> dt.timedelta:
        day = dt.date(2000, 1, 1)
        long = dt.datetime.combine(day, self.end) - dt.datetime.combine(day, self.start)
        return long if long > dt.timedelta(0) else long + DAY


DEFAULT = (Span(dt.time(21, 30), dt.time(6, 30)), Span(dt.time(12, 20), dt.time(13, 50)))


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When the schools of a zone are left in peace."""

    zone: dt.tzinfo
    spans: tuple[Span, ...] = DEFAULT

    def is_quiet(self, instant: dt.datetime) -> bool:
        local = instant.astimezone(self.zone).time()
        return any(span.covers(local) for span in self.spans)

    def opening(self, instant: dt.datetime) -> dt.datetime:
        """This instant where it is not quiet, else the next that is not; UTC."""
        at = instant.astimezone(self.zone)
        for _ in self.spans:  # one span may end within another
            for span in self.spans:
                if span.covers(at.time()):
                    day = at.date() + (DAY if span.end <= at.time() else 0 * DAY)
                    at = dt.datetime.combine(day, span.end, self.zone).replace(fold=at.fold)
        return at.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The hours in force, and a sentence for each fault of the file; a faulty file leaves the usual hours."""

    hours: QuietHours
    faults: tuple[str, ...] = ()


def load(path: pathlib.Path, zone: dt.tzinfo) -> Loaded:
    """The hours of the file; without a file the usual ones: 21:30–06:30 and 12:20–13:50."""
    try:
        return Loaded(QuietHours(zone, _spans(path)))
    except _Fault as fault:
        return Loaded(QuietHours(zone), (f"{path.name}{fault}",))


class _Fault(Exception):
    """What is wrong with the file, and where in it."""


def _spans(path: pathlib.Path) -> tuple[Span, ...]:
    try:
        content = toml_files.read(path)
    except toml_files.Unreadable as fault:
        raise _Fault(f":{fault}") from fault
    if content is None:
        return DEFAULT
    if unknown := sorted(set(content) - {"hours"}):
        raise _Fault(f" {unknown[0]}:不认识的键。可以写:{ALLOWED}")
    written = content.get("hours")
    if not isinstance(written, list):
        raise _Fault(f" hours:应是一张清单,如 {ALLOWED};不要静默时段就写 hours = []")
    spans = tuple(_span(number, one) for number, one in enumerate(written, start=1))
    if sum((span.length for span in spans), dt.timedelta(0)) > MOST_QUIET:
        raise _Fault(f" hours:一天里静默不能超过 {MOST_QUIET // dt.timedelta(hours=1)} 小时")
    return spans


def _span(number: int, written: object) -> Span:
    found = _SPAN.fullmatch(written.strip()) if isinstance(written, str) else None
    span = found and Span(_time(found[1]), _time(found[2]))
    if not span or span.start == span.end:
        raise _Fault(f" hours 第 {number} 段“{written}”:看不懂。可以写:{ALLOWED}")
    return span


def _time(word: str) -> dt.time:
    hour, minute = word.split(":")
    return dt.time(int(hour), int(minute))

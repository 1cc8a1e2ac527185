"""Reading rules written in plain words: forms of fixed words and slots, and faults that point at a word."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot import errors

T = TypeVar("T")
V = TypeVar("V")
MAX_COUNT = 60  # "60 days before break" is as far as anyone plans


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a form that takes one word.

    Attributes:
        read: the word's value; raises ValueError when it is not such a word.
        allowed: how such a word looks, for whoever wrote another.
    """

    read: Callable[[str], object]
    allowed: str


@dataclass(frozen=True, slots=True)
class Values:
    """What the slots of a form took, by their names."""

    by_slot: Mapping[str, object]

    def get(self, slot: str, kind: type[V]) -> V:
        """The value of a slot that reads this kind of thing.

        Raises:
            TypeError: it reads another.
        """
        value = self.by_slot[slot]
        if not isinstance(value, kind):
            raise TypeError(f"{slot}: {value!r}")
        return value

    @property
    def time(self) -> dt.time:
        return self.get("time", dt.time)

    @property
    def count(self) -> int:
        return self.get("count", int)

    @property
    def month_day(self) -> "MonthDay":
        return self.get("monthday", MonthDay)


@dataclass(frozen=True, slots=True)
class Form(Generic[T]):
    """One way to write a rule: `"{count} day|days before break at {time}"` and what it becomes."""

    words: str
    build: Callable[[Values], T]


@dataclass(frozen=True, slots=True)
class _Miss:
    at: int
    allowed: str


class Grammar(Generic[T]):
    """A list of forms; of each rule exactly one form fits.

    Case, runs of blanks and full-width characters do not matter.
    """

    def __init__(self, what: str, forms: Sequence[Form[T]], slots: Mapping[str, Slot], allowed: str) -> None:
        self._what, self._forms, self._slots, self._allowed = what, forms, slots, allowed

    def parse(self, text: str) -> T:
        """The rule in `text`.

        Raises:
            Refused: quoting the text, the word that does not fit and what can stand there.
        """
        words = normal(text).split(" ") if text.strip() else []
        misses: list[_Miss] = []
        for form in self._forms:
            values = self._fit(form, words)
            if not isinstance(values, _Miss):
                return self._build(form, values, text)
            misses.append(values)
        raise errors.Refused(self._fault(text, words, misses))

    def _build(self, form: Form[T], values: Values, text: str) -> T:
        try:
            return form.build(values)
        except ValueError as fault:
            raise errors.Refused(f"{self._what} “{text}”:{fault}") from fault

    def _fit(self, form: Form[T], words: Sequence[str]) -> Values | _Miss:
        values: dict[str, object] = {}
        expected = form.words.split(" ")
        for at, pattern in enumerate(expected):
            if at == len(words):
                return _Miss(at, self._shown(pattern))
            if not pattern.startswith("{"):
                if words[at] not in pattern.split("|"):
                    return _Miss(at, self._shown(pattern))
                continue
            try:
                values[pattern[1:-1]] = self._slots[pattern[1:-1]].read(words[at])
            except ValueError:
                return _Miss(at, self._shown(pattern))
        return Values(values) if len(words) == len(expected) else _Miss(len(expected), "")

    def _shown(self, pattern: str) -> str:
        return self._slots[pattern[1:-1]].allowed if pattern.startswith("{") else pattern.rpartition("|")[2]

    def _fault(self, text: str, words: Sequence[str], misses: Sequence[_Miss]) -> str:
        at = max(miss.at for miss in misses)
        allowed = dict.fromkeys(miss.allowed for miss in misses if miss.at == at)
        options = "、".join(option for option in allowed if option)
        if not words:
            return f"{self._what} 是空的。可以写:{self._allowed}"
        if at == 0:
            return f"{self._what} “{text}”:第 1 个词“{words[0]}”看不懂。可以写:{self._allowed}"
        if at == len(words):
            return f"{self._what} “{text}”:没写完,后面可以写:{options}"
        if not options:
            return f"{self._what} “{text}”:到“{words[at - 1]}”为止就够了,多了“{words[at]}”"
        return f"{self._what} “{text}”:第 {at + 1} 个词“{words[at]}”看不懂,这里可以写:{options}"


def normal(text: str) -> str:
    """Half-width, lower case, single blanks, straight apostrophes."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    return re.sub(r"\s+", " ", plain).strip()


# ── slots both grammars have ─────────────────────────────────────────────────────────────────────


def read_time(word: str) -> dt.time:
    """A time of day to the minute: 9:00, 17:30."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", word, re.ASCII)
    if not found:
        raise ValueError(word)
    return dt.time(int(found[1]), int(found[2]))


def read_count(word: str) -> int:
    """1 … 60."""
    if not re.fullmatch(r"[1-9]\d?", word, re.ASCII) or int(word) > MAX_COUNT:
        raise ValueError(word)
    return int(word)


def read_date(word: str) -> dt.date:
    """2026-12-01; the day exists."""
    if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", word, re.ASCII):
        raise ValueError(word)
    return dt.date(*(int(part) for part in word.split("-")))


@dataclass(frozen=True, slots=True, order=True)
class MonthDay:
    """A day of every year; 02-29 only of leap years."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"

    def in_year(self, year: int) -> dt.date | None:
        """None: that year has no 02-29."""
        try:
            return dt.date(year, self.month, self.day)
        except ValueError:
            return None


def read_month_day(word: str) -> MonthDay:
    """11-09; a day some year has."""
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", word, re.ASCII)
    if not found:
        raise ValueError(word)
    day = dt.date(2024, int(found[1]), int(found[2]))  # a leap year
    return MonthDay(day.month, day.day)


def show_time(time: dt.time) -> str:
    return f"{time:%H:%M}"


SLOTS: Mapping[str, Slot] = {
    "time": Slot(read_time, "时刻(如 09:00)"),
    "count": Slot(read_count, f"数目(1 到 {MAX_COUNT})"),
    "date": Slot(read_date, "日期(如 2026-12-01)"),
    "monthday": Slot(read_month_day, "月-日(如 11-09)"),
}

"""Terms, breaks and quiet days of schools, as rows keyed by county and stage, and which row holds for whom."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bot.calendar import days

TERM_ENDS = ("寒假", "暑假")  # the breaks between two terms; 麦假 and 秋假 lie within one
STAGES = ("幼儿园", "小学", "初中", "高中", "九年一贯", "完全中学", "中职", "特教", "高校")
FALLBACK: Mapping[str, str] = {  # whose rows a stage follows where it has none of its own
    "完全中学": "高中",
    "九年一贯": "初中",
    "中职": "高中",
    "特教": "小学",
    "幼儿园": "小学",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a row holds for.

    Attributes:
        county: a unit's code; '' for every county and the city-run schools.
        stage: one of `STAGES`; '' for every stage.
    """

    county: str = ""
    stage: str = ""

    def rank(self, stage: str, county: str) -> tuple[int, int] | None:
        """How closely this fits a school: county + stage > county > stage > all; None if it does not fit.

        A row of the school's own stage fits better than one of the stage it falls back to.
        """
        closeness = {"": 0, FALLBACK.get(stage, stage): 1, stage: 2}.get(self.stage)
        if closeness is None or self.county not in ("", county):
            return None
        return (1 if self.county else 0, closeness)


@dataclass(frozen=True, slots=True)
class Break:
    """Days without school: 寒假, 暑假, 麦假, 秋假, or a few days of a county's own.

    Attributes:
        first_day_off: the first day without school; the last school day lies before it.
        school_starts: the day of return; where it is no school day, school returns on the next that is.
        make_up_days: school days on a weekend, in return for days off.
        is_provisional: 暂定: the bureau has not fixed it yet.
    """

    scope: Scope
    name: str
    first_day_off: dt.date
    school_starts: dt.date
    make_up_days: tuple[dt.date, ...] = ()
    is_provisional: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """Rows that share it are one break of one year, told for different schools; 寒假 may begin in December."""
        return self.name, self.school_starts.year

    @property
    def ends_term(self) -> bool:
        return self.name in TERM_ENDS

    def covers(self, day: dt.date) -> bool:
        return self.first_day_off <= day < self.school_starts


@dataclass(frozen=True, slots=True)
class QuietDays:
    """Days of an examination, both ends included: nothing that can wait is sent to these schools."""

    scope: Scope
    name: str
    first_day: dt.date
    last_day: dt.date
    is_provisional: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.first_day.year


@dataclass(frozen=True, slots=True)
class SafetyDays:
    """A day, week or month the calendar shows (全国消防日); it moves no school day. Both ends included."""

    name: str
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class Rows:
    """All an operator wrote in `config/calendar`."""

    holidays: tuple[days.PublicHoliday, ...] = ()
    breaks: tuple[Break, ...] = ()
    quiet: tuple[QuietDays, ...] = ()
    safety: tuple[SafetyDays, ...] = ()


Row = TypeVar("Row", Break, QuietDays)


def is_office(stage: str, breaks: Iterable[Break]) -> bool:
    """Whether the school days are the workdays: no stage (an office), or a 高校 while no row names that stage."""
    return not stage or (stage == "高校" and not any(row.scope.stage == stage for row in breaks))


def choose(rows: Iterable[Row], *, stage: str, county: str) -> tuple[Row, ...]:
    """The rows that hold for such a school, the most specific of each break and year, by their first day."""
    best: dict[tuple[str, int], tuple[tuple[int, int], Row]] = {}
    for row in rows:
        rank = row.scope.rank(stage, county)
        if rank is not None and (row.key not in best or rank > best[row.key][0]):
            best[row.key] = (rank, row)
    return tuple(sorted((row for _, row in best.values()), key=_first))


def _first(row: Break | QuietDays) -> dt.date:
    return row.first_day_off if isinstance(row, Break) else row.first_day

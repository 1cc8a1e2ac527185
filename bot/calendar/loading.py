"""Reading `config/calendar/*.toml`: holidays, breaks, quiet days, safety days; every fault with file, key and what is allowed."""

import datetime as dt
import pathlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot import errors, toml_files
from bot.calendar import terms
from bot.calendar.days import FRIDAY, Days, PublicHoliday, each
from bot.calendar.school import SchoolCalendars
from bot.calendar.terms import Break, QuietDays, Row, Rows, SafetyDays, Scope

NAME_CHARS = 20  # it stands in titles
MAX_DAYS = 200  # no break is longer; a slip in a year is
YEARS = range(2004, 2100)
KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("year", "source", "holiday", "break", "quiet", "safety"),
    "holiday": ("name", "first_day_off", "last_day_off", "make_up_days"),
    "break": ("name", "county", "stage", "first_day_off", "school_starts", "make_up_days", "provisional"),
    "quiet": ("name", "county", "stage", "first_day", "last_day", "provisional"),
    "safety": ("name", "first_day", "last_day"),
}


@dataclass(frozen=True, slots=True)
class File:
    """What one file holds.

    Attributes:
        source: the document it was copied from, as its operator named it; ''.
        rows: those that are right.
    """

    name: str
    year: int
    source: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Loaded:
    """The calendars of all rows that are right, and a sentence for each that is not.

    Attributes:
        files: the ones that could be read, by name.
        is_whole: every file could; a wrong row in one is another matter.
    """

    calendars: SchoolCalendars
    faults: tuple[str, ...]
    files: tuple[File, ...] = ()
    is_whole: bool = True


@dataclass(slots=True)
class _Found:
    """What the files say, growing file by file."""

    holidays: list[PublicHoliday] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    quiet: list[QuietDays] = field(default_factory=list)
    safety: list[SafetyDays] = field(default_factory=list)
    years: dict[int, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    is_whole: bool = True

    def lose(self, fault: str) -> None:
        """A file, or all of them, could not be read."""
        self.is_whole = False
        self.faults.append(fault)

    def rows(self) -> Rows:
        return Rows(tuple(self.holidays), tuple(self.breaks), tuple(self.quiet), tuple(self.safety))


class _Fault(Exception):
    """One value is wrong.

    Attributes:
        key: where in its row; '' for the row itself.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key, self.what = key, what


def load(folder: pathlib.Path, zone: dt.tzinfo) -> Loaded:
    """The calendars of a city from every `.toml` in the folder, by name; a wrong row or file never stops the others.

    Without the folder, or without files, there are the country's days only.
    """
    found = _Found()
    try:
        for path in files(folder, ".toml"):
            _read(path, found)
    except errors.Refused as fault:
        found.lose(fault.sentence)
    calendars = SchoolCalendars(found.rows(), zone)
    faults = (*found.faults, *_incomplete(found, calendars.days))
    return Loaded(calendars, faults, tuple(found.files), found.is_whole)


def files(folder: pathlib.Path, ending: str) -> list[pathlib.Path]:
    """What the folder has with this ending, by name, but what an editor hides there; none where there is no folder.

    Raises:
        Refused: nobody lets us look into it.
    """
    try:
        found = [path for path in folder.iterdir() if path.suffix == ending and not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as fault:
        raise errors.Refused(f"{folder}:这个文件夹读不了({fault.strerror})") from fault
    return sorted(found)


def _incomplete(found: _Found, days: Days) -> Iterable[str]:
    """A year with some of its holidays told and others not stays provisional; somebody should know."""
    for year, file in sorted(found.years.items()):
        listed = any(holiday.last_day_off.year == year for holiday in found.holidays)
        if listed and not days.is_covered(year):
            missing = "、".join(days.missing(year))
            yield f"{file}:[[holiday]] 还缺 {missing},补齐之前 {year} 年的日子都是暂定"


def _read(path: pathlib.Path, found: _Found) -> None:
    try:
        content = toml_files.read(path) or {}
        year = _year(content)
    except toml_files.Unreadable as fault:
        found.lose(f"{path.name}:{fault}")
    except _Fault as fault:
        found.lose(f"{path.name} {fault.key}:{fault.what}")
    else:
        found.years[year] = path.name
        before = found.rows()
        _read_tables(path.name, content, year, found)
        source = content.get("source")
        known = source if isinstance(source, str) else ""
        found.files.append(File(path.name, year, known, _new_rows(before, found.rows())))


def _new_rows(before: Rows, after: Rows) -> Rows:
    return Rows(
        after.holidays[len(before.holidays) :], after.breaks[len(before.breaks) :], after.quiet[len(before.quiet) :],
        after.safety[len(before.safety) :],
    )  # fmt: skip


def _year(content: Mapping[str, object]) -> int:
    year = content.get("year")
    if not isinstance(year, int) or year not in YEARS:
        raise _Fault("year", f"应写哪一年,如 year = 2026({YEARS[0]} 到 {YEARS[-1]})")
    return year


def _read_tables(file: str, content: Mapping[str, object], year: int, found: _Found) -> None:
    readers: Mapping[str, Callable[[_Row], None]] = {
        "holiday": lambda row: found.holidays.append(_holiday(row, found.holidays)),
        "break": lambda row: found.breaks.extend(_breaks(row, found.breaks)),
        "quiet": lambda row: found.quiet.extend(_quiet(row, found.quiet)),
        "safety": lambda row: found.safety.append(_safety(row)),
    }
    for key, value in content.items():
        if key not in KEYS[""]:
            found.faults.append(f"{file} {key}:不认识的键。可以写:{' '.join(KEYS[''])}")
        elif key in readers and not isinstance(value, list):
            found.faults.append(f"{file} {key}:每条应以 [[{key}]] 开头")
        elif isinstance(value, list):
            for number, table in enumerate(value, start=1):
                try:
                    readers[key](_Row(key, table, year))
                except _Fault as fault:
                    where = f"第 {number} 个 [[{key}]]{f' 的 {fault.key}' if fault.key else ''}"
                    found.faults.append(f"{file} {where}:{fault.what}")


class _Row:
    """One table of a file, read key by key."""

    def __init__(self, kind: str, table: object, year: int) -> None:
        if not isinstance(table, dict):
            raise _Fault("", f"每条应以 [[{kind}]] 开头")
        for key in table:
            if key not in KEYS[kind]:
                raise _Fault(str(key), f"不认识的键。可以写:{' '.join(KEYS[kind])}")
        self._table, self._year = table, year

    def name(self) -> str:
        value = self._table.get("name")
        if not isinstance(value, str) or not value.strip():
            raise _Fault("name", '应写名称,如 name = "国庆"')
        if "\n" in value.strip():
            raise _Fault("name", "应写在一行里")
        if len(value.strip()) > NAME_CHARS:
            raise _Fault("name", f"太长,不超过 {NAME_CHARS} 字")
        return value.strip()

    def date(self, key: str, *, spills: bool = False) -> dt.date:
        """A date of the file's year; `spills` allows the winter around it."""
        return self._checked(key, self._table.get(key), spills=spills)

    def dates(self, key: str) -> tuple[dt.date, ...]:
        values = self._table.get(key, [])
        if not isinstance(values, list):
            raise _Fault(key, "应是日期的清单,如 [2026-09-20, 2026-10-10]")
        found = tuple(self._checked(key, value, spills=True) for value in values)
        for day in found:
            if day.weekday() <= FRIDAY:
                raise _Fault(key, f"{day} 不是周六或周日,补班补课只写周末")
        return found

    def _checked(self, key: str, value: object, *, spills: bool) -> dt.date:
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            raise _Fault(key, f"应写日期,不加引号,如 {key} = {self._year}-10-01")
        near = {(self._year - 1, 12), (self._year + 1, 1), (self._year + 1, 2), (self._year + 1, 3)}
        if value.year != self._year and not (spills and (value.year, value.month) in near):
            raise _Fault(key, f"{value} 不在 {self._year} 年")
        return value

    def span(self, first: str, last: str, *, least: int = 0) -> tuple[dt.date, dt.date]:
        begins = self.date(first, spills=first == "first_day_off")
        ends = self.date(last, spills=last == "school_starts")
        if not least <= (ends - begins).days <= MAX_DAYS:
            raise _Fault(last, f"{ends} 应在 {first}({begins})之后,相隔不超过 {MAX_DAYS} 天")
        return begins, ends

    def is_provisional(self) -> bool:
        value = self._table.get("provisional", False)
        if not isinstance(value, bool):
            raise _Fault("provisional", "可以写 true、false")
        return value

    def scopes(self) -> tuple[Scope, ...]:
        """One for each stage named."""
        county = self._table.get("county", "")
        if not isinstance(county, str):
            raise _Fault("county", '应写一个县的编码,如 county = "DH"')
        stages = self._table.get("stage", "")
        stages = stages if isinstance(stages, list) else [stages]
        for stage in stages:
            if stage not in ("", *terms.STAGES):
                raise _Fault("stage", f'“{stage}”:可以写 {"、".join(terms.STAGES)},几个写成 ["小学", "初中"]')
        return tuple(Scope(county.strip(), stage) for stage in stages)


def _holiday(row: _Row, known: Iterable[PublicHoliday]) -> PublicHoliday:
    first, last = row.span("first_day_off", "last_day_off")
    made = PublicHoliday(row.name(), first, last, row.dates("make_up_days"))
    off = set(each(first, last))
    if clash := off & set(made.make_up_days):
        raise _Fault("make_up_days", f"{min(clash)} 又放假又补班")
    for other in known:
        if other.first_day_off <= last and first <= other.last_day_off:
            raise _Fault(
                "first_day_off", f"与“{other.name}”({other.first_day_off} 起)重叠,合并成一条,如“国庆、中秋”"
            )
    return made


def _breaks(row: _Row, known: Iterable[Break]) -> list[Break]:
    first, starts = row.span("first_day_off", "school_starts", least=1)
    make_up = row.dates("make_up_days")
    if inside := [day for day in make_up if first <= day < starts]:
        raise _Fault("make_up_days", f"{inside[0]} 在假期里")
    return [
        _new(Break(scope, row.name(), first, starts, make_up, row.is_provisional()), known)
        for scope in row.scopes()
    ]


def _quiet(row: _Row, known: Iterable[QuietDays]) -> list[QuietDays]:
    first, last = row.span("first_day", "last_day")
    return [
        _new(QuietDays(scope, row.name(), first, last, row.is_provisional()), known) for scope in row.scopes()
    ]


def _new(made: Row, known: Iterable[Row]) -> Row:
    """Two rows for the same schools, break and year would leave it open which one holds."""
    for other in known:
        if (other.scope, other.key) == (made.scope, made.key):
            whom = made.scope.county + made.scope.stage or "全市"
            raise _Fault("name", f"“{made.name}”给{whom}写了两次")
    return made


def _safety(row: _Row) -> SafetyDays:
    first, last = row.span("first_day", "last_day")
    return SafetyDays(row.name(), first, last)

"""A year of the school calendar as text, for somebody to hold against the official notice."""

import calendar as months
import datetime as dt
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from bot.calendar import facts, terms
from bot.calendar.days import DAY, PACKAGED, each
from bot.calendar.facts import Kin
from bot.calendar.loading import File, Loaded
from bot.calendar.school import SchoolCalendar
from bot.calendar.terms import Break, QuietDays

WEEKDAYS = "一二三四五六日"
WITH_PROGRAM = "随程序的节假日数据"
STATUTORY = "按法定日期推算"
UNSURE = "暂定"
NEAR = 40 * DAY  # a make-up day lies no further from its holiday
_Line = tuple[str, ...]


def year(loaded: Loaded, of: int) -> list[str]:
    """The whole page, a line each: holidays, breaks, examination days, theme days, school days a month, sources."""
    return [
        f"{of} 年校历",
        *_uncovered(loaded, of),
        "", "放假(放假的第一天到最后一天,含周末)", *_holidays(loaded, of),
        "", "寒暑假和地方的假(放假第一天,返校上课那天)", *_breaks(loaded, of),
        "", "考试日(不急的通知不发给这些学校)", *_quiet(loaded, of),
        "", "主题日(只显示,不改上学日)", *_safety(loaded, of),
        "", "每月上学日(补班日也算;* 有暂定的日子)", *_school_days(loaded, of),
        "", "出处", *_sources(loaded, of),
    ]  # fmt: skip


def _uncovered(loaded: Loaded, of: int) -> Iterator[str]:
    days = loaded.calendars.days
    if not days.is_covered(of):
        yield f"{of} 年的放假安排还没有写全,缺 {'、'.join(days.missing(of))}。没写的按法定日期推算,不含调休,整年{UNSURE}。"
    if not any(row.ends_term and row.school_starts.year == of for row in loaded.calendars.rows.breaks):
        yield f"还没有写 {of} 年的寒假、暑假:上学日先按工作日算,都是{UNSURE}。"


# ── the sections ─────────────────────────────────────────────────────────────────────────────────


def _holidays(loaded: Loaded, of: int) -> Iterator[str]:
    days = loaded.calendars.days
    found: list[_Line] = []
    around = each(dt.date(of, 1, 1) - NEAR, dt.date(of, 12, 31) + NEAR)
    for is_off, run in itertools.groupby(around, key=lambda day: bool(days.holiday_on(day))):
        off = list(run)
        if not is_off or off[-1].year != of:
            continue
        names = tuple(dict.fromkeys(map(days.holiday_on, off)))  # 国庆、中秋 in one, as the notice has it
        make_up = [d for d in each(off[0] - NEAR, off[-1] + NEAR) if days.make_up_for(d) in names]
        worked = f"补班 {'、'.join(map(_day, make_up))}" if make_up else ""
        unsure = UNSURE if any(map(days.is_provisional, off)) else ""
        span = _span(off[0], off[-1])
        found.append(("、".join(names), span, f"{len(off)} 天", worked, unsure, _origin(loaded, off[0])))
    yield from _table(found)


def _origin(loaded: Loaded, day: dt.date) -> str:
    for file in loaded.files:
        if any(row.first_day_off <= day <= row.last_day_off for row in file.rows.holidays):
            return file.name
    return WITH_PROGRAM if day.year in PACKAGED else STATUTORY


def _breaks(loaded: Loaded, of: int) -> Iterator[str]:
    def told(row: Break) -> _Line:
        worked = f"补课 {'、'.join(map(_day, row.make_up_days))}" if row.make_up_days else ""
        return (f"{_day(row.first_day_off)}放假", f"{_day(row.school_starts)}返校", worked)

    rows = [
        (file, row) for file in loaded.files for row in file.rows.breaks
        if of in (row.first_day_off.year, row.school_starts.year)
    ]  # fmt: skip
    yield from _table(_merged((file, row, row.first_day_off, told(row)) for file, row in rows))


def _quiet(loaded: Loaded, of: int) -> Iterator[str]:
    rows = [(file, row) for file in loaded.files for row in file.rows.quiet if row.first_day.year == of]
    yield from _table(
        _merged((file, row, row.first_day, (_span(row.first_day, row.last_day),)) for file, row in rows)
    )


def _merged(rows: Iterable[tuple[File, Break | QuietDays, dt.date, _Line]]) -> list[_Line]:
    """One line for rows that differ only in their stage, by their first day."""
    found: dict[tuple[dt.date, str, str, str, _Line, str], list[str]] = {}
    for file, row, first, told in rows:
        unsure = UNSURE if row.is_provisional else ""
        found.setdefault((first, row.name, row.scope.county, unsure, told, file.name), []).append(
            row.scope.stage
        )
    return [
        (name, _whom(county, stages), *told, unsure, file)
        for (_, name, county, unsure, told, file), stages in sorted(
            found.items(), key=lambda item: item[0][:3]
        )
    ]


def _whom(county: str, stages: Sequence[str]) -> str:
    named = "、".join(stage for stage in stages if stage)
    return f"{county} {named}".strip() or "全市"


def _safety(loaded: Loaded, of: int) -> Iterator[str]:
    rows = [(file, row) for file in loaded.files for row in file.rows.safety if row.first_day.year == of]
    rows.sort(key=lambda pair: pair[1].first_day)
    yield from _table([(row.name, _span(row.first_day, row.last_day), file.name) for file, row in rows])


def _school_days(loaded: Loaded, of: int) -> Iterator[str]:
    """Numbers first, whom they are for last: so they stand under one another whatever the font."""
    calendars = loaded.calendars
    counties = {row.scope.county for row in calendars.rows.breaks}
    counties |= {row.scope.county for row in calendars.rows.quiet} | {""}
    kins = [Kin(stage, county) for county in counties for stage in terms.STAGES]
    names = {"": "别处" if len(counties) > 1 else ""}
    rows = facts.told(kins, calendars, names, lambda calendar: _months(calendar, of))
    yield "".join(_left(f"{month}月", 6) for month in range(1, 13)) + _left("全年", 7)
    for whom, counted in [*rows, ("机关的工作日", _months(calendars.of(), of))]:
        total = sum(int(number.rstrip("*")) for number in counted)
        yield "".join(_left(number, 6) for number in counted) + f"{total:>6}  {whom}"


def _months(calendar: SchoolCalendar, of: int) -> tuple[str, ...]:
    """19, or 19* where one of its days is provisional."""
    found = []
    for month in range(1, 13):
        first, last = dt.date(of, month, 1), dt.date(of, month, months.monthrange(of, month)[1])
        count = sum(map(calendar.is_school_day, each(first, last)))
        found.append(f"{count}{'*' if calendar.is_provisional(first, last) else ' '}")
    return tuple(found)


def _sources(loaded: Loaded, of: int) -> Iterator[str]:
    for file in loaded.files:
        if file.year == of:
            yield f"  {file.name}:{file.source or '没有写 source'}"
    if of in PACKAGED:
        yield f"  {WITH_PROGRAM}:chinese-calendar 收录的国务院办公厅通知"
    else:
        yield f"  {STATUTORY}:全国年节及纪念日放假办法(2025 年 1 月 1 日起施行)"


# ── laying out ───────────────────────────────────────────────────────────────────────────────────


def _day(day: dt.date) -> str:
    return f"{day.month}月{day.day}日(周{WEEKDAYS[day.weekday()]})"


def _span(first: dt.date, last: dt.date) -> str:
    return _day(first) if first == last else f"{_day(first)}到{_day(last)}"


def _table(rows: Sequence[_Line]) -> Iterator[str]:
    """Columns as wide as their widest cell; a 汉字 is two columns of a terminal."""
    if not rows:
        yield "  没有写"
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True) if width
        )
        yield ("  " + "  ".join(cells)).rstrip()


def _left(text: str, width: int) -> str:
    return " " * (width - _width(text)) + text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)

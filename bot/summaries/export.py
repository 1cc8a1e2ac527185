"""Many notices in one workbook: a line a notice, a line a notice and county, and the names of whom there is more to say.

Read notice by notice, so that no snapshot is long; `build` is pure and slow, and is run off the event loop.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.inbox import questions
from bot.notices import counting, model, queries
from bot.notices.counting import Area, Numbers
from bot.notices.rules import Kind, Mark
from bot.roster import access, people
from bot.roster.people import Person
from bot.summaries import workbook
from bot.summaries.looks import HEADER_LINE, MOMENT_WIDTH, Book
from bot.summaries.spans import Span
from bot.summaries.workbook import NAME_WIDTHS, NAMED, Line
from bot.texts import Words

QUESTION = "export"
PATIENCE = dt.timedelta(minutes=15)
AT_ONCE = 200  # names read in one go: on PostgreSQL nobody is answered while they are made of rows, some 5 ms


def entitled(tx: Tx, user_id: int) -> Person:
    """The officer behind this user.

    Raises:
        NotAllowed: no right to take tables away by dates.
    """
    person = people.entitled(tx, user_id, access.Action.EXPORT)
    if person is None:
        raise errors.NotAllowed("您不能按日期导出。")
    return person


def ask(tx: Tx, now: dt.datetime, *, user_id: int) -> None:
    """What the officer types next are the dates.

    Raises:
        NotAllowed: as `entitled`.
    """
    entitled(tx, user_id)
    questions.ask(tx, now, user_id, QUESTION, "", for_=PATIENCE)


def begin(tx: Tx, now: dt.datetime, span: Span, *, user_id: int, zone: dt.tzinfo) -> list[int]:
    """The notices published on these days, in their order; that they are taken away is written into the audit trail.

    Neither trials, nor what was recalled, nor what nobody in the officer's area was asked.

    Raises:
        NotAllowed: as `entitled`.
    """
    person, n = entitled(tx, user_id), model.notice.c
    start, end = span.instants(zone)
    found = queries.some(
        tx, n.published_at >= start, n.published_at < end, n.is_trial.is_(False),
        within=person.scope(access.Action.EXPORT), order=n.published_at.desc(),
    )  # fmt: skip
    subject = f"days:{span.first}:{span.last}"
    trail.note(tx, now, actor=person.actor, verb="export", subject=subject, detail=f"notices:{len(found)}")
    questions.close(tx, now, user_id)
    return [notice.id for notice in found[::-1]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the notices: its numbers, and the names of whom there is more to say than 已报."""

    table: Numbers
    lines: tuple[Line, ...]


def read(tx: Tx, now: dt.datetime, notice_id: int, *, user_id: int, phones: str) -> Asked:
    """One of them as it stands, within the officer's area, with the names of whom there is more to say than 已报.

    Raises:
        NotAllowed: as `entitled`.
    """
    person = entitled(tx, user_id)
    area = Area(person.scope(access.Action.EXPORT))
    table = counting.numbers(tx, notice_id, now=now, area=area)
    done = workbook.Done.read(tx, table)
    cared_for = done.reminded.keys() | done.phoned.keys()
    perhaps = cared_for | set(counting.listed(tx, table.notice, _is_worth_a_line, at=now, area=area))
    perhaps |= counting.spoken_of(tx, table.notice, at=now)
    phones_within = person.scope(access.Action.SEE_PHONES).has
    named: list[Line] = []
    ids = sorted(perhaps)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        some = [
            s for s in queries.statuses(tx, notice_id, at=now, assignment_ids=part)
            if area.has(s) and (s.assignment_id in cared_for or _is_worth_a_line(s.mark) or s.on_behalf or s.text)
        ]  # fmt: skip
        named += workbook.lines(tx, table, some, done, phones=phones, phones_within=phones_within)
    return Asked(table, tuple(sorted(named, key=lambda it: (it.status.position, it.status.unit_id))))


def _is_worth_a_line(mark: Mark) -> bool:
    return mark.owes or mark.excused or mark.late or mark.trouble is not None


def build(some: Sequence[Asked], words: Words, title: str) -> bytes:
    """The XLSX: every figure as it stood when its notice was read; 已知悉 is a column where one is a directive."""
    book = Book(words)
    directives = any(it.table.notice.kind is Kind.DIRECTIVE for it in some)
    _notices(book, some, words, title, directives=directives)
    _rows(book, some, words, title, directives=directives)
    _names(book, some, words, title)
    return book.content()


def _notices(book: Book, some: Sequence[Asked], words: Words, title: str, *, directives: bool) -> None:
    columns = words.plain("carry.notice_columns", directives=directives).split("\n")
    widths = (30, MOMENT_WIDTH, MOMENT_WIDTH, *workbook.figure_widths(directives=directives))
    sheet = book.sheet(words.plain("carry.notices"), title, columns, widths, lines=len(some))
    styles = ("文字", "时间", "时间", *workbook.figure_styles(directives=directives))
    for line, it in enumerate(some, start=HEADER_LINE + 1):
        n = it.table.notice
        dates = [workbook.local(at, words.zone) for at in (n.published_at, n.due_at)]
        values = workbook.figures(it.table.total, n, words, directives=directives)
        book.put(sheet, line, [n.title, *dates, *values], styles)


def _rows(book: Book, some: Sequence[Asked], words: Words, title: str, *, directives: bool) -> None:
    every = [(it.table.notice, row) for it in some for row in it.table.rows]
    columns = words.plain("carry.row_columns", directives=directives).split("\n")
    widths = (30, MOMENT_WIDTH, 24, *workbook.figure_widths(directives=directives))
    sheet = book.sheet(words.plain("carry.rows"), title, columns, widths, lines=len(every))
    styles = ("文字", "时间", "文字", *workbook.figure_styles(directives=directives))
    for line, (n, row) in enumerate(every, start=HEADER_LINE + 1):
        values = workbook.figures(row, n, words, directives=directives)
        published = workbook.local(n.published_at, words.zone)
        book.put(sheet, line, [n.title, published, row.name, *values], styles)


def _names(book: Book, some: Sequence[Asked], words: Words, title: str) -> None:
    every = [(it.table.notice, line) for it in some for line in it.lines]
    columns = [
        *words.plain("carry.name_columns").split("\n"), *words.plain("workbook.name_columns").split("\n"),
    ]  # fmt: skip
    sheet = book.sheet(
        words.plain("carry.names"), title, columns, (30, MOMENT_WIDTH, *NAME_WIDTHS), lines=len(every)
    )
    say = cache(words.plain)
    for number, (n, line) in enumerate(every, start=HEADER_LINE + 1):
        values = [
            n.title,
            workbook.local(n.published_at, words.zone),
            *workbook.cells(line, n, words.zone, say),
        ]
        book.put(sheet, number, values, ("文字", "时间", *NAMED))

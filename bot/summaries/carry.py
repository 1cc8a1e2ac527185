"""What one takes away from a table: the picture, the workbook, a paragraph to paste elsewhere.

The paragraph says only what is recorded, with the instants it speaks of.
"""

import datetime as dt
from dataclasses import dataclass, replace

from bot.db import Tx
from bot.delivery.message import Button
from bot.notices import queries, rules, tallies
from bot.notices.counting import Numbers
from bot.roster import access, unit_tree
from bot.roster.people import Person
from bot.summaries.place import Page, Part
from bot.texts import Words

LONGEST = 256  # Bot API: copy_text 1-256 characters; counted as Telegram counts, in UTF-16

ThenNow = dict[str, int | dt.datetime]


def buttons(words: Words, table: Numbers, page: Page, said: str) -> tuple[Button, ...]:
    """[🖼 整表图] where there are several rows, [📄 Excel], and [📋 复制] with what is said."""
    numbers = replace(page, part=Part.NUMBERS, page=0)
    picture = Button(words.plain("carry.picture"), numbers.callback("picture"))
    excel = Button(words.plain("desk.excel"), numbers.callback("xlsx"))
    copy = Button(words.plain("carry.copy"), copy=said)
    return (picture, excel, copy) if len(table.rows) > 1 else (excel, copy)


@dataclass(frozen=True, slots=True)
class AtDue:
    """Under a table of now: what stood when the notice fell due."""

    at: dt.datetime
    missing: int


def paragraph(
    tx: Tx, now: dt.datetime, words: Words, table: Numbers, head: dict[str, object], *, person: Person,
    then_now: ThenNow | None,
) -> str:  # fmt: skip
    """At most 256 characters: where a title is too long for that, it gives way.

    Args:
        then_now: under a table of then, what came since.
    """
    area = unit_tree.short_name(table.rows[0].name) if len(table.rows) == 1 else ""
    at_due = _at_due(tx, now, person, table)
    other = at_due.at if at_due else then_now["now"] if then_now else None
    unseen, solved = table.total.unseen, table.total.solved
    facts = {
        "head": head, "area": area, "total": table.total, "unseen": unseen,
        "seen": table.total.trouble - unseen - solved, "solved": solved, "then_now": then_now, "at_due": at_due,
        "is_other_day": isinstance(other, dt.datetime) and _day(other, words) != _day(table.at, words),
        "are_schools": queries.asks_schools(tx, table.notice.id),
    }  # fmt: skip
    return fitted(words, table.notice.title, facts)


def fitted(words: Words, title: str, facts: dict[str, object]) -> str:
    """The paragraph with as much of the title as there is room for."""
    while True:
        said = words.plain("carry.paragraph", title=title, **facts)
        if _length(said) <= LONGEST or title in ("", "…"):
            return said
        title = f"{title.removesuffix('…')[:-1]}…"


def _at_due(tx: Tx, now: dt.datetime, person: Person, table: Numbers) -> AtDue | None:
    """Beside a table of now: what its rows owed when the notice fell due."""
    due_at = table.notice.due_at
    if table.as_of is not None or due_at is None or now < due_at + rules.SETTLES_AFTER:
        return None
    then = tallies.of(tx, table.notice, at=due_at, within=person.scope(access.Action.SEE_TABLE))
    shown = {row.unit for row in table.rows}
    return AtDue(due_at, tallies.summed(t for line, t in then.items() if line.code in shown).missing)


def _day(at: dt.datetime, words: Words) -> dt.date:
    return at.astimezone(words.zone).date()


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2

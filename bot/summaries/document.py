"""`summary --json`: a notice's table as one document, every figure beside the names it is made of."""

import datetime as dt
from typing import Any

from bot.db import Tx
from bot.notices import chase, progress, queries, trouble
from bot.notices.queries import Status, Table
from bot.notices.rules import Kind, Row
from bot.roster import contacts, units

Entry = dict[str, Any]  # a JSON object
Document = dict[str, Any]


def build(tx: Tx, *, notice_id: int, now: dt.datetime, as_of: dt.datetime | None, zone: dt.tzinfo) -> Entry:
    """The document of the public surface; instants ISO 8601 in the schools' zone, `as_of` null for 实时.

    Raises:
        Refused: as `queries.table`.
    """
    city = units.city(tx)
    table = queries.table(tx, notice_id, now=now, as_of=as_of, total_name=city.name if city else "合计")
    version = queries.in_force(tx, notice_id, at=table.at)
    chased = chase.counts(tx, notice_id, until=table.at)
    missing = [s for s in table.statuses if s.owes]
    is_directive = table.notice.kind is Kind.DIRECTIVE
    known = contacts.of(tx, [s.unit_id for s in missing] if len(missing) < 500 else None)
    return {
        "notice": _notice(table, now, zone) | ({"version": version} if is_directive else {}),
        "as_of": _iso(table.as_of, zone),
        "at": _iso(table.at, zone),
        "total": _row(table.total, is_directive=is_directive),
        "rows": [_row(line, is_directive=is_directive) for line in table.rows],
        **({"items": _items(tx, table, zone)} if is_directive else {}),
        "missing": [_missing(s, known.get(s.unit_id, []), chased.get(s.assignment_id, 0)) for s in missing],
        "trouble": _troubles(tx, table, zone),
    }


def _iso(at: dt.datetime | None, zone: dt.tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def _notice(table: Table, now: dt.datetime, zone: dt.tzinfo) -> Entry:
    n = table.notice
    return {
        "id": n.id, "title": n.title, "kind": n.kind.value, "state": n.state(now),
        "published_at": _iso(n.published_at, zone), "due_at": _iso(n.due_at, zone), "trial": n.is_trial,
    }  # fmt: skip


def row(line: Row) -> Entry:
    """ROW."""
    return {
        "unit": line.unit, "name": line.name, "expected": line.expected, "answered": line.answered,
        "late": line.late, "trouble": line.trouble, "missing": line.missing, "unbound": line.unbound,
        "undelivered": line.undelivered, "excused": line.excused, "rate": line.rate,
    }  # fmt: skip


def _row(line: Row, *, is_directive: bool) -> Entry:
    return row(line) | ({"acknowledged": line.acknowledged} if is_directive else {})


def _items(tx: Tx, table: Table, zone: dt.tzinfo) -> list[Entry]:
    """A directive's items as they were in force then, and by how many of 应报 each was answered."""
    return [
        {
            "item": it.item.key, "text": it.item.text, "party": it.item.party,
            "due_at": _iso(it.item.due_at or table.notice.due_at, zone), "done": it.done, "expected": it.expected,
        }
        for it in progress.of(tx, table)
    ]  # fmt: skip


def _missing(s: Status, known: list[contacts.Contact], chased: int) -> Entry:
    return {
        "unit": s.code, "name": s.name, "county": s.row_code, "reach": s.reach.value if s.reach else None,
        "contacts": [{"name": c.name, "role": c.role.value, "phone": c.phone} for c in known],
        "chased": chased,
    }  # fmt: skip


def _troubles(tx: Tx, table: Table, zone: dt.tzinfo) -> list[Entry]:
    """Everything counted as 有困难, as it stood at the table's instant."""
    told = trouble.of_notice(tx, table.notice.id, at=table.at)
    found: list[Entry] = []
    for s in table.statuses:
        if s.trouble is None or s.excused or s.assignment_id not in told:
            continue
        it = told[s.assignment_id]
        text = "".join(
            part for part in (trouble.THEMES.get(it.theme, ""), ":" if it.theme and it.text else "", it.text)
        )
        found.append(
            {
                "unit": s.code,
                "name": s.name,
                "state": s.trouble.value,
                "text": text,
                "at": _iso(it.opened_at, zone),
            }
        )
    return found

"""Schools that stay closed for a day: what they owe that day is 免报, and owed again when the word is taken back."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import asking, model, queries

REASON = "day_off"
URGENT = "emergency"
_a, _e, _n = model.assignment, model.excuse, model.notice


@dataclass(frozen=True, slots=True)
class Count:
    """So many notices, and so many single asks of single schools under them."""

    notices: int
    asks: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells an excuse made by a day off from one made by hand: the instant of the officer's word, and who it was."""

    since: dt.datetime
    contact_id: int


def due(
    tx: Tx, now: dt.datetime, unit_ids: Collection[int], *, first: dt.datetime, before: dt.datetime
) -> Count:
    """What of these units would be excused: routine, due from `first` on and before `before`, open, not answered."""
    return _count(_owing(tx, _due(tx, now, unit_ids, first, before, lock=False)))


def excuse(
    tx: Tx, now: dt.datetime, unit_ids: Collection[int], *, first: dt.datetime, before: dt.datetime, contact_id: int
) -> Count:  # fmt: skip
    """All that `due` counts is 免报 from now on; an answer ends that for its school, as always."""
    owing = _owing(tx, _due(tx, now, unit_ids, first, before, lock=True))
    rows = [
        {"assignment_id": id_, "reason": REASON, "contact_id": contact_id, "since": now}
        for ids in owing.values()
        for id_ in ids
    ]
    if rows:
        tx.execute(_e.insert(), rows)
    for notice_id, ids in owing.items():
        asking.refresh_cards(tx, now, notice_id, ids)
    return _count(owing)


def owe_again(tx: Tx, now: dt.datetime, unit_ids: Collection[int], *, marks: Collection[Mark]) -> Count:
    """The excuses of these units that bear one of the marks, and still stand, end now."""
    mine = frozenset(unit_ids)
    query = (
        sa.select(_a.c.id, _a.c.notice_id, _a.c.unit_id, _e.c.id.label("excuse_id"), _e.c.since, _e.c.contact_id)
        .join(_e, _e.c.assignment_id == _a.c.id)
        .where(_e.c.until.is_(None), _e.c.reason == REASON, _e.c.since.in_([m.since for m in marks]))
        .order_by(_a.c.id)
        .with_for_update(of=_a)
    )  # fmt: skip
    ended: dict[int, list[int]] = defaultdict(list)
    excuse_ids = []
    for row in tx.execute(query).all():
        if row.unit_id in mine and Mark(row.since, row.contact_id) in marks:
            ended[row.notice_id].append(row.id)
            excuse_ids.append(row.excuse_id)
    if excuse_ids:
        each = _e.update().where(_e.c.id == sa.bindparam("excuse_id"), _e.c.until.is_(None)).values(until=now)
        tx.execute(each, [{"excuse_id": id_} for id_ in excuse_ids])  # more than one statement can name
    for notice_id, ids in ended.items():
        asking.refresh_cards(tx, now, notice_id, ids)
    return _count(ended)


def _due(
    tx: Tx, now: dt.datetime, unit_ids: Collection[int], first: dt.datetime, before: dt.datetime, *, lock: bool
) -> dict[int, list[int]]:  # fmt: skip
    """Notice → asks of these units due then, answered or not, of what can still be answered."""
    query = (
        sa.select(_a.c.id, _a.c.notice_id, _a.c.unit_id)
        .join(_n, _n.c.id == _a.c.notice_id)
        .where(_a.c.due_at >= first, _a.c.due_at < before, _a.c.contact_id.is_(None))
        .where(_n.c.category != URGENT, _n.c.recalled_at.is_(None), _n.c.closes_at > now)
        .order_by(_a.c.id)
    )
    wanted = frozenset(unit_ids)
    if len(wanted) < 500:  # a whole city is sorted out here: more than a statement can name
        query = query.where(_a.c.unit_id.in_(wanted))
    found: dict[int, list[int]] = defaultdict(list)
    for row in tx.execute(query.with_for_update(of=_a) if lock else query):
        if row.unit_id in wanted:
            found[row.notice_id].append(row.id)
    return found


def _owing(tx: Tx, asks: dict[int, list[int]]) -> dict[int, list[int]]:
    """Of these the ones that are neither answered nor excused."""
    found = {
        notice_id: [s.assignment_id for s in queries.statuses(tx, notice_id, assignment_ids=ids) if s.owes]
        for notice_id, ids in asks.items()
    }
    return {notice_id: ids for notice_id, ids in found.items() if ids}


def _count(asks: dict[int, list[int]]) -> Count:
    return Count(len(asks), sum(map(len, asks.values())))

"""Which notice a delivery speaks of, by its kind and subject; for lists of deliveries."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model

Thing = tuple[str, str]  # kind and subject of a delivery
BY_NOTICE = frozenset({"card", "choose", "overdue", "deadline", "difference", "city_escalation"})
BY_TROUBLE = frozenset({"trouble", "officer_trouble", "trouble_file", "trouble_reminder"})
AT_ONCE = 500  # bind variables

_n, _t, _a = model.notice, model.trouble, model.assignment


@dataclass(frozen=True, slots=True)
class About:
    """A notice by name."""

    notice_id: int
    title: str


def of(tx: Tx, things: Collection[Thing]) -> dict[Thing, About]:
    """Thing → its notice; what speaks of no notice is not in it."""
    trouble = sa.select(_t.c.id, _a.c.notice_id).join(_a, _a.c.id == _t.c.assignment_id).subquery()
    ways: tuple[tuple[frozenset[str], sa.ColumnElement[int], sa.ColumnElement[int]], ...] = (
        (BY_NOTICE, _n.c.id, _n.c.id),
        (frozenset({"chase"}), model.chase.c.id, model.chase.c.notice_id),
        (frozenset({"escalation"}), model.escalation.c.id, model.escalation.c.notice_id),
        (BY_TROUBLE, trouble.c.id, trouble.c.notice_id),
    )
    found: dict[Thing, About] = {}
    for kinds, subject, notice_id in ways:
        some = [(kind, number) for kind, number in things if kind in kinds and number.isdigit()]
        about = _about(tx, sorted({int(number) for _, number in some}), subject, notice_id)
        found |= {(kind, number): about[int(number)] for kind, number in some if int(number) in about}
    return found


def _about(
    tx: Tx, numbers: list[int], subject: sa.ColumnElement[int], notice_id: sa.ColumnElement[int]
) -> dict[int, About]:
    query = sa.select(subject, _n.c.id, _n.c.title).select_from(_n)
    if subject is not _n.c.id:
        query = query.join(subject.table, notice_id == _n.c.id)
    found = {}
    for start in range(0, len(numbers), AT_ONCE):
        for number, an_id, title in tx.execute(query.where(subject.in_(numbers[start : start + AT_ONCE]))):
            found[number] = About(an_id, title)
    return found

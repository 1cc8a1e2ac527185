"""One school's line of life under one notice: when a card reached it, and all it ever said."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery.model import posting
from bot.notices import model
from bot.notices.rules import Aspect


def delivered_at(tx: Tx, assignment_id: int) -> dt.datetime | None:
    """When the first card reaching this assignment is known, or believed, to have been sent."""
    q, a = model.asked, model.assignment
    query = (
        sa.select(sa.func.min(posting.c.sent_at))
        .join(q, q.c.chat_id == posting.c.chat_id)
        .join(a, a.c.id == q.c.assignment_id)
        .where(
            q.c.assignment_id == assignment_id,
            posting.c.kind == "card",
            posting.c.subject == sa.cast(a.c.notice_id, sa.String),
        )
    )
    found: dt.datetime | None = tx.execute(query).scalar()
    return found


def delivered(
    tx: Tx, notice_id: int, *, until: dt.datetime, among: Collection[int] | None = None
) -> dict[int, dt.datetime]:
    """Assignment → when the first card reaching it was sent, or believed to be, up to an instant.

    Args:
        among: only these assignments; None for all.
    """
    q = model.asked
    query = (
        sa.select(q.c.assignment_id, sa.func.min(posting.c.sent_at))
        .join(posting, posting.c.chat_id == q.c.chat_id)
        .where(q.c.notice_id == notice_id, posting.c.kind == "card", posting.c.subject == str(notice_id))
        .where(q.c.since <= until, posting.c.sent_at <= until)
        .group_by(q.c.assignment_id)
    )
    if among is not None:
        query = query.where(q.c.assignment_id.in_(among))
    return {row[0]: row[1] for row in tx.execute(query)}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One answer in a unit's history."""

    value: str
    text: str
    said_by: str
    at: dt.datetime
    on_behalf: bool
    late: bool
    withdrawn: bool
    item: str  # of a directive; '' for 已知悉 and for everything else
    is_ack: bool


def history(tx: Tx, assignment_id: int, *, until: dt.datetime) -> list[Spoken]:
    """Everything said for the unit up to an instant, oldest first, with the names of then."""
    an = model.answer
    rows = tx.execute(
        sa.select(an).where(an.c.assignment_id == assignment_id, an.c.at <= until).order_by(an.c.id)
    )
    return [
        Spoken(
            r.value, r.text or "", r.said_by, r.at, r.on_behalf, r.late,
            withdrawn=r.withdrawn_at is not None and r.withdrawn_at <= until, item=r.item,
            is_ack=r.aspect == Aspect.ACK,
        )
        for r in rows
    ]  # fmt: skip

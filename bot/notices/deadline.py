"""At the deadline the table goes out by itself: to each county its own, to the city the whole."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.notices import model, rules
from bot.roster import people
from bot.roster.access import Role

_n, _a = model.notice, model.assignment


def tell(tx: Tx, now: dt.datetime) -> list[int]:
    """The tables of every notice that fell due at least 10 s ago are owed to their officers, once; which notices.

    A trial's table goes to the administrators only.
    """
    due = (
        sa.select(_n.c.id, _n.c.is_trial)
        .where(
            _n.c.due_at <= now - rules.SETTLES_AFTER,
            _n.c.deadline_told_at.is_(None),
            _n.c.recalled_at.is_(None),
        )
        .order_by(_n.c.id)
        .with_for_update(skip_locked=True)
    )
    told = []
    for row in tx.execute(due).all():
        tx.execute(_n.update().where(_n.c.id == row.id).values(deadline_told_at=now))
        for chat_id in _officers(tx, row.id, is_trial=row.is_trial):
            outbox.show(tx, now, chat_id, "deadline", row.id, lane=Lane.INTERACTIVE)
        told.append(row.id)
    return told


def _officers(tx: Tx, notice_id: int, *, is_trial: bool) -> list[ChatId]:
    if is_trial:
        found = people.reachable(tx, roles=(Role.ADMIN,))
    else:
        counties = list(
            tx.execute(
                sa.select(_a.c.county_id)
                .where(_a.c.notice_id == notice_id, _a.c.county_id.is_not(None))
                .distinct()
            ).scalars()
        )
        found = people.reachable(tx, roles=(Role.COUNTY_OFFICER,), unit_ids=counties)
        found += people.reachable(tx, roles=(Role.CITY_OFFICER,))
    return list(dict.fromkeys(r.chat_id for r in found))


def next_at(tx: Tx) -> dt.datetime | None:
    """When the next table will be due; None when no notice is open."""
    waiting = (_n.c.deadline_told_at.is_(None), _n.c.recalled_at.is_(None))
    first: dt.datetime | None = tx.execute(sa.select(sa.func.min(_n.c.due_at)).where(*waiting)).scalar()
    return None if first is None else first + rules.SETTLES_AFTER

"""How far plans are behind their time: for whoever watches the process."""

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa

from bot.db import Tx
from bot.plans import model

_p = model.plan


def worst(tx: Tx, now: dt.datetime, plan_ids: Collection[str]) -> dt.timedelta:
    """By how much the plan furthest behind is late, of those switched on; nothing while all are on time."""
    query = sa.select(sa.func.min(_p.c.next_fire_at)).where(_p.c.is_enabled, _p.c.id.in_(plan_ids))
    at: dt.datetime | None = tx.execute(query).scalar()
    return max(now - at, dt.timedelta(0)) if at is not None else dt.timedelta(0)

"""How much the outbox owes, lane by lane: for whoever watches the process."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model
from bot.delivery.model import Lane

_d = model.delivery


@dataclass(frozen=True, slots=True)
class Depth:
    """What is due in one lane, and for how long the oldest of it has been."""

    lane: Lane
    count: int
    oldest: dt.timedelta


def due(tx: Tx, now: dt.datetime) -> list[Depth]:
    """Every lane in its order: deliveries whose time has come and which are not settled; 0 of no age where none is."""
    is_open = _d.c.state.in_([state.value for state in model.OPEN_STATES])
    query = (
        sa.select(_d.c.lane, sa.func.count().label("many"), sa.func.min(_d.c.not_before).label("since"))
        .where(is_open, _d.c.not_before <= now)
        .group_by(_d.c.lane)
    )
    found = {row.lane: Depth(Lane(row.lane), row.many, now - row.since) for row in tx.execute(query)}
    return [found.get(lane.value, Depth(lane, 0, dt.timedelta(0))) for lane in Lane]

"""The figures only the rows know, read at each scrape and set on the gauges."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from bot import metrics
from bot.db import Tx
from bot.delivery import depth
from bot.inbox import updates
from bot.inbox.model import Parked
from bot.notices import chase
from bot.plans import lateness

A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """How things stand at one instant."""

    lanes: list[depth.Depth]
    kept: dict[Parked, int]
    crossings: chase.Crossings
    plans_late: dt.timedelta


def read(tx: Tx, now: dt.datetime, plan_ids: Collection[str]) -> Figures:
    """How things stand; `plan_ids` are those of the files in force."""
    return Figures(
        depth.due(tx, now),
        updates.counted(tx),
        chase.crossings(tx, since=now - A_DAY),
        lateness.worst(tx, now, plan_ids),
    )


def show(figures: Figures) -> None:
    """The gauges stand at these figures."""
    for lane in figures.lanes:
        metrics.DUE.labels(lane.lane.name.lower()).set(lane.count)
        metrics.OLDEST_DUE.labels(lane.lane.name.lower()).set(lane.oldest.total_seconds())
    metrics.PARKED.set(figures.kept[Parked.WAITING])
    metrics.POISONED.set(figures.kept[Parked.POISONED])
    metrics.CROSSINGS.labels("crossed").set(figures.crossings.crossed)
    metrics.CROSSINGS.labels("outrun").set(figures.crossings.outrun)
    metrics.PLANS_LATE.set(figures.plans_late.total_seconds())

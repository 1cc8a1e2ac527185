"""The purge that comes by itself, once a day after 03:30; the audit trail's last one decides."""

import datetime as dt
import pathlib
from dataclasses import dataclass

import structlog

from bot.audit import trail
from bot.db import Tx
from bot.retention import periods, purge

log = structlog.get_logger()

AT = dt.time(3, 30)  # behind the nightly backup, before anybody is up
PUT_OFF = dt.timedelta(minutes=10)  # what failed is not tried again at every tick


def newest(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The newest 03:30 that is not to come."""
    local = now.astimezone(zone)
    day = local.date() if local.time() >= AT else local.date() - dt.timedelta(days=1)
    return dt.datetime.combine(day, AT, zone).astimezone(dt.UTC)


def following(now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The next 03:30."""
    day = newest(now, zone).astimezone(zone).date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, AT, zone).astimezone(dt.UTC)


def is_due(tx: Tx, now: dt.datetime, zone: dt.tzinfo) -> bool:
    """Whether no purge has come to its end since the newest 03:30."""
    last = trail.last_at(tx, purge.VERB)
    return last is None or last < newest(now, zone)


@dataclass(slots=True)
class Nightly:
    """One process's watch. What it remembers only spares it looks; the rows decide.

    Attributes:
        file: how long things are kept, read each night.
        owner: this process, among those that share the database.
    """

    file: pathlib.Path
    zone: dt.tzinfo
    owner: str
    _asleep_until: dt.datetime | None = None

    def is_awake(self, now: dt.datetime) -> bool:
        """Whether `work` is worth a transaction."""
        return self._asleep_until is None or now >= self._asleep_until

    def work(self, tx: Tx, now: dt.datetime) -> purge.Batch | None:
        """One batch, if the purge is due and no other process is at it."""
        self._asleep_until = now + PUT_OFF  # stays so if what follows fails
        if not is_due(tx, now, self.zone):
            self._asleep_until = following(now, self.zone)
            return None
        keep = periods.load(self.file)
        if keep.faults:
            log.warning("retention_fault", faults=keep.faults)
            return None
        if not purge.hold(tx, now, self.owner):
            self._asleep_until = now + purge.LEASE
            return None
        if not is_due(tx, now, self.zone):  # another has just come to the end
            return None
        done = purge.batch(tx, now, keep.periods, actor="timer", owner=self.owner)
        self._asleep_until = None
        return done

"""Leases: work only one process may do at a time, and when it last succeeded."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx
from bot.inbox import model

_l = model.lease


def take(
    tx: Tx, now: dt.datetime, name: str, owner: str, *, for_: dt.timedelta, by_force: bool = False
) -> bool:
    """The owner holds the lease for this long from now; False while somebody else holds it.

    `by_force` takes it from whoever has it: right only where no other process can be alive.
    """
    values = {"owner": owner, "until": now + for_}
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(_l)
    free = sa.or_(_l.c.owner == owner, _l.c.until <= now, sa.literal(by_force))
    taken = insert.values(name=name, **values).on_conflict_do_update(
        index_elements=["name"], set_=values, where=free
    )
    return tx.execute(taken.returning(_l.c.name)).first() is not None


def beat(tx: Tx, now: dt.datetime, name: str, owner: str, *, at: dt.datetime | None = None) -> bool:
    """The work succeeded (at `at`, else now); False when the lease belongs to somebody else by now."""
    done = tx.execute(_l.update().where(_l.c.name == name, _l.c.owner == owner).values(beat_at=at or now))
    return done.rowcount > 0


def release(tx: Tx, now: dt.datetime, name: str, owner: str) -> None:
    """Anyone may take the lease at once; when its work last succeeded stays known."""
    tx.execute(_l.update().where(_l.c.name == name, _l.c.owner == owner).values(until=now))


def is_held(tx: Tx, now: dt.datetime, name: str) -> bool:
    """Whether somebody has the lease, whoever it is."""
    return tx.execute(sa.select(_l.c.name).where(_l.c.name == name, _l.c.until > now)).first() is not None


def last_beat(tx: Tx, name: str) -> dt.datetime | None:
    """When the work last succeeded; None if it never did."""
    found: dt.datetime | None = tx.execute(sa.select(_l.c.beat_at).where(_l.c.name == name)).scalar()
    return found

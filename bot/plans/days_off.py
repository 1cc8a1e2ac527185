"""今天停课: the schools that stay closed on one day, by an officer's word."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.plans import model
from bot.roster.units import Unit

_o = model.day_off


def standing(tx: Tx, first: dt.date, last: dt.date) -> list[sa.RowMapping]:
    """The days off from one date to another that were not taken back: day, county_id, tag."""
    query = sa.select(_o.c.day, _o.c.county_id, _o.c.tag).where(
        _o.c.day.between(first, last), _o.c.until.is_(None)
    )
    return list(tx.execute(query).mappings())


def covers(row: sa.RowMapping, unit: Unit) -> bool:
    """Whether a day off closes this unit: a school or college of its county, with its tag."""
    return (
        unit.owes_answers
        and row["county_id"] in (None, unit.county_id)
        and (not row["tag"] or row["tag"] in unit.tags)
    )


def closed(tx: Tx, day: dt.date, units: list[Unit]) -> frozenset[int]:
    """The ids of those of the units that stay closed on this day."""
    rows = standing(tx, day, day)
    return frozenset(u.id for u in units if any(covers(row, u) for row in rows))

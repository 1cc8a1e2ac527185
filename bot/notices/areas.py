"""Which notices are to somebody within an area: asks by their assignments, reminders, which have none, by their audience."""

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.notices import model, queries
from bot.roster import access, audience, units
from bot.roster.units import Unit

_n = model.notice


def to(tx: Tx, within: access.Scope) -> sa.ColumnElement[bool]:
    """Said of a notice: it asks, or reminds, somebody within the scope. Of a reminder the roster of now decides."""
    if within.everything:
        return sa.true()
    return sa.or_(queries.asking_within(within), _reminding(tx, within))


def is_to(tx: Tx, notice_id: int, within: access.Scope) -> bool:
    """The same of one notice."""
    query = sa.select(_n.c.id).where(_n.c.id == notice_id, to(tx, within))
    return tx.execute(query).first() is not None


def _reminding(tx: Tx, within: access.Scope) -> sa.ColumnElement[bool]:
    here = units.within(tx, within)
    written = tx.execute(sa.select(_n.c.audience).where(_n.c.due_at.is_(None)).distinct()).scalars()
    return sa.and_(_n.c.due_at.is_(None), _n.c.audience.in_([text for text in written if _means(text, here)]))


def _means(text: str, some: list[Unit]) -> bool:
    """Whether any of these units is meant; of words that are not understood any more none is."""
    try:
        meant = audience.parse(text)
    except errors.Refused:
        return False
    codes = {u.id: u.code for u in some}
    return not meant.is_admins and any(meant.holds(u, codes.get(u.county_id or 0, "")) for u in some)

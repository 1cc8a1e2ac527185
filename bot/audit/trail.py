"""Adding to the audit trail, and asking whether something is in it."""

import datetime as dt

import sqlalchemy as sa

from bot.audit import model
from bot.db import Tx


def note(tx: Tx, now: dt.datetime, *, actor: str, verb: str, subject: str, detail: str = "") -> None:
    """One line more: who (`contact:7`, `cli`, `timer`) did what to which subject; codes and numbers only."""
    tx.execute(
        model.record.insert().values(
            at=now, actor=actor, verb=verb, subject=subject[:120], detail=detail[:200]
        )
    )


def has(tx: Tx, *, actor: str, verb: str, subject: str) -> bool:
    """Whether this was noted before."""
    r = model.record
    same = (r.c.actor == actor, r.c.verb == verb, r.c.subject == subject)
    return tx.execute(sa.select(r.c.id).where(*same).limit(1)).first() is not None


def last_at(tx: Tx, verb: str, *, actors: tuple[str, ...] = ("cli", "timer")) -> dt.datetime | None:
    """When one of these last did this; None if never."""
    r = model.record
    query = sa.select(sa.func.max(r.c.at)).where(r.c.actor.in_(actors), r.c.verb == verb)
    found: dt.datetime | None = tx.execute(query).scalar()
    return found

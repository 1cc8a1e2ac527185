"""What the audit trail forgets: old lines, and the Telegram numbers of people who are gone."""

import datetime as dt

import sqlalchemy as sa

from bot.audit import model
from bot.db import Tx

NOBODY = "user:0"

_r = model.record


def old(before: dt.datetime) -> sa.Select[int]:
    """Lines written before."""
    return sa.select(_r.c.id).where(_r.c.at < before)


def erase(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These lines are gone."""
    tx.execute(_r.delete().where(_r.c.id.in_(ids)))


def unname(tx: Tx, now: dt.datetime, user_ids: list[int]) -> None:
    """No line names these Telegram users; whom they enrolled as, the line's subject still says."""
    actors = [f"user:{user_id}" for user_id in user_ids]
    tx.execute(_r.update().where(_r.c.actor.in_(actors)).values(actor=NOBODY))

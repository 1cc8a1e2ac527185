"""What the inbox forgets: questions nobody answered, presses nobody came back for. Seen ids: `updates.forget_seen`."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.inbox import model

_q, _h = model.question, model.held_press


def unanswered(before: dt.datetime) -> sa.Select[int]:
    """The users whose question was over before."""
    return sa.select(_q.c.user_id).where(_q.c.until < before)


def erase(tx: Tx, now: dt.datetime, user_ids: list[int]) -> None:
    """Nothing is expected of these users."""
    tx.execute(_q.delete().where(_q.c.user_id.in_(user_ids)))


def held(before: dt.datetime) -> sa.Select[int]:
    """The strangers whose press was held before."""
    return sa.select(_h.c.user_id).where(_h.c.at < before)


def erase_held(tx: Tx, now: dt.datetime, user_ids: list[int]) -> None:
    """Their presses are held no longer."""
    tx.execute(_h.delete().where(_h.c.user_id.in_(user_ids)))

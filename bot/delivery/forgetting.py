"""What delivery forgets: settled deliveries, and the Telegram numbers of private chats. A posting stays: tables need it."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model
from bot.delivery.model import ChatState
from bot.delivery.settling import NOWHERE

_d, _c, _a, _p = model.delivery, model.chat, model.chat_address, model.posting


def settled(before: dt.datetime) -> sa.Select[int]:
    """Deliveries that were over before; whether one reached its chat, its posting says."""
    is_open = _d.c.state.in_([state.value for state in model.OPEN_STATES])
    return sa.select(_d.c.id).where(_d.c.settled_at < before, ~is_open)


def erase(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These deliveries are gone."""
    tx.execute(_d.delete().where(_d.c.id.in_(ids)))


def erase_chats(tx: Tx, now: dt.datetime, ids: list[int]) -> list[int]:
    """These private chats cannot be told from one another by anything Telegram knows; their numbers until now."""
    mine = _a.c.chat_id.in_(ids)
    numbers = list(tx.execute(sa.select(_a.c.telegram_id).where(mine)).scalars())
    tx.execute(_a.update().where(mine).values(telegram_id=-_a.c.chat_id))  # as `chats.move`: nobody's address
    gone = {"title": "", "state": ChatState.GONE.value, "state_reason": "forgotten", "state_at": now}
    tx.execute(_c.update().where(_c.c.id.in_(ids)).values(gone))
    tx.execute(_p.update().where(_p.c.chat_id.in_(ids)).values(address=NOWHERE))
    return numbers

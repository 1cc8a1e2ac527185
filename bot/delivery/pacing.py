"""The pace at which one token may call Telegram: one row, shared by every process."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model

_row = model.pacing
_PACE = (
    sa.select(_row.c.next_slot_at, _row.c.rate, _row.c.halted_until)
    .where(_row.c.bot_id == sa.bindparam("bot_id"))
    .with_for_update()
)
_TAKE = _row.update().where(_row.c.bot_id == sa.bindparam("whose"))


def ensure(tx: Tx, now: dt.datetime, bot_id: int, *, rate: float, username: str = "") -> None:
    """The token's row exists, with this rate (calls a second) and, if given, the bot's username."""
    values = {"rate": rate} | ({"username": username} if username else {})
    if not tx.execute(_row.update().where(_row.c.bot_id == bot_id).values(values)).rowcount:
        tx.execute(_row.insert().values(bot_id=bot_id, next_slot_at=now, **values))


def username(tx: Tx) -> str:
    """The bot's username as last heard from Telegram; '' before the first start."""
    return tx.execute(sa.select(_row.c.username).limit(1)).scalar() or ""


def take(
    tx: Tx, now: dt.datetime, bot_id: int, *, wanted: int = 1, ahead: dt.timedelta = dt.timedelta(days=1)
) -> list[dt.datetime]:
    """Up to `wanted` slots, each 1/rate after the one before, none more than `ahead` of now.

    Slots that passed unused are lost: there is no saving up for a burst.
    """
    found = tx.execute(_PACE, {"bot_id": bot_id}).one()
    first = max(now, found.next_slot_at, found.halted_until or now)
    step = dt.timedelta(seconds=1 / found.rate)
    slots = [slot for slot in (first + step * i for i in range(wanted)) if slot <= now + ahead]
    if slots:
        tx.execute(_TAKE, {"whose": bot_id, "next_slot_at": slots[-1] + step})
    return slots


def halt(tx: Tx, now: dt.datetime, bot_id: int, until: dt.datetime) -> None:
    """Nothing leaves before `until`; a longer halt already in force stays."""
    tx.execute(
        _row.update()
        .where(_row.c.bot_id == bot_id, sa.or_(_row.c.halted_until.is_(None), _row.c.halted_until < until))
        .values(halted_until=until)
    )


def is_halted(tx: Tx, now: dt.datetime, bot_id: int) -> bool:
    """Whether Telegram told the token as a whole to wait."""
    until = tx.execute(sa.select(_row.c.halted_until).where(_row.c.bot_id == bot_id)).scalar()
    return until is not None and until > now

"""The pace at which one token may call Telegram: one row, shared by every process."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model

SLOWEST = 1.0  # a second; halving ends here
NONSENSE = dt.timedelta(
    minutes=2
)  # a slot further away than any reply waits for: somebody has set the clock back

_row = model.pacing
_PACE = (
    sa.select(_row.c.next_slot_at, _row.c.rate, _row.c.halted_until, _row.c.eased_to, _row.c.eased_at)
    .where(_row.c.bot_id == sa.bindparam("bot_id"))
    .with_for_update()
)
_TAKE = _row.update().where(_row.c.bot_id == sa.bindparam("whose"))
_TOOK = _TAKE.values(next_slot_at=sa.bindparam("next_slot_at"))
_HALTED = sa.select(_row.c.halted_until).where(_row.c.bot_id == sa.bindparam("bot_id"))


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
    slots = near(tx, now, bot_id, wanted=wanted, ahead=ahead)
    if slots.at:
        took(tx, bot_id, slots, len(slots.at))
    return slots.at


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots that may be taken, `step` apart."""

    at: list[dt.datetime]
    step: dt.timedelta


def near(tx: Tx, now: dt.datetime, bot_id: int, *, wanted: int, ahead: dt.timedelta) -> Slots:
    """As `take`, but they are nobody's before `took`; until the transaction ends nobody else finds any."""
    found = tx.execute(_PACE, {"bot_id": bot_id}).one()
    free_at = found.next_slot_at if found.next_slot_at < now + NONSENSE else now
    first = max(now, free_at, found.halted_until or now)
    step = dt.timedelta(seconds=1 / _rate(found, now))
    return Slots([slot for slot in (first + step * i for i in range(wanted)) if slot <= now + ahead], step)


def took(tx: Tx, bot_id: int, slots: Slots, many: int) -> None:
    """The first so many of the slots that `near` found in this transaction are taken."""
    tx.execute(_TOOK, {"whose": bot_id, "next_slot_at": slots.at[many - 1] + slots.step})


def _rate(pace: sa.Row[*tuple[Any, ...]], now: dt.datetime) -> float:
    """Calls a second: as set, or as halved when Telegram said "too fast", and one more for each minute since the halt."""
    if pace.eased_to is None:
        return float(pace.rate)
    return float(min(pace.rate, pace.eased_to + max((now - pace.eased_at) // dt.timedelta(minutes=1), 0)))


def halt(tx: Tx, now: dt.datetime, bot_id: int, until: dt.datetime) -> None:
    """Telegram says that we are too fast: nothing leaves before `until`, and then at half the rate.

    A longer halt already in force stays, and what was refused before it began halves nothing once more.
    """
    pace = tx.execute(_PACE, {"bot_id": bot_id}).one()
    if pace.halted_until is not None and pace.halted_until >= until:
        return
    values: dict[str, object] = {"halted_until": until}
    if not _lasts(pace.halted_until, now):
        values |= {"eased_to": max(SLOWEST, _rate(pace, now) / 2), "eased_at": until}
    tx.execute(_TAKE.values(values), {"whose": bot_id})


def rate(tx: Tx, now: dt.datetime, bot_id: int) -> float:
    """How many calls a second there may be now."""
    return _rate(tx.execute(_PACE, {"bot_id": bot_id}).one(), now)


def is_halted(tx: Tx, now: dt.datetime, bot_id: int) -> bool:
    """Whether Telegram told the token as a whole to wait."""
    return _lasts(tx.execute(_HALTED, {"bot_id": bot_id}).scalar(), now)


def _lasts(until: dt.datetime | None, now: dt.datetime) -> bool:
    return until is not None and until > now

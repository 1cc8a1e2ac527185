"""The pace at which one token may call Telegram: one row, shared by every process."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import model

SLOWEST = 1.0  # a second; halving ends here
NONSENSE = dt.timedelta(
    minutes=2
)  # a slot further away than any reply waits for: somebody has set the clock back

_row = model.pacing
_GLANCE = sa.select(
    _row.c.next_slot_at, _row.c.rate, _row.c.halted_until, _row.c.eased_to, _row.c.eased_at
).where(_row.c.bot_id == sa.bindparam("bot_id"))
_PACE = _GLANCE.with_for_update()
_TAKE = _row.update().where(_row.c.bot_id == sa.bindparam("whose"))
_TOOK = _TAKE.where(
    _row.c.next_slot_at == sa.bindparam("seen_slot_at"),
    _row.c.halted_until.is_not_distinct_from(sa.bindparam("seen_halt", type_=schema.Instant)),
).values(next_slot_at=sa.bindparam("next_slot_at"))
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
    slots = _near(tx, now, bot_id, _PACE, wanted, ahead)
    if slots.at:
        _took(tx, bot_id, slots, len(slots.at))
    return slots.at


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots that may be taken, `step` apart, and the row as it was when they were found."""

    at: list[dt.datetime]
    step: dt.timedelta
    seen_slot_at: dt.datetime
    seen_halt: dt.datetime | None


def glance(tx: Tx, now: dt.datetime, bot_id: int, *, wanted: int, ahead: dt.timedelta) -> Slots:
    """The slots `take` would give; they are nobody's before `claim`, and nobody waits for us until then."""
    return _near(tx, now, bot_id, _GLANCE, wanted, ahead)


def claim(
    tx: Tx, now: dt.datetime, bot_id: int, seen: Slots, *, wanted: int, ahead: dt.timedelta
) -> list[dt.datetime]:
    """As `take`, of the slots seen at a glance, or of what others have left of them."""
    if _took(tx, bot_id, seen, wanted):
        return seen.at[:wanted]
    return take(tx, now, bot_id, wanted=wanted, ahead=ahead)


def _near(
    tx: Tx, now: dt.datetime, bot_id: int, look: sa.Select[*tuple[Any, ...]], wanted: int, ahead: dt.timedelta
) -> Slots:
    found = tx.execute(look, {"bot_id": bot_id}).one()
    free_at = found.next_slot_at if found.next_slot_at < now + NONSENSE else now
    first = max(now, free_at, found.halted_until or now)
    step = dt.timedelta(seconds=1 / _rate(found, now))
    at = [slot for slot in (first + step * i for i in range(wanted)) if slot <= now + ahead]
    return Slots(at, step, found.next_slot_at, found.halted_until)


def _took(tx: Tx, bot_id: int, slots: Slots, many: int) -> bool:
    """The first so many of the slots are taken, unless the row is not as it was."""
    return bool(tx.execute(_TOOK, {
        "whose": bot_id, "next_slot_at": slots.at[many - 1] + slots.step,
        "seen_slot_at": slots.seen_slot_at, "seen_halt": slots.seen_halt,
    }).rowcount)  # fmt: skip


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

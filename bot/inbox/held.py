"""A stranger's press, held until they have enrolled; it is offered again then, never carried out unasked."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx
from bot.inbox import model

HELD_FOR = dt.timedelta(hours=24)

_h = model.held_press


@dataclass(frozen=True, slots=True)
class Press:
    """A button someone pressed before we knew them."""

    user_id: int
    callback: str
    chat_telegram_id: int
    at: dt.datetime


def hold(tx: Tx, now: dt.datetime, user_id: int, callback: str, *, chat_telegram_id: int) -> None:
    """The press is kept for a day; the newest one of a person counts."""
    values = {"callback": callback, "chat_telegram_id": chat_telegram_id, "at": now}
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(_h)
    tx.execute(
        insert.values(user_id=user_id, **values).on_conflict_do_update(
            index_elements=["user_id"], set_=values
        )
    )


def take(tx: Tx, now: dt.datetime, user_id: int) -> Press | None:
    """The press held for this person, if it is less than a day old; it is not held any longer."""
    row = tx.execute(_h.delete().where(_h.c.user_id == user_id).returning(_h)).first()
    if row is None or row.at <= now - HELD_FOR:
        return None
    return Press(row.user_id, row.callback, row.chat_telegram_id, row.at)


def forget(tx: Tx, now: dt.datetime) -> int:
    """Presses nobody came back for are forgotten; how many."""
    return tx.execute(_h.delete().where(_h.c.at <= now - HELD_FOR)).rowcount

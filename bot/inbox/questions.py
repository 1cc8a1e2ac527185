"""Who is expected to type what, until when: at most one open question a person."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.db import Tx
from bot.inbox import model

_q = model.question


@dataclass(frozen=True, slots=True)
class Question:
    """What the next thing this person types is an answer to."""

    user_id: int
    kind: str
    subject: str
    asked_at: dt.datetime
    until: dt.datetime


def ask(tx: Tx, now: dt.datetime, user_id: int, kind: str, subject: str | int, *, for_: dt.timedelta) -> None:
    """What this person types within `for_` answers this; a question asked before is forgotten."""
    values = {"kind": kind, "subject": str(subject), "asked_at": now, "until": now + for_}
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(_q)
    tx.execute(
        insert.values(user_id=user_id, **values).on_conflict_do_update(
            index_elements=["user_id"], set_=values
        )
    )


def open(tx: Tx, now: dt.datetime, user_id: int) -> Question | None:  # noqa: A001 - the word is the right one
    """The question this person has yet to answer; None when there is none or its time is over."""
    row = tx.execute(sa.select(_q).where(_q.c.user_id == user_id, _q.c.until > now)).first()
    return Question(row.user_id, row.kind, row.subject, row.asked_at, row.until) if row else None


def close(tx: Tx, now: dt.datetime, user_id: int) -> bool:
    """Nothing is expected of this person any more; whether something was."""
    found = open(tx, now, user_id) is not None
    tx.execute(_q.delete().where(_q.c.user_id == user_id))
    return found

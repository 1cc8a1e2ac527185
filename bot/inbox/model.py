"""The tables of the inbox."""

from enum import StrEnum

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata


class Parked(StrEnum):
    """What became of an update that could not be handled at once."""

    WAITING = "waiting"
    DONE = "done"
    POISONED = "poisoned"  # ten tries failed, or nobody could parse it; shown by doctor


seen_update = sa.Table(  # written in the transaction of an update's effects; kept 8 days
    "seen_update",
    metadata,
    sa.Column("update_id", schema.TelegramId, primary_key=True, autoincrement=False),
    sa.Column("at", schema.Instant, nullable=False, index=True),
)

parked_update = sa.Table(
    "parked_update",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("update_id", schema.TelegramId, nullable=False, unique=True),
    sa.Column("lane", sa.String(40), nullable=False, index=True),  # updates of one lane are handled in order
    sa.Column("raw", sa.Text, nullable=False),  # JSON; emptied when done
    sa.Column("state", sa.String(10), nullable=False, index=True),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("error", sa.String(200), nullable=False, server_default=""),
    sa.Column("parked_at", schema.Instant, nullable=False),
    sa.Column("next_try_at", schema.Instant, nullable=False),
    sa.Column("pressed_before", schema.Instant),  # after an outage: the press may be as old as this
)

question = sa.Table(  # who is expected to type what, until when; one a person
    "question",
    metadata,
    sa.Column("user_id", schema.TelegramId, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("asked_at", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant, nullable=False),
)

held_press = sa.Table(  # a stranger's press, offered again after enrolment
    "held_press",
    metadata,
    sa.Column("user_id", schema.TelegramId, primary_key=True, autoincrement=False),
    sa.Column("callback", sa.String(64), nullable=False),
    sa.Column("chat_telegram_id", schema.TelegramId, nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
)

lease = sa.Table(  # one holder at a time: "poll"
    "lease",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("until", schema.Instant, nullable=False),
    sa.Column("beat_at", schema.Instant),  # last time the work it guards succeeded
)

"""The tables of delivery. A delivery holds no text: it says which thing a chat must come to show."""

from enum import IntEnum, StrEnum

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata


class ChatState(StrEnum):
    """Whether Telegram takes our messages to this chat, as far as we know."""

    OK = "ok"
    MUTED = "muted"  # we are in it and may not write; an administrator can mend that
    GONE = "gone"  # removed, deleted, left
    BLOCKED = "blocked"  # a person who blocked the bot


class State(StrEnum):
    """The life of a delivery: queued → reserved → calling → one of the last four."""

    QUEUED = "queued"
    RESERVED = "reserved"  # has a slot; nothing has left yet
    CALLING = "calling"  # committed just before the call
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"  # Telegram may or may not have done it
    DROPPED = "dropped"  # had become pointless when its turn came; the reason says why


OPEN_STATES = (State.QUEUED, State.RESERVED, State.CALLING)
UNWELL_STATES = (State.FAILED, State.UNCERTAIN, State.DROPPED)


class Lane(IntEnum):
    """Who goes first when slots are scarce."""

    ALERT = 0
    INTERACTIVE = 1
    SCHEDULED = 2
    REFRESH = 3


chat = sa.Table(
    "chat",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),  # private | group
    sa.Column("title", sa.String(256), nullable=False, server_default=""),
    sa.Column("state", sa.String(8), nullable=False, server_default=ChatState.OK.value),
    sa.Column("state_reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("state_at", schema.Instant, nullable=False),
    sa.Column("thread_id", sa.Integer),  # the topic we were bound in, if the group has topics
    sa.Column(
        "is_pilot", sa.Boolean, nullable=False, server_default=sa.false()
    ),  # 试点: served while in trial
    sa.Column("halted_until", schema.Instant),  # Telegram said: not before
)

chat_address = sa.Table(  # a chat's Telegram ids over time; a migration adds one
    "chat_address",
    metadata,
    sa.Column("telegram_id", schema.TelegramId, primary_key=True, autoincrement=False),
    sa.Column("chat_id", sa.ForeignKey("chat.id"), nullable=False, index=True),
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
)
sa.Index(
    "uq_chat_address_present",
    chat_address.c.chat_id,
    unique=True,
    sqlite_where=chat_address.c.until.is_(None),
    postgresql_where=chat_address.c.until.is_(None),
)

posting = sa.Table(  # a live message of ours in a chat; a notice's posting is its card
    "posting",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("chat_id", sa.ForeignKey("chat.id"), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("address", schema.TelegramId, nullable=False),  # where it was sent; message ids belong to it
    sa.Column("message_id", sa.Integer),  # NULL: an uncertain send nobody has pressed yet
    sa.Column("sent_at", schema.Instant, nullable=False),  # first settled as sent or uncertain; never changes
    sa.Column("shown_at", schema.Instant, nullable=False),  # last send or edit
    sa.UniqueConstraint("chat_id", "kind", "subject"),
    sa.Index("ix_posting_thing", "kind", "subject", "chat_id"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("chat_id", sa.ForeignKey("chat.id"), nullable=False),
    sa.Column("lane", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("subject", sa.String(80), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("is_edit", sa.Boolean, nullable=False, server_default=sa.false()),  # known once it is called
    sa.Column("is_repeat", sa.Boolean, nullable=False, server_default=sa.false()),  # after an uncertain one
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("not_before", schema.Instant, nullable=False),
    sa.Column("enqueued_at", schema.Instant, nullable=False),
    sa.Column("slot_at", schema.Instant),
    sa.Column("owner", sa.String(40), nullable=False, server_default=""),
    sa.Column("called_at", schema.Instant),
    sa.Column("settled_at", schema.Instant),
    sa.Index("ix_delivery_subject", "kind", "subject"),
    sa.Index("ix_delivery_chat_called", "chat_id", "called_at"),
    sa.Index("ix_delivery_chat_settled", "chat_id", "settled_at"),  # what a chat has open: not settled
)


def is_one_of(*states: State, of: sa.FromClause = delivery) -> sa.ColumnElement[bool]:
    """Whether a delivery is in one of these states, in words a planner can hold against a partial index."""
    if len(states) == 1:
        return of.c.state == sa.literal_column(f"'{states[0]}'")
    return of.c.state.in_([sa.literal_column(f"'{state}'") for state in states])


_queued = is_one_of(State.QUEUED)
_open = is_one_of(*OPEN_STATES)
sa.Index(  # asking twice for the same thing is asking once
    "uq_delivery_queued",
    delivery.c.chat_id,
    delivery.c.kind,
    delivery.c.subject,
    unique=True,
    sqlite_where=_queued,
    postgresql_where=_queued,
)
sa.Index(
    "ix_delivery_open",
    delivery.c.lane,
    delivery.c.id,
    sqlite_where=_open,
    postgresql_where=_open,
)
_unwell = is_one_of(*UNWELL_STATES)
sa.Index(  # what came to nothing lately: what is sent, nearly everything, is not in it
    "ix_delivery_unwell",
    delivery.c.settled_at,
    sqlite_where=_unwell,
    postgresql_where=_unwell,
)

pacing = sa.Table(  # one row per token, shared by every process
    "pacing",
    metadata,
    sa.Column("bot_id", schema.TelegramId, primary_key=True, autoincrement=False),
    sa.Column("username", sa.String(64), nullable=False, server_default=""),
    sa.Column("next_slot_at", schema.Instant, nullable=False),
    sa.Column("rate", sa.Float, nullable=False),  # calls a second, as set
    sa.Column("halted_until", schema.Instant),
    sa.Column("eased_to", sa.Float),  # … and as halved when Telegram said: too fast
    sa.Column("eased_at", schema.Instant),
)

"""The tables of composing. A draft survives a restart at every step; what became of it stays on its row."""

from enum import StrEnum

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata


class State(StrEnum):
    """The life of a draft: open → (asked →) leaving → sent; or taken back, which is open again, or given up."""

    OPEN = "open"  # its author is at it
    ASKED = "asked"  # waits for a second officer's 同意发送
    LEAVING = "leaving"  # sent as far as the author is concerned; nothing leaves before `leave_at`
    SENT = "sent"
    GIVEN_UP = "given_up"  # by its author, or overtaken by another draft of his


draft = sa.Table(
    "draft",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),  # its author
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("title", sa.String(120), nullable=False, server_default=""),
    sa.Column("text", sa.Text, nullable=False, server_default=""),  # on the card
    sa.Column("full_text", sa.Text, nullable=False, server_default=""),  # as pasted
    sa.Column(
        "kind", sa.String(12), nullable=False, server_default=""
    ),  # notices.rules.Kind; '' not yet chosen
    sa.Column("audience", sa.String(400), nullable=False, server_default=""),
    sa.Column("due_at", schema.Instant),
    sa.Column(
        "level", sa.String(8), nullable=False, server_default=""
    ),  # info | today | now; '' not yet chosen
    sa.Column(
        "reason", sa.String(200), nullable=False, server_default=""
    ),  # why these schools are asked once more
    sa.Column("revises", sa.ForeignKey("notice.id")),  # a new version of this notice
    sa.Column("of_version", sa.SmallInteger),  # the version its author has before him
    sa.Column("again", sa.ForeignKey("notice.id")),  # 再发一次 of this notice
    sa.Column("created_at", schema.Instant, nullable=False),
    sa.Column("changed_at", schema.Instant, nullable=False),
    sa.Column("asked_at", schema.Instant),  # of the second officer
    sa.Column("released_by", sa.ForeignKey("contact.id")),
    sa.Column("leave_at", schema.Instant),
    sa.Column("notice_id", sa.ForeignKey("notice.id")),  # what became of it
    sa.Column("message_id", sa.Integer),  # of the one message the author composes on
    # grows with every change: what is pressed on an older page says so
    sa.Column("edition", sa.Integer, nullable=False, server_default="0"),
    sa.Column("units", sa.Integer),  # how many the author was told that this asks, when he pressed 发送
    sa.Column("first_county_id", sa.ForeignKey("unit.id")),  # 先发一个县: of the audience, only this county's
    sa.Column(
        "refused_by", sa.ForeignKey("contact.id")
    ),  # the second officer who did not agree, and his word
    sa.Column("refusal", sa.String(200), nullable=False, server_default=""),
)
sa.Index(
    "ix_draft_leaving",
    draft.c.leave_at,
    sqlite_where=draft.c.state == sa.literal_column("'leaving'"),
    postgresql_where=draft.c.state == sa.literal_column("'leaving'"),
)

draft_item = sa.Table(
    "draft_item",
    metadata,
    sa.Column("draft_id", sa.ForeignKey("draft.id"), primary_key=True),
    sa.Column("item", sa.String(16), primary_key=True),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("party", sa.String(80), nullable=False, server_default=""),
    sa.Column("due_at", schema.Instant),
    sa.Column("asks", sa.String(8), nullable=False, server_default=""),  # as of a notice's item
)

draft_file = sa.Table(
    "draft_file",
    metadata,
    sa.Column("draft_id", sa.ForeignKey("draft.id"), primary_key=True),
    sa.Column("position", sa.SmallInteger, primary_key=True),
    sa.Column("file_id", sa.String(200), nullable=False),
    sa.Column("file_kind", sa.String(8), nullable=False),  # document | photo
    sa.Column("name", sa.String(120), nullable=False, server_default=""),
    sa.Column("bytes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("from_chat", schema.TelegramId, nullable=False),
    sa.Column("from_message", sa.Integer, nullable=False),
)

opinion = sa.Table(  # 意见: one sentence about the bot, to the office in charge
    "opinion",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("text", sa.String(200), nullable=False),
    sa.Column("at", schema.Instant, nullable=False, index=True),
)

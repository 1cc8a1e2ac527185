"""The tables of the roster. Nothing is ever deleted here: units close, posts and enrolments end."""

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata
NO = sa.false()

unit = sa.Table(
    "unit",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("code", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # city office county school college
    sa.Column("parent_id", sa.ForeignKey("unit.id"), index=True),
    sa.Column(
        "county_id", sa.ForeignKey("unit.id"), index=True
    ),  # nearest county, itself included; NULL = none
    sa.Column("position", sa.Integer, nullable=False),  # order in units.csv = order of every table
    sa.Column("stage", sa.String(16), nullable=False, server_default=""),  # 小学 … or ''
    sa.Column("ownership", sa.String(16), nullable=False, server_default=""),  # 公办 / 民办 / ''
    sa.Column("boarding", sa.Boolean, nullable=False, server_default=NO),
    sa.Column("school_bus", sa.Boolean, nullable=False, server_default=NO),
    sa.Column("canteen", sa.Boolean, nullable=False, server_default=NO),
    sa.Column("waterside", sa.Boolean, nullable=False, server_default=NO),
    sa.Column("students", sa.Integer),
    sa.Column("staff", sa.Integer),
    sa.Column(
        "phone", sa.String(40), nullable=False, server_default=""
    ),  # 值班电话; '' = inherited from above
    sa.Column("tags", sa.String(400), nullable=False, server_default=""),  # ';山区;低洼;' or ''
    sa.Column("armed_at", schema.Instant),  # on a county, or on the city for all: real sending is allowed
    sa.Column("created_at", schema.Instant, nullable=False),
    sa.Column("closed_at", schema.Instant),
)

contact = sa.Table(
    "contact",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("phone", sa.String(20), unique=True),  # 11 digits, or NULL: then unit + name is the key
    sa.Column("created_at", schema.Instant, nullable=False),
)

post = sa.Table(
    "post",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("unit_id", sa.ForeignKey("unit.id"), nullable=False, index=True),
    sa.Column("role", sa.String(20), nullable=False),  # roster.access.Role
    sa.Column("source", sa.String(8), nullable=False),  # file | chat
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
)
sa.Index(
    "uq_post_present",
    post.c.contact_id,
    post.c.unit_id,
    post.c.role,
    unique=True,
    sqlite_where=post.c.until.is_(None),
    postgresql_where=post.c.until.is_(None),
)

imported_post = sa.Table(  # the posts of the last imported file, to tell its changes from those made in chat
    "imported_post",
    metadata,
    sa.Column("contact_id", sa.ForeignKey("contact.id"), primary_key=True),
    sa.Column("unit_id", sa.ForeignKey("unit.id"), primary_key=True),
    sa.Column("role", sa.String(20), primary_key=True),
)

enrolment = sa.Table(  # contact ↔ Telegram user
    "enrolment",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False, index=True),
    sa.Column("user_id", schema.TelegramId, nullable=False, index=True),
    sa.Column("via", sa.String(8), nullable=False),  # phone | code
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
)
for _column in ("contact_id", "user_id"):
    sa.Index(
        f"uq_enrolment_{_column}_present",
        enrolment.c[_column],
        unique=True,
        sqlite_where=enrolment.c.until.is_(None),
        postgresql_where=enrolment.c.until.is_(None),
    )

invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("code", sa.String(8), nullable=False, unique=True),
    sa.Column("kind", sa.String(12), nullable=False),  # contact | successor | group
    sa.Column("unit_id", sa.ForeignKey("unit.id"), nullable=False, index=True),
    sa.Column("role", sa.String(20), nullable=False, server_default=""),  # '' for a group
    sa.Column(
        "contact_id", sa.ForeignKey("contact.id"), index=True
    ),  # NULL: whoever redeems it takes the post
    sa.Column("created_at", schema.Instant, nullable=False),
    sa.Column("expires_at", schema.Instant, nullable=False),
    sa.Column("used_at", schema.Instant),
    sa.Column("used_by", schema.TelegramId),
)

code_try = sa.Table(  # wrong codes, to lock a guesser out
    "code_try",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("user_id", schema.TelegramId, nullable=False, index=True),
    sa.Column("at", schema.Instant, nullable=False),
)

binding = sa.Table(  # unit ↔ group chat
    "binding",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("chat_id", sa.ForeignKey("chat.id"), nullable=False, index=True),
    sa.Column("unit_id", sa.ForeignKey("unit.id"), nullable=False, index=True),
    sa.Column("by_contact_id", sa.ForeignKey("contact.id")),
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),
)
sa.Index(
    "uq_binding_present",
    binding.c.chat_id,
    unique=True,
    sqlite_where=binding.c.until.is_(None),
    postgresql_where=binding.c.until.is_(None),
)

"""The table of the audit trail; rows are only ever added."""

import sqlalchemy as sa

from bot.db import schema

record = sa.Table(
    "audit_record",
    schema.metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("at", schema.Instant, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),  # "contact:12", "user:99", "cli", "timer"
    sa.Column("verb", sa.String(40), nullable=False),  # "arm", "on_behalf", "see_phone" …
    sa.Column("subject", sa.String(120), nullable=False),  # "unit:DH001", "notice:3"
    sa.Column("detail", sa.String(200), nullable=False, server_default=""),  # codes only
    sa.Index("ix_audit_record_who_did", "actor", "verb", "subject"),
)

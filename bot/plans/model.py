"""The tables of plans: what was switched on, what fired or why it did not, what was told of it, days off."""

from enum import StrEnum

import sqlalchemy as sa

from bot.db import schema

metadata = schema.metadata


class FireState(StrEnum):
    """The life of one planned occurrence; the last two are its end."""

    PROPOSED = "proposed"  # it hangs on a 暂定 day and was put to its owner; unanswered, it is published
    ASKED = "asked"  # missed by more than the plan allows; it waits for its owner's word
    PUBLISHED = "published"
    SKIPPED = "skipped"  # the reason says why


plan = sa.Table(  # what of a plan is not in its file
    "plan",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),  # R03b …
    sa.Column("is_enabled", sa.Boolean, nullable=False),
    sa.Column("file_enabled", sa.Boolean, nullable=False),  # as last read; the newer word wins
    sa.Column("timing", sa.String(64), nullable=False, server_default=""),  # digest of triggers and due
    sa.Column("looked_until", schema.Instant, nullable=False),  # occurrences up to here are dealt with
    sa.Column("next_fire_at", schema.Instant, index=True),  # NULL: nothing to come
    sa.Column(
        "reckoned_with", sa.String(64), nullable=False, server_default=""
    ),  # digest of the config files
    sa.Column("changed_by", sa.String(64), nullable=False, server_default=""),
    sa.Column("changed_at", schema.Instant, nullable=False),
)

fire = sa.Table(  # one occurrence of a plan, for the units that share both instants
    "fire",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("planned_at", schema.Instant, nullable=False),
    sa.Column("due_at", schema.Instant, nullable=False),  # planned_at where nothing is due
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("occasion", sa.String(40), nullable=False, server_default=""),
    sa.Column("is_provisional", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("notice_id", sa.ForeignKey("notice.id"), index=True),
    sa.Column("decided_by", sa.String(64), nullable=False, server_default=""),
    sa.Column("created_at", schema.Instant, nullable=False),
    sa.Column("settled_at", schema.Instant),
    sa.UniqueConstraint("plan_id", "planned_at", "due_at"),
)

day_report = sa.Table(  # the day's plans, told to the administrators, or found not worth it; once each
    "day_report",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("part", sa.String(8), primary_key=True),  # morning | evening
    sa.Column("chats", sa.SmallInteger, nullable=False),  # to how many it is owed; 0: nothing to tell
    sa.Column("at", schema.Instant, nullable=False),
)

late_fire = sa.Table(  # an occurrence that was late, and has been told of
    "late_fire",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("planned_at", schema.Instant, nullable=False),
    sa.Column("due_at", schema.Instant, nullable=False),
    sa.Column("occasion", sa.String(40), nullable=False, server_default=""),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("at", schema.Instant, nullable=False),
    sa.UniqueConstraint("plan_id", "planned_at", "due_at"),
)

day_off = sa.Table(  # 今天停课: schools of a county, or with a tag, or both, that stay closed on one day
    "day_off",
    metadata,
    sa.Column("id", schema.Id, primary_key=True),
    sa.Column("day", sa.Date, nullable=False, index=True),
    sa.Column("county_id", sa.ForeignKey("unit.id")),  # NULL: any county
    sa.Column("tag", sa.String(40), nullable=False, server_default=""),  # '': any school of the county
    sa.Column("contact_id", sa.ForeignKey("contact.id"), nullable=False),
    sa.Column("since", schema.Instant, nullable=False),
    sa.Column("until", schema.Instant),  # taken back
    sa.Column("until_by", sa.ForeignKey("contact.id")),
)

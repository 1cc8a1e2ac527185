"""A draft that revises knows what it revises, its items what they ask; the month's burden is told once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft", sa.Column("of_version", sa.SmallInteger(), nullable=True))
    op.add_column("draft_item", sa.Column("asks", sa.String(length=8), server_default="", nullable=False))
    op.create_table(
        "burden",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("chats", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_burden")),
    )
    # every table is read by its notice: the unique index is partial, so neither database could use it for that
    op.create_index("ix_assignment_notice", "assignment", ["notice_id", "county_id"])

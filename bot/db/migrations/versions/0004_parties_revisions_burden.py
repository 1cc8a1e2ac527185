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
    op.add_column(
        "notice_version", sa.Column("released_by", sa.String(length=64), server_default="", nullable=False)
    )
    op.create_table(
        "burden",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("chats", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_burden")),
    )
    # every table is read by its notice: the unique index is partial, so neither database could use it for that
    op.create_index("ix_assignment_notice", "assignment", ["notice_id", "county_id"])
    # one chat's card of a notice, whichever index is taken
    op.drop_index("ix_posting_thing", "posting")
    op.create_index("ix_posting_thing", "posting", ["kind", "subject", "chat_id"])
    # what a chat has open is found by a key: an index of the open alone looks free to a planner who has seen it empty
    op.drop_index("ix_delivery_open_chat", "delivery")
    op.create_index("ix_delivery_chat_settled", "delivery", ["chat_id", "settled_at"])
    if (
        op.get_bind().dialect.name == "postgresql"
    ):  # swept after 2,000 dead rows, not after a fifth of a year's
        sweep = "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000"
        op.execute(f"ALTER TABLE delivery SET ({sweep})")

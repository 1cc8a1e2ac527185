"""A chat has one present address."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # two could come of a migration told from both sides at the same instant, one of them a number nobody calls
    op.execute("""
        UPDATE chat_address SET until = since
        WHERE until IS NULL AND telegram_id <> (
            SELECT kept.telegram_id FROM chat_address AS kept
            WHERE kept.chat_id = chat_address.chat_id AND kept.until IS NULL
            ORDER BY kept.telegram_id = -kept.chat_id, kept.since DESC, kept.telegram_id
            LIMIT 1
        )
    """)
    present = sa.text("until IS NULL")
    op.create_index(
        "uq_chat_address_present",
        "chat_address",
        ["chat_id"],
        unique=True,
        sqlite_where=present,
        postgresql_where=present,
    )

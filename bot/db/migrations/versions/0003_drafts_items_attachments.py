"""Drafts, items of directives, attachments, eased pace."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "brief",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("chats", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_brief")),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("file_id", sa.String(length=200), nullable=False),
        sa.Column("file_kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("from_chat", sa.BigInteger(), nullable=False),
        sa.Column("from_message", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_attachment_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachment_notice_id"), ["notice_id"], unique=False)

    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=120), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("full_text", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=12), server_default="", nullable=False),
        sa.Column("audience", sa.String(length=400), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.String(length=8), server_default="", nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("revises", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("again", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("leave_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("edition", sa.Integer(), server_default="0", nullable=False),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("first_county_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("refused_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("refusal", sa.String(length=200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["first_county_id"], ["unit.id"], name=op.f("fk_draft_first_county_id")),
        sa.ForeignKeyConstraint(["refused_by"], ["contact.id"], name=op.f("fk_draft_refused_by")),
        sa.ForeignKeyConstraint(["again"], ["notice.id"], name=op.f("fk_draft_again")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_draft_contact_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_draft_notice_id")),
        sa.ForeignKeyConstraint(["released_by"], ["contact.id"], name=op.f("fk_draft_released_by")),
        sa.ForeignKeyConstraint(["revises"], ["notice.id"], name=op.f("fk_draft_revises")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_draft_leaving",
            ["leave_at"],
            unique=False,
            sqlite_where=sa.text("state = 'leaving'"),
            postgresql_where=sa.text("state = 'leaving'"),
        )

    op.create_table(
        "draft_file",
        sa.Column("draft_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("file_id", sa.String(length=200), nullable=False),
        sa.Column("file_kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("bytes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("from_chat", sa.BigInteger(), nullable=False),
        sa.Column("from_message", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_file_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "position", name=op.f("pk_draft_file")),
    )
    op.create_table(
        "draft_item",
        sa.Column("draft_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(length=16), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("party", sa.String(length=80), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_item_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "item", name=op.f("pk_draft_item")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_unwell",
            ["settled_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('failed', 'uncertain', 'dropped')"),
            postgresql_where=sa.text("state IN ('failed', 'uncertain', 'dropped')"),
        )

    op.create_table(
        "opinion",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_opinion_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
    )
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opinion_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_opinion_contact_id"), ["contact_id"], unique=False)

    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("released_by", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("recalled_by", sa.String(length=64), server_default="", nullable=False))

    _let_an_item_have_several_wordings()
    with op.batch_alter_table("trouble", schema=None) as batch_op:
        batch_op.add_column(sa.Column("item", sa.String(length=16), server_default="", nullable=False))
    op.create_table(
        "rewording",
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("item", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_rewording_contact_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_rewording_notice_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_rewording")),
    )

    with op.batch_alter_table("notice_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("full_text", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("created_by", sa.String(length=64), server_default="", nullable=False))

    # who holds a delivery is dead when its heart has stopped, not when a clock says so
    op.execute("ALTER TABLE delivery DROP COLUMN lease_until")

    with op.batch_alter_table("pacing", schema=None) as batch_op:
        batch_op.add_column(sa.Column("eased_to", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("eased_at", sa.DateTime(timezone=True), nullable=True))


def _let_an_item_have_several_wordings() -> None:
    """A revised item has a row for each wording: SQLite takes a new primary key only with a new table."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_notice_item", "notice_item", type_="primary")
        op.create_primary_key("pk_notice_item", "notice_item", ["notice_id", "item", "since_version"])
        op.add_column("notice_item", sa.Column("until_version", sa.SmallInteger(), nullable=True))
        op.add_column(
            "notice_item", sa.Column("party", sa.String(length=80), server_default="", nullable=False)
        )
        op.add_column("notice_item", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(
            "notice_item", sa.Column("asks", sa.String(length=8), server_default="", nullable=False)
        )
        return
    op.rename_table("notice_item", "notice_item_before")
    op.create_table(
        "notice_item",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=16), nullable=False),
        sa.Column("since_version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("until_version", sa.SmallInteger(), nullable=True),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("party", sa.String(length=80), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asks", sa.String(length=8), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_item_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "item", "since_version", name=op.f("pk_notice_item")),
    )
    op.execute(
        "INSERT INTO notice_item (notice_id, item, since_version, position, text) "
        "SELECT notice_id, item, since_version, position, text FROM notice_item_before"
    )
    op.drop_table("notice_item_before")

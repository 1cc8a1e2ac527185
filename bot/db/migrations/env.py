"""How Alembic runs our migrations: on the connection it is handed, in the caller's transaction."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from bot.db import schema


def render(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Our types and defaults as plain SQLAlchemy: a migration must not change when the code does."""
    if kind == "type" and isinstance(item, schema.Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "server_default" and isinstance(item, sa.DefaultClause):
        if isinstance(item.arg, sa.sql.elements.False_):
            return "sa.false()"
        if isinstance(item.arg, sa.sql.elements.True_):
            return "sa.true()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    render_item=render,
    transactional_ddl=True,
)
context.run_migrations()

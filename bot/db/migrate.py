"""Migrations: bringing a database's tables to what this version needs; there is no way down but a backup."""

import importlib
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from alembic import command, config, script
from alembic import util as alembic_util
from alembic.operations import ops as operations
from alembic.runtime import migration

from bot import errors
from bot.db import urls, versions

T = TypeVar("T")

UPGRADING = 7_072_021  # PostgreSQL advisory lock: two processes released together migrate one after the other


def upgrade(url: str) -> None:
    """Bring the database to the newest revision, in one transaction; nothing changes if it is there already.

    Not to be called inside a running event loop; there, `await asyncio.to_thread(migrate.upgrade, url)`.

    Raises:
        DatabaseAway: the database cannot be reached.
        SchemaBehind: the database was migrated by a newer version than this one.
    """
    exclusively(url, lambda connection: bring(connection, "head"))


def exclusively(url: str, body: Callable[[sa.Connection], T]) -> T:
    """Run the body in one transaction, in which nobody else changes the schema.

    Raises:
        DatabaseAway: the database cannot be reached.
    """

    def alone(connection: sa.Connection) -> T:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADING)))
        return body(connection)

    return versions.run(urls.parse(url), alone)


def bring(connection: sa.Connection, revision: str) -> None:
    """Upgrade to this revision (or `head`) in the caller's transaction.

    Raises:
        SchemaBehind: the database was migrated by a newer version than this one.
    """
    try:
        command.upgrade(_config(connection), revision)
    except alembic_util.CommandError as fault:
        raise errors.SchemaBehind(f"数据库的版本这个程序不认识,请用更新的程序:{fault}") from fault


def revisions() -> frozenset[str]:
    """Every revision this version knows."""
    return frozenset(one.revision for one in script.ScriptDirectory(str(versions.SCRIPTS)).walk_revisions())


def generate(message: str) -> pathlib.Path | None:
    """Write what the models ask beyond the migrations as the next one; None if they ask nothing."""
    import_models()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/empty.db"
        upgrade(url)

        def body(connection: sa.Connection) -> pathlib.Path | None:
            revision = command.revision(
                _config(connection),
                message,
                autogenerate=True,
                rev_id=_next_id(),
                process_revision_directives=_drop_if_empty,
            )
            return pathlib.Path(revision.path) if isinstance(revision, script.Script) else None

        return versions.run(urls.parse(url), body)


def import_models() -> None:
    """Hang every feature's tables on the metadata; found as files, since db may not know the features."""
    package = pathlib.Path(__file__).parents[1]
    for path in sorted(package.glob("*/model.py")):
        if "from bot.db import" not in path.read_text(encoding="utf-8"):
            continue  # the pretend Telegram has a model too, and no table
        importlib.import_module(f"{package.name}.{path.parent.name}.model")


def _config(connection: sa.Connection) -> config.Config:
    settings = config.Config()
    settings.set_main_option("script_location", str(versions.SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def _drop_if_empty(
    _context: migration.MigrationContext,
    _revision: object,
    directives: list[operations.MigrationScript],
) -> None:
    if all(directive.upgrade_ops is None or directive.upgrade_ops.is_empty() for directive in directives):
        directives.clear()


def _next_id() -> str:
    newest = versions.head()
    return f"{int(newest) + 1 if newest else 1:04d}"


if __name__ == "__main__":  # make migration m="…"
    written = generate(sys.argv[1])
    sys.stdout.write(f"{written or 'the models ask for nothing new'}\n")

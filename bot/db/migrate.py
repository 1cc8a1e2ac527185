"""Migrations: bringing a database's tables to what this version needs; there is no way down but a backup."""

import asyncio
import contextlib
import importlib
import pathlib
import sys
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command, config, script
from alembic import util as alembic_util
from alembic.operations import ops as operations
from alembic.runtime import migration
from sqlalchemy import event, exc, pool
from sqlalchemy.ext import asyncio as sa_async

from bot import errors
from bot.db import urls

T = TypeVar("T")

SCRIPTS = pathlib.Path(__file__).parent / "migrations"
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

    return _run(urls.parse(url), alone)


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
    return frozenset(one.revision for one in script.ScriptDirectory(str(SCRIPTS)).walk_revisions())


def ready(url: str) -> None:
    """A new database gets its tables; one of another version is refused.

    Raises:
        Refused: run `db upgrade` first.
    """
    there, needed = current(url), head()
    if there is None:
        upgrade(url)
    elif there != needed:
        raise errors.Refused(f"数据库的表是 {there} 版,程序要 {needed} 版。请先运行 xiaoan db upgrade")


def current(url: str) -> str | None:
    """The revision the database is at; None before the first upgrade.

    Raises:
        DatabaseAway: the database cannot be reached.
    """
    address = urls.parse(url)
    file = urls.sqlite_file(address)
    if file is not None and not file.exists():
        return None
    return _run(address, current_in)


def current_in(tx: sa.Connection) -> str | None:
    """As `current`, in a transaction that is open already."""
    return migration.MigrationContext.configure(tx).get_current_revision()


def head() -> str | None:
    """The revision this version needs; None only before the first migration was written."""
    return script.ScriptDirectory(str(SCRIPTS)).get_current_head()


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

        return _run(urls.parse(url), body)


def import_models() -> None:
    """Hang every feature's tables on the metadata; found as files, since db may not know the features."""
    package = pathlib.Path(__file__).parents[1]
    for path in sorted(package.glob("*/model.py")):
        if "from bot.db import" not in path.read_text(encoding="utf-8"):
            continue  # the pretend Telegram has a model too, and no table
        importlib.import_module(f"{package.name}.{path.parent.name}.model")


def _config(connection: sa.Connection) -> config.Config:
    settings = config.Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
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
    newest = head()
    return f"{int(newest) + 1 if newest else 1:04d}"


def _run(address: sa.URL, body: Callable[[sa.Connection], T]) -> T:
    """Run the body in one transaction of a connection of its own."""
    try:
        if address.get_backend_name() == "sqlite":
            return _run_on_sqlite(address, body)
        return asyncio.run(_run_on_postgresql(address, body))
    except (OSError, exc.OperationalError, exc.InterfaceError) as fault:
        raise errors.DatabaseAway(str(getattr(fault, "orig", None) or fault)) from fault


def _run_on_sqlite(address: sa.URL, body: Callable[[sa.Connection], T]) -> T:
    file = urls.sqlite_file(address)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)  # names and phone numbers: for the one who runs the bot, and nobody else
    engine = sa.create_engine(address, poolclass=pool.NullPool)

    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver would begin too late to hold the DDL

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        return body(connection)


async def _run_on_postgresql(address: sa.URL, body: Callable[[sa.Connection], T]) -> T:
    engine = sa_async.create_async_engine(address, poolclass=pool.NullPool)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        connection = await stack.enter_async_context(engine.begin())
        return await connection.run_sync(body)


if __name__ == "__main__":  # make migration m="…"
    written = generate(sys.argv[1])
    sys.stdout.write(f"{written or 'the models ask for nothing new'}\n")

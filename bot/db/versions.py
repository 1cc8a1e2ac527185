"""Which version the tables are at, and which this program needs; told without Alembic, which takes a tenth of a start."""

import asyncio
import contextlib
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc, pool
from sqlalchemy.ext import asyncio as sa_async

from bot import errors
from bot.db import urls

T = TypeVar("T")

SCRIPTS = pathlib.Path(__file__).parent / "migrations"
TABLE = "alembic_version"  # Alembic's own, with one row


def ready(url: str) -> None:
    """A new database gets its tables; one of another version is refused.

    Raises:
        Refused: run `db upgrade` first.
    """
    there, needed = current(url), head()
    if there is None:
        from bot.db import migrate  # noqa: PLC0415 - for a new database only

        migrate.upgrade(url)
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
    return run(address, current_in)


def current_in(tx: sa.Connection) -> str | None:
    """As `current`, in a transaction that is open already."""
    if not sa.inspect(tx).has_table(TABLE):
        return None
    found: str | None = tx.execute(sa.text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608 - ours
    return found


def head() -> str | None:
    """The revision this version needs: each file's name begins with its own; None before the first was written."""
    return max((path.name.partition("_")[0] for path in SCRIPTS.glob("versions/[0-9]*_*.py")), default=None)


def run(address: sa.URL, body: Callable[[sa.Connection], T]) -> T:
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

"""Writing everything a database holds into one portable file, from one snapshot, while others read and write."""

import contextlib
import datetime as dt
import os
import pathlib
import secrets
from collections.abc import Iterator
from typing import IO

import sqlalchemy as sa
from alembic.runtime import migration

from bot import errors
from bot.db import archive, urls

AT_A_TIME = 1000  # rows in memory
VERSION_TABLE = "alembic_version"  # the manifest says it
BESIDE_SQLITE = ("", "-wal", "-shm", "-journal", ".lock")


def write(tx: sa.Connection, file: pathlib.Path, *, at: dt.datetime, version: str) -> archive.Manifest:
    """The file holds all rows of the snapshot `tx`; it is there whole or not at all, readable by its owner only.

    A backup of this name is replaced, no other file. Tables are read as the database has them, whatever version made them.

    Raises:
        Refused: an empty database, a name that is no file's, or a disk that does not take it.
    """
    file = file.resolve()
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        _refuse(tx, file)
        file.parent.mkdir(parents=True, exist_ok=True)
        with _private(part) as out:
            manifest = _fill(tx, out, at, version)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
        _sync(file.parent)
    except OSError as fault:
        raise errors.Refused(f"{file}:写不了({fault.strerror})") from fault
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return manifest


def tables(tx: sa.Connection) -> list[sa.TableClause]:
    """The tables there are, each behind those it refers to, with the columns' types as the database tells them."""
    inspector = sa.inspect(tx)
    ordered = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
    return [
        sa.table(name, *(sa.column(c["name"], c["type"]) for c in inspector.get_columns(name)))
        for name in ordered
        if name != VERSION_TABLE
    ]


def _refuse(tx: sa.Connection, file: pathlib.Path) -> None:
    if file.is_dir():
        raise errors.Refused(f"{file}:是一个文件夹,请写文件名,如 {file / 'xiaoan.zip'}")
    if file.exists() and not file.is_file():
        raise errors.Refused(f"{file}:不是普通文件,不能写在这里")
    database = urls.sqlite_file(tx.engine.url)
    if database is not None and str(file) in {f"{database.resolve()}{end}" for end in BESIDE_SQLITE}:
        raise errors.Refused(f"{file}:这是正在用的数据库,备份请写到别的文件")
    if file.exists() and file.stat().st_size and not archive.is_one(file):
        raise errors.Refused(f"{file}:已有这个文件,又不是备份,不覆盖。请换一个文件名")


def _fill(tx: sa.Connection, out: IO[bytes], at: dt.datetime, version: str) -> archive.Manifest:
    revision = migration.MigrationContext.configure(tx).get_current_revision()
    if revision is None:
        raise errors.Refused("数据库里还没有表,没有什么可以备份")
    primary = sa.inspect(tx).get_pk_constraint
    with archive.Writer(out) as writer:
        written = []
        for table in tables(tx):
            order = primary(table.name)["constrained_columns"]
            written.append(writer.add(table.name, tuple(table.c.keys()), _rows(tx, table, order)))
        manifest = archive.Manifest(version, revision, at, tx.dialect.name, tuple(written))
        writer.finish(manifest)
    return manifest


def _rows(tx: sa.Connection, table: sa.TableClause, order: list[str]) -> Iterator[archive.Row]:
    query = sa.select(table).order_by(*(table.c[name] for name in order))
    for row in tx.execute(query, execution_options={"yield_per": AT_A_TIME}):
        yield list(row)


@contextlib.contextmanager
def _private(part: pathlib.Path) -> Iterator[IO[bytes]]:
    """A new file nobody else may read: it holds names and phone numbers."""
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        yield out


def _sync(folder: pathlib.Path) -> None:
    """The new name survives a power cut too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

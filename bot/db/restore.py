"""Bringing a backup into an empty database of either kind: all of it or nothing."""

import datetime as dt
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy import exc

from bot import errors
from bot.db import archive, backup, migrate, schema

Values = dict[str, object]


def load(url: str, file: pathlib.Path) -> archive.Manifest:
    """The database holds what the file holds, at this version's revision; what that was.

    The file is checked to its last byte before the database is touched. Not to be called inside a running event
    loop, nor beside a running bot.

    Raises:
        Refused: the file is no whole backup of ours, or the database is not empty.
        DatabaseAway: the database cannot be reached.
    """
    with archive.Archive.open(file) as saved:
        if saved.manifest.revision not in migrate.revisions():
            raise errors.Refused(
                f"{file}:是更新的程序做的备份(表是 {saved.manifest.revision} 版),请用更新的程序"
            )
        migrate.exclusively(url, lambda tx: _load(tx, saved))
        return saved.manifest


def _load(tx: sa.Connection, saved: archive.Archive) -> None:
    _make_bare(tx)
    migrate.bring(tx, saved.manifest.revision)
    there = {table.name: table for table in backup.tables(tx)}
    asked = {table.name: set(table.columns) for table in saved.manifest.tables}
    if asked != {name: set(table.c.keys()) for name, table in there.items()}:
        raise errors.Refused(f"{saved.file}:里面的表和 {saved.manifest.revision} 版的不一样,不是校安做的备份")
    for table in saved.manifest.tables:
        _fill(tx, saved, table, there[table.name])
    if tx.dialect.name == "postgresql":
        for one in there.values():
            _count_on(tx, one)
    elif tx.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise errors.Refused(f"{saved.file}:里面的表互相对不上,不能恢复")
    migrate.bring(tx, "head")


def _make_bare(tx: sa.Connection) -> None:
    """A database with our tables and no row in them counts as empty; the tables go, to be made as they were then.

    Raises:
        Refused: a row, or a table that is not ours.
    """
    migrate.import_models()
    found = [name for name in sa.inspect(tx).get_table_names() if name != backup.VERSION_TABLE]
    foreign = sorted(set(found) - set(schema.metadata.tables))
    if foreign:
        raise errors.Refused(f"数据库里有别的表({foreign[0]}),只能恢复到空的数据库")
    for name in found:
        if tx.execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)).first() is not None:
            raise errors.Refused(
                f"数据库里已有数据({name}),只能恢复到空的数据库:请换一个 DATABASE_URL,或先移走旧的"
            )
    ours = [table for name, table in schema.metadata.tables.items() if name in found]
    schema.metadata.drop_all(tx, tables=ours)
    tx.execute(sa.text(f"DROP TABLE IF EXISTS {backup.VERSION_TABLE}"))


def _fill(tx: sa.Connection, saved: archive.Archive, table: archive.Table, into: sa.TableClause) -> None:
    """All rows of one table. What refers to its own table is set once all of them are there."""
    inspector = sa.inspect(tx)
    keys = inspector.get_pk_constraint(into.name)["constrained_columns"]
    own = {
        column
        for key in inspector.get_foreign_keys(into.name)
        if key["referred_table"] == into.name
        for column in key["constrained_columns"]
    }
    first = (row | dict.fromkeys(own) for row in _values(tx, saved, table, into))
    _in_batches(tx, table, into.insert(), first)
    if own:
        same = sa.and_(*(into.c[key] == sa.bindparam(f"the_{key}") for key in keys))
        change = into.update().where(same).values({name: sa.bindparam(f"new_{name}") for name in own})
        later = (
            {f"the_{key}": row[key] for key in keys} | {f"new_{name}": row[name] for name in own}
            for row in _values(tx, saved, table, into)
            if any(row[name] is not None for name in own)
        )
        _in_batches(tx, table, change, later)


def _in_batches(
    tx: sa.Connection, table: archive.Table, statement: sa.Executable, rows: Iterator[Values]
) -> None:
    done = 0
    while batch := list(itertools.islice(rows, backup.AT_A_TIME)):
        try:
            tx.execute(statement, batch)
        except exc.DBAPIError as fault:
            if fault.connection_invalidated or isinstance(fault, exc.OperationalError | exc.InterfaceError):
                raise
            where = f"{table.entry} 第 {done + 1}–{done + len(batch)} 行"
            raise errors.Refused(
                f"{where}放不进这个数据库({type(fault.orig).__name__}),什么都没有改"
            ) from fault
        done += len(batch)


def _values(
    tx: sa.Connection, saved: archive.Archive, table: archive.Table, into: sa.TableClause
) -> Iterable[Values]:
    readers = [_reader(into.c[name].type, tx.dialect.name) for name in table.columns]
    for row in saved.rows(table):
        yield {
            name: value if value is None or read is None else read(value)
            for name, read, value in zip(table.columns, readers, row, strict=True)
        }


def _reader(kind: sa.types.TypeEngine[object], dialect: str) -> Callable[[str], object] | None:
    """How a JSON value becomes one of this column; None where it is one already."""
    if isinstance(kind, sa.DateTime):
        return _naive if dialect == "sqlite" else dt.datetime.fromisoformat
    return dt.date.fromisoformat if isinstance(kind, sa.Date) else None


def _naive(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=None)


def _count_on(tx: sa.Connection, table: sa.TableClause) -> None:
    """PostgreSQL numbers new rows from a sequence, which rows with numbers of their own do not move."""
    for column in table.c:
        find = sa.func.pg_get_serial_sequence(table.name, column.name)
        sequence = tx.execute(sa.select(find)).scalar()
        if (
            sequence is not None
            and (largest := tx.execute(sa.select(sa.func.max(column))).scalar()) is not None
        ):
            tx.execute(sa.select(sa.func.setval(sa.cast(sequence, sa.dialects.postgresql.REGCLASS), largest)))

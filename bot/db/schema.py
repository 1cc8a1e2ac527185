"""Column types and the one MetaData every table hangs on; no table lives here."""

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext import compiler
from sqlalchemy.sql import functions

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite only autoincrements a column typed exactly INTEGER; Telegram ids reach 52 bits.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TelegramId = sa.BigInteger()


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An aware UTC datetime on both databases; a naive one is refused when it is bound."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"naive datetime {value!r}: every instant carries its offset")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class _Ids(sa.types.TypeDecorator[Iterable[int]]):
    """Many ids as one value."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(
            sa.Text() if dialect.name == "sqlite" else postgresql.ARRAY(sa.BigInteger)
        )

    def process_bind_param(self, value: Iterable[int] | None, dialect: sa.Dialect) -> str | list[int] | None:
        ids = list(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class _Among(functions.FunctionElement[bool]):
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> Self:
        """A condition as it stands: followed by `= 1`, as SQLite's booleans are, no key would be used for it."""
        del against
        return self


@compiler.compiles(_Among, "postgresql")
def _any_of_the_array(element: _Among, compiling: Any, **options: Any) -> str:
    column, ids = element.clauses
    return f"{compiling.process(column, **options)} = ANY ({compiling.process(ids, **options)})"


@compiler.compiles(_Among, "sqlite")
def _in_the_list(element: _Among, compiling: Any, **options: Any) -> str:
    column, ids = element.clauses
    listed = compiling.process(ids, **options)
    return f"{compiling.process(column, **options)} IN (SELECT value FROM json_each({listed}))"  # noqa: S608


def among(column: sa.ColumnElement[int], name: str) -> sa.ColumnElement[bool]:
    """Whether the column is one of the ids in the parameter of this name: one statement, however many they are.

    `IN` with a parameter for each is another statement for every length, and `executemany` a step for every row.
    """
    return _Among(column, sa.bindparam(name, type_=_Ids()))

"""A connection of its own on a SQLite file; each test rolls it back."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.db import engines, urls


@pytest.fixture(scope="module")
def connection(sqlite_template, tmp_path_factory) -> Iterator[sa.Connection]:
    file = tmp_path_factory.mktemp("retention") / "bot.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = engines._sqlite(urls.parse(f"sqlite:///{file}"), "BEGIN IMMEDIATE", read_only=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def tx(connection) -> Iterator[sa.Connection]:
    """A transaction of which nothing is kept."""
    with connection.begin() as transaction:
        yield connection
        transaction.rollback()

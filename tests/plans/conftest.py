"""The town of `town`, on a SQLite database in memory."""

import pathlib
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from bot.db import migrate, schema
from tests.plans.town import Town, at


@pytest.fixture
def tx() -> Iterator[sa.Connection]:
    """One transaction on empty tables, kept nowhere."""
    migrate.import_models()
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        schema.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def town(tx: sa.Connection, tmp_path: pathlib.Path) -> Callable[[str], Town]:
    """The town as it stands at a moment."""

    def stands(when: str) -> Town:
        return Town(tx, tmp_path, at(when))

    return stands

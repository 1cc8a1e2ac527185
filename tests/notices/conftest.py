"""A small city on a SQLite database in memory."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.db import schema
from tests.notices.world import World


@pytest.fixture
def tx() -> Iterator[sa.Connection]:
    """One transaction on empty tables, kept nowhere."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        schema.metadata.create_all(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def city(tx: sa.Connection) -> World:
    """The city of `counter`, armed, nobody enrolled."""
    return World(tx)

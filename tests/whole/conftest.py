"""A city a test, on each kind of database in turn or on SQLite alone."""

import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable

import pytest

from tests.whole import driver
from tests.whole.driver import City

Found = Callable[..., contextlib.AbstractAsyncContextManager[City]]


@pytest.fixture
def found(tmp_path: pathlib.Path, run_folder: pathlib.Path) -> Found:
    """Founds a city on a database: `async with found(url, at=…) as town`."""
    return lambda url, **options: driver.city(url, tmp_path, run_folder / "compiled", **options)


@pytest.fixture
async def town(found: Found, database_url: str) -> AsyncIterator[City]:
    """A city that lives by the machine's clock: the product exactly as it ships."""
    async with found(database_url) as made:
        yield made


@pytest.fixture
async def workday(found: Found, database_url: str) -> AsyncIterator[City]:
    """A city in which it is Wednesday, 30 September 2026, 14:00, and time passes when the test says so."""
    async with found(database_url, at="2026-09-30 14:00:00") as made:
        yield made

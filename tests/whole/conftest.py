"""A city a test, on each kind of database in turn; most of its commands forked from one warm process."""

import contextlib
import pathlib
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.whole import driver, warm
from tests.whole.driver import City

WORKDAY = "2026-09-30 13:00:00"
Found = Callable[..., contextlib.AbstractAsyncContextManager[City]]


@pytest.fixture(scope="session")
def compiled(pytestconfig: pytest.Config) -> pathlib.Path:
    """Where processes keep compiled modules, from one run to the next: compiling takes longer than most tests."""
    return pytestconfig.cache.mkdir("compiled")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forge(run_folder: pathlib.Path, compiled: pathlib.Path) -> AsyncIterator[warm.Warm]:
    """The process all commands but the cold ones are forked from."""
    async with warm.process(run_folder, driver.interpreter(compiled)) as ready:
        yield ready


@pytest.fixture
def cold(tmp_path: pathlib.Path, compiled: pathlib.Path) -> Found:
    """Founds a city on a database, every command of which is `python -m bot …` started from nothing."""
    return lambda url, **options: driver.city(url, tmp_path, compiled, **options)


@pytest.fixture
def found(cold: Found, forge: warm.Warm) -> Found:
    """Founds a city on a database: `async with found(url, at="2026-09-30 13:00") as town`."""
    return lambda url, **options: cold(url, warm=forge, **options)


@pytest.fixture
def cold_on_postgresql(cold: Found, found: Found, database_kind: str) -> Found:
    """Founds a city whose commands are started from nothing on one kind of database: it is the same start."""
    return cold if database_kind == "postgresql" else found


@pytest.fixture
async def town(found: Found, database_url: str) -> AsyncIterator[City]:
    """A city that lives by the machine's clock."""
    async with found(database_url) as made:
        yield made


@pytest.fixture
async def small_town(found: Found, sqlite_url: str) -> AsyncIterator[City]:
    """A city on SQLite alone, for what does not depend on the database; a workday, as below."""
    async with found(sqlite_url, at=WORKDAY) as made:
        yield made


@pytest.fixture
async def workday(found: Found, database_url: str) -> AsyncIterator[City]:
    """A city in which it is Wednesday, 30 September 2026, 13:00, and time passes when the test says so."""
    async with found(database_url, at=WORKDAY) as made:
        yield made

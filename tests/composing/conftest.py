"""The bureau's desk: quick on a copied file of SQLite; on each kind of database where processes or rows race."""

import asyncio
import pathlib
import shutil
from collections.abc import AsyncIterator

import pytest

from bot import clock
from bot.db import Database
from tests.composing.desk import Bureau


@pytest.fixture(scope="session")
def founded(sqlite_template: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A file in which the roster is in, sending allowed, everybody enrolled."""
    folder = tmp_path_factory.mktemp("desk")
    file = shutil.copyfile(sqlite_template, folder / "bot.db")

    async def found() -> None:
        db = await Database.open(f"sqlite:///{file}", clock=clock.system)
        await Bureau(db).found(folder)
        await db.close()

    asyncio.run(found())
    return file


@pytest.fixture
def desk_url(founded: pathlib.Path, tmp_path: pathlib.Path) -> str:
    """A copy of it."""
    return f"sqlite:///{shutil.copyfile(founded, tmp_path / 'bot.db')}"


@pytest.fixture
async def bureau(desk_url: str) -> AsyncIterator[Bureau]:
    """Wednesday, 30 September 2026, 15:06, armed, everybody in."""
    db = await Database.open(desk_url, clock=clock.system)
    made = Bureau(db)
    db.now = lambda: made.now
    yield made
    await db.close()


@pytest.fixture
async def each_bureau(db: Database, tmp_path: pathlib.Path) -> Bureau:
    """The same on each kind of database in turn."""
    made = Bureau(db)
    await made.found(tmp_path)
    return made

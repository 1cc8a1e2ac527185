"""The short chaos; the long one is `make chaos`."""

import pathlib
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.chaos import chaos, lives, postgresql

pytestmark = pytest.mark.asyncio(loop_scope="module")
SEED = 7


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[lives.Forge]:
    async with lives.forge(tmp_path_factory.mktemp("lives")) as made:
        yield made


@pytest.fixture
def own_server(run_folder: pathlib.Path) -> Iterator[postgresql.Server]:
    """Not the one that other tests share: this one is struck down."""
    folder = run_folder / "chaos"
    folder.mkdir()
    with postgresql.server(folder) as server:
        yield server


async def test_nothing_is_lost_and_no_copy_is_unmarked(forge: lives.Forge, sqlite_url: str) -> None:
    report = await chaos.run(sqlite_url, forge, chaos.short(SEED, roles=chaos.ALONE))
    print(report)
    assert not report.faults


@pytest.mark.postgresql
async def test_nor_by_three_processes(forge: lives.Forge, own_server: postgresql.Server) -> None:
    plan = chaos.short(SEED, roles=chaos.SEVERAL)
    report = await chaos.run(own_server.url, forge, plan, restart=own_server.restart)
    print(report)
    assert not report.faults

"""The short chaos; the long one is `make chaos`."""

import pathlib
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.chaos import chaos, ledger, lives, postgresql

pytestmark = pytest.mark.asyncio(loop_scope="module")
SEED = 7
ONE_SCHOOL = chaos.Plan(1, chaos.ALONE, schools=1, rounds=1, kills=0, outage_s=0, long_outage_s=0)


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


# ── death after death ──────────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture(loop_scope="module")
async def it(forge: lives.Forge, sqlite_url: str) -> AsyncIterator[chaos.Chaos]:
    async with chaos.stage(sqlite_url, forge, ONE_SCHOOL) as made:
        await made.publish()
        yield made
        forge.end_all()


def texts(it: chaos.Chaos) -> list[str]:
    (school,) = it.book.schools
    return [message.text for message in it.book.copies[1, school.chat.id]]


async def life(it: chaos.Chaos, step: str = "", roles: str = "all") -> None:
    """Another life; if it is to die at a step, it has."""
    made = await it.forge.begin(it.settings | {"roles": roles}, step=step, nth=1)
    if step:
        await made.ended.wait()
        assert made.step == step
        it.forge.clock.leap(chaos.LEASES_S)


async def test_a_card_that_was_under_way_at_two_deaths_is_shown_all_the_same(it: chaos.Chaos) -> None:
    await life(it, "before_call")
    await life(it, "before_call")
    assert not texts(it)
    await life(it)
    await it.sim.until(lambda: texts(it), timeout=5)
    assert texts(it)[0].startswith(ledger.MARK)


async def test_a_second_copy_of_an_answered_card_says_so_too(it: chaos.Chaos) -> None:
    (school,) = it.book.schools
    await life(it, "after_call")
    (first,) = it.book.copies[1, school.chat.id]
    it.book.press(school, 1, "yes", first)
    await life(it, "committed", roles="intake")  # nobody sends: that the first is there is not known yet
    await life(it)
    await it.sim.until(lambda: len(texts(it)) == 2 or first.edits)
    assert all(text.startswith(ledger.MARK) for text in texts(it)[1:])

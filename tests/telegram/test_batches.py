"""Many small writes as one."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence

import pytest

from bot import errors
from bot.telegram.batches import Batches


class Doing:
    """Notes each batch; waits while the gate is shut; fails at what is in `bad`."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.bad: dict[int, Exception] = {}
        self.seen: list[list[int]] = []
        self.gate = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.batches = Batches(self.do, lambda work: self.tasks.append(tasks.create_task(work)))

    async def do(self, asked: Sequence[int]) -> Sequence[int]:
        self.seen.append(list(asked))
        await self.gate.wait()
        for number in set(asked) & self.bad.keys():
            raise self.bad[number]
        return [number * 10 for number in asked]

    async def ask(self, *numbers: int) -> list[int | BaseException]:
        return await asyncio.gather(*(self.batches(number) for number in numbers), return_exceptions=True)


@pytest.fixture
async def doing() -> AsyncIterator[Doing]:
    async with asyncio.TaskGroup() as tasks:
        yield Doing(tasks)


async def test_what_is_asked_while_one_runs_is_done_together_in_the_next(doing) -> None:
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(doing.ask(1))
        await asyncio.sleep(0.01)
        rest = tasks.create_task(doing.ask(2, 3, 4))
        await asyncio.sleep(0.01)
        doing.gate.set()
    assert (first.result(), rest.result()) == ([10], [20, 30, 40])
    assert doing.seen == [[1], [2, 3, 4]]


async def test_one_that_cannot_be_done_fails_alone(doing) -> None:
    doing.bad[3] = ValueError("bad")
    doing.gate.set()
    done, two, three, four = await asyncio.gather(doing.ask(1), doing.ask(2), doing.ask(3), doing.ask(4))
    assert (done, two, four) == ([10], [20], [40])
    assert isinstance(three[0], ValueError)


async def test_a_database_that_is_away_is_not_asked_for_each(doing) -> None:
    doing.bad[3] = errors.DatabaseAway("gone")
    doing.gate.set()
    ended = await doing.ask(1, 2, 3, 4)
    assert [type(one) for one in ended] == [errors.DatabaseAway] * 4
    assert doing.seen == [[1, 2, 3, 4]]


async def test_who_gives_up_takes_nobody_along(doing) -> None:
    async with asyncio.TaskGroup() as tasks:
        first, second, third = (tasks.create_task(doing.batches(number)) for number in (1, 2, 3))
        await asyncio.sleep(0.01)
        first.cancel()
        second.cancel()
        await asyncio.sleep(0.01)
        doing.gate.set()
        assert await third == 30
    assert [first.cancelled(), second.cancelled()] == [True, True]
    assert sorted(itertools.chain(*doing.seen)) == [1, 2, 3]
    assert await doing.ask(5) == [50]


async def test_nobody_waits_for_ever_if_the_work_is_cancelled(doing) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(doing.batches(number)) for number in (1, 2)]
        await asyncio.sleep(0.01)
        later = tasks.create_task(doing.batches(3))
        await asyncio.sleep(0.01)
        doing.tasks[0].cancel()
        async with asyncio.timeout(1):
            await asyncio.wait({*asked, later})
    assert all(one.cancelled() for one in (*asked, later))
    doing.gate.set()
    assert await doing.ask(5) == [50]

"""Many small writes as one."""

import asyncio
from collections.abc import Sequence

from bot.telegram.batches import Batches


class Doing:
    """Notes each batch; waits while the gate is shut; fails at what is in `bad`."""

    def __init__(self, *bad: int) -> None:
        self.bad = bad
        self.seen: list[list[int]] = []
        self.gate = asyncio.Event()
        self.batches = Batches(self.do)

    async def do(self, asked: Sequence[int]) -> Sequence[int]:
        self.seen.append(list(asked))
        await self.gate.wait()
        if set(asked) & set(self.bad):
            raise ValueError(asked)
        return [number * 10 for number in asked]

    async def ask(self, *numbers: int) -> list[int | BaseException]:
        return await asyncio.gather(*(self.batches(number) for number in numbers), return_exceptions=True)


async def test_what_is_asked_while_one_runs_is_done_together_in_the_next() -> None:
    doing = Doing()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(doing.ask(1))
        await asyncio.sleep(0)
        rest = tasks.create_task(doing.ask(2, 3, 4))
        await asyncio.sleep(0.01)
        doing.gate.set()
    assert (first.result(), rest.result()) == ([10], [20, 30, 40])
    assert doing.seen == [[1], [2, 3, 4]]


async def test_one_that_cannot_be_done_fails_alone() -> None:
    doing = Doing(3)
    doing.gate.set()
    done, two, three, four = await asyncio.gather(doing.ask(1), doing.ask(2), doing.ask(3), doing.ask(4))
    assert (done, two, four) == ([10], [20], [40])
    assert isinstance(three[0], ValueError)


async def test_nobody_waits_for_ever_behind_one_who_was_cancelled() -> None:
    doing = Doing()
    async with asyncio.TaskGroup() as tasks:
        first, leader, follower = (tasks.create_task(doing.batches(number)) for number in (1, 2, 3))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.01)
        assert doing.seen == [[1], [2, 3]]
        leader.cancel()
        async with asyncio.timeout(1):
            await asyncio.wait({follower})
    assert follower.cancelled()
    doing.gate.set()
    assert await doing.ask(5) == [50]

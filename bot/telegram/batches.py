"""Many small writes as one: whatever is asked for while a transaction runs is done together in the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batches(Generic[T, R]):
    """Calls `do` with everything that waits, one batch at a time; nobody waits for others to come.

    Args:
        do: takes what was asked, in the order of asking, and gives a result for each. If it raises, each is tried by
            itself, so that one that cannot be done fails alone.
    """

    def __init__(self, do: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        self._do = do
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._turn = asyncio.Lock()

    async def __call__(self, asked: T) -> R:
        """Have this done, and its result: by ourselves, with all who wait, or by one of them before our turn."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        async with self._turn:
            if not future.done():
                taken, self._waiting = self._waiting, []
                try:
                    await self._together(taken)
                finally:  # we were cancelled: so are those we have taken along
                    for _, other in taken:
                        other.cancel()
        return future.result()

    async def _together(self, taken: list[tuple[T, "asyncio.Future[R]"]]) -> None:
        try:
            results = await self._do([asked for asked, _ in taken])
        except Exception as fault:  # noqa: BLE001 - handed to whoever asked
            if len(taken) == 1:
                taken[0][1].set_exception(fault)
                return
            for one in taken:
                await self._together([one])
            return
        for (_, future), result in zip(taken, results, strict=True):
            future.set_result(result)

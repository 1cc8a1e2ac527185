"""Many small writes as one: whatever is asked for while a transaction runs is done together in the next."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from bot import errors

T = TypeVar("T")
R = TypeVar("R")
Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], object]


class Batches(Generic[T, R]):
    """Calls `do` with everything that waits, one batch at a time; nobody waits for others to come.

    Whoever asked may give up: what was asked is done all the same, for him and for those beside him.

    Args:
        do: takes what was asked, in the order of asking, and gives a result for each. If it raises, each is tried by
            itself, so that one that cannot be done fails alone; a database that is away is away for all.
        spawn: starts a task that somebody owns.
    """

    def __init__(self, do: Callable[[Sequence[T]], Awaitable[Sequence[R]]], spawn: Spawn) -> None:
        self._do = do
        self._spawn = spawn
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._is_at_work = False

    async def __call__(self, asked: T) -> R:
        """Have this done, together with whatever else waits, and its result."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if not self._is_at_work:
            self._is_at_work = True
            self._spawn(self._work())
        return await future

    async def _work(self) -> None:
        taken: list[tuple[T, asyncio.Future[R]]] = []
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                await self._together(taken)
        finally:  # if we were cancelled, nobody is kept waiting for ever
            self._is_at_work = False
            left, self._waiting = [*taken, *self._waiting], []
            for _, future in left:
                future.cancel()

    async def _together(self, taken: list[tuple[T, "asyncio.Future[R]"]]) -> None:
        try:
            results = await self._do([asked for asked, _ in taken])
        except Exception as fault:  # noqa: BLE001 - handed to whoever asked
            if len(taken) > 1 and not isinstance(fault, errors.DatabaseAway):
                for one in taken:
                    await self._together([one])
                return
            for _, future in taken:
                if not future.done():
                    future.set_exception(fault)
            return
        for (_, future), result in zip(taken, results, strict=True):
            if not future.done():  # he has given up
                future.set_result(result)

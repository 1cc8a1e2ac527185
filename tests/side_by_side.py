"""Two transactions on PostgreSQL, the second begun while the first has done its work and is not committed."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

Verb = Callable[..., Any]
SOON_S = 0.4  # what has not ended by then waits for a lock


async def commit(engine: AsyncEngine, verb: Verb, *args: Any, **kwargs: Any) -> Any:
    """What the verb gives, in a transaction of its own."""
    async with engine.begin() as connection:
        return await connection.run_sync(verb, *args, **kwargs)


async def beside(
    engine: AsyncEngine, first: tuple[Any, ...], second: tuple[Any, ...], *, waits: bool = True
) -> tuple[Any, Any]:
    """What each of two came to; each is a verb and its arguments.

    Args:
        waits: whether the second has to wait for the first to be committed.
    """
    async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
        one = await connection.run_sync(*first)
        other = tasks.create_task(commit(engine, *second))
        await asyncio.wait({other}, timeout=SOON_S)
        assert waits is not other.done()
    return one, other.result()

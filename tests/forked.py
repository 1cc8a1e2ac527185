"""Processes for tests to kill, forked from one that has imported what they do: a second of imports, once."""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from typing import Any

WITHIN_S = 60.0
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.plans.ticking", "tests.telegram.mortal", "tests.web.mortal"])


async def end_of(live: Callable[..., Coroutine[Any, Any, None]], *arguments: str) -> int:
    """Let a process live this until it ends; its exit status, negative: the signal that ended it."""
    process = FORK.Process(target=_run, args=(live, *arguments), daemon=True)
    process.start()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process.sentinel, ended.set)
    try:
        async with asyncio.timeout(WITHIN_S):
            await ended.wait()
    except TimeoutError:
        process.kill()
        raise
    finally:
        loop.remove_reader(process.sentinel)
        process.join()
    assert process.exitcode is not None
    return process.exitcode


def _run(live: Callable[..., Coroutine[Any, Any, None]], *arguments: str) -> None:
    asyncio.run(live(*arguments))

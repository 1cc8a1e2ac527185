"""The metronome: it ends with the tick under way, and not in the middle of it."""

import asyncio
import datetime as dt
import time

from bot.timers import Metronome


async def test_the_tick_under_way_is_finished_and_none_follows() -> None:
    begun, ended = [], []

    async def tick() -> None:
        begun.append(1)
        await asyncio.sleep(0.2)
        ended.append(1)

    metronome = Metronome(tick, every=dt.timedelta(milliseconds=10))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(metronome.run())
        while not begun:  # noqa: ASYNC110 - the tick is under way
            await asyncio.sleep(0.01)
        metronome.stop()
    await asyncio.sleep(0.1)
    assert (len(begun), len(ended)) == (1, 1)


async def test_a_tick_that_fails_is_followed_by_another() -> None:
    ticks = asyncio.Queue[int]()

    async def tick() -> None:
        ticks.put_nowait(1)
        raise ValueError("a fault of one tick")

    metronome = Metronome(tick, every=dt.timedelta(milliseconds=10))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(metronome.run())
        async with asyncio.timeout(5):
            await ticks.get()
            await ticks.get()
        metronome.stop()


async def test_a_tick_that_falls_due_while_the_end_is_under_way_leaves_no_error(caplog) -> None:
    ticks = []

    async def tick() -> None:
        ticks.append(1)

    metronome = Metronome(tick, every=dt.timedelta(milliseconds=50))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(metronome.run())
        await asyncio.sleep(0.01)
        time.sleep(0.1)  # noqa: ASYNC251 - the loop is busy, and the tick falls due meanwhile
        metronome.stop()
        metronome._scheduler.wakeup()  # behind the stop, and before its end
    await asyncio.sleep(0.05)
    assert not ticks
    assert not caplog.records

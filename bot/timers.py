"""Inbound time: one date job that re-arms itself. Timers hold no truth; the rows say what is due."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable

import structlog
from apscheduler.schedulers import asyncio as aps

from bot import errors

log = structlog.get_logger()

STOP_WITHIN_S = 10

Tick = Callable[[], Awaitable[None]]


class Metronome:
    """Calls `tick` again and again until stopped; a late call is still made (misfire_grace_time=None).

    Args:
        tick: does whatever is due; it may raise, the next one comes all the same.
        every: the pause between two ticks.
    """

    def __init__(self, tick: Tick, *, every: dt.timedelta) -> None:
        self._tick = tick
        self._every = every
        self._stopped = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._scheduler = aps.AsyncIOScheduler(timezone=dt.UTC)
        self._is_away = False

    async def run(self) -> None:
        """Tick until stopped; the tick under way is finished, or left after ten seconds: its transactions are whole."""
        self._scheduler.start()
        self._arm()
        try:
            await self._stopped.wait()
            self._scheduler.remove_all_jobs()
            await asyncio.sleep(0)  # a tick that was about to begin sees that it need not
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._at_rest.wait()
        finally:
            self._scheduler.shutdown(wait=False)

    def stop(self) -> None:
        """Tick no more."""
        self._stopped.set()

    def _arm(self) -> None:
        # the scheduler lives by the machine's clock, whatever instant the application calls now
        at = dt.datetime.now(dt.UTC) + self._every  # noqa: TID251
        self._scheduler.add_job(self._beat, "date", run_date=at, misfire_grace_time=None)

    async def _beat(self) -> None:
        if self._stopped.is_set():
            return
        self._at_rest.clear()
        try:
            await self._tick()
            self._is_away = False
        except errors.DatabaseAway:
            if not self._is_away:
                log.warning("database_away", part="timers")
            self._is_away = True
        except Exception:  # one of the four edges: a fault of one tick must not end time
            log.exception("tick_failed")
        finally:
            self._at_rest.set()
            if not self._stopped.is_set():
                self._arm()

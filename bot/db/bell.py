"""How processes on one PostgreSQL wake each other: NOTIFY after a commit. A bell not heard only costs half a second."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import exc
from sqlalchemy.ext import asyncio as sa_async

log = structlog.get_logger()

CHANNEL = "xiaoan_news"
RING_EVERY_S = 0.02  # a thousand presses a second are fifty rings
AGAIN_AFTER_S = 1.0  # when the line was cut
_NOTIFY = sa.text("SELECT pg_notify(:channel, :who)")


class Bell:
    """One process's bell, and its ear for the others'."""

    def __init__(self, engine: sa_async.AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._who = secrets.token_hex(8)
        self._ringing: asyncio.Task[None] | None = None
        self._again = False

    def ring(self) -> None:
        """The others look soon; what rings meanwhile rings once."""
        self._again = True
        if self._ringing is None:
            self._ringing = asyncio.create_task(self._ring())  # noqa: TID251 - ended by `rung` at the latest

    async def rung(self) -> None:
        """Whatever was rung has been sent."""
        if self._ringing is not None:
            await self._ringing

    async def _ring(self) -> None:
        try:
            while self._again:
                self._again = False
                async with self._engine.connect() as connection:
                    await connection.execute(_NOTIFY, {"channel": CHANNEL, "who": self._who})
                await asyncio.sleep(RING_EVERY_S)
        except (exc.SQLAlchemyError, OSError) as fault:
            log.debug("bell_not_rung", fault=type(fault).__name__)
        finally:
            self._ringing = None

    async def listen(self, tell: Callable[[], None]) -> None:
        """Call `tell` whenever another process rings, until cancelled; a line that is cut is laid anew."""

        def heard(_connection: object, _pid: int, _channel: str, who: str) -> None:
            if who != self._who:
                tell()

        while True:
            try:
                async with self._engine.connect() as connection:
                    await _until_cut((await connection.get_raw_connection()).driver_connection, heard)
            except Exception as fault:  # noqa: BLE001 - the driver's own errors too: deaf is slower, and no reason to end
                log.debug("bell_not_heard", fault=type(fault).__name__)
            await asyncio.sleep(AGAIN_AFTER_S)
            tell()  # something may have rung unheard


async def _until_cut(line: Any, heard: Callable[..., None]) -> None:
    cut = asyncio.Event()

    def note(_connection: object) -> None:
        cut.set()

    line.add_termination_listener(note)
    try:
        await line.add_listener(CHANNEL, heard)
        await cut.wait()
    finally:
        line.remove_termination_listener(note)
        if not line.is_closed():
            with contextlib.suppress(Exception):  # the line may be cut at this very moment
                await line.remove_listener(CHANNEL, heard)

"""How a transaction is run on each database: threads of our own for SQLite, asyncpg for PostgreSQL."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc, pool
from sqlalchemy.ext import asyncio as sa_async

from bot.db import bell

T = TypeVar("T")
Body = Callable[[sa.Connection], T]

BUSY_FOR_MS = 20_000  # how long we wait for another process's write on the same SQLite file
READERS = 3  # threads; a summary must not wait behind another summary
PG_CONNECTIONS = 10  # and one that listens, one that rings
RESTED_S = 1.0  # a server that goes away tells its connections; one cut off in silence is asked after so long
SHARED_S = 0.02  # so long a transaction takes in further verbs; nobody waits for others to come


class Engine(Protocol):
    """Runs a body in one transaction: committed when it returns, rolled back when it raises.

    `ring` lets other processes know that there is something to look at; `listen` hears of it, until cancelled.
    """

    async def write(self, body: Body[T]) -> T: ...
    async def read(self, body: Body[T]) -> T: ...
    def ring(self) -> None: ...
    async def listen(self, tell: Callable[[], None]) -> None: ...
    async def close(self) -> None: ...


class _Job(NamedTuple):
    body: Body[Any]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


class _Ended(NamedTuple):
    job: _Job
    result: object
    fault: BaseException | None


class _Threads:
    """A few threads with a connection each, fed by one queue; untimed waits only.

    Args:
        shared_s: jobs that wait already share a transaction until it has lasted so long; one that raises undoes it,
            and is run once more by itself, after the others. 0 gives each its own.
    """

    def __init__(self, engine: sa.Engine, count: int, name: str, *, shared_s: float = 0) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._engine = engine
        self._shared_s = shared_s
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{i}", daemon=True) for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, body: Body[T]) -> T:
        loop = asyncio.get_running_loop()
        job = _Job(body, loop, loop.create_future())
        self._jobs.put(job)
        result: T = await job.done
        return result

    def stop(self) -> None:
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        connection: sa.Connection | None = None
        while (job := self._jobs.get()) is not None:
            connection = self._serve(connection, job)
        if connection is not None:
            connection.close()

    def _serve(self, connection: sa.Connection | None, job: _Job) -> sa.Connection | None:
        """Have it done, with whatever waits already; the connection for the next."""
        taken = [job]
        connection, ended = self._run(connection, taken, self._shared_s)
        if ended[0].fault is not None and len(taken) > 1:  # the last of them has undone them all
            connection, ended = self._run(connection, taken[:-1], 0)
            if ended[0].fault is not None:  # … or it was the commit: each by itself
                ended = []
            for one in taken[len(ended) :]:
                connection, alone = self._run(connection, [one], 0)
                ended += alone
        for it in ended:
            self._tell(it)
        return connection

    def _run(
        self, connection: sa.Connection | None, taken: list[_Job], shared_s: float
    ) -> tuple[sa.Connection | None, list[_Ended]]:
        """All of them in one transaction, or none; the connection, if it can still be used, and how each ended."""
        try:
            connection = connection or self._engine.connect()
            with connection.begin():
                return connection, self._together(connection, taken, shared_s)
        except BaseException as fault:  # noqa: BLE001 (handed to the callers, whatever it is)
            return _usable(connection), [_Ended(one, None, fault) for one in taken]

    def _together(self, connection: sa.Connection, taken: list[_Job], shared_s: float) -> list[_Ended]:
        """Whatever else waits already joins the transaction: one commit, one write to the disk for all."""
        ended = [_Ended(one, one.body(connection), None) for one in taken]
        until = time.monotonic() + shared_s
        while time.monotonic() < until and not self._jobs.empty():
            job = self._jobs.get()
            if job is None:  # the end comes after this transaction
                self._jobs.put(None)
                break
            taken.append(job)
            ended.append(_Ended(job, job.body(connection), None))
        return ended

    @staticmethod
    def _tell(it: _Ended) -> None:
        def settle() -> None:
            if it.job.done.cancelled():  # the caller has gone; what was committed stays committed
                return
            if it.fault is not None:
                it.job.done.set_exception(it.fault)
            else:
                it.job.done.set_result(it.result)

        if not it.job.loop.is_closed():
            it.job.loop.call_soon_threadsafe(settle)


def _usable(connection: sa.Connection | None) -> sa.Connection | None:
    """The connection, unless it is stuck in a transaction whose commit failed; then it is given up."""
    if connection is None or not getattr(connection.connection.dbapi_connection, "in_transaction", False):
        return connection
    connection.invalidate()
    connection.close()
    return None


class SqliteEngine:
    """One writer thread (BEGIN IMMEDIATE) and a few readers that cannot write and never wait for it."""

    def __init__(self, address: sa.URL) -> None:
        self._writing = _sqlite(address, "BEGIN IMMEDIATE", read_only=False)
        self._reading = _sqlite(address, "BEGIN", read_only=True)
        self._writer = _Threads(self._writing, 1, "writer", shared_s=SHARED_S)
        self._readers = _Threads(self._reading, READERS, "reader")

    async def write(self, body: Body[T]) -> T:
        return await self._writer.run(body)

    async def read(self, body: Body[T]) -> T:
        return await self._readers.run(body)

    def ring(self) -> None:
        """There is one process to a file; a command beside it is noticed by looking."""

    async def listen(self, tell: Callable[[], None]) -> None:
        return

    async def close(self) -> None:
        self._writer.stop()
        self._readers.stop()
        self._writing.dispose()
        self._reading.dispose()


class PostgresEngine:
    """asyncpg; a body runs in a greenlet of the event loop, and still cannot await."""

    def __init__(self, address: sa.URL) -> None:
        self._engine = sa_async.create_async_engine(
            address, pool_size=PG_CONNECTIONS, max_overflow=2, hide_parameters=True
        )
        _ask_if_alive(self._engine.sync_engine)
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._bell = bell.Bell(self._engine)

    async def write(self, body: Body[T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(body)

    async def read(self, body: Body[T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(body)

    def ring(self) -> None:
        self._bell.ring()

    async def listen(self, tell: Callable[[], None]) -> None:
        await self._bell.listen(tell)

    async def close(self) -> None:
        await self._bell.rung()
        await self._engine.dispose()


def create(address: sa.URL) -> Engine:
    """The engine for this address."""
    return SqliteEngine(address) if address.get_backend_name() == "sqlite" else PostgresEngine(address)


def _ask_if_alive(engine: sa.Engine) -> None:
    """A connection that has rested is asked whether it still lives, and all are made anew if it does not.

    As `pool_pre_ping`, whose three round trips before every transaction are a fifth of a press's.
    """

    @event.listens_for(engine, "checkin")
    def _rest(_: object, record: pool.ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: pool.ConnectionPoolEntry, _: object) -> None:
        since = record.info.get("rests_since")
        if since is None:  # it was made just now
            return
        is_closed = record.driver_connection is None or record.driver_connection.is_closed()
        if not is_closed and time.monotonic() - since < RESTED_S:
            return
        try:
            is_closed = is_closed or not engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            is_closed = True
        if is_closed:
            raise exc.InvalidatePoolError


def _sqlite(address: sa.URL, begin: str, *, read_only: bool) -> sa.Engine:
    engine = sa.create_engine(
        address,
        poolclass=pool.NullPool,
        hide_parameters=True,  # an error's text reaches the log; phones and reports must not
        connect_args={"check_same_thread": False, "timeout": BUSY_FOR_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _settle_connection(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions behind our back
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # an answered press survives a power cut, not only a kill
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

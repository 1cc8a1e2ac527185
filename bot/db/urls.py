"""The addresses of databases: what an operator writes turned into what each engine wants."""

import pathlib

import sqlalchemy as sa
from sqlalchemy import exc

from bot import errors

LIBPQ_ONLY = ("sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding")  # asyncpg refuses these words


def parse(url: str) -> sa.URL:
    """`sqlite:///file`, `postgres://…` or `postgresql://…` as an engine URL.

    Raises:
        Refused: when it is neither.
    """
    try:
        address = sa.make_url(url)
    except exc.ArgumentError as fault:
        raise errors.Refused(
            "DATABASE_URL 看不懂,应写 sqlite:///data/bot.db 或 postgresql://用户:密码@主机/库名"
        ) from fault
    backend = address.drivername.split("+")[0]
    if backend == "sqlite":
        return address.set(drivername="sqlite")
    if backend in ("postgres", "postgresql"):
        return _for_asyncpg(address.set(drivername="postgresql+asyncpg"))
    raise errors.Refused(f"DATABASE_URL:不支持 {backend},请用 sqlite 或 postgresql")


def _for_asyncpg(address: sa.URL) -> sa.URL:
    """libpq's `sslmode=require` is asyncpg's `ssl=require`; its other ssl words have no equal in a URL."""
    mode = address.query.get("sslmode")
    address = address.difference_update_query(LIBPQ_ONLY)
    return address.update_query_dict({"ssl": mode}) if mode else address


def sqlite_file(address: sa.URL) -> pathlib.Path | None:
    """The file behind a SQLite address; None for memory and for PostgreSQL."""
    if address.get_backend_name() != "sqlite" or address.database in (None, "", ":memory:"):
        return None
    return pathlib.Path(str(address.database))

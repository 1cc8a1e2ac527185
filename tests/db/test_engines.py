"""What the engines promise beyond a transaction."""

import asyncio

import asyncpg
import pytest
import sqlalchemy as sa
import structlog

from bot import clock, logs
from bot.db import Database

REPORT = "三楼漏水\n请派人来"


def fail(tx, now):
    tx.execute(sa.text("INSERT INTO audit_record (detail) VALUES (:detail)"), {"detail": REPORT})


def backend(tx, now):
    return tx.execute(sa.select(sa.func.pg_backend_pid())).scalar_one()


async def test_a_failing_statement_does_not_put_its_values_into_the_log(db):
    """PostgreSQL repeats the failing row, SQLAlchemy the parameters; phones and reports travel in both."""
    redactor = logs.Redactor()

    with pytest.raises(sa.exc.IntegrityError) as failed:
        await db.transact(fail)

    chain = structlog.processors.format_exc_info(None, "error", {"exc_info": failed.value})
    logged = redactor(None, "error", chain)["exception"]
    assert "IntegrityError" in logged
    assert "INSERT INTO audit_record" in logged
    assert "漏水" not in logged
    assert "派人" not in logged


async def test_connections_the_server_has_closed_are_made_anew_and_nobody_hears_of_it(postgresql_url):
    """A server that restarted, or a firewall that is tidy: the next transaction is no failure."""
    db = await Database.open(postgresql_url, clock=clock.system)
    server = await asyncpg.connect(postgresql_url)
    try:
        before = await db.transact(backend)
        await server.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid != pg_backend_pid()"
        )

        await asyncio.sleep(0.2)  # a busy loop hears a moment later that they were closed
        assert await db.transact(backend) != before
    finally:
        await server.close()
        await db.close()

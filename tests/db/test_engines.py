"""What the engines promise beyond a transaction."""

import pytest
import sqlalchemy as sa
import structlog

from bot import logs

REPORT = "三楼漏水\n请派人来"


def fail(tx, now):
    tx.execute(sa.text("INSERT INTO audit_record (detail) VALUES (:detail)"), {"detail": REPORT})


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

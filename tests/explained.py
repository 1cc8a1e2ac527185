"""How SQLite goes about the statements of a verb: by keys, or through whole tables."""

import contextlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from bot.db import schema

READING = frozenset({"SELECT", "UPDATE", "DELETE", "WITH"})


@contextlib.contextmanager
def whole_tables_read(tx: sa.Connection) -> Iterator[list[tuple[str, str]]]:
    """Of the statements executed meanwhile: the step that reads a whole table of ours, and the statement.

    SQLite decides without statistics: a table of three rows is gone about as one of three million.
    """
    found: list[tuple[str, str]] = []
    tables = {table.name for table in schema.metadata.sorted_tables}
    explained = 0

    def explain(*given: Any) -> None:
        nonlocal explained
        connection, _, words, parameters, _, is_many = given
        if words.split(maxsplit=1)[0] not in READING:
            return
        asked = connection.connection.dbapi_connection.cursor()
        asked.execute(f"EXPLAIN QUERY PLAN {words}", parameters[0] if is_many else parameters)
        explained += 1
        found.extend(
            (step, words) for *_, step in asked if step.startswith("SCAN") and step.split()[1] in tables
        )

    sa.event.listen(tx, "after_cursor_execute", explain)
    yield found
    sa.event.remove(tx, "after_cursor_execute", explain)
    assert explained, "nothing was read at all"

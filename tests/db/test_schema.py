"""What the column types and conditions come to in SQL."""

import json

import sqlalchemy as sa

from bot.db import schema


def test_ids_given_as_a_list_are_looked_up_by_their_key() -> None:
    """On SQLite a condition that reads `(…) = 1` would go through the whole table."""
    things = sa.Table(
        "things", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer)
    )
    engine = sa.create_engine("sqlite://")
    among = schema.among(things.c.id, "ids")
    with engine.begin() as tx:
        things.create(tx)
        for statement in (
            sa.select(things.c.a).where(among),
            sa.select(things.c.a).where(among, things.c.a.is_(None)),
            sa.select(things.c.a).where(things.c.a == 1, sa.and_(among, things.c.a != 2)),
            things.update().where(among).values(a=1),
            things.delete().where(among),
        ):
            words = str(statement.compile(tx.engine))
            given = [json.dumps([1, 2])] * words.count("?")
            plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", tuple(given))]
            assert not [step for step in plan if step.startswith("SCAN things")], (words, plan)

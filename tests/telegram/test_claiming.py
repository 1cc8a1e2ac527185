"""What a claim reads, whatever the planner believes of the queue."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from bot import clock
from bot.db import Database, Tx
from bot.delivery import chats, claiming, outbox
from bot.delivery.model import Lane, delivery

CHATS, WANTED = 1500, 32
PAGES_A_ROW = 40  # a candidate's chat, address, posting, what goes before it and what was called just now


async def test_a_claim_reads_a_stretch_also_where_the_planner_has_seen_the_queue_empty(
    postgresql_url: str,
) -> None:
    """Statistics are of the quiet before a broadcast: believing nothing is open, all with all looks free."""
    db = await Database.open(postgresql_url, clock=clock.system)
    known = await db.transact(
        lambda tx, now: [chats.ensure(tx, now, 1000 + i, kind="private") for i in range(CHATS)]
    )
    await _owed(db, known, "before")
    done = {"state": "sent", "settled_at": db.now()}
    await db.transact(lambda tx, _: tx.execute(sa.update(delivery).values(done)))
    await db.transact(lambda tx, _: tx.execute(sa.text("ANALYZE")))
    await _owed(db, known, "now")
    read = await db.transact(_pages_read)
    await db.close()
    assert read < WANTED * PAGES_A_ROW, read


async def _owed(db: Database, known: list[chats.Chat], subject: str) -> None:
    things = [(chat.id, subject) for chat in known]
    await db.transact(lambda tx, now: outbox.show_each(tx, now, things, "card", lane=Lane.SCHEDULED))


def _pages_read(tx: Tx, now: dt.datetime) -> int:
    lane, last_id = claiming.BEFORE_ALL
    given: dict[str, Any] = {
        "now": now, "since": now - claiming.GROUP_WINDOW, "just_now": now - claiming.SECOND,
        "soon": now + claiming.SECOND, "group_rate": 20, "many": WANTED,
        "after_lane": lane, "after_id": last_id,
    }  # fmt: skip
    words = claiming._CANDIDATES.params(given).compile(tx.engine, compile_kwargs={"literal_binds": True})
    (plan,) = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {words}").scalar_one()
    assert plan["Plan"]["Actual Rows"] == WANTED
    read: int = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    return read

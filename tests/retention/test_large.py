"""A large outbox is forgotten in batches no one has to wait for; what is owed, or young, is not touched."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Database, Tx
from bot.delivery import model as delivery
from bot.delivery.model import ChatState, State
from bot.retention import periods, purge

KEEP = periods.DEFAULT
_d = delivery.delivery
OLD, YOUNG, OWED = 4500, 7, 5


def fill(tx: Tx, now: dt.datetime) -> None:
    chat = {"id": 1, "kind": "group", "state": ChatState.OK.value, "state_at": now}
    tx.execute(delivery.chat.insert().values(chat))
    old, young = now - dt.timedelta(days=KEEP.delivery_days, seconds=1), now - dt.timedelta(days=1)
    kinds = [(old, State.SENT)] * OLD + [(young, State.SENT)] * YOUNG + [(None, State.QUEUED)] * OWED
    rows = [
        {"chat_id": 1, "lane": 2, "kind": "card", "subject": str(number), "state": state.value,
         "not_before": old, "enqueued_at": old, "settled_at": settled_at}
        for number, (settled_at, state) in enumerate(kinds)
    ]  # fmt: skip
    tx.execute(_d.insert(), rows)


def left(tx: Tx, now: dt.datetime) -> int:
    return int(tx.execute(sa.select(sa.func.count()).select_from(_d)).scalar_one())


async def test_a_large_outbox_is_forgotten_in_batches(db: Database) -> None:
    await db.transact(fill)

    done = [await db.transact(purge.batch, KEEP, actor="timer", owner="t") for _ in range(3)]

    assert [batch.forgotten["deliveries"] for batch in done] == [purge.AT_ONCE, purge.AT_ONCE, 500]
    assert [batch.is_last for batch in done] == [False, False, True]
    assert await db.read(left, db.now()) == YOUNG + OWED

"""A group whose number changes, told of by several at the same instant, on PostgreSQL: it has one address afterwards."""

import asyncio
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from bot.db import Tx
from bot.delivery import chats, message, model, settling
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
OLD, NEW = -100, -1_000_000_000_200


def _present(tx: Tx) -> list[tuple[int, int]]:
    address = model.chat_address.c
    query = sa.select(address.chat_id, address.telegram_id).where(address.until.is_(None))
    return [tuple(row) for row in tx.execute(query.order_by(address.chat_id))]


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_move_told_from_both_sides_at_once_is_made_once(engine, is_known) -> None:
    """Or by one side, and by the sender, whose call was answered with the new number."""
    known = await commit(engine, chats.ensure, NOON, OLD, kind="group")
    expected = [(known.id, NEW)]
    if is_known:
        other = await commit(engine, chats.ensure, NOON, NEW, kind="group")
        expected.append((other.id, -other.id))  # a name nobody calls

    told = (chats.move, NOON, OLD, NEW)
    one, second = await beside(engine, told, told)

    assert one == second
    assert (one.id, one.telegram_id) == (known.id, NEW)
    assert await commit(engine, _present) == expected


async def test_a_send_is_settled_although_its_group_is_met_under_the_new_number_meanwhile(
    pg_rig, group
) -> None:
    """Else it stayed "being called" under a living owner, and the group waited behind it."""
    await pg_rig.show(group, "card", "7")
    (sent,) = await pg_rig.claim()
    await pg_rig.db.transact(settling.begin_calls, [sent.delivery.id], owner="x")
    met, go_on = asyncio.Event(), asyncio.Event()

    def meet(tx: Tx, now: dt.datetime) -> None:
        chats.ensure(tx, now, NEW, kind="group")
        met.set()
        await_only(go_on.wait())

    async with asyncio.TaskGroup() as both:
        both.create_task(pg_rig.db.transact(meet))
        await met.wait()
        outcome = message.Outcome(message.Verdict.MOVED, moved_to=NEW)
        settled = both.create_task(pg_rig.db.transact(settling.settle, sent, outcome))
        await asyncio.wait({settled}, timeout=0.3)
        assert not settled.done()
        go_on.set()

    assert await pg_rig.states() == ["queued"]
    found = await pg_rig.db.read(chats.find, group.id)
    assert (found.id, found.telegram_id) == (sent.delivery.chat.id, NEW)

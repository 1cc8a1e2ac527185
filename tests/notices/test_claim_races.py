"""A notice changes while a claim makes the words of its messages, on PostgreSQL: they are shown anew afterwards."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import claiming
from bot.delivery.model import chat_address, delivery
from bot.notices import answer, items, joining, publish, recall, revise
from bot.notices.answer import Press
from bot.notices.publish import Item
from bot.notices.rules import Kind, Value
from bot.roster import audience
from tests.notices import world
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
WANG, LI, FENG = 1, 2, 9
LATER = world.MORNING + dt.timedelta(minutes=1)


async def _changed_while_claimed(engine, *change):
    """The change begins when the words are made and their claim is not yet committed."""
    await beside(engine, (_claim,), change)  # otherwise it would have seen nothing to change


def _claim(tx: Tx) -> None:
    given = {"owner": "x", "bot_id": world.BOT_ID, "limit": 32, "group_rate": 20}
    assert claiming.claim(tx, LATER, world.PREPARE, **given)


def _owed(tx: Tx, kind: str, user: int) -> list[str]:
    """The states of what this person's private chat is owed, in order."""
    d = delivery.c
    query = sa.select(d.state).join(chat_address, chat_address.c.chat_id == d.chat_id)
    query = query.where(d.kind == kind, chat_address.c.telegram_id == user)
    return list(tx.execute(query.order_by(d.id)).scalars())


def _published(tx: Tx, kind: Kind, given: tuple[Item, ...] = ()) -> tuple[int, dict[str, int]]:
    """Its cards are owed, and nothing else is."""
    city = world.World(tx)
    city.share_phone(WANG, "wang")
    city.share_phone(LI, "li")
    city.share_phone(FENG, "feng")
    tx.execute(delivery.delete())
    draft = publish.Draft(
        content_id="R01", title="防汛", kind=kind, audience=audience.parse("unit:DH1"), text="请落实。",
        due_at=None if kind is Kind.REMINDER else LATER + world.DUE_AFTER, yes_words="已落实",
        trouble_words="有困难", items=given,
    )  # fmt: skip
    return publish.publish(tx, world.MORNING, draft, by="test").notice_id, city.ids


def _recall(tx: Tx, notice: int) -> None:
    recall.recall(tx, LATER, notice, by="test")


def _correct(tx: Tx, notice: int) -> None:
    revise.revise(tx, LATER, notice, text="请看。", by="test")


@pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.REMINDER])
@pytest.mark.parametrize("change", [_recall, _correct])
async def test_a_first_card_that_is_being_claimed_is_recalled_and_corrected_too(engine, kind, change):
    notice, _ = await commit(engine, _published, kind)
    await _changed_while_claimed(engine, change, notice)
    assert await commit(engine, _owed, "card", WANG) == ["reserved", "queued"]


def _bind(tx: Tx, unit_id: int) -> None:
    joining.agree(tx, LATER, group=joining.GroupSeen(-1, "群"), user_id=FENG, unit_id=unit_id)


async def test_a_first_card_that_is_being_claimed_loses_the_unit_that_is_asked_elsewhere_now(engine):
    _, ids = await commit(engine, _published, Kind.CONFIRM)
    await _changed_while_claimed(engine, _bind, ids["DH1"])
    assert await commit(engine, _owed, "card", WANG) == ["reserved", "queued"]


def _listed(tx: Tx) -> tuple[int, int]:
    """A directive of whose unit Wang has asked for the items: they are owed, and nothing else is."""
    notice, ids = _published(tx, Kind.DIRECTIVE, (Item("1", "事项1"), Item("2", "事项2")))
    tx.execute(delivery.delete())
    items.ask(tx, world.MORNING, Press(notice, 1, Value.YES, WANG, WANG, None, unit_id=ids["DH1"]))
    return notice, ids["DH1"]


def _press(tx: Tx, notice: int, unit: int) -> None:
    answer.press(tx, LATER, Press(notice, 1, Value.YES, LI, LI, None, unit_id=unit, item="2"))


async def test_a_list_that_is_being_claimed_tells_what_a_colleague_has_answered_meanwhile(engine):
    notice, unit = await commit(engine, _listed)
    await _changed_while_claimed(engine, _press, notice, unit)
    assert await commit(engine, _owed, "items", WANG) == ["reserved", "queued"]

"""Two people at one directive at the same instant, on PostgreSQL: each thing is said, changed or recalled once."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.notices import answer, items, model, publish, queries, recall, revise
from bot.notices.answer import Press, Said
from bot.notices.publish import Item
from bot.notices.rules import Kind, Value
from bot.roster import audience
from tests.notices import world
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
WANG, LI = 1, 2
LATER = world.MORNING + dt.timedelta(minutes=1)
ITEMS = tuple(Item(key, f"事项{key}") for key in ("1", "2", "3"))


def _found(tx: Tx) -> tuple[int, int]:
    """The notice and the unit both answer for."""
    city = world.World(tx)
    city.share_phone(WANG, "wang")
    city.share_phone(LI, "li")
    draft = publish.Draft(
        content_id="D2", title="六项强化", kind=Kind.DIRECTIVE, audience=audience.parse("unit:DH1"), text="请落实。",
        due_at=LATER + world.DUE_AFTER, yes_words="已落实", trouble_words="有困难", items=ITEMS,
    )  # fmt: skip
    return publish.publish(tx, LATER, draft, by="test").notice_id, city.ids["DH1"]


def _press(tx: Tx, notice: int, user: int, unit: int, item: str, value: Value = Value.YES) -> Said:
    return answer.press(tx, LATER, Press(notice, 1, value, user, user, None, unit_id=unit, item=item)).said


def _rest(tx: Tx, notice: int, user: int, unit: int) -> int:
    return items.rest(tx, LATER, Press(notice, 1, Value.YES, user, user, None, unit_id=unit)).count


def _read(tx: Tx, notice: int, user: int, unit: int) -> Said:
    return items.acknowledge(tx, LATER, Press(notice, 1, Value.YES, user, user, None, unit_id=unit)).said


def _said(tx: Tx) -> list[tuple[str, str]]:
    an = model.answer.c
    return [tuple(row) for row in tx.execute(sa.select(an.item, an.aspect).order_by(an.item, an.aspect))]


async def test_two_colleagues_answer_one_item_once(engine):
    notice, unit = await commit(engine, _found)
    found = await beside(engine, (_press, notice, WANG, unit, "2"), (_press, notice, LI, unit, "2"))
    assert found == (Said.ITEM, Said.ALREADY)
    assert await commit(engine, _said) == [("2", "done")]


async def test_two_colleagues_who_finish_the_rest_say_each_item_once(engine):
    notice, unit = await commit(engine, _found)
    await commit(engine, _press, notice, WANG, unit, "1")
    assert await beside(engine, (_rest, notice, WANG, unit), (_rest, notice, LI, unit)) == (2, 0)
    assert await commit(engine, _said) == [("1", "done"), ("2", "done"), ("3", "done")]


async def test_two_colleagues_have_read_it_once(engine):
    notice, unit = await commit(engine, _found)
    await beside(engine, (_read, notice, WANG, unit), (_read, notice, LI, unit))
    assert await commit(engine, _said) == [("", "ack")]


async def test_one_item_has_one_trouble(engine):
    notice, unit = await commit(engine, _found)
    found = await beside(
        engine,
        (_press, notice, WANG, unit, "2", Value.TROUBLE),
        (_press, notice, LI, unit, "2", Value.TROUBLE),
    )
    assert found == (Said.TROUBLE, Said.TROUBLE_ALREADY)
    assert await commit(engine, lambda tx: tx.execute(sa.select(model.trouble.c.item)).scalars().all()) == [
        "2"
    ]


def _revise(tx: Tx, notice: int, text: str) -> int:
    changed = (Item("1", text), *ITEMS[1:])
    try:
        return revise.revise(
            tx, LATER, notice, text="请落实。", items=changed, by="test", of_version=1
        ).version
    except errors.Refused:
        return 0


def _recall(tx: Tx, notice: int) -> bool:
    try:
        recall.recall(tx, LATER, notice, by="test")
    except errors.Refused:
        return False
    return True


async def test_of_two_officers_who_change_what_both_have_read_one_is_told_to_look_again(engine):
    notice, _ = await commit(engine, _found)
    assert await beside(engine, (_revise, notice, "甲"), (_revise, notice, "乙")) == (2, 0)
    standing = await commit(engine, lambda tx: [it.text for it in queries.standing(tx, notice)])
    assert standing == ["甲", "事项2", "事项3"]


async def test_of_two_officers_one_recalls_it(engine):
    notice, _ = await commit(engine, _found)
    assert await beside(engine, (_recall, notice), (_recall, notice)) == (True, False)


@pytest.mark.parametrize(("item", "done"), [("1", ()), ("2", ("2",))])
async def test_an_answer_to_words_that_change_at_that_instant_does_not_count_for_the_new_ones(
    engine, item, done
):
    notice, unit = await commit(engine, _found)
    found = await beside(engine, (_revise, notice, "甲"), (_press, notice, WANG, unit, item))
    assert found == (2, Said.ITEM)  # it saw version 1, in which item 1 read otherwise
    (status,) = await commit(engine, queries.statuses, notice)
    assert status.done == done


async def test_who_answers_for_several_schools_reads_for_each_of_them_once(engine):
    await commit(engine, _found)

    def publish_(tx: Tx) -> int:
        draft = publish.Draft(
            content_id="D3", title="统筹", kind=Kind.DIRECTIVE, audience=audience.parse("unit:DH1 or unit:DH3"), text="请看。",
            due_at=LATER + world.DUE_AFTER, yes_words="已落实", trouble_words="有困难", items=ITEMS,
        )  # fmt: skip
        return publish.publish(tx, LATER, draft, by="test").notice_id

    notice = await commit(engine, publish_)
    await beside(engine, (_read, notice, LI, None), (_read, notice, WANG, None))
    assert await commit(engine, _said) == [("", "ack"), ("", "ack")]  # DH1 and DH3

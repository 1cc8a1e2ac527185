"""A handful of presses is answered and kept as if they had come one after the other."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import sqlalchemy as sa

from bot.audit import model as audit
from bot.delivery import model as delivery
from bot.delivery.message import Verdict
from bot.inbox import model as inbox
from bot.notices import answer, handful, model, pressing, queries, rules
from tests import explained
from tests.notices import counter
from tests.notices.world import USERS, World

TABLES = {  # what a press may change, without the numbers that only the order of writing gives
    model.answer: ("id",),
    model.excuse: ("id",),
    model.trouble: (),
    model.trouble_step: (),
    model.asked: (),
    delivery.delivery: ("id",),
    delivery.posting: (),
    audit.record: ("id",),
    inbox.question: ("id",),
    inbox.held_press: ("id",),
}
PLAIN = [1 + counter.CONTACTS.index(name) for name in ("li", "zhao", "sun", "wu", "zheng")]
UNITS = sorted(counter.UNITS)
ORDINARY = st.tuples(
    st.sampled_from([0, 1]), st.sampled_from(PLAIN), st.just("yes"), st.just(""), st.just(False), st.just("own"),
    st.sampled_from([1, 1, 9]),
)  # fmt: skip
ODD = st.tuples(
    st.integers(0, 2),  # which notice; the last is none
    st.integers(1, USERS),
    st.sampled_from(["yes", "yes", "trouble", "text"]),
    st.sampled_from([""] * len(UNITS) + UNITS),
    st.booleans(),  # every unit of his
    st.sampled_from(["own", "own", "group:0", "group:1"]),
    st.sampled_from([1, 0, 9]),  # on the card, on no message we know of, on another one
)
PRESS = st.one_of(ORDINARY, ORDINARY, ODD)


@pytest.fixture(scope="module", params=[False, True])
def world(request) -> Iterator[World]:
    """Two notices are out, and their cards have reached the people, or for a county its group."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        delivery.metadata.create_all(connection)
        world = World(connection)
        for user, contact in enumerate(counter.CONTACTS, start=1):
            world.share_phone(user, contact)
        if request.param:
            world.bind("group:1", "DH", 1 + counter.CONTACTS.index("feng"))
        world.notices = [world.publish(meant) for meant in list(counter.AUDIENCES)[:2]]
        for _ in range(2):  # of every third nobody knows whether it came
            world.deliver([Verdict.SENT, Verdict.SENT, Verdict.UNCERTAIN] * 10)
            world.wait(1)
        yield world
    engine.dispose()


def rows(tx: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table, left_out in TABLES.items():
        columns = [c for c in table.c if c.name not in left_out]
        found[table.name] = sorted((tuple(row) for row in tx.execute(sa.select(*columns))), key=repr)
    return found


@hypothesis.given(
    before=st.lists(PRESS, max_size=4), some=st.lists(PRESS, min_size=2, max_size=10), late=st.booleans()
)
@hypothesis.settings(max_examples=150, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_many_at_once_and_one_by_one_come_to_the_same(world, before, some, late) -> None:
    told, kept, tx = [], [], world.tx
    now = world.now + dt.timedelta(hours=6 if late else 0)
    for verb in (one_by_one, handful.press_each):
        with tx.begin_nested() as undone:
            one_by_one(tx, world.now, [pressed(world, it) for it in before])
            told.append(verb(tx, now, [pressed(world, it) for it in some]))
            kept.append((rows(tx), [queries.statuses(tx, notice) for notice in world.notices]))
            undone.rollback()
    assert told[1] == told[0]
    assert kept[1] == kept[0]


def one_by_one(tx: sa.Connection, now: dt.datetime, some: list[pressing.Press]) -> list[pressing.Outcome]:
    return [answer.press(tx, now, it) for it in some]


def pressed(world: World, it: tuple[int, int, str, str, bool, str, int]) -> pressing.Press:
    number, user, value, unit, every, place, message = it
    notice = [*world.notices, 77][number]
    chat = world.addresses[f"user:{user}" if place == "own" else place]
    return pressing.Press(
        notice, 1, rules.Value(value), user, chat, message_of(world, notice, chat, message),
        unit_id=world.ids.get(unit), every=every, text="无" if value == "text" else None,
        callback=f"v1:{notice}:1:{value}",
    )  # fmt: skip


def message_of(world: World, notice: int, chat: int, which: int) -> int | None:
    """The message that shows the card, one that does not, or none."""
    p = delivery.posting.c
    query = sa.select(p.message_id).where(p.kind == "card", p.subject == str(notice), p.address == chat)
    return {0: None, 9: 999_999}.get(which, world.tx.execute(query).scalar())


def test_the_plain_ones_share_their_statements(world) -> None:
    """As many for four presses as for two: what costs is the way to the database, not the work there."""
    seen: list[str] = []
    sa.event.listen(world.tx.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    plain = [pressed(world, (0, user, "yes", "", False, "own", 1)) for user in PLAIN]
    counts = []
    for some in (plain[:2], plain):
        with world.tx.begin_nested() as undone:
            seen.clear()
            told = handful.press_each(world.tx, world.now, some)
            counts.append(len(seen))
            undone.rollback()
        assert {outcome.said for outcome in told} == {pressing.Said.RECORDED}
    assert counts[0] == counts[1]


@pytest.mark.parametrize("verb", [one_by_one, handful.press_each])
def test_no_answer_reads_a_whole_table(world, verb) -> None:
    """SQLite tells how it would go about each statement; it must not matter how many schools there are."""
    with world.tx.begin_nested() as undone:
        with explained.whole_tables_read(world.tx) as read:
            told = verb(world.tx, world.now, [
                pressed(world, (0, user, value, "", False, "own", 1))
                for user, value in zip(PLAIN, ["yes", "yes", "text", "yes", "yes"], strict=True)
            ])  # fmt: skip
        undone.rollback()
    assert {outcome.said for outcome in told} == {pressing.Said.RECORDED}
    assert not read

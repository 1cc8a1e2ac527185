"""What is done for a whole city at once takes as many statements as for a village: transactions stay short."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from bot.delivery.message import Verdict
from bot.roster import inviting
from tests.notices import world

FENG = 9  # the officer of DH


@contextlib.contextmanager
def counted(tx: sa.Connection) -> Iterator[list[str]]:
    """The statements made meanwhile."""
    made: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        made.append(statement)

    sa.event.listen(tx, "before_cursor_execute", note)
    yield made
    sa.event.remove(tx, "before_cursor_execute", note)


def statements_of_binding(city: world.World, notices: int) -> int:
    for user, contact in ((1, "wang"), (2, "li"), (3, "zhao"), (FENG, "feng")):
        city.share_phone(user, contact)
    for _ in range(notices):
        city.publish("county:DH")
    for _ in range(notices):
        city.deliver([Verdict.SENT] * 4)
        city.wait(2)
    with counted(city.tx) as made:
        city.bind("group:0", "DH", FENG)
    return len(made)


def test_a_county_group_is_bound_at_the_same_cost_however_many_notices_are_open(city):
    transaction = city.tx.begin_nested()
    one = statements_of_binding(city, 1)
    transaction.rollback()
    city.now = world.MORNING

    assert statements_of_binding(city, 6) <= one + 2


def test_a_citys_codes_cost_as_many_statements_as_a_schools(city):
    with counted(city.tx) as made:
        one = inviting.issue(city.tx, city.now, unit_code="HD1")
    for_one = len(made)

    with counted(city.tx) as made:
        every = inviting.issue(city.tx, city.now)

    assert len(every) > len(one)
    assert len(made) <= for_one
    assert {it.code for it in one} <= {it.code for it in every}
    assert [it.code for it in inviting.issue(city.tx, city.now)] == [it.code for it in every]
    assert len({it.code for it in every}) == len(every)

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bot.db import migrate, schema
from bot.delivery import chats
from bot.roster import bindings, model, units

NOW = dt.datetime(2026, 9, 30, 7, tzinfo=dt.UTC)
TREE = (  # id, code, kind, parent, county
    (1, "CITY", "city", None, None),
    (2, "DH", "county", 1, 2),
    (3, "DH001", "school", 2, 2),
    (4, "DH002", "school", 3, 2),  # a 教学点 of DH001
    (5, "SZ001", "school", 1, None),
    (6, "SZ002", "school", 5, None),  # a branch of SZ001
)


@pytest.fixture
def tx() -> Iterator[sa.Connection]:
    migrate.import_models()
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        for id_, code, kind, parent, county in TREE:
            row = {
                "id": id_,
                "code": code,
                "name": code,
                "kind": kind,
                "parent_id": parent,
                "county_id": county,
            }
            connection.execute(model.unit.insert().values(**row, position=id_, created_at=NOW))
        connection.execute(model.unit.update().where(model.unit.c.kind == "city").values(armed_at=NOW))
        yield connection
    engine.dispose()


def bind(tx: sa.Connection, unit_id: int) -> chats.ChatId:
    chat = chats.ensure(tx, NOW, -unit_id, kind="group", title=str(unit_id))
    bindings.bind(tx, NOW, chat_id=chat.id, unit_id=unit_id, by=None)
    return chat.id


def asked_in(tx: sa.Connection, code: str) -> tuple[chats.ChatId, ...]:
    unit = units.find(tx, code)
    assert unit is not None
    return bindings.places(tx, [unit]).chats[unit.id]


def test_a_branch_is_asked_through_the_nearest_group_above_it(tx: sa.Connection) -> None:
    county = bind(tx, 2)
    assert asked_in(tx, "DH002") == (county,)
    school = bind(tx, 3)
    assert asked_in(tx, "DH002") == (school,)
    own = bind(tx, 4)
    assert asked_in(tx, "DH002") == (own,)


def test_a_school_of_a_county_is_never_asked_through_the_citys_group(tx: sa.Connection) -> None:
    city = bind(tx, 1)
    assert asked_in(tx, "DH001") == ()
    assert asked_in(tx, "SZ001") == (city,)
    assert asked_in(tx, "SZ002") == (city,)


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        (1, ["CITY", "DH", "SZ001", "SZ002"]),
        (2, ["DH", "DH001", "DH002"]),
        (3, ["DH001", "DH002"]),
        (4, ["DH002"]),
    ],
)
def test_a_group_can_move_everyone_below_it_and_nobody_else(
    tx: sa.Connection, changed: int, moved: list[str]
) -> None:
    assert [u.code for u in bindings.under(tx, [changed])] == moved

"""A trouble is told to whom it concerns now: not to whoever once was concerned, and always to somebody above."""

import pytest
import sqlalchemy as sa

from bot.delivery import chats
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import delivery
from bot.delivery.outbox import Delivery, Drop
from bot.notices import joining, model, trouble, trouble_messages
from bot.roster import access, people
from bot.roster.access import Role
from tests.notices import world

WANG, LI, FENG, CHEN = 1, 2, 9, 10  # DH1's principal and deputy, the county's and the city's officers
PREPARE = trouble_messages.preparations(world.WORDS, "masked")


@pytest.fixture
def told(city: world.World) -> world.World:
    """DH1's principal has told of a trouble."""
    for user, contact in ((WANG, "wang"), (LI, "li"), (FENG, "feng"), (CHEN, "chen")):
        city.share_phone(user, contact)
    notice = city.publish("schools or colleges or counties")
    city.press(notice, WANG, "trouble", unit="DH1")
    return city


def trouble_of(city: world.World) -> int:
    found = city.tx.execute(sa.select(sa.func.max(model.trouble.c.id))).scalar()
    assert found is not None
    return found


def shown(city: world.World, kind: str, user: int, *, posted: int | None = None) -> OutgoingMessage | Drop:
    chat = chats.find(city.tx, user)
    assert chat is not None
    owed = Delivery(1, chat, kind, str(trouble_of(city)), is_repeat=False, posted=posted)
    return PREPARE[kind](city.tx, city.now, owed)


def owed_to(city: world.World, kind: str) -> set[int]:
    query = sa.select(delivery.c.chat_id).where(delivery.c.kind == kind)
    return {chats.get(city.tx, chat_id).telegram_id for chat_id in city.tx.execute(query).scalars()}


@pytest.mark.parametrize("kind", ["trouble", "trouble_reminder"])
def test_who_has_left_the_school_is_not_told_how_its_trouble_goes_on(told, kind):
    assert isinstance(shown(told, kind, WANG), OutgoingMessage)

    told.succeed(11, "DH1")
    trouble.describe(told.tx, told.now, trouble_id=trouble_of(told), user_id=LI, text="三楼消防栓没水")

    assert isinstance(shown(told, kind, WANG, posted=7), Drop)


@pytest.mark.parametrize("kind", ["officer_trouble", "trouble_file"])
def test_who_is_no_officer_any_more_is_told_nothing(told, kind):
    trouble.describe(
        told.tx, told.now, trouble_id=trouble_of(told), user_id=WANG, file_id="AAA", file_kind="voice"
    )
    assert isinstance(shown(told, kind, FENG), OutgoingMessage)

    people.end_post(told.tx, told.now, unit_id=told.ids["DH"], role=Role.COUNTY_OFFICER)

    assert isinstance(shown(told, kind, FENG), Drop)


def test_a_second_photo_reaches_the_officer_too(told):
    trouble_id = trouble_of(told)
    trouble.describe(told.tx, told.now, trouble_id=trouble_id, user_id=WANG, file_id="1", file_kind="photo")
    trouble.reword(told.tx, told.now, trouble_id=trouble_id, user_id=WANG)
    trouble.describe(told.tx, told.now, trouble_id=trouble_id, user_id=WANG, file_id="2", file_kind="photo")

    message = shown(told, "trouble_file", FENG, posted=7)

    assert isinstance(message, OutgoingMessage)
    assert (message.file_id, message.edit_of) == ("2", None)


def test_a_countys_own_trouble_goes_to_the_city(city):
    for user, contact in ((FENG, "feng"), (CHEN, "chen")):
        city.share_phone(user, contact)
    notice = city.publish("schools or colleges or counties")

    city.press(notice, FENG, "trouble", unit="DH")
    found = trouble.get(city.tx, trouble_of(city))

    assert owed_to(city, "officer_trouble") == {CHEN}
    assert found is not None
    assert found.above == trouble.CITY
    trouble.describe(city.tx, city.now, trouble_id=found.id, user_id=FENG, text="值班室停电")
    assert owed_to(city, "officer_trouble") == {CHEN}


def test_a_schools_trouble_goes_to_its_county(told):
    assert owed_to(told, "officer_trouble") == {FENG}
    assert access.Place(told.ids["DH1"], told.ids["DH"]) == getattr(
        trouble.get(told.tx, trouble_of(told)), "place", None
    )
    joining.left(told.tx, told.now, user_id=FENG)
    assert isinstance(shown(told, "officer_trouble", FENG), Drop)

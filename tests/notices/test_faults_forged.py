"""Buttons nobody made, and words in groups where more than one school reads along."""

import pytest
import sqlalchemy as sa

from bot import errors
from bot.delivery import chats
from bot.delivery.message import OutgoingMessage
from bot.delivery.outbox import Delivery
from bot.notices import model, trouble
from bot.roster import messages
from bot.roster import model as roster
from tests.notices import world

WANG, FENG = 1, 9


def test_a_choice_of_nothing_is_refused(city):
    city.share_phone(WANG, "wang")
    notice = city.publish("county:DH")
    city.press(notice, WANG, "trouble", unit="DH1")
    trouble_id = city.tx.execute(sa.select(model.trouble.c.id)).scalar()

    with pytest.raises(errors.Refused):
        trouble.choose(city.tx, city.now, trouble_id=trouble_id, user_id=WANG, theme="")


@pytest.mark.parametrize(("unit", "by", "name"), [("DH", FENG, ""), ("DH2", FENG, "wang校长,")])
def test_nobody_is_called_by_name_in_a_group_of_more_than_one_school(city, unit, by, name):
    city.share_phone(by, "feng")
    city.bind("group:1", unit, by)
    chat = chats.find(city.tx, city.addresses["group:1"])
    assert chat is not None
    wang = city.tx.execute(sa.select(roster.contact.c.id).where(roster.contact.c.name == "wang")).scalar()
    owed = Delivery(1, chat, "press_please", f"{wang}:{city.ids['DH1']}", is_repeat=False, posted=None)

    message = messages.preparations(world.WORDS)["press_please"](city.tx, city.now, owed)

    assert isinstance(message, OutgoingMessage)
    assert message.html == f"{name}请点上面的按钮。"

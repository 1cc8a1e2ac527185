"""Codes of posts that have ended, groups that come back or move: who is who and where stays right."""

import sqlalchemy as sa

from bot import app
from bot.delivery import chats
from bot.delivery.message import Outcome, Verdict
from bot.delivery.model import ChatState
from bot.delivery.outbox import Claimed, Delivery, OutgoingMessage
from bot.notices import joining
from bot.roster import access, bindings, enrolment, people
from bot.roster import model as roster
from bot.roster.enrolment import Result
from tests.notices import world

WANG, LI, FENG, STRANGER = 1, 2, 9, 12


def code_of(city: world.World, user: int, unit: str) -> str:
    """A code by which this person would hand his post over."""
    person = people.by_user(city.tx, user)
    assert person is not None
    return enrolment.hand_over(city.tx, city.now, person=person, unit_id=city.ids[unit]).code


def redeem(city: world.World, user: int, code: str) -> Result:
    return joining.with_code(city.tx, city.now, user_id=user, code=code, name="新人").enrolled.result


def test_a_former_principal_cannot_hand_over_the_post_of_his_successor(city):
    city.share_phone(WANG, "wang")
    code = code_of(city, WANG, "DH1")
    city.wait(60)
    city.succeed(11, "DH1")
    city.wait(60)

    assert redeem(city, STRANGER, code) is Result.EXPIRED
    assert people.by_user(city.tx, STRANGER) is None
    present = people.by_user(city.tx, 11)
    assert present is not None
    assert present.has(access.Role.PRINCIPAL)


def test_a_slip_for_a_post_that_has_ended_opens_no_door(city):
    tx, unit_id = city.tx, city.ids["DH1"]
    li = tx.execute(sa.select(roster.contact.c.id).where(roster.contact.c.name == "li")).scalar()
    given = enrolment.invite(tx, city.now, unit_id=unit_id, role=access.Role.DEPUTY, contact_id=li)
    people.end_post(tx, city.now, unit_id=unit_id, role=access.Role.DEPUTY)

    assert redeem(city, STRANGER, given.code) is Result.EXPIRED
    assert people.by_user(tx, STRANGER) is None


def test_a_code_of_a_closed_unit_opens_no_door(city):
    tx, unit_id = city.tx, city.ids["DH1"]
    given = enrolment.invite(tx, city.now, unit_id=unit_id, role=access.Role.SAFETY_OFFICER)
    tx.execute(roster.unit.update().where(roster.unit.c.id == unit_id).values(closed_at=city.now))

    assert redeem(city, STRANGER, given.code) is Result.EXPIRED


def test_a_group_found_speaking_again_is_asked_again(city):
    """The default rights of a group change without a word to us: /start may be the first we hear of it."""
    city.share_phone(WANG, "wang")
    city.bind("group:1", "DH1", WANG)
    notice = city.publish("county:DH")
    city.lose("group:1", ChatState.MUTED)
    assert city.asked_through(notice)["DH1"] == {"user:1"}

    joining.knock(city.tx, city.now, group=city._group("group:1"), user_id=STRANGER, code="")

    assert city.asked_through(notice)["DH1"] == {"group:1"}


def test_a_group_that_took_a_message_while_it_was_thought_mute_is_asked_again(city):
    city.share_phone(WANG, "wang")
    city.bind("group:1", "DH1", WANG)
    notice = city.publish("county:DH")
    city.lose("group:1", ChatState.MUTED)
    chat = chats.find(city.tx, city.addresses["group:1"])
    assert chat is not None
    item = Claimed(
        Delivery(1, chat, "bound", "1", is_repeat=False, posted=None), OutgoingMessage(""), city.now
    )
    chats.set_state(city.tx, city.now, chat.id, ChatState.OK)  # as settling does

    app.follow(city.tx, city.now, item, Outcome(Verdict.SENT, message_id=7))

    assert city.asked_through(notice)["DH1"] == {"group:1"}


def test_a_group_bound_under_its_new_number_stays_bound_when_the_migration_is_told(city):
    """The message in the new group came first; that it is the old one is told afterwards."""
    city.share_phone(WANG, "wang")
    notice = city.publish("county:DH")
    old, new = -5001, -100_5001
    joining.knock(city.tx, city.now, group=joining.GroupSeen(old, "群"), user_id=WANG, code="")
    joining.agree(
        city.tx, city.now, group=joining.GroupSeen(new, "群"), user_id=WANG, unit_id=city.ids["DH1"]
    )

    for _ in range(2):
        joining.migrated(city.tx, city.now, old=old, new=new)

    city.addresses["moved"] = new
    chat = chats.find(city.tx, new)
    assert chat is not None
    assert bindings.unit_of(city.tx, chat.id) == city.ids["DH1"]
    assert city.asked_through(notice)["DH1"] == {"moved"}

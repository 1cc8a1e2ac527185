"""Until a county is armed nothing reaches its schools beyond the pilot groups: no reminder, no list of a rehearsal."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.delivery import chats
from bot.delivery.message import Verdict
from bot.notices import asking, chase, joining, queries
from bot.roster import access, people
from bot.roster import model as roster
from tests.notices import world

WANG, ZHAO, FENG = 1, 3, 9  # principals of DH1 and DH2, the county's officer


@pytest.fixture
def unarmed(city: world.World) -> world.World:
    """Nothing is armed; the county's group is a pilot group."""
    city.tx.execute(roster.unit.update().values(armed_at=None))
    for user, contact in ((WANG, "wang"), (ZHAO, "zhao"), (FENG, "feng")):
        city.share_phone(user, contact)
    city.bind("group:0", "DH", FENG)
    chat = chats.find(city.tx, city.addresses["group:0"])
    assert chat is not None
    chats.set_pilot(city.tx, city.now, chat.id, is_pilot=True)
    asking.chat_changed(city.tx, city.now, chat.id)
    return city


def test_a_reminder_of_a_trial_reaches_nobody_in_private(unarmed):
    notice = unarmed.publish("county:DH")
    unarmed.deliver([Verdict.SENT] * 4)
    assert queries.table(unarmed.tx, notice, now=unarmed.now).total.silent > 0

    unarmed.wait(60)
    plan = chase.request(unarmed.tx, unarmed.now, notice_id=notice, user_id=FENG)

    assert (plan.schools, plan.capped, plan.contacts) == (0, 0, {})


def test_a_trial_sends_no_reminder_after_arming_either(unarmed):
    notice = unarmed.publish("county:DH")
    unarmed.deliver([Verdict.SENT] * 4)
    unarmed.tx.execute(roster.unit.update().where(roster.unit.c.kind == "city").values(armed_at=unarmed.now))
    asking.settle_all(unarmed.tx, unarmed.now)

    assert not chase.request(unarmed.tx, unarmed.now, notice_id=notice, user_id=FENG).contacts


def test_a_reminder_reaches_only_the_armed_schools_of_a_real_notice(unarmed):
    """DH answers through its pilot group, HD is armed: only HD's people are written to."""
    unarmed.tx.execute(roster.unit.update().where(roster.unit.c.code == "HD").values(armed_at=unarmed.now))
    unarmed.share_phone(5, "sun")
    notice = unarmed.publish("schools or colleges or counties")
    unarmed.deliver([Verdict.SENT] * 8)
    everywhere = access.Scope(everything=True, counties=frozenset(), units=frozenset())

    plan = chase.plan(unarmed.tx, unarmed.now, notice_id=notice, within=everywhere)

    sun = unarmed.tx.execute(sa.select(roster.contact.c.id).where(roster.contact.c.name == "sun")).scalar()
    assert set(plan.contacts) == {sun}


def test_the_list_of_what_is_owed_keeps_silent_about_a_trial_that_does_not_ask_there(unarmed):
    joining.membership(
        unarmed.tx, unarmed.now, group=unarmed._group("group:0"), state=chats.ChatState.GONE, reason="test"
    )
    unarmed.publish("county:DH")
    zhao = people.by_user(unarmed.tx, ZHAO)
    assert zhao is not None

    assert queries.owed_by(unarmed.tx, unarmed.now, zhao) == []


def test_the_list_of_what_is_owed_tells_of_a_trial_that_asks_through_a_pilot_group(unarmed):
    notice = unarmed.publish("county:DH")
    zhao = people.by_user(unarmed.tx, ZHAO)
    assert zhao is not None

    owed = queries.owed_by(unarmed.tx, unarmed.now + dt.timedelta(minutes=1), zhao)

    assert [found.id for found, _ in owed] == [notice]

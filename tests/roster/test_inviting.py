"""Codes given out in chat: within reach, never for more than the giver may do; noted."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import model as audit
from bot.db import Database, Tx
from bot.roster import access, enrolment, inviting, model, people, units
from bot.roster.access import Action, Place, Post, Reach, Role
from bot.roster.people import Person
from tests.notices import world

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
OFFICER, NEWCOMER = 901, 902
CITY, COUNTY, SCHOOL, OTHER = Place(1, None), Place(10, 10), Place(11, 10), Place(21, 20)
AT = {CITY: "city", COUNTY: "county", SCHOOL: "school", OTHER: "school"}


def holder(role: Role, at: Place) -> Person:
    return Person(1, "张三", None, (Post(role, at.unit_id, AT[at], at.county_id),))


# ── what may be given ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", [CITY, COUNTY], ids=["city", "county"])
@pytest.mark.parametrize("giver", Role)
def test_nobody_gives_out_more_than_they_have(giver: Role, at: Place) -> None:
    """Whoever redeems what was given can do nothing beyond their own unit that the giver could not do there."""
    person = holder(giver, at)
    for place in list(AT):
        for role in Role:
            if not inviting.may_give(person, role, place):
                continue
            assert person.may(Action.INVITE, place)
            taken = Post(role, place.unit_id, AT[place], place.county_id)
            for action in set(Action) - set(inviting.OWN_WORK):
                for where in AT:
                    assert not access.covers(taken, action, where) or person.may(action, where), (
                        role,
                        action,
                    )


@pytest.mark.parametrize(
    ("giver", "at", "gives"),
    [
        (Role.COUNTY_OFFICER, COUNTY, "principal deputy safety_officer duty county_officer inspector"),
        (Role.CITY_OFFICER, CITY, "principal deputy safety_officer duty county_officer city_officer leader inspector"),
        (Role.ADMIN, CITY, "principal deputy safety_officer duty inspector admin"),
        (Role.LEADER, CITY, ""), (Role.INSPECTOR, CITY, ""), (Role.PRINCIPAL, SCHOOL, ""),
    ],
)  # fmt: skip
def test_each_role_gives_these_posts(giver: Role, at: Place, gives: str) -> None:
    person = holder(giver, at)
    assert [role for role in Role if inviting.may_give(person, role, at)] == [
        Role(word) for word in gives.split()
    ]
    assert not any(inviting.may_give(holder(Role.COUNTY_OFFICER, COUNTY), role, OTHER) for role in Role)


# ── what is given ────────────────────────────────────────────────────────────────────────────────


@dataclass
class Town:
    """The city of the tables' tests, with an officer of the county DH."""

    db: Database
    ids: dict[str, int] = field(default_factory=dict)

    async def give(
        self, unit: str, role: Role | None, user: int = OFFICER, *, anew: bool = False
    ) -> list[inviting.Issued]:
        return await self.db.transact(
            inviting.give, user_id=user, unit_id=self.ids[unit], role=role, anew=anew
        )

    async def noted(self) -> list[tuple[str, str]]:
        r = audit.record.c
        query = sa.select(r.subject, r.detail).where(r.verb == "invite").order_by(r.id)
        return [tuple(row) for row in await self.db.read(lambda tx: tx.execute(query).all())]


@pytest.fixture
async def town(database_url):
    town = Town(await Database.open(database_url, clock=lambda: NOON))
    town.ids = await town.db.transact(world.found)

    def officer(tx: Tx, now: dt.datetime) -> None:
        (contact_id,) = tx.execute(
            model.contact.insert().values(name="郑专员", created_at=now).returning(model.contact.c.id)
        ).one()
        people.give_post(tx, now, contact_id=contact_id, unit_id=town.ids["DH"], role=Role.COUNTY_OFFICER)
        values = {"contact_id": contact_id, "user_id": OFFICER, "via": "code", "since": now}
        tx.execute(model.enrolment.insert().values(values))

    await town.db.transact(officer)
    yield town
    await town.db.close()


async def test_an_empty_post_is_offered_to_whoever_comes_and_a_held_one_anew(town):
    (first,) = await town.give("DH2", Role.DUTY)
    assert (first.door, first.who, first.role) == ("contact", "", "duty")
    (again,) = await town.give("DH2", Role.DUTY)
    assert again.code == first.code

    (named,) = await town.give("DH2", Role.PRINCIPAL)
    assert (named.door, named.contact) == ("contact", "zhao")
    await town.db.transact(enrolment.redeem, user_id=NEWCOMER, code=named.code, name="x")
    (anew,) = await town.give("DH2", Role.PRINCIPAL)
    assert (anew.door, anew.contact) == ("successor", "zhao")
    assert anew.code != named.code
    (group,) = await town.give("DH2", None)
    assert (group.kind, group.role) == ("group", "")
    about = f"unit:{town.ids['DH2']}"
    assert await town.noted() == [
        (about, word) for word in ("duty", "duty", "principal", "principal", "group")
    ]


async def test_a_code_that_went_astray_is_void_once_another_is_given(town):
    for role in (Role.PRINCIPAL, Role.DUTY, None):
        (astray,) = await town.give("DH2", role)
        (other,) = await town.give("DH2", role, anew=True)
        assert other.code != astray.code
        assert [one.code for one in await town.give("DH2", role)] == [other.code]
        if role is None:
            door = enrolment.open_group_door
            assert await town.db.transact(door, code=astray.code, user_id=OFFICER) is None
            assert await town.db.transact(door, code=other.code, user_id=OFFICER) is not None
        else:
            done = await town.db.transact(enrolment.redeem, user_id=NEWCOMER, code=astray.code, name="x")
            assert done.result is enrolment.Result.EXPIRED
    assert (f"unit:{town.ids['DH2']}", "duty:anew") in await town.noted()
    with pytest.raises(errors.NotAllowed):
        await town.give("HD1", Role.PRINCIPAL, anew=True)


async def test_out_of_reach_nothing_is_given_or_noted(town):
    for unit, role, said in (
        ("HD1", Role.PRINCIPAL, "不归您管"), ("DH", Role.LEADER, "比您多"), ("DH", Role.ADMIN, "比您多"),
        ("DH2", Role.COUNTY_OFFICER, "没有这个职务"), ("HD1", None, "不归您管"),
    ):  # fmt: skip
        with pytest.raises(errors.Refused, match=said):
            await town.give(unit, role)
    with pytest.raises(errors.NotAllowed):
        await town.give("DH2", Role.PRINCIPAL, user=NEWCOMER)
    assert await town.noted() == []


async def test_a_code_never_makes_one_a_person_with_posts_out_of_reach(town):
    """The code of a school's post enrols its contact, who then is everything that contact is."""

    def also_there(tx: Tx, now: dt.datetime) -> None:
        query = sa.select(model.contact.c.id).where(model.contact.c.name == "zhao")
        contact_id = tx.execute(query).scalar_one()
        people.give_post(tx, now, contact_id=contact_id, unit_id=town.ids["HD1"], role=Role.DEPUTY)

    await town.db.transact(also_there)
    with pytest.raises(errors.NotAllowed, match="在别处还有职务"):
        await town.give("DH2", Role.PRINCIPAL)

    everyone = await town.db.read(units.every)
    given = await town.db.transact(inviting.slips, user_id=OFFICER, some=everyone)
    assert "zhao" not in {one.contact for one in given}
    assert {one.unit.county_id for one in given} == {town.ids["DH"]}
    assert {one.door for one in given} == {"contact", "group"}


async def test_slips_are_for_those_who_are_not_in_yet(town):
    person = await town.db.read(people.by_user, OFFICER)
    some = [u for u in await town.db.read(units.every) if u.code == "DH2"]
    assert await town.db.read(inviting.outstanding, person, some) == 2  # its principal, its group
    (named,) = await town.give("DH2", Role.PRINCIPAL)
    await town.db.transact(enrolment.redeem, user_id=NEWCOMER, code=named.code, name="x")
    assert await town.db.read(inviting.outstanding, person, some) == 1
    given = await town.db.transact(inviting.slips, user_id=OFFICER, some=some)
    assert [one.door for one in given] == ["group"]
    other = [u for u in await town.db.read(units.every) if u.code == "HD1"]
    with pytest.raises(errors.NotAllowed):
        await town.db.transact(inviting.slips, user_id=OFFICER, some=other)


def test_own_work_is_what_the_table_gives_for_ones_own_unit() -> None:
    own = {a for role in Role for a in Action if access.reach(role, a) is Reach.OWN}
    assert own == set(inviting.OWN_WORK)

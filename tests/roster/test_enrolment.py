"""The three doors, the lock on them, and who somebody is after passing one; on both databases."""

import datetime as dt
from dataclasses import dataclass, field

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from bot import errors
from bot.db import Database
from bot.roster import access, enrolment, model, people
from bot.roster.access import Role
from bot.roster.enrolment import Result
from tests.notices import world

LONG_AGO = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)


@dataclass
class City:
    """The city of the tables' tests, and a clock that stands until it is moved."""

    db: Database
    ids: dict[str, int] = field(default_factory=dict)
    now: dt.datetime = NOON

    def wait(self, **time: float) -> None:
        self.now += dt.timedelta(**time)

    async def do(self, verb, **facts):
        return await self.db.transact(verb, **facts)

    async def see(self, query, *args, **facts):
        return await self.db.read(query, *args, **facts)

    async def phone(self, user, contact):
        return await self.do(enrolment.by_phone, user_id=user, phone=world.phone(contact))

    async def say(self, user, code, name="张三"):
        return await self.do(enrolment.redeem, user_id=user, code=code, name=name)

    async def invite(self, unit, role=Role.PRINCIPAL, **facts):
        return await self.do(enrolment.invite, unit_id=self.ids[unit], role=role, **facts)

    async def posts(self, user):
        person = await self.see(people.by_user, user)
        return {(p.unit_name, p.role) for p in person.posts} if person else set()

    async def contact(self, name):
        return await self.see(lambda tx: tx.execute(
            sa.select(model.contact.c.id).where(model.contact.c.name == name)
        ).scalar_one())  # fmt: skip


@pytest.fixture
async def city(database_url):
    city = City(None)
    city.db = await Database.open(database_url, clock=lambda: city.now)
    city.ids = await city.db.transact(lambda tx, _: world.found(tx, LONG_AGO))
    yield city
    await city.db.close()


# ── first door: one's own number ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("written", ["13800000000", "+8613800000000", "8613800000000", "+86 138 0000 0000"])
async def test_the_number_telegram_knows_is_found_in_the_roster(city, written):
    done = await city.do(enrolment.by_phone, user_id=1, phone=written)

    assert (done.result, done.person.name) == (Result.ENROLLED, "wang")
    assert set(done.unit_ids) == {city.ids["DH1"], city.ids["DH3"]}


@pytest.mark.parametrize("written", ["13900000000", "+4915112345678", "", "1380000000", "四"])
async def test_a_number_that_is_not_in_the_roster_opens_nothing(city, written):
    done = await city.do(enrolment.by_phone, user_id=1, phone=written)

    assert (done.result, done.person) == (Result.UNKNOWN_PHONE, None)
    assert await city.see(people.by_user, 1) is None


@pytest.mark.parametrize(
    "written", ["+1 380 000 0000", "+13800000000", "0013800000000", "+4413800000000", "4413800000000"]
)
async def test_a_foreign_number_that_ends_like_a_principals_is_not_his(city, written):
    """North America's country code is 1, and its numbers have ten digits: together they look like a mobile."""
    assert (await city.do(enrolment.by_phone, user_id=1, phone=written)).result is Result.UNKNOWN_PHONE


async def test_somebody_without_a_post_any_more_is_told_so(city):
    await city.do(people.end_post, unit_id=city.ids["DH2"], role=Role.PRINCIPAL)

    assert (await city.phone(1, "zhao")).result is Result.NO_POST
    assert await city.see(people.by_user, 1) is None


async def test_sharing_the_number_again_changes_nothing(city):
    await city.phone(1, "zhao")
    again = await city.phone(1, "zhao")

    assert (again.result, again.moved_from) == (Result.ENROLLED, None)
    rows = await city.see(
        lambda tx: tx.execute(sa.select(sa.func.count()).select_from(model.enrolment)).scalar()
    )
    assert rows == 1


async def test_a_new_account_with_the_same_number_takes_the_contact_over_and_the_old_one_is_known(city):
    await city.phone(1, "zhao")
    city.wait(hours=1)
    moved = await city.phone(2, "zhao")

    assert (moved.result, moved.moved_from) == (Result.ENROLLED, 1)
    assert await city.see(people.by_user, 1) is None
    assert await city.posts(2) == {("DH2单位", Role.PRINCIPAL)}


async def test_a_user_who_turns_out_to_be_another_contact_leaves_the_first_one(city):
    await city.phone(1, "wang")
    done = await city.phone(1, "zhao")

    assert await city.posts(1) == {("DH2单位", Role.PRINCIPAL)}
    assert set(done.unit_ids) == {city.ids[unit] for unit in ("DH2", "DH1", "DH3")}  # all to be asked anew


async def test_not_me_makes_a_stranger_again(city):
    await city.phone(1, "zhao")

    assert (await city.do(enrolment.leave, user_id=1)).name == "zhao"
    assert await city.see(people.by_user, 1) is None
    assert await city.do(enrolment.leave, user_id=1) is None


# ── second and third door: a code, typed or in a link ────────────────────────────────────────────


async def test_the_invited_contact_enrols_with_the_code_and_keeps_the_name_of_the_roster(city):
    given = await city.invite("DH2", contact_id=await city.contact("zhao"))
    done = await city.say(1, given.code, name="Zhao 🌸")

    assert (done.result, done.person.name, done.is_new) == (Result.ENROLLED, "zhao", False)


async def test_where_nobody_is_named_whoever_comes_takes_the_post(city):
    given = await city.invite("HD2")
    done = await city.say(1, given.code, name="张三")

    assert (done.result, done.person.name, done.is_new) == (Result.ENROLLED, "张三", True)
    assert await city.posts(1) == {("HD2单位", Role.PRINCIPAL)}


async def test_somebody_without_a_name_is_called_teacher_until_he_tells_it(city):
    done = await city.say(1, (await city.invite("HD2")).code, name="")
    assert done.person.name == "老师"

    await city.do(enrolment.rename, contact_id=done.person.contact_id, name="张三")
    assert (await city.see(people.by_user, 1)).name == "张三"


async def test_a_code_opens_once_and_says_so_to_others_but_not_to_its_owner(city):
    given = await city.invite("DH2", contact_id=await city.contact("zhao"))
    await city.say(1, given.code)

    assert (await city.say(2, given.code)).result is Result.USED
    assert (await city.say(1, given.code)).result is Result.ENROLLED
    await city.do(enrolment.leave, user_id=1)
    assert (await city.say(1, given.code)).result is Result.USED


async def test_a_code_lives_thirty_days(city):
    given = await city.invite("DH2", contact_id=await city.contact("zhao"))
    assert given.expires_at == NOON + dt.timedelta(days=30)

    city.wait(days=30)
    assert (await city.say(1, given.code)).result is Result.EXPIRED
    assert await city.see(people.by_user, 1) is None


async def test_a_valid_code_is_given_out_again_and_an_old_one_renewed(city):
    first = await city.invite("DH2")
    assert await city.invite("DH2") == first

    city.wait(days=24)  # six days to live are too few to print it
    assert (await city.invite("DH2")).code != first.code
    assert (await city.say(1, first.code)).result is Result.ENROLLED


async def test_codes_for_different_purposes_differ(city):
    zhao = await city.contact("zhao")
    given = [
        await city.invite("DH2"),
        await city.invite("DH2", contact_id=zhao),
        await city.invite("DH2", contact_id=zhao, kind="successor"),
        await city.invite("DH2", Role.DEPUTY),
        await city.invite("DH2", None),
        await city.invite("DH1"),
    ]

    assert len({it.code for it in given}) == len(given)
    assert [it.kind for it in given] == ["contact", "contact", "successor", "contact", "group", "contact"]


async def test_five_wrong_codes_lock_for_an_hour_even_the_right_one(city):
    given = await city.invite("DH2")
    results = []
    for _ in range(5):
        done = await city.say(1, "ZZZZ2222")
        results.append((done.result, done.tries_left))
        city.wait(minutes=1)

    assert results == [(Result.WRONG_CODE, left) for left in (4, 3, 2, 1)] + [(Result.LOCKED, 0)]
    assert (await city.say(1, given.code)).result is Result.LOCKED
    assert (await city.say(2, given.code)).result is Result.ENROLLED  # the lock is his alone


async def test_the_lock_opens_an_hour_after_the_first_of_the_five(city):
    given = await city.invite("DH2")
    for _ in range(5):
        await city.say(1, "ZZZZ2222")
    city.wait(minutes=59, seconds=59)
    assert (await city.say(1, given.code)).result is Result.LOCKED

    city.wait(seconds=1)
    assert (await city.say(1, given.code)).result is Result.ENROLLED


async def test_a_groups_code_enrols_nobody(city):
    given = await city.invite("DH2", None)

    assert (await city.say(1, given.code)).result is Result.FOR_A_GROUP
    assert await city.see(people.by_user, 1) is None


# ── the successor ────────────────────────────────────────────────────────────────────────────────


async def test_the_successor_takes_the_post_over_and_the_predecessor_keeps_his_others(city):
    await city.phone(1, "wang")
    wang = await city.see(people.by_user, 1)
    given = await city.do(enrolment.hand_over, person=wang, unit_id=city.ids["DH1"])
    done = await city.say(2, given.code, name="张三")

    assert await city.posts(2) == {("DH1单位", Role.PRINCIPAL)}
    assert await city.posts(1) == {("DH3单位", Role.PRINCIPAL)}
    assert city.ids["DH1"] in done.unit_ids


async def test_the_posts_of_the_past_keep_the_names_of_the_past(city):
    given = await city.invite("DH2", contact_id=await city.contact("zhao"), kind="successor")
    city.wait(hours=1)
    await city.say(2, given.code, name="张三")

    def posts(tx):
        p, c = model.post, model.contact
        query = (
            sa.select(c.c.name, p.c.since, p.c.until)
            .join(c, c.c.id == p.c.contact_id)
            .where(p.c.unit_id == city.ids["DH2"], p.c.role == "principal")
            .order_by(p.c.id)
        )
        return [tuple(row) for row in tx.execute(query)]

    assert await city.see(posts) == [("zhao", LONG_AGO, city.now), ("张三", city.now, None)]


async def test_a_known_person_who_succeeds_keeps_name_account_and_posts(city):
    await city.phone(2, "li")  # deputy of the same school
    given = await city.invite("DH1", contact_id=await city.contact("wang"), kind="successor")
    done = await city.say(2, given.code, name="别名")

    assert (done.person.name, done.is_new) == ("li", False)
    assert await city.posts(2) == {("DH1单位", Role.DEPUTY), ("DH1单位", Role.PRINCIPAL)}


async def test_a_post_that_can_be_shared_passes_only_from_the_one_who_hands_it_over(city):
    """A school has one principal, and any number of deputies."""
    await city.say(5, (await city.invite("DH1", Role.DEPUTY)).code, name="副手")
    given = await city.invite("DH1", Role.DEPUTY, contact_id=await city.contact("li"), kind="successor")
    await city.say(6, given.code, name="新副手")

    assert await city.posts(5) == await city.posts(6) == {("DH1单位", Role.DEPUTY)}
    assert (await city.see(people.get, await city.contact("li"))).posts == ()


async def test_nobody_hands_over_what_he_does_not_hold(city):
    await city.phone(1, "qian")  # a leader
    await city.phone(2, "zhao")
    for user, unit in ((1, "DH2"), (2, "DH1")):
        person = await city.see(people.by_user, user)
        with pytest.raises(errors.NotAllowed):
            await city.do(enrolment.hand_over, person=person, unit_id=city.ids[unit])


# ── groups ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("contact", "may_bind"),
    [("zhao", True), ("feng", True), ("chen", True), ("qian", False), ("wang", False), ("sun", False)],
)
async def test_a_groups_payload_is_public_and_the_right_comes_from_who_speaks_it(city, contact, may_bind):
    await city.phone(1, contact)
    given = await city.invite("DH2", None)

    door = await city.do(enrolment.open_group_door, code=given.code, user_id=1)

    assert door == enrolment.GroupDoor(city.ids["DH2"], may_bind)


async def test_a_stranger_who_speaks_a_groups_payload_may_not_bind_it(city):
    given = await city.invite("DH2", None)

    assert not (await city.do(enrolment.open_group_door, code=given.code, user_id=99)).may_bind


async def test_a_groups_payload_is_not_used_up_but_grows_old(city):
    given = await city.invite("DH2", None)
    for user in (1, 2):
        assert await city.do(enrolment.open_group_door, code=given.code, user_id=user)

    city.wait(days=30)
    assert await city.do(enrolment.open_group_door, code=given.code, user_id=1) is None


async def test_a_persons_code_spoken_in_a_group_opens_no_group(city):
    given = await city.invite("DH2")

    assert await city.do(enrolment.open_group_door, code=given.code, user_id=1) is None


# ── how a code is written ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed",
    ["K7MP3QWD", "k7mp-3qwd", " K7MP 3QWD ", "k7mp—3qwd", "K7MP_3QWD", "K 7 M P 3 Q W D"],
)
def test_a_code_is_read_as_people_write_it(typed):
    assert enrolment.normal_code(typed) == "K7MP3QWD"
    assert (
        enrolment.normal_code("".join(chr(ord(c) + 0xFEE0) for c in "k7mp3qwd")) == "K7MP3QWD"
    )  # full width


@pytest.mark.parametrize("typed", ["", "K7MP3QW", "K7MP3QWDD", "K7MP3QW0", "K7MPOQWD", "收到", "13800000000"])
def test_what_is_no_code_is_none(typed):
    assert enrolment.normal_code(typed) is None


@hypothesis.given(st.text(enrolment.ALPHABET, min_size=8, max_size=8))
def test_a_spoken_code_is_the_same_code(code):
    assert enrolment.normal_code(enrolment.spoken(code)) == code
    assert enrolment.normal_code(enrolment.spoken(code).lower()) == code


def test_no_code_has_a_sign_that_can_be_misheard():
    assert not set("0O1I") & set(enrolment.ALPHABET)
    assert len(set(enrolment.ALPHABET)) == 32


def test_every_role_that_hands_over_holds_its_post_itself():
    for role in Role:
        assert access.reach(role, access.Action.HAND_OVER) is not access.Reach.AREA

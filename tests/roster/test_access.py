"""Rights: the whole table spelled out, area by area, and `scope` and `may` saying the same."""

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.roster import access
from bot.roster.access import Action, Place, Post, Reach, Role

# own = the post's own unit · area = its county, or the whole city · . = not at all
TABLE = """
                principal deputy safety_officer duty county_officer city_officer leader inspector admin
answer          own       own    own            own  own            own          .      .         .
solve_own       own       own    own            .    own            own          .      .         .
hand_over       own       own    own            .    own            own          .      .         .
bind_group      own       own    own            .    area           area         .      .         area
see_table       .         .      .              .    area           area         area   area      area
see_names       .         .      .              .    area           area         area   area      area
see_phones      .         .      .              .    area           area         .      .         .
handle_trouble  .         .      .              .    area           area         .      .         .
on_behalf       .         .      .              .    area           area         .      .         .
excuse          .         .      .              .    area           area         .      .         .
mark_phoned     .         .      .              .    area           area         .      .         .
chase           .         .      .              .    area           area         .      .         .
invite          .         .      .              .    area           area         .      .         area
pilot           .         .      .              .    .              .            .      .         area
see_plans       .         .      .              .    area           area         area   area      area
run_plans       .         .      .              .    .              area         .      .         area
day_off         .         .      .              .    area           area         .      .         .
revise          .         .      .              .    area           area         .      .         .
export          .         .      .              .    area           area         .      .         .
send            .         .      .              .    area           area         .      .         .
release         .         .      .              .    .              area         area   .         .
see_burden      .         .      .              .    .              .            .      .         area
"""
_HEADER, *_LINES = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (Role(role), Action(action), Reach.NO if cell == "." else Reach(cell))
    for action, *cells in _LINES
    for role, cell in zip(_HEADER, cells, strict=True)
]

# a city (1) with an office (2), two counties (10, 20), a school in each (11, 12; 21), a city-run school (31),
# a college (41)
CITY, OFFICE = Place(1, None), Place(2, None)
DH, DH1, DH2 = Place(10, 10), Place(11, 10), Place(12, 10)
HD, HD1 = Place(20, 20), Place(21, 20)
SZ1, GX1 = Place(31, None), Place(41, None)
EVERYWHERE = {CITY, OFFICE, DH, DH1, DH2, HD, HD1, SZ1, GX1}
KINDS = {
    CITY: "city", OFFICE: "office", DH: "county", DH1: "school", DH2: "school", HD: "county", HD1: "school",
    SZ1: "school", GX1: "college",
}  # fmt: skip
AREAS = {
    CITY: EVERYWHERE, OFFICE: EVERYWHERE, DH: {DH, DH1, DH2}, DH1: {DH1}, DH2: {DH2}, HD: {HD, HD1}, HD1: {HD1},
    SZ1: {SZ1}, GX1: {GX1},
}  # fmt: skip


def post(role, at):
    return Post(role, at.unit_id, KINDS[at], at.county_id)


def test_the_table_has_a_cell_for_every_role_and_action():
    assert {(role, action) for role, action, _ in CELLS} == {(r, a) for r in Role for a in Action}


@pytest.mark.parametrize(("role", "action", "reach"), CELLS, ids=lambda value: value.value)
def test_every_cell_of_the_table(role, action, reach):
    assert access.reach(role, action) is reach
    for at in EVERYWHERE:
        allowed = {place for place in EVERYWHERE if access.may((post(role, at),), action, place)}
        assert allowed == {Reach.NO: set(), Reach.OWN: {at}, Reach.AREA: AREAS[at]}[reach]


def test_those_who_may_answer_are_those_of_the_first_line():
    assert set(access.ANSWERING) == {
        role for role, action, reach in CELLS if action is Action.ANSWER and reach != "no"
    }


def test_a_county_officer_stops_at_the_county_line():
    officer = (post(Role.COUNTY_OFFICER, DH),)

    assert access.may(officer, Action.SEE_NAMES, DH1)
    for place in (HD, HD1, SZ1, GX1, CITY, OFFICE):
        assert not any(access.may(officer, action, place) for action in Action)


def test_an_office_of_the_city_sees_the_whole_city():
    assert access.scope((post(Role.CITY_OFFICER, OFFICE),), Action.SEE_TABLE).everything


def test_the_principal_of_a_central_school_has_no_right_at_its_branch_without_a_post_there():
    assert not access.may((post(Role.PRINCIPAL, DH1),), Action.ANSWER, DH2)


def test_somebody_without_a_post_may_nothing():
    for action in Action:
        assert access.scope((), action).is_empty
        assert not any(access.may((), action, place) for place in EVERYWHERE)


PLACES = st.sampled_from(sorted(EVERYWHERE, key=lambda place: place.unit_id))
POSTS = st.lists(st.builds(post, st.sampled_from(Role), PLACES), max_size=4).map(tuple)


@hypothesis.given(posts=POSTS, action=st.sampled_from(Action), place=PLACES)
def test_scope_and_may_never_disagree(posts, action, place):
    found = access.scope(posts, action)

    assert found.has(place) == access.may(posts, action, place)
    assert found.is_empty == (not any(access.may(posts, action, anywhere) for anywhere in EVERYWHERE))


@hypothesis.given(posts=POSTS, more=POSTS, action=st.sampled_from(Action), place=PLACES)
def test_one_more_post_never_takes_a_right_away(posts, more, action, place):
    assert access.may(posts + more, action, place) == (
        access.may(posts, action, place) or access.may(more, action, place)
    )

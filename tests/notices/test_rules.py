"""The life of a notice: lateness, the steps of a trouble, the limits of a chase, and sums."""

import datetime as dt

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.notices import rules
from bot.notices.rules import Reach, Row, TroubleState

DUE = dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
STATES = st.sampled_from(TroubleState)

# from → to: + may be taken
STEPS = """
           new seen phoned solved withdrawn
new        .   +    +      +      +
seen       .   .    +      +      +
phoned     .   .    .      +      +
solved     .   .    .      .      .
withdrawn  .   .    .      .      .
"""
_HEADER, *_LINES = [line.split() for line in STEPS.strip().splitlines()]


@pytest.mark.parametrize(
    ("state", "to", "allowed"),
    [(state, to, cell == "+") for state, *cells in _LINES for to, cell in zip(_HEADER, cells, strict=True)],
)
def test_every_step_of_a_trouble(state, to, allowed):
    assert rules.may_become(TroubleState(state), TroubleState(to)) is allowed


def test_the_table_of_steps_is_whole():
    assert {state for state, *_ in _LINES} == set(_HEADER) == set(TroubleState)


@hypothesis.given(wished=st.lists(STATES, max_size=20))
def test_whatever_is_pressed_a_trouble_takes_three_steps_at_most_and_none_twice(wished):
    state, taken = TroubleState.NEW, []
    for to in wished:
        if rules.may_become(state, to):
            state = to
            taken.append(to)

    assert len(taken) == len(set(taken)) <= 3
    assert rules.is_standing(state) == (not {TroubleState.SOLVED, TroubleState.WITHDRAWN} & set(taken))


@pytest.mark.parametrize(
    ("state", "stands"),
    [("new", True), ("seen", True), ("phoned", True), ("solved", False), ("withdrawn", False), (None, False)],
)
def test_a_trouble_stands_until_it_is_solved_or_withdrawn(state, stands):
    assert rules.is_standing(TroubleState(state) if state else None) is stands


@pytest.mark.parametrize(("pressed_at", "late"), [(DUE - SECOND, False), (DUE, False), (DUE + SECOND, True)])
def test_the_very_instant_of_due_is_in_time(pressed_at, late):
    assert rules.is_late(pressed_at=pressed_at, due_at=DUE) is late


def test_answering_ends_seven_days_after_due():
    assert rules.closes_at(DUE) == dt.datetime(2026, 10, 7, 9, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("minutes_ago", "allowed"),
    [
        ([], True),
        ([30], True),
        ([29.9], False),
        ([0], False),
        ([300], True),
        ([31, 90], False),
        ([60, 5], False),
    ],
)
def test_a_person_is_reminded_twice_at_most_and_half_an_hour_apart(minutes_ago, allowed):
    earlier = [DUE - dt.timedelta(minutes=minutes) for minutes in minutes_ago]

    assert rules.may_nudge(earlier, DUE) is allowed


@pytest.mark.parametrize(
    ("enrolled", "delivered", "reach"),
    [
        (False, False, Reach.UNBOUND),
        (False, True, Reach.UNBOUND),  # a card in a group of others enrols nobody
        (True, False, Reach.UNDELIVERED),
        (True, True, Reach.SILENT),
    ],
)
def test_why_a_unit_has_not_answered(enrolled, delivered, reach):
    assert rules.reach(enrolled=enrolled, delivered=delivered) is reach


@hypothesis.given(st.integers(0, 4000), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_missing_is_the_sum_of_its_reasons_and_the_rate_that_of_the_answered(
    answered, unbound, undelivered, silent
):
    missing = unbound + undelivered + silent
    row = Row(
        "DH", "大河县", answered + missing, answered, unbound=unbound, undelivered=undelivered, silent=silent
    )

    assert row.missing == missing
    if row.expected:
        assert row.rate == pytest.approx(answered / row.expected, abs=0.00005)
        assert (row.rate == 1) == (missing == 0)
    else:
        assert row.rate is None


def test_the_reasons_of_an_answer_and_of_a_table_have_the_words_of_the_public_surface():
    assert [kind.value for kind in rules.Kind] == ["reminder", "confirm", "report", "directive"]
    assert [value.value for value in rules.Value] == ["yes", "trouble", "text"]
    assert [reach.value for reach in Reach] == ["unbound", "undelivered", "silent"]

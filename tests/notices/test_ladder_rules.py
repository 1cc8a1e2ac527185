"""When the steps of a notice are taken, and from when on they come too late."""

import datetime as dt

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.notices import rules
from bot.notices.rules import Step

DUE = dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
LASTS = st.integers(1, 20 * 24 * 60).map(lambda minutes: minutes * MINUTE)
CHASE, ESCALATE = st.sampled_from(["none", "standard", "urgent"]), st.sampled_from(["none", "county", "city"])

# lasts, chase, escalate → each step with its minutes before due
LADDERS = """
10m   standard county  line 0, difference -30
20m   standard county  nudge 10, county 5, line 0, difference -30
1h    standard county  nudge 30, county 15, line 0, difference -30
2h    standard county  nudge 60, county 30, line 0, difference -30
2h    standard none    nudge 60, line 0, difference -30
2h    standard city    nudge 60, county 30, line 0, difference -30
2h    none     county  county 30, difference -30
2h    none     none    difference -30
24h   standard county  nudge 60, county 30, line 0, difference -30
25h   standard county  nudge_day 1440, nudge 60, county 30, line 0, difference -30
120h  standard county  nudge_day 1440, nudge 60, county 30, line 0, difference -30
2h    urgent   county  nudge 60, county 30, line 0, difference -30
3h    urgent   county  nudge_half 90, nudge 60, county 30, line 0, difference -30
8h    urgent   city    nudge_half 240, nudge 60, county 30, line 0, difference -30
48h   urgent   county  nudge_day 1440, nudge 60, county 30, line 0, difference -30
"""
UNITS = {"m": MINUTE, "h": 60 * MINUTE}


def made(lasts: dt.timedelta, chase: str, escalate: str) -> list[rules.Rung]:
    return list(rules.ladder(chase=chase, escalate=escalate, published_at=DUE - lasts, due_at=DUE))


@pytest.mark.parametrize("line", LADDERS.strip().splitlines(), ids=lambda line: " ".join(line.split()[:3]))
def test_the_ladders_of_the_usual_asks(line):
    lasts, chase, escalate, steps = line.split(maxsplit=3)

    rungs = made(int(lasts[:-1]) * UNITS[lasts[-1]], chase, escalate)

    said = [f"{rung.step.value} {(DUE - rung.at) // MINUTE}" for rung in rungs]
    assert said == steps.strip().split(", ")


@hypothesis.given(LASTS, CHASE, ESCALATE)
def test_no_ladder_says_more_or_sooner_than_agreed(lasts, chase, escalate):
    rungs = made(lasts, chase, escalate)
    at = {rung.step: rung.at for rung in rungs}
    nudges = [at[step] for step in rules.NUDGES if step in at]

    assert [rung.at for rung in rungs] == sorted(at.values())
    assert len(at) == len(rungs)
    assert len(nudges) <= rules.NUDGES_PER_ASK
    assert all(DUE - lasts < moment <= DUE + rules.DIFFERENCE_AFTER for moment in at.values())
    assert nudges == sorted(nudges)
    if len(nudges) == 2:
        assert nudges[1] - nudges[0] >= rules.NUDGES_APART
        assert nudges[0] - (DUE - lasts) >= rules.NUDGES_APART
    if chase == "none":
        assert not nudges
        assert Step.LINE not in at
    elif lasts >= rules.SHORT:
        assert Step.NUDGE in at
    assert (Step.COUNTY in at) == (escalate != "none" and lasts >= rules.SHORT)
    assert at[Step.DIFFERENCE] == DUE + 30 * MINUTE


def test_only_a_longer_ask_than_a_day_is_reminded_a_day_before():
    assert Step.NUDGE_DAY not in {rung.step for rung in made(rules.A_DAY, "standard", "county")}
    assert Step.NUDGE_DAY in {
        rung.step for rung in made(rules.A_DAY + rules.NUDGES_APART, "standard", "county")
    }


@pytest.mark.parametrize(
    ("step", "minutes"),
    [("nudge_day", 0), ("nudge_half", 0), ("nudge", 0), ("county", 0), ("line", 120), ("difference", 750)],
)
def test_when_a_step_comes_too_late(step, minutes):
    assert rules.useful_until(Step(step), DUE) == DUE + minutes * MINUTE

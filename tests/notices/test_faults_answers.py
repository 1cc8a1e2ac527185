"""Pressing again, later, or as somebody else: what counts and what is said."""

import datetime as dt

import pytest

from bot.inbox import questions
from bot.notices import answer, joining, queries, rules
from bot.notices.answer import Said
from bot.notices.rules import TroubleState, Value
from bot.telegram.handlers import answering
from tests.notices import world

WANG, LI, FENG = 1, 2, 9  # DH1's principal and deputy, the county's officer


def asked(city: world.World) -> int:
    for user, contact in ((WANG, "wang"), (LI, "li"), (FENG, "feng")):
        city.share_phone(user, contact)
    city.bind("group:0", "DH", FENG)
    return city.publish("county:DH")


def status(city: world.World, notice: int, unit: str = "DH1") -> queries.Status:
    return next(s for s in queries.statuses(city.tx, notice) if s.unit_id == city.ids[unit])


def test_a_new_trouble_after_a_solved_one_is_a_trouble(city):
    notice = asked(city)
    city.press(notice, LI, "trouble", unit="DH1")
    city.handle(notice, FENG, "DH1", "solved")
    city.wait(60)

    outcome = city.press(notice, LI, "trouble", unit="DH1")

    assert outcome.said is Said.TROUBLE
    assert status(city, notice).trouble is TroubleState.NEW


def test_who_changes_an_answer_given_in_time_is_not_told_that_it_is_late(city):
    notice = asked(city)
    city.press(notice, LI, "text", unit="DH1")
    city.wait(24 * 60)

    outcome = city.press(notice, LI, "yes", unit="DH1")

    assert not status(city, notice).late
    assert outcome.said is Said.RECORDED


def test_a_school_that_had_withdrawn_its_only_answer_is_told_that_it_is_late(city):
    notice = asked(city)
    city.press(notice, LI, "trouble", unit="DH1")
    city.withdraw(notice, LI, "DH1")
    city.wait(24 * 60)

    outcome = city.press(notice, LI, "yes", unit="DH1")

    assert status(city, notice).late
    assert outcome.said is Said.LATE


# ── a line typed by one who is nobody any more ───────────────────────────────────────────────────


def ask_for_a_line(city: world.World, notice: int) -> None:
    it = answer.Press(notice, 1, Value.TEXT, LI, LI, None, unit_id=city.ids["DH1"])
    assert answer.ask_line(city.tx, city.now, it).said is Said.SAY


def test_who_has_left_is_expected_to_write_nothing(city):
    notice = asked(city)
    ask_for_a_line(city, notice)

    city.leave(LI)

    assert questions.open(city.tx, city.now, LI) is None


def test_whose_enrolment_has_moved_to_another_account_is_expected_to_write_nothing(city):
    notice = asked(city)
    ask_for_a_line(city, notice)

    city.share_phone(11, "li")

    assert questions.open(city.tx, city.now, LI) is None


def test_a_strangers_line_is_no_press_to_be_offered_again(city):
    notice = asked(city)
    subject = f"{notice}:{city.ids['DH1']}"
    outcome = answer.line(city.tx, city.now, user_id=12, subject=subject, text="一切正常")
    assert outcome.said is Said.STRANGER

    arrival = joining.with_phone(city.tx, city.now, user_id=12, phone=world.phone("zhao"))

    assert arrival.enrolled.person is not None
    assert arrival.offered is None


def test_a_line_typed_after_the_end_is_told_when_the_end_was(city):
    notice = asked(city)
    ask_for_a_line(city, notice)
    subject, later = f"{notice}:{city.ids['DH1']}", city.due[notice] + rules.CLOSES_AFTER

    outcome = answer.line(
        city.tx, later + dt.timedelta(hours=1), user_id=LI, subject=subject, text="一切正常"
    )

    assert (outcome.said, outcome.due_at) == (Said.CLOSED, city.due[notice])
    assert world.WORDS.html(f"toast.{outcome.said}", **answering.facts(outcome)).startswith("9月30日(周三)")


@pytest.mark.parametrize("said", [said for said in Said if said is not Said.UNKNOWN])
def test_whatever_became_of_a_press_or_a_line_can_be_said(said):
    outcome = answer.Outcome(said, at=world.MORNING, due_at=world.MORNING)

    assert world.WORDS.html(f"toast.{said}", **answering.facts(outcome))

"""Faults hunted down in the owner's word: what was decided holds, is told as it was said, and is asked for where needed."""

import pytest

from bot.plans import firing, model, switching
from tests.plans.town import OFFICER, Town, at

EVE = {"trigger": "1 school day before holiday at 15:00"}


@pytest.fixture
def asked(town) -> tuple[Town, int]:
    """On the afternoon of 2026-12-30: the last day before 元旦 has been put to the owner."""
    city = town("2026-12-29 08:00")
    city.plan(**EVE)
    city.live("2026-12-30 16:00")
    (fire_id,) = city.cards()
    return city, fire_id


def decide(city: Town, fire_id: int, *, go: bool) -> switching.Decided:
    return switching.decide(city.tx, city.now, fire_id, go=go, book=city.book, user_id=OFFICER)


def test_what_was_wanted_and_then_missed_can_still_be_decided(asked):
    city, fire_id = asked
    decide(city, fire_id, go=True)
    city.tick("2026-12-31 19:00")  # down for four hours
    assert city.rows() == [("2026-12-31 15:00", "asked", "")]
    assert city.cards()[fire_id].rows

    done = decide(city, fire_id, go=True)

    assert (done.state, done.is_new) == (model.FireState.PUBLISHED, True)
    assert len(city.notices()) == 1


def test_nobody_is_said_to_have_left_out_what_he_wanted(asked):
    city, fire_id = asked
    decide(city, fire_id, go=True)
    city.next_year(new_year=("2026-12-31", "2027-01-02"))
    city.tick("2026-12-30 16:05")

    (card,) = city.cards().values()

    assert "刘专员" not in card.html
    assert firing.MOVED in card.html


def test_a_day_that_moved_and_moved_back_is_kept(asked):
    """An editor that saves in two steps shows a calendar without its rows for a moment."""
    city, fire_id = asked
    city.next_year(new_year=("2026-12-31", "2027-01-02"))
    city.tick("2026-12-30 16:05")
    assert city.rows() == [("2026-12-31 15:00", "skipped", firing.MOVED)]
    (city.folder / "calendar" / "2027.toml").unlink()
    city.reread()

    city.tick("2026-12-30 16:10")
    assert city.cards()[fire_id].rows
    city.live("2026-12-31 20:00")

    assert city.rows() == [("2026-12-31 15:00", "published", "")]


def test_a_refusal_outlives_a_clock_set_right(asked):
    city, fire_id = asked
    decide(city, fire_id, go=False)

    city.tick("2026-12-30 16:30")  # half an hour ahead
    city.tick("2026-12-30 16:02")
    city.live("2026-12-31 20:00")

    assert city.rows() == [("2026-12-31 15:00", "skipped", switching.DECLINED)]


def test_a_plan_switched_off_asks_its_owner_nothing(asked):
    city, fire_id = asked
    switching.switch(city.tx, city.now, "P", on=False, book=city.book, by="cli")

    (card,) = city.cards().values()

    assert not card.rows
    assert firing.PAUSED in card.html
    assert not decide(city, fire_id, go=True).is_new


def test_a_plan_switched_off_in_its_file_asks_its_owner_nothing(asked):
    city, fire_id = asked
    city.plan(**EVE, enabled="false")
    city.tick("2026-12-30 16:05")

    assert city.rows() == [("2026-12-31 15:00", "skipped", firing.PAUSED)]
    assert not city.cards()[fire_id].rows


def test_a_plan_switched_on_again_before_its_day_asks_and_fires(asked):
    city, fire_id = asked
    switching.switch(city.tx, city.now, "P", on=False, book=city.book, by="cli")
    switching.switch(city.tx, at("2026-12-30 16:10"), "P", on=True, book=city.book, by="cli")
    city.tick("2026-12-30 16:11")
    assert city.cards()[fire_id].rows

    city.live("2026-12-31 20:00")

    assert city.rows() == [("2026-12-31 15:00", "published", "")]


def test_the_question_ends_when_the_plan_has_fired(asked):
    city, fire_id = asked
    city.live("2026-12-31 15:01")

    card = city.cards()[fire_id]

    assert "【已发】" in card.html
    assert not card.rows


def test_what_closed_schools_would_miss_is_told_to_whoever_wanted_it_sent(town):
    """The officer pressed 补发; nothing left, because all schools stay closed. He is not told that he left it out."""
    city = town("2026-09-30 10:00")
    city.plan(trigger="every school day at 11:00", audience="county:DH")
    city.tick()
    city.tick("2026-09-30 14:01")
    (fire_id,) = city.cards()
    city.day_off("2026-09-30", county="DH")

    done = decide(city, fire_id, go=True)

    assert city.rows() == [("2026-09-30 11:00", "skipped", "今天停课 3 校")]
    assert done.state is model.FireState.SKIPPED
    card = city.cards()[fire_id]
    assert "这次不发" not in card.html
    assert "今天停课 3 校" in card.html

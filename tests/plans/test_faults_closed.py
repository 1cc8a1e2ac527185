"""Faults hunted down in days off: a school that moves, a county that closes, a person with schools in two counties."""

import datetime as dt

import sqlalchemy as sa

from bot.notices import chase, model
from bot.plans import days_off
from bot.roster import model as roster
from tests.plans.test_days_off import HEAD, ask, close, excused, snow, take_back
from tests.plans.town import OFFICER, SHANGHAI, Town, at

__all__ = ["snow"]  # the fixture


def move(town: Town, unit: str, county: str) -> None:
    u = roster.unit
    ids = {"parent_id": town.ids[county], "county_id": town.ids[county]}
    town.tx.execute(u.update().where(u.c.code == unit).values(ids))


def test_a_school_that_moves_away_owes_again_when_the_word_is_taken_back(snow) -> None:
    notice = ask(snow.tx, snow.now)
    word = close(snow, "DH")
    move(snow, "DH2", "SY")

    done = take_back(snow, word.day_off_id)

    assert done.excused.asks == 3
    assert excused(snow.tx, notice) == set()


def test_a_school_that_loses_its_tag_owes_again_when_the_word_is_taken_back(snow) -> None:
    notice = ask(snow.tx, snow.now)
    word = close(snow, "DH", "山区")
    u = roster.unit
    snow.tx.execute(u.update().where(u.c.code == "DH1").values(tags=""))

    take_back(snow, word.day_off_id)

    assert excused(snow.tx, notice) == set()


def test_a_school_that_moves_is_spared_where_its_new_county_is_closed(snow) -> None:
    snow.plan(kind="confirm", trigger="every school day at 09:00")
    snow.tick()
    close(snow, "DH")
    move(snow, "DH2", "SY")
    move(snow, "SY2", "DH")

    (fired,) = snow.tick("2026-11-24 09:00")

    assert snow.asked_of(fired.notice_id) == {"DH2", "SY1", "SZ1"}


def test_closed_opened_and_closed_again(snow) -> None:
    notice = ask(snow.tx, snow.now)
    word = close(snow, "DH")
    snow.now += dt.timedelta(minutes=1)
    take_back(snow, word.day_off_id)
    snow.now += dt.timedelta(minutes=1)

    again = close(snow, "DH")
    assert again.is_new
    assert excused(snow.tx, notice) == {"DH1", "DH2", "DH3"}
    snow.now += dt.timedelta(minutes=1)

    take_back(snow, again.day_off_id)
    assert excused(snow.tx, notice) == set()


def test_a_county_that_closes_down_takes_its_days_off_along(snow) -> None:
    """The unit is gone from the roster; the plan fires for the rest, and the word can still be read and taken back."""
    snow.plan(kind="confirm", trigger="every school day at 09:00")
    snow.tick()
    word = close(snow, "DH")
    u = roster.unit
    snow.tx.execute(u.update().where(u.c.code.in_(["DH", "DH1", "DH2", "DH3"])).values(closed_at=snow.now))

    (fired,) = snow.tick("2026-11-24 09:00")

    assert snow.asked_of(fired.notice_id) == {"SY1", "SY2", "SZ1"}
    snow.now = at("2026-11-24 09:05")
    assert days_off.take_back(snow.tx, snow.now, word.day_off_id, user_id=OFFICER, zone=SHANGHAI).schools == 0


def test_of_two_schools_of_one_person_the_closed_one_is_not_spoken_of(snow) -> None:
    head = sa.select(roster.post.c.contact_id).join(roster.unit, roster.unit.c.id == roster.post.c.unit_id)
    contact = snow.tx.execute(head.where(roster.unit.c.code == "DH1")).scalar_one()
    values = {"contact_id": contact, "unit_id": snow.ids["SY2"], "role": "principal", "source": "file"}
    snow.tx.execute(roster.post.insert().values(values | {"since": snow.now}))
    notice = ask(snow.tx, snow.now)
    close(snow, "DH")

    values = {
        "notice_id": notice,
        "contact_id": contact,
        "asked_by": chase.TIMER,
        "at": at("2026-11-24 16:00"),
    }
    owed_id = snow.tx.execute(model.chase.insert().values(values).returning(model.chase.c.id)).scalar_one()

    owed = chase.claim(snow.tx, at("2026-11-24 16:00:01"), owed_id, user_id=HEAD)

    assert [s.code for s in owed.assignments] == ["SY2"]

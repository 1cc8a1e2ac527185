"""The days triggers speak on: the city's year as the bureau would tell it, and the edges."""

import datetime as dt
import zoneinfo

import pytest

from bot.calendar import triggers
from bot.calendar.school import SchoolCalendar, SchoolCalendars
from bot.calendar.terms import Rows

ALL = "2026-01-01"


def days(calendar: SchoolCalendar, text: str, since: str = ALL, count: int = 3) -> list[str]:
    """The next occurrences from that midnight on: date, occasion, and ? where it is provisional."""
    at = dt.datetime.fromisoformat(since).replace(tzinfo=calendar.zone) - dt.timedelta(microseconds=1)
    found = []
    while len(found) < count and (one := triggers.parse(text).next_after(at, calendar)):
        at = one.at
        local = one.at.astimezone(calendar.zone)
        found.append(f"{local:%Y-%m-%d}{one.occasion}{'?' * one.is_provisional}")
    return found


def test_a_make_up_sunday_fires_and_the_friday_it_pays_for_does_not(primary):
    assert days(primary, "every school day at 15:30", "2026-09-18", 8) == [
        "2026-09-18", "2026-09-20", "2026-09-21", "2026-09-22", "2026-09-23", "2026-09-24", "2026-09-28", "2026-09-29",
    ]  # fmt: skip


def test_the_school_day_before_each_holiday_of_the_autumn(primary, offices):
    for calendar in (primary, offices):
        assert days(calendar, "1 school day before holiday at 09:00", "2026-09-01") == [
            "2026-09-24中秋", "2026-09-30国庆", "2026-12-31元旦?",
        ]  # fmt: skip


def test_winter_comes_a_week_apart_for_two_stages(primary, high):
    assert days(primary, "7 days before break at 09:00", count=1) == ["2026-01-27寒假"]
    assert days(high, "7 days before break at 09:00", count=1) == ["2026-02-03寒假"]
    assert days(primary, "1 school day before holiday at 09:00", "2026-01-05", 1) == ["2026-02-02寒假"]
    assert days(high, "1 school day before holiday at 09:00", "2026-01-05", 1) == ["2026-02-09寒假"]


def test_spring_festival_for_offices_counts_the_make_up_saturday(offices):
    assert days(offices, "1 school day before holiday at 09:00", "2026-01-05", 1) == ["2026-02-14春节"]
    assert days(offices, "5 workdays before holiday at 09:00", "2026-01-05", 1) == ["2026-02-10春节"]
    assert days(offices, "1 day before school resumes at 16:00", "2026-02-01", 1) == ["2026-02-23春节"]
    assert days(offices, "every holiday day at 16:00", "2026-02-22") == [
        "2026-02-22春节", "2026-02-23春节", "2026-04-04清明",
    ]  # fmt: skip


def test_five_workdays_before_national_day_is_before_mid_autumn_and_still_means_national_day(primary):
    assert days(primary, "5 workdays before holiday at 09:00", "2026-09-01", 2) == [
        "2026-09-20中秋", "2026-09-23国庆",  # the make-up Sunday counts
    ]  # fmt: skip


def test_the_turn_of_the_year_is_right_and_provisional(primary, offices):
    assert days(primary, "every school day at 15:30", "2026-12-30", 3) == [
        "2026-12-30?", "2026-12-31?", "2027-01-04?",
    ]  # fmt: skip
    assert days(offices, "every holiday day at 16:00", "2026-12-01", 3) == [
        "2027-01-01元旦?", "2027-01-02元旦?", "2027-01-03元旦?",
    ]  # fmt: skip
    assert days(primary, "1 day before school resumes at 16:00", "2026-12-01", 1) == ["2027-01-03元旦?"]
    assert days(primary, "last school day of week at 14:30", "2026-12-21", 2) == ["2026-12-25", "2026-12-31?"]


def test_the_last_school_day_of_a_week_may_be_a_make_up_day_and_a_week_off_has_none(primary):
    assert days(primary, "last school day of week at 14:30", "2026-09-14", 5) == [
        "2026-09-20", "2026-09-24", "2026-09-30", "2026-10-10", "2026-10-16",
    ]  # fmt: skip


def test_a_week_wholly_off_has_no_turn():
    calendar = SchoolCalendars(Rows(), zoneinfo.ZoneInfo("Asia/Shanghai")).of()

    assert days(calendar, "first school day of week at 09:00", "2026-02-09", 3) == [
        "2026-02-09", "2026-02-24", "2026-03-02",
    ]  # fmt: skip


def test_every_second_week_is_the_same_for_all(primary, high, offices):
    for calendar in (primary, high, offices):
        assert days(calendar, "every 2nd week on first school day at 09:00", "2026-09-01", 3) == [
            "2026-09-07", "2026-09-21", "2026-10-08",
        ]  # fmt: skip


def test_the_first_and_last_school_day_of_a_month(primary):
    assert days(primary, "first school day of month at 09:00", "2026-01-01", 5) == [
        "2026-01-04", "2026-02-02", "2026-03-05", "2026-04-01", "2026-05-06",
    ]  # fmt: skip
    assert days(primary, "last school day of month at 17:00", "2026-06-01", 4) == [
        "2026-06-30", "2026-07-03?", "2026-09-30", "2026-10-30",  # August has none
    ]  # fmt: skip


def test_terms_begin_and_end_with_the_breaks_told(primary, high, offices):
    assert days(primary, "first school day of term at 08:30") == ["2026-03-05寒假", "2026-09-01暑假?"]
    assert days(primary, "last school day of term at 08:30") == ["2026-02-02寒假", "2026-07-03暑假?"]
    assert days(high, "last school day of term at 08:30", count=1) == ["2026-02-09寒假"]
    assert days(primary, "5 days before school starts at 09:00") == ["2026-02-28寒假", "2026-08-27暑假?"]
    assert days(primary, "1 day before school resumes at 16:00", "2026-02-01", 1) == ["2026-03-04寒假"]
    for text in ("first school day of term at 08:30", "7 days before break at 09:00"):
        assert days(offices, text) == []


def test_nobody_is_told_of_the_return_before_he_left(primary):
    assert days(primary, "3 days before school resumes at 16:00", "2026-09-01", 2) == [
        "2026-09-25中秋", "2026-10-05国庆",
    ]  # fmt: skip
    assert days(primary, "4 days before school resumes at 16:00", "2026-09-01", 1) == ["2026-10-04国庆"]


def test_a_break_that_began_last_year_still_has_its_return(load):
    winter = '[[break]]\nname = "寒假"\nfirst_day_off = 2026-12-28\nschool_starts = 2027-02-20\n'
    school = load("year = 2027\n" + winter).calendars.of("小学")

    assert days(school, "1 day before school resumes at 16:00", "2027-01-10", 1) == ["2027-02-21寒假?"]
    assert days(school, "first school day of term at 08:30", "2027-01-10", 1) == ["2027-02-22寒假?"]


def test_a_holiday_day_is_one_of_the_country_s_also_within_a_break(primary):
    assert days(primary, "every holiday day at 16:00", "2026-02-03", 10) == [
        *(f"2026-02-{day}春节" for day in range(15, 24)), "2026-04-04清明",
    ]  # fmt: skip


def test_a_day_that_is_no_school_day_moves(primary):
    assert days(primary, "11-09 or previous school day at 09:00", count=1) == ["2026-11-09"]
    assert days(primary, "04-05 or previous school day at 09:00", count=1) == ["2026-04-03"]
    assert days(primary, "07-20 or previous school day at 09:00", count=1) == ["2026-07-03?"]
    assert days(primary, "10-01 or next school day at 09:00", count=1) == ["2026-10-08"]
    assert days(primary, "01-02 or previous school day at 09:00", "2026-12-01", 1) == ["2026-12-31?"]
    assert days(primary, "12-31 or next school day at 09:00", "2027-01-01", 1) == ["2027-12-31?"]
    assert days(primary, "09-20 or previous school day at 09:00", count=1) == [
        "2026-09-20"
    ]  # a Sunday of school


def test_fixed_days_come_whatever_day_it_is(offices):
    assert days(offices, "10-01 at 09:00", count=2) == ["2026-10-01", "2027-10-01"]
    assert days(offices, "2026-10-03 09:00") == ["2026-10-03"]
    assert days(offices, "2025-10-03 09:00") == []
    assert days(offices, "last monday of march at 08:00", count=2) == ["2026-03-30", "2027-03-29"]
    assert days(offices, "second monday of april at 08:00", count=2) == ["2026-04-13", "2027-04-12"]
    assert days(offices, "first friday of month at 08:00", "2026-12-01", 2) == ["2026-12-04", "2027-01-01"]
    assert days(offices, "every friday from 06-01 to 08-31 at 10:00", "2026-08-20") == [
        "2026-08-21", "2026-08-28", "2027-06-04",
    ]  # fmt: skip
    assert days(offices, "every monday from 11-15 to 03-15 at 10:00", "2027-03-01", 4) == [
        "2027-03-01", "2027-03-08", "2027-03-15", "2027-11-15",
    ]  # fmt: skip


def test_the_29th_of_february_waits_for_leap_years(offices):
    assert days(offices, "02-29 at 09:00", count=2) == ["2028-02-29", "2032-02-29"]
    assert days(offices, "02-29 at 09:00", "2096-03-01", 1) == ["2104-02-29"]
    assert days(offices, "cron 0 9 29 feb *", "2096-03-01", 1) == ["2104-02-29"]
    assert days(offices, "02-29 or previous school day at 09:00", count=1) == ["2028-02-29?"]


def test_cron_knows_names_lists_ranges_steps_and_short_months(offices):
    assert days(offices, "cron 0 9 * * mon") == ["2026-01-05", "2026-01-12", "2026-01-19"]
    assert days(offices, "cron 0 9 31 * *", "2026-01-01", 4) == [
        "2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31",
    ]  # fmt: skip
    assert days(offices, "cron 0 9 1,15 jan-mar/2 *", "2026-01-01", 5) == [
        "2026-01-01", "2026-01-15", "2026-03-01", "2026-03-15", "2027-01-01",
    ]  # fmt: skip
    first = triggers.parse("cron */30 9-10 * * mon-fri").next_after(
        dt.datetime(2026, 1, 2, 2, 31, tzinfo=dt.UTC), offices
    )
    assert first
    assert first.at == dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)  # Friday 10:31 in Shanghai → Monday 9:00


def test_manual_never_fires(offices):
    assert days(offices, "manual") == []


def test_the_instant_itself_is_not_after_it(offices):
    trigger = triggers.parse("06-01 at 09:00")
    at = dt.datetime(2026, 6, 1, 1, 0, tzinfo=dt.UTC)

    first = trigger.next_after(at - dt.timedelta(microseconds=1), offices)
    assert first
    assert first.at == at
    later = trigger.next_after(at, offices)
    assert later
    assert later.at.year == 2027


@pytest.mark.parametrize("text", ["manual", "06-01 at 09:00", "2026-06-01 09:00", "cron 0 9 * * mon"])
def test_an_instant_needs_an_offset(offices, text):
    if text != "manual":
        with pytest.raises(ValueError, match="without an offset"):
            triggers.parse(text).next_after(dt.datetime(2026, 6, 1), offices)  # noqa: DTZ001


def test_an_occurrence_carries_the_holiday_it_is_told_by(primary):
    one = triggers.parse("1 school day before holiday at 15:00").next_after(
        dt.datetime(2026, 9, 27, tzinfo=dt.UTC), primary
    )

    assert one
    assert one.at == dt.datetime(2026, 9, 30, 7, 0, tzinfo=dt.UTC)
    assert one.holiday
    assert (one.holiday.first_day_off, one.holiday.resumes_on) == (dt.date(2026, 10, 1), dt.date(2026, 10, 8))


def test_summer_time_leaves_no_hour_out_and_tells_none_twice():
    berlin = SchoolCalendars(Rows(), zoneinfo.ZoneInfo("Europe/Berlin")).of()

    def at(text: str, since: str) -> dt.datetime:
        found = triggers.parse(text).next_after(dt.datetime.fromisoformat(since).astimezone(dt.UTC), berlin)
        assert found
        return found.at

    spring = at("03-29 at 02:30", "2026-03-28T00:00:00+01:00")  # that night has no 02:30
    assert spring == dt.datetime(2026, 3, 29, 1, 30, tzinfo=dt.UTC)
    autumn = at("10-25 at 02:30", "2026-10-24T00:00:00+02:00")  # that night has two
    assert autumn == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    assert at("10-25 at 02:30", autumn.isoformat()).year == 2027

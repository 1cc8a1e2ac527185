"""Plans fire by themselves: on the right day, once, or with a row that says why not."""

import pytest

from bot import errors
from bot.plans import firing, model, preview, reckoning, switching
from tests.plans.town import ADMIN, OFFICER, SCHOOLS, at, day, said

NIGHT = {"trigger": "every school day at 21:40"}


# ── the right day ────────────────────────────────────────────────────────────────────────────────


def test_autumn_2026_has_its_make_up_days_and_its_holidays(town):
    city = town("2026-09-18 08:00")
    city.plan()

    city.live("2026-10-12 20:00")

    days = [when[:10] for when in city.published()]
    assert "2026-09-20" in days  # a Sunday, made up for 国庆
    assert "2026-10-10" in days  # a Saturday
    assert not {"2026-09-19", "2026-09-25", "2026-09-26", "2026-10-03", "2026-10-07", "2026-10-11"} & set(
        days
    )
    assert days == [
        *(f"2026-09-{d}" for d in (18, 20, 21, 22, 23, 24, 28, 29, 30)), "2026-10-08", "2026-10-09", "2026-10-10",
        "2026-10-12",
    ]  # fmt: skip


def test_the_last_school_day_before_each_holiday(town):
    city = town("2026-09-01 08:00")
    city.plan("A", title='"{holiday}"', trigger="1 school day before holiday at 09:00")
    city.plan("B", title='"{holiday}"', kind="confirm", trigger="1 school day before holiday at 15:00")

    fired = city.live("2026-10-31 20:00")

    assert city.published("A") == ["2026-09-24 09:00", "2026-09-30 09:00"]
    assert city.published("B") == ["2026-09-24 15:00", "2026-09-30 15:00"]
    assert city.asked_of(fired[-1].notice_id) == SCHOOLS


def test_stages_whose_break_begins_later_are_asked_later(town):
    city = town("2026-01-20 08:00")
    city.plan(
        kind="confirm", trigger="7 days before break at 09:00", due="+2h", audience="schools or colleges"
    )

    fired = city.live("2026-02-20 20:00")

    assert city.published() == ["2026-01-27 09:00", "2026-02-03 09:00"]
    assert [city.asked_of(one.notice_id) for one in fired] == [{"DH1", "DH2", "SY1", "SY2"}, {"DH3", "SZ1"}]


def test_schools_that_share_both_instants_share_the_notice(town):
    city = town("2026-03-01 08:00")
    city.plan(kind="confirm", audience="schools or counties or colleges", trigger="every school day at 15:00")

    fired = city.tick("2026-03-06 15:00") or city.tick("2026-03-09 15:00")

    assert len({one.notice_id for one in fired}) == 1


def test_a_plan_for_offices_goes_by_workdays(town):
    city = town("2026-07-30 08:00")
    city.plan(audience="counties")

    city.live("2026-08-03 20:00")

    assert [when[:10] for when in city.published()] == ["2026-07-30", "2026-07-31", "2026-08-03"]


# ── once ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_never_fires_backwards(town):
    city = town("2026-09-30 15:00:30")
    city.plan()

    city.tick()
    city.tick("2026-09-30 15:30")

    assert city.rows() == []


def test_looking_again_changes_nothing(town):
    city = town("2026-09-30 14:00")
    city.plan()
    city.tick()

    assert len(city.tick("2026-09-30 15:00")) == 1
    assert city.tick("2026-09-30 15:00") == []
    assert city.tick("2026-09-30 15:00:02") == []
    assert city.published() == ["2026-09-30 15:00"]


def test_a_clock_set_back_repeats_nothing(town):
    city = town("2026-09-30 14:00")
    city.plan()
    city.tick()
    city.tick("2026-09-30 15:00")

    city.tick("2026-09-30 13:00")
    city.live("2026-09-30 20:00")

    assert city.published() == ["2026-09-30 15:00"]


def test_a_clock_that_ran_ahead_takes_nothing_away(town):
    city = town("2026-09-28 08:00")
    city.plan()
    city.tick()

    city.tick("2027-03-03 15:00:01")  # somebody set the year wrong, and right again
    city.tick("2026-09-28 08:01")
    city.live("2026-09-30 20:00")

    assert [when for when in city.published() if when < "2027"] == [
        "2026-09-28 15:00", "2026-09-29 15:00", "2026-09-30 15:00",
    ]  # fmt: skip


# ── missed ───────────────────────────────────────────────────────────────────────────────────────


def test_what_was_missed_by_an_hour_is_published(town):
    city = town("2026-09-30 14:00")
    city.plan(kind="confirm", late="2h")
    city.tick()

    fired = city.tick("2026-09-30 16:00")

    assert city.rows() == [("2026-09-30 15:00", "published", "")]
    assert city.asked_of(fired[0].notice_id) == SCHOOLS


def test_what_was_missed_by_three_hours_is_put_to_the_owner_once(town):
    city = town("2026-09-30 10:00")
    city.plan(kind="confirm", trigger="every school day at 11:00", owner="OFFICE", due="same day at 17:00")
    city.tick()

    city.tick("2026-09-30 14:00")
    city.tick("2026-09-30 14:05")

    assert city.rows() == [("2026-09-30 11:00", "asked", "")]
    (card,) = city.cards().values()
    assert "9月30日(周三)11:00 该发给 6 个单位" in card.html
    assert "顺延到今天20:05" in card.html  # six hours to answer, as it would have had
    assert [row[0].text for row in card.rows] == ["补发并顺延", "跳过这次"]


def test_the_owner_has_it_made_up_for(town):
    city = town("2026-09-30 10:00")
    city.plan(kind="confirm", trigger="every school day at 11:00", owner="OFFICE", due="same day at 17:00")
    city.tick()
    city.tick("2026-09-30 14:01")
    (fire_id,) = city.cards()

    done = switching.decide(
        city.tx, at("2026-09-30 14:02"), fire_id, go=True, book=city.book, user_id=OFFICER
    )

    assert (done.state, done.is_new) == (model.FireState.PUBLISHED, True)
    (notice,) = city.notices()
    assert said(notice.due_at) == "2026-09-30 20:05"
    assert city.asked_of(notice.id) == SCHOOLS
    again = switching.decide(
        city.tx, at("2026-09-30 14:03"), fire_id, go=False, book=city.book, user_id=ADMIN
    )
    assert (again.state, again.is_new) == (model.FireState.PUBLISHED, False)
    assert len(city.notices()) == 1
    city.now = at("2026-09-30 14:04")
    assert "【已发】" in city.cards()[fire_id].html


def test_the_owner_leaves_it_out(town):
    city = town("2026-09-30 10:00")
    city.plan(trigger="every school day at 11:00", owner="OFFICE")
    city.tick()
    city.tick("2026-09-30 14:01")
    (fire_id,) = city.cards()

    switching.decide(city.tx, city.now, fire_id, go=False, book=city.book, user_id=OFFICER)

    assert city.rows() == [("2026-09-30 11:00", "skipped", switching.DECLINED)]
    (card,) = city.cards().values()
    assert not card.rows
    assert "刘专员定:这次不发" in card.html


def test_who_may_not_run_plans_decides_nothing(town):
    city = town("2026-09-30 10:00")
    city.plan(trigger="every school day at 11:00")
    city.tick()
    city.tick("2026-09-30 14:01")
    (fire_id,) = city.cards()

    with pytest.raises(errors.NotAllowed):
        switching.decide(city.tx, city.now, fire_id, go=True, book=city.book, user_id=12345)

    assert city.rows() == [("2026-09-30 11:00", "asked", "")]


def test_of_several_missed_only_the_newest_counts(town):
    city = town("2026-09-27 10:00")
    city.plan()
    city.tick()

    city.tick("2026-09-30 15:30")

    assert city.rows() == [
        ("2026-09-28 15:00", "skipped", firing.MISSED),
        ("2026-09-29 15:00", "skipped", firing.MISSED),
        ("2026-09-30 15:00", "published", ""),
    ]


def test_a_question_nobody_answered_ends_with_the_next_time(town):
    city = town("2026-09-28 10:00")
    city.plan()
    city.tick()
    city.tick("2026-09-28 20:00")
    (fire_id,) = city.cards()

    city.live("2026-09-29 15:00")

    assert city.rows() == [
        ("2026-09-28 15:00", "skipped", firing.SUPERSEDED), ("2026-09-29 15:00", "published", ""),
    ]  # fmt: skip
    assert firing.SUPERSEDED in city.cards()[fire_id].html


def test_what_is_due_already_is_put_to_the_owner_however_late_is_allowed(town):
    city = town("2026-09-30 10:00")
    city.plan(kind="confirm", late="1d")
    city.tick()

    city.tick("2026-09-30 17:00")

    assert city.rows() == [("2026-09-30 15:00", "asked", "")]


# ── edited and switched ──────────────────────────────────────────────────────────────────────────


def test_a_new_time_holds_from_now_on_and_the_old_one_is_told(town):
    city = town("2026-09-30 14:00")
    city.plan(trigger="every school day at 15:00")
    city.tick()

    city.plan(trigger="every school day at 14:30")  # while the bot was down
    city.tick("2026-09-30 15:10")

    assert city.rows() == [("2026-09-30 15:00", "skipped", firing.EDITED)]
    city.live("2026-10-08 20:00")
    assert city.published() == ["2026-10-08 14:30"]


def test_a_new_text_does_not_keep_a_plan_from_firing(town):
    city = town("2026-09-30 14:00")
    city.plan()
    city.tick()

    city.plan(text="改了几个字。")
    city.tick("2026-09-30 15:00:30")

    assert city.published() == ["2026-09-30 15:00"]


def test_a_paused_plan_is_silent_and_does_not_make_up_for_it(town):
    city = town("2026-09-28 14:00")
    city.plan()
    city.tick()
    switching.switch(city.tx, city.now, "P", on=False, book=city.book, by="cli")
    city.live("2026-09-29 20:00")

    switching.switch(city.tx, city.now, "P", on=True, book=city.book, by="cli")
    city.live("2026-09-30 20:00")

    assert city.rows() == [("2026-09-30 15:00", "published", "")]


def test_the_newer_word_wins_the_files_or_the_commands(town):
    city = town("2026-09-28 08:00")
    city.plan(enabled="false")
    city.live("2026-09-28 20:00")
    assert city.published() == []

    switching.switch(city.tx, city.now, "P", on=True, book=city.book, by="cli")
    city.plan(enabled="false", text="另一句话。")  # the file says nothing new of it
    city.live("2026-09-29 20:00")
    assert city.published() == ["2026-09-29 15:00"]

    city.plan(enabled="true")
    switching.switch(city.tx, city.now, "P", on=False, book=city.book, by="cli")
    city.live("2026-09-30 20:00")
    assert city.published() == ["2026-09-29 15:00"]


def test_a_plan_taken_out_of_the_files_is_silent(town):
    city = town("2026-09-30 14:00")
    city.plan()
    city.plan("Q", enabled="false")
    city.tick()
    (city.folder / "reminders" / "P.yaml").unlink()
    city.reread()

    city.tick("2026-09-30 15:00")

    assert city.published() == []


# ── quiet hours, days off, examinations ──────────────────────────────────────────────────────────


def test_noon_is_waited_out(town):
    city = town("2026-09-30 08:00")
    city.plan(trigger="every school day at 12:30")
    city.live("2026-09-30 13:49")
    assert city.published() == []

    city.live("2026-09-30 20:00")

    assert [said(notice.published_at) for notice in city.notices()] == ["2026-09-30 13:50"]


def test_the_night_is_waited_out(town):
    city = town("2026-09-29 08:00")
    city.plan(**NIGHT)

    city.live("2026-09-30 20:00")

    assert [said(notice.published_at) for notice in city.notices()] == ["2026-09-30 06:30"]


def test_what_is_urgent_waits_for_nobody(town):
    city = town("2026-09-29 08:00")
    city.plan(**NIGHT, category="emergency")

    city.live("2026-09-29 23:00")

    assert [said(notice.published_at) for notice in city.notices()] == ["2026-09-29 21:40"]


def test_what_would_be_due_by_the_end_of_the_night_is_left_out(town):
    city = town("2026-09-29 08:00")
    city.plan(kind="confirm", due="+2h", **NIGHT)

    city.live("2026-09-30 08:00")

    assert city.rows() == [("2026-09-29 21:40", "skipped", reckoning.AFTER_QUIET)]


def test_schools_that_stay_closed_today_are_left_in_peace(town):
    city = town("2026-09-29 08:00")
    city.plan(kind="confirm")
    city.plan("URGENT", kind="confirm", category="emergency")
    city.day_off("2026-09-29", county="DH", tag="山区")

    fired = city.live("2026-09-29 20:00")

    assert city.rows() == [("2026-09-29 15:00", "published", "今天停课 2 校")]
    assert [city.asked_of(one.notice_id) for one in fired] == [SCHOOLS - {"DH1", "DH3"}, SCHOOLS]


def test_a_day_off_of_all_is_a_row_that_says_so(town):
    city = town("2026-09-29 08:00")
    city.plan(audience="county:DH")
    city.day_off("2026-09-29", county="DH")

    city.live("2026-09-30 20:00")

    assert city.rows() == [
        ("2026-09-29 15:00", "skipped", "今天停课 3 校"),
        ("2026-09-30 15:00", "published", ""),
    ]


def test_schools_with_an_examination_are_left_in_peace(town):
    city = town("2026-06-08 08:00")
    city.plan(kind="confirm")

    fired = city.live("2026-06-08 20:00")

    assert city.rows() == [("2026-06-08 15:00", "published", "高考 2 校")]
    assert city.asked_of(fired[0].notice_id) == SCHOOLS - {"DH3", "SZ1"}


# ── 暂定 ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_nobody_is_sure_of_is_put_to_the_owner_a_day_ahead(town):
    city = town("2026-12-29 08:00")
    city.plan(title='"{holiday}假前"', trigger="1 school day before holiday at 15:00", owner="OFFICE")
    city.live("2026-12-30 15:00")

    (card,) = city.cards().values()

    assert city.rows() == [("2026-12-31 15:00", "proposed", "")]
    assert "元旦假前" in card.html
    assert "12月31日(周四)15:00" in card.html
    assert "日期暂定" in card.html
    assert [row[0].text for row in card.rows] == ["照发", "这次不发"]


def test_unanswered_it_is_sent_and_marked(town):
    city = town("2026-12-29 08:00")
    city.plan(trigger="1 school day before holiday at 15:00")

    city.live("2026-12-31 20:00")

    assert city.rows() == [("2026-12-31 15:00", "published", "")]
    assert [notice.is_provisional for notice in city.notices()] == [True]


@pytest.mark.parametrize(("go", "state"), [(True, "published"), (False, "skipped")])
def test_the_owners_word_holds(town, go, state):
    city = town("2026-12-29 08:00")
    city.plan(trigger="1 school day before holiday at 15:00")
    city.live("2026-12-30 16:00")
    (fire_id,) = city.cards()

    switching.decide(city.tx, city.now, fire_id, go=go, book=city.book, user_id=OFFICER)
    city.live("2026-12-31 20:00")

    assert [row[:2] for row in city.rows()] == [("2026-12-31 15:00", state)]


def test_a_day_that_has_become_sure_and_moved_is_not_asked_about_any_more(town):
    city = town("2026-12-29 08:00")
    city.plan(trigger="1 school day before holiday at 15:00")
    city.live("2026-12-30 16:00")
    (fire_id,) = city.cards()
    city.next_year(new_year=("2026-12-31", "2027-01-02"))

    city.live("2027-01-01 20:00")

    assert city.rows() == [("2026-12-31 15:00", "skipped", firing.MOVED)]
    assert firing.MOVED in city.cards()[fire_id].html


def test_a_silent_word_of_every_day_is_only_marked(town):
    city = town("2027-01-04 08:00")
    city.plan()

    city.live("2027-01-05 20:00")

    assert [state for _, state, _ in city.rows()] == ["published", "published"]
    assert city.cards() == {}


# ── conditions and faults ────────────────────────────────────────────────────────────────────────


def test_a_reminder_of_next_years_calendar_ends_when_it_is_there(town):
    city = town("2026-11-14 08:00")
    city.plan(audience="admins", trigger="cron 0 9 15-30 11 *", unless="next_year_known")
    city.live("2026-11-16 20:00")
    assert city.published() == ["2026-11-15 09:00", "2026-11-16 09:00"]

    city.next_year()
    city.live("2026-11-17 20:00")

    assert city.rows()[-1] == ("2026-11-17 09:00", "skipped", firing.KNOWN_ALREADY)


def test_an_audience_that_does_not_exist_is_a_row_that_says_so(town):
    city = town("2026-09-30 08:00")
    city.plan(audience="county:XX")
    city.plan("Q", audience="tag:没有")

    city.live("2026-09-30 20:00")

    assert city.rows() == [("2026-09-30 15:00", "skipped", "audience:名册里没有 XX")]
    assert city.rows("Q") == [("2026-09-30 15:00", "skipped", firing.EMPTY)]


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_is_run_by_hand_whatever_its_state(town):
    city = town("2026-09-29 22:00")
    city.plan(
        kind="confirm",
        title='"{holiday}前"',
        trigger="1 school day before holiday at 15:00",
        due="+2h",
        enabled="false",
    )

    (fired,) = switching.run(city.tx, city.now, "P", book=city.book, by="cli")

    assert city.asked_of(fired.notice_id) == SCHOOLS
    assert city.rows() == [("2026-09-29 22:00", "published", "")]


def test_a_second_pair_of_hands_makes_no_second_notice(town):
    city = town("2026-09-30 10:00")
    city.plan(kind="confirm")
    switching.run(city.tx, city.now, "P", book=city.book, by="cli")

    with pytest.raises(errors.Refused, match="刚发过"):
        switching.run(city.tx, at("2026-09-30 10:05"), "P", book=city.book, by="contact:1")

    assert len(city.rows()) == 1


def test_what_would_be_due_already_is_refused_by_hand(town):
    city = town("2026-09-30 18:00")
    city.plan(kind="confirm")

    with pytest.raises(errors.Refused, match="已经过了"):
        switching.run(city.tx, city.now, "P", book=city.book, by="cli")


def test_a_plan_nobody_has_is_refused_with_those_there_are(town):
    city = town("2026-09-30 18:00")
    city.plan()

    with pytest.raises(errors.Refused, match=r"没有计划 R99。有:P"):
        switching.switch(city.tx, city.now, "R99", on=True, book=city.book, by="cli")


# ── the preview tells what will be ───────────────────────────────────────────────────────────────


def test_a_year_comes_to_pass_as_the_preview_said(town):
    city = town("2026-01-01 00:00")
    city.plan("DAILY", audience="schools or counties")
    city.plan("WEEKLY", kind="confirm", trigger="every 2nd week on first school day at 09:00", due="+2h")
    city.plan("HOLIDAY", title='"{holiday}"', trigger="1 school day before holiday at 12:30")
    city.plan("BREAK", kind="confirm", trigger="7 days before break at 09:00", due="+1d")
    city.plan("DAYS", trigger="every holiday day at 16:00", audience="counties")
    lines = preview.build(city.tx, city.book, first=day("2026-01-01"), last=day("2026-12-31"))
    city.tick()

    city.live("2026-12-31 23:59")

    promised = sorted({(line.plan, said(line.at)) for line in lines if line.skipped is None})
    sent = sorted({(plan, said(when)) for plan, when in city.by_plan()})
    assert sent == promised
    assert len(sent) > 300


def test_the_preview_says_why_a_day_is_left_out(town):
    city = town("2026-09-20 08:00")
    city.plan()
    city.day_off("2026-09-22", county="DH")
    switching.switch(city.tx, city.now, "P", on=True, book=city.book, by="cli")

    lines = preview.build(city.tx, city.book, first=day("2026-09-21"), last=day("2026-10-09"))

    left_out = [(said(line.at)[5:10], line.units, line.skipped) for line in lines if line.skipped]
    assert left_out == [
        ("09-22", 3, "今天停课"), ("09-25", 6, "中秋"), *((f"10-0{d}", 6, "国庆") for d in (1, 2, 5, 6, 7)),
    ]  # fmt: skip
    assert [line.units for line in lines if line.skipped is None] == [6, 3, 6, 6, 6, 6, 6, 6, 6]


def test_the_preview_of_a_paused_plan_says_so(town):
    city = town("2026-09-20 08:00")
    city.plan(enabled="false")

    lines = preview.build(city.tx, city.book, first=day("2026-09-21"), last=day("2026-09-21"))
    assert [line.skipped for line in lines] == [preview.PAUSED]

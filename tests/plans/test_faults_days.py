"""Faults hunted down in days: quiet nights before a day off, files that come and go, words given at the wrong moment."""

import zoneinfo

import pytest

from bot import errors
from bot.plans import book as books
from bot.plans import firing, preview, switching
from tests.plans.town import OFFICER, SCHOOLS, SHANGHAI, at, day, said

NIGHT = {"trigger": "every school day at 21:40", "kind": "confirm", "due": "next day at 17:00"}


# ── held over the night ──────────────────────────────────────────────────────────────────────────


def test_what_waited_for_the_morning_spares_the_schools_closed_that_morning(town):
    city = town("2026-11-23 08:00")
    city.plan(**NIGHT)
    city.live("2026-11-24 06:10")
    city.day_off("2026-11-24", county="DH")

    fired = city.live("2026-11-24 08:00")

    assert [city.asked_of(one.notice_id) for one in fired] == [SCHOOLS - {"DH1", "DH2", "DH3"}]


def test_what_waited_for_the_morning_spares_the_schools_examined_that_day(town):
    city = town("2026-06-05 08:00")
    city.plan(**NIGHT | {"trigger": "2026-06-06 21:40"})

    fired = city.live("2026-06-07 08:00")

    assert [city.asked_of(one.notice_id) for one in fired] == [SCHOOLS - {"DH3", "SZ1"}]


def test_the_preview_knows_who_is_closed_in_the_morning(town):
    city = town("2026-11-23 08:00")
    city.plan(**NIGHT)
    city.day_off("2026-11-24", county="DH")

    lines = preview.build(city.tx, city.book, first=day("2026-11-23"), last=day("2026-11-23"))

    assert [(line.units, line.skipped) for line in lines] == [(3, None), (3, firing.CLOSED)]


def test_what_is_made_up_for_spares_the_schools_closed_today(town):
    city = town("2026-11-23 10:00")
    city.plan(trigger="2026-11-23 16:00", kind="confirm", due="+2h")
    city.tick()
    city.tick("2026-11-24 07:00")
    (fire_id,) = city.cards()
    city.day_off("2026-11-24", county="DH")

    switching.decide(city.tx, city.now, fire_id, go=True, book=city.book, user_id=OFFICER)

    (notice,) = city.notices()
    assert city.asked_of(notice.id) == SCHOOLS - {"DH1", "DH2", "DH3"}


# ── never backwards ──────────────────────────────────────────────────────────────────────────────


def test_a_word_given_before_the_edited_file_is_seen_does_not_fire_backwards(town):
    """The bot is down; the operator moves a plan to the morning and, to be sure, switches it on once more."""
    city = town("2026-09-30 08:00")
    city.plan(trigger="every school day at 15:00")
    city.tick()
    city.plan(trigger="every school day at 09:00")
    switching.switch(city.tx, at("2026-09-30 10:00"), "P", on=True, book=city.book, by="cli")

    city.tick("2026-09-30 10:00:02")

    assert city.published() == []


def test_a_plan_enabled_in_file_and_by_word_at_once_does_not_fire_backwards(town):
    city = town("2026-09-28 08:00")
    city.plan(enabled="false")
    city.tick()
    city.plan(enabled="true")
    switching.switch(city.tx, at("2026-09-30 15:30"), "P", on=True, book=city.book, by="cli")

    city.tick("2026-09-30 15:30:02")

    assert city.rows() == []


def test_another_time_zone_holds_at_once(town):
    city = town("2026-09-30 08:00")
    city.plan()
    city.tick()
    city.book = books.read(city.folder, zoneinfo.ZoneInfo("Asia/Tokyo"))  # restarted with another TIMEZONE

    city.tick("2026-09-30 08:05")
    city.live("2026-09-30 14:00")

    assert [said(notice.published_at) for notice in city.notices()] == ["2026-09-30 14:00"]


# ── the preview keeps its word ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("trigger", "due"),
    [
        ("every school day at 15:00", "same day at 09:00"),  # due before it is asked
        ("every school day at 21:40", "+2h"),  # due in the night
        ("2026-10-11 09:00", "this week's last school day at 17:00"),  # no school day left of the week
    ],
)
def test_what_is_never_sent_is_not_promised(town, trigger, due):
    city = town("2026-09-30 08:00")
    city.plan(kind="confirm", trigger=trigger, due=due)
    lines = preview.build(city.tx, city.book, first=day("2026-09-30"), last=day("2026-10-11"))
    city.tick()

    city.live("2026-10-11 20:00")

    rows = city.rows()
    assert rows
    assert {state for _, state, _ in rows} == {"skipped"}
    promised = [line for line in lines if line.skipped is None]
    assert promised == []
    assert {reason for _, _, reason in rows} <= {line.skipped for line in lines}


def test_due_before_it_is_asked_is_not_laid_on_the_quiet_hours(town):
    city = town("2026-09-30 08:00")
    city.plan(kind="confirm", due="same day at 09:00")
    city.tick()

    city.tick("2026-09-30 15:00")

    ((_, state, reason),) = city.rows()
    assert state == "skipped"
    assert "静默" not in reason


def test_a_holiday_nobody_told_is_not_promised(town):
    city = town("2026-09-30 08:00")
    city.plan(text='"{holiday}要注意安全。"')

    (line,) = preview.build(city.tx, city.book, first=day("2026-09-30"), last=day("2026-09-30"))
    city.tick()
    city.tick("2026-09-30 15:00")

    assert [row[1:] for row in city.rows()] == [("skipped", line.skipped)]


# ── by hand, too late ────────────────────────────────────────────────────────────────────────────


def test_the_question_before_sending_says_already_that_it_is_too_late(town):
    city = town("2026-09-30 18:00")
    city.plan(kind="confirm")

    with pytest.raises(errors.Refused) as refused:
        switching.reach(city.tx, city.now, "P", book=city.book)

    assert "17:00" in refused.value.sentence
    assert "+00:00" not in refused.value.sentence
    with pytest.raises(errors.Refused) as again:
        switching.run(city.tx, city.now, "P", book=city.book, by="cli")
    assert again.value.sentence == refused.value.sentence


# ── files ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["calendar/.#2026.toml", "reminders/.#P.yaml", "reminders/gone.yaml"])
def test_a_link_that_leads_nowhere_stops_nothing(town, name):
    """Emacs marks a file it edits by such a link beside it."""
    city = town("2026-09-30 08:00")
    city.plan()
    (city.folder / name).symlink_to("operator@host.4711:1700000000")

    book = books.read(city.folder, SHANGHAI)

    assert list(book.entries) == ["P"]
    assert books.stamped(city.folder) == book.stamp


def test_a_file_that_cannot_be_read_is_told_and_stops_nothing(town):
    city = town("2026-09-30 08:00")
    city.plan()
    (city.folder / "reminders" / "folder.yaml").mkdir()
    (city.folder / "calendar" / "folder.toml").mkdir()

    book = books.read(city.folder, SHANGHAI)

    assert list(book.entries) == ["P"]
    assert len(book.faults) == 2


@pytest.mark.parametrize("name", ["reminders", "calendar"])
def test_a_folder_that_cannot_be_looked_into_is_told_and_stops_nothing(town, name):
    city = town("2026-09-30 08:00")
    city.plan()
    (city.folder / name).rename(city.folder / "elsewhere")
    (city.folder / name).symlink_to(name)  # a loop; to a folder of another user's it is the same

    book = books.read(city.folder, SHANGHAI)

    assert list(book.entries) == ([] if name == "reminders" else ["P"])
    (fault,) = book.faults
    assert name in fault
    assert "读不了" in fault
    assert books.stamped(city.folder) == book.stamp


def test_a_config_folder_that_is_not_there_is_told(tmp_path):
    (fault,) = books.read(tmp_path / "nowhere", SHANGHAI).faults

    assert "没有这个文件夹" in fault


@pytest.mark.parametrize("break_it", ["[[break\n", None], ids=["a slip of the pen", "gone unreadable"])
def test_while_the_calendar_cannot_be_read_the_one_of_before_holds(town, break_it):
    """Else a quote forgotten in 寒假 would ask every school in the middle of it."""
    city = town("2026-02-11 08:00")
    city.plan()
    calendar = city.folder / "calendar" / "2026.toml"
    good = calendar.read_text(encoding="utf-8")
    if break_it:
        calendar.write_text(good + break_it, encoding="utf-8")
    else:
        calendar.unlink()
        calendar.mkdir()
    (city.folder / "reminders" / "P.yaml").write_text(
        (city.folder / "reminders" / "P.yaml").read_text(encoding="utf-8").replace("15:00", "16:00")
    )

    book = books.read(city.folder, SHANGHAI, before=city.book)

    assert not book.calendars.of("小学").is_school_day(day("2026-02-11"))
    assert "16:00" in str(book.get("P").triggers[0])
    assert any("暂按改之前的校历" in fault for fault in book.faults)
    assert books.read(city.folder, SHANGHAI).calendars.of("小学").is_school_day(day("2026-02-11"))


def test_a_calendar_taken_away_on_purpose_is_taken_away(town):
    city = town("2026-02-11 08:00")
    city.reread()
    (city.folder / "calendar" / "2026.toml").unlink()

    book = books.read(city.folder, SHANGHAI, before=city.book)

    assert book.calendars.of("小学").is_school_day(day("2026-02-11"))

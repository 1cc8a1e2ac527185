"""What a preview of 400 days costs for forty calendars nobody has asked anything yet."""

import datetime as dt
import pathlib
import time
import zoneinfo

from bot.calendar import loading, triggers
from bot.calendar.school import SchoolCalendars

CALENDARS = 40
FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAST = FIRST + dt.timedelta(days=400)
CONFIG = pathlib.Path(__file__).parents[2] / "config" / "calendar"


def occurrences(calendar):
    for text in triggers.ALLOWED.split(" · "):
        trigger, at = triggers.parse(text), FIRST
        while (one := trigger.next_after(at, calendar)) and one.at < LAST:
            yield one
            at = one.at


def test_a_preview_of_every_form_for_forty_calendars():
    rows = loading.load(CONFIG, zoneinfo.ZoneInfo("Asia/Shanghai")).calendars.rows
    cold = [SchoolCalendars(rows, dt.UTC).of("小学") for _ in range(CALENDARS)]

    started = time.perf_counter()
    found = sum(1 for calendar in cold for _ in occurrences(calendar))
    cold_s = time.perf_counter() - started
    started = time.perf_counter()
    assert sum(1 for calendar in cold for _ in occurrences(calendar)) == found
    warm_s = time.perf_counter() - started
    print(
        f"\n{found} occurrences: {cold_s:.2f} s cold, {warm_s:.2f} s asked again, {cold_s / warm_s:.1f} times"
    )

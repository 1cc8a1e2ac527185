"""However a bot lives and dies: each occurrence has one row, and what was published was published in time."""

import collections
import datetime as dt
import pathlib
import tempfile

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.db import migrate, schema
from bot.plans import book as books
from bot.plans import firing, model
from tests.plans.town import Town, at

migrate.import_models()
START = at("2026-09-21 10:00")
PLANS = {
    "NOON": {"trigger": "every school day at 12:30", "late": "30min"},
    "ASK": {"kind": "confirm", "triggers": '["every friday at 09:00", "1 school day before holiday at 15:00"]',
            "audience": "schools or counties", "late": "2h"},
    "NIGHT": {"kind": "confirm", "trigger": "every school day at 22:00", "due": "+10h", "category": "emergency"},
    "NEVER": {"trigger": "every school day at 10:00", "enabled": "false"},
}  # fmt: skip
LATE = {"NOON": dt.timedelta(minutes=30), "ASK": dt.timedelta(hours=2), "NIGHT": dt.timedelta(hours=2)}
lives = st.lists(
    st.tuples(st.sampled_from(("up", "down", "back")), st.integers(min_value=1, max_value=40 * 60)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40)
@given(lives)
def test_one_row_each_and_nothing_out_of_time(life):
    engine = sa.create_engine("sqlite://")
    with tempfile.TemporaryDirectory() as folder, engine.connect() as tx:
        schema.metadata.create_all(tx)
        town = Town(tx, pathlib.Path(folder), START)
        for plan_id, keys in PLANS.items():
            town.plan(plan_id, **keys)
        town.tick()
        farthest = town.now
        for what, minutes in [*life, ("up", 20 * 60)]:
            if what == "back":  # for a moment the clock is wrong
                town.now -= dt.timedelta(minutes=minutes % 120)
                town.tick()
                continue
            end = town.now + dt.timedelta(minutes=minutes)
            if what == "up":
                town.tick()
                while (coming := town.next_fire_at()) is not None and coming <= end:
                    town.tick(max(coming, town.now))
            town.now = end
            town.tick()
            farthest = max(farthest, town.now)
        _check(town, farthest)
    engine.dispose()


def _check(town: Town, until: dt.datetime) -> None:
    rows = list(town.tx.execute(sa.select(model.fire)))
    published = {notice.id: notice.published_at for notice in town.notices()}
    waits = town.book.quiet.opening(until) > until
    for plan_id in LATE:
        entry = town.book.entries[plan_id]
        expected = {
            one.at
            for share in town.book.calendars.every()
            for one in books.occurrences(entry, share, START, until)
        }
        here = collections.Counter(
            row.planned_at for row in rows if row.plan_id == plan_id and row.planned_at <= until
        )
        assert set(here.values()) <= {1}
        missing = expected - set(here)
        assert not missing if entry.is_urgent or not waits else len(missing) <= 2, (plan_id, missing)
    for row in rows:
        opens = row.planned_at if row.plan_id == "NIGHT" else town.book.quiet.opening(row.planned_at)
        if row.state == "published":
            assert opens <= published.pop(row.notice_id) <= opens + LATE[row.plan_id] + firing.PUNCTUAL
        assert row.state != "skipped" or row.reason
    assert not published  # no notice without its row

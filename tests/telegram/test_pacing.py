"""The pace of one token: slots, halts, and how it comes back after Telegram has said "too fast"."""

import datetime as dt

import pytest

from bot.db import Tx
from bot.delivery import pacing

NOON = dt.datetime(2026, 9, 30, 4, tzinfo=dt.UTC)
BOT = 42
SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


@pytest.fixture
async def pace(db):
    """A verb at an instant, seconds after noon."""
    await db.transact(lambda tx, _: pacing.ensure(tx, NOON, BOT, rate=28))

    async def run(verb, after: dt.timedelta, *args, **given):
        def at(tx: Tx, _: dt.datetime):
            return verb(tx, NOON + after, BOT, *args, **given)

        return await db.transact(at)

    return run


async def test_slots_that_passed_are_lost(pace):
    first = await pace(pacing.take, dt.timedelta(0), wanted=3)
    later = await pace(pacing.take, MINUTE, wanted=2)
    assert [(slot - NOON) / SECOND for slot in first] == pytest.approx([0, 1 / 28, 2 / 28], abs=1e-4)
    assert [(slot - NOON) / SECOND for slot in later] == pytest.approx([60, 60 + 1 / 28], abs=1e-4)


async def test_too_fast_halves_the_rate_and_a_minute_gives_one_back(pace):
    await pace(pacing.halt, dt.timedelta(0), NOON + 17 * SECOND)
    assert await pace(pacing.take, SECOND, ahead=SECOND) == []
    resumed = await pace(pacing.take, 20 * SECOND, wanted=3)
    assert [(slot - NOON) / SECOND for slot in resumed] == pytest.approx(
        [20, 20 + 1 / 14, 20 + 2 / 14], abs=1e-4
    )
    minutes = [1, 2, 5, 13, 14, 60]
    assert [await pace(pacing.rate, 17 * SECOND + m * MINUTE) for m in minutes] == [15, 16, 19, 27, 28, 28]


async def test_what_was_refused_in_one_storm_halves_once_and_the_next_storm_again(pace):
    for end in (3, 2, 5):  # of calls that were under way together
        await pace(pacing.halt, SECOND, NOON + end * SECOND)
    assert await pace(pacing.rate, SECOND) == 14
    assert await pace(pacing.take, SECOND, ahead=dt.timedelta(seconds=3.9)) == []  # the longest halt stands
    await pace(pacing.halt, 10 * SECOND, NOON + 11 * SECOND)
    assert await pace(pacing.rate, 10 * SECOND) == 7
    for again in range(20, 80, 10):
        await pace(pacing.halt, again * SECOND, NOON + (again + 1) * SECOND)
    assert await pace(pacing.rate, 70 * SECOND) == pacing.SLOWEST


async def test_a_clock_set_back_an_hour_does_not_silence_the_bot(pace):
    await pace(pacing.take, 60 * MINUTE)
    (slot,) = await pace(pacing.take, dt.timedelta(0), ahead=SECOND)
    assert slot == NOON


async def test_replies_that_wait_for_their_slots_are_not_taken_for_a_wrong_clock(pace):
    await pace(pacing.take, dt.timedelta(0), wanted=28 * 60)  # a minute's worth
    assert await pace(pacing.take, dt.timedelta(0), ahead=SECOND) == []

"""Answers against reminders, and two processes on one ladder, side by side on PostgreSQL."""

import asyncio
import datetime as dt
import random
import time

import pytest
import sqlalchemy as sa

from bot.calendar.quiet import QuietHours
from bot.db import Tx
from bot.delivery.message import Verdict
from bot.delivery.outbox import Drop
from bot.notices import answer, chase, ladder, model, rules
from tests.notices import counter, world
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
WANG, CHEN = 1, 10
NOTICE = 1
OPEN = QuietHours(dt.UTC, ())
DUE = world.MORNING + world.DUE_AFTER
NUDGE, COUNTY = ladder.Due(NOTICE, rules.Step.NUDGE), ladder.Due(NOTICE, rules.Step.COUNTY)
HOUR_BEFORE, HALF_BEFORE = DUE - dt.timedelta(minutes=60), DUE - dt.timedelta(minutes=30)


def _asked(tx: Tx) -> None:
    """Everybody is asked in groups, has the card, and is silent."""
    city = world.World(tx)
    for number in range(1, len(counter.CONTACTS) + 1):
        city.share_phone(number, counter.CONTACTS[number - 1])
    city.bind("group:0", "DH", 9)
    city.bind("group:1", "YC", CHEN)
    assert city.publish("schools or colleges or counties") == NOTICE
    for _ in range(4):
        city.now += dt.timedelta(seconds=2)
        city.deliver([Verdict.SENT] * 16)


def _climb(tx: Tx, rung: ladder.Due, now: dt.datetime = HOUR_BEFORE) -> str | None:
    return ladder.climb(tx, now, rung, quiet=OPEN)


def _request(tx: Tx) -> chase.Plan:
    return chase.request(tx, HOUR_BEFORE, notice_id=NOTICE, user_id=CHEN)


def _claim(tx: Tx, user: int = WANG) -> chase.Owed | Drop:
    c = model.chase
    newest = tx.execute(sa.select(sa.func.max(c.c.id)).where(c.c.contact_id == user)).scalar_one()
    return chase.claim(tx, HOUR_BEFORE, newest, user_id=user)


def _press_all(tx: Tx, user: int = WANG) -> answer.Said:
    """All units of this person are answered for."""
    it = answer.Press(NOTICE, 1, rules.Value.YES, user, user, None, every=True)
    return answer.press(tx, HOUR_BEFORE, it).said


def _chases(tx: Tx) -> list[int]:
    return sorted(tx.execute(sa.select(model.chase.c.contact_id)).scalars())


@pytest.fixture
async def asked(engine):
    await commit(engine, _asked)
    return engine


async def test_a_reminder_about_to_be_claimed_waits_for_the_answer_under_way_and_is_dropped(asked):
    assert await commit(asked, _climb, NUDGE) == ""

    said, claimed = await beside(asked, (_press_all,), (_claim,))

    assert (said, claimed) == (answer.Said.RECORDED_ALL, Drop("answered"))


async def test_an_answer_waits_for_the_claim_under_way_and_counts_all_the_same(asked):
    assert await commit(asked, _climb, NUDGE) == ""

    claimed, said = await beside(asked, (_claim,), (_press_all,))

    assert isinstance(claimed, chase.Owed)
    assert said is answer.Said.RECORDED_ALL
    assert isinstance(await commit(asked, _claim), Drop)


async def test_of_two_processes_on_one_rung_one_climbs_it(asked):
    taken, left = await beside(asked, (_climb, NUDGE), (_climb, NUDGE), waits=False)

    assert (taken, left) == ("", None)
    assert await commit(asked, _climb, NUDGE) is None
    chases = await commit(asked, _chases)
    assert len(chases) == len(set(chases)) == 7

    await asyncio.gather(*(commit(asked, _climb, COUNTY, HALF_BEFORE) for _ in range(4)))
    rows = await commit(asked, lambda tx: list(tx.execute(sa.select(model.escalation.c.row_code)).scalars()))
    assert sorted(rows) == ["DH", "HD", "city-run", "colleges"]


async def test_a_process_that_dies_on_a_rung_has_not_climbed_it(asked):
    async with asked.connect() as connection:
        await connection.run_sync(_climb, NUDGE)
        await connection.rollback()
    assert await commit(asked, _chases) == []

    assert await commit(asked, _climb, NUDGE) == ""
    assert len(await commit(asked, _chases)) == 7


@pytest.mark.parametrize("officer_first", [True, False])
async def test_an_officer_who_reminds_while_the_ladder_does_reminds_nobody_twice(asked, officer_first):
    both = [(_request,), (_climb, NUDGE)]

    await beside(asked, *(both if officer_first else reversed(both)))

    chases = await commit(asked, _chases)
    assert len(chases) == len(set(chases)) == 7


async def test_in_a_crowd_no_reminder_that_begins_after_an_answer_speaks_of_it(asked):
    assert await commit(asked, _climb, NUDGE) == ""
    users = await commit(asked, _chases)
    chance = random.Random(7)
    answered_at: dict[int, float] = {}
    claims: list[tuple[int, float, bool]] = []

    async def press(user: int) -> None:
        await asyncio.sleep(chance.random() / 20)
        await commit(asked, _press_all, user)
        answered_at[user] = time.monotonic()

    async def claim(user: int) -> None:
        await asyncio.sleep(chance.random() / 10)
        began_at = time.monotonic()
        claimed = await commit(asked, _claim, user)
        claims.append((user, began_at, isinstance(claimed, chase.Owed)))

    await asyncio.gather(*map(press, users), *(claim(user) for user in users for _ in range(3)))

    assert [user for user, began_at, spoke in claims if spoke and began_at > answered_at[user]] == []
    assert len(claims) == 3 * len(users) == 21

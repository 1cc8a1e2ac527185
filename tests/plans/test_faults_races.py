"""Faults hunted down between two transactions on PostgreSQL: a closing word beside a plan, two owners' words."""

import asyncio
import pathlib
import shutil

import pytest
import sqlalchemy as sa
from sqlalchemy.ext import asyncio as sa_async

from bot.db import Tx, urls
from bot.notices import model as notices
from bot.plans import book as books
from bot.plans import days_off, firing, model, switching
from bot.plans.book import Book
from bot.plans.days_off import Target
from bot.roster import model as roster
from tests.plans import test_days_off as snow
from tests.plans import town as towns
from tests.plans.town import ADMIN, CONFIG, OFFICER, SHANGHAI, at

pytestmark = pytest.mark.postgresql
EARLY, NINE = at("2026-11-24 08:00"), at("2026-11-24 09:00")
PLAN = """\
- id: P
  title: 标题
  kind: confirm
  trigger: every school day at 09:00
  audience: schools
  due: same day at 17:00
  enabled: true
  text: 查过了吗?
"""


@pytest.fixture
def book(tmp_path: pathlib.Path) -> Book:
    shutil.copytree(CONFIG / "calendar", tmp_path / "calendar")
    (tmp_path / "reminders").mkdir()
    (tmp_path / "reminders" / "p.yaml").write_text(PLAN, encoding="utf-8")
    return books.read(tmp_path, SHANGHAI)


@pytest.fixture
async def engine(postgresql_url: str, book: Book):
    made = sa_async.create_async_engine(urls.parse(postgresql_url), pool_size=6)

    def found(tx: Tx) -> None:
        ids = towns.found(tx, EARLY)
        snow.staff(tx, EARLY, ids)
        firing.attend(tx, EARLY, "P", book=book)

    await _commit(made, found)
    yield made
    await made.dispose()


async def _commit(engine, verb, *args):
    async with engine.begin() as connection:
        return await connection.run_sync(verb, *args)


async def _beside(engine, first, second):
    """`second` begins when `first` has done its work and has not committed it yet; what both gave."""
    async with asyncio.TaskGroup() as tasks, engine.begin() as connection:
        one = await connection.run_sync(first)
        other = tasks.create_task(_commit(engine, second))
        await asyncio.wait({other}, timeout=0.4)
    return one, other.result()


def _close(tx: Tx) -> days_off.Closed:
    county = tx.execute(sa.select(roster.unit.c.id).where(roster.unit.c.code == "DH")).scalar_one()
    return days_off.close(tx, NINE, Target(snow.SNOW, county), user_id=snow.DH_OFFICER, zone=SHANGHAI)


async def test_a_plan_waits_for_the_officer_who_is_closing_schools(engine, book: Book) -> None:
    _, (fired,) = await _beside(engine, _close, lambda tx: firing.attend(tx, NINE, "P", book=book))

    assert fired.reason == f"{firing.CLOSED} 3 校"
    assert fired.units == 3


async def test_the_officer_who_closes_schools_waits_for_the_plan_and_excuses_them(engine, book: Book) -> None:
    (fired,), closed = await _beside(engine, lambda tx: firing.attend(tx, NINE, "P", book=book), _close)

    assert fired.units == 6
    assert closed.excused.asks == 3


async def test_of_two_owners_words_at_once_the_first_holds(engine, book: Book) -> None:
    late = at("2026-11-24 13:59")
    await _commit(engine, lambda tx: firing.attend(tx, late, "P", book=book))
    (fire_id,) = await _commit(engine, lambda tx: list(tx.execute(sa.select(model.fire.c.id)).scalars()))

    def word(user: int, *, go: bool):
        return lambda tx: switching.decide(tx, late, fire_id, go=go, book=book, user_id=user)

    first, second = await _beside(engine, word(OFFICER, go=True), word(ADMIN, go=False))

    assert (first.state, first.is_new) == (model.FireState.PUBLISHED, True)
    assert (second.state, second.is_new) == (model.FireState.PUBLISHED, False)
    count = sa.select(sa.func.count()).select_from(notices.notice)
    assert await _commit(engine, lambda tx: tx.execute(count).scalar_one()) == 1

"""Faults hunted down between two transactions on PostgreSQL: a closing word beside a plan, two owners' words."""

import pathlib
import shutil

import pytest
import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model as notices
from bot.plans import book as books
from bot.plans import days_off, firing, model, switching
from bot.plans.book import Book
from bot.plans.days_off import Target
from bot.roster import model as roster
from tests.plans import test_days_off as snow
from tests.plans import town as towns
from tests.plans.town import ADMIN, CONFIG, OFFICER, SHANGHAI, at
from tests.side_by_side import beside, commit

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
async def engine(engine, book: Book):
    def found(tx: Tx) -> None:
        ids = towns.found(tx, EARLY)
        snow.staff(tx, EARLY, ids)
        firing.attend(tx, EARLY, "P", book=book)

    await commit(engine, found)
    return engine


def _close(tx: Tx) -> days_off.Closed:
    county = tx.execute(sa.select(roster.unit.c.id).where(roster.unit.c.code == "DH")).scalar_one()
    return days_off.close(tx, NINE, Target(snow.SNOW, county), user_id=snow.DH_OFFICER, zone=SHANGHAI)


async def test_a_plan_waits_for_the_officer_who_is_closing_schools(engine, book: Book) -> None:
    _, (fired,) = await beside(engine, (_close,), (lambda tx: firing.attend(tx, NINE, "P", book=book),))

    assert fired.reason == f"{firing.CLOSED} 3 校"
    assert fired.units == 3


async def test_the_officer_who_closes_schools_waits_for_the_plan_and_excuses_them(engine, book: Book) -> None:
    (fired,), closed = await beside(engine, (lambda tx: firing.attend(tx, NINE, "P", book=book),), (_close,))

    assert fired.units == 6
    assert closed.excused.asks == 3


async def test_of_two_owners_words_at_once_the_first_holds(engine, book: Book) -> None:
    late = at("2026-11-24 13:59")
    await commit(engine, lambda tx: firing.attend(tx, late, "P", book=book))
    (fire_id,) = await commit(engine, lambda tx: list(tx.execute(sa.select(model.fire.c.id)).scalars()))

    def word(user: int, *, go: bool):
        return lambda tx: switching.decide(tx, late, fire_id, go=go, book=book, user_id=user)

    first, second = await beside(engine, (word(OFFICER, go=True),), (word(ADMIN, go=False),))

    assert (first.state, first.is_new) == (model.FireState.PUBLISHED, True)
    assert (second.state, second.is_new) == (model.FireState.PUBLISHED, False)
    count = sa.select(sa.func.count()).select_from(notices.notice)
    assert await commit(engine, lambda tx: tx.execute(count).scalar_one()) == 1

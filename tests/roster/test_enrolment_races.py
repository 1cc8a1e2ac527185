"""Codes asked for and redeemed at the same instant, on PostgreSQL: one principal, one code."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.db import Tx
from bot.roster import enrolment, model
from bot.roster.access import Role
from bot.roster.enrolment import Result
from tests.notices import world
from tests.side_by_side import beside, commit

pytestmark = pytest.mark.postgresql
LONG_AGO = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)


def _invite(tx: Tx, unit_id: int, kind: str = "contact", contact_id: int | None = None) -> str:
    given = enrolment.invite(tx, NOON, unit_id=unit_id, role=Role.PRINCIPAL, kind=kind, contact_id=contact_id)
    return given.code


def _redeem(tx: Tx, user: int, code: str) -> Result:
    return enrolment.redeem(tx, NOON, user_id=user, code=code, name=f"新人{user}").result


def _principals(tx: Tx, unit_id: int) -> list[str]:
    p, c = model.post.c, model.contact.c
    query = sa.select(c.name).join(model.post, p.contact_id == c.id)
    there = (p.unit_id == unit_id, p.role == Role.PRINCIPAL.value, p.until.is_(None))
    return list(tx.execute(query.where(*there)).scalars())


async def test_of_two_who_take_one_principals_post_at_once_the_second_holds_it(engine):
    unit = (await commit(engine, world.found, LONG_AGO))["DH2"]
    codes = [await commit(engine, _invite, unit, kind) for kind in ("contact", "successor")]

    ended = await beside(engine, (_redeem, 101, codes[0]), (_redeem, 102, codes[1]))

    assert ended == (Result.ENROLLED, Result.ENROLLED)
    assert await commit(engine, _principals, unit) == ["新人102"]


async def test_a_post_is_not_taken_over_from_somebody_who_is_just_losing_it(engine):
    unit = (await commit(engine, world.found, LONG_AGO))["DH2"]
    zhao = sa.select(model.contact.c.id).where(model.contact.c.name == "zhao")
    zhao_id = await commit(engine, lambda tx: tx.execute(zhao).scalar_one())
    to_anybody = await commit(engine, _invite, unit)
    from_zhao = await commit(engine, _invite, unit, "successor", zhao_id)

    ended = await beside(engine, (_redeem, 101, to_anybody), (_redeem, 102, from_zhao))

    assert ended == (Result.ENROLLED, Result.EXPIRED)
    assert await commit(engine, _principals, unit) == ["新人101"]


async def test_two_officers_who_ask_for_one_code_at_once_get_the_same(engine):
    unit = (await commit(engine, world.found, LONG_AGO))["DH2"]

    one, other = await beside(engine, (_invite, unit), (_invite, unit))

    assert one == other

"""Leaving the trial state: only who says how many schools it opens may open them."""

import datetime as dt
import itertools

import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import model as audit
from bot.roster import arming, bindings, model
from bot.roster.arming import Opened

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
SCHOOLS = {"DH": 3, "HD": 2, "": 2}  # county → schools; two more are run by the city
COLLEGES = 1


def found(tx, now):
    positions = itertools.count()

    def add(code, kind, county=None):
        values = {
            "code": code,
            "name": code,
            "kind": kind,
            "county_id": county,
            "position": next(positions),
            "created_at": now,
        }
        return tx.execute(model.unit.insert().values(values).returning(model.unit.c.id)).scalar_one()

    add("YC", "city")
    add("AQ", "office")
    for county, count in SCHOOLS.items():
        county_id = add(county, "county") if county else None
        for number in range(count):
            add(f"{county or 'SZ'}{number}", "school", county_id)
    for number in range(COLLEGES):
        add(f"GX{number}", "college")


@pytest.fixture
async def arm(db):
    """Arms; what is not said is nothing."""
    await db.transact(found)

    async def armed(*counties, everything=False, schools):
        return await db.transact(arming.arm, counties=list(counties), everything=everything, schools=schools)

    return armed


async def open_to(db):
    """The codes of the schools and colleges that may really be written to."""

    def codes(tx):
        scope = bindings.armed_units(tx)
        u = model.unit
        rows = tx.execute(sa.select(u.c.code, u.c.county_id).where(u.c.kind.in_(["school", "college"])))
        return {r.code for r in rows if scope.everything or r.county_id in scope.counties}

    return await db.read(codes)


async def test_a_new_city_is_closed(db, arm):
    assert await open_to(db) == set()


async def test_a_county_is_opened_by_the_number_of_its_schools(db, arm):
    assert await arm("DH", schools=3) == Opened(schools=3, colleges=0)
    assert await open_to(db) == {"DH0", "DH1", "DH2"}


@pytest.mark.parametrize("said", [0, 2, 4, 8, -3])
async def test_another_number_is_refused_and_the_right_one_said(db, arm, said):
    with pytest.raises(errors.Refused, match=r"3 所.*--schools 3"):
        await arm("DH", schools=said)
    assert await open_to(db) == set()


async def test_several_counties_are_opened_together(db, arm):
    assert await arm("DH", "HD", schools=5) == Opened(schools=5, colleges=0)
    assert await open_to(db) == {"DH0", "DH1", "DH2", "HD0", "HD1"}


@pytest.mark.parametrize("said", [7, 8])
async def test_all_is_everything_with_the_colleges_counted_in_or_left_out(db, arm, said):
    assert await arm(everything=True, schools=said) == Opened(schools=7, colleges=1)
    assert {"SZ0", "GX0", "HD1"} <= await open_to(db)


async def test_the_refusal_names_the_colleges_apart(db, arm):
    with pytest.raises(errors.Refused, match=r"学校 7 所.另有高校 1 所.,不是 1 所"):
        await arm(everything=True, schools=1)


async def test_what_is_open_is_not_opened_twice(db, arm):
    await arm("DH", schools=3)

    with pytest.raises(errors.Refused, match="学校 0 所"):
        await arm("DH", schools=3)
    assert await arm("DH", schools=0) == Opened(0, 0)
    assert await arm(everything=True, schools=4) == Opened(schools=4, colleges=1)
    assert await arm(everything=True, schools=0) == Opened(0, 0)


@pytest.mark.parametrize("code", ["XX", "DH0", "YC", "AQ"])
async def test_what_is_no_county_is_refused(db, arm, code):
    with pytest.raises(errors.Refused, match=f"--county {code}"):
        await arm("DH", code, schools=3)
    assert await open_to(db) == set()


async def test_an_empty_roster_cannot_be_armed(db):
    with pytest.raises(errors.Refused, match="名册还是空的"):
        await db.transact(arming.arm, counties=[], everything=True, schools=0)


async def test_who_armed_what_is_written_down(db, arm):
    await arm("DH", "HD", schools=5)

    records = await db.read(lambda tx: [tuple(r) for r in tx.execute(
        sa.select(audit.record.c.actor, audit.record.c.verb, audit.record.c.subject, audit.record.c.detail)
    )])  # fmt: skip
    assert records == [("cli", "arm", "county:DH,HD", "schools:5")]

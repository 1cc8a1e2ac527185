"""What the workbook and the document read: an instant's table stays that instant's; numbers and names within reach."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass

import pytest

from bot.delivery.message import Verdict
from bot.notices import chase, desk
from bot.summaries import document, workbook
from tests.notices import counter
from tests.notices.world import World

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Scene:
    """A notice at noon, and what came of it in the afternoon."""

    notice: int
    noon: dt.datetime
    evening: dt.datetime
    ids: dict[str, int]


def play(tx, _):
    """By noon DH1 told a trouble, HD1 answered, DH2 was reminded and rung; later all of that changes."""
    world = World(tx)
    for number, contact in enumerate(counter.CONTACTS, start=1):
        world.share_phone(number, contact)
    notice = world.publish("schools or colleges or counties")
    for _ in range(3):
        world.wait(1)
        world.deliver([Verdict.SENT] * 16)
    world.press(notice, 1, "trouble", unit="DH1")
    world.press(notice, 5, "yes", unit="HD1")
    remind_and_ring(world, notice)
    noon = world.now
    world.wait(60)
    world.withdraw(notice, 1, "DH1")
    world.wait(1)
    world.press(notice, 1, "trouble", unit="DH1")
    remind_and_ring(world, notice)
    world.wait(1)
    return Scene(notice, noon, world.now, world.ids)


def remind_and_ring(world, notice):
    chase.request(world.tx, world.now, notice_id=notice, user_id=10)
    world.wait(1)
    world.deliver([Verdict.SENT] * 16)
    desk.mark_phoned(world.tx, world.now, notice_id=notice, unit_ids=[world.ids["DH2"]], user_id=10)


@pytest.fixture
async def scene(db):
    return await db.transact(play)


def by_code(sheets):
    return {line.status.code: line for line in sheets.lines}


async def collected(db, scene, **facts):
    return await db.read(
        workbook.collect, notice_id=scene.notice, **({"now": scene.evening, "phones": "full"} | facts)
    )


async def test_the_workbook_has_a_line_for_every_unit_in_the_order_of_the_roster(db, scene):
    sheets = await collected(db, scene)

    assert list(by_code(sheets)) == ["DH", "DH1", "DH2", "DH3", "HD", "HD1", "HD2", "SZ1", "GX1"]
    assert [line.status for line in sheets.lines] == list(sheets.table.statuses)


async def test_what_was_told_reminded_and_rung_by_noon_stays_so_for_ever(db, scene):
    at_noon = by_code(await collected(db, scene, as_of=scene.noon))
    live = by_code(await collected(db, scene))

    assert at_noon["DH1"].trouble.id < live["DH1"].trouble.id  # the one of noon was withdrawn later
    assert (at_noon["DH2"].reminded, live["DH2"].reminded) == (1, 2)
    assert at_noon["DH2"].phoned_at < live["DH2"].phoned_at
    assert (at_noon["HD1"].reminded, at_noon["HD1"].phoned_at) == (0, None)


async def test_the_document_of_noon_tells_the_trouble_of_noon(db, scene):
    facts = {"notice_id": scene.notice, "now": scene.evening, "zone": SHANGHAI}
    at_noon = await db.read(document.build, as_of=scene.noon, **facts)
    live = await db.read(document.build, as_of=None, **facts)

    assert at_noon["total"]["trouble"] == len(at_noon["trouble"]) == 1
    assert at_noon["trouble"][0]["at"] < live["trouble"][0]["at"]
    chased = [{it["unit"]: it["chased"] for it in them["missing"]}["DH2"] for them in (at_noon, live)]
    assert chased == [1, 2]


async def test_a_document_adds_up(db, scene):
    it = await db.read(document.build, notice_id=scene.notice, now=scene.evening, as_of=None, zone=SHANGHAI)

    for row in [*it["rows"], it["total"]]:
        assert row["expected"] == row["answered"] + row["missing"]
    for figure in ("expected", "answered", "late", "trouble", "missing", "unbound", "undelivered", "excused"):
        assert it["total"][figure] == sum(row[figure] for row in it["rows"])
    assert len(it["missing"]) == it["total"]["missing"]
    assert it["total"]["unit"] == "YC"


@pytest.mark.parametrize(
    ("phones", "shown"), [("full", "13800000002"), ("masked", "138****0002"), ("never", "")]
)
async def test_numbers_are_shown_as_the_operator_allows(db, scene, phones, shown):
    line = by_code(await collected(db, scene, phones=phones))["DH2"]

    assert line.phone == shown
    assert line.contact  # the name stands in any case


async def test_numbers_are_shown_only_where_the_reader_may_see_them(db, scene):
    county = scene.ids["DH"]
    lines = by_code(await collected(db, scene, phones_within=lambda place: place.county_id == county))

    assert {code for code, line in lines.items() if line.phone} == {"DH", "DH1", "DH2", "DH3"}


async def test_a_county_officers_workbook_holds_his_county_alone(db, scene):
    county = scene.ids["DH"]
    sheets = await collected(db, scene, within=lambda place: place.county_id == county)

    assert list(by_code(sheets)) == ["DH", "DH1", "DH2", "DH3"]
    assert [row.unit for row in sheets.table.rows] == ["DH"]


async def test_a_unit_nobody_works_for_has_nobody_to_ring(db, scene):
    line = by_code(await collected(db, scene))["HD"]

    assert (line.contact, line.phone) == ("", "")

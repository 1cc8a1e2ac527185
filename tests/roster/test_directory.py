"""Units found by what people call them."""

import datetime as dt

import pytest

from bot import errors
from bot.db import Tx
from bot.delivery import chats
from bot.delivery.model import ChatState
from bot.roster import bindings, directory, enrolment, model, people, units
from bot.roster.access import Role, Scope
from bot.roster.directory import Reach, Through
from bot.roster.units import Unit
from bot.summaries import unit_place
from bot.summaries.unit_pages import UnitPages
from bot.summaries.unit_place import Part, Place
from bot.texts import Words
from tests.notices import world


def unit(
    id_: int, code: str, name: str, kind: str = "school", *, county: int | None = None, parent: int = 1
) -> Unit:
    return Unit(
        id_, code, name, kind, None if id_ == 1 else parent, county, id_, "", "", boarding=False, school_bus=False,
        canteen=False, waterside=False, phone="", tags=frozenset(), armed=True,
    )  # fmt: skip


CITY = [
    unit(1, "CITY", "云川市教育局", "city"), unit(2, "OFFICE", "安全处", "office"),
    unit(10, "DH", "大河县教育局", "county", county=10), unit(11, "DH01", "金滩镇中心小学", county=10, parent=10),
    unit(12, "DH02", "第一小学", county=10, parent=10), unit(13, "DH03", "第十一小学", county=10, parent=10),
    unit(14, "DH04", "柳树教学点", county=10, parent=11), unit(20, "HD", "河东区教育和体育局", "county", county=20),
    unit(21, "HD01", "第一小学", county=20, parent=20), unit(22, "HD02", "实验小学", county=20, parent=20),
    unit(31, "SZ01", "市第一中学"), unit(41, "GX01", "云川师专", "college"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("大河县", ["DH"]), ("大河", ["DH"]), ("大河县教育局", ["DH"]), ("河东区", ["HD"]), ("dh01", ["DH01"]),
        ("DH 01", ["DH01"]),
        ("一小", ["DH02", "HD01", "DH03"]), ("大河县一小", ["DH02"]), ("河东区第一小学", ["HD01"]), ("河东一小", ["HD01"]),
        ("第一小学", ["DH02", "HD01"]), ("金滩", ["DH01"]), ("金滩小学", ["DH01"]), ("实小", ["HD02"]),
        ("市一中", ["SZ01"]), ("师专", ["GX01"]), ("云川市", ["CITY"]), ("没有的学校", []), ("", []), ("学", ["DH01", "DH02",
        "DH03", "DH04", "HD01", "HD02", "SZ01"]), ("教育局", ["CITY", "DH"]),
    ],
)  # fmt: skip
def test_what_people_say_finds_what_they_mean(said: str, means: list[str]) -> None:
    assert [u.code for u in directory.search(CITY, said).units] == means


@pytest.mark.parametrize(
    ("said", "only"),
    [
        ("大河县", "DH"),
        ("DH01", "DH01"),
        ("金滩", "DH01"),
        ("大河县一小", "DH02"),
        ("一小", None),
        ("第一小学", None),
    ],
)
def test_a_page_opens_at_once_only_where_there_is_no_doubt(said: str, only: str | None) -> None:
    found = directory.search(CITY, said).only
    assert (found.code if found else None) == only


# ── the tree ─────────────────────────────────────────────────────────────────────────────────────

READER = 903


def codes(some: list[Unit]) -> list[str]:
    return [u.code for u in some]


async def test_a_list_has_each_unit_of_its_area_once_and_a_reader_begins_where_the_area_does(db) -> None:
    ids = await db.transact(world.found)
    by_code = {u.code: u for u in await db.read(units.every)}
    for top, listed in (
        ("YC", ["DH", "HD", "SZ1", "GX1"]), ("DH", ["DH1", "DH2", "DH3"]), ("DH1", ["DH3"]), ("DH2", []),
    ):  # fmt: skip
        assert codes(await db.read(units.below, by_code[top])) == listed
    everywhere = Scope(everything=True, counties=frozenset(), units=frozenset())
    mixed = Scope(everything=False, counties=frozenset({ids["DH"]}), units=frozenset({ids["SZ1"]}))
    assert codes(await db.read(directory.tops, everywhere)) == ["YC"]
    assert codes(await db.read(directory.tops, mixed)) == ["DH", "SZ1"]
    assert codes(await db.read(units.within, mixed)) == ["DH", "DH1", "DH2", "DH3", "SZ1"]


async def test_a_reader_of_one_school_does_not_see_its_branches(db) -> None:
    """A right at a school ends there, whatever hangs below it."""
    ids = await db.transact(world.found)

    def watches(tx: Tx, now: dt.datetime) -> None:
        values = {"name": "张督学", "created_at": now}
        (contact_id,) = tx.execute(model.contact.insert().values(values).returning(model.contact.c.id)).one()
        people.give_post(tx, now, contact_id=contact_id, unit_id=ids["DH1"], role=Role.INSPECTOR)
        enrolled = {"contact_id": contact_id, "user_id": READER, "via": "code", "since": now}
        tx.execute(model.enrolment.insert().values(enrolled))

    await db.transact(watches)
    pages = UnitPages(Words(dt.UTC), "masked")
    shown = await db.read(pages.units, db.now(), READER, Place())
    page = await db.read(pages.one, db.now(), READER, ids["DH1"], Place())
    labels = [button.text for row in (*shown.rows, *page.rows) for button in row]
    assert [label for label in labels if "DH" in label] == ["⚪ DH1单位"]
    assert not any("下属" in label for label in labels)
    for code in ("DH3", "DH", "DH2"):
        with pytest.raises(errors.NotAllowed):
            await db.read(pages.one, db.now(), READER, ids[code], Place())
        with pytest.raises(errors.NotAllowed):
            await db.read(pages.units, db.now(), READER, unit_place.below(ids[code]))


# ── how far a unit can be reached ────────────────────────────────────────────────────────────────


async def test_reach_follows_people_groups_and_the_end_of_the_trial(db) -> None:
    """没登记 before all; then whether anything takes our messages: own group, the county's, a private chat."""
    ids = await db.transact(world.found)
    (school,) = [u for u in await db.read(units.every) if u.code == "DH2"]

    async def stands() -> tuple[Reach, Through]:
        it = await db.read(directory.known, school)
        assert (await db.read(directory.reaches, [school]))[school.id] is it.reach
        return it.reach, it.through

    def state(tx: Tx, now: dt.datetime, telegram_id: int, state: ChatState) -> None:
        found = chats.find(tx, telegram_id)
        assert found is not None
        chats.set_state(tx, now, found.id, state)

    def group(tx: Tx, now: dt.datetime, telegram_id: int, code: str) -> None:
        made = chats.ensure(tx, now, telegram_id, kind="group", title=f"{code}群")
        bindings.bind(tx, now, chat_id=made.id, unit_id=ids[code], by=None)

    async def armed(at: dt.datetime | None) -> None:
        change = model.unit.update().where(model.unit.c.kind == "city").values(armed_at=at)
        await db.transact(lambda tx, _: tx.execute(change))

    assert await stands() == (Reach.UNBOUND, Through())
    await db.transact(group, -1, "DH")
    assert await stands() == (Reach.UNBOUND, Through(("DH群",), "DH单位"))
    await db.transact(state, -1, ChatState.GONE)
    await db.transact(chats.ensure, READER, kind="private")
    await db.transact(enrolment.by_phone, user_id=READER, phone=world.phone("zhao"))
    assert await stands() == (Reach.OK, Through(private=1))
    await db.transact(state, READER, ChatState.BLOCKED)
    assert await stands() == (Reach.LOST, Through())
    held = (await db.read(directory.known, school)).held
    assert [(one.contact.name, one.contact.enrolled, one.state) for one in held] == [
        ("zhao", True, ChatState.BLOCKED), ("qian", False, None)
    ]  # fmt: skip
    await db.transact(group, -2, "DH2")
    assert await stands() == (Reach.OK, Through(("DH2群",)))
    await db.transact(state, -2, ChatState.MUTED)
    assert await stands() == (Reach.LOST, Through())
    assert [g.state for g in (await db.read(directory.known, school)).groups] == [ChatState.MUTED]
    await armed(None)
    assert await stands() == (Reach.CLOSED, Through())


# ── what buttons carry ───────────────────────────────────────────────────────────────────────────

BIGGEST = 9_999_999


@pytest.mark.parametrize(
    "source", [Place(), unit_place.below(BIGGEST), unit_place.said("长阳土家族自治县榔坪镇中心学校")]
)
def test_every_button_fits_and_leads_back_to_where_it_was(source: Place) -> None:
    for part in Part:
        at = Place(source.source, part, 9999)
        buttons = [(at.callback(), 0), (at.of_slips(), 0), (at.of_unit(unit_place.UNIT, BIGGEST), 1)]
        buttons += [(at.of_unit(action, BIGGEST), 1) for action in (unit_place.NUMBERS, unit_place.INVITE)]
        buttons += [
            (at.of_unit(unit_place.CODE, BIGGEST, "8x"), 2),
            (at.of_unit(unit_place.PAST, BIGGEST, "9999"), 2),
        ]
        for callback, index in buttons:
            assert len(callback.encode().encode()) <= 64
            assert unit_place.of(callback, index) == at


def test_a_word_cut_off_still_finds_what_the_whole_one_does() -> None:
    whole = "大河县金滩镇中心小学柳树教学点分校"
    word = unit_place.said(whole).word
    assert whole.startswith(word)
    assert len(word.encode()) <= unit_place.WORD_BYTES
    assert unit_place.said(" : ~ ") == Place()
    assert unit_place.said("ＤＨ01").word == "dh01"

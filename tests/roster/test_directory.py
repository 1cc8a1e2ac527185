"""Units found by what people call them."""

import pytest

from bot.roster import directory
from bot.roster.access import Scope
from bot.roster.units import Unit
from bot.summaries import unit_place
from bot.summaries.unit_place import Part, Place


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


def test_a_list_has_each_unit_of_its_area_once() -> None:
    by_code = {u.code: u for u in CITY}
    assert [u.code for u in directory.below(CITY, by_code["CITY"])] == ["OFFICE", "DH", "HD", "SZ01", "GX01"]
    assert [u.code for u in directory.below(CITY, by_code["DH"])] == ["DH01", "DH02", "DH03", "DH04"]
    assert [u.code for u in directory.below(CITY, by_code["DH01"])] == ["DH04"]


def test_a_reader_begins_where_the_area_does() -> None:
    def codes(scope: Scope) -> list[str]:
        return [u.code for u in directory.tops(CITY, scope)]

    assert codes(Scope(everything=True, counties=frozenset(), units=frozenset())) == ["CITY"]
    assert codes(Scope(everything=False, counties=frozenset({10}), units=frozenset({31}))) == ["DH", "SZ01"]


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
            (at.of_unit(unit_place.CODE, BIGGEST, "8"), 2),
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

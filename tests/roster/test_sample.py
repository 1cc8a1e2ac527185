from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import errors
from bot.roster import contacts_file, csv_files, gaps, sample, sheets, units_file, vocabulary
from bot.roster.access import Role
from bot.roster.vocabulary import Kind

COMMITTED = Path(__file__).parents[2] / "config" / "roster"
COMMITTED_SCHOOLS = 60


def test_the_committed_city_is_what_sample_makes():
    made = sample.city(COMMITTED_SCHOOLS)
    assert (COMMITTED / "units.csv").read_text("utf-8") == csv_files.units_text(made.units)
    assert (COMMITTED / "contacts.csv").read_text("utf-8") == csv_files.contacts_text(made.contacts)


@pytest.mark.parametrize("schools", [1, 60, 500])
def test_a_sample_is_read_back_without_fault_warning_or_gap(tmp_path, schools):
    made = sample.write(tmp_path / "city", schools=schools)
    units = units_file.parse_units(sheets.open_sheet(tmp_path / "city" / "units.csv", vocabulary.UNITS))
    contacts = contacts_file.parse_contacts(
        sheets.open_sheet(tmp_path / "city" / "contacts.csv", vocabulary.CONTACTS),
        units_file.index_of(units.rows),
    )
    assert (*units.faults, *units.warnings, *contacts.faults, *contacts.warnings) == ()
    assert gaps.look_for(units.sheet, units.rows, contacts.rows) == ()
    assert (units.rows, contacts.rows) == (made.units, made.contacts)


@settings(max_examples=30)
@given(st.integers(1, 1500))
def test_a_city_has_exactly_the_schools_asked_for_and_all_names_differ(schools):
    city = sample.city(schools)
    assert sum(unit.kind is Kind.SCHOOL for unit in city.units) == schools
    assert (
        len({unit.code for unit in city.units}) == len({unit.name for unit in city.units}) == len(city.units)
    )
    people = {contact.phone: contact.name for contact in city.contacts}
    assert all(people[contact.phone] == contact.name for contact in city.contacts)
    assert {contact.unit for contact in city.contacts} == {unit.code for unit in city.units}


def test_a_large_city_is_made_like_a_large_city():
    city = sample.city(4000)
    counties = [unit for unit in city.units if unit.kind is Kind.COUNTY]
    assert len(counties) == 20
    assert 10_000 <= len({contact.phone for contact in city.contacts}) <= 12_000
    assert {unit.stage for unit in city.units} == {"", *vocabulary.STAGES}
    assert {tag for unit in city.units for tag in unit.tags} == {"山区", "低洼"}
    for flag in ("boarding", "school_bus", "canteen", "waterside"):
        assert {getattr(unit, flag) for unit in city.units if unit.kind is Kind.SCHOOL} == {True, False}
    assert any(unit.ownership == "民办" for unit in city.units)
    assert any(unit.kind is Kind.SCHOOL and unit.parent == "CITY" for unit in city.units)


def test_the_committed_city_has_everyone_a_demo_needs():
    city = sample.city(COMMITTED_SCHOOLS)
    assert [unit.code for unit in city.units if unit.kind is Kind.OFFICE] == [
        "OFFICE-SAFETY", "OFFICE-HEALTH", "OFFICE-BASIC", "OFFICE-GENERAL",
    ]  # fmt: skip
    assert [unit.name for unit in city.units if unit.kind is Kind.COUNTY] == [
        "大河县教育局", "河东区教育局", "青山县教育局",
    ]  # fmt: skip
    assert sum(unit.kind is Kind.COLLEGE for unit in city.units) == 2
    roles = [contact.role for contact in city.contacts]
    assert set(roles) == set(Role)
    assert roles.count(Role.COUNTY_OFFICER) == 6
    inspectors = [contact for contact in city.contacts if contact.role is Role.INSPECTOR]
    assert len({one.phone for one in inspectors}) == 1
    assert [one.unit for one in inspectors] == ["DH", "HD"]


def test_a_central_schools_principal_leads_its_teaching_points():
    city = sample.city(COMMITTED_SCHOOLS)
    led = [contact.unit for contact in city.contacts if contact.role is Role.PRINCIPAL]
    phones = {contact.unit: contact.phone for contact in city.contacts if contact.role is Role.PRINCIPAL}
    points = [unit.code for unit in city.units if unit.parent == "DH009"]
    assert len(points) == 3
    assert {phones[point] for point in points} == {phones["DH009"]}
    assert len(led) > len(set(phones.values()))


def test_an_impossible_number_is_refused(tmp_path):
    with pytest.raises(errors.Refused, match="学校数应是 1 到"):
        sample.write(tmp_path, schools=0)


def test_an_unwritable_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.Refused, match="写不进去"):
        sample.write(tmp_path / "file", schools=1)


def test_a_name_that_looks_like_a_formula_is_written_so_that_it_is_none():
    row = contacts_file.ContactRow(line=2, unit="A", name="=王一", role=Role.DUTY, phone=None)
    text = csv_files.contacts_text([row])
    assert text.splitlines()[1] == "A,'=王一,duty,"
    assert sheets.tidy("'=王一") == "=王一"

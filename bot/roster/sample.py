"""A pretend city of any size, always the same for the same size: for a demo, a test or a rehearsal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from bot import errors
from bot.roster import contacts_file, csv_files, sample_names, units_file
from bot.roster.access import Role
from bot.roster.vocabulary import Kind

MAX_SCHOOLS = 30_000
SCHOOLS_PER_COUNTY = 180
CITY_CODE = "CITY"


@dataclass(frozen=True, slots=True)
class City:
    """The rows of both files."""

    units: tuple[units_file.UnitRow, ...]
    contacts: tuple[contacts_file.ContactRow, ...]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A school as it is found in every county or town."""

    name: str
    stage: str
    students: int
    private: bool = False
    boarding: bool = False
    bus: bool = False
    canteen: bool = True
    is_point: bool = False  # a 教学点: belongs to the town's central school


_CORE = (  # {} is the county
    _Pattern("{}第一中学", "高中", 2800, boarding=True),
    _Pattern("{}实验小学", "小学", 1650),
    _Pattern("{}第一初级中学", "初中", 1420, boarding=True),
    _Pattern("{}实验幼儿园", "幼儿园", 360),
    _Pattern("{}职业技术教育中心", "中职", 1900, boarding=True),
    _Pattern("{}特殊教育学校", "特教", 96, boarding=True, bus=True),
    _Pattern("{}育才学校", "九年一贯", 1180, private=True, boarding=True, bus=True),
    _Pattern("{}第二中学", "完全中学", 2100, boarding=True),
)
_TOWN = (  # {} is the town, {village} and {kindergarten} are taken from a list
    _Pattern("{}中心小学", "小学", 520),
    _Pattern("{}初级中学", "初中", 680, boarding=True),
    _Pattern("{}中心幼儿园", "幼儿园", 210),
    _Pattern("{}{village}教学点", "小学", 34, canteen=False, is_point=True),
    _Pattern("{}{village}教学点", "小学", 21, canteen=False, is_point=True),
    _Pattern("{}{kindergarten}幼儿园", "幼儿园", 150, private=True, bus=True),
    _Pattern("{}{village}小学", "小学", 180),
    _Pattern("{}{village}教学点", "小学", 45, canteen=False, is_point=True),
    _Pattern("{}九年一贯制学校", "九年一贯", 640, boarding=True, bus=True),
)
_CITY_RUN = (
    _Pattern("市第一中学", "高中", 3600, boarding=True),
    _Pattern("市实验小学", "小学", 2100),
    _Pattern("市实验幼儿园", "幼儿园", 420),
    _Pattern("市特殊教育学校", "特教", 180, boarding=True, bus=True),
    _Pattern("市职业技术学校", "中职", 2600, boarding=True),
)
_CITY_RUN_MORE = (
    _Pattern("市第{}中学", "完全中学", 2300, boarding=True),
    _Pattern("市第{}小学", "小学", 1500),
    _Pattern("市第{}幼儿园", "幼儿园", 330),
)
_COLLEGES = (
    "职业技术学院",
    "师范高等专科学校",
    "医学院",
    "农业学院",
    "工程学院",
    "艺术学院",
    "科技学院",
    "商学院",
)


def write(directory: Path, *, schools: int) -> City:
    """The directory holds units.csv and contacts.csv of a pretend city with so many schools.

    Raises:
        errors.Refused: the number cannot be had, or the files cannot be written.
    """
    made = city(schools)
    csv_files.write(
        directory,
        units=csv_files.units_text(made.units),
        contacts=csv_files.contacts_text(made.contacts),
        encoding="utf-8",
    )
    return made


def city(schools: int) -> City:
    """A city with exactly so many schools, its bureau, counties and colleges besides.

    Raises:
        errors.Refused: fewer than one, or more than MAX_SCHOOLS.
    """
    if not 1 <= schools <= MAX_SCHOOLS:
        raise errors.Refused(f"学校数应是 1 到 {MAX_SCHOOLS},不能是 {schools}。")
    units = tuple(replace(unit, line=line) for line, unit in enumerate(_units(schools), start=2))
    contacts = tuple(replace(contact, line=line) for line, contact in enumerate(_contacts(units), start=2))
    return City(units=units, contacts=contacts)


def _units(schools: int) -> Iterator[units_file.UnitRow]:
    yield _unit(CITY_CODE, sample_names.CITY, Kind.CITY, parent="", phone="0310-0000001")
    for number, (code, name) in enumerate(sample_names.OFFICES, start=2):
        yield _unit(code, name, Kind.OFFICE, parent=CITY_CODE, phone=f"0310-000000{number}")
    counties = sample_names.COUNTIES[: min(len(sample_names.COUNTIES), max(3, schools // SCHOOLS_PER_COUNTY))]
    city_run = 0 if schools < 12 else min(40, max(5, schools // 80))
    towns = count()
    for index, (code, name) in enumerate(counties):
        yield replace(
            _unit(code, f"{name}教育局", Kind.COUNTY, parent=CITY_CODE, phone=f"0310-00001{index:02d}"),
            county=code,
        )
        share = _share(schools - city_run, len(counties), index)
        yield from _core_schools(code, name, share, phones=2_000_000 + index * 1_000)
        yield from _outer_schools(code, share, towns)
    yield from _city_schools(city_run)
    for index, name in enumerate(_COLLEGES[: max(2, schools // 600)]):
        unit = _unit(f"GX{index + 1:03d}", f"云川{name}", Kind.COLLEGE, parent=CITY_CODE)
        yield replace(
            unit, stage="高校", ownership="公办", boarding=True, canteen=True, students=8000, staff=520
        )


def _share(schools: int, counties: int, index: int) -> int:
    """A county's part: some have half as many again as others; the parts add up."""
    weights = [8 + number * 5 % 5 - number * 3 % 4 for number in range(counties)]
    total = sum(weights)
    return schools * sum(weights[: index + 1]) // total - schools * sum(weights[:index]) // total


def _core_schools(code: str, county: str, schools: int, *, phones: int) -> Iterator[units_file.UnitRow]:
    for number, pattern in enumerate(_CORE[:schools], start=1):
        row = _school(f"{code}{number:03d}", pattern.name.format(county), pattern, number, county=code)
        yield replace(row, phone=f"0310-{phones + number}")


def _outer_schools(code: str, schools: int, towns: Iterator[int]) -> Iterator[units_file.UnitRow]:
    left = range(len(_CORE) + 1, schools + 1)
    for start in range(0, len(left), len(_TOWN)):
        yield from _town_schools(code, left[start : start + len(_TOWN)], next(towns))


def _town_schools(code: str, numbers: Sequence[int], town: int) -> Iterator[units_file.UnitRow]:
    place = sample_names.town(town)
    tags = ("山区",) * (code in sample_names.MOUNTAINS) + ("低洼",) * (town % 4 == 1)
    for number, pattern in zip(numbers, _TOWN, strict=False):
        name = pattern.name.format(
            place, village=sample_names.village(number), kindergarten=sample_names.kindergarten(town)
        )
        row = _school(f"{code}{number:03d}", name, pattern, number, county=code)
        yield replace(
            row,
            parent=f"{code}{numbers[0]:03d}" if pattern.is_point else code,
            waterside=town % 3 == 0 and not pattern.private,
            tags=tags,
        )


def _city_schools(schools: int) -> Iterator[units_file.UnitRow]:
    for index in range(schools):
        if index < len(_CITY_RUN):
            pattern, name = _CITY_RUN[index], _CITY_RUN[index].name
        else:
            turn, which = divmod(index - len(_CITY_RUN), len(_CITY_RUN_MORE))
            pattern = _CITY_RUN_MORE[which]
            name = pattern.name.format(turn + 2)
        row = _school(f"SZ{index + 1:03d}", name, pattern, index, county="")
        yield replace(row, parent=CITY_CODE)


def _school(code: str, name: str, pattern: _Pattern, number: int, *, county: str) -> units_file.UnitRow:
    students = pattern.students + number * 37 % (pattern.students // 3)
    return replace(
        _unit(code, name, Kind.SCHOOL, parent=county),
        county=county,
        stage=pattern.stage,
        ownership="民办" if pattern.private else "公办",
        boarding=pattern.boarding,
        school_bus=pattern.bus,
        canteen=pattern.canteen,
        students=students,
        staff=students // 14 + 3,
    )


def _unit(code: str, name: str, kind: Kind, *, parent: str, phone: str = "") -> units_file.UnitRow:
    return units_file.UnitRow(
        line=0, code=code, name=name, kind=kind, parent=parent, county="", stage="", ownership="",
        boarding=False, school_bus=False, canteen=False, waterside=False,
        students=None, staff=None, phone=phone, tags=(),
    )  # fmt: skip


def _contacts(units: Sequence[units_file.UnitRow]) -> Iterator[contacts_file.ContactRow]:
    people = count()
    principals: dict[str, int] = {}
    inspected = [unit.code for unit in units if unit.kind is Kind.COUNTY][:2]
    inspector = next(people)
    for unit in units:
        for role in _roles(unit):
            if role is Role.PRINCIPAL:  # a 教学点 is led by the principal of its central school
                number = principals.get(unit.parent, -1)
                number = principals[unit.code] = next(people) if number < 0 else number
            else:
                number = next(people)
            yield _contact(unit, role, number)
        if unit.code in inspected:
            yield _contact(unit, Role.INSPECTOR, inspector)


def _roles(unit: units_file.UnitRow) -> tuple[Role, ...]:
    """Who works for a unit; on average two and a half people a school."""
    match unit.kind:
        case Kind.CITY:
            return (Role.LEADER, Role.ADMIN, Role.CITY_OFFICER)
        case Kind.OFFICE:
            return (Role.CITY_OFFICER, Role.CITY_OFFICER) if unit.name == "安全处" else (Role.CITY_OFFICER,)
        case Kind.COUNTY:
            return (Role.LEADER, Role.COUNTY_OFFICER, Role.COUNTY_OFFICER)
    if (unit.students or 0) < 100:
        return (Role.PRINCIPAL, Role.SAFETY_OFFICER)
    if unit.boarding:
        return (Role.PRINCIPAL, Role.DEPUTY, Role.SAFETY_OFFICER, Role.DUTY)
    return (Role.PRINCIPAL, Role.DEPUTY, Role.SAFETY_OFFICER)


def _contact(unit: units_file.UnitRow, role: Role, number: int) -> contacts_file.ContactRow:
    return contacts_file.ContactRow(
        line=0,
        unit=unit.code,
        name=sample_names.person(number),
        role=role,
        phone=sample_names.mobile(number),
    )

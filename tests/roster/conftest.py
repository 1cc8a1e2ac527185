"""Real files for the roster's tests: what people send, written by the tools they use."""

from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from bot.roster import contacts_file, faults, sheets, units_file, vocabulary

UNITS_HEADER = ("编码", "名称", "类型", "上级单位", "学段", "学生数", "值班电话", "标签")
CITY = ("CITY", "云川市教育局", "市局", "", "", "", "0310-0000001", "")
COUNTY = ("DH", "大河县教育局", "县局", "CITY", "", "", "", "")
SCHOOL = ("DH001", "金滩镇中心小学", "学校", "DH", "小学", 620, "", "")
CONTACTS_HEADER = ("单位", "姓名", "职务", "联系电话")

Rows = Sequence[Sequence[object]]
WriteXlsx = Callable[..., Path]
WriteCsv = Callable[..., Path]


@pytest.fixture
def write_xlsx(tmp_path: Path) -> WriteXlsx:
    """Writes rows into a workbook; `arrange` may merge and format afterwards."""

    def write(
        rows: Rows,
        name: str = "units.xlsx",
        *,
        title: str = "Sheet1",
        arrange: Callable[[Worksheet], None] | None = None,
    ) -> Path:
        workbook = openpyxl.Workbook()
        worksheet = workbook.worksheets[0]
        worksheet.title = title
        for row in rows:
            worksheet.append(list(row))
        if arrange:
            arrange(worksheet)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def write_csv(tmp_path: Path) -> WriteCsv:
    def write(text: str, name: str = "units.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


@pytest.fixture
def units(write_xlsx: WriteXlsx) -> Callable[..., faults.Parsed[units_file.UnitRow]]:
    """Parses units below the usual city and county."""

    def parse(
        *rows: Sequence[object], header: Sequence[str] = UNITS_HEADER
    ) -> faults.Parsed[units_file.UnitRow]:
        above = [
            tuple(dict(zip(UNITS_HEADER, row, strict=True)).get(name, "") for name in header)
            for row in (CITY, COUNTY)
        ]
        path = write_xlsx([header, *above, *rows])
        return units_file.parse_units(sheets.open_sheet(path, vocabulary.UNITS))

    return parse


@pytest.fixture
def contacts(
    write_xlsx: WriteXlsx, units: Callable[..., faults.Parsed[units_file.UnitRow]]
) -> Callable[..., faults.Parsed[contacts_file.ContactRow]]:
    """Parses contacts of a city with two counties that have a 第一小学 each, and of one central school."""

    def parse(
        *rows: Sequence[object], header: Sequence[str] = CONTACTS_HEADER
    ) -> faults.Parsed[contacts_file.ContactRow]:
        known = units(
            SCHOOL,
            ("HD", "河东区教育局", "县局", "CITY", "", "", "", ""),
            ("DH002", "第一小学", "学校", "DH", "小学", "", "", ""),
            ("HD002", "第一小学", "学校", "HD", "小学", "", "", ""),
        )
        path = write_xlsx([header, *rows], "contacts.xlsx")
        return contacts_file.parse_contacts(
            sheets.open_sheet(path, vocabulary.CONTACTS), units_file.index_of(known.rows)
        )

    return parse

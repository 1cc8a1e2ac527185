"""The operator's side before anybody is asked: files in, faults told, the city opened, codes given out."""

import csv
import pathlib

import openpyxl

from tests.whole import driver
from tests.whole.conftest import Found
from tests.whole.driver import City


def _workbook(path: pathlib.Path, text: str, *, title: str = "") -> pathlib.Path:
    """The same table as an Excel file, with a merged title above it as offices like it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append([title])
        sheet.merge_cells("A1:D1")
    for row in csv.reader(text.splitlines()):
        sheet.append(row)
    book.save(path)
    return path


async def test_from_an_empty_database_to_codes_to_give_out(found: Found, empty_database_url: str) -> None:
    async with found(empty_database_url) as town:
        units, contacts = town.file("units.csv", driver.UNITS), town.file("contacts.csv", driver.CONTACTS)
        would = await town.done("roster", "import", units, contacts, "--dry-run")
        assert "21" in would.out
        assert "名册还是空的" in await town.refused("invite", "--json")
        await town.done("roster", "import", units, contacts)
        assert "17" in await town.refused("arm", "--all", "--schools", "16")
        assert "试运行" in (await town.done("doctor")).out
        assert "17" in (await town.done("arm", "--all", "--schools", "17")).out
        codes = (await town.done("invite", "--json")).json
    people = [(c["unit"], c["role"], c["contact"]) for c in codes if c["kind"] == "contact"]
    assert people == [
        (r["unit"], r["role"], r["name"])
        for u in csv.DictReader(driver.UNITS.splitlines())
        for r in csv.DictReader(driver.CONTACTS.splitlines())
        if r["unit"] == u["code"]
    ]
    assert len([c for c in codes if c["kind"] == "group"]) == 20  # every unit but the office
    assert all(
        c["link"].startswith("https://t.me/xiaoan_bot?start") and c["code"] in c["link"] for c in codes
    )


async def test_one_county_can_be_opened_alone(found: Found, sqlite_url: str) -> None:
    async with found(sqlite_url) as town:
        await town.import_roster()
        assert "14" in await town.refused("arm", "--county", "DH", "--schools", "17")
        await town.done("arm", "--county", "DH", "--schools", "14")
        assert "14/17" in (await town.done("doctor")).out


async def test_an_excel_file_with_faults_is_told_in_sentences_and_changes_nothing(
    found: Found, sqlite_url: str, tmp_path: pathlib.Path
) -> None:
    async with found(sqlite_url) as town:
        units = _workbook(tmp_path / "单位.xlsx", driver.UNITS)
        wrong = driver.CONTACTS.replace("13800000011", "1.38E+10").replace("DH02,赵副手", "DH99,赵副手")
        contacts = _workbook(tmp_path / "联系人.xlsx", wrong, title="云川市校园安全联系人")
        report = tmp_path / "红.xlsx"
        ran = await town.run("roster", "import", units, contacts, "--report", report)
        assert ran.status == 1
        first, second = (line for line in ran.err.splitlines() if line.startswith("错误:联系人.xlsx 第"))
        assert "第 7 行 D 列" in first
        assert "1.38E+10" in first
        assert "第 10 行 A 列" in second
        assert "DH99" in second
        sheet = openpyxl.load_workbook(report).worksheets[0]
        assert any("1.38E+10" in str(cell.value) for row in sheet.iter_rows() for cell in row)
        assert "名册还是空的" in await town.refused("invite", "--json")
        right = _workbook(tmp_path / "联系人.xlsx", driver.CONTACTS, title="云川市校园安全联系人")
        await town.done("roster", "import", units, right)
        assert "没有变化" in (await town.done("roster", "import", units, right, "--dry-run")).out


async def test_who_may_do_what_is_printed(small_town: City) -> None:
    printed = (await small_town.done("access")).out
    assert all(role in printed for role in ("principal", "county_officer", "inspector", "admin"))

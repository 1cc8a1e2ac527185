"""Whatever people put into cells is read without a crash; what was accepted is written and read back."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.roster import contacts_file, csv_files, faults, faults_report, sheets, units_file, vocabulary

WORDS = (
    "|'|'=1|=1+1|-|无|DH|CITY|A|a|第一小学|学校|市局|小学|13800000001|1.38E+10|0310-1234567|王一|校长|合计|山区;低洼"
    '|#N/A|\u3000x\u200b|"|\n|是|12|0|县局|处室|王一、李二|DH 1|138****0001'
)
ODD = st.sampled_from(WORDS.split("|"))
CELLS = st.one_of(ODD, ODD, st.text(max_size=12))
HEADER = ",".join(csv_files.UNIT_FIELDS)


def quoted(row: Sequence[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in row)


def parsed_units(text: str) -> faults.Parsed[units_file.UnitRow]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "units.csv"
        path.write_text(text.replace("\0", ""), "utf-8", errors="replace", newline="")
        return units_file.parse_units(sheets.open_sheet(path, vocabulary.UNITS))


def parsed_contacts(
    text: str, units: faults.Parsed[units_file.UnitRow]
) -> faults.Parsed[contacts_file.ContactRow]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        path.write_text(text.replace("\0", ""), "utf-8", errors="replace", newline="")
        return contacts_file.parse_contacts(
            sheets.open_sheet(path, vocabulary.CONTACTS), units_file.index_of(units.all_rows)
        )


def without_lines(rows):
    return [dataclasses.replace(row, line=0) for row in rows]


@settings(max_examples=200)
@given(st.lists(st.lists(CELLS, min_size=14, max_size=14), max_size=5))
def test_units_of_odd_cells_are_read_told_and_read_back(rows):
    first = parsed_units("\n".join([HEADER, "CITY,云川市教育局,city,", *map(quoted, rows)]))
    assert all(str(one) and one.message_zh.endswith("。") for one in (*first.faults, *first.warnings))
    codes = {row.code for row in first.rows}
    kept = [row for row in first.rows if not row.parent or row.parent in codes]
    again = parsed_units(csv_files.units_text(kept))
    lost = [one for one in again.faults if one.header != "parent"]  # a parent may have been at fault itself
    assert lost == []
    if not again.faults:
        assert without_lines(again.rows) == [
            dataclasses.replace(one, county=two.county)
            for one, two in zip(without_lines(kept), again.rows, strict=True)
        ]


@settings(max_examples=30)
@given(st.lists(st.lists(st.text(max_size=12), min_size=4, max_size=4), min_size=1, max_size=3))
def test_any_text_can_be_marked_and_given_back(rows):
    units = parsed_units("\n".join(["编码,名称,类型,上级单位", *map(quoted, rows)]))
    with tempfile.TemporaryDirectory() as folder:
        faults_report.write(Path(folder) / "问题.xlsx", [units])
        assert sheets.open_sheet(Path(folder) / "问题.xlsx", vocabulary.UNITS).header_line == 1


@settings(max_examples=200)
@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=5))
def test_contacts_of_odd_cells_are_read_told_and_read_back(rows):
    units = parsed_units(f"{HEADER}\nCITY,云川市教育局,city,\nA,第一小学,school,CITY,小学\n")
    first = parsed_contacts(
        "\n".join(["unit,name,role,phone", "A,王一,校长,13800000009", *map(quoted, rows)]), units
    )
    assert all(str(one) and one.message_zh.endswith("。") for one in (*first.faults, *first.warnings))
    again = parsed_contacts(csv_files.contacts_text(first.rows), units)
    assert again.faults == ()
    assert without_lines(again.rows) == without_lines(first.rows)

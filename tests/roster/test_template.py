from pathlib import Path

import openpyxl
import pytest

from bot import errors
from bot.roster import contacts_file, sheets, template, units_file, vocabulary


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    template.write(tmp_path / "名册.xlsx")
    return tmp_path / "名册.xlsx"


def test_the_template_has_two_sheets_to_fill_and_one_that_explains(workbook):
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["单位", "联系人", "填写说明"]
    assert [cell.value for cell in book["联系人"][1]] == ["单位", "姓名", "职务", "手机号"]
    assert len(list(book["单位"][1])) == len(vocabulary.UNITS.headers)
    assert "必填" in book["单位"]["A1"].comment.text


def test_kinds_stages_yes_and_roles_are_drop_downs(workbook):
    book = openpyxl.load_workbook(workbook)
    offered = {
        str(one.sqref): one.formula1
        for name in ("单位", "联系人")
        for one in book[name].data_validations.dataValidation
    }
    assert offered["C2:C12000"] in (
        '"市局,处室,县局,学校,高校"',
        '"校长,副校长,安全专干,值班员,县局专员,市局专员,领导,督导,管理员"',
    )
    assert '"是,否"' in offered.values()
    assert all(len(formula) <= 255 for formula in offered.values())


def test_phones_and_codes_are_kept_as_text(workbook):
    book = openpyxl.load_workbook(workbook)
    assert book["联系人"].column_dimensions["D"].number_format == "@"
    assert book["单位"].column_dimensions["A"].number_format == "@"
    assert book["单位"].column_dimensions["M"].number_format == "@"


def test_the_first_line_below_the_header_is_free(workbook):
    assert openpyxl.load_workbook(workbook)["联系人"].max_row == 1


def test_a_filled_template_is_imported_as_both_files(workbook):
    book = openpyxl.load_workbook(workbook)
    book["单位"].append(["CITY", "云川市教育局", "市局"])
    book["单位"].append(["DH001", "金滩镇中心小学", "学校", "市局", "小学"])
    book["联系人"].append(["DH001", "王一", "校长", "13800000001"])
    book.save(workbook)
    units = units_file.parse_units(sheets.open_sheet(workbook, vocabulary.UNITS))
    contacts = contacts_file.parse_contacts(
        sheets.open_sheet(workbook, vocabulary.CONTACTS), units_file.index_of(units.rows)
    )
    assert (units.faults, units.warnings, contacts.faults, contacts.warnings) == ((), (), (), ())
    assert (len(units.rows), len(contacts.rows)) == (2, 1)
    assert units.sheet.title == "单位"
    assert contacts.sheet.title == "联系人"


def test_what_the_template_explains_is_what_the_parser_takes(workbook):
    rows = openpyxl.load_workbook(workbook)["填写说明"].iter_rows(values_only=True)
    examples = {row[1]: row[4] for row in rows if row[0] == "单位表"}
    assert vocabulary.kind_of(examples["类型"]) is vocabulary.Kind.SCHOOL
    assert vocabulary.stage_of(examples["学段"]) == "小学"
    assert vocabulary.yes_of(examples["临水"]) is True


def test_an_unwritable_place_is_refused_with_advice(tmp_path):
    with pytest.raises(errors.Refused, match="写不进去"):
        template.write(tmp_path / "nowhere" / "a.xlsx")

import dataclasses

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from bot import errors
from bot.roster import contacts_file, faults_report, sheets, units_file, vocabulary

RED, YELLOW = faults_report.RED.start_color.rgb, faults_report.YELLOW.start_color.rgb
UNITS = "编码,名称,类型,上级单位,学段\nCITY,云川市教育局,市局,\nA,甲小学,小学,市局\n"


def parsed_units(path):
    return units_file.parse_units(sheets.open_sheet(path, vocabulary.UNITS))


def parsed_contacts(path, units):
    return contacts_file.parse_contacts(
        sheets.open_sheet(path, vocabulary.CONTACTS), units_file.index_of(units.rows)
    )


def colour(cell):
    return cell.fill.start_color.rgb


def test_a_workbook_comes_back_as_it_was_with_faults_red_and_warnings_yellow(write_xlsx, tmp_path):
    def arrange(worksheet):
        worksheet.merge_cells("A1:D1")
        worksheet["B3"].font = Font(bold=True)
        worksheet["A3"].fill = PatternFill("solid", start_color="FF00FF00")
        worksheet.column_dimensions["B"].width = 33
        worksheet["D4"] = '=LOWER("CITY")'

    rows = [
        ["云川市花名册"],
        ["编码", "名称", "类型", "上级单位", "学段"],
        ["CITY", "云川市教育局", "市局", ""],
        ["A", "甲小学", "工厂", "CITY", ""],
        ["B", "乙小学", "学校", "CITY", ""],
    ]
    path = write_xlsx(rows, title="花名册", arrange=arrange)
    units = parsed_units(path)
    faults_report.write(tmp_path / "问题.xlsx", [units])

    sheet = openpyxl.load_workbook(tmp_path / "问题.xlsx")["花名册"]
    assert "A1:D1" in map(str, sheet.merged_cells.ranges)
    assert sheet["B3"].font.b
    assert colour(sheet["A3"]) == "FF00FF00"
    assert sheet.column_dimensions["B"].width == 33
    assert sheet["D4"].value == '=LOWER("CITY")'
    assert colour(sheet["C4"]) == RED
    assert colour(sheet["E5"]) == YELLOW
    assert sheet["F2"].value == "说明"
    assert "“类型”:看不懂“工厂”。可写:市局、处室、县局、学校、高校。" in sheet["F4"].value
    assert (colour(sheet["F4"]), colour(sheet["F5"])) == (RED, YELLOW)
    assert sheet["F3"].value is None


def test_a_csv_comes_back_as_a_workbook_and_nothing_in_it_is_calculated(write_csv, tmp_path):
    path = write_csv("标题\n编码,名称,类型,上级单位\nCITY,=1+1,市局,\nA,+甲,工厂,@x\n-B,-1,学校,市局\n")
    faults_report.write(tmp_path / "问题.xlsx", [parsed_units(path)])
    sheet = openpyxl.load_workbook(tmp_path / "问题.xlsx")["单位"]
    for place, value in (("B3", "=1+1"), ("B4", "+甲"), ("D4", "@x"), ("B5", "-1")):
        assert sheet[place].value == value
        assert sheet[place].data_type == "s"
        assert sheet[place].quotePrefix
    assert sheet["A1"].value == "标题"
    assert colour(sheet["C4"]) == RED


def test_faults_of_header_and_file_stand_beside_the_header(write_csv, tmp_path):
    path = write_csv("编码,名称,法人\nDH,大河县,x\n")
    faults_report.write(tmp_path / "问题.xlsx", [parsed_units(path)])
    sheet = openpyxl.load_workbook(tmp_path / "问题.xlsx")["单位"]
    assert sheet["D1"].value == "说明"
    assert "缺少“类型”列" in sheet["E1"].value
    assert colour(sheet["E1"]) == RED


def test_two_files_come_back_in_one_workbook(write_csv, write_xlsx, tmp_path):
    units = parsed_units(write_csv(UNITS + "B,乙,工厂,CITY\n"))
    path = write_xlsx([["单位", "姓名", "职务", "手机"], ["A", "王一", "门卫", "1"]], "c.xlsx", title="表")
    faults_report.write(tmp_path / "问题.xlsx", [units, parsed_contacts(path, units)])
    book = openpyxl.load_workbook(tmp_path / "问题.xlsx")
    assert book.sheetnames == ["表", "单位"]
    assert colour(book["表"]["C2"]) == colour(book["单位"]["C4"]) == RED


def test_a_second_workbook_is_copied_with_its_looks(write_xlsx, tmp_path):
    def arrange(worksheet):
        worksheet["A1"].font = Font(bold=True)
        worksheet.merge_cells("A2:A3")
        worksheet.column_dimensions["B"].width = 44

    units = parsed_units(write_xlsx([["编码", "名称", "类型", "上级单位"], ["CITY", "市局", "工厂", ""]]))
    rows = [["单位", "姓名", "职务", "手机"], ["X", "王一", "校长", 13800000001], ["", "=李二", "校长", ""]]
    contacts = parsed_contacts(write_xlsx(rows, "c.xlsx", arrange=arrange), units)
    faults_report.write(tmp_path / "问题.xlsx", [units, contacts])
    sheet = openpyxl.load_workbook(tmp_path / "问题.xlsx")["联系人"]
    assert sheet["A1"].font.b
    assert sheet.column_dimensions["B"].width == 44
    assert "A2:A3" in map(str, sheet.merged_cells.ranges)
    assert sheet["D2"].value == 13800000001
    assert colour(sheet["A2"]) == RED


def test_a_workbook_with_both_sheets_is_marked_in_both(tmp_path):
    book = openpyxl.Workbook()
    book.worksheets[0].title = "单位"
    for row in (
        ["编码", "名称", "类型", "上级单位"],
        ["CITY", "市局", "市局", ""],
        ["A", "甲", "工厂", "CITY"],
    ):
        book["单位"].append(row)
    book.create_sheet("联系人")
    for row in (["单位", "姓名", "职务", "手机"], ["CITY", "王一", "门卫", "13800000001"]):
        book["联系人"].append(row)
    book.save(tmp_path / "名册.xlsx")
    units = parsed_units(tmp_path / "名册.xlsx")
    contacts = parsed_contacts(tmp_path / "名册.xlsx", units)
    faults_report.write(tmp_path / "问题.xlsx", [units, contacts])
    marked = openpyxl.load_workbook(tmp_path / "问题.xlsx")
    assert marked.sheetnames == ["单位", "联系人"]
    assert colour(marked["单位"]["C3"]) == colour(marked["联系人"]["C2"]) == RED


def test_a_marked_file_can_be_corrected_and_marked_again(write_csv, tmp_path):
    first, second = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    faults_report.write(first, [parsed_units(write_csv(UNITS + "B,乙,工厂,CITY\nC,丙,作坊,CITY\n"))])
    book = openpyxl.load_workbook(first)
    book["单位"]["C4"] = "小学"
    book.save(first)
    again = parsed_units(first)
    assert [one.line for one in again.faults] == [5]
    assert again.warnings == ()
    faults_report.write(second, [again])
    sheet = openpyxl.load_workbook(second)["单位"]
    assert [cell.value for cell in sheet[1]].count("说明") == 1
    assert sheet["F4"].value is None
    assert "作坊" in sheet["F5"].value


def test_the_users_own_file_is_never_overwritten(write_csv, tmp_path):
    path = write_csv(UNITS)
    with pytest.raises(errors.Refused, match="就是要导入的文件"):
        faults_report.write(path, [parsed_units(path)])


def test_messages_of_one_line_are_told_one_below_the_other(write_csv, tmp_path):
    units = parsed_units(write_csv(UNITS + "B 1,,工厂,CITY\n"))
    faults_report.write(tmp_path / "问题.xlsx", [dataclasses.replace(units, warnings=units.faults[:1])])
    sheet = openpyxl.load_workbook(tmp_path / "问题.xlsx")["单位"]
    assert len(sheet["F4"].value.splitlines()) == 4

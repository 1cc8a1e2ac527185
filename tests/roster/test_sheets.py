import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import errors
from bot.roster import sheets, vocabulary

LINES = "编码,名称,类型,上级单位\nDH001,金滩镇中心小学,学校,DH\n"


def opened(path: Path, layout: sheets.Layout = vocabulary.UNITS) -> sheets.Sheet:
    return sheets.open_sheet(path, layout)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_csv_is_read_in_every_encoding_excel_writes(write_csv, encoding):
    sheet = opened(write_csv(LINES, encoding=encoding))
    assert sheet.rows[0].texts == ("DH001", "金滩镇中心小学", "学校", "DH")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_every_delimiter(write_csv, delimiter):
    sheet = opened(write_csv(LINES.replace(",", delimiter)))
    assert sheet.rows[0].texts == ("DH001", "金滩镇中心小学", "学校", "DH")


def test_a_semicolon_in_a_quoted_tag_is_no_delimiter(write_csv):
    sheet = opened(write_csv('编码,名称,类型,上级单位,标签\nDH001,一小,学校,DH,"山区;低洼"\n'))
    assert sheet.rows[0].texts[-1] == "山区;低洼"


def test_header_is_found_below_titles_and_empty_lines(write_xlsx):
    def merge(worksheet):
        worksheet.merge_cells("A1:D1")

    rows = [
        ["2026年学校花名册"],
        [],
        ["填报单位:大河县"],
        ["序号", "学校名称", "编码", "类型", "上级单位"],
        [1, "一小", "DH1", "学校", "DH"],
    ]
    sheet = opened(write_xlsx(rows, arrange=merge))
    assert sheet.header_line == 4
    assert [(column.letter, column.field) for column in sheet.columns] == [
        ("B", "name"), ("C", "code"), ("D", "kind"), ("E", "parent"),
    ]  # fmt: skip
    assert sheet.rows[0].cells[1].line == 5


def test_header_in_the_eleventh_row_is_not_looked_for(write_xlsx):
    rows = [["标题"]] * 10 + [["编码", "名称", "类型", "上级单位"]]
    with pytest.raises(errors.Refused) as refused:
        opened(write_xlsx(rows))
    assert "前 10 行里找不到“单位”表的表头" in refused.value.sentence
    assert "编码、名称、类型、上级单位" in refused.value.sentence


def test_headers_may_be_narrow_wide_starred_and_explained(write_xlsx):
    sheet = opened(
        write_xlsx(
            [["*编 码", "学校名称(全称)", "类型:", "上级\n单位", "学生数"], ["A", "b", "学校", "DH", 3]]
        )
    )
    assert [column.field for column in sheet.columns] == ["code", "name", "kind", "parent", "students"]


def test_english_headers_are_read(write_csv):
    sheet = opened(write_csv("code,name,kind,parent,school_bus\nDH,大河县,county,CITY,0\n"))
    assert sheet.column("school_bus").letter == "E"
    assert sheet.column("tags") is None


def test_empty_rows_are_left_out_and_lines_still_count(write_xlsx):
    sheet = opened(write_xlsx([["编码", "名称"], [], ["A", "甲"], [" ", "\u3000"], ["B", "乙"]]))
    assert [row.line for row in sheet.rows] == [3, 5]


def test_of_several_worksheets_the_best_header_is_taken_and_hidden_ones_are_not(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["编码", "名称"])
    hidden = workbook.create_sheet("旧表")
    hidden.sheet_state = "hidden"
    for name in ("旧表", "单位", "联系人"):
        worksheet = workbook[name] if name in workbook.sheetnames else workbook.create_sheet(name)
        worksheet.append(
            ["单位", "姓名", "职务", "手机号"] if name == "联系人" else ["编码", "名称", "类型", "上级单位"]
        )
    workbook.save(tmp_path / "a.xlsx")
    assert opened(tmp_path / "a.xlsx").title == "单位"
    assert opened(tmp_path / "a.xlsx", vocabulary.CONTACTS).title == "联系人"


def test_a_cell_merged_downwards_says_the_same_in_each_line(write_xlsx):
    rows = [
        ["单位", "姓名", "职务", "手机"],
        ["一小", "王一", "校长", ""],
        [None, "李二", "副校长", ""],
        ["二小", "张三", "校长", ""],
    ]
    sheet = opened(
        write_xlsx(rows, arrange=lambda worksheet: worksheet.merge_cells("A2:A3")), vocabulary.CONTACTS
    )
    assert [row.cells[0].text for row in sheet.rows] == ["一小", "一小", "二小"]


@pytest.mark.parametrize(
    ("original", "text"),
    [
        (13800000001, "13800000001"),
        (13800000001.0, "13800000001"),
        (12.5, "12.5"),
        ("138\u00a00000\u20030001", "138 0000 0001"),
        ("\u202d13800000001\u202c", "13800000001"),
        ("\uff11\uff13\uff18", "138"),
        ("\uff24\uff28\uff10\uff10\uff11", "DH001"),
        ("\u3000金滩镇\u200b小学 ", "金滩镇小学"),
        ("'13800000001", "13800000001"),
        (True, "是"),
        (False, "否"),
        (None, ""),
        (dt.date(2026, 3, 1), "2026-03-01"),
    ],
)  # fmt: skip
def test_cells_say_what_they_mean(original, text):
    assert sheets.tidy(original) == text


def test_a_number_whose_digits_are_lost_is_shown_as_excel_shows_it():
    assert sheets.Cell(original=1.38e10, text="13800000000", line=2, column="D").shown == "1.38E+10"


def test_a_long_value_is_shown_short():
    assert sheets.Cell(original="长" * 99, text="长" * 99, line=2, column="D").shown == "长" * 39 + "…"


def test_dates_and_durations_are_kept_as_what_they_are(write_xlsx):
    row = ["3-1", "甲", dt.date(2026, 3, 1), dt.time(8, 0)]
    cells = opened(write_xlsx([["编码", "名称", "类型", "上级单位"], row])).rows[0].cells
    assert isinstance(cells[2].original, dt.datetime)
    assert cells[3].original == dt.time(8, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"PK\x03\x04broken", "不是能读的表格"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "另存为 .xlsx"),
        ("a.pdf", b"%PDF-1.7", "不是能读的表格"),
        ("a.csv", b"\x81\x00\xff\xff", "不是能读的表格"),
        ("a.csv", b"a\0b", "不是能读的表格"),
        ("a.csv", b'"' + b"a" * 200_000, "不是能读的表格"),
        ("a.csv", b"", "找不到“单位”表的表头"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_advice(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(errors.Refused, match=said):
        opened(tmp_path / name)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(errors.Refused, match="不是能读的表格"):
        opened(tmp_path / "a.xlsx")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(errors.Refused, match="找不到文件"):
        opened(tmp_path / "nowhere.xlsx")


def test_a_file_of_pictures_and_a_sheet_without_end_are_refused(tmp_path, write_xlsx):
    with (tmp_path / "big.csv").open("wb") as big:
        big.truncate(sheets.MAX_BYTES + 1)
    with pytest.raises(errors.Refused, match="超过 30 MB"):
        opened(tmp_path / "big.csv")

    def colour_the_last_line(worksheet):
        worksheet["A1048576"] = " "

    with pytest.raises(errors.Refused, match="1048576 行"):
        opened(write_xlsx([["编码", "名称"]], arrange=colour_the_last_line))


@given(st.text(max_size=30))
def test_tidying_twice_changes_nothing_more(text):
    once = sheets.tidy(text).lstrip("'").strip()
    assert sheets.tidy(once) == once


def test_in_one_workbook_each_kind_finds_its_own_sheet_whatever_the_language(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["code", "name", "kind", "parent", "stage", "students", "phone"])
    workbook.create_sheet("people").append(["unit", "name", "role", "phone"])
    file = tmp_path / "roster.xlsx"
    workbook.save(file)

    assert sheets.open_sheet(file, vocabulary.CONTACTS).title == "people"
    assert sheets.open_sheet(file, vocabulary.UNITS).title == "Sheet"

"""The workbook: typed cells, words people know, nothing that computes."""

import dataclasses
import datetime as dt
import io
import re
import zipfile
import zoneinfo

import openpyxl
import pytest

from bot.notices import queries, rules
from bot.notices.progress import Progress
from bot.notices.queries import Item, Notice, Status, Table
from bot.notices.rules import Reach, TroubleState
from bot.notices.trouble import Step, Trouble
from bot.summaries import looks, workbook
from bot.summaries.workbook import Line, Sheets
from bot.texts import Words

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
WORDS = Words(SHANGHAI)
DUE = dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)  # 17:00 at the schools
SAID = dt.datetime(2026, 9, 30, 7, 12, 33, tzinfo=dt.UTC)
NOTICE = Notice(
    id=3, content_id="R03b", title="国庆假前安全课", kind=rules.Kind.CONFIRM, version=1, level="today",
    category="routine", yes_words="已上完", trouble_words="有困难", basis="", chase="standard",
    escalate="county", is_trial=False, is_provisional=False, published_at=SAID, due_at=DUE, closes_at=None, recalled_at=None,
)  # fmt: skip
OWING = Status(
    assignment_id=1, unit_id=1, code="DH001", name="金滩镇中心小学", position=1, county_id=9, row_code="DH",
    row_name="大河县", row_position=1, excused="", answered_at=None, answer="", text="", said_by="",
    said_at=None, on_behalf=False, late=False, trouble=None, reach=Reach.SILENT,
)  # fmt: skip
YES = dataclasses.replace(OWING, reach=None, answered_at=SAID, answer="yes", said_by="王校长", said_at=SAID)
TOLD = Trouble(
    id=1, assignment_id=1, notice_id=3, title="", item="", unit_id=1, unit="", county_id=9, contact_id=1,
    said_by="王校长", on_behalf=False, theme="fire", need="county", file_id="",
    text="三楼消防栓没水", file_kind="", opened_at=SAID, described_at=SAID, state=TroubleState.SEEN,
    steps=(Step(TroubleState.NEW, "王校长", SAID),),
)  # fmt: skip
DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x","x")',
    "=cmd|' /C calc'!A0",
]


def sheets_of(*statuses, as_of=DUE, notice=NOTICE, trouble=None, **line):
    numbered = [dataclasses.replace(s, assignment_id=i, unit_id=i) for i, s in enumerate(statuses, start=1)]
    table = Table(
        notice, as_of, as_of or DUE, queries.summed("YC", "合计", numbered), tuple(queries.lines(numbered)),
        tuple(numbered),
    )  # fmt: skip
    beside = {"delivered_at": None, "reminded": 0, "phoned_at": None, "contact": "", "phone": ""} | line
    return Sheets(table, tuple(Line(s, trouble if s.trouble else None, **beside) for s in numbered))


def opened(sheets):
    return openpyxl.load_workbook(io.BytesIO(workbook.build(sheets, WORDS)))


def names_of(sheets):
    return list(opened(sheets)["名单"].iter_rows(min_row=3, values_only=True))


def test_the_first_sheet_is_the_table_with_its_total():
    excused = dataclasses.replace(OWING, excused="closed", reach=None)
    unbound = dataclasses.replace(
        OWING, reach=Reach.UNBOUND, row_code="HD", row_name="河东区", row_position=2
    )
    late = dataclasses.replace(YES, late=True, trouble=TroubleState.NEW)

    sheet = opened(sheets_of(YES, late, OWING, excused, unbound))["汇总"]

    assert list(sheet.values) == [
        ("国庆假前安全课 截至 9月30日(周三)17:00", *(None,) * 10),
        (
            "单位",
            "应报",
            "已报",
            "其中补报",
            "有困难",
            "未报",
            "没回复",
            "没登记",
            "没送到",
            "免报",
            "报送率",
        ),
        ("大河县", 3, 2, 1, 1, 1, 1, 0, 0, 1, 0.6667),
        ("河东区", 1, 0, 0, 0, 1, 0, 1, 0, 0, 0),
        ("合计", 4, 2, 1, 1, 2, 1, 1, 0, 1, 0.5),
    ]


def test_a_live_table_says_so_and_a_rehearsal_too():
    rehearsed = dataclasses.replace(NOTICE, is_trial=True)

    sheet = opened(sheets_of(YES, as_of=None, notice=rehearsed))["汇总"]

    assert sheet["A1"].value == "【试运行】国庆假前安全课 实时 9月30日(周三)17:00"


def test_a_rate_is_a_share_that_never_rounds_up_to_all():
    sheet = opened(sheets_of(*[YES] * 3999, OWING))["汇总"]

    assert sheet["K3"].value == 0.9998
    assert sheet["K3"].number_format == "0.00%"


def test_where_nobody_owes_there_is_no_rate():
    sheet = opened(sheets_of(dataclasses.replace(OWING, excused="closed", reach=None)))["汇总"]

    assert [sheet["K3"].value, sheet["K4"].value] == ["—", "—"]


@pytest.mark.parametrize("name", ["汇总", "名单"])
def test_a_sheet_is_ready_for_the_printer(name):
    sheet = opened(sheets_of(YES, OWING))[name]

    assert sheet.freeze_panes == "B3"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
    assert sheet.print_title_rows == "$1:$2"
    assert sheet.auto_filter.ref == {"汇总": "A2:K3", "名单": "A2:M4"}[name]


def test_the_second_sheet_has_a_line_for_every_unit():
    (line,) = names_of(
        sheets_of(
            dataclasses.replace(YES, trouble=TroubleState.SEEN), trouble=TOLD, delivered_at=SAID, reminded=2, phoned_at=DUE,
            contact="王校长", phone="138****0001",
        )
    )  # fmt: skip

    assert line == (
        "金滩镇中心小学", "大河县", "已报", "已上完", "王校长", dt.datetime(2026, 9, 30, 15, 12, 33),  # noqa: DTZ001
        "已看到", "消防用电;要县局帮忙;三楼消防栓没水", dt.datetime(2026, 9, 30, 15, 12, 33), 2,  # noqa: DTZ001
        dt.datetime(2026, 9, 30, 17, 0), "王校长",  # noqa: DTZ001
        "138****0001",
    )  # fmt: skip


def test_instants_are_shown_as_instants():
    sheet = opened(sheets_of(YES))["名单"]

    assert sheet["F3"].is_date
    assert sheet["F3"].number_format == "yyyy-mm-dd hh:mm"


def test_what_is_long_is_there_to_read_whatever_program_opens_it():
    text = (
        "三楼消防栓没水,已报修,周五前换好;东门外围墙裂缝已拉警戒线"  # 29 汉字 in a column of 20 half-widths
    )
    sheet = opened(sheets_of(YES, dataclasses.replace(YES, answer="text", text=text)))["名单"]

    assert [sheet.row_dimensions[line].height for line in (3, 4)] == [None, 3 * looks.LINE_HIGH]
    assert sheet["D4"].alignment.wrap_text
    assert sheet["A4"].alignment.shrink_to_fit  # a school's name
    assert sheet.column_dimensions["F"].width >= 20  # an instant; narrower, some show ###


def test_a_name_far_too_long_for_its_column_wraps_before_it_is_too_small_to_read():
    county = "积石山保安族东乡族撒拉族自治县"  # 30 half-widths in a column of 14
    names = ("一" * 21, "一" * 40)  # 42 and 80 in one of 28
    book = opened(sheets_of(*(dataclasses.replace(YES, name=it, row_name=county) for it in names)))

    name, place = book["名单"]["A3"], book["名单"]["B3"]
    assert (name.alignment.shrink_to_fit, bool(name.alignment.wrap_text)) == (True, False)
    assert place.alignment.wrap_text
    assert book["名单"]["A4"].alignment.wrap_text
    assert book["名单"].row_dimensions[4].height == 3 * looks.LINE_HIGH
    assert book["名单"]["F3"].number_format == looks.MOMENT


@pytest.mark.parametrize(
    ("text", "head"), [("字" * 38, "1 " + "字" * 38), ("字" * 39, "1 " + "字" * 37 + "…")]
)
def test_a_long_item_is_seen_to_go_on(text, head):
    assert workbook.item_head(Progress(Item("1", 1, text, "", None), 0, 1)) == head


def test_no_line_is_higher_than_a_sheet_allows():
    sheet = opened(sheets_of(dataclasses.replace(YES, answer="text", text="长" * 2000)))["名单"]

    assert sheet.row_dimensions[3].height == 409


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (YES, "已报"),
        (dataclasses.replace(YES, late=True), "补报"),
        (dataclasses.replace(YES, on_behalf=True), "代报"),
        (dataclasses.replace(YES, on_behalf=True, late=True), "代报、补报"),
        (OWING, "没回复"),
        (dataclasses.replace(OWING, reach=Reach.UNBOUND), "没登记"),
        (dataclasses.replace(OWING, reach=Reach.UNDELIVERED), "没送到"),
        (dataclasses.replace(OWING, reach=None, excused="day_off"), "免报:今天停课"),
    ],
)
def test_a_status_is_a_word(status, words):
    assert names_of(sheets_of(status))[0][2] == words


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [("yes", "", "已上完"), ("trouble", "", "有困难"), ("text", "三楼漏水", "三楼漏水")],
)
def test_an_answer_is_shown_in_the_words_of_its_button(value, text, shown):
    assert names_of(sheets_of(dataclasses.replace(YES, answer=value, text=text)))[0][3] == shown


def test_nothing_anybody_typed_becomes_a_formula():
    statuses = [
        dataclasses.replace(YES, name=it, answer="text", text=it, said_by=it, trouble=TroubleState.NEW)
        for it in DANGEROUS
    ]
    notice = dataclasses.replace(NOTICE, title="=1+1")
    told = dataclasses.replace(TOLD, theme="", need="", text="=1+1")
    content = workbook.build(
        sheets_of(*statuses, notice=notice, trouble=told, contact="=1+1", phone="=1+1"), WORDS
    )

    archive = zipfile.ZipFile(io.BytesIO(content))
    for name in archive.namelist():
        if name.startswith("xl/worksheets/"):
            assert not re.search(r"<f[ >/]", archive.read(name).decode()), name
    typed = [
        cell
        for sheet in openpyxl.load_workbook(io.BytesIO(content))
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str)
    ]
    assert {cell.data_type for cell in typed} == {"s"}
    assert {cell.number_format for cell in typed if cell.value in DANGEROUS} == {"@"}
    assert {it.replace("\r", "\n") for it in DANGEROUS} <= {cell.value for cell in typed}


def test_signs_no_file_can_hold_are_left_out():
    assert names_of(sheets_of(dataclasses.replace(YES, answer="text", text="坏\x00了\x1b")))[0][3] == "坏了"


@pytest.mark.parametrize(
    "text", ["<b>&amp;</b> ]]> \"'", "  前后有空格 ", "第一行\n第二行", "_x0041_", "😀二楼"]
)
def test_a_cell_holds_what_was_typed(text):
    assert names_of(sheets_of(dataclasses.replace(YES, answer="text", text=text)))[0][3] == text


def test_a_text_too_long_for_a_cell_is_cut():
    text = "长" * 40_000

    assert names_of(sheets_of(dataclasses.replace(YES, answer="text", text=text)))[0][3] == text[:32_767]


def test_a_sheet_ends_where_its_total_stands():
    assert opened(sheets_of(YES, OWING))["汇总"].dimensions == "A1:K4"


def test_two_workbooks_are_made_alike():
    """Styles are not shared between workbooks, which may be made side by side."""
    first, second = opened(sheets_of(YES)), opened(sheets_of(YES))

    assert first["名单"]["F3"].style == second["名单"]["F3"].style == "时间"

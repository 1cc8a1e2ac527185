import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.roster import sheets, unit_tree, units_file, vocabulary
from bot.roster.vocabulary import Kind

CITY = "CITY,云川市教育局,市局,\n"


def parsed(write_csv, text, known=()):
    header = "" if text.startswith("编码") else "编码,名称,类型,上级单位,学段\n"
    return units_file.parse_units(sheets.open_sheet(write_csv(header + text), vocabulary.UNITS), known=known)


def messages(found):
    return [str(one) for one in found]


def test_a_unit_is_read_with_everything_the_file_says(write_csv):
    text = (
        "编码,名称,类型,上级单位,学段,办学性质,是否寄宿,校车,食堂,临水,学生数,教职工数,值班电话,标签\n"
        "CITY,云川市教育局,市局,,,,,,,,,,0310-0000001,\n"
        "DH,大河县教育局,区县,市局,,,,,,,,,,\n"
        'DH001,金滩镇 中心小学,学校,大河县,九年一贯制,公立,是,0,有,√,"1,620",41人,'
        "0310 1234567,山区;低洼、山区\n"
    )
    units = parsed(write_csv, text)
    assert (units.faults, units.warnings) == ((), ())
    assert units.rows[2] == units_file.UnitRow(
        line=4,
        code="DH001",
        name="金滩镇中心小学",
        kind=Kind.SCHOOL,
        parent="DH",
        county="DH",
        stage="九年一贯",
        ownership="公办",
        boarding=True,
        school_bus=False,
        canteen=True,
        waterside=True,
        students=1620,
        staff=41,
        phone="0310-1234567",
        tags=("山区", "低洼"),
    )
    assert [row.county for row in units.rows] == ["", "DH", "DH"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("city", Kind.CITY),
        ("市局", Kind.CITY),
        ("OFFICE", Kind.OFFICE),
        ("处室", Kind.OFFICE),
        ("县局", Kind.COUNTY),
        ("县(市、区)", Kind.COUNTY),
        ("区县", Kind.COUNTY),
        ("学校", Kind.SCHOOL),
        ("小学", Kind.SCHOOL),
        ("高校", Kind.COLLEGE),
        ("什么", None),
    ],
)
def test_kinds_have_english_and_chinese_names(word, kind):
    assert vocabulary.kind_of(word) is kind


def test_a_stage_in_the_kind_column_makes_a_school_of_that_stage(write_csv):
    units = parsed(write_csv, CITY + "A,甲,初级中学,CITY\nB,乙,大学,CITY\n")
    assert [(row.kind, row.stage) for row in units.rows[1:]] == [
        (Kind.SCHOOL, "初中"),
        (Kind.COLLEGE, "高校"),
    ]


def test_without_a_kind_the_stage_says_enough(units):
    found = units(("A", "甲", "", "DH", "小学", "", "", ""), ("B", "乙", "", "CITY", "高校", "", "", ""))
    assert [row.kind for row in found.rows[2:]] == [Kind.SCHOOL, Kind.COLLEGE]


def test_without_kind_and_stage_it_is_a_fault(units):
    found = units(("A", "甲", "", "DH", "", "", "", ""))
    assert "类型没有填。可写:市局、处室、县局、学校、高校。" in messages(found.faults)[0]


def test_a_school_without_a_stage_is_a_warning(units):
    found = units(("A", "甲", "学校", "DH", "", "", "", ""))
    assert messages(found.warnings) == ["units.xlsx 第 4 行 E 列 “学段”:学校没有写学段,上学日按工作日算。"]


def test_a_file_without_stages_is_warned_of_once(write_csv):
    found = parsed(write_csv, "编码,名称,类型,上级单位\nCITY,市局,市局,\nA,甲,学校,CITY\n")
    assert messages(found.warnings) == ["units.csv 第 1 行:没有“学段”列。学校的上学日按工作日算。"]


def test_a_stage_of_a_bureau_is_not_used_and_said(units):
    found = units(("HD", "河东区教育局", "县局", "CITY", "小学", "", "", ""))
    assert found.rows[-1].stage == ""
    assert "不分学段" in messages(found.warnings)[0]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (0, "", "编码没有填"),
        (0, "A" * 33, "编码太长,有 33 个字,最多 32 个"),
        (0, "DH 001", "中间不能有空格"),
        (0, "unit:1", "只能用字母、数字"),
        (0, "1.30101E+11", "Excel 把编码变成了数字"),
        (0, dt.date(2026, 3, 1), "Excel 把编码变成了日期"),
        (0, "#N/A", "公式出错"),
        (1, "", "名称没有填"),
        (1, "名" * 61, "名称太长"),
        (2, "工厂", "看不懂“工厂”。可写:市局、处室、县局、学校、高校"),
        (3, "", "上级单位没有填"),
        (3, "XX", "找不到上级单位“XX”"),
        (4, "大班", "看不懂“大班”。可写:幼儿园、小学、初中、高中、九年一贯、完全中学、中职、特教、高校"),
        (5, "-3", "不是人数"),
        (5, "12.5", "不是人数"),
        (5, "约600", "不是人数"),
        (5, 13800000001, "不是人数"),
        (6, "12345", "不是电话号码。请写手机号,或带区号的座机号"),
        (6, 3101234567, "Excel 会去掉开头的 0"),
        (6, "1.38E+10", "Excel 把号码变成了数字"),
        (7, "山区(西)", "标签“山区(西)”写法不对"),
        (7, "很长很长很长很长很长很长很长", "写法不对"),
        (7, "山;" * 101, "标签太多"),
    ],
)
def test_each_wrong_cell_is_told_by_place_value_and_remedy(units, column, value, said):
    row = ["DH009", "甲小学", "学校", "DH", "小学", 1, "", ""]
    row[column] = value
    found = units(row)
    told = [one for one in found.faults if one.column_letter == "ABCDEFGH"[column]]
    assert any(said in str(one) for one in told), messages(found.faults)
    assert all(
        str(one).startswith(f"units.xlsx 第 4 行 {one.column_letter} 列 “{one.header}”:") for one in told
    )
    assert [row.line for row in found.rows] == [2, 3]


def test_a_yes_that_is_neither_is_a_fault(write_csv):
    found = parsed(write_csv, "编码,名称,类型,上级单位,寄宿\nCITY,市局,市局,,也许\n")
    assert messages(found.faults) == ["units.csv 第 2 行 E 列 “寄宿”:看不懂“也许”。可写:是、否。"]


@pytest.mark.parametrize("word", ["是", "有", "1", "Y", "√", "TRUE"])
def test_yes_in_every_spelling(word):
    assert vocabulary.yes_of(word) is True


@pytest.mark.parametrize("word", ["否", "无", "0", "N", "×", "", "-", "空", "没有"])
def test_no_in_every_spelling(word):
    assert vocabulary.yes_of(word) is False


def test_a_duplicate_code_names_the_line_it_repeats(write_csv):
    found = parsed(write_csv, CITY + "DH,大河县教育局,县局,CITY\ndh,河东区教育局,县局,CITY\n")
    assert messages(found.faults) == [
        "units.csv 第 4 行 A 列 “编码”:编码 dh 和第 3 行“大河县教育局”重复。每个单位一个编码。"
    ]


def test_namesakes_under_one_parent_are_doubted(units):
    found = units(
        ("A", "甲小学", "学校", "DH", "小学", "", "", ""), ("B", "甲小学", "学校", "DH", "小学", "", "", "")
    )
    assert messages(found.warnings) == [
        "units.xlsx 第 5 行 B 列 “名称”:和第 4 行同名同上级,请看是不是写重了。"
    ]


def test_each_missing_column_is_a_fault_of_the_header(write_csv):
    found = parsed(write_csv, "编码,名称\nCITY,市局\n")
    assert messages(found.faults) == [
        "units.csv 第 1 行:缺少“类型”列。请在表头这一行补上。",
        "units.csv 第 1 行:缺少“上级单位”列。请在表头这一行补上。",
    ]
    assert found.rows == ()


def test_two_equal_headers_are_a_fault_and_a_lesser_one_a_warning(write_csv):
    found = parsed(write_csv, "编码,名称,类型,上级单位,学段,名称,学校名称,法人\nCITY,市局,市局,,,a,b,c\n")
    assert "第 1 行 F 列 “名称”:和 B 列的表头一样" in messages(found.faults)[0]
    assert "没有用这一列:同样的内容用了 B 列“名称”" in messages(found.warnings)[1]
    assert messages(found.warnings)[0] == "units.csv 第 1 行:没有用到这些列:法人。"


def test_a_file_without_units_is_a_fault(write_csv):
    assert messages(parsed(write_csv, "").faults) == ["units.csv:表头下面没有单位。"]


def test_no_city_is_a_fault_of_the_whole_file(write_csv):
    found = parsed(write_csv, "DH,大河县教育局,县局,\n")
    assert messages(found.faults) == ["units.csv:没有市局这一行。请加一行,类型写“市局”,上级单位留空。"]


def test_a_second_city_is_a_fault(write_csv):
    found = parsed(write_csv, CITY + "C2,又一个市局,市局,\n")
    assert "市局只能有一个,第 2 行已经有“云川市教育局”" in messages(found.faults)[0]


def test_the_city_has_no_parent(write_csv):
    found = parsed(write_csv, "CITY,市局,市局,省厅\n")
    assert "市局没有上级单位" in messages(found.faults)[0]


@pytest.mark.parametrize("kind", ["处室", "县局", "高校"])
def test_what_can_only_hang_on_the_city_need_not_say_so(write_csv, kind):
    found = parsed(write_csv, CITY + f"A,甲,{kind},\n")
    assert (found.faults, found.rows[1].parent) == ((), "CITY")


@pytest.mark.parametrize(
    ("kind", "parent", "said"),
    [
        ("处室", "DH", "处室的上级单位应是市局,“大河县教育局”是县局"),
        ("县局", "DH", "县局的上级单位应是市局"),
        ("高校", "DH", "高校的上级单位应是市局"),
        ("学校", "GX", "学校的上级单位应是县局或市局或学校,“云川学院”是高校"),
    ],
)
def test_a_parent_of_the_wrong_kind_is_a_fault(write_csv, kind, parent, said):
    text = CITY + f"DH,大河县教育局,县局,CITY\nGX,云川学院,高校,CITY\nA,甲,{kind},{parent}\n"
    assert said in messages(parsed(write_csv, text).faults)[0]


def test_a_parent_is_found_by_code_name_short_name_and_as_the_city(write_csv):
    text = CITY + (
        "DH,大河县教育局,县局,CITY\nA,甲小学,小学,dh\nB,乙小学,小学,大河县教育局\nC,丙小学,小学,大河县\n"
        "D,丁小学,小学,市直\nE,戊教学点,小学,甲小学\nF,己教学点,小学,大河县甲小学\n"
    )
    found = parsed(write_csv, text)
    assert [row.parent for row in found.rows[2:]] == ["DH", "DH", "DH", "CITY", "A", "A"]
    assert [row.county for row in found.rows[2:]] == ["DH", "DH", "DH", "", "DH", "DH"]


def test_a_parent_name_that_several_have_is_a_fault_with_their_codes(write_csv):
    text = CITY + (
        "DH,大河县教育局,县局,CITY\nHD,河东区教育局,县局,CITY\n"
        "A,第一小学,小学,DH\nB,第一小学,小学,HD\nC,丙教学点,小学,第一小学\n"
    )
    assert (
        "叫“第一小学”的单位有 2 个,请写编码:A(大河县)、B(河东区)。"
        in messages(parsed(write_csv, text).faults)[0]
    )


def test_parents_in_a_circle_are_a_fault_of_each_that_is_in_it(write_csv):
    text = CITY + "A,甲小学,小学,B\nB,乙小学,小学,A\nC,丙小学,小学,C\nD,丁小学,小学,A\n"
    found = messages(parsed(write_csv, text).faults)
    assert [one.split("行")[0] for one in found] == ["units.csv 第 3 ", "units.csv 第 4 ", "units.csv 第 5 "]
    assert "上级单位绕成了圈:A → B → A。" in found[0]
    assert "C → C" in found[2]


def test_a_faulty_parent_does_not_make_its_children_faulty(write_csv):
    found = parsed(write_csv, CITY + "DH,大河县教育局,县局,XX\nA,甲小学,小学,DH\n")
    assert len(found.faults) == 1


def test_totals_signatures_and_repeated_headers_are_skipped_with_a_warning(write_csv):
    text = CITY + "编码,名称,类型,上级单位,学段\n合计,12,,\n合计:12,,,\n填表人:王一,,,\n,,总计,\n"
    found = parsed(write_csv, text)
    assert (found.faults, len(found.rows)) == ((), 1)
    assert [one.message_zh for one in found.warnings] == [
        "又一行表头,已跳过。",
        "合计行,已跳过。",
        "合计行,已跳过。",
        "“填表人:王一”不是名册内容,已跳过。",
        "合计行,已跳过。",
    ]


def test_a_short_line_is_read_as_if_the_rest_were_empty(write_csv):
    found = parsed(write_csv, "编码,名称,类型,上级单位,标签\nCITY,市局,市局\n")
    assert found.rows[0].tags == ()


def test_two_duty_phones_in_a_cell_are_warned_of(units):
    found = units(("A", "甲", "学校", "DH", "小学", "", "0310-1234567 0310-7654321", ""))
    assert (found.rows[-1].phone, len(found.warnings)) == ("0310-1234567", 1)


KNOWN = (
    unit_tree.Node("CITY", "云川市教育局", Kind.CITY, ""),
    unit_tree.Node("DH", "大河县教育局", Kind.COUNTY, "CITY"),
    unit_tree.Node("DH1", "旧小学", Kind.SCHOOL, "DH"),
)


def test_a_countys_own_file_hangs_on_what_is_known(write_csv):
    found = parsed(write_csv, "DH2,新小学,小学,大河县\n", known=KNOWN)
    assert (found.faults, found.rows[0].parent, found.rows[0].county) == ((), "DH", "DH")


def test_the_city_cannot_change_its_code(write_csv):
    found = parsed(write_csv, "C9,云川市教育局,市局,\n", known=KNOWN)
    assert "市局的编码原来是 CITY" in messages(found.faults)[0]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(-1, 8)), max_size=9, unique_by=lambda pair: pair[0]))
def test_going_up_always_ends(pairs):
    nodes = [unit_tree.Node(f"u{a}", f"n{a}", Kind.SCHOOL, f"u{b}" if b >= 0 else "") for a, b in pairs]
    tree = unit_tree.UnitIndex(nodes)
    for node in nodes:
        way = list(tree.lineage(node.code))
        assert len(way) == len({one.code for one in way}) <= len(nodes)
        assert tree.is_in_circle(node.code) == any(node.code == one.parent for one in way)

import pytest

from bot.roster import contacts_file
from bot.roster.access import Role


def messages(found):
    return [str(one) for one in found]


def posts(parsed):
    return [(row.unit, row.name, row.role.value, row.phone) for row in parsed.rows]


def test_a_contact_is_read_with_chinese_words(contacts):
    found = contacts(("金滩镇中心小学", "王 一", "校长", 13800000001))
    assert (found.faults, found.warnings) == ((), ())
    assert found.rows == (
        contacts_file.ContactRow(line=2, unit="DH001", name="王一", role=Role.PRINCIPAL, phone="13800000001"),
    )


@pytest.mark.parametrize(
    "phone",
    [13800000001, 13800000001.0, "138 0000 0001", "+86 138-0000-0001", "8613800000001", "0086 13800000001",
     "13800000001", "\u202d13800000001\u202c", "138\u00a00000\u00a00001", "'13800000001"],
)  # fmt: skip
def test_a_mobile_is_taken_however_excel_and_people_wrote_it(contacts, phone):
    found = contacts(("DH001", "王一", "校长", phone))
    assert (found.faults, found.rows[0].phone) == ((), "13800000001")


def test_digits_lost_in_excel_are_told_word_for_word(contacts):
    found = contacts(("DH001", "王一", "校长", "1.38E+10"), ("DH001", "李二", "副校长", 1.38e10))
    advice = "1.38E+10 不是手机号。Excel 把号码变成了数字,请设为文本,写 11 位数字。"
    assert messages(found.faults) == [
        f"contacts.xlsx 第 2 行 D 列 “联系电话”:{advice}",
        f"contacts.xlsx 第 3 行 D 列 “联系电话”:{advice}",
    ]


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        (1380000001, "1380000001 不是手机号。这里是 10 位,手机号是 11 位数字,以 13 到 19 开头。"),
        ("12800000001", "12800000001 不是手机号。手机号是 11 位数字"),
        ("138****0001", "号码被星号遮住了"),
        ("问办公室", "问办公室 不是手机号。手机号是"),
        (13800000001.5, "不是手机号"),
    ],
)
def test_what_is_no_mobile_is_a_fault_with_the_reason(contacts, phone, said):
    found = contacts(("DH001", "王一", "校长", phone))
    assert said in messages(found.faults)[0]
    assert found.rows == ()


def test_without_a_phone_a_contact_is_kept_and_warned_of(contacts):
    found = contacts(("DH001", "王一", "校长", ""), ("DH001", "李二", "副校长", "无"))
    assert [row.phone for row in found.rows] == [None, None]
    assert messages(found.warnings)[0] == (
        "contacts.xlsx 第 2 行 D 列 “联系电话”:没有手机号。导入后要用邀请码登记。"
    )
    assert len(found.warnings) == 2


def test_a_landline_is_as_good_as_no_phone(contacts):
    found = contacts(("DH001", "王一", "校长", "0310-1234567"))
    assert (found.faults, found.rows[0].phone) == ((), None)
    assert "0310-1234567 是座机,不能登记,按没有手机号导入" in messages(found.warnings)[0]


def test_two_phones_of_one_person_give_the_first_mobile_and_a_warning(contacts):
    found = contacts(("DH001", "王一", "校长", "0310-1234567/13800000001 13900000002"))
    assert found.rows[0].phone == "13800000001"
    assert "一格里有 3 个号码,只用 13800000001。如果是两个人,请一人一行。" in messages(found.warnings)[0]


def test_two_people_in_one_cell_are_a_fault(contacts):
    found = contacts(("DH001", "王一、李二", "校长", "13800000001、13900000002"))
    assert "“王一、李二”像是几个人写在一格。请一人一行。" in messages(found.faults)[0]


@pytest.mark.parametrize(
    ("name", "said"), [("", "姓名没有填"), ("13800000001", "不像姓名"), ("长" * 21, "不像姓名")]
)
def test_a_name_must_be_one_persons(contacts, name, said):
    assert said in messages(contacts(("DH001", name, "校长", "13800000001")).faults)[0]


def test_the_unit_is_found_by_code_by_full_name_and_by_county_and_name(contacts):
    found = contacts(
        ("dh001", "王一", "校长", "13800000001"),
        ("金滩镇 中心小学", "李二", "副校长", "13800000002"),
        ("河东区第一小学", "张三", "校长", "13800000003"),
        ("市局", "刘四", "领导", "13800000004"),
        ("大河县", "陈五", "县局专员", "13800000005"),
    )
    assert [row.unit for row in found.rows] == ["DH001", "DH001", "HD002", "CITY", "DH"]


def test_a_name_that_several_units_have_is_a_fault_with_codes_and_counties(contacts):
    found = contacts(("第一小学", "王一", "校长", "13800000001"))
    assert messages(found.faults) == [
        "contacts.xlsx 第 2 行 A 列 “单位”:叫“第一小学”的单位有 2 个,请写编码:DH002(大河县)、HD002(河东区)。"
    ]


def test_a_county_column_tells_namesakes_apart(contacts):
    header = ("县区", "单位", "姓名", "职务", "手机号")
    found = contacts(
        ("河东区", "第一小学", "王一", "校长", "13800000001"),
        ("别县", "第一小学", "李二", "校长", "13800000002"),
        header=header,
    )
    assert found.rows[0].unit == "HD002"
    assert "的单位有 2 个" in messages(found.faults)[0]


def test_a_code_column_goes_before_the_name(contacts):
    header = ("单位编码", "单位名称", "姓名", "职务", "手机号")
    found = contacts(
        ("HD002", "第一小学", "王一", "校长", "13800000001"),
        ("", "金滩镇中心小学", "李二", "校长", "13800000002"),
        header=header,
    )
    assert [row.unit for row in found.rows] == ["HD002", "DH001"]


def test_an_unknown_an_empty_and_a_broken_unit_are_faults(contacts):
    found = contacts(
        ("没有的小学", "王一", "校长", "13800000001"),
        ("", "李二", "校长", "13800000002"),
        ("#REF!", "张三", "校长", "13800000003"),
    )
    said = ["单位表里没有“没有的小学”", "单位没有填", "#REF! 不是单位"]
    assert all(word in message for word, message in zip(said, messages(found.faults), strict=True))


def test_several_roles_in_one_cell_are_several_posts(contacts):
    found = contacts(
        ("DH001", "王一", "校长兼安全员", "13800000001"), ("DH001", "李二", "书记兼校长", "13800000002")
    )
    assert posts(found) == [
        ("DH001", "王一", "principal", "13800000001"),
        ("DH001", "王一", "safety_officer", "13800000001"),
        ("DH001", "李二", "principal", "13800000002"),
    ]


@pytest.mark.parametrize("role", ["门卫", "校长、门卫", "、"])
def test_an_unknown_role_is_a_fault_that_lists_the_roles(contacts, role):
    said = messages(contacts(("DH001", "王一", role, "13800000001")).faults)[0]
    assert "可写:校长、副校长、安全专干、值班员、县局专员、市局专员、领导、督导、管理员。" in said


def test_an_empty_role_is_a_fault(contacts):
    assert "职务没有填" in messages(contacts(("DH001", "王一", "", "13800000001")).faults)[0]


@pytest.mark.parametrize(
    ("unit", "role", "said"),
    [
        ("DH001", "县局专员", "县局专员只能在县局,“金滩镇中心小学”是学校"),
        ("DH", "校长", "校长只能在学校、高校"),
        ("DH", "市局专员", "市局专员只能在市局、处室"),
        ("DH001", "管理员", "管理员只能在市局、处室、县局"),
    ],
)
def test_a_role_at_the_wrong_kind_of_unit_is_a_fault(contacts, unit, role, said):
    assert said in messages(contacts((unit, "王一", role, "13800000001")).faults)[0]


def test_one_phone_with_two_names_is_a_fault(contacts):
    found = contacts(("DH001", "王一", "校长", "13800000001"), ("DH002", "李二", "校长", "13800000001"))
    assert "同一手机号两个姓名:13800000001 在第 2 行是“王一”,这里是“李二”。" in messages(found.faults)[0]


def test_one_person_may_lead_several_schools(contacts):
    found = contacts(("DH001", "王一", "校长", "13800000001"), ("DH002", "王 一", "校长", "13800000001"))
    assert (found.faults, found.warnings, len(found.rows)) == ((), (), 2)


def test_the_same_post_twice_is_merged_with_a_warning(contacts):
    found = contacts(("DH001", "王一", "校长", "13800000001"), ("DH001", "王一", "校长", "13800000001"))
    assert len(found.rows) == 1
    assert "和第 2 行是同一人同一职务,已合并。" in messages(found.warnings)[0]


def test_a_second_line_without_phone_is_the_same_person(contacts):
    found = contacts(("DH001", "王一", "校长", "13800000001"), ("DH001", "王一", "安全专干", ""))
    assert [row.phone for row in found.rows] == ["13800000001"] * 2
    assert found.warnings == ()


def test_two_namesakes_in_one_unit_do_not_lend_their_phones(contacts):
    found = contacts(
        ("DH001", "王一", "校长", "13800000001"),
        ("DH001", "王一", "副校长", "13800000002"),
        ("DH001", "王一", "安全专干", ""),
    )
    assert found.rows[2].phone is None


def test_one_line_per_school_with_a_column_per_role(contacts):
    header = ("学校名称", "校长", "联系电话", "安全专干", "联系电话", "值班员", "值班员手机")
    found = contacts(
        ("金滩镇中心小学", "王一", "13800000001", "李二", "13800000002", "张三", "13800000003"),
        ("DH002", "刘四", "", "无", "", "", ""),
        header=header,
    )
    assert found.faults == ()
    assert posts(found) == [
        ("DH001", "王一", "principal", "13800000001"),
        ("DH001", "李二", "safety_officer", "13800000002"),
        ("DH001", "张三", "duty", "13800000003"),
        ("DH002", "刘四", "principal", None),
    ]
    assert len(found.warnings) == 1


def test_in_a_line_per_school_a_phone_without_a_name_is_a_fault(contacts):
    found = contacts(("DH001", "", "13800000001"), header=("学校名称", "校长", "联系电话"))
    assert "有号码 13800000001,没有姓名" in messages(found.faults)[0]


def test_in_a_line_per_school_a_role_may_have_no_phone_column(contacts):
    found = contacts(
        ("DH001", "王一", "李二", "13800000002"), header=("学校名称", "校长", "副校长", "联系电话")
    )
    assert posts(found) == [("DH001", "王一", "principal", None), ("DH001", "李二", "deputy", "13800000002")]


def test_role_columns_beside_a_role_column_are_not_read(contacts):
    header = ("单位", "姓名", "职务", "手机号", "校长")
    found = contacts(("DH001", "李二", "副校长", "13800000002", "王一"), header=header)
    assert len(found.rows) == 1
    assert "没有用到这些列:校长" in messages(found.warnings)[0]


def test_without_a_role_column_it_is_a_fault(contacts):
    found = contacts(("DH001", "王一", "13800000001"), header=("单位", "姓名", "手机号"))
    assert messages(found.faults) == ["contacts.xlsx 第 1 行:缺少“职务”列。请在表头这一行补上。"]


def test_without_a_unit_column_it_is_a_fault(contacts):
    found = contacts(("王一", "校长", "13800000001"), header=("姓名", "职务", "手机号"))
    assert messages(found.faults) == ["contacts.xlsx 第 1 行:缺少“单位”列。请在表头这一行补上。"]


def test_without_a_phone_column_there_is_one_warning_and_not_one_a_line(contacts):
    found = contacts(("DH001", "王一", "校长"), ("DH001", "李二", "副校长"), header=("单位", "姓名", "职务"))
    assert messages(found.warnings) == [
        "contacts.xlsx 第 1 行:没有“手机号”列。导入后所有人都要用邀请码登记。"
    ]
    assert len(found.rows) == 2


def test_of_two_phone_columns_the_mobile_one_is_read(contacts):
    header = ("单位", "姓名", "职务", "电话", "手机号")
    found = contacts(("DH001", "王一", "校长", "0310-1234567", "13800000001"), header=header)
    assert found.rows[0].phone == "13800000001"
    assert "没有用这一列:同样的内容用了 E 列“手机号”" in messages(found.warnings)[0]

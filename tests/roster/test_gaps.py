from bot.roster import contacts_file, gaps, sheets, unit_tree, units_file, vocabulary

UNITS = (
    "编码,名称,类型,上级单位,学段,值班电话\n"
    "CITY,云川市教育局,市局,,,{phone}\n"
    "DH,大河县教育局,县局,CITY,,\n"
    "A,甲小学,学校,DH,小学,\n"
    "B,乙小学,学校,DH,小学,0310-1234567\n"
)
CONTACTS = (
    "单位,姓名,职务,手机号\n"
    "CITY,王一,领导,13800000001\nDH,李二,县局专员,13800000002\nA,张三,值班员,13800000003\n"
)


def gaps_in(write_csv, phone):
    sheet = sheets.open_sheet(write_csv(UNITS.format(phone=phone)), vocabulary.UNITS)
    rows = units_file.parse_units(sheet).rows
    contacts = sheets.open_sheet(write_csv(CONTACTS, "contacts.csv"), vocabulary.CONTACTS)
    posts = contacts_file.parse_contacts(contacts, units_file.index_of(rows)).rows
    return [str(one) for one in gaps.look_for(sheet, rows, posts)]


def test_units_without_contact_and_schools_without_principal_are_told(write_csv):
    assert gaps_in(write_csv, "0310-0000001") == [
        "units.csv 第 4 行:“甲小学”没有校长。",
        "units.csv 第 5 行:“乙小学”没有联系人,通知会没人回。",
    ]


def test_a_duty_phone_is_looked_for_all_the_way_up(write_csv):
    assert "units.csv 第 4 行:“甲小学”和它的上级都没有值班电话。" in gaps_in(write_csv, "")


def test_a_duty_phone_above_the_file_counts(write_csv):
    units = "编码,名称,类型,上级单位,学段\nA,甲小学,学校,DH,小学\n"
    sheet = sheets.open_sheet(write_csv(units), vocabulary.UNITS)
    known = (
        unit_tree.Node("CITY", "市局", vocabulary.Kind.CITY, ""),
        unit_tree.Node("DH", "大河县", vocabulary.Kind.COUNTY, "CITY"),
    )
    rows = units_file.parse_units(sheet, known=known).rows
    told = gaps.look_for(sheet, rows, (), above={"CITY": "0310-0000001"}, known=known)
    assert [one.message_zh for one in told] == ["“甲小学”没有联系人,通知会没人回。"]

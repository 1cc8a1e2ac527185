"""Imports into real databases: what the file changed is done, what chat changed stays, nothing is deleted."""

import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import model as audit_model
from bot.db import Database, Tx
from bot.roster import (
    csv_files,
    enrolment,
    exporting,
    faults_report,
    import_files,
    model,
    people,
    sample,
    standing,
    template,
    units,
)
from bot.roster.access import Role
from bot.roster.import_files import ImportOutcome

UNITS = """code,name,kind,parent,stage,students,phone,tags
CITY,云川市教育局,city,,,,0310-0000001,
DH,大河县教育局,county,CITY,,,,
DH1,金滩镇中心小学,school,DH,小学,620,,山区;低洼
DH2,银桥镇中学,school,DH,初中,800,,
HD,河东区教育局,county,CITY,,,,
HD1,柳坡镇小学,school,HD,小学,300,,
SZ1,市第一中学,school,CITY,高中,3000,,
"""
CONTACTS = """unit,name,role,phone
CITY,王一,admin,13800000001
DH,李二,county_officer,13800000002
DH1,张三,principal,13800000003
DH1,刘四,safety_officer,
DH2,陈五,principal,13800000005
HD,杨六,county_officer,13800000006
HD1,赵七,principal,13800000007
SZ1,黄八,principal,13800000008
"""

Import = Callable[..., Awaitable[ImportOutcome]]


@pytest.fixture
def import_texts(db: Database, tmp_path: Path) -> Import:
    """Imports two texts as files."""

    async def run(units_text: str = UNITS, contacts_text: str = CONTACTS, **options: object) -> ImportOutcome:
        (tmp_path / "units.csv").write_text(units_text, "utf-8")
        (tmp_path / "contacts.csv").write_text(contacts_text, "utf-8")
        return await import_files.run_import(
            db,
            tmp_path / "units.csv",
            tmp_path / "contacts.csv",
            **options,  # type: ignore[arg-type]
        )

    return run


async def posts(db: Database) -> set[tuple[str, str, str, str | None]]:
    roster = await db.read(standing.read)
    who = {contact.id: contact for contact in roster.contacts}
    return {
        (post.place.unit, post.place.role.value, who[post.contact_id].name, who[post.contact_id].phone)
        for post in roster.posts
    }


async def open_codes(db: Database) -> list[str]:
    return [unit.code for unit in await db.read(units.every)]


async def contact_id(db: Database, phone: str) -> int:
    roster = await db.read(standing.read)
    return next(contact.id for contact in roster.contacts if contact.phone == phone)


async def unit_id(db: Database, code: str) -> int:
    roster = await db.read(standing.read)
    return next(unit.id for unit in roster.units if unit.row.code == code)


async def count(db: Database, table: sa.Table) -> int:
    return await db.read(
        lambda tx: int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    )


async def succeed_in_chat(db: Database, unit: str, name: str) -> None:
    """Somebody else becomes the principal of a school, in chat."""
    unit_number = await unit_id(db, unit)

    def verb(tx: Tx, now: dt.datetime) -> None:
        (successor,) = tx.execute(
            model.contact.insert().values(name=name, created_at=now).returning(model.contact.c.id)
        ).one()
        people.end_post(tx, now, unit_id=unit_number, role=Role.PRINCIPAL, except_contact=successor)
        people.give_post(tx, now, contact_id=successor, unit_id=unit_number, role=Role.PRINCIPAL)

    await db.transact(verb)


# ── the first import ───────────────────────────────────────────────────────────────────────────────


async def test_the_first_import_brings_everything_in_the_files_order(db, import_texts):
    outcome = await import_texts()
    assert outcome.is_done
    assert not outcome.has_faults
    assert await open_codes(db) == ["CITY", "DH", "DH1", "DH2", "HD", "HD1", "SZ1"]
    by_code = {unit.code: unit for unit in await db.read(units.every)}
    assert by_code["DH1"].parent_id == by_code["DH1"].county_id == by_code["DH"].county_id == by_code["DH"].id
    assert by_code["SZ1"].county_id is None
    assert by_code["DH1"].tags == {"山区", "低洼"}
    assert ("DH1", "principal", "张三", "13800000003") in await posts(db)
    assert len(await posts(db)) == 8
    assert "单位:新增 7、恢复 0、改动 0(换上级 0)、停用 0。" in outcome.lines
    assert "联系人:新增 8、改动 0;职务:新增 8、结束 0。" in outcome.lines
    assert outcome.lines[-1] == "已导入。"


async def test_the_import_is_audited_in_numbers_only(db, import_texts):
    await import_texts()
    record = (await db.read(lambda tx: tx.execute(sa.select(audit_model.record)).mappings().all()))[-1]
    assert (record["actor"], record["verb"]) == ("cli", "roster_import")
    assert record["detail"] == "units:+7-0~0 posts:+8-0 people:+8~0"


async def test_a_dry_run_tells_and_changes_nothing(db, import_texts):
    outcome = await import_texts(dry_run=True)
    assert not outcome.is_done
    assert not outcome.has_faults
    assert len(outcome.changes.units_added) == 7
    assert outcome.lines[-1] == "这是试算,名册没有变。"
    assert await open_codes(db) == []


async def test_one_fault_in_either_file_keeps_everything_out(db, import_texts, tmp_path):
    outcome = await import_texts(
        contacts_text=CONTACTS + "DH1,周九,principal,1.38E+10\n", report=tmp_path / "问题.xlsx"
    )
    assert outcome.has_faults
    assert not outcome.is_done
    assert await open_codes(db) == []
    place = "错误:contacts.csv 第 10 行 D 列 “phone”:1.38E+10 不是手机号。"
    assert any(line.startswith(place) for line in outcome.lines)
    assert outcome.lines[-1] == "有 1 处错误,没有导入,名册没有变。请改好再导入。"
    assert "联系人" in openpyxl.load_workbook(tmp_path / "问题.xlsx").sheetnames
    assert f"标好颜色的表:{tmp_path / '问题.xlsx'}" in outcome.lines


async def test_a_faulty_unit_is_not_also_an_unknown_one(db, import_texts):
    outcome = await import_texts(UNITS.replace("初中,800", "初中,很多"))
    assert [fault.header for fault in outcome.checked.wrong] == ["students"]


async def test_warnings_do_not_stop_an_import_and_are_told(db, import_texts, tmp_path):
    outcome = await import_texts(report=tmp_path / "提醒.xlsx")
    assert outcome.is_done
    assert any("没有手机号" in line for line in outcome.lines)
    assert (tmp_path / "提醒.xlsx").exists()


async def test_a_clean_import_writes_no_report(db, import_texts, tmp_path):
    contacts = CONTACTS.replace("刘四,safety_officer,", "刘四,safety_officer,13800000004")
    await import_texts(contacts_text=contacts, report=tmp_path / "无.xlsx")
    assert not (tmp_path / "无.xlsx").exists()


async def test_a_screen_shows_twenty_of_a_sort(db, import_texts):
    more = "".join(f"DH1,甲{'一二三四五六七八九十'[i % 10]}{'甲乙丙'[i // 10]},门卫,\n" for i in range(25))
    outcome = await import_texts(contacts_text=CONTACTS + more)
    assert sum(line.startswith("错误:contacts.csv") for line in outcome.lines) == 20
    assert "错误:还有 5 处。" in outcome.lines


# ── units again ────────────────────────────────────────────────────────────────────────────────────


async def test_the_same_files_again_change_nothing(db, import_texts):
    await import_texts()
    outcome = await import_texts()
    assert outcome.changes.is_empty
    assert "和现在的名册一样,没有变化。" in outcome.lines


async def test_an_export_is_read_back_without_a_difference(db, import_texts, tmp_path):
    await import_texts()
    await succeed_in_chat(db, "DH2", "钱新")
    exporting.write(tmp_path / "out", await db.read(standing.read))
    assert (tmp_path / "out" / "units.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    outcome = await import_files.run_import(
        db, tmp_path / "out" / "units.csv", tmp_path / "out" / "contacts.csv"
    )
    assert outcome.changes.is_empty
    assert ("DH2", "principal", "钱新", None) in await posts(db)


async def test_new_values_change_the_unit_and_are_told(db, import_texts):
    await import_texts()
    units_text = UNITS.replace("小学,620,,山区;低洼", "九年一贯,700,0310-1234567,")
    outcome = await import_texts(units_text.replace("银桥镇中学,school,DH", "银桥学院,college,CITY"))
    assert len(outcome.changes.units_changed) == 2
    said = "学段 小学 → 九年一贯、学生数 620 → 700、值班电话 空 → 0310-1234567、标签 山区;低洼 → 空"
    assert f"改动单位:DH1 金滩镇中心小学:{said}" in outcome.lines
    changed = {unit.code: unit for unit in await db.read(units.every)}
    assert (changed["DH1"].stage, changed["DH1"].phone, changed["DH1"].tags) == (
        "九年一贯",
        "0310-1234567",
        frozenset(),
    )
    assert changed["DH2"].county_id is None


async def test_a_flag_is_told_in_words(db, import_texts):
    await import_texts()
    outcome = await import_texts(
        UNITS.replace("tags\n", "tags,boarding\n").replace("山区;低洼\n", "山区;低洼,1\n")
    )
    assert "改动单位:DH1 金滩镇中心小学:寄宿 否 → 是" in outcome.lines


async def test_a_unit_moves_to_another_county(db, import_texts):
    await import_texts()
    outcome = await import_texts(UNITS.replace("DH2,银桥镇中学,school,DH", "DH2,银桥镇中学,school,HD"))
    assert "单位:新增 0、恢复 0、改动 1(换上级 1)、停用 0。" in outcome.lines
    by_code = {unit.code: unit for unit in await db.read(units.every)}
    assert by_code["DH2"].county_id == by_code["HD"].id


async def test_another_order_of_lines_is_another_order_of_tables(db, import_texts):
    await import_texts()
    lines = UNITS.splitlines(keepends=True)
    outcome = await import_texts("".join([*lines[:2], *lines[5:7], *lines[2:5], *lines[7:]]))
    assert "单位的排列顺序有调整。" in outcome.lines
    assert await open_codes(db) == ["CITY", "HD", "HD1", "DH", "DH1", "DH2", "SZ1"]


async def test_a_new_line_in_the_middle_is_no_reordering(db, import_texts):
    await import_texts()
    outcome = await import_texts(UNITS.replace("DH2,", "DH3,新小学,school,DH,小学,,,\nDH2,", 1))
    assert not outcome.changes.is_reordered
    assert await open_codes(db) == ["CITY", "DH", "DH1", "DH3", "DH2", "HD", "HD1", "SZ1"]
    assert "新增单位:DH3 新小学" in outcome.lines


async def test_a_unit_left_out_is_closed_and_its_history_stays(db, import_texts):
    await import_texts()
    without = UNITS.replace("HD1,柳坡镇小学,school,HD,小学,300,,\n", "")
    outcome = await import_texts(without, CONTACTS.replace("HD1,赵七,principal,13800000007\n", ""))
    assert "停用单位:HD1 柳坡镇小学" in outcome.lines
    assert "HD1" not in await open_codes(db)
    assert await count(db, model.unit) == 7
    assert await count(db, model.post) == 8
    assert len(await posts(db)) == 7
    assert await db.read(
        lambda tx: tx.execute(sa.select(model.unit.c.closed_at).where(model.unit.c.code == "HD1")).scalar()
    )


async def test_a_closed_unit_that_comes_back_is_the_same_unit(db, import_texts):
    await import_texts()
    before = await unit_id(db, "HD1")
    await import_texts(
        UNITS.replace("HD1,柳坡镇小学,school,HD,小学,300,,\n", ""),
        CONTACTS.replace("HD1,赵七,principal,13800000007\n", ""),
    )
    outcome = await import_texts(UNITS.replace("HD1,", "hd1,"), CONTACTS.replace("HD1,", "hd1,"))
    assert "恢复单位:HD1 柳坡镇小学" in outcome.lines
    assert await open_codes(db) == ["CITY", "DH", "DH1", "DH2", "HD", "HD1", "SZ1"]
    assert await unit_id(db, "HD1") == before
    assert ("HD1", "principal", "赵七", "13800000007") in await posts(db)
    assert await count(db, model.post) == 9


def without_county(text: str, prefix: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(prefix))


async def test_a_file_with_a_county_missing_is_refused_with_the_numbers(db, import_texts):
    city = sample.city(60)
    units_text, contacts_text = csv_files.units_text(city.units), csv_files.contacts_text(city.contacts)
    await import_texts(units_text, contacts_text)
    missing = sum(unit.county == "HD" for unit in city.units)
    fewer = without_county(units_text, "HD"), without_county(contacts_text, "HD")
    for dry_run in (True, False):
        with pytest.raises(errors.Refused, match=f"现有 {len(city.units)} 个单位,新表里少了 {missing} 个"):
            await import_texts(*fewer, dry_run=dry_run)
    assert len(await open_codes(db)) == len(city.units)
    outcome = await import_texts(*fewer, force=True)
    assert len(outcome.changes.units_closed) == missing


async def test_two_of_seven_units_are_too_many_to_close_unasked(db, import_texts):
    await import_texts()
    with pytest.raises(errors.Refused, match=r"少了 2 个\(河东区教育局、柳坡镇小学\),导入后会停用"):
        await import_texts(without_county(UNITS, "HD"), without_county(CONTACTS, "HD"))


async def test_an_all_but_empty_contacts_file_is_refused(db, tmp_path):
    sample.write(tmp_path, schools=20)
    await import_files.run_import(db, tmp_path / "units.csv", tmp_path / "contacts.csv")
    (tmp_path / "contacts.csv").write_text("unit,name,role,phone\n", "utf-8")
    with pytest.raises(errors.Refused, match="按新表会结束"):
        await import_files.run_import(db, tmp_path / "units.csv", tmp_path / "contacts.csv")
    outcome = await import_files.run_import(
        db, tmp_path / "units.csv", tmp_path / "contacts.csv", dry_run=True, force=True
    )
    assert len(outcome.changes.posts_ended) > 20


# ── a county's own file ────────────────────────────────────────────────────────────────────────────

COUNTY_UNITS = "code,name,kind,parent,stage\nDH2,银桥镇中学,school,DH,初中\nDH3,新小学,school,DH,小学\n"
COUNTY_CONTACTS = "unit,name,role,phone\nDH2,陈五,principal,13800000005\nDH3,孙十,principal,13800000010\n"


async def test_a_countys_own_file_speaks_for_its_county_only(db, import_texts):
    await import_texts()
    outcome = await import_texts(COUNTY_UNITS, COUNTY_CONTACTS)
    assert [unit.row.code for unit in outcome.changes.units_closed] == ["DH1"]
    assert await open_codes(db) == ["CITY", "DH", "DH2", "DH3", "HD", "HD1", "SZ1"]
    assert {unit for unit, *_ in await posts(db)} == {"CITY", "DH", "DH2", "DH3", "HD", "HD1", "SZ1"}
    assert (await import_texts(COUNTY_UNITS, COUNTY_CONTACTS)).changes.is_empty


async def test_a_countys_own_file_with_its_county_takes_its_place(db, import_texts):
    await import_texts()
    units_text = COUNTY_UNITS.replace("stage\n", "stage\nDH,大河县教育局,county,CITY,\n", 1)
    await import_texts(units_text, COUNTY_CONTACTS + "DH,李二,county_officer,13800000002\n")
    assert await open_codes(db) == ["CITY", "DH", "DH2", "DH3", "HD", "HD1", "SZ1"]


async def test_a_new_countys_file_is_put_at_the_end(db, import_texts):
    await import_texts()
    units_text = "code,name,kind,parent,stage\nQS,青山县教育局,county,CITY,\nQS1,山小学,school,QS,小学\n"
    await import_texts(units_text, "unit,name,role,phone\nQS1,孙十,principal,13800000010\n")
    assert (await open_codes(db))[-2:] == ["QS", "QS1"]


async def test_a_county_file_that_names_its_officers_speaks_for_them(db, import_texts):
    await import_texts()
    await import_texts(COUNTY_UNITS, COUNTY_CONTACTS + "DH,吴新,county_officer,13800000011\n")
    officers = {name for unit, role, name, _ in await posts(db) if (unit, role) == ("DH", "county_officer")}
    assert officers == {"吴新"}


async def test_a_contact_of_a_unit_that_would_close_is_a_fault(db, import_texts):
    await import_texts()
    outcome = await import_texts(COUNTY_UNITS, COUNTY_CONTACTS + "DH1,张三,principal,13800000003\n")
    assert "单位表里没有“DH1”" in str(outcome.checked.wrong[0])


async def test_a_unit_below_one_that_would_close_is_refused(db, import_texts):
    await import_texts()
    units_text = COUNTY_UNITS.replace("DH3,新小学,school,DH,", "DH3,新教学点,school,DH1,")
    with pytest.raises(errors.Refused, match="DH3 新教学点 的上级单位 DH1 不在新表里,会停用"):
        await import_texts(units_text, COUNTY_CONTACTS)
    assert "DH1" in await open_codes(db)


# ── people and posts again ─────────────────────────────────────────────────────────────────────────


async def test_what_chat_changed_and_the_file_did_not_stays(db, import_texts):
    await import_texts()
    await succeed_in_chat(db, "DH2", "钱新")
    outcome = await import_texts()
    assert outcome.changes.is_empty
    principals = {name for unit, role, name, _ in await posts(db) if (unit, role) == ("DH2", "principal")}
    assert principals == {"钱新"}


async def test_what_the_file_changed_goes_before_what_chat_changed(db, import_texts):
    await import_texts()
    await succeed_in_chat(db, "DH2", "钱新")
    await import_texts(
        contacts_text=CONTACTS.replace("陈五,principal,13800000005", "孙十,principal,13800000010")
    )
    principals = {name for unit, role, name, _ in await posts(db) if (unit, role) == ("DH2", "principal")}
    assert principals == {"孙十"}


async def test_a_post_the_file_takes_away_ends_and_stays_in_history(db, import_texts):
    await import_texts()
    outcome = await import_texts(contacts_text=CONTACTS.replace("DH1,刘四,safety_officer,\n", ""))
    assert "联系人:新增 0、改动 0;职务:新增 0、结束 1。" in outcome.lines
    assert await count(db, model.post) == 8
    assert len(await posts(db)) == 7
    assert (await import_texts()).changes.posts_added != ()
    assert await count(db, model.contact) == 8


async def test_a_post_given_in_chat_is_adopted_when_the_file_names_it_too(db, import_texts):
    await import_texts()
    number, person = await unit_id(db, "DH1"), await contact_id(db, "13800000003")

    def give(tx: Tx, now: dt.datetime) -> None:
        people.give_post(tx, now, contact_id=person, unit_id=number, role=Role.DUTY)

    await db.transact(give)
    outcome = await import_texts(contacts_text=CONTACTS + "DH1,张三,duty,13800000003\n")
    assert outcome.changes.is_empty
    outcome = await import_texts()
    assert len(outcome.changes.posts_ended) == 1


async def test_a_new_number_is_put_to_the_same_person_who_stays_enrolled(db, import_texts):
    await import_texts()
    before = await contact_id(db, "13800000003")
    await db.transact(enrolment.by_phone, user_id=42, phone="+8613800000003")
    outcome = await import_texts(contacts_text=CONTACTS.replace("13800000003", "13900000003"))
    assert "改动联系人:张三 的手机号" in outcome.lines
    assert await contact_id(db, "13900000003") == before
    assert (await db.read(people.by_user, 42)).contact_id == before
    assert outcome.changes.posts_added == outcome.changes.posts_ended == ()


async def test_a_first_number_is_put_to_the_person_known_by_unit_and_name(db, import_texts):
    await import_texts()
    await import_texts(
        contacts_text=CONTACTS.replace("刘四,safety_officer,", "刘四,safety_officer,13800000004")
    )
    assert ("DH1", "safety_officer", "刘四", "13800000004") in await posts(db)
    assert await count(db, model.contact) == 8


async def test_a_number_left_out_is_kept(db, import_texts):
    await import_texts()
    outcome = await import_texts(
        contacts_text=CONTACTS.replace("张三,principal,13800000003", "张三,principal,")
    )
    assert outcome.changes.is_empty
    assert ("DH1", "principal", "张三", "13800000003") in await posts(db)


async def test_a_number_that_goes_to_a_colleague_is_not_kept_by_the_first(db, import_texts):
    await import_texts()
    contacts = CONTACTS.replace("张三,principal,13800000003", "张三,principal,").replace(
        "刘四,safety_officer,", "刘四,safety_officer,13800000003"
    )
    await import_texts(contacts_text=contacts)
    assert {post for post in await posts(db) if post[0] == "DH1"} == {
        ("DH1", "principal", "张三", None),
        ("DH1", "safety_officer", "刘四", "13800000003"),
    }


async def test_a_name_put_right_is_the_same_person(db, import_texts):
    await import_texts()
    before = await contact_id(db, "13800000003")
    outcome = await import_texts(contacts_text=CONTACTS.replace("张三", "章三"))
    assert "改动联系人:张三 → 章三" in outcome.lines
    assert await contact_id(db, "13800000003") == before


async def test_somebody_who_came_back_after_years_is_the_same_person(db, import_texts):
    await import_texts()
    before = await contact_id(db, "13800000005")
    await import_texts(
        contacts_text=CONTACTS.replace("DH2,陈五,principal,13800000005", "DH2,孙十,principal,13800000010")
    )
    await import_texts()
    assert await contact_id(db, "13800000005") == before
    assert ("DH2", "principal", "陈五", "13800000005") in await posts(db)


async def test_a_namesake_with_another_number_years_later_is_another_person(db, import_texts):
    await import_texts()
    without = CONTACTS.replace("DH2,陈五,principal,13800000005\n", "")
    await import_texts(contacts_text=without)
    await import_texts(contacts_text=without + "DH2,陈五,deputy,13900000055\n")
    assert await count(db, model.contact) == 9
    assert await contact_id(db, "13800000005")


# ── size ───────────────────────────────────────────────────────────────────────────────────────────


async def test_four_thousand_units_are_imported_and_compared(db, tmp_path):
    city = sample.write(tmp_path, schools=4000)
    await import_files.run_import(db, tmp_path / "units.csv", tmp_path / "contacts.csv")
    assert len(await open_codes(db)) == len(city.units)
    again = await import_files.run_import(db, tmp_path / "units.csv", tmp_path / "contacts.csv")
    assert again.changes.is_empty


async def test_a_filled_template_is_imported_marked_and_imported_again(db, tmp_path):
    roster, report = tmp_path / "名册.xlsx", tmp_path / "问题.xlsx"
    template.write(roster)
    book = openpyxl.load_workbook(roster)
    for line in UNITS.splitlines()[1:]:
        code, name, kind, parent, stage, *_ = line.split(",")
        book["单位"].append([code, name, kind, parent, stage])
    for line in CONTACTS.splitlines()[1:]:
        book["联系人"].append(line.split(","))
    book["联系人"]["D2"] = 1.38e10
    book.save(roster)
    outcome = await import_files.run_import(db, roster, roster, report=report)
    said = "1.38E+10 不是手机号。Excel 把号码变成了数字,请设为文本,写 11 位数字。"
    assert [str(fault) for fault in outcome.checked.wrong] == [f"名册.xlsx 第 2 行 D 列 “手机号”:{said}"]
    marked = openpyxl.load_workbook(report)
    assert marked["联系人"]["D2"].fill.start_color.rgb == faults_report.RED.start_color.rgb
    marked["联系人"]["D2"] = 13800000001
    marked.save(report)
    assert (await import_files.run_import(db, report, report)).is_done
    assert (await import_files.run_import(db, report, report)).changes.is_empty

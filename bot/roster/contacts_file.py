"""contacts.csv: who holds which post where, or everything that is wrong with what the file says about it.

Two shapes are read: one line per post (单位, 姓名, 职务, 手机号), and one line per unit with a column
per role (学校名称, 校长, 联系电话, 安全专干, 安全专干手机).
"""

import dataclasses
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.roster import cell_values, faults, records, sheets, unit_tree, units_file, vocabulary
from bot.roster.access import Role

_BETWEEN_ROLES = re.compile(r"[,;/、\s+]+|兼")


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One post as the file says it; several rows of one phone are one person.

    Attributes:
        unit: the unit's code, as the unit spells it.
        phone: 11 digits, or None: then unit and name tell who it is.
    """

    line: int
    unit: str
    name: str
    role: Role
    phone: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """The columns of one person in a line; role None: the line's own role column says it."""

    name: str
    phone: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Draft:
    row: ContactRow
    name_cell: sheets.Cell
    phone_cell: sheets.Cell


def parse_contacts(sheet: sheets.Sheet, units: unit_tree.UnitIndex) -> faults.Parsed[ContactRow]:
    """Every post of the sheet at the units of the index, with all faults and warnings."""
    found = faults.Findings(sheet)
    rows: tuple[ContactRow, ...] = ()
    if not records.tell_missing_columns(sheet, found):
        places, columns = _places(sheet, found)
        if places:
            drafts = [
                draft
                for record in records.each(sheet, columns, found)
                for draft in _drafts(found, record, places, units)
            ]
            _check_phones(found, drafts)
            drafts = _with_known_phones(drafts)
            _warn_of_no_phone(found, drafts)
            rows = _merged(found, drafts)
    faulty = found.faulty_lines()
    kept = tuple(row for row in rows if row.line not in faulty)
    return faults.Parsed(sheet=sheet, rows=kept, all_rows=rows, faults=found.faults, warnings=found.warnings)


def _places(sheet: sheets.Sheet, found: faults.Findings) -> tuple[list[_Place], dict[str, sheets.Column]]:
    """Where in a line people stand, and the columns to read them from."""
    fields = {column.field for column in sheet.columns}
    wide = [role for role in Role if f"{role}_name" in fields]
    if "role" in fields and "name" in fields:
        narrow = _without(sheet, {f"{role}_{part}" for role in Role for part in ("name", "phone")})
        columns = records.chosen_columns(narrow, found)
        records.tell_unread_columns(narrow, found)
        _warn_without_phone(narrow, found, columns)
        return [_Place(name="name", phone="phone", role=None)], columns
    if not wide:
        found.fault_line(sheet.header_line, "缺少“职务”列。请在表头这一行补上。")
        return [], {}
    columns = records.chosen_columns(_without(sheet, {"phone", "name", "role"}), found)
    records.tell_unread_columns(sheet, found)
    return list(_wide_places(sheet, columns, wide)), columns


def _wide_places(
    sheet: sheets.Sheet, columns: dict[str, sheets.Column], roles: list[Role]
) -> Iterator[_Place]:
    """Each role's name column, and the phone column that bears its name or stands next to the right of it."""
    names = {columns[f"{role}_name"].index for role in roles}
    for role in roles:
        field = f"{role}_phone"
        if field not in columns:
            start = columns[f"{role}_name"].index
            end = min((index for index in names if index > start), default=len(sheet.headers))
            beside = [c for c in sheet.columns if c.field == "phone" and start < c.index < end]
            if beside:
                columns[field] = beside[0]
        yield _Place(name=f"{role}_name", phone=field, role=role)


def _without(sheet: sheets.Sheet, fields: set[str]) -> sheets.Sheet:
    return dataclasses.replace(sheet, columns=tuple(c for c in sheet.columns if c.field not in fields))


def _warn_without_phone(
    sheet: sheets.Sheet, found: faults.Findings, columns: dict[str, sheets.Column]
) -> None:
    if "phone" not in columns:
        found.warn_line(sheet.header_line, "没有“手机号”列。导入后所有人都要用邀请码登记。")


def _drafts(
    found: faults.Findings, record: records.Record, places: Sequence[_Place], units: unit_tree.UnitIndex
) -> Iterator[_Draft]:
    unit = _unit(found, record, units)
    for place in places:
        name_cell, phone_cell = record.cell(place.name), record.cell(place.phone)
        if place.role and vocabulary.is_nothing(name_cell.text):
            if not vocabulary.is_nothing(phone_cell.text):
                found.fault(name_cell, f"有号码 {phone_cell.shown},没有姓名。请补上姓名。")
            continue
        name = cell_values.person_name(found, name_cell)
        phone = cell_values.mobile(found, phone_cell) if place.phone in record.columns else None
        for role in (place.role,) if place.role else _roles(found, record.cell("role")):
            if unit and _may_be_at(found, name_cell if place.role else record.cell("role"), role, unit):
                row = ContactRow(line=record.line, unit=unit.code, name=name, role=role, phone=phone)
                yield _Draft(row=row, name_cell=name_cell, phone_cell=phone_cell)


def _unit(
    found: faults.Findings, record: records.Record, units: unit_tree.UnitIndex
) -> unit_tree.Node | None:
    cell = record.cell("unit_code") if record.cell("unit_code").text else record.cell("unit")
    if not cell.text:
        found.fault(cell, "单位没有填。请写单位的编码或全称。")
        return None
    if cell_values.is_faulty_value(cell):
        found.fault(cell, f"{cell.shown} 不是单位。请把这一列设为文本,写单位的编码或全称。")
        return None
    search = units.find(cell.text, within=record.cell("parent").text)
    if len(search.nodes) > 1:
        codes = units_file.namesakes(units, search)
        found.fault(cell, f"叫“{cell.shown}”的单位有 {len(search.nodes)} 个,请写编码:{codes}。")
    elif search.only is None:
        found.fault(cell, f"单位表里没有“{cell.shown}”。请写单位的编码或全称,一字不差。")
    return search.only


def _roles(found: faults.Findings, cell: sheets.Cell) -> tuple[Role, ...]:
    """The roles of a cell, 校长、安全专干 being two; () after a fault."""
    names = tuple(map(vocabulary.role_name, Role))
    if not cell.text:
        found.fault(cell, "职务没有填。", names)
        return ()
    if whole := vocabulary.role_of(cell.text):
        return (whole,)
    words = [w for w in _BETWEEN_ROLES.split(unicodedata.normalize("NFKC", cell.text)) if w]
    roles = [vocabulary.role_of(word) for word in words]
    if not words or None in roles:
        found.fault(cell, f"看不懂职务“{cell.shown}”。", names)
        return ()
    return tuple(dict.fromkeys(role for role in roles if role))


def _may_be_at(found: faults.Findings, cell: sheets.Cell, role: Role, unit: unit_tree.Node) -> bool:
    kinds = vocabulary.ROLE_KINDS[role]
    if unit.kind in kinds:
        return True
    where = "、".join(map(vocabulary.kind_name, kinds))
    found.fault(
        cell,
        f"{vocabulary.role_name(role)}只能在{where},“{unit.name}”是{vocabulary.kind_name(unit.kind)}。",
    )
    return False


def _check_phones(found: faults.Findings, drafts: Iterable[_Draft]) -> None:
    """One phone is one person; each line that gives it another name than its first line is a fault."""
    first: dict[str, ContactRow] = {}
    for draft in drafts:
        row = draft.row
        if not row.phone or not row.name:
            continue
        earlier = first.setdefault(row.phone, row)
        if sheets.fold(earlier.name) != sheets.fold(row.name):
            before = f"{row.phone} 在第 {earlier.line} 行是“{earlier.name}”"
            found.fault(draft.phone_cell, f"同一手机号两个姓名:{before},这里是“{row.name}”。")


def _with_known_phones(drafts: Sequence[_Draft]) -> list[_Draft]:
    """A line without a phone takes the one its unit and name have elsewhere in the file, if it is one."""
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for draft in drafts:
        if draft.row.phone:
            known[draft.row.unit, sheets.fold(draft.row.name)].add(draft.row.phone)
    return [_with_phone(draft, known[draft.row.unit, sheets.fold(draft.row.name)]) for draft in drafts]


def _with_phone(draft: _Draft, phones: set[str]) -> _Draft:
    if draft.row.phone or len(phones) != 1:
        return draft
    return dataclasses.replace(draft, row=dataclasses.replace(draft.row, phone=next(iter(phones))))


def _warn_of_no_phone(found: faults.Findings, drafts: Iterable[_Draft]) -> None:
    cells = {
        (draft.row.line, draft.phone_cell.column): draft.phone_cell for draft in drafts if not draft.row.phone
    }
    for cell in cells.values():
        if cell.column and vocabulary.is_nothing(cell.text):
            found.warn(cell, "没有手机号。导入后要用邀请码登记。")


def _merged(found: faults.Findings, drafts: Iterable[_Draft]) -> tuple[ContactRow, ...]:
    """Each post once; a repetition is a warning."""
    rows: dict[tuple[str, str, Role], ContactRow] = {}
    for draft in drafts:
        row = draft.row
        key = (row.unit, row.phone or sheets.fold(row.name), row.role)
        earlier = rows.setdefault(key, row)
        if earlier is not row and row.name:
            found.warn(draft.name_cell, f"和第 {earlier.line} 行是同一人同一职务,已合并。")
    return tuple(rows.values())

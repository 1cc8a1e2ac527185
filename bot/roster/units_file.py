"""units.csv: what the file says about each unit, or everything that is wrong with it."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.roster import cell_values, faults, records, sheets, unit_tree, vocabulary
from bot.roster.vocabulary import Kind

CODES_LISTED = 12  # of units of one name, in a message


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit as the file describes it.

    Attributes:
        parent: the parent's code; '' for the city.
        county: the code of the nearest county, itself included; '' if there is none.
        stage: one of `vocabulary.STAGES` or ''.
        ownership: 公办, 民办 or ''.
        phone: 值班电话; '' is inherited from above.
    """

    line: int
    code: str
    name: str
    kind: Kind
    parent: str
    county: str
    stage: str
    ownership: str
    boarding: bool
    school_bus: bool
    canteen: bool
    waterside: bool
    students: int | None
    staff: int | None
    phone: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row whose parent is still a word; a faulty one stays, so that its children find it."""

    row: UnitRow
    record: records.Record


def parse_units(sheet: sheets.Sheet, *, known: Sequence[unit_tree.Node] = ()) -> faults.Parsed[UnitRow]:
    """Every unit of the sheet, with all faults and warnings.

    A sheet without a city is a part of the roster (a county's own file): its parents may be `known` units.
    """
    found = faults.Findings(sheet)
    rows: tuple[UnitRow, ...] = ()
    if not records.tell_missing_columns(sheet, found):
        columns = records.chosen_columns(sheet, found)
        records.tell_unread_columns(sheet, found)
        if "stage" not in columns:
            found.warn_line(sheet.header_line, "没有“学段”列。学校的上学日按工作日算。")
        drafts = [_draft(found, record) for record in records.each(sheet, columns, found)]
        if not drafts:
            found.fault_line(0, "表头下面没有单位。")
        _check_codes(found, drafts)
        rows = _with_parents(found, drafts, known)
    faulty = found.faulty_lines()
    kept = tuple(row for row in rows if row.line not in faulty)
    return faults.Parsed(sheet=sheet, rows=kept, all_rows=rows, faults=found.faults, warnings=found.warnings)


def index_of(rows: Iterable[UnitRow], known: Iterable[unit_tree.Node] = ()) -> unit_tree.UnitIndex:
    """The units of a file, and behind them those already known, to be found by code and by name."""
    nodes = [_node(row) for row in rows]
    codes = {sheets.fold(node.code) for node in nodes}
    return unit_tree.UnitIndex([*nodes, *(node for node in known if sheets.fold(node.code) not in codes)])


def _draft(found: faults.Findings, record: records.Record) -> _Draft:
    kind = _kind(found, record)
    row = UnitRow(
        line=record.line,
        code=cell_values.code(found, record.cell("code")),
        name=cell_values.unit_name(found, record.cell("name")),
        kind=kind or Kind.SCHOOL,
        parent="",
        county="",
        stage=_stage(found, record, kind),
        ownership=cell_values.chosen(
            found,
            record.cell("ownership"),
            of=vocabulary.ownership_of,
            allowed=tuple(vocabulary.OWNERSHIPS),
        )
        or "",
        boarding=cell_values.yes_no(found, record.cell("boarding")),
        school_bus=cell_values.yes_no(found, record.cell("school_bus")),
        canteen=cell_values.yes_no(found, record.cell("canteen")),
        waterside=cell_values.yes_no(found, record.cell("waterside")),
        students=cell_values.count(found, record.cell("students")),
        staff=cell_values.count(found, record.cell("staff")),
        phone=cell_values.duty_phone(found, record.cell("phone")),
        tags=cell_values.tags(found, record.cell("tags")),
    )
    return _Draft(row=row, record=record)


def _kind(found: faults.Findings, record: records.Record) -> Kind | None:
    """The unit's kind; a stage alone says it too. None after a fault."""
    cell, stage = record.cell("kind"), record.cell("stage")
    if not vocabulary.is_nothing(cell.text):
        return cell_values.chosen(found, cell, of=vocabulary.kind_of, allowed=_kind_names())
    if vocabulary.stage_of(stage.text):
        return vocabulary.kind_of(stage.text)
    found.fault(cell, "类型没有填。", _kind_names())
    return None


def _stage(found: faults.Findings, record: records.Record, kind: Kind | None) -> str:
    cell = record.cell("stage")
    stage = cell_values.chosen(found, cell, of=vocabulary.stage_of, allowed=tuple(vocabulary.STAGES)) or ""
    if kind is Kind.COLLEGE:
        return "高校"
    if kind is not Kind.SCHOOL:
        if kind and stage:
            found.warn(cell, f"{vocabulary.kind_name(kind)}不分学段,“{stage}”没有用。")
        return ""
    stage = stage or vocabulary.stage_of(record.cell("kind").text) or ""
    if not stage and cell.column and vocabulary.is_nothing(cell.text):
        found.warn(cell, "学校没有写学段,上学日按工作日算。")
    return stage


def _check_codes(found: faults.Findings, drafts: list[_Draft]) -> None:
    first: dict[str, UnitRow] = {}
    for draft in drafts:
        if not draft.row.code:
            continue
        earlier = first.setdefault(sheets.fold(draft.row.code), draft.row)
        if earlier is not draft.row:
            cell = draft.record.cell("code")
            found.fault(
                cell, f"编码 {cell.shown} 和第 {earlier.line} 行“{earlier.name}”重复。每个单位一个编码。"
            )


def _with_parents(
    found: faults.Findings, drafts: list[_Draft], known: Sequence[unit_tree.Node]
) -> tuple[UnitRow, ...]:
    _check_cities(found, drafts, known)
    flat = index_of([draft.row for draft in drafts], known)
    guessed = index_of([_with_plain_parent(draft, flat) for draft in drafts], known)  # knows whose 第一小学
    resolved = [dataclasses.replace(draft.row, parent=_parent(found, draft, guessed)) for draft in drafts]
    tree = index_of(resolved, known)
    for draft, row in zip(drafts, resolved, strict=True):
        if row.code and row.parent and tree.is_in_circle(row.code):
            way = " → ".join([*(node.code for node in tree.lineage(row.code)), row.code])
            found.fault(draft.record.cell("parent"), f"上级单位绕成了圈:{way}。")
    rows = tuple(dataclasses.replace(row, county=tree.county_of(row.code)) for row in resolved)
    _warn_of_namesakes(found, drafts, rows)
    return rows


def _with_plain_parent(draft: _Draft, index: unit_tree.UnitIndex) -> UnitRow:
    parent = index.find(draft.record.cell("parent").text).only
    return dataclasses.replace(draft.row, parent=parent.code) if parent else draft.row


def _check_cities(found: faults.Findings, drafts: list[_Draft], known: Sequence[unit_tree.Node]) -> None:
    cities = [draft for draft in drafts if draft.row.kind is Kind.CITY]
    standing = next((node for node in known if node.kind is Kind.CITY), None)
    for draft in cities[1:]:
        found.fault(
            draft.record.cell("kind"),
            f"市局只能有一个,第 {cities[0].row.line} 行已经有“{cities[0].row.name}”。",
        )
    if drafts and not cities and standing is None:
        found.fault_line(0, "没有市局这一行。请加一行,类型写“市局”,上级单位留空。")
    elif cities and standing and sheets.fold(cities[0].row.code) != sheets.fold(standing.code):
        cell = cities[0].record.cell("code")
        found.fault(cell, f"市局的编码原来是 {standing.code}(“{standing.name}”),不能改成 {cell.shown}。")


def _parent(found: faults.Findings, draft: _Draft, index: unit_tree.UnitIndex) -> str:
    """The parent's code; '' for the city and after a fault."""
    cell, kind = draft.record.cell("parent"), draft.row.kind
    if kind is Kind.CITY:
        if not vocabulary.is_nothing(cell.text):
            found.fault(cell, "市局没有上级单位,这一格请留空。")
        return ""
    if vocabulary.is_nothing(cell.text):
        return _implied_parent(found, draft, index)
    search = index.find(cell.text)
    if len(search.nodes) > 1:
        found.fault(
            cell, f"叫“{cell.shown}”的单位有 {len(search.nodes)} 个,请写编码:{namesakes(index, search)}。"
        )
    elif search.only is None:
        found.fault(cell, f"找不到上级单位“{cell.shown}”。请写它的编码或全称。")
    elif search.only.kind not in vocabulary.PARENT_KINDS[kind]:
        allowed = "或".join(vocabulary.kind_name(one) for one in vocabulary.PARENT_KINDS[kind])
        found.fault(
            cell,
            f"{vocabulary.kind_name(kind)}的上级单位应是{allowed},“{search.only.name}”是{vocabulary.kind_name(search.only.kind)}。",
        )
    else:
        return search.only.code
    return ""


def _implied_parent(found: faults.Findings, draft: _Draft, index: unit_tree.UnitIndex) -> str:
    """The only parent an office, a county or a college can have; a school must say its own."""
    cities = [node for node in index.nodes if node.kind is Kind.CITY]
    if draft.row.kind is Kind.SCHOOL:
        found.fault(draft.record.cell("parent"), "上级单位没有填。请写县局的编码或全称;市直学校写市局。")
        return ""
    return cities[0].code if cities else ""


def namesakes(index: unit_tree.UnitIndex, search: unit_tree.Search) -> str:
    """The codes of units of one name, each with its county, as a person would tell them apart."""
    listed = "、".join(
        f"{node.code}({index.place_of(node) or '无上级'})" for node in search.nodes[:CODES_LISTED]
    )
    return listed + ("…" if len(search.nodes) > CODES_LISTED else "")


def _warn_of_namesakes(found: faults.Findings, drafts: list[_Draft], rows: tuple[UnitRow, ...]) -> None:
    lines: dict[tuple[str, str], list[UnitRow]] = defaultdict(list)
    for draft, row in zip(drafts, rows, strict=True):
        if not row.name:
            continue
        same = lines[sheets.fold(row.name), row.parent]
        if same:
            found.warn(draft.record.cell("name"), f"和第 {same[0].line} 行同名同上级,请看是不是写重了。")
        same.append(row)


def _kind_names() -> tuple[str, ...]:
    return tuple(vocabulary.kind_name(kind) for kind in Kind)


def _node(row: UnitRow) -> unit_tree.Node:
    return unit_tree.Node(code=row.code, name=row.name, kind=row.kind, parent=row.parent)

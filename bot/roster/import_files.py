"""`roster import`: two files in, a list of Chinese lines out, and the roster changed if nothing is wrong."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.db import Database
from bot.roster import (
    contacts_file,
    difference,
    faults,
    faults_report,
    gaps,
    importing,
    sheets,
    standing,
    units_file,
    vocabulary,
)

LISTED = 20  # of each sort, on a screen; the report has all

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Checked:
    """Both files, read and checked against each other and against the roster."""

    units: faults.Parsed[units_file.UnitRow]
    contacts: faults.Parsed[contacts_file.ContactRow]

    @property
    def wrong(self) -> tuple[faults.Fault, ...]:
        return (*self.units.faults, *self.contacts.faults)

    @property
    def doubtful(self) -> tuple[faults.Fault, ...]:
        return (*self.units.warnings, *self.contacts.warnings)


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """How an import ended.

    Attributes:
        lines: for the operator, in Chinese.
        changes: what changed, or on a dry run would; None if there were faults.
        is_done: the roster is changed.
    """

    lines: tuple[str, ...]
    checked: Checked
    changes: difference.Difference | None
    is_done: bool

    @property
    def has_faults(self) -> bool:
        """Whether something must be put right first: the command has failed."""
        return self.changes is None


async def run_import(
    db: Database,
    units_path: Path,
    contacts_path: Path,
    *,
    dry_run: bool = False,
    report: Path | None = None,
    force: bool = False,
    by: str = "cli",
) -> ImportOutcome:
    """The files are imported if they have no fault; the report, if asked for, tells fault and warning.

    Raises:
        errors.Refused: a file cannot be read or the report not written, or too much would close.
    """
    roster = await db.read(standing.read)
    checked = check(units_path, contacts_path, roster)
    lines = list(_found_lines(checked))
    if report and (checked.wrong or checked.doubtful):
        faults_report.write(
            report, [one for one in (checked.units, checked.contacts) if one.faults or one.warnings]
        )
        lines.append(f"标好颜色的表:{report}")
    if checked.wrong:
        lines.append(f"有 {len(checked.wrong)} 处错误,没有导入,名册没有变。请改好再导入。")
        return ImportOutcome(tuple(lines), checked, changes=None, is_done=False)
    units, contacts = checked.units.rows, checked.contacts.rows
    if dry_run:
        found = difference.between(roster, units, contacts)
        importing.refuse_orphans(found, units)
        if not force:
            importing.refuse_if_drastic(found)
    else:
        found = await db.transact(importing.bring_in, units=units, contacts=contacts, by=by, force=force)
    lines += difference_lines(found)
    lines.append("这是试算,名册没有变。" if dry_run else "已导入。")
    return ImportOutcome(tuple(lines), checked, changes=found, is_done=not dry_run)


def check(units_path: Path, contacts_path: Path, roster: standing.Roster) -> Checked:
    """Both files read; gaps are looked for only where there is no fault.

    Raises:
        errors.Refused: a file cannot be read.
    """
    known = roster.nodes()
    units = units_file.parse_units(sheets.open_sheet(units_path, vocabulary.UNITS), known=known)
    closing = {unit.row.code for unit in difference.left_out(roster, units.all_rows)}
    beyond = tuple(node for node in known if node.code not in closing)
    contacts_sheet = sheets.open_sheet(contacts_path, vocabulary.CONTACTS)
    contacts = contacts_file.parse_contacts(contacts_sheet, units_file.index_of(units.all_rows, beyond))
    if not units.faults and not contacts.faults:
        missing = gaps.look_for(
            units.sheet, units.rows, contacts.rows, known=beyond, above=roster.duty_phones()
        )
        units = dataclasses.replace(units, warnings=(*units.warnings, *missing))
    return Checked(units, contacts)


def difference_lines(found: difference.Difference) -> Iterator[str]:
    """What changed, the sums first, then each sort by name."""
    if found.is_empty:
        yield "和现在的名册一样,没有变化。"
        return
    moved = [change for change in found.units_changed if change.is_move]
    yield (
        f"单位:新增 {len(found.units_added)}、恢复 {len(found.units_reopened)}、"
        f"改动 {len(found.units_changed)}(换上级 {len(moved)})、停用 {len(found.units_closed)}。"
    )
    yield (
        f"联系人:新增 {len(found.people_added)}、改动 {len(found.people_changed)};"
        f"职务:新增 {len(found.posts_added)}、结束 {len(found.posts_ended)}。"
    )
    if found.is_reordered:
        yield "单位的排列顺序有调整。"
    if found.open_before:  # the first import adds everything; no need to read it out
        yield from _listed("新增单位", found.units_added, lambda row: f"{row.code} {row.name}")
        yield from _listed("恢复单位", found.units_reopened, lambda one: f"{one.after.code} {one.after.name}")
        yield from _listed("改动单位", found.units_changed, _change)
        yield from _listed("停用单位", found.units_closed, lambda unit: f"{unit.row.code} {unit.row.name}")
        yield from _listed("改动联系人", found.people_changed, _person_change)


def _found_lines(checked: Checked) -> Iterator[str]:
    for parsed, noun in ((checked.units, "个单位"), (checked.contacts, "条联系人职务")):
        yield (
            f"{parsed.sheet.path.name}:读到 {len(parsed.rows)} {noun},"
            f"{len(parsed.faults)} 处错误,{len(parsed.warnings)} 处提醒。"
        )
    yield from _listed("错误", checked.wrong, str)
    yield from _listed("提醒", checked.doubtful, str)


def _listed(title: str, items: Sequence[T], said: Callable[[T], str]) -> Iterator[str]:
    for item in items[:LISTED]:
        yield f"{title}:{said(item)}"
    if len(items) > LISTED:
        yield f"{title}:还有 {len(items) - LISTED} 处。"


def _change(change: difference.UnitChange) -> str:
    return f"{change.after.code} {change.after.name}:{'、'.join(_changed_fields(change))}"


def _changed_fields(change: difference.UnitChange) -> Iterable[str]:
    for field, words in vocabulary.UNITS.headers.items():
        before, after = getattr(change.before, field), getattr(change.after, field)
        if before != after:
            yield f"{words[0]} {_said(before)} → {_said(after)}"


def _person_change(change: difference.PersonChange) -> str:
    if change.before.name != change.after.name:
        return f"{change.before.name} → {change.after.name}"
    return f"{change.after.name} 的手机号"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, vocabulary.Kind):
        return vocabulary.kind_name(value)
    if isinstance(value, tuple):
        return ";".join(value) or "空"
    return "空" if value in {None, ""} else str(value)

"""What a roster without faults still lacks: units without a contact, schools without principal or phone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from bot.roster import contacts_file, faults, sheets, unit_tree, units_file
from bot.roster.access import Role
from bot.roster.vocabulary import Kind


def look_for(
    sheet: sheets.Sheet,
    rows: Iterable[units_file.UnitRow],
    contacts: Iterable[contacts_file.ContactRow],
    *,
    known: Sequence[unit_tree.Node] = (),
    above: Mapping[str, str] = MappingProxyType({}),
) -> tuple[faults.Fault, ...]:
    """Warnings about the units of the sheet, in its order.

    Args:
        sheet: where the units stand.
        rows: its units.
        contacts: the posts at them.
        known: units that are not in the sheet, but may stand above its own.
        above: their 值班电话, by code.
    """
    found = faults.Findings(sheet)
    roles: dict[str, set[Role]] = defaultdict(set)
    for contact in contacts:
        roles[contact.unit].add(contact.role)
    units = tuple(rows)
    tree = units_file.index_of(units, known)
    phones = {**above, **{row.code: row.phone for row in units}}
    for row in units:
        if not roles[row.code]:
            found.warn_line(row.line, f"“{row.name}”没有联系人,通知会没人回。")
        elif row.kind is Kind.SCHOOL and Role.PRINCIPAL not in roles[row.code]:
            found.warn_line(row.line, f"“{row.name}”没有校长。")
        if row.kind is Kind.SCHOOL and not any(phones.get(node.code) for node in tree.lineage(row.code)):
            found.warn_line(row.line, f"“{row.name}”和它的上级都没有值班电话。")
    return found.warnings

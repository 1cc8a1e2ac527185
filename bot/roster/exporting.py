"""The roster written as the two files an import reads, so that reading them back changes nothing."""

from collections import defaultdict
from pathlib import Path

from bot.roster import contacts_file, csv_files, standing


def write(directory: Path, roster: standing.Roster) -> None:
    """The directory holds units.csv and contacts.csv of the roster as it stands.

    Raises:
        errors.Refused: they cannot be written there.
    """
    csv_files.write(
        directory,
        units=csv_files.units_text(unit.row for unit in roster.units if not unit.is_closed),
        contacts=csv_files.contacts_text(contacts(roster)),
        encoding="utf-8-sig",  # Excel takes UTF-8 without a mark for GBK
    )


def contacts(roster: standing.Roster) -> tuple[contacts_file.ContactRow, ...]:
    """The posts held now at open units, unit by unit in table order, the oldest first."""
    people = {contact.id: contact for contact in roster.contacts}
    posts: dict[str, list[standing.Post]] = defaultdict(list)
    for post in roster.posts:
        posts[post.place.unit].append(post)
    return tuple(
        contacts_file.ContactRow(
            line=0,
            unit=unit.row.code,
            name=people[post.contact_id].name,
            role=post.place.role,
            phone=people[post.contact_id].phone,
        )
        for unit in roster.units
        if not unit.is_closed
        for post in posts[unit.row.code]
    )

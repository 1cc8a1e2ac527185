"""units.csv and contacts.csv as we write them, in the order and the words an import reads back unchanged."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot import errors
from bot.roster import contacts_file, units_file, vocabulary

UNIT_FIELDS = tuple(vocabulary.UNITS.headers)
CONTACT_FIELDS = ("unit", "name", "role", "phone")

_CALCULATED = ("=", "+", "-", "@")  # what makes Excel take a text for a formula


def units_text(rows: Iterable[units_file.UnitRow]) -> str:
    """The text of units.csv."""
    return _text(UNIT_FIELDS, ([_said(getattr(row, field)) for field in UNIT_FIELDS] for row in rows))


def contacts_text(rows: Iterable[contacts_file.ContactRow]) -> str:
    """The text of contacts.csv."""
    return _text(CONTACT_FIELDS, ([_said(getattr(row, field)) for field in CONTACT_FIELDS] for row in rows))


def write(directory: Path, *, units: str, contacts: str, encoding: str) -> None:
    """The directory, made if need be, holds units.csv and contacts.csv.

    Raises:
        errors.Refused: they cannot be written there.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "units.csv").write_text(units, encoding=encoding, newline="")
        (directory / "contacts.csv").write_text(contacts, encoding=encoding, newline="")
    except OSError as unwritable:
        raise errors.Refused(f"{directory} 写不进去:{unwritable.strerror}。") from unwritable


def _text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ";".join(value)
    text = str(value)
    return f"'{text}" if text.startswith(_CALCULATED) else text

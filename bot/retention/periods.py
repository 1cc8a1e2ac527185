"""How long things are kept; read from `config/retention.toml`."""

import datetime as dt
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from bot import toml_files

FILE = "retention.toml"
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Periods:
    """How many days each thing is kept; what a key means stands beside it in the shipped file."""

    people_days: int = 365
    trouble_days: int = 730
    report_days: int = 1095
    delivery_days: int = 90
    audit_days: int = 1095
    invitation_days: int = 30


LEAST_DAYS: Mapping[str, int] = {  # what is still open must not be forgotten
    "people_days": 30,
    "trouble_days": 30,
    "report_days": 30,
    "delivery_days": 7,
    "audit_days": 180,  # backups, purges and presses of this half-year are looked up in it
    "invitation_days": 0,
}
DEFAULT = Periods()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The periods, and a sentence for each fault of the file; a faulty file leaves the usual ones.

    What is forgotten does not come back: with a fault nothing should be forgotten before it is mended.
    """

    periods: Periods
    faults: tuple[str, ...] = ()


def load(path: pathlib.Path) -> Loaded:
    """The periods of the file; a key left out, and a file left out, mean the usual ones."""
    return Loaded(*toml_files.settled(path, DEFAULT, _wrong))


def _wrong(key: str, value: object) -> str:
    """What is wrong with it; '' if nothing is."""
    least = LEAST_DAYS.get(key)
    if least is None:
        return f"不认识的键。可以写:{'、'.join(LEAST_DAYS)}"
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST_DAYS:
        return f"应是 {least} 到 {MOST_DAYS} 之间的整数(天),写的是 {value!r}"
    return ""


def before(now: dt.datetime, days: int) -> dt.datetime:
    """What is older than this is kept no longer."""
    return now - dt.timedelta(days=days)

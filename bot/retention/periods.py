"""How long things are kept; read from `config/retention.toml`."""

import datetime as dt
import pathlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

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
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Loaded(DEFAULT)
    except (OSError, UnicodeDecodeError):
        return Loaded(DEFAULT, (f"{path.name}:读不了,应为 UTF-8 文本",))
    except tomllib.TOMLDecodeError as fault:
        return Loaded(DEFAULT, (f"{path.name}:不是 TOML({fault}),请检查等号和数字",))
    faults = tuple(
        f"{path.name} {key}:{what}" for key, value in content.items() if (what := _wrong(key, value))
    )
    return Loaded(DEFAULT, faults) if faults else Loaded(Periods(**content))


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

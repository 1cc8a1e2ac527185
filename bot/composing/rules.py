"""The house rules of sending: who must agree, how often a school may be asked; read from `config/desk.toml`."""

import datetime as dt
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, fields

import structlog

from bot import toml_files

log = structlog.get_logger()

FILE = "desk.toml"
MINUTE = dt.timedelta(seconds=60)  # nothing leaves before; it can be taken back
STALE = dt.timedelta(minutes=30)  # so long after its minute nobody expects it to leave any more
SOONEST = dt.timedelta(minutes=5)  # a deadline nearer than this leaves nobody time to answer
FILES_MOST = 5
REASON_CHARS = 60
CAP_MOST = 50


@dataclass(frozen=True, slots=True)
class Rules:
    """What the bureau settled.

    Attributes:
        city_needs_two: a second officer agrees to what reaches more than one county.
        now_needs_two: … and to what is urgent.
        asks_a_week: routine asks a school may get from Monday to Sunday before the sender must give a reason.
    """

    city_needs_two: bool = True
    now_needs_two: bool = True
    asks_a_week: int = 3


@dataclass(frozen=True, slots=True)
class Loaded:
    """The rules in force, and a sentence for each fault of the file; a faulty file leaves the usual rules."""

    rules: Rules
    faults: tuple[str, ...] = ()


DEFAULT = Rules()
House = Callable[[], Rules]  # the rules in force at this moment


def usual() -> Rules:
    """The rules where nobody has settled others."""
    return DEFAULT


class Watched:
    """The rules of a file, read again whenever it has been edited; its faults are logged once."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._rules = load(path).rules
        self()

    def __call__(self) -> Rules:
        """The rules in force now."""
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
        except OSError:
            stamp = (0, 0)
        if stamp != self._stamp:
            self._stamp, loaded = stamp, load(self._path)
            self._rules = loaded.rules
            for fault in loaded.faults:
                log.warning("config_fault", fault=fault)
        return self._rules


def load(path: pathlib.Path) -> Loaded:
    """The rules of the file; a key left out, and a file left out, mean the usual ones."""
    return Loaded(*toml_files.settled(path, DEFAULT, _wrong))


def _wrong(key: str, value: object) -> str:
    """What is wrong with it; '' if nothing is."""
    keys = [field.name for field in fields(Rules)]
    if key not in keys:
        return f"不认识的键。可以写:{'、'.join(keys)}"
    if key == "asks_a_week":
        is_right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= CAP_MOST
        return "" if is_right else f"应是 0 到 {CAP_MOST} 之间的整数,写的是 {value!r}"
    return "" if isinstance(value, bool) else f"应是 true 或 false,写的是 {value!r}"

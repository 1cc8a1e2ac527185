"""What the buttons under plans and the school calendar carry: short words that stand for a plan, a day, some schools."""

import datetime as dt
import hashlib
import re

from bot.delivery.message import Button, Callback

# actions of the routing table
PLANS, PLAN, PLAN_ON, PLAN_OFF = "plans", "plan", "plan-on", "plan-off"
PLAN_RUN, PLAN_SEND, PLAN_AHEAD = "plan-run", "plan-run!", "plan-ahead"
DAYS, OFF_WHOM, OFF_ASK, OFF, OFF_BACK = "days", "off-whom", "off-ask", "off", "off-back"

PER_PAGE = 8  # one a row; eight fit a phone's screen
PAGES = 9999  # more than any list has
ALL = "all"  # in place of a key: every plan, every school
KEY_CHARS = 10
_KEY = re.compile(rf"[0-9a-f]{{{KEY_CHARS}}}|{ALL}")
_DAY = re.compile(r"20\d{6}")


def key(word: str) -> str:
    """Ten characters for a plan's id or a school's tag, which may be too long for a button; '' is all."""
    return hashlib.sha256(word.encode()).hexdigest()[:KEY_CHARS] if word else ALL


def key_of(callback: Callback, index: int) -> str | None:
    """The key at this place of a button's words; None where there is none."""
    word = callback.args[index] if index < len(callback.args) else ""
    return word if _KEY.fullmatch(word) else None


def page_of(callback: Callback, index: int) -> int:
    """The page's number from 0; 0 where none is told."""
    return min(callback.number(index) or 0, PAGES)


def day_of(callback: Callback, index: int) -> dt.date | None:
    """The day at this place of a button's words; None where there is none."""
    word = callback.args[index] if index < len(callback.args) else ""
    try:
        return dt.date.fromisoformat(word) if _DAY.fullmatch(word) else None
    except ValueError:
        return None


def written(day: dt.date) -> str:
    """As `day_of` reads it: 20261124."""
    return f"{day:%Y%m%d}"


def cut(count: int, page: int) -> tuple[int, int, slice]:
    """The page that is shown, how many there are, and its part of a list of `count`."""
    pages = max(1, -(-count // PER_PAGE))
    here = min(page, pages - 1)
    return here, pages, slice(here * PER_PAGE, (here + 1) * PER_PAGE)


def turning(action: str, args: tuple[str, ...], here: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    """[◂] [2/5] [▸]; no row where there is one page."""
    if pages == 1:
        return ()

    def to(page: int) -> Callback:
        return Callback(action, args=(*args, str(page % pages)))

    return ((Button("◂", to(here - 1)), Button(f"{here + 1}/{pages}", to(here)), Button("▸", to(here + 1))),)

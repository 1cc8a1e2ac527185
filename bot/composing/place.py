"""What the buttons of a draft carry, which questions there are and in what order; pure."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.calendar.school import SchoolCalendar
from bot.composing import rules
from bot.composing.drafts import Draft
from bot.composing.whom import Group
from bot.delivery.message import Button, Callback
from bot.notices.publish import Item
from bot.notices.rules import Kind

Rows = tuple[tuple[Button, ...], ...]

# actions of the routing table
PAGE, NEW, DROP, AGAIN, REST = "c-page", "c-new", "c-drop", "c-again", "c-rest"
REVISE = "c-revise"
WORD, CLEAR, KIND, DUE, SOUND, TITLE = "c-word", "c-clear", "c-kind", "c-due", "c-sound", "c-title"
NO_FILES, FIRST, TRY, LOOK = "c-bare", "c-first", "c-try", "c-look"
NO_DUE, NO_PARTY = "c-nodue", "c-noone"
SEND, UNDO, AGREE, REFUSE = "c-send", "c-undo", "c-agree", "c-refuse"
OWN = (
    PAGE, NEW, DROP, REST, WORD, CLEAR, KIND, DUE, SOUND, TITLE, NO_FILES, NO_DUE, NO_PARTY, FIRST, TRY, SEND, UNDO,
)  # of the author's own message  # fmt: skip
OF_REVISION = (
    PAGE,
    NEW,
    DROP,
    DUE,
    TITLE,
    NO_DUE,
    NO_PARTY,
    TRY,
    SEND,
)  # whom and how, the notice has settled
PER_PAGE = 8
PAGES = 9999
KINDS = (Kind.REMINDER, Kind.CONFIRM, Kind.DIRECTIVE, Kind.REPORT)


class Part(StrEnum):
    """What the message shows of an open draft."""

    TEXT = "t"
    NAME = "n"
    SUMMARY = "y"
    WHOM = "w"
    COUNTIES = "c"
    STAGES = "s"
    TAGS = "g"
    WHAT = "k"
    WHEN = "d"
    SOUND = "l"
    REASON = "x"
    READY = "r"
    FIRST = "f"
    UNREACHED = "u"
    ITEMS = "i"
    ITEM = "e"  # one of them: the page is its place, from 0
    PARTY = "p"  # … and who does it


TYPED = (
    Part.TEXT,
    Part.NAME,
    Part.SUMMARY,
    Part.WHOM,
    Part.WHEN,
    Part.REASON,
    Part.ITEM,
    Part.PARTY,
)  # something can be typed there
OF_ITEMS = (Part.ITEMS, Part.ITEM, Part.PARTY)
PARTS_OF_REVISION = (Part.TEXT, Part.SUMMARY, Part.WHEN, Part.READY, *OF_ITEMS)
GROUPS = {Part.COUNTIES: Group.COUNTY, Part.STAGES: Group.STAGE, Part.TAGS: Group.TAG}
BEFORE = {
    Part.SUMMARY: Part.TEXT, Part.WHOM: Part.TEXT, Part.WHAT: Part.WHOM, Part.WHEN: Part.WHAT, Part.SOUND: Part.WHAT,
    Part.COUNTIES: Part.WHOM, Part.STAGES: Part.WHOM, Part.TAGS: Part.WHOM,
}  # fmt: skip


def step(draft: Draft) -> Part:
    """What is still to be said; READY when all is."""
    if not draft.title:
        return Part.TEXT
    if not draft.text:
        return Part.SUMMARY
    if not draft.audience:
        return Part.WHOM
    if draft.kind is None:
        return Part.WHAT
    if draft.is_ask and draft.due_at is None:
        return Part.WHEN
    return Part.READY if draft.level else Part.SOUND


@dataclass(frozen=True, slots=True)
class Shown:
    """A page about to be made.

    Attributes:
        page: of a list, from 0; of one item, its place.
        fault: what was wrong with what was just typed.
    """

    part: Part
    page: int = 0
    fault: str = ""


# ── small choices ────────────────────────────────────────────────────────────────────────────────

DUES = ("today17", "next12", "friday17")
FRIDAY = 4
OWN_WORDS = 1  # page of the deadline on which only its words are asked for
WITH_ITEMS = "items"  # when the last of the items is due


def due_of(name: str, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """The instant a button of a deadline means; None where it is past, or another button says the same."""
    today = now.astimezone(zone).date()
    to_friday = FRIDAY - today.weekday()
    days, hour = {"today17": (0, 17), "next12": (1, 12), "friday17": (to_friday, 17)}.get(name, (-1, 0))
    if days < 0 or (name == "friday17" and days == 0):
        return None
    at = dt.datetime.combine(today + dt.timedelta(days=days), dt.time(hour), zone).astimezone(dt.UTC)
    return at if at > now + rules.MINUTE + rules.SOONEST else None


def is_off(due_at: dt.datetime, calendar: SchoolCalendar, zone: dt.tzinfo) -> bool:
    """No school is open on the day of this deadline."""
    return not calendar.is_school_day(due_at.astimezone(zone).date())


def ill_timed(
    draft: Draft, now: dt.datetime, kept: Collection[tuple[str, dt.datetime | None]] = ()
) -> Item | None:
    """The first item whose own deadline leaves nobody time, or lies after that of the whole; None where all is well.

    Args:
        kept: items and deadlines that stand in the notice it revises.
    """
    if draft.kind is not Kind.DIRECTIVE:
        return None
    soonest = now + rules.MINUTE + rules.SOONEST
    latest = draft.due_at if draft.due_at is None or draft.due_at > now else None
    changed = [it for it in draft.items if it.due_at and (it.key, it.due_at) not in kept]
    return next((it for it in changed if it.due_at and not _is_within(it.due_at, soonest, latest)), None)


def _is_within(due_at: dt.datetime, soonest: dt.datetime, latest: dt.datetime | None) -> bool:
    return soonest <= due_at and (latest is None or due_at <= latest)


def latest_item(draft: Draft, now: dt.datetime) -> dt.datetime | None:
    """The last deadline its items name; None where they name none, or it is over."""
    found = max((it.due_at for it in draft.items if it.due_at is not None), default=None)
    return found if found is not None and found > now + rules.MINUTE + rules.SOONEST else None


def levels(draft: Draft) -> tuple[str, ...]:
    """What can be chosen: an ask is heard."""
    return ("today", "now") if draft.is_ask else ("info", "today", "now")


def by(buttons: list[Button], count: int) -> Rows:
    """The buttons, so many a row."""
    return tuple(tuple(buttons[at : at + count]) for at in range(0, len(buttons), count))


def cut(count: int, page: int) -> tuple[int, int, slice]:
    """The page that is shown, how many there are, and its part of a list of `count`."""
    pages = max(1, -(-count // PER_PAGE))
    here = min(page, pages - 1)
    return here, pages, slice(here * PER_PAGE, (here + 1) * PER_PAGE)


def shown_of(callback: Callback) -> Shown:
    """The page a button leads to; the whole where it says nothing we know."""
    word = callback.args[0] if callback.args else ""
    part = Part(word) if word in list(Part) else Part.READY
    return Shown(part, min(callback.number(1) or 0, PAGES))

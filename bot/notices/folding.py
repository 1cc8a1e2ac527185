"""What was heard of one assignment, folded into where it stands: pure, from its rows in the order in which they came."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.notices import rules
from bot.notices.rules import Aspect, TroubleState

Row = sa.Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of one assignment: its answers, its excuse, its trouble. See `queries.Status` for what each is."""

    excused: str = ""
    answered_at: dt.datetime | None = None
    late: bool = False  # decided by the first answer
    answer: str = ""
    text: str = ""
    said_by: str = ""
    said_at: dt.datetime | None = None
    on_behalf: bool = False
    trouble: TroubleState | None = None
    acknowledged_at: dt.datetime | None = None
    done: tuple[str, ...] = ()

    @property
    def owes(self) -> bool:
        """未报."""
        return self.answered_at is None and not self.excused


def fold(
    answers: Sequence[Row], excuses: Sequence[Row], steps: Sequence[Row], items: Mapping[str, int] | None = None
) -> Heard:  # fmt: skip
    """Where an assignment stands.

    The first answer decides on lateness, the newest is what was said; of the troubles not withdrawn the newest
    that stands is told, else the newest. A directive is answered when each of its items is, by an answer to a wording
    not older than the one in force.

    Args:
        items: of a directive, each item in force and the version since which it is worded so; None for the rest.
    """
    reason = excuses[-1].value if excuses else ""
    trouble = _trouble(steps)
    if items is not None:
        return _directive(answers, items, reason, trouble)
    if not answers:
        return Heard(excused=reason, trouble=trouble)
    first, newest = answers[0], answers[-1]
    return Heard(
        reason, first.at, first.late, newest.value, newest.text or "", newest.said_by, newest.at,
        newest.on_behalf, trouble,
    )  # fmt: skip


def _trouble(steps: Sequence[Row]) -> TroubleState | None:
    latest = {row.thing: TroubleState(row.value) for row in steps}
    troubles = [state for state in latest.values() if state is not TroubleState.WITHDRAWN]
    standing = [state for state in troubles if rules.is_standing(state)]
    return next(reversed(standing or troubles), None)


def _directive(
    answers: Sequence[Row], items: Mapping[str, int], reason: str, trouble: TroubleState | None
) -> Heard:
    firsts: dict[str, Row] = {}
    newest: Row | None = None
    acknowledged_at: dt.datetime | None = None
    for row in answers:
        if acknowledged_at is None and not row.on_behalf:
            acknowledged_at = row.at
        since = items.get(row.item) if row.aspect == Aspect.DONE else None
        if since is not None and row.version >= since:
            firsts.setdefault(row.item, row)
            newest = row
    done = tuple(key for key in items if key in firsts)
    if newest is None:
        return Heard(excused=reason, trouble=trouble, acknowledged_at=acknowledged_at)
    is_answered = len(done) == len(items)
    return Heard(
        reason, max(row.at for row in firsts.values()) if is_answered else None,
        any(row.late for row in firsts.values()), newest.value, "", newest.said_by, newest.at, newest.on_behalf,
        trouble, acknowledged_at, done,
    )  # fmt: skip


def is_itemised(answers: Collection[Row]) -> bool:
    """Whether any of these was said to a directive: as 已知悉, or to one of its items."""
    return any(row.item or row.aspect == Aspect.ACK for row in answers)

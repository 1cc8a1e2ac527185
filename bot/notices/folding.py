"""What was heard of one assignment, folded into where it stands: pure, from its rows in the order in which they came."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.notices import rules
from bot.notices.rules import TroubleState

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
        return rules.owes(said=self.answered_at is not None, excused=bool(self.excused))


def fold(answers: Sequence[Row], excuses: Sequence[Row], steps: Sequence[Row]) -> Heard:
    """Where an assignment stands; of a directive, where one item of it does: its answers are those to that item alone.

    The first answer decides on lateness, the newest is what was said; of the troubles not withdrawn the newest
    that stands is told, else the newest.
    """
    reason = excuses[-1].value if excuses else ""
    trouble = trouble_of(steps)
    if not answers:
        return Heard(excused=reason, trouble=trouble)
    first, newest = answers[0], answers[-1]
    return Heard(
        reason, first.at, first.late, newest.value, newest.text or "", newest.said_by, newest.at,
        newest.on_behalf, trouble,
    )  # fmt: skip


def trouble_of(steps: Sequence[Row]) -> TroubleState | None:
    """The state that is told of all troubles of an assignment, from their steps; None where none counts."""
    latest = {row.thing: TroubleState(row.value) for row in steps}
    troubles = [state for state in latest.values() if state is not TroubleState.WITHDRAWN]
    standing = [state for state in troubles if rules.is_standing(state)]
    return next(reversed(standing or troubles), None)

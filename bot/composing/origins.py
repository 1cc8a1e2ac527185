"""What the drafts behind a notice know of it: why its schools were asked once more, when a second officer agreed."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.composing import model, rules
from bot.composing.model import State
from bot.db import Tx

_d = model.draft


@dataclass(frozen=True, slots=True)
class Origin:
    """Of one version.

    Attributes:
        reason: why these schools were asked more often than the house allows; '' where none was needed.
        agreed_at: None where no second officer was.
    """

    reason: str
    agreed_at: dt.datetime | None


def of(tx: Tx, notice_id: int) -> dict[int, Origin]:
    """By version, of those that were composed in chat."""
    mine = sa.select(_d.c.of_version, _d.c.reason, _d.c.released_by, _d.c.leave_at).where(
        _d.c.notice_id == notice_id, _d.c.state == State.SENT.value
    )
    return {
        (row.of_version or 0) + 1: Origin(row.reason, _agreed_at(row.leave_at) if row.released_by else None)
        for row in tx.execute(mine)
    }


def _agreed_at(leave_at: dt.datetime | None) -> dt.datetime | None:
    """A minute before it left: what the second officer has agreed to can still be taken back that long."""
    return None if leave_at is None else leave_at - rules.MINUTE

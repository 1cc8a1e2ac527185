"""A notice's own deadline moves: its ladder moves with it, and what was climbed is not climbed again."""

import datetime as dt

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.notices import model, rules
from bot.notices.queries import Notice

MOVED = "截止改了"  # why a rung is left out that the new deadline has no time for
OVER = "截止已经过了,不能再改截止。补报还收着;要另定时间,请再发一次。"
PAST = "新的截止要晚于现在。"

_n, _a, _r = model.notice, model.assignment, model.rung


def hold(tx: Tx, notice_id: int) -> None:
    """No rung of the notice is climbed before this transaction ends.

    To be asked for before the notice itself: whoever climbs holds the rung first.
    """
    mine = sa.select(_r.c.step).where(_r.c.notice_id == notice_id).order_by(_r.c.step)
    tx.execute(mine.with_for_update())


def check(now: dt.datetime, notice: Notice, due_at: dt.datetime) -> None:
    """Whether the deadline may move there.

    Raises:
        Refused: it is over already, as the table of it has been told; or the new one is.
    """
    if notice.due_at is None or notice.due_at <= now:
        raise errors.Refused(OVER)
    if due_at <= now:
        raise errors.Refused(PAST)


def move(tx: Tx, now: dt.datetime, notice: Notice, due_at: dt.datetime) -> None:
    """The notice and all that is owed to it are due then; its rungs are those of a notice published now.

    What was said before stays on time or late as it was. A rung that was left out for want of time, or of somebody to
    tell, is planned anew.

    Raises:
        As `check`.
    """
    check(now, notice, due_at)
    tx.execute(_n.update().where(_n.c.id == notice.id).values(due_at=due_at))
    owed = sa.select(_a.c.id).where(_a.c.notice_id == notice.id).order_by(_a.c.id)
    tx.execute(owed.with_for_update(key_share=True))  # in the order in which presses take several
    tx.execute(_a.update().where(_a.c.notice_id == notice.id).values(due_at=due_at))
    rungs = rules.ladder(chase=notice.chase, escalate=notice.escalate, published_at=now, due_at=due_at)
    planned = {rung.step.value: rung.at for rung in rungs}
    known = {row.step: row for row in tx.execute(sa.select(_r).where(_r.c.notice_id == notice.id))}
    for step, at in planned.items():
        if step not in known:
            tx.execute(_r.insert().values(notice_id=notice.id, step=step, at=at))
        elif known[step].settled_at is None or known[step].reason:
            tx.execute(_mine(notice, step).values(at=at, settled_at=None, reason=""))
    for step, row in known.items():
        if step not in planned and row.settled_at is None:
            tx.execute(_mine(notice, step).values(settled_at=now, reason=MOVED))


def _mine(notice: Notice, step: str) -> sa.Update:
    return _r.update().where(_r.c.notice_id == notice.id, _r.c.step == step)

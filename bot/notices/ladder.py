"""The ladder of a notice: nudge, list, line, difference; rows written at publication, each climbed once.

A rung is taken in one transaction that holds its row, so that of two processes one takes it, and a process that
dies has not taken it. Where it is left out its row says why. What the messages say is made when they are sent.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.audit import trail
from bot.calendar.quiet import QuietHours
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane, State, chat, delivery
from bot.notices import chase, model, queries, rules
from bot.notices.queries import Notice
from bot.notices.rules import Step
from bot.roster import people
from bot.roster.access import Role

RECALLED = "通知已撤回"
TRIAL = "试运行,不催"
TOO_LATE = "到时间时机器人没有运行,现在太晚了"
QUIET = "静默时段过后太晚了"
SUPERSEDED = "后一次提醒也到了时间"
NOBODY = "没有要说的人"

_r, _n, _a, _q, _d = model.rung, model.notice, model.assignment, model.asked, delivery


@dataclass(frozen=True, slots=True)
class Due:
    """A rung whose time has come."""

    notice_id: int
    step: Step


def set_up(
    tx: Tx, now: dt.datetime, notice_id: int, *, chase: str, escalate: str, due_at: dt.datetime
) -> None:
    """The notice, published now, has its rungs."""
    rungs = rules.ladder(chase=chase, escalate=escalate, published_at=now, due_at=due_at)
    rows = [{"notice_id": notice_id, "step": rung.step.value, "at": rung.at} for rung in rungs]
    tx.execute(_r.insert(), rows)


def due(tx: Tx, now: dt.datetime) -> list[Due]:
    """The rungs whose time has come, the earliest first. Only reads."""
    query = sa.select(_r.c.notice_id, _r.c.step).where(_r.c.settled_at.is_(None), _r.c.at <= now)
    rows = tx.execute(query.order_by(_r.c.at, _r.c.notice_id, _r.c.step))
    return [Due(row.notice_id, Step(row.step)) for row in rows]


def climb(tx: Tx, now: dt.datetime, it: Due, *, quiet: QuietHours) -> str | None:
    """The rung is taken, put off until quiet hours end, or left out; once, however many try.

    Returns:
        '' when it was taken, the reason when it was left out; None when it still stands or another has it.
    """
    mine = sa.and_(_r.c.notice_id == it.notice_id, _r.c.step == it.step.value)
    waiting = sa.select(_r.c.at).where(mine, _r.c.settled_at.is_(None), _r.c.at <= now)
    if tx.execute(waiting.with_for_update(skip_locked=True)).first() is None:
        return None
    notice = queries.notice(tx, it.notice_id)
    if notice is None:
        raise LookupError(f"notice {it.notice_id}")
    reason = _left_out(tx, now, notice, it.step)
    opens_at = now if notice.category == "emergency" else quiet.opening(now)
    if not reason and opens_at > now:
        if notice.due_at is not None and opens_at < rules.useful_until(it.step, notice.due_at):
            tx.execute(_r.update().where(mine).values(at=opens_at))
            return None
        reason = QUIET
    if not reason:
        told = _TAKE[it.step](tx, now, notice)
        if told is None:
            return None
        reason = "" if told else NOBODY
    tx.execute(_r.update().where(mine).values(settled_at=now, reason=reason))
    return reason


def _left_out(tx: Tx, now: dt.datetime, notice: Notice, step: Step) -> str:
    """Why a rung is not taken any more; '' where it is."""
    if notice.recalled_at is not None:
        return RECALLED
    if notice.is_trial and step in (*rules.NUDGES, Step.COUNTY):
        return TRIAL
    if notice.due_at is None or now >= rules.useful_until(step, notice.due_at):
        return TOO_LATE
    return SUPERSEDED if step in rules.NUDGES and _newer_nudge(tx, now, notice.id, step) else ""


def _newer_nudge(tx: Tx, now: dt.datetime, notice_id: int, step: Step) -> bool:
    later = [s.value for s in rules.NUDGES[rules.NUDGES.index(step) + 1 :]]
    newer = sa.select(_r.c.step).where(_r.c.notice_id == notice_id, _r.c.step.in_(later), _r.c.at <= now)
    return tx.execute(newer.limit(1)).first() is not None


# ── the steps: how many are told; None: not yet ───────────────────────────────────────────────────


def _nudge(tx: Tx, now: dt.datetime, notice: Notice) -> int | None:
    """Whoever still owes and may be reminded is, in private."""
    return len(chase.remind(tx, now, notice_id=notice.id).contacts)


def _escalate(tx: Tx, now: dt.datetime, notice: Notice) -> int | None:
    """Every row that still owes is told of once, to its own officers; how many rows."""
    missing = Counter(
        (s.row_position, s.row_code, s.county_id) for s in queries.statuses(tx, notice.id) if s.owes
    )
    by_county: dict[int, list[ChatId]] = {}
    for officer in people.reachable(tx, roles=(Role.COUNTY_OFFICER,)):
        by_county.setdefault(officer.unit_id, []).append(officer.chat_id)
    city = _unique([officer.chat_id for officer in people.reachable(tx, roles=(Role.CITY_OFFICER,))])
    e = model.escalation
    for (_, row_code, county_id), count in sorted(missing.items(), key=lambda item: item[0][:2]):
        values = {
            "notice_id": notice.id, "row_code": row_code, "county_id": county_id, "missing": count, "at": now,
        }  # fmt: skip
        (escalation_id,) = tx.execute(e.insert().values(values).returning(e.c.id)).one()
        told = city if county_id is None else _unique(by_county.get(county_id, []))
        outbox.show_each(
            tx, now, [(chat_id, escalation_id) for chat_id in told], "escalation", lane=Lane.INTERACTIVE
        )
    if missing and notice.escalate == "city" and notice.category == "emergency":
        each = [(chat_id, notice.id) for chat_id in city]
        outbox.show_each(tx, now, each, "city_escalation", lane=Lane.INTERACTIVE)
    subject, detail = f"notice:{notice.id}", f"rows:{len(missing)}"
    trail.note(tx, now, actor=chase.TIMER, verb="escalate", subject=subject, detail=detail)
    return len(missing)


def _line(tx: Tx, now: dt.datetime, notice: Notice) -> int | None:
    """Every group through which somebody who owes is asked will have the line."""
    owing = {s.assignment_id for s in queries.statuses(tx, notice.id) if s.owes}
    groups = (
        sa.select(_q.c.chat_id, _q.c.assignment_id)
        .join(chat, chat.c.id == _q.c.chat_id)
        .where(_q.c.notice_id == notice.id, _q.c.until.is_(None), chat.c.kind != "private")
        .order_by(_q.c.id)
    )
    told = _unique([r.chat_id for r in tx.execute(groups) if r.assignment_id in owing])
    outbox.show_each(tx, now, [(chat_id, notice.id) for chat_id in told], "overdue", lane=Lane.SCHEDULED)
    return len(told)


def _difference(tx: Tx, now: dt.datetime, notice: Notice) -> int | None:
    """Whoever was told the table of due will be told what came since; after that table, never before it."""
    n = sa.select(_n.c.deadline_told_at).where(_n.c.id == notice.id)
    told_at: dt.datetime | None = tx.execute(n).scalar_one()
    if told_at is None or notice.due_at is None:
        return None
    same = (_d.c.kind == "deadline", _d.c.subject == str(notice.id))
    lost = [State.FAILED.value, State.DROPPED.value]
    chats = tx.execute(
        sa.select(_d.c.chat_id).where(*same, _d.c.state.not_in(lost)).order_by(_d.c.id)
    ).scalars()
    told = _unique(list(chats)) if told_at < notice.due_at + rules.DIFFERENCE_AFTER else []
    outbox.show_each(tx, now, [(chat_id, notice.id) for chat_id in told], "difference", lane=Lane.INTERACTIVE)
    return len(told)


def _unique(chats: list[ChatId]) -> list[ChatId]:
    return list(dict.fromkeys(chats))


_Take = Callable[[Tx, dt.datetime, Notice], int | None]
_TAKE: dict[Step, _Take] = {
    Step.NUDGE_DAY: _nudge,
    Step.NUDGE_HALF: _nudge,
    Step.NUDGE: _nudge,
    Step.COUNTY: _escalate,
    Step.LINE: _line,
    Step.DIFFERENCE: _difference,
}

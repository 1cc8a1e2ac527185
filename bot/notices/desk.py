"""What an officer does for schools that did not answer: 代报, 免报, 已电话; all flagged, all correctable."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.notices import answer, asking, items, model, queries, rules, trouble
from bot.notices.rules import Kind, Value
from bot.roster import access, people
from bot.roster.people import Person

REASONS = {
    "closed": "已停办",
    "no_pupils": "没有在校生",
    "unrelated": "与本校无关",
    "day_off": "今天停课",
    "other": "别的原因",
}
NOT_ALL_YOURS = "其中有不归您管的学校,没有改动。"
_a = model.assignment


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for how many of the schools asked for; the others had answered meanwhile."""

    done: int
    skipped: int


def on_behalf(
    tx: Tx, now: dt.datetime, *, notice_id: int, unit_ids: list[int], user_id: int, value: Value
) -> Done:
    """The officer answers for these schools; a school that has answered itself is left alone.

    Raises:
        NotAllowed: one of them lies outside the officer's area; then nothing is done.
    """
    notice, person = _open(tx, now, notice_id), _officer(tx, user_id)
    if notice.kind is Kind.DIRECTIVE and value is not Value.YES:
        raise errors.Refused("有困难请学校逐项报。")
    done = 0
    chosen = _chosen(tx, notice_id, unit_ids, person, access.Action.ON_BEHALF)
    for m in chosen:
        (status,) = queries.statuses(tx, notice_id, assignment_ids=[m["id"]])
        if not status.owes:
            continue
        if notice.kind is Kind.DIRECTIVE:
            items.complete(tx, now, notice, m, person=person, on_behalf=True)
            asking.refresh_lists(tx, now, notice_id, m["unit_id"])
        else:
            _say(tx, now, notice, m, person, value)
        _note(tx, now, person, "on_behalf", m["id"], value.value)
        done += 1
    asking.refresh_cards(tx, now, notice_id, [m["id"] for m in chosen])
    return Done(done, len(unit_ids) - done)


def _say(
    tx: Tx, now: dt.datetime, notice: queries.Notice, m: sa.RowMapping, person: Person, value: Value
) -> None:
    late = rules.is_late(pressed_at=now, due_at=m["due_at"])
    answer.add(tx, now, m, value=value, person=person, late=late, version=notice.version, on_behalf=True)
    if value is Value.TROUBLE:
        trouble.open_(tx, now, m, person=person, chat=None, on_behalf=True)


def excuse(
    tx: Tx, now: dt.datetime, *, notice_id: int, unit_ids: list[int], user_id: int, reason: str
) -> Done:
    """These schools owe nothing, for this reason; answering brings one back.

    Raises:
        NotAllowed: one of them lies outside the officer's area. Refused: no such reason.
    """
    _open(tx, now, notice_id)
    person = _officer(tx, user_id)
    if reason not in REASONS:
        raise errors.Refused("没有这个选项,请重新点。")
    done = 0
    chosen = _chosen(tx, notice_id, unit_ids, person, access.Action.EXCUSE)
    for m in chosen:
        (status,) = queries.statuses(tx, notice_id, assignment_ids=[m["id"]])
        if not status.owes:
            continue
        values = {"assignment_id": m["id"], "reason": reason, "contact_id": person.contact_id, "since": now}
        tx.execute(model.excuse.insert().values(values))
        _note(tx, now, person, "excuse", m["id"], reason)
        done += 1
    asking.refresh_cards(tx, now, notice_id, [m["id"] for m in chosen])
    return Done(done, len(unit_ids) - done)


def mark_phoned(tx: Tx, now: dt.datetime, *, notice_id: int, unit_ids: list[int], user_id: int) -> Done:
    """已电话: noted beside the school, changes no figure."""
    _open(tx, now, notice_id)
    person = _officer(tx, user_id)
    chosen = _chosen(tx, notice_id, unit_ids, person, access.Action.MARK_PHONED)
    for m in chosen:
        tx.execute(
            model.phone_call.insert().values(assignment_id=m["id"], contact_id=person.contact_id, at=now)
        )
        _note(tx, now, person, "phoned", m["id"], "")
    return Done(len(chosen), len(unit_ids) - len(chosen))


def _note(tx: Tx, now: dt.datetime, person: Person, verb: str, assignment_id: int, detail: str) -> None:
    trail.note(tx, now, actor=person.actor, verb=verb, subject=f"assignment:{assignment_id}", detail=detail)


def _officer(tx: Tx, user_id: int) -> Person:
    person = people.by_user(tx, user_id)
    if person is None:
        raise errors.NotAllowed("您没有登记,不能这样做。")
    return person


def _open(tx: Tx, now: dt.datetime, notice_id: int) -> queries.Notice:
    notice = queries.notice(tx, notice_id)
    if notice is None or notice.due_at is None:
        raise errors.Refused("没有这条通知。")
    if notice.state(now) in ("closed", "recalled"):
        raise errors.Refused("这条通知已经结束,不能再改。")
    return notice


def _chosen(
    tx: Tx, notice_id: int, unit_ids: list[int], person: Person, action: access.Action
) -> list[sa.RowMapping]:
    """The assignments of these units, locked in one order; all within the officer's area or none."""
    query = sa.select(_a).where(_a.c.notice_id == notice_id, _a.c.unit_id.in_(unit_ids)).order_by(_a.c.id)
    rows = list(tx.execute(query.with_for_update()).mappings())
    if not rows or not all(person.may(action, access.Place(m["unit_id"], m["county_id"])) for m in rows):
        raise errors.NotAllowed(NOT_ALL_YOURS)
    return rows

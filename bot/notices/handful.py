"""Presses by the handful: what the plain ones ask is read together, what they say written together; the rest is `answer`'s.

Plain, as nearly all are, is a school's first ✅: from somebody who can mean one unit only, of which nothing has been
heard yet, on the card as we know it. `answer.press` would do the same, one by one.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import chats, outbox
from bot.notices import answer, asking, model, pressing, queries, rules
from bot.notices.pressing import Outcome, Press, Said
from bot.notices.rules import Kind, Value
from bot.roster import people
from bot.roster.model import contact
from bot.roster.people import Person

_a, _an = model.assignment, model.answer
_LOCK = (
    sa.select(_a.c.id, _a.c.notice_id, _a.c.unit_id, _a.c.unit_name, _a.c.due_at)
    .where(schema.among(_a.c.notice_id, "notice_ids"), schema.among(_a.c.unit_id, "unit_ids"))
    .where(_a.c.contact_id.is_(None))
    .order_by(_a.c.id)  # whoever locks several does so in this order
    .with_for_update()
)
_SPOKEN = (
    sa.select(contact.c.id)
    .where(schema.among(contact.c.id, "contact_ids"))
    .where(sa.exists().where(_an.c.contact_id == contact.c.id))
)
_Where = dict[tuple[int, str], tuple[chats.Chat, int | None]]


@dataclass(frozen=True, slots=True)
class _Plain:
    """A press that can mean one unit only, and where it was made."""

    press: Press
    notice: queries.Notice
    person: Person
    unit_id: int
    chat: chats.Chat | None


def press_each(tx: Tx, now: dt.datetime, presses: Sequence[Press]) -> list[Outcome]:
    """`answer.press` for each of them: the outcomes, and what is kept, are as if they had come one after the other."""
    plain = _record(tx, now, _plain(tx, now, presses)) if len(presses) > 1 else {}
    return [plain[n] if n in plain else answer.press(tx, now, it) for n, it in enumerate(presses)]


def _plain(tx: Tx, now: dt.datetime, presses: Sequence[Press]) -> dict[int, _Plain]:
    """Number in the handful → what it means, of those that are plain as far as can be told before the lock."""
    notices = queries.by_ids(tx, {it.notice_id for it in presses})
    persons = people.by_users(tx, {it.user_id for it in presses})
    places = outbox.seen_on(
        tx, "card", {it.chat_telegram_id for it in presses}, {str(it.notice_id) for it in presses}
    )
    found: dict[int, _Plain] = {}
    touched: set[object] = set()  # a unit or a person of an earlier press: this one comes after it
    for n, it in enumerate(presses):
        notice, person = notices.get(it.notice_id), persons.get(it.user_id)
        if notice is None or person is None:
            continue
        units = pressing.units_of(person, it)
        concerned = {person.actor, *units}
        if concerned.isdisjoint(touched) and len(units) == 1 and _is_plain(it, notice, now, places):
            chat, _ = places.get((it.chat_telegram_id, ""), (None, None))
            found[n] = _Plain(it, notice, person, units[0], chat)
        touched |= concerned
    return found


def _is_plain(it: Press, notice: queries.Notice, now: dt.datetime, places: _Where) -> bool:
    if it.value is not Value.YES or it.item or it.every or it.pressed_before is not None:
        return False
    if notice.kind is Kind.DIRECTIVE or pressing.refusal(notice, it, now) is not None:
        return False
    if it.unit_id is not None or it.message_id is None:  # no card
        return True
    _, message_id = places.get((it.chat_telegram_id, str(it.notice_id)), (None, None))
    return message_id == it.message_id


def _record(tx: Tx, now: dt.datetime, plain: dict[int, _Plain]) -> dict[int, Outcome]:
    """Those of them of which nothing has been heard are answers now; number in the handful → what its presser is told."""
    if not plain:
        return {}
    units = {
        "notice_ids": {p.notice.id for p in plain.values()},
        "unit_ids": {p.unit_id for p in plain.values()},
    }
    mine = {(row.notice_id, row.unit_id): row for row in tx.execute(_LOCK, units)}
    heard = queries.heard_of(tx, [row.id for row in mine.values()])
    contacts = {"contact_ids": {p.person.contact_id for p in plain.values()}}
    spoken = frozenset(tx.execute(_SPOKEN, contacts).scalars())
    outcomes: dict[int, Outcome] = {}
    rows: list[dict[str, object]] = []
    told: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for n, p in plain.items():
        unit = mine.get((p.notice.id, p.unit_id))
        if unit is None or unit.id in heard:
            continue
        is_late = rules.is_late(pressed_at=now, due_at=unit.due_at)
        rows.append(
            answer.row(
                now, unit.id, unit.unit_id, value=Value.YES, person=p.person, late=is_late, version=p.press.version,
                chat_id=p.chat.id if p.chat else None,
            )
        )  # fmt: skip
        told[p.notice.id].append((unit.id, p.press.user_id))
        outcomes[n] = Outcome(
            Said.LATE if is_late else Said.RECORDED, unit.unit_name, pressing.words(p.notice, Value.YES), at=now,
            first=p.person.contact_id not in spoken, due_at=unit.due_at,
        )  # fmt: skip
    if rows:
        tx.execute(_ADD, rows)
    for notice_id, pairs in sorted(told.items()):
        assignments, users = zip(*pairs, strict=True)
        asking.refresh_after_presses(tx, now, notice_id, list(assignments), user_ids=list(users))
    return outcomes


_ADD = _an.insert()

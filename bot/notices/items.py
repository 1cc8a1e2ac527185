"""What a school says to a directive: 已知悉 to the whole, and to each item that it is done, or that it is difficult."""

import dataclasses
import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats, postings
from bot.delivery.model import ChatState, Lane
from bot.notices import answer, asking, model, pressing, queries, rules
from bot.notices.pressing import Outcome, Press, Said
from bot.notices.rules import Aspect, Kind, Value
from bot.roster.people import Person

ACKNOWLEDGED = "已知悉"
_a = model.assignment


def acknowledge(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """All units the presser may mean have read the directive, each once; it is no answer to any item."""
    meant = pressing.meant(tx, now, dataclasses.replace(it, every=True))
    if isinstance(meant, Outcome):
        return meant
    if meant.notice.kind is not Kind.DIRECTIVE:
        return Outcome(Said.UNKNOWN)
    found = _locked(tx, meant.notice.id, [m["id"] for m in meant.mine])
    unread = [m for m in meant.mine if found[m["id"]].acknowledged_at is None]
    for m in unread:
        answer.add(
            tx, now, m, value=Value.YES, person=meant.person, late=False, version=it.version,
            chat_id=meant.chat.id if meant.chat else None, aspect=Aspect.ACK,
        )  # fmt: skip
    if unread:
        asking.refresh_cards(tx, now, meant.notice.id, [m["id"] for m in unread])
    first = found[meant.mine[0]["id"]]
    unit = meant.mine[0]["unit_name"] if len(meant.mine) == 1 else f"{len(meant.mine)} 所"
    return Outcome(Said.ACKNOWLEDGED, unit, ACKNOWLEDGED, at=now if unread else first.acknowledged_at)


def ask(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """[逐项反馈]: the items come to the presser's private chat, as a new message."""
    meant = pressing.meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
    if meant.notice.kind is not Kind.DIRECTIVE:
        return Outcome(Said.UNKNOWN)
    private = chats.find(tx, it.user_id)
    if private is None or private.state is not ChatState.OK:
        return Outcome(Said.UNREACHABLE)
    unit = meant.mine[0]
    subject = f"{meant.notice.id}:{unit['unit_id']}"
    postings.anew(tx, now, private.id, "items", subject, lane=Lane.INTERACTIVE)
    return Outcome(Said.LISTED, unit["unit_name"])


def rest(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """[其余全部已落实]: every item the unit has said nothing to is done; what asks for a number is left."""
    meant = pressing.meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
    if meant.notice.kind is not Kind.DIRECTIVE or len(meant.mine) != 1:
        return Outcome(Said.UNKNOWN)
    unit = meant.mine[0]
    count = complete(
        tx, now, meant.notice, unit, person=meant.person, chat=meant.chat, pressed_at=it.pressed_before or now
    )
    if not count:
        return Outcome(Said.ALREADY_MINE, at=now)
    asking.refresh_after_press(tx, now, meant.notice.id, unit["id"], user_id=it.user_id)
    asking.refresh_lists(tx, now, meant.notice.id, unit["unit_id"], but=it.user_id if it.is_on_list else None)
    label = pressing.words(meant.notice, Value.YES)
    return Outcome(Said.REST, unit["unit_name"], label, at=now, count=count, first=not unit["has_answered"])


def complete(
    tx: Tx,
    now: dt.datetime,
    notice: queries.Notice,
    assignment: sa.RowMapping,
    *,
    person: Person,
    chat: chats.Chat | None = None,
    on_behalf: bool = False,
    pressed_at: dt.datetime | None = None,
) -> int:
    """Every item in force the unit has not answered is answered as done; how many those were.

    One that asks for a number only an officer can settle without one.
    """
    status = _locked(tx, notice.id, [assignment["id"]])[assignment["id"]]
    left = [
        item for item in queries.standing(tx, notice.id)
        if item.key not in status.done and (on_behalf or not item.asks)
    ]  # fmt: skip
    for number, item in enumerate(left):
        late = rules.is_late(pressed_at=pressed_at or now, due_at=item.due_at or assignment["due_at"])
        answer.add(
            tx, now, assignment, value=Value.YES, person=person, late=late, version=notice.version,
            chat_id=chat.id if chat else None, on_behalf=on_behalf, item=item.key,
            is_excused=bool(status.excused) and number == 0,
        )  # fmt: skip
    return len(left)


def _locked(tx: Tx, notice_id: int, assignment_ids: list[int]) -> dict[int, queries.Status]:
    """Where these stand, with nobody else deciding on them before the transaction ends."""
    answer.lock(tx, assignment_ids)
    found = queries.statuses(tx, notice_id, assignment_ids=assignment_ids)
    return {status.assignment_id: status for status in found}

"""Answering: a press or a line becomes the unit's answer, at once and once."""

import datetime as dt
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx, schema
from bot.delivery import chats, outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.inbox import questions
from bot.notices import asking, model, pressing, queries, rules, trouble
from bot.notices.pressing import Meant, Outcome, Press, Said
from bot.notices.rules import Aspect, Kind, Value
from bot.roster import access, people, units
from bot.roster.people import Person

LINE_CHARS = 200
LINE_WITHIN = dt.timedelta(hours=24)
LINE_QUESTION, NUMBER_QUESTION = "report_line", "item_number"
NUMBER_CHARS = 6

_a, _an = model.assignment, model.answer
_LOCK = (
    sa.select(_a.c.id)
    .where(schema.among(_a.c.id, "assignment_ids"))
    .order_by(_a.c.id)  # whoever locks several does so in this order
    .with_for_update()
)
RECORDED = (Said.RECORDED, Said.LATE, Said.ITEM, Said.ITEM_LATE)
_ADD = _an.insert().returning(_an.c.id)


def press(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """Record the press for the unit it can only mean, or say why not; safe to repeat.

    A person with several units under the card answers for the one that still owes; if that is not exactly
    one, he is asked in private which he means.
    """
    meant = pressing.meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
    if (meant.notice.kind is Kind.DIRECTIVE) != bool(it.item):
        return Outcome(Said.UNKNOWN)
    item = queries.item(tx, meant.notice.id, it.item) if it.item else None
    if it.item and item is None:
        return Outcome(Said.OLD_VERSION)
    if it.every:
        return _all(tx, now, meant, it)
    if item is not None and item.asks and it.value is Value.YES:
        return _ask_number(tx, now, it, meant.mine[0])
    outcome = record(
        tx, now, meant.notice, meant.mine[0], value=it.value, person=meant.person, chat=meant.chat, press=it,
        is_locked=meant.is_locked, item=item,
    )  # fmt: skip
    if item is not None:
        but = it.user_id if it.is_on_list else None
        asking.refresh_lists(tx, now, meant.notice.id, meant.mine[0]["unit_id"], but=but)
    if it.pressed_before is not None and outcome.said in RECORDED:
        _tell_recovered(tx, now, it, meant.mine[0]["unit_id"])
    return outcome


def _tell_recovered(tx: Tx, now: dt.datetime, it: Press, unit_id: int) -> None:
    """A press that waited out an outage has no toast any more: its presser is told in private."""
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "recovered", f"{it.notice_id}:{unit_id}", lane=Lane.INTERACTIVE)


def _ask_number(tx: Tx, now: dt.datetime, it: Press, unit: sa.RowMapping) -> Outcome:
    """The next thing the presser types in private is the number the item asks for."""
    subject = f"{it.notice_id}:{it.version}:{unit['unit_id']}:{it.item}"
    questions.ask(tx, now, it.user_id, NUMBER_QUESTION, subject, for_=LINE_WITHIN)
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "number", subject, lane=Lane.INTERACTIVE)
    return Outcome(Said.NUMBER, unit["unit_name"], item=it.item)


def number(tx: Tx, now: dt.datetime, *, user_id: int, subject: str, text: str) -> Outcome:
    """The number typed is the unit's answer to the item: to how many of its schools it was passed on.

    Raises:
        Refused: no whole number from 0 to as many schools as the unit has.
    """
    notice_id, version, unit_id, key = subject.split(":", 3)
    most = units.schools_below(tx, int(unit_id))
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix("校").removesuffix("所").strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) < NUMBER_CHARS and int(plain) <= most):
        raise errors.Refused(f"辖区有 {most} 校,请发 0 到 {most} 的一个数,例如 {most}。")
    it = Press(
        int(notice_id), int(version), Value.TEXT, user_id, user_id, None, unit_id=int(unit_id), item=key,
        text=str(int(plain)),
    )  # fmt: skip
    outcome = press(tx, now, it)
    questions.close(tx, now, user_id)
    return outcome


def ask_line(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """「写一句」: the next line the presser types in private is his unit's report."""
    meant = pressing.meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
    if meant.notice.kind is Kind.DIRECTIVE:
        return Outcome(Said.UNKNOWN)
    unit = meant.mine[0]
    subject = f"{meant.notice.id}:{unit['unit_id']}"
    questions.ask(tx, now, it.user_id, LINE_QUESTION, subject, for_=LINE_WITHIN)
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "line", subject, lane=Lane.INTERACTIVE)
    return Outcome(Said.SAY, unit["unit_name"])


def line(tx: Tx, now: dt.datetime, *, user_id: int, subject: str, text: str) -> Outcome:
    """The line typed after 「写一句」 is the unit's report; a longer one than 200 characters is refused.

    Raises:
        Refused: too long, or empty.
    """
    plain = " ".join(text.split())
    if not 0 < len(plain) <= LINE_CHARS:
        raise errors.Refused(f"请写一句话,不超过 {LINE_CHARS} 字(您写了 {len(plain)} 字)。")
    notice_id, unit_id = (int(word) for word in subject.split(":"))
    notice = queries.notice(tx, notice_id)
    it = Press(
        notice_id,
        notice.version if notice else 0,
        Value.TEXT,
        user_id,
        user_id,
        None,
        unit_id=unit_id,
        text=plain,
    )
    outcome = press(tx, now, it)
    questions.close(tx, now, user_id)
    return outcome


def lock(tx: Tx, assignment_ids: Collection[int]) -> None:
    """Nobody else decides on these before the transaction ends."""
    tx.execute(_LOCK, {"assignment_ids": assignment_ids})


def _all(tx: Tx, now: dt.datetime, meant: Meant, it: Press) -> Outcome:
    """Each of the presser's units that still owes once nobody else can be answering for it."""
    lock(tx, [m["id"] for m in meant.mine])
    done = [
        record(
            tx, now, meant.notice, m, value=it.value, person=meant.person, chat=meant.chat, press=it,
            is_locked=True,
        )
        for m in pressing.owing(tx, meant.notice.id, meant.mine)
    ]  # fmt: skip
    if not done:
        return Outcome(Said.ALREADY_MINE, at=now)
    label = pressing.words(meant.notice, it.value)
    return Outcome(Said.RECORDED_ALL, words=label, count=len(done), at=now, due_at=meant.notice.due_at)


def record(
    tx: Tx,
    now: dt.datetime,
    notice: queries.Notice,
    assignment: sa.RowMapping,
    *,
    value: Value,
    person: Person,
    chat: chats.Chat | None,
    press: Press,
    is_locked: bool = False,
    item: queries.Item | None = None,
) -> Outcome:
    """The unit's answer, of a directive that to the `item`, is what was just said, unless it had been said already.

    The newest counts.

    A ✅ after a ⚠️ is kept beside it and ends nothing; a ⚠️ after one that is over is a new one. An excused unit
    that answers is excused no more.
    """
    if not is_locked:
        lock(tx, [assignment["id"]])
    status, key = queries.heard(tx, assignment["id"], item), item.key if item else ""
    due_at = (item.due_at if item else None) or assignment["due_at"]
    unit, label = assignment["unit_name"], pressing.words(notice, value)
    standing = rules.is_standing(status.trouble)
    before = Outcome(
        Said.ALREADY,
        unit,
        pressing.words(notice, Value(status.answer or value)),
        status.said_by,
        status.said_at,
    )
    late = rules.is_late(pressed_at=press.pressed_before or now, due_at=due_at)
    if value is Value.TROUBLE and standing:
        return _met_again(
            tx, now, notice, assignment, person, chat, late=late, is_excused=bool(status.excused), item=key
        )
    if status.answer == value.value and value is Value.YES and not status.on_behalf and not status.excused:
        trail.note(tx, now, actor=person.actor, verb="press_again", subject=f"assignment:{assignment['id']}")
        same = status.said_by == person.said_by(assignment["unit_id"])
        kind = Said.ALREADY_MINE if same else Said.ALREADY
        return (
            Outcome(kind, unit, before.words, before.by, before.at)
            if not standing
            else _stands(tx, now, notice, assignment, person, label, item=key)
        )
    add(tx, now, assignment, value=value, person=person, late=late, chat_id=chat.id if chat else None,
        version=press.version, text=press.text, is_excused=bool(status.excused), item=key)  # fmt: skip
    asking.refresh_after_press(tx, now, notice.id, assignment["id"], user_id=press.user_id)
    if value is Value.TROUBLE:
        trouble_id = trouble.open_(tx, now, assignment, person=person, chat=chat, item=key)
        return Outcome(
            Said.TROUBLE, unit, label, at=now, first=not assignment["has_answered"], trouble_id=trouble_id
        )
    if standing:
        return _stands(tx, now, notice, assignment, person, label, item=key)
    is_late = late and status.answered_at is None  # the first answer decides
    kind = _SAID[bool(item), is_late]
    return Outcome(kind, unit, label, at=now, first=not assignment["has_answered"], due_at=due_at, item=key)


_SAID = {  # of an item?, late?
    (False, False): Said.RECORDED,
    (False, True): Said.LATE,
    (True, False): Said.ITEM,
    (True, True): Said.ITEM_LATE,
}


def _met_again(
    tx: Tx,
    now: dt.datetime,
    notice: queries.Notice,
    assignment: sa.RowMapping,
    person: Person,
    chat: chats.Chat | None,
    *,
    late: bool,
    is_excused: bool,
    item: str,
) -> Outcome:
    """⚠️ while one stands: nothing new, unless an officer had told it and now the school speaks for itself."""
    found = trouble.standing(tx, assignment["id"], item)
    if found is None:
        raise LookupError(f"assignment {assignment['id']} has no standing trouble")
    unit, label = assignment["unit_name"], pressing.words(notice, Value.TROUBLE)
    if found.on_behalf:
        add(tx, now, assignment, value=Value.TROUBLE, person=person, late=late, chat_id=chat.id if chat else None,
            version=notice.version, is_excused=is_excused, item=item)  # fmt: skip
        trouble.adopt(tx, now, found, person)
        asking.refresh_cards(tx, now, notice.id, [assignment["id"]])
        return Outcome(Said.TROUBLE, unit, label, at=now, trouble_id=found.id)
    trouble.ask_again(tx, now, found, person)
    return Outcome(Said.TROUBLE_ALREADY, unit, label, found.said_by, found.opened_at, trouble_id=found.id)


def _stands(
    tx: Tx,
    now: dt.datetime,
    notice: queries.Notice,
    assignment: sa.RowMapping,
    person: Person,
    label: str,
    *,
    item: str,
) -> Outcome:
    """The ⚠️ before the ✅; where it can be ended, in private, is shown to the presser."""
    opened = trouble.standing(tx, assignment["id"], item)
    if opened is None:
        raise LookupError(f"assignment {assignment['id']} has no standing trouble")
    trouble.show(tx, now, opened, person)
    return Outcome(
        Said.TROUBLE_STANDS, assignment["unit_name"], label, opened.said_by, opened.opened_at,
        trouble_id=opened.id, trouble_words=notice.trouble_words,
    )  # fmt: skip


def add(
    tx: Tx,
    now: dt.datetime,
    assignment: sa.RowMapping,
    *,
    value: Value,
    person: Person,
    late: bool,
    version: int,
    chat_id: ChatId | None = None,
    text: str | None = None,
    on_behalf: bool = False,
    is_excused: bool = False,
    item: str = "",
    aspect: Aspect = Aspect.DONE,
) -> int:
    """One more answer row; a unit that `is_excused` leaves 免报. The caller holds the assignment's lock."""
    if is_excused:
        e = model.excuse
        mine = (e.c.assignment_id == assignment["id"], e.c.until.is_(None))
        tx.execute(e.update().where(*mine).values(until=now))
    values = row(
        now, assignment["id"], assignment["unit_id"], value=value, person=person, late=late, version=version,
        chat_id=chat_id, text=text, on_behalf=on_behalf, item=item, aspect=aspect,
    )  # fmt: skip
    (answer_id,) = tx.execute(_ADD, values).one()
    return int(answer_id)


def row(
    now: dt.datetime,
    assignment_id: int,
    unit_id: int,
    *,
    value: Value,
    person: Person,
    late: bool,
    version: int,
    chat_id: ChatId | None = None,
    text: str | None = None,
    on_behalf: bool = False,
    item: str = "",
    aspect: Aspect = Aspect.DONE,
) -> dict[str, object]:
    """The columns of an answer."""
    return {
        "assignment_id": assignment_id, "item": item, "version": version, "aspect": aspect.value, "value": value.value,
        "text": text, "contact_id": person.contact_id, "said_by": person.said_by(None if on_behalf else unit_id),
        "on_behalf": on_behalf, "chat_id": chat_id, "late": late, "at": now,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Own:
    """One of the presser's own units and what it has said."""

    name: str
    status: queries.Status


def own(tx: Tx, now: dt.datetime, *, notice_id: int, user_id: int) -> list[Own] | None:
    """「我校报了没」: the presser's units under this notice; None for a stranger. Only reads."""
    person = people.by_user(tx, user_id)
    if person is None:
        return None
    units = [
        p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN
    ]
    ids = list(
        tx.execute(sa.select(_a.c.id).where(_a.c.notice_id == notice_id, _a.c.unit_id.in_(units))).scalars()
    )
    return (
        [Own(s.name, s) for s in queries.statuses(tx, notice_id, at=now, assignment_ids=ids)] if ids else []
    )

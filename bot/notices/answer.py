"""Answering: a press or a line becomes the unit's answer, at once and once."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane, delivery
from bot.inbox import held, questions
from bot.notices import asking, model, queries, rules, trouble
from bot.notices.rules import Value
from bot.roster import access, people
from bot.roster.people import Person

LINE_CHARS = 200
LINE_WITHIN = dt.timedelta(hours=24)
LINE_QUESTION = "report_line"

_a, _an, _q, _d = model.assignment, model.answer, model.asked, delivery
_has_answered = sa.exists().where(_an.c.contact_id == sa.bindparam("contact_id")).label("has_answered")
_MINE = (
    sa.select(_a, _has_answered)
    .where(_a.c.notice_id == sa.bindparam("notice_id"), _a.c.contact_id.is_(None))
    .order_by(_a.c.position)
)
_MINE_OF_ONE = _MINE.where(_a.c.unit_id == sa.bindparam("unit_id")).with_for_update()
_MINE_OF_SEVERAL = _MINE.where(_a.c.unit_id.in_(sa.bindparam("unit_ids", expanding=True)))
_HERE = sa.select(_q.c.assignment_id).where(
    _q.c.notice_id == sa.bindparam("notice_id"), _q.c.chat_id == sa.bindparam("chat_id"), _q.c.until.is_(None)
)
_LOCK = sa.select(_a.c.id).where(_a.c.id == sa.bindparam("assignment_id")).with_for_update()
_ADD = _an.insert().returning(_an.c.id)


class Said(StrEnum):
    """What became of a press."""

    RECORDED = "recorded"
    RECORDED_ALL = "recorded_all"  # several units of one person at once
    LATE = "late"  # recorded, after due
    TROUBLE = "trouble"  # a trouble is open now
    TROUBLE_STANDS = "trouble_stands"  # the ✅ is kept, and the ⚠️ before it still stands
    TROUBLE_ALREADY = "trouble_already"
    ALREADY_MINE = "already_mine"
    ALREADY = "already"  # a colleague was first
    SAY = "say"  # the next line typed in private is the report
    CHOOSE = "choose"  # several units; the person is asked which one in private
    STRANGER = "stranger"
    NOT_YOURS = "not_yours"  # known, but nothing here is his to answer
    OLD_VERSION = "old_version"
    CLOSED = "closed"
    RECALLED = "recalled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the presser is to be told.

    Attributes:
        unit: the name of the unit answered for, where it is one.
        words: the button's words.
        by: who had said it before, e.g. 王校长.
        at: when that was, or when this one was recorded.
        count: units concerned, for RECORDED_ALL and CHOOSE.
        first: it is the first answer this person ever gives.
    """

    said: Said
    unit: str = ""
    words: str = ""
    by: str = ""
    at: dt.datetime | None = None
    count: int = 0
    first: bool = False
    due_at: dt.datetime | None = None
    trouble_id: int = 0
    trouble_words: str = ""  # what the ⚠️ that still stands is called


@dataclass(frozen=True, slots=True)
class Press:
    """A press as it came in.

    Attributes:
        unit_id: the one unit meant; None leaves it to the card.
        every: all units of the presser that still owe.
        pressed_before: after an outage, the press may be as old as this.
    """

    notice_id: int
    version: int
    value: Value
    user_id: int
    chat_telegram_id: int
    message_id: int | None
    unit_id: int | None = None
    every: bool = False
    pressed_before: dt.datetime | None = None
    text: str | None = None
    callback: str = ""  # as it came in, to be offered again to a stranger after enrolment


@dataclass(frozen=True, slots=True)
class _Meant:
    """Whom and what a press can only mean."""

    notice: queries.Notice
    person: Person
    chat: chats.Chat | None
    mine: list[sa.RowMapping]
    is_locked: bool  # mine is one, and nobody else decides on it before this transaction ends


def press(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """Record the press for the unit it can only mean, or say why not; safe to repeat.

    A person with several units under the card answers for the one that still owes; if that is not exactly
    one, he is asked in private which he means.
    """
    meant = _meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
    if it.every:
        return _all(tx, now, meant, it)
    outcome = record(
        tx, now, meant.notice, meant.mine[0], value=it.value, person=meant.person, chat=meant.chat, press=it,
        is_locked=meant.is_locked,
    )  # fmt: skip
    if it.pressed_before is not None and outcome.said in (Said.RECORDED, Said.LATE):
        _tell_recovered(tx, now, it, meant.mine[0]["unit_id"])
    return outcome


def _tell_recovered(tx: Tx, now: dt.datetime, it: Press, unit_id: int) -> None:
    """A press that waited out an outage has no toast any more: its presser is told in private."""
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "recovered", f"{it.notice_id}:{unit_id}", lane=Lane.INTERACTIVE)


def ask_line(tx: Tx, now: dt.datetime, it: Press) -> Outcome:
    """「写一句」: the next line the presser types in private is his unit's report."""
    meant = _meant(tx, now, it)
    if isinstance(meant, Outcome):
        return meant
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


def _meant(tx: Tx, now: dt.datetime, it: Press) -> _Meant | Outcome:
    notice = queries.notice(tx, it.notice_id)
    refusal = _refusal(notice, it, now)
    if notice is None or refusal is not None:
        return refusal or Outcome(Said.UNKNOWN)
    person = people.by_user(tx, it.user_id)
    if person is None:
        if it.callback:  # a typed line is nothing to be pressed again
            held.hold(tx, now, it.user_id, it.callback, chat_telegram_id=it.chat_telegram_id)
        return Outcome(Said.STRANGER, words=words(notice, it.value))
    chat = chats.find(tx, it.chat_telegram_id)
    if chat is not None and it.message_id is not None:
        _reveal(tx, now, chat, it)
    units = _units(person, it)
    mine = _mine(tx, person, units, it, chat)
    if not mine:
        return Outcome(Said.NOT_YOURS)
    if len(mine) > 1 and not it.every:
        owing = _owing(tx, notice.id, mine)
        if len(owing) != 1:
            return _choose(tx, now, notice, it, len(mine))
        mine = owing
    return _Meant(notice, person, chat, mine, is_locked=len(units) == 1)


def _refusal(notice: queries.Notice | None, it: Press, now: dt.datetime) -> Outcome | None:
    if notice is None or notice.due_at is None:
        return Outcome(Said.UNKNOWN)
    if notice.recalled_at is not None:
        return Outcome(Said.RECALLED)
    if it.version != notice.version:
        return Outcome(Said.OLD_VERSION)
    if notice.closes_at is not None and (it.pressed_before or now) >= notice.closes_at:
        return Outcome(Said.CLOSED, due_at=notice.due_at)
    return None


def _reveal(tx: Tx, now: dt.datetime, chat: chats.Chat, it: Press) -> None:
    """A second copy of the card, left by a send of which we never heard, is taken away once it shows itself.

    The same buttons stand under reminders, lists and the line at due, which name the unit; those are no cards.
    """
    if it.unit_id is not None or it.message_id is None:
        return
    second = outbox.reveal(tx, now, chat.id, "card", it.notice_id, it.message_id)
    if second is not None and _is_ours(tx, chat.id, it.notice_id):
        outbox.show(tx, now, chat.id, "delete", second, lane=Lane.REFRESH)


def _is_ours(tx: Tx, chat_id: ChatId, notice_id: int) -> bool:
    """Whether an uncertain send of this card was repeated in this chat: only then can there be two."""
    query = sa.select(_d.c.id).where(
        _d.c.chat_id == chat_id, _d.c.kind == "card", _d.c.subject == str(notice_id), _d.c.is_repeat.is_(True)
    )
    return tx.execute(query.limit(1)).first() is not None


def _units(person: Person, it: Press) -> list[int]:
    """The units the presser may be answering for."""
    may_answer = {
        p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN
    }
    return sorted(may_answer if it.unit_id is None else may_answer & {it.unit_id})


def _mine(
    tx: Tx, person: Person, units: list[int], it: Press, chat: chats.Chat | None
) -> list[sa.RowMapping]:
    """The assignments of these units: those under this card, else (a former place) all of them; one alone is locked.

    Beside each stands whether the presser has ever answered anything.
    """
    asked = {"notice_id": it.notice_id, "contact_id": person.contact_id}
    if len(units) == 1:
        return list(tx.execute(_MINE_OF_ONE, asked | {"unit_id": units[0]}).mappings())
    every = list(tx.execute(_MINE_OF_SEVERAL, asked | {"unit_ids": units}).mappings())
    if chat is None or len(every) < 2:
        return every
    here = set(tx.execute(_HERE, {"notice_id": it.notice_id, "chat_id": chat.id}).scalars())
    return [m for m in every if m["id"] in here] or every


def _owing(tx: Tx, notice_id: int, mine: list[sa.RowMapping]) -> list[sa.RowMapping]:
    found = queries.statuses(tx, notice_id, assignment_ids=[m["id"] for m in mine])
    open_ids = {s.assignment_id for s in found if s.owes}
    return [m for m in mine if m["id"] in open_ids]


def _choose(tx: Tx, now: dt.datetime, notice: queries.Notice, it: Press, count: int) -> Outcome:
    private = chats.find(tx, it.user_id)
    if private is not None:
        outbox.show(tx, now, private.id, "choose", notice.id, lane=Lane.INTERACTIVE)
    return Outcome(Said.CHOOSE, count=count, words=words(notice, it.value))


def _all(tx: Tx, now: dt.datetime, meant: _Meant, it: Press) -> Outcome:
    done = [
        record(tx, now, meant.notice, m, value=it.value, person=meant.person, chat=meant.chat, press=it)
        for m in _owing(tx, meant.notice.id, meant.mine)
    ]
    if not done:
        return Outcome(Said.ALREADY_MINE, at=now)
    label = words(meant.notice, it.value)
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
) -> Outcome:
    """The unit's answer is what was just said, unless it had been said already; the newest counts.

    A ✅ after a ⚠️ is kept beside it and ends nothing; a ⚠️ after one that is over is a new one. An excused unit
    that answers is excused no more.
    """
    if not is_locked:
        tx.execute(_LOCK, {"assignment_id": assignment["id"]})
    status = queries.heard(tx, assignment["id"])
    unit, label = assignment["unit_name"], words(notice, value)
    standing = rules.is_standing(status.trouble)
    before = Outcome(
        Said.ALREADY, unit, words(notice, Value(status.answer or value)), status.said_by, status.said_at
    )
    late = rules.is_late(pressed_at=press.pressed_before or now, due_at=assignment["due_at"])
    if value is Value.TROUBLE and standing:
        return _met_again(
            tx, now, notice, assignment, person, chat, late=late, is_excused=bool(status.excused)
        )
    if status.answer == value.value and value is Value.YES and not status.on_behalf and not status.excused:
        trail.note(tx, now, actor=person.actor, verb="press_again", subject=f"assignment:{assignment['id']}")
        same = status.said_by == person.said_by(assignment["unit_id"])
        kind = Said.ALREADY_MINE if same else Said.ALREADY
        return (
            Outcome(kind, unit, before.words, before.by, before.at)
            if not standing
            else _stands(tx, now, notice, assignment, person, label)
        )
    add(tx, now, assignment, value=value, person=person, late=late, chat_id=chat.id if chat else None,
        version=notice.version, text=press.text, is_excused=bool(status.excused))  # fmt: skip
    asking.refresh_after_press(tx, now, notice.id, assignment["id"], user_id=press.user_id)
    if value is Value.TROUBLE:
        trouble_id = trouble.open_(tx, now, assignment, person=person, chat=chat)
        return Outcome(
            Said.TROUBLE, unit, label, at=now, first=not assignment["has_answered"], trouble_id=trouble_id
        )
    if standing:
        return _stands(tx, now, notice, assignment, person, label)
    kind = Said.LATE if late and status.answered_at is None else Said.RECORDED  # the first answer decides
    return Outcome(
        kind, unit, label, at=now, first=not assignment["has_answered"], due_at=assignment["due_at"]
    )


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
) -> Outcome:
    """⚠️ while one stands: nothing new, unless an officer had told it and now the school speaks for itself."""
    found = trouble.standing(tx, assignment["id"])
    if found is None:
        raise LookupError(f"assignment {assignment['id']} has no standing trouble")
    unit, label = assignment["unit_name"], words(notice, Value.TROUBLE)
    if found.on_behalf:
        add(tx, now, assignment, value=Value.TROUBLE, person=person, late=late, chat_id=chat.id if chat else None,
            version=notice.version, is_excused=is_excused)  # fmt: skip
        trouble.adopt(tx, now, found, person)
        asking.refresh_cards(tx, now, notice.id, [assignment["id"]])
        return Outcome(Said.TROUBLE, unit, label, at=now, trouble_id=found.id)
    trouble.ask_again(tx, now, found, person)
    return Outcome(Said.TROUBLE_ALREADY, unit, label, found.said_by, found.opened_at, trouble_id=found.id)


def _stands(
    tx: Tx, now: dt.datetime, notice: queries.Notice, assignment: sa.RowMapping, person: Person, label: str
) -> Outcome:
    """The ⚠️ before the ✅; where it can be ended, in private, is shown to the presser."""
    opened = trouble.standing(tx, assignment["id"])
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
) -> int:
    """One more answer row; a unit that `is_excused` leaves 免报. The caller holds the assignment's lock."""
    if is_excused:
        e = model.excuse
        mine = (e.c.assignment_id == assignment["id"], e.c.until.is_(None))
        tx.execute(e.update().where(*mine).values(until=now))
    said_by = person.said_by(None if on_behalf else assignment["unit_id"])
    values = {
        "assignment_id": assignment["id"], "version": version, "aspect": "done", "value": value.value,
        "text": text, "contact_id": person.contact_id, "said_by": said_by, "on_behalf": on_behalf,
        "chat_id": chat_id, "late": late, "at": now,
    }  # fmt: skip
    (answer_id,) = tx.execute(_ADD, values).one()
    return int(answer_id)


def words(notice: queries.Notice, value: Value) -> str:
    """The button's words for a value, without its sign."""
    if value is Value.TEXT:
        return "写一句"
    return notice.trouble_words if value is Value.TROUBLE else notice.yes_words


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

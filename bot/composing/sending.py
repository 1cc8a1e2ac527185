"""From 发送 to the notice: a second officer's word where one is needed, the minute in which it can be taken back, publishing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.calendar.quiet import QuietHours
from bot.calendar.school import SchoolCalendar, SchoolCalendars
from bot.composing import drafts, model, outlook, place, revising, rules
from bot.composing.drafts import Draft
from bot.composing.model import State
from bot.composing.outlook import Outlook
from bot.composing.rules import House, Rules
from bot.db import Tx
from bot.delivery import chats, outbox, postings
from bot.delivery.model import Lane
from bot.notices import publish
from bot.notices.rules import Kind
from bot.roster import audience, bindings, people, units
from bot.roster.people import Person
from bot.texts import Words

ASK, TOLD = "draft_ask", "draft_told"  # kinds of delivery; the subject is draft:edition
PAGE = "draft_page"  # the message on which its author saw it last; the subject is draft:message
LABELS = {Kind.REMINDER: ("", ""), Kind.REPORT: ("无情况", "有困难")}
USUAL_LABELS = ("已落实", "有困难")
_d = model.draft


@dataclass(frozen=True, slots=True)
class Desk:
    """What composing is told from outside: the house rules in force, the schools' calendar and quiet hours, the language."""

    words: Words
    rules: Rules
    calendar: SchoolCalendar
    quiet: QuietHours

    @property
    def zone(self) -> dt.tzinfo:
        return self.words.zone


DeskNow = Callable[[], Desk]


def desks(
    words: Words, house: House, calendars: Callable[[], SchoolCalendars], quiet: Callable[[], QuietHours]
) -> DeskNow:
    """The desk as it is whenever it is asked for."""
    return lambda: Desk(words, house(), calendars().of(), quiet())


class Sent(StrEnum):
    """What 发送 came to."""

    LEAVING = "leaving"  # it leaves in a minute
    ASKED = "asked"  # a second officer is asked
    OTHER = "other"  # not as many as were told: to be looked at again
    REASON = "reason"  # more often than the house allows: why?
    SOON = "soon"  # its deadline has passed, or nearly
    ITEM = "item"  # an item's deadline has passed, or lies after the whole's
    UNFIT = "unfit"  # of a revision: nothing is changed, or it cannot be
    ALONE = "alone"  # a second officer is needed, and there is none


class Agreed(StrEnum):
    """What 同意发送 or 不同意 came to."""

    DONE = "done"
    OVER = "over"  # taken back, changed, or settled by a colleague
    OTHER = "other"  # the roster has changed: it is asked anew, with the new number


# ── the author ───────────────────────────────────────────────────────────────────────────────────


def send(tx: Tx, now: dt.datetime, draft: Draft, person: Person, *, told: int, desk: Desk) -> Sent:
    """What the author wants sent leaves in a minute, or waits for a second officer.

    Args:
        told: how many units he was told that it asks.

    Raises:
        As `outlook.selected`.
    """
    ahead = outlook.look(tx, now, draft, person, rules=desk.rules, zone=desk.zone)
    if (obstacle := _obstacle(tx, now, draft, ahead, told)) is not None:
        return obstacle
    settled = {"units": told, "refused_by": None, "refusal": "", "released_by": None}
    if not ahead.needs_two(desk.rules, draft.level):
        drafts.change(tx, now, draft, **settled | _leaving(now))
        _note(tx, now, draft, person, "send", ahead)
        return Sent.LEAVING
    seconds = outlook.second_officers(tx, draft, ahead.asked)
    if not seconds:
        return Sent.ALONE
    asked = drafts.change(tx, now, draft, **settled | {"state": State.ASKED.value, "asked_at": now})
    for one in seconds:
        outbox.show(tx, now, one.chat_id, ASK, _subject(asked), lane=Lane.INTERACTIVE)
    _note(tx, now, draft, person, "send_ask", ahead)
    return Sent.ASKED


def _obstacle(tx: Tx, now: dt.datetime, draft: Draft, ahead: Outlook, told: int) -> Sent | None:
    """Why it cannot be sent as it is."""
    if ahead.units != told:
        return Sent.OTHER
    kept = revising.kept(tx, draft)
    if is_too_soon(draft, now, kept):
        return Sent.SOON
    if place.ill_timed(draft, now, kept.items) is not None:
        return Sent.ITEM
    if _unfit(tx, now, draft):
        return Sent.UNFIT
    return Sent.REASON if ahead.burden.over and not draft.reason else None


def is_too_soon(draft: Draft, now: dt.datetime, kept: revising.Kept) -> bool:
    """Nobody would have time to answer; a deadline that a revision leaves as it was may be over."""
    if draft.due_at is None or draft.due_at == kept.due_at:
        return False
    return draft.due_at < now + rules.MINUTE + rules.SOONEST


def _unfit(tx: Tx, now: dt.datetime, draft: Draft) -> str:
    """Why a revision cannot be sent; '' where it can."""
    return "" if draft.revises is None else revising.look(tx, now, draft).fault


def _leaving(now: dt.datetime) -> dict[str, object]:
    return {"state": State.LEAVING.value, "leave_at": now + rules.MINUTE}


def _note(
    tx: Tx, now: dt.datetime, draft: Draft, by: Person, verb: str, ahead: Outlook | None = None
) -> None:
    detail = f"units:{ahead.units}" if ahead is not None else ""
    trail.note(tx, now, actor=by.actor, verb=verb, subject=draft.subject, detail=detail)


def take_back(tx: Tx, now: dt.datetime, draft: Draft, person: Person) -> Draft | None:
    """It is a draft again, and nobody is asked; None where it has left."""
    if draft.state not in (State.ASKED, State.LEAVING):
        return None
    opened = _opened(tx, now, draft)
    _note(tx, now, draft, person, "send_undo")
    return opened


def _opened(tx: Tx, now: dt.datetime, draft: Draft, **values: object) -> Draft:
    back = {"state": State.OPEN.value, "asked_at": None, "leave_at": None, "released_by": None}
    opened = drafts.change(tx, now, draft, **back | values)
    _refresh(tx, now, draft)
    return opened


def _refresh(tx: Tx, now: dt.datetime, draft: Draft) -> None:
    """Every copy of what asked for a second officer tells what came of it."""
    outbox.again(tx, now, ASK, draft.id, lane=Lane.REFRESH, is_family=True)


def _subject(draft: Draft) -> str:
    return f"{draft.id}:{draft.edition}"


# ── the second officer ───────────────────────────────────────────────────────────────────────────


def agree(tx: Tx, now: dt.datetime, user_id: int, draft_id: int, edition: int, *, desk: Desk) -> Agreed:
    """What a second officer has agreed to leaves in a minute; both pressing at once is one word.

    Raises:
        NotAllowed: not entitled for all who are meant, or the author himself.
    """
    draft, person = put_to(tx, user_id, draft_id, edition)
    if draft is None:
        return Agreed.OVER
    author = people.get(tx, draft.contact_id)
    try:
        ahead = outlook.look(tx, now, draft, author, rules=desk.rules, zone=desk.zone)
    except errors.Refused as fault:  # the author has lost his post, or the roster has changed under him
        hand_back(tx, now, draft, fault.sentence)
        return Agreed.OVER
    kept = revising.kept(tx, draft)
    is_late = is_too_soon(draft, now, kept) or place.ill_timed(draft, now, kept.items) is not None
    why = desk.words.plain("composing.too_soon") if is_late else _unfit(tx, now, draft)
    if why:
        hand_back(tx, now, draft, why)
        return Agreed.OVER
    if ahead.units != draft.units:
        again = drafts.change(tx, now, draft, units=ahead.units)
        for one in outlook.second_officers(tx, again, ahead.asked):
            outbox.show(tx, now, one.chat_id, ASK, _subject(again), lane=Lane.INTERACTIVE)
        _refresh(tx, now, draft)
        return Agreed.OTHER
    left = drafts.change(tx, now, draft, **_leaving(now) | {"released_by": person.contact_id})
    _note(tx, now, draft, person, "send_agree", ahead)
    _refresh(tx, now, draft)
    _tell(tx, now, left)
    return Agreed.DONE


def refuse(tx: Tx, now: dt.datetime, user_id: int, draft_id: int, edition: int, *, words: str) -> Agreed:
    """A second officer does not agree; the draft goes back to its author with his word.

    Raises:
        As `agree`.
    """
    draft, person = put_to(tx, user_id, draft_id, edition)
    if draft is None:
        return Agreed.OVER
    back = _opened(tx, now, draft, refused_by=person.contact_id, refusal=words[:200])
    _note(tx, now, draft, person, "send_refuse")
    _tell(tx, now, back)
    return Agreed.DONE


def put_to(tx: Tx, user_id: int, draft_id: int, edition: int) -> tuple[Draft | None, Person]:
    """The draft that waits for this person's word, held still; None where it waits no more.

    Raises:
        NotAllowed: not entitled for all who are meant, or the author himself.
    """
    person = people.by_user(tx, user_id)
    draft = drafts.find(tx, draft_id, locked=True)
    if person is None or draft is None:
        raise errors.NotAllowed("您不能同意发送。")
    everyone = units.every(tx)
    try:
        asked = outlook.asked_of(tx, draft, everyone)
    except errors.Refused:
        asked = everyone  # who may release all may also be told that this is over
    if not outlook.may_release(person, draft, asked):
        raise errors.NotAllowed(
            "您不能同意发送。" if person.contact_id != draft.contact_id else "要请另一位同意。"
        )
    is_asked = draft.state is State.ASKED and draft.edition == edition
    return (draft if is_asked else None), person


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────


def due(tx: Tx, now: dt.datetime) -> list[int]:
    """The drafts whose minute is over."""
    query = sa.select(_d.c.id).where(
        _d.c.state == sa.literal_column(f"'{State.LEAVING.value}'"), _d.c.leave_at <= now
    )
    return list(tx.execute(query.order_by(_d.c.leave_at, _d.c.id)).scalars())


def leave(tx: Tx, now: dt.datetime, draft_id: int, *, desk: Desk) -> publish.Published | None:
    """The draft is a notice: exactly one, whoever else is at it. None where it is not to leave, or cannot.

    What cannot be sent as the author saw it goes back to him, with the reason.
    """
    draft = drafts.find(tx, draft_id, locked=True)
    if draft is None or draft.state is not State.LEAVING or draft.leave_at is None or draft.leave_at > now:
        return None
    bindings.hold_still(tx)  # the count and the publishing below see one and the same roster
    author = people.get(tx, draft.contact_id)
    try:
        ahead = outlook.look(tx, now, draft, author, rules=desk.rules, zone=desk.zone)
    except errors.Refused as fault:
        hand_back(tx, now, draft, fault.sentence)
        return None
    why = _why_not(tx, now, draft, ahead, desk.words)
    if why:
        hand_back(tx, now, draft, why)
        return None
    published = _out(tx, now, draft, author, ahead)
    sent = drafts.change(tx, now, draft, state=State.SENT.value, notice_id=published.notice_id)
    _refresh(tx, now, draft)
    outbox.again(tx, now, TOLD, _subject(draft), lane=Lane.REFRESH)
    _tell(tx, now, sent)
    return published


def _out(tx: Tx, now: dt.datetime, draft: Draft, author: Person, ahead: Outlook) -> publish.Published:
    """The notice is published; or the one it revises has a next version."""
    if draft.revises is None:
        return publish.publish(tx, now, notice(tx, draft, author), by=author.actor)
    done = revising.done(tx, now, draft, author)
    return publish.Published(draft.revises, ahead.units, done.chats, ahead.is_trial)


def _why_not(tx: Tx, now: dt.datetime, draft: Draft, ahead: Outlook, words: Words) -> str:
    if draft.leave_at is not None and now - draft.leave_at > rules.STALE:
        return words.plain("composing.was_away")
    if _is_over(tx, now, draft):
        return words.plain("composing.too_soon")
    if ahead.units != draft.units:
        return words.plain("composing.other_number", units=ahead.units)
    return _unfit(tx, now, draft)


def _is_over(tx: Tx, now: dt.datetime, draft: Draft) -> bool:
    """A deadline has come too near, of the whole or of an item; what a revision leaves as it was does not matter."""
    kept, soon = revising.kept(tx, draft), now + rules.SOONEST
    dues = [draft.due_at] if draft.due_at != kept.due_at else []
    if draft.kind is Kind.DIRECTIVE:
        dues += [it.due_at for it in draft.items if (it.key, it.due_at) not in kept.items]
    return any(due_at is not None and due_at < soon for due_at in dues)


def hand_back(tx: Tx, now: dt.datetime, draft: Draft, why: str) -> None:
    """It has not been sent; its author is told why, and can mend it."""
    back = _opened(tx, now, draft, refused_by=None, refusal=why[:200])
    trail.note(tx, now, actor="timer", verb="send_back", subject=draft.subject)
    _tell(tx, now, back)


def _tell(tx: Tx, now: dt.datetime, draft: Draft) -> None:
    """The author hears of it in private; the page on which he saw it before says no more what was true then."""
    user_id = people.user_of(tx, draft.contact_id)
    chat = chats.find(tx, user_id) if user_id is not None else None
    if chat is None:
        return
    outbox.show(tx, now, chat.id, TOLD, _subject(draft), lane=Lane.INTERACTIVE)
    if draft.message_id is not None and not draft.is_open:
        page = f"{draft.id}:{draft.message_id}"
        postings.adopt(tx, now, chat, draft.message_id, kind=PAGE, subject=page, of=TOLD, lane=Lane.REFRESH)


def notice(tx: Tx, draft: Draft, author: Person) -> publish.Draft:
    """The notice that the draft becomes."""
    if draft.kind is None:
        raise ValueError(f"draft {draft.id} has no kind")
    everyone = units.every(tx)
    yes, trouble = LABELS.get(draft.kind, USUAL_LABELS)
    is_urgent = draft.level == "now"
    office = next((p.unit_id for p in author.posts if p.unit_kind in ("city", "office", "county")), None)
    return publish.Draft(
        content_id=draft.subject, title=draft.title, kind=draft.kind,
        audience=audience.parse(_fitting(outlook.meant(tx, draft, everyone).text)),
        text=revising.card_text(draft), due_at=draft.due_at, yes_words=yes, trouble_words=trouble, level=draft.level,
        category="emergency" if is_urgent else "routine", owner=next((u.code for u in everyone if u.id == office), ""),
        chase="urgent" if is_urgent else "standard",
        items=draft.items if draft.kind is Kind.DIRECTIVE else (), full_text=draft.full_text, files=draft.files,
        released_by=people.get(tx, draft.released_by).actor if draft.released_by is not None else "",
    )  # fmt: skip


def _fitting(text: str) -> str:
    """The notice keeps what it was for in 400 characters.

    Raises:
        Refused: it is longer.
    """
    if len(text) > 400:
        raise errors.Refused("“发给谁”写得太长了,请改短。")
    return text

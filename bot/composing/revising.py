"""改一版: a draft that becomes the next version of a notice; what it would do, and that it may."""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.composing import drafts, matching, pasting
from bot.composing.drafts import Draft
from bot.composing.pasting import Pasted
from bot.db import Tx
from bot.notices import attachments, moving, queries, revise
from bot.notices import model as notices
from bot.notices.publish import Item
from bot.notices.queries import Notice
from bot.notices.rules import Kind
from bot.roster import people
from bot.roster.people import Person

NO_ITEMS = "没看到分项。请把改好的全文连同“一、二、”一起发来。"
NOTHING_TO_ANSWER = "这条通知不用回,请用“更正”改文字。"
_i, _v, _n = notices.notice_item, notices.notice_version, notices.notice


@dataclass(frozen=True, slots=True)
class Revision:
    """What a draft would change.

    Attributes:
        version: the one it revises.
        fault: why it cannot be sent; '' where it can.
        items: what it does to the items; nothing where there is a fault.
        stands: how many items keep their answers.
        due_was: the deadline that moves; None where it does not.
        is_reworded: the card or the full text says something else.
        is_new: it comes as a new message, and does not only edit the old one.
    """

    version: int
    fault: str
    items: revise.Difference
    stands: int
    due_was: dt.datetime | None
    is_reworded: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """Deadlines that a draft has from the notice it revises, and has not changed; they may be over."""

    due_at: dt.datetime | None = None
    items: frozenset[tuple[str, dt.datetime | None]] = frozenset()


# ── begun and pasted ─────────────────────────────────────────────────────────────────────────────


def begun(tx: Tx, now: dt.datetime, person: Person, notice_id: int) -> Draft:
    """A draft that says what the notice says now.

    Raises:
        NotAllowed: not this person's to change. Refused: it is over, or wants no answer.
    """
    notice = queries.notice(tx, notice_id)
    if notice is None or not revise.may(tx, person, notice_id):
        raise errors.NotAllowed(revise.NOT_YOURS)
    if notice.state(now) in ("closed", "recalled"):
        raise errors.Refused(revise.OVER)
    if notice.kind is Kind.REMINDER:
        raise errors.Refused(NOTHING_TO_ANSWER)
    audience: str = tx.execute(sa.select(_n.c.audience).where(_n.c.id == notice_id)).scalar_one()
    draft = drafts.begin(
        tx, now, person, title=notice.title, text=card_words(tx, notice), full_text=attachments.of(tx, notice).full_text,
        kind=notice.kind.value, audience=audience, due_at=notice.due_at, level=notice.level, revises=notice.id,
        of_version=notice.version,
    )  # fmt: skip
    if notice.kind is Kind.DIRECTIVE:
        standing = queries.standing(tx, notice.id)
        kept = [Item(it.key, it.text, it.party, it.due_at, it.asks) for it in standing]
        drafts.put_items(tx, draft.id, kept)
    return drafts.get(tx, draft.id)


def card_words(tx: Tx, notice: Notice) -> str:
    """What the notice's card says now; its title where that is all it says."""
    return queries.text(tx, notice.id, notice.version) or notice.title


def put(tx: Tx, now: dt.datetime, draft: Draft, pasted: Pasted, *, zone: dt.tzinfo) -> Draft:
    """The draft says this, its items under the names they have in the notice.

    Raises:
        Refused: of a directive, no items are in it.
    """
    notice = of(tx, draft)
    if notice.kind is Kind.DIRECTIVE:
        if not pasted.items:
            raise errors.Refused(NO_ITEMS)
        # what is copied from the notice was read on the day it was sent, and reads the same today
        fresh = drafts.read_items(pasted, notice.published_at, zone)
        today = drafts.read_items(pasted, now, zone)
        fresh = [late if late.due_at and not it.due_at else it for it, late in zip(fresh, today, strict=True)]
        used = set(tx.execute(sa.select(_i.c.item).where(_i.c.notice_id == notice.id)).scalars())
        drafts.put_items(tx, draft.id, matching.matched(queries.standing(tx, notice.id), fresh, used))
    return drafts.change(tx, now, draft, **drafts.held(notice.kind, pasted.text, pasted.full_text))


# ── looked at ────────────────────────────────────────────────────────────────────────────────────


def of(tx: Tx, draft: Draft) -> Notice:
    """The notice that the draft revises."""
    notice = queries.notice(tx, draft.revises or 0)
    if notice is None:
        raise LookupError(f"draft {draft.id} revises no notice")
    return notice


def kept(tx: Tx, draft: Draft) -> Kept:
    """What it has not changed of the deadlines; nothing for a draft that is a notice of its own."""
    if draft.revises is None:
        return Kept()
    standing = queries.standing(tx, draft.revises)
    return Kept(of(tx, draft).due_at, frozenset((it.key, it.due_at) for it in standing))


def look(tx: Tx, now: dt.datetime, draft: Draft) -> Revision:
    """What the draft would change now."""
    notice = of(tx, draft)
    is_moved = draft.due_at != notice.due_at
    said = (card_text(draft), draft.full_text)
    was = (queries.text(tx, notice.id, notice.version), attachments.of(tx, notice).full_text)
    fault, found = "", revise.Difference()
    try:
        found = _checked(tx, now, draft, notice, is_reworded=said != was)
    except errors.Refused as refused:
        fault = refused.sentence
    is_new = bool(found.asked or found.gone) or (is_moved and notice.kind is Kind.DIRECTIVE)
    stands = len(draft.items) - len(found.asked)
    due_was = notice.due_at if is_moved else None
    return Revision(notice.version, fault, found, stands, due_was, said != was, is_new)


def _checked(
    tx: Tx, now: dt.datetime, draft: Draft, notice: Notice, *, is_reworded: bool
) -> revise.Difference:
    """What it does to the items.

    Raises:
        Refused: the notice is over or was changed meanwhile, a deadline cannot be, or nothing is changed.
    """
    if notice.state(now) in ("closed", "recalled"):
        raise errors.Refused(revise.OVER)
    if notice.version != draft.of_version:
        raise errors.Refused(revise.CHANGED)
    is_moved = draft.due_at != notice.due_at
    if is_moved and draft.due_at is not None:
        moving.check(now, notice, draft.due_at)
    after = dataclasses.replace(notice, due_at=draft.due_at)
    found = revise.Difference()
    if notice.kind is Kind.DIRECTIVE:
        found = revise.compare(tx, now, after, draft.items)
    if not (found.asked or found.gone or found.moved or is_moved or is_reworded):
        raise errors.Refused(revise.UNCHANGED)
    return found


def card_text(draft: Draft) -> str:
    """What stands on the card; that of a directive has its title above it and its items behind it, and says neither twice."""
    if draft.kind is not Kind.DIRECTIVE:
        return draft.text
    text = pasting.beside_items(draft.text)
    return "" if text == draft.title else text


# ── done ─────────────────────────────────────────────────────────────────────────────────────────


def done(tx: Tx, now: dt.datetime, draft: Draft, author: Person) -> revise.Revised:
    """The notice has the version that the draft says.

    Raises:
        NotAllowed: not the author's to change any more. Refused: as `revise.revise`, before anything is written.
    """
    notice = of(tx, draft)
    if not revise.may(tx, author, notice.id):
        raise errors.NotAllowed(revise.NOT_YOURS)
    return revise.revise(
        tx, now, notice.id, text=card_text(draft), full_text=draft.full_text,
        items=draft.items if notice.kind is Kind.DIRECTIVE else (),
        due_at=draft.due_at if draft.due_at != notice.due_at else None, by=author.actor, of_version=draft.of_version,
        released_by=people.get(tx, draft.released_by).actor if draft.released_by is not None else "",
    )  # fmt: skip

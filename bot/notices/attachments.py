"""What goes with a notice: its files and its full text, given to whoever may read it, in private and once."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats, outbox, postings
from bot.delivery.chats import ChatId
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState, Lane, posting
from bot.delivery.outbox import Claimed, Delivery, Drop
from bot.notices import copies, model, queries, recall
from bot.notices.queries import Notice
from bot.roster import access, people
from bot.roster.access import Role
from bot.roster.people import Person
from bot.texts import Words

PART_CHARS = 3900  # of a full text; Telegram takes 4,096 with the title over it
LOST, LOST_TOLD = "file_lost", "file_lost_told"

_f, _v, _a, _p = model.attachment, model.notice_version, model.assignment, posting


class Given(StrEnum):
    """What became of [📎 看原文] or [📄 看全文]."""

    FILES = "file_given"
    FULL = "full_given"
    BEFORE = "given_before"  # it is in the private chat already
    STRANGER = "stranger"
    NOT_YOURS = "not_for_you"
    UNREACHABLE = "unreachable"
    RECALLED = "recalled"
    NOTHING = "unknown"


@dataclass(frozen=True, slots=True)
class File:
    """One file, by Telegram's number."""

    id: int
    file_id: str
    kind: str
    name: str
    from_chat: int
    from_message: int


@dataclass(frozen=True, slots=True)
class More:
    """What goes with a notice beyond its card."""

    files: tuple[File, ...]
    full_text: str


_FILES = (
    sa.select(_f.c.id, _f.c.file_id, _f.c.file_kind, _f.c.name, _f.c.from_chat, _f.c.from_message)
    .where(_f.c.notice_id == sa.bindparam("notice_id"))
    .order_by(_f.c.position)
)
_HAS = sa.select(_v.c.full_text != "", sa.exists().where(_f.c.notice_id == sa.bindparam("notice_id"))).where(
    _v.c.notice_id == sa.bindparam("notice_id"), _v.c.version == sa.bindparam("version")
)
_FULL = sa.select(_v.c.full_text).where(
    _v.c.notice_id == sa.bindparam("notice_id"), _v.c.version == sa.bindparam("version")
)


def of(tx: Tx, notice: Notice) -> More:
    """The files and the full text of the version in force."""
    files = tuple(File(*row) for row in tx.execute(_FILES, {"notice_id": notice.id}))
    full: str | None = tx.execute(_FULL, {"notice_id": notice.id, "version": notice.version}).scalar()
    return More(files, full or "")


def has(tx: Tx, notice: Notice) -> tuple[bool, bool]:
    """Whether there is a full text, and whether there are files."""
    full, files = tx.execute(_HAS, {"notice_id": notice.id, "version": notice.version}).one()
    return bool(full), bool(files)


def parts(text: str, size: int = PART_CHARS) -> list[str]:
    """The text in pieces of at most so many characters, broken at ends of lines where there are any."""
    found, rest = [], text.strip()
    while len(rest) > size:
        at = rest.rfind("\n", size // 2, size + 1)
        at = at if at > 0 else size
        found.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*found, rest] if rest else found


def give(
    tx: Tx, now: dt.datetime, *, notice_id: int, user_id: int, chat_telegram_id: int, kind: str
) -> tuple[Given, int]:
    """What was asked for comes to the private chat of who asked, once; and how many things those are.

    Args:
        kind: copies.FILE or copies.FULL.
        chat_telegram_id: where the button stood: a reminder, which asks nobody, is for those who have it before them.
    """
    notice, person = queries.notice(tx, notice_id), people.by_user(tx, user_id)
    if person is None or not person.posts:
        return Given.STRANGER, 0
    if notice is None or notice.recalled_at is not None:
        return (Given.RECALLED if notice else Given.NOTHING), 0
    if not _may_read(tx, notice, person, chat_telegram_id):
        return Given.NOT_YOURS, 0
    private = chats.find(tx, user_id)
    if private is None or private.state is not ChatState.OK:
        return Given.UNREACHABLE, 0
    more = of(tx, notice)
    subjects = [str(file.id) for file in more.files]
    if kind == copies.FULL:
        numbers = range(len(parts(more.full_text)))
        subjects = [f"{notice.id}:{notice.version}:{number}" for number in numbers]
    if not subjects:
        return Given.NOTHING, 0
    return _sent(tx, now, private.id, kind, subjects), len(subjects)


def _sent(tx: Tx, now: dt.datetime, chat_id: ChatId, kind: str, subjects: list[str]) -> Given:
    """What is not known to be there comes; a call that nobody knows the end of is made again: somebody waits for it."""
    mine = (
        _p.c.chat_id == chat_id,
        _p.c.kind == kind,
        _p.c.subject.in_(subjects),
        _p.c.message_id.is_not(None),
    )
    there = set(tx.execute(sa.select(_p.c.subject).where(*mine)).scalars())
    new = [subject for subject in subjects if subject not in there]
    if not new:
        return Given.BEFORE
    for subject in new:
        postings.anew(tx, now, chat_id, kind, subject, lane=Lane.INTERACTIVE)
    return Given.FULL if kind == copies.FULL else Given.FILES


def _may_read(tx: Tx, notice: Notice, person: Person, chat_telegram_id: int) -> bool:
    answers, watches = person.scope(access.Action.ANSWER), person.scope(access.Action.SEE_TABLE)
    if watches.everything:
        return True
    asked = sa.select(_a.c.id).where(_a.c.notice_id == notice.id)
    within = sa.or_(
        _a.c.unit_id.in_(answers.units | watches.units), _a.c.county_id.in_(answers.counties | watches.counties)
    )  # fmt: skip
    if tx.execute(asked.where(within).limit(1)).first() is not None:
        return True
    chat = chats.find(tx, chat_telegram_id)
    if notice.due_at is not None or chat is None:
        return False
    shown = (_p.c.chat_id == chat.id, _p.c.kind == copies.CARD, _p.c.subject == str(notice.id))
    return tx.execute(sa.select(_p.c.id).where(*shown)).first() is not None


def follow(tx: Tx, now: dt.datetime, item: Claimed, outcome: Outcome) -> None:
    """A file Telegram has forgotten, and that could not be copied either: who asked hears of it, and administrators do."""
    it = item.delivery
    if it.kind != copies.FILE or item.message.edit_of is not None or outcome.verdict is not Verdict.REFUSED:
        return
    outbox.show(tx, now, it.chat.id, LOST, it.subject, lane=Lane.INTERACTIVE)
    for chat_id in {admin.chat_id for admin in people.reachable(tx, roles=(Role.ADMIN,))}:
        outbox.show(tx, now, chat_id, LOST_TOLD, it.subject, lane=Lane.INTERACTIVE)


@dataclass(frozen=True, slots=True)
class Attachments:
    """Renders them."""

    words: Words

    def file(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The file, by the number Telegram gave it, or as a copy of the message it came in."""
        found = self._known(tx, delivery.number)
        if found is None:
            return Drop("no such file")
        notice, file = found
        if notice.recalled_at is not None:
            return recall.Gone(self.words).message(tx, now, notice, delivery, has_file=True)
        if delivery.posted is not None:
            return Drop("there already")
        caption = self.words.html("card.file", title=notice.title, name=file.name)
        origin = (file.from_chat, file.from_message)
        return OutgoingMessage(caption, file_id=file.file_id, file_kind=file.kind, copy_of=origin)

    def full(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """One part of the full text; what was given of another than is in force says that it was corrected."""
        notice_id, version, part = (int(word) for word in delivery.subject.split(":"))
        notice = queries.notice(tx, notice_id)
        if notice is None:
            return Drop("unknown notice")
        if notice.recalled_at is not None:
            return recall.Gone(self.words).message(tx, now, notice, delivery)
        said = tx.execute(_FULL, {"notice_id": notice_id, "version": version}).scalar() or ""
        pieces = parts(said)
        if said != (newest := of(tx, notice).full_text):
            return self._corrected(notice, delivery, part, has_full=bool(newest))
        if part >= len(pieces):
            return Drop("no such part")
        text = self.words.html(
            "card.full_text", title=notice.title, text=pieces[part], part=part + 1, parts=len(pieces)
        )
        return OutgoingMessage(text, silent=part > 0, edit_of=delivery.posted)

    def _corrected(
        self, notice: Notice, delivery: Delivery, part: int, *, has_full: bool
    ) -> OutgoingMessage | Drop:
        """In place of every part that was given; of what is only on its way, once."""
        if delivery.posted is None and part:
            return Drop("corrected")
        html = self.words.html(
            "card.full_corrected", title=notice.title, is_trial=notice.is_trial, has_full=has_full
        )
        return OutgoingMessage(html, edit_of=delivery.posted)

    def lost(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """To who asked for it."""
        found = self._known(tx, delivery.number)
        if found is None or delivery.posted is not None:
            return Drop("said already")
        return OutgoingMessage(self.words.html("card.file_lost", title=found[0].title, name=found[1].name))

    def lost_told(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """To the administrators."""
        found = self._known(tx, delivery.number)
        if found is None or delivery.posted is not None:
            return Drop("said already")
        return OutgoingMessage(
            self.words.html("card.file_lost_told", title=found[0].title, name=found[1].name)
        )

    def _known(self, tx: Tx, attachment_id: int) -> tuple[Notice, File] | None:
        notice_id = tx.execute(sa.select(_f.c.notice_id).where(_f.c.id == attachment_id)).scalar()
        notice = queries.notice(tx, notice_id) if notice_id is not None else None
        if notice is None:
            return None
        return notice, next(file for file in of(tx, notice).files if file.id == attachment_id)


def preparations(words: Words) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    it = Attachments(words)
    return {copies.FILE: it.file, copies.FULL: it.full, LOST: it.lost, LOST_TOLD: it.lost_told}

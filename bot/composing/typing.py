"""What the author types or sends while a draft is open, and a second officer's word; each in one transaction."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.composing import (
    copying,
    drafts,
    parties,
    pasting,
    place,
    presses,
    revising,
    rules,
    sending,
    when,
    whom,
)
from bot.composing.drafts import Draft
from bot.composing.place import Part, Shown
from bot.composing.presses import Done
from bot.composing.sending import Agreed, Desk
from bot.db import Tx
from bot.delivery.message import OutgoingMessage
from bot.inbox import questions
from bot.notices.publish import File
from bot.roster import access, people, units
from bot.roster.people import Person

CUT_CHARS = 3900  # Telegram cuts what is pasted at 4096, at a line or a word if it can
BEHIND = dt.timedelta(seconds=5)  # nobody reads the page and writes a sentence so fast
FILE_BYTES = 20 * 1024 * 1024  # more than that no bot of Telegram's can read again
WITH_THE_WHOLE = ("随整件事", "不单独定", "不要", "没有", "无", "清掉", "不定")
ENDINGS = (".docx", ".doc", ".pdf", ".xlsx", ".xls", ".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class _Typed:
    """A line for an open draft."""

    tx: Tx
    now: dt.datetime
    desk: Desk
    person: Person
    draft: Draft
    text: str
    at: int = 0  # of one item, its place

    def change(self, **values: object) -> Draft:
        return drafts.change(self.tx, self.now, self.draft, **values)

    def line(self, most: int) -> str:
        """What was typed, on one line.

        Raises:
            Refused: nothing, or more than so many characters.
        """
        line = pasting.one_line(self.text)
        if not line:
            raise errors.Refused(self.desk.words.plain("composing.toast", which="no_text"))
        self.check(len(line), most)
        return line

    def check(self, chars: int, most: int) -> None:
        """It is not longer than that.

        Raises:
            Refused: it is.
        """
        if chars > most:
            raise errors.Refused(self.desk.words.plain("composing.too_long", chars=chars, most=most))


def typed(tx: Tx, now: dt.datetime, subject: str, text: str, *, user_id: int, desk: Desk) -> Done:
    """An answer to what the page asked; what cannot be used is said on the page, which stays.

    Args:
        subject: of the open question: draft:part:page.

    Raises:
        NotAllowed: who may send nothing (any more).
    """
    number, word, at = (*subject.split(":"), "0")[:3]
    draft = drafts.own(tx, user_id, int(number))
    person = people.get(tx, draft.contact_id)
    part = Part(word)
    if not draft.is_open:
        return presses.shown_on(tx, now, desk, person, draft, None, user_id)
    page, text = int(at), pasting.clean(text)
    try:
        after = _TAKE[part](_Typed(tx, now, desk, person, draft, text, page))
    except errors.Refused as fault:
        return presses.shown_on(tx, now, desk, person, draft, Shown(part, page, fault.sentence), user_id)
    stays = {
        Part.WHOM: Shown(Part.WHOM),
        Part.ITEM: Shown(Part.ITEM, page),
        Part.PARTY: Shown(Part.ITEM, page),
    }.get(part)
    return presses.shown_on(tx, now, desk, person, after, stays, user_id)


def _text(it: _Typed) -> Draft:
    it.check(len(it.text), pasting.TEXT_CHARS)
    pasted = pasting.read(it.text)
    if not pasted.title:
        raise errors.Refused(it.desk.words.plain("composing.toast", which="no_text"))
    return _put(it, pasted)


def _put(it: _Typed, pasted: pasting.Pasted) -> Draft:
    put = drafts.put if it.draft.revises is None else revising.put
    return put(it.tx, it.now, it.draft, pasted, zone=it.desk.zone)


def _name(it: _Typed) -> Draft:
    return it.change(title=it.line(pasting.TITLE_CHARS))


def _summary(it: _Typed) -> Draft:
    """One line; several are the rest of a long text, which Telegram has cut in two, and so is what comes right behind it."""
    line = pasting.one_line(it.text)
    is_behind = len(it.draft.full_text) >= CUT_CHARS and it.now - it.draft.changed_at <= BEHIND
    if is_behind or len(it.text.strip().splitlines()) > 1 or len(line) > 2 * pasting.CARD_HAN:
        whole = f"{it.draft.full_text}\n{it.text}"
        it.check(len(whole), pasting.TEXT_CHARS)
        return _put(it, pasting.read(whole))
    return it.change(text=it.line(it.draft.summary_chars))


def _whom(it: _Typed) -> Draft:
    """An audience as files write it, or names of units."""
    everyone = units.every(it.tx)
    reach = it.person.scope(access.Action.SEND)
    mine = [u for u in everyone if reach.has(u.place)]
    found = whom.named(it.text, mine)
    if found is None:
        found = copying.narrowed(it.person, everyone, whom.known(it.text.strip(), everyone))
    return it.change(audience=whom.checked(found), first_county_id=None)


def _when(it: _Typed) -> Draft:
    due_at = when.read(it.text, it.now, it.desk.zone, it.desk.calendar)
    if due_at < it.now + rules.MINUTE + rules.SOONEST:
        raise errors.Refused(it.desk.words.plain("composing.toast", which="soon"))
    return it.change(due_at=due_at)


def _reason(it: _Typed) -> Draft:
    return it.change(reason=it.line(rules.REASON_CHARS))


def _item_due(it: _Typed) -> Draft:
    """The item's own deadline; a word like 不要 makes it that of the whole."""
    if it.at >= len(it.draft.items):
        return it.draft
    if it.text.strip() in WITH_THE_WHOLE:
        return drafts.change_item(it.tx, it.now, it.draft, it.at, due_at=None)
    due_at = when.read(it.text, it.now, it.desk.zone, it.desk.calendar)
    if due_at < it.now + rules.MINUTE + rules.SOONEST:
        raise errors.Refused(it.desk.words.plain("composing.toast", which="soon"))
    latest = it.draft.due_at
    if latest is not None and it.now < latest < due_at:
        said = it.desk.words.moment(latest, it.now)
        raise errors.Refused(it.desk.words.plain("composing.after_whole", due=said))
    return drafts.change_item(it.tx, it.now, it.draft, it.at, due_at=due_at)


def _party(it: _Typed) -> Draft:
    line = it.line(parties.PARTY_CHARS)
    return (
        drafts.change_item(it.tx, it.now, it.draft, it.at, party=line)
        if it.at < len(it.draft.items)
        else it.draft
    )


_TAKE = {
    Part.TEXT: _text, Part.NAME: _name, Part.SUMMARY: _summary, Part.WHOM: _whom, Part.WHEN: _when, Part.REASON: _reason,
    Part.ITEM: _item_due, Part.PARTY: _party,
}  # fmt: skip


def attached(tx: Tx, now: dt.datetime, file: File, caption: str, *, user_id: int, desk: Desk) -> Done | None:
    """The file goes with the draft this person is at; None where he is at none.

    A caption is the text, where there is none yet.
    """
    person = people.entitled(tx, user_id, access.Action.SEND)
    if person is None:
        return None
    found = drafts.present(tx, person.contact_id)
    draft = drafts.find(tx, found.id, locked=True) if found is not None else None
    if draft is None:
        return None
    if not draft.is_open:
        also = (OutgoingMessage(desk.words.html("composing.not_attached")),)
        return presses.shown_on(tx, now, desk, person, draft, None, user_id, also=also)
    fault = ""
    if (file.kind != "photo" and not file.name.lower().endswith(ENDINGS)) or file.bytes > FILE_BYTES:
        fault = desk.words.plain("composing.wrong_file")
    if draft.revises is not None:
        fault = desk.words.plain("revising.no_files")
    try:
        draft = draft if fault else drafts.attach(tx, now, draft, file)
        if pasting.clean(caption).strip() and not draft.title:
            draft = drafts.put(tx, now, draft, pasting.read(pasting.clean(caption)), zone=desk.zone)
    except errors.Refused as refused:
        fault = refused.sentence
    return presses.shown_on(tx, now, desk, person, draft, Shown(place.step(draft), 0, fault), user_id)


def cancel(tx: Tx, now: dt.datetime, *, user_id: int, desk: Desk) -> Done | None:
    """/cancel: the draft this person is at ends; None where he is at none.

    One that is about to leave is what he means before any other: it is taken back, and is there to be mended.
    """
    person = people.by_user(tx, user_id)
    if person is not None and (there := _taken_back(tx, now, person)) is not None:
        return presses.shown_on(tx, now, desk, person, there, None, user_id)
    found = drafts.present(tx, person.contact_id) if person is not None else None
    draft = drafts.find(tx, found.id, locked=True) if found is not None else None
    if person is None or draft is None:
        return None
    questions.close(tx, now, user_id)
    opened = sending.take_back(tx, now, draft, person) or draft
    ended = drafts.give_up(tx, now, opened, by=person.actor)
    return presses.shown_on(tx, now, desk, person, ended, None, user_id)


def _taken_back(tx: Tx, now: dt.datetime, person: Person) -> Draft | None:
    found = drafts.leaving(tx, person.contact_id)
    draft = drafts.find(tx, found.id, locked=True) if found is not None else None
    return sending.take_back(tx, now, draft, person) if draft is not None else None


def why_not(tx: Tx, now: dt.datetime, subject: str, text: str, *, user_id: int, desk: Desk) -> Done:
    """A second officer's word: the draft goes back to its author.

    Raises:
        As `sending.refuse`.
    """
    questions.close(tx, now, user_id)
    draft_id, _, edition = subject.partition(":")
    words = pasting.one_line(text)
    done = sending.refuse(tx, now, user_id, int(draft_id), int(edition), words=words)
    said = desk.words.html("composing.refused_noted", is_done=done is Agreed.DONE)
    return Done(also=(OutgoingMessage(said),))

"""What a second officer presses: the text and the files of what is put to him, 同意发送, 不同意."""

import datetime as dt

from bot import errors
from bot.composing import drafts, presses, sending
from bot.composing.looks import Looks
from bot.composing.model import State
from bot.composing.presses import Done
from bot.composing.sending import Agreed, Desk
from bot.db import Tx
from bot.delivery.message import Callback, OutgoingMessage
from bot.inbox import questions
from bot.roster import people

WHY_NOT = "send_no"  # kind of an open question; its subject is draft:edition


def look(tx: Tx, now: dt.datetime, callback: Callback, *, user_id: int, desk: Desk) -> Done:
    """A button under a rehearsed card, or under what a second officer is asked: the text, the files, or nothing.

    Raises:
        NotAllowed: neither the author nor one who may agree.
    """
    draft = drafts.find(tx, callback.notice)
    if draft is None:
        raise errors.Refused(drafts.GONE)
    person = people.by_user(tx, user_id)
    if person is None or person.contact_id != draft.contact_id:
        sending.put_to(tx, user_id, draft.id, draft.edition)
    else:
        drafts.sender(tx, user_id)
    what = callback.args[0] if callback.args else ""
    if what == "full" and draft.full_text:
        return Done(also=presses.chunks(draft.full_text))
    if what == "files" and draft.files:
        files = (OutgoingMessage("", file_id=f.file_id, file_kind=f.kind) for f in draft.files)
        return Done(also=tuple(files))
    return Done(toast=desk.words.plain("composing.toast", which="rehearsed"))


def agree(tx: Tx, now: dt.datetime, callback: Callback, *, user_id: int, desk: Desk) -> Done:
    """[同意发送].

    Raises:
        As `sending.agree`.
    """
    done = sending.agree(tx, now, user_id, callback.notice, callback.version, desk=desk)
    name = {Agreed.DONE: "agreed", Agreed.OVER: "over", Agreed.OTHER: "changed"}[done]
    return _put(tx, now, callback, desk, name)


def ask_why_not(tx: Tx, now: dt.datetime, callback: Callback, *, user_id: int, desk: Desk) -> Done:
    """[不同意]: why?

    Raises:
        As `sending.put_to`.
    """
    draft, _ = sending.put_to(tx, user_id, callback.notice, callback.version)
    if draft is None:
        return _put(tx, now, callback, desk, "over")
    questions.ask(tx, now, user_id, WHY_NOT, f"{draft.id}:{draft.edition}", for_=presses.TYPED_WITHIN)
    return Done(also=(OutgoingMessage(desk.words.html("composing.why_not")),))


def _put(tx: Tx, now: dt.datetime, callback: Callback, desk: Desk, toast: str) -> Done:
    """What the card that asks tells now: the outbox edits the other copies, this one at once."""
    draft = drafts.get(tx, callback.notice)
    is_live = draft.state is State.ASKED and draft.edition == callback.version
    shown = Looks(desk).put_to_second(tx, now, draft) if is_live else Looks(desk).put_over(tx, draft)
    return Done(shown, desk.words.plain("composing.toast", which=toast))

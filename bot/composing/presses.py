"""What each button of sending does to a draft; every one in one transaction, with the rights of this moment."""

import datetime as dt
import html
from collections.abc import Callable
from dataclasses import dataclass

from bot import errors
from bot.composing import copying, drafts, outlook, place, revising, sending, whom
from bot.composing.drafts import Draft
from bot.composing.looks import Looks
from bot.composing.model import State
from bot.composing.pages import Pages
from bot.composing.place import Part, Shown
from bot.composing.sending import Desk, Sent
from bot.db import Tx
from bot.delivery.message import Callback, OutgoingMessage
from bot.inbox import questions
from bot.notices import attachments
from bot.notices.rules import Kind
from bot.roster import access, people, units
from bot.roster.people import Person

QUESTION = "send"  # kind of an open question; its subject is draft:part:page
TYPED_WITHIN = dt.timedelta(hours=12)
REVISED = "v"  # behind a notice's number: not the same once more, but its next version
CHUNK = 3500  # characters of a full text on one message


@dataclass(frozen=True, slots=True)
class Done:
    """What the person is to see.

    Attributes:
        message: takes the place of the page; None leaves it as it is.
        toast: '' stops the button's spinning.
        also: said below, in this order.
        draft_id: whose one message it is; 0 where it is nobody's.
        stood_on: the message the draft was shown on before; None if on none.
    """

    message: OutgoingMessage | None = None
    toast: str = ""
    also: tuple[OutgoingMessage, ...] = ()
    draft_id: int = 0
    stood_on: int | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press on the author's own draft, as each action is given it."""

    tx: Tx
    now: dt.datetime
    desk: Desk
    person: Person
    draft: Draft
    callback: Callback

    def change(self, **values: object) -> Draft:
        return drafts.change(self.tx, self.now, self.draft, **values)

    def word(self, index: int = 0) -> str:
        args = self.callback.args
        return args[index] if index < len(args) else ""

    def toast(self, name: str) -> str:
        return self.desk.words.plain("composing.toast", which=name)


Then = tuple[Draft, Shown | None, str]  # the draft, its page (None: what comes next), a toast's name


# ── coming in ────────────────────────────────────────────────────────────────────────────────────


def start(tx: Tx, now: dt.datetime, user_id: int, desk: Desk) -> Done:
    """/send: an empty draft, or the one there is.

    Raises:
        NotAllowed: who may send nothing.
    """
    person = drafts.sender(tx, user_id)
    draft = drafts.present(tx, person.contact_id)
    if draft is not None and (draft.title or draft.files):
        shown = Pages(desk).unfinished(draft, 0) if draft.is_open else Pages(desk).standing(tx, draft)
        return Done(shown, draft_id=draft.id, stood_on=draft.message_id)
    draft = draft or drafts.begin(tx, now, person)
    return shown_on(tx, now, desk, person, draft, Shown(Part.TEXT), user_id)


def shown_on(
    tx: Tx, now: dt.datetime, desk: Desk, person: Person, draft: Draft, shown: Shown | None, user_id: int,
    *, toast: str = "", also: tuple[OutgoingMessage, ...] = (),
) -> Done:  # fmt: skip
    """The draft's page; what can be typed there is expected from now on, and nothing else of ours."""
    it = shown or Shown(place.step(draft))
    if draft.revises is not None and it.part not in place.PARTS_OF_REVISION:
        it = Shown(Part.READY, 0, it.fault)
    part = place.step(draft) if it.part is Part.READY else it.part
    if draft.is_open and part in place.TYPED:
        questions.ask(tx, now, user_id, QUESTION, f"{draft.id}:{part}:{it.page}", for_=TYPED_WITHIN)
    else:
        asked = questions.open(tx, now, user_id)
        if asked is not None and asked.kind == QUESTION:
            questions.close(tx, now, user_id)
    message = Pages(desk).show(tx, now, draft, person, it)
    text = desk.words.plain("composing.toast", which=toast) if toast else ""
    return Done(message, text, also, draft.id, draft.message_id)


# ── the author's buttons ─────────────────────────────────────────────────────────────────────────


def press(
    tx: Tx, now: dt.datetime, callback: Callback, *, user_id: int, message_id: int | None, desk: Desk
) -> Done:
    """A button of the author's own message; one of an older edition only shows what is true now.

    Raises:
        NotAllowed: who may send nothing (any more), or whose draft this is not.
        Refused: there is no such draft, or what was chosen cannot be.
    """
    draft = drafts.own(tx, user_id, callback.notice)
    person = people.get(tx, draft.contact_id)
    drafts.on_message(tx, now, draft.id, message_id)
    act = _OPEN.get(callback.action) if draft.is_open else _SETTLED.get(callback.action)
    if draft.is_open and draft.revises is not None and callback.action not in place.OF_REVISION:
        act = None
    if act is None or callback.version != draft.edition:
        stays = place.shown_of(callback) if callback.action == place.WORD else None
        return shown_on(tx, now, desk, person, draft, stays, user_id, toast="old")
    if callback.action == place.TRY and place.step(draft) is Part.READY:
        also = (_rehearsed(tx, now, draft, person, desk),)
        return shown_on(tx, now, desk, person, draft, Shown(Part.READY), user_id, also=also)
    after, shown, toast = act(Pressed(tx, now, desk, person, draft, callback))
    return shown_on(tx, now, desk, person, after, shown, user_id, toast=toast)


def _page(it: Pressed) -> Then:
    return it.draft, place.shown_of(it.callback), ""


def _anew(it: Pressed) -> Then:
    """[重新写]: the old one is given up, and if a notice is named, that is the new one's text."""
    notice_id = it.callback.number(0) or 0
    _drop(it)
    if notice_id and it.word(1) == REVISED:
        return revising.begun(it.tx, it.now, it.person, notice_id), Shown(Part.TEXT), "begun"
    if notice_id:
        return copying.copied(it.tx, it.now, it.person, notice_id), None, "begun"
    return drafts.begin(it.tx, it.now, it.person), Shown(Part.TEXT), "begun"


def _drop(it: Pressed) -> Then:
    draft = sending.take_back(it.tx, it.now, it.draft, it.person) or it.draft
    return drafts.give_up(it.tx, it.now, draft, by=it.person.actor), None, "dropped"


def _title(it: Pressed) -> Then:
    if it.draft.revises is not None:
        return it.change(text=revising.card_words(it.tx, revising.of(it.tx, it.draft))), None, ""
    return (it.change(text=it.draft.title) if not it.draft.text else it.draft), None, ""


def _word(it: Pressed) -> Then:
    """A tap on a word of the audience."""
    everyone = units.every(it.tx)
    reach = it.person.scope(access.Action.SEND)
    mine = [u for u in everyone if reach.has(u.place)]
    known = [option.word for group in whom.Group for option in whom.options(group, everyone, mine)]
    word = next((word for word in known if whom.key(word) == it.word(2)), None)
    shown = place.shown_of(it.callback)
    if word is None:
        return it.draft, shown, "old"
    choice = (whom.read(it.draft.audience) or whom.Choice()).turned(word)
    return (
        it.change(audience=copying.narrowed(it.person, everyone, choice.text()), first_county_id=None),
        shown,
        "",
    )


def _clear(it: Pressed) -> Then:
    return it.change(audience="", first_county_id=None), Shown(Part.WHOM), ""


def _kind(it: Pressed) -> Then:
    kind = next((kind for kind in place.KINDS if kind.value == it.word()), None)
    if kind is None or (kind is Kind.DIRECTIVE and not it.draft.items):
        return it.draft, Shown(Part.WHAT), "old"
    values: dict[str, object] = {"kind": kind.value} | drafts.held(kind, it.draft.text, it.draft.full_text)
    if kind is Kind.REMINDER:
        values["due_at"] = None
    elif it.draft.level == "info":
        values["level"] = ""  # an ask is heard
    return it.change(**values), None, ""


def _due(it: Pressed) -> Then:
    due_at = place.due_of(it.word(), it.now, it.desk.zone)
    if it.word() == place.WITH_ITEMS:
        due_at = place.latest_item(it.draft, it.now)
    if due_at is None:
        return it.draft, Shown(Part.WHEN), "soon"
    return it.change(due_at=due_at), None, ""


def _sound(it: Pressed) -> Then:
    if it.word() not in place.levels(it.draft):
        return it.draft, Shown(Part.SOUND), "old"
    return it.change(level=it.word()), None, ""


def _no_due(it: Pressed) -> Then:
    """Of one item: due with the whole."""
    return _without(it, due_at=None)


def _no_party(it: Pressed) -> Then:
    return _without(it, party="")


def _without(it: Pressed, **values: object) -> Then:
    at = it.callback.number(0)
    if at is None or at >= len(it.draft.items):
        return it.draft, Shown(Part.ITEMS), "old"
    return drafts.change_item(it.tx, it.now, it.draft, at, **values), Shown(Part.ITEM, at), ""


def _no_files(it: Pressed) -> Then:
    return drafts.detach(it.tx, it.now, it.draft), None, ""


def _first(it: Pressed) -> Then:
    """[先发一个县]: this one; 0 is all at once again."""
    county_id = it.callback.number(0)
    reach = it.person.scope(access.Action.SEND)
    known = {u.id for u in units.every(it.tx) if u.kind == "county" and reach.has(u.place)}
    if county_id == 0 or county_id in known:
        return it.change(first_county_id=county_id or None), None, ""
    return it.draft, None, "old"


def _send(it: Pressed) -> Then:
    told = it.callback.number(0)
    if told is None or place.step(it.draft) is not Part.READY:
        return it.draft, None, "old"
    try:
        done = sending.send(it.tx, it.now, it.draft, it.person, told=told, desk=it.desk)
    except errors.Refused as fault:  # said on the page, where it can be mended
        return it.draft, Shown(Part.WHOM, 0, fault.sentence), "other"
    if done is Sent.ITEM:
        return it.draft, Shown(Part.ITEMS, 0, _ill_timed(it)), "item"
    if done is Sent.UNFIT:  # the page says why
        return it.draft, None, "old"
    part = {Sent.REASON: Part.REASON, Sent.SOON: Part.WHEN}.get(done)
    return drafts.get(it.tx, it.draft.id), Shown(part) if part else None, done.value


def _ill_timed(it: Pressed) -> str:
    item = place.ill_timed(it.draft, it.now, revising.kept(it.tx, it.draft).items)
    if item is None or item.due_at is None:
        return ""
    due = it.desk.words.moment(item.due_at, it.now)
    return it.desk.words.plain("composing.ill_timed", key=item.key, due=due)


def _undo(it: Pressed) -> Then:
    opened = sending.take_back(it.tx, it.now, it.draft, it.person)
    return (opened, None, "undone") if opened else (it.draft, None, "left")


def _left(it: Pressed) -> Then:
    return it.draft, None, "left"


def _rest(it: Pressed) -> Then:
    """[发其余的]: the same to the other counties, as a draft to be looked at."""
    before = it.draft
    others = drafts.present(it.tx, it.person.contact_id)
    if before.first_county_id is None or before.state is not State.SENT or others is not None:
        return others or before, None, "old"
    code = units.get(it.tx, before.first_county_id).code
    draft = drafts.begin(
        it.tx, it.now, it.person, title=before.title, text=before.text, full_text=before.full_text,
        kind=before.kind.value if before.kind else "", audience=whom.but(before.audience, code), level=before.level,
        due_at=before.due_at, reason=before.reason,
    )  # fmt: skip
    drafts.put_items(it.tx, draft.id, before.items)
    return drafts.attach(it.tx, it.now, drafts.get(it.tx, draft.id), *before.files), None, "begun"


_OPEN: dict[str, Callable[[Pressed], Then]] = {
    place.PAGE: _page, place.NEW: _anew, place.DROP: _drop, place.TITLE: _title, place.WORD: _word, place.CLEAR: _clear,
    place.KIND: _kind, place.DUE: _due, place.SOUND: _sound, place.NO_FILES: _no_files, place.FIRST: _first,
    place.NO_DUE: _no_due, place.NO_PARTY: _no_party, place.SEND: _send, place.TRY: _page,
}  # fmt: skip
_SETTLED: dict[str, Callable[[Pressed], Then]] = {
    place.UNDO: _undo, place.REST: _rest, place.NEW: _anew, place.SEND: _left,
}  # fmt: skip


# ── an old notice again ──────────────────────────────────────────────────────────────────────────


def again(
    tx: Tx, now: dt.datetime, notice_id: int, *, user_id: int, message_id: int | None, desk: Desk
) -> Done:
    """[再发]: a draft that says what the notice said, unless another is begun already.

    Raises:
        NotAllowed: who may send nothing, or to none of those the notice asked.
    """
    person = drafts.sender(tx, user_id)
    there = _there(tx, now, desk, person, notice_id, message_id)
    if there is not None:
        return there
    copy = copying.copied(tx, now, person, notice_id)
    drafts.on_message(tx, now, copy.id, message_id)
    return shown_on(tx, now, desk, person, copy, None, user_id, toast="begun")


def revise(
    tx: Tx, now: dt.datetime, notice_id: int, *, user_id: int, message_id: int | None, desk: Desk
) -> Done:
    """[改一版]: a draft that becomes the notice's next version, unless another is begun already.

    Raises:
        NotAllowed: not this person's to change. Refused: it is over, or wants no answer.
    """
    person = drafts.sender(tx, user_id)
    there = _there(tx, now, desk, person, notice_id, message_id, REVISED)
    if there is not None:
        return there
    draft = revising.begun(tx, now, person, notice_id)
    drafts.on_message(tx, now, draft.id, message_id)
    also = _as_it_is(draft, desk)
    return shown_on(tx, now, desk, person, draft, Shown(Part.TEXT), user_id, toast="begun", also=also)


def _as_it_is(draft: Draft, desk: Desk) -> tuple[OutgoingMessage, ...]:
    """The words there are, to be copied, changed and sent back."""
    if draft.full_text:
        return chunks(draft.full_text)
    items = draft.items or ()
    return (OutgoingMessage(desk.words.html("revising.was", title=draft.text, items=items)),)


def _there(
    tx: Tx,
    now: dt.datetime,
    desk: Desk,
    person: Person,
    notice_id: int,
    message_id: int | None,
    how: str = "",
) -> Done | None:
    """The draft this person is at already, to go on with or to put aside; one without a word is put aside at once."""
    draft = drafts.present(tx, person.contact_id)
    if draft is None:
        return None
    if not draft.title and draft.is_open:
        drafts.change(tx, now, draft, state=State.GIVEN_UP.value)
        return None
    drafts.on_message(tx, now, draft.id, message_id)
    pages = Pages(desk)
    shown = pages.unfinished(draft, notice_id, how) if draft.is_open else pages.standing(tx, draft)
    return Done(shown, draft_id=draft.id, stood_on=draft.message_id)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def _rehearsed(tx: Tx, now: dt.datetime, draft: Draft, person: Person, desk: Desk) -> OutgoingMessage:
    ahead = outlook.look(tx, now, draft, person, rules=desk.rules, zone=desk.zone)
    return Looks(desk).rehearsal(draft, now, ahead)


def chunks(text: str) -> tuple[OutgoingMessage, ...]:
    """A long text as messages that Telegram takes."""
    size = CHUNK if max(text) < "\U00010000" else CHUNK // 2  # Telegram counts an emoji twice
    return tuple(OutgoingMessage(html.escape(part, quote=False)) for part in attachments.parts(text, size))

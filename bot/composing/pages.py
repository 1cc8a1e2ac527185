"""The author's one message: each question in turn, then the card as schools will see it, then what becomes of it."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from bot import errors
from bot.composing import outlook, rules, sending, whom
from bot.composing.drafts import Draft
from bot.composing.model import State
from bot.composing.outlook import Outlook
from bot.composing.sending import Desk
from bot.composing.whom import Group
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import model as notices
from bot.notices.rules import Kind
from bot.roster import access, people, unit_tree, units
from bot.roster.people import Person
from bot.roster.units import Unit
from bot.texts import Words

Rows = tuple[tuple[Button, ...], ...]

# actions of the routing table
PAGE, NEW, DROP, AGAIN, REST = "c-page", "c-new", "c-drop", "c-again", "c-rest"
WORD, CLEAR, KIND, DUE, SOUND, TITLE = "c-word", "c-clear", "c-kind", "c-due", "c-sound", "c-title"
NO_FILES, FIRST, TRY, LOOK = "c-bare", "c-first", "c-try", "c-look"
SEND, UNDO, AGREE, REFUSE = "c-send", "c-undo", "c-agree", "c-refuse"
OWN = (
    PAGE, NEW, DROP, REST, WORD, CLEAR, KIND, DUE, SOUND, TITLE, NO_FILES, FIRST, TRY, SEND, UNDO,
)  # of the author's own message  # fmt: skip
PER_PAGE = 8
PAGES = 9999
ITEMS_SHOWN, ITEM_SHOWN_CHARS = 12, 18
LATEST = 5  # notices offered to be sent again
KINDS = (Kind.REMINDER, Kind.CONFIRM, Kind.DIRECTIVE, Kind.REPORT)


class Part(StrEnum):
    """What the message shows of an open draft."""

    TEXT = "t"
    NAME = "n"
    SUMMARY = "y"
    WHOM = "w"
    COUNTIES = "c"
    STAGES = "s"
    TAGS = "g"
    WHAT = "k"
    WHEN = "d"
    SOUND = "l"
    REASON = "x"
    READY = "r"
    FIRST = "f"
    UNREACHED = "u"


TYPED = (
    Part.TEXT,
    Part.NAME,
    Part.SUMMARY,
    Part.WHOM,
    Part.WHEN,
    Part.REASON,
)  # something can be typed there
GROUPS = {Part.COUNTIES: Group.COUNTY, Part.STAGES: Group.STAGE, Part.TAGS: Group.TAG}
_BEFORE = {
    Part.SUMMARY: Part.TEXT, Part.WHOM: Part.TEXT, Part.WHAT: Part.WHOM, Part.WHEN: Part.WHAT, Part.SOUND: Part.WHAT,
    Part.COUNTIES: Part.WHOM, Part.STAGES: Part.WHOM, Part.TAGS: Part.WHOM,
}  # fmt: skip


def step(draft: Draft) -> Part:
    """What is still to be said; READY when all is."""
    if not draft.title:
        return Part.TEXT
    if not draft.text:
        return Part.SUMMARY
    if not draft.audience:
        return Part.WHOM
    if draft.kind is None:
        return Part.WHAT
    if draft.is_ask and draft.due_at is None:
        return Part.WHEN
    return Part.READY if draft.level else Part.SOUND


@dataclass(frozen=True, slots=True)
class Shown:
    """A page about to be made.

    Attributes:
        page: of a list, from 0.
        fault: what was wrong with what was just typed.
    """

    part: Part
    page: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Card:
    """What the card of the draft would say, and what stands on its buttons."""

    kind: str
    level: str
    title: str
    text: str
    count: int
    is_trial: bool
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reach:
    """An outlook as its text wants it."""

    units: int
    has_bureaus: bool
    groups: int
    private: int
    unreached: int
    is_trial: bool
    last: outlook.Change | None
    most: int
    over: int
    reason: str
    needs_two: bool


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders a draft for its author, and its card for whoever is to agree."""

    desk: Desk
    words: Words = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", self.desk.words)

    # ── the author's message ─────────────────────────────────────────────────────────────────────

    def show(
        self, tx: Tx, now: dt.datetime, draft: Draft, person: Person, shown: Shown | None = None
    ) -> OutgoingMessage:
        """The page; of a draft that is no longer open, what became of it."""
        if draft.state is not State.OPEN:
            return self.standing(tx, draft)
        it = shown or Shown(step(draft))
        if it.part in (Part.READY, Part.FIRST, Part.UNREACHED, Part.REASON):
            return self._ahead(tx, now, draft, person, it)
        if it.part is Part.WHOM or it.part in GROUPS:
            return self._whom(tx, draft, person, it)
        make = {
            Part.TEXT: self._text, Part.NAME: self._name, Part.SUMMARY: self._summary, Part.WHAT: self._what,
            Part.WHEN: self._when, Part.SOUND: self._sound,
        }[it.part]  # fmt: skip
        return make(tx, now, draft, it)

    def standing(self, tx: Tx, draft: Draft) -> OutgoingMessage:
        """What became of a draft that is no longer open."""
        say = self.words.html
        by = people.get(tx, draft.released_by).said_by() if draft.released_by is not None else ""
        if draft.state is State.ASKED:
            html = say("composing.waiting", title=draft.title, units=draft.units or 0, at=draft.asked_at)
            return OutgoingMessage(html, ((self._button("withdraw", draft, UNDO),),))
        if draft.state is State.LEAVING and draft.leave_at is not None:
            leaves = draft.leave_at.astimezone(self.desk.zone).strftime("%H:%M:%S")
            html = say("composing.leaving", title=draft.title, units=draft.units or 0, leaves=leaves, by=by)
            return OutgoingMessage(html, ((self._button("undo", draft, UNDO),),))
        if draft.state is State.SENT:
            first = self._first(tx, draft)
            html = say("composing.sent", title=draft.title, units=draft.units or 0, by=by, first=first)
            return OutgoingMessage(html, ((self._button("rest", draft, REST),),) if first else ())
        return OutgoingMessage(say("composing.ended", title=draft.title))

    def unfinished(self, draft: Draft, again: int) -> OutgoingMessage:
        """A draft is there already: go on with it, or begin anew?"""
        html = self.words.html("composing.unfinished", title=draft.title)
        anew = self._button("anew", draft, NEW, str(again))
        return OutgoingMessage(html, ((self._button("go_on", draft, PAGE, Part.READY),), (anew,)))

    def _button(self, name: str, draft: Draft, action: str, *args: str) -> Button:
        return Button(self.words.plain("composing.button", which=name), self._to(draft, action, *args))

    def _to(self, draft: Draft, action: str, *args: str) -> Callback:
        return Callback(action, draft.id, draft.edition, args)

    def _top(self, draft: Draft, it: Shown) -> dict[str, object]:
        return {
            "title": draft.title, "items": len(draft.items), "files": len(draft.files), "fault": it.fault,
        }  # fmt: skip

    def _below(self, draft: Draft, part: Part) -> Rows:
        """[◂ 返回] [不发了]: back to the whole where all is said, else to the question before."""
        drop = self._button("drop", draft, DROP)
        is_list = part in GROUPS
        if part is Part.TEXT and not draft.title:
            return ((drop,),)
        back = Part.READY if step(draft) is Part.READY and not is_list else _BEFORE.get(part, Part.READY)
        if part is Part.TEXT:
            return ((self._button("next", draft, PAGE, Part.READY), drop),)
        return ((self._button("back", draft, PAGE, back), drop),)

    # ── the questions ────────────────────────────────────────────────────────────────────────────

    def _text(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.text", **self._top(draft, it))
        latest = () if draft.title else self._latest(tx, draft)
        return OutgoingMessage(html, (*latest, *self._below(draft, Part.TEXT)))

    def _latest(self, tx: Tx, draft: Draft) -> Rows:
        """[再发: …] of the newest notices of the author's area."""
        person = people.get(tx, draft.contact_id)
        return tuple(
            (
                Button(
                    self.words.plain("composing.again", title=row.title, at=row.published_at),
                    Callback(AGAIN, row.id),
                ),
            )
            for row in latest(tx, person)
        )

    def _name(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.name", **self._top(draft, it))
        return OutgoingMessage(html, self._below(draft, Part.NAME))

    def _summary(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.summary", **self._top(draft, it), chars=len(draft.full_text))
        title = self._button("title_is_fine", draft, TITLE)
        return OutgoingMessage(html, ((title,), *self._below(draft, Part.SUMMARY)))

    def _what(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.what", **self._top(draft, it))
        rows = tuple(
            (Button(self.words.plain("composing.how", kind=kind.value), self._to(draft, KIND, kind.value)),)
            for kind in KINDS
            if kind is not Kind.DIRECTIVE or draft.items
        )
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.WHAT)))

    def _when(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.due", **self._top(draft, it))
        names = [name for name in DUES if due_of(name, now, self.desk.zone) is not None]
        rows = tuple((self._button(name, draft, DUE, name),) for name in names)
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.WHEN)))

    def _sound(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.sound", **self._top(draft, it))
        rows = tuple(
            (Button(self.words.plain("composing.level", level=level), self._to(draft, SOUND, level)),)
            for level in levels(draft)
        )
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.SOUND)))

    # ── whom ─────────────────────────────────────────────────────────────────────────────────────

    def _whom(self, tx: Tx, draft: Draft, person: Person, it: Shown) -> OutgoingMessage:
        everyone = units.every(tx)
        reach = person.scope(access.Action.SEND)
        mine = [u for u in everyone if reach.has(u.place)]
        said = whom.spoken(draft.audience, everyone, reach) if draft.audience else ""
        count, fault = 0, it.fault
        try:
            count = len(outlook.selected(tx, draft, person, everyone)) if draft.audience else 0
        except errors.Refused as refused:
            fault = fault or refused.sentence
        top = self._top(draft, Shown(it.part, it.page, fault))
        html = self.words.html("composing.whom", **top, whom=said, units=count)
        if it.part in GROUPS:
            return OutgoingMessage(html, self._words_of(draft, it, everyone, mine))
        choice = whom.read(draft.audience)
        rows: list[tuple[Button, ...]] = []
        if choice is not None:
            kinds = self._taps(draft, choice, whom.options(Group.KIND, everyone, mine), it)
            features = self._taps(draft, choice, whom.options(Group.FEATURE, everyone, mine), it)
            rows += [*_by(kinds, 2), *self._groups(draft, choice, everyone, mine), *_by(features, 2)]
        if draft.audience:
            rows.append((self._button("clear", draft, CLEAR), self._button("next", draft, PAGE, Part.READY)))
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.WHOM)))

    def _groups(self, draft: Draft, choice: whom.Choice, everyone: list[Unit], mine: list[Unit]) -> Rows:
        """[县(市、区) ▸] …: those of which there is more than one word."""
        found = []
        for part, group in GROUPS.items():
            if len(whom.options(group, everyone, mine)) > (0 if group is Group.TAG else 1):
                chosen = sum(whom.group_of(word) is group for word in (*choice.taken, *choice.barred))
                label = self.words.plain("composing.group", which=group.value, chosen=chosen)
                found.append(Button(label, self._to(draft, PAGE, part)))
        return _by(found, 3)

    def _words_of(self, draft: Draft, it: Shown, everyone: list[Unit], mine: list[Unit]) -> Rows:
        choice = whom.read(draft.audience) or whom.Choice()
        options = whom.options(GROUPS[it.part], everyone, mine)
        here, pages, cut = _cut(len(options), it.page)
        taps = self._taps(draft, choice, options[cut], Shown(it.part, here))
        return (
            *((tap,) for tap in taps),
            *self._turning(draft, it.part, here, pages),
            *self._below(draft, it.part),
        )

    def _taps(self, draft: Draft, choice: whom.Choice, options: list[whom.Option], it: Shown) -> list[Button]:
        return [
            Button(
                self.words.plain("composing.option", state=choice.state(o.word), name=o.name, count=o.count),
                self._to(draft, WORD, it.part, str(it.page), whom.key(o.word)),
            )
            for o in options
        ]

    def _turning(self, draft: Draft, part: Part, here: int, pages: int) -> Rows:
        if pages == 1:
            return ()
        turns = (("◂", here - 1), (f"{here + 1}/{pages}", here), ("▸", here + 1))
        return (tuple(Button(label, self._to(draft, PAGE, part, str(to % pages))) for label, to in turns),)

    # ── the whole ────────────────────────────────────────────────────────────────────────────────

    def _ahead(self, tx: Tx, now: dt.datetime, draft: Draft, person: Person, it: Shown) -> OutgoingMessage:
        """A page that needs to know what sending would do; back to 发给谁 where that cannot be told."""
        first = step(draft)
        if first is not Part.READY:
            return self.show(tx, now, draft, person, Shown(first))
        try:
            ahead = outlook.look(tx, now, draft, person, rules=self.desk.rules, zone=self.desk.zone)
        except errors.Refused as refused:
            return self._whom(tx, draft, person, Shown(Part.WHOM, 0, refused.sentence))
        if it.part is Part.FIRST:
            return self._counties(draft, it, ahead)
        if it.part is Part.UNREACHED:
            return self._unreached(tx, draft, it, ahead)
        if it.part is Part.REASON:
            html = self.words.html(
                "composing.reason", **self._top(draft, it), over=ahead.burden.over, cap=self.desk.rules.asks_a_week
            )  # fmt: skip
            return OutgoingMessage(html, self._below(draft, Part.REASON))
        html = self.words.html("composing.ready", **self._top(draft, it), **self.plan(tx, now, draft, ahead))
        return OutgoingMessage(html, self._ready_rows(draft, ahead))

    def plan(self, tx: Tx, now: dt.datetime, draft: Draft, ahead: Outlook) -> dict[str, object]:
        """What the card says, how it goes out and whom it reaches, for a text."""
        reach = people.get(tx, draft.contact_id).scope(access.Action.SEND)
        shown = draft.items[:ITEMS_SHOWN] if draft.kind is Kind.DIRECTIVE else ()
        lines = [f"{item.key} {_short(item.text)}" for item in shown]
        if shown and len(draft.items) > len(shown):
            lines.append(f"…共 {len(draft.items)} 项")
        return {
            "card": self.card(draft, is_trial=ahead.is_trial), "lines": lines,
            "whom": whom.spoken(draft.audience, units.every(tx), reach),
            "how": self.words.plain("composing.how", kind=draft.kind.value if draft.kind else "reminder"),
            "due": self.due(draft, now), "level": self.words.plain("composing.level", level=draft.level or "today"),
            "first": self._first(tx, draft), "o": self._reach(draft, ahead),
        }  # fmt: skip

    def due(self, draft: Draft, now: dt.datetime) -> str:
        """今天17:00; '' where nobody is to answer."""
        is_due = draft.is_ask and draft.due_at is not None
        return self.words.moment(draft.due_at, now) if is_due and draft.due_at is not None else ""

    def card(self, draft: Draft, *, is_trial: bool) -> _Card:
        """The card as schools will see it, one for all."""
        kind = draft.kind or Kind.REMINDER
        text = sending.card_text(draft)
        for name, said in (("{school}", "各校"), ("{unit}", "各单位"), ("{duty_phone}", "值班电话")):
            text = text.replace(name, said)
        labels = tuple(self._labels(draft))
        level = draft.level or "today"
        return _Card(kind.value, level, draft.title, text, len(draft.items), is_trial, labels)

    def _labels(self, draft: Draft) -> list[str]:
        kind = draft.kind or Kind.REMINDER
        yes, trouble = sending.LABELS.get(kind, sending.USUAL_LABELS)
        found = []
        if kind is Kind.DIRECTIVE:
            found += [self.words.plain("directive.ack"), self.words.plain("directive.feedback")]
        elif kind is not Kind.REMINDER:
            found.append(self.words.plain("card.yes", words=yes, kind=kind.value))
            other = self.words.plain("card.trouble", words=trouble)
            found.append(self.words.plain("card.say") if kind is Kind.REPORT else other)
        if draft.full_text:
            found.append(self.words.plain("composing.button", which="full"))
        if draft.files:
            found.append(self.words.plain("composing.button", which="files"))
        return found

    def _reach(self, draft: Draft, ahead: Outlook) -> _Reach:
        return _Reach(
            ahead.units, any(not u.owes_answers for u in ahead.asked), ahead.groups, ahead.private,
            len(ahead.unreached), ahead.is_trial, ahead.last, ahead.burden.most, ahead.burden.over, draft.reason,
            ahead.needs_two(self.desk.rules, draft.level),
        )  # fmt: skip

    def _first(self, tx: Tx, draft: Draft) -> str:
        """大河县, where that goes first; else ''."""
        if draft.first_county_id is None:
            return ""
        return unit_tree.short_name(units.get(tx, draft.first_county_id).name)

    def _ready_rows(self, draft: Draft, ahead: Outlook) -> Rows:
        go = "ask_second" if ahead.needs_two(self.desk.rules, draft.level) else "send"
        label = self.words.plain(f"composing.{go}", units=ahead.units)
        rows: list[tuple[Button, ...]] = [(Button(label, self._to(draft, SEND, str(ahead.units))),)]
        second = [self._button("try", draft, TRY)]
        if ahead.unreached:
            label = self.words.plain("composing.list", count=len(ahead.unreached))
            second.append(Button(label, self._to(draft, PAGE, Part.UNREACHED)))
        rows.append(tuple(second))
        if draft.first_county_id is not None:
            rows.append((self._button("all_at_once", draft, FIRST, "0"),))
        elif ahead.is_wide:
            rows.append((self._button("first", draft, PAGE, Part.FIRST),))
        change = [("text", Part.TEXT), ("title", Part.NAME), ("whom", Part.WHOM), ("what", Part.WHAT)]
        change += [("when", Part.WHEN)] * draft.is_ask + [("sound", Part.SOUND)]
        rows += _by([self._button(name, draft, PAGE, part) for name, part in change], 3)
        if draft.files:
            rows.append((self._button("no_files", draft, NO_FILES),))
        return (*rows, (self._button("drop", draft, DROP),))

    def _counties(self, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        here, pages, cut = _cut(len(ahead.counties), it.page)
        counts = {u.id: sum(one.county_id == u.id for one in ahead.asked) for u in ahead.counties}
        html = self.words.html("composing.first", **self._top(draft, it), page=here + 1, pages=pages)
        rows = tuple(
            (
                Button(
                    self.words.plain(
                        "composing.county", name=unit_tree.short_name(u.name), count=counts[u.id]
                    ),
                    self._to(draft, FIRST, str(u.id)),
                ),
            )
            for u in ahead.counties[cut]
        )
        turning = self._turning(draft, Part.FIRST, here, pages)
        return OutgoingMessage(html, (*rows, *turning, *self._below(draft, Part.FIRST)))

    def _unreached(self, tx: Tx, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        here, pages, cut = _cut(len(ahead.unreached), it.page)
        names = {u.id: unit_tree.short_name(u.name) for u in units.every(tx) if u.kind == "county"}
        schools = [f"{u.name} {names.get(u.county_id or 0, '')}".strip() for u in ahead.unreached[cut]]
        html = self.words.html(
            "composing.unreached", **self._top(draft, it), schools=schools, first=cut.start + 1, page=here + 1, pages=pages
        )  # fmt: skip
        turning = self._turning(draft, Part.UNREACHED, here, pages)
        return OutgoingMessage(html, (*turning, *self._below(draft, Part.UNREACHED)))

    # ── other eyes ───────────────────────────────────────────────────────────────────────────────

    def rehearsal(self, draft: Draft, now: dt.datetime, *, is_trial: bool) -> OutgoingMessage:
        """The card, for the author alone; its buttons answer nothing."""
        card = self.card(draft, is_trial=is_trial)
        html = self.words.html("composing.rehearsal", card=card, due=self.due(draft, now))
        return OutgoingMessage(
            html, self.looking(draft, card.buttons, draft.edition), silent=draft.level == "info"
        )

    def looking(self, draft: Draft, labels: tuple[str, ...], edition: int) -> Rows:
        """A row for each label; [看全文] and [📎 看原文] do what they say, the others nothing."""
        what = {self.words.plain("composing.button", which=name): name for name in ("full", "files")}
        return tuple(
            (Button(label, Callback(LOOK, draft.id, edition, (what.get(label, "none"),))),)
            for label in labels
        )

    def put_to_second(self, tx: Tx, now: dt.datetime, draft: Draft) -> OutgoingMessage:
        """What the second officer is asked to agree to."""
        author = people.get(tx, draft.contact_id)
        try:
            ahead = outlook.look(tx, now, draft, author, rules=self.desk.rules, zone=self.desk.zone)
        except errors.Refused:
            return self.put_over(tx, draft)
        plan = self.plan(tx, now, draft, ahead)
        html = self.words.html(
            "composing.put", author=author.said_by(), title=draft.title, items=len(draft.items), files=len(draft.files),
            **plan,
        )  # fmt: skip
        card = self.card(draft, is_trial=ahead.is_trial)
        extras = card.buttons[len(card.buttons) - bool(draft.full_text) - bool(draft.files) :]
        rows = (
            (self._button("agree", draft, AGREE),),
            (self._button("refuse", draft, REFUSE),),
            *self.looking(draft, extras, draft.edition),
        )
        return OutgoingMessage(html, rows)

    def put_over(self, tx: Tx, draft: Draft) -> OutgoingMessage:
        """What came of it, for who was asked."""
        author = people.get(tx, draft.contact_id).said_by()
        settled = draft.released_by if draft.released_by is not None else draft.refused_by
        by = people.get(tx, settled).said_by() if settled is not None else ""
        state = "agreed" if draft.released_by is not None else "refused" if by else "over"
        return OutgoingMessage(
            self.words.html("composing.put_over", author=author, title=draft.title, state=state, by=by)
        )


def latest(tx: Tx, person: Person) -> list[sa.RowMapping]:
    """The newest notices of this person's area; what went to administrators alone is none of them."""
    n, a = notices.notice, notices.assignment
    query = sa.select(n.c.id, n.c.title, n.c.published_at).where(
        n.c.recalled_at.is_(None), n.c.audience != "admins"
    )
    reach = person.scope(access.Action.SEND)
    if not reach.everything:
        mine = (n.c.published_by == person.actor) | n.c.id.in_(
            sa.select(a.c.notice_id).where(a.c.county_id.in_(reach.counties))
        )
        query = query.where(mine)
    rows = tx.execute(query.order_by(n.c.published_at.desc(), n.c.id.desc()).limit(LATEST))
    return list(rows.mappings())


# ── small choices ────────────────────────────────────────────────────────────────────────────────

DUES = ("today17", "next12", "friday17")
FRIDAY = 4


def due_of(name: str, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """The instant a button of a deadline means; None where it is past, or another button says the same."""
    today = now.astimezone(zone).date()
    to_friday = FRIDAY - today.weekday()
    days, hour = {"today17": (0, 17), "next12": (1, 12), "friday17": (to_friday, 17)}.get(name, (-1, 0))
    if days < 0 or (name == "friday17" and days == 0):
        return None
    at = dt.datetime.combine(today + dt.timedelta(days=days), dt.time(hour), zone).astimezone(dt.UTC)
    return at if at > now + rules.MINUTE + rules.SOONEST else None


def levels(draft: Draft) -> tuple[str, ...]:
    """What can be chosen: an ask is heard."""
    return ("today", "now") if draft.is_ask else ("info", "today", "now")


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= ITEM_SHOWN_CHARS else f"{line[: ITEM_SHOWN_CHARS - 1]}…"


def _by(buttons: list[Button], count: int) -> Rows:
    return tuple(tuple(buttons[at : at + count]) for at in range(0, len(buttons), count))


def _cut(count: int, page: int) -> tuple[int, int, slice]:
    pages = max(1, -(-count // PER_PAGE))
    here = min(page, pages - 1)
    return here, pages, slice(here * PER_PAGE, (here + 1) * PER_PAGE)


def shown_of(callback: Callback) -> Shown:
    """The page a button leads to; the whole where it says nothing we know."""
    word = callback.args[0] if callback.args else ""
    part = Part(word) if word in list(Part) else Part.READY
    return Shown(part, min(callback.number(1) or 0, PAGES))

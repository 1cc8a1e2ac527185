"""The author's one message: each question in turn, then the card as schools will see it, then what becomes of it."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.composing import outlook, place, revising, whom
from bot.composing.drafts import Draft
from bot.composing.item_pages import ItemPages
from bot.composing.looks import Looks
from bot.composing.model import State
from bot.composing.outlook import Outlook
from bot.composing.place import GROUPS, Part, Rows, Shown
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

LATEST = 5  # notices offered to be sent again


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders a draft for its author, and its card for whoever is to agree."""

    desk: Desk

    @property
    def words(self) -> Words:
        return self.desk.words

    @property
    def looks(self) -> Looks:
        return Looks(self.desk)

    # ── the author's message ─────────────────────────────────────────────────────────────────────

    def show(
        self, tx: Tx, now: dt.datetime, draft: Draft, person: Person, shown: Shown | None = None
    ) -> OutgoingMessage:
        """The page; of a draft that is no longer open, what became of it."""
        if draft.state is not State.OPEN:
            return self.standing(tx, draft)
        it = shown or Shown(place.step(draft))
        if it.part in (Part.READY, Part.FIRST, Part.UNREACHED, Part.REASON):
            return self._ahead(tx, now, draft, person, it)
        if it.part is Part.WHOM or it.part in GROUPS:
            return self._whom(tx, draft, person, it)
        if it.part in place.OF_ITEMS:
            return ItemPages(self.words).show(now, draft, it, self._top(draft, it))
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
            return OutgoingMessage(html, ((self._button("withdraw", draft, place.UNDO),),))
        if draft.state is State.LEAVING and draft.leave_at is not None:
            leaves = draft.leave_at.astimezone(self.desk.zone).strftime("%H:%M:%S")
            html = say("composing.leaving", title=draft.title, units=draft.units or 0, leaves=leaves, by=by)
            return OutgoingMessage(html, ((self._button("undo", draft, place.UNDO),),))
        if draft.state is State.SENT:
            first = self.looks.first(tx, draft)
            if draft.revises is not None:
                version = (draft.of_version or 0) + 1
                return OutgoingMessage(
                    say("revising.sent", title=draft.title, version=version, units=draft.units or 0, by=by)
                )
            html = say("composing.sent", title=draft.title, units=draft.units or 0, by=by, first=first)
            return OutgoingMessage(html, ((self._button("rest", draft, place.REST),),) if first else ())
        return OutgoingMessage(say("composing.ended", title=draft.title))

    def unfinished(self, draft: Draft, again: int, how: str = "") -> OutgoingMessage:
        """A draft is there already: go on with it, or begin anew, with the words of a notice where one is named?"""
        html = self.words.html("composing.unfinished", title=draft.title)
        anew = self._button("anew", draft, place.NEW, str(again), how)
        return OutgoingMessage(html, ((self._button("go_on", draft, place.PAGE, Part.READY),), (anew,)))

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
        drop = self._button("drop", draft, place.DROP)
        is_list = part in GROUPS
        if part is Part.TEXT and not draft.title:
            return ((drop,),)
        back = (
            Part.READY
            if place.step(draft) is Part.READY and not is_list
            else place.BEFORE.get(part, Part.READY)
        )
        if part is Part.TEXT:
            return ((self._button("next", draft, place.PAGE, Part.READY), drop),)
        return ((self._button("back", draft, place.PAGE, back), drop),)

    # ── the questions ────────────────────────────────────────────────────────────────────────────

    def _text(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        if draft.revises is not None:
            is_directive = draft.kind is Kind.DIRECTIVE
            top = self._top(draft, it) | {"version": draft.of_version, "directive": is_directive}
            return OutgoingMessage(self.words.html("revising.text", **top), self._below(draft, Part.TEXT))
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
                    Callback(place.AGAIN, row.id),
                ),
            )
            for row in latest(tx, person)
        )

    def _name(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.name", **self._top(draft, it))
        return OutgoingMessage(html, self._below(draft, Part.NAME))

    def _summary(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        top = self._top(draft, it) | {"chars": len(draft.full_text), "most": draft.summary_chars}
        if draft.revises is not None:
            label = self.words.plain("revising.button", which="as_before")
            before = Button(label, self._to(draft, place.TITLE))
            return OutgoingMessage(
                self.words.html("revising.summary", **top), ((before,), *self._below(draft, Part.SUMMARY))
            )
        html = self.words.html("composing.summary", **top)
        title = self._button("title_is_fine", draft, place.TITLE)
        return OutgoingMessage(html, ((title,), *self._below(draft, Part.SUMMARY)))

    def _what(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.what", **self._top(draft, it))
        rows = tuple(
            (
                Button(
                    self.words.plain("composing.how", kind=kind.value),
                    self._to(draft, place.KIND, kind.value),
                ),
            )
            for kind in place.KINDS
            if kind is not Kind.DIRECTIVE or draft.items
        )
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.WHAT)))

    def _when(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        is_own = it.page == place.OWN_WORDS
        html = self.words.html("composing.due", **self._top(draft, it), is_own=is_own)
        if is_own:
            return OutgoingMessage(html, self._below(draft, Part.WHEN))
        rows = self._dues(now, draft)
        last = place.latest_item(draft, now) if draft.kind is Kind.DIRECTIVE else None
        if last is not None:
            label = self.words.plain("composing.with_items", due=self.words.moment(last, now))
            rows = ((Button(label, self._to(draft, place.DUE, place.WITH_ITEMS)),), *rows)
        own = self._button("own_words", draft, place.PAGE, Part.WHEN, str(place.OWN_WORDS))
        return OutgoingMessage(html, (*rows, (own,), *self._below(draft, Part.WHEN)))

    def _dues(self, now: dt.datetime, draft: Draft) -> Rows:
        """[明天12:00] …; a day on which the schools are closed is marked."""
        found = []
        for name in place.DUES:
            due_at = place.due_of(name, now, self.desk.zone)
            if due_at is not None:
                off = place.is_off(due_at, self.desk.calendar, self.desk.zone)
                label = self.words.plain("composing.day", which=name, off=off)
                found.append((Button(label, self._to(draft, place.DUE, name)),))
        return tuple(found)

    def _sound(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown) -> OutgoingMessage:
        html = self.words.html("composing.sound", **self._top(draft, it), due=self.looks.due(draft, now))
        rows = tuple(
            (Button(self.words.plain("composing.level", level=level), self._to(draft, place.SOUND, level)),)
            for level in place.levels(draft)
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
            rows += [
                *place.by(kinds, 2),
                *self._groups(draft, choice, everyone, mine),
                *place.by(features, 2),
            ]
        if draft.audience:
            rows.append(
                (
                    self._button("clear", draft, place.CLEAR),
                    self._button("next", draft, place.PAGE, Part.READY),
                )
            )
        return OutgoingMessage(html, (*rows, *self._below(draft, Part.WHOM)))

    def _groups(self, draft: Draft, choice: whom.Choice, everyone: list[Unit], mine: list[Unit]) -> Rows:
        """[县(市、区) ▸] …: those of which there is more than one word."""
        found = []
        for part, group in GROUPS.items():
            if len(whom.options(group, everyone, mine)) > (0 if group is Group.TAG else 1):
                chosen = sum(whom.group_of(word) is group for word in (*choice.taken, *choice.barred))
                label = self.words.plain("composing.group", which=group.value, chosen=chosen)
                found.append(Button(label, self._to(draft, place.PAGE, part)))
        return place.by(found, 3)

    def _words_of(self, draft: Draft, it: Shown, everyone: list[Unit], mine: list[Unit]) -> Rows:
        choice = whom.read(draft.audience) or whom.Choice()
        options = whom.options(GROUPS[it.part], everyone, mine)
        here, pages, cut = place.cut(len(options), it.page)
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
                self._to(draft, place.WORD, it.part, str(it.page), whom.key(o.word)),
            )
            for o in options
        ]

    def _turning(self, draft: Draft, part: Part, here: int, pages: int) -> Rows:
        if pages == 1:
            return ()
        turns = (("◂", here - 1), (f"{here + 1}/{pages}", here), ("▸", here + 1))
        return (
            tuple(Button(label, self._to(draft, place.PAGE, part, str(to % pages))) for label, to in turns),
        )

    # ── the whole ────────────────────────────────────────────────────────────────────────────────

    def _ahead(self, tx: Tx, now: dt.datetime, draft: Draft, person: Person, it: Shown) -> OutgoingMessage:
        """A page that needs to know what sending would do; back to 发给谁 where that cannot be told."""
        first = place.step(draft)
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
        return self._whole(tx, now, draft, it, ahead)

    def _whole(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        """All of it, and [发送]."""
        if draft.revises is not None:
            return self._revision(tx, now, draft, it, ahead)
        html = self.words.html(
            "composing.ready", **self._top(draft, it), **self.looks.plan(tx, now, draft, ahead)
        )
        return OutgoingMessage(html, self._ready_rows(draft, ahead))

    def _ready_rows(self, draft: Draft, ahead: Outlook) -> Rows:
        rows: list[tuple[Button, ...]] = [self._send_row(draft, ahead)]
        second = [self._button("try", draft, place.TRY)]
        if ahead.unreached:
            label = self.words.plain("composing.list", count=len(ahead.unreached))
            second.append(Button(label, self._to(draft, place.PAGE, Part.UNREACHED)))
        rows.append(tuple(second))
        if draft.first_county_id is not None:
            rows.append((self._button("all_at_once", draft, place.FIRST, "0"),))
        elif ahead.is_wide:
            rows.append((self._button("first", draft, place.PAGE, Part.FIRST),))
        change = [("text", Part.TEXT), ("title", Part.NAME), ("whom", Part.WHOM), ("what", Part.WHAT)]
        change += [("when", Part.WHEN)] * draft.is_ask + [("sound", Part.SOUND)]
        change += [("items", Part.ITEMS)] * (draft.kind is Kind.DIRECTIVE)
        rows += place.by([self._button(name, draft, place.PAGE, part) for name, part in change], 3)
        if draft.files:
            rows.append((self._button("no_files", draft, place.NO_FILES),))
        return (*rows, (self._button("drop", draft, place.DROP),))

    def _revision(self, tx: Tx, now: dt.datetime, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        """What the next version changes; [发送] where it can be."""
        said = self.looks.revision(tx, now, draft, ahead)
        html = self.words.html("revising.ready", **self._top(draft, it), **said)
        fault = said["d"].fault if isinstance(said["d"], revising.Revision) else ""
        rows = () if fault else (self._send_row(draft, ahead),)
        is_open = draft.due_at is None or draft.due_at > now
        change = [("text", Part.TEXT)] + [("when", Part.WHEN)] * is_open
        change += [("items", Part.ITEMS)] * (draft.kind is Kind.DIRECTIVE)
        buttons = [self._button(name, draft, place.PAGE, part) for name, part in change]
        ends = (
            (self._button("try", draft, place.TRY),),
            *place.by(buttons, 3),
            (self._button("drop", draft, place.DROP),),
        )
        return OutgoingMessage(html, (*rows, *ends))

    def _send_row(self, draft: Draft, ahead: Outlook) -> tuple[Button, ...]:
        go = "ask_second" if ahead.needs_two(self.desk.rules, draft.level) else "send"
        label = self.words.plain(f"composing.{go}", units=ahead.units)
        return (Button(label, self._to(draft, place.SEND, str(ahead.units))),)

    def _counties(self, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        here, pages, cut = place.cut(len(ahead.counties), it.page)
        counts = {u.id: sum(one.county_id == u.id for one in ahead.asked) for u in ahead.counties}
        html = self.words.html("composing.first", **self._top(draft, it), page=here + 1, pages=pages)
        rows = tuple(
            (
                Button(
                    self.words.plain(
                        "composing.county", name=unit_tree.short_name(u.name), count=counts[u.id]
                    ),
                    self._to(draft, place.FIRST, str(u.id)),
                ),
            )
            for u in ahead.counties[cut]
        )
        turning = self._turning(draft, Part.FIRST, here, pages)
        return OutgoingMessage(html, (*rows, *turning, *self._below(draft, Part.FIRST)))

    def _unreached(self, tx: Tx, draft: Draft, it: Shown, ahead: Outlook) -> OutgoingMessage:
        here, pages, cut = place.cut(len(ahead.unreached), it.page)
        names = {u.id: unit_tree.short_name(u.name) for u in units.every(tx) if u.kind == "county"}
        schools = [f"{u.name} {names.get(u.county_id or 0, '')}".strip() for u in ahead.unreached[cut]]
        html = self.words.html(
            "composing.unreached", **self._top(draft, it), schools=schools, first=cut.start + 1, page=here + 1, pages=pages
        )  # fmt: skip
        turning = self._turning(draft, Part.UNREACHED, here, pages)
        return OutgoingMessage(html, (*turning, *self._below(draft, Part.UNREACHED)))


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

"""Plans in chat: the list, one plan, the question before it is sent at once, the days ahead; one message, edited in place.

Every page is worked out anew from what its buttons say and from the reader's present rights.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bot import errors
from bot.calendar.trigger import Occurrence
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices.publish import Draft, Item
from bot.notices.rules import Kind
from bot.plans import model, place, preview, reckoning, spoken, switching
from bot.plans.book import Book, Share
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.plans.preview import Line
from bot.plans.switching import Standing
from bot.roster import people, units
from bot.roster.access import Action
from bot.roster.people import Person
from bot.roster.units import Unit
from bot.summaries.place import Page
from bot.texts import Words

Rows = tuple[tuple[Button, ...], ...]
AHEAD = dt.timedelta(days=30)
ITEM_CHARS = 24  # of a directive's item on a plan's page
TIMES = 3  # next times told on a plan's page
_p, _f = model.plan, model.fire


@dataclass(frozen=True, slots=True)
class Time:
    """One of the next times of a plan."""

    at: dt.datetime
    is_provisional: bool


@dataclass(frozen=True, slots=True)
class Span:
    """One time a plan is sent; or the times in a row on which it is not, for one reason."""

    line: Line
    last_at: dt.datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class PlanPages:
    """Renders the pages for one reader, from the book in force."""

    book: Callable[[], Book]

    # ── who, and which ───────────────────────────────────────────────────────────────────────────

    def reader(self, tx: Tx, user_id: int) -> Person:
        """The person behind a press, who may look at plans.

        Raises:
            NotAllowed: a stranger, or somebody without that right.
        """
        person = people.entitled(tx, user_id, Action.SEE_PLANS)
        if person is None:
            raise errors.NotAllowed(self._say("plans.not_entitled"))
        return person

    def entry(self, key: str) -> Entry:
        """The plan a button stands for.

        Raises:
            Refused: it is in no file any more.
        """
        for plan_id, entry in self.book().entries.items():
            if place.key(plan_id) == key:
                return entry
        raise errors.Refused(self._say("plans.gone"))

    # ── the list ─────────────────────────────────────────────────────────────────────────────────

    def all(self, tx: Tx, now: dt.datetime, user_id: int, page: int = 0) -> OutgoingMessage:
        """Every plan, eight a page: whether it is on, its title, its next day.

        Raises:
            NotAllowed: as `reader`.
        """
        self.reader(tx, user_id)
        book = self.book()
        ids = list(book.entries)
        here, pages, cut = place.cut(len(ids), page)
        shown = switching.standing(tx, book, now=now, some=frozenset(ids[cut]))
        on = switching.enabled(tx, book)
        html = book.words.html("plans.list", total=len(ids), on=len(on), page=here + 1, pages=pages)
        rows: list[tuple[Button, ...]] = [
            (Button(self._label(one), Callback(place.PLAN, args=(place.key(one.entry.id), str(here)))),)
            for one in shown
        ]
        rows += place.turning(place.PLANS, (), here, pages)
        if on:
            rows.append((self._ahead_button(place.ALL, here),))
        return OutgoingMessage(html, tuple(rows))

    def _label(self, one: Standing) -> str:
        at = reckoning.opening(one.entry, one.next_at, self.book()) if one.next_at else None
        return self._say(
            "plans.row", title=one.entry.named(), is_enabled=one.is_enabled, at=at,
            is_ask=one.entry.kind is not Kind.REMINDER, is_manual=one.entry.is_manual,
            is_provisional=one.is_provisional,
        )  # fmt: skip

    # ── one plan ─────────────────────────────────────────────────────────────────────────────────

    def one(self, tx: Tx, now: dt.datetime, user_id: int, key: str, back: int = 0) -> OutgoingMessage:
        """What it says as schools will see it, when, to whom; who switched it; what can be done with it.

        Args:
            back: the page of the list to go back to.

        Raises:
            NotAllowed: as `reader`. Refused: there is no such plan.
        """
        person, entry, book = self.reader(tx, user_id), self.entry(key), self.book()
        everyone = units.every(tx)
        (stands,) = switching.standing(tx, book, now=now, some={entry.id})
        shares = switching.shares_of(entry, everyone, book) or [Share(book.calendars.of(), ())]
        row = tx.execute(sa.select(_p).where(_p.c.id == entry.id)).first()
        last_notice = self._last_notice(tx, entry)
        codes = {unit.code: unit.name for unit in everyone}
        html = book.words.html(
            "plans.one", **self._card(tx, now, entry, shares, person), is_enabled=stands.is_enabled,
            by=self._changed_by(tx, row.changed_by) if row else "", changed_at=row.changed_at if row else now,
            when=spoken.triggers(entry.triggers), whom=spoken.audience(entry.audience.text), units=stands.units,
            is_admins=entry.audience.is_admins, own_only=entry.through == "own", unless=entry.unless,
            due=spoken.due(entry.due) if entry.due else "", chase=entry.chase if entry.due else "",
            escalate=entry.escalate, owner=codes.get(entry.owner, ""), is_urgent=entry.is_urgent,
            times=self._times(entry, shares, now), last_at=stands.last_at,
        )  # fmt: skip
        return OutgoingMessage(html, self._doing(person, stands, key, back, last_notice))

    def _card(
        self, tx: Tx, now: dt.datetime, entry: Entry, shares: list[Share], person: Person
    ) -> dict[str, object]:
        """The card of the next time, or of now where there is none to come; or why there can be none."""
        at, share, occurrence = self._next(entry, shares, now)
        try:
            draft = entry.draft(at, self.book().words, calendar=share.calendar, occurrence=occurrence)
        except errors.Refused as fault:
            return {"title": entry.named(), "card": None, "fault": fault.sentence}
        meant = [u for share in shares for u in share.units]
        card = {
            "kind": draft.kind.value, "level": draft.level, "provisional": draft.is_provisional,
            "due": self._words.moment(draft.due_at, at) if draft.due_at else "",
            "text": self._filled(tx, draft.text, meant, person), "buttons": self._labels(draft),
            "lines": [_item(item) for item in draft.items],
        }  # fmt: skip
        return {"title": draft.title, "card": card, "fault": ""}

    def _next(
        self, entry: Entry, shares: list[Share], now: dt.datetime
    ) -> tuple[dt.datetime, Share, Occurrence]:  # fmt: skip
        coming = [(one, share) for share in shares if (one := switching.coming(entry, [share], now))]
        if coming:
            one, share = min(coming, key=lambda pair: pair[0].at)
            return one.at, share, one
        return now, shares[0], switching.occasion(entry, shares[0], self.book(), now)

    def _filled(self, tx: Tx, text: str, meant: list[Unit], person: Person) -> str:
        """As a school of the reader's own area reads it; without one, the places are named only."""
        mine = next((u for u in meant if person.may(Action.SEE_PLANS, u.place)), None)
        name = mine.name if mine else self._say("plans.some_school")
        phone = ""
        if mine and person.may(Action.SEE_PHONES, mine.place):
            phone = people.dialled(units.duty_phone(tx, mine))
        phone = phone or self._say("plans.duty_phone")
        return text.replace("{school}", name).replace("{unit}", name).replace("{duty_phone}", phone)

    def _labels(self, draft: Draft) -> list[str]:
        if draft.kind is Kind.REMINDER:
            return []
        if draft.kind is Kind.DIRECTIVE:
            return [self._say("directive.ack"), self._say("directive.feedback")]
        yes = self._say("card.yes", words=draft.yes_words, kind=draft.kind.value)
        if draft.kind is Kind.REPORT:
            return [yes, self._say("card.say")]
        return [yes, self._say("card.trouble", words=draft.trouble_words)]

    def _times(self, entry: Entry, shares: list[Share], now: dt.datetime) -> list[Time]:
        found: list[Time] = []
        while len(found) < TIMES and (one := switching.coming(entry, shares, now)) is not None:
            found.append(Time(reckoning.opening(entry, one.at, self.book()), one.is_provisional))
            now = one.at
        return found

    def _last_notice(self, tx: Tx, entry: Entry) -> int | None:
        """The newest notice it published, where that asked for an answer."""
        if entry.kind is Kind.REMINDER:
            return None
        mine = (_f.c.plan_id == entry.id, _f.c.state == FireState.PUBLISHED.value)
        found: int | None = tx.execute(sa.select(sa.func.max(_f.c.notice_id)).where(*mine)).scalar()
        return found

    def _changed_by(self, tx: Tx, actor: str) -> str:
        kind, _, number = actor.partition(":")
        if kind == "contact" and number.isdigit():
            return people.get(tx, int(number)).said_by()
        return self._say("plans.by_server" if kind == "cli" else "plans.by_file")

    def _doing(self, person: Person, stands: Standing, key: str, back: int, last_notice: int | None) -> Rows:
        args = (key, str(back))
        rows: list[tuple[Button, ...]] = []
        if not person.scope(Action.RUN_PLANS).is_empty:
            switch = place.PLAN_OFF if stands.is_enabled else place.PLAN_ON
            label = self._say("plans.switch", is_enabled=stands.is_enabled)
            rows.append((Button(label, Callback(switch, args=args)),))
        is_sender = stands.entry.audience.is_admins or not person.scope(Action.SEND).is_empty
        if is_sender and not person.scope(Action.RUN_PLANS).is_empty:
            rows.append((Button(self._say("plans.now"), Callback(place.PLAN_RUN, args=args)),))
        if not stands.entry.is_manual:
            rows.append((self._ahead_button(key, back),))
        if last_notice is not None:
            rows.append((Button(self._say("plans.last_table"), Page(last_notice).callback()),))
        rows.append((self._back(Callback(place.PLANS, args=(str(back),))),))
        return tuple(rows)

    # ── sending at once ──────────────────────────────────────────────────────────────────────────

    def ask(self, tx: Tx, now: dt.datetime, key: str, back: int) -> OutgoingMessage:
        """「将发给 3812 个单位,现在发?」; what is sent must be as many.

        Raises:
            Refused: it cannot be sent now, and why.
        """
        entry = self.entry(key)
        it = switching.reach(tx, now, entry.id, book=self.book())
        html = self._words.html(
            "plans.ask", title=entry.named(), units=it.units, closed=0 if entry.is_urgent else it.closed,
            is_trial=it.is_trial, is_admins=entry.audience.is_admins,
        )  # fmt: skip
        send = Callback(place.PLAN_SEND, args=(key, str(back), str(it.units)))
        rows = (
            (Button(self._say("plans.send"), send),),
            (self._back(Callback(place.PLAN, args=(key, str(back)))),),
        )
        return OutgoingMessage(html, rows)

    # ── the days ahead ───────────────────────────────────────────────────────────────────────────

    def ahead(
        self, tx: Tx, now: dt.datetime, user_id: int, key: str, back: int, page: int
    ) -> OutgoingMessage:
        """The next 30 days of one plan, as if it were on, or of all that are on; days left out with the reason.

        Raises:
            NotAllowed: as `reader`. Refused: there is no such plan.
        """
        self.reader(tx, user_id)
        book, entry = self.book(), None if key == place.ALL else self.entry(key)
        first = now.astimezone(book.zone).date()
        found = preview.build(tx, book, first=first, last=first + AHEAD, only=entry.id if entry else "")
        spans = folded(line for line in found if line.at > now and line.skipped != preview.PAUSED)
        here, pages, cut = place.cut(len(spans), page)
        is_paused = entry is not None and entry.id not in switching.enabled(tx, book)
        html = book.words.html(
            "plans.ahead", title=entry.named() if entry else "", is_paused=is_paused, spans=spans[cut], page=here + 1,
            pages=pages,
        )  # fmt: skip
        up = (
            Callback(place.PLAN, args=(key, str(back))) if entry else Callback(place.PLANS, args=(str(back),))
        )
        turning = place.turning(place.PLAN_AHEAD, (key, str(back)), here, pages)
        return OutgoingMessage(html, (*turning, (self._back(up),)))

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    @property
    def _words(self) -> Words:
        return self.book().words

    def _say(self, name: str, /, **params: object) -> str:
        return self._words.plain(name, **params)

    def _ahead_button(self, key: str, back: int) -> Button:
        return Button(self._say("plans.days_ahead"), Callback(place.PLAN_AHEAD, args=(key, str(back), "0")))

    def _back(self, to: Callback) -> Button:
        return Button(self._say("plans.back"), to)


def folded(lines: Iterable[Line]) -> list[Span]:
    """In order of time; times in a row on which one plan is left out for one reason are one."""
    found: list[Span] = []
    newest: dict[str, int] = {}
    for line in lines:
        at = newest.get(line.plan)
        if at is not None and line.skipped is not None and found[at].line.skipped == line.skipped:
            found[at] = replace(found[at], last_at=line.at, times=found[at].times + 1)
            continue
        newest[line.plan] = len(found)
        found.append(Span(line, line.at))
    return found


def _item(item: Item) -> str:
    """2.1 全面排查(校长), short enough for a line."""
    text = item.text if len(item.text) <= ITEM_CHARS else f"{item.text[: ITEM_CHARS - 1]}…"
    return f"{item.key} {text}({item.party})" if item.party else f"{item.key} {text}"

"""The day's plans in chat: the day, one occurrence with those it did not reach, what needs hands; edited in place."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bot import errors
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.plans import place, reached, reports, today
from bot.plans.book import Book
from bot.plans.today import Fire, Today
from bot.roster import people
from bot.roster.access import Action
from bot.roster.people import Person
from bot.summaries import handling, hands
from bot.summaries.hands import Need
from bot.summaries.place import Page

TODAY, FIRE, HANDS = "today", "fire", "hands"  # actions of the routing table
HANDS_SHOWN = 6
Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One occurrence on the day's page."""

    fire: Fire
    is_other_day: bool
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Class:
    """Of the lines on one page of what needs hands, those that want the same done; `count` there are of them in all."""

    why: str
    count: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class ReportPages:
    """Renders them for one reader, from the book in force."""

    book: Callable[[], Book]

    def reader(self, tx: Tx, user_id: int) -> Person:
        """The person behind a press, who answers for what the plans do.

        Raises:
            NotAllowed: a stranger, or somebody without that right.
        """
        person = people.entitled(tx, user_id, Action.RUN_PLANS)
        if person is None:
            raise errors.NotAllowed(self._say("reports.not_entitled"))
        return person

    def today(self, tx: Tx, now: dt.datetime, user_id: int, page: int = 0) -> OutgoingMessage:
        """The day as it stands, eight occurrences a page, on the first what needs hands.

        Raises:
            NotAllowed: as `reader`.
        """
        person, book = self.reader(tx, user_id), self.book()
        return self.laid_out(today.read(tx, now, book=book), self.needs_of(tx, now, person), page)

    def laid_out(self, it: Today, needs: list[Need], page: int = 0) -> OutgoingMessage:
        """The page of what was read."""
        here, pages, cut = place.cut(len(it.everything), page)
        shown = it.everything[cut]
        said = [] if here else [self._said(need, it.now) for need in needs[:HANDS_SHOWN]]
        html = self.book().words.html(
            "reports.today", day=it.day, total=len(it.everything), lines=[self._line(one, it) for one in shown],
            page=here + 1, pages=pages, hands=said, more=max(0, len(needs) - HANDS_SHOWN),
        )  # fmt: skip
        rows: list[tuple[Button, ...]] = [
            (Button(self._say("reports.open", at=one.at, title=one.title), self._door(one.fire_id, here)),)
            for one in shown
            if one.is_out and one.fire_id is not None
        ]
        rows += place.turning(TODAY, (), here, pages)
        if needs:
            rows.append(
                (Button(self._say("reports.all_needs", count=len(needs)), Callback(HANDS, args=("0",))),)
            )
        return OutgoingMessage(html, tuple(rows))

    def fire(
        self, tx: Tx, now: dt.datetime, user_id: int, fire_id: int, back: int = 0, page: int = 0
    ) -> OutgoingMessage:
        """One occurrence: its figures, and by name the chats and units that have no sure card.

        Args:
            back: the page of the day to go back to.

        Raises:
            NotAllowed: as `reader`. Refused: there is no such occurrence.
        """
        person = self.reader(tx, user_id)
        one = today.one(tx, fire_id, book=self.book())
        if one is None:
            raise errors.Refused(self._say("reports.gone"))
        missed = reached.missed(tx, one.notice_id, person=person) if one.notice_id is not None else []
        here, pages, cut = place.cut(len(missed), page)
        html = self.book().words.html(
            "reports.fire", f=one, is_other_day=self._is_other_day(one, now), places=missed[cut], page=here + 1,
            pages=pages,
        )  # fmt: skip
        rows = place.turning(FIRE, (str(fire_id), str(back)), here, pages)
        if one.notice_id is not None:
            rows = (*rows, *self._notice(one.notice_id, owes_answers=one.owes_answers))
        return OutgoingMessage(html, (*rows, self._back(back)))

    def _notice(self, notice_id: int, *, owes_answers: bool) -> Rows:
        """[这一次的汇总], where there is one, and [通知·更正·撤回]."""
        table = (Button(self._say("reports.table"), Page(notice_id).callback()),)
        handle = (Button(self._say("handling.open"), Callback(handling.OPEN, notice_id)),)
        return (table, handle) if owes_answers else (handle,)

    def hands(self, tx: Tx, now: dt.datetime, user_id: int, page: int = 0) -> OutgoingMessage:
        """Everything that needs a person's hands, eight lines a page, under what is to be done about them.

        Raises:
            NotAllowed: as `reader`.
        """
        needs = self.needs_of(tx, now, self.reader(tx, user_id))
        count = {why: len(some) for why, some in hands.by_class(needs).items()}
        here, pages, cut = place.cut(len(needs), page)
        classes = [
            Class(why, count[why], [self._said(need, now) for need in some])
            for why, some in hands.by_class(needs[cut]).items()
        ]
        html = self.book().words.html(
            "hands.page", total=len(needs), classes=classes, page=here + 1, pages=pages
        )
        return OutgoingMessage(html, (*place.turning(HANDS, (), here, pages), self._back(0)))

    def needs_of(self, tx: Tx, now: dt.datetime, person: Person) -> list[Need]:
        """What needs hands, as far as the reader may see names."""
        return reports.needs(tx, now, book=self.book(), within=person.scope(Action.SEE_NAMES))

    def _said(self, need: Need, now: dt.datetime) -> str:
        return hands.said(self.book().words, need, now)

    def door(self, one: Fire) -> Rows:
        """The button that leads from elsewhere to an occurrence."""
        label = self._say("reports.open", at=one.at, title=one.title)
        return ((Button(label, self._door(one.fire_id, 0)),),)

    def _line(self, one: Fire, it: Today) -> Line:
        is_overdue = one.state is None and not one.is_left_out and it.now - one.at > reports.LATE
        return Line(one, self._is_other_day(one, it.now), is_overdue)

    def _is_other_day(self, one: Fire, now: dt.datetime) -> bool:
        zone = self.book().zone
        return one.at.astimezone(zone).date() != now.astimezone(zone).date()

    def _door(self, fire_id: int | None, back: int) -> Callback:
        return Callback(FIRE, args=(str(fire_id), str(back)))

    def _back(self, page: int) -> tuple[Button, ...]:
        return (Button(self._say("reports.back"), Callback(TODAY, args=(str(page),))),)

    def _say(self, name: str, /, **params: object) -> str:
        return self.book().words.plain(name, **params)

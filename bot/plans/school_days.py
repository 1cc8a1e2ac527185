"""The school calendar in chat: today, what is ahead, and the days off an officer tells; one message, edited in place.

Every page is worked out anew from what its buttons say and from the reader's present rights.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.calendar import facts
from bot.calendar.facts import Kin
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.plans import days_off, place
from bot.plans.book import Book
from bot.plans.days_off import Closed, Target
from bot.roster import access, people, unit_tree, units
from bot.roster.people import Person
from bot.roster.units import Unit

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Area:
    """What a reader may see, and the words for it.

    Attributes:
        schools: schools and colleges within reach.
        counties: every county of the city, by id.
    """

    person: Person
    everyone: list[Unit]
    schools: list[Unit]
    counties: dict[int, Unit]

    def name(self, county_id: int | None) -> str:
        """大河县; '' for the whole city."""
        county = self.counties.get(county_id or 0)
        return unit_tree.short_name(county.name) if county else ""

    def sees(self, county_id: int | None) -> bool:
        scope = self.person.scope(access.Action.SEE_PLANS)
        return county_id is None or scope.everything or county_id in scope.counties

    def closable(self) -> list[Unit]:
        """The counties whose schools this person may close."""
        return [c for c in self.counties.values() if days_off.may(self.person, c.id)]


@dataclass(frozen=True, slots=True)
class _Option:
    """One button of the choice whom to close."""

    label: str
    callback: Callback


@dataclass(frozen=True, slots=True)
class SchoolDays:
    """Renders the pages for one reader, from the book in force."""

    book: Callable[[], Book]

    # ── the calendar ─────────────────────────────────────────────────────────────────────────────

    def page(self, tx: Tx, now: dt.datetime, user_id: int, page: int = 0) -> OutgoingMessage:
        """What today is, what comes next, and which schools stay closed today and tomorrow.

        Raises:
            NotAllowed: somebody who may not see the calendar.
        """
        book = self.book()
        area = self._area(tx, user_id)
        today = now.astimezone(book.zone).date()
        codes = {county.id: county.code for county in area.counties.values()}
        names = {county.code: unit_tree.short_name(county.name) for county in area.counties.values()}
        kins = {Kin(u.stage, codes.get(u.county_id or 0, "")) for u in area.schools}
        rows = [r for r in days_off.standing(tx, today, today + days_off.A_DAY) if area.sees(r["county_id"])]
        here, pages, cut = place.cut(len(rows), page)
        holidays = facts.told(kins, book.calendars, names, lambda c: facts.next_holiday(c, today))
        terms = facts.told(kins, book.calendars, names, lambda c: facts.term(c, today))
        html = book.words.html(
            "calendar.page", today=today, safety=book.calendars.of().safety_on(today),
            days=facts.told(kins, book.calendars, names, lambda c: facts.day(c, today)),
            holidays=[(whom, holiday) for whom, holiday in holidays if holiday],
            terms=[(whom, term) for whom, term in terms if term],
            closings=[self._closing(tx, area, row, today) for row in rows[cut]], first=cut.start + 1, page=here + 1,
            pages=pages,
        )  # fmt: skip
        return OutgoingMessage(
            html, (*self._doing(area, rows, cut, today), *place.turning(place.DAYS, (), here, pages))
        )

    def _closing(self, tx: Tx, area: Area, row: sa.RowMapping, today: dt.date) -> dict[str, object]:
        target = Target(row["day"], row["county_id"], row["tag"])
        return {
            "place": self._place(area, target), "tag": row["tag"], "schools": len(target.of(area.everyone)),
            "is_today": row["day"] == today, "by": people.get(tx, row["contact_id"]).said_by(), "since": row["since"],
        }  # fmt: skip

    def _place(self, area: Area, target: Target) -> str:
        return area.name(target.county_id) or self._say("calendar.city")

    def _doing(self, area: Area, rows: list[sa.RowMapping], cut: slice, today: dt.date) -> Rows:
        """[撤销 1] …, [今天停课] [明天停课], for those who may."""
        undo = [
            Button(
                self._say("calendar.undo", number=number), Callback(place.OFF_BACK, args=(str(row["id"]),))
            )
            for number, row in enumerate(rows[cut], start=cut.start + 1)
            if days_off.may(area.person, row["county_id"])
        ]
        found: list[tuple[Button, ...]] = [tuple(undo[i : i + 4]) for i in range(0, len(undo), 4)]
        if area.closable():
            days = (today, today + days_off.A_DAY)
            found += [
                (Button(self._say("calendar.close", is_today=day == today), self._whom(day, 0)),)
                for day in days
            ]
        return tuple(found)

    # ── whom ─────────────────────────────────────────────────────────────────────────────────────

    def choose(
        self, tx: Tx, now: dt.datetime, user_id: int, *, day: dt.date, county_id: int | None, page: int
    ) -> OutgoingMessage:
        """Whom to close: a county or a tag of it; for the city's officers also the city, and a tag of all of it.

        Raises:
            NotAllowed: somebody who may not close schools, or not there.
        """
        area = self._area(tx, user_id)
        mine = area.closable()
        is_city = days_off.may(area.person, None)
        if county_id is None and not is_city and len(mine) == 1:
            county_id = mine[0].id
        if not (days_off.may(area.person, county_id) or (county_id is None and mine)):
            raise errors.NotAllowed(days_off.NOT_YOURS)
        if county_id is not None and county_id not in area.counties:
            raise errors.Refused(days_off.NOBODY)
        options = self._options(area, mine, day, county_id, is_city=is_city)
        here, pages, cut = place.cut(len(options), page)
        html = self.book().words.html(
            "calendar.pick_whom", place=area.name(county_id) or self._say("calendar.city"),
            is_today=day == now.astimezone(self.book().zone).date(), page=here + 1, pages=pages,
        )  # fmt: skip
        has_above = county_id is not None and (is_city or len(mine) > 1)
        back = self._whom(day, 0) if has_above else Callback(place.DAYS)
        rows = (
            *((Button(option.label, option.callback),) for option in options[cut]),
            *place.turning(place.OFF_WHOM, (place.written(day), str(county_id or 0)), here, pages),
            (Button(self._say("calendar.back"), back),),
        )
        return OutgoingMessage(html, rows)

    def _options(
        self, area: Area, mine: list[Unit], day: dt.date, county_id: int | None, *, is_city: bool
    ) -> list[_Option]:
        found: list[_Option] = []
        if county_id is not None or is_city:
            schools = Target(day, county_id).of(area.everyone)
            if not schools:
                return found
            label = self._say("calendar.whole", is_city=county_id is None, schools=len(schools))
            found.append(_Option(label, self._asking(day, county_id, "")))
            found += [
                _Option(
                    self._say("calendar.some", name=tag, schools=count), self._asking(day, county_id, tag)
                )
                for tag, count in days_off.tags(schools)
            ]
        if county_id is None:
            for county in mine:
                if schools := Target(day, county.id).of(area.everyone):
                    label = self._say("calendar.some", name=area.name(county.id), schools=len(schools))
                    found.append(_Option(label, self._whom(day, county.id)))
        return found

    def _whom(self, day: dt.date, county_id: int) -> Callback:
        return Callback(place.OFF_WHOM, args=(place.written(day), str(county_id)))

    def _asking(self, day: dt.date, county_id: int | None, tag: str, action: str = place.OFF_ASK) -> Callback:
        return Callback(action, args=(place.written(day), str(county_id or 0), place.key(tag)))

    # ── the word ─────────────────────────────────────────────────────────────────────────────────

    def target(self, tx: Tx, *, day: dt.date, county_id: int | None, key: str) -> Target:
        """What a button means; a tag is looked for among the schools of the place it is for.

        Raises:
            Refused: no school there has that tag.
        """
        whole = Target(day, county_id)
        if key == place.ALL:
            return whole
        for tag, _ in days_off.tags(whole.of(units.every(tx))):
            if place.key(tag) == key:
                return Target(day, county_id, tag)
        raise errors.Refused(days_off.NOBODY)

    def ask(self, tx: Tx, now: dt.datetime, user_id: int, target: Target) -> OutgoingMessage:
        """Exactly what will happen, [确定] and [返回].

        Raises:
            As `days_off.ask`.
        """
        would = days_off.ask(tx, now, target, user_id=user_id, zone=self.book().zone)
        sure = Button(
            self._say("calendar.sure"), self._asking(target.day, target.county_id, target.tag, place.OFF)
        )
        back = Button(self._say("calendar.back"), self._whom(target.day, target.county_id or 0))
        return OutgoingMessage(self._told(tx, now, user_id, "calendar.ask", would), ((sure,), (back,)))

    def closed(self, tx: Tx, now: dt.datetime, user_id: int, done: Closed) -> OutgoingMessage:
        """What was done, and [撤销]."""
        undo = Button(
            self._say("calendar.undo", number=0), Callback(place.OFF_BACK, args=(str(done.day_off_id),))
        )
        home = Button(self._say("calendar.home"), Callback(place.DAYS))
        return OutgoingMessage(self._told(tx, now, user_id, "calendar.closed", done), ((undo,), (home,)))

    def _told(self, tx: Tx, now: dt.datetime, user_id: int, name: str, it: Closed) -> str:
        book = self.book()
        return book.words.html(
            name, place=self._place(self._area(tx, user_id), it.target), tag=it.target.tag, schools=it.schools,
            is_today=it.target.day == now.astimezone(book.zone).date(), notices=it.excused.notices, asks=it.excused.asks,
        )  # fmt: skip

    # ── who ──────────────────────────────────────────────────────────────────────────────────────

    def _area(self, tx: Tx, user_id: int) -> Area:
        person = people.by_user(tx, user_id)
        seen = person.scope(access.Action.SEE_PLANS) if person else None
        if person is None or seen is None or seen.is_empty:
            raise errors.NotAllowed(self._say("calendar.not_entitled"))
        everyone = units.every(tx)
        schools = [u for u in everyone if u.owes_answers and seen.has(u.place)]
        return Area(person, everyone, schools, {u.id: u for u in everyone if u.kind == "county"})

    def _say(self, name: str, /, **params: object) -> str:
        return self.book().words.plain(name, **params)

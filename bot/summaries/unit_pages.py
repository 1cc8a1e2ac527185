"""Units in chat: the list with its search, one unit's page, what it was asked, its codes; one message, edited in place.

Every page is worked out anew from what its buttons say and from the reader's present rights.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery.message import Button, OutgoingMessage
from bot.notices import unit_history
from bot.notices.unit_history import Asked
from bot.roster import directory, inviting, people, unit_tree
from bot.roster import units as roster
from bot.roster.access import Action, Scope
from bot.roster.directory import Held, Known, Reach
from bot.roster.people import Person
from bot.roster.units import Unit
from bot.summaries import place, unit_place
from bot.summaries.unit_place import Part, Place
from bot.texts import Words

Rows = tuple[tuple[Button, ...], ...]
LATELY = 3  # notices told on a unit's page; all are behind a button
SLIPS_OF = (
    500  # units of a list for which slips are offered: a county; a whole city's are printed on the server
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: a unit, and those it stands for, itself among them."""

    unit: Unit
    members: tuple[Unit, ...]

    @property
    def is_area(self) -> bool:
        """It opens a list of its own."""
        return len(self.members) > 1


@dataclass(frozen=True, slots=True)
class Listing:
    """A list before it is cut into pages.

    Attributes:
        top: the unit it is of; None for what was searched, and where an area begins in several places.
    """

    items: tuple[Item, ...]
    top: Unit | None = None


@dataclass(frozen=True, slots=True)
class UnitPages:
    """Renders the pages for one reader.

    Attributes:
        phones: `full`, `masked` or `never`, as the operator set it.
    """

    words: Words
    phones: str

    # ── who, and which ───────────────────────────────────────────────────────────────────────────

    def reader(self, tx: Tx, user_id: int) -> Person:
        """The person behind a press, who may read names of schools.

        Raises:
            NotAllowed: a stranger, or somebody without that right.
        """
        person = people.entitled(tx, user_id, Action.SEE_NAMES)
        if person is None:
            raise errors.NotAllowed(self._say("units.not_entitled"))
        return person

    def may_look(self, tx: Tx, user_id: int) -> bool:
        """Whether this is somebody who may read names of schools."""
        return people.entitled(tx, user_id, Action.SEE_NAMES) is not None

    def unit(self, tx: Tx, person: Person, unit_id: int) -> Unit:
        """The unit, if it is there still and within reach."""
        unit = roster.present(tx, unit_id)
        if unit is None:
            raise errors.Refused(self._say("units.gone"))
        if not person.may(Action.SEE_NAMES, unit.place):
            raise errors.NotAllowed(self._say("units.not_yours"))
        return unit

    # ── the list ─────────────────────────────────────────────────────────────────────────────────

    def found(self, tx: Tx, now: dt.datetime, user_id: int, text: str) -> OutgoingMessage | None:
        """The page some typed words mean: of the one unit, or the list of several; None where they mean none.

        Raises:
            NotAllowed: as `reader`.
        """
        person = self.reader(tx, user_id)
        it = directory.search(self._mine(tx, person), text)
        if not it.units:
            return None
        if it.only is None:
            return self.units(tx, now, user_id, unit_place.said(text))
        if it.only.kind in ("county", "city"):
            return self.units(tx, now, user_id, unit_place.below(it.only.id))
        return self.one(tx, now, user_id, it.only.id, unit_place.said(text))

    def means(self, tx: Tx, user_id: int, text: str) -> Unit | None:
        """The one unit these words mean beyond doubt, within the reader's area; None for a stranger, too."""
        person = people.by_user(tx, user_id)
        return directory.search(self._mine(tx, person), text).only if person else None

    def units(self, tx: Tx, now: dt.datetime, user_id: int, at: Place) -> OutgoingMessage:
        """Eight units a page, each with how far it can be reached; the counts are of the schools of the whole list.

        Raises:
            NotAllowed: as `reader`, or the list lies out of reach. Refused: its unit is closed.
        """
        person = self.reader(tx, user_id)
        listing = self.listing(tx, person, at)
        everyone = [u for item in listing.items for u in item.members]
        reach = directory.reaches(tx, everyone)
        shown = [item for item in listing.items if _belongs(item, at.part, reach)]
        here, pages, cut = unit_place.cut(len(shown), at.page)
        at = replace(at, page=here)
        schools = [u for u in everyone if u.owes_answers]
        unbound, lost = (sum(reach[u.id] is r for u in schools) for r in (Reach.UNBOUND, Reach.LOST))
        html = self.words.html(
            "units.list", name=listing.top.name if listing.top else self._say("units.whole"), word=at.word,
            part=at.part.value, schools=len(schools), unbound=unbound, lost=lost, shown=len(shown), page=here + 1,
            pages=pages,
        )  # fmt: skip
        rows: list[tuple[Button, ...]] = [(self._door(item, at, reach),) for item in shown[cut]]
        rows += unit_place.turning([replace(at, page=n).callback() for n in range(pages)], here)
        rows += self._parts(at, len(schools), unbound, lost)
        rows += self._doing(tx, person, at, listing, everyone)
        return OutgoingMessage(html, tuple(rows))

    def _mine(self, tx: Tx, person: Person) -> list[Unit]:
        return roster.within(tx, person.scope(Action.SEE_NAMES))

    def listing(self, tx: Tx, person: Person, at: Place) -> Listing:
        if at.word:
            return Listing(
                tuple(Item(u, (u,)) for u in directory.search(self._mine(tx, person), at.word).units)
            )
        within = person.scope(Action.SEE_NAMES)
        tops = directory.tops(tx, within)
        if at.top is not None:
            top = self.unit(tx, person, at.top)
        elif len(tops) == 1:
            top = tops[0]
        else:
            return Listing(tuple(_item(u, roster.below(tx, u) if _has_area(u) else []) for u in tops))
        inside = [u for u in roster.below(tx, top) if within.has(u.place)]
        if top.kind != "city":
            return Listing((Item(top, (top,)), *(_item(u, []) for u in inside)), top)
        counties: dict[int | None, list[Unit]] = defaultdict(list)
        for unit in self._mine(tx, person):
            counties[unit.county_id].append(unit)
        areas = (
            _item(u, [one for one in counties[u.id] if one.id != u.id] if _has_area(u) else [])
            for u in inside
        )
        return Listing((Item(top, (top,)), *areas), top)

    def _door(self, item: Item, at: Place, reach: dict[int, Reach]) -> Button:
        if not item.is_area:
            label = self._say("units.row", name=item.unit.name, reach=reach[item.unit.id].value)
            return Button(label, at.of_unit(unit_place.UNIT, item.unit.id))
        schools = [u for u in item.members if u.owes_answers]
        label = self._say(
            "units.area", name=unit_tree.short_name(item.unit.name), schools=len(schools),
            unbound=sum(reach[u.id] is Reach.UNBOUND for u in schools),
        )  # fmt: skip
        return Button(label, unit_place.below(item.unit.id, at.part).callback())

    def _parts(self, at: Place, schools: int, unbound: int, lost: int) -> Rows:
        counts = ((Part.ALL, schools), (Part.UNBOUND, unbound), (Part.LOST, lost))
        row = tuple(
            Button(
                self._say("units.to_part", part=part.value, count=count), Place(at.source, part).callback()
            )
            for part, count in counts
            if part is not at.part and (count or part is Part.ALL)
        )
        return (row,) if row else ()

    def _doing(
        self, tx: Tx, person: Person, at: Place, listing: Listing, everyone: list[Unit]
    ) -> list[tuple[Button, ...]]:
        """The newest table of a county, slips to print, the way up."""
        rows: list[tuple[Button, ...]] = []
        top = listing.top
        if top is not None and top.kind == "county":
            only = Scope(everything=False, counties=frozenset({top.id}), units=frozenset())
            newest = unit_history.newest(tx, within=only)
            if newest is not None:
                label = self._say("units.newest", title=newest.title)
                rows.append((Button(label, place.Page(newest.id, row=str(top.id)).callback()),))
        is_few = not at.word and len(everyone) <= SLIPS_OF
        count = inviting.outstanding(tx, person, everyone) if is_few else 0
        if 0 < count <= inviting.SLIPS_AT_ONCE:
            label = self._say("units.to_slips", count=count)
            rows.append((Button(label, replace(at, page=0).of_slips()),))
        tops = directory.tops(tx, person.scope(Action.SEE_NAMES))
        if at.source and not (top is not None and [top] == tops):
            rows.append((Button(self._say("units.back"), self._up(tx, person, top).callback()),))
        return rows

    def _up(self, tx: Tx, person: Person, top: Unit | None) -> Place:
        """The list above, as far as it is within reach."""
        parent = roster.present(tx, top.parent_id) if top is not None and top.parent_id else None
        seen = parent is not None and person.may(Action.SEE_NAMES, parent.place)
        return unit_place.below(parent.id) if parent is not None and seen else Place()

    # ── one unit ─────────────────────────────────────────────────────────────────────────────────

    def one(
        self, tx: Tx, now: dt.datetime, user_id: int, unit_id: int, at: Place, *, unmask: bool = False
    ) -> OutgoingMessage:
        """Its people, its groups, where it is asked, what it was asked lately; `unmask` shows the numbers, and is noted.

        Raises:
            NotAllowed: as `reader`, or out of reach. Refused: it is closed.
        """
        person = self.reader(tx, user_id)
        unit = self.unit(tx, person, unit_id)
        known, within = directory.known(tx, unit), person.scope(Action.SEE_NAMES)
        asked = unit_history.of(tx, unit.id, within=within, limit=LATELY)
        county = roster.present(tx, unit.county_id) if unit.county_id not in (None, unit.id) else None
        html = self.words.html(
            "units.unit", name=unit.name, county=unit_tree.short_name(county.name) if county else "", code=unit.code,
            features=_features(unit), people=self._people(tx, now, person, unit, known, unmask=unmask),
            groups=known.groups, through=known.through, reach=known.reach.value,
            duty_phone=self._duty_phone(tx, person, unit), asked=[_line(one, now) for one in asked],
        )  # fmt: skip
        return OutgoingMessage(html, tuple(self._unit_rows(tx, person, unit, known, asked, at)))

    def _unit_rows(
        self, tx: Tx, person: Person, unit: Unit, known: Known, asked: list[Asked], at: Place
    ) -> list[tuple[Button, ...]]:
        rows: list[tuple[Button, ...]] = []
        may_ring = person.may(Action.SEE_PHONES, unit.place)
        if self.phones == "masked" and may_ring and any(one.contact.phone for one in known.held):
            rows.append((Button(self._say("units.numbers"), at.of_unit(unit_place.NUMBERS, unit.id)),))
        if person.may(Action.INVITE, unit.place):
            rows.append((Button(self._say("units.to_invite"), at.of_unit(unit_place.INVITE, unit.id)),))
        newest = next((one for one in asked if one.notice.recalled_at is None), None)
        if newest is not None:
            page = place.Page(newest.notice.id, part=place.Part.UNIT, unit_id=unit.id)
            rows.append((Button(self._say("units.newest", title=newest.notice.title), page.callback()),))
        total = unit_history.count(tx, unit.id, within=person.scope(Action.SEE_NAMES))
        if total > len(asked):
            past = at.of_unit(unit_place.PAST, unit.id, "0")
            rows.append((Button(self._say("units.to_past", count=total), past),))
        inside = [u for u in roster.below(tx, unit) if person.may(Action.SEE_NAMES, u.place)]
        if inside and at.top != unit.id:
            label = self._say("units.to_below", count=len(inside))
            rows.append((Button(label, unit_place.below(unit.id).callback()),))
        rows.append((Button(self._say("units.back"), at.callback()),))
        return rows

    def _people(
        self, tx: Tx, now: dt.datetime, person: Person, unit: Unit, known: Known, *, unmask: bool
    ) -> list["_Holder"]:
        """Who holds which post; the number as the operator and the reader's rights allow."""
        entitled = self.phones != "never" and person.may(Action.SEE_PHONES, unit.place)
        if entitled and unmask and self.phones == "masked":
            trail.note(
                tx, now, actor=person.actor, verb="see_phones", subject=f"unit:{unit.id}", detail="units:1"
            )
        shown = people.dialled if unmask or self.phones == "full" else people.masked
        return [
            _Holder(
                people.POSTS[one.contact.role], one.contact.name, _heard(one),
                shown(one.contact.phone) if entitled and one.contact.phone else "",
            )
            for one in known.held
        ]  # fmt: skip

    def _duty_phone(self, tx: Tx, person: Person, unit: Unit) -> str:
        entitled = person.may(Action.SEE_PHONES, unit.place)
        return people.dialled(roster.duty_phone(tx, unit)) if entitled else ""

    def past(
        self, tx: Tx, now: dt.datetime, user_id: int, unit_id: int, page: int, at: Place
    ) -> OutgoingMessage:
        """Everything the unit was asked, eight notices a page, newest first.

        Raises:
            NotAllowed: as `reader`, or out of reach. Refused: it is closed.
        """
        person = self.reader(tx, user_id)
        unit, within = self.unit(tx, person, unit_id), person.scope(Action.SEE_NAMES)
        total = unit_history.count(tx, unit.id, within=within)
        here, pages, cut = unit_place.cut(total, page)
        asked = unit_history.of(tx, unit.id, within=within, limit=unit_place.PER_PAGE, offset=cut.start)
        html = self.words.html(
            "units.past", name=unit.name, total=total, asked=[_line(one, now) for one in asked], page=here + 1,
            pages=pages,
        )  # fmt: skip
        rows = unit_place.turning([at.of_unit(unit_place.PAST, unit.id, str(n)) for n in range(pages)], here)
        return OutgoingMessage(html, (*rows, self.back(unit, at)))

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    def _say(self, name: str, /, **params: object) -> str:
        return self.words.plain(name, **params)

    def back(self, unit: Unit, at: Place) -> tuple[Button, ...]:
        return (Button(self._say("units.back"), at.of_unit(unit_place.UNIT, unit.id)),)


def _has_area(unit: Unit) -> bool:
    return unit.kind in ("county", "city")


def _item(unit: Unit, inside: list[Unit]) -> Item:
    return Item(unit, (unit, *inside))


def _belongs(item: Item, part: Part, reach: dict[int, Reach]) -> bool:
    wanted = {Part.UNBOUND: Reach.UNBOUND, Part.LOST: Reach.LOST}.get(part)
    counted = [u for u in item.members if u.owes_answers] if item.is_area else item.members
    return wanted is None or any(reach[u.id] is wanted for u in counted)


def _features(unit: Unit) -> list[str]:
    marks = (
        (unit.boarding, "寄宿"), (unit.school_bus, "校车"), (unit.canteen, "食堂"), (unit.waterside, "临水"),
    )  # fmt: skip
    said = [unit.stage, unit.ownership, *(word for has, word in marks if has), *sorted(unit.tags)]
    return [word for word in said if word]


@dataclass(frozen=True, slots=True)
class _Holder:
    """A holder of a post, as shown; `state` is ok, absent, or why no private message arrives."""

    title: str
    name: str
    state: str
    phone: str


def _heard(one: Held) -> str:
    if not one.contact.enrolled:
        return "absent"
    return one.state.value if one.state is not None else "ok"


@dataclass(frozen=True, slots=True)
class _Line:
    """One notice as a line tells it."""

    at: dt.datetime
    title: str
    word: str
    said_by: str
    said_at: dt.datetime | None
    on_behalf: bool
    is_over: bool


def _line(one: Asked, now: dt.datetime) -> _Line:
    notice, status = one.notice, one.status
    is_over = notice.due_at is not None and notice.due_at < now
    return _Line(
        notice.published_at, notice.title, unit_history.word(one), status.said_by, status.said_at, status.on_behalf,
        is_over,
    )  # fmt: skip

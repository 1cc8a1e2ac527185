"""What a new pair of files changes in the roster: computed, not done. Pure.

Units follow the file. Posts are compared with the last imported file: what the file did not change is left as
chat has made it since; what it did change is done.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.roster import contacts_file, sheets, standing, units_file
from bot.roster.access import Role
from bot.roster.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A unit whose line says something new."""

    id: int
    before: units_file.UnitRow
    after: units_file.UnitRow

    @property
    def is_move(self) -> bool:
        """Whether it hangs elsewhere in the tree."""
        return self.before.parent != self.after.parent


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as the file names it; `key` tells it from all others of the file."""

    key: str
    name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class PersonChange:
    """A contact with another name or phone than before."""

    before: standing.Contact
    after: standing.Contact


@dataclass(frozen=True, slots=True)
class Holding:
    """A person of the file at a place."""

    person: str
    place: standing.Place


@dataclass(frozen=True, slots=True)
class Difference:
    """All that would be done.

    Attributes:
        units_changed: those moved included.
        positions: the new position of each unit, by code, where it is not the old one.
        is_reordered: units that stay changed places among themselves.
        known_people: the contact's id by the person's key, for those we know already.
        posts_remembered: named by the file, and not by the last one.
        posts_forgotten: named by the last file within this one's scope, and not by this one.
    """

    units_added: tuple[units_file.UnitRow, ...]
    units_reopened: tuple[UnitChange, ...]
    units_changed: tuple[UnitChange, ...]
    units_closed: tuple[standing.Unit, ...]
    positions: Mapping[str, int]
    is_reordered: bool
    people_added: tuple[Person, ...]
    people_changed: tuple[PersonChange, ...]
    known_people: Mapping[str, int]
    posts_added: tuple[Holding, ...]
    posts_ended: tuple[standing.Post, ...]
    posts_remembered: tuple[Holding, ...]
    posts_forgotten: tuple[standing.Imported, ...]
    open_before: int
    posts_before: int

    @property
    def is_empty(self) -> bool:
        """Whether nobody would notice."""
        return not (
            self.units_added
            or self.units_reopened
            or self.units_changed
            or self.units_closed
            or self.is_reordered
            or self.people_added
            or self.people_changed
            or self.posts_added
            or self.posts_ended
        )


def between(
    roster: standing.Roster,
    units: Sequence[units_file.UnitRow],
    contacts: Sequence[contacts_file.ContactRow],
) -> Difference:
    """What the files change. Both are complete within their scope.

    A units file with the city in it speaks for everything. One without speaks for the counties it names:
    units of theirs that it leaves out close, all others stay. Contacts are complete for the units of the
    file and for those they name.
    """
    before = {sheets.fold(unit.row.code): unit for unit in roster.units}
    rows = [_as_known(row, before) for row in units]
    contacts = [dataclasses.replace(row, unit=_spelled(row.unit, before)) for row in contacts]
    closed = left_out(roster, rows)
    known = _people_by_key(roster, contacts)
    people = _people(contacts)
    holdings = {Holding(_key(row), standing.Place(row.unit, row.role)): None for row in contacts}
    changes = [
        UnitChange(unit.id, unit.row, row)
        for row in rows
        if (unit := before.get(sheets.fold(row.code))) and not unit.is_closed and unit.row != row
    ]
    order = _order(roster, rows, closed)
    scope = {row.code for row in rows} | {unit.row.code for unit in closed} | {row.unit for row in contacts}
    posts = _posts(roster, tuple(holdings), known, scope, {unit.row.code for unit in closed})
    return Difference(
        units_added=tuple(row for row in rows if sheets.fold(row.code) not in before),
        units_reopened=tuple(
            UnitChange(unit.id, unit.row, row)
            for row in rows
            if (unit := before.get(sheets.fold(row.code))) and unit.is_closed
        ),
        units_changed=tuple(changes),
        units_closed=closed,
        positions=_new_positions(roster, order),
        is_reordered=_is_reordered(roster, order),
        people_added=tuple(person for person in people if person.key not in known),
        people_changed=tuple(_people_changed(roster, people, known)),
        known_people=known,
        open_before=sum(not unit.is_closed for unit in roster.units),
        posts_before=len(roster.posts),
        posts_added=posts.added,
        posts_ended=posts.ended,
        posts_remembered=posts.remembered,
        posts_forgotten=posts.forgotten,
    )


# ── units ──────────────────────────────────────────────────────────────────────────────────────────


def left_out(roster: standing.Roster, rows: Sequence[units_file.UnitRow]) -> tuple[standing.Unit, ...]:
    """Open units within the file's scope that it no longer has."""
    is_whole = _is_whole(rows)
    counties = {row.county for row in rows if row.county}
    codes = {sheets.fold(row.code) for row in rows}
    return tuple(
        unit
        for unit in roster.units
        if not unit.is_closed
        and sheets.fold(unit.row.code) not in codes
        and (is_whole or (unit.row.county in counties and unit.row.kind is not Kind.COUNTY))
    )


def _is_whole(rows: Iterable[units_file.UnitRow]) -> bool:
    return any(row.kind is Kind.CITY for row in rows)


def _as_known(row: units_file.UnitRow, before: Mapping[str, standing.Unit]) -> units_file.UnitRow:
    """The row as the tables would have it: dh001, once known as DH001, stays DH001."""
    return dataclasses.replace(
        row,
        line=0,
        code=_spelled(row.code, before),
        parent=_spelled(row.parent, before),
        county=_spelled(row.county, before),
    )


def _spelled(code: str, before: Mapping[str, standing.Unit]) -> str:
    unit = before.get(sheets.fold(code))
    return unit.row.code if unit else code


def _order(
    roster: standing.Roster, rows: Sequence[units_file.UnitRow], closed: Iterable[standing.Unit]
) -> tuple[str, ...]:
    """The codes of all open units in the order of every table.

    A county's own file takes the place its county had: behind the county, or where its first unit stood.
    """
    gone = {unit.row.code for unit in closed}
    stay = [unit.row.code for unit in roster.units if not unit.is_closed and unit.row.code not in gone]
    in_file = {row.code for row in rows}
    is_whole = _is_whole(rows)
    groups: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        groups["" if is_whole else row.county].append(row.code)
    order = [code for code in stay if code not in in_file]
    for county, codes in groups.items():
        index = order.index(county) + 1 if county in order else _gap(stay, set(codes), order)
        order[index:index] = codes
    return tuple(order)


def _gap(stay: Sequence[str], codes: set[str], order: Sequence[str]) -> int:
    """Where the first of the codes stood among those that are left; at the end if all are new."""
    left, passed = set(order), 0
    for code in stay:
        if code in codes:
            return passed
        passed += code in left
    return len(order)


def _new_positions(roster: standing.Roster, order: Sequence[str]) -> Mapping[str, int]:
    old = {unit.row.code: unit.position for unit in roster.units}
    return {code: position for position, code in enumerate(order) if old.get(code) != position}


def _is_reordered(roster: standing.Roster, order: Sequence[str]) -> bool:
    present = set(order)
    was = [u.row.code for u in roster.units if not u.is_closed and u.row.code in present]
    stayed = set(was)
    return was != [code for code in order if code in stayed]


# ── people ─────────────────────────────────────────────────────────────────────────────────────────


def _key(row: contacts_file.ContactRow) -> str:
    return row.phone or f"{row.unit}/{sheets.fold(row.name)}"


def _people(contacts: Iterable[contacts_file.ContactRow]) -> tuple[Person, ...]:
    people: dict[str, Person] = {}
    for row in contacts:
        people.setdefault(_key(row), Person(_key(row), row.name, row.phone))
    return tuple(people.values())


def _people_by_key(
    roster: standing.Roster, contacts: Sequence[contacts_file.ContactRow]
) -> Mapping[str, int]:
    """Whom we know: by phone; else by unit and name, unless the file gives that contact's phone to another.

    So a new number, or a first one, is put to the same person, who stays enrolled.
    """
    by_phone = {contact.phone: contact.id for contact in roster.contacts if contact.phone}
    found = {row.phone: by_phone[row.phone] for row in contacts if row.phone and row.phone in by_phone}
    taken = set(found.values())
    namesakes = _Namesakes(roster)
    for row in contacts:
        if _key(row) not in found:
            free = next((id_ for id_ in namesakes.of(row) if id_ not in taken), None)
            if free is not None:
                found[_key(row)] = free
                taken.add(free)
    return found


class _Namesakes:
    """Contacts by unit and name: those in office, then those who were.

    A former holder with another phone is taken for another person: names come back, numbers tell.
    """

    def __init__(self, roster: standing.Roster) -> None:
        self._contacts = {contact.id: contact for contact in roster.contacts}
        named = [(one.contact_id, one.place.unit) for one in roster.imported]
        held = [(post.contact_id, post.place.unit) for post in roster.posts]
        self._present = self._by_name((*held, *sorted(named)))
        self._former = self._by_name(roster.former)

    def of(self, row: contacts_file.ContactRow) -> Iterator[int]:
        """The ids of those the row may mean, the likeliest first."""
        name = (row.unit, sheets.fold(row.name))
        yield from self._present.get(name, ())
        for id_ in self._former.get(name, ()):
            if not (row.phone and self._contacts[id_].phone):
                yield id_

    def _by_name(self, places: Iterable[tuple[int, str]]) -> Mapping[tuple[str, str], Sequence[int]]:
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for contact_id, unit in dict.fromkeys(places):
            found[unit, sheets.fold(self._contacts[contact_id].name)].append(contact_id)
        return found


def _people_changed(
    roster: standing.Roster, people: Iterable[Person], known: Mapping[str, int]
) -> Iterator[PersonChange]:
    """A phone the file leaves out is kept: it is no news that somebody forgot to fill it in."""
    contacts = {contact.id: contact for contact in roster.contacts}
    for person in people:
        if (id_ := known.get(person.key)) is None:
            continue
        before = contacts[id_]
        after = standing.Contact(id_, person.name, person.phone or before.phone)
        if after != before:
            yield PersonChange(before, after)


# ── posts ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Posts:
    added: tuple[Holding, ...]
    ended: tuple[standing.Post, ...]
    remembered: tuple[Holding, ...]
    forgotten: tuple[standing.Imported, ...]


def _posts(
    roster: standing.Roster,
    holdings: Sequence[Holding],
    known: Mapping[str, int],
    scope: set[str],
    closed: set[str],
) -> _Posts:
    held = {standing.Imported(post.contact_id, post.place) for post in roster.posts}
    named = {
        standing.Imported(id_, one.place) for one in holdings if (id_ := known.get(one.person)) is not None
    }
    news = [one for one in holdings if _imported(one, known) not in roster.imported]
    forgotten = {one for one in roster.imported if one.place.unit in scope and one not in named}
    succeeded = {one.place.unit for one in news if one.place.role is Role.PRINCIPAL}

    def ends(post: standing.Post) -> bool:
        one = standing.Imported(post.contact_id, post.place)
        is_succeeded = post.place.role is Role.PRINCIPAL and post.place.unit in succeeded
        return post.place.unit in closed or one in forgotten or (is_succeeded and one not in named)

    return _Posts(
        added=tuple(one for one in news if _imported(one, known) not in held),
        ended=tuple(filter(ends, roster.posts)),
        remembered=tuple(news),
        forgotten=tuple(sorted(forgotten, key=lambda one: (one.place.unit, one.place.role, one.contact_id))),
    )


def _imported(one: Holding, known: Mapping[str, int]) -> standing.Imported | None:
    id_ = known.get(one.person)
    return None if id_ is None else standing.Imported(id_, one.place)

"""An independent count of a notice's table: from a list of what happened, without the product's queries.

It knows the rules of the design in its own words and shares nothing with `bot` but the names in the events.
"""

import dataclasses
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

# ── the city of these tests ──────────────────────────────────────────────────────────────────────

UNITS = {  # code: kind, parent, row of the table, its order
    "YC": ("city", None, "bureau", 12),
    "DH": ("county", "YC", "DH", 1),
    "DH1": ("school", "DH", "DH", 1),
    "DH2": ("school", "DH", "DH", 1),
    "DH3": ("school", "DH1", "DH", 1),  # a 教学点 of DH1
    "HD": ("county", "YC", "HD", 2),
    "HD1": ("school", "HD", "HD", 2),
    "HD2": ("school", "HD", "HD", 2),
    "SZ1": ("school", "YC", "city-run", 10),
    "GX1": ("college", "YC", "colleges", 11),
}
POSTS = [  # contact, unit, role
    ("wang", "DH1", "principal"),
    ("wang", "DH3", "principal"),  # one person, two schools
    ("li", "DH1", "deputy"),
    ("zhao", "DH2", "principal"),
    ("qian", "DH2", "leader"),  # enrolled or not, he may not answer
    ("sun", "HD1", "principal"),
    ("zhou", "HD1", "duty"),
    ("zhou", "HD2", "safety_officer"),
    ("wu", "SZ1", "deputy"),
    ("zheng", "GX1", "principal"),
    ("feng", "DH", "county_officer"),
    ("chen", "YC", "city_officer"),
]
CONTACTS = list(dict.fromkeys(contact for contact, _, _ in POSTS))
AUDIENCES = {
    "schools or colleges or counties": ("DH", "DH1", "DH2", "DH3", "HD", "HD1", "HD2", "SZ1", "GX1"),
    "county:DH": ("DH1", "DH2", "DH3"),
    "schools and not county:HD": ("DH1", "DH2", "DH3", "SZ1"),
}
ANSWERING = {"principal", "deputy", "safety_officer", "duty", "county_officer", "city_officer"}
FORWARD = {
    "new": ("seen", "phoned", "solved"),
    "seen": ("phoned", "solved"),
    "phoned": ("solved",),
    "solved": (),
}


@dataclass(frozen=True)
class Event:
    """Something that was done to the product, with what the doer knew."""

    at: dt.datetime
    what: str
    notice: int = 0
    user: int = 0
    unit: str = ""
    units: tuple[str, ...] = ()
    chat: str = ""  # "group:1" or "user:7"
    value: str = ""
    contact: str = ""
    due_at: dt.datetime | None = None
    pressed_at: dt.datetime | None = None
    every: bool = False


@dataclass
class Answer:
    value: str
    at: dt.datetime
    late: bool
    on_behalf: bool
    by: str = ""  # the contact who said it
    adopted: bool = False  # an officer's ⚠️ that the school has said too


@dataclass
class Asked:
    """One unit under one notice."""

    unit: str
    due_at: dt.datetime
    answers: list[Answer] = field(default_factory=list)
    troubles: list[tuple[str, Answer]] = field(default_factory=list)  # state, the answer that told it
    excused: str = ""

    @property
    def trouble(self) -> str:
        return self.troubles[-1][0] if self.troubles else ""

    @property
    def stands(self) -> bool:
        return self.trouble not in ("", "solved")

    @property
    def owes(self) -> bool:
        return not self.answers and not self.excused


@dataclass(frozen=True)
class Line:
    """What is true of one unit."""

    unit: str
    row: str
    excused: str
    answered_at: dt.datetime | None
    said_at: dt.datetime | None
    value: str
    on_behalf: bool
    late: bool
    trouble: str
    reach: str


class City:
    """The state of the world after some events, told by our own rules."""

    def __init__(self) -> None:
        self.posts = set(POSTS)
        self.enrolled: dict[int, str] = {}  # user → contact
        self.bound: dict[str, str] = {}  # group → unit
        self.alive: dict[str, bool] = {}  # chat → takes messages
        self.cards: set[tuple[int, str]] = set()
        self.notices: dict[int, dict[str, Asked]] = {}

    def happened(self, event: Event) -> None:
        getattr(self, f"_{event.what}")(event)

    # people and groups

    def _shared_phone(self, e: Event) -> None:
        self.alive[f"user:{e.user}"] = True
        if any(contact == e.contact for contact, _, _ in self.posts):
            self._become(e.user, e.contact)

    def _become(self, user: int, contact: str) -> None:
        self.enrolled = {u: c for u, c in self.enrolled.items() if u != user and c != contact}
        self.enrolled[user] = contact

    def _left(self, e: Event) -> None:
        self.enrolled.pop(e.user, None)

    def _succeeded(self, e: Event) -> None:
        """Whoever redeems the code becomes the unit's one principal."""
        self.alive[f"user:{e.user}"] = True
        if e.user not in self.enrolled:
            self._become(e.user, f"new-{e.at.isoformat()}")
        self.posts = {p for p in self.posts if p[1:] != (e.unit, "principal")}
        self.posts.add((self.enrolled[e.user], e.unit, "principal"))

    def _bound(self, e: Event) -> None:
        """A group that speaks for another unit is given away only by someone with a right there too."""
        if self._binds(e.user, e.unit):
            self.alive.setdefault(e.chat, True)
            if self._binds(e.user, self.bound.get(e.chat, e.unit)):
                self.bound[e.chat] = e.unit

    def _binds(self, user: int, unit: str) -> bool:
        own = self._roles(user, unit) & {"principal", "deputy", "safety_officer"}
        return bool(own) or self._covers(user, unit)

    def _chat_died(self, e: Event) -> None:
        self.alive[e.chat] = False

    def _chat_lives(self, e: Event) -> None:
        self.alive[e.chat] = True

    def _card_sent(self, e: Event) -> None:
        self.cards.add((e.notice, e.chat))

    # notices

    def _published(self, e: Event) -> None:
        assert e.due_at is not None
        self.notices[e.notice] = {unit: Asked(unit, e.due_at) for unit in e.units}

    def _pressed(self, e: Event) -> None:
        mine = [it for it in self._asked(e) if it.unit in self._answers_for(e.user)]
        if e.unit:
            mine = [it for it in mine if it.unit == e.unit]
        elif len(mine) > 1:
            mine = [it for it in mine if e.chat in self.place(it.unit)] or mine
        if e.every or len(mine) > 1:
            mine = [it for it in mine if it.owes]
            if not e.every and len(mine) != 1:
                return
        for it in mine:
            self._say(it, e)

    def _say(self, it: Asked, e: Event) -> None:
        newest = it.answers[-1] if it.answers else None
        if e.value == "trouble" and it.stands:
            self._say_after_the_officer(it, e)
        elif not (newest and newest.value == e.value == "yes" and not newest.on_behalf):
            self._add(it, e, on_behalf=False)

    def _say_after_the_officer(self, it: Asked, e: Event) -> None:
        """A trouble the officer told becomes the school's own when the school says it too; still the same one."""
        told = it.troubles[-1][1]
        if told.on_behalf and not told.adopted:
            told.adopted, told.by = True, self.enrolled[e.user]
            it.answers.append(Answer(e.value, e.at, (e.pressed_at or e.at) > it.due_at, on_behalf=False))

    def _add(self, it: Asked, e: Event, *, on_behalf: bool) -> None:
        late = (e.pressed_at or e.at) > it.due_at
        answer = Answer(e.value, e.at, late, on_behalf, self.enrolled.get(e.user, ""))
        it.answers.append(answer)
        it.excused = ""
        if e.value == "trouble":
            it.troubles.append(("new", answer))

    def _on_behalf(self, e: Event) -> None:
        for it in self._officers(e):
            self._add(it, e, on_behalf=True)

    def _excused(self, e: Event) -> None:
        for it in self._officers(e):
            it.excused = e.value

    def _officers(self, e: Event) -> list[Asked]:
        chosen = [it for it in self._asked(e) if it.unit in e.units]
        return [it for it in chosen if it.owes] if all(self._covers(e.user, it.unit) for it in chosen) else []

    def _withdrew(self, e: Event) -> None:
        for it in self._standing(e):
            _, told = it.troubles.pop()
            first = next(i for i, a in enumerate(it.answers) if a is told)
            it.answers = it.answers[:first] + [a for a in it.answers[first:] if a.value != "trouble"]

    def _solved(self, e: Event) -> None:
        for it in self._standing(e):
            it.troubles[-1] = ("solved", it.troubles[-1][1])

    def _standing(self, e: Event) -> list[Asked]:
        """Those whose trouble this user may end; a duty post takes back only what its own holder told."""
        mine, leading = self._answers_for(e.user), self._answers_for(e.user, solving=False)
        return [
            it
            for it in self._asked(e)
            if it.unit == e.unit
            and it.stands
            and (it.unit in leading or (e.what != "solved" and it.unit in mine and self._told(it, e.user)))
        ]

    def _told(self, it: Asked, user: int) -> bool:
        return it.troubles[-1][1].by == self.enrolled.get(user)

    def _handled(self, e: Event) -> None:
        for it in self._asked(e):
            if it.unit == e.unit and it.stands and self._covers(e.user, it.unit):
                state, told = it.troubles[-1]
                if e.value in FORWARD[state]:
                    it.troubles[-1] = (e.value, told)

    # who and where

    def _asked(self, e: Event) -> list[Asked]:
        return list(self.notices[e.notice].values())

    def _roles(self, user: int, unit: str) -> set[str]:
        return {role for contact, at, role in self.posts if at == unit and contact == self.enrolled.get(user)}

    def _answers_for(self, user: int, *, solving: bool = True) -> set[str]:
        mine = {unit: self._roles(user, unit) & ANSWERING for unit in UNITS}
        return {unit for unit, roles in mine.items() if roles and (solving or roles != {"duty"})}

    def _covers(self, user: int, unit: str) -> bool:
        """Whether the unit lies in the area this user is an officer of."""
        if self._roles(user, "YC") & {"city_officer"}:
            return True
        row = UNITS[unit][2]
        return bool(self._roles(user, row) & {"county_officer"}) if row in UNITS else False

    def place(self, unit: str) -> set[str]:
        """Its own groups, else the nearest ones above it, else the private chats of whoever may answer."""
        _, parent, row, _ = UNITS[unit]
        for holder in (unit, parent, row if row in UNITS else "YC"):
            groups = {g for g, u in self.bound.items() if u == holder and self.alive[g]}
            if groups:
                return groups
        return {
            f"user:{user}" for user in self.enrolled
            if self._roles(user, unit) & ANSWERING and self.alive.get(f"user:{user}")
        }  # fmt: skip

    # the table

    def lines(self, notice: int) -> list[Line]:
        """One a unit, in the order of the roster."""
        order = list(UNITS)
        asked = sorted(self.notices[notice].values(), key=lambda it: order.index(it.unit))
        return [self._line(notice, it) for it in asked]

    def _line(self, notice: int, it: Asked) -> Line:
        first, newest = (it.answers[0], it.answers[-1]) if it.answers else (None, None)
        return Line(
            it.unit, UNITS[it.unit][2], it.excused, first.at if first else None, newest.at if newest else None,
            newest.value if newest else "", newest.on_behalf if newest else False, first.late if first else False,
            it.trouble, self._reach(notice, it.unit) if it.owes else "",
        )  # fmt: skip

    def _reach(self, notice: int, unit: str) -> str:
        if not any(self._roles(user, unit) & ANSWERING for user in self.enrolled):
            return "unbound"
        carded = any((notice, chat) in self.cards for chat in self.place(unit))
        return "silent" if carded else "undelivered"


def as_of(log: list[Event], at: dt.datetime) -> City:
    """The city after everything that had happened by then."""
    city = City()
    for event in log:
        if event.at <= at:
            city.happened(event)
    return city


@dataclass
class Sum:
    """A line of the table, counted by hand."""

    expected: int = 0
    answered: int = 0
    late: int = 0
    trouble: int = 0
    missing: int = 0
    unbound: int = 0
    undelivered: int = 0
    silent: int = 0
    excused: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        names = [f.name for f in dataclasses.fields(self)]
        return Sum(*(getattr(self, name) + getattr(other, name) for name in names))


def one(line: Line) -> Sum:
    """What one unit adds to its row."""
    if line.excused:
        return Sum(excused=1)
    missing = {line.reach: 1, "missing": 1} if line.reach else {}
    return Sum(
        expected=1,
        answered=int(not line.reach),
        late=int(line.late),
        trouble=int(bool(line.trouble)),
        **missing,
    )


def rows(lines: list[Line]) -> dict[str, Sum]:
    """Row → its sum, in the order of the table."""
    found: dict[str, Sum] = defaultdict(Sum)
    for line in sorted(lines, key=lambda it: UNITS[it.unit][3]):
        found[line.row] += one(line)
    return dict(found)

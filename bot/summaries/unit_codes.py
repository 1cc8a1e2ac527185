"""Codes in chat: which posts of a unit may be given out, the code itself, slips for a whole list. Pages as those of units."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.db import Tx
from bot.delivery.message import Button, OutgoingMessage
from bot.roster import access, directory, enrolment, inviting, people
from bot.roster import units as roster
from bot.roster.access import Action, Role
from bot.roster.inviting import Issued
from bot.summaries import unit_place
from bot.summaries.unit_pages import UnitPages
from bot.summaries.unit_place import Place

CODES = 8  # of one post; more holders than that no post has
COPIED = 256  # characters a button can put on the clipboard
ANEW = "x"  # behind it: a new code, and the old one is void
GROUP = "g"  # in place of a role's number: the code that binds the unit's group


@dataclass(frozen=True, slots=True)
class UnitCodes:
    """Renders them for one reader."""

    pages: UnitPages

    def invite(self, tx: Tx, now: dt.datetime, user_id: int, unit_id: int, at: Place) -> OutgoingMessage:
        """The posts for which the reader may give out a code, and the group.

        Raises:
            NotAllowed: as `reader`, or out of reach. Refused: the unit is closed.
        """
        person = self.pages.reader(tx, user_id)
        unit = self.pages.unit(tx, person, unit_id)
        if not person.may(Action.INVITE, unit.place):
            raise errors.NotAllowed(self._say("units.not_yours"))
        held = [one.contact for one in directory.known(tx, unit).held]
        rows: list[tuple[Button, ...]] = []
        for role in inviting.roles_at(unit):
            if not inviting.may_give(person, role, unit.place):
                continue
            holders = [c for c in held if c.role is role]
            label = self._say(
                "units.post", title=people.POSTS[role], name="、".join(c.name for c in holders[:2]),
                enrolled=bool(holders) and all(c.enrolled for c in holders),
            )  # fmt: skip
            rows.append((Button(label, at.of_unit(unit_place.CODE, unit.id, str(list(Role).index(role)))),))
        if unit.kind in inviting.GROUP_KINDS:
            rows.append((Button(self._say("units.group"), at.of_unit(unit_place.CODE, unit.id, GROUP)),))
        return OutgoingMessage(
            self.pages.words.html("units.invite", name=unit.name), (*rows, self.pages.back(unit, at))
        )

    def code(
        self, tx: Tx, now: dt.datetime, user_id: int, unit_id: int, role: Role | None, at: Place,
        *, anew: bool = False,
    ) -> OutgoingMessage:  # fmt: skip
        """The code of a post, or of the group for no role; given and noted in this transaction, `anew` in place of the old.

        Raises:
            NotAllowed, Refused: as `inviting.give`.
        """
        given = inviting.give(tx, now, user_id=user_id, unit_id=unit_id, role=role, anew=anew)[:CODES]
        unit, is_group = given[0].unit, role is None
        codes = [_code(one) for one in given]
        html = self.pages.words.html("units.code", unit=unit.name, codes=codes, is_group=is_group)
        rows: list[tuple[Button, ...]] = []
        if len(codes) == 1:
            said = self._say("units.carried", unit=unit.name, c=codes[0], is_group=is_group)
            rows.append((Button(self._say("units.copy"), copy=" ".join(said.split("\n"))[:COPIED]),))
        word = GROUP if role is None else str(list(Role).index(role))
        other = at.of_unit(unit_place.CODE, unit.id, f"{word}{ANEW}")
        rows.append((Button(self._say("units.another"), other),))
        back = Button(self._say("units.back"), at.of_unit(unit_place.INVITE, unit.id))
        return OutgoingMessage(html, (*rows, (back,)))

    def slips(self, tx: Tx, now: dt.datetime, user_id: int, at: Place) -> tuple[str, list[Issued], str]:
        """What is printed for a list: its name, the codes, and the telephone at which to ask whether they are genuine.

        Raises:
            NotAllowed, Refused: as `units` and as `inviting.slips`.
        """
        person = self.pages.reader(tx, user_id)
        listing = self.pages.listing(tx, person, at)
        everyone = [u for item in listing.items for u in item.members]
        given = inviting.slips(tx, now, user_id=user_id, some=everyone)
        city = roster.city(tx)
        phone = people.dialled(roster.duty_phone(tx, city)) if city else ""
        return listing.top.name if listing.top else "", given, phone

    def _say(self, name: str, /, **params: object) -> str:
        return self.pages.words.plain(name, **params)


def is_post(word: str) -> bool:
    """Whether a button's word names a post, or the group; `ANEW` behind it or not."""
    plain = word.removesuffix(ANEW)
    return plain == GROUP or (
        plain.isascii() and plain.isdigit() and len(plain) < 3 and int(plain) < len(Role)
    )


def role_of(word: str) -> Role | None:
    """The role a button's word names; None for the group."""
    plain = word.removesuffix(ANEW)
    return None if plain == GROUP else list(Role)[int(plain)]


@dataclass(frozen=True, slots=True)
class _Code:
    """A code as it is read aloud."""

    kind: str
    who: str
    title: str
    code: str
    link: str
    until: dt.datetime


def _code(one: Issued) -> _Code:
    title = people.POSTS[access.Role(one.role)] if one.role else ""
    return _Code(one.door, one.who, title, enrolment.spoken(one.code), one.link or "", one.expires_at)

"""Who may do what: one table of role × action, and the question every verb asks of it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a post makes of a contact."""

    PRINCIPAL = "principal"
    DEPUTY = "deputy"
    SAFETY_OFFICER: dict[Action, Reach] = dict.fromkeys(Action, _A)
_OFFICER |= {Action.PILOT: _N, Action.ANSWER: _O, Action.SOLVE_OWN: _O, Action.HAND_OVER: _O}

RIGHTS: dict[Role, dict[Action, Reach]] = {
    Role.PRINCIPAL: _SCHOOL,
    Role.DEPUTY: _SCHOOL,
    Role.SAFETY_OFFICER: _SCHOOL,
    Role.DUTY: {Action.ANSWER: _O},
    Role.COUNTY_OFFICER: _OFFICER,
    Role.CITY_OFFICER: _OFFICER,
    Role.LEADER: _WATCH,
    Role.INSPECTOR: _WATCH,
    Role.ADMIN: {
        Action.SEE_TABLE: _A,
        Action.SEE_NAMES: _A,
        Action.BIND_GROUP: _A,
        Action.INVITE: _A,
        Action.PILOT: _A,
    },
}
ANSWERING = tuple(role for role in Role if RIGHTS[role].get(Action.ANSWER, _N) is not _N)


def reach(role: Role, action: Action) -> Reach:
    """The cell of the table."""
    return RIGHTS[role].get(action, Reach.NO)


def covers(post: Post, action: Action, place: Place) -> bool:
    """Whether this post gives this right at this place."""
    match reach(post.role, action):
        case Reach.OWN:
            return post.unit_id == place.unit_id
        case Reach.AREA:
            return area_has(post, place)
    return False


def area_has(post: Post, place: Place) -> bool:
    """Whether the place lies in the post's area."""
    if post.unit_kind in ("city", "office"):
        return True
    if post.unit_kind == "county":
        return place.county_id == post.unit_id
    return place.unit_id == post.unit_id


def may(posts: tuple[Post, ...], action: Action, place: Place) -> bool:
    """Whether any of the posts gives the right at the place."""
    return any(covers(post, action, place) for post in posts)


@dataclass(frozen=True, slots=True)
class Scope:
    """The units within reach of an action: all, or those of some counties, or some single units."""

    everything: bool
    counties: frozenset[int]
    units: frozenset[int]

    def has(self, place: Place) -> bool:
        """Whether the place lies within."""
        return self.everything or place.county_id in self.counties or place.unit_id in self.units

    @property
    def is_empty(self) -> bool:
        """Nothing is within reach."""
        return not (self.everything or self.counties or self.units)


def scope(posts: tuple[Post, ...], action: Action) -> Scope:
    """All places where the posts give the right; `scope(p, a).has(x)` equals `may(p, a, x)`."""
    everything, counties, units = False, set(), set()
    for post in posts:
        how_far = reach(post.role, action)
        if how_far is Reach.AREA and post.unit_kind in ("city", "office"):
            everything = True
        elif how_far is Reach.AREA and post.unit_kind == "county":
            counties.add(post.unit_id)
        elif how_far is not Reach.NO:
            units.add(post.unit_id)
    return Scope(everything, frozenset(counties), frozenset(units))

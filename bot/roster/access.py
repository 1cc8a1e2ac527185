"""Who may do what: one table of role × action, and the question every verb asks of it."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a post makes of a contact."""

    PRINCIPAL = "principal"
    DEPUTY = "deputy"
    SAFETY_OFFICER = "safety_officer"
    DUTY = "duty"
    COUNTY_OFFICER = "county_officer"
    CITY_OFFICER = "city_officer"
    LEADER = "leader"
    INSPECTOR = "inspector"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be asked for; the comment is what `access` prints."""

    ANSWER = "answer"  # 替本单位报
    SOLVE_OWN = "solve_own"  # 标记本单位的困难已解决
    HAND_OVER = "hand_over"  # 把自己的职务交给接任的人
    BIND_GROUP = "bind_group"  # 绑定群
    SEE_TABLE = "see_table"  # 看汇总表
    SEE_NAMES = "see_names"  # 看学校名单和困难
    SEE_PHONES = "see_phones"  # 看联系电话
    HANDLE_TROUBLE = "handle_trouble"  # 困难:已看到、已电话、已解决
    ON_BEHALF = "on_behalf"  # 代报
    EXCUSE = "excuse"  # 免报
    MARK_PHONED = "mark_phoned"  # 标记已电话
    CHASE = "chase"  # 再提醒
    EXPORT = "export"  # 按日期导出
    INVITE = "invite"  # 发登记码
    PILOT = "pilot"  # 设试点群
    SEE_PLANS = "see_plans"  # 看计划和校历
    RUN_PLANS = "run_plans"  # 启用、暂停、发计划,定错过的和暂定的
    DAY_OFF = "day_off"  # 今天停课
    REVISE = "revise"  # 更正、撤回通知
    SEND = "send"  # 写通知发给学校
    RELEASE = "release"  # 同意别人要发的通知
    SEE_BURDEN = "see_burden"  # 看每月问了学校多少次


class Reach(StrEnum):
    """How far a right goes."""

    NO = "no"
    OWN = "own"  # the post's own unit
    AREA = (
        "area"  # a county post: the county; a city or office post: the whole city; a school post: the school
    )


@dataclass(frozen=True, slots=True)
class Post:
    """One present post, with what the table needs to know of its unit."""

    role: Role
    unit_id: int
    unit_kind: str
    county_id: int | None
    unit_name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something would be done: a unit and its nearest county (None: none)."""

    unit_id: int
    county_id: int | None


_O, _A, _N = Reach.OWN, Reach.AREA, Reach.NO
_SCHOOL: dict[Action, Reach] = {
    Action.ANSWER: _O,
    Action.SOLVE_OWN: _O,
    Action.HAND_OVER: _O,
    Action.BIND_GROUP: _O,
}
_WATCH: dict[Action, Reach] = {Action.SEE_TABLE: _A, Action.SEE_NAMES: _A, Action.SEE_PLANS: _A}
_OFFICER: dict[Action, Reach] = dict.fromkeys(Action, _A)
_OFFICER |= {
    Action.PILOT: _N,
    Action.SEE_BURDEN: _N,
    Action.ANSWER: _O,
    Action.SOLVE_OWN: _O,
    Action.HAND_OVER: _O,
}
_COUNTY: dict[Action, Reach] = _OFFICER | {Action.RUN_PLANS: _N, Action.RELEASE: _N}

RIGHTS: dict[Role, dict[Action, Reach]] = {
    Role.PRINCIPAL: _SCHOOL,
    Role.DEPUTY: _SCHOOL,
    Role.SAFETY_OFFICER: _SCHOOL,
    Role.DUTY: {Action.ANSWER: _O},
    Role.COUNTY_OFFICER: _COUNTY,
    Role.CITY_OFFICER: _OFFICER,
    Role.LEADER: _WATCH | {Action.RELEASE: _A},
    Role.INSPECTOR: _WATCH,
    Role.ADMIN: {
        Action.SEE_TABLE: _A,
        Action.SEE_NAMES: _A,
        Action.BIND_GROUP: _A,
        Action.INVITE: _A,
        Action.PILOT: _A,
        Action.SEE_PLANS: _A,
        Action.RUN_PLANS: _A,
        Action.SEE_BURDEN: _A,
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

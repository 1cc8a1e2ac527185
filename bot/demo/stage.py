"""The stage of the pretend city: its day, its clock, its cast."""

import collections
import datetime as dt
from dataclasses import dataclass, field

from bot import clock, simulator
from bot.roster.access import Role

TOKEN = "1000000001:" + "demo" * 9  # of the pretend Telegram
DAY = dt.date(2026, 9, 30)  # a Wednesday, the last school day before National Day
RATE = 400.0  # the pretend Telegram has no flood control, and nobody wants to wait for a demo


class StageClock:
    """The machine's clock, moved to the day of the play; scenes begin when we say."""

    def __init__(self, zone: dt.tzinfo) -> None:
        self._zone = zone
        self._offset = dt.datetime.combine(DAY, dt.time(8, 30), zone) - clock.system()

    def __call__(self) -> dt.datetime:
        return clock.system() + self._offset

    def reach(self, then: dt.datetime) -> None:
        """It is at least this instant now; never earlier than before."""
        self._offset = max(self._offset, then - clock.system())

    def at(self, time: str) -> dt.datetime:
        """This time of the day of the play."""
        return dt.datetime.combine(DAY, dt.time.fromisoformat(time), self._zone)

    @property
    def time(self) -> str:
        """15:12."""
        return self().astimezone(self._zone).strftime("%H:%M")


@dataclass(slots=True)
class Cast:
    """Who plays: a Telegram user for every enrolled contact, and the groups."""

    users: dict[int, simulator.User] = field(default_factory=dict)  # contact id → user
    by_unit: dict[int, list[tuple[Role, simulator.User]]] = field(
        default_factory=lambda: collections.defaultdict(list)
    )
    groups: dict[int, simulator.Chat] = field(default_factory=dict)  # unit id → group

    def of(self, unit_id: int, *roles: Role) -> simulator.User:
        """The enrolled holder of such a post."""
        return next(user for role, user in self.by_unit[unit_id] if not roles or role in roles)

    def is_in(self, unit_id: int) -> bool:
        """Somebody of the unit is enrolled."""
        return bool(self.by_unit.get(unit_id))

"""What stands beside the phones: values a host gives the page, which shows them and knows nothing of their meaning."""

from dataclasses import dataclass
from typing import Protocol

from bot.simulator.simulator import Simulator


@dataclass(frozen=True, slots=True)
class Both:
    """A sentence in the page's two languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be chosen for a phone; people of one group stand together."""

    user_id: int
    label: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Handset:
    """A phone as the page opens it: whose, and at which chat (their own with the bot, if None)."""

    title: Both
    user_id: int
    chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the panel; `id` is what the host is told."""

    id: str
    label: Both
    note: Both | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Actions under one heading: a few as big buttons, or a long list with one `wide` row each."""

    title: Both
    actions: tuple[Action, ...]
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Something to try; `action` is offered as a button beside it, if there is one."""

    text: Both
    is_done: bool = False
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Something that happened, newest last."""

    at: str
    text: Both


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything beside the phones. While `is_ready` is false the phones wait."""

    title: Both
    handsets: tuple[Handset, ...] = ()
    people: tuple[Person, ...] = ()
    steps: tuple[Step, ...] = ()
    groups: tuple[Group, ...] = ()
    story: tuple[Line, ...] = ()
    busy: str = ""
    is_ready: bool = True


class Host(Protocol):
    """Whoever stages the page."""

    def panel(self) -> Panel:
        """Return what to show beside the phones now."""

    async def do(self, action: str) -> None:
        """Do what an action of the panel says.

        Raises:
            Impossible: It cannot be done now, or there is no such action.
        """

    def watched(self, user_ids: frozenset[int]) -> None:
        """Hear whose phones are looked at now."""

    def acted(self, user_id: int, what: str) -> None:
        """Hear that somebody acted on a phone of the page: `press`, `say`, `file`, `tap`, `open` or `follow`."""


class Everyone:
    """A host without a play: all people of the world can be chosen, the first three have a phone each."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim

    def panel(self) -> Panel:
        people = [user for user in self._sim.world.users.values() if not user.is_bot]
        return Panel(
            title=Both("模拟的 Telegram", "A pretend Telegram"),
            handsets=tuple(Handset(Both(user.name, user.name), user.id) for user in people[:3]),
            people=tuple(Person(user.id, user.name) for user in people),
        )

    async def do(self, action: str) -> None:
        """There is nothing to do."""

    def watched(self, user_ids: frozenset[int]) -> None:
        """Nobody minds."""

    def acted(self, user_id: int, what: str) -> None:
        """Nobody minds."""

"""Updates of one chat go one after the other, chats side by side, and not too many at once."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import errors

_WITH_CHAT = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "my_chat_member",
    "chat_member",
)


LAST_DATE = 1 << 32  # seconds; whatever is later is no date


@dataclass(slots=True)
class _Lane:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    is_broken: bool = False  # one could not be handled nor set aside: those behind it must not overtake


class Lanes:
    """A queue for each chat that has something to handle, and one limit for all.

    Args:
        side_by_side: how many chats are served at once.
    """

    def __init__(self, side_by_side: int) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._room = asyncio.Semaphore(side_by_side)

    @contextlib.asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait for this lane's turn, in the order of asking.

        Raises:
            DatabaseAway: the one before could not be handled nor set aside, so this one must not be either.
        """
        lane = self._lanes.setdefault(name, _Lane())
        lane.users += 1
        try:
            async with lane.turn, self._room:
                if lane.is_broken:
                    raise errors.DatabaseAway("waits behind one that could not be handled")
                try:
                    yield
                except errors.DatabaseAway:
                    lane.is_broken = True
                    raise
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[name]


def lane_of(update: Mapping[str, Any], update_id: int) -> str:
    """The lane of an update as Telegram sent it: its chat, or one of its own if it has none we can find."""
    query = _inner(update, "callback_query")
    sources = [_inner(update, kind) for kind in _WITH_CHAT] + [_inner(query, "message")]
    for source in sources:
        chat_id = _inner(source, "chat").get("id")
        if isinstance(chat_id, int):
            return f"chat:{chat_id}"
    user_id = _inner(query, "from").get("id")
    return f"chat:{user_id}" if isinstance(user_id, int) else f"update:{update_id}"


def kind_of(update: Mapping[str, Any]) -> str:
    """What kind of update it is, of those we ask for; `other` for any else."""
    return next((kind for kind in (*_WITH_CHAT, "callback_query") if kind in update), "other")


def sent_at(update: Mapping[str, Any]) -> dt.datetime | None:
    """When the message was written, in whole seconds; None for whatever has no such date, as a press."""
    date = _inner(update, "message").get("date")
    if isinstance(date, int) and 0 < date < LAST_DATE:
        return dt.datetime.fromtimestamp(date, dt.UTC)
    return None


def query_of(update: Mapping[str, Any]) -> str:
    """The id by which a press is answered; '' if the update is none."""
    query_id = _inner(update, "callback_query").get("id")
    return query_id if isinstance(query_id, str) else ""


def _inner(outer: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = outer.get(key)
    return found if isinstance(found, dict) else {}

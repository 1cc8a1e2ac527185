"""The record of every request a bot made, newest last, optionally bounded."""

import collections
import dataclasses
import datetime as dt
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One request and what came of it.

    Attributes:
        method: As the bot wrote it.
        params: Typed; uploads stand under their part's name.
        at: When it was answered, by the simulator's clock.
        status: The HTTP status; 0 when the line was cut.
        response: The JSON answered, or None when there was none.
        bot_id: Whose token it carried; 0 for an unknown one.
    """

    method: str
    params: dict[str, Any]
    at: dt.datetime
    status: int
    response: dict[str, Any] | None
    bot_id: int

    @property
    def ok(self) -> bool:
        """True when Telegram did what was asked and said so."""
        return bool(self.response and self.response.get("ok"))

    @property
    def chat_id(self) -> int | None:
        """The chat it named by number."""
        chat_id = self.params.get("chat_id")
        return chat_id if isinstance(chat_id, int) else None


class Journal:
    """Calls in order, and how often each method was called.

    Attributes:
        counts: Requests by method.
        outcomes: Requests by (method, HTTP status).
    """

    def __init__(self, *, keep: int | None) -> None:
        self.calls: collections.deque[Call] = collections.deque(maxlen=keep)
        self.counts: collections.Counter[str] = collections.Counter()
        self.outcomes: collections.Counter[tuple[str, int]] = collections.Counter()

    def add(self, call: Call) -> None:
        """Record the call."""
        self.calls.append(call)
        self.counts[call.method] += 1
        self.outcomes[call.method, call.status] += 1

    def of(self, method: str) -> list[Call]:
        """Return the calls of this method, oldest first."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

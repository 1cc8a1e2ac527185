"""The updates one bot has not confirmed yet, kept a day as Telegram keeps them."""

import dataclasses
import datetime as dt
from typing import Any

from bot.simulator import pulse

KEPT_FOR = dt.timedelta(hours=24)  # Telegram drops what nobody fetched for a day
KINDS = frozenset(
    {
        "message", "edited_message", "channel_post", "edited_channel_post", "business_connection",
        "business_message", "edited_business_message", "deleted_business_messages", "guest_message",
        "message_reaction", "message_reaction_count", "inline_query", "chosen_inline_result",
        "callback_query", "shipping_query", "pre_checkout_query", "purchased_paid_media", "poll",
        "poll_answer", "my_chat_member", "chat_member", "chat_join_request", "chat_boost",
        "removed_chat_boost", "managed_bot",
    }
)  # fmt: skip
OPT_IN = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclasses.dataclass(frozen=True, slots=True)
class Pending:
    """An update nobody confirmed yet.

    Attributes:
        id: Its place in the queue, whatever its payload says.
        at: When it happened.
        lane: The chat or user it belongs to; webhooks keep the order of a lane.
        payload: The JSON the bot will be given.
    """

    id: int
    at: dt.datetime
    lane: int
    payload: dict[str, Any]


class UpdateQueue:
    """What a bot is owed, oldest first."""

    def __init__(self, *, first_id: int = 900_000_001) -> None:
        self.pending: list[Pending] = []
        self.allowed = KINDS - OPT_IN
        self.pulse = pulse.Pulse()
        self.dropped = 0
        self._next_id = first_id

    def allow(self, kinds: list[str] | None) -> None:
        """Remember which kinds to keep from now on; None changes nothing, nothing known means the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) & KINDS or KINDS - OPT_IN

    def push(self, kind: str, body: dict[str, Any], *, at: dt.datetime, lane: int) -> None:
        """Queue an update unless the bot did not ask for its kind."""
        if kind in self.allowed:
            self._append({"update_id": self._next_id, kind: body}, at=at, lane=lane)

    def push_raw(self, payload: dict[str, Any], *, at: dt.datetime, lane: int = 0) -> int:
        """Queue any JSON object; it is given an update_id unless it brings its own."""
        return self._append({"update_id": self._next_id} | payload, at=at, lane=lane)

    def confirm(self, offset: int) -> None:
        """Forget updates before the offset; a negative one keeps only that many of the newest."""
        if offset < 0:
            self.pending = self.pending[offset:]
        else:
            self.pending = [update for update in self.pending if update.id >= offset]

    def expire(self, now: dt.datetime) -> None:
        """Drop what is older than a day."""
        kept = [update for update in self.pending if now - update.at < KEPT_FOR]
        self.dropped += len(self.pending) - len(kept)
        self.pending = kept

    def _append(self, payload: dict[str, Any], *, at: dt.datetime, lane: int) -> int:
        given = payload["update_id"]
        made = Pending(given if isinstance(given, int) else self._next_id, at, lane, payload)
        self._next_id = max(self._next_id, made.id) + 1
        self.pending.append(made)
        self.pulse.beat()
        return made.id

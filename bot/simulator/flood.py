"""Flood control: how often a bot may post, per chat, per group and altogether; off unless asked for."""

import collections
import datetime as dt
import math

from bot.simulator import model, refusals

PER_CHAT_FOR = dt.timedelta(seconds=1)  # one message a second in the same chat (Telegram FAQ)
PER_CHAT_BURST = 3  # "short bursts" are let through; how short is not documented
GROUP_PER_MINUTE = 20  # Telegram FAQ; sends and edits share it
OVERALL_PER_SECOND = 30  # Telegram FAQ, "or so"
LIMITED = frozenset(
    {
        "sendmessage", "senddocument", "sendphoto", "sendvoice", "sendmediagroup", "copymessage",
        "forwardmessage", "editmessagetext", "editmessagecaption", "editmessagereplymarkup",
        "editmessagemedia", "createforumtopic", "pinchatmessage",
    }
)  # fmt: skip


class Flood:
    """Counts what each bot posted lately and says 429 beyond the limits.

    Attributes:
        enabled: False lets everything through and counts nothing.
        refused: How many requests were turned away.
    """

    def __init__(self, *, enabled: bool = False) -> None:
        self.enabled = enabled
        self.refused = 0
        self._chats: dict[tuple[int, int], collections.deque[dt.datetime]] = {}
        self._overall: dict[int, collections.deque[dt.datetime]] = {}

    def check(self, bot: model.Bot, method: str, chat_id: object, now: dt.datetime) -> None:
        """Let the request through and count it.

        Raises:
            Refused: 429 with the seconds to wait.
        """
        if not self.enabled or method not in LIMITED or not isinstance(chat_id, int):
            return
        chat = self._chats.setdefault((bot.id, chat_id), collections.deque(maxlen=GROUP_PER_MINUTE))
        overall = self._overall.setdefault(bot.id, collections.deque(maxlen=OVERALL_PER_SECOND))
        free_at = max(_chat_free_at(chat, chat_id, now), _free_at(overall, dt.timedelta(seconds=1), now))
        if free_at > now:
            self.refused += 1
            raise refusals.flooded(max(1, math.ceil((free_at - now).total_seconds())))
        chat.append(now)
        overall.append(now)


def _free_at(sent: collections.deque[dt.datetime], window: dt.timedelta, now: dt.datetime) -> dt.datetime:
    """Return when the oldest of a full window leaves it."""
    return sent[0] + window if sent.maxlen == len(sent) else now


def _chat_free_at(sent: collections.deque[dt.datetime], chat_id: int, now: dt.datetime) -> dt.datetime:
    """Return when the chat takes the next message: a small burst, then one a second; groups 20 a minute."""
    recent = [at for at in sent if now - at < PER_CHAT_FOR * PER_CHAT_BURST]
    paced = recent[-PER_CHAT_BURST] + PER_CHAT_FOR * PER_CHAT_BURST if len(recent) >= PER_CHAT_BURST else now
    if chat_id < 0:
        return max(paced, _free_at(sent, dt.timedelta(minutes=1), now))
    return paced

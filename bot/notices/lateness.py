"""Until when a notice's messages are worth sending; one that comes later is dropped, and told of where it was to be known.

A delivery waits for as long as Telegram is away. What asks for something keeps until answering ends; what only speaks of a
moment keeps for hours. See also `rules.useful_until`, for the steps of the ladder.
"""

import datetime as dt

from bot.delivery import stale
from bot.delivery.outbox import Drop
from bot.notices import rules
from bot.notices.queries import Notice

REMINDER_KEEPS = dt.timedelta(hours=12)  # of a day: the next morning it speaks of another one
ASKED_BY_HAND_KEEPS = dt.timedelta(hours=2)  # a reminder an officer asked for, who has gone on meanwhile


def of_card(notice: Notice, now: dt.datetime) -> Drop | None:
    """Why a card that was never shown is not shown any more; None while it is worth it.

    A question keeps until answering ends: later than due it is still answered as 补报. A reminder, which nobody
    answers, keeps for half a day.
    """
    if notice.state(now) == "closed":
        return stale.UNTOLD
    is_old = notice.due_at is None and now - notice.published_at >= REMINDER_KEEPS
    return stale.UNTOLD if is_old else None


def of_list(notice: Notice, now: dt.datetime) -> Drop | None:
    """The same of the list that goes out before due: soon after it, the table of due has told the same people."""
    is_old = notice.due_at is not None and now >= notice.due_at + rules.LINE_KEEPS
    return stale.TOO_LATE if is_old else None


def of_table(notice: Notice, now: dt.datetime) -> Drop | None:
    """The same of the table of due, which is as true a day later; not once nothing can be done about it."""
    return stale.UNTOLD if notice.state(now) == "closed" else None


def of_answerable(notice: Notice, now: dt.datetime) -> Drop | None:
    """The same of what is said to somebody who pressed: when answering has ended he knows that it came to nothing."""
    return stale.TOO_LATE if notice.state(now) == "closed" else None


def of_chase(
    notice: Notice, now: dt.datetime, *, asked_at: dt.datetime, by_hand: bool, keeps: dt.timedelta
) -> Drop | None:
    """Why a reminder is not sent any more.

    What the ladder asked for ends with due, and after `keeps`: the tables say who is silent, and a later step follows.
    What an officer asked for he takes to be sent: when it is not, that is told.
    """
    if by_hand:
        return stale.UNTOLD if now - asked_at >= ASKED_BY_HAND_KEEPS else None
    return stale.TOO_LATE if notice.state(now) == "due" or now - asked_at >= keeps else None

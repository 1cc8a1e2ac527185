"""The one home of "now": everyone else is handed an instant."""

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]


def system() -> dt.datetime:
    """The present instant, aware, in UTC."""
    return dt.datetime.now(dt.UTC)

"""Reading an instant as an operator writes it."""

import datetime as dt
import re

from bot import errors

ALLOWED = "2026-09-30T17:00:00+08:00 · 2026-09-30 17:00 · 17:00(今天)"


def parse(text: str, *, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """The instant, UTC; without an offset it is the schools' wall clock.

    Raises:
        Refused: quoting the text and what is allowed.
    """
    plain = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", plain):
            hour, minute = (int(word) for word in plain.split(":"))
            found = dt.datetime.combine(now.astimezone(zone).date(), dt.time(hour, minute), zone)
        else:
            found = dt.datetime.fromisoformat(plain)
    except ValueError as fault:
        raise errors.Refused(f"时间 “{text}”:看不懂。可以写:{ALLOWED}") from fault
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(dt.UTC)

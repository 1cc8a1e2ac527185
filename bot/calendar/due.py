"""When an answer is due: a few words in a notice's file, parsed once, turned into an instant at publication."""

import datetime as dt
import re
from dataclasses import dataclass

from bot import errors

ALLOWED = "+2h · +30min · +3d · same day at 17:00 · next day at 12:00 · 12-05 at 17:00 · 2026-12-05 at 17:00"
MAX_AFTER = dt.timedelta(days=366)
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_AFTER = re.compile(r"\+\s*(?P<count>\d{1,5})\s*(?P<unit>min|h|d)")
_DAY = re.compile(rf"(?P<day>same|next) day at {_CLOCK}")
_DATE = re.compile(rf"(?:(?P<year>\d{{4}})-)?(?P<month>\d{{1,2}})-(?P<date>\d{{1,2}})\s+(?:at\s+)?{_CLOCK}")
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Due:
    """A due rule: so long after publication, or a wall-clock time on a day.

    Attributes:
        after: for `+2h`; counted from the whole second of publication.
        days: for `same day` (0) and `next day` (1), counted on the schools' calendar.
        date: (year or 0, month, day); without a year, the next such day from publication on, that day included.
        time: wall-clock time in the schools' zone.
    """

    text: str
    after: dt.timedelta | None = None
    days: int | None = None
    date: tuple[int, int, int] | None = None
    time: dt.time = dt.time(0, 0)

    def at(self, published_at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        """The due instant, UTC, for a notice published at this instant.

        Raises:
            Refused: the date does not exist (02-30), or 02-29 without a leap year in the next eight.
        """
        if self.after is not None:
            return published_at.replace(microsecond=0) + self.after
        today = published_at.astimezone(zone).date()
        day = self.next_date(today) if self.days is None else today + dt.timedelta(days=self.days)
        return dt.datetime.combine(day, self.time, zone).astimezone(dt.UTC)

    def next_date(self, today: dt.date) -> dt.date:
        """The first such date from `today` on.

        Raises:
            Refused: there is none.
        """
        year, month, day = self.date or (0, 0, 0)
        for candidate in [year] if year else range(today.year, today.year + 9):
            try:
                found = dt.date(candidate, month, day)
            except ValueError:
                continue
            if year or found >= today:
                return found
        raise errors.Refused(f"due “{self.text}”:没有这一天")


def parse(text: str) -> Due:
    """The due rule in `text`.

    Raises:
        Refused: quoting the text and what is allowed.
    """
    plain = re.sub(r"\s+", " ", text.strip())
    if found := _AFTER.fullmatch(plain):
        after = dt.timedelta(**{_UNITS[found["unit"]]: int(found["count"])})
        if not dt.timedelta(0) < after <= MAX_AFTER:
            raise errors.Refused(f"due “{text}”:应在 1 分钟到 366 天之间")
        return Due(plain, after=after)
    if found := _DAY.fullmatch(plain):
        return Due(plain, days=0 if found["day"] == "same" else 1, time=_time(found, text))
    if found := _DATE.fullmatch(plain):
        date = (int(found["year"] or 0), int(found["month"]), int(found["date"]))
        due = Due(plain, date=date, time=_time(found, text))
        due.next_date(dt.date(date[0] or 2024, 1, 1))
        return due
    raise errors.Refused(f"due “{text}”:看不懂。可以写:{ALLOWED}")


def _time(found: re.Match[str], text: str) -> dt.time:
    try:
        return dt.time(int(found["hour"]), int(found["minute"]))
    except ValueError as fault:
        raise errors.Refused(f"due “{text}”:没有 {found['hour']}:{found['minute']} 这个时刻") from fault

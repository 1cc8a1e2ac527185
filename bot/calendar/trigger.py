"""What a trigger is: a value that knows the next instant at which a plan speaks."""

import abc
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from bot.calendar.days import DAY
from bot.calendar.school import Holiday, SchoolCalendar


@dataclass(frozen=True, slots=True)
class Firing:
    """A date on which a trigger fires, before its time of day is known to be still ahead.

    Attributes:
        day: the schools' date.
        holiday: the holiday it is told by (before 国庆), None for a trigger that is told by none.
        occasion: that holiday's name, or the break's whose term begins or ends; '' where there is none.
        is_provisional: 暂定: one of the dates it was counted from is.
    """

    day: dt.date
    occasion: str = ""
    is_provisional: bool = False
    holiday: Holiday | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time a trigger fires.

    Attributes:
        at: the instant, UTC.
        occasion: 国庆, 寒假 …; '' where there is none.
        is_provisional: 暂定: a date it hangs on may still change.
        holiday: the holiday meant, so that a due rule told by it means the same one.
    """

    at: dt.datetime
    occasion: str = ""
    is_provisional: bool = False
    holiday: Holiday | None = None


class Trigger(abc.ABC):
    """When a plan speaks. Two that are written alike are equal, and `str` is a way to write it.

    A week is Monday to Sunday. A date or a wall-clock time that does not exist is not replaced by another, but for an
    hour that a change to summer time leaves out: it is read by the clock before the change, and an hour told twice is
    its first. An occurrence at the very instant asked about is not after it.
    """

    __slots__ = ()

    @abc.abstractmethod
    def next_after(self, instant: dt.datetime, calendar: SchoolCalendar) -> Occurrence | None:
        """The first occurrence after this instant for the schools of this calendar; None if there is none to come.

        Raises:
            ValueError: the instant has no offset.
        """


class Daily(Trigger):
    """A trigger of dates, with one time of day for all of them."""

    __slots__ = ()
    time: dt.time

    @abc.abstractmethod
    def firings(self, start: dt.date, calendar: SchoolCalendar) -> Iterator[Firing]:
        """The dates from `start` on, ascending; it ends where none can be found within years."""

    def next_after(self, instant: dt.datetime, calendar: SchoolCalendar) -> Occurrence | None:
        for firing in self.firings(day_of(instant, calendar) - DAY, calendar):
            at = instant_of(firing.day, self.time, calendar)
            if at > instant:
                return Occurrence(at, firing.occasion, firing.is_provisional, firing.holiday)
        return None


def day_of(instant: dt.datetime, calendar: SchoolCalendar) -> dt.date:
    """The schools' date at this instant.

    Raises:
        ValueError: the instant has no offset.
    """
    if instant.tzinfo is None:
        raise ValueError(f"an instant without an offset: {instant.isoformat()}")
    return instant.astimezone(calendar.zone).date()


def instant_of(day: dt.date, time: dt.time, calendar: SchoolCalendar) -> dt.datetime:
    return dt.datetime.combine(day, time, calendar.zone).astimezone(dt.UTC)

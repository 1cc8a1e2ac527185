"""All that the files say about plans, as one value: entries, school calendars, quiet hours."""

import contextlib
import datetime as dt
import hashlib
import os
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot import errors
from bot.calendar import loading, quiet
from bot.calendar.quiet import QuietHours
from bot.calendar.school import SchoolCalendar, SchoolCalendars
from bot.calendar.trigger import Occurrence
from bot.plans import content
from bot.plans.content import Entry
from bot.roster.units import Unit
from bot.texts import Words

FOLDERS = ("reminders", "directives")  # of plans
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """What is published by itself, for whom, on whose school days.

    Attributes:
        entries: by id, in the order of the files.
        faults: a sentence for each thing that is wrong in a file; the rest is in force.
        mark: digest of the files; what was reckoned under another mark is reckoned anew.
        stamp: names, times and sizes of the files, to see cheaply that one has changed.
    """

    entries: Mapping[str, Entry]
    calendars: SchoolCalendars
    quiet: QuietHours
    words: Words
    faults: tuple[str, ...]
    mark: str
    stamp: Stamp

    @property
    def zone(self) -> dt.tzinfo:
        return self.words.zone

    def get(self, plan_id: str) -> Entry:
        """The plan with this id.

        Raises:
            Refused: there is none; which there are.
        """
        if plan_id not in self.entries:
            raise errors.Refused(f"没有计划 {plan_id}。有:{' '.join(self.entries) or '无'}")
        return self.entries[plan_id]


def read(config: pathlib.Path, zone: dt.tzinfo, *, before: Book | None = None) -> Book:
    """The book of a config folder; a wrong file, or a wrong entry, never stops the others.

    Args:
        before: the book in force, whose calendars stay so while a file of the new ones cannot be read: without its
            breaks every school would be asked in the middle of them.
    """
    stamp = stamped(config)
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    if not os.path.isdir(config):  # noqa: PTH112 - a folder above that lets nobody in is answered too
        faults.append(f"{config}:没有这个文件夹,请看 CONFIG_DIR")
    written: list[pathlib.Path] = []
    for folder in FOLDERS:
        try:
            written += loading.files(config / folder, ".yaml")
        except errors.Refused as fault:
            faults.append(fault.sentence)
    for path in written:
        try:
            found = content.read(path)
        except errors.Refused as fault:
            faults.append(fault.sentence)
            continue
        faults += found.faults
        for entry in found.entries:
            if entry.id in entries:
                faults.append(
                    f"{path.name} 第 {entry.line} 行:id “{entry.id}” 在 {entries[entry.id].file} 里已经用了"
                )
            elif not entry.triggers:
                faults.append(
                    f"{path.name} 第 {entry.line} 行:{entry.id} 少了 “trigger”;只由人发的写 trigger: manual"
                )
            else:
                entries[entry.id] = entry
    calendar = loading.load(config / "calendar", zone)
    calendars = calendar.calendars
    if before is not None and not calendar.is_whole:
        calendars = before.calendars
        faults.append("校历有文件读不了,改好之前暂按改之前的校历算")
    hours = quiet.load(config / quiet.FILE, zone)
    return Book(
        entries, calendars, hours.hours, Words(zone), (*faults, *calendar.faults, *hours.faults),
        _digest(config, zone), stamp,
    )  # fmt: skip


def stamped(config: pathlib.Path) -> Stamp:
    """Names, times and sizes of the files a book is made of."""
    found = []
    for path in _files(config):
        try:
            state = path.stat()
        except OSError:  # an editor replaces a file by moving another into its place
            continue
        found.append((path.name, state.st_mtime_ns, state.st_size))
    return tuple(found)


def _files(config: pathlib.Path) -> Iterator[pathlib.Path]:
    for folder, ending in (*((folder, ".yaml") for folder in FOLDERS), ("calendar", ".toml")):
        with contextlib.suppress(errors.Refused):  # it is told where the folder is read
            yield from loading.files(config / folder, ending)
    yield config / quiet.FILE


def _digest(config: pathlib.Path, zone: dt.tzinfo) -> str:
    digest = hashlib.sha256(str(zone).encode())
    for path in _files(config):
        digest.update(path.name.encode())
        with contextlib.suppress(OSError):  # it is told as a fault where its content is read
            digest.update(path.read_bytes())
    return digest.hexdigest()


def timing(entry: Entry) -> str:
    """Digest of what decides when a plan fires; another one means that it was edited in that."""
    told = "\n".join([*(str(trigger) for trigger in entry.triggers), str(entry.due)])
    return hashlib.sha256(told.encode()).hexdigest()


def occurrences(
    entry: Entry, calendar: SchoolCalendar, after: dt.datetime, until: dt.datetime
) -> list[Occurrence]:
    """When the plan fires for the schools of a calendar, in (after, until], each instant once, in order."""
    found: dict[dt.datetime, Occurrence] = {}
    for trigger in entry.triggers:
        here = trigger.next_after(after, calendar)
        while here is not None and here.at <= until:
            found.setdefault(here.at, here)
            here = trigger.next_after(here.at, calendar)
    return [found[at] for at in sorted(found)]


@dataclass(frozen=True, slots=True)
class Share:
    """Those of a plan's audience that have the same school days."""

    calendar: SchoolCalendar
    units: tuple[Unit, ...]


def shares(entry: Entry, everyone: list[Unit], calendars: SchoolCalendars) -> list[Share]:
    """The plan's audience by calendar; a plan for the administrators has one share without units.

    Raises:
        Refused: the audience names a unit that is not in the roster.
    """
    if entry.audience.is_admins:
        return [Share(calendars.of(), ())]
    codes = {u.id: u.code for u in everyone}
    found: dict[SchoolCalendar, list[Unit]] = {}
    for unit in entry.audience.select(everyone):
        county = unit.code if unit.kind == "county" else codes.get(unit.county_id or 0, "")
        found.setdefault(calendars.of(unit.stage, county), []).append(unit)
    return [Share(calendar, tuple(some)) for calendar, some in found.items()]

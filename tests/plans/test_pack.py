"""The pack we ship: what a school would be asked in a year with every plan on, reckoned from triggers and calendars alone."""

import datetime as dt
import functools
import itertools
import pathlib
import re
import shutil
import zoneinfo
from collections import Counter
from dataclasses import dataclass

import pytest

from bot.calendar import loading, quiet
from bot.calendar.days import each
from bot.calendar.school import SchoolCalendar
from bot.calendar.trigger import Occurrence
from bot.calendar.triggers import Trigger
from bot.notices.rules import Kind
from bot.plans import content
from bot.plans.content import Entry
from bot.roster.units import Unit
from bot.texts import Words

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
CONFIG = pathlib.Path(__file__).parents[2] / "config"
WORDS = Words(SHANGHAI)
FILES = sorted((CONFIG / "reminders").glob("*.yaml"))
ENTRIES = tuple(entry for path in FILES for entry in content.read(path).entries)
BY_ID = {entry.id: entry for entry in ENTRIES}
FIRST, LAST = dt.date(2025, 12, 29), dt.date(2027, 1, 31)  # a Monday and a Sunday; January 2027 is 暂定
HARVEST = """
[[break]]
name = "麦假"
county = "MJ"
stage = ["小学", "初中"]
first_day_off = 2026-06-06
school_starts = 2026-06-15
[[break]]
name = "暑假"
county = "MJ"
stage = ["小学", "初中"]
first_day_off = 2026-07-15
school_starts = 2026-09-01
"""
STAGES = ("幼儿园", "小学", "初中", "高中", "九年一贯", "完全中学", "中职", "特教")
COUNTIES = ("DH", "MJ", "")  # without and with 麦假; '' is city-run
ON_DUTY = {"R10", "R10b"}  # asked on days off on purpose: whoever is on duty answers
FULL_WIDTH = re.compile(
    "[\uff0c\uff01\uff1f\uff1b\uff1a\uff08\uff09]"
)  # the house writes half-width but for 。
HAN = re.compile(r"[\u4e00-\u9fff]")
SCHOOLS_OWN = {"{school}": "金滩镇中心小学", "{unit}": "大河县教育局", "{duty_phone}": "+86 310 000 0100"}


@dataclass(frozen=True)
class Card:
    """One card in a chat."""

    plan: str
    at: dt.datetime
    due_at: dt.datetime | None

    @property
    def is_ask(self) -> bool:
        return BY_ID[self.plan].kind is not Kind.REMINDER

    @property
    def sounds(self) -> bool:
        """Alerts are not counted; every ask is taken to sound, whatever its level."""
        return BY_ID[self.plan].category != "emergency" and (self.is_ask or BY_ID[self.plan].level != "info")

    @property
    def day(self) -> dt.date:
        return self.at.astimezone(SHANGHAI).date()

    @property
    def monday(self) -> dt.date:
        return self.day - dt.timedelta(days=self.day.weekday())


@pytest.fixture(scope="module")
def calendars(tmp_path_factory):
    """The city's, and one county that has 麦假."""
    folder = tmp_path_factory.mktemp("calendar")
    for path in (CONFIG / "calendar").glob("*.toml"):
        shutil.copy(path, folder)
    with (folder / "2026.toml").open("a", encoding="utf-8") as file:
        file.write(HARVEST)
    loaded = loading.load(folder, SHANGHAI)
    assert loaded.faults == ()
    return loaded.calendars


def unit(kind: str = "school", stage: str = "", county: str = "", **has: bool) -> Unit:
    return Unit(
        id=1, code="X1", name="某校", kind=kind, parent_id=2, county_id=3 if county else None, position=1,
        stage=stage, ownership="公办", boarding=has.get("boarding", False), school_bus=has.get("bus", False),
        canteen=True, waterside=True, phone="", tags=frozenset({"山区", "低洼"}), armed=True,
    )  # fmt: skip


def instants(trigger: Trigger, calendar: SchoolCalendar) -> list[Occurrence]:
    found = []
    here = trigger.next_after(dt.datetime.combine(FIRST, dt.time(), SHANGHAI), calendar)
    while here is not None and here.at.astimezone(SHANGHAI).date() <= LAST:
        found.append(here)
        here = trigger.next_after(here.at, calendar)
    return found


@functools.cache
def fired(entry: Entry, calendar: SchoolCalendar) -> tuple[Occurrence, ...]:
    """Each instant once, however many triggers name it."""
    every = {one.at: one for trigger in entry.triggers for one in instants(trigger, calendar)}
    return tuple(every[at] for at in sorted(every))


def due(entry: Entry, one: Occurrence, calendar: SchoolCalendar) -> dt.datetime | None:
    return entry.due and entry.due.at(one.at, SHANGHAI, calendar=calendar, holiday=one.holiday)


def cards(whom: Unit, county: str, calendar: SchoolCalendar, *, own_group: bool) -> list[Card]:
    """All a unit is sent with every plan on; nothing on the days of its examinations."""
    return [
        Card(entry.id, one.at, due(entry, one, calendar))
        for entry in ENTRIES
        if entry.audience.holds(whom, county) and (own_group or entry.through == "any")
        for one in fired(entry, calendar)
        if entry.category == "emergency" or not calendar.quiet_on(one.at.astimezone(SHANGHAI).date())
    ]


# ── the burden ───────────────────────────────────────────────────────────────────────────────────

KINDS = [
    (stage, boarding, bus, own, county)
    for stage in STAGES
    for boarding, bus, own in itertools.product((True, False), repeat=3)
    for county in COUNTIES
]


def crowded(sent: list[Card]) -> list[str]:
    """Weeks with more than two asks, days with more than one sound."""
    weeks = Counter(card.monday for card in sent if card.is_ask)
    days = Counter(card.day for card in sent if card.sounds)
    return [
        f"{when}: {[card.plan for card in sent if when in (card.monday, card.day)]}"
        for when in sorted(
            {week for week, asks in weeks.items() if asks > 2} | {d for d, n in days.items() if n > 1}
        )
    ]


def test_no_school_is_asked_more_than_twice_a_week_or_hears_more_than_one_sound_a_day(calendars):
    for stage, boarding, bus, own, county in KINDS:
        whom = unit(stage=stage, county=county, boarding=boarding, bus=bus)
        sent = cards(whom, county, calendars.of(stage, county), own_group=own)

        assert crowded(sent) == [], (stage, boarding, bus, own, county)


@pytest.mark.parametrize("county", COUNTIES)
def test_a_group_of_many_schools_hears_one_sound_a_day_whomever_it_is_meant_for(calendars, county):
    """In a shared group all read all: one card for those who share plan, hour and due, another for others."""
    heard = {
        card
        for stage, bus in itertools.product(STAGES, (True, False))
        for card in cards(unit(stage=stage, county=county, bus=bus), county, calendars.of(stage, county),
                          own_group=False)
        if card.sounds
    }  # fmt: skip
    holder = unit("county") if county else unit("college", "高校")
    heard |= {
        card for card in cards(holder, county, calendars.of("", county), own_group=False) if card.sounds
    }

    days = Counter(card.day for card in heard)
    assert {day: [c.plan for c in heard if c.day == day] for day, n in days.items() if n > 1} == {}


def test_a_school_is_asked_at_all(calendars):
    """The cap is not kept by silence: the year of a school has its asks, and silent reminders besides."""
    calendar = calendars.of("小学", "DH")
    sent = cards(unit(stage="小学", county="DH"), "DH", calendar, own_group=True)
    year = [card for card in sent if card.day.year == 2026]

    asks = Counter(card.plan for card in year if card.is_ask)
    assert asks == {"R03b": 8, "R05": 14, "R13b": 2, "R19b": 1, "R23b": 1}
    school_days = [
        day for day in each(dt.date(2026, 1, 1), dt.date(2026, 12, 31)) if calendar.is_school_day(day)
    ]
    assert sum(card.plan == "R01" for card in year) == len(school_days)


@pytest.mark.parametrize(
    ("stage", "bus", "county", "asks"),
    [
        ("幼儿园", False, "DH", 25),  # 交通安全课 is not asked of it
        ("幼儿园", True, "DH", 26),
        ("小学", False, "DH", 26),
        ("初中", False, "DH", 25),  # one falls on 中考
        ("高中", False, "DH", 26),
        ("小学", False, "", 38),  # of the city: twelve times about its holidays
        ("高中", False, "", 38),
        ("小学", False, "MJ", 28),  # 麦假 is a holiday more, and its 暑假 begins after one more 自查
    ],
)
def test_a_year_has_so_many_asks(calendars, stage, bus, county, asks):
    sent = cards(
        unit(stage=stage, county=county, bus=bus), county, calendars.of(stage, county), own_group=False
    )

    assert sum(card.is_ask for card in sent if card.day.year == 2026) == asks


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_plan_has_its_day_in_the_year(calendars, entry):
    calendar = calendars.of() if entry.audience.is_admins else calendars.of("小学", "DH")

    assert bool(fired(entry, calendar)) is (str(entry.triggers[0]) != "manual")


# ── when ─────────────────────────────────────────────────────────────────────────────────────────


def everyone(calendars):
    """Units of every kind, each with the code of its county and its calendar."""
    for county in COUNTIES:
        for stage, bus in itertools.product(STAGES, (True, False)):
            yield unit(stage=stage, county=county, bus=bus), county, calendars.of(stage, county)
    yield unit("college", "高校"), "", calendars.of("高校")
    yield unit("county"), "", calendars.of()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_nothing_is_planned_or_due_in_quiet_hours(calendars, entry):
    hours = quiet.load(CONFIG / "quiet.toml", SHANGHAI)
    assert hours.faults == ()
    whose = [calendar for whom, county, calendar in everyone(calendars) if entry.audience.holds(whom, county)]

    for calendar in whose or [calendars.of()]:
        for one in fired(entry, calendar):
            assert not hours.hours.is_quiet(one.at), one
            due_at = due(entry, one, calendar)
            assert due_at is None or not hours.hours.is_quiet(due_at), one


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.due], ids=lambda entry: entry.id)
def test_what_is_asked_is_due_later_and_on_a_day_on_which_the_asked_are_there(calendars, entry):
    asked = [(u, calendar) for u, county, calendar in everyone(calendars) if entry.audience.holds(u, county)]
    assert asked
    for whom, calendar in asked:
        works = calendar.is_school_day if whom.kind == "school" else calendar.is_workday
        for one in fired(entry, calendar):
            due_at = due(entry, one, calendar)
            assert due_at > one.at
            assert entry.id in ON_DUTY or works(due_at.astimezone(SHANGHAI).date()), one
            assert entry.id in ON_DUTY or works(one.at.astimezone(SHANGHAI).date()), one
            assert entry.id not in ON_DUTY or due_at.date() == one.at.date()


def test_a_school_of_the_city_is_asked_about_its_holiday_only_while_it_has_one(calendars):
    for stage in STAGES:
        calendar = calendars.of(stage)
        days = [one.at.astimezone(SHANGHAI).date() for one in fired(BY_ID["R10b"], calendar)]

        assert [day for day in days if calendar.is_school_day(day)] == []


def test_a_county_is_asked_on_each_day_of_a_holiday_and_on_fridays_of_a_break(calendars):
    days = {one.at.astimezone(SHANGHAI).date() for one in fired(BY_ID["R10"], calendars.of())}
    in_year = {day for day in days if day.year == 2026}
    holidays = {
        day for day in each(dt.date(2026, 1, 1), dt.date(2026, 12, 31)) if calendars.of().holiday_on(day)
    }

    assert in_year >= holidays
    assert {day.weekday() for day in in_year - holidays} == {4}
    assert [day for day in in_year - holidays if calendars.of("小学").is_school_day(day)] == []


# ── what ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_file_is_read_without_a_fault_and_an_id_is_used_once():
    assert [content.read(path).faults for path in FILES] == [()] * len(FILES)
    assert [name for name, n in Counter(entry.id for entry in ENTRIES).items() if n > 1] == []


def test_all_is_off_but_what_the_administrators_are_told():
    assert [entry.id for entry in ENTRIES if entry.enabled] == ["R27"]
    assert BY_ID["R27"].audience.is_admins
    assert BY_ID["R27"].unless == "next_year_known"


def test_what_would_be_said_every_day_stays_out_of_shared_groups():
    assert {entry.id for entry in ENTRIES if entry.through == "own"} == {"R01", "R02"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_plan_says_why_and_whose_it_is(entry):
    owners = [
        line.split(",")[0] for line in (CONFIG / "roster" / "units.csv").read_text("utf-8").splitlines()
    ]

    assert entry.basis
    assert entry.owner in owners


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_what_is_silent_asks_nothing_and_what_asks_before_it_can_be_true_is_silent(entry):
    assert entry.level != "info" or entry.kind is Kind.REMINDER
    pair = {f"{entry.id[:-1]}a", f"{entry.id[:-1]}b"} & set(BY_ID)
    if entry.id.endswith("a") and len(pair) == 2 and entry.kind is Kind.REMINDER:
        assert entry.level == "info"
        assert "现在不用回" in entry.text


def test_an_ask_follows_its_reminder(calendars):
    calendar = calendars.of("小学", "DH")
    for name in ("R03", "R13", "R19", "R23"):
        told, asked = ([one.at for one in fired(BY_ID[f"{name}{letter}"], calendar)] for letter in "ab")

        assert len(told) == len(asked)
        assert all(
            dt.timedelta(hours=6) <= b - a <= dt.timedelta(days=8) for a, b in zip(told, asked, strict=True)
        )


def test_only_what_a_person_sends_breaks_the_quiet_or_goes_above_the_county():
    loud = [e for e in ENTRIES if e.category == "emergency" or e.level == "now" or e.escalate == "city"]

    assert {entry.id for entry in loud} == {"R19c", "R25b"}
    assert {str(trigger) for entry in loud for trigger in entry.triggers} == {"manual"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_text_reads_well_with_its_placeholders_filled(calendars, entry):
    whose = [calendar for whom, county, calendar in everyone(calendars) if entry.audience.holds(whom, county)]
    happened = {
        (one.occasion, one.at): (one, c) for c in whose or [calendars.of()] for one in fired(entry, c)
    }
    by_hand = Occurrence(dt.datetime(2026, 11, 20, 16, tzinfo=SHANGHAI))
    for one, calendar in list(happened.values()) or [(by_hand, calendars.of())]:
        draft = entry.draft(one.at, WORDS, calendar=calendar, occurrence=one)
        title, text = draft.title, draft.text
        for name, value in SCHOOLS_OWN.items():
            text = text.replace(name, value)

        assert not re.search(r"[{}]", title + text)
        assert not re.search(r"[,。:;?、]{2}|^[,。:;?、]|  ", text, re.MULTILINE), text
        assert not FULL_WIDTH.search(title + text), text
        assert len(HAN.findall(title)) <= 20
        assert not re.search(r"第二天|昨天|后天", text)  # a day that was moved makes it untrue


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
@pytest.mark.parametrize("shared", [True, False])
def test_every_card_is_six_lines_at_most(entry, shared):
    html = WORDS.html(
        "card.ask", kind=entry.kind.value, level=entry.level, due="9月30日(周三)17:00", is_trial=True, over=False,
        text=entry.text.strip(), shared=shared, answered=33, expected=180, provisional=True,
    )  # fmt: skip

    assert len(html.split("\n")) <= 6
    assert len(HAN.findall(html)) <= 120

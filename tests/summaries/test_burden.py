"""The month's burden: counted by hand beside, told to administrators once, never a ranking."""

import datetime as dt
import io
import pathlib
import zoneinfo

import openpyxl
import pytest
import sqlalchemy as sa

from bot import errors
from bot.calendar import loading
from bot.calendar.quiet import QuietHours, Span
from bot.delivery import chats
from bot.delivery.message import Callback
from bot.delivery.model import delivery
from bot.delivery.outbox import Delivery, Drop
from bot.notices import model
from bot.roster import model as roster
from bot.summaries import burden, burden_pages
from bot.texts import Words
from tests.notices import counter
from tests.notices.world import World

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
WORDS = Words(SHANGHAI)
QUIET = QuietHours(SHANGHAI)
CALENDAR = loading.load(pathlib.Path(__file__).parents[2] / "config" / "calendar", SHANGHAI).calendars.of()
ADMIN, PRINCIPAL = 11, 3
SEPTEMBER = dt.date(2026, 9, 1)
CAP = 2


def local(day: int, month: int = 9, time: str = "10:00") -> dt.datetime:
    found = dt.datetime.fromisoformat(f"2026-{month:02}-{day:02}T{time}")
    return found.replace(tzinfo=SHANGHAI).astimezone(dt.UTC)


def play(tx, _):
    """September 2026, its 1st a Tuesday: DH is asked on six days, all on two of them, with one of August before."""
    world = World(tx)
    c = roster.contact
    (person,) = tx.execute(
        c.insert().values(name="管", phone="13800009999", created_at=world.now).returning(c.c.id)
    ).one()
    tx.execute(roster.post.insert().values(
        contact_id=person, unit_id=world.ids["YC"], role="admin", source="file", since=world.now
    ))  # fmt: skip
    tx.execute(
        roster.enrolment.insert().values(contact_id=person, user_id=ADMIN, via="phone", since=world.now)
    )
    chats.ensure(tx, world.now, ADMIN, kind="private")
    for number, contact in enumerate(counter.CONTACTS, start=1):
        world.share_phone(number, contact)
    asked = [
        (31, 8, "county:DH", {}), (1, 9, "county:DH", {}), (2, 9, "schools or colleges or counties", {}),
        (9, 9, "county:DH", {}), (10, 9, "county:DH", {"category": "emergency"}),
        (30, 9, "schools or colleges or counties", {}),
    ]  # fmt: skip
    for day, month, meant, how in asked:
        world.now = local(day, month)
        notice = world.publish(meant, lasts=dt.timedelta(hours=2), **how)
        world.wait(1)
        if day in (1, 2):
            world.press(notice, PRINCIPAL, "yes")
        if day == 2:
            world.wait(1)
            world.press(notice, PRINCIPAL, "trouble")
    n = model.notice
    for values in ({"is_trial": True}, {"recalled_at": world.now}):
        world.now = local(15)
        notice = world.publish("county:DH")
        tx.execute(n.update().where(n.c.id == notice).values(values))
    return world.ids


@pytest.fixture
async def ids(db):
    return await db.transact(play)


async def month(db, first=SEPTEMBER, cap=CAP):
    return await db.read(burden.read, first, cap=cap, zone=SHANGHAI)


async def test_asks_taps_and_weeks_are_counted_school_by_school(db, ids):
    it = await month(db)
    found = {s.name.removesuffix("单位"): (s.asks, s.taps, s.a_week) for s in it.schools}
    # the week from Monday, 31 August, ends in September: three routine asks; that of the 28th ends in October
    assert found["DH2"] == (5, 3, 3)
    assert found["DH1"] == (5, 0, 3)
    assert found["HD1"] == (2, 0, 1)
    assert it.notices == 5
    assert [s.name for s in it.over] == ["DH1单位", "DH2单位", "DH3单位"]
    assert it.total.asks == burden.Spread(sorted(s.asks for s in it.schools)[len(it.schools) // 2], 5)
    assert sum(line.schools for line in it.lines) == it.total.schools == len(it.schools)
    assert sum(line.over for line in it.lines) == it.total.over == 3


async def test_the_last_week_of_a_month_belongs_to_the_month_in_which_it_ends(db, ids):
    it = await month(db, dt.date(2026, 10, 1))
    assert {s.asks for s in it.schools} == {0}
    assert {s.a_week for s in it.schools} == {1}
    assert it.notices == 0


async def test_one_press_that_says_several_things_is_one_tap(db, ids):
    def twice(tx, _):
        an = model.answer
        row = tx.execute(sa.select(an).order_by(an.c.id).limit(1)).mappings().one()
        values = {key: value for key, value in row.items() if key != "id"}
        tx.execute(an.insert().values(values | {"item": "2"}))
        tx.execute(an.insert().values(values | {"at": local(3), "on_behalf": True}))

    before = {s.name: s.taps for s in (await month(db)).schools}
    await db.transact(twice)
    assert {s.name: s.taps for s in (await month(db)).schools} == before


# ── told ─────────────────────────────────────────────────────────────────────────────────────────


async def tell(db, at, quiet=QUIET):
    return await db.transact(lambda tx, _: burden.tell(tx, at, calendar=CALENDAR, quiet=quiet))


async def owed(db):
    query = sa.select(delivery.c.subject).where(delivery.c.kind == burden.KIND)
    return list(await db.read(lambda tx: tx.execute(query).scalars().all()))


@pytest.mark.parametrize(
    ("at", "is_time"),
    [
        (local(1, 10, "10:00"), False), (local(7, 10, "17:00"), False), (local(8, 10, "09:59"), False),
        (local(8, 10, "10:00"), True), (local(8, 10, "18:00"), False), (local(9, 10, "10:00"), True),
        (local(11, 10, "10:00"), False), (local(15, 10, "10:00"), False), (local(2, 11, "10:00"), True),
        (local(1, 11, "10:00"), False), (local(1, 12, "10:00"), True),
    ],
)  # fmt: skip
def test_it_is_time_from_the_first_working_day_of_the_month_on(at, is_time):
    """1–7 October 2026 is the holiday; 1 November is a Sunday."""
    assert burden.is_time(at, CALENDAR, QUIET) is is_time


async def test_administrators_are_told_once_however_often_one_looks(db, ids):
    assert await tell(db, local(8, 10, "08:00")) is None
    assert await tell(db, local(8, 10)) == 1
    assert await tell(db, local(8, 10)) is None
    assert await tell(db, local(9, 10)) is None
    assert await owed(db) == ["2026-09-01"]
    assert await tell(db, local(2, 11)) == 0  # nobody was asked in October: settled without a word
    assert await owed(db) == ["2026-09-01"]


async def test_quiet_hours_hold_it_back(db, ids):
    quiet = QuietHours(SHANGHAI, (Span(dt.time(9, 0), dt.time(11, 0)),))
    assert await tell(db, local(8, 10), quiet) is None
    assert await tell(db, local(8, 10, "11:00"), quiet) == 1


# ── read ─────────────────────────────────────────────────────────────────────────────────────────

PAGES = burden_pages.Burdens(WORDS, lambda: CAP)
NOW = local(8, 10)


def plain(shown) -> str:
    return " ".join(shown.html.split())


async def test_the_page_says_the_spread_and_each_row_in_order(db, ids):
    shown = await db.read(PAGES.page, NOW, ADMIN)
    assert "【报送负担】2026年9月 5 件事要学校回" in plain(shown)
    assert "3 校有一周被问超过 2 次" in plain(shown)
    lines = shown.html.partition("<pre>")[2].partition("</pre>")[0].split("\n")
    it = await month(db)
    assert len(lines) == len(it.lines)
    assert lines[0].split()[:3] == ["5/5", "0/3", "3"]
    labels = [b.text for row in shown.rows for b in row]
    assert labels == ["超过的 3 校", "📄 Excel", "◂ 8月", "10月 ▸"]
    over = await db.read(PAGES.over, NOW, ADMIN, SEPTEMBER, 7)
    assert "1 DH1单位:一周最多 3 次,全月 5 次,点按 0 次 2 DH2单位" in plain(over)


async def test_the_workbook_has_every_school_in_the_order_of_the_roster(db, ids):
    it = await month(db)
    sheet = openpyxl.load_workbook(io.BytesIO(PAGES.workbook(it))).worksheets[0]
    rows = [tuple(cell.value for cell in row) for row in sheet.iter_rows(min_row=3)]
    assert rows == [(s.name, s.row[2], s.asks, s.taps, s.a_week) for s in it.schools]


async def test_nobody_else_may_read_it(db, ids):
    for user in (*range(1, 11), 99):
        with pytest.raises(errors.NotAllowed):
            await db.read(PAGES.page, NOW, user)


async def test_what_is_told_late_or_to_who_is_no_administrator_any_more_is_dropped(db, ids):
    def render(tx, user, at, posted=None):
        it = Delivery(1, chats.find(tx, user), burden.KIND, "2026-09-01", is_repeat=False, posted=posted)
        return PAGES.told(tx, at, it)

    assert "2026年9月" in plain(await db.read(render, ADMIN, NOW))
    for user, at, posted in ((PRINCIPAL, NOW, None), (ADMIN, local(1, 11), None), (ADMIN, NOW, 7)):
        assert isinstance(await db.read(render, user, at, posted), Drop)


@pytest.mark.parametrize("word", ["", "2026", "202613", "202600", "x", "20261", "20261000", "190001"])
def test_a_button_we_did_not_make_names_no_month(word):
    assert burden_pages.month_of(Callback(burden_pages.MONTH, args=(word,))) is None

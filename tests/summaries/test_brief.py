"""The leaders' brief: once on a day on which something was asked, six lines at most, within what each may see."""

import datetime as dt
import zoneinfo
from types import SimpleNamespace as Fact

import pytest
import sqlalchemy as sa

from bot.calendar.quiet import QuietHours, Span
from bot.delivery import chats
from bot.delivery.message import OutgoingMessage, Verdict
from bot.delivery.model import delivery
from bot.delivery.outbox import Delivery, Drop
from bot.notices import model, queries
from bot.roster import model as roster
from bot.summaries import brief
from bot.texts import Words
from tests.notices import counter
from tests.notices.world import World

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
WORDS = Words(SHANGHAI)
QUIET = QuietHours(SHANGHAI)
FIVE = dt.datetime(2026, 9, 30, 9, 5, tzinfo=dt.UTC)  # 17:05 at the schools
COUNTY_LEADER, CITY_LEADER = 4, 11  # qian leads a school, which sees no table; made a county's here


def play(tx, _, asked=("schools or colleges or counties", "county:DH")):
    """A leader of the city, one of a county; two things are asked, due at 13:00."""
    world = World(tx)
    p, c = roster.post, roster.contact
    (person,) = tx.execute(
        c.insert().values(name="高", phone="13800009999", created_at=world.now).returning(c.c.id)
    ).one()
    tx.execute(
        p.insert().values(
            contact_id=person, unit_id=world.ids["YC"], role="leader", source="file", since=world.now
        )
    )
    tx.execute(
        p.update()
        .where(p.c.role == "leader", p.c.unit_id == world.ids["DH2"])
        .values(unit_id=world.ids["DH"])
    )
    for number, contact in enumerate(counter.CONTACTS, start=1):
        world.share_phone(number, contact)
    world.tx.execute(
        roster.enrolment.insert().values(contact_id=person, user_id=CITY_LEADER, via="phone", since=world.now)
    )
    chats.ensure(tx, world.now, CITY_LEADER, kind="private")
    notices = [world.publish(it) for it in asked]
    for _ in range(3):
        world.wait(1)
        world.deliver([Verdict.SENT] * 16)
    return Fact(notices=notices, now=world.now, world=world)


@pytest.fixture
async def scene(db):
    return await db.transact(play)


async def tell(db, at=FIVE, quiet=QUIET):
    return await db.transact(lambda tx, _: brief.tell(tx, at, quiet=quiet))


async def owed(db):
    query = sa.select(delivery.c.chat_id, delivery.c.subject).where(delivery.c.kind == brief.KIND)
    return [tuple(row) for row in await db.read(lambda tx: tx.execute(query).all())]


async def said(db, user, at=FIVE, day="2026-09-30", **facts):
    def render(tx):
        it = Delivery(1, chats.find(tx, user), brief.KIND, day, is_repeat=False, posted=None)
        return brief.Brief(WORDS, lambda: QUIET).day(tx, at, it)

    return await db.read(render)


async def test_leaders_are_owed_one_brief_a_day_however_often_one_looks(db, scene):
    assert await tell(db) == 2
    assert await tell(db) is None
    assert await tell(db, FIVE + dt.timedelta(minutes=30)) is None
    assert [subject for _, subject in await owed(db)] == ["2026-09-30"] * 2


@pytest.mark.parametrize("minutes", [-1, 115])
async def test_before_five_past_five_and_in_the_evening_nothing_is_owed(db, scene, minutes):
    assert await tell(db, FIVE + dt.timedelta(minutes=minutes)) is None
    assert await owed(db) == []


async def test_quiet_hours_hold_it_back_until_they_end(db, scene):
    quiet = QuietHours(SHANGHAI, (Span(dt.time(17, 0), dt.time(17, 30)),))

    assert await tell(db, quiet=quiet) is None
    assert await tell(db, FIVE + dt.timedelta(minutes=25), quiet) == 2


async def test_a_day_without_an_ask_is_settled_without_a_word(db, scene):
    tomorrow = FIVE + dt.timedelta(days=1)

    assert await tell(db, tomorrow) == 0
    assert await tell(db, tomorrow) is None
    assert await owed(db) == []


async def test_a_rehearsal_or_a_recalled_notice_is_none_of_a_leaders_business(db, scene):
    n = model.notice
    first, second = scene.notices
    await db.transact(lambda tx, _: tx.execute(n.update().where(n.c.id == first).values(is_trial=True)))
    await db.transact(lambda tx, now: tx.execute(n.update().where(n.c.id == second).values(recalled_at=now)))

    assert await tell(db) == 0


async def test_the_brief_counts_what_the_tables_count(db, scene):
    message = await said(db, CITY_LEADER)

    totals = [await db.read(lambda tx, it=it: queries.table(tx, it, now=FIVE).total) for it in scene.notices]
    lines = message.html.split("\n")
    assert lines[0] == "【今天】9月30日(周三)17:05"
    assert (
        lines[1]
        == f"2 件事,报齐 0 件;应报 {sum(t.expected for t in totals)},未报 {sum(t.missing for t in totals)}"
    )
    assert lines[2:] == [
        f"国庆假前安全课 {t.answered}/{t.expected},未报 {t.missing}(今天13:00 截止)" for t in totals
    ]
    assert [row[0].callback.notice for row in message.rows] == scene.notices


async def test_a_countys_leader_reads_of_his_county_alone(db, scene):
    message = await said(db, COUNTY_LEADER)

    assert "应报 7,未报 7" in message.html  # of the first four units, of the second three


async def test_where_all_have_answered_it_is_one_line(db, scene):
    def answered(tx, _):
        world = World.__new__(World)
        world.__dict__ |= scene.world.__dict__ | {"tx": tx}
        for unit, user in (("DH1", 1), ("DH2", 3), ("DH3", 1)):
            world.press(scene.notices[1], user, "yes", unit=unit)

    await db.transact(answered)
    n = model.notice
    await db.transact(
        lambda tx, _: tx.execute(n.update().where(n.c.id == scene.notices[0]).values(is_trial=True))
    )
    message = await said(db, CITY_LEADER)

    assert message == OutgoingMessage("今天 1 件事,全部报齐。")


@pytest.mark.parametrize(
    ("user", "facts"),
    [
        (CITY_LEADER, {"day": "2026-09-29"}), (CITY_LEADER, {"at": FIVE + dt.timedelta(hours=2)}),
        (1, {}),  # a principal by now
    ],
)  # fmt: skip
async def test_what_has_become_pointless_is_dropped(db, scene, user, facts):
    assert isinstance(await said(db, user, **facts), Drop)


async def test_many_things_stay_six_lines(db):
    scene = await db.transact(play, asked=("schools or colleges or counties",) * 7)
    message = await said(db, CITY_LEADER)

    lines = message.html.split("\n")
    assert len(lines) == 6
    assert lines[-1] == "另有 4 件没报齐"
    assert len(message.rows) == 3
    assert len(scene.notices) == 7

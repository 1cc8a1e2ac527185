"""How long a table takes in a city of 4,000 schools after a year of notices, and a quarter's workbook; on both databases.

Press → message, through the pretend Telegram, on a quiet bot: p95 of both pages an officer opens most. And the longest
the loop that answers presses was held up while a quarter's workbook was made.
"""

import asyncio
import contextlib
import datetime as dt
import statistics
import time

import sqlalchemy as sa

from bot import clock, simulator
from bot.app import App
from bot.db import Database
from bot.delivery import chats, pacing
from bot.delivery import model as delivery
from bot.notices import model as notices
from bot.roster import model as roster
from bot.settings import Settings
from bot.summaries import export
from bot.summaries.place import Page
from bot.summaries.spans import Span
from bot.texts import Words

TOKEN = "4242424242:AAbench_of-the-summaries-of-a-year-of-notices-x"
COUNTIES, SCHOOLS = 20, 4000
YEAR, QUARTER = 100, 25  # notices that want an answer: two a week of school, as much as the pack asks at most
ASKED = 30  # times each page is opened


def add(tx, table, **values):
    return tx.execute(table.insert().values(values).returning(table.c[0])).scalar_one()


def found(tx, now):
    """Twenty counties, 200 schools each with an enrolled principal; the city's officer is user 1."""
    city = add(
        tx, roster.unit, code="C", name="市教育局", kind="city", position=0, created_at=now, armed_at=now
    )
    counties = []
    for number in range(COUNTIES):
        it = add(tx, roster.unit, code=f"K{number}", name=f"第{number}县教育局", kind="county", parent_id=city,
                 position=1 + number, created_at=now)  # fmt: skip
        tx.execute(roster.unit.update().where(roster.unit.c.id == it).values(county_id=it))
        counties.append(it)
    common = {"kind": "school", "created_at": now}
    schools = [
        common | {"code": f"S{number}", "name": f"第{number}小学", "parent_id": counties[number * COUNTIES // SCHOOLS],
                  "county_id": counties[number * COUNTIES // SCHOOLS], "position": 100 + number}
        for number in range(SCHOOLS)
    ]  # fmt: skip
    tx.execute(roster.unit.insert(), schools)
    people = [{"name": f"王{n}", "phone": f"138{n:08d}", "created_at": now} for n in range(SCHOOLS)]
    tx.execute(roster.contact.insert(), people)
    u, c, text = roster.unit.c, roster.contact.c, sa.literal_column
    post = roster.post.insert().from_select(
        ["contact_id", "unit_id", "role", "source", "since"],
        sa.select(
            c.id, u.id, text("'principal'"), text("'file'"), sa.bindparam("now", now, u.created_at.type)
        )
        .select_from(roster.unit.join(roster.contact, sa.func.substr(c.name, 2) == sa.func.substr(u.code, 2)))
        .where(u.kind == "school"),
    )
    tx.execute(post)
    enrolled = roster.enrolment.insert().from_select(
        ["contact_id", "user_id", "via", "since"],
        sa.select(c.id, c.id + 1_000_000, text("'phone'"), sa.bindparam("now", now, u.created_at.type)),
    )
    tx.execute(enrolled)
    officer = add(tx, roster.contact, name="刘市安", phone="13900000000", created_at=now)
    add(tx, roster.post, contact_id=officer, unit_id=city, role="city_officer", source="file", since=now)
    return officer


def a_year(tx, now, officer):
    """A notice every three and a half days; of each 95 % answered, 4 of 100 of them late, 1 of 100 in trouble."""
    n, a, an = notices.notice, notices.assignment, notices.answer
    u, p = roster.unit.c, roster.post.c
    group = chats.ensure(tx, now, -1_000_000, kind="group", title="群").id
    for number in range(YEAR):
        published = now - dt.timedelta(hours=2) - (YEAR - 1 - number) * dt.timedelta(days=3.5)
        due = published + dt.timedelta(hours=1)
        notice = add(tx, n, content_id=f"R{number % 4}", title="国庆假前安全课", kind="confirm", audience="schools",
                     level="today", category="routine", yes_words="已上完", trouble_words="有困难", chase="none", escalate="none",
                     published_at=published, published_by="bench", due_at=due, closes_at=due + dt.timedelta(days=7),
                     deadline_told_at=due)  # fmt: skip
        add(tx, notices.notice_version, notice_id=notice, version=1, text="上完了吗?", created_at=published)
        add(tx, notices.notice_item, notice_id=notice, item="", position=0)
        county = sa.alias(roster.unit)
        instant = lambda name, at: sa.bindparam(name, at, n.c.due_at.type)  # noqa: E731
        rows = sa.select(
            sa.literal(notice), u.id, instant("due", due), u.code, u.name, u.position, u.county_id, county.c.code,
            county.c.name, county.c.position,
        ).where(u.kind == "school", county.c.id == u.county_id)  # fmt: skip
        columns = ["notice_id", "unit_id", "due_at", "unit_code", "unit_name", "position", "county_id", "row_code", "row_name",
                   "row_position"]  # fmt: skip
        tx.execute(a.insert().from_select(columns, rows))
        mine = a.c.notice_id == notice
        asked = sa.select(a.c.id, sa.literal(notice), sa.literal(group), instant("since", published)).where(
            mine
        )
        tx.execute(
            notices.asked.insert().from_select(["assignment_id", "notice_id", "chat_id", "since"], asked)
        )
        for value, late, some in (("yes", False, (a.c.id + number) % 100 < 90), ("yes", True, (a.c.id + number) % 100 > 95),
                                  ("trouble", False, (a.c.id + number) % 100 == 90)):  # fmt: skip
            said = sa.select(
                a.c.id, sa.literal(1), sa.literal_column("'done'"), sa.literal(value), p.contact_id,
                sa.literal_column("'王校长'"), sa.literal(late), instant("at", due + dt.timedelta(minutes=30 if late else -20)),
            ).where(mine, some, p.unit_id == a.c.unit_id)  # fmt: skip
            columns = ["assignment_id", "version", "aspect", "value", "contact_id", "said_by", "late", "at"]
            tx.execute(an.insert().from_select(columns, said))
        told = sa.select(an.c.assignment_id, an.c.contact_id, an.c.said_by, an.c.at).where(
            an.c.value == "trouble", an.c.assignment_id.in_(sa.select(a.c.id).where(mine))
        )
        tx.execute(
            notices.trouble.insert().from_select(
                ["assignment_id", "contact_id", "said_by", "opened_at"], told
            )
        )
        steps = sa.select(
            notices.trouble.c.id, sa.literal_column("'new'"), notices.trouble.c.contact_id, notices.trouble.c.said_by,
            notices.trouble.c.opened_at,
        ).where(notices.trouble.c.assignment_id.in_(sa.select(a.c.id).where(mine)))  # fmt: skip
        tx.execute(
            notices.trouble_step.insert().from_select(
                ["trouble_id", "state", "contact_id", "said_by", "at"], steps
            )
        )
        add(tx, delivery.posting, chat_id=group, kind="card", subject=str(notice), address=-1_000_000, message_id=number + 1,
            sent_at=published, shown_at=published)  # fmt: skip
    return notice


def come_in(tx, now, officer, user_id):
    add(tx, roster.enrolment, contact_id=officer, user_id=user_id, via="phone", since=now)
    chats.ensure(tx, now, user_id, kind="private")
    pacing.ensure(tx, now, int(TOKEN.partition(":")[0]), rate=1000)


async def settle(db):
    """What a database keeps about its tables is up to date, as it is after a night of rest."""
    await db.transact(lambda tx, _: tx.exec_driver_sql("ANALYZE"))


@contextlib.asynccontextmanager
async def running(url, sim):
    settings = Settings(
        _env_file=None, bot_token=TOKEN, telegram_api_url=sim.url, database_url=url, roles="intake"
    )
    async with App.open(settings) as app, asyncio.TaskGroup() as tasks:
        tasks.create_task(app.run())
        await app.intake.is_ready.wait()
        yield app
        app.stop()


def edited(sim):
    """Set when the next message has been edited."""
    event = asyncio.Event()

    def see(change):
        if change.what == "edited":
            event.set()
            sim.world.listeners.remove(see)

    sim.world.listeners.append(see)
    return event


async def longest_pause(work):
    """The longest the loop was held up while this was awaited, in seconds; and how long it took."""
    worst, done = 0.0, asyncio.Event()

    async def watch():
        nonlocal worst
        while not done.is_set():
            at = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - at - 0.005)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        at = time.perf_counter()
        await work
        took = time.perf_counter() - at
        done.set()
    return worst, took


async def test_a_summary_after_a_year(database_url):
    db = await Database.open(database_url, clock=clock.system)
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    async with simulator.Simulator(token=TOKEN, keep_calls=100) as sim:
        user = sim.add_user("刘市安")
        sim.open(user)
        officer = await db.transact(found)
        notice = await db.transact(a_year, officer)
        await db.transact(come_in, officer, user.id)
        await settle(db)
        due = await db.read(
            lambda tx: tx.execute(sa.select(notices.notice.c.due_at).order_by(-notices.notice.c.id)).scalar()
        )
        async with running(database_url, sim):
            sim.send(user, user, "汇总")
            await sim.until(lambda: sim.has(user, "国庆假前安全课"), timeout=20)
            message = sim.find(user, "国庆假前安全课")
            took = {"live": [], "at due": []}
            pages = {"live": Page(notice), "at due": Page(notice, as_of=due)}
            for _ in range(ASKED):
                for name, page in pages.items():  # in turn: an edit that changes nothing is none
                    shown = edited(sim)
                    at = time.perf_counter()
                    sim.press_data(user, message, page.callback().encode())
                    await shown.wait()
                    took[name].append(time.perf_counter() - at)
            for name, some in took.items():
                p95 = sorted(some)[int(len(some) * 0.95)]
                print(
                    f"\n{kind}: the table {name}: press → message p50 {statistics.median(some) * 1000:.0f} ms, "
                    f"p95 {p95 * 1000:.0f} ms"
                )
        last = (clock.system() - dt.timedelta(days=QUARTER * 3.5)).date()
        span = Span(last, clock.system().date())
        words = Words(dt.UTC)

        async def carry():
            some = await db.transact(export.begin, span, user_id=user.id, zone=dt.UTC)
            sheets = [
                await db.read(export.read, clock.system(), it, user_id=user.id, phones="masked")
                for it in some
            ]
            content = await asyncio.to_thread(export.build, sheets, words, "一个季度")
            print(
                f"{kind}: a quarter: {len(some)} notices, {sum(len(s.lines) for s in sheets)} names, {len(content) // 1024} KB"
            )

        worst, took = await longest_pause(carry())
        print(
            f"{kind}: its workbook took {took:.1f} s, in which no press waited longer than {worst * 1000:.0f} ms"
        )
    await db.close()

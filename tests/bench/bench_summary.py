"""How long a table takes in a city of 4,000 schools after a year of notices, and a quarter's workbook; on both databases.

Press → message, through the pretend Telegram in the same process, on a quiet bot; beside it the CPU the whole process
took, which says something on a busy machine too. The ratios are to the same numbers counted from the names, and to
openpyxl writing as many cells. While a workbook is made a press waits for the next poll, up to 0.6 s: the update that asked
for it is not settled yet (`polling.AGAIN_AFTER_S`).
"""

import asyncio
import contextlib
import datetime as dt
import io
import itertools
import statistics
import time

import openpyxl
import sqlalchemy as sa

from bot import clock, simulator
from bot.app import App
from bot.db import Database
from bot.delivery import chats, pacing
from bot.delivery import model as delivery
from bot.delivery.message import Callback
from bot.notices import counting, queries
from bot.notices import model as notices
from bot.roster import model as roster
from bot.settings import Settings
from bot.summaries.place import Page, Part
from bot.summaries.spans import Span

TOKEN = "4242424242:AAbench_of-the-summaries-of-a-year-of-notices-x"
COUNTIES, SCHOOLS = 20, 4000
YEAR, QUARTER = 100, 25  # notices that want an answer: two a week of school, as much as the pack asks at most
ASKED = 30  # times each page is opened


def add(tx, table, **values):
    return tx.execute(table.insert().values(values).returning(table.c[0])).scalar_one()


def found(tx, now):
    """Twenty counties, 200 schools each with an enrolled principal."""
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


def a_year(tx, now):
    """A notice every three and a half days, each read in its county's group; and one just sent."""
    first = chats.ensure(tx, now, -1_000_000, kind="group", title="第0县").id
    for number in range(1, COUNTIES):
        chats.ensure(tx, now, -1_000_000 - number, kind="group", title=f"第{number}县")
    county = tx.execute(sa.select(sa.func.min(roster.unit.c.county_id))).scalar()
    start = now - dt.timedelta(hours=2) - (YEAR - 1) * dt.timedelta(days=3.5)
    for number in range(YEAR):
        answered(tx, a_notice(tx, start + number * dt.timedelta(days=3.5), first - county), number)
    return a_notice(tx, now - dt.timedelta(minutes=1), first - county)


def a_notice(tx, published, from_county_to_chat):
    """Every school is asked through its county's group, and has the card."""
    n, a, u = notices.notice, notices.assignment, roster.unit.c
    due = published + dt.timedelta(hours=1)
    notice = add(tx, n, content_id="R03b", title="国庆假前安全课", kind="confirm", audience="schools",
                 level="today", category="routine", yes_words="已上完", trouble_words="有困难", chase="none", escalate="none",
                 published_at=published, published_by="bench", due_at=due, closes_at=due + dt.timedelta(days=7),
                 deadline_told_at=due)  # fmt: skip
    add(tx, notices.notice_version, notice_id=notice, version=1, text="上完了吗?", created_at=published)
    add(tx, notices.notice_item, notice_id=notice, item="", position=0)
    county = sa.alias(roster.unit)
    rows = sa.select(
        sa.literal(notice), u.id, instant("due", due), u.code, u.name, u.position, u.county_id, county.c.code,
        county.c.name, county.c.position,
    ).where(u.kind == "school", county.c.id == u.county_id)  # fmt: skip
    columns = ["notice_id", "unit_id", "due_at", "unit_code", "unit_name", "position", "county_id", "row_code", "row_name",
               "row_position"]  # fmt: skip
    tx.execute(a.insert().from_select(columns, rows))
    chat = a.c.county_id + from_county_to_chat
    asked = sa.select(a.c.id, sa.literal(notice), chat, instant("since", published)).where(
        a.c.notice_id == notice
    )
    tx.execute(notices.asked.insert().from_select(["assignment_id", "notice_id", "chat_id", "since"], asked))
    for (chat_id,) in tx.execute(
        sa.select(notices.asked.c.chat_id).where(notices.asked.c.notice_id == notice).distinct()
    ).all():
        add(tx, delivery.posting, chat_id=chat_id, kind="card", subject=str(notice), address=-chat_id, message_id=notice,
            sent_at=published, shown_at=published)  # fmt: skip
    return notice


def answered(tx, notice, number):
    """By 95 of 100, 4 of them late; 1 in trouble."""
    a, an, t, p = notices.assignment, notices.answer, notices.trouble, roster.post.c
    mine = a.c.notice_id == notice
    due = tx.execute(sa.select(notices.notice.c.due_at).where(notices.notice.c.id == notice)).scalar()
    for value, late, some in (("yes", False, (a.c.id + number) % 100 < 90), ("yes", True, (a.c.id + number) % 100 > 95),
                              ("trouble", False, (a.c.id + number) % 100 == 90)):  # fmt: skip
        said = sa.select(
            a.c.id, sa.literal(1), sa.literal_column("'done'"), sa.literal(value), p.contact_id,
            sa.literal_column("'王校长'"), sa.literal(late), instant("at", due + dt.timedelta(minutes=30 if late else -20)),
        ).where(mine, some, p.unit_id == a.c.unit_id)  # fmt: skip
        columns = ["assignment_id", "version", "aspect", "value", "contact_id", "said_by", "late", "at"]
        tx.execute(an.insert().from_select(columns, said))
    ids = sa.select(a.c.id).where(mine)
    told = sa.select(an.c.assignment_id, an.c.contact_id, an.c.said_by, an.c.at).where(
        an.c.value == "trouble", an.c.assignment_id.in_(ids)
    )
    tx.execute(t.insert().from_select(["assignment_id", "contact_id", "said_by", "opened_at"], told))
    steps = sa.select(t.c.id, sa.literal_column("'new'"), t.c.contact_id, t.c.said_by, t.c.opened_at).where(
        t.c.assignment_id.in_(ids)
    )
    columns = ["trouble_id", "state", "contact_id", "said_by", "at"]
    tx.execute(notices.trouble_step.insert().from_select(columns, steps))


def instant(name, at):
    return sa.bindparam(name, at, notices.notice.c.due_at.type)


def come_in(tx, now, users):
    """Each is an officer of the city."""
    city = tx.execute(sa.select(roster.unit.c.id).where(roster.unit.c.kind == "city")).scalar()
    for number, user_id in enumerate(users):
        officer = add(tx, roster.contact, name=f"刘市安{number}", phone=f"1390000000{number}", created_at=now)
        add(tx, roster.post, contact_id=officer, unit_id=city, role="city_officer", source="file", since=now)
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


def edited(sim, user):
    """Set when the next message of this person has been edited."""
    event = asyncio.Event()

    def see(change):
        if change.what == "edited" and change.chat_id == user.id:
            event.set()
            sim.world.listeners.remove(see)

    sim.world.listeners.append(see)
    return event


async def opened(sim, user, message, page):
    """Seconds from the press to the message."""
    shown, at = edited(sim, user), time.perf_counter()
    sim.press_data(user, message, page.callback().encode())
    await shown.wait()
    return time.perf_counter() - at


async def summary(sim, user):
    sim.send(user, user, "汇总")
    await sim.until(lambda: sim.has(user, "国庆假前安全课"), timeout=20)
    return sim.find(user, "国庆假前安全课")


async def compared(db, kind, notice):
    """What the numbers of a table cost, and what they cost when they are counted from its 4,000 names."""

    def cost(tx, count):
        at, cpu = time.perf_counter(), time.thread_time()
        count(tx, notice, now=db.now())
        return time.perf_counter() - at, time.thread_time() - cpu

    figures = {}
    for name, count in (("names", queries.table), ("numbers", counting.numbers)):
        some = [await db.read(cost, count) for _ in range(ASKED)]
        figures[name] = [statistics.median(them) * 1000 for them in zip(*some, strict=True)]
    (whole, whole_cpu), (wall, cpu) = figures["names"], figures["numbers"]
    print(
        f"\n{kind}: a table's numbers {wall:.0f} ms ({cpu:.0f} ms of Python's core); counted from the names "
        f"{whole:.0f} ms ({whole_cpu:.0f}): {whole / wall:.1f} times as long"
    )


async def exported(sim, user, message, span):
    """Seconds from the press to the file; CPU seconds of the whole process meanwhile, the pretend Telegram's with it."""
    before = sum(it.document is not None for it in sim.messages(user))
    at, cpu = time.perf_counter(), time.process_time()
    sim.press_data(user, message, Callback("export", args=span.args()).encode())
    await sim.until(lambda: sum(it.document is not None for it in sim.messages(user)) > before, timeout=120)
    return time.perf_counter() - at, time.process_time() - cpu


def per_cent(some, share):
    return sorted(some)[min(len(some) - 1, int(len(some) * share / 100))] * 1000


def bare_workbook(lines, columns):
    """CPU seconds openpyxl takes for as many cells, one look, without a word of ours."""
    cpu = time.process_time()
    sheet = (book := openpyxl.Workbook()).active
    for number in range(lines):
        sheet.append([f"第{number}小学"] * columns)
    book.save(io.BytesIO())
    return time.process_time() - cpu


async def test_a_summary_after_a_year(database_url):
    db = await Database.open(database_url, clock=clock.system)
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    async with simulator.Simulator(token=TOKEN, keep_calls=100) as sim:
        user, other = sim.add_user("刘市安"), sim.add_user("马市安")
        for it in (user, other):
            sim.open(it)
        await db.transact(found)
        fresh = await db.transact(a_year)
        await db.transact(come_in, [user.id, other.id])
        await settle(db)
        notice, due = await db.read(
            lambda tx: (
                fresh - 1,
                tx.execute(
                    sa.select(notices.notice.c.due_at).where(notices.notice.c.id == fresh - 1)
                ).scalar(),
            )
        )
        county = str(
            await db.read(lambda tx: tx.execute(sa.select(sa.func.min(roster.unit.c.county_id))).scalar())
        )
        await compared(db, kind, notice)
        async with running(database_url, sim):
            message, others = await summary(sim, user), await summary(sim, other)
            pages = {
                "live": Page(notice), "just sent": Page(fresh), "at due": Page(notice, as_of=due),
                "of a county": Page(notice, row=county), "names of all, just sent": Page(fresh, part=Part.SILENT),
            }  # fmt: skip
            took = {name: [] for name in pages}
            used = {name: [] for name in pages}
            for _ in range(ASKED):
                for name, page in pages.items():  # in turn: an edit that changes nothing is none
                    cpu = time.process_time()
                    took[name].append(await opened(sim, user, message, page))
                    used[name].append(time.process_time() - cpu)
            for name, some in took.items():
                print(
                    f"{kind}: the table {name}: press → message p50 {per_cent(some, 50):.0f} ms, "
                    f"p95 {per_cent(some, 95):.0f} ms; CPU {per_cent(used[name], 50):.0f} ms"
                )
            last = (clock.system() - dt.timedelta(days=QUARTER * 3.5)).date()
            span = Span(last, clock.system().date())
            wall, cpu = await exported(sim, user, message, span)
            content = next(it.document for it in reversed(sim.messages(user)) if it.document).content
            sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
            lines, columns = sheets[-1].max_row, sheets[-1].max_column
            bare = bare_workbook(lines, columns)
            print(
                f"{kind}: a quarter's workbook, {lines} names, {len(content) >> 10} KB: {wall:.1f} s, CPU {cpu:.1f} s; "
                f"openpyxl alone takes {bare:.1f} s for as many cells"
            )
            turns = itertools.cycle([Page(notice), Page(notice, row=county)])
            alone = [await opened(sim, other, others, next(turns)) for _ in range(2 * ASKED)]
            making, meanwhile = asyncio.create_task(exported(sim, user, message, span)), []  # noqa: TID251
            while not making.done():
                meanwhile.append(await opened(sim, other, others, next(turns)))
            wall, cpu = await making
            print(
                f"{kind}: while one is made ({wall:.1f} s) {len(meanwhile)} tables are opened: "
                f"p50 {per_cent(meanwhile, 50):.0f} ms, p99 {per_cent(meanwhile, 99):.0f} ms; "
                f"before p50 {per_cent(alone, 50):.0f} ms, p99 {per_cent(alone, 99):.0f} ms"
            )
    await db.close()

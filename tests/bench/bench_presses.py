"""How many presses a second the whole way in sustains: Telegram → intake → answer → commit → toast, on both databases."""

import asyncio
import contextlib
import datetime as dt
import statistics

import sqlalchemy as sa

from bot import clock
from bot.app import App
from bot.db import Database
from bot.delivery import chats, pacing
from bot.delivery import model as delivery
from bot.notices import model as notices
from bot.notices import publish
from bot.notices.rules import Kind
from bot.roster import audience
from bot.roster import model as roster
from bot.settings import Settings
from tests.bench import apart

COUNTIES, SCHOOLS, ROUNDS = 20, 2000, 5
NOBODYS = 999_999  # a notice that is none: its press costs all but the answer


def found(tx, now, users):
    """A county row each for twenty, schools below them with a principal each, who has a private chat."""
    add = lambda table, **values: tx.execute(table.insert().values(values).returning(table.c[0])).scalar_one()  # noqa: E731
    city = add(roster.unit, code="C", name="市", kind="city", position=0, created_at=now, armed_at=now)
    counties = []
    for number in range(COUNTIES):
        it = add(roster.unit, code=f"K{number}", name=f"县{number}", kind="county", parent_id=city,
                 position=1 + number, created_at=now)  # fmt: skip
        tx.execute(roster.unit.update().where(roster.unit.c.id == it).values(county_id=it))
        counties.append(it)
    for number, (user_id, _) in enumerate(users):
        county = counties[number % COUNTIES]
        unit = add(roster.unit, code=f"S{number}", name=f"学校{number}", kind="school", parent_id=county,
                   county_id=county, position=100 + number, created_at=now)  # fmt: skip
        contact = add(roster.contact, name=f"王{number}", phone=f"138{number:08d}", created_at=now)
        add(roster.post, contact_id=contact, unit_id=unit, role="principal", source="file", since=now)
        add(roster.enrolment, contact_id=contact, user_id=user_id, via="phone", since=now)
        chats.ensure(tx, now, user_id, kind="private")
    pacing.ensure(tx, now, int(apart.TOKEN.partition(":")[0]), rate=28)


def ask(tx, now, users):
    """A notice whose card has reached everybody."""
    due_at = now + dt.timedelta(hours=5)
    draft = publish.Draft(
        "B", "标题", Kind.CONFIRM, audience.parse("schools"), "做完了吗?", due_at, "已落实", "有困难"
    )
    notice_id = publish.publish(tx, now, draft, by="bench").notice_id
    tx.execute(delivery.delivery.delete())
    messages = dict(users)
    shown = {"kind": "card", "subject": str(notice_id), "sent_at": now, "shown_at": now}
    cards = [
        shown | {"chat_id": row.chat_id, "address": row.telegram_id, "message_id": messages[row.telegram_id]}
        for row in tx.execute(sa.select(delivery.chat_address))
    ]
    tx.execute(delivery.posting.insert(), cards)
    return notice_id


def counted(tx):
    return tx.execute(sa.select(sa.func.count()).select_from(notices.answer)).scalar_one()


@contextlib.contextmanager
def statements():
    """How many are executed, by whomever."""
    seen = []
    count = lambda *_: seen.append(1)  # noqa: E731
    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", count)


@contextlib.asynccontextmanager
async def running(url, telegram, roles):
    settings = Settings(
        _env_file=None, bot_token=apart.TOKEN, telegram_api_url=telegram.url, database_url=url, roles=roles
    )
    async with App.open(settings) as app, asyncio.TaskGroup() as tasks:
        tasks.create_task(app.run())
        await app.intake.is_ready.wait()
        yield app
        app.stop()


async def test_presses_a_second(database_url):
    with apart.telegram() as telegram:
        users = telegram.people(SCHOOLS)
        db = await Database.open(database_url, clock=clock.system)
        await db.transact(found, users)
        rates, seen = {"intake": [], "intake,sender": [], "nothing to answer": []}, []
        for roles in ("intake", "intake,sender"):
            async with running(database_url, telegram, roles):
                for _ in range(ROUNDS):
                    notice_id = await db.transact(ask, users)
                    if roles == "intake":
                        nobodys = [(*user, f"v1:{NOBODYS}:1:yes") for user in users]
                        rates["nothing to answer"].append(SCHOOLS / max(await telegram.press(nobodys)))
                    with statements() as some:
                        presses = [(*user, f"v1:{notice_id}:1:yes") for user in users]
                        rates[roles].append(SCHOOLS / max(await telegram.press(presses)))
                    if roles == "intake":
                        seen.append(len(some) / SCHOOLS)
        assert await db.read(counted) == 2 * ROUNDS * SCHOOLS
        kind = "SQLite" if db.is_sqlite else "PostgreSQL"
        await db.close()

    median = {name: statistics.median(some) for name, some in rates.items()}
    print(
        f"\n{kind}: {median['intake']:,.0f} presses/s sustained, {median['intake,sender']:,.0f} while cards are edited, "
        f"{statistics.median(seen):.1f} statements each (savepoint or BEGIN included), "
        f"{median['intake'] / median['nothing to answer']:.0%} of the pace of presses with nothing to answer"
    )

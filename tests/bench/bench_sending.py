"""What durable sending costs beside a bare loop of the library's own method, and what two processes add; both databases."""

import asyncio
import multiprocessing
import resource
import statistics
import time

import telegram as library
from telegram import constants

from bot import clock
from bot.db import Database
from bot.delivery import chats, outbox, pacing
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.model import Lane
from bot.telegram import gateway, sender
from tests.bench import apart

CHATS, ROUNDS, IN_FLIGHT = 4000, 5, 32
SHARED = 1600  # two processes have them between them in three seconds
FEWER = 200  # for the library's own transport, which would take all evening
BOT_ID = int(apart.TOKEN.partition(":")[0])
UNPACED = 1e6  # calls a second
TEXT = "<b>【请点一下·今天17:00前】</b>\n国庆假前安全课上完了吗?\n(30分钟:溺水、交通、火电、诈骗)"
YES, NO = ("✅ 已上完", "yes"), ("⚠️ 有困难", "trouble")
TELEGRAM_TAKES_S = 0.1
MANY = 20_000  # deliveries between two looks at the memory


def card(tx, now, delivery):
    """As long as a real one, with a real one's buttons; what it costs to find the words is another matter."""
    rows = tuple((Button(words, Callback(action, 7, 1)),) for words, action in (YES, NO))
    return OutgoingMessage(TEXT, rows, edit_of=delivery.posted)


async def bare(bot, ids):
    """Calls a second of so many workers that send and remember nothing."""
    rows = [[library.InlineKeyboardButton(w, callback_data=f"v1:7:1:{a}")] for w, a in (YES, NO)]
    keyboard, no_preview = library.InlineKeyboardMarkup(rows), library.LinkPreviewOptions(is_disabled=True)
    left = iter(ids)

    async def work():
        for chat_id in left:
            await bot.send_message(
                chat_id, TEXT, parse_mode=constants.ParseMode.HTML, reply_markup=keyboard,
                link_preview_options=no_preview,
            )  # fmt: skip

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return len(ids) / (time.perf_counter() - started)


def made(db, tg, name="bench"):
    return sender.Sender(
        db, tg, {"card": card}, bot_id=BOT_ID, group_rate=10**9, owner=name, is_alone=db.is_sqlite
    )


async def owed(db, known, subject):
    things = [(chat.id, subject) for chat in known]
    await db.transact(lambda tx, now: outbox.show_each(tx, now, things, "card", lane=Lane.SCHEDULED))


async def durable(db, tg, known, subject):
    """Calls a second from the first claim to the last settled."""
    await owed(db, known, subject)
    one = made(db, tg)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.run())
        await one.until_idle()
        took = time.perf_counter() - started
        one.stop()
    assert one.outcomes.total() == len(known)
    return len(known) / took


async def met(db, ids):
    await db.transact(pacing.ensure, BOT_ID, rate=UNPACED)
    return await db.transact(lambda tx, now: [chats.ensure(tx, now, i, kind="private") for i in ids])


async def test_durable_sending(database_url):
    with apart.telegram() as telegram:
        ids = [user for user, _ in telegram.people(CHATS)]
        db = await Database.open(database_url, clock=clock.system)
        known = await met(db, ids)
        tg = gateway.Gateway.connect(apart.TOKEN, telegram.url)
        default = library.Bot(apart.TOKEN, base_url=f"{telegram.url}/bot")
        await default.initialize()
        rates = {"bare": [], "durable": [], "default": []}
        for number in range(ROUNDS):
            rates["bare"].append(await bare(tg.bot, ids))
            await asyncio.sleep(1.1)  # a chat takes one call a second
            rates["durable"].append(await durable(db, tg, known, number))
            rates["default"].append(await bare(default, ids[:FEWER]))
            await asyncio.sleep(1.1)
        await default.shutdown()
        await tg.close()
        kind = "SQLite" if db.is_sqlite else "PostgreSQL"
        await db.close()
    median = {name: statistics.median(some) for name, some in rates.items()}
    print(
        f"\n{kind}: durable sending {median['durable']:,.0f}/s, {IN_FLIGHT} in flight: "
        f"{median['durable'] / median['bare']:.2f} of a bare loop on the same transport ({median['bare']:,.0f}/s), "
        f"{median['durable'] / median['default']:.1f} times one on the library's own ({median['default']:,.0f}/s)"
    )


def _send(url, api, name, start):
    """One process's life: until nothing is left."""

    async def live():
        db = await Database.open(url, clock=clock.system)
        tg = gateway.Gateway.connect(apart.TOKEN, api)
        one = made(db, tg, name)
        await asyncio.to_thread(start.wait)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one.run())
            await one.until_idle()
            one.stop()
        await tg.close()
        await db.close()

    asyncio.run(live())


async def test_two_senders_share_the_work(postgresql_url):
    spawn = multiprocessing.get_context("spawn")
    db = await Database.open(postgresql_url, clock=clock.system)
    rates = {1: [], 2: []}
    with apart.telegram() as telegram:
        ids = [user for user, _ in telegram.people(SHARED)]
        known = await met(db, ids)
        telegram.slow(TELEGRAM_TAKES_S)
        for number in range(3):
            for many in (1, 2):
                await owed(db, known, f"{number}-{many}")
                start, before = spawn.Barrier(many), len(telegram.sends())
                given = [(postgresql_url, telegram.url, f"s{number}-{many}-{i}", start) for i in range(many)]
                processes = [spawn.Process(target=_send, args=one, daemon=True) for one in given]
                for one in processes:
                    one.start()
                for one in processes:
                    await asyncio.to_thread(one.join)
                sends = telegram.sends()[before:]
                assert len(sends) == len(ids), len(sends)
                assert len({chat for _, chat, _, _ in sends}) == len(ids)
                rates[many].append(len(sends) / (sends[-1][0] - sends[0][0]))
                await asyncio.sleep(1.1)
    await db.close()
    one, two = (statistics.median(rates[many]) for many in (1, 2))
    print(
        f"\nPostgreSQL, {TELEGRAM_TAKES_S * 1000:.0f} ms an answer: one sender {one:,.0f}/s, "
        f"two {two:,.0f}/s, {two / one:.2f} times as many"
    )


async def test_memory_stays_level(sqlite_url):
    with apart.telegram() as telegram:
        ids = [user for user, _ in telegram.people(CHATS)]
        db = await Database.open(sqlite_url, clock=clock.system)
        known = await met(db, ids)
        tg = gateway.Gateway.connect(apart.TOKEN, telegram.url)
        sent, peak = 0, []
        while len(peak) < 5:
            await durable(db, tg, known, sent)
            sent += len(known)
            if sent >= MANY * (len(peak) + 1):
                peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        await tg.close()
        await db.close()
    print(
        f"\nSQLite: {peak[0]:.0f} MB after {MANY:,} deliveries, {peak[-1] - peak[0]:+.1f} MB after {sent:,}"
    )

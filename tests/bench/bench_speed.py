"""The whole bot at Telegram's own speed: a broadcast under flood control, a storm of presses, the way to the first poll."""

import asyncio
import datetime as dt
import os
import pathlib
import subprocess
import sys
import time

import pytest

from bot import clock
from bot.db import Database
from bot.delivery import model as delivery
from bot.notices import publish
from bot.notices.rules import Kind
from bot.roster import audience
from tests.bench import apart
from tests.bench.bench_presses import ask, counted, found, running

SCHOOLS, RATE = 4000, 28.0
ALERTED = 100
STORM_S = 20.0


def publishing(meant, title, level):
    """A verb that asks them for a yes."""

    def verb(tx, now):
        due_at = now + dt.timedelta(hours=5)
        return publish.publish(
            tx, now,
            publish.Draft(
                "B", title, Kind.CONFIRM, audience.parse(meant), "做完了吗?", due_at, "已落实", "有困难", level=level
            ),
            by="bench",
        )  # fmt: skip

    return verb


async def ready(url, telegram):
    users = telegram.people(SCHOOLS)
    db = await Database.open(url, clock=clock.system)
    await db.transact(found, users)
    await db.transact(lambda tx, _: tx.execute(delivery.delivery.delete()) and None)
    return db, users


async def test_a_broadcast_at_true_speed(sqlite_url):
    """4,000 chats at 28 a second under a flood control of 30; in the middle an alert, and presses all the time."""
    with apart.telegram() as telegram:
        db, users = await ready(sqlite_url, telegram)
        telegram.flood()
        async with running(sqlite_url, telegram, "intake,sender") as app:
            notice = await db.transact(publishing("schools", "平时", "today"))
            await telegram.called("sendMessage", SCHOOLS // 2)
            pressing = asyncio.create_task(  # noqa: TID251
                telegram.press([(*user, f"v1:{notice.notice_id}:1:look") for user in users[:200]], over_s=10)
            )
            await asyncio.sleep(5)
            alerted_at = db.now().timestamp()
            await db.transact(publishing("county:K0", "紧急", "now"))
            took = await pressing
            await app.sender.until_idle(within=dt.timedelta(minutes=5))
        sends = telegram.sends()
        await db.close()
    cards = [at for at, _, status, line in sends if status == 200 and "紧急" not in line][:SCHOOLS]
    alerts = [at - alerted_at for at, _, status, line in sends if status == 200 and "紧急" in line]
    every = sorted(at for at, _, status, _ in sends if status == 200)
    busiest = max(sum(at <= other < at + 1 for other in every[i : i + 60]) for i, at in enumerate(every))
    least_s = len(every) / RATE
    print(
        f"\nSQLite, paced: {len(every):,} messages in {every[-1] - every[0]:.1f} s = "
        f"{(every[-1] - every[0]) / least_s:.3f} × N/{RATE:g}; {sum(s == 429 for _, _, s, _ in sends)} × 429; "
        f"busiest second {busiest}; {len(cards):,} cards; "
        f"alert: first {ALERTED} chats within {sorted(alerts)[ALERTED - 1]:.2f} s "
        f"({1.2 * ALERTED / RATE + 0.5:.2f} allowed); press → toast p50 {apart.percentile(took, 0.5) * 1000:.0f} ms, "
        f"p99 {apart.percentile(took, 0.99) * 1000:.0f} ms"
    )


async def test_a_storm_of_presses(database_url):
    """4,000 schools press within twenty seconds while their cards are edited."""
    with apart.telegram() as telegram:
        db, users = await ready(database_url, telegram)
        kind = "SQLite" if db.is_sqlite else "PostgreSQL"
        async with running(database_url, telegram, "intake,sender") as app:
            notice_id = await db.transact(ask, users)
            took = await telegram.press([(*user, f"v1:{notice_id}:1:yes") for user in users], over_s=STORM_S)
            await app.sender.until_idle(within=dt.timedelta(minutes=5))
        answers, shown = await db.read(counted), telegram.shown("不用再点")
        await db.close()
    print(
        f"\n{kind}, storm: {len(took):,} presses in {STORM_S:.0f} s, {answers:,} answers, {shown:,} cards that say so; "
        f"press → toast p50 {apart.percentile(took, 0.5) * 1000:.0f} ms, p99 {apart.percentile(took, 0.99) * 1000:.0f} ms, "
        f"max {max(took) * 1000:.0f} ms"
    )


@pytest.mark.parametrize("times", [5])
async def test_cold_start_and_rest(sqlite_url, times):
    """From the command to the first getUpdates on a migrated database, and what a quiet minute costs."""
    starts, rests = [], []
    for _ in range(times):
        with apart.telegram() as telegram:
            given = {"BOT_TOKEN": apart.TOKEN, "TELEGRAM_API_URL": telegram.url, "DATABASE_URL": sqlite_url}
            started = time.perf_counter()
            process = subprocess.Popen(  # noqa: ASYNC220
                [sys.executable, "-m", "bot", "run"],
                stderr=subprocess.DEVNULL,
                env={**os.environ, **given},  # noqa: TID251
            )
            await telegram.polled()
            starts.append(time.perf_counter() - started)
            await asyncio.sleep(2)
            before, since = cpu_s(process.pid), time.perf_counter()
            await asyncio.sleep(10)
            rests.append((cpu_s(process.pid) - before) / (time.perf_counter() - since))
            process.terminate()
            process.wait()
    print(
        f"\nSQLite: first getUpdates after {sorted(starts)[times // 2]:.2f} s; at rest {sorted(rests)[times // 2]:.2%} of a core"
    )


def cpu_s(pid):
    user, system = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

"""Who is expected to type what, and a stranger's press held for later."""

import datetime as dt

from bot.db import Database
from bot.inbox import held, questions

HOUR = dt.timedelta(hours=1)


async def test_the_newest_question_is_the_open_one(db: Database) -> None:
    await db.transact(questions.ask, 5, "report", 7, for_=HOUR)
    await db.transact(questions.ask, 5, "trouble", 8, for_=HOUR)
    found = await db.read(questions.open, db.now(), 5)
    assert found is not None
    assert (found.kind, found.subject) == ("trouble", "8")


async def test_a_question_whose_time_is_over_is_not_open(db: Database) -> None:
    await db.transact(questions.ask, 5, "report", 7, for_=HOUR)
    assert await db.read(questions.open, db.now() + HOUR, 5) is None


async def test_a_closed_question_is_gone(db: Database) -> None:
    await db.transact(questions.ask, 5, "report", 7, for_=HOUR)
    assert await db.transact(questions.close, 5)
    assert not await db.transact(questions.close, 5)
    assert await db.read(questions.open, db.now(), 5) is None


async def test_a_held_press_is_offered_once_and_the_newest_counts(db: Database) -> None:
    await db.transact(held.hold, 5, "v1:7:1:yes", chat_telegram_id=-100)
    await db.transact(held.hold, 5, "v1:8:1:yes", chat_telegram_id=-200)
    press = await db.transact(held.take, 5)
    assert press is not None
    assert (press.callback, press.chat_telegram_id) == ("v1:8:1:yes", -200)
    assert await db.transact(held.take, 5) is None


async def test_a_press_is_held_for_a_day(db: Database) -> None:
    def long_ago(tx: object, now: dt.datetime) -> None:
        held.hold(tx, now - held.HELD_FOR, 5, "v1:7:1:yes", chat_telegram_id=-100)  # type: ignore[arg-type]

    await db.transact(long_ago)
    assert await db.transact(held.take, 5) is None
    await db.transact(long_ago)
    assert await db.transact(held.forget) == 1

"""The two doors to the tables: transact() and read(), on both databases."""

import asyncio
import datetime as dt
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from bot import errors
from bot.audit import model
from bot.db import Database, database, news, urls

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)


def add(tx, now, subject):
    tx.execute(sa.insert(model.record).values(at=now, actor="cli", verb="test", subject=subject))
    return now


def add_and_fail(tx, now, subject):
    add(tx, now, subject)
    raise errors.Refused("不行")


def subjects(tx):
    return list(tx.execute(sa.select(model.record.c.subject).order_by(model.record.c.id)).scalars())


async def test_a_verb_is_committed_when_it_returns(db):
    await db.transact(add, "unit:1")

    assert await db.read(subjects) == ["unit:1"]


async def test_a_verb_that_raises_leaves_nothing_and_its_error_arrives(db):
    with pytest.raises(errors.Refused, match="不行"):
        await db.transact(add_and_fail, "unit:1")

    assert await db.read(subjects) == []


async def test_now_is_the_databases_clock_and_comes_back_aware(database_url):
    db = await Database.open(database_url, clock=lambda: NOON)

    assert await db.transact(add, "unit:1") == NOON
    assert await db.read(lambda tx: tx.execute(sa.select(model.record.c.at)).scalar_one()) == NOON
    await db.close()


async def test_a_naive_instant_is_refused(db):
    with pytest.raises(sa.exc.StatementError, match="naive"):
        await db.read(add, dt.datetime(2026, 9, 30), "unit:1")  # noqa: DTZ001 (the fault)


async def test_a_read_cannot_write(db):
    with pytest.raises(Exception, match=r"readonly|read-only"):
        await db.read(lambda tx: add(tx, NOON, "unit:1"))

    assert await db.read(subjects) == []


async def test_a_read_is_one_snapshot(db):
    """A table whose numbers came from two instants would not add up."""

    def twice(tx):
        return subjects(tx), subjects(tx)

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(db.read(twice)) for _ in range(20)]
        for number in range(20):
            group.create_task(db.transact(add, f"unit:{number}"))

    for task in reads:
        first, second = task.result()
        assert first == second


async def test_callers_side_by_side_lose_no_write(db):
    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(db.transact(add, f"unit:{number}"))

    assert sorted(await db.read(subjects)) == sorted(f"unit:{number}" for number in range(100))


async def test_of_those_who_wait_together_only_the_failing_one_is_undone(db):
    """On SQLite verbs that wait already share a transaction; each still stands or falls alone."""
    verbs = [add_and_fail if number % 3 == 0 else add for number in range(30)]

    ended = await asyncio.gather(
        *(db.transact(verb, f"unit:{number}") for number, verb in enumerate(verbs)), return_exceptions=True
    )

    assert [isinstance(one, errors.Refused) for one in ended] == [verb is add_and_fail for verb in verbs]
    assert set(await db.read(subjects)) == {f"unit:{n}" for n, verb in enumerate(verbs) if verb is add}


async def test_a_verb_that_breaks_the_tables_rules_takes_nobody_with_it(db):
    def twice(tx, now):
        values = {"id": 7, "at": now, "actor": "cli", "verb": "test", "subject": "again"}
        tx.execute(sa.insert(model.record), [values, values])

    ended = await asyncio.gather(
        db.transact(add, "unit:1"), db.transact(twice), db.transact(add, "unit:2"), return_exceptions=True
    )

    assert isinstance(ended[1], sa.exc.IntegrityError)
    assert set(await db.read(subjects)) == {"unit:1", "unit:2"}


@pytest.mark.postgresql
async def test_a_verb_that_breaks_a_key_whoever_writes_beside_it_fails_after_a_few_runs(postgresql_url):
    runs = []

    def twice(tx, now):
        runs.append(now)
        values = {"id": 7, "at": now, "actor": "cli", "verb": "test", "subject": "again"}
        tx.execute(sa.insert(model.record), [values, values])

    db = await Database.open(postgresql_url, clock=lambda: NOON)
    with pytest.raises(sa.exc.IntegrityError):
        await db.transact(twice)
    kept = await db.read(subjects)
    await db.close()

    assert (len(runs), kept) == (database.ATTEMPTS, [])


@pytest.mark.postgresql
async def test_who_was_second_to_write_a_key_looks_again_and_finds_it(postgresql_url):
    """Looked for, not found, and written by another before it could be."""
    ours, theirs = [await Database.open(postgresql_url, clock=lambda: NOON) for _ in range(2)]
    written, go_on = asyncio.Event(), asyncio.Event()

    def first(tx, now):
        found = put_seven(tx, now)
        written.set()
        await_only(go_on.wait())
        return found

    async with asyncio.TaskGroup() as tasks:
        one = tasks.create_task(ours.transact(first))
        await written.wait()
        other = tasks.create_task(theirs.transact(put_seven))
        await asyncio.wait({other}, timeout=0.3)
        assert not other.done()
        go_on.set()
    await ours.close()
    await theirs.close()

    assert (one.result(), other.result()) == ("written", "found")


def put_seven(tx, now):
    if tx.execute(sa.select(model.record.c.id).where(model.record.c.id == 7)).first() is not None:
        return "found"
    values = {"id": 7, "at": now, "actor": "cli", "verb": "test", "subject": "again"}
    tx.execute(sa.insert(model.record).values(values))
    return "written"


async def test_a_commit_that_fails_is_told_to_all_who_shared_it(sqlite_url):
    """As on a full disk: nobody is told that something is kept which is not."""
    db = await Database.open(sqlite_url, clock=lambda: NOON)

    def defer(tx, now):
        tx.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        tx.execute(
            sa.text("INSERT INTO chat_address (telegram_id, chat_id, since) VALUES (1, 99, '2026-09-30')")
        )

    ended = await asyncio.gather(
        db.transact(add, "unit:1"), db.transact(defer), db.transact(add, "unit:2"), return_exceptions=True
    )

    kept = await db.read(subjects)
    told = [f"unit:{n}" for n, one in ((1, ended[0]), (2, ended[2])) if not isinstance(one, Exception)]
    assert isinstance(ended[1], sa.exc.IntegrityError)
    assert kept == told
    await db.transact(add, "unit:3")  # the writer lives
    await db.close()


async def test_a_read_does_not_wait_for_the_writer(sqlite_url):
    """On SQLite the writer holds the file; the readers have connections of their own."""
    db = await Database.open(sqlite_url, clock=lambda: NOON)
    await db.transact(add, "unit:1")
    reading_done, writing = threading.Event(), threading.Event()

    def slow(tx, now):
        add(tx, now, "unit:2")
        writing.set()
        reading_done.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(db.transact(slow))
        await asyncio.to_thread(writing.wait)
        seen = await db.read(subjects)
        reading_done.set()

    assert seen == ["unit:1"]
    assert await db.read(subjects) == ["unit:1", "unit:2"]
    await db.close()


def add_and_tell(tx: sa.Connection, now: dt.datetime, subject: str) -> None:
    add(tx, now, subject)
    news(tx)


def tell_and_fail(tx: sa.Connection, now: dt.datetime, subject: str) -> None:
    add_and_tell(tx, now, subject)
    raise errors.Refused("no")


async def test_news_is_told_once_committed_and_nothing_else_is(db):
    told = []
    db.on_news(lambda: told.append("news"))

    with pytest.raises(errors.Refused):
        await db.transact(tell_and_fail, "unit:1")
    await db.transact(add, "unit:1")
    assert told == []

    await db.transact(add_and_tell, "unit:2")
    assert told == ["news"]


@pytest.mark.postgresql
async def test_another_process_hears_of_news_within_moments(postgresql_url):
    ours, theirs = [await Database.open(postgresql_url, clock=lambda: NOON) for _ in range(2)]
    told, echo = asyncio.Event(), asyncio.Event()
    theirs.on_news(told.set)

    async with asyncio.TaskGroup() as tasks:
        listening = [tasks.create_task(one.listen()) for one in (ours, theirs)]
        await asyncio.sleep(0.3)
        ours.on_news(echo.set)
        await theirs.transact(add, "unit:1")
        await ours.transact(add_and_tell, "unit:2")
        async with asyncio.timeout(5):
            await told.wait()
        echo.clear()
        await asyncio.sleep(0.1)
        for one in listening:
            one.cancel()
    await ours.close()
    await theirs.close()

    assert not echo.is_set()  # it does not hear itself


@pytest.mark.postgresql
async def test_what_is_told_by_a_process_that_leaves_at_once_is_heard(postgresql_url):
    ours, theirs = [await Database.open(postgresql_url, clock=lambda: NOON) for _ in range(2)]
    told = asyncio.Event()
    theirs.on_news(told.set)

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(theirs.listen())
        await asyncio.sleep(0.3)
        await ours.transact(add_and_tell, "unit:1")
        await ours.close()
        async with asyncio.timeout(5):
            await told.wait()
        listening.cancel()
    await theirs.close()


async def test_a_database_without_tables_says_what_to_run(empty_database_url):
    db = await Database.open(empty_database_url, clock=lambda: NOON)

    with pytest.raises(errors.SchemaBehind, match="db upgrade"):
        await db.read(subjects)
    await db.close()


async def test_a_server_that_is_not_there_is_away():
    db = await Database.open("postgresql://nobody@127.0.0.1:1/none", clock=lambda: NOON)

    with pytest.raises(errors.DatabaseAway):
        await db.transact(add, "unit:1")
    with pytest.raises(errors.DatabaseAway):
        await db.read(subjects)
    await db.close()


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("sqlite:///data/bot.db", "sqlite:///data/bot.db"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d?sslmode=require", "postgresql+asyncpg://u:p@h:5433/d?ssl=require"),
        ("postgresql+psycopg://h/d", "postgresql+asyncpg://h/d"),
        (
            "postgresql://h/d?sslmode=verify-full&channel_binding=require",
            "postgresql+asyncpg://h/d?ssl=verify-full",
        ),
    ],
)
def test_an_address_becomes_what_the_engine_wants(written, used):
    assert urls.parse(written).render_as_string(hide_password=False) == used


@pytest.mark.parametrize("written", ["mysql://h/d", "nonsense", ""])
def test_another_address_is_refused_with_what_is_allowed(written):
    with pytest.raises(errors.Refused, match="sqlite"):
        urls.parse(written)

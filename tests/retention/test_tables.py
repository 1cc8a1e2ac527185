"""Whatever is forgotten, the tables of old notices keep their figures and their rows; only words and names go."""

import asyncio
import contextlib
import dataclasses
import datetime as dt

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from bot import clock
from bot.db import Database
from bot.notices import histories, queries, trouble
from bot.retention import purge
from bot.retention.periods import Periods
from bot.roster import model as roster
from tests.notices import counter, test_tables, world

YEARS = dt.timedelta(days=1500)  # by then everything but posts has been kept long enough
LEAVERS = st.frozensets(st.integers(1, len(counter.CONTACTS)))
IT = Periods()
UNSHRUNK = (hypothesis.Phase.explicit, hypothesis.Phase.generate)  # a smaller example takes minutes to find


def figures(table: queries.Table) -> tuple[object, ...]:
    """All a table says but the words people wrote and the names they signed with."""
    said = [dataclasses.replace(status, text="", said_by="") for status in table.statuses]
    return table.total, table.rows, said


def everything(
    play: test_tables.Play, asked: list[tuple[int, dt.datetime]], now: dt.datetime
) -> list[object]:
    tx = play.world.tx
    told = [figures(queries.table(tx, notice, now=now, as_of=at)) for notice, at in asked]
    now_told = [figures(queries.table(tx, notice, now=now)) for notice in play.notices]
    states = [
        (key, it.theme, it.need, [(step.state, step.at) for step in it.steps])
        for notice in play.notices
        for key, it in trouble.of_notice(tx, notice).items()
    ]
    ids = [status.assignment_id for notice in play.notices for status in queries.statuses(tx, notice)]
    lives = [(histories.delivered_at(tx, id_), len(histories.history(tx, id_, until=now))) for id_ in ids]
    return [told, now_told, states, lives]


def accounts(tx: sa.Connection, contacts: set[str]) -> set[int]:
    """The Telegram users these contacts have been, unless somebody else is one of them now."""
    e, c = roster.enrolment, roster.contact
    query = sa.select(e.c.user_id, c.c.name, e.c.until).join(c, c.c.id == e.c.contact_id)
    rows = tx.execute(query).all()
    others = {row.user_id for row in rows if row.name not in contacts}
    return {row.user_id for row in rows if row.name in contacts} - others


def traces(tx: sa.Connection, contacts: set[str], users: set[int]) -> list[str]:
    """Where a name, a number or an account of one of these is still found, in any table whatever."""
    marks = contacts | {world.phone(contact) for contact in contacts}
    numbers = {"user_id", "telegram_id", "address", "used_by"}
    found = []
    for table in roster.metadata.sorted_tables:
        for row in tx.execute(sa.select(table)).mappings():
            for key, value in row.items():
                text = str(value)
                is_signed = key == "said_by" and any(text.startswith(mark) for mark in marks)
                is_account = (key in numbers and value in users) or text in {f"user:{user}" for user in users}
                if text in marks or is_signed or is_account:
                    found.append(f"{table.name}.{key}={value}")
    return found


def leave(tx: sa.Connection, now: dt.datetime, contacts: set[str]) -> None:
    """These hold no post any more; the import that says so names them no more either."""
    p, c = roster.post, roster.contact
    some = sa.select(c.c.id).where(c.c.name.in_(contacts))
    tx.execute(p.update().where(p.c.contact_id.in_(some), p.c.until.is_(None)).values(until=now))


def purged(tx: sa.Connection, now: dt.datetime, *, at_once: int = 7) -> dict[str, int]:
    total: dict[str, int] = {}
    while True:
        done = purge.batch(tx, now, IT, actor="cli", owner="test", at_once=at_once)
        for key, number in done.forgotten.items():
            total[key] = total.get(key, 0) + number
        if done.is_last:
            return total


def played(tx: sa.Connection, known, script, leavers) -> None:
    play, instants = test_tables.Play(tx, known), []
    for minutes, (name, *args) in script:
        play.world.wait(minutes)
        play.act(str(name), *args)
        instants.append(play.world.now)
    asked = [(notice, at) for notice in play.notices for at in instants[:: len(instants) // 6]]
    contacts = {counter.CONTACTS[number - 1] for number in leavers}
    users = accounts(tx, contacts)
    leave(tx, play.world.now, contacts)
    later = play.world.now + YEARS
    before = everything(play, asked, later)
    counted = {key: number for key, number in purge.count(tx, later, IT).items() if number}

    forgotten = purged(tx, later)

    assert forgotten == counted, "a dry run says what a purge does"
    assert everything(play, asked, later) == before
    assert traces(tx, contacts, users) == []
    assert not any(purge.count(tx, later, IT).values())


@hypothesis.given(known=test_tables.KNOWN_AT_FIRST, script=test_tables.SCRIPTS, leavers=LEAVERS)
@hypothesis.settings(max_examples=25, phases=UNSHRUNK)
def test_no_figure_of_an_old_table_changes_when_things_are_forgotten(connection, known, script, leavers):
    with connection.begin() as transaction:
        played(connection, known, script, leavers)
        transaction.rollback()


class _Undo(Exception):
    """All was as it should be, and nothing of it is kept."""


def played_and_undone(tx: sa.Connection, now: dt.datetime, known, script, leavers) -> None:
    played(tx, known, script, leavers)
    raise _Undo


async def played_on(url, known, script, leavers) -> None:
    db = await Database.open(url, clock=clock.system)
    with contextlib.suppress(_Undo):
        await db.transact(played_and_undone, known, script, leavers)
    await db.close()


@pytest.mark.postgresql
@hypothesis.given(known=test_tables.KNOWN_AT_FIRST, script=test_tables.SCRIPTS, leavers=LEAVERS)
@hypothesis.settings(
    max_examples=3, phases=UNSHRUNK, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_postgresql_keeps_the_same(postgresql_url, known, script, leavers):
    asyncio.run(played_on(postgresql_url, known, script, leavers))

"""A verb that does many at once: one transaction, each update once."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.inbox import updates
from bot.telegram import context

SEEN: list[list[str]] = []


def note_each(tx: Tx, now: object, some: Sequence[str]) -> list[str]:
    SEEN.append(list(some))
    for word in some:
        trail.note(tx, now, actor="test", verb="test", subject=word)
        if word == "no":
            raise errors.Refused("不行")
    return [word.upper() for word in some]


@pytest.fixture
async def together(db) -> AsyncIterator[context.Together]:
    SEEN.clear()
    async with asyncio.TaskGroup() as tasks:
        yield context.Together(db, tasks.create_task)


async def ask(together: context.Together, *asked: tuple[int, str]) -> list[str | BaseException]:
    return await asyncio.gather(
        *(together(note_each, word, update_id=number, lane="") for number, word in asked),
        return_exceptions=True,
    )


async def test_what_waits_goes_together_and_each_hears_its_own(together) -> None:
    assert await ask(together, (1, "a"), (2, "b"), (3, "c")) == ["A", "B", "C"]
    assert SEEN == [["a", "b", "c"]]


async def test_a_replay_changes_nothing_be_it_beside_its_first_or_later(together) -> None:
    first, again = await ask(together, (1, "a"), (1, "again"))
    later, other = await ask(together, (1, "later"), (2, "b"))
    assert (first, other) == ("A", "B")
    assert [type(again), type(later)] == [errors.Replayed, errors.Replayed]
    assert SEEN == [["a"], ["b"]]


async def test_one_that_is_refused_leaves_no_trace_and_the_others_are_done(together, db) -> None:
    told = await ask(together, (1, "a"), (2, "no"), (3, "c"))
    assert [told[0], told[2]] == ["A", "C"]
    assert isinstance(told[1], errors.Refused)
    assert await db.read(updates.known, [1, 2, 3]) == {1, 3}

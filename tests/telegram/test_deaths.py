"""kill -9 at every named step: nothing committed is lost, and only the calls in flight are doubled."""

import collections
import signal
from collections.abc import Awaitable, Callable

import pytest

from bot import simulator
from bot.inbox import updates
from tests import forked
from tests.telegram import mortal

Die = Callable[[str, str, int], Awaitable[None]]


@pytest.fixture
def die(database_url: str, sim: simulator.Simulator, rig: object) -> Die:
    """Run a process until it kills itself at the nth time of that step."""

    async def run(part: str, step: str, nth: int) -> None:
        status = await forked.end_of(mortal.live, database_url, sim.url, part, step, str(nth))
        assert status == -signal.SIGKILL

    return run


@pytest.fixture
def groups(sim: simulator.Simulator, wang: simulator.User) -> list[simulator.Chat]:
    made = [sim.add_group(f"群 {i}", members=[wang]) for i in range(5)]
    for group in made:
        sim.add_bot_to(group, by=wang)
    sim.bot.queue.pending.clear()
    return made


@pytest.mark.parametrize("step", ["claimed", "before_call", "after_call", "settled"])
async def test_a_sender_killed_loses_nothing_and_doubles_only_what_it_was_calling(
    rig, sim, groups, die: Die, step
) -> None:
    for group in groups:
        await rig.show(group, "card", "7")
    await die("sender", step, 1 if step == "claimed" else 2)
    calling = (await rig.states()).count("calling")
    async with rig.sending(is_alone=True) as heir:
        await heir.until_idle()
        await rig.until(lambda: all(sim.messages(group) for group in groups))
        await rig.until(heir.is_idle)
        await rig.until_settled()
    shown = [[message.text for message in sim.messages(group) if message.from_bot] for group in groups]
    doubled = [texts for texts in shown if len(texts) > 1]
    assert all(texts in (["卡片 7: 0"], ["可能重复 卡片 7: 0"]) for texts in shown if len(texts) == 1)
    assert all(texts == ["卡片 7: 0", "可能重复 卡片 7: 0"] for texts in doubled)
    assert len(doubled) <= calling
    ends = collections.Counter(await rig.states())
    assert ends == {"sent": len(groups)} | ({"uncertain": calling} if calling else {})


@pytest.mark.parametrize("step", ["taken", "committed"])
async def test_an_intake_killed_loses_no_update_and_hears_none_twice(rig, sim, wang, die: Die, step) -> None:
    for text in ["a", "b", "c", "boom", "d"]:
        sim.send(wang, wang, text)
    await die("intake", step, 2)
    rig.is_broken = False
    async with rig.receiving(is_alone=True):
        await rig.until_heard("a", "b", "c", "boom", "d")
        await sim.until(lambda: not sim.bot.queue.pending)


async def test_an_intake_killed_with_parked_updates_loses_neither_them_nor_their_order(
    rig, sim, wang, die: Die
) -> None:
    for text in ["boom", "a", "b"]:
        sim.send(wang, wang, text)
    await die("intake", "committed", 2)
    assert len(await rig.db.read(updates.waiting_lanes)) == 1
    rig.is_broken = False
    async with rig.receiving(is_alone=True):
        await rig.until_heard("boom", "a", "b")

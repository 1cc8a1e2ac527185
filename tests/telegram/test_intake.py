"""What comes in is handled once and in order, or set aside where it cannot be lost."""

import asyncio
import datetime as dt
import itertools
import random

import pytest

from bot import errors, simulator
from bot.inbox import leases, updates
from bot.simulator import Fault
from bot.telegram import context, gateway, polling
from tests.telegram import tiny


def text_update(update_id: int, chat: simulator.User | simulator.Chat, text: str) -> dict[str, object]:
    """A message as Telegram sends it."""
    kind = "private" if chat.id > 0 else "group"
    person = {"id": abs(chat.id), "is_bot": False, "first_name": "王"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "date": 1_790_000_000,
            "chat": {"id": chat.id, "type": kind, "title": "群", "first_name": "王"},
            "from": person,
            "text": text,
        },
    }


UNREADABLE = {"message": {"message_id": "no number", "date": "yesterday", "chat": 5}}


# ── once ───────────────────────────────────────────────────────────────────────────────────────────


async def test_an_update_taken_twice_counts_once(rig, wang) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, wang, "a"))
        await receiving.take(text_update(1, wang, "a"))
    assert await rig.heard() == ["a"]


async def test_a_replayed_press_stops_spinning_and_changes_nothing(rig, sim, group, wang) -> None:
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    press = sim.press(wang, sim.last(group), "已落实")
    raw = sim.bot.queue.pending[-1].payload
    await rig.db.transact(updates.once, raw["update_id"])
    async with rig.receiving():
        assert (await press.answered()).text in ("", None)
    assert await rig.heard() == []


async def test_an_edited_message_is_not_heard_again(rig, sim, wang) -> None:
    message = sim.send(wang, wang, "a")
    sim.edit(message, "b")
    sim.send(wang, wang, "c")
    async with rig.receiving():
        await rig.until_heard("a", "c")


# ── what nobody can read ───────────────────────────────────────────────────────────────────────────


async def test_an_unreadable_update_is_set_aside_and_the_next_one_served(rig, sim, wang) -> None:
    bad = sim.push_raw_update(sim.bot, UNREADABLE)
    sim.send(wang, wang, "a")
    async with asyncio.timeout(10), rig.receiving():
        await rig.until_heard("a")
    (poisoned,) = await rig.db.read(updates.poisoned)
    assert (poisoned.update_id, poisoned.error) == (bad, "unreadable")
    assert not sim.bot.queue.pending


async def test_one_unreadable_among_a_hundred_costs_nobody_else_anything(rig, sim, wang) -> None:
    for number in range(99):
        sim.send(wang, wang, str(number))
        if number == 50:
            sim.push_raw_update(sim.bot, UNREADABLE)
    async with rig.receiving():
        await rig.until_heard(*map(str, range(99)))


async def test_an_update_of_a_kind_nobody_has_heard_of_is_let_pass(rig, sim, wang) -> None:
    sim.push_raw_update(sim.bot, {"from_the_future": {"x": 1}})
    sim.send(wang, wang, "a")
    async with rig.receiving():
        await rig.until_heard("a")
    assert await rig.db.read(updates.poisoned) == []


# ── what fails ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_failed_update_is_tried_again_and_those_behind_it_wait(rig, sim, wang) -> None:
    sim.send(wang, wang, "boom")
    sim.send(wang, wang, "after")
    other = sim.add_user("李")
    sim.open(other)
    sim.bot.queue.pending.pop()
    sim.send(other, other, "beside")
    async with rig.receiving():
        await rig.until_heard("beside", chat=other)
        await sim.until(lambda: not sim.bot.queue.pending)
        assert await rig.heard(wang) == []
        rig.is_broken = False
        await rig.until_heard("boom", "after", chat=wang)
    assert await rig.db.read(updates.waiting_lanes) == frozenset()


async def test_ten_failures_poison_an_update_and_free_its_chat(rig, wang) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, wang, "boom"))
        await receiving.take(text_update(2, wang, "after"))
        for tried in range(1, updates.TRIES - 1):
            await rig.db.transact(updates.retry_later, 1, "RuntimeError", tried=tried)
        await rig.hurry(1)
        await rig.until_heard("after")
    (poisoned,) = await rig.db.read(updates.poisoned)
    assert (poisoned.update_id, poisoned.error, poisoned.attempts) == (1, "RuntimeError", updates.TRIES)


async def test_parked_updates_survive_the_process(rig, wang) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, wang, "boom"))
        await receiving.take(text_update(2, wang, "after"))
    rig.is_broken = False
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(3, wang, "last"))
        await rig.until_heard("boom", "after", "last")


async def test_what_a_parked_update_said_is_erased_when_it_is_done(rig, wang) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, wang, "boom secret"))
        assert "secret" in (await rig.raw(1))
        rig.is_broken = False
        await rig.until_heard("boom secret")
        await rig.until_raw(1, "")


async def test_an_update_that_takes_too_long_is_parked_and_others_go_on(rig, wang, group) -> None:
    async with rig.receiving(polls=False, handle_for_s=0.2) as receiving:
        await receiving.take(text_update(1, wang, "wait"))
        await receiving.take(text_update(2, group, "beside"))
        assert await rig.heard() == ["beside"]
        rig.gate.set()
        await rig.until_heard("beside", "wait")


async def test_an_update_is_settled_by_its_commit_however_long_what_follows_takes(rig, wang, group) -> None:
    """Until it is, polling asks only twice a second, and a webhook is not told that it has been taken."""
    async with rig.receiving(polls=False) as receiving, asyncio.TaskGroup() as tasks:
        await receiving.take(text_update(1, wang, "and wait"))
        tasks.create_task(receiving.take(text_update(2, wang, "after")))
        await receiving.take(text_update(3, group, "beside"))
        assert await rig.heard() == ["and wait", "beside"]  # but its chat keeps its order
        rig.gate.set()
    assert await rig.heard() == ["and wait", "beside", "after"]


async def test_what_fails_after_its_commit_is_not_done_again(rig, wang) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, wang, "late boom"))
        await receiving.take(text_update(2, wang, "after"))
    assert await rig.heard() == ["late boom", "after"]
    assert await rig.db.read(updates.waiting_lanes) == frozenset()


async def test_a_refusal_is_told_once_and_is_no_failure(rig, sim, wang, group) -> None:
    sim.send(wang, wang, "refuse this")
    async with rig.receiving():
        await sim.until(lambda: sim.has(wang, "不行:只收 1–9"))
        await sim.until(lambda: not sim.bot.queue.pending)
    assert rig.handled == ["refuse this"]
    assert await rig.db.read(updates.waiting_lanes) == frozenset()


async def test_a_refusal_in_a_group_is_nobody_elses_business(rig, sim, wang, group) -> None:
    sim.promote(group)
    sim.bot.queue.pending.clear()
    sim.send(wang, group, "refuse this")
    async with rig.receiving():
        await sim.until(lambda: rig.handled and not sim.bot.queue.pending)
    assert not sim.calls_of("sendMessage")


async def test_a_refused_press_is_answered_with_the_sentence(rig, sim, wang, group) -> None:
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    rig.refusal = "不行:" + "长" * 300
    press = sim.press(wang, sim.last(group), "已落实")
    async with rig.receiving():
        answer = await press.answered()
    assert (answer.text, answer.show_alert) == (rig.refusal[:200], True)


async def test_a_press_that_fails_stops_spinning_all_the_same(rig, sim, wang, group) -> None:
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    rig.press_fault = RuntimeError("boom")
    press = sim.press(wang, sim.last(group), "已落实")
    async with rig.receiving():
        assert (await press.answered()).text == context.BUSY
        rig.press_fault = None
        await rig.until_heard("yes")


async def test_a_commit_that_takes_long_is_said_to_be_on_its_way(rig, sim, wang, group, monkeypatch) -> None:
    monkeypatch.setattr(context, "PATIENCE_S", 0.05)
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    rig.commits_take_s = 0.3
    press = sim.press(wang, sim.last(group), "已落实")
    async with rig.receiving():
        assert (await press.answered()).text == context.BUSY
        await rig.until_heard("yes")
    assert len(sim.calls_of("answerCallbackQuery")) == 1


async def test_words_for_a_group_must_go_through_the_outbox(rig, group) -> None:
    async with rig.receiving(polls=False) as receiving:
        await receiving.take(text_update(1, group, "say something"))
    assert isinstance(rig.said, RuntimeError)


# ── in order, side by side ─────────────────────────────────────────────────────────────────────────


async def test_updates_of_a_chat_are_handled_in_order_and_chats_side_by_side(rig, sim, wang) -> None:
    people = [wang, *(sim.add_user(name) for name in "甲乙丙")]
    for person in people[1:]:
        sim.open(person)
    sim.bot.queue.pending.clear()
    for number, person in itertools.product(range(20), people):
        sim.send(person, person, str(number))
    async with rig.receiving():
        for person in people:
            await rig.until_heard(*map(str, range(20)), chat=person)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_fails_and_however_often_each_chat_is_heard_in_full_and_in_order(
    rig, seed, monkeypatch
) -> None:
    monkeypatch.setattr(updates, "FIRST_RETRY", dt.timedelta(milliseconds=5))
    dice = random.Random(seed)
    people = [simulator.User(id=100 + number, first_name="王") for number in range(5)]
    sent: dict[int, list[str]] = {person.id: [] for person in people}
    async with rig.receiving(polls=False) as receiving, asyncio.TaskGroup() as tasks:
        for update_id in range(1, 61):
            person = dice.choice(people)
            text = f"flaky {update_id}" if dice.random() < 0.2 else str(update_id)
            rig.failures[text] = dice.randrange(1, 5)
            sent[person.id].append(text)
            for _ in range(dice.choice([1, 1, 2])):  # Telegram may say things twice
                tasks.create_task(receiving.take(text_update(update_id, person, text)))
        for person in people:
            await rig.until_heard(*sent[person.id], chat=person)


async def test_a_stuck_chat_does_not_keep_the_next_batch_away(rig, sim, wang) -> None:
    other = sim.add_user("李")
    sim.open(other)
    sim.bot.queue.pending.clear()
    sim.send(wang, wang, "wait")
    async with rig.receiving(handle_for_s=30):
        await sim.until(lambda: rig.handled == ["wait"])
        sim.send(other, other, "a")
        await rig.until_heard("a")
        sim.send(other, other, "b")
        await rig.until_heard("a", "b")
        asked = len(sim.calls_of("getUpdates"))
        await sim.until(lambda: len(sim.calls_of("getUpdates")) > asked)
        assert len(sim.bot.queue.pending) == 3  # the stuck one is not acknowledged, so the others are not
        rig.gate.set()
        await sim.until(lambda: not sim.bot.queue.pending)
    assert rig.handled == ["wait", "a", "b"]


# ── acknowledged only when committed ───────────────────────────────────────────────────────────────


async def test_stopping_finishes_what_is_being_handled_and_acknowledges_it(rig, sim, wang) -> None:
    sim.send(wang, wang, "wait")
    async with rig.receiving() as receiving:
        await sim.until(lambda: rig.handled)
        receiving.stop()
        rig.gate.set()
    assert await rig.heard() == ["wait"]
    assert not sim.bot.queue.pending


@pytest.mark.postgresql
async def test_nothing_is_acknowledged_while_the_database_is_away(pg_rig, outage, sim, wang) -> None:
    async with pg_rig.receiving() as receiving:
        sim.send(wang, wang, "a")
        await pg_rig.until_heard("a")
        await outage.begin()
        for text in "bcd":
            sim.send(wang, wang, text)
        await pg_rig.until(lambda: receiving._polling._is_away)
        assert len(sim.bot.queue.pending) == 3
        await outage.end()
        await pg_rig.until_heard("a", "b", "c", "d")


@pytest.mark.postgresql
async def test_a_webhook_is_told_that_the_database_is_away(pg_rig, outage, wang) -> None:
    async with pg_rig.receiving(polls=False) as receiving:
        await outage.begin()
        with pytest.raises(errors.DatabaseAway):
            await receiving.take(text_update(1, wang, "a"))
        await outage.end()


# ── one who polls ──────────────────────────────────────────────────────────────────────────────────


async def test_only_the_holder_of_the_lease_polls(rig, sim, wang) -> None:
    await rig.db.transact(leases.take, polling.LEASE, "another", for_=dt.timedelta(minutes=5))
    async with rig.receiving() as receiving:
        sim.send(wang, wang, "a")
        await rig.db.transact(leases.release, polling.LEASE, "another")
        await rig.until_heard("a")
        receiving.stop()
    assert await rig.db.transact(leases.take, polling.LEASE, "another", for_=dt.timedelta(minutes=5))


async def test_a_server_that_never_waits_is_not_asked_without_end(rig, sim) -> None:
    async with rig.receiving(poll_for_s=0):
        before, begun = sim.journal.counts["getUpdates"], asyncio.get_running_loop().time()
        await sim.until(lambda: sim.journal.counts["getUpdates"] >= before + 4)
        assert asyncio.get_running_loop().time() - begun > 2 * polling.TOO_SOON_S


async def test_a_conflict_is_waited_out(rig, sim, wang, monkeypatch) -> None:
    monkeypatch.setattr(polling, "CONFLICT_PAUSE_S", 0.05)
    await out_of_line_webhook(sim, rig)
    async with rig.receiving():
        sim.send(wang, wang, "a")
        await rig.until_heard("a")


async def out_of_line_webhook(sim: simulator.Simulator, rig: tiny.Rig) -> None:
    await rig.gateway.bot.set_webhook("https://elsewhere.example/hook")


async def test_starting_forgets_a_webhook_but_not_what_came(rig, sim, wang) -> None:
    await rig.gateway.bot.set_webhook("https://127.0.0.1:9/hook")
    sim.send(wang, wang, "a")
    async with rig.receiving():
        await rig.until_heard("a")


@pytest.mark.parametrize("kind", ["5xx", "429", "reset_before", "reset_after", "garbage"])
async def test_a_fetch_that_fails_loses_nothing(rig, sim, wang, kind) -> None:
    sim.faults.add(Fault("getUpdates", kind, times=2))
    sim.send(wang, wang, "a")
    async with rig.receiving():
        await rig.until_heard("a")
    assert rig.handled == ["a"]


async def test_a_fetch_that_hangs_is_given_up_and_the_session_rebuilt(rig, sim, wang, monkeypatch) -> None:
    monkeypatch.setattr(polling, "WATCHDOG_S", -4.8)  # beside a poll of 5 s
    monkeypatch.setattr(polling, "LONGEST_PAUSE_S", 0.05)
    sim.faults.add(Fault("getUpdates", "hold", times=2))
    sim.send(wang, wang, "a")
    async with rig.receiving():
        await rig.until_heard("a")


async def test_a_token_telegram_does_not_know_stops_the_intake(rig, sim) -> None:
    rig.gateway = gateway.Gateway.connect("7000009:unknown", sim.url)
    with pytest.raises(errors.Refused, match="BOT_TOKEN"):
        await rig.make_intake().run()
    await rig.gateway.close()


# ── after an outage ────────────────────────────────────────────────────────────────────────────────


async def pressed(rig: tiny.Rig, sim: simulator.Simulator, group: simulator.Chat, by: simulator.User) -> None:
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    sim.press(by, sim.last(group), "已落实")


async def last_asked(rig: tiny.Rig, ago: dt.timedelta) -> dt.datetime:
    at = (rig.db.now() - ago).replace(microsecond=0)
    await rig.db.transact(leases.take, polling.LEASE, "former", for_=dt.timedelta(0))
    await rig.db.transact(leases.beat, polling.LEASE, "former", at=at)
    return at


async def test_a_press_drained_after_an_outage_says_how_old_it_may_be(rig, sim, group, wang) -> None:
    at = await last_asked(rig, dt.timedelta(minutes=10))
    await pressed(rig, sim, group, wang)
    async with rig.receiving():
        await rig.until_heard("yes")
        sim.press(wang, sim.last(group), "已落实")
        await rig.until_heard("yes", "yes")
    assert rig.pressed_before == [at, None]
    beat = await rig.db.read(leases.last_beat, polling.LEASE)
    assert beat is not None
    assert beat > at + dt.timedelta(minutes=9)


async def test_a_short_pause_is_no_outage(rig, sim, group, wang) -> None:
    await last_asked(rig, dt.timedelta(seconds=40))
    await pressed(rig, sim, group, wang)
    async with rig.receiving():
        await rig.until_heard("yes")
    assert rig.pressed_before == [None]


async def test_a_press_parked_after_an_outage_keeps_its_age(rig, sim, group, wang) -> None:
    at = await last_asked(rig, dt.timedelta(minutes=10))
    await pressed(rig, sim, group, wang)
    rig.press_fault = RuntimeError("boom")
    async with rig.receiving():
        await sim.until(lambda: rig.pressed_before == [at])
    rig.press_fault = None
    async with rig.receiving():
        await rig.until_heard("yes")
    assert set(rig.pressed_before) == {at}


async def test_stopping_is_quick_while_telegram_is_away(rig, sim) -> None:
    sim.faults.add(Fault("getUpdates", "5xx", times=None))
    async with asyncio.timeout(3), rig.receiving() as receiving:
        await sim.until(lambda: len(sim.calls_of("getUpdates")) == 2)
        await rig.until(lambda: receiving._polling._failures == 2)


async def test_the_end_of_an_outage_is_not_noted_before_all_of_it_is_settled(rig, sim, wang) -> None:
    at = await last_asked(rig, dt.timedelta(minutes=10))
    other = sim.add_user("李")
    sim.open(other)
    sim.send(wang, wang, "wait")
    async with rig.receiving(handle_for_s=30) as receiving:
        await rig.until_heard("/start")
        await sim.until(lambda: len(sim.calls_of("getUpdates")) > 2)
        assert receiving._polling._beat_at == at
        rig.gate.set()
        await rig.until(lambda: receiving._polling._beat_at > at)

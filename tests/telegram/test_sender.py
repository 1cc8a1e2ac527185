"""What is owed leaves in order, at its pace, and every call's end is known."""

import asyncio
import datetime as dt

import pytest

from bot import errors, simulator
from bot.delivery import outbox, pacing, settling
from bot.delivery.message import Outcome, Verdict
from bot.delivery.model import ChatState, Lane
from bot.simulator import Fault
from bot.telegram import gateway, sender
from tests.telegram import tiny


def texts(sim: simulator.Simulator, where: simulator.Chat | simulator.User) -> list[str]:
    return [message.text for message in sim.messages(where) if message.from_bot]


@pytest.fixture
def groups(sim: simulator.Simulator, wang: simulator.User) -> list[simulator.Chat]:
    made = [sim.add_group(f"群 {i}", members=[wang]) for i in range(6)]
    for group in made:
        sim.add_bot_to(group, by=wang)
    sim.bot.queue.pending.clear()
    return made


# ── order and pace ─────────────────────────────────────────────────────────────────────────────────


async def test_deliveries_of_one_chat_leave_in_order_one_a_second(rig, sim, wang) -> None:
    for subject in "abc":
        await rig.show(wang, "card", subject)
    async with rig.sending() as sending:
        await sending.until_idle()
    assert texts(sim, wang) == ["卡片 a: 0", "卡片 b: 0", "卡片 c: 0"]
    first, _, last = [call.at for call in sim.calls_of("sendMessage")]
    assert last - first >= dt.timedelta(seconds=1.8)


async def test_a_group_gets_no_more_than_its_minutes_share(rig, group) -> None:
    for subject in "ab":
        await rig.show(group, "card", subject)
    async with rig.sending(group_rate=1):
        await rig.until_states("sent", "queued")
    soon, later = rig.db.now() + dt.timedelta(seconds=50), rig.db.now() + dt.timedelta(seconds=70)
    assert await rig.claim(at=soon, group_rate=1) == []
    assert [item.delivery.subject for item in await rig.claim(at=later, group_rate=1)] == ["b"]


async def test_what_was_held_up_does_not_leave_together_with_the_next(rig, sim, wang) -> None:
    """Slots may come late, all at once; the server still sees no more in a second than the pace and one."""
    users = [sim.add_user(f"王{number}") for number in range(12)]
    for user in users:
        sim.chat(user).opened = True
        await rig.show(user, "card", "7")
    await rig.db.transact(pacing.ensure, tiny.BOT_ID, rate=1000.0)  # the slots are all there
    async with rig.sending(rate=5.0) as sending:
        await sending.until_idle()
    at = sorted(call.at for call in sim.calls_of("sendMessage"))
    assert len(at) == len(users)
    assert all(later - first > dt.timedelta(seconds=0.9) for first, later in zip(at, at[6:], strict=False))


async def test_one_that_cannot_be_settled_holds_up_nobody(rig, sim, groups) -> None:
    """It stays `calling`, for whoever takes over to make uncertain; the others of its turn are settled."""

    def after(tx: object, now: object, item: outbox.Claimed, outcome: object) -> None:
        if item.delivery.subject == "3":
            raise ValueError("a fault of ours")

    for number, group in enumerate(groups):
        await rig.show(group, "card", str(number))
    sending = rig.make_sender(after=after)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sending.run())
        await rig.until_states(*["sent"] * 3, "calling", *["sent"] * 2)
        await rig.show(groups[0], "card", "later")
        await rig.until_states(*["sent"] * 3, "calling", *["sent"] * 3)
        sending.stop()
    assert sorted(text for group in groups for text in texts(sim, group)) == sorted(
        f"卡片 {subject}: 0" for subject in [*"012345", "later"]
    )


async def test_calls_leave_at_the_tokens_rate(rig, sim, groups) -> None:
    await rig.db.transact(pacing.ensure, tiny.BOT_ID, rate=10.0)
    for group in groups:
        await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    at = [call.at for call in sim.calls_of("sendMessage")]
    assert len(at) == 6
    assert at[-1] - at[0] > 5 * dt.timedelta(seconds=0.1) - sender.LATE - dt.timedelta(seconds=0.05)


async def test_an_alert_goes_before_what_was_asked_for_earlier(rig, sim, groups) -> None:
    for group in groups[:-1]:
        await rig.show(group, "card", "7")
    await rig.show(groups[-1], "card", "alarm", lane=Lane.ALERT)
    async with rig.sending(in_flight=1) as sending:
        await sending.until_idle()
    assert sim.calls_of("sendMessage")[0].chat_id == groups[-1].id


async def test_a_chat_has_one_reservation_at_a_time(rig, group) -> None:
    await rig.show(group, "card", "7")
    assert len(await rig.claim()) == 1
    await rig.show(group, "card", "8", lane=Lane.ALERT)
    assert await rig.claim() == []


async def test_what_is_tried_again_keeps_its_place(rig, group) -> None:
    for subject in "ab":
        await rig.show(group, "card", subject)
    (first,) = await rig.claim()
    assert await rig.db.transact(settling.begin_calls, [first.delivery.id], owner="x")
    await rig.db.transact(settling.settle, first, Outcome(Verdict.NOT_SENT))
    soon, later = (rig.db.now() + dt.timedelta(seconds=after) for after in (1.5, 5))
    assert await rig.claim(at=soon) == []
    assert [item.delivery.subject for item in await rig.claim(at=later)] == ["a"]


async def test_a_repetition_stays_marked_when_a_newer_request_takes_its_place(rig, group) -> None:
    await rig.show(group, "card", "7")
    (first,) = await rig.claim()
    await rig.db.transact(settling.settle, first, Outcome(Verdict.UNCERTAIN))
    later = rig.db.now() + dt.timedelta(seconds=5)
    (repeat,) = await rig.claim(at=later)
    await rig.show(group, "card", "7")
    await rig.db.transact(settling.settle, repeat, Outcome(Verdict.NOT_SENT))
    assert await rig.states() == ["uncertain", "dropped", "queued"]
    (newer,) = await rig.claim(at=later)
    assert newer.message.html.startswith("可能重复")


async def test_chases_are_claimed_one_at_a_time(rig, groups) -> None:
    for group in groups:
        await rig.show(group, "chase", "1")
    assert len(await rig.claim()) == 1


async def test_a_missed_slot_is_lost_and_another_taken(rig, group) -> None:
    await rig.show(group, "card", "7")
    (item,) = await rig.claim()
    late = item.slot_at - dt.timedelta(seconds=1)
    due = [(item.delivery.id, late)]
    (again,) = await rig.db.transact(sender._begin, due, owner="x", bot_id=tiny.BOT_ID)
    assert isinstance(again, dt.datetime)
    assert again > item.slot_at


async def test_a_halted_token_calls_nobody(rig, group) -> None:
    await rig.show(group, "card", "7")
    (item,) = await rig.claim()
    await rig.db.transact(pacing.halt, tiny.BOT_ID, rig.db.now() + dt.timedelta(seconds=30))
    due = [(item.delivery.id, rig.db.now())]
    assert await rig.db.transact(sender._begin, due, owner="x", bot_id=tiny.BOT_ID) == [None]
    assert await rig.states() == ["queued"]


# ── what a call may come to ────────────────────────────────────────────────────────────────────────


async def test_flood_control_in_one_chat_halts_only_that_chat(rig, sim, groups) -> None:
    slow, others = groups[0], groups[1:]
    sim.faults.add(Fault("sendMessage", "429", chat=slow.id, retry_after_s=2))
    for group in groups:
        await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sim.until(lambda: all(texts(sim, group) for group in others), timeout=1.5)
        assert not texts(sim, slow)
        await rig.show(slow, "card", "8", lane=Lane.ALERT)
        await sending.until_idle()
        await sim.until(lambda: len(texts(sim, slow)) == 2)
    refused, *taken = [call.at for call in sim.calls_of("sendMessage") if call.chat_id == slow.id]
    assert all(at - refused >= dt.timedelta(seconds=2) for at in taken)


async def test_flood_control_in_several_chats_at_once_halts_the_token(rig, sim, groups) -> None:
    sim.faults.add(Fault("sendMessage", "429", times=3, retry_after_s=30))
    async with rig.sending(in_flight=1):
        for group in groups[:4]:
            await rig.show(group, "card", "7")
        await rig.until_halted()
        assert len(sim.calls_of("sendMessage")) == 3


async def test_an_uncertain_card_is_repeated_once_and_marked(rig, sim, group) -> None:
    sim.faults.add(Fault("sendMessage", "reset_after"))
    await rig.show(group, "card", "7")
    async with rig.sending():
        await sim.until(lambda: texts(sim, group) == ["卡片 7: 0", "可能重复 卡片 7: 0"])
        await rig.until_states("uncertain", "sent")
        await rig.db.transact(tiny.hear, group.id, "yes")
        await rig.show(group, "card", "7")
        await rig.until_states("uncertain", "sent", "sent")
    assert texts(sim, group) == ["卡片 7: 0", "卡片 7: 1"]  # the one we know of is kept up to date


async def test_of_a_first_copy_that_shows_itself_while_the_second_is_on_its_way_one_goes(
    rig, sim, group
) -> None:
    """Somebody presses the copy nobody knew of before the send of the other has been committed."""
    sim.faults.add(Fault("sendMessage", "reset_after"))
    await rig.show(group, "card", "7")
    async with rig.sending():
        await rig.until_states("uncertain", "queued")
        held = sim.faults.add(Fault("sendMessage", "hold"))
        (first,) = (message for message in sim.messages(group) if message.from_bot)
        await sim.until(lambda: sim.faults.struck == 2)
        await rig.db.transact(outbox.pressed, group.id, "card", "7", first.id)
        sim.faults.release(held)
        await rig.until_states("uncertain", "sent", "sent")
    assert texts(sim, group) == ["可能重复 卡片 7: 0"]


async def test_a_card_uncertain_twice_is_left_alone(rig, sim, group) -> None:
    sim.faults.add(Fault("sendMessage", "reset_before", times=2))
    await rig.show(group, "card", "7")
    async with rig.sending():
        await rig.until_states("uncertain", "uncertain")
        await rig.show(group, "card", "7")
        await rig.until_states("uncertain", "uncertain", "dropped")
    assert texts(sim, group) == []


async def test_an_uncertain_chase_is_not_repeated(rig, sim, group) -> None:
    sim.faults.add(Fault("sendMessage", "reset_before"))
    await rig.show(group, "chase", "1")
    async with rig.sending() as sending:
        await rig.until_states("uncertain")
        await sending.until_idle()
    assert len(sim.calls_of("sendMessage")) == 1


async def test_an_edit_waits_for_its_send_and_several_become_one(rig, sim, group) -> None:
    held = sim.faults.add(Fault("sendMessage", "hold"))
    await rig.show(group, "card", "7")
    async with rig.sending():
        await sim.until(lambda: sim.faults.struck)
        for answer in "abc":
            await rig.db.transact(tiny.hear, group.id, answer)
            await rig.refresh(group, "card", "7")
        sim.faults.release(held)
        await sim.until(lambda: texts(sim, group) == ["卡片 7: 3"])
        await rig.until_states("sent", "sent")
    assert len(sim.calls_of("editMessageText")) == 1


async def test_what_has_become_pointless_is_dropped_and_nobody_called(rig, sim, group) -> None:
    await rig.show(group, "chase", "1")
    await rig.db.transact(tiny.hear, group.id, "yes")
    async with rig.sending() as sending:
        await sending.until_idle()
    assert await rig.deliveries() == [("1", "dropped", "answered")]
    assert not sim.calls_of("sendMessage")


async def test_one_that_cannot_be_put_into_words_does_not_stop_the_others(rig, sim, groups) -> None:
    await rig.show(groups[0], "broken", "1")
    await rig.show(groups[1], "nobody knows this kind", "1")
    await rig.show(groups[2], "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
    assert await rig.states() == ["failed", "dropped", "sent"]


async def test_a_group_that_put_us_out_is_not_called_again(rig, sim, group, wang) -> None:
    sim.kick(group, by=wang)
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
        assert (await rig.chat(group)).state is ChatState.GONE
        await rig.show(group, "card", "8")
        await sending.until_idle()
    assert await rig.states() == ["failed", "dropped"]
    assert len(sim.calls_of("sendMessage")) == 1


async def test_a_muted_group_is_reachable_again_once_it_is_mended(rig, sim, group) -> None:
    sim.mute(group)
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sending.until_idle()
        assert (await rig.chat(group)).state is ChatState.MUTED
        sim.unmute(group)
        await rig.show(group, "card", "8")
        await sending.until_idle()
    assert (await rig.chat(group)).state is ChatState.OK


async def test_a_migrated_group_gets_its_card_at_its_new_address(rig, sim, group) -> None:
    chat = await rig.chat(group)
    new = sim.upgrade(group)
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sim.until(lambda: texts(sim, new) == ["卡片 7: 0"])
        await sending.until_idle()
    assert (await rig.chat(new)).id == chat.id


async def test_a_network_that_is_down_is_waited_for(rig, group) -> None:
    await rig.show(group, "card", "7")
    rig.gateway, alive = gateway.Gateway.connect(tiny.TOKEN, "http://127.0.0.1:9"), rig.gateway
    async with rig.sending() as dead:
        await rig.until(lambda: dead.outcomes[Verdict.NOT_SENT] > 0)
    await rig.gateway.close()
    assert await rig.states() == ["queued"]
    rig.gateway = alive
    async with rig.sending():
        await rig.until_states("sent")


async def test_a_token_telegram_does_not_know_stops_the_sender_and_loses_nothing(rig, sim, group) -> None:
    await rig.show(group, "card", "7")
    rig.gateway = gateway.Gateway.connect("7000009:unknown", sim.url)
    with pytest.raises(errors.Refused, match="BOT_TOKEN"):
        await rig.make_sender().run()
    await rig.gateway.close()
    assert await rig.states() == ["queued"]


# ── lives and deaths ───────────────────────────────────────────────────────────────────────────────


async def test_stopping_lets_what_is_in_flight_finish(rig, sim, group) -> None:
    sim.faults.add(Fault("sendMessage", "slow", seconds=0.5))
    await rig.show(group, "card", "7")
    async with rig.sending() as sending:
        await sim.until(lambda: texts(sim, group))
        sending.stop()
    assert await rig.states() == ["sent"]


async def test_the_rows_of_a_dead_process_are_taken_over(rig, groups) -> None:
    for group in groups[:2]:
        await rig.show(group, "card", "7")
    reserved, calling = await rig.claim(owner="dead")
    assert await rig.db.transact(settling.begin_calls, [calling.delivery.id], owner="dead")

    assert await rig.db.transact(settling.take_over, owners=["another"]) == 0
    assert await rig.db.transact(settling.take_over, owners=["dead"]) == 2
    assert await rig.states() == ["queued", "uncertain", "queued"]
    assert not await rig.db.transact(settling.begin_calls, [reserved.delivery.id], owner="dead")


async def test_a_heart_that_beats_is_not_taken_for_dead_whatever_the_clocks_say(
    rig, sim, groups, monkeypatch
) -> None:
    monkeypatch.setattr(sender, "BEAT_EVERY_S", 0.05)
    monkeypatch.setattr(sender, "DEAD_AFTER_S", 0.5)
    alive, dead = groups[:2]
    for group, owner in ((alive, "alive"), (dead, "dead")):
        await rig.show(group, "card", "7")
        await rig.claim(owner=owner)

    def an_hour_slow(tx: object, now: dt.datetime) -> object:
        return settling.beat(tx, now - dt.timedelta(hours=1), owner="alive")  # type: ignore[arg-type]

    async with rig.sending() as sending:
        for _ in range(20):
            await rig.db.transact(an_hour_slow)
            await asyncio.sleep(0.05)
        sending.stop()
    assert (texts(sim, alive), texts(sim, dead)) == ([], ["卡片 7: 0"])


async def test_who_could_not_look_has_seen_no_heart_stand_still(rig, sim, group, monkeypatch) -> None:
    """After a minute without the database nobody has beaten, and nobody is dead for it."""
    monkeypatch.setattr(sender, "DEAD_AFTER_S", 10)
    await rig.show(group, "card", "7")
    await rig.claim(owner="other")
    one, shown = rig.make_sender(), {"other": rig.db.now()}
    assert one._dead(shown, 100.0) == []
    assert one._dead(shown, 160.0) == [], "away for a minute: it counts anew"
    assert one._dead(shown, 164.0) == []
    assert one._dead(shown, 168.0) == []
    assert one._dead(shown, 172.0) == ["other"]


async def test_a_claim_whose_commit_was_not_heard_of_is_made_again_at_once(
    rig, sim, groups, monkeypatch
) -> None:
    """The connection broke between the commit and the word of it: nobody would ever call what it had claimed."""
    for group in groups:
        await rig.show(group, "card", "7")
    transact, cut = rig.db.transact, []

    async def deaf_once(verb: object, *args: object, **kwargs: object) -> object:
        result = await transact(verb, *args, **kwargs)
        if result and isinstance(result, list) and isinstance(result[0], outbox.Claimed) and not cut:
            cut.append(len(result))
            raise errors.DatabaseAway("cut")
        return result

    monkeypatch.setattr(rig.db, "transact", deaf_once)
    monkeypatch.setattr(sender, "AWAY_FOR_S", 0.01)
    async with rig.sending() as sending:
        await sim.until(lambda: all(texts(sim, group) for group in groups))
        await sending.until_idle()
    assert cut == [len(groups)]
    assert all(texts(sim, group) == ["卡片 7: 0"] for group in groups)
    assert await rig.states() == ["sent"] * len(groups)


async def test_a_card_at_which_process_after_process_dies_is_left_alone_in_the_end(rig, group) -> None:
    await rig.show(group, "card", "7")
    for _ in range(10):
        at = rig.db.now() + dt.timedelta(seconds=10)
        for item in await rig.claim(owner="dead", at=at):
            await rig.db.transact(settling.begin_calls, [item.delivery.id], owner="dead")
        await rig.db.transact(settling.take_over, owners=["dead"])
        await asyncio.sleep(0)
    states = await rig.states()
    assert states == ["uncertain"] * settling.REPEATS


async def test_a_sender_that_is_alone_takes_over_at_once(rig, sim, group) -> None:
    await rig.show(group, "card", "7")
    (item,) = await rig.claim(owner="dead")
    await rig.db.transact(settling.begin_calls, [item.delivery.id], owner="dead")
    async with rig.sending(is_alone=True):
        await sim.until(lambda: texts(sim, group) == ["可能重复 卡片 7: 0"])


async def test_two_senders_share_the_work_and_double_nothing(rig, sim, groups) -> None:
    for group in groups:
        await rig.show(group, "card", "7")
    async with rig.sending() as one, rig.sending() as two:
        await asyncio.gather(one.until_idle(), two.until_idle())
    assert all(texts(sim, group) == ["卡片 7: 0"] for group in groups)


@pytest.mark.postgresql
async def test_a_database_that_goes_away_is_waited_for(pg_rig, outage, sim, group) -> None:
    async with pg_rig.sending():
        await pg_rig.show(group, "card", "7")
        await sim.until(lambda: texts(sim, group) == ["卡片 7: 0"])
        await outage.begin()
        await outage.end()
        await pg_rig.until_shown(group, "card", "8")
        await sim.until(lambda: len(texts(sim, group)) == 2)

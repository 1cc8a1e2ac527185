import asyncio
import contextlib

import aiohttp
import pytest
import telegram
from telegram.error import BadRequest, NetworkError, RetryAfter

from bot import simulator
from bot.simulator import faults

Fault = simulator.Fault
# The library warns of its own RetryAfter.retry_after whenever it raises one.
pytestmark = pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")


@pytest.fixture
async def send(sim, bot, wang):
    """Send a text to a person who has opened the chat."""
    sim.open(wang)

    async def sending(text: str = "x") -> telegram.Message:
        return await bot.send_message(wang.id, text)

    return sending


def texts(sim, wang):
    return [message.text for message in sim.messages(wang) if message.from_bot]


async def test_a_429_says_how_long_to_wait_and_does_nothing(sim, wang, send):
    sim.faults.add(Fault("sendMessage", "429", retry_after_s=7))
    with pytest.raises(RetryAfter) as caught:
        await send()
    assert caught.value._retry_after.total_seconds() == 7
    assert texts(sim, wang) == []
    assert sim.calls[-1].response["parameters"] == {"retry_after": 7}
    await send("y")
    assert texts(sim, wang) == ["y"]


async def test_a_429_has_the_header_too(sim, wang):
    sim.faults.add(Fault(kind="429", retry_after_s=3))
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{sim.url}/bot{sim.bot.token}/getMe") as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")


async def test_a_server_error_is_a_page_and_nothing_is_done(sim, wang, send):
    sim.faults.add(Fault(kind="5xx", status=502))
    with pytest.raises(NetworkError):
        await send()
    assert texts(sim, wang) == []
    assert (sim.calls[-1].status, sim.calls[-1].response) == (502, None)


async def test_a_line_cut_before_leaves_nothing_and_after_leaves_the_message(sim, wang, send):
    sim.faults.add(Fault(kind="reset_before"))
    with pytest.raises(NetworkError):
        await send("一")
    assert texts(sim, wang) == []
    sim.faults.add(Fault(kind="reset_after"))
    with pytest.raises(NetworkError):
        await send("二")
    assert texts(sim, wang) == ["二"]
    assert [call.status for call in sim.calls_of("sendMessage")] == [0, 0]


async def test_garbage_comes_back_though_the_message_was_sent(sim, wang, send):
    sim.faults.add(Fault(kind="garbage"))
    with pytest.raises(telegram.error.TelegramError):
        await send("一")
    assert texts(sim, wang) == ["一"]


async def test_a_slow_answer_comes_after_the_work(sim, wang, send):
    sim.faults.add(Fault(kind="slow", seconds=0.01))
    await send("一")
    assert texts(sim, wang) == ["一"]


async def test_a_held_request_waits_until_it_is_released(sim, wang, send):
    held = sim.faults.add(Fault("sendMessage", "hold"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send("一"))
        await sim.until(lambda: sim.faults.struck)
        await send("二")
        assert texts(sim, wang) == ["二"]
        sim.faults.release(held)
    assert texts(sim, wang) == ["二", "一"]


async def test_a_fault_strikes_its_method_and_chat_after_so_many_and_so_often(sim, bot, li, wang, send):
    sim.open(li)
    sim.faults.add(Fault("sendMessage", "5xx", chat=wang.id, after=1, times=2))
    await bot.get_me()
    await bot.send_message(li.id, "x")
    await send()
    for _ in range(2):
        with pytest.raises(NetworkError):
            await send()
    await send()


def test_chance_is_repeatable_and_about_what_was_asked():
    def struck(seed: int) -> list[bool]:
        line = faults.Faults(seed=seed)
        line.add(Fault(kind="5xx", times=None, probability=0.3))
        return [line.strike("getme", None) is not None for _ in range(1000)]

    assert struck(1) == struck(1) != struck(2)
    assert 250 < sum(struck(1)) < 350


def test_a_fault_for_every_method_leaves_polling_alone():
    line = faults.Faults()
    line.add(Fault(times=None))
    assert line.strike("getupdates", None) is None
    assert line.strike("getme", None) is not None
    line.clear()
    assert line.strike("getme", None) is None


def test_a_fault_of_no_known_kind_is_refused_at_once():
    with pytest.raises(ValueError, match="loud"):
        faults.Faults().add(Fault(kind="loud"))


# ── flood control ────────────────────────────────────────────────────────────────────────────────────


async def test_without_flood_control_everything_passes(send):
    for _ in range(40):
        await send()


async def test_one_chat_takes_a_short_burst_and_then_one_a_second(sim, send, clock):
    sim.flood.enabled = True
    for _ in range(3):
        await send()
    with pytest.raises(RetryAfter):
        await send()
    clock.forward(seconds=3)
    await send()


async def test_a_group_takes_twenty_a_minute_and_edits_count(sim, bot, group, clock):
    sim.flood.enabled = True
    sent = await bot.send_message(group.id, "0")
    for number in range(1, 20):
        clock.forward(seconds=1)
        await bot.edit_message_text(str(number), group.id, sent.message_id)
    clock.forward(seconds=1)
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(group.id, "x")
    assert caught.value._retry_after.total_seconds() == 40
    clock.forward(seconds=40)
    await bot.send_message(group.id, "x")
    assert sim.flood.refused == 1


async def test_thirty_a_second_is_the_limit_of_all(sim, bot, clock):
    people = [sim.add_user(str(number)) for number in range(31)]
    for person in people:
        sim.open(person)
    sim.flood.enabled = True
    for person in people[:30]:
        await bot.send_message(person.id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(people[30].id, "x")


async def test_answers_to_presses_are_not_limited(sim, bot, wang, group, clock):
    key = telegram.InlineKeyboardButton("✅", callback_data="y")
    await bot.send_message(group.id, "x", reply_markup=telegram.InlineKeyboardMarkup.from_button(key))
    sim.flood.enabled = True
    for _ in range(40):
        await bot.answer_callback_query(sim.press(wang, sim.last(group), "✅").query.id)


# ── the journal and the handle ───────────────────────────────────────────────────────────────────────


async def test_every_request_is_recorded_with_what_came_of_it(sim, bot, wang, send):
    await send("一")
    with pytest.raises(BadRequest):
        await send("")
    good, wrong = sim.calls_of("sendMessage")
    assert (good.ok, good.chat_id, good.params["text"], good.bot_id) == (True, wang.id, "一", sim.bot.id)
    assert (wrong.ok, wrong.status) == (False, 400)
    assert sim.journal.counts["sendMessage"] == 2
    assert sim.journal.outcomes["sendMessage", 400] == 1


async def test_the_journal_can_be_bounded(clock):
    async with simulator.Simulator(token="1:a", clock=clock, keep_calls=2) as sim:
        async with telegram.Bot("1:a", base_url=f"{sim.url}/bot") as bot:
            for _ in range(5):
                await bot.get_me()
        assert len(sim.calls) == 2
        assert sim.journal.counts["getMe"] == 6


async def test_until_looks_again_after_every_change_and_gives_up_with_a_reason(sim, bot, wang):
    sim.open(wang)
    async with asyncio.TaskGroup() as tasks:
        found = tasks.create_task(sim.until(lambda: sim.find(wang, "好")))
        tasks.create_task(bot.send_message(wang.id, "好"))
    assert found.result().text == "好"
    with pytest.raises(TimeoutError, match=r"last requests: .*sendMessage 200"):
        await sim.until(lambda: False, timeout=0.01)


async def test_changes_can_be_followed(sim, bot, wang):
    async with asyncio.timeout(5), contextlib.aclosing(sim.events()) as changes:
        sim.open(wang)
        change = await anext(changes)
    assert (change.what, change.chat_id) == ("message", wang.id)
    assert sim.world.listeners == []


async def test_leaving_the_simulator_ends_a_long_poll_at_once(clock):
    async with (
        asyncio.timeout(3),
        asyncio.TaskGroup() as tasks,
        simulator.Simulator(token="1:a", clock=clock) as sim,
    ):
        poll = tasks.create_task(_status(f"{sim.url}/bot1:a/getUpdates?timeout=50"))
        await sim.until(lambda: sim.bot.poller)
    assert poll.result() == 200


async def _status(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status

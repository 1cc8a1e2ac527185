import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp.web
import pytest
import telegram
from telegram.error import Conflict, InvalidToken

from bot import simulator


async def ids(bot: telegram.Bot, **options: object) -> list[int]:
    return [update.update_id for update in await bot.get_updates(**options)]


@pytest.fixture
def three(sim, wang):
    """Three messages waiting for the bot."""
    for word in ("一", "二", "三"):
        sim.send(wang, wang, word)


async def test_updates_stay_until_the_offset_passes_them(sim, bot, three):
    first, second, third = await ids(bot)
    assert await ids(bot) == [first, second, third]
    assert await ids(bot, offset=second) == [second, third]
    assert await ids(bot, offset=third + 1) == []
    assert await ids(bot) == []


async def test_a_negative_offset_keeps_only_the_newest(sim, bot, three):
    assert len(await ids(bot, offset=-1)) == 1
    assert len(await ids(bot)) == 1


async def test_a_limit_holds(sim, bot, three):
    assert len(await ids(bot, limit=2)) == 2


async def test_a_long_poll_ends_with_the_first_update(sim, bot, wang):
    async with asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(ids(bot, timeout=20))
        await sim.until(lambda: sim.bot.poller)
        sim.send(wang, wang, "在吗")
    assert len(poll.result()) == 1


async def test_a_second_poller_ends_the_first_with_a_conflict(sim, bot, wang):
    async with telegram.Bot(bot.token, base_url=f"{sim.url}/bot") as other, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(_outcome(bot))
        await sim.until(lambda: sim.bot.poller)
        second = tasks.create_task(_outcome(other))
        assert isinstance(await first, Conflict)
        sim.send(wang, wang, "在吗")
    assert len(second.result()) == 1
    words = [call.response["description"] for call in sim.calls_of("getUpdates") if call.status == 409]
    assert words == [
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    ]


async def _outcome(bot: telegram.Bot) -> object:
    """Return what a long poll gave, or the conflict that ended it."""
    try:
        return await bot.get_updates(timeout=20)
    except Conflict as error:
        return error


async def test_only_the_kinds_asked_for_are_kept_and_none_changes_nothing(sim, bot, wang):
    await ids(bot, allowed_updates=["my_chat_member"])
    sim.send(wang, wang, "一")
    assert await ids(bot) == []
    await ids(bot, allowed_updates=["nothing_known"])
    sim.send(wang, wang, "二")
    assert len(await ids(bot)) == 1


async def test_what_nobody_fetched_for_a_day_is_gone(sim, bot, wang, clock):
    sim.send(wang, wang, "一")
    clock.forward(hours=23)
    sim.send(wang, wang, "二")
    clock.forward(hours=1)
    (update,) = await bot.get_updates()
    assert update.message.text == "二"
    assert sim.bot.queue.dropped == 1


async def test_an_update_the_library_cannot_read_can_be_queued(sim, bot, wang):
    poisoned = sim.push_raw_update(sim.bot, {"message": {"message_id": "?"}})
    sim.send(wang, wang, "一")
    with pytest.raises(Exception, match=r"."):
        await bot.get_updates()
    (update,) = await bot.get_updates(offset=poisoned + 1)
    assert update.message.text == "一"


async def test_an_unknown_method_and_a_wrong_token_have_their_known_shapes(sim, bot):
    with pytest.raises(telegram.error.EndPointNotFound):
        await bot.do_api_request("makeCoffee")
    assert sim.calls[-1].response == {"ok": False, "error_code": 404, "description": "Not Found"}
    stranger = telegram.Bot("9:wrong", base_url=f"{sim.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()
    assert sim.calls[-1].response == {"ok": False, "error_code": 401, "description": "Unauthorized"}


@pytest.mark.parametrize("shape", ["json", "data", "params"])
async def test_every_kind_of_body_is_read(sim, wang, shape):
    sim.open(wang)
    keyboard = {"inline_keyboard": [[{"text": "✅", "callback_data": "y"}]]}
    fields = {"chat_id": wang.id, "text": "好", "reply_markup": keyboard}
    if shape != "json":
        fields = {"chat_id": str(wang.id), "text": "好", "reply_markup": json.dumps(keyboard)}
    async with aiohttp.ClientSession() as session:
        url = f"{sim.url}/bot{sim.bot.token}/sendmessage"
        async with session.post(url, **{shape: fields}) as response:
            assert (await response.json())["ok"]
    assert sim.last(wang).button_texts == ["✅"]
    assert sim.calls[-1].params["reply_markup"] == keyboard


# ── webhook ──────────────────────────────────────────────────────────────────────────────────────────


class Door:
    """A bot's webhook that notes what it was given and answers as told."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.secrets: list[str | None] = []
        self.texts: list[str] = []
        self.answer = ""

    async def handle(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        status = self.statuses.pop(0) if self.statuses else 200
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if status == 200:
            self.texts.append((await request.json())["message"]["text"])
        return aiohttp.web.Response(status=status, text=self.answer, content_type="application/json")


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    app = aiohttp.web.Application()
    app.router.add_post("/hook", made.handle)
    runner = aiohttp.web.AppRunner(app, access_log=None)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_a_webhook_is_given_updates_with_its_secret(sim, bot, wang, door, three):
    await bot.set_webhook(door.url, secret_token="s3cret_-")
    await sim.until(lambda: not sim.bot.queue.pending)
    assert door.texts == ["一", "二", "三"]
    assert set(door.secrets) == {"s3cret_-"}
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.last_error_date) == (door.url, 0, None)


async def test_a_webhook_that_fails_is_tried_again_in_order(sim, bot, wang, door, three):
    door.statuses = [500, 502]
    await bot.set_webhook(door.url)
    await sim.until(lambda: not sim.bot.queue.pending)
    assert door.texts == ["一", "二", "三"]
    assert len(door.secrets) == 5
    assert "502" in (await bot.get_webhook_info()).last_error_message


async def test_a_webhook_may_answer_with_a_method(sim, bot, wang, door):
    door.answer = json.dumps({"method": "sendMessage", "chat_id": wang.id, "text": "收到"})
    await bot.set_webhook(door.url)
    sim.open(wang)
    await sim.until(lambda: sim.has(wang, "收到"))


async def test_polling_and_webhook_exclude_each_other(sim, bot, wang, door):
    async with asyncio.TaskGroup() as tasks:
        poll = tasks.create_task(_outcome(bot))
        await sim.until(lambda: sim.bot.poller)
        await bot.set_webhook(door.url)
    assert isinstance(poll.result(), Conflict)
    with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await ids(bot) == []


async def test_deleting_the_webhook_keeps_updates_unless_told_to_drop_them(sim, bot, wang, three):
    await bot.delete_webhook()
    assert len(await ids(bot)) == 3
    await bot.delete_webhook(drop_pending_updates=True)
    assert await ids(bot) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "ftp://a.b"}, "An HTTPS URL must be provided"),
        ({"url": "https://a.b", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "https://a.b", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
async def test_a_wrong_webhook_is_refused(sim, bot, options, words):
    with pytest.raises(telegram.error.BadRequest):
        await bot.set_webhook(**options)
    assert words in sim.calls[-1].response["description"]


def test_a_simulator_without_a_clock_reads_the_wall_s():
    assert simulator.Simulator().world.clock().tzinfo is not None

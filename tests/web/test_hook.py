"""Telegram is told where the door is, kept to it, and what it could not push for a while is known to be old."""

import datetime as dt

import pytest

from bot import errors
from bot.inbox import leases
from bot.simulator import Fault
from bot.telegram import gateway, hook, polling
from tests.telegram.test_intake import last_asked, pressed, text_update
from tests.web import pushing


async def test_telegram_is_told_what_polling_would_ask_for(rig, sim, wang) -> None:
    sim.send(wang, wang, "a")  # before anybody was there
    async with pushing.serve(rig) as served:
        await rig.until_heard("a")
        (call,) = sim.calls_of("setWebhook")
        assert call.params["url"] == served.url + pushing.PATH
        assert call.params["secret_token"] == pushing.SECRET
        assert call.params["allowed_updates"] == list(polling.ALLOWED_UPDATES)
        assert int(call.params["max_connections"]) == hook.CONNECTIONS
        assert call.params.get("drop_pending_updates") in (None, "false", False)
        assert not sim.calls_of("getUpdates")


async def test_a_telegram_that_cannot_be_reached_is_asked_again(rig, sim, wang, monkeypatch) -> None:
    monkeypatch.setattr(polling, "LONGEST_PAUSE_S", 0.05)
    sim.faults.add(Fault("setWebhook", "5xx", times=2))
    sim.faults.add(Fault("getWebhookInfo", "reset_before", times=2))
    sim.send(wang, wang, "a")
    async with pushing.serve(rig):
        await rig.until_heard("a")
    assert len(sim.calls_of("setWebhook")) == 3


async def test_a_webhook_somebody_took_away_is_set_again(rig, sim, wang) -> None:
    async with pushing.serve(rig) as served:
        await rig.gateway.bot.delete_webhook()
        sim.send(wang, wang, "a")
        await rig.until_heard("a")
        await rig.until(lambda: served.hook.is_set)


async def test_a_token_telegram_does_not_know_ends_it(rig, sim) -> None:
    rig.gateway = gateway.Gateway.connect("7000009:unknown", sim.url)
    made = hook.Hook(rig.db, rig.gateway.bot, url="https://a.example/t", secret="s", owner="x")
    with pytest.raises(errors.Refused, match="BOT_TOKEN"):
        await rig.make_intake(hook=made).run()
    await rig.gateway.close()


# ── after an outage ────────────────────────────────────────────────────────────────────────────────


async def test_a_press_pushed_after_an_outage_says_how_old_it_may_be(rig, sim, group, wang) -> None:
    at = await last_asked(rig, dt.timedelta(minutes=10))
    await pressed(rig, sim, group, wang)
    async with pushing.serve(rig) as served:
        await rig.until_heard("yes")
        await rig.until(lambda: served.hook.pressed_before() is None)
        sim.press(wang, sim.last(group), "已落实")
        await rig.until_heard("yes", "yes")
    assert rig.pressed_before == [at, None]
    beat = await rig.db.read(leases.last_beat, polling.LEASE)
    assert beat is not None
    assert beat > at + dt.timedelta(minutes=9)


async def test_a_short_pause_is_no_outage(rig, sim, group, wang) -> None:
    await last_asked(rig, dt.timedelta(seconds=40))
    await pressed(rig, sim, group, wang)
    async with pushing.serve(rig):
        await rig.until_heard("yes")
    assert rig.pressed_before == [None]


async def test_what_telegram_could_not_push_to_a_living_process_is_old_too(
    rig, sim, group, wang, monkeypatch
) -> None:
    async with pushing.serve(rig) as served:
        await rig.until(lambda: served.hook._well_at is not None)
        served.door.take = None  # as good as a broken line
        await pressed(rig, sim, group, wang)
        await sim.until(lambda: sim.bot.webhook.error is not None)
        looks = len(sim.calls_of("getWebhookInfo"))
        await sim.until(lambda: len(sim.calls_of("getWebhookInfo")) > looks + 1)
        well_at = served.hook._well_at
        monkeypatch.setattr(rig.db, "now", _later(rig.db.now, dt.timedelta(minutes=2)))
        served.door.take = served.intake.take
        await rig.until_heard("yes")
        assert rig.pressed_before == [well_at]
        await rig.until(lambda: served.hook.pressed_before() is None)


async def test_the_end_of_an_outage_is_not_noted_before_telegram_holds_nothing_old(rig, sim, wang) -> None:
    at = await last_asked(rig, dt.timedelta(minutes=10))
    sim.send(wang, wang, "wait")
    async with pushing.serve(rig, handle_for_s=30) as served:
        looks = len(sim.calls_of("getWebhookInfo"))
        await sim.until(lambda: len(sim.calls_of("getWebhookInfo")) > looks + 2)
        assert served.hook.pressed_before() == at
        assert await rig.db.read(leases.last_beat, polling.LEASE) == at
        rig.gate.set()
        await rig.until_heard("wait")
        await rig.until(lambda: served.hook.pressed_before() is None)


async def test_a_chat_that_keeps_talking_does_not_make_an_outage_last(rig, sim, wang, monkeypatch) -> None:
    monkeypatch.setattr(hook, "TRIED_WITHIN", dt.timedelta(seconds=0.3))
    await last_asked(rig, dt.timedelta(minutes=10))
    sim.send(wang, wang, "wait")
    async with pushing.serve(rig, handle_for_s=30) as served:
        await rig.until(lambda: rig.handled == ["wait"])  # it is never rid of everything
        await rig.until(lambda: served.hook.pressed_before() is None)
        rig.gate.set()


async def test_a_telegram_that_is_merely_busy_is_no_outage(rig, sim, wang) -> None:
    sim.send(wang, wang, "wait")
    async with pushing.serve(rig, handle_for_s=30) as served:
        await rig.until(lambda: rig.handled == ["wait"])
        before = rig.db.now()
        await rig.until(lambda: served.hook._well_at is not None and served.hook._well_at > before)
        assert sim.bot.queue.pending
        rig.gate.set()


async def test_nothing_is_taken_before_it_is_known_how_old_it_may_be(rig, wang) -> None:
    receiving = rig.make_intake(
        hook=hook.Hook(rig.db, rig.gateway.bot, url="https://a", secret="s", owner="x")
    )
    with pytest.raises(errors.DatabaseAway):
        await receiving.take(text_update(1, wang, "a"))


def _later(now, by: dt.timedelta):
    return lambda: now() + by

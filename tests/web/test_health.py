"""Whether the process lives, whether it is ready and if not why, and what it counts."""

import asyncio
import datetime as dt
import json
import re
import socket

import pytest

from bot import errors
from bot.plans import lateness, model
from bot.simulator import Fault
from bot.web import door, gauges, serving
from tests.telegram import tiny
from tests.telegram.test_intake import text_update
from tests.web import pushing


async def test_the_process_lives_and_says_so_whatever_else_is_wrong(sqlite_rig) -> None:
    async with pushing.serve(sqlite_rig) as served:
        served.door.pings["anything"] = _never
        assert await served.get("/healthz") == (200, "ok\n")


async def test_each_thing_it_cannot_do_without_is_named(sqlite_rig, sim, monkeypatch) -> None:
    monkeypatch.setattr(door, "PING_FOR_S", 0.2)
    async with pushing.serve(sqlite_rig) as served:
        served.door.pings |= {"updates": served.intake.ping, "telegram": _near(sqlite_rig)}
        assert json.loads((await served.get("/readyz"))[1]) == {
            "ready": True, "checks": {"updates": "ok", "telegram": "ok"}
        }  # fmt: skip
        served.door.pings |= {"database": _away, "stuck": _never}
        served.hook.is_set = False
        status, said = await served.get("/readyz")
        assert status == 503
        assert json.loads(said) == {
            "ready": False,
            "checks": {
                "updates": "webhook not set", "telegram": "ok", "database": "DatabaseAway", "stuck": "no answer",
            },
        }  # fmt: skip


async def test_who_polls_is_ready_once_somebody_has_the_lease(rig) -> None:
    receiving = rig.make_intake()
    assert await receiving.ping() == "not running"
    async with rig.receiving() as running:
        await rig.until(lambda: running._polling._is_held)
        assert await running.ping() == ""
        async with rig.receiving(is_alone=False) as standing_by:
            assert await standing_by.ping() == ""
            assert not standing_by._polling._is_held


@pytest.mark.postgresql
async def test_a_database_that_is_away_makes_it_unready(pg_rig, outage) -> None:
    async with pushing.serve(pg_rig) as served:
        served.door.pings["database"] = lambda: pg_rig.db.read(lambda _tx: "")
        assert (await served.get("/readyz"))[0] == 200
        await outage.begin()
        assert (await served.get("/readyz"))[0] == 503
        await outage.end()


async def test_a_telegram_that_has_just_answered_is_not_asked_again(rig, sim) -> None:
    await rig.gateway.bot.get_me()
    asked = len(sim.calls_of("getMe"))
    assert await rig.gateway.ping(within_s=60) == ""
    assert len(sim.calls_of("getMe")) == asked
    assert await rig.gateway.ping(within_s=0) == ""
    assert len(sim.calls_of("getMe")) == asked + 1
    sim.faults.add(Fault("getMe", "5xx", times=1))
    assert await rig.gateway.ping(within_s=0) != ""


# ── figures ────────────────────────────────────────────────────────────────────────────────────────


def figures(page: str) -> dict[str, float]:
    lines = re.findall(r"^(xiaoan_\S+) (\S+)$", page, re.MULTILINE)
    return {name: float(value) for name, value in lines}


async def test_what_happens_is_counted_and_what_waits_is_shown(rig, sim, group, wang) -> None:
    async def measure() -> None:
        gauges.show(await rig.db.read(gauges.read, rig.db.now(), ["R1"]))

    async with pushing.serve(rig) as served:
        served.door.measure = measure
        before = figures((await served.get("/metrics"))[1])
        await rig.show(group, "card", "7")
        waiting = figures((await served.get("/metrics"))[1])
        async with rig.sending() as sending:
            await sending.until_idle()
        assert await served.push(text_update(900, wang, "boom")) == 200
        assert await served.push({"update_id": 901, "message": 7}) == 200
        assert await served.push({}, secret="wrong") == 403
        await sim.press(wang, sim.last(group), "已落实").answered()
        await rig.until_heard("yes")
        await sim.until(lambda: not sim.bot.queue.pending)
        after = figures((await served.get("/metrics"))[1])

    assert waiting['xiaoan_deliveries_due{lane="scheduled"}'] == 1
    assert 0 <= waiting['xiaoan_oldest_delivery_seconds{lane="scheduled"}'] < 60
    assert after['xiaoan_deliveries_due{lane="scheduled"}'] == 0
    assert after['xiaoan_oldest_delivery_seconds{lane="scheduled"}'] == 0
    assert (after["xiaoan_parked_updates"], after["xiaoan_poisoned_updates"]) == (1, 1)
    moved = {name: after[name] - before.get(name, 0) for name in after}
    assert moved['xiaoan_updates_total{fate="handled",kind="callback_query"}'] == 1
    assert moved['xiaoan_updates_total{fate="parked",kind="message"}'] == 1
    assert moved['xiaoan_updates_total{fate="unreadable",kind="message"}'] == 1
    assert moved['xiaoan_calls_total{verdict="sent"}'] == 1
    assert moved["xiaoan_call_seconds_count"] == 1
    assert moved["xiaoan_update_seconds_count"] == 3
    assert moved['xiaoan_webhook_answers_total{status="403"}'] == 1
    assert {'xiaoan_chase_crossings{how="outrun"}', "xiaoan_plans_late_seconds"} <= set(after)


async def test_the_plan_furthest_behind_tells_how_late_plans_are(db) -> None:
    now = db.now()

    def plan(tx, _now, plan_id: str, minutes: int, *, is_enabled: bool = True) -> None:
        tx.execute(
            model.plan.insert().values(
                id=plan_id, is_enabled=is_enabled, file_enabled=True, looked_until=now, changed_at=now,
                next_fire_at=now - dt.timedelta(minutes=minutes),
            )
        )  # fmt: skip

    await db.transact(plan, "R1", -60)
    assert await db.read(lateness.worst, now, ["R1", "R2", "R3"]) == dt.timedelta(0)
    await db.transact(plan, "R2", 10)
    await db.transact(plan, "R3", 20, is_enabled=False)
    await db.transact(plan, "R4", 30)  # no longer in the files
    assert await db.read(lateness.worst, now, ["R1", "R2", "R3"]) == dt.timedelta(minutes=10)


async def test_a_door_that_cannot_be_opened_is_refused_with_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.Refused, match=f"PORT={port}"):
            async with serving.opened(door.Door(), "127.0.0.1", port):
                pass
    with pytest.raises(errors.Refused, match="HOST=nowhere"):
        async with serving.opened(door.Door(), "nowhere.invalid", 0):
            pass


async def _away() -> str:
    raise errors.DatabaseAway("away")


async def _never() -> str:
    await asyncio.Event().wait()
    return ""


def _near(rig: tiny.Rig) -> door.Ping:
    return lambda: rig.gateway.ping(within_s=60)

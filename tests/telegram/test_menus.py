"""A person's own menu goes through the outbox: whatever goes wrong, it ends as it should be."""

import datetime as dt
import json

import pytest

from bot.db import Tx
from bot.delivery.message import OutgoingMessage
from bot.delivery.model import Lane
from bot.delivery.outbox import Delivery
from bot.roster import menus
from bot.simulator import Fault, Simulator, User
from tests.telegram import tiny

LINES = {"officer": (("send", "发通知"), ("help", "帮助")), "none": ()}


def prepare(tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage:
    return OutgoingMessage("", edit_of=menus.ITSELF, menu=LINES[delivery.subject])


def shown(sim: Simulator, user: User) -> list[str] | None:
    """The chat's own commands; None where it has none of its own."""
    found = sim.bot.commands.get(json.dumps([{"type": "chat", "chat_id": user.id}, ""], sort_keys=True))
    return None if found is None else [str(one["command"]) for one in found]


async def test_a_menu_comes_and_goes_whatever_goes_wrong(
    rig: tiny.Rig, sim: Simulator, wang: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same menu a second time, too: it was no message that could be edited once it is sent."""
    monkeypatch.setitem(tiny.PREPARE, menus.KIND, prepare)
    async with rig.sending():
        for number, fault in enumerate(("reset_after", "5xx", "")):
            key, commands = [("officer", ["send", "help"]), ("none", None)][number % 2]
            if fault:
                sim.faults.add(Fault("setMyCommands" if commands else "deleteMyCommands", fault))
            await rig.show(wang, menus.KIND, key, lane=Lane.REFRESH)
            await rig.until(lambda wanted=commands: shown(sim, wang) == wanted)  # type: ignore[misc]
            await rig.until_states(*["sent"] * (number + 1))
    assert not sim.calls_of("sendMessage")

"""The life of a process that kills itself at a named step of the sender or of the intake."""

import os
import signal
from collections.abc import Callable

from bot import clock
from bot.db import Database
from bot.telegram import gateway
from tests.telegram import tiny


def dying(at_step: str, nth: int) -> Callable[[str], None]:
    left = [nth]

    def at(step: str) -> None:
        left[0] -= step == at_step
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


async def live(database: str, api: str, part: str, step: str, nth: str) -> None:
    db = await Database.open(database, clock=clock.system)
    rig = tiny.Rig(db, None, gateway.Gateway.connect(tiny.TOKEN, api), name="mortal")
    make = rig.make_sender if part == "sender" else rig.make_intake
    await make(at=dying(step, int(nth))).run()

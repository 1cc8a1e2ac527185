"""The life of a process behind a web door that kills itself at a named step."""

import asyncio

from bot import clock
from bot.db import Database
from bot.telegram import gateway
from tests.telegram import mortal, tiny
from tests.web import pushing


async def live(database: str, api: str, port: str, step: str, nth: str) -> None:
    db = await Database.open(database, clock=clock.system)
    rig = tiny.Rig(db, None, gateway.Gateway.connect(tiny.TOKEN, api), name="mortal")
    async with pushing.serve(rig, port=int(port), at=mortal.dying(step, int(nth))):
        await asyncio.Event().wait()

"""An intake behind a real door on a real port, and short ways to push at it by hand."""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.telegram import hook, intake
from bot.web import door, serving
from tests.telegram import tiny

PATH = "/telegram"
SECRET = "s3cret_-of-the-door"
_lives = itertools.count()


@dataclass(slots=True)
class Served:
    """One process's worth of web door."""

    url: str
    door: door.Door
    hook: hook.Hook
    intake: intake.Intake

    async def push(self, raw: object, *, secret: str = SECRET) -> int:
        """Push as Telegram does; the status answered."""
        async with aiohttp.ClientSession() as session:
            return await post(session, self.url + PATH, json=raw, secret=secret)

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return answer.status, await answer.text()


async def post(session: aiohttp.ClientSession, url: str, *, secret: str = SECRET, **given: Any) -> int:
    headers = {door.SECRET: secret} if secret else {}
    async with session.post(url, headers=headers, **given) as answer:
        return answer.status


@contextlib.asynccontextmanager
async def serve(rig: tiny.Rig, *, port: int = 0, **given: Any) -> AsyncIterator[Served]:
    """Telegram pushes to this until the end of the block, and goes on trying after it."""
    made = door.Door(webhook=door.Webhook(PATH, SECRET))
    async with serving.opened(made, "127.0.0.1", port) as url:
        owner = f"{rig.name}-hook-{next(_lives)}"
        set_ = hook.Hook(
            rig.db, rig.gateway.bot, url=url + PATH, secret=SECRET, owner=owner, look_every_s=0.1
        )
        async with rig.receiving(hook=set_, **given) as receiving:
            made.take = receiving.take
            await rig.until(lambda: set_.is_set)
            yield Served(url, made, set_, receiving)

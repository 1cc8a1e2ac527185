"""Pushing updates to a bot's webhook: in order per chat, again and again until it answers 2xx."""

import asyncio
import contextlib
import json

import aiohttp

from bot.simulator import access, methods, model, params, refusals, updates

LONGEST_PAUSE_S = 60.0
_PUSH_TIMEOUT = aiohttp.ClientTimeout(total=60)


class Pusher:
    """Pushes one bot's updates while it has a webhook.

    Args:
        world: Where the bot lives.
        bot: Whose updates to push.
        retry_s: The pause after the first failure; it doubles with each further one.
    """

    def __init__(self, world: model.World, bot: model.Bot, *, retry_s: float) -> None:
        self._world = world
        self._bot = bot
        self._retry_s = retry_s
        self._busy: set[int] = set()
        self._failures: dict[int, int] = {}

    async def run(self) -> None:
        """Push until cancelled."""
        async with aiohttp.ClientSession(timeout=_PUSH_TIMEOUT) as session, asyncio.TaskGroup() as tasks:
            while True:
                for hook, update in self._ready():
                    self._busy.add(update.lane)
                    tasks.create_task(self._push(session, hook, update))
                await self._bot.queue.pulse.next()

    def _ready(self) -> list[tuple[model.Webhook, updates.Pending]]:
        """Return the oldest update of each lane nobody is pushing, as far as connections reach."""
        hook = self._bot.webhook
        if hook is None:
            return []
        self._bot.queue.expire(self._world.clock())
        first: dict[int, updates.Pending] = {}
        for update in self._bot.queue.pending:
            if update.lane not in self._busy:
                first.setdefault(update.lane, update)
        room = hook.max_connections - len(self._busy)
        return [(hook, update) for update in list(first.values())[: max(room, 0)]]

    async def _push(
        self, session: aiohttp.ClientSession, hook: model.Webhook, update: updates.Pending
    ) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
        fault, wait_s = await self._post(session, hook.url, update, headers)
        queue = self._bot.queue
        if fault is None:
            self._failures.pop(update.lane, None)
            queue.pending = [other for other in queue.pending if other is not update]
        else:
            hook.error, hook.error_at = fault, self._world.clock()
            self._world.changed(model.Change("call"))
            failures = self._failures[update.lane] = self._failures.get(update.lane, 0) + 1
            pause_s = min(self._retry_s * 2 ** (failures - 1), LONGEST_PAUSE_S)
            await asyncio.sleep(wait_s if wait_s is not None else pause_s)
        self._busy.discard(update.lane)
        queue.pulse.beat()
        self._world.changed(model.Change("update"))

    async def _post(
        self, session: aiohttp.ClientSession, url: str, update: updates.Pending, headers: dict[str, str]
    ) -> tuple[str | None, float | None]:
        """Return what went wrong, or None, and how long the receiver asked to wait."""
        try:
            async with session.post(url, json=update.payload, headers=headers) as response:
                if response.status // 100 == 2:
                    self._obey(await response.text())
                    return None, None
                wait_s = response.headers.get("Retry-After")
                fault = f"Wrong response from the webhook: {response.status} {response.reason}"
                return fault, min(float(wait_s), 3600.0) if wait_s and wait_s.isdigit() else None
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"Connection failed: {type(error).__name__}", None

    def _obey(self, answer: str) -> None:
        """Do what a receiver asked in its answer's body; nobody is told how it went."""
        try:
            body = json.loads(answer or "null")
        except ValueError:
            return
        method = methods.METHODS.get(str(body.get("method", "")).lower()) if isinstance(body, dict) else None
        if method is not None:
            with contextlib.suppress(refusals.Refused):
                method(access.Ask(self._world, self._bot, params.Params(params.typed(body), {})))

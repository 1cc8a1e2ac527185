"""What the web door answers: a webhook that says 200 only after the commit, health, metrics.

It knows neither Telegram nor the tables: what takes an update, and what tells how we are, is passed in.
"""

import asyncio
import functools
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot import errors, metrics

log = structlog.get_logger()

Take: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
Ping: TypeAlias = Callable[[], Awaitable[str]]  # '' is well, else a word for what is not
Measure: TypeAlias = Callable[[], Awaitable[None]]

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
BODY_BYTES = 1 << 20  # Telegram's longest updates are a tenth of it
READ_FOR_S = 10
ANSWER_FOR_S = 30  # intake parks what takes 5 s; this is for a database that neither answers nor is away
COME_BACK_S = 5  # Telegram's own pause doubles up to two minutes; a database is mostly back before
PING_FOR_S = 5
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where updates are pushed to, and the word by which we know that it is Telegram."""

    path: str
    secret: str


@dataclass(slots=True)
class Door:
    """One process's web door.

    Attributes:
        webhook: None: updates are fetched, nobody pushes any.
        take: returns when an update is committed or parked; None until somebody handles updates.
        pings: each thing this process cannot do without, by name.
        measure: sets the gauges; None until somebody can.
    """

    webhook: Webhook | None = None
    take: Take | None = None
    pings: dict[str, Ping] = field(default_factory=dict)
    measure: Measure | None = None
    _has_told: bool = False

    def application(self) -> Starlette:
        """The routes."""
        routes = [
            Route("/healthz", self._health),
            Route("/readyz", self._readiness),
            Route("/metrics", self._metrics),
        ]
        if self.webhook is not None:
            receive = functools.partial(self._receive, self.webhook.secret.encode())
            routes.append(Route(self.webhook.path, receive, methods=["POST"]))
        return Starlette(routes=routes)

    # ── how we are ──────────────────────────────────────────────────────────────────────────────────

    async def _health(self, _request: Request) -> Response:
        """The process lives: its event loop has come round to this."""
        return PlainTextResponse("ok\n")

    async def _readiness(self, _request: Request) -> Response:
        async with asyncio.TaskGroup() as tasks:
            asked = {name: tasks.create_task(_ask(ping)) for name, ping in self.pings.items()}
        found = {name: task.result() for name, task in asked.items()}
        is_ready = not any(found.values())
        checks = {name: word or "ok" for name, word in found.items()}
        return JSONResponse({"ready": is_ready, "checks": checks}, 200 if is_ready else 503)

    async def _metrics(self, _request: Request) -> Response:
        if self.measure is not None:
            await self.measure()
        return Response(metrics.page(), media_type=metrics.CONTENT_TYPE)

    # ── the webhook ─────────────────────────────────────────────────────────────────────────────────

    async def _receive(self, secret: bytes, request: Request) -> Response:
        """200: committed or parked. Anything else, and Telegram pushes it again."""
        status = await self._status(request) if self._is_telegram(request, secret) else 403
        metrics.WEBHOOK_ANSWERS.labels(str(status)).inc()
        headers = {"Retry-After": str(COME_BACK_S)} if status == 503 else {}
        return Response(status_code=status, headers=headers)

    async def _status(self, request: Request) -> int:
        body = await _body(request)
        raw = None if body is None else _update(body)
        if raw is None:
            log.warning("webhook_unreadable", bytes=None if body is None else len(body))
            return 400
        return await self._hand_over(raw)

    async def _hand_over(self, raw: Mapping[str, Any]) -> int:
        if self.take is None:
            return 503
        try:
            async with asyncio.timeout(ANSWER_FOR_S):
                await self.take(raw)
        except (errors.DatabaseAway, TimeoutError):
            return 503
        return 200

    def _is_telegram(self, request: Request, secret: bytes) -> bool:
        given = request.headers.get(SECRET, "")
        if hmac.compare_digest(given.encode(), secret):
            return True
        if not self._has_told:  # once: whoever knocks at a public door must not fill the log
            log.warning("webhook_stranger", has_secret=bool(given))
        self._has_told = True
        return False


async def _ask(ping: Ping) -> str:
    try:
        async with asyncio.timeout(PING_FOR_S):
            return await ping()
    except TimeoutError:
        return "no answer"
    except errors.XiaoanError as fault:
        return type(fault).__name__


async def _body(request: Request) -> bytes | None:
    """What was sent; None if it is too long, or does not come to an end."""
    got = bytearray()
    try:
        async with asyncio.timeout(READ_FOR_S):
            async for piece in request.stream():
                got += piece
                if len(got) > BODY_BYTES:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(got)


def _update(body: bytes) -> Mapping[str, Any] | None:
    """The update in it, however odd; None without an id by which it could be known again."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return None
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    is_known = type(update_id) is int and 0 <= update_id <= LARGEST_ID
    return raw if is_known else None

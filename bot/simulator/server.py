"""The HTTP face: reads a request, lets faults and flood control have their say, answers as Telegram does."""

import asyncio
import dataclasses
import json
from typing import Any

import aiohttp.web

from bot.simulator import access, faults, flood, journal, methods, model, params, polling, refusals

_MAX_BODY = 64 * 1024 * 1024
_BAD_GATEWAY = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"


_NOTHING = params.Params({}, {})


@dataclasses.dataclass(slots=True)
class _Exchange:
    """One request on its way through."""

    request: aiohttp.web.Request
    method: str
    bot: model.Bot | None = None
    given: params.Params = _NOTHING
    fault: faults.Fault | None = None

    def fails(self, *kinds: faults.Kind) -> bool:
        """Return whether one of these faults strikes here."""
        return self.fault is not None and self.fault.kind in kinds


class Server:
    """Speaks the Bot API over HTTP for one world."""

    def __init__(
        self, world: model.World, journal_: journal.Journal, faults_: faults.Faults, flood_: flood.Flood
    ) -> None:
        self._world = world
        self._journal = journal_
        self._faults = faults_
        self._flood = flood_

    def app(self) -> aiohttp.web.Application:
        """Return the application to run."""
        app = aiohttp.web.Application(client_max_size=_MAX_BODY)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_route("*", "/{rest:.*}", self._nowhere)
        return app

    async def _nowhere(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        return _json(refusals.Refused(404, "Not Found").body(), 404)

    async def _download(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        if request.match_info["token"] not in self._world.bots:
            return _json(refusals.Refused(401, "Unauthorized").body(), 401)
        for file in self._world.files.values():
            if file.path == request.match_info["path"]:
                return aiohttp.web.Response(body=file.content, content_type="application/octet-stream")
        return _json(refusals.Refused(404, "Not Found").body(), 404)

    async def _call(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        exchange = _Exchange(request, request.match_info["method"])
        try:
            body = await self._process(exchange)
        except refusals.Refused as refused:
            body = refused.body()
        return await self._answer(exchange, body)

    async def _process(self, exchange: _Exchange) -> dict[str, Any]:
        """Return the JSON to answer, or an empty one when the line is to be cut first."""
        exchange.bot = self._world.bots.get(exchange.request.match_info["token"])
        exchange.given = await params.read(exchange.request)
        if exchange.bot is None:
            raise refusals.Refused(401, "Unauthorized")
        name, chat_id = exchange.method.lower(), exchange.given.get("chat_id")
        exchange.fault = self._faults.strike(name, chat_id)
        self._world.pulse.beat()
        await self._strike_first(exchange)
        if exchange.fails(faults.Kind.RESET_BEFORE, faults.Kind.SERVER_ERROR):
            return {}
        self._flood.check(exchange.bot, name, chat_id, self._world.clock())
        ask = access.Ask(self._world, exchange.bot, exchange.given)
        return {"ok": True, "result": await _run(name, ask)}

    async def _strike_first(self, exchange: _Exchange) -> None:
        """Let a fault have its way that comes before the work."""
        if exchange.fault is None:
            return
        if exchange.fails(faults.Kind.HOLD):
            await self._faults.hold(exchange.fault)
        if exchange.fails(faults.Kind.TOO_MANY):
            raise refusals.flooded(exchange.fault.retry_after_s)

    async def _answer(self, exchange: _Exchange, body: dict[str, Any]) -> aiohttp.web.Response:
        """Record the call and answer it, or break the answer as the fault says."""
        fault = exchange.fault
        if fault is not None and exchange.fails(faults.Kind.SLOW):
            await asyncio.sleep(fault.seconds)
        if exchange.fails(faults.Kind.RESET_BEFORE, faults.Kind.RESET_AFTER):
            self._record(exchange, 0, None)
            if exchange.request.transport is not None:
                exchange.request.transport.abort()
            return aiohttp.web.Response()
        if fault is not None and exchange.fails(faults.Kind.SERVER_ERROR):
            self._record(exchange, fault.status, None)
            return aiohttp.web.Response(status=fault.status, text=_BAD_GATEWAY, content_type="text/html")
        if exchange.fails(faults.Kind.GARBAGE):
            self._record(exchange, 200, None)
            return aiohttp.web.Response(text='{"ok":true,"resu', content_type="application/json")
        status = int(body.get("error_code", 200))
        self._record(exchange, status, body)
        return _json(body, status)

    def _record(self, exchange: _Exchange, status: int, body: dict[str, Any] | None) -> None:
        asked = exchange.given.values | exchange.given.uploads
        bot_id = exchange.bot.id if exchange.bot else 0
        self._journal.add(journal.Call(exchange.method, asked, self._world.clock(), status, body, bot_id))
        self._world.changed(model.Change("call"))


async def _run(name: str, ask: access.Ask) -> Any:
    if name == "getupdates":
        return await polling.get_updates(ask)
    method = methods.METHODS.get(name)
    if method is None:
        raise refusals.Refused(404, "Not Found")
    return method(ask)


def _json(body: dict[str, Any], status: int) -> aiohttp.web.Response:
    headers = {}
    if "retry_after" in body.get("parameters", {}):
        headers["Retry-After"] = str(body["parameters"]["retry_after"])
    text = json.dumps(body, ensure_ascii=False)
    return aiohttp.web.Response(text=text, status=status, headers=headers, content_type="application/json")

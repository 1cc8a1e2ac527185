"""The page's server: static files, what people do as small POSTs, and one stream of changes to each browser."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import errno
import json
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.simulator import model, refusals
from bot.simulator.page import panel, views
from bot.simulator.simulator import Simulator

Json = dict[str, Any]
STATIC = pathlib.Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
GATHERED_FOR_S = 0.05  # changes of one moment travel together
HEARTBEAT_S = 15.0
ANSWER_WITHIN_S = 15.0  # a button spins no longer
UPLOAD_BYTES = 20 * 1024 * 1024
MOST_PHONES = 6
TRIED_PORTS = 50
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclasses.dataclass(eq=False, slots=True)
class _Watch:
    """One browser that looks: its phones, and what changed since it was last told."""

    phones: list[tuple[model.User, int | None]]
    woken: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    changes: list[model.Change] = dataclasses.field(default_factory=list)
    is_panel_old: bool = False

    def hear(self, change: model.Change | None) -> None:
        """A change of the world, or of the panel if None."""
        if change is None:
            self.is_panel_old = True
        else:
            self.changes.append(change)
        self.woken.set()


class Page:
    """Shows a simulator's world in the browser.

    Args:
        sim: The world.
        host: Who stages it and gives the panel; by default nobody does.
        zone: Of the wall clocks in the chats.
    """

    def __init__(self, sim: Simulator, host: panel.Host | None = None, *, zone: dt.tzinfo = dt.UTC) -> None:
        self._sim = sim
        self._host = host or panel.Everyone(sim)
        self._views = views.Views(sim, zone)
        self._watches: list[_Watch] = []
        self._seen = asyncio.Event()
        self._closing = False

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        """Serve at this address, or at the next free port after it; the value is the page's URL.

        Raises:
            OSError: The address is none of this machine's, or all ports tried are taken.
        """
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._sim.world.listeners.append(self._changed)
        try:
            await _listen(runner, host, port)
            shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # compared, not bound
            name = f"[{shown}]" if ":" in shown else shown
            yield f"http://{name}:{runner.addresses[0][1]}"
        finally:
            self._closing = True
            self.refresh()
            self._sim.world.listeners.remove(self._changed)
            await runner.cleanup()

    def refresh(self) -> None:
        """Tell every browser that the panel changed."""
        for watch in self._watches:
            watch.hear(None)

    async def seen(self) -> None:
        """Return once a browser looks."""
        await self._seen.wait()

    def _changed(self, change: model.Change) -> None:
        if change.what in {"message", "edited", "deleted", "member"}:
            for watch in self._watches:
                watch.hear(change)

    # ── the doors ────────────────────────────────────────────────────────────────────────────────────

    def app(self) -> web.Application:
        """Return the application to run."""
        app = web.Application(client_max_size=UPLOAD_BYTES, middlewares=[_guard])
        app.router.add_get("/", self._static)
        app.router.add_get("/api/events", self._events)
        app.router.add_get("/api/files/{id}", self._download)
        for name, act in {
            "press": self._press, "say": self._say, "tap": self._tap, "open": self._open, "follow": self._follow,
            "file": self._upload, "do": self._do,
        }.items():  # fmt: skip
            app.router.add_post(f"/api/{name}", act)
        app.router.add_get("/{name}", self._static)
        return app

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        files = {file.name: file for file in STATIC.iterdir() if file.suffix in TYPES}
        if name not in files:
            raise web.HTTPNotFound
        file = files[name]
        return web.Response(body=file.read_bytes(), content_type=TYPES[file.suffix], charset="utf-8")

    async def _download(self, request: web.Request) -> web.Response:
        for file in self._sim.world.files.values():
            if file.unique_id == request.match_info["id"]:
                is_picture = file.kind == "photo" and file.mime in views.PICTURES
                headers = {} if is_picture else {"Content-Disposition": "attachment"}
                kind = file.mime if is_picture else "application/octet-stream"
                return web.Response(body=file.content, content_type=kind, headers=headers)
        raise web.HTTPNotFound

    # ── the stream ───────────────────────────────────────────────────────────────────────────────────

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Everything on connection, then what changes: a browser that lost the line needs nothing else."""
        watch = _Watch(self._phones(request))
        response = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        self._watches.append(watch)
        self._look()
        try:
            await response.write(b"retry: 1000\n\n" + _event("state", self._state(watch)))
            while not self._closing:
                await response.write(await self._next(watch))
        except ConnectionError:
            pass
        finally:
            self._watches.remove(watch)
            self._look()
        return response

    def _phones(self, request: web.Request) -> list[tuple[model.User, int | None]]:
        """Return whose phones are looked at, and at which chat: `phone=USER:CHAT`, or the host's choice."""
        asked = [pair.partition(":") for pair in request.query.getall("phone", [])][:MOST_PHONES]
        if not asked:
            return [(self._user(h.user_id), h.chat_id) for h in self._host.panel().handsets]
        return [(self._user(user), int(chat) if chat else None) for user, _, chat in asked]

    def _look(self) -> None:
        if self._watches:
            self._seen.set()
        self._host.watched(frozenset(user.id for w in self._watches for user, _ in w.phones))

    def _state(self, watch: _Watch) -> Json:
        bot = self._sim.bot
        looked = [self._views.phone(u, views.present(self._sim, u, c)) for u, c in watch.phones]
        return self._now(is_panel_old=True) | {
            "bot": {"name": bot.name, "username": bot.username},
            "phones": looked,
        }

    def _now(self, *, is_panel_old: bool) -> Json:
        now = {"now": self._views.local(self._sim.world.clock())}
        return now | ({"panel": dataclasses.asdict(self._host.panel())} if is_panel_old else {})

    async def _next(self, watch: _Watch) -> bytes:
        """Return the next thing to write: what changed since, or a sign of life."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await watch.woken.wait()
        except TimeoutError:
            return b": alive\n\n"
        await asyncio.sleep(GATHERED_FOR_S)
        watch.woken.clear()
        changes, watch.changes = watch.changes, []
        now, watch.is_panel_old = self._now(is_panel_old=watch.is_panel_old), False
        return _event("change", now | {"phones": self._phones_changed(watch, changes)})

    def _phones_changed(self, watch: _Watch, changes: list[model.Change]) -> list[Json | None]:
        """Return for each phone its frame with the messages that changed, or None if nothing did."""
        touched = {c.chat_id for c in changes}
        return [self._phone_changed(user, chat_id, changes, touched) for user, chat_id in watch.phones]

    def _phone_changed(
        self, user: model.User, chat_id: int | None, changes: list[model.Change], touched: set[int | None]
    ) -> Json | None:
        if touched.isdisjoint(c.id for c in views.chats(self._sim, user)) and chat_id not in touched:
            return None
        chat = views.present(self._sim, user, chat_id)
        ids = sorted({c.message_id for c in changes if c.chat_id == chat.id and c.message_id is not None})
        found = [chat.messages[i] for i in ids if i in chat.messages]
        return self._views.frame(user, chat) | {
            "changed": [self._views.message(m, user) for m in found if not m.deleted],
            "gone": [m.id for m in found if m.deleted],
        }

    # ── what people do ───────────────────────────────────────────────────────────────────────────────

    def _user(self, user_id: object) -> model.User:
        found = self._sim.world.users.get(int(str(user_id)))
        if found is None or found.is_bot:
            raise refusals.Impossible(f"there is no person {user_id}")
        return found

    def _chat(self, user: model.User, chat_id: object) -> model.Chat:
        chat = views.present(self._sim, user, int(str(chat_id)))
        if chat.id != int(str(chat_id)):
            raise refusals.Impossible(f"{user.name} is not in {chat_id}")
        return chat

    async def _press(self, request: web.Request) -> web.Response:
        given = await request.json()
        user = self._user(given["user"])
        message = self._message(self._chat(user, given["chat"]), given["message"])
        if not any(b.data == given["data"] for row in message.buttons for b in row):
            raise refusals.Impossible(f"{message} has no such button any more")
        self._host.acted(user.id, "press")
        press = self._sim.press_data(user, message, given["data"])
        try:
            answer = await press.answered(ANSWER_WITHIN_S)
        except TimeoutError:
            return _json({"text": "", "alert": False, "url": None, "silent": True})
        return _json({"text": answer.text, "alert": answer.show_alert, "url": answer.url, "silent": False})

    @staticmethod
    def _message(chat: model.Chat, message_id: object) -> model.Message:
        message = chat.messages.get(int(str(message_id)))
        if message is None or message.deleted:
            raise refusals.Impossible(f"no message {message_id} stands in {chat}")
        return message

    async def _say(self, request: web.Request) -> web.Response:
        given = await request.json()
        user = self._user(given["user"])
        chat = self._chat(user, given["chat"])
        reply_to = self._message(chat, given["reply"]) if given.get("reply") else None
        self._host.acted(user.id, "say")
        sent = self._sim.send(user, chat, str(given["text"]), reply_to=reply_to)
        return _json({"id": sent.id})

    async def _tap(self, request: web.Request) -> web.Response:
        given = await request.json()
        user = self._user(given["user"])
        self._host.acted(user.id, "tap")
        return _json({"id": self._sim.tap(user, str(given["text"])).id})

    async def _open(self, request: web.Request) -> web.Response:
        user = self._user((await request.json())["user"])
        self._host.acted(user.id, "open")
        return _json({"id": self._sim.open(user).id})

    async def _follow(self, request: web.Request) -> web.Response:
        given = await request.json()
        user = self._user(given["user"])
        group = self._chat(user, given["group"]) if given.get("group") else None
        self._host.acted(user.id, "follow")
        return _json({"chat": self._sim.follow(user, str(given["url"]), group).chat_id})

    async def _upload(self, request: web.Request) -> web.Response:
        """A file as the body, its name and place in the query; pictures and sound are sent as such."""
        user = self._user(request.query["user"])
        chat, content = self._chat(user, request.query["chat"]), await request.read()
        if not content:
            raise refusals.Impossible("an empty file cannot be sent")
        self._host.acted(user.id, "file")
        if request.content_type in views.PICTURES:
            sent = self._sim.send_photo(user, chat, content=content)
        elif request.content_type.startswith("audio/"):
            sent = self._sim.send_voice(user, chat, content=content)
        else:
            name = request.query.get("name", "") or "file"
            sent = self._sim.send_document(user, chat, name, content=content, mime=request.content_type)
        return _json({"id": sent.id})

    async def _do(self, request: web.Request) -> web.Response:
        await self._host.do(str((await request.json())["action"]))
        return _json({})


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Other sites' pages cannot act here: they may not set our header. What cannot be done is 409, nonsense 400."""
    try:
        if request.method == "POST" and request.headers.get("X-Page") != "phones":
            raise web.HTTPForbidden
        response = await handler(request)
    except refusals.Impossible as reason:
        response = _json({"error": str(reason)}, status=409)
    except (KeyError, ValueError, TypeError) as fault:
        response = _json({"error": f"{type(fault).__name__}: {fault}"}, status=400)
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    for tried in range(port, port + TRIED_PORTS):
        try:
            return await web.TCPSite(runner, host, min(tried, 65535)).start()
        except OSError as fault:
            is_last = tried in {port + TRIED_PORTS - 1, 65535}
            if fault.errno not in {errno.EADDRINUSE, errno.EACCES} or is_last or not port:
                raise


def _event(name: str, body: Json) -> bytes:
    return f"event: {name}\ndata: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def _json(body: Json, *, status: int = 200) -> web.Response:
    return web.Response(
        text=json.dumps(body, ensure_ascii=False), status=status, content_type="application/json"
    )

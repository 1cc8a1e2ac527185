"""The page's server: what a browser is told, and what people do through it."""

import asyncio
import contextlib
import json
import pathlib
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import telegram

from bot.simulator import page
from bot.simulator.page import Action, Both, Group, Handset, Panel

POST = {"X-Page": "phones"}


class Host:
    """A host with one button."""

    def __init__(self) -> None:
        self.shown = Panel(Both("台", "stage"))
        self.done: list[str] = []
        self.seen: list[frozenset[int]] = []
        self.acts: list[tuple[int, str]] = []

    def panel(self) -> Panel:
        return self.shown

    async def do(self, action: str) -> None:
        self.done.append(action)

    def watched(self, user_ids: frozenset[int]) -> None:
        self.seen.append(user_ids)

    def acted(self, user_id: int, what: str) -> None:
        self.acts.append((user_id, what))


class Browser:
    """What a browser does, without one."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def post(self, name: str, body: object, headers: dict[str, str] = POST) -> tuple[int, dict]:
        async with self.session.post(f"{self.url}/api/{name}", json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json else {}

    @contextlib.asynccontextmanager
    async def events(self, *phones: str) -> AsyncIterator["Stream"]:
        params = [("phone", phone) for phone in phones]
        async with self.session.get(f"{self.url}/api/events", params=params) as response:
            assert response.status == 200, await response.text()
            yield Stream(response)


class Stream:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, name: str) -> dict:
        """The next event of this name."""
        async with asyncio.timeout(5):
            while True:
                event = (await self.response.content.readuntil(b"\n\n")).decode()
                if event.startswith(f"event: {name}\n"):
                    return json.loads(event.split("data: ", 1)[1])

    async def until(self, phone: int, wanted) -> dict:
        """The first change of the phone that is wanted."""
        while True:
            found = (await self.next("change"))["phones"][phone]
            if found and wanted(found):
                return found


@pytest.fixture
def host():
    return Host()


@pytest.fixture
async def served(sim, host):
    shown = page.Page(sim, host)
    async with shown.serve() as url, aiohttp.ClientSession() as session:
        browser = Browser(session, url)
        browser.page = shown
        yield browser


async def test_a_phone_is_told_everything_first_and_then_what_changes(sim, served, bot, wang, li, group):
    sim.send(wang, group, "早上好")
    async with served.events(f"{wang.id}:{group.id}", f"{li.id}:") as stream:
        state = await stream.next("state")
        assert [phone["title"] for phone in state["phones"]] == ["大河县群", "校安"]
        assert [m["text"] for m in state["phones"][0]["messages"] if m["kind"] == "text"] == ["早上好"]
        assert [c["title"] for c in state["phones"][1]["chats"]] == ["校安", "大河县群"]

        sent = await bot.send_message(group.id, "<b>一</b>", parse_mode="HTML")
        told = await stream.until(0, lambda phone: phone["changed"])
        assert told["changed"][0]["entities"] == [{"type": "bold", "offset": 0, "length": 1, "url": None}]
        await sent.edit_text("二")
        told = await stream.until(0, lambda phone: phone["changed"])
        assert [(m["id"], m["text"], m["edits"]) for m in told["changed"]] == [(sent.message_id, "二", 1)]
        await sent.delete()
        assert (await stream.until(0, lambda phone: phone["gone"]))["gone"] == [sent.message_id]


async def test_a_chat_not_looked_at_is_only_counted(sim, served, bot, wang, group):
    async with served.events(f"{wang.id}:") as stream:
        before = {c["id"]: c["count"] for c in (await stream.next("state"))["phones"][0]["chats"]}
        await bot.send_message(group.id, "看一下")
        told = await stream.until(0, bool)
        after = {c["id"]: c["count"] for c in told["chats"]}
        assert (after[group.id] - before[group.id], told["changed"]) == (1, [])


async def test_who_comes_back_is_told_everything_anew(sim, served, bot, wang, group):
    async with served.events(f"{wang.id}:{group.id}") as stream:
        await stream.next("state")
    await bot.send_message(group.id, "断线的时候")
    async with served.events(f"{wang.id}:{group.id}") as stream:
        assert (await stream.next("state"))["phones"][0]["messages"][-1]["text"] == "断线的时候"


async def test_a_press_waits_for_the_bots_answer(sim, served, bot, wang, group, host):
    button = telegram.InlineKeyboardButton("✅", callback_data="v1:1:1:yes")
    card = await bot.send_message(group.id, "?", reply_markup=telegram.InlineKeyboardMarkup([[button]]))
    press = {"user": wang.id, "chat": group.id, "message": card.message_id, "data": "v1:1:1:yes"}

    async with asyncio.TaskGroup() as tasks:
        pressing = tasks.create_task(served.post("press", press))
        await sim.until(lambda: sim.world.queries)
        await bot.answer_callback_query(next(iter(sim.world.queries)), "已记", show_alert=True)

    assert pressing.result() == (200, {"text": "已记", "alert": True, "url": None, "silent": False})
    assert host.acts == [(wang.id, "press")]


@pytest.mark.parametrize(
    "changed", [{"data": "v1:9:9:yes"}, {"message": 9999}, {"chat": -1}, {"user": 1087968824}]
)
async def test_what_is_not_on_the_screen_cannot_be_pressed(sim, served, bot, wang, group, changed):
    button = telegram.InlineKeyboardButton("✅", callback_data="a")
    card = await bot.send_message(group.id, "?", reply_markup=telegram.InlineKeyboardMarkup([[button]]))
    press = {"user": wang.id, "chat": group.id, "message": card.message_id, "data": "a"}

    status, body = await served.post("press", press | changed)

    assert (status, sim.world.queries) == (409, {})
    assert body["error"]


async def test_people_open_write_reply_share_and_follow(sim, served, bot, wang, group):
    key = telegram.KeyboardButton("发送我的手机号", request_contact=True)
    markup = telegram.ReplyKeyboardMarkup([[key]], one_time_keyboard=True)
    await served.post("open", {"user": wang.id})
    asked = await bot.send_message(wang.id, "您的手机号?", reply_markup=markup)
    async with served.events(f"{wang.id}:") as stream:
        phone = (await stream.next("state"))["phones"][0]
        assert phone["keyboard"] == [[{"text": "发送我的手机号", "contact": True}]]
        await served.post("tap", {"user": wang.id, "text": "发送我的手机号"})
        told = await stream.until(0, lambda phone: phone["changed"])
        assert told["changed"][-1]["contact"] == {"name": "王", "phone": "+8613800000001"}
        assert told["keyboard"] == [], "a keyboard for one use is put away"

    said = {"user": wang.id, "chat": wang.id, "text": "好的", "reply": asked.message_id}
    await served.post("say", said)
    assert sim.last(wang).reply_to.id == asked.message_id
    link = {"user": wang.id, "url": f"https://t.me/{sim.bot.username}?start=abc"}
    assert await served.post("follow", link) == (200, {"chat": wang.id})
    assert sim.last(wang).text == "/start abc"


async def test_files_go_both_ways_and_never_as_a_page(sim, served, bot, wang):
    sim.open(wang)
    await bot.send_document(wang.id, b"<script>", filename="表.html")
    async with served.events(f"{wang.id}:") as stream:
        file = (await stream.next("state"))["phones"][0]["messages"][-1]["file"]
    async with served.session.get(f"{served.url}/api/files/{file['id']}") as response:
        assert (await response.read(), file["name"], file["size"]) == (b"<script>", "表.html", 8)
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
    query = {"user": wang.id, "chat": wang.id, "name": "情况.txt"}
    headers = POST | {"Content-Type": "text/plain"}
    url = f"{served.url}/api/file"
    async with served.session.post(url, params=query, data=b"...", headers=headers) as response:
        assert response.status == 200
    assert sim.last(wang).document.name == "情况.txt"


async def test_the_panel_is_shown_and_its_buttons_reach_the_host(sim, served, wang, host):
    async with served.events() as stream:
        assert (await stream.next("state"))["phones"] == [], "no phone before the host gives one"
        action = Action("go", Both("走", "go"))
        host.shown = Panel(
            Both("台", "stage"),
            (Handset(Both("甲", "A"), wang.id),),
            groups=(Group(Both("组", "g"), (action,)),),
        )
        served.page.refresh()
        told = (await stream.next("change"))["panel"]
        assert told["groups"][0]["actions"][0]["label"] == {"zh": "走", "en": "go"}
    async with served.events() as stream:
        assert (await stream.next("state"))["phones"][0]["user"] == wang.id
        assert host.seen[-1] == {wang.id}
    assert await served.post("do", {"action": "go"}) == (200, {})
    assert host.done == ["go"]


@pytest.mark.parametrize("headers", [{}, {"X-Page": "other"}])
async def test_another_sites_page_cannot_act(sim, served, wang, host, headers):
    status, _ = await served.post("do", {"action": "go"}, headers)

    assert (status, host.done) == (403, [])


@pytest.mark.parametrize(
    ("name", "body"), [("say", {}), ("say", []), ("press", {"user": "x"}), ("say", {"user": 1})]
)
async def test_nonsense_is_refused_not_a_fault(served, name, body):
    status, _ = await served.post(name, body)

    assert status in {400, 409}


@pytest.mark.parametrize("path", ["", "page.js", "page.css", "icon.svg"])
async def test_the_page_may_load_nothing_from_elsewhere(served, path):
    async with served.session.get(f"{served.url}/{path}") as response:
        policy, text = response.headers["Content-Security-Policy"], await response.text()

    assert response.status == 200
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert "Set-Cookie" not in response.headers
    assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", ["page.py", "..%2fpage.py", "static", "none.js"])
async def test_nothing_but_the_page_is_served(served, path):
    async with served.session.get(f"{served.url}/{path}") as response:
        assert response.status == 404


def test_no_script_writes_html():
    static = pathlib.Path(page.__file__).with_name("static")
    scripts = {file.name: file.read_text(encoding="utf-8") for file in static.glob("*.js")}

    assert len(scripts) > 5
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "new Function",
        "cookie",
    ):
        assert [name for name, text in scripts.items() if word in text] == []


async def test_a_taken_port_is_passed_by(sim, served):
    port = int(served.url.rpartition(":")[2])
    async with page.Page(sim).serve(port=port) as other:
        assert other.rpartition(":")[2] != str(port)

"""A city small enough to press every button of: two counties, a city-run school, a college, someone in every role.

The product runs in this process behind the pretend Telegram; facts are put in place with its own verbs.
"""

import asyncio
import contextlib
import datetime as dt
import html
import io
import pathlib
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pydantic
import sqlalchemy as sa

from bot import app, simulator
from bot.composing import drafts
from bot.db import Tx, schema
from bot.delivery import chats
from bot.notices import answer, chase, publish, queries, trouble
from bot.notices.publish import Draft
from bot.notices.rules import Kind, Reach, Value
from bot.plans import model as plans
from bot.roster import access, arming, audience, bindings, import_files, people, units
from bot.roster.access import Action, Place, Post, Role
from bot.settings import Settings
from bot.simulator import journal

TOKEN = "7000002:" + "permissions" * 4
WITHIN_S = 60.0
OWN, NEIGHBOUR, OTHER, CITY_RUN, COLLEGE = "DH1", "DH2", "QS1", "SZ1", "GX1"
PLAN = """\
- {id: P, title: 演练, kind: reminder, trigger: manual, audience: schools and county:DH, text: 今天演练。, enabled: false}
"""
UNITS = """\
code,name,kind,parent,stage,phone
CITY,云川市教育局,city,,,0310-5550001
OFFICE,安全处,office,CITY,,
DH,大河县教育局,county,CITY,,0310-5550100
DH1,金滩镇小学,school,DH,小学,0310-5550111
DH2,银桥镇中学,school,DH,初中,0310-5550112
DH3,柳树镇小学,school,DH,小学,0310-5550113
QS,青山县教育局,county,CITY,,0310-5550200
QS1,白塔镇小学,school,QS,小学,0310-5550211
QS2,红岭镇中学,school,QS,初中,0310-5550212
QS3,竹林镇小学,school,QS,小学,0310-5550213
SZ1,市第一中学,school,CITY,高中,0310-5550301
GX1,云川师专,college,CITY,高校,0310-5550302
"""
SCHOOLS = 8  # of them one is a college
POSTS = {  # who acts in the tests, and where they hold their post; a person of that role is in no other unit
    Role.PRINCIPAL: "DH1", Role.DEPUTY: "DH1", Role.SAFETY_OFFICER: "DH1", Role.DUTY: "DH1",
    Role.COUNTY_OFFICER: "DH", Role.CITY_OFFICER: "CITY", Role.ADMIN: "CITY", Role.LEADER: "DH", Role.INSPECTOR: "DH",
}  # fmt: skip
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱"
HEADS = ("DH2", "DH3", "QS1", "QS2", "QS3", "SZ1", "GX1")
OFFICERS = {"QS": Role.COUNTY_OFFICER}
# What only moves messages about, or says that an update was seen; everything else is a fact of somebody's.
LATER = frozenset({"title", "claimed_at"})  # set by the sender, in its own time
TRAFFIC = (
    "delivery", "posting", "pacing", "seen_update", "parked_update", "lease", "chat_address", "held_press",
    "day_report", "late_fire", "brief",
    "chased",  # by the sender, in its own time
)  # fmt: skip

Facts = dict[str, frozenset[tuple[object, ...]]]


def contacts() -> Iterator[tuple[str, str, Role, str]]:
    """Unit, name, role and phone of everyone in the roster; no name or number is part of another."""
    everyone = [(unit, role) for role, unit in POSTS.items()]
    everyone += [(unit, Role.PRINCIPAL) for unit in HEADS] + list(OFFICERS.items())
    for number, (unit, role) in enumerate(everyone):
        yield unit, f"{SURNAMES[number]}明远", role, f"138{number + 11:02}01{number + 11:04}"


@dataclass(frozen=True, slots=True)
class Told:
    """Everything one stretch of time put before people's eyes."""

    to_person: str  # private messages, toasts and files
    in_groups: str


@dataclass(slots=True)
class City:
    """The running city."""

    sim: simulator.Simulator
    bot: app.App
    places: dict[str, Place] = field(default_factory=dict)  # by unit code
    posts: dict[str, tuple[Post, ...]] = field(
        default_factory=dict
    )  # of each actor, as the roster was founded
    users: dict[str, simulator.User] = field(default_factory=dict)  # role (or unit code of a head) → user
    groups: dict[str, simulator.Chat] = field(default_factory=dict)
    asked: int = 0  # a question that has reached everyone, and that nobody answers
    told: int = 0  # another one, under which schools have troubles

    # ── founding ─────────────────────────────────────────────────────────────────────────────────

    async def found(self, folder: pathlib.Path) -> None:
        """The roster is in, sending is allowed, everyone is enrolled, both counties' groups are bound."""
        rows = "".join(f"{unit},{name},{role},{phone}\n" for unit, name, role, phone in contacts())
        (folder / "units.csv").write_text(UNITS)
        (folder / "contacts.csv").write_text("unit,name,role,phone\n" + rows)
        done = await import_files.run_import(self.bot.db, folder / "units.csv", folder / "contacts.csv")
        assert not done.has_faults, done.lines
        await self.bot.db.transact(arming.arm, counties=[], everything=True, schools=SCHOOLS - 1)
        self.places = {u.code: u.place for u in await self.bot.db.read(units.every)}
        for unit, name, role, phone in contacts():
            key = role.value if POSTS.get(role) == unit else unit
            self.users[key] = self.sim.add_user(name, phone=f"+86{phone}")
        everyone = list(self.users.values())
        for user in everyone:
            self.sim.open(user)
        await self.until(lambda: all(self.sim.keyboard(user) for user in everyone))
        for user in everyone:
            self.sim.share_contact(user)
        await self.until(lambda: all(self.sim.has(user, "您登记在") for user in everyone))
        self.users["stranger"] = self.sim.add_user("路人甲")
        self.sim.open(self.users["stranger"])
        await self.until(lambda: self.sim.has(self.users["stranger"], "您好"))
        for code, owner in (("DH", "county_officer"), ("QS", "QS"), ("", "city_officer")):
            await self._bind(code, self.users[owner])
        self.posts = await self.bot.db.read(self._posts)
        self.asked, self.told = await self.publish(), await self.publish()
        await self.delivered(self.asked)

    def _posts(self, tx: Tx) -> dict[str, tuple[Post, ...]]:
        found = {key: people.by_user(tx, user.id) for key, user in self.users.items()}
        return {key: person.posts if person else () for key, person in found.items()}

    async def _bind(self, code: str, owner: simulator.User) -> None:
        """A group everybody is in, so that everybody can press in it; without a code it stays nobody's."""
        group = self.sim.add_group(
            f"群{code}", members=[owner, *(u for u in self.users.values() if u is not owner)]
        )
        self.groups[code or "none"] = group
        self.sim.start_group(owner, group, "hello")
        await self.until(lambda: self.sim.has(group, "我是“校安”"))
        if code:
            greeting = self.sim.find(group, "我是“校安”")
            press = self.sim.press_data(owner, greeting, f"v1:0:0:bind:{self.places[code].unit_id}")
            await press.answered(WITHIN_S)
            await self.until(lambda: self.sim.has(group, "已登记为"))

    # ── facts ────────────────────────────────────────────────────────────────────────────────────

    async def publish(self, to: str = "schools or colleges") -> int:
        """A new question to these; its id."""

        def verb(tx: Tx, now: dt.datetime) -> publish.Published:
            asked = audience.parse(to)
            due = now + dt.timedelta(hours=3)
            draft = Draft(
                "ASK", "消防自查", Kind.CONFIRM, asked, "消防自查做完了吗?", due, "已查完", "有困难"
            )
            return publish.publish(tx, now, draft, by="test")

        return (await self.bot.db.transact(verb)).notice_id

    async def direct(self, to: str, *, by: str = "test") -> int:
        """A directive to these, with three items, a full text and a file; its id."""

        def verb(tx: Tx, now: dt.datetime) -> publish.Published:
            items = tuple(publish.Item(key, f"事项{key}") for key in ("1", "2", "3"))
            draft = Draft(
                "D2", "六项强化", Kind.DIRECTIVE, audience.parse(to), "请逐项落实。", now + dt.timedelta(hours=3), "已落实",
                "有困难", items=items, full_text="会议全文", files=(publish.File("F", "document", "纪要.pdf", 9, 1, 2),),
            )  # fmt: skip
            return publish.publish(tx, now, draft, by=by)

        return (await self.bot.db.transact(verb)).notice_id

    async def contact_of(self, actor: str) -> str:
        """The actor as the audit trail names them."""
        person = await self.bot.db.read(people.by_user, self.users[actor].id)
        assert person is not None
        return person.actor

    async def troubled(self, notice_id: int, code: str) -> int:
        """The school's trouble under this notice, opened unless one stands; its id."""
        await self.bot.db.transact(_open_trouble, notice_id, self.places[code].unit_id)
        return await self.bot.db.read(_trouble_id, notice_id, self.places[code].unit_id)

    async def facts(self) -> Facts:
        """Every row that says something about somebody."""
        return await self.bot.db.read(_facts)

    def may(self, actor: str, right: Action, code: str) -> bool:
        """What the table of rights says."""
        return access.may(self.posts[actor], right, self.places[code])

    async def put_to_owner(self, state: str) -> int:
        """A question to those in charge of a plan; its number."""
        return await self.bot.db.transact(_ask, state)

    async def chased(self, notice_id: int) -> set[str]:
        """The schools whose people are owed a reminder of this notice."""
        query = sa.select(chase.model.chase.c.contact_id).where(chase.model.chase.c.notice_id == notice_id)
        ids = await self.bot.db.read(lambda tx: list(tx.execute(query).scalars()))
        found = [await self.bot.db.read(people.get, contact_id) for contact_id in ids]
        codes = {place.unit_id: code for code, place in self.places.items()}
        return {codes[person.posts[0].unit_id] for person in found}

    async def bound(self, group: str) -> str:
        """The unit the group speaks for; '' for none."""
        codes = {place.unit_id: code for code, place in self.places.items()}

        def query(tx: Tx) -> int | None:
            chat = chats.find(tx, self.groups[group].id)
            return bindings.unit_of(tx, chat.id) if chat else None

        return codes.get(await self.bot.db.read(query) or 0, "")

    async def bind_again(self, group: str, code: str) -> None:
        """The group speaks for this unit, or for none, as it did before."""
        if await self.bound(group) == code:
            return

        def verb(tx: Tx, now: dt.datetime) -> None:
            chat = chats.find(tx, self.groups[group].id)
            assert chat is not None
            if code:
                bindings.bind(tx, now, chat_id=chat.id, unit_id=self.places[code].unit_id, by=None)
            else:
                bindings.unbind(tx, now, chat.id)

        await self.bot.db.transact(verb)

    async def draft(self, author: str, to: str, *, state: str = "open") -> int:
        """Something this person is about to send to these, composed to its end; its number."""
        return await self.bot.db.transact(_drafted, self.users[author].id, to, state)

    async def state_of(self, draft: int) -> str:
        """What has become of it."""
        return (await self.bot.db.read(drafts.get, draft)).state.value

    async def drop(self, draft: int) -> None:
        """It will never leave."""
        await self.bot.db.transact(_dropped, draft)

    async def drop_newest(self, again: int) -> bool:
        """The draft that repeats this notice will never leave; whether there is one."""
        table = drafts.model.draft
        query = sa.select(table.c.id).where(table.c.again == again)
        found = await self.bot.db.read(lambda tx: tx.execute(query).scalar())
        if found is not None:
            await self.drop(found)
        return found is not None

    async def drop_revision(self, notice: int) -> bool:
        """The draft of a next version of this notice will never leave; whether there is one."""
        table = drafts.model.draft
        query = sa.select(table.c.id).where(table.c.revises == notice)
        found = await self.bot.db.read(lambda tx: tx.execute(query).scalar())
        if found is not None:
            await self.drop(found)
        return found is not None

    # ── acting and looking ───────────────────────────────────────────────────────────────────────

    async def press(self, actor: str, *data: str, group: str = "") -> Told:
        """The actor's client sends these callbacks, in private or in a group; what came of them."""
        where = self.groups[group] if group else self.users[actor]
        message = self.sim.last(where, from_bot=True)
        with self._watching() as before:
            for each in data:
                self.sim.press_data(self.users[actor], message, each)
            return await self._told(self.users[actor], where, before)

    async def say(self, actor: str, *texts: str, group: str = "") -> Told:
        """The actor types this."""
        where = self.groups[group] if group else self.users[actor]
        with self._watching() as before:
            for text in texts:
                self.sim.send(self.users[actor], where, text)
            return await self._told(self.users[actor], where, before)

    @contextlib.contextmanager
    def _watching(self) -> Iterator[tuple[int, set[int]]]:
        calls = len(self.sim.journal.calls)
        yield calls, {m.id for u in self.users.values() for m in self.sim.messages(u)}

    async def _told(
        self, user: simulator.User, where: simulator.User | simulator.Chat, before: tuple[int, set[int]]
    ) -> Told:
        """After the updates of this chat are handled, in their order; what the outbox owes comes later."""
        last = self.sim.press_data(user, self.sim.last(where, from_bot=True), "v1:0:0:nothing")
        await last.answered(WITHIN_S)
        return self._seen(user, list(self.sim.journal.calls)[before[0] :], before[1])

    def everything_told(self, actor: str) -> Told:
        """All the actor and the groups have read since the founding."""
        return self._seen(self.users[actor], list(self.sim.journal.calls), set())

    def _seen(self, user: simulator.User, calls: list[journal.Call], known: set[int]) -> Told:
        private: list[str] = []
        public: list[str] = []
        for call in calls:
            chat_id = call.params.get("chat_id")
            query = self.sim.world.queries.get(str(call.params.get("callback_query_id")))
            if query is not None and query.user is user:
                private.append(call.params.get("text") or "")
            elif chat_id is not None and int(chat_id) == user.id:
                private.append(_shown(call.params))
            elif chat_id is not None and int(chat_id) < 0:
                public.append(_shown(call.params))
        books = [m.document for m in self.sim.messages(user) if m.document and m.id not in known]
        files = [book for book in books if (book.name or "").endswith(".xlsx")]
        private += [_cells(file.content) for file in files]
        return Told("\n".join(private), "\n".join(public))

    async def until(self, condition: object) -> None:
        await self.sim.until(condition, timeout=WITHIN_S)  # type: ignore[arg-type]

    async def delivered(self, notice_id: int) -> None:
        """The notice has reached every school it is for."""

        def reached(tx: Tx) -> bool:
            some = queries.statuses(tx, notice_id, at=self.bot.db.now())
            return all(s.reach is not Reach.UNDELIVERED for s in some)

        async with asyncio.timeout(WITHIN_S):
            while not await self.bot.db.read(reached):  # noqa: ASYNC110 - a settled send shows nowhere else
                await asyncio.sleep(0.01)

    async def parked(self) -> list[str]:
        """Updates whose handler raised."""
        query = sa.text("SELECT error FROM parked_update")
        return await self.bot.db.read(lambda tx: [str(row[0]) for row in tx.execute(query)])


def _ask(tx: Tx, now: dt.datetime, state: str) -> int:
    """As if the plan had been missed by hours, or hung on a day nobody is sure of."""
    values = {
        "plan_id": "P", "planned_at": now, "due_at": now, "state": state, "units": 8, "created_at": now,
    }  # fmt: skip
    return int(tx.execute(plans.fire.insert().values(values).returning(plans.fire.c.id)).scalar_one())


def _drafted(tx: Tx, now: dt.datetime, user_id: int, to: str, state: str) -> int:
    person = people.by_user(tx, user_id)
    assert person is not None
    made = drafts.begin(
        tx, now, person, title="消防自查", text="查完了吗?", full_text="别县的学校不该看到的字", kind="confirm", level="today",
        audience=to, due_at=now + dt.timedelta(hours=3), state=state, units=1, reason="演练",
    )  # fmt: skip
    return made.id


def _dropped(tx: Tx, now: dt.datetime, draft_id: int) -> None:
    table = drafts.model.draft
    tx.execute(table.update().where(table.c.id == draft_id).values(state="given_up"))


def _shown(params: dict[str, object]) -> str:
    return f"{params.get('text') or params.get('caption') or ''}\n{params.get('reply_markup') or ''}"


def _cells(content: bytes) -> str:
    """Every word in the file, wherever it hides."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        parts = [opened.read(name).decode(errors="replace") for name in opened.namelist()]
    return html.unescape("\n".join(parts))


def _facts(tx: Tx) -> Facts:
    return {
        table.name: frozenset(
            tuple(row) for row in tx.execute(sa.select(*(c for c in table.c if c.name not in LATER)))
        )
        for table in schema.metadata.sorted_tables
        if table.name not in TRAFFIC
    }


def _assignment(tx: Tx, notice_id: int, unit_id: int) -> sa.RowMapping:
    table = trouble.model.assignment
    query = sa.select(table).where(table.c.notice_id == notice_id, table.c.unit_id == unit_id)
    return tx.execute(query).mappings().one()


def _open_trouble(tx: Tx, now: dt.datetime, notice_id: int, unit_id: int) -> None:
    """As if the school's principal had pressed ⚠️ and said what it is about."""
    assignment = _assignment(tx, notice_id, unit_id)
    if trouble.standing(tx, assignment["id"]) is not None:
        return
    head = next(r for r in people.reachable(tx, roles=(Role.PRINCIPAL,), unit_ids=[unit_id]))
    person = people.get(tx, head.contact_id)
    answer.add(tx, now, assignment, value=Value.TROUBLE, person=person, late=False, version=1)
    made = trouble.open_(tx, now, assignment, person=person, chat=None)
    t = trouble.model.trouble
    tx.execute(
        t.update().where(t.c.id == made).values(text=secret(assignment["unit_code"]), described_at=now)
    )


def secret(code: str) -> str:
    """What a school told about its trouble."""
    return f"机密话{code}"


def _trouble_id(tx: Tx, notice_id: int, unit_id: int) -> int:
    found = trouble.standing(tx, _assignment(tx, notice_id, unit_id)["id"])
    assert found is not None
    return found.id


@contextlib.asynccontextmanager
async def city(url: str, folder: pathlib.Path) -> AsyncIterator[City]:
    """The founded city, running."""
    async with simulator.Simulator(token=TOKEN) as sim:
        settings = Settings(
            bot_token=pydantic.SecretStr(TOKEN), telegram_api_url=sim.url, database_url=url, send_rate=1000.0,
            group_rate=1200, log_level="ERROR", config_dir=folder,
        )  # fmt: skip
        (folder / "reminders").mkdir()
        (folder / "reminders" / "plans.yaml").write_text(PLAN, encoding="utf-8")
        async with app.App.open(settings) as bot, asyncio.TaskGroup() as tasks:
            tasks.create_task(bot.run())
            made = City(sim, bot)
            await made.found(folder)
            yield made
            bot.stop()

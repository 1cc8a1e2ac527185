"""A small city driven from outside: roster files, the command line, chat over HTTP; nothing of ours is imported."""

import asyncio
import contextlib
import csv
import datetime as dt
import json
import os
import pathlib
import re
import signal
import sqlite3
import sys
import tempfile
import zoneinfo
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import IO, Any, Protocol, TypeVar

import asyncpg

from bot import simulator
from bot.simulator import Answer, Chat, Message, User
from tests.whole.warm import Warm

T = TypeVar("T")

ROOT = pathlib.Path(__file__).parents[2]
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
TOKEN = "4242424242:AAwhole-tests_of-the_pretend-telegram"  # as long as a real one
WITHIN_S = (
    60.0  # two cores, shared with a database and with others; nothing here waits so long unless it fails
)
SECOND = dt.timedelta(seconds=1)
LOOK_EVERY_S = 0.02  # where nobody tells
EDITS_APART = dt.timedelta(seconds=6)  # of one card in one group

UNITS = """\
code,name,kind,parent,stage,boarding,phone
CITY,云川市教育局,city,,,,0310-0000001
OFFICE,安全处,office,CITY,,,
DH,大河县教育局,county,CITY,,,0310-0000100
DH01,金滩镇中心小学,school,DH,小学,0,
DH02,银桥镇中学,school,DH,初中,1,
DH03,黄庄小学,school,DH,小学,0,
DH04,柳树教学点,school,DH,小学,0,
DH05,石桥小学,school,DH,小学,0,
DH06,青坡小学,school,DH,小学,0,
DH07,白塔小学,school,DH,小学,0,
DH08,红岭小学,school,DH,小学,0,
DH09,高台小学,school,DH,小学,0,
DH10,竹林小学,school,DH,小学,0,
DH11,河湾小学,school,DH,小学,0,
DH12,杏花小学,school,DH,小学,0,
DH13,松岗小学,school,DH,小学,0,
DH14,梨园小学,school,DH,小学,0,
SY,山阳市教育局,county,CITY,,,0310-0000200
SY01,山阳实验小学,school,SY,小学,0,
SY02,山阳第二小学,school,SY,小学,0,
SZ01,市第一中学,school,CITY,高中,1,
"""
SCHOOLS = 17
CONTACTS = """\
unit,name,role,phone
CITY,刘市安,city_officer,13800000001
CITY,张管理,admin,13800000002
DH,郑大河,county_officer,13800000003
SY,陈山阳,county_officer,13800000004
DH01,王金滩,principal,13800000011
DH01,宋副手,deputy,13800000012
DH02,李银桥,principal,13800000021
DH02,赵副手,deputy,13800000022
DH03,周黄庄,principal,13800000031
DH04,周黄庄,principal,13800000031
DH05,吴石桥,principal,13800000051
DH06,冯青坡,principal,13800000061
DH07,褚白塔,principal,13800000071
DH08,卫红岭,principal,
SY01,钱山阳,principal,13800000091
SZ01,孙市直,principal,13800000099
"""
PHONE = re.compile(r"1380000\d{4}|138 0000 \d{4}")
NAMES = tuple(dict.fromkeys(row["name"] for row in csv.DictReader(CONTACTS.splitlines())))

ASK = """\
- id: ASK
  title: 消防自查
  kind: confirm
  audience: schools
  due: +2h
  yes: 已查完
  trouble: 有困难
  text: 今天的消防自查做完了吗?
"""


def plain(message: Message) -> str:
    """What a message says, whatever its lines and columns: one space between words."""
    return " ".join(message.text.split())


class Process(Protocol):
    """A command under way."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    async def wait(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Ran:
    """One finished command."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """What was said on standard error, where exactly one line was."""
        (line,) = self.err.strip().splitlines()
        return line


class Clock:
    """The city's clock: the machine's, moved by as much as a file says."""

    def __init__(self, file: pathlib.Path, at: str) -> None:
        self.file = file
        self._offset_s = 0.0
        self.set(at)

    def __call__(self) -> dt.datetime:
        return self._machine() + dt.timedelta(seconds=self._offset_s)

    def set(self, at: str) -> None:
        """It is this moment in the city now: 2026-09-30 15:00:00."""
        then = dt.datetime.fromisoformat(at).replace(tzinfo=ZONE)
        self._write((then - self._machine()).total_seconds())

    def forward(self, by: dt.timedelta) -> None:
        """So much later."""
        self._write(self._offset_s + by.total_seconds())

    def _write(self, offset_s: float) -> None:
        self._offset_s = offset_s
        new = self.file.with_suffix(".new")
        new.write_text(str(offset_s))
        new.replace(self.file)

    @staticmethod
    def _machine() -> dt.datetime:
        return dt.datetime.now(dt.UTC)  # noqa: TID251


@dataclass(slots=True)
class City:
    """One city: its pretend Telegram, its database, its bot as a process, and its people by name.

    Attributes:
        clock: None: the machine's; else this one, which the test moves.
        warm: None: every command is `python -m bot …` from nothing; else forked from a process that has imported it.
        log: everything the bot processes have written.
    """

    sim: simulator.Simulator
    database_url: str
    folder: pathlib.Path
    cache: pathlib.Path
    clock: Clock | None = None
    warm: Warm | None = None
    extra: dict[str, str] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Chat] = field(default_factory=dict)
    codes: list[dict[str, Any]] = field(default_factory=list)
    bot: Process | None = None

    # ── the command line ─────────────────────────────────────────────────────────────────────────

    @property
    def environment(self) -> dict[str, str]:
        """Everything a process is told."""
        settings = {
            "BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": self.sim.url, "DATABASE_URL": self.database_url,
            "CONFIG_DIR": str(ROOT / "config"), "SEND_RATE": "200", "GROUP_RATE": "1200", "LOG_LEVEL": "DEBUG",
        }  # fmt: skip
        return (
            interpreter(self.cache)
            | settings
            | self.extra
            | ({"WHOLE_CLOCK": str(self.clock.file)} if self.clock else {})
        )

    async def _spawn(self, *arguments: str, out: IO[bytes], err: IO[bytes]) -> Process:
        if self.warm is not None:
            return await self.warm.spawn(
                arguments, environment=self.environment, folder=self.folder, out=out, err=err
            )
        assert self.clock is None, "a moved clock needs the warm process"
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *arguments,
            cwd=self.folder, env=self.environment, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip

    async def run(self, *arguments: str | pathlib.Path) -> Ran:
        """Run one command to its end."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = await self._spawn(*map(str, arguments), out=out, err=err)
            status = await asyncio.wait_for(process.wait(), WITHIN_S)
            out.seek(0)
            err.seek(0)
            return Ran(status, out.read().decode(), err.read().decode())

    async def done(self, *arguments: str | pathlib.Path) -> Ran:
        """Run one command that must succeed."""
        ran = await self.run(*arguments)
        assert ran.status == 0, (arguments, ran)
        return ran

    async def refused(self, *arguments: str | pathlib.Path) -> str:
        """Run one command that must be refused; the one sentence it says."""
        ran = await self.run(*arguments)
        assert ran.status == 1, (arguments, ran)
        assert not ran.out, ran
        return ran.sentence

    def file(self, name: str, text: str) -> pathlib.Path:
        """A file an operator wrote."""
        path = self.folder / name
        path.write_text(text)
        return path

    # ── the bot ──────────────────────────────────────────────────────────────────────────────────

    @property
    def log_file(self) -> pathlib.Path:
        return self.folder / "bot.log"

    @property
    def log(self) -> str:
        """Everything the bot processes have written so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    async def start(self) -> None:
        """The bot runs and updates come."""
        ready = (
            "setWebhook" if "WEBHOOK_URL" in self.extra else "deleteWebhook"
        )  # the last call before they come
        starts = self.sim.journal.counts[ready]
        with self.log_file.open("ab") as log:
            self.bot = await self._spawn("run", out=log, err=log)
        await self.until(lambda: self.sim.journal.counts[ready] > starts)

    async def stop(self) -> int:
        """SIGTERM, as a service manager would; the exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        assert self.bot is not None
        self.bot.send_signal(how)
        status = await asyncio.wait_for(self.bot.wait(), WITHIN_S)
        self.bot = None
        return status

    async def until(self, condition: Callable[[], T], timeout: float = WITHIN_S) -> T:  # noqa: ASYNC109
        """As the simulator's, and on failure the end of the bot's log."""
        try:
            return await self.sim.until(condition, timeout=timeout)
        except TimeoutError as fault:
            raise TimeoutError(f"{fault}\n{self.log[-4000:]}") from fault

    async def later(self, by: dt.timedelta) -> None:
        """So much time has passed, and the bot has kept looking at its updates: it was no outage."""
        assert self.clock is not None
        self.clock.forward(by)
        await self._caught_up()

    async def it_is(self, time: str) -> None:
        """This time of the day has come: 15:00."""
        assert self.clock is not None
        self.clock.set(f"2026-09-30 {time}")
        await self._caught_up()

    async def _caught_up(self) -> None:
        """The first look after a jump is taken for the end of an outage; the second is an ordinary one."""
        await self.looked()
        await self.looked()

    async def looked(self) -> None:
        """The bot has fetched its updates once more: whatever came before has been handed over."""
        polls = self.sim.journal.counts["getUpdates"]
        user = self.people.get("路人") or self.sim.add_user("路人")
        self.people["路人"] = user
        if not self.sim.messages(user):
            self.sim.open(user)
        else:
            self.sim.edit(self.sim.last(user, from_bot=False), f"嗯{polls}")
        await self.until(lambda: self.sim.journal.counts["getUpdates"] > polls)

    async def settled(self) -> None:
        """Nothing is owed to Telegram any more: whoever dies now knows what has been sent, and sends none of it again."""
        open_ = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'reserved', 'calling')"
        await self.until_found(open_, 0)

    async def until_found(self, query: str, value: object) -> None:
        """This query comes to find this value; for what shows nowhere but in the tables."""
        async with asyncio.timeout(WITHIN_S):
            while await self._found(query) != value:  # noqa: ASYNC110 (a table tells nobody)
                await asyncio.sleep(LOOK_EVERY_S)

    async def _found(self, query: str) -> object:
        kind, _, file = self.database_url.partition(":///")
        if kind == "sqlite":
            with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
                return opened.execute(query).fetchone()[0]
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    # ── an armed city with its people in ─────────────────────────────────────────────────────────

    async def import_roster(self, units: str = UNITS, contacts: str = CONTACTS) -> None:
        """The roster is in."""
        await self.done(
            "roster", "import", self.file("units.csv", units), self.file("contacts.csv", contacts)
        )

    async def prepare(self, *names: str, groups: tuple[str, ...] = ()) -> None:
        """Roster in, armed, bot running, these people enrolled by their own numbers, these units' groups bound."""
        await self.import_roster()
        await self.done("arm", "--all", "--schools", str(SCHOOLS))
        self.codes = (await self.done("invite", "--json")).json
        await self.start()
        await self.enrol(*names)
        for code in groups:
            await self.bind(code)

    def person(self, name: str) -> User:
        """Someone of the roster, with the number that stands there."""
        if name not in self.people:
            rows = csv.DictReader(CONTACTS.splitlines())
            phone = next((row["phone"] for row in rows if row["name"] == name), "")
            self.people[name] = self.sim.add_user(name, phone=f"+86{phone}" if phone else None)
        return self.people[name]

    async def enrol(self, *names: str) -> None:
        """They come in by [发送我的手机号]."""
        users = [self.person(name) for name in names]
        for user in users:
            self.sim.open(user)
        await self.until(lambda: all(self.sim.keyboard(user) for user in users))
        for user in users:
            self.sim.share_contact(user)
        await self.until(lambda: all(self.sim.has(user, "您登记在") for user in users))

    def code(self, unit: str, *, kind: str = "contact", contact: str | None = None) -> dict[str, Any]:
        """The invitation of this unit's group or contact."""
        return next(
            one for one in self.codes
            if one["unit"] == unit and one["kind"] == kind and contact in (None, one["contact"])
        )  # fmt: skip

    def group(self, code: str, *members: str) -> Chat:
        """A group of the unit with everyone of it and these members; the unit's first enrolled owns it."""
        rows = list(csv.DictReader(CONTACTS.splitlines()))
        below = [u["code"] for u in csv.DictReader(UNITS.splitlines()) if code in (u["code"], u["parent"])]
        own = [r["name"] for r in rows if r["unit"] == code]
        names = dict.fromkeys([*own, *(r["name"] for r in rows if r["unit"] in below), *members])
        made = self.sim.add_group(f"{code}群", [self.person(name) for name in names])
        self.groups[code] = made
        return made

    async def bind(self, code: str) -> Chat:
        """The unit's group is bound by its own contact."""
        made = self.group(code)
        owner = next(r["name"] for r in csv.DictReader(CONTACTS.splitlines()) if r["unit"] == code)
        self.sim.follow(self.person(owner), self.code(code, kind="group")["link"], made)
        await self.until(lambda: self.sim.has(made, "已登记为"))
        return made

    # ── what they do ─────────────────────────────────────────────────────────────────────────────

    async def publish(self, text: str = ASK) -> dict[str, int]:
        """The operator publishes this notice; under a moved clock that takes a second, as a press does."""
        if self.clock is not None:
            self.clock.forward(SECOND)
        published: dict[str, int] = (
            await self.done("publish", self.file("notice.yaml", text), "--json")
        ).json
        return published

    async def summary(self, notice: int, *arguments: str) -> dict[str, Any]:
        """The table as the one document."""
        document: dict[str, Any] = (await self.done("summary", str(notice), "--json", *arguments)).json
        return document

    def card(self, where: Chat | User | str, text: str = "消防自查") -> Message:
        """The newest message of the bot with buttons and this text."""
        chat = self.person(where) if isinstance(where, str) else where
        for message in reversed(self.sim.messages(chat)):
            if message.from_bot and message.buttons and text in message.text:
                return message
        raise simulator.Impossible(f"no card with {text!r} in {chat}: {self.sim.messages(chat)}")

    async def see(self, where: Chat | User | str, text: str) -> Message:
        """A message with this text is there, or comes."""
        chat = self.person(where) if isinstance(where, str) else where
        return await self.until(lambda: self.sim.find(chat, text))

    async def press(self, name: str, message: Message, button: str) -> Answer:
        """Press, once such a button is there; what popped up. Under a moved clock a press takes a second."""
        await self.until(lambda: any(button in text for text in message.button_texts))
        if self.clock is not None:
            self.clock.forward(SECOND)  # each chat is written to at most once a second
        return await self.sim.press(self.person(name), message, button).answered(WITHIN_S)

    async def forge(self, name: str, message: Message, data: str) -> Answer:
        """Send callback data nobody offered."""
        return await self.sim.press_data(self.person(name), message, data).answered(WITHIN_S)

    def data(self, message: Message, button: str) -> str:
        """What stands behind a button."""
        buttons = [b for row in message.buttons for b in row]
        exact = [b.data for b in buttons if b.text == button]
        (found,) = exact or [b.data for b in buttons if button in b.text]
        assert found is not None
        return found

    async def say(self, name: str, text: str) -> Message:
        """Write to the bot in private; its next new message."""
        user = self.person(name)
        before = {m.id for m in self.sim.messages(user)}
        self.sim.send(user, user, text)
        return await self.until(
            lambda: (
                next(m for m in self.sim.messages(user) if m.from_bot and m.id not in before)
                if any(m.from_bot and m.id not in before for m in self.sim.messages(user))
                else None
            )
        )  # type: ignore[return-value]

    def cards(self, text: str = "消防自查") -> dict[str, int]:
        """How many messages with this text and buttons stand where, by title or name."""
        found: dict[str, int] = {}
        chats = [*self.groups.values(), *(self.sim.chat(user) for user in self.people.values())]
        for chat in chats:
            count = sum(m.from_bot and text in m.text and bool(m.buttons) for m in self.sim.messages(chat))
            if count:
                found[chat.title] = count
        return found

    def said_in(self, *chats: Chat) -> str:
        """Everything the bot has ever shown in these chats, earlier wordings included."""
        shown = [m for c in chats for m in self.sim.messages(c, deleted=True) if m.from_bot]
        return "\n".join("\n".join([*m.history, m.text, *m.button_texts]) for m in shown)


def interpreter(cache: pathlib.Path) -> dict[str, str]:
    """What a Python process needs around it; compiled once, in `cache`, whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}  # noqa: TID251
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(cache), "PYTHONUTF8": "1"}


@contextlib.asynccontextmanager
async def city(
    database_url: str,
    folder: pathlib.Path,
    cache: pathlib.Path,
    *,
    warm: Warm | None = None,
    at: str | None = None,
    **extra: str,
) -> AsyncIterator[City]:
    """A city in a folder of its own; its bot, if still running, is killed in the end."""
    clock = Clock(folder / "clock", at) if at else None
    sim = simulator.Simulator(token=TOKEN, clock=clock) if clock else simulator.Simulator(token=TOKEN)
    async with sim:
        made = City(sim, database_url, folder, cache, clock, warm, extra)
        try:
            yield made
        finally:
            if made.bot is not None and made.bot.returncode is None:
                await made.kill()

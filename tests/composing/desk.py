"""A bureau's desk without Telegram: people press the buttons of the page they last saw; time is the test's."""

import datetime as dt
import pathlib
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.audit import model as audit
from bot.calendar import loading
from bot.calendar.quiet import QuietHours
from bot.composing import drafts, messages, presses, seconding, sending, typing
from bot.composing import place as actions
from bot.composing.drafts import Draft
from bot.composing.presses import Done
from bot.composing.rules import Rules
from bot.db import Database, Tx
from bot.delivery import chats, claiming, outbox, pacing, settling
from bot.delivery import model as delivery
from bot.delivery.message import Callback, Outcome, OutgoingMessage, Verdict
from bot.inbox import questions
from bot.notices import cards, joining, queries
from bot.notices import model as notices
from bot.notices.publish import File, Published
from bot.roster import arming, bindings, import_files, units
from bot.roster import model as roster
from bot.texts import Words

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
CONFIG = pathlib.Path(__file__).parents[2] / "config"
WORDS = Words(SHANGHAI)
CALENDAR = loading.load(CONFIG / "calendar", SHANGHAI).calendars.of()
BOT_ID = 1
UNITS = """\
code,name,kind,parent,stage,boarding,tags
CITY,云川市教育局,city,,,,
OFFICE,安全处,office,CITY,,,
DH,大河县教育局,county,CITY,,,
DH1,金滩镇小学,school,DH,小学,0,山区
DH2,银桥镇中学,school,DH,初中,1,
DH3,柳树镇小学,school,DH,小学,0,山区;低洼
SY,山阳市教育局,county,CITY,,,
SY1,白塔镇小学,school,SY,小学,0,
SY2,红岭镇中学,school,SY,初中,1,
SZ1,市第一中学,school,CITY,高中,1,
GX1,云川师专,college,CITY,高校,1,
"""
SCHOOLS = 6
CONTACTS = """\
unit,name,role,phone
OFFICE,刘市安,city_officer,13800000001
CITY,马市局,city_officer,13800000002
CITY,何局长,leader,13800000003
DH,郑大河,county_officer,13800000004
DH,邓县长,leader,13800000005
SY,陈山阳,county_officer,13800000006
CITY,督导员,inspector,13800000007
DH1,王金滩,principal,13800000008
SZ1,孙市直,principal,13800000009
CITY,张管理,admin,13800000010
"""
USERS = {row.split(",")[1]: 500 + at for at, row in enumerate(CONTACTS.splitlines()[1:])}
NINE = "国庆假期安全工作\n" + "\n".join(f"{n}、第{n}件事,请逐项落实到人。" for n in "一二三四五六七八九")


def at(text: str) -> dt.datetime:
    """2026-09-30 15:06 at the schools, as UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)


@dataclass
class Bureau:
    """The desk and what everybody last saw."""

    db: Database
    now: dt.datetime = field(default_factory=lambda: at("2026-09-30 15:06"))
    rules: Rules = field(default_factory=Rules)
    seen: dict[str, OutgoingMessage] = field(default_factory=dict)  # the newest page of each
    toast: str = ""
    also: tuple[OutgoingMessage, ...] = ()
    sent: int = 0

    @property
    def desk(self) -> sending.Desk:
        return sending.Desk(WORDS, self.rules, CALENDAR, QuietHours(SHANGHAI))

    async def found(self, folder: pathlib.Path, *, is_armed: bool = True) -> None:
        """The roster is in, sending allowed, everybody enrolled."""
        self.db.now = lambda: self.now
        (folder / "units.csv").write_text(UNITS)
        (folder / "contacts.csv").write_text(CONTACTS)
        done = await import_files.run_import(self.db, folder / "units.csv", folder / "contacts.csv")
        assert not done.has_faults, done.lines
        if is_armed:
            await self.db.transact(arming.arm, counties=[], everything=True, schools=SCHOOLS)
        for row in CONTACTS.splitlines()[1:]:
            _, name, _, phone = row.split(",")
            await self.db.transact(joining.with_phone, user_id=USERS[name], phone=phone)
        await self.db.transact(_quiet)

    # ── what people do ───────────────────────────────────────────────────────────────────────────

    async def start(self, name: str = "刘市安") -> str:
        """/send."""
        return self._show(name, await self.db.transact(presses.start, USERS[name], self.desk))

    async def type(self, name: str, text: str) -> str:
        """Something typed, where something is expected."""
        asked = await self.db.read(questions.open, self.now, USERS[name])
        assert asked is not None, "nothing is expected"
        verb = {presses.QUESTION: typing.typed, seconding.WHY_NOT: typing.why_not}[asked.kind]
        done = await self.db.transact(verb, asked.subject, text, user_id=USERS[name], desk=self.desk)
        return self._show(name, done)

    async def file(
        self,
        name: str,
        file: str = "纪要.pdf",
        *,
        kind: str = "document",
        size: int = 1000,
        caption: str = "",
    ) -> str | None:
        """A file is sent to the bot."""
        self.sent += 1
        sent = File(f"file-{self.sent}", kind, file, size, USERS[name], self.sent)
        done = await self.db.transact(typing.attached, sent, caption, user_id=USERS[name], desk=self.desk)
        return None if done is None else self._show(name, done)

    def button(self, name: str, text: str) -> Callback:
        """What stands behind the button of what this person last saw."""
        buttons = [b for row in self.seen[name].rows for b in row]
        found = [b for b in buttons if b.text == text] or [b for b in buttons if text in b.text]
        assert len(found) == 1, (text, [b.text for b in buttons])
        assert found[0].callback is not None
        assert len(found[0].callback.encode()) <= 64
        return found[0].callback

    async def press(self, name: str, text: str) -> str:
        """A press; the page it leads to."""
        return await self.send_data(name, self.button(name, text))

    async def send_data(self, name: str, callback: Callback) -> str:
        """A callback, whoever made it."""
        self.now += dt.timedelta(seconds=1)
        user = USERS[name]
        if callback.action in actions.OWN:
            done = await self.db.transact(
                presses.press, callback, user_id=user, message_id=77, desk=self.desk
            )
        elif callback.action == actions.AGAIN:
            done = await self.db.transact(
                presses.again, callback.notice, user_id=user, message_id=77, desk=self.desk
            )
        elif callback.action == actions.REVISE:
            done = await self.db.transact(
                presses.revise, callback.notice, user_id=user, message_id=77, desk=self.desk
            )
        else:
            verb = {
                actions.LOOK: seconding.look,
                actions.AGREE: seconding.agree,
                actions.REFUSE: seconding.ask_why_not,
            }
            done = await self.db.transact(verb[callback.action], callback, user_id=user, desk=self.desk)
        return self._show(name, done)

    def _show(self, name: str, done: Done) -> str:
        self.toast, self.also = done.toast, done.also
        if done.message is not None:
            self.seen[name] = done.message
        return self.page(name)

    def page(self, name: str = "刘市安") -> str:
        """What this person last saw, on one line."""
        return " ".join(self.seen[name].html.split()) if name in self.seen else ""

    def labels(self, name: str = "刘市安") -> list[str]:
        """Its buttons."""
        return [b.text for row in self.seen[name].rows for b in row]

    async def ready(
        self, name: str = "刘市安", *, text: str = "明天放假,请上好安全课。", whom: str = "☐ 各校", kind: str = "点一下",
        due: str = "明天12:00", sound: str = "响一声",
    ) -> str:  # fmt: skip
        """A draft composed to its end."""
        await self.start(name)
        return await self.ready_from_here(name, text=text, whom=whom, kind=kind, due=due, sound=sound)

    async def ready_from_here(
        self, name: str = "刘市安", *, text: str = "明天放假,请上好安全课。", whom: str = "☐ 各校", kind: str = "点一下",
        due: str = "明天12:00", sound: str = "响一声",
    ) -> str:  # fmt: skip
        """The draft that is begun, composed to its end."""
        await self.type(name, text)
        if "请写一句话" in self.page(name):
            await self.press(name, "就用标题")
        await self.press(name, whom) if whom[0] in "☐☑" else await self.type(name, whom)
        await self.press(name, "下一步")
        await self.press(name, kind)
        if kind != "不用回":
            await self.press(name, due)
        return await self.press(name, sound)

    # ── what the bot does by itself ──────────────────────────────────────────────────────────────

    async def tick(self, *, seconds: float = 0) -> list[Published | None]:
        """The bot looks at what is to leave, so much later."""
        self.now += dt.timedelta(seconds=seconds)
        due = await self.db.read(sending.due, self.now)
        return [await self.db.transact(sending.leave, draft_id, desk=self.desk) for draft_id in due]

    async def came_private(self, name: str = "刘市安") -> list[OutgoingMessage]:
        """What the bot has sent and edited by itself in this person's chat since the last look."""
        came = await self.db.transact(_deliver, self._preparations())
        return came.get(USERS[name], [])

    def _preparations(self) -> dict[str, Callable[..., object]]:
        prepare: dict[str, Callable[..., object]] = dict(
            messages.preparations(lambda: self.desk, lambda number: Callback("page", number))
        )
        return prepare | {"card": lambda *_: outbox.Drop("not looked at here")}

    async def delivered(self) -> dict[str, str]:
        """What has come to people by itself in private, by name; the newest buttons can be pressed."""
        came = await self.db.transact(_deliver, self._preparations())
        names = {user: name for name, user in USERS.items()}
        for user, some in came.items():
            if user in names:
                self.seen[names[user]] = next((m for m in reversed(some) if m.rows), some[-1])
        return {
            names[user]: " | ".join(" ".join(m.html.split()) for m in some)
            for user, some in came.items()
            if user in names
        }

    # ── what is true ─────────────────────────────────────────────────────────────────────────────

    async def draft(self, draft_id: int | None = None) -> Draft:
        """The newest draft, or this one."""
        found = draft_id or await self.db.read(
            lambda tx: tx.execute(sa.text("SELECT max(id) FROM draft")).scalar_one()
        )
        return await self.db.read(drafts.get, found)

    async def notices(self) -> list[sa.Row]:
        """Everything published, in order."""
        query = sa.select(notices.notice).order_by(notices.notice.c.id)
        return await self.db.read(lambda tx: list(tx.execute(query)))

    async def asked(self, notice_id: int) -> set[str]:
        """The codes of those in a notice's table."""
        a = notices.assignment
        query = sa.select(a.c.unit_code).where(a.c.notice_id == notice_id)
        return set(await self.db.read(lambda tx: list(tx.execute(query).scalars())))

    async def expected(self, notice_id: int) -> int:
        """应报 of its table."""
        table = await self.db.read(queries.table, notice_id, now=self.now)
        return table.total.expected

    async def trail(self, *verbs: str) -> list[tuple[str, str]]:
        """Who did which of these, in order."""
        r = audit.record
        query = sa.select(r.c.actor, r.c.verb).where(r.c.verb.in_(verbs)).order_by(r.c.id)
        return await self.db.read(lambda tx: [tuple(row) for row in tx.execute(query)])

    async def card(self, code: str) -> OutgoingMessage:
        """The newest notice's card, as it comes to the group of this unit."""
        (*_, notice) = await self.notices()
        made = await self.db.read(_card, self.now, notice.id, code)
        assert isinstance(made, OutgoingMessage)
        return made

    async def loses_post(self, name: str) -> None:
        """This person holds no post any more."""
        await self.db.transact(_end_posts, name)

    async def binds(self, code: str) -> None:
        """This unit has a group."""
        await self.db.transact(_bind, code)

    async def opens(self, code: str, county: str) -> None:
        """A new school stands in the roster."""
        await self.db.transact(_new_school, code, county)


def _quiet(tx: Tx, now: dt.datetime) -> None:
    """Nobody is on the way to hear of his enrolment."""
    tx.execute(delivery.delivery.delete())
    pacing.ensure(tx, now, BOT_ID, rate=1000)


def _deliver(
    tx: Tx, now: dt.datetime, prepare: dict[str, Callable[..., object]]
) -> dict[int, list[OutgoingMessage]]:
    came: dict[int, list[OutgoingMessage]] = {}
    for _ in range(40):
        claimed = claiming.claim(tx, now, prepare, owner="t", bot_id=BOT_ID, limit=20, group_rate=1200)  # type: ignore[arg-type]
        if not claimed:
            break
        for item in claimed:
            came.setdefault(item.delivery.chat.telegram_id, []).append(item.message)
            settling.begin_calls(tx, now, [item.delivery.id], owner="t")
            settling.settle(tx, now, item, Outcome(Verdict.SENT, message_id=item.delivery.id))
        now += dt.timedelta(seconds=3)
    return came


def _end_posts(tx: Tx, now: dt.datetime, name: str) -> None:
    c, p = roster.contact, roster.post
    ids = sa.select(c.c.id).where(c.c.name == name)
    tx.execute(p.update().where(p.c.contact_id.in_(ids), p.c.until.is_(None)).values(until=now))


def _bind(tx: Tx, now: dt.datetime, code: str) -> None:
    unit = units.find(tx, code)
    assert unit is not None
    chat = chats.ensure(tx, now, -1000 - unit.id, kind="group", title=code)
    bindings.bind(tx, now, chat_id=chat.id, unit_id=unit.id, by=None)


def _card(tx: Tx, now: dt.datetime, notice_id: int, code: str) -> object:
    unit = units.find(tx, code)
    chat = chats.find(tx, -1000 - unit.id) if unit is not None else None
    assert chat is not None
    return cards.Cards(WORDS).card(tx, now, outbox.Delivery(1, chat, "card", str(notice_id), False, None))


def _new_school(tx: Tx, now: dt.datetime, code: str, county: str) -> None:
    u = roster.unit
    like = tx.execute(sa.select(u).where(u.c.code == f"{county}1")).mappings().one()
    values = {key: value for key, value in like.items() if key != "id"}
    tx.execute(u.insert().values(values | {"code": code, "name": f"{code}小学", "position": 999}))

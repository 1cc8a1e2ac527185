"""A tiny application between a real database and the pretend Telegram, with handlers of the test's own."""

import asyncio
import collections
import contextlib
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import sqlalchemy as sa
import telegram
from telegram import ext

from bot import errors, simulator
from bot.db import Database, Tx
from bot.delivery import chats, claiming, outbox, pacing
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.model import Lane
from bot.inbox import model as inbox
from bot.notices import cards
from bot.telegram import context, gateway, intake, sender

TOKEN = "7000001:simulated-token"
BOT_ID = 7000001
_parked = inbox.parked_update

tables = sa.MetaData()
heard = sa.Table(
    "heard",
    tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("chat", sa.BigInteger),
    sa.Column("text", sa.String(200)),
)


def hear(tx: Tx, now: dt.datetime, chat: int, text: str) -> None:
    tx.execute(heard.insert().values(chat=chat, text=text))


def card(tx: Tx, now: dt.datetime, delivery: outbox.Delivery) -> OutgoingMessage | outbox.Drop:
    answers = tx.execute(sa.select(sa.func.count()).select_from(heard)).scalar_one()
    mark = "可能重复 " if delivery.is_repeat else ""
    return OutgoingMessage(
        f"{mark}卡片 {delivery.subject}: {answers}",
        rows=((Button("已落实", Callback("yes", 7, 1)),),),
        edit_of=delivery.posted,
    )


def chase(tx: Tx, now: dt.datetime, delivery: outbox.Delivery) -> OutgoingMessage | outbox.Drop:
    if tx.execute(sa.select(heard.c.id).limit(1)).first() is not None:
        return outbox.Drop("answered")
    return OutgoingMessage(f"催报 {delivery.subject}")


def broken(tx: Tx, now: dt.datetime, delivery: outbox.Delivery) -> OutgoingMessage | outbox.Drop:
    raise RuntimeError("no words")


PREPARE: dict[str, outbox.Prepare] = {
    "card": card, "chase": chase, "broken": broken, "delete": cards.delete
}  # fmt: skip


def seen(chat: chats.Chat, kind: str, subject: str) -> tuple[outbox.Shown, dict[str, object]]:
    """What `refresh` takes, for one thing."""
    values = (sa.bindparam(name, type_=sa.Unicode).label(name) for name in ("kind", "subject"))
    things = sa.select(sa.bindparam("chat_id", type_=sa.BigInteger).label("chat_id"), *values)
    return outbox.shown(things.subquery()), {"chat_id": chat.id, "kind": kind, "subject": subject}


class Rig:
    """The parts, running on request, and short ways to look at what they did."""

    def __init__(
        self, db: Database, sim: simulator.Simulator | None, out: gateway.Gateway, *, name: str = "life"
    ) -> None:
        self.name = name
        self.db = db
        self.sim = sim
        self.gateway = out
        self.gate = asyncio.Event()  # "wait …" messages are handled when it opens
        self.is_broken = True  # "boom …" messages raise while it is
        self.handled: list[str] = []
        self.refusal = ""
        self.failures: collections.Counter[str] = collections.Counter()  # "flaky …": how often it yet fails
        self.press_fault: Exception | None = None
        self.commits_take_s = 0.0
        self.said: Exception | None = None
        self.pressed_before: list[dt.datetime | None] = []
        self._lives = 0

    # ── the application ─────────────────────────────────────────────────────────────────────────────

    def routes(self, application: context.Application) -> None:
        fresh = ext.filters.UpdateType.MESSAGE & ext.filters.TEXT
        application.add_handler(ext.MessageHandler(fresh, self.on_text))
        application.add_handler(ext.CallbackQueryHandler(self.on_press))

    async def on_text(self, update: telegram.Update, ctx: context.Context) -> None:
        assert update.message is not None
        text = update.message.text or ""
        self.handled.append(text)
        if text.startswith("boom") and self.is_broken:
            raise RuntimeError("boom")
        if text.startswith("flaky") and self.failures[text] > 0:
            self.failures[text] -= 1
            raise RuntimeError("flaky")
        if text.startswith("refuse"):
            raise errors.Refused("不行:只收 1–9")
        if text.startswith("wait"):
            await self.gate.wait()
        await ctx.transact(hear, ctx.chat_telegram_id, text)
        if text.startswith("late boom"):
            raise RuntimeError("boom")
        if text.startswith("and wait"):
            await self.gate.wait()
        if text.startswith("say"):
            try:
                await ctx.say(OutgoingMessage("好"))
            except RuntimeError as fault:
                self.said = fault

    async def on_press(self, update: telegram.Update, ctx: context.Context) -> None:
        self.pressed_before.append(ctx.pressed_before)
        callback = ctx.callback
        assert callback is not None
        if self.refusal:
            raise errors.Refused(self.refusal)
        if self.press_fault is not None:
            raise self.press_fault
        await ctx.transact(self._hear_slowly, ctx.chat_telegram_id, callback.action)
        await ctx.toast("已记录")

    def _hear_slowly(self, tx: Tx, now: dt.datetime, chat: int, text: str) -> None:
        if self.commits_take_s and tx.dialect.name == "sqlite":  # in a thread of its own
            time.sleep(self.commits_take_s)
        elif self.commits_take_s:
            tx.execute(sa.select(sa.func.pg_sleep(self.commits_take_s)))
        hear(tx, now, chat, text)

    # ── its parts ───────────────────────────────────────────────────────────────────────────────────

    def make_intake(self, **given: object) -> intake.Intake:
        self._lives += 1
        options = context.Options(zone=dt.UTC, phones="masked", group_rate=1200)
        doors = context.Doors(self.db, self.gateway, options)
        asked: dict[str, object] = {"owner": f"{self.name}-{self._lives}", "poll_for_s": 5} | given
        return intake.Intake(doors, self.routes, **asked)  # type: ignore[arg-type]

    def make_sender(self, **given: object) -> sender.Sender:
        self._lives += 1
        asked: dict[str, object] = {
            "bot_id": BOT_ID,
            "group_rate": 1200,
            "owner": f"{self.name}-{self._lives}",
            "only_one_of": frozenset({"chase"}),
        } | given
        return sender.Sender(self.db, self.gateway, PREPARE, **asked)  # type: ignore[arg-type]

    @contextlib.asynccontextmanager
    async def receiving(self, **given: object) -> AsyncIterator[intake.Intake]:
        made = self.make_intake(**given)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(made.run())
            await made.is_ready.wait()
            yield made
            made.stop()

    @contextlib.asynccontextmanager
    async def sending(self, **given: object) -> AsyncIterator[sender.Sender]:
        made = self.make_sender(**given)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(made.run())
            yield made
            made.stop()

    # ── looking and asking ──────────────────────────────────────────────────────────────────────────

    async def heard(self, chat: simulator.Chat | simulator.User | None = None) -> list[str]:
        query = sa.select(heard.c.text).order_by(heard.c.id)
        if chat is not None:
            query = query.where(heard.c.chat == chat.id)
        return await self.db.read(lambda tx: list(tx.execute(query).scalars()))

    async def chat(self, where: simulator.Chat | simulator.User) -> chats.Chat:
        kind = "private" if where.id > 0 else "group"
        return await self.db.transact(chats.ensure, where.id, kind=kind)

    async def show(
        self, where: simulator.Chat | simulator.User, kind: str, subject: str, lane: Lane = Lane.SCHEDULED
    ) -> None:
        chat = await self.chat(where)
        await self.db.transact(outbox.show, chat.id, kind, subject, lane=lane)

    async def refresh(self, where: simulator.Chat, kind: str, subject: str) -> None:
        chat = await self.chat(where)
        await self.db.transact(
            outbox.refresh, *seen(chat, kind, subject), every={kind: dt.timedelta(0)}
        )  # fmt: skip

    async def claim(
        self, *, owner: str = "x", group_rate: int = 1200, at: dt.datetime | None = None
    ) -> list[outbox.Claimed]:
        def verb(tx: Tx, now: dt.datetime) -> list[outbox.Claimed]:
            return claiming.claim(
                tx,
                at or now,
                PREPARE,
                owner=owner,
                bot_id=BOT_ID,
                limit=32,
                group_rate=group_rate,
                only_one_of=frozenset({"chase"}),
            )

        return await self.db.transact(verb)

    async def deliveries(self) -> list[tuple[str, str, str]]:
        d = outbox.model.delivery
        query = sa.select(d.c.subject, d.c.state, d.c.reason).order_by(d.c.id)
        return await self.db.read(lambda tx: [tuple(row) for row in tx.execute(query)])

    async def states(self) -> list[str]:
        return [state for _, state, _ in await self.deliveries()]

    async def raw(self, update_id: int) -> str:
        query = sa.select(_parked.c.raw).where(_parked.c.update_id == update_id)
        return await self.db.read(lambda tx: str(tx.execute(query).scalar_one()))

    async def hurry(self, update_id: int) -> None:
        """Its next try is due."""
        due = _parked.update().where(_parked.c.update_id == update_id)
        await self.db.transact(lambda tx, now: tx.execute(due.values(next_try_at=now)) and None)

    async def until(self, condition: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait for what neither a request nor a change in the pretend Telegram would show."""
        async with asyncio.timeout(15):
            while True:
                found = condition()
                if found if isinstance(found, bool) else await found:
                    return
                await asyncio.sleep(0.01)

    async def until_heard(self, *texts: str, chat: simulator.Chat | simulator.User | None = None) -> None:
        async def is_so() -> bool:
            return await self.heard(chat) == list(texts)

        await self.until(is_so)

    async def until_states(self, *states: str) -> None:
        async def are_so() -> bool:
            return await self.states() == list(states)

        await self.until(are_so)

    async def until_settled(self) -> None:
        async def are_so() -> bool:
            return not {"queued", "reserved", "calling"} & set(await self.states())

        await self.until(are_so)

    async def until_halted(self) -> None:
        async def is_so() -> bool:
            return await self.db.read(pacing.is_halted, self.db.now(), BOT_ID)

        await self.until(is_so)

    async def until_raw(self, update_id: int, raw: str) -> None:
        async def is_so() -> bool:
            return await self.raw(update_id) == raw

        await self.until(is_so)

    async def until_shown(self, where: simulator.Chat, kind: str, subject: str) -> None:
        """Ask until the database takes it."""

        async def is_taken() -> bool:
            try:
                await self.show(where, kind, subject)
            except errors.DatabaseAway:
                return False
            return True

        await self.until(is_taken)

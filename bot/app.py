"""The composition root: the one place where the rooms meet; it owns every task and its lifetime."""

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

import structlog

from bot import clock, errors, metrics, timers
from bot.composing import messages as composing_messages
from bot.composing import rules as house_rules
from bot.composing import sending
from bot.db import Database, Tx, sole, versions
from bot.delivery import outbox, pacing
from bot.delivery.message import Outcome, Verdict
from bot.delivery.model import ChatState
from bot.notices import asking, attachments, cards, chase, deadline, ladder, recall, trouble, trouble_messages
from bot.plans import book as books
from bot.plans import firing, report_messages, reports
from bot.plans import messages as plan_messages
from bot.plans.book import Book
from bot.retention import nightly, periods
from bot.roster import menus as personal
from bot.roster import messages
from bot.settings import Settings
from bot.summaries import brief, burden, burden_pages
from bot.summaries import messages as summary_messages
from bot.summaries.place import Page
from bot.telegram import context, gateway, hook, intake, menus, routes, sender
from bot.texts import Words
from bot.web import gauges

if TYPE_CHECKING:
    from bot.web.door import Door

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")

TICK_EVERY = dt.timedelta(seconds=2)
TELEGRAM_NEAR_S = 60.0  # an answer of Telegram's so old still says that it can be reached
AGAIN_AFTER = dt.timedelta(minutes=1)
CLAIMED_ALONE = frozenset({"chase"})
_LOST_CHAT = (Verdict.GONE, Verdict.BLOCKED, Verdict.MUTED, Verdict.MOVED)


def preparations(
    words: Words, phones: str, book: Callable[[], Book], house: house_rules.House = house_rules.usual
) -> dict[str, outbox.Prepare]:
    """Every kind of delivery and how it is put into words."""
    desk = sending.desks(words, house, lambda: book().calendars, lambda: book().quiet)
    return {
        **cards.preparations(words),
        **trouble_messages.preparations(words, phones),
        **messages.preparations(words),
        **summary_messages.preparations(words, phones),
        **plan_messages.preparations(book),
        **report_messages.preparations(book),
        **brief.preparations(words, lambda: book().quiet),
        **burden_pages.preparations(words, lambda: house().asks_a_week),
        **composing_messages.preparations(desk, lambda notice_id: Page(notice_id).callback()),
    }


def follow(tx: Tx, now: dt.datetime, item: outbox.Claimed, outcome: Outcome) -> None:
    """A chat found lost by an error, or speaking again: what is asked moves on, or back, in the same transaction.

    A reminder that an answer crossed on its way cannot be helped; it is counted.
    """
    is_back = outcome.verdict is Verdict.SENT and item.delivery.chat.state is ChatState.MUTED
    if outcome.verdict in _LOST_CHAT or is_back:
        asking.chat_changed(tx, now, item.delivery.chat.id)
    recall.follow(tx, now, item, outcome)
    attachments.follow(tx, now, item, outcome)
    is_reminder = item.delivery.kind == "chase" and item.message.edit_of is None
    if is_reminder and (crossings := chase.crossed(tx, item.delivery.number)):
        log.info("chase_crossed", schools=crossings)


def _nowhere(_step: str) -> None:
    pass


class App:
    """One process of the bot. `open` makes it ready, `run` serves until `stop`.

    `at` is called with the name of each step of sending and of taking in, so that a test can end the process there.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        tg: gateway.Gateway,
        *,
        bot_id: int,
        username: str,
        at: Callable[[str], None] = _nowhere,
    ) -> None:
        words = Words(settings.zone)
        options = context.Options(settings.zone, settings.phones_in_chat.value, settings.group_rate)
        owner = f"{socket.gethostname()[:12]}-{os.getpid()}-{secrets.token_hex(4)}"
        is_alone = db.is_sqlite  # one process to a file: nobody else's lease can be alive
        self.db, self.gateway, self.words = db, tg, words
        self.bot_id, self.username = bot_id, username
        self.book = books.read(settings.config_dir, settings.zone)
        self._config = settings.config_dir
        self.house = house_rules.Watched(settings.config_dir / house_rules.FILE)
        self.desk = sending.desks(words, self.house, lambda: self.book.calendars, lambda: self.book.quiet)
        self._put_off: dict[str, dt.datetime] = {}  # what failed is not tried again at every tick
        self._parts = settings.parts
        self._send_rate = settings.send_rate
        self._reports = reports.Watch()
        phones = settings.phones_in_chat.value
        self.sender = sender.Sender(
            db, tg, preparations(words, phones, lambda: self.book, self.house),
            bot_id=bot_id, group_rate=settings.group_rate, owner=owner,
            only_one_of=CLAIMED_ALONE, is_alone=is_alone, rate=settings.send_rate, after=follow, at=at,
        )  # fmt: skip
        self.intake = intake.Intake(
            context.Doors(db, tg, options),
            lambda application: routes.add(application, words, phones, lambda: self.book, self.house),
            owner=owner,
            hook=_hook(settings, db, tg, owner),
            is_alone=is_alone,
            at=at,
        )
        self.nightly = nightly.Nightly(settings.config_dir / periods.FILE, settings.zone, owner)
        self.timers = timers.Metronome(self.tick, every=TICK_EVERY)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, settings: Settings, *, now: clock.Clock = clock.system, at: Callable[[str], None] = _nowhere
    ) -> AsyncIterator[Self]:
        """The process, its database and its gateway, closed again afterwards.

        Raises:
            Refused: no token, an unknown token, tables of another version, or a second process on one file.
        """
        if settings.bot_token is None:
            raise errors.Refused("没有 BOT_TOKEN:真正运行需要机器人的 token;不设时请用 demo")
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(sole.only_one(settings.database_url))
            await asyncio.to_thread(versions.ready, settings.database_url)
            db = await Database.open(settings.database_url, clock=now)
            stack.push_async_callback(db.close)
            tg = gateway.Gateway.connect(settings.bot_token.get_secret_value(), settings.telegram_api_url)
            stack.push_async_callback(tg.close)
            opened = await _opened_door(stack, settings, db, tg)
            me = await menus.introduced(tg)
            await db.transact(pacing.ensure, me.bot_id, rate=settings.send_rate, username=me.username)
            await db.transact(asking.settle_all)
            await db.transact(personal.settle_all)
            process = cls(settings, db, tg, bot_id=me.bot_id, username=me.username, at=at)
            if opened is not None:
                process.furnish(opened)
            yield process

    async def run(self) -> None:
        """Serve until `stop`: each part is a task of one group, so the fault of one ends all."""
        log.info("started", username=self.username, parts=sorted(self._parts))
        async with asyncio.TaskGroup() as around:
            listening = around.create_task(self.db.listen())
            async with asyncio.TaskGroup() as tasks:
                if "intake" in self._parts:
                    tasks.create_task(self.intake.run())
                    tasks.create_task(menus.set_up(self.gateway, self.words))
                if "sender" in self._parts:
                    tasks.create_task(self.sender.run())
                if "timers" in self._parts:
                    tasks.create_task(self.timers.run())
            listening.cancel()
        log.info("stopped")

    def furnish(self, opened: "Door") -> None:
        """The web door, which so far can say only that we are starting, leads to this process."""
        opened.measure = self._measure
        if "intake" in self._parts:
            opened.take = self.intake.take
            opened.pings["updates"] = self.intake.ping

    async def _measure(self) -> None:
        """The gauges tell what the rows know; while the database is away, what they told last."""
        try:
            gauges.show(await self.db.read(gauges.read, self.db.now(), self.book.entries))
        except errors.DatabaseAway:
            metrics.DATABASE_UP.set(0)
        else:
            metrics.DATABASE_UP.set(1)

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in flight is done."""
        for part in (self.timers, self.intake, self.sender):
            part.stop()

    async def tick(self) -> None:
        """Whatever is due now, each in a transaction of its own. One thing's fault does not keep the others waiting."""
        now = self.db.now()
        await self._reread()
        await self._do("deadline", deadline.tell)
        await self._do("trouble", trouble.remind_undescribed)
        for draft_id in await self.db.read(sending.due, now):
            await self._do(f"draft {draft_id}", sending.leave, draft_id, desk=self.desk())
        for rung in await self.db.read(ladder.due, now):
            reason = await self._do(str(rung), ladder.climb, rung, quiet=self.book.quiet)
            if reason is not None:
                log.info("rung_settled", notice=rung.notice_id, step=rung.step.value, reason=reason)
        for plan_id in await self.db.read(firing.waiting, self.book, now=now):
            for one in await self._do(plan_id, firing.attend, plan_id, book=self.book) or ():
                told = {"state": one.state.value, "notice": one.notice_id, "reason": one.reason}
                log.info("plan_fired", plan=plan_id, **told)
        if self._reports.is_time(now):
            await self._report()
        if self.nightly.is_awake(now):
            done = await self._do("purge", self.nightly.work)
            if done is not None:
                log.info("forgotten", is_last=done.is_last, **done.forgotten)

    async def _report(self) -> None:
        """Administrators and leaders come to know of the day, and of what is late; the log says that they were told."""
        part = await self._do("day report", reports.tell, book=self.book)
        if part is not None:
            log.info("day_reported", part=part.value)
        chats = await self._do("brief", brief.tell, quiet=self.book.quiet)
        if chats is not None:
            log.info("brief_told", chats=chats)
        calendar, quiet = self.book.calendars.of(), self.book.quiet
        chats = await self._do("burden", burden.tell, calendar=calendar, quiet=quiet)
        if chats is not None:
            log.info("burden_told", chats=chats)
        for late in await self._do("late fires", reports.alarm, book=self.book, rate=self._send_rate) or ():
            planned_at = late.planned_at.isoformat(timespec="minutes")
            log.warning("plan_late", plan=late.plan_id, planned_at=planned_at)

    async def _do(
        self,
        what: str,
        verb: Callable[Concatenate[Tx, dt.datetime, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """Do one thing; what fails is put off for a minute, and the rest goes on."""
        if self._put_off.get(what, self.db.now()) > self.db.now():
            return None
        try:
            return await self.db.transact(verb, *args, **kwargs)
        except errors.DatabaseAway:
            raise
        except Exception:  # an edge: one notice, one plan must not stop the others
            log.exception("due_work_failed", what=what)
            self._put_off[what] = self.db.now() + AGAIN_AFTER
            return None

    async def _reread(self) -> None:
        """An edited file is in force from the next tick on."""
        if books.stamped(self._config) == self.book.stamp:
            return
        self.book = await asyncio.to_thread(books.read, self._config, self.words.zone, before=self.book)
        log.info("config_read", plans=len(self.book.entries), faults=len(self.book.faults))
        for fault in self.book.faults:
            log.warning("config_fault", fault=fault)


async def _opened_door(
    stack: contextlib.AsyncExitStack, settings: Settings, db: Database, tg: gateway.Gateway
) -> "Door | None":
    """The web door, open before Telegram is reached, so that it can say that it is not; None if none is asked for.

    Raises:
        Refused: nobody can listen there.
    """
    if settings.door_port is None:
        return None
    from bot.web import door, serving  # noqa: PLC0415 - a quarter of a second, for those who open one

    head = versions.head()

    async def database() -> str:
        current = await db.read(versions.current_in)
        return "" if current == head else f"tables of {current}, not {head}"

    async def starting() -> str:
        return "starting"

    opened = door.Door(pings={"database": database, "telegram": lambda: tg.ping(within_s=TELEGRAM_NEAR_S)})
    if "intake" in settings.parts:
        opened.pings["updates"] = starting
        if settings.webhook_secret is not None and settings.webhook_path:
            opened.webhook = door.Webhook(settings.webhook_path, settings.webhook_secret.get_secret_value())
    await stack.enter_async_context(serving.opened(opened, settings.host, settings.door_port))
    return opened


def _hook(settings: Settings, db: Database, tg: gateway.Gateway, owner: str) -> hook.Hook | None:
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    secret = settings.webhook_secret.get_secret_value()
    return hook.Hook(db, tg.bot, url=settings.webhook_url, secret=secret, owner=owner)


async def learn_username(db: Database, settings: Settings) -> None:
    """Ask Telegram once for the bot's username and keep it; an unreachable Telegram leaves it unknown."""
    if settings.bot_token is None:
        return
    tg = gateway.Gateway.connect(settings.bot_token.get_secret_value(), settings.telegram_api_url)
    try:
        found = await menus.introduced_once(tg)
        if found is not None:
            await db.transact(pacing.ensure, found.bot_id, rate=settings.send_rate, username=found.username)
    finally:
        await tg.close()

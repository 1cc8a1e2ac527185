"""What people type: plain words, answers to open questions, codes; and what to say to the rest."""

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import telegram

from bot.composing import opinions
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.inbox import questions
from bot.notices import answer, joining, queries, rewording, trouble
from bot.notices.rules import Kind
from bot.plans import place
from bot.roster import commands, enrolment, people
from bot.summaries import export
from bot.summaries.place import Part
from bot.telegram.context import Context
from bot.telegram.handlers import group_words, private_pages
from bot.telegram.handlers.answering import Answering
from bot.telegram.handlers.carrying import Carrying
from bot.telegram.handlers.composing import Composing
from bot.telegram.handlers.desk import Desk
from bot.telegram.handlers.directory import Directory
from bot.telegram.handlers.enrolment import Enrolling, group_seen
from bot.telegram.handlers.handling import Handlings
from bot.telegram.handlers.planning import Planning
from bot.telegram.handlers.reports import Reporting
from bot.telegram.handlers.schooldays import SchoolDaysInChat
from bot.texts import Words

FULL_STOPS = "\u3002.!?\uff01\uff1f"

TABLES = {"汇总": Part.NUMBERS, "未报": Part.SILENT}  # before or behind the name of a county or a school
SAID_CHARS = 40  # what people say to us themselves is shorter
OWED = "owed"  # action of the routing table: a page of what somebody owes
RECEIVED = ("收到", "已收到", "好的", "已阅", "知悉", "已落实", "已完成", "已上完", "1", "收到收到")

Handler = Callable[[telegram.Update, Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Talking:
    """Handlers of typed words, and the small commands."""

    words: Words
    enrolling: Enrolling
    answering: Answering
    desk: Desk
    carrying: Carrying
    planning: Planning
    days: SchoolDaysInChat
    reporting: Reporting
    composing: Composing
    handlings: Handlings
    directory: Directory

    def plain_words(self) -> dict[str, Handler]:
        """What can be typed instead of a command, in private."""
        return {
            "汇总": self.desk.summary, "未报": self.desk.missing, "提醒": self.desk.chase_command,
            "催报": self.desk.chase_command, "计划": self.planning.plans, "校历": self.days.calendar,
            "今天": self.reporting.typed, "要处理": self.reporting.typed_hands,
            "发通知": self.composing.send, "导出": self.carrying.command,
            "单位": self.directory.units, "学校": self.directory.units, "名册": self.directory.units,
            "登记码": self.directory.invite, "没登记": self.directory.invite,
            "待办": self.todo, "报告": self.report, "我": self.enrolling.me, "我是谁": self.enrolling.me,
            "交接": self.enrolling.hand_over, "帮助": self.help, "开始": self.enrolling.start, "取消": self.cancel,
        }  # fmt: skip

    async def text(self, update: telegram.Update, context: Context) -> None:
        """A private line: a plain word, an answer to what was asked, a code, or nothing we know."""
        typed = (update.message.text if update.message else None) or ""
        word = typed.strip().rstrip(FULL_STOPS)
        if (handler := self.plain_words().get(word)) is not None:
            return await handler(update, context)
        asked = await context.read(questions.open, context.now, context.user_id)
        if asked is not None:
            return await self._answered(context, asked, typed)
        if await self.directory.typed(
            context, word, exactly=True
        ):  # a unit's code can look like an invitation's
            return None
        code = enrolment.normal_code(typed)
        if code is not None or await context.read(_looks_like_code, context.user_id, typed):
            return await self.enrolling.code(update, context, code or typed[:20])
        if await self._table_of(context, word) or await self.directory.typed(context, word):
            return None
        if is_pasted(typed) and await self.composing.send_first(context):
            return None
        person = await context.transact(_known, context.user_id)
        await self._say(context, "talk.not_understood" if person else "talk.help_stranger")

    async def _table_of(self, context: Context, word: str) -> bool:
        """大河县未报: whether a table of one county or school was meant, and answered."""
        for said, part in TABLES.items():
            rest = word.removeprefix(said).removesuffix(said).strip()
            if rest in ("", word):
                continue
            unit = await context.read(self.directory.pages.means, context.user_id, rest)
            if unit is not None:
                await self.desk.of_unit(context, unit, part)
                return True
        return False

    async def _answered(self, context: Context, asked: questions.Question, typed: str) -> None:
        if await self.composing.answered(context, asked, typed):
            return
        if asked.kind == trouble.QUESTION:
            await self.answering.told_in_words(context, asked.subject, " ".join(typed.split()))
        elif asked.kind == answer.LINE_QUESTION:
            await self.answering.report_line(context, asked.subject, typed)
        elif asked.kind == answer.NUMBER_QUESTION:
            await self.answering.number(context, asked.subject, typed)
        elif asked.kind == rewording.QUESTION:
            await self.handlings.typed(context, asked.subject, typed)
        elif asked.kind == joining.NAME_QUESTION:
            await self.enrolling.name(context, typed)
        elif asked.kind == export.QUESTION:
            await self.carrying.dates_typed(context, typed)

    async def file(self, update: telegram.Update, context: Context) -> None:
        """A voice or a photo: taken where a trouble is being told, else we say that we cannot read it."""
        message = update.message
        if message is None or not context.is_private:
            return None
        asked = await context.read(questions.open, context.now, context.user_id)
        file_id, kind = "", ""
        if message.voice is not None:
            file_id, kind = message.voice.file_id, "voice"
        elif message.photo:
            file_id, kind = message.photo[-1].file_id, "photo"
        if asked is not None and asked.kind == trouble.QUESTION and file_id:
            return await self.answering.told_by_file(context, asked.subject, file_id, kind)
        if await self.composing.file(context, message):
            return None
        if (message.document or message.photo) and await self.composing.send_first(context):
            return None
        await self._say(context, "talk.no_voice")

    async def group_typed(self, update: telegram.Update, context: Context) -> None:
        """Text reaches us in a group: a reply to us, or we are an administrator there. It is never kept.

        Who replies to us, or types what means 收到, is told once that the buttons are meant; all else is dropped unread.
        """
        message, group = update.message, group_seen(update)
        if message is None or group is None or message.from_user is None:
            return
        replied = message.reply_to_message
        to_us = (
            replied is not None and replied.from_user is not None and replied.from_user.id == context.bot.id
        )
        if to_us or (message.text or "").strip().rstrip(FULL_STOPS) in RECEIVED:
            await context.transact(joining.mistyped, group=group, user_id=context.user_id)

    async def help(self, update: telegram.Update, context: Context) -> None:
        """/help: one screen, of what this person can ask for."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.buttons_please")
        person = await context.transact(_known, context.user_id)
        if person is None:
            return await self._say(context, "talk.help_stranger")
        offered = commands.of({post.role for post in person.posts})
        html = self.words.html("talk.help", offers=[it.word for it in offered if it.name != "help"])
        await context.say(OutgoingMessage(html, ((opinions.button(self.words),),)))

    async def cancel(self, _: telegram.Update, context: Context) -> None:
        """/cancel: nothing is expected of the person any more."""
        if context.is_private and not await self.composing.cancel(context):
            had = await context.transact(questions.close, context.user_id)
            await context.say(OutgoingMessage(self.words.html("talk.cancelled", something=had)))

    async def todo(self, update: telegram.Update, context: Context) -> None:
        """/todo: what this person's units still owe, one button each."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.buttons_please")
        await self._owed(context, None)

    async def report(self, update: telegram.Update, context: Context) -> None:
        """/report: the reports still owed; with a line behind it, the only one there is."""
        if not context.is_private:
            return await group_words.say(update, context, "enrol.write_in_private")
        await self._owed(context, Kind.REPORT, " ".join(context.args or ()))

    async def _owed(self, context: Context, kind: Kind | None, line: str = "") -> None:
        person = await context.transact(_known, context.user_id)
        if person is None:
            return await self._say(context, "talk.help_stranger")
        owed = await context.read(_owing, context.now, person, kind)
        if line and len(owed) == 1:
            subject = f"{owed[0][0].id}:{owed[0][1].unit_id}"
            return await self.answering.report_line(context, subject, line)
        await context.say(self._owed_page(owed, kind, 0))

    def _owed_page(
        self, owed: list[tuple[queries.Notice, queries.Status]], kind: Kind | None, page: int
    ) -> OutgoingMessage:
        here, pages, cut = place.cut(len(owed), page)
        rows = tuple(row for n, s in owed[cut] for row in self._owed_rows(n, s))
        rows += place.turning(OWED, (kind.value if kind else place.ALL,), here, pages)
        of = {n.id for n, _ in owed}
        rows += ((opinions.button(self.words, about=of.pop() if len(of) == 1 else 0),),) if owed else ()
        name = "talk.todo" if kind is None else "talk.report_todo"
        return OutgoingMessage(self.words.html(name, count=len(owed)), rows)

    async def owed(self, _: telegram.Update, context: Context) -> None:
        """Another page of what is owed."""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        kinds = {place.ALL: None, Kind.REPORT.value: Kind.REPORT}
        person = await context.read(people.by_user, context.user_id)
        if person is None or not callback.args or callback.args[0] not in kinds:
            return await context.toast(self.words.plain("toast.unknown"))
        kind = kinds[callback.args[0]]
        owed = await context.read(_owing, context.now, person, kind)
        await private_pages.show(context, self._owed_page(owed, kind, place.page_of(callback, 1)))

    def _owed_rows(self, n: queries.Notice, s: queries.Status) -> tuple[tuple[Button, ...], ...]:
        args = (str(s.unit_id),)
        if n.kind is Kind.DIRECTIVE:
            return ((Button(f"📝 {n.title}·{s.name}", Callback("items", n.id, n.version, args)),),)
        sign = "🟢" if n.kind is Kind.REPORT else "✅"
        yes = Button(f"{sign} {n.title}·{s.name}", Callback("yes", n.id, n.version, args))
        other = "say" if n.kind is Kind.REPORT else "trouble"
        label = (
            self.words.plain("card.say")
            if other == "say"
            else self.words.plain("card.trouble", words=n.trouble_words)
        )
        return ((yes,), (Button(label, Callback(other, n.id, n.version, args)),))

    async def _say(self, context: Context, name: str, rows: tuple[tuple[Button, ...], ...] = ()) -> None:
        await context.say(OutgoingMessage(self.words.html(name), rows))


def is_pasted(typed: str) -> bool:
    """So long a text was written elsewhere, to be sent on."""
    return len(typed) > SAID_CHARS or "\n" in typed.strip()


def _known(tx: Tx, now: dt.datetime, user_id: int) -> people.Person | None:
    joining.came_in(tx, now, user_id=user_id)
    person = people.by_user(tx, user_id)
    return person if person is not None and person.posts else None


def _looks_like_code(tx: Tx, user_id: int, typed: str) -> bool:
    """A stranger who types one short Latin word means a code, right or wrong."""
    plain = typed.strip().replace("-", "").replace(" ", "")
    return (
        plain.isascii() and plain.isalnum() and 6 <= len(plain) <= 10 and people.by_user(tx, user_id) is None
    )


def _owing(
    tx: Tx, now: dt.datetime, person: people.Person, kind: Kind | None
) -> list[tuple[queries.Notice, queries.Status]]:
    return [(n, s) for n, s in queries.owed_by(tx, now, person) if kind in (None, n.kind)]

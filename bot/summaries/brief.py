"""The leaders' brief: at 17:05, on days on which something was asked, six lines; one where all have answered.

A row decides that a day's brief has been told, so that no restart and no second process tells it again. The words are
made when it leaves, within what each leader may see.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.calendar.quiet import QuietHours
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.message import Button, OutgoingMessage
from bot.delivery.model import Lane
from bot.delivery.outbox import Delivery, Drop
from bot.notices import counting, queries
from bot.notices import model as notices
from bot.notices.counting import Area, Numbers
from bot.notices.rules import Row
from bot.roster import access, people
from bot.roster.access import Role
from bot.summaries import lines, model
from bot.summaries.place import Page
from bot.texts import Words

KIND = "brief"
FROM, UNTIL = dt.time(17, 5), dt.time(19, 0)  # later than that a day is over: nobody is told of it at night
SHOWN = 4  # things under the two lines of the whole
_b, _n = model.brief, notices.notice


def is_time(now: dt.datetime, quiet: QuietHours) -> bool:
    """Whether the day's brief may leave now."""
    return FROM <= now.astimezone(quiet.zone).time() < UNTIL and not quiet.is_quiet(now)


def tell(tx: Tx, now: dt.datetime, *, quiet: QuietHours) -> int | None:
    """The leaders are owed the day's brief if anything was asked; how many, None where that is settled already."""
    day = now.astimezone(quiet.zone).date()
    if not is_time(now, quiet) or tx.execute(sa.select(_b).where(_b.c.day == day)).first():
        return None
    chats = _leaders(tx) if _asked(tx, now, counting.EVERYWHERE, quiet.zone) else []
    insert = (postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert)(_b)
    told = insert.values(day=day, chats=len(chats), at=now).on_conflict_do_nothing()
    if not tx.execute(told).rowcount:  # another process has told it
        return None
    outbox.show_each(tx, now, [(chat_id, str(day)) for chat_id in chats], KIND, lane=Lane.INTERACTIVE)
    return len(chats)


def _leaders(tx: Tx) -> list[ChatId]:
    return list(dict.fromkeys(r.chat_id for r in people.reachable(tx, roles=(Role.LEADER,))))


def _asked(tx: Tx, now: dt.datetime, within: access.Scope, zone: dt.tzinfo) -> list[queries.Notice]:
    """What was asked today, or fell due today, the earliest due first; no trial, nothing recalled."""
    start = dt.datetime.combine(now.astimezone(zone).date(), dt.time(), zone)
    end = start + dt.timedelta(days=1)
    today = [sa.and_(at >= start, at < end) for at in (_n.c.published_at, _n.c.due_at)]
    found = queries.some(
        tx,
        sa.or_(*today),
        _n.c.published_at <= now,
        _n.c.is_trial.is_(False),
        within=within,
        order=_n.c.due_at.desc(),
    )
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Brief:
    """Renders it for the leader whose chat it is."""

    words: Words
    quiet: Callable[[], QuietHours]

    def day(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The day as it stands, within the leader's area."""
        if delivery.posted is not None:
            return Drop("said already")
        if not is_time(now, self.quiet()) or delivery.subject != str(now.astimezone(self.words.zone).date()):
            return Drop("too late")
        person = people.by_user(tx, delivery.chat.telegram_id)
        if person is None or not person.has(Role.LEADER):
            return Drop("no right to it any more")
        seen = person.scope(access.Action.SEE_TABLE)
        asked = _asked(tx, now, seen, self.words.zone)
        if not asked:
            return Drop("nobody was asked there")
        tables = [counting.numbers(tx, n.id, now=now, area=Area(seen)) for n in asked]
        return self.laid_out(now, tables, is_repeat=delivery.is_repeat)

    def laid_out(
        self, now: dt.datetime, tables: list[Numbers], *, is_repeat: bool = False
    ) -> OutgoingMessage:
        """Six lines and the doors to the tables that are not complete; one line where all are."""
        total = lines.summed([table.total for table in tables])
        left = [it for it in tables if it.total.missing]
        shown = left if len(left) <= SHOWN else left[: SHOWN - 1]
        html = self.words.html(
            "carry.brief", now=now, count=len(tables), left=len(left), total=total,
            unseen=total.unseen, solved=total.solved,
            things=[_thing(it) for it in shown], more=len(left) - len(shown), is_repeat=is_repeat,
        )  # fmt: skip
        doors = tuple((Button(it.notice.title, Page(it.notice.id).callback()),) for it in shown)
        return OutgoingMessage(html, doors)


@dataclass(frozen=True, slots=True)
class Thing:
    """One line of the brief."""

    title: str
    total: Row
    due_at: dt.datetime | None


def _thing(it: Numbers) -> Thing:
    return Thing(it.notice.title, it.total, it.notice.due_at)


def preparations(words: Words, quiet: Callable[[], QuietHours]) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    return {KIND: Brief(words, quiet).day}

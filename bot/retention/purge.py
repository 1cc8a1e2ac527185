"""Forgetting what has been kept long enough: a bounded batch a transaction, every batch written down."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import forgetting as trail_forgetting
from bot.audit import trail
from bot.composing import opinions
from bot.db import Tx
from bot.delivery import forgetting as delivery
from bot.inbox import forgetting as inbox
from bot.inbox import leases
from bot.notices import forgetting as notices
from bot.retention import periods
from bot.retention.periods import Periods
from bot.roster import forgetting as roster

AT_ONCE = 2000  # rows; a batch holds the one writer of a SQLite file for well under a second
PEOPLE_AT_ONCE = 400  # people or chats; each takes hundreds of answers or messages along
VERB = "purge"  # the trail's word for a purge that came to its end
LEASE = dt.timedelta(minutes=1)  # one process at a time; another goes on where one has died


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is forgotten.

    Attributes:
        words: what happens to how many, for the operator.
        find: what has been kept long enough, as ids.
        erase: forgets these.
        most: at once.
    """

    key: str
    words: str
    days: Callable[[Periods], int]
    find: Callable[[dt.datetime], sa.Select[int]]
    erase: Callable[[Tx, dt.datetime, list[int]], None]
    most: int = AT_ONCE


def _erase_people(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    notices.unsign(tx, now, ids)
    roster.erase(tx, now, ids)


def _a_day(_: Periods) -> int:
    return 1


STEPS = (
    Step(
        "people", "离任的联系人,删去姓名、手机号和登记的账号", lambda p: p.people_days, roster.gone, _erase_people,
        most=PEOPLE_AT_ONCE,
    ),
    Step("accounts", "换下来的 Telegram 账号", lambda p: p.people_days, roster.former, roster.erase_former),
    Step(
        "chats", "不再是联系人的私聊,删去账号", lambda p: p.people_days, roster.strangers, roster.erase_strangers,
        most=PEOPLE_AT_ONCE,
    ),
    Step("troubles", "“有困难”的文字、语音、照片", lambda p: p.trouble_days, notices.told, notices.erase_told),
    Step("reports", "回报里写的那句话", lambda p: p.report_days, notices.reported, notices.erase_reported),
    Step("deliveries", "已经了结的投递记录", lambda p: p.delivery_days, delivery.settled, delivery.erase),
    Step("opinions", "意见", lambda p: p.delivery_days, opinions.old, opinions.erase),
    Step("audit", "操作记录", lambda p: p.audit_days, trail_forgetting.old, trail_forgetting.erase),
    Step("invitations", "过期的登记码", lambda p: p.invitation_days, roster.expired, roster.erase_expired),
    Step("tries", "输错登记码的记录", _a_day, roster.tries, roster.erase_tries),
    Step("questions", "没人回答的提问", _a_day, inbox.unanswered, inbox.erase),
    Step("presses", "没登记的人点的按钮", _a_day, inbox.held, inbox.erase_held),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction has forgotten.

    Attributes:
        forgotten: step → how many.
        is_last: nothing is left.
    """

    forgotten: dict[str, int]
    is_last: bool


def count(tx: Tx, now: dt.datetime, keep: Periods) -> dict[str, int]:
    """How many each step would forget now; only reads."""
    return {step.key: _count(tx, now, keep, step) for step in STEPS}


def _count(tx: Tx, now: dt.datetime, keep: Periods, step: Step) -> int:
    some = step.find(periods.before(now, step.days(keep))).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def hold(tx: Tx, now: dt.datetime, owner: str) -> bool:
    """This process purges, for a minute from now; False while another does. To be asked before every batch."""
    return leases.take(tx, now, VERB, owner, for_=LEASE)


def by_hand(tx: Tx, now: dt.datetime, keep: Periods, *, owner: str) -> Batch:
    """The next batch of a purge somebody asked for.

    Raises:
        Refused: another process is at it.
    """
    if not hold(tx, now, owner):
        raise errors.Refused("另一个进程正在清理,请过一分钟再试")
    return batch(tx, now, keep, actor="cli", owner=owner)


def batch(
    tx: Tx, now: dt.datetime, keep: Periods, *, actor: str, owner: str, at_once: int = AT_ONCE
) -> Batch:
    """At most `at_once` things more are forgotten and counted in the trail; the last batch notes the purge's end."""
    forgotten: dict[str, int] = {}
    for step in STEPS:
        limit = min(step.most, at_once - sum(forgotten.values()))
        find = step.find(periods.before(now, step.days(keep)))
        ids = list(tx.execute(find.limit(limit)).scalars())
        if ids:
            step.erase(tx, now, ids)
            trail.note(tx, now, actor=actor, verb="forget", subject=step.key, detail=f"rows:{len(ids)}")
            forgotten[step.key] = len(ids)
        if len(ids) == limit:
            return Batch(forgotten, is_last=False)
    trail.note(tx, now, actor=actor, verb=VERB, subject="retention")
    leases.release(tx, now, VERB, owner)
    return Batch(forgotten, is_last=True)

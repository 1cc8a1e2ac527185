"""`doctor`: what needs a person's hands, each as one sentence."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.audit import trail
from bot.db import Tx
from bot.delivery import model as delivery
from bot.delivery.model import ChatState, State
from bot.inbox import model as inbox
from bot.inbox.model import Parked
from bot.notices import chase
from bot.notices import model as notices
from bot.roster import bindings, model, units

SHOWN = 10
RECENT = dt.timedelta(days=2)
A_MONTH = dt.timedelta(days=30)
BACKED_UP_WITHIN = dt.timedelta(hours=26)  # one a night, and two hours for a slow one


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `bad` ones make `doctor` exit 1."""

    bad: bool
    text: str


def examine(tx: Tx, now: dt.datetime) -> list[Finding]:
    """Everything worth telling, the bad things first."""
    found = [
        *_poisoned(tx),
        *_waiting(tx),
        *_failed(tx, now),
        *_chats(tx),
        *_crossings(tx, now),
        *_roster(tx),
        *_backup(tx, now),
    ]
    return sorted(found, key=lambda finding: not finding.bad)


def _poisoned(tx: Tx) -> list[Finding]:
    p = inbox.parked_update
    rows = tx.execute(
        sa.select(p.c.update_id, p.c.attempts, p.c.error)
        .where(p.c.state == Parked.POISONED.value)
        .order_by(p.c.id.desc())
    ).all()
    listed = [
        Finding(True, f"处理不了的更新 {r.update_id}:试过 {r.attempts} 次,{r.error}") for r in rows[:SHOWN]
    ]
    more = [Finding(True, f"另有 {len(rows) - SHOWN} 个处理不了的更新")] if len(rows) > SHOWN else []
    return listed + more


def _waiting(tx: Tx) -> list[Finding]:
    p = inbox.parked_update
    rows = tx.execute(
        sa.select(p.c.update_id, p.c.attempts, p.c.error)
        .where(p.c.state == Parked.WAITING.value)
        .order_by(p.c.id)
    ).all()
    return [
        Finding(True, f"等待重试的更新 {r.update_id}:试过 {r.attempts} 次,{r.error}") for r in rows[:SHOWN]
    ]


def _failed(tx: Tx, now: dt.datetime) -> list[Finding]:
    d, c = delivery.delivery, delivery.chat
    rows = tx.execute(
        sa.select(d.c.kind, d.c.reason, c.c.title, c.c.kind.label("where"), d.c.chat_id)
        .join(c, c.c.id == d.c.chat_id)
        .where(d.c.state == State.FAILED.value, d.c.settled_at > now - RECENT)
        .order_by(d.c.id.desc())
    ).all()
    uncertain = tx.execute(
        sa.select(sa.func.count()).where(d.c.state == State.UNCERTAIN.value, d.c.settled_at > now - RECENT)
    ).scalar_one()
    found = [
        Finding(True, f"没发出去:{r.title or f'私聊 {r.chat_id}'}({r.kind}):{r.reason}") for r in rows[:SHOWN]
    ]
    if len(rows) > SHOWN:
        found.append(Finding(True, f"两天内共有 {len(rows)} 条没发出去"))
    if uncertain:
        found.append(
            Finding(False, f"两天内有 {uncertain} 条不知是否发到,按发到算,已各补发一次并标“可能重复”")
        )
    return found


def _chats(tx: Tx) -> list[Finding]:
    c = delivery.chat
    rows = tx.execute(
        sa.select(c.c.title, c.c.state, c.c.state_reason)
        .join(model.binding, sa.and_(model.binding.c.chat_id == c.c.id, model.binding.c.until.is_(None)))
        .where(c.c.state != ChatState.OK.value)
    ).all()
    words = {"muted": "我在群里不能发言,请群管理员放开", "gone": "我已不在群里,请重新拉进群"}
    return [
        Finding(True, f"群“{r.title}”:{words.get(r.state, r.state)}({r.state_reason})") for r in rows[:SHOWN]
    ]


def _crossings(tx: Tx, now: dt.datetime) -> list[Finding]:
    """Reminders that met an answer on their way; one sent after the answer would be a fault of ours."""
    it = chase.crossings(tx, since=now - A_MONTH)
    text = f"30 天内提醒与回复在路上相遇 {it.crossed} 校次;回复之后才发出的提醒 {it.outrun} 校次(应为 0)"
    return [Finding(it.outrun > 0, text)]


def _roster(tx: Tx) -> list[Finding]:
    everyone = units.every(tx)
    schools = [u for u in everyone if u.owes_answers]
    if not everyone:
        return [Finding(False, "名册还是空的:先运行 roster import")]
    armed = bindings.armed_units(tx)
    opened = sum(armed.has(u.place) for u in schools)
    codes = {u.id for u in everyone}
    n = notices.notice
    orphaned = tx.execute(
        sa.select(sa.func.count()).where(n.c.owner_unit_id.is_not(None), n.c.owner_unit_id.not_in(codes))
    ).scalar_one()
    state = "试运行:还没有学校会收到通知" if not opened else f"已开通 {opened}/{len(schools)} 所"
    found = [Finding(False, f"名册 {len(everyone)} 个单位,学校和高校 {len(schools)} 所;{state}")]
    if orphaned:
        found.append(Finding(False, f"{orphaned} 条通知的主办处室已停用,按市局算"))
    return found


def _backup(tx: Tx, now: dt.datetime) -> list[Finding]:
    """Red once a city has been armed for longer than a backup may be away; before that there is little to lose."""
    armed_at = tx.execute(sa.select(sa.func.min(model.unit.c.armed_at))).scalar()
    last = trail.last_at(tx, "backup")
    if armed_at is None:
        return []
    is_old = now - max(armed_at, last or armed_at) > BACKED_UP_WITHIN
    how = "请定时运行 xiaoan backup 文件名" if is_old else "请每天备份一次"
    if last is None:
        return [Finding(is_old, f"还没有备份过,{how}")]
    hours = int((now - last).total_seconds() // 3600)
    return [Finding(is_old, f"上次备份是 {hours} 小时前" + (f",{how}" if is_old else ""))]

"""`doctor`: what needs a person's hands, each as one sentence."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.audit import trail
from bot.db import Tx
from bot.delivery import hands as deliveries
from bot.notices import chase
from bot.notices import model as notices
from bot.roster import bindings, model, units
from bot.summaries import hands
from bot.texts import Words

SHOWN = 5
A_MONTH = dt.timedelta(days=30)
BACKED_UP_WITHIN = dt.timedelta(hours=26)  # one a night, and two hours for a slow one


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `bad` ones make `doctor` exit 1. Lines below the first one are its examples."""

    bad: bool
    text: str


def examine(tx: Tx, now: dt.datetime, words: Words) -> list[Finding]:
    """Everything worth telling, the bad things first."""
    found = [*_needing_hands(tx, now, words), *others(tx, now)]
    return sorted(found, key=lambda finding: not finding.bad)


def others(tx: Tx, now: dt.datetime) -> list[Finding]:
    """What is found beside what needs hands: doubtful calls, reminders that met an answer, the roster, the backup."""
    return [*_doubted(tx, now), *_crossings(tx, now), *_roster(tx), *_backup(tx, now)]


def _doubted(tx: Tx, now: dt.datetime) -> list[Finding]:
    count = deliveries.doubted(tx, now)
    text = f"两天内有 {count} 条一时不知是否发到,按发到算;该补发的已各补发一次,标“可能重复”"
    return [Finding(False, text)] if count else []


def _needing_hands(tx: Tx, now: dt.datetime, words: Words) -> list[Finding]:
    """A finding a class: what is to be done, how many, the first of them by name."""
    return [_class(now, words, why, needs) for why, needs in hands.by_class(hands.read(tx, now)).items()]


def _class(now: dt.datetime, words: Words, why: str, needs: list[hands.Need]) -> Finding:
    lines = [words.plain("hands.class", why=why, count=len(needs))]
    lines += [hands.said(words, need, now) for need in needs[:SHOWN]]
    if len(needs) > SHOWN:
        lines.append(words.plain("hands.more", count=len(needs) - SHOWN))
    return Finding(needs[0].is_bad, "\n    ".join(lines))


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

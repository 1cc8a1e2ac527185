"""What people do with plans: switch them on and off, publish one at once, give their word on what was put to them."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.calendar.trigger import Occurrence
from bot.composing.rules import Rules
from bot.db import Tx
from bot.notices import publish
from bot.plans import book as books
from bot.plans import days_off, firing, model, owners, reckoning
from bot.plans.book import Book, Share
from bot.plans.content import Entry
from bot.plans.firing import Fired
from bot.plans.model import FireState
from bot.plans.reckoning import Batch
from bot.roster import access, units
from bot.roster.people import Person

DECLINED = "主办处室定:这次不发"  # who it was stands in decided_by
AGAIN_AFTER = dt.timedelta(minutes=10)  # a second press, or a second pair of hands, makes no second notice
ROUND_TO = dt.timedelta(minutes=5)
AFTER_OPENING = dt.timedelta(hours=2)
WIDE = "发到一个以上的县,要另一位同意,请用“发通知”发。"
URGENT = "紧急的,要另一位同意,请用“发通知”发。"
_p, _f = model.plan, model.fire


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan as it stands.

    Attributes:
        next_at: when it fires next for somebody; None if never, or paused.
        is_provisional: 暂定: that day may still move.
        last_at: when it last published something.
        units: how many its audience has now.
    """

    entry: Entry
    is_enabled: bool
    next_at: dt.datetime | None
    is_provisional: bool
    last_at: dt.datetime | None
    units: int


def standing(tx: Tx, book: Book, *, now: dt.datetime, some: Collection[str] | None = None) -> list[Standing]:
    """Every plan of the book, or some by id, in its order; the next instant is told also of a paused plan."""
    rows = {row.id: row for row in tx.execute(sa.select(_p))}
    query = sa.select(_f.c.plan_id, sa.func.max(_f.c.settled_at)).where(
        _f.c.state == FireState.PUBLISHED.value
    )
    last = {row[0]: row[1] for row in tx.execute(query.group_by(_f.c.plan_id))}
    everyone = units.every(tx)
    found = []
    for entry in book.entries.values():
        if some is not None and entry.id not in some:
            continue
        row = rows.get(entry.id)
        is_enabled = _is_enabled(entry, row)
        shares = shares_of(entry, everyone, book)
        first = coming(entry, shares or [Share(book.calendars.of(), ())], now)
        next_at, is_provisional = (first.at, first.is_provisional) if first else (None, False)
        count = sum(len(share.units) for share in shares)
        found.append(Standing(entry, is_enabled, next_at, is_provisional, last.get(entry.id), count))
    return found


def enabled(tx: Tx, book: Book) -> frozenset[str]:
    """The ids of the plans that are switched on."""
    rows = {row.id: row for row in tx.execute(sa.select(_p))}
    return frozenset(e.id for e in book.entries.values() if _is_enabled(e, rows.get(e.id)))


def _is_enabled(entry: Entry, row: sa.Row[tuple[object, ...]] | None) -> bool:
    """A word in the file that is newer than the row holds."""
    return entry.enabled if row is None or row.file_enabled != entry.enabled else bool(row.is_enabled)


def shares_of(entry: Entry, everyone: list[units.Unit], book: Book) -> list[Share]:
    """The plan's audience by calendar; none where nobody is meant, or a unit is named that there is not."""
    try:
        return books.shares(entry, everyone, book.calendars)
    except errors.Refused:
        return []


def coming(entry: Entry, shares: list[Share], now: dt.datetime) -> Occurrence | None:
    found = [t.next_after(now, share.calendar) for share in shares for t in entry.triggers]
    return min((one for one in found if one is not None), key=lambda one: one.at, default=None)


def notes(tx: Tx, book: Book) -> list[str]:
    """What `doctor` says of the plans: which are on, whose office nobody knows."""
    is_on = enabled(tx, book)
    on = [plan_id for plan_id in book.entries if plan_id in is_on]
    found = [f"计划 {len(book.entries)} 个,启用 {len(on)} 个{':' if on else ''}{' '.join(on)}"]
    codes = {u.code for u in units.every(tx)}
    lost = [f"{e.id}({e.owner})" for e in book.entries.values() if e.owner and e.owner not in codes]
    if codes and lost:
        found.append(f"主办处室不在名册里,按市局算:{' '.join(lost)}")
    return found


def switch(tx: Tx, now: dt.datetime, plan_id: str, *, on: bool, book: Book, by: str) -> bool:
    """The plan fires by itself from now on, or no longer; whether that changed anything.

    Raises:
        Refused: there is no such plan.
    """
    entry = book.get(plan_id)
    row = _locked(tx, now, entry)
    is_enabled = _is_enabled(entry, row)
    values: dict[str, object] = {"is_enabled": on, "file_enabled": entry.enabled}
    if on != row.is_enabled:  # else what an edited file changes is left for `firing.attend` to see
        values |= {
            "timing": books.timing(entry), "looked_until": now, "next_fire_at": now if on else None,
            "reckoned_with": book.mark,
        }  # fmt: skip
    if on != is_enabled:
        values |= {"changed_by": by, "changed_at": now}
        owners.note(tx, now, actor=by, verb="plan_on" if on else "plan_off", plan_id=plan_id)
    if not on:
        firing.withdraw(tx, now, plan_id, firing.PAUSED)
    tx.execute(_p.update().where(_p.c.id == plan_id).values(values))
    return on != is_enabled


def _locked(tx: Tx, now: dt.datetime, entry: Entry) -> sa.Row[tuple[object, ...]]:
    firing.learn(tx, now, entry)
    return tx.execute(sa.select(_p).where(_p.c.id == entry.id).with_for_update()).one()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom `run` would publish to.

    Attributes:
        units: how many would be asked or told; 0 for a plan for the administrators.
        closed: how many of them have 今天停课; they are not spared.
    """

    units: int
    closed: int
    is_trial: bool


def reach(tx: Tx, now: dt.datetime, plan_id: str, *, book: Book) -> Reach:
    """Whom `run` would publish to now.

    Raises:
        Refused: no such plan, nobody is meant, or it would be due already.
    """
    entry = book.get(plan_id)
    asked = _asked(tx, now, entry, book)
    everyone = [unit for one in asked for unit in one.asked]
    if not everyone and not entry.audience.is_admins:
        raise errors.Refused(f"audience “{entry.audience.text}” {firing.EMPTY}")
    closed = days_off.closed(tx, now.astimezone(book.zone).date(), everyone)
    is_trial = all(one.is_trial for one in asked) and not entry.audience.is_admins
    return Reach(len(everyone), len(closed), is_trial)


def _asked(tx: Tx, now: dt.datetime, entry: Entry, book: Book) -> list[publish.Reach]:
    found = books.shares(entry, units.every(tx), book.calendars)
    return [publish.reach(tx, batch.units) for batch in _at_once(entry, found, book, now)]


def sends_alone(tx: Tx, now: dt.datetime, plan_id: str, *, person: Person, book: Book, rules: Rules) -> None:
    """This person may have the plan published at once, and by the house rules nobody else has to agree.

    What a plan publishes by itself was settled when it was switched on; what goes to administrators asks nobody.

    Raises:
        NotAllowed: it reaches somebody to whom this person may not send. Refused: a second officer has to agree.
    """
    entry = book.get(plan_id)
    if entry.audience.is_admins:
        return
    asked = [unit for one in _asked(tx, now, entry, book) for unit in one.asked]
    within = person.scope(access.Action.SEND)
    if within.is_empty or not all(within.has(unit.place) for unit in asked):
        raise errors.NotAllowed("您不能发通知。")
    if rules.now_needs_two and entry.level == "now":
        raise errors.Refused(URGENT)
    if rules.city_needs_two and len({unit.county_id for unit in asked}) > 1:
        raise errors.Refused(WIDE)


def run(
    tx: Tx, now: dt.datetime, plan_id: str, *, book: Book, by: str, units_told: int | None = None
) -> list[Fired]:
    """Publish the plan at once, whether it is switched on or not, also in quiet hours and to schools that stay closed.

    Units whose answers are due at different instants have a notice each.

    Args:
        units_told: how many the person was told it would reach; None where nothing was told.

    Raises:
        Refused: no such plan, nobody is meant, it would be due already, it went out a moment ago, or it would reach
            other than as many as told.
    """
    entry = book.get(plan_id)
    _locked(tx, now, entry)
    newest = sa.select(sa.func.max(_f.c.settled_at)).where(
        _f.c.plan_id == plan_id, _f.c.state == FireState.PUBLISHED.value
    )
    last = tx.execute(newest).scalar_one()
    if last is not None and dt.timedelta(0) <= now - last < AGAIN_AFTER:
        minutes = AGAIN_AFTER // dt.timedelta(minutes=1)
        raise errors.Refused(f"{plan_id} {book.words.clock(last)} 刚发过,{minutes} 分钟内不重复发")
    fired = []
    for batch in _at_once(entry, books.shares(entry, units.every(tx), book.calendars), book, now):
        meant = (frozenset(u.id for u in batch.units), "")
        fired.append(firing.send(tx, now, entry, book, batch, meant=meant, due_at=batch.due_at, by=by))
    refused = next((one.reason for one in fired if one.state is not FireState.PUBLISHED), "")
    if refused or not fired:
        raise errors.Refused(refused or f"audience “{entry.audience.text}” {firing.EMPTY}")
    count = sum(one.units for one in fired)
    if units_told is not None and units_told != count:
        raise errors.Refused(f"单位数变了,现在是 {count} 个。请返回再看一下。")
    owners.note(tx, now, actor=by, verb="plan_run", plan_id=plan_id)
    return fired


def _at_once(entry: Entry, shares: list[Share], book: Book, now: dt.datetime) -> list[Batch]:
    found: dict[dt.datetime, Batch] = {}
    for share in shares:
        occurrence = occasion(entry, share, book, now)
        holiday = occurrence.holiday
        due_at = entry.due.at(now, book.zone, calendar=share.calendar, holiday=holiday) if entry.due else now
        if entry.due and due_at <= now:
            raise errors.Refused(f"{book.words.moment(due_at, now)} 的截止已经过了,现在不能发。")
        if due_at not in found:
            found[due_at] = Batch(now, due_at, occurrence, share.calendar)
        found[due_at].units += share.units
    return [found[due_at] for due_at in sorted(found)]


def occasion(entry: Entry, share: Share, book: Book, now: dt.datetime) -> Occurrence:
    """What the plan would be told by if it fired now: the occasion of its next occurrence, or the next holiday."""
    first = coming(entry, [share], now)
    if first is not None and first.occasion:
        return Occurrence(now, first.occasion, first.is_provisional, first.holiday)
    holiday = next(share.calendar.holidays_from(now.astimezone(book.zone).date()), None)
    return Occurrence(now, holiday.name if holiday else "")


@dataclass(frozen=True, slots=True)
class Decided:
    """What a press on a card that asks has led to.

    Attributes:
        is_new: this press decided it; False where it was decided already.
    """

    state: FireState
    reason: str
    is_new: bool


def decide(tx: Tx, now: dt.datetime, fire_id: int, *, go: bool, book: Book, user_id: int) -> Decided:
    """The owner's word on one occurrence: publish, with the due time put off, or leave it out. The first word holds.

    Raises:
        NotAllowed: somebody who may not run plans. Refused: no such question, or its plan is gone.
    """
    person = owners.entitled(tx, user_id)
    found = tx.execute(sa.select(_f.c.plan_id).where(_f.c.id == fire_id)).first()
    if found is None:
        raise errors.Refused("这个按钮已经不用了。")
    entry = book.get(found.plan_id)
    _locked(tx, now, entry)
    row = tx.execute(sa.select(_f).where(_f.c.id == fire_id)).one()
    if row.state not in (FireState.ASKED, FireState.PROPOSED) or row.decided_by:
        return Decided(FireState(row.state), row.reason, is_new=False)
    by = person.actor
    tx.execute(_f.update().where(_f.c.id == fire_id).values(decided_by=by))
    if not go:
        firing.end(tx, now, fire_id, FireState.SKIPPED, reason=DECLINED)
    elif row.state == FireState.ASKED:
        _make_up(tx, now, entry, book, row.planned_at, row.due_at, by)
    owners.refresh(tx, now, fire_id)
    owners.note(
        tx, now, actor=by, verb="fire_go" if go else "fire_skip", plan_id=entry.id, detail=f"fire:{fire_id}"
    )
    row = tx.execute(sa.select(_f).where(_f.c.id == fire_id)).one()
    return Decided(FireState(row.state), row.reason, is_new=True)


def _make_up(
    tx: Tx, now: dt.datetime, entry: Entry, book: Book, planned_at: dt.datetime, due_at: dt.datetime, by: str
) -> None:
    """Publish what was missed, with as long to answer as it would have had."""
    shares = shares_of(entry, units.every(tx), book)
    found = reckoning.batches(entry, shares, book, after=planned_at - firing.TICK, until=planned_at)
    batch = next((one for one in found if one.due_at == due_at), None)
    if batch is None:
        raise errors.Refused(f"计划 {entry.id} 已经改过,不能补发;要发请用“现在发”。")
    meant = left, reason = firing.spared(tx, now, entry, book, batch)
    if not left and not entry.audience.is_admins:
        firing.leave_out(tx, now, entry, batch, reason or firing.EMPTY)
        return
    postponed = put_off(entry, book, planned_at=planned_at, due_at=due_at, now=now)
    firing.send(tx, now, entry, book, batch, meant=meant, due_at=postponed, by=by)


def put_off(
    entry: Entry, book: Book, *, planned_at: dt.datetime, due_at: dt.datetime, now: dt.datetime
) -> dt.datetime:
    """The due time of what is made up for: as long after now as it was after the plan, in steps of five minutes.

    Where that falls into quiet hours, two hours after they end.
    """
    long = due_at - planned_at
    seconds = (now + long).timestamp()
    step = ROUND_TO.total_seconds()
    due = dt.datetime.fromtimestamp(-(-seconds // step) * step, dt.UTC)
    if entry.is_urgent or not book.quiet.is_quiet(due):
        return due
    return book.quiet.opening(due) + AFTER_OPENING

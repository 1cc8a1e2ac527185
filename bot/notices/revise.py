"""更正: a notice says something else from now on; what was answered to words that still stand, stands."""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox, postings
from bot.delivery.model import Lane
from bot.notices import asking, copies, model, publish, queries, rules
from bot.notices.publish import Item
from bot.notices.queries import Notice
from bot.notices.rules import Kind
from bot.roster import access
from bot.roster.model import post
from bot.roster.people import Person

NOT_YOURS = "您不能更正、撤回这条通知。"
OVER = "这条通知已经结束,不能再改。"

_n, _i, _v, _a = model.notice, model.notice_item, model.notice_version, model.assignment


@dataclass(frozen=True, slots=True)
class Revised:
    """What a revision did.

    Attributes:
        asked_again: of a directive, the items that have to be answered anew, by name.
        chats: in how many chats the card is shown anew, or edited.
    """

    version: int
    asked_again: tuple[str, ...]
    chats: int


def may(tx: Tx, person: Person, notice_id: int) -> bool:
    """Whether this person may revise and recall the notice: in the city any, in a county what the county has sent.

    Of a county are the notices that ask nobody outside it and that somebody with a post there has published.
    """
    within = person.scope(access.Action.REVISE)
    if within.everything or within.is_empty:
        return within.everything
    asked = tx.execute(sa.select(_a.c.unit_id, _a.c.county_id).where(_a.c.notice_id == notice_id)).all()
    if not all(within.has(access.Place(*row)) for row in asked):
        return False
    by: str = tx.execute(sa.select(_n.c.published_by).where(_n.c.id == notice_id)).scalar_one()
    author = by.removeprefix("contact:")
    if not author.isdigit():
        return False
    held = sa.select(post.c.id).where(post.c.contact_id == int(author), post.c.unit_id.in_(within.counties))
    return tx.execute(held.limit(1)).first() is not None


def held(tx: Tx, notice_id: int) -> Notice:
    """The notice, with nobody else publishing, revising or recalling it before this transaction ends.

    Raises:
        Refused: there is none, or it is recalled.
    """
    tx.execute(sa.select(_n.c.id).where(_n.c.id == notice_id).with_for_update())
    found = queries.notice(tx, notice_id)
    if found is None:
        raise errors.Refused("没有这条通知。")
    if found.recalled_at is not None:
        raise errors.Refused("这条通知已经撤回。")
    return found


def revise(
    tx: Tx,
    now: dt.datetime,
    notice_id: int,
    *,
    text: str,
    full_text: str = "",
    items: tuple[Item, ...] = (),
    by: str,
    of_version: int | None = None,
) -> Revised:
    """The notice has a next version, which says this.

    A simple notice is corrected: every delivered card is edited, marked, and nothing is asked again. Of a directive the
    items whose words or party have changed, and new ones, are asked again by a new card; the others keep their answers.
    A due that alone has changed asks nothing again. What a table said before now it says for ever.

    Args:
        items: of a directive, all of its items as they are from now on.
        of_version: the one that was read; None: whichever is in force.

    Raises:
        Refused: it is over, somebody has changed it meanwhile, nothing would change, or an item is due already.
    """
    notice = held(tx, notice_id)
    if notice.state(now) == "closed":
        raise errors.Refused(OVER)
    if of_version is not None and of_version != notice.version:
        raise errors.Refused("刚有人改过这条通知,请重新打开看。")
    if (notice.kind is Kind.DIRECTIVE) != bool(items):
        raise errors.Refused("要求逐项反馈的通知要有事项,别的通知不能有")
    before = tx.execute(
        sa.select(_v.c.text, _v.c.full_text).where(
            _v.c.notice_id == notice_id, _v.c.version == notice.version
        )
    ).one()
    version = notice.version + 1
    said = {"text": text, "full_text": full_text, "created_by": by, "created_at": now}
    tx.execute(_v.insert().values(notice_id=notice_id, version=version, **said))
    changed, gone, is_moved = _reworded(tx, now, notice, items, version) if items else ((), (), False)
    if not (changed or gone or is_moved) and (before.text, before.full_text) == (text, full_text):
        raise errors.Refused("没有改动。")
    closes_at = max((rules.closes_at(i.due_at) for i in items if i.due_at), default=None)
    values: dict[str, object] = {"version": version}
    if closes_at is not None and notice.closes_at is not None and closes_at > notice.closes_at:
        values["closes_at"] = closes_at
    tx.execute(_n.update().where(_n.c.id == notice_id).values(values))
    chats = _shown(tx, now, notice, is_new=bool(changed or gone))
    detail = f"version:{version} items:{','.join(changed)}"
    trail.note(tx, now, actor=by, verb="revise", subject=f"notice:{notice_id}", detail=detail)
    return Revised(version, changed, chats)


def _reworded(
    tx: Tx, now: dt.datetime, notice: Notice, items: tuple[Item, ...], version: int
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """The items asked again, those that are no more, and whether a due has moved."""
    publish.check(tuple(dataclasses.replace(i, due_at=None) for i in items), now, latest=None)
    standing = {i.key: i for i in queries.standing(tx, notice.id)}
    changed, is_moved = [], False
    for position, it in zip(_places(tx, notice.id, items), items, strict=True):
        was = standing.pop(it.key, None)
        mine = (_i.c.notice_id == notice.id, _i.c.item == it.key, _i.c.until_version.is_(None))
        if was is not None and (was.text, was.party, was.asks) == (it.text, it.party, it.asks):
            is_moved |= was.due_at != it.due_at
            tx.execute(_i.update().where(*mine).values(due_at=it.due_at))
            continue
        due_at = it.due_at or notice.due_at
        if due_at is None or due_at <= now:
            raise errors.Refused(f"第 {it.key} 项要重新报,请给它写一个还没到的截止时间。")
        tx.execute(_i.update().where(*mine).values(until_version=version))
        values = {
            "position": position,
            "text": it.text,
            "party": it.party,
            "due_at": it.due_at,
            "asks": it.asks,
        }
        tx.execute(_i.insert().values(notice_id=notice.id, item=it.key, since_version=version, **values))
        changed.append(it.key)
    for key in standing:
        mine = (_i.c.notice_id == notice.id, _i.c.item == key, _i.c.until_version.is_(None))
        tx.execute(_i.update().where(*mine).values(until_version=version))
    return tuple(changed), tuple(standing), is_moved


def _places(tx: Tx, notice_id: int, items: tuple[Item, ...]) -> list[int]:
    """Where each of the items stands: one that is known where it stood, a new one between its neighbours.

    So the items of an older version keep their order too.
    """
    standing = (_i.c.notice_id == notice_id, _i.c.until_version.is_(None))
    known = {
        row.item: row.position for row in tx.execute(sa.select(_i.c.item, _i.c.position).where(*standing))
    }
    placed: list[int] = []
    for number, it in enumerate(items):
        last = placed[-1] if placed else None
        after = [
            known[o.key]
            for o in items[number + 1 :]
            if o.key in known and (last is None or known[o.key] > last)
        ]
        if it.key in known:
            placed.append(known[it.key])
        elif last is None:
            placed.append(after[0] - publish.POSITIONS_APART if after else 0)
        else:
            placed.append((last + after[0]) // 2 if after else last + publish.POSITIONS_APART)
    return placed


def _shown(tx: Tx, now: dt.datetime, notice: Notice, *, is_new: bool) -> int:
    """Every delivered card is edited; a directive's whose items have changed comes as a new message, with its sound."""
    hanging = [copy.chat_id for copy in copies.of(tx, notice.id, (copies.CARD,))]
    if is_new:
        former = (copies.CARD_WAS, f"{notice.id}:{notice.version}")
        lane = Lane.ALERT if notice.level == "now" else Lane.SCHEDULED
        anew = postings.leave_behind(
            tx, now, kind=copies.CARD, subject=str(notice.id), former=former, lane=lane
        )
        chats = sorted(set(hanging) - set(anew))  # on its way there: edited when it is
    else:
        anew, chats = [], hanging
    outbox.show_each(tx, now, [(c, notice.id) for c in chats], copies.CARD, lane=Lane.REFRESH)
    for copy in copies.of(tx, notice.id, (copies.ITEMS,)):
        start = now + asking.PRIVATE_EDITS_EVERY
        outbox.show(tx, now, copy.chat_id, copy.kind, copy.subject, lane=Lane.REFRESH, not_before=start)
    return len(anew) + len(chats)

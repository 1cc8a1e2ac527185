"""更正: a notice says something else from now on; what was answered to words that still stand, stands."""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox, postings
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.notices import asking, copies, model, moving, publish, queries, rules
from bot.notices.publish import Item
from bot.notices.queries import Notice
from bot.notices.rules import Kind
from bot.roster import access
from bot.roster.model import post
from bot.roster.people import Person

NOT_YOURS = "您不能更正、撤回这条通知。"
OVER = "这条通知已经结束,不能再改。"
CHANGED = "刚有人改过这条通知,请重新打开看。"
UNCHANGED = "没有改动。"

_n, _i, _v, _a, _q = model.notice, model.notice_item, model.notice_version, model.assignment, model.asked


@dataclass(frozen=True, slots=True)
class Revised:
    """What a revision did.

    Attributes:
        asked_again: of a directive, the items that have to be answered anew, by name.
        chats: in how many chats the card is shown anew or edited, or a full text that was given is marked.
    """

    version: int
    asked_again: tuple[str, ...]
    chats: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a next version of a directive's items does, by their names, in its order.

    Attributes:
        again: said otherwise, and to be answered anew.
        added: not there before.
        gone: there no more, in the order they had.
        moved: only due at another time.
    """

    again: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """What has to be answered, whoever has answered what."""
        return (*self.again, *self.added)


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
    due_at: dt.datetime | None = None,
    by: str,
    released_by: str = "",
    of_version: int | None = None,
) -> Revised:
    """The notice has a next version, which says this.

    A simple notice is corrected: every delivered card is edited, marked, and nothing is asked again. Of a directive the
    items whose words or party have changed, and new ones, are asked again by a new card; the others keep their answers.
    A due that alone has changed asks nothing again. What a table said before now it says for ever.

    Args:
        items: of a directive, all of its items as they are from now on.
        due_at: of the whole, from now on; None or the same leaves it, and its ladder, as it is.
        released_by: the second officer who agreed; '' where none was needed.
        of_version: the one that was read; None: whichever is in force.

    Raises:
        Refused: it is over, somebody has changed it meanwhile, nothing would change, or an item is due already.
    """
    if due_at is not None:
        moving.hold(tx, notice_id)
    notice = held(tx, notice_id)
    if notice.state(now) == "closed":
        raise errors.Refused(OVER)
    if of_version is not None and of_version != notice.version:
        raise errors.Refused(CHANGED)
    if (notice.kind is Kind.DIRECTIVE) != bool(items):
        raise errors.Refused("要求逐项反馈的通知要有事项,别的通知不能有")
    before = tx.execute(
        sa.select(_v.c.text, _v.c.full_text).where(
            _v.c.notice_id == notice_id, _v.c.version == notice.version
        )
    ).one()
    version = notice.version + 1
    is_moved = due_at is not None and due_at != notice.due_at
    after = dataclasses.replace(notice, due_at=due_at) if is_moved else notice
    if is_moved and due_at is not None:
        moving.check(now, notice, due_at)
    it = compare(tx, now, after, items) if items else Difference()
    is_said_otherwise = (before.text, before.full_text) != (text, full_text)
    if not (it.asked or it.gone or it.moved or is_moved or is_said_otherwise):
        raise errors.Refused(UNCHANGED)
    if is_moved and due_at is not None:
        moving.move(tx, now, notice, due_at)
    said = {
        "text": text,
        "full_text": full_text,
        "created_by": by,
        "released_by": released_by,
        "created_at": now,
    }
    tx.execute(_v.insert().values(notice_id=notice_id, version=version, **said))
    _reword(tx, notice, items, it, version)
    values: dict[str, object] = {"version": version, "closes_at": _closes_at(after, items, is_moved=is_moved)}
    tx.execute(_n.update().where(_n.c.id == notice_id).values(values))
    is_new = bool(it.asked or it.gone) or (is_moved and notice.kind is Kind.DIRECTIVE)
    chats = _shown(tx, now, notice, is_new=is_new)
    if before.full_text != full_text:
        chats |= _full_text_marked(tx, now, notice)
    asked = tuple(item.key for item in items if item.key in it.asked)
    detail = f"version:{version} items:{','.join(asked)}{' due' if is_moved else ''}"
    trail.note(tx, now, actor=by, verb="revise", subject=f"notice:{notice_id}", detail=detail)
    return Revised(version, asked, len(chats))


def _closes_at(after: Notice, items: tuple[Item, ...], *, is_moved: bool) -> dt.datetime | None:
    """When answering ends: a week after the last deadline there is; earlier than before only if the whole's has moved."""
    dues = [due_at for due_at in (after.due_at, *(i.due_at for i in items)) if due_at is not None]
    last = max((rules.closes_at(due_at) for due_at in dues), default=after.closes_at)
    if last is None or after.closes_at is None or is_moved:
        return last
    return max(last, after.closes_at)


def compare(tx: Tx, now: dt.datetime, notice: Notice, items: tuple[Item, ...]) -> Difference:
    """What it would do if a directive's items were these from now on; nothing is written.

    Args:
        notice: with the deadline it will have.

    Raises:
        Refused: an item has no words, or is asked again when it is due already.
    """
    publish.check(tuple(dataclasses.replace(i, due_at=None) for i in items), now, latest=None)
    standing = {i.key: i for i in queries.standing(tx, notice.id)}
    again: list[str] = []
    added: list[str] = []
    moved: list[str] = []
    for it in items:
        was = standing.pop(it.key, None)
        if was is not None and (was.text, was.party, was.asks) == (it.text, it.party, it.asks):
            moved += [it.key] * (was.due_at != it.due_at)
            continue
        due_at = it.due_at or notice.due_at
        if due_at is None or due_at <= now:
            raise errors.Refused(f"第 {it.key} 项要重新报,请给它写一个还没到的截止时间。")
        (again if was is not None else added).append(it.key)
    return Difference(tuple(again), tuple(added), tuple(standing), tuple(moved))


def _reword(tx: Tx, notice: Notice, items: tuple[Item, ...], found: Difference, version: int) -> None:
    """The items are these from this version on."""
    for position, it in zip(_places(tx, notice.id, items), items, strict=True):
        mine = (_i.c.notice_id == notice.id, _i.c.item == it.key, _i.c.until_version.is_(None))
        if it.key not in found.asked:
            tx.execute(_i.update().where(*mine).values(due_at=it.due_at))
            continue
        tx.execute(_i.update().where(*mine).values(until_version=version))
        values = {
            "position": position,
            "text": it.text,
            "party": it.party,
            "due_at": it.due_at,
            "asks": it.asks,
        }
        tx.execute(_i.insert().values(notice_id=notice.id, item=it.key, since_version=version, **values))
    for key in found.gone:
        mine = (_i.c.notice_id == notice.id, _i.c.item == key, _i.c.until_version.is_(None))
        tx.execute(_i.update().where(*mine).values(until_version=version))


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


def _show_where_it_never_was(tx: Tx, now: dt.datetime, notice: Notice, had: set[ChatId]) -> None:
    """A chat through which somebody is asked, and whose first card came to nothing, gets this one."""
    through = sa.select(_q.c.chat_id).where(_q.c.notice_id == notice.id, _q.c.until.is_(None)).distinct()
    never = [
        chat_id for chat_id in tx.execute(through.order_by(_q.c.chat_id)).scalars() if chat_id not in had
    ]
    outbox.show_each(tx, now, [(c, notice.id) for c in never], copies.CARD, lane=Lane.SCHEDULED)


def _shown(tx: Tx, now: dt.datetime, notice: Notice, *, is_new: bool) -> set[ChatId]:
    """Every delivered card is edited; a directive's whose items have changed comes as a new message, with its sound."""
    cards = copies.to_change(tx, notice.id, (copies.CARD,))
    anew: set[ChatId] = set()
    if is_new:
        former = (copies.CARD_WAS, f"{notice.id}:{notice.version}")
        lane = Lane.ALERT if notice.level == "now" else Lane.SCHEDULED
        anew = set(
            postings.leave_behind(tx, now, kind=copies.CARD, subject=str(notice.id), former=former, lane=lane)
        )
    others = {copy: start for copy, start in cards.items() if copy.chat_id not in anew}
    copies.show(tx, now, others, lane=Lane.REFRESH)  # on its way there: edited when it is
    _show_where_it_never_was(tx, now, notice, {*anew, *(copy.chat_id for copy in others)})
    lists = copies.to_change(tx, notice.id, (copies.ITEMS,))
    copies.show(tx, now, lists, lane=Lane.REFRESH, not_before=now + asking.PRIVATE_EDITS_EVERY)
    return {*anew, *copies.chats_of(others)}


def _full_text_marked(tx: Tx, now: dt.datetime, notice: Notice) -> set[ChatId]:
    """Every full text that was given will say that it was corrected."""
    given = copies.to_change(tx, notice.id, (copies.FULL,))
    copies.show(tx, now, given, lane=Lane.REFRESH)
    return copies.chats_of(given)

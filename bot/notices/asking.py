"""Through which chats units are asked: settled at publication, and again whenever a group or a person changes."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane, State, chat_address, delivery, posting
from bot.notices import model
from bot.roster import bindings, units
from bot.roster.model import enrolment, post
from bot.roster.units import Unit

GROUP_EDITS_EVERY = outbox.EDIT_EVERY
PRIVATE_EDITS_EVERY = dt.timedelta(seconds=1)
_a, _q, _n = model.assignment, model.asked, model.notice


def settle(tx: Tx, now: dt.datetime, wanted: list[Unit], *, lane: Lane = Lane.INTERACTIVE) -> set[ChatId]:
    """Every open ask of these units runs through their present place; cards follow. Idempotent.

    New chats get their card in this transaction; chats that lost units get their card's tally corrected.

    Returns:
        The chats that were given a card.
    """
    if not wanted:
        return set()
    bindings.hold_still(tx)
    places = bindings.places(tx, wanted)
    present = _present(tx, now, wanted)
    cards: set[tuple[int, ChatId]] = set()
    stale: set[tuple[int, ChatId]] = set()
    ended: list[int] = []
    started: list[dict[str, object]] = []
    for ask, through in _open(tx, now, wanted, present).items():
        goal = places.of(ask.unit_id, is_trial=ask.is_trial)
        for chat_id, asked_id in through.items():
            if chat_id not in goal:
                ended.append(asked_id)
                stale.add((ask.notice_id, chat_id))
        for chat_id in goal:
            if chat_id not in through:
                started.append(
                    {"assignment_id": ask.id, "notice_id": ask.notice_id, "chat_id": chat_id, "since": now}
                )
                cards.add((ask.notice_id, chat_id))
    if ended:
        each = _q.update().where(_q.c.id == sa.bindparam("asked_id")).values(until=now)
        tx.execute(each, [{"asked_id": asked_id} for asked_id in ended])  # more than one statement can name
    if started:
        tx.execute(_q.insert(), started)
    _show(tx, now, cards, stale, lane)
    return {chat_id for _, chat_id in cards}


def _show(
    tx: Tx, now: dt.datetime, cards: set[tuple[int, ChatId]], stale: set[tuple[int, ChatId]], lane: Lane
) -> None:
    """A chat without the card gets it; one that has it already gets it corrected."""
    shown_at = _shown_at(tx, now, {str(n) for n, _ in cards | stale})
    new = sorted(key for key in cards if shown_at.get(key) is None)
    outbox.show_each(tx, now, [(chat_id, n) for n, chat_id in new], "card", lane=lane)
    later: dict[dt.datetime, list[tuple[ChatId, int]]] = defaultdict(list)
    for key in sorted((cards | stale) - set(new)):
        if key in shown_at:
            later[max(now, (shown_at[key] or now) + GROUP_EDITS_EVERY)].append((key[1], key[0]))
    for start, each in later.items():  # later than CLAIMED_WITHIN: what is queued keeps its start
        outbox.show_each(tx, now, each, "card", lane=Lane.REFRESH, not_before=start)


def _shown_at(tx: Tx, now: dt.datetime, notice_ids: set[str]) -> dict[tuple[int, ChatId], dt.datetime | None]:
    """Notice and chat → when its card was last shown there; now, where its send is on its way; None, where it is queued.

    What is queued may be in a claim that is making its words.
    """
    p, d = posting, delivery
    on_its_way = (
        sa.select(d.c.subject, d.c.chat_id, d.c.state)
        .where(d.c.kind == "card", d.c.subject.in_(notice_ids), outbox.words_may_be_made())
        .order_by(d.c.id)
    )
    found: dict[tuple[int, ChatId], dt.datetime | None] = {}
    for r in tx.execute(on_its_way, {"soon": now + outbox.CLAIMED_WITHIN}):
        key = (int(r.subject), r.chat_id)
        found[key] = found.get(key) if r.state == State.QUEUED.value else now
    posted = sa.select(p.c.subject, p.c.chat_id, p.c.shown_at).where(
        p.c.kind == "card", p.c.subject.in_(notice_ids)
    )
    return found | {(int(r.subject), r.chat_id): r.shown_at for r in tx.execute(posted)}


def _present(tx: Tx, now: dt.datetime, wanted: list[Unit]) -> dict[int, dict[ChatId, int]]:
    """Assignment → chat → id of the present asked row, of what can still be answered."""
    found: dict[int, dict[ChatId, int]] = defaultdict(dict)
    query = (
        sa.select(_q.c.id, _q.c.assignment_id, _q.c.chat_id)
        .join(_n, _n.c.id == _q.c.notice_id)
        .where(_q.c.until.is_(None), _n.c.closes_at > now, _n.c.recalled_at.is_(None))
    )
    if len(wanted) < 500:
        query = query.join(_a, _a.c.id == _q.c.assignment_id).where(_a.c.unit_id.in_([u.id for u in wanted]))
    for r in tx.execute(query):
        found[r.assignment_id][r.chat_id] = r.id
    return found


@dataclass(frozen=True, slots=True)
class _Ask:
    """One ask that can still be answered."""

    id: int
    notice_id: int
    unit_id: int
    is_trial: bool


def _open(
    tx: Tx, now: dt.datetime, wanted: list[Unit], present: dict[int, dict[ChatId, int]]
) -> dict[_Ask, dict[ChatId, int]]:
    """Every ask of these units that can still be answered, with its present chats."""
    query = (
        sa.select(_a.c.id, _a.c.notice_id, _a.c.unit_id, _n.c.is_trial)
        .join(_n, _n.c.id == _a.c.notice_id)
        .where(_n.c.closes_at > now, _n.c.recalled_at.is_(None))
        .order_by(_a.c.id)
    )
    if len(wanted) < 500:  # bind variables
        query = query.where(_a.c.unit_id.in_([u.id for u in wanted]))
    ids = {u.id for u in wanted}
    asks = (_Ask(*row) for row in tx.execute(query) if row.unit_id in ids)
    return {ask: present.get(ask.id, {}) for ask in asks}


def groups_changed(tx: Tx, now: dt.datetime, unit_ids: list[int]) -> None:
    """A group of these units was bound, lost or found again: they and those below them are asked where it now is right."""
    settle(tx, now, bindings.under(tx, unit_ids))


def people_changed(tx: Tx, now: dt.datetime, unit_ids: tuple[int, ...]) -> None:
    """Someone enrolled for these units or left them."""
    if unit_ids:
        settle(tx, now, [u for u in units.every(tx) if u.id in unit_ids])


def chat_changed(tx: Tx, now: dt.datetime, chat_id: ChatId) -> None:
    """The chat can be reached again, or no longer: the asks that run through it, or should, are settled anew."""
    unit_id = bindings.unit_of(tx, chat_id)
    if unit_id is not None:
        groups_changed(tx, now, [unit_id])
    through = sa.select(_a.c.unit_id).join(_q, _q.c.assignment_id == _a.c.id)
    asked_here = set(tx.execute(through.where(_q.c.chat_id == chat_id, _q.c.until.is_(None))).scalars())
    private = _units_of_private(tx, chat_id)
    people_changed(tx, now, tuple(asked_here | private))


def _units_of_private(tx: Tx, chat_id: ChatId) -> set[int]:
    query = (
        sa.select(post.c.unit_id)
        .join(enrolment, enrolment.c.contact_id == post.c.contact_id)
        .join(chat_address, chat_address.c.telegram_id == enrolment.c.user_id)
        .where(chat_address.c.chat_id == chat_id, post.c.until.is_(None), enrolment.c.until.is_(None))
    )
    return set(tx.execute(query).scalars())


def chats_of(tx: Tx, assignment_id: int) -> list[ChatId]:
    """The chats through which the assignment is asked now."""
    return list(
        tx.execute(
            sa.select(_q.c.chat_id).where(_q.c.assignment_id == assignment_id, _q.c.until.is_(None))
        ).scalars()
    )


def refresh_cards(tx: Tx, now: dt.datetime, notice_id: int, assignment_ids: list[int]) -> None:
    """The cards through which these are asked will tell the new state, each group at most once in 6 s."""
    found = {"assignment_ids": assignment_ids, "notice": str(notice_id)}
    outbox.refresh(tx, now, _CARDS, found, every=_EVERY)


def refresh_after_press(
    tx: Tx, now: dt.datetime, notice_id: int, assignment_id: int, *, user_id: int
) -> None:
    """The cards of this assignment, and the presser's own list of units if one is open, will tell the new state."""
    refresh_after_presses(tx, now, notice_id, [assignment_id], user_ids=[user_id])


def refresh_after_presses(
    tx: Tx, now: dt.datetime, notice_id: int, assignment_ids: list[int], *, user_ids: list[int]
) -> None:
    """`refresh_after_press` for many under one notice."""
    found = {"assignment_ids": assignment_ids, "notice": str(notice_id), "user_ids": user_ids}
    outbox.refresh(tx, now, _CARDS_AND_LISTS, found, every=_EVERY)


def refresh_lists(tx: Tx, now: dt.datetime, notice_id: int, unit_id: int, *, but: int | None = None) -> None:
    """Every private list of the unit's items that is open will tell the new state, except this user's."""
    subject = f"{notice_id}:{unit_id}"
    mine = sa.select(chat_address.c.chat_id).where(chat_address.c.telegram_id == (but or 0))
    then = now + PRIVATE_EDITS_EVERY
    at_once = sa.bindparam("now", type_=schema.Instant)
    found = sa.union(
        *(
            sa.select(table.c.chat_id, start.label("start")).where(
                table.c.kind == "items", table.c.subject == subject, known, table.c.chat_id.not_in(mine)
            )
            for table, known, start in (
                (posting, posting.c.message_id.is_not(None), at_once),
                (delivery, outbox.words_may_be_made(), delivery.c.not_before),
            )
        )
    )
    rows = tx.execute(found, {"now": now, "soon": now + outbox.CLAIMED_WITHIN}).all()
    for chat_id, start in sorted(rows):
        outbox.show(tx, now, chat_id, "items", subject, lane=Lane.REFRESH, not_before=max(then, start))


_EVERY = {"card": GROUP_EDITS_EVERY, "choose": PRIVATE_EDITS_EVERY}


def _thing(kind: str) -> tuple[sa.ColumnElement[str], sa.ColumnElement[str]]:
    return (
        sa.literal_column(f"'{kind}'", sa.String).label("kind"),
        sa.bindparam("notice", type_=sa.String).label("subject"),
    )


def _cards(some: sa.ColumnElement[bool]) -> sa.Select[ChatId, str, str]:
    return sa.select(_q.c.chat_id, *_thing("card")).where(some, _q.c.until.is_(None))


_lists = sa.select(chat_address.c.chat_id, *_thing("choose")).where(
    schema.among(chat_address.c.telegram_id, "user_ids")
)
_these = schema.among(_q.c.assignment_id, "assignment_ids")
_CARDS = outbox.shown(_cards(_these).distinct().subquery())
_CARDS_AND_LISTS = outbox.shown(sa.union(_cards(_these), _lists).subquery())


def settle_all(tx: Tx, now: dt.datetime) -> None:
    """Every open ask runs through the place that is right now: after an import, after arming, at every start."""
    settle(tx, now, units.every(tx), lane=Lane.SCHEDULED)

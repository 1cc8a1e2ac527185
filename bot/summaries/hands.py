"""What needs a person's hands: groups that lost us, messages that came to nothing, updates nobody could handle.

`doctor` shows it by class, the page 要处理 line by line. Each line is one thing to be done; how many there are is how many
lines there are.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats, hands
from bot.delivery.chats import ChatId
from bot.delivery.hands import Case, Why
from bot.inbox import model as inbox
from bot.inbox.model import Parked
from bot.notices import subjects
from bot.roster import whose
from bot.roster.access import Scope
from bot.roster.whose import Whose
from bot.texts import Words

NAMES_SHOWN = 3
FAULT, POISONED, RETRYING, OTHER = "fault", "poisoned", "retrying", "other"
ORDER = (FAULT, OTHER, *Why, POISONED, RETRYING)
SETTLE_THEMSELVES = frozenset({Why.HALTED, Why.UNCERTAIN})  # worth knowing; nothing is broken
_OURS = frozenset({Why.STUCK, Why.HALTED, Why.REFUSED})
_OF_CHATS = frozenset({Why.GONE, Why.MUTED, Why.BLOCKED, Why.HALTED})  # a line a chat; else a line a matter


@dataclass(frozen=True, slots=True)
class Need:
    """One line of the list.

    Attributes:
        why: its class, one of `ORDER`.
        since: when it began; None where that is not known.
        owners: of the chats concerned, the first few.
        chats: how many chats are concerned.
        deliveries: of what waits, how many.
        kind, title: of a message, what it is and the notice it speaks of.
        text: a sentence ready to read, or the fault's own words.
    """

    why: str
    since: dt.datetime | None = None
    owners: tuple[Whose, ...] = ()
    chats: int = 0
    deliveries: int = 0
    kind: str = ""
    title: str = ""
    text: str = ""
    until: dt.datetime | None = None
    number: int = 0
    attempts: int = 0

    @property
    def is_bad(self) -> bool:
        """Somebody must do something; the others settle themselves, or are past mending."""
        return self.why not in SETTLE_THEMSELVES


def said(words: Words, need: Need, now: dt.datetime) -> str:
    """The line as it is read."""
    return words.plain("hands.line", n=need, now=now)


def read(tx: Tx, now: dt.datetime, *, within: Scope | None = None) -> list[Need]:
    """Everything, class by class, in each the oldest first.

    Args:
        within: whose chats the reader may see; None, or everything: also what is nobody's.
    """
    cases = [*hands.lost_chats(tx), *hands.waiting(tx, now), *hands.failed(tx, now)]
    owners = whose.of(tx, {case.chat_id for case in cases})
    cases = [case for case in cases if _is_missed(case, owners.get(case.chat_id))]
    if within is None or within.everything:
        found = [*_needs(tx, cases, owners), *_updates(tx)]
    else:
        seen = {chat_id: it for chat_id, it in owners.items() if within.has(it.place)}
        found = _needs(tx, [case for case in cases if case.chat_id in seen], seen)
    return sorted(found, key=lambda need: ORDER.index(need.why))


def by_class(needs: Iterable[Need]) -> dict[str, list[Need]]:
    """Class → its lines, in the order of the list."""
    found: dict[str, list[Need]] = defaultdict(list)
    for need in needs:
        found[need.why].append(need)
    return dict(found)


def _is_missed(case: Case, owner: Whose | None) -> bool:
    """Whom it concerns is still somebody of ours, in a group not replaced since; what does not leave is ours anyway."""
    if case.why in _OURS:
        return True
    return owner is not None and not owner.is_replaced


@dataclass(slots=True)
class _Matter:
    """Cases that are told in one line."""

    first: Case
    title: str = ""
    chat_ids: dict[ChatId, None] = field(default_factory=dict)
    deliveries: int = 0


def _needs(tx: Tx, cases: list[Case], owners: dict[ChatId, Whose]) -> list[Need]:
    about = subjects.of(tx, {(case.kind, case.subject) for case in cases})
    matters: dict[tuple[object, ...], _Matter] = {}
    for case in cases:
        notice = about.get((case.kind, case.subject))
        key: tuple[object, ...] = (case.why, case.kind, notice, case.reason)
        if case.why in _OF_CHATS:
            key = (case.why, case.chat_id)
        elif case.why is Why.STUCK:  # one cause, however much waits for it
            key = (case.why,)
        matter = matters.setdefault(key, _Matter(case, notice.title if notice else ""))
        matter.chat_ids[case.chat_id] = None
        matter.deliveries += 1
    return [_need(tx, matter, owners) for matter in matters.values()]


def _need(tx: Tx, it: _Matter, owners: dict[ChatId, Whose]) -> Need:
    shown = [owners.get(chat_id) or _nobodys(tx, chat_id) for chat_id in list(it.chat_ids)[:NAMES_SHOWN]]
    case = it.first
    return Need(
        case.why, case.since, tuple(shown), len(it.chat_ids), it.deliveries, case.kind, it.title, case.reason,
        case.until,
    )  # fmt: skip


def _nobodys(tx: Tx, chat_id: ChatId) -> Whose:
    """A chat of no unit and no contact goes by its title, if it has one."""
    chat = chats.get(tx, chat_id)
    return Whose("", "", chat.title, whose.NOWHERE)


def _updates(tx: Tx) -> list[Need]:
    p = inbox.parked_update
    unhandled = {Parked.POISONED.value: POISONED, Parked.WAITING.value: RETRYING}
    query = (
        sa.select(p.c.update_id, p.c.state, p.c.attempts, p.c.error, p.c.parked_at)
        .where(p.c.state.in_(unhandled))
        .order_by(p.c.id)
    )
    return [
        Need(unhandled[r.state], r.parked_at, text=r.error, number=r.update_id, attempts=r.attempts)
        for r in tx.execute(query)
    ]

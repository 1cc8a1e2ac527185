"""撤回: a notice was never meant; what Telegram lets us take away goes, what it does not is marked. Tables stay."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import Lane, State
from bot.delivery.model import delivery as deliveries
from bot.delivery.outbox import Claimed, Delivery, Drop
from bot.notices import copies, model, queries, revise
from bot.texts import Words

DELETABLE_FOR = dt.timedelta(hours=48)  # Bot API, deleteMessage
RECALLED = Drop("recalled")

_d, _n = deliveries.c, model.notice


def recall(tx: Tx, now: dt.datetime, notice_id: int, *, by: str) -> int:
    """The notice is recalled: its messages go or are marked, what is queued is dropped when its turn comes.

    Returns:
        From how many chats something has to be taken away.

    Raises:
        Refused: there is no such notice, or it is recalled already.
    """
    notice = revise.held(tx, notice_id)
    tx.execute(_n.update().where(_n.c.id == notice.id).values(recalled_at=now, recalled_by=by))
    found = copies.to_change(tx, notice.id, copies.SAYING_IT)
    copies.show(tx, now, found, lane=Lane.INTERACTIVE)
    trail.note(tx, now, actor=by, verb="recall", subject=f"notice:{notice.id}")
    return len(copies.chats_of(found))


@dataclass(frozen=True, slots=True)
class Gone:
    """What a message of a recalled notice becomes."""

    words: Words

    def message(
        self, tx: Tx, now: dt.datetime, notice: queries.Notice, delivery: Delivery, *, has_file: bool = False
    ) -> OutgoingMessage | Drop:
        """It is taken away; one that is too old for that, or could not be, says 【已撤回】."""
        if delivery.posted is None:
            return RECALLED
        sent_at = _sent_at(tx, delivery)
        is_young = sent_at is not None and now - sent_at < DELETABLE_FOR
        if is_young and not _was_tried(tx, notice, delivery):
            return OutgoingMessage("", edit_of=delivery.posted, delete=True)
        html = self.words.html("card.recalled", title=notice.title, is_trial=notice.is_trial)
        kind = "document" if has_file else ""
        return OutgoingMessage(html, edit_of=delivery.posted, file_id=kind, file_kind=kind)


def _same(delivery: Delivery) -> sa.ColumnElement[bool]:
    return sa.and_(
        _d.chat_id == delivery.chat.id, _d.kind == delivery.kind, _d.subject == delivery.subject, _d.id != delivery.id
    )  # fmt: skip


def _sent_at(tx: Tx, delivery: Delivery) -> dt.datetime | None:
    """When the message that hangs there was sent; None if that is no longer known: then it is old."""
    query = sa.select(sa.func.max(_d.settled_at)).where(
        _same(delivery), _d.is_edit.is_(False), _d.state.in_([State.SENT.value, State.UNCERTAIN.value])
    )
    found: dt.datetime | None = tx.execute(query).scalar()
    return found


def _was_tried(tx: Tx, notice: queries.Notice, delivery: Delivery) -> bool:
    """Whether taking it away came to nothing."""
    query = sa.select(_d.id).where(
        _same(delivery), _d.settled_at >= notice.recalled_at, _d.state == State.DROPPED.value, _d.is_edit.is_(True)
    )  # fmt: skip
    return tx.execute(query.limit(1)).first() is not None


def follow(tx: Tx, now: dt.datetime, item: Claimed, outcome: Outcome) -> None:
    """A message Telegram would not take away is marked instead."""
    it = item.delivery
    if it.kind in copies.SAYING_IT and item.message.delete and outcome.verdict is Verdict.LOST:
        outbox.show(tx, now, it.chat.id, it.kind, it.subject, lane=Lane.INTERACTIVE)


def count(tx: Tx, notice: queries.Notice) -> copies.Count:
    """From how many chats it is gone, or marked there; and where it still hangs."""
    if notice.recalled_at is None:
        raise ValueError(f"notice {notice.id} is not recalled")
    return copies.count(tx, notice.id, copies.SAYING_IT, since=notice.recalled_at)

"""Live messages by thing: one that stays behind under another name, so that the thing is shown anew."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.db import Tx, schema
from bot.delivery import model, outbox, settling
from bot.delivery.chats import Chat, ChatId
from bot.delivery.model import Lane

_p = model.posting


def anew(tx: Tx, now: dt.datetime, chat_id: ChatId, kind: str, subject: str, *, lane: Lane) -> None:
    """The thing comes as a new message at the end of the chat; the one it was, if that is known, is taken away."""
    mine = (_p.c.chat_id == chat_id, _p.c.kind == kind, _p.c.subject == subject)
    for old in _forgotten(tx, *mine):
        if old.message_id is not None:
            outbox.show(tx, now, chat_id, "delete", old.message_id, lane=Lane.REFRESH)
    outbox.show(tx, now, chat_id, kind, subject, lane=lane)


def _forgotten(tx: Tx, *which: sa.ColumnElement[bool]) -> Sequence[sa.Row[Any]]:
    """These postings as they were: nobody knows their messages from now on.

    A send that is being settled comes before this or after it, never in between.
    """
    rows = tx.execute(sa.select(_p).where(*which).order_by(_p.c.id).with_for_update()).all()
    these = _p.update().where(schema.among(_p.c.id, "ids"))
    tx.execute(these.values(message_id=None, address=settling.NOWHERE), {"ids": [row.id for row in rows]})
    return rows


def leave_behind(
    tx: Tx, now: dt.datetime, *, kind: str, subject: str, former: tuple[str, str], lane: Lane
) -> list[ChatId]:
    """The thing comes as a new message wherever it was shown; the old ones become the thing `former` and show that.

    When it was first sent stays on the thing.

    Returns:
        The chats, in the order in which they first had it.
    """
    rows = _forgotten(tx, _p.c.kind == kind, _p.c.subject == subject)
    known = [row for row in rows if row.message_id is not None]
    if known:
        tx.execute(
            _p.insert(),
            [
                {
                    "chat_id": row.chat_id, "kind": former[0], "subject": former[1], "address": row.address,
                    "message_id": row.message_id, "sent_at": row.sent_at, "shown_at": row.shown_at,
                }
                for row in known
            ],
        )  # fmt: skip
    outbox.show_each(tx, now, [(row.chat_id, former[1]) for row in known], former[0], lane=Lane.REFRESH)
    outbox.show_each(tx, now, [(row.chat_id, subject) for row in rows], kind, lane=lane)
    return [row.chat_id for row in rows]


def adopt(
    tx: Tx, now: dt.datetime, chat: Chat, message_id: int, *, kind: str, subject: str, of: str, lane: Lane
) -> None:
    """A message that was said beside the outbox shows this thing, and comes to show it as it is.

    Args:
        subject: of this message alone.
        of: another kind; a message that shows something of it comes to show that anew instead.
    """
    here = (_p.c.chat_id == chat.id, _p.c.address == chat.telegram_id, _p.c.message_id == message_id)
    known = tx.execute(sa.select(_p.c.kind, _p.c.subject).where(*here)).first()
    mine = (_p.c.chat_id == chat.id, _p.c.kind == kind, _p.c.subject == subject)
    if known is None and tx.execute(sa.select(_p.c.id).where(*mine)).first() is None:
        values = {
            "chat_id": chat.id, "kind": kind, "subject": subject, "address": chat.telegram_id,
            "message_id": message_id, "sent_at": now, "shown_at": now,
        }  # fmt: skip
        tx.execute(_p.insert().values(values))
    elif known is not None and known.kind not in (kind, of):
        return
    thing = (kind, subject) if known is None else (known.kind, known.subject)
    outbox.show(tx, now, chat.id, *thing, lane=lane)

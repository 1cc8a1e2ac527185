"""What the roster forgets: who people were once they have long left. Posts and enrolments stay, as ids and instants."""

import datetime as dt

import sqlalchemy as sa

from bot.audit import forgetting as trail
from bot.db import Tx
from bot.delivery import forgetting as delivery
from bot.delivery.model import chat, chat_address
from bot.roster import model, people

NOBODY = 0  # no Telegram user has this id
GONE = "已离任"  # where the post cannot be told from the words

_c, _p, _e = model.contact, model.post, model.enrolment
_TITLES = sorted({*people.TITLES.values(), "园长", "副园长", "老师"}, key=len, reverse=True)


def gone(before: dt.datetime) -> sa.Select[int]:
    """Contacts who have held no post since before, and whom the last imported file does not name either.

    Whom the bureau's own file still names would come back with the next import as somebody new.
    """
    i = model.imported_post
    held_later = sa.exists().where(
        _p.c.contact_id == _c.c.id, sa.or_(_p.c.until.is_(None), _p.c.until >= before)
    )
    is_named = sa.exists().where(i.c.contact_id == _c.c.id)
    return sa.select(_c.c.id).where(_c.c.name != "", _c.c.created_at < before, ~held_later, ~is_named)


def erase(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These contacts have neither name nor phone nor Telegram user; what they held when is still known."""
    tx.execute(_c.update().where(_c.c.id.in_(ids)).values(name="", phone=None))
    ended = sa.func.coalesce(_e.c.until, sa.literal(now, type_=_e.c.until.type))
    tx.execute(_e.update().where(_e.c.contact_id.in_(ids)).values(user_id=NOBODY, until=ended))


def unsigned(signature: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """王校长 → 校长: the post's words without the name."""
    return sa.case(*((signature.endswith(title), title) for title in _TITLES), else_=GONE)


def former(before: dt.datetime) -> sa.Select[int]:
    """Enrolments of others than those who are gone that ended before and still say which user it was."""
    theirs = _e.c.contact_id.in_(gone(before))
    return sa.select(_e.c.id).where(_e.c.until < before, _e.c.user_id != NOBODY, ~theirs)


def erase_former(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These enrolments say no more which Telegram user it was."""
    tx.execute(_e.update().where(_e.c.id.in_(ids)).values(user_id=NOBODY))


def strangers(before: dt.datetime) -> sa.Select[int]:
    """Private chats, begun before, of Telegram users who are no contact and have been none since."""
    a = chat_address
    since = sa.or_(_e.c.until.is_(None), _e.c.until >= before)
    is_known = sa.exists().where(_e.c.user_id == a.c.telegram_id, since, _e.c.contact_id.not_in(gone(before)))
    begun = (chat.c.kind == "private", a.c.telegram_id > 0, a.c.since < before)
    return sa.select(chat.c.id).join(a, a.c.chat_id == chat.c.id).where(*begun, ~is_known)


def erase_strangers(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These chats, and the trail, name no Telegram user; one who writes again is met anew."""
    trail.unname(tx, now, delivery.erase_chats(tx, now, ids))


def expired(before: dt.datetime) -> sa.Select[int]:
    """Invitations, used or not, that could be used until before."""
    return sa.select(model.invitation.c.id).where(model.invitation.c.expires_at < before)


def erase_expired(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These codes are gone."""
    tx.execute(model.invitation.delete().where(model.invitation.c.id.in_(ids)))


def tries(before: dt.datetime) -> sa.Select[int]:
    """Wrong codes typed before."""
    return sa.select(model.code_try.c.id).where(model.code_try.c.at < before)


def erase_tries(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """They count no more."""
    tx.execute(model.code_try.delete().where(model.code_try.c.id.in_(ids)))

"""What notices forget: the words people wrote and the names they signed with. Never a figure of a table."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.notices import model
from bot.roster import forgetting

_t, _an = model.trouble, model.answer


def told(before: dt.datetime) -> sa.Select[int]:
    """Troubles opened before of which a line, a voice or a photo is kept."""
    return sa.select(_t.c.id).where(_t.c.opened_at < before, sa.or_(_t.c.text != "", _t.c.file_id != ""))


def erase_told(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """Of these troubles only matter, need and steps are left."""
    tx.execute(_t.update().where(_t.c.id.in_(ids)).values(text="", file_id="", file_kind=""))


def reported(before: dt.datetime) -> sa.Select[int]:
    """Reports given before of which the line is kept."""
    return sa.select(_an.c.id).where(_an.c.at < before, _an.c.text.is_not(None))


def erase_reported(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """Of these reports only that they were given is left."""
    tx.execute(_an.update().where(_an.c.id.in_(ids)).values(text=None))


def unsign(tx: Tx, now: dt.datetime, contact_ids: list[int]) -> None:
    """Whatever these contacts said is signed with their post's words alone."""
    for table in (_an, _t, model.trouble_step):
        mine = table.c.contact_id.in_(contact_ids)
        tx.execute(table.update().where(mine).values(said_by=forgetting.unsigned(table.c.said_by)))

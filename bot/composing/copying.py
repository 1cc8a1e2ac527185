"""A draft with the words of a notice that has been sent: the same once more."""

import datetime as dt

import sqlalchemy as sa

from bot import errors
from bot.composing import drafts, whom
from bot.composing.drafts import Draft
from bot.db import Tx
from bot.notices import model as notices
from bot.notices.publish import File, Item
from bot.roster import access, units
from bot.roster.people import Person


def copied(tx: Tx, now: dt.datetime, person: Person, notice_id: int) -> Draft:
    """A draft with the words, items, files and audience of a notice; its deadline is to be told anew.

    Raises:
        NotAllowed: the notice is none of this person's area.
    """
    n, v, i, f = notices.notice, notices.notice_version, notices.notice_item, notices.attachment
    row = tx.execute(sa.select(n).where(n.c.id == notice_id, n.c.recalled_at.is_(None))).mappings().first()
    if row is None or not _is_of(tx, person, row):
        raise errors.NotAllowed("这条通知您不能再发。")
    words = tx.execute(
        sa.select(v.c.text, v.c.full_text).where(v.c.notice_id == notice_id, v.c.version == row["version"])
    ).one()
    everyone = units.every(tx)
    said = drafts.held(row["kind"], words.text or row["title"], words.full_text)
    draft = drafts.begin(
        tx, now, person, title=row["title"], kind=row["kind"], **said,
        audience=narrowed(person, everyone, row["audience"]), level=row["level"], again=notice_id,
    )  # fmt: skip
    standing = (i.c.notice_id == notice_id, i.c.item != "", i.c.until_version.is_(None))
    items = tx.execute(sa.select(i).where(*standing).order_by(i.c.position))
    drafts.put_items(tx, draft.id, [Item(r.item, r.text, r.party, None, r.asks) for r in items])
    files = tx.execute(sa.select(f).where(f.c.notice_id == notice_id).order_by(f.c.position))
    kept = [File(r.file_id, r.file_kind, r.name, r.bytes, r.from_chat, r.from_message) for r in files]
    return drafts.attach(tx, now, drafts.get(tx, draft.id), *kept)


def _is_of(tx: Tx, person: Person, row: sa.RowMapping) -> bool:
    """The notice asked somebody within this person's reach, or he published it."""
    reach = person.scope(access.Action.SEND)
    if reach.everything or row["published_by"] == person.actor:
        return True
    a = notices.assignment
    here = sa.select(a.c.id).where(a.c.notice_id == row["id"], a.c.county_id.in_(reach.counties))
    return tx.execute(here.limit(1)).first() is not None


def narrowed(person: Person, everyone: list[units.Unit], text: str) -> str:
    """The audience within what this person may send to: of a county's officer, his counties.

    Raises:
        Refused: too long to be kept.
    """
    reach = person.scope(access.Action.SEND)
    if not text or reach.everything:
        return text
    codes = [u.code for u in everyone if u.kind == "county" and u.id in reach.counties]
    parts = text.split(" and ")
    if any(part.strip("()").split(" or ")[0].startswith("county:") for part in parts):
        return text  # he named some of his own: others are refused where they are counted
    return whom.within(text, codes)

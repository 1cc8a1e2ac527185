"""更正 by typing: the new words are kept until their author has seen what they do, and says that they are meant.

Nothing is asked again by it: what would be goes the way of sending, with a second officer and a minute.
"""

import datetime as dt
import re
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.inbox import questions
from bot.notices import attachments, model, queries, revise
from bot.notices.publish import Item
from bot.notices.queries import Notice
from bot.notices.revise import Revised
from bot.notices.rules import Kind
from bot.roster import people
from bot.roster.people import Person

CARD, FULL = "", "*"  # what is reworded, where it is no item
QUESTION = "rewording"
TYPED_WITHIN = dt.timedelta(hours=1)
CARD_LINES, CARD_HAN = 4, 80  # as everything that stands on a card
DIRECTIVE_LINES, DIRECTIVE_HAN = 2, 40  # its card also has the title, and two lines of figures
CARD_CHARS, FULL_CHARS = 1_000, 20_000
ASKS_AGAIN = "改分项要请学校重新报,请到这条通知的页上点“改一版”。"
_HAN = re.compile(r"[\u4e00-\u9fff]")
_w = model.rewording


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be changed, not yet said to be meant.

    Attributes:
        item: CARD or FULL.
    """

    notice: Notice
    item: str
    text: str


def subject(notice: Notice, item: str) -> str:
    """Of the question whose answer is the new words."""
    return f"{notice.id}:{notice.version}:{item}"


def ask(tx: Tx, now: dt.datetime, *, user_id: int, notice_id: int, item: str) -> Notice:
    """The next thing this person types is the new wording.

    Raises:
        NotAllowed, Refused: not his to change; it would be asked again; over.
    """
    notice, _ = _mine(tx, now, user_id, notice_id)
    _old(tx, notice, item)
    questions.ask(tx, now, user_id, QUESTION, subject(notice, item), for_=TYPED_WITHIN)
    return notice


def propose(tx: Tx, now: dt.datetime, *, user_id: int, of: str, text: str) -> Proposal:
    """The words typed to the question `of`, kept for their author.

    Raises:
        NotAllowed, Refused: as `ask`; also too long, or changed by somebody meanwhile.
    """
    notice_id, version, item = of.split(":", 2)
    notice, person = _mine(tx, now, user_id, int(notice_id))
    plain = text.strip()
    _check(notice.kind, item, plain)
    if str(notice.version) != version:
        raise errors.Refused("刚有人改过这条通知,请重新打开看。")
    if plain == _old(tx, notice, item):
        raise errors.Refused("和原来一样,没有改动。")
    tx.execute(_w.delete().where(_w.c.contact_id == person.contact_id))
    values = {"notice_id": notice.id, "version": notice.version, "item": item, "text": plain, "at": now}
    tx.execute(_w.insert().values(contact_id=person.contact_id, **values))
    questions.close(tx, now, user_id)
    return Proposal(notice, item, plain)


def _check(kind: Kind, item: str, text: str) -> None:
    if not text:
        raise errors.Refused("请把改好的文字发给我。")
    is_directive = kind is Kind.DIRECTIVE
    lines, han = (DIRECTIVE_LINES, DIRECTIVE_HAN) if is_directive else (CARD_LINES, CARD_HAN)
    if item == CARD and (text.count("\n") >= lines or len(_HAN.findall(text)) > han):
        raise errors.Refused(f"卡片上最多 {lines} 行、{han} 个汉字,请改短。")
    most = FULL_CHARS if item == FULL else CARD_CHARS
    if len(text) > most:
        raise errors.Refused(f"太长了,最多 {most} 字(您写了 {len(text)} 字)。")


def confirm(tx: Tx, now: dt.datetime, *, user_id: int, notice_id: int, version: int) -> Revised:
    """What the person has proposed is in force.

    Raises:
        NotAllowed, Refused: as `revise.revise`; nothing is proposed, or it would be asked again.
    """
    notice, person = _mine(tx, now, user_id, notice_id)
    mine = (_w.c.contact_id == person.contact_id, _w.c.notice_id == notice_id, _w.c.version == version)
    row = tx.execute(sa.select(_w).where(*mine)).first()
    if row is None:
        raise errors.Refused("要改的文字不在了,请重新写一遍。")
    tx.execute(_w.delete().where(_w.c.contact_id == person.contact_id))
    _old(tx, notice, row.item)
    text, full = queries.text(tx, notice.id, notice.version), attachments.of(tx, notice).full_text
    text, full = (row.text if row.item == CARD else text), (row.text if row.item == FULL else full)
    items: tuple[Item, ...] = ()
    if notice.kind is Kind.DIRECTIVE:
        standing = queries.standing(tx, notice.id)
        items = tuple(Item(it.key, it.text, it.party, it.due_at, it.asks) for it in standing)
    return revise.revise(
        tx, now, notice.id, text=text, full_text=full, items=items, by=person.actor, of_version=version
    )


def _old(tx: Tx, notice: Notice, item: str) -> str:
    if item == CARD:
        return queries.text(tx, notice.id, notice.version)
    if item != FULL:
        raise errors.Refused(ASKS_AGAIN)
    found = attachments.of(tx, notice).full_text
    if not found:
        raise errors.Refused("没有这个选项,请重新点。")
    return found


def _mine(tx: Tx, now: dt.datetime, user_id: int, notice_id: int) -> tuple[Notice, Person]:
    notice, person = queries.notice(tx, notice_id), people.by_user(tx, user_id)
    if notice is None or person is None or not revise.may(tx, person, notice_id):
        raise errors.NotAllowed(revise.NOT_YOURS)
    if notice.state(now) in ("closed", "recalled"):
        raise errors.Refused(revise.OVER)
    return notice, person

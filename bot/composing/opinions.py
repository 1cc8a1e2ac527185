"""意见: one sentence, to the office a notice is owned by, else to the officers of the city's bureau, in private."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.composing import model
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.message import Button, Callback
from bot.delivery.model import Lane
from bot.inbox import questions
from bot.notices import model as notices
from bot.roster import people, units
from bot.roster.access import Role
from bot.texts import Words

KIND, QUESTION, BUTTON = "opinion", "opinion", "opinion"
TYPED_WITHIN = dt.timedelta(hours=12)
A_DAY = dt.timedelta(days=1)
PER_DAY = 5
CHARS = 200
OFFICERS = (Role.CITY_OFFICER, Role.COUNTY_OFFICER)
_o, _n = model.opinion, notices.notice


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody said, and when."""

    contact_id: int
    text: str
    at: dt.datetime


def button(words: Words, about: int = 0) -> Button:
    """[意见], wherever it stands; `about`: the number of the notice it stands under."""
    return Button(words.plain("composing.button", which="opinion"), Callback(BUTTON, about))


def ask(tx: Tx, now: dt.datetime, *, user_id: int, words: Words, about: int = 0) -> None:
    """[意见]: the next thing this person types is one, about this notice, or none in particular.

    Raises:
        NotAllowed: a stranger.
        Refused: enough for today.
    """
    person = _insider(tx, user_id)
    today = sa.select(sa.func.count()).where(_o.c.contact_id == person.contact_id, _o.c.at > now - A_DAY)
    if tx.execute(today).scalar_one() >= PER_DAY:
        raise errors.Refused(words.plain("composing.opinion_enough"))
    questions.ask(tx, now, user_id, QUESTION, about, for_=TYPED_WITHIN)


def tell(tx: Tx, now: dt.datetime, text: str, *, user_id: int, about: int = 0) -> bool:
    """It is on its way; False where nobody can be reached who would read it.

    Args:
        about: the notice under which it was asked for; 0 for none.

    Raises:
        NotAllowed: a stranger.
    """
    person = _insider(tx, user_id)
    questions.close(tx, now, user_id)
    readers = _readers(tx, about)
    line = " ".join(text.split())[:CHARS]
    if not readers or not line:
        return False
    values = {"contact_id": person.contact_id, "text": line, "at": now}
    number = tx.execute(_o.insert().values(values).returning(_o.c.id)).scalar_one()
    outbox.show_each(tx, now, [(chat_id, number) for chat_id in readers], KIND, lane=Lane.INTERACTIVE)
    trail.note(tx, now, actor=person.actor, verb="opinion", subject=f"opinion:{number}")
    return True


def _insider(tx: Tx, user_id: int) -> people.Person:
    person = people.by_user(tx, user_id)
    if person is None or not person.posts:
        raise errors.NotAllowed("请先登记。")
    return person


def _readers(tx: Tx, about: int) -> list[ChatId]:
    """Officers: of the office whose notice it is, else of the city's bureau, else of any office; else the administrators."""
    city, owner = units.city(tx), _owner(tx, about)
    officers = people.reachable(tx, roles=(Role.CITY_OFFICER,))
    owners = people.reachable(tx, roles=OFFICERS, unit_ids=[owner]) if owner is not None else []
    here = [r for r in officers if city is not None and r.unit_id == city.id]
    found = owners or here or officers or people.reachable(tx, roles=(Role.ADMIN,))
    return list(dict.fromkeys(r.chat_id for r in found))


def _owner(tx: Tx, notice_id: int) -> int | None:
    """The office in charge of the notice; None where there is no such notice."""
    owner: int | None = tx.execute(sa.select(_n.c.owner_unit_id).where(_n.c.id == notice_id)).scalar()
    return owner


def find(tx: Tx, number: int) -> Opinion | None:
    """The opinion with this number, while it is kept."""
    row = tx.execute(sa.select(_o).where(_o.c.id == number)).first()
    return None if row is None else Opinion(row.contact_id, row.text, row.at)


def old(before: dt.datetime) -> sa.Select[int]:
    """Opinions told before."""
    return sa.select(_o.c.id).where(_o.c.at < before)


def erase(tx: Tx, now: dt.datetime, ids: list[int]) -> None:
    """These opinions are gone."""
    tx.execute(_o.delete().where(_o.c.id.in_(ids)))

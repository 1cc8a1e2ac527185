"""The owner's word: what was missed for too long, or hangs on a 暂定 day, is put to the office in charge, once."""

import datetime as dt

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.plans import model
from bot.plans.content import Entry
from bot.roster import access, people, units
from bot.roster.access import Role

KIND = "plan_ask"
_f = model.fire


def ask(tx: Tx, now: dt.datetime, entry: Entry, fire_id: int) -> None:
    """The card that asks is owed to the people in charge."""
    for chat_id in in_charge(tx, entry.owner):
        outbox.show(tx, now, chat_id, KIND, fire_id, lane=Lane.INTERACTIVE)


def refresh(tx: Tx, now: dt.datetime, fire_id: int) -> None:
    """Every copy of the card will tell what was decided."""
    outbox.again(tx, now, KIND, fire_id, lane=Lane.INTERACTIVE)


def in_charge(tx: Tx, owner: str) -> list[ChatId]:
    """The officers of the owning office, else of the city's bureau, else all of the city, else the administrators."""
    office = units.find(tx, owner) if owner else None
    city = units.city(tx)
    officers = people.reachable(tx, roles=(Role.CITY_OFFICER,))
    for unit in (office, city):
        here = [r.chat_id for r in officers if unit is not None and r.unit_id == unit.id]
        if here:
            return list(dict.fromkeys(here))
    found = officers or people.reachable(tx, roles=(Role.ADMIN,))
    return list(dict.fromkeys(r.chat_id for r in found))


def entitled(tx: Tx, user_id: int) -> people.Person:
    """The person behind a press, who may switch and run plans.

    Raises:
        NotAllowed: a stranger, or somebody without that right.
    """
    person = people.entitled(tx, user_id, access.Action.RUN_PLANS)
    if person is None:
        raise errors.NotAllowed("您不能定计划。")
    return person


def note(tx: Tx, now: dt.datetime, *, actor: str, verb: str, plan_id: str, detail: str = "") -> None:
    """For the audit trail."""
    trail.note(tx, now, actor=actor, verb=verb, subject=f"plan:{plan_id}", detail=detail)

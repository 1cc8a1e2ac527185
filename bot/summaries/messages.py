"""The table that goes out by itself at the deadline."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.message import OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.notices import queries
from bot.roster import people
from bot.summaries.pages import Pages
from bot.summaries.place import Page
from bot.texts import Words


@dataclass(frozen=True, slots=True)
class Pushed:
    """Renders it for the officer whose chat it is."""

    pages: Pages

    def deadline(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The frozen table of the deadline, within the reader's area."""
        notice = queries.notice(tx, delivery.number)
        person = people.by_user(tx, delivery.chat.telegram_id)
        if notice is None or notice.due_at is None or delivery.posted is not None:
            return Drop("nothing to tell")
        try:
            return self.pages.show(tx, now, person=person, page=Page(notice.id, as_of=notice.due_at))
        except errors.NotAllowed:
            return Drop("no right to it any more")


def preparations(words: Words, phones: str) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    return {"deadline": Pushed(Pages(words, phones)).deadline}

"""What the bot says in a group about the group itself; and the menu of each private chat, which says nothing."""

import datetime as dt
from dataclasses import dataclass

from bot.db import Tx
from bot.delivery import outbox, stale
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.roster import bindings, menus, people, units
from bot.texts import Words

REPLY_KEEPS = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class GroupMessages:
    """Renders them; each is said anew every time, none is edited."""

    words: Words

    def say(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """One fixed sentence, named by the subject; in a group it answers somebody, who does not wait for it long."""
        if not delivery.chat.is_private and stale.waited(tx, now, delivery) >= REPLY_KEEPS:
            return stale.TOO_LATE
        return OutgoingMessage(self.words.html(delivery.subject), silent=True)

    def bound(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The group speaks for a unit from now on."""
        unit_id = bindings.unit_of(tx, delivery.chat.id)
        if unit_id is None:
            return Drop("unbound meanwhile")
        return OutgoingMessage(self.words.html("enrol.bound", unit=units.get(tx, unit_id).name))

    def bind_ask(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """An authorised press is needed."""
        unit = units.get(tx, delivery.number)
        if bindings.unit_of(tx, delivery.chat.id) == unit.id:
            return Drop("bound meanwhile")
        agree = Button(self.words.plain("enrol.agree"), Callback("bind", args=(str(unit.id),)))
        return OutgoingMessage(self.words.html("enrol.bind_ask", unit=unit.name), ((agree,),))

    def press_please(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """To one who typed 收到: the buttons are meant. Called by name only among colleagues."""
        if stale.waited(tx, now, delivery) >= REPLY_KEEPS:
            return stale.TOO_LATE
        contact_id, unit_id = (int(word) for word in delivery.subject.split(":"))
        is_shared = bindings.is_shared(tx, delivery.chat.id)
        who = "" if is_shared else people.get(tx, contact_id).said_by(unit_id)
        return OutgoingMessage(self.words.html("enrol.press_please", who=who), silent=True)


def preparations(words: Words) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    it = GroupMessages(words)
    return {
        "say": it.say, "bound": it.bound, "bind_ask": it.bind_ask, "press_please": it.press_please,
        menus.KIND: menus.Menus(words).menu,
    }  # fmt: skip

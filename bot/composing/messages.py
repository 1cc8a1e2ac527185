"""What reaches people by itself: who is asked to agree, what became of a draft, an opinion."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bot.composing import drafts, opinions, place, sending
from bot.composing.looks import Looks
from bot.composing.model import State
from bot.composing.pages import Pages
from bot.composing.place import Part
from bot.composing.sending import DeskNow
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.roster import people

Table = Callable[[int], Callback]  # of a notice's number: what leads to its table


@dataclass(frozen=True, slots=True)
class Messages:
    """Renders them as things stand when their turn comes."""

    desk: DeskNow
    table: Table

    def ask(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """[同意发送], or what came of it."""
        draft, edition = self._draft(tx, delivery)
        if draft is None:
            return Drop("the draft is gone")
        show = Looks(self.desk())
        if draft.state is State.ASKED and draft.edition == edition:
            shown = show.put_to_second(tx, now, draft)
        elif delivery.posted is None:
            return Drop("settled already")
        else:
            shown = show.put_over(tx, draft)
        return OutgoingMessage(shown.html, shown.rows, edit_of=delivery.posted)

    def told(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """For the author: agreed to, not agreed to, sent, or why not."""
        draft, edition = self._draft(tx, delivery)
        if draft is not None and draft.edition != edition:
            return self.page(tx, now, delivery)
        if draft is None:
            return Drop("it is gone")
        desk = self.desk()
        if draft.is_open:
            by = people.get(tx, draft.refused_by).said_by() if draft.refused_by is not None else ""
            html = desk.words.html("composing.back", title=draft.title, by=by, why=draft.refusal)
            mend = Callback(place.PAGE, draft.id, draft.edition, (Part.READY,))
            label = desk.words.plain("composing.button", which="mend")
            return OutgoingMessage(html, ((Button(label, mend),),), edit_of=delivery.posted)
        shown = Pages(desk).standing(tx, draft)
        rows = shown.rows
        if draft.notice_id is not None and draft.is_ask:
            label = desk.words.plain("composing.button", which="table")
            rows = ((Button(label, self.table(draft.notice_id)),), *rows)
        if draft.notice_id is not None:  # a reminder has no table, and can be corrected and recalled too
            handle = Button(desk.words.plain("handling.open"), Callback("notice", draft.notice_id))
            revise = Button(
                desk.words.plain("revising.button", which="revise"), Callback(place.REVISE, draft.notice_id)
            )
            rows = (*rows, (handle, revise) if draft.is_ask else (handle,))
        return OutgoingMessage(shown.html, rows, edit_of=delivery.posted)

    def page(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """What became of it, on a message of the author's above the newest; its buttons stand on that one."""
        draft, _ = self._draft(tx, delivery)
        if draft is None or draft.is_open or delivery.posted is None:
            return Drop("it has changed since")
        return OutgoingMessage(Pages(self.desk()).standing(tx, draft).html, edit_of=delivery.posted)

    def opinion(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """One sentence, with who says it."""
        said = opinions.find(tx, delivery.number)
        if said is None:
            return Drop("forgotten")
        person = people.get(tx, said.contact_id)
        unit = person.posts[0].unit_name if person.posts else ""
        who = person.said_by()
        html = self.desk().words.html("composing.opinion", who=who, unit=unit, text=said.text, at=said.at)
        return OutgoingMessage(html, edit_of=delivery.posted)

    def _draft(self, tx: Tx, delivery: Delivery) -> tuple[drafts.Draft | None, int]:
        number, _, edition = delivery.subject.partition(":")
        return drafts.find(tx, int(number)), int(edition)


def preparations(desk: DeskNow, table: Table) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    it = Messages(desk, table)
    return {sending.ASK: it.ask, sending.TOLD: it.told, sending.PAGE: it.page, opinions.KIND: it.opinion}

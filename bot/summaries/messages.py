"""What goes out to officers by itself: the county's list before due, the table of due, the difference after it."""

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.delivery import outbox, stale
from bot.delivery.message import Button, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.notices import lateness, model, queries, rules
from bot.roster import access, people
from bot.roster.people import Person
from bot.summaries.pages import Pages
from bot.summaries.place import ALL, Page, Part
from bot.texts import Words

NO_RIGHT = Drop("no right to it any more")


@dataclass(frozen=True, slots=True)
class Pushed:
    """Renders it for the officer whose chat it is."""

    pages: Pages

    def deadline(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The frozen table of the deadline, within the reader's area."""
        notice = queries.notice(tx, delivery.number)
        if notice is None or notice.due_at is None or delivery.posted is not None:
            return Drop("nothing to tell")
        if (late := lateness.of_table(notice, now)) is not None:
            return late
        try:
            page = Page(notice.id, as_of=notice.due_at)
            shown = self.pages.show(tx, now, person=_reader(tx, delivery), page=page)
        except errors.NotAllowed:
            return NO_RIGHT
        return self._marked(shown, delivery)

    def escalation(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """One row's list of those who still owe, as it is now; a page like any other from then on."""
        e = model.escalation
        row = tx.execute(sa.select(e).where(e.c.id == delivery.number)).mappings().one()
        key = row["row_code"] if row["county_id"] is None else str(row["county_id"])
        return self._owing(tx, now, delivery, Page(row["notice_id"], row=key, part=Part.SILENT))

    def city_escalation(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """All rows that still owe, with a door to each list: emergencies only."""
        return self._owing(tx, now, delivery, Page(delivery.number))

    def _owing(self, tx: Tx, now: dt.datetime, delivery: Delivery, page: Page) -> OutgoingMessage | Drop:
        notice, reader = queries.notice(tx, page.notice_id), _reader(tx, delivery)
        if notice is None or notice.recalled_at is not None or delivery.posted is not None:
            return Drop("nothing to tell")
        if (late := lateness.of_list(notice, now)) is not None:
            return late
        try:
            seen = self.pages.readable(tx, reader)
            if _is_all(seen, page.row):
                page = replace(page, row=ALL)
            table = self.pages.table(tx, now, person=reader, page=page)
        except errors.NotAllowed:
            return NO_RIGHT
        if reader is None or not table.total.missing:
            return Drop("nobody owes any more")
        return self._marked(self.pages.laid_out(tx, now, reader, table, page), delivery)

    def difference(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """What came since the table of due, within the reader's area, with the door to the names."""
        notice = queries.notice(tx, delivery.number)
        if (
            notice is None
            or notice.due_at is None
            or notice.recalled_at is not None
            or delivery.posted is not None
        ):
            return Drop("nothing to tell")
        if now >= rules.useful_until(rules.Step.DIFFERENCE, notice.due_at):
            return stale.TOO_LATE
        try:
            page = Page(notice.id, as_of=notice.due_at)
            table = self.pages.table(tx, now, person=_reader(tx, delivery), page=page)
        except errors.NotAllowed:
            return NO_RIGHT
        then_now = self.pages.then_now(tx, now, table)
        if then_now is None or not table.total.missing:
            return Drop("nothing was missing")
        html = self.pages.words.html("desk.difference", head=self.pages.head(table), then_now=then_now)
        names = Button(self.pages.words.plain("desk.names"), Page(notice.id, part=Part.SILENT).callback())
        return self._marked(OutgoingMessage(html, ((names,),) if then_now["left"] else ()), delivery)

    def _marked(self, shown: OutgoingMessage, delivery: Delivery) -> OutgoingMessage:
        """A second sending of what may have arrived says so."""
        if not delivery.is_repeat:
            return shown
        return replace(shown, html=self.pages.words.html("desk.repeated") + shown.html)


def _reader(tx: Tx, delivery: Delivery) -> Person | None:
    return people.by_user(tx, delivery.chat.telegram_id)


def _is_all(seen: access.Scope, row: str) -> bool:
    """Whether this row is all the reader may see: then it is his table, not a part of one."""
    return not (seen.everything or seen.units) and {str(county) for county in seen.counties} == {row}


def preparations(words: Words, phones: str) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    pushed = Pushed(Pages(words, phones))
    return {
        "deadline": pushed.deadline,
        "escalation": pushed.escalation,
        "city_escalation": pushed.city_escalation,
        "difference": pushed.difference,
    }

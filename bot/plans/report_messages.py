"""The messages of `reports`, put into words when they leave: the day's, and the one of what is late."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.delivery import outbox, stale
from bot.delivery.message import OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.plans import messages, model, reports, today
from bot.plans.book import Book
from bot.plans.model import FireState
from bot.plans.report_pages import ReportPages
from bot.plans.reports import Part

NO_RIGHT = Drop("no right to it any more")
SAID = Drop("said already")
_f, _l = model.fire, model.late_fire


@dataclass(frozen=True, slots=True)
class Reported:
    """Renders them from the book in force."""

    book: Callable[[], Book]

    def day(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The day's page, as good as new; one line on an evening on which all is well."""
        book, pages = self.book(), ReportPages(self.book)
        if delivery.posted is not None:
            return SAID
        part = reports.part_of(now, book)
        if part is None or delivery.subject != reports.subject(now, book, part):
            return stale.TOO_LATE
        try:
            person = pages.reader(tx, delivery.chat.telegram_id)
        except errors.NotAllowed:
            return NO_RIGHT
        it, needs = today.read(tx, now, book=book), pages.needs_of(tx, now, person)
        if part is Part.EVENING and it.is_fine and not any(need.is_bad for need in needs):
            return OutgoingMessage(book.words.html("reports.fine", count=len(it.fires)))
        return pages.laid_out(it, needs)

    def late(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """What was late, and how it stands by now; with the door to those it has not reached."""
        book, pages = self.book(), ReportPages(self.book)
        if delivery.posted is not None:
            return SAID
        row = tx.execute(sa.select(_l).where(_l.c.id == delivery.number)).mappings().first()
        entry = book.entries.get(row["plan_id"]) if row is not None else None
        if row is None or entry is None:
            return Drop("the plan is gone")
        same = (
            _f.c.plan_id == row["plan_id"],
            _f.c.planned_at == row["planned_at"],
            _f.c.due_at == row["due_at"],
        )
        fire_id = tx.execute(sa.select(_f.c.id).where(*same)).scalar()
        fire = today.one(tx, fire_id, book=book) if fire_id is not None else None
        if fire is not None and fire.state is FireState.ASKED:
            return Drop("it was put to its owner")
        if now - row["at"] > reports.LOOK_BACK:
            return stale.TOO_LATE
        try:
            pages.reader(tx, delivery.chat.telegram_id)
        except errors.NotAllowed:
            return NO_RIGHT
        html = book.words.html(
            "reports.late", title=entry.named(row["occasion"]), planned_at=row["planned_at"], units=row["units"],
            is_admins=entry.audience.is_admins, now=now, fire=fire,
        )  # fmt: skip
        return OutgoingMessage(html, pages.door(fire) if fire is not None and fire.is_out else ())


def preparations(book: Callable[[], Book]) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    reported = Reported(book)
    return {
        reports.DAY_KIND: messages.marked(reported.day, book),
        reports.LATE_KIND: messages.marked(reported.late, book),
    }

"""The card that asks its owner for a word: what was missed, what hangs on a 暂定 day."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.plans import model, owners, switching
from bot.plans.book import Book
from bot.plans.content import Entry
from bot.plans.model import FireState
from bot.roster import people

GO, LEAVE = "fire-go", "fire-no"
_f = model.fire


@dataclass(frozen=True, slots=True)
class Asked:
    """Renders it from the book in force."""

    book: Callable[[], Book]

    def card(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The question, or what was decided."""
        row = tx.execute(sa.select(_f).where(_f.c.id == delivery.number)).first()
        entry = self.book().entries.get(row.plan_id) if row is not None else None
        if row is None or entry is None:
            return Drop("the plan is gone")
        state = FireState(row.state)
        if state is FireState.SKIPPED and delivery.posted is None:
            return Drop("decided already")
        title = entry.named(row.occasion)
        has_word = state is not FireState.SKIPPED or row.reason == switching.DECLINED
        by = self._by(tx, row.decided_by) if has_word else ""
        say = self.book().words.html
        if state is FireState.ASKED:
            due = switching.put_off(entry, self.book(), planned_at=row.planned_at, due_at=row.due_at, now=now)
            html = say(
                "plans.missed", title=title, planned_at=row.planned_at, units=row.units,
                due=self._moment(entry, due, now),
            )  # fmt: skip
            return OutgoingMessage(
                html, self._buttons(row.id, "plans.make_up", "plans.skip"), edit_of=delivery.posted
            )
        html = say(
            "plans.proposed", title=title, planned_at=row.planned_at, units=row.units, state=state.value, by=by,
            reason=row.reason,
        )  # fmt: skip
        is_open = state is FireState.PROPOSED and not row.decided_by
        rows = self._buttons(row.id, "plans.go", "plans.leave") if is_open else ()
        return OutgoingMessage(html, rows, edit_of=delivery.posted)

    def _moment(self, entry: Entry, due: dt.datetime, now: dt.datetime) -> str:
        return self.book().words.moment(due, now) if entry.due is not None else ""

    def _by(self, tx: Tx, actor: str) -> str:
        kind, _, number = actor.partition(":")
        return people.get(tx, int(number)).said_by() if kind == "contact" else ""

    def _buttons(self, fire_id: int, go: str, leave: str) -> tuple[tuple[Button, ...], ...]:
        args = (str(fire_id),)
        say = self.book().words.plain
        return (
            (Button(say(go), Callback(GO, args=args)),),
            (Button(say(leave), Callback(LEAVE, args=args)),),
        )


def marked(prepare: outbox.Prepare, book: Callable[[], Book]) -> outbox.Prepare:
    """The same, marked 可能重复 where nobody knows whether it has been shown before."""

    def words(tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        shown = prepare(tx, now, delivery)
        if isinstance(shown, Drop) or not delivery.is_repeat or shown.edit_of is not None:
            return shown
        return replace(shown, html=book().words.html("desk.repeated") + shown.html)

    return words


def preparations(book: Callable[[], Book]) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    return {owners.KIND: marked(Asked(book).card, book)}

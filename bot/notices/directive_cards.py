"""What a directive looks like: its card in a chat, and the private list of its items, edited in place."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.inbox import questions
from bot.notices import lateness, queries, recall, trouble
from bot.notices.queries import Item, Notice, Status
from bot.roster import access, people, units
from bot.roster.people import Person
from bot.texts import Words

PER_PAGE = 10  # a meeting's nine items stand on one page
LINE_CHARS = 280  # of an item on its list: ten of them fit one message
BUTTON_CHARS = 16
YES, TROUBLE = "y", "t"  # what pressing an item on the list says

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """An item as the list shows it."""

    key: str
    text: str
    party: str
    due: str
    done: bool
    troubled: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class DirectiveCards:
    """Renders directives in the words of one language."""

    words: Words

    def card(
        self, tx: Tx, now: dt.datetime, notice: Notice, under: list[Status], *, text: str, shared: bool, is_trial: bool,
    ) -> tuple[str, Rows]:  # fmt: skip
        """The card in a chat through which these units are asked; `shared`: by more than one of them."""
        items = queries.standing(tx, notice.id)
        own = under[0] if under and not shared else None
        troubled = len(trouble.standing_items(tx, own.assignment_id)) if own else 0
        if own is not None and not own.owes:
            return self._over(notice, own, items, troubled, is_trial=is_trial)
        asked = [s for s in under if not s.excused]
        html = self.words.html(
            "directive.ask", title=notice.title, text=text, due=self._due(notice, now), over=notice.state(now) != "open",
            level=notice.level, is_trial=is_trial, version=notice.version,
            provisional=notice.is_provisional, count=len(items), shared=own is None,
            known=sum(s.acknowledged_at is not None for s in asked), answered=sum(s.answered for s in asked),
            expected=len(asked), done=len(own.done) if own else 0, troubled=troubled,
            are_schools=own is not None or queries.asks_schools(tx, notice.id),
        )  # fmt: skip
        if notice.state(now) == "closed":
            return html, ()
        return html, self.answer_rows(notice, has_read=own is not None and own.acknowledged_at is not None)

    def answer_rows(self, notice: Notice, unit_id: int | None = None, *, has_read: bool = False) -> Rows:
        """[👌 已知悉] as long as it was not pressed, and [📝 逐项反馈]."""
        args = () if unit_id is None else (str(unit_id),)
        feedback = (self._button("directive.feedback", notice, "items", args),)
        return (feedback,) if has_read else ((self._button("directive.ack", notice, "ack", args),), feedback)

    def unit_rows(self, notice: Notice, mine: list[Status]) -> Rows:
        """One person's several units: 已知悉 for all, one list each."""
        rows = [(self._button("directive.ack", notice, "ack", ()),)]
        for s in ([s for s in mine if s.owes] or mine)[:PER_PAGE]:
            args = (str(s.unit_id),)
            rows.append((self._button("directive.one_feedback", notice, "items", args, unit=s.name),))
        return tuple(rows)

    def _over(
        self, notice: Notice, own: Status, items: list[Item], troubled: int, *, is_trial: bool
    ) -> tuple[str, Rows]:
        if own.excused:
            return self.words.html("card.excused", title=notice.title, is_trial=is_trial), ()
        html = self.words.html(
            "directive.done", title=notice.title, count=len(items), by=own.said_by, at=own.said_at,
            on_behalf=own.on_behalf, late=own.late, troubled=troubled, is_trial=is_trial,
        )  # fmt: skip
        return html, self.answer_rows(notice, has_read=own.acknowledged_at is not None)

    def _button(self, name: str, notice: Notice, action: str, args: tuple[str, ...], **params: str) -> Button:
        return Button(self.words.plain(name, **params), Callback(action, notice.id, notice.version, args))

    def _due(self, notice: Notice, now: dt.datetime) -> str:
        return "" if notice.due_at is None else self.words.moment(notice.due_at, now)

    # ── the list ─────────────────────────────────────────────────────────────────────────────────

    def items(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The list in a private chat, at the first page on which something is left to do."""
        notice_id, unit_id = (int(word) for word in delivery.subject.split(":"))
        notice, person = queries.notice(tx, notice_id), people.by_user(tx, delivery.chat.telegram_id)
        if notice is None:
            return Drop("unknown notice")
        if notice.recalled_at is not None:
            return recall.Gone(self.words).message(tx, now, notice, delivery)
        late = lateness.of_answerable(notice, now) if delivery.posted is None else None
        if late is not None:
            return late
        try:
            shown = self.page(tx, now, person, notice_id=notice_id, unit_id=unit_id)
        except errors.Refused:
            return Drop("nobody to ask")
        return OutgoingMessage(shown.html, shown.rows, edit_of=delivery.posted)

    def number(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """How many? As long as the next thing typed is that number."""
        notice_id, _, unit_id, key = delivery.subject.split(":", 3)
        notice, item = queries.notice(tx, int(notice_id)), queries.item(tx, int(notice_id), key)
        asked = questions.open(tx, now, delivery.chat.telegram_id)
        if notice is None or item is None or asked is None or asked.subject != delivery.subject:
            return Drop("nobody waits for it")
        html = self.words.html(
            "directive.number", unit=units.get(tx, int(unit_id)).name, title=notice.title, key=key,
            text=item.text[:LINE_CHARS], most=units.schools_below(tx, int(unit_id)),
        )  # fmt: skip
        return OutgoingMessage(html)

    def page(
        self, tx: Tx, now: dt.datetime, person: Person | None, *, notice_id: int, unit_id: int, page: int | None = None,
        mode: str = YES,
    ) -> OutgoingMessage:  # fmt: skip
        """A page of the list (None: the first with something left); in `mode` TROUBLE an item pressed is in trouble.

        Raises:
            NotAllowed: not a contact of this unit. Refused: the unit is not asked.
        """
        notice = queries.notice(tx, notice_id)
        status = self._status(tx, notice_id, unit_id)
        if (
            notice is None
            or status is None
            or person is None
            or not person.may(access.Action.ANSWER, status.place)
        ):
            raise errors.NotAllowed("您不用报这一条。")
        items = queries.standing(tx, notice.id)
        troubled = trouble.standing_items(tx, status.assignment_id)
        pages = max(1, -(-len(items) // PER_PAGE))
        left = [number for number, item in enumerate(items) if item.key not in status.done]
        at = min((left[0] if left else 0) // PER_PAGE if page is None else page, pages - 1)
        here = items[at * PER_PAGE : (at + 1) * PER_PAGE]
        html = self.words.html(
            "directive.items", title=notice.title, unit=status.name, due=self._due(notice, now),
            over=notice.state(now) != "open", is_trial=notice.is_trial, version=notice.version,
            lines=[self._line(notice, now, item, status, troubled) for item in here], done=len(status.done),
            count=len(items), mode=mode,
        )  # fmt: skip
        if notice.state(now) not in ("open", "due"):
            return OutgoingMessage(html)
        return OutgoingMessage(
            html, self._rows(notice, status, here, troubled, at, pages, mode, left=bool(left))
        )

    def _status(self, tx: Tx, notice_id: int, unit_id: int) -> Status | None:
        found = queries.of_units(tx, notice_id, [unit_id])
        return found[0] if found else None

    def _line(
        self, notice: Notice, now: dt.datetime, item: Item, status: Status, troubled: frozenset[str]
    ) -> _Line:
        own_due = item.due_at if item.due_at != notice.due_at else None
        is_done = item.key in status.done
        text = item.text if len(item.text) <= LINE_CHARS else f"{item.text[: LINE_CHARS - 1]}…"
        return _Line(
            item.key, text, item.party, self.words.moment(own_due, now) if own_due else "", is_done,
            item.key in troubled, changed=item.since > 1 and not is_done,
        )  # fmt: skip

    def _rows(
        self, notice: Notice, status: Status, here: list[Item], troubled: frozenset[str], at: int, pages: int, mode: str,
        *, left: bool,
    ) -> Rows:  # fmt: skip
        unit, page = str(status.unit_id), str(at)
        action = "it-bad" if mode == TROUBLE else "it-yes"
        rows: list[tuple[Button, ...]] = []
        for item in here:
            mark = "⚠️" if item.key in troubled or mode == TROUBLE else "☑" if item.key in status.done else "☐"
            text = item.text if len(item.text) <= BUTTON_CHARS else f"{item.text[: BUTTON_CHARS - 1]}…"
            args = (unit, item.key, page)
            rows.append(
                (self._button("directive.item", notice, action, args, mark=mark, key=item.key, text=text),)
            )
        if pages > 1:
            turn = [
                Callback("it-page", notice.id, notice.version, (unit, str((at + by) % pages), mode))
                for by in (-1, 0, 1)
            ]
            words = ("◂", f"{at + 1}/{pages}", "▸")
            rows.append(tuple(Button(*it) for it in zip(words, turn, strict=True)))
        if mode == TROUBLE:
            rows.append((self._button("directive.back", notice, "it-page", (unit, page, YES)),))
            return tuple(rows)
        if left:
            rows.append(
                (self._button("directive.all_done", notice, "it-rest", (unit, page), words=notice.yes_words),)
            )
        args = (unit, page, TROUBLE)
        rows.append(
            (self._button("directive.some_trouble", notice, "it-page", args, words=notice.trouble_words),)
        )
        return tuple(rows)

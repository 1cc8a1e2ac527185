"""A draft as others will see it: the card, how it goes out and whom it reaches; rehearsed, and put to a second officer."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.composing import outlook, place, revising, whom
from bot.composing.drafts import Draft
from bot.composing.item_pages import ItemPages
from bot.composing.outlook import Outlook
from bot.composing.place import Rows
from bot.composing.sending import LABELS, USUAL_LABELS, Desk
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices.rules import Kind
from bot.roster import access, people, unit_tree, units
from bot.texts import Words

ITEMS_SHOWN, ITEM_SHOWN_CHARS = 12, 18


@dataclass(frozen=True, slots=True)
class _Card:
    """What the card of the draft would say, and what stands on its buttons.

    Attributes:
        expected: how many answer on one card, where most schools are asked in a group of several; else 0.
    """

    kind: str
    level: str
    title: str
    text: str
    count: int
    is_trial: bool
    buttons: tuple[str, ...]
    version: int
    expected: int = 0


@dataclass(frozen=True, slots=True)
class _Reach:
    """An outlook as its text wants it."""

    units: int
    has_bureaus: bool
    groups: int
    private: int
    unreached: int
    is_trial: bool
    last: outlook.Change | None
    most: int
    over: int
    reason: str
    needs_two: bool
    disturbs: bool


@dataclass(frozen=True, slots=True)
class Looks:
    """Renders what is not the author's own message."""

    desk: Desk

    @property
    def words(self) -> Words:
        return self.desk.words

    def plan(self, tx: Tx, now: dt.datetime, draft: Draft, ahead: Outlook) -> dict[str, object]:
        """What the card says, how it goes out and whom it reaches, for a text."""
        reach = people.get(tx, draft.contact_id).scope(access.Action.SEND)
        return {
            **self._card_of(draft, now, ahead), "o": self._reach(draft, now, ahead), "first": self.first(tx, draft),
            "whom": whom.spoken(draft.audience, units.every(tx), reach),
            "how": self.words.plain("composing.how", kind=draft.kind.value if draft.kind else "reminder"),
            "level": self.words.plain("composing.level", level=draft.level or "today"),
        }  # fmt: skip

    def revision(self, tx: Tx, now: dt.datetime, draft: Draft, ahead: Outlook) -> dict[str, object]:
        """What a next version changes, and what its card says, for a text."""
        d = revising.look(tx, now, draft)
        due_was = self.words.moment(d.due_was, now) if d.due_was else ""
        return {
            **self._card_of(draft, now, ahead),
            "o": self._reach(draft, now, ahead),
            "d": d,
            "due_was": due_was,
        }

    def _card_of(self, draft: Draft, now: dt.datetime, ahead: Outlook) -> dict[str, object]:
        shown = draft.items[:ITEMS_SHOWN] if draft.kind is Kind.DIRECTIVE else ()
        lines = [ItemPages(self.words).line(item, now, ITEM_SHOWN_CHARS) for item in shown]
        if shown and len(draft.items) > len(shown):
            lines.append(f"…共 {len(draft.items)} 项")
        card = self.card(draft, ahead)
        return {"card": card, "lines": lines, "due": self.due(draft, now)}

    def due(self, draft: Draft, now: dt.datetime) -> str:
        """今天17:00; '' where nobody is to answer."""
        is_due = draft.is_ask and draft.due_at is not None
        return self.words.moment(draft.due_at, now) if is_due and draft.due_at is not None else ""

    def card(self, draft: Draft, ahead: Outlook) -> _Card:
        """The card as most schools will see it: in the group of several, or alone."""
        kind = draft.kind or Kind.REMINDER
        text = revising.card_text(draft)
        for name, said in (("{school}", "各校"), ("{unit}", "各单位"), ("{duty_phone}", "值班电话")):
            text = text.replace(name, said)
        labels = tuple(self._labels(draft, shared=ahead.in_one_group > 0))
        level = draft.level or "today"
        return _Card(
            kind.value,
            level,
            draft.title,
            text,
            len(draft.items),
            ahead.is_trial,
            labels,
            (draft.of_version or 0) + 1,
            ahead.in_one_group,
        )

    def _labels(self, draft: Draft, *, shared: bool) -> list[str]:
        kind = draft.kind or Kind.REMINDER
        yes, trouble = LABELS.get(kind, USUAL_LABELS)
        found = []
        if kind is Kind.DIRECTIVE:
            found += [self.words.plain("directive.ack"), self.words.plain("directive.feedback")]
        elif kind is not Kind.REMINDER:
            found.append(self.words.plain("card.yes", words=yes, kind=kind.value))
            other = self.words.plain("card.trouble", words=trouble)
            found.append(self.words.plain("card.say") if kind is Kind.REPORT else other)
        if shared and kind is not Kind.REMINDER:
            found.append(self.words.plain("card.look"))
        if draft.full_text:
            found.append(self.words.plain("card.full"))
        if draft.files:
            found.append(self.words.plain("card.original"))
        return found

    def _reach(self, draft: Draft, now: dt.datetime, ahead: Outlook) -> _Reach:
        return _Reach(
            ahead.units, any(not u.owes_answers for u in ahead.asked), ahead.groups, ahead.private,
            len(ahead.unreached), ahead.is_trial, ahead.last, ahead.burden.most, ahead.burden.over, draft.reason,
            ahead.needs_two(self.desk.rules, draft.level), draft.level == "today" and self.desk.quiet.is_quiet(now),
        )  # fmt: skip

    def first(self, tx: Tx, draft: Draft) -> str:
        """大河县, where that goes first; else ''."""
        if draft.first_county_id is None:
            return ""
        return unit_tree.short_name(units.get(tx, draft.first_county_id).name)

    # ── other eyes ───────────────────────────────────────────────────────────────────────────────

    def rehearsal(self, draft: Draft, now: dt.datetime, ahead: Outlook) -> OutgoingMessage:
        """The card, for the author alone; its buttons answer nothing."""
        card = self.card(draft, ahead)
        html = self.words.html("composing.rehearsal", card=card, due=self.due(draft, now))
        return OutgoingMessage(
            html, self.looking(draft, card.buttons, draft.edition), silent=draft.level == "info"
        )

    def looking(self, draft: Draft, labels: tuple[str, ...], edition: int) -> Rows:
        """A row for each label; [看全文] and [📎 看原文] do what they say, the others nothing."""
        what = {self.words.plain("card.full"): "full", self.words.plain("card.original"): "files"}
        return tuple(
            (Button(label, Callback(place.LOOK, draft.id, edition, (what.get(label, "none"),))),)
            for label in labels
        )

    def put_to_second(self, tx: Tx, now: dt.datetime, draft: Draft) -> OutgoingMessage:
        """What the second officer is asked to agree to."""
        author = people.get(tx, draft.contact_id)
        try:
            ahead = outlook.look(tx, now, draft, author, rules=self.desk.rules, zone=self.desk.zone)
        except errors.Refused:
            return self.put_over(tx, draft)
        said: dict[str, object] = {"author": author.said_by(), "title": draft.title}
        if draft.revises is not None:
            html = self.words.html("revising.put", **said, **self.revision(tx, now, draft, ahead))
        else:
            count = {"items": len(draft.items), "files": len(draft.files)}
            html = self.words.html("composing.put", **said, **count, **self.plan(tx, now, draft, ahead))
        card = self.card(draft, ahead)
        extras = card.buttons[len(card.buttons) - bool(draft.full_text) - bool(draft.files) :]
        rows = (
            (self._button("agree", draft, place.AGREE),),
            (self._button("refuse", draft, place.REFUSE),),
            *self.looking(draft, extras, draft.edition),
        )
        return OutgoingMessage(html, rows)

    def put_over(self, tx: Tx, draft: Draft) -> OutgoingMessage:
        """What came of it, for who was asked."""
        author = people.get(tx, draft.contact_id).said_by()
        settled = draft.released_by if draft.released_by is not None else draft.refused_by
        by = people.get(tx, settled).said_by() if settled is not None else ""
        state = "agreed" if draft.released_by is not None else "refused" if by else "over"
        return OutgoingMessage(
            self.words.html("composing.put_over", author=author, title=draft.title, state=state, by=by)
        )

    def _button(self, name: str, draft: Draft, action: str) -> Button:
        return Button(
            self.words.plain("composing.button", which=name), Callback(action, draft.id, draft.edition)
        )

"""What the live messages of a notice look like at the moment they are claimed: card, list of units, chase."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import chats, outbox, stale
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.inbox import questions
from bot.notices import (
    answer,
    attachments,
    chase,
    copies,
    lateness,
    model,
    pressing,
    queries,
    recall,
    rules,
    trouble,
)
from bot.notices.directive_cards import DirectiveCards
from bot.notices.queries import Notice, Status
from bot.notices.rules import Kind, Value
from bot.roster import access, bindings, people, units
from bot.texts import TODAY, Words

CHOICES = 8  # units a person can pick from on one message
_q = model.asked


@dataclass(frozen=True, slots=True)
class Cards:
    """Renders the messages of notices in the words of one language."""

    words: Words

    @property
    def gone(self) -> recall.Gone:
        """The same for what was recalled."""
        return recall.Gone(self.words)

    @property
    def directives(self) -> DirectiveCards:
        """The same for directives."""
        return DirectiveCards(self.words)

    def card(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The card of a notice in one chat, as things stand."""
        notice = queries.notice(tx, delivery.number)
        if notice is None:
            return Drop("unknown notice")
        if notice.recalled_at is not None:
            return self.gone.message(tx, now, notice, delivery)
        late = lateness.of_card(notice, now) if delivery.posted is None else None
        if late is not None:
            return late
        under = _under(tx, notice, delivery.chat)
        if notice.kind is not Kind.REMINDER and not under and not self._for_show(tx, notice, delivery):
            if delivery.posted is None:
                return Drop("nobody is asked through this chat any more")
            html = self.words.html("card.moved", title=notice.title, is_trial=notice.is_trial)
            return OutgoingMessage(html, edit_of=delivery.posted)
        html, rows = self._card(tx, now, notice, delivery.chat, under)
        if delivery.is_repeat:  # whatever it says by now
            html = self.words.html("desk.repeated") + html
        # an edit makes no sound anyway; level info never does
        silent = notice.level == "info" or delivery.is_repeat
        return OutgoingMessage(html, rows, silent=silent, edit_of=delivery.posted)

    def _for_show(self, tx: Tx, notice: Notice, delivery: Delivery) -> bool:
        """An administrator's copy during a trial."""
        return notice.is_trial and delivery.chat.is_private

    def _card(
        self, tx: Tx, now: dt.datetime, notice: Notice, chat: chats.Chat, under: list[Status]
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        is_trial = notice.is_trial or self._pilot_only(tx, chat)
        shared = not chat.is_private and (len(under) > 1 or bindings.is_shared(tx, chat.id))
        if not shared and len(under) > 1:
            return self._choices(now, notice, under, is_trial=is_trial)
        if notice.kind is Kind.DIRECTIVE:
            text = self._filled(tx, notice, chat, under, shared=shared)
            html, rows = self.directives.card(
                tx, now, notice, under, text=text, shared=shared, is_trial=is_trial
            )
            look = (self._look_row(notice),) if shared and rows else ()
            is_over = not shared and under and not under[0].owes
            return html, (
                *rows,
                *look,
                *self._more_rows(tx, notice),
                *self._opinion_rows(notice, chat if is_over else None),
            )
        if not shared and len(under) == 1 and not under[0].owes:
            return self._done(tx, now, notice, under[0], chat, is_trial=is_trial)
        text = self._filled(tx, notice, chat, under, shared=shared)
        due = self._due(notice, now)
        html = self.words.html(
            "card.ask", kind=notice.kind.value, level=notice.level, due=due, is_trial=is_trial,
            over=notice.state(now) != "open", text=text, shared=shared,
            provisional=notice.is_provisional,
            answered=sum(s.answered for s in under), expected=sum(not s.excused for s in under),
            corrected=notice.version > 1,
        )  # fmt: skip
        more = self._more_rows(tx, notice)
        if notice.kind is Kind.REMINDER or notice.state(now) == "closed":
            return html, more
        rows = self.answer_rows(notice)
        return html, (*rows, self._look_row(notice), *more) if shared else (*rows, *more)

    def answer_rows(self, notice: Notice, unit_id: int | None = None) -> tuple[tuple[Button, ...], ...]:
        """One button a row, the normal case first."""
        if notice.kind is Kind.DIRECTIVE:
            return self.directives.answer_rows(notice, unit_id)
        args = () if unit_id is None else (str(unit_id),)
        yes = self._button("card.yes", notice, "yes", args, words=notice.yes_words, kind=notice.kind.value)
        if notice.kind is Kind.REPORT:
            return ((yes,), (self._button("card.say", notice, "say", args),))
        return ((yes,), (self._button("card.trouble", notice, "trouble", args, words=notice.trouble_words),))

    def _look_row(self, notice: Notice) -> tuple[Button, ...]:
        return (self._button("card.look", notice, "look", ()),)

    def _more_rows(self, tx: Tx, notice: Notice) -> tuple[tuple[Button, ...], ...]:
        """[📄 看全文] and [📎 看原文], where there is any."""
        has_full, has_files = attachments.has(tx, notice)
        full = ((self._button("card.full", notice, "full", ()),),) if has_full else ()
        files = ((self._button("card.original", notice, "file", ()),),) if has_files else ()
        return (*full, *files)

    def _opinion_rows(self, notice: Notice, chat: chats.Chat | None) -> tuple[tuple[Button, ...], ...]:
        """[意见] about the notice, where one person reads alone."""
        if chat is None or not chat.is_private:
            return ()
        return (
            (Button(self.words.plain("composing.button", which="opinion"), Callback("opinion", notice.id)),),
        )

    def _button(self, name: str, notice: Notice, action: str, args: tuple[str, ...], **params: str) -> Button:
        return Button(self.words.plain(name, **params), Callback(action, notice.id, notice.version, args))

    def _due(self, notice: Notice, now: dt.datetime) -> str:
        return "" if notice.due_at is None else self.words.moment(notice.due_at, now)

    def _filled(self, tx: Tx, notice: Notice, chat: chats.Chat, under: list[Status], *, shared: bool) -> str:
        """The notice's text with the placeholders of a school filled for this chat."""
        text = queries.text(tx, notice.id, notice.version)
        if "{" not in text:
            return text
        bound = bindings.unit_of(tx, chat.id)
        unit_id = under[0].unit_id if under and not shared else bound
        unit = units.get(tx, unit_id) if unit_id is not None else units.city(tx)
        school = "各校" if shared or not under else under[0].name
        name = unit.name if unit else ""
        phone = people.dialled(units.duty_phone(tx, unit)) if unit else ""
        return text.replace("{school}", school).replace("{unit}", name).replace("{duty_phone}", phone)

    def _pilot_only(self, tx: Tx, chat: chats.Chat) -> bool:
        if not chat.is_pilot:
            return False
        unit_id = bindings.unit_of(tx, chat.id)
        return unit_id is None or not bindings.armed_units(tx).has(units.get(tx, unit_id).place)

    def _done(
        self, tx: Tx, now: dt.datetime, notice: Notice, status: Status, chat: chats.Chat, *, is_trial: bool
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        """A school's own card once nothing is owed."""
        if status.excused or status.said_at is None:
            return self.words.html("card.excused", title=notice.title, is_trial=is_trial), self.answer_rows(
                notice
            )
        if status.trouble is not None and (
            status.answer == Value.TROUBLE or rules.is_standing(status.trouble)
        ):
            return self._troubled(tx, notice, status, is_trial=is_trial)
        html = self.words.html(
            "card.done", title=notice.title, sign="🟢" if notice.kind is Kind.REPORT else "✅",
            words=answered_words(notice, status), by=status.said_by, at=status.said_at, on_behalf=status.on_behalf,
            late=status.late, is_trial=is_trial,
        )  # fmt: skip
        opinion = self._opinion_rows(notice, chat)
        if notice.state(now) == "closed":
            return html, opinion
        args = (str(status.unit_id),) if chat.is_private else ()
        action, words = ("say", "一句话") if notice.kind is Kind.REPORT else ("trouble", notice.trouble_words)
        return html, ((self._button("card.change", notice, action, args, words=words),), *opinion)

    def _troubled(
        self, tx: Tx, notice: Notice, status: Status, *, is_trial: bool
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        newest = trouble.of_notice_unit(tx, status.assignment_id)
        if newest is None:
            raise LookupError(f"assignment {status.assignment_id} has no trouble")
        html = self.words.html(
            "card.troubled", title=notice.title, words=notice.trouble_words, by=newest.said_by, at=newest.opened_at,
            state=newest.state.value, is_trial=is_trial,
        )  # fmt: skip
        if not rules.is_standing(newest.state):
            return html, (
                (self._button("card.yes", notice, "yes", (), words=notice.yes_words, kind="confirm"),),
            )
        solved = Callback("t-solved", notice.id, notice.version, (str(newest.id),))
        return html, ((Button(self.words.plain("card.solved"), solved),),)

    def _choices(
        self, now: dt.datetime, notice: Notice, mine: list[Status], *, is_trial: bool
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        """One person's several units: all at once, or one button each."""
        owing = [s for s in mine if s.owes]
        html = self.words.html(
            "card.choose", title=notice.title, due=self._due(notice, now), over=notice.state(now) != "open",
            count=len(mine), owing=len(owing), is_trial=is_trial,
        )  # fmt: skip
        if notice.state(now) == "closed":
            return html, ()
        if notice.kind is Kind.DIRECTIVE:
            return html, self.directives.unit_rows(notice, mine)
        rows: list[tuple[Button, ...]] = []
        if len(owing) > 1:
            rows.append((self._button("card.all_yes", notice, "all", (), words=notice.yes_words),))
        for s in owing[:CHOICES]:
            args = (str(s.unit_id),)
            rows.append(
                (self._button("card.one_yes", notice, "yes", args, unit=s.name, words=notice.yes_words),)
            )
        for s in (owing or mine)[:CHOICES]:
            args = (str(s.unit_id),)
            action = "say" if notice.kind is Kind.REPORT else "trouble"
            rows.append((self._button("card.one_trouble", notice, action, args, unit=s.name),))
        return html, tuple(rows)

    def choose(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The private list of one person's units under a notice."""
        notice = queries.notice(tx, delivery.number)
        person = people.by_user(tx, delivery.chat.telegram_id)
        if notice is not None and notice.recalled_at is not None:
            return self.gone.message(tx, now, notice, delivery)
        if notice is None or person is None:
            return Drop("nobody to ask")
        mine = _of_person(tx, notice, person)
        if not mine:
            return Drop("no unit of his is asked")
        late = lateness.of_answerable(notice, now) if delivery.posted is None else None
        if late is not None:
            return late
        html, rows = self._choices(now, notice, mine, is_trial=notice.is_trial)
        return OutgoingMessage(html, rows, edit_of=delivery.posted)

    def line(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """「写一句」 in private, as long as the next line typed is that line."""
        notice_id, unit_id = (int(word) for word in delivery.subject.split(":"))
        notice = queries.notice(tx, notice_id)
        if notice is None:
            return Drop("unknown notice")
        asked = questions.open(tx, now, delivery.chat.telegram_id)
        if asked is None or (asked.kind, asked.subject) != (answer.LINE_QUESTION, delivery.subject):
            return stale.TOO_LATE
        html = self.words.html("card.line", unit=units.get(tx, unit_id).name, title=notice.title)
        return OutgoingMessage(html)

    def recovered(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """A press of the time of an outage has been recorded after it."""
        notice_id, unit_id = (int(word) for word in delivery.subject.split(":"))
        notice = queries.notice(tx, notice_id)
        if notice is None:
            return Drop("unknown notice")
        if (late := lateness.of_answerable(notice, now)) is not None:
            return late
        html = self.words.html("card.recovered", unit=units.get(tx, unit_id).name, title=notice.title)
        return OutgoingMessage(html, silent=True)

    def chase(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """A private reminder with working buttons; dropped when nothing is owed any more."""
        recalled = chase.recalled(tx, delivery.number)
        if recalled is not None:
            return self.gone.message(tx, now, recalled, delivery)
        owed = chase.claim(tx, now, delivery.number, user_id=delivery.chat.telegram_id)
        if isinstance(owed, Drop):
            return owed
        notice, first = owed.notice, owed.assignments[0]
        html = self.words.html(
            "card.chase", who=owed.person.said_by(first.unit_id), unit=first.name, title=notice.title,
            due=self._due(notice, now).removeprefix(TODAY), over=notice.state(now) != "open", count=len(owed.assignments),
        )  # fmt: skip
        if len(owed.assignments) == 1:
            return OutgoingMessage(html, self.answer_rows(notice, first.unit_id))
        _, rows = self._choices(now, notice, list(owed.assignments), is_trial=notice.is_trial)
        return OutgoingMessage(html, rows)

    def overdue(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The line at due: how many still owe, in a group of several schools; a school's own group is told by name."""
        notice = queries.notice(tx, delivery.number)
        if notice is not None and notice.recalled_at is not None:
            return self.gone.message(tx, now, notice, delivery)
        if notice is None or notice.due_at is None:
            return Drop("unknown notice")
        if now >= rules.useful_until(rules.Step.LINE, notice.due_at):
            return stale.TOO_LATE
        under = _under(tx, notice, delivery.chat)
        owing = [s for s in under if s.owes]
        if not owing or delivery.posted is not None:
            return Drop("nobody owes any more" if not owing else "said already")
        is_trial = notice.is_trial or self._pilot_only(tx, delivery.chat)
        if len(under) > 1 or bindings.is_shared(tx, delivery.chat.id):
            nudged = chase.counts(tx, notice.id)
            html = self.words.html(
                "card.overdue", title=notice.title, count=len(owing), is_trial=is_trial,
                nudged=sum(s.assignment_id in nudged for s in owing),
            )  # fmt: skip
            return OutgoingMessage(html, silent=True)
        html = self.words.html(
            "card.own_overdue", unit=owing[0].name, title=notice.title, is_trial=is_trial,
            due=self._due(notice, now).removeprefix(TODAY),
        )  # fmt: skip
        return OutgoingMessage(html, self.answer_rows(notice, owing[0].unit_id), silent=True)


def answered_words(notice: Notice, status: Status) -> str:
    """What a unit's newest answer says."""
    return status.text if status.answer == Value.TEXT else pressing.words(notice, Value(status.answer))


def superseded(words: Words) -> outbox.Prepare:
    """The card of an older version, where a newer one has come."""
    gone = recall.Gone(words)

    def prepare(tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        notice = queries.notice(tx, int(delivery.subject.split(":")[0]))
        if notice is None or delivery.posted is None:
            return Drop("nothing to mark")
        if notice.recalled_at is not None:
            return gone.message(tx, now, notice, delivery)
        html = words.html("directive.superseded", title=notice.title, is_trial=notice.is_trial)
        return OutgoingMessage(html, edit_of=delivery.posted)

    return prepare


def _under(tx: Tx, notice: Notice, chat: chats.Chat) -> list[Status]:
    """The units asked through this chat now; in a private chat, those of its person."""
    ids = tx.execute(
        sa.select(_q.c.assignment_id).where(
            _q.c.notice_id == notice.id, _q.c.chat_id == chat.id, _q.c.until.is_(None)
        )
    ).scalars()
    found = list(ids)
    return queries.statuses(tx, notice.id, assignment_ids=found) if found else []


def _of_person(tx: Tx, notice: Notice, person: people.Person) -> list[Status]:
    mine = [p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN]
    a = model.assignment
    ids = list(
        tx.execute(sa.select(a.c.id).where(a.c.notice_id == notice.id, a.c.unit_id.in_(mine))).scalars()
    )
    return queries.statuses(tx, notice.id, assignment_ids=ids) if ids else []


def delete(tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
    """Take a second copy of a card away."""
    return OutgoingMessage("", edit_of=delivery.number, delete=True)


def preparations(words: Words) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    cards = Cards(words)
    return {
        "card": cards.card,
        copies.CHOOSE: cards.choose,
        copies.ITEMS: cards.directives.items,
        "number": cards.directives.number,
        copies.CARD_WAS: superseded(words),
        **attachments.preparations(words),
        copies.CHASE: cards.chase,
        copies.OVERDUE: cards.overdue,
        "line": cards.line,
        "recovered": cards.recovered,
        "delete": delete,
    }

"""What the live messages of a trouble look like: the school's questions, the officer's copy."""

import datetime as dt
from dataclasses import dataclass

from bot.db import Tx
from bot.delivery import outbox, stale
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.notices import queries, rules, trouble
from bot.notices.rules import TroubleState
from bot.notices.trouble import Trouble
from bot.roster import access, people, units
from bot.texts import Words

PER_ROW = 3
REMINDER_KEEPS = dt.timedelta(hours=12)  # the officer has been told all the same


@dataclass(frozen=True, slots=True)
class TroubleMessages:
    """Renders a trouble for those who may see it.

    Attributes:
        phones: `full`, `masked` or `never`, as the operator set it.
    """

    words: Words
    phones: str

    def school(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The private message that asks three things and then keeps telling what became of it."""
        found = _for(tx, delivery, access.Action.ANSWER)
        notice = queries.notice(tx, found.notice_id) if found else None
        if found is None or notice is None:
            return Drop("none of the reader's business any more")
        teller = people.user_of(tx, found.contact_id)
        is_told = rules.is_standing(found.state) and delivery.chat.telegram_id != teller
        html, rows = self._told(found) if is_told else self._stage(tx, notice, found)
        return OutgoingMessage(html, rows, edit_of=delivery.posted)

    def _stage(
        self, tx: Tx, notice: queries.Notice, it: Trouble
    ) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        say = self.words.html
        if it.state is TroubleState.WITHDRAWN:
            args = (str(it.unit_id), it.item) if it.item else (str(it.unit_id),)
            yes = Button(
                self.words.plain("trouble.answer_now", words=notice.yes_words),
                Callback("it-yes" if it.item else "yes", notice.id, notice.version, args),
            )
            return say("trouble.withdrawn", unit=it.unit, title=notice.title), ((yes,),)
        wrong = self._key("wrong_tap", "t-wrong", it)
        if it.state is TroubleState.SOLVED or it.described_at is not None:
            return self._told(it)
        if not it.theme:
            themes = [
                Button(name, self._callback("t-theme", it, key)) for key, name in trouble.THEMES.items()
            ]
            return say("trouble.theme", unit=it.unit), (*_in_rows(themes), (wrong,))
        if not it.need:
            needs = tuple(
                (Button(name, self._callback("t-need", it, key)),) for key, name in trouble.needs(it).items()
            )
            return say("trouble.need", unit=it.unit, phone=self._duty_phone(tx, it), above=it.above), (
                *needs,
                (wrong,),
            )
        html = say("trouble.line", unit=it.unit, urgent=it.need == "urgent", phone=self._duty_phone(tx, it))
        return html, ((self._key("nothing_more", "t-enough", it),), (wrong,))

    def _told(self, it: Trouble) -> tuple[str, tuple[tuple[Button, ...], ...]]:
        steps = [s for s in it.steps if s.state not in (TroubleState.NEW, TroubleState.WITHDRAWN)]
        html = self.words.html(
            "trouble.told", at=it.described_at or it.opened_at, theme=trouble.THEMES.get(it.theme, ""),
            need=it.need_words, text=it.text, file_kind=it.file_kind, steps=steps, above=it.above,
        )  # fmt: skip
        if not rules.is_standing(it.state):
            return html, ()
        return html, ((self._key("reword", "t-reword", it), self._key("solved", "t-solved", it)),)

    def _callback(self, action: str, it: Trouble, *args: str) -> Callback:
        return Callback(action, it.notice_id, 0, (str(it.id), *args))

    def _key(self, name: str, action: str, it: Trouble, *args: str) -> Button:
        return Button(self.words.plain(f"trouble.{name}"), self._callback(action, it, *args))

    def _duty_phone(self, tx: Tx, it: Trouble) -> str:
        """The county's duty phone, the city's for a school of no county."""
        above = units.get(tx, it.county_above) if it.county_above is not None else units.city(tx)
        return people.dialled(units.duty_phone(tx, above)) if above else ""

    def officer(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The officer's copy, with his three buttons."""
        found = _for(tx, delivery, access.Action.HANDLE_TROUBLE)
        if found is None:
            return Drop("none of the reader's business any more")
        if found.state is TroubleState.WITHDRAWN and delivery.posted is None:
            return Drop("withdrawn before it was told")
        phone = people.get(tx, found.contact_id).phone or ""
        html = self.officer_text(
            tx,
            found,
            phone
            if self.phones == "full"
            else people.masked(phone)
            if phone and self.phones == "masked"
            else "",
        )
        return OutgoingMessage(
            html, self._officer_rows(found, has_phone=bool(phone)), edit_of=delivery.posted
        )

    def officer_text(self, tx: Tx, it: Trouble, phone: str) -> str:
        """The words of the officer's copy, with the number as it may be shown."""
        notice = queries.notice(tx, it.notice_id)
        steps = [s for s in it.steps if s.state is not TroubleState.NEW]
        return self.words.html(
            "trouble.officer", unit=it.unit, title=it.title, words=notice.trouble_words if notice else "",
            theme=trouble.THEMES.get(it.theme, ""), need=it.need_words, text=it.text,
            file_kind=it.file_kind, said_by=it.said_by, at=it.opened_at, steps=steps, on_behalf=it.on_behalf,
            is_trial=notice is not None and notice.is_trial,
            phone=people.dialled(phone) if phone and "*" not in phone else phone,
        )  # fmt: skip

    def _officer_rows(self, it: Trouble, *, has_phone: bool) -> tuple[tuple[Button, ...], ...]:
        steps = tuple(
            self._key(state.value, "t-step", it, state.value)
            for state in (TroubleState.SEEN, TroubleState.PHONED, TroubleState.SOLVED)
            if rules.may_become(it.state, state)
        )
        rows = (steps,) if steps else ()
        if has_phone and self.phones == "masked":
            rows = (*rows, (self._key("number", "t-phone", it),))
        return rows

    def file(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """The voice or photo a school sent along; a second one is a message of its own."""
        found = _for(tx, delivery, access.Action.HANDLE_TROUBLE)
        if found is None or not found.file_id:
            return Drop("no file")
        caption = self.words.html("trouble.file", unit=found.unit, file_kind=found.file_kind)
        return OutgoingMessage(caption, file_id=found.file_id, file_kind=found.file_kind)

    def reminder(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """Ten minutes later: what is it about?"""
        found = _for(tx, delivery, access.Action.ANSWER)
        if found is None or found.theme or not rules.is_standing(found.state):
            return Drop("told meanwhile")
        if stale.waited(tx, now, delivery) >= REMINDER_KEEPS:
            return stale.TOO_LATE
        themes = [Button(name, self._callback("t-theme", found, key)) for key, name in trouble.THEMES.items()]
        html = self.words.html("trouble.reminder", unit=found.unit, above=found.above)
        return OutgoingMessage(html, (*_in_rows(themes), (self._key("wrong_tap", "t-wrong", found),)))


def _for(tx: Tx, delivery: Delivery, action: access.Action) -> Trouble | None:
    """The trouble, if the one whose chat this is may still do this there: posts end, chats stay."""
    found, reader = trouble.get(tx, delivery.number), people.by_user(tx, delivery.chat.telegram_id)
    return found if found and reader and reader.may(action, found.place) else None


def _in_rows(buttons: list[Button]) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(buttons[i : i + PER_ROW]) for i in range(0, len(buttons), PER_ROW))


def preparations(words: Words, phones: str) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    it = TroubleMessages(words, phones)
    return {
        "trouble": it.school,
        "officer_trouble": it.officer,
        "trouble_file": it.file,
        "trouble_reminder": it.reminder,
    }

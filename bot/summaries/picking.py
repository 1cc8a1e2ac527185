"""代报: eight schools a page as toggles; the chosen ones travel in the buttons as unit ids, never as positions."""

import datetime as dt
from dataclasses import dataclass, replace

from bot import errors
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import counting, desk, queries, rules
from bot.notices.queries import Status
from bot.notices.rules import Reach
from bot.roster import access
from bot.roster.people import Person
from bot.summaries.pages import PER_PAGE
from bot.summaries.place import ALL, Page, Part
from bot.texts import Words

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_~"
MAX_WIDTH = 8  # base-64 digits; a longer number is no id
_REACH = {Part.SILENT: Reach.SILENT, Part.UNBOUND: Reach.UNBOUND, Part.UNDELIVERED: Reach.UNDELIVERED}


def pack(unit_ids: list[int]) -> str:
    """Unit ids, each as wide as the widest of them, which is told first: eight below 262,144 are 25 characters."""
    words = [_digits(unit_id) for unit_id in unit_ids]
    width = max(map(len, words), default=1)
    return DIGITS[width] + "".join(word.rjust(width, "0") for word in words)


def unpack(text: str) -> list[int] | None:
    """The ids `pack` packed; None for anything else."""
    if not text or any(c not in DIGITS for c in text):
        return None
    width, words = DIGITS.index(text[0]), text[1:]
    if not 0 < width <= MAX_WIDTH or not words or len(words) % width or len(words) > width * PER_PAGE:
        return None
    return [_number(words[i : i + width]) for i in range(0, len(words), width)]


def _digits(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits or DIGITS[0]


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(DIGITS) + DIGITS.index(digit)
    return number


@dataclass(frozen=True, slots=True)
class Picking:
    """Renders the toggles, the question whether it is meant, and the reasons of 免报."""

    words: Words

    def show(
        self, tx: Tx, now: dt.datetime, *, person: Person | None, page: Page, chosen: list[int]
    ) -> OutgoingMessage:
        """One page of schools that owe, those in `chosen` ticked. Always of the present instant.

        Raises:
            NotAllowed: none of them is the person's to answer for.
        """
        notice, listed = self._listed(tx, now, person, page)
        pages = max(1, -(-len(listed) // PER_PAGE))
        here = replace(page, page=min(page.page, pages - 1), as_of=None)
        some = listed[here.page * PER_PAGE : (here.page + 1) * PER_PAGE]
        picked = [s.unit_id for s in some if s.unit_id in chosen]
        rows: list[tuple[Button, ...]] = [(self._toggle(notice, here, s, picked),) for s in some]
        if pages > 1:
            step = [(page.page + d) % pages for d in (-1, 1)]
            rows.append(
                (
                    Button("◂", replace(here, page=step[0]).callback("pick")),
                    Button("▸", replace(here, page=step[1]).callback("pick")),
                )
            )
        if picked:
            rows.extend(self._doing(notice, picked))
        rows.append((Button(self.words.plain("desk.back"), here.callback()),))
        head = {
            "title": notice.title,
            "frozen": False,
            "at": now,
            "is_trial": notice.is_trial,
            "recalled": False,
            "left_min": None,
        }
        return OutgoingMessage(
            self.words.html("desk.pick", head=head, schools=some, chosen=len(picked)), tuple(rows)
        )

    def _listed(
        self, tx: Tx, now: dt.datetime, person: Person | None, page: Page
    ) -> tuple[queries.Notice, list[Status]]:
        notice = queries.notice(tx, page.notice_id)
        mine = person.scope(access.Action.ON_BEHALF) if person else None
        if notice is None or mine is None or mine.is_empty:
            raise errors.NotAllowed("您不能代报。")
        area = counting.Area(mine, "" if page.row == ALL else page.row)
        wanted = _REACH.get(page.part, Reach.SILENT)
        listed = counting.listed(tx, notice, lambda mark: mark.reach is wanted, at=now, area=area)
        return notice, queries.statuses(tx, notice.id, assignment_ids=listed) if listed else []

    def _toggle(self, notice: queries.Notice, page: Page, status: Status, picked: list[int]) -> Button:
        ticked = status.unit_id in picked
        others = [u for u in picked if u != status.unit_id]
        after = others if ticked else [*picked, status.unit_id]
        args = (page.row, page.part.value, str(page.page), pack(after) or "-")
        return Button(f"{'☑' if ticked else '☐'} {status.name}", Callback("tick", notice.id, 0, args))

    def _doing(self, notice: queries.Notice, picked: list[int]) -> list[tuple[Button, ...]]:
        packed, count = pack(picked), len(picked)
        say = self.words.plain
        rows: list[tuple[Button, ...]] = [
            (
                Button(
                    say("desk.do_yes", count=count, words=notice.yes_words),
                    self._to("sure", notice, "yes", packed),
                ),
            )
        ]
        if notice.kind is rules.Kind.CONFIRM:
            trouble = say("desk.do_trouble", count=count, words=notice.trouble_words)
            rows.append((Button(trouble, self._to("sure", notice, "trouble", packed)),))
        rows.append((Button(say("desk.do_phoned", count=count), self._to("rang", notice, packed)),))
        rows.append((Button(say("desk.do_excuse", count=count), self._to("why", notice, packed)),))
        return rows

    def _to(self, action: str, notice: queries.Notice, *args: str) -> Callback:
        return Callback(action, notice.id, 0, args)

    def confirm(
        self, tx: Tx, *, person: Person | None, notice_id: int, value: str, unit_ids: list[int]
    ) -> OutgoingMessage:
        """「会记上您的名字,学校可以改。」, and [确定].

        Raises:
            NotAllowed: one of the schools is not the person's to answer for.
        """
        notice = _known(tx, notice_id)
        names = _names(tx, notice_id, unit_ids, person, access.Action.ON_BEHALF)
        words = notice.trouble_words if value == "trouble" else notice.yes_words
        html = self.words.html("desk.confirm", title=notice.title, names=names, words=words)
        sure = Button(self.words.plain("desk.sure"), self._to("behalf", notice, value, pack(unit_ids)))
        return OutgoingMessage(html, ((sure,), (self._back(notice),)))

    def reasons(
        self, tx: Tx, *, person: Person | None, notice_id: int, unit_ids: list[int]
    ) -> OutgoingMessage:
        """Why these schools owe nothing.

        Raises:
            NotAllowed: one of the schools is not the person's to excuse.
        """
        notice = _known(tx, notice_id)
        names = _names(tx, notice_id, unit_ids, person, access.Action.EXCUSE)
        html = self.words.html("desk.excuse_why", title=notice.title, names=names)
        rows: list[tuple[Button, ...]] = [
            (Button(name, self._to("excuse", notice, code, pack(unit_ids))),)
            for code, name in desk.REASONS.items()
        ]
        return OutgoingMessage(html, (*rows, (self._back(notice),)))

    def _back(self, notice: queries.Notice) -> Button:
        return Button(self.words.plain("desk.back"), Page(notice.id).callback())


def _known(tx: Tx, notice_id: int) -> queries.Notice:
    notice = queries.notice(tx, notice_id)
    if notice is None:
        raise errors.Refused("没有这条通知。")
    return notice


def _names(
    tx: Tx, notice_id: int, unit_ids: list[int], person: Person | None, action: access.Action
) -> list[str]:
    asked = queries.places(tx, notice_id, unit_ids)
    if person is None or not asked or not all(person.may(action, place) for place in asked):
        raise errors.NotAllowed(desk.NOT_ALL_YOURS)
    return queries.unit_names(tx, notice_id, unit_ids)

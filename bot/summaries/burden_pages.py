"""The burden of a month as an administrator reads it: the figures, the schools above the cap, a workbook of all."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import errors
from bot.db import Tx
from bot.delivery import outbox, stale
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.roster import access, people
from bot.roster.plain_cells import Value
from bot.roster.unit_tree import short_name
from bot.summaries import burden, lines
from bot.summaries.burden import Line, Month
from bot.summaries.looks import HEADER_LINE, Book
from bot.summaries.place import PAGES
from bot.texts import Words

MONTH, OVER, EXCEL = "burden", "b-over", "b-xlsx"  # actions of the routing table
PER_PAGE = 8
WIDTHS = (28, 18, 12, 12, 16)
_MONTH = re.compile(r"20\d\d(?:0[1-9]|1[0-2])")
Cap = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Burdens:
    """Renders it.

    Attributes:
        cap: routine asks a week that the house allows, as it is now.
    """

    words: Words
    cap: Cap
    counted: dict[tuple[dt.date, dt.date], Month] = field(
        default_factory=dict
    )  # told today to several: counted once

    def told(self, tx: Tx, now: dt.datetime, delivery: Delivery) -> OutgoingMessage | Drop:
        """Last month's, for the administrator whose chat it is."""
        if delivery.posted is not None:
            return Drop("said already")
        month = dt.date.fromisoformat(delivery.subject)
        if burden.month_before(now.astimezone(self.words.zone).date()) != month:
            return stale.TOO_LATE
        try:
            self.entitled(tx, delivery.chat.telegram_id)
        except errors.NotAllowed:
            return Drop("no right to it any more")
        today = now.astimezone(self.words.zone).date()
        if (month, today) not in self.counted:
            self.counted.clear()
            self.counted[month, today] = burden.read(tx, month, cap=self.cap(), zone=self.words.zone)
        return self._page(self.counted[month, today], now, is_repeat=delivery.is_repeat)

    def page(self, tx: Tx, now: dt.datetime, user_id: int, first: dt.date | None = None) -> OutgoingMessage:
        """The figures of a month; None: of the last.

        Raises:
            NotAllowed: no administrator.
        """
        return self._page(self.read(tx, now, user_id, first), now, is_repeat=False)

    def _page(self, it: Month, now: dt.datetime, *, is_repeat: bool) -> OutgoingMessage:
        html = self.words.html(
            "burden.page", m=it, lines=[_line(line) for line in it.lines], is_repeat=is_repeat
        )
        rows: list[tuple[Button, ...]] = []
        if it.over:
            rows.append((self._button("list", OVER, it, "0", count=len(it.over)),))
        if it.notices:
            rows.append((self._button("excel", EXCEL, it),))
        return OutgoingMessage(html, (*rows, self._others(it, now)))

    def over(self, tx: Tx, now: dt.datetime, user_id: int, first: dt.date, page: int) -> OutgoingMessage:
        """The schools that were asked too often in a week, in the order of the roster.

        Raises:
            NotAllowed: no administrator.
        """
        it = self.read(tx, now, user_id, first)
        every = it.over
        pages = max(1, -(-len(every) // PER_PAGE))
        at = min(page, pages - 1)
        some = every[at * PER_PAGE : (at + 1) * PER_PAGE]
        html = self.words.html(
            "burden.over", m=it, schools=some, first=at * PER_PAGE, page=at + 1, pages=pages
        )
        turns: tuple[tuple[Button, ...], ...] = ()
        if pages > 1:
            turn = [Callback(OVER, args=(_code(it.first), str((at + by) % pages))) for by in (-1, 1)]
            turns = ((Button("◂", turn[0]), Button("▸", turn[1])),)
        return OutgoingMessage(html, (*turns, (self._button("back", MONTH, it),)))

    def read(self, tx: Tx, now: dt.datetime, user_id: int, first: dt.date | None) -> Month:
        """The month's figures.

        Raises:
            NotAllowed: no administrator.
        """
        self.entitled(tx, user_id)
        today = now.astimezone(self.words.zone).date()
        month = burden.month_before(today) if first is None else min(first, today.replace(day=1))
        return burden.read(tx, month, cap=self.cap(), zone=self.words.zone)

    def entitled(self, tx: Tx, user_id: int) -> None:
        """Whether this is an administrator.

        Raises:
            NotAllowed: it is none.
        """
        if people.entitled(tx, user_id, access.Action.SEE_BURDEN) is None:
            raise errors.NotAllowed(self.words.plain("burden.not_entitled"))

    def workbook(self, it: Month) -> bytes:
        """Every school, in the order of the roster; slow, and run off the event loop."""
        book = Book(self.words)
        columns = self.words.plain("burden.columns").split("\n")
        title = self.name(it)
        sheet = book.sheet(self.words.plain("burden.sheet"), title, columns, WIDTHS, lines=len(it.schools))
        for at, school in enumerate(it.schools, start=HEADER_LINE + 1):
            values: list[Value] = [school.name, school.row[2], school.asks, school.taps, school.a_week]
            book.put(sheet, at, values, ("文字", "文字", "数", "数", "数"))
        return book.content()

    def name(self, it: Month) -> str:
        """2026年10月报送负担."""
        return self.words.plain("burden.file", first=it.first)

    def _others(self, it: Month, now: dt.datetime) -> tuple[Button, ...]:
        """[◂ 9月] [11月 ▸]: the months beside it, none that is to come."""
        before, after = burden.month_before(it.first), burden.month_after(it.first)
        found = [Button(f"◂ {self._other(before)}", Callback(MONTH, args=(_code(before),)))]
        if after <= now.astimezone(self.words.zone).date():
            found.append(Button(f"{self._other(after)} ▸", Callback(MONTH, args=(_code(after),))))
        return tuple(found)

    def _other(self, first: dt.date) -> str:
        return self.words.plain("burden.other", first=first)

    def _button(self, name: str, action: str, it: Month, *args: str, **params: int) -> Button:
        return Button(
            self.words.plain(f"burden.{name}", **params), Callback(action, args=(_code(it.first), *args))
        )


def _code(first: dt.date) -> str:
    return first.strftime("%Y%m")


def month_of(callback: Callback) -> dt.date | None:
    """The month of a button; None for one we did not make."""
    word = callback.args[0] if callback.args else ""
    return dt.date(int(word[:4]), int(word[4:]), 1) if _MONTH.fullmatch(word) else None


def page_of(callback: Callback) -> int:
    """The page of a list."""
    return min(callback.number(1) or 0, PAGES)


def _line(it: Line) -> str:
    """` 8/13  11/40   2 大河县`."""
    asks, taps = (f"{spread.median:g}/{spread.most}" for spread in (it.asks, it.taps))
    figures = f"{asks:>6} {taps:>7} {it.over:>3}"
    return f"{figures} {lines.cut(short_name(it.name), lines.HALF_WIDTHS - len(figures) - 1)}"


def preparations(words: Words, cap: Cap) -> dict[str, outbox.Prepare]:
    """Kind of delivery → how it is rendered."""
    return {burden.KIND: Burdens(words, cap).told}

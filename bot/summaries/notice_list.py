"""Every notice that asks or tells somebody within the reader's area, newest first, eight a page; each leads to its own page."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import areas, model, queries
from bot.notices.queries import Notice
from bot.roster import access
from bot.roster.people import Person
from bot.summaries import signing
from bot.summaries.place import PAGES, Page
from bot.texts import Words

LIST = "notices"  # action of the routing table
OPEN = "notice"  # the page of one that has no table
PER_PAGE, PER_BUTTON_ROW = 8, 4
_n = model.notice


@dataclass(frozen=True, slots=True)
class Line:
    """One notice of the list."""

    notice: Notice
    by: str


@dataclass(frozen=True, slots=True)
class NoticeList:
    """Renders it for one reader."""

    words: Words

    def page(self, tx: Tx, *, person: Person | None, page: int = 0, around: int = 0) -> OutgoingMessage:
        """One page; nothing but a sentence for one who may see no tables.

        Args:
            around: a notice's number: the page on which that stands, whatever `page` says; 0 for none.
        """
        within = access.scope(person.posts if person else (), access.Action.SEE_TABLE)
        if within.is_empty:
            return OutgoingMessage(self.words.html("desk.not_entitled"))
        mine = areas.to(tx, within)
        count = _count(tx, mine)
        pages = max(1, -(-count // PER_PAGE))
        here = min(_count(tx, mine, *_newer(tx, around)) // PER_PAGE if around else page, pages - 1)
        shown = queries.listed(tx, mine, limit=PER_PAGE, offset=here * PER_PAGE)
        html = self.words.html(
            "handling.list", count=count, lines=self._lines(tx, shown), first=here * PER_PAGE, page=here + 1,
            pages=pages,
        )  # fmt: skip
        doors = [Button(str(here * PER_PAGE + i), door(n)) for i, n in enumerate(shown, start=1)]
        rows = [tuple(doors[i : i + PER_BUTTON_ROW]) for i in range(0, len(doors), PER_BUTTON_ROW)]
        return OutgoingMessage(html, (*rows, *_turning(here, pages)))

    def _lines(self, tx: Tx, shown: list[Notice]) -> list[Line]:
        actors = _senders(tx, [n.id for n in shown])
        return [Line(n, signing.signed(tx, self.words, actors[n.id])) for n in shown]

    def button(self, around: int = 0) -> Button:
        """[全部通知]; from a notice's own page, back to where it stands."""
        return Button(self.words.plain("handling.every"), Callback(LIST, around, 0, ("0",)))


def door(notice: Notice) -> Callback:
    """To the table of one that asks, to the page of a reminder."""
    return Page(notice.id).callback() if notice.due_at is not None else Callback(OPEN, notice.id)


def page_of(callback: Callback) -> int:
    """The page a button leads to, from 0."""
    return min(callback.number(0) or 0, PAGES)


def _turning(here: int, pages: int) -> tuple[tuple[Button, ...], ...]:
    if pages == 1:
        return ()
    turns = {"◂": here - 1, f"{here + 1}/{pages}": here, "▸": here + 1}
    return (tuple(Button(label, Callback(LIST, args=(str(to % pages),))) for label, to in turns.items()),)


def _count(tx: Tx, *where: sa.ColumnElement[bool]) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(_n).where(*where)).scalar_one()


def _newer(tx: Tx, notice_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Said of a notice: it stands before this one; of none where there is none."""
    at = tx.execute(sa.select(_n.c.published_at).where(_n.c.id == notice_id)).scalar()
    if at is None:
        return (sa.false(),)
    return (sa.or_(_n.c.published_at > at, sa.and_(_n.c.published_at == at, _n.c.id > notice_id)),)


def _senders(tx: Tx, notice_ids: list[int]) -> dict[int, str]:
    rows = tx.execute(sa.select(_n.c.id, _n.c.published_by).where(_n.c.id.in_(notice_ids)))
    return {row.id: row.published_by for row in rows}

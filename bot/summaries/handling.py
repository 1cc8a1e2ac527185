"""The page of one notice, for officers: who sent and changed it, how far it has come, 更正 and 撤回, and where they failed."""

import datetime as dt
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from bot import errors
from bot.db import Tx
from bot.delivery import chats
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import areas, attachments, copies, model, progress, queries, recall, revise, rules
from bot.notices.copies import Count, Failure
from bot.notices.queries import Notice, Table
from bot.notices.rewording import CARD, FULL, Proposal
from bot.roster import access, whose
from bot.roster.people import Person
from bot.summaries import notice_list, signing
from bot.summaries.notice_list import NoticeList
from bot.summaries.place import Page
from bot.texts import Words

PER_PAGE, ITEMS_PER_PAGE = 8, 10  # a meeting's nine items stand on one page
LINE_CHARS = 40  # of an item beside its figures
OPEN, ITEMS, LEFT = notice_list.OPEN, "n-items", "n-left"
RECALL_ASK, RECALL = "n-back", "n-back!"
WORD, TYPE, SURE = "n-word", "n-type", "n-word!"
AGAIN, REVISE = "c-again", "c-revise"  # composing's: a draft with its words, a draft of its next version

_n, _v = model.notice, model.notice_version


@dataclass(frozen=True, slots=True)
class _Version:
    version: int
    at: dt.datetime
    by: str
    released_by: str
    released_at: dt.datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the page tells."""

    title: str
    is_trial: bool
    recalled_at: dt.datetime | None
    recalled_by: str
    published_at: dt.datetime
    by: str
    released_by: str
    released_at: dt.datetime | None
    reason: str
    versions: tuple[_Version, ...]
    count: Count | None
    items: int
    known: int
    answered: int
    expected: int
    are_schools: bool


class Origin(Protocol):
    """What was said when a version was sent: why its schools were asked once more, when a second officer agreed."""

    @property
    def reason(self) -> str: ...

    @property
    def agreed_at(self) -> dt.datetime | None: ...


Origins = Callable[[Tx, int], Mapping[int, Origin]]  # of a notice's number: by version


def _unknown(_: Tx, __: int) -> Mapping[int, Origin]:
    return {}


@dataclass(frozen=True, slots=True)
class Handling:
    """Renders the pages of one notice for one reader.

    Attributes:
        origins: what composing knows of the versions sent through it.
    """

    words: Words
    origins: Origins = _unknown

    def page(self, tx: Tx, now: dt.datetime, *, person: Person | None, notice_id: int) -> OutgoingMessage:
        """The notice as this person may see it.

        Raises:
            NotAllowed: it is to nobody within the person's area.
        """
        notice, reader = _readable(tx, person, notice_id)
        facts = self._facts(tx, now, notice, reader)
        rows: list[tuple[Button, ...]] = []
        if facts.items:
            rows.append((self._button("items", ITEMS, notice, "0"),))
        may = revise.may(tx, reader, notice.id)
        if may and facts.count is not None and facts.count.failures:
            label = self.words.plain("handling.left", count=len(facts.count.failures))
            rows.append((Button(label, Callback(LEFT, notice.id, 0, ("0",))),))
        if may and notice.recalled_at is None:
            recalled = self._button("recall", RECALL_ASK, notice)
            is_over = notice.state(now) == "closed"
            rows.append((recalled,) if is_over else (self._button("reword", WORD, notice), recalled))
            if not is_over:
                rows += self._revise_rows(notice, reader)
        if notice.recalled_at is None and not reader.scope(access.Action.SEND).is_empty:
            rows.append(
                (Button(self.words.plain("composing.button", which="again"), Callback(AGAIN, notice.id)),)
            )
        if notice.due_at is not None:
            rows.append((Button(self.words.plain("handling.back"), Page(notice.id).callback()),))
        rows.append((NoticeList(self.words).button(around=notice.id),))
        return OutgoingMessage(self.words.html("handling.page", n=facts), tuple(rows))

    def _facts(self, tx: Tx, now: dt.datetime, notice: Notice, reader: Person) -> _Facts:
        row = tx.execute(
            sa.select(_n.c.published_by, _n.c.released_by, _n.c.recalled_by).where(_n.c.id == notice.id)
        ).one()
        newer = sa.select(_v.c.version, _v.c.created_at, _v.c.created_by, _v.c.released_by).where(
            _v.c.notice_id == notice.id, _v.c.version > 1
        )
        signed = functools.partial(signing.signed, tx, self.words, title=notice.title)
        origins = self.origins(tx, notice.id)
        versions = tuple(
            _Version(
                v.version, v.created_at, signed(v.created_by), signed(v.released_by),
                *_said(origins.get(v.version)),
            )
            for v in tx.execute(newer.order_by(_v.c.version))
        )  # fmt: skip
        table = _table(tx, now, notice, reader) if notice.kind is rules.Kind.DIRECTIVE else None
        items = len(queries.standing(tx, notice.id)) if table else 0
        total = table.total if table else rules.Row("", "")
        return _Facts(
            notice.title, notice.is_trial, notice.recalled_at, signed(row.recalled_by), notice.published_at,
            signed(row.published_by), signed(row.released_by), *_said(origins.get(1)), versions, _count(tx, notice), items,
            total.acknowledged, total.answered, total.expected, queries.asks_schools(tx, notice.id),
        )  # fmt: skip

    def items(
        self, tx: Tx, now: dt.datetime, *, person: Person | None, notice_id: int, page: int, version: int = 0
    ) -> OutgoingMessage:
        """A directive's items, each with how many have answered it: now, or when a later version took this one's place.

        Raises:
            NotAllowed: as `page`. Refused: no directive, or that was only just now.
        """
        notice, reader = _readable(tx, person, notice_id)
        if notice.kind is not rules.Kind.DIRECTIVE:
            raise errors.Refused("这条通知没有分项。")
        as_of = _superseded_at(tx, notice, version)
        table = _table(tx, now, notice, reader, as_of=as_of)
        every = progress.of(tx, table)
        pages = max(1, -(-len(every) // ITEMS_PER_PAGE))
        at = min(page, pages - 1)
        lines = [
            {
                "done": it.done, "expected": it.expected, "key": it.item.key, "text": _short(it.item.text, LINE_CHARS),
                "party": it.item.party, "due": self._due(it.item.due_at or notice.due_at, now),
            }
            for it in every[at * ITEMS_PER_PAGE : (at + 1) * ITEMS_PER_PAGE]
        ]  # fmt: skip
        html = self.words.html(
            "handling.progress", title=notice.title, at=table.at, version=version if as_of else 0, lines=lines,
            page=at + 1, pages=pages,
        )  # fmt: skip
        shown = version if as_of else notice.version
        others = tuple(
            self._button("version", ITEMS, notice, "0", str(v), version=v)
            for v in range(max(1, notice.version - 3), notice.version + 1)
            if v != shown
        )
        turns = self._turns(ITEMS, notice, at, pages, str(version))
        return OutgoingMessage(html, (*turns, *((others,) if others else ()), (self._back(notice),)))

    def _due(self, due_at: dt.datetime | None, now: dt.datetime) -> str:
        return self.words.moment(due_at, now) if due_at else ""

    def left(
        self, tx: Tx, now: dt.datetime, *, person: Person | None, notice_id: int, page: int
    ) -> OutgoingMessage:
        """The chats in which the correction or the recall came to nothing, by name."""
        notice, _ = _handled(tx, person, notice_id)
        count = _count(tx, notice)
        failures = count.failures if count else ()
        pages = max(1, -(-len(failures) // PER_PAGE))
        at = min(page, pages - 1)
        some = failures[at * PER_PAGE : (at + 1) * PER_PAGE]
        html = self.words.html(
            "handling.failures", title=notice.title, recalled=notice.recalled_at is not None, names=_named(tx, some),
            first=at * PER_PAGE, page=at + 1, pages=pages, count=len(failures),
        )  # fmt: skip
        return OutgoingMessage(html, (*self._turns(LEFT, notice, at, pages), (self._back(notice),)))

    # ── 撤回 ─────────────────────────────────────────────────────────────────────────────────────

    def recall_ask(self, tx: Tx, *, person: Person | None, notice_id: int) -> OutgoingMessage:
        """What recalling does, and [确定撤回]."""
        notice, _ = _handled(tx, person, notice_id)
        hanging = {copy.chat_id for copy in copies.of(tx, notice.id, copies.SAYING_IT)}
        html = self.words.html("handling.recall_ask", title=notice.title, chats=len(hanging))
        return OutgoingMessage(html, ((self._button("sure_recall", RECALL, notice),), (self._back(notice),)))

    def recalled(self, tx: Tx, now: dt.datetime, *, person: Person | None, notice_id: int) -> OutgoingMessage:
        """It is recalled; from how many chats.

        Raises:
            NotAllowed: not this person's to recall. Refused: recalled already.
        """
        notice, officer = _handled(tx, person, notice_id)
        hanging = recall.recall(tx, now, notice.id, by=officer.actor)
        html = self.words.html("handling.recalled", title=notice.title, chats=hanging)
        return OutgoingMessage(html, ((self._back(notice),),))

    # ── 更正 ─────────────────────────────────────────────────────────────────────────────────────

    def which(self, tx: Tx, *, person: Person | None, notice_id: int) -> OutgoingMessage:
        """The card, or the full text; a directive's items by [改一版], for they are asked again."""
        notice, officer = _handled(tx, person, notice_id)
        is_directive = notice.kind is rules.Kind.DIRECTIVE
        rows: list[tuple[Button, ...]] = [
            (Button(self.words.plain("handling.card"), _type(notice, CARD)),),
        ]
        if attachments.of(tx, notice).full_text:
            rows.append((Button(self.words.plain("handling.whole"), _type(notice, FULL)),))
        if is_directive:
            rows += self._revise_rows(notice, officer)
        html = self.words.html("handling.which", title=notice.title, is_directive=is_directive)
        return OutgoingMessage(html, (*rows, (self._back(notice),)))

    def _revise_rows(self, notice: Notice, reader: Person) -> list[tuple[Button, ...]]:
        if notice.due_at is None or reader.scope(access.Action.SEND).is_empty:
            return []
        label = self.words.plain("revising.button", which="revise")
        return [(Button(label, Callback(REVISE, notice.id)),)]

    def type(self, notice: Notice, item: str) -> OutgoingMessage:
        """Please send the words."""
        html = self.words.html("handling.type", title=notice.title, item=item)
        return OutgoingMessage(html, ((self._back(notice),),))

    def proposal(self, tx: Tx, it: Proposal) -> OutgoingMessage:
        """What was typed, what it does, and [确定更正]."""
        hanging = {copy.chat_id for copy in copies.of(tx, it.notice.id, _corrected(is_full=it.item == FULL))}
        html = self.words.html(
            "handling.proposal", title=it.notice.title, item=it.item, text=_short(it.text, 3000), chats=len(hanging),
        )  # fmt: skip
        sure = Button(
            self.words.plain("handling.sure_reword"), Callback(SURE, it.notice.id, it.notice.version)
        )
        return OutgoingMessage(html, ((sure,), (self._back(it.notice),)))

    def revised(self, notice: Notice, done: revise.Revised) -> OutgoingMessage:
        """It is in force."""
        html = self.words.html(
            "handling.revised",
            title=notice.title,
            version=done.version,
            chats=done.chats,
        )
        return OutgoingMessage(html, ((self._back(notice),),))

    def _button(self, name: str, action: str, notice: Notice, *args: str, **params: int) -> Button:
        label = self.words.plain(f"handling.{name}", **params)
        return Button(label, Callback(action, notice.id, notice.version, args))

    def _back(self, notice: Notice) -> Button:
        return self._button("back", OPEN, notice)

    def _turns(
        self, action: str, notice: Notice, at: int, pages: int, *more: str
    ) -> tuple[tuple[Button, ...], ...]:
        if pages < 2:
            return ()
        turn = [
            Callback(action, notice.id, notice.version, (str((at + by) % pages), *more)) for by in (-1, 1)
        ]
        return ((Button("◂", turn[0]), Button("▸", turn[1])),)


def _said(origin: Origin | None) -> tuple[dt.datetime | None, str]:
    """When a second officer agreed, and the reason given."""
    return (None, "") if origin is None else (origin.agreed_at, origin.reason)


def _type(notice: Notice, item: str) -> Callback:
    return Callback(TYPE, notice.id, notice.version, (item,))


def _readable(tx: Tx, person: Person | None, notice_id: int) -> tuple[Notice, Person]:
    """The notice, where it is to somebody the person may read of, or is his to revise."""
    notice = queries.notice(tx, notice_id)
    seen = person.scope(access.Action.SEE_TABLE) if person else None
    if notice is None or person is None or seen is None or seen.is_empty:
        raise errors.NotAllowed("您不能看这条通知。")
    if not (areas.is_to(tx, notice_id, seen) or revise.may(tx, person, notice_id)):
        raise errors.NotAllowed("您不能看这条通知。")
    return notice, person


def _handled(tx: Tx, person: Person | None, notice_id: int) -> tuple[Notice, Person]:
    notice = queries.notice(tx, notice_id)
    if notice is None or person is None or not revise.may(tx, person, notice_id):
        raise errors.NotAllowed(revise.NOT_YOURS)
    return notice, person


def _table(
    tx: Tx, now: dt.datetime, notice: Notice, reader: Person, *, as_of: dt.datetime | None = None
) -> Table:
    within = reader.scope(access.Action.SEE_TABLE).has
    return queries.table(tx, notice.id, now=now, as_of=as_of, within=within)


def _superseded_at(tx: Tx, notice: Notice, version: int) -> dt.datetime | None:
    """The last instant of a version that is in force no more; None for any other."""
    query = sa.select(_v.c.created_at).where(_v.c.notice_id == notice.id, _v.c.version == version + 1)
    next_at: dt.datetime | None = tx.execute(query).scalar() if version > 0 else None
    return None if next_at is None else next_at - dt.timedelta(microseconds=1)


def _count(tx: Tx, notice: Notice) -> Count | None:
    """What became of the recall, else of the newest version; None where neither was."""
    if notice.recalled_at is not None:
        return recall.count(tx, notice)
    if notice.version == 1:
        return None
    query = sa.select(_v.c.created_at, _v.c.full_text).where(
        _v.c.notice_id == notice.id, _v.c.version >= notice.version - 1
    )
    before, newest = tx.execute(query.order_by(_v.c.version)).all()
    kinds = _corrected(is_full=before.full_text != newest.full_text)
    return copies.count(tx, notice.id, kinds, since=newest.created_at)


def _corrected(*, is_full: bool) -> tuple[str, ...]:
    """The messages that a correction edits; `is_full`: of the full text."""
    return (copies.CARD, copies.FULL) if is_full else (copies.CARD,)


@dataclass(frozen=True, slots=True)
class _Named:
    """A chat in which it came to nothing, and a word for why."""

    name: str
    why: str


def _named(tx: Tx, some: tuple[Failure, ...]) -> list[_Named]:
    owners = whose.of(tx, {failure.chat_id for failure in some})
    found = []
    for failure in some:
        owner = owners.get(failure.chat_id)
        name = f"{owner.unit}{owner.who or owner.title}" if owner else chats.get(tx, failure.chat_id).title
        found.append(_Named(name or "私聊", _why(failure.reason)))
    return found


def _why(reason: str) -> str:
    if reason.startswith("sent for all we know"):
        return "doubt"
    return next((word for word in ("gone", "muted", "blocked") if word in reason[:20]), "other")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

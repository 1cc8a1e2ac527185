"""The tables a bureau reads in chat: one message, edited in place, from the city down to one school.

Numbers come from `notices.queries`; here they are only laid out. Every page is worked out anew from what its
buttons say and from the reader's present rights, so a forged page number or county shows nothing it should not.
"""

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices import chase, counting, histories, queries, rules, trouble
from bot.notices.counting import Area, Numbers
from bot.notices.queries import Status
from bot.notices.rules import Mark, Reach, Row
from bot.roster import access, contacts, people, unit_tree, units
from bot.roster.people import Person
from bot.summaries import carry, grids, lines
from bot.summaries.place import ALL, Page, Part
from bot.texts import Words

_BUREAU = re.compile(r"(?:教育和体育局|教育体育局|教体局|教育局)$")
PER_PAGE = 8  # schools; eight fit a phone's screen
DRILL = 4  # rows offered as buttons before [▸ 还有 n]
PER_BUTTON_ROW = 3
COUNTED_DOWN = dt.timedelta(hours=1)  # before due
SAME_MOMENT = dt.timedelta(minutes=1)  # a table pushed at its deadline needs no line about now


_LISTED: dict[Part, Callable[[Mark], bool]] = {
    Part.SILENT: lambda m: m.reach is Reach.SILENT,
    Part.UNBOUND: lambda m: m.reach is Reach.UNBOUND,
    Part.UNDELIVERED: lambda m: m.reach is Reach.UNDELIVERED,
    Part.TROUBLE: lambda m: m.trouble is not None and not m.excused,
    Part.LATE: lambda m: m.answered and m.late,
    Part.EXCUSED: lambda m: m.excused,
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders the pages for one reader.

    Attributes:
        phones: `full`, `masked` or `never`, as the operator set it.
    """

    words: Words
    phones: str

    def show(
        self, tx: Tx, now: dt.datetime, *, person: Person | None, page: Page, unmask: bool = False
    ) -> OutgoingMessage:
        """The page as this person may see it.

        Raises:
            NotAllowed: no right to see tables, or the page lies outside the person's area.
        """
        table = self.table(tx, now, person=person, page=page)
        if person is None:
            raise TypeError("a table without a reader")
        return self.laid_out(tx, now, person, table, page, unmask=unmask)

    def laid_out(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page, *, unmask: bool = False
    ) -> OutgoingMessage:
        """The page of a `table` this person may see.

        Raises:
            NotAllowed: it is that of one school, outside the person's area.
        """
        if page.part is Part.UNIT:
            return self._unit(tx, now, person, table, page, unmask=unmask)
        if page.part is Part.NUMBERS and len(table.rows) > 1:
            return self._city(tx, now, person, table, page, complete=False)
        if page.part is Part.COMPLETE:
            return self._city(tx, now, person, table, page, complete=True)
        return self._list(tx, now, person, table, page, unmask=unmask)

    def table(self, tx: Tx, now: dt.datetime, *, person: Person | None, page: Page) -> Numbers:
        """The numbers of a page, cut to what the person may see.

        Raises:
            NotAllowed: as `show`.
        """
        table = self._table(tx, now, page, self.readable(tx, person))
        if person is None or not table.rows:
            raise errors.NotAllowed(self._not_yours(person))
        return table

    def readable(self, tx: Tx, person: Person | None) -> access.Scope:
        """Where this person may see tables.

        Raises:
            NotAllowed: nowhere.
        """
        seen = person.scope(access.Action.SEE_TABLE) if person else None
        if seen is None or seen.is_empty:
            raise errors.NotAllowed("您不能看汇总。")
        return seen

    def _not_yours(self, person: Person | None) -> str:
        mine = (
            [p for p in person.posts if access.reach(p.role, access.Action.SEE_TABLE) is access.Reach.AREA]
            if person
            else []
        )
        names = "、".join(dict.fromkeys(unit_tree.short_name(p.unit_name) for p in mine))
        if mine and all(p.unit_kind == "county" for p in mine):
            return f"您能看本县({names})的数,看不了别的县。"
        return f"您能看{names}的数,看不了别的。"

    def _table(self, tx: Tx, now: dt.datetime, page: Page, seen: access.Scope) -> Numbers:
        as_of = page.as_of
        if as_of is not None and now < as_of + rules.SETTLES_AFTER:
            as_of = None
        area = Area(seen, "" if page.row == ALL else page.row)
        table = counting.numbers(tx, page.notice_id, now=now, as_of=as_of, area=area)
        only = table.rows[0].name if len(table.rows) == 1 else table.total.name
        return replace(table, total=replace(table.total, name=only))

    # ── the table ────────────────────────────────────────────────────────────────────────────────

    def _city(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page, *, complete: bool
    ) -> OutgoingMessage:
        """Rows that still owe; those that are complete are folded into one line, or shown when asked for."""
        open_rows = [r for r in table.rows if r.missing]
        done_rows = [r for r in table.rows if not r.missing]
        shown = done_rows if complete else open_rows
        then_now, seen = self.then_now(tx, now, table), person.scope(access.Action.SEE_TABLE)
        html = self.words.html(
            "desk.city", head=self.head(table), total=table.total, lines=[lines.number_line(r) for r in shown],
            total_line=lines.number_line(table.total) if not complete else "",
            folded=lines.summed(done_rows) if done_rows and not complete else None, folded_count=len(done_rows),
            then_now=then_now, complete=complete,
            last_time=grids.last_time(tx, table, within=seen) if not complete else None,
        )  # fmt: skip
        rows = self._city_rows(tx, now, person, table, page, open_rows, done_rows, complete=complete)
        return OutgoingMessage(html, (*rows, *self._away(tx, now, person, table, page, then_now)))

    def head(self, table: Numbers) -> dict[str, object]:
        """What stands over every page."""
        return {
            "title": table.notice.title,
            "frozen": table.as_of is not None,
            "at": table.at,
            "is_trial": table.notice.is_trial,
            "recalled": table.notice.recalled_at is not None,
            "left_min": _left_min(table),
            "is_directive": table.notice.kind is rules.Kind.DIRECTIVE,
        }

    def then_now(self, tx: Tx, now: dt.datetime, table: Numbers) -> dict[str, int | dt.datetime] | None:
        """「17:00 未报 157;现在又补报 61,还差 96」, under a frozen table."""
        if table.as_of is None or now - table.as_of < SAME_MOMENT:
            return None
        it = counting.since(tx, table, now)
        return {"then": table.total.missing, "now": now, "since": it.answered, "left": it.left}

    def _city_rows(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page,
        open_rows: list[Row], done_rows: list[Row], *, complete: bool,
    ) -> tuple[tuple[Button, ...], ...]:  # fmt: skip
        offered = done_rows if complete else open_rows
        wide = complete or page.page > 0
        drill = [
            Button(
                f"{unit_tree.short_name(r.name)} {r.missing}" if r.missing else unit_tree.short_name(r.name),
                replace(
                    page, row=counting.row_key(r.county_id, r.unit), part=Part.NUMBERS, page=0
                ).callback(),
            )
            for r in offered[: None if wide else DRILL]
        ]
        rows = list(_in_rows(drill))
        if len(offered) > DRILL and not wide:
            more = self.words.plain("desk.more", count=len(offered) - DRILL)
            rows.append((Button(more, replace(page, page=1).callback()),))
        if done_rows and not complete:
            unfold = self.words.plain("desk.unfold", count=len(done_rows))
            rows.append((Button(unfold, replace(page, part=Part.COMPLETE, page=0).callback()),))
        if complete or page.page:
            rows.append(
                (Button(self.words.plain("desk.back"), replace(page, part=Part.NUMBERS, page=0).callback()),)
            )
        rows.extend(self._parts(table, page))
        rows.extend(self._doing(tx, now, person, table, page))
        return tuple(rows)

    def _parts(self, table: Numbers, page: Page) -> list[tuple[Button, ...]]:
        """[没回复 n] [没登记 n] [没送到 n] [有困难 n]: the doors from numbers to names."""
        counts = (
            (Part.SILENT, table.total.silent), (Part.UNBOUND, table.total.unbound),
            (Part.UNDELIVERED, table.total.undelivered), (Part.TROUBLE, table.total.trouble),
            (Part.LATE, table.total.late), (Part.EXCUSED, table.total.excused),
        )  # fmt: skip
        buttons = [
            Button(
                f"{self.words.plain('desk.part', part=part.value)} {count}",
                replace(page, part=part, page=0).callback(),
            )
            for part, count in counts
            if count and part is not page.part
        ]
        return list(_in_rows(buttons))

    def _doing(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page
    ) -> list[tuple[Button, ...]]:
        """What the reader may do from here."""
        rows: list[tuple[Button, ...]] = []
        is_open = table.notice.state(now) in ("open", "due")
        if (
            is_open
            and table.total.silent
            and not person.scope(access.Action.CHASE).is_empty
            and page.row == ALL
        ):
            label = self.words.plain(
                "desk.chase_all" if len(table.rows) > 1 else "desk.chase", count=table.total.silent
            )
            rows.append((Button(label, Callback("chase", page.notice_id)),))
        rows.append((Button(self.words.plain("handling.open"), Callback("notice", page.notice_id)),))
        return rows

    def _away(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page,
        then_now: dict[str, int | dt.datetime] | None,
    ) -> list[tuple[Button, ...]]:  # fmt: skip
        """What can be taken away, and the same page at the other instant."""
        said = carry.paragraph(tx, now, self.words, table, self.head(table), person=person, then_now=then_now)
        other = Button(self.words.plain("desk.again"), page.callback())
        if table.as_of is not None:
            other = Button(self.words.plain("desk.live"), replace(page, as_of=None).callback())
        return [carry.buttons(self.words, table, page, said), (other,)]

    # ── names ────────────────────────────────────────────────────────────────────────────────────

    def _list(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page, *, unmask: bool
    ) -> OutgoingMessage:
        """One row's numbers with the names behind one of them, eight a page."""
        unsaid = page.part is Part.NUMBERS or (page.part is Part.SILENT and not table.total.silent)
        part = self._first_part(table) if unsaid else page.part
        named = person.scope(access.Action.SEE_NAMES)
        listed = counting.listed(tx, table.notice, _LISTED[part], at=table.at, area=table.area, within=named)
        pages = max(1, -(-len(listed) // PER_PAGE))
        here = replace(page, part=part, page=min(page.page, pages - 1))
        shown = listed[here.page * PER_PAGE : (here.page + 1) * PER_PAGE]
        some = queries.statuses(tx, page.notice_id, at=table.at, assignment_ids=shown) if shown else []
        phones = self._phones(tx, now, person, some, unmask=unmask, notice_id=page.notice_id)
        then_now = self.then_now(tx, now, table)
        html = self.words.html(
            "desk.list", head=self.head(table), name=self._area(table), total=table.total, part=part.value,
            unseen=table.total.unseen,
            page=here.page + 1, pages=pages, schools=self._schools(tx, table, part, some, phones),
            first=here.page * PER_PAGE + 1, then_now=then_now,
        )  # fmt: skip
        rows = self._list_rows(tx, now, person, table, here, some, pages)
        away = self._away(tx, now, person, table, here, then_now)
        up = replace(page, row=ALL, part=Part.NUMBERS, page=0)
        back = [] if page.row == ALL else [(Button(self.words.plain("desk.up"), up.callback()),)]
        return OutgoingMessage(html, (*rows, *away, *back))

    def _area(self, table: Numbers) -> str:
        """大河县, or 全市 where the list is of several rows."""
        if len(table.rows) == 1:
            return unit_tree.short_name(table.rows[0].name)
        return self.words.plain("desk.whole")

    def _first_part(self, table: Numbers) -> Part:
        counts = {
            Part.SILENT: table.total.silent, Part.UNDELIVERED: table.total.undelivered,
            Part.UNBOUND: table.total.unbound, Part.TROUBLE: table.total.trouble,
        }  # fmt: skip
        return next((part for part, count in counts.items() if count), Part.SILENT)

    def _schools(
        self, tx: Tx, table: Numbers, part: Part, some: list[Status], phones: dict[int, "_Line"]
    ) -> list[dict[str, object]]:
        notice_id, at = table.notice.id, table.at
        reminded, phoned = chase.counts(tx, notice_id, until=at), chase.phoned(tx, notice_id, until=at)
        troubles = trouble.of_notice(tx, notice_id, at=at) if part is Part.TROUBLE else {}
        several = len(table.rows) > 1
        return [
            {
                "status": s,
                "name": lines.local_name(s) if several else s.name,
                "line": phones.get(s.unit_id, _Line("", "")),
                "reminded": reminded.get(s.assignment_id, 0),
                "phoned": phoned.get(s.assignment_id),
                "trouble": troubles.get(s.assignment_id),
                "theme": trouble.THEMES.get(troubles[s.assignment_id].theme, "")
                if s.assignment_id in troubles
                else "",
            }
            for s in some
        ]

    def _phones(
        self, tx: Tx, now: dt.datetime, person: Person, some: list[Status], *, unmask: bool, notice_id: int
    ) -> dict[int, "_Line"]:
        """Whom to ring at each school; the full number only as the operator and the reader's rights allow."""
        entitled = person.scope(access.Action.SEE_PHONES)
        full = self.phones == "full" or (self.phones == "masked" and unmask)
        seen = sum(entitled.has(s.place) for s in some)
        if full and unmask and seen:
            about = {"subject": f"notice:{notice_id}", "detail": f"units:{seen}"}
            trail.note(tx, now, actor=person.actor, verb="see_phones", **about)
        found = {}
        for unit_id, first in contacts.first_of(tx, [s.unit_id for s in some]).items():
            place = next(s.place for s in some if s.unit_id == unit_id)
            shown = ""
            if first.phone and self.phones != "never" and entitled.has(place):
                shown = people.dialled(first.phone) if full else people.masked(first.phone)
            name = next(s.name for s in some if s.unit_id == unit_id)
            found[unit_id] = _Line(people.addressed(first.name, first.role, name), shown)
        return found

    def _list_rows(
        self,
        tx: Tx,
        now: dt.datetime,
        person: Person,
        table: Numbers,
        page: Page,
        some: list[Status],
        pages: int,
    ) -> tuple[tuple[Button, ...], ...]:
        rows: list[tuple[Button, ...]] = []
        first = page.page * PER_PAGE + 1
        opened = [
            Button(str(first + i), replace(page, part=Part.UNIT, unit_id=s.unit_id).callback())
            for i, s in enumerate(some)
        ]
        rows.extend(tuple(opened[i : i + 4]) for i in range(0, len(opened), 4))
        if pages > 1:
            rows.append(
                (
                    Button("◂", replace(page, page=(page.page - 1) % pages).callback()),
                    Button(f"{page.page + 1}/{pages}", page.callback()),
                    Button("▸", replace(page, page=(page.page + 1) % pages).callback()),
                )
            )
        if some and self.phones == "masked" and not person.scope(access.Action.SEE_PHONES).is_empty:
            rows.append((Button(self.words.plain("desk.numbers"), page.callback("phones")),))
        rows.extend(self._parts(table, page))
        on_behalf = person.scope(access.Action.ON_BEHALF)
        is_open = table.notice.state(now) in ("open", "due")
        if (
            is_open
            and page.part in (Part.SILENT, Part.UNBOUND, Part.UNDELIVERED)
            and any(on_behalf.has(s.place) for s in some)
        ):
            rows.append((Button(self.words.plain("desk.on_behalf"), page.callback("pick")),))
        rows.extend(self._doing(tx, now, person, table, page))
        return tuple(rows)

    # ── one school ───────────────────────────────────────────────────────────────────────────────

    def _unit(
        self, tx: Tx, now: dt.datetime, person: Person, table: Numbers, page: Page, *, unmask: bool
    ) -> OutgoingMessage:
        """Asked, delivered, reminded, rung, answered: one school's line of life under one notice."""
        some = queries.of_units(tx, page.notice_id, [page.unit_id], at=table.at)
        found = next((s for s in some if table.area.has(s)), None)
        if found is None or not person.scope(access.Action.SEE_NAMES).has(found.place):
            raise errors.NotAllowed(self._not_yours(person))
        phones = self._phones(tx, now, person, [found], unmask=unmask, notice_id=page.notice_id)
        html = self.words.html(
            "desk.unit", head=self.head(table), status=found, published_at=table.notice.published_at,
            delivered_at=histories.delivered_at(tx, found.assignment_id),
            reminded=[at for at in chase.claimed(tx, found.assignment_id) if at <= table.at],
            phoned=chase.phoned(tx, page.notice_id, until=table.at).get(found.assignment_id),
            trouble=trouble.of_notice(tx, page.notice_id, at=table.at).get(found.assignment_id),
            line=phones.get(found.unit_id, _Line("", "")),
            words=self._said(table, found), history=histories.history(tx, found.assignment_id, until=table.at),
            duty_phone=self._duty_phone(tx, person, found), left=_left_items(tx, table, found),
        )  # fmt: skip
        rows: list[tuple[Button, ...]] = []
        if self.phones == "masked" and person.scope(access.Action.SEE_PHONES).has(found.place):
            rows.append((Button(self.words.plain("desk.numbers"), page.callback("phones")),))
        back = replace(page, part=Part.NUMBERS, unit_id=0)
        rows.append((Button(self.words.plain("desk.back"), back.callback()),))
        return OutgoingMessage(html, tuple(rows))

    def _duty_phone(self, tx: Tx, person: Person, status: Status) -> str:
        """值班电话 of the school, or of the nearest above it, for those who may ring."""
        if not person.may(access.Action.SEE_PHONES, status.place):
            return ""
        return people.dialled(units.duty_phone(tx, units.get(tx, status.unit_id)))

    def _said(self, table: Numbers, status: Status) -> str:
        if not status.answer:
            return ""
        labels = {"yes": table.notice.yes_words, "trouble": table.notice.trouble_words}
        return labels.get(status.answer, status.text)


@dataclass(frozen=True, slots=True)
class _Line:
    """Whom to ring, as shown."""

    who: str
    phone: str


def _left_min(table: Numbers) -> int | None:
    """Minutes until due, 0 from then on; None while more than an hour is left, and for a table of then."""
    due_at = table.notice.due_at
    if due_at is None or table.as_of is not None or due_at - table.at > COUNTED_DOWN:
        return None
    return max(0, math.ceil((due_at - table.at) / dt.timedelta(minutes=1)))


def _left_items(tx: Tx, table: Numbers, status: Status) -> list[str]:
    """Of a directive, the items this school has not answered."""
    if table.notice.kind is not rules.Kind.DIRECTIVE or status.excused:
        return []
    items = queries.standing(tx, table.notice.id, at=table.at)
    return [item.key for item in items if item.key not in status.done]


def _in_rows(buttons: list[Button]) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(buttons[i : i + PER_BUTTON_ROW]) for i in range(0, len(buttons), PER_BUTTON_ROW))

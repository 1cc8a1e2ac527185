"""What the tables say: one status per assignment at an instant, and the lines and totals made of them."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot import errors
from bot.db import Tx, schema
from bot.delivery.model import posting
from bot.notices import folding, itemised, model, rules
from bot.notices.folding import Heard
from bot.notices.rules import Kind, Mark, Reach, Row, TroubleState
from bot.roster import access, units
from bot.roster.model import enrolment, post, unit
from bot.roster.people import Person

_Row = folding.Row
_EXCUSE = 2  # the part of `_heard` an excuse stands in


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is now."""

    id: int
    content_id: str
    title: str
    kind: Kind
    version: int
    level: str
    category: str
    yes_words: str
    trouble_words: str
    basis: str
    chase: str
    escalate: str
    is_trial: bool
    is_provisional: bool
    published_at: dt.datetime
    due_at: dt.datetime | None
    closes_at: dt.datetime | None
    recalled_at: dt.datetime | None

    def state(self, now: dt.datetime) -> str:
        """open, due, closed or recalled."""
        if self.recalled_at is not None:
            return "recalled"
        if self.due_at is None or self.closes_at is None or now <= self.due_at:
            return "open"
        return "due" if now < self.closes_at else "closed"


_FIELDS = (
    "id", "content_id", "title", "kind", "version", "level", "category", "yes_words", "trouble_words", "basis",
    "chase", "escalate", "is_trial", "is_provisional", "published_at", "due_at", "closes_at", "recalled_at",
)  # fmt: skip
_notices = sa.select(*(model.notice.c[name] for name in _FIELDS))
_NOTICE = _notices.where(model.notice.c.id == sa.bindparam("notice_id"))
_NOTICES = _notices.where(schema.among(model.notice.c.id, "notice_ids"))


def _notice(row: sa.RowMapping) -> Notice:
    return Notice(**{**row, "kind": Kind(row["kind"])})


def notice(tx: Tx, notice_id: int) -> Notice | None:
    """The notice with this id."""
    row = tx.execute(_NOTICE, {"notice_id": notice_id}).mappings().first()
    return None if row is None else _notice(row)


def by_ids(tx: Tx, notice_ids: Collection[int]) -> dict[int, Notice]:
    """Those of these notices that there are."""
    rows = tx.execute(_NOTICES, {"notice_ids": notice_ids}).mappings()
    return {row["id"]: _notice(row) for row in rows}


def recent(tx: Tx, *, within: access.Scope, limit: int = 8, with_recalled: bool = False) -> list[Notice]:
    """The newest notices that want an answer of somebody within the scope."""
    order = model.notice.c.published_at.desc()
    return some(tx, within=within, order=order, limit=limit, with_recalled=with_recalled)


def some(
    tx: Tx,
    *where: sa.ColumnElement[bool],
    within: access.Scope,
    order: sa.ColumnElement[dt.datetime],
    limit: int | None = None,
    with_recalled: bool = False,
) -> list[Notice]:
    """Notices that want an answer of somebody within the scope, and of which this is true; none that was recalled."""
    n = model.notice
    query = _notices.where(n.c.due_at.is_not(None), asking_within(within), *where)
    if not with_recalled:
        query = query.where(n.c.recalled_at.is_(None))
    rows = tx.execute(query.order_by(order, n.c.id.desc()).limit(limit))
    return [_notice(row) for row in rows.mappings()]


def unclosed(tx: Tx, now: dt.datetime, *, within: access.Scope, limit: int) -> list[Notice]:
    """The newest that somebody within the scope can still answer."""
    n = model.notice.c
    return some(tx, n.closes_at > now, within=within, order=n.published_at.desc(), limit=limit)


def listed(tx: Tx, *where: sa.ColumnElement[bool], limit: int, offset: int) -> list[Notice]:
    """A part of all notices of which this is true, newest first: reminders too, and those that were recalled."""
    n = model.notice.c
    query = _notices.where(*where).order_by(n.published_at.desc(), n.id.desc())
    rows = tx.execute(query.limit(limit).offset(offset))
    return [_notice(row) for row in rows.mappings()]


def asking_within(scope: access.Scope) -> sa.ColumnElement[bool]:
    """Said of a notice: it wants an answer of somebody within the scope; of all is true of a reminder too."""
    if scope.everything:
        return sa.true()
    return sa.exists().where(model.assignment.c.notice_id == model.notice.c.id, lying_within(scope))


def lying_within(scope: access.Scope) -> sa.ColumnElement[bool]:
    """`Scope.has`, said of an assignment."""
    a = model.assignment.c
    return (
        sa.true() if scope.everything else sa.or_(a.county_id.in_(scope.counties), a.unit_id.in_(scope.units))
    )


_BESIDE_SCHOOLS = (
    sa.select(model.assignment.c.id)
    .join(unit, unit.c.id == model.assignment.c.unit_id)
    .where(
        model.assignment.c.notice_id == sa.bindparam("notice_id"), unit.c.kind.not_in(("school", "college"))
    )
    .limit(1)
)


def asks_schools(tx: Tx, notice_id: int) -> bool:
    """Whether those it asks are 校, every one of them; a county's bureau is none."""
    return tx.execute(_BESIDE_SCHOOLS, {"notice_id": notice_id}).first() is None


def text(tx: Tx, notice_id: int, version: int) -> str:
    """The text of a version, with the school's placeholders still in it."""
    v = model.notice_version
    return str(
        tx.execute(sa.select(v.c.text).where(v.c.notice_id == notice_id, v.c.version == version)).scalar_one()
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a directive, as it is or was in force.

    Attributes:
        since: the version since which it is worded so; an answer to an older one does not count for it.
        due_at: None: with the notice.
    """

    key: str
    since: int
    text: str
    party: str
    due_at: dt.datetime | None
    asks: str = ""  # schools: a number of the unit's schools


def in_force(tx: Tx, notice_id: int, *, at: dt.datetime | None = None) -> int:
    """The version in force at an instant; None: the newest."""
    v = model.notice_version.c
    newest = sa.select(sa.func.max(v.version)).where(v.notice_id == notice_id)
    if at is not None:
        newest = newest.where(v.created_at <= at)
    return tx.execute(newest).scalar() or 1


def standing(tx: Tx, notice_id: int, *, at: dt.datetime | None = None) -> list[Item]:
    """A directive's items as they were in force at an instant (None: as they are), in its order; one '' for the rest."""
    i, version = model.notice_item.c, in_force(tx, notice_id, at=at)
    query = sa.select(i.item, i.since_version, i.text, i.party, i.due_at, i.asks).where(
        i.notice_id == notice_id, i.since_version <= version,
        sa.or_(i.until_version.is_(None), i.until_version > version),
    )  # fmt: skip
    return [Item(*row) for row in tx.execute(query.order_by(i.position, i.item))]


def item(tx: Tx, notice_id: int, key: str) -> Item | None:
    """The item in force of this name."""
    return next((it for it in standing(tx, notice_id) if it.key == key), None)


@dataclass(frozen=True, slots=True)
class Status:
    """Where one assignment stands at an instant."""

    assignment_id: int
    unit_id: int
    code: str
    name: str
    position: int
    county_id: int | None
    row_code: str
    row_name: str
    row_position: int
    excused: str  # the reason, or ''
    answered_at: dt.datetime | None  # the first answer; of a directive, the first of the item answered last
    answer: str  # the value of the newest answer, or ''
    text: str  # its line, where it is a report's
    said_by: str
    said_at: dt.datetime | None  # the newest answer
    on_behalf: bool  # the newest answer is an officer's
    late: bool
    trouble: TroubleState | None
    reach: Reach | None  # None once answered or excused
    acknowledged_at: dt.datetime | None = None  # 已知悉: of a directive, the first word of the unit itself
    done: tuple[str, ...] = ()  # of a directive, the items answered, in its order

    @property
    def mark(self) -> Mark:
        """What of it makes a number."""
        return Mark(
            bool(self.excused), self.answered_at is not None, self.late, self.trouble, self.reach,
            self.acknowledged_at is not None,
        )  # fmt: skip

    @property
    def answered(self) -> bool:
        """已报."""
        return self.mark.answered

    @property
    def owes(self) -> bool:
        """未报."""
        return self.reach is not None

    @property
    def place(self) -> access.Place:
        """Where the unit lay when it was asked."""
        return access.Place(self.unit_id, self.county_id)


_ASKED = sa.select(
    *(model.assignment.c[name] for name in (
        "id", "unit_id", "unit_code", "unit_name", "position", "county_id", "row_code", "row_name", "row_position",
    )),
    model.notice.c.kind,
).join(model.notice, model.notice.c.id == model.assignment.c.notice_id)  # fmt: skip
MANY = 500  # bound one by one; of more everything is read


def statuses(
    tx: Tx, notice_id: int, *, at: dt.datetime | None = None, assignment_ids: list[int] | None = None
) -> list[Status]:
    """Every assignment of the notice, in roster order, as it stood at `at` or, without it, as it stands.

    Without `at` all that is committed counts. A verb that decides reads so, under its lock: what it waited for
    may carry a later instant than the verb itself.

    Args:
        assignment_ids: only these; None for all.
    """
    a = model.assignment
    some = a.c.notice_id == notice_id
    if assignment_ids is not None:
        some = sa.and_(some, a.c.id.in_(assignment_ids))
    rows = tx.execute(_ASKED.where(some).order_by(a.c.position, a.c.unit_id)).all()
    ids = sa.select(a.c.id).where(some)
    meant = assignment_ids if assignment_ids is not None and len(assignment_ids) < MANY else ids
    if rows and rows[0].kind == Kind.DIRECTIVE:
        heard = _heard_of_directive(tx, notice_id, ids, at)
    else:
        heard = _folded(tx.execute(_heard(lambda assignment_id: assignment_id.in_(meant), at)))
    owing = [r for r in rows if heard.get(r.id, _NOTHING).owes]
    enrolled = _enrolled(tx, [r.unit_id for r in owing], at) if owing else frozenset()
    delivered = _delivered(tx, notice_id, [r.id for r in owing], at) if owing else frozenset()
    found = []
    for r in rows:
        said = heard.get(r.id, _NOTHING)
        found.append(
            Status(
                r.id, r.unit_id, r.unit_code, r.unit_name, r.position, r.county_id,
                r.row_code, r.row_name, r.row_position, said.excused,
                said.answered_at, said.answer, said.text, said.said_by, said.said_at, said.on_behalf,
                said.late, said.trouble,
                rules.reach(enrolled=r.unit_id in enrolled, delivered=r.id in delivered) if said.owes else None,
                said.acknowledged_at, said.done,
            )
        )  # fmt: skip
    return found


def _heard_of_directive(
    tx: Tx, notice_id: int, ids: sa.Select[int], at: dt.datetime | None
) -> dict[int, Heard]:
    """As `_folded`, where each unit has said many things."""
    an = model.answer.c
    wordings = tuple((item.key, item.since) for item in standing(tx, notice_id, at=at))
    items = [key for key, _ in wordings]
    said = itemised.of(tx, wordings, ids, held(an.at, an.withdrawn_at, at))
    besides = _folded(tx.execute(_besides(lambda assignment_id: assignment_id.in_(ids), at)))
    found = {}
    for assignment_id in said.keys() | besides.keys():
        it, other = said.get(assignment_id, itemised.Said()), besides.get(assignment_id, _NOTHING)
        done = tuple(key for key in items if key in it.done)
        found[assignment_id] = Heard(
            other.excused, it.last_first_at if len(done) == len(items) else None, it.late, it.answer, "", it.said_by,
            it.said_at, it.on_behalf, other.trouble, it.acknowledged_at, done,
        )  # fmt: skip
    return found


_NOTHING = Heard()


def heard(tx: Tx, assignment_id: int, of: Item | None = None) -> Heard:
    """All that is committed about one assignment, or of a directive about one item: what a verb decides on, under its lock.

    An excuse is of the whole assignment.
    """
    rows: Iterable[_Row] = tx.execute(_HEARD, {"assignment_id": assignment_id})
    if of is not None:
        rows = [row for row in rows if row.part == _EXCUSE or _is_about(row, of)]
    return _folded(rows).get(assignment_id, _NOTHING)


def heard_of(tx: Tx, assignment_ids: Collection[int]) -> dict[int, Heard]:
    """`heard` of many; one of which nothing was is not in it."""
    return _folded(tx.execute(_HEARD_OF, {"assignment_ids": assignment_ids}))


def _is_about(row: _Row, of: Item) -> bool:
    """Whether it was said to this item as it is worded; a trouble with it is one, whatever its words were then."""
    return row.item == of.key and (row.version is None or row.version >= of.since)


Instant = dt.datetime | sa.BindParameter[dt.datetime]


def held(
    since: sa.Column[dt.datetime], until: sa.Column[dt.datetime], at: Instant | None
) -> sa.ColumnElement[bool]:
    """What was so at `at`; without it, what is so."""
    return until.is_(None) if at is None else sa.and_(since <= at, sa.or_(until.is_(None), until > at))


def _heard(
    some: Callable[[sa.Column[int]], sa.ColumnElement[bool]], at: dt.datetime | None
) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """A row an answer, an excuse, a step of a trouble, each kind in the order in which it came to be."""
    an = model.answer.c
    answers = sa.select(
        sa.literal_column("1").label("part"), an.assignment_id, an.id.label("thing"), an.id.label("id"), an.value, an.text,
        an.said_by, an.at, an.on_behalf, an.late, an.item, an.version,
    ).where(some(an.assignment_id), held(an.at, an.withdrawn_at, at))  # fmt: skip
    return sa.union_all(answers, *_excuses_and_steps(some, at)).order_by("part", "thing", "id")


def _besides(
    some: Callable[[sa.Column[int]], sa.ColumnElement[bool]], at: dt.datetime | None
) -> sa.CompoundSelect[*tuple[Any, ...]]:
    """The same without the answers."""
    return sa.union_all(*_excuses_and_steps(some, at)).order_by("part", "thing", "id")


def _excuses_and_steps(
    some: Callable[[sa.Column[int]], sa.ColumnElement[bool]], at: dt.datetime | None
) -> tuple[sa.Select[*tuple[Any, ...]], sa.Select[*tuple[Any, ...]]]:
    e, t, s = model.excuse.c, model.trouble.c, model.trouble_step.c
    no = sa.null()
    excuses = sa.select(
        sa.literal_column("2").label("part"), e.assignment_id, e.id.label("thing"), e.id.label("id"),
        e.reason.label("value"), no, no, e.since, no, no, no.label("item"), no.label("version"),
    ).where(some(e.assignment_id), held(e.since, e.until, at))  # fmt: skip
    steps = (
        sa.select(
            sa.literal_column("3"), t.assignment_id, t.id, s.id, s.state, no, no, s.at, no, no, t.item, no
        )
        .join_from(model.trouble, model.trouble_step, s.trouble_id == t.id)
        .where(some(t.assignment_id))
    )
    return excuses, (steps if at is None else steps.where(s.at <= at))


_HEARD = _heard(lambda assignment_id: assignment_id == sa.bindparam("assignment_id"), None)
_HEARD_OF = _heard(lambda assignment_id: schema.among(assignment_id, "assignment_ids"), None)


def _folded(rows: Iterable[_Row]) -> dict[int, Heard]:
    """Assignment → what was heard of it; one of which nothing was heard is not in it."""
    parts: dict[int, tuple[list[_Row], list[_Row], list[_Row]]] = defaultdict(lambda: ([], [], []))
    for row in rows:
        parts[row.assignment_id][row.part - 1].append(row)
    return {assignment_id: folding.fold(*some) for assignment_id, some in parts.items()}


def enrolled(at: Instant | None) -> sa.Select[int]:
    """Units with a contact who was enrolled and might answer at that instant."""
    then = [held(table.c.since, table.c.until, at) for table in (post, enrolment)]
    return (
        sa.select(post.c.unit_id)
        .join(enrolment, enrolment.c.contact_id == post.c.contact_id)
        .where(post.c.role.in_([r.value for r in access.ANSWERING]), *then)
    )


def delivered(subject: str | sa.BindParameter[str], at: Instant | None) -> sa.Select[int]:
    """Assignments with a card sent (or perhaps sent) through a chat they were asked through at that instant.

    Args:
        subject: the notice, as a card names it.
    """
    q = model.asked
    query = (
        sa.select(q.c.assignment_id)
        .join(posting, posting.c.chat_id == q.c.chat_id)
        .where(held(q.c.since, q.c.until, at), posting.c.kind == "card", posting.c.subject == subject)
    )
    return query if at is None else query.where(posting.c.sent_at <= at)


def _enrolled(tx: Tx, unit_ids: list[int], at: dt.datetime | None) -> frozenset[int]:
    query = enrolled(at).distinct()
    if len(unit_ids) < MANY:
        query = query.where(post.c.unit_id.in_(unit_ids))
    return frozenset(tx.execute(query).scalars())


def _delivered(tx: Tx, notice_id: int, assignment_ids: list[int], at: dt.datetime | None) -> frozenset[int]:
    q, query = model.asked, delivered(str(notice_id), at).distinct()
    some = q.c.assignment_id.in_(assignment_ids) if len(assignment_ids) < MANY else q.c.notice_id == notice_id
    return frozenset(tx.execute(query.where(some)).scalars())


def of_units(
    tx: Tx, notice_id: int, unit_ids: Collection[int], *, at: dt.datetime | None = None
) -> list[Status]:
    """Where those of the units stand, or stood at `at`, that are asked, in roster order."""
    a = model.assignment
    ids = sa.select(a.c.id).where(a.c.notice_id == notice_id, a.c.unit_id.in_(unit_ids))
    found = list(tx.execute(ids).scalars())
    return statuses(tx, notice_id, at=at, assignment_ids=found) if found else []


@dataclass(frozen=True, slots=True)
class Table:
    """A notice's table at an instant.

    Attributes:
        as_of: the instant it speaks of; None for 实时, which is `at`.
        rows: one line per county, then city-run, colleges, bureau; in administrative order.
        total: the sum of the rows.
        statuses: the names behind every number.
    """

    notice: Notice
    as_of: dt.datetime | None
    at: dt.datetime
    total: Row
    rows: tuple[Row, ...]
    statuses: tuple[Status, ...]


def table(
    tx: Tx,
    notice_id: int,
    *,
    now: dt.datetime,
    as_of: dt.datetime | None = None,
    within: Callable[[access.Place], bool] | None = None,
    total_code: str = "",
    total_name: str = "合计",
) -> Table:
    """The table of a notice, live or as it stood at `as_of`.

    Args:
        within: only units at these places; None for all.
        total_code: the `unit` of the total; the city's code when empty.

    Raises:
        Refused: no such notice, or `as_of` lies less than 10 s in the past.
    """
    found = notice(tx, notice_id)
    if found is None:
        raise errors.Refused(f"没有编号为 {notice_id} 的通知")
    check_as_of(as_of, now)
    counted = statuses(tx, notice_id, at=as_of or now)
    if within is not None:
        counted = [s for s in counted if within(s.place)]
    city = units.city(tx)
    rows = tuple(lines(counted))
    total = summed(total_code or (city.code if city else ""), total_name, counted)
    return Table(found, as_of, as_of or now, total, rows, tuple(counted))


def check_as_of(as_of: dt.datetime | None, now: dt.datetime) -> None:
    """An instant's table exists once nothing can be written before it any more.

    Raises:
        Refused: before that.
    """
    if as_of is not None and now < as_of + rules.SETTLES_AFTER:
        wait_s = int(rules.SETTLES_AFTER.total_seconds())
        raise errors.Refused(f"那一刻的表要等它过去 {wait_s} 秒之后才能出")


def lines(counted: Iterable[Status]) -> list[Row]:
    """The statuses folded into one line per row, in order."""
    groups: dict[tuple[int, str, str], list[Status]] = defaultdict(list)
    for s in counted:
        groups[s.row_position, s.row_code, s.row_name].append(s)
    return [
        rules.row(code, name, Counter(s.mark for s in some), county_id=some[0].county_id)
        for (_, code, name), some in sorted(groups.items(), key=lambda group: group[0])
    ]


def summed(unit: str, name: str, counted: Iterable[Status]) -> Row:
    """One line for these statuses."""
    return rules.row(unit, name, Counter(s.mark for s in counted))


def places(tx: Tx, notice_id: int, unit_ids: list[int]) -> list[access.Place]:
    """Where those of the units lay that owe an answer to the notice."""
    a = model.assignment
    query = sa.select(a.c.unit_id, a.c.county_id).where(a.c.notice_id == notice_id, a.c.unit_id.in_(unit_ids))
    return [access.Place(*row) for row in tx.execute(query)]


def unit_names(tx: Tx, notice_id: int, unit_ids: list[int]) -> list[str]:
    """The names, as frozen, of those of the units that owe an answer to the notice."""
    a = model.assignment
    query = sa.select(a.c.unit_name).where(a.c.notice_id == notice_id, a.c.unit_id.in_(unit_ids))
    return list(tx.execute(query.order_by(a.c.position)).scalars())


def owed_by(tx: Tx, now: dt.datetime, person: Person) -> list[tuple[Notice, Status]]:
    """What this person's units still owe in notices that can be answered, the earliest due first.

    A trial is none of a school's business unless it asks the school, through a pilot group.
    """
    mine = [p.unit_id for p in person.posts if access.reach(p.role, access.Action.ANSWER) is access.Reach.OWN]
    a, n, q = model.assignment, model.notice, model.asked
    is_asked = sa.exists().where(q.c.assignment_id == a.c.id, q.c.until.is_(None))
    query = (
        sa.select(a.c.id, a.c.notice_id)
        .join(n, n.c.id == a.c.notice_id)
        .where(a.c.unit_id.in_(mine), n.c.recalled_at.is_(None), n.c.closes_at > now)
        .where(sa.or_(n.c.is_trial.is_(False), is_asked))
        .order_by(a.c.due_at, a.c.notice_id)
    )
    groups: dict[int, list[int]] = defaultdict(list)
    for r in tx.execute(query):
        groups[r.notice_id].append(r.id)
    owed: list[tuple[Notice, Status]] = []
    for notice_id, ids in groups.items():
        found = notice(tx, notice_id)
        if found is not None:
            owed += [(found, s) for s in statuses(tx, notice_id, assignment_ids=ids) if s.owes]
    return owed

"""A table's numbers without its names: gathered by the database, of 4,000 assignments a line a row and mark.

What an assignment's facts come to is said by `rules`, here as for `queries.statuses`; the database only says which are so:
whether it is excused, whether its first answer was late, whether it is enrolled and reached.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bot import errors
from bot.db import Tx, schema
from bot.notices import folding, itemised, model, queries, rules
from bot.notices.itemised import Wordings
from bot.notices.queries import Notice, Status
from bot.notices.rules import Kind, Mark, Row, TroubleState
from bot.roster import access, units
from bot.roster.model import post

AREAS = 64  # statements kept: building one takes as long as asking it for a county
EVERYWHERE = access.Scope(everything=True, counties=frozenset(), units=frozenset())
_a, _an, _e, _t, _s = (
    model.assignment.c,
    model.answer.c,
    model.excuse.c,
    model.trouble.c,
    model.trouble_step.c,
)


@dataclass(frozen=True, slots=True)
class Area:
    """Which assignments are meant: those within a scope, and of them those of one row.

    Attributes:
        row: `row_key` of the row; '' for all.
    """

    within: access.Scope = EVERYWHERE
    row: str = ""

    def has(self, status: Status) -> bool:
        """Whether it is meant."""
        return self.within.has(status.place) and self.row in ("", row_key(status.county_id, status.row_code))

    def where(self) -> sa.ColumnElement[bool]:
        """The same, said of an assignment."""
        within = queries.lying_within(self.within)
        if not self.row:
            return within
        if self.row.isdigit():
            return sa.and_(within, _a.county_id == int(self.row))
        return sa.and_(within, _a.county_id.is_(None), _a.row_code == self.row)


def row_key(county_id: int | None, code: str) -> str:
    """A row in one short word, none of which an operator typed: its county's unit id, else its code."""
    return code if county_id is None else str(county_id)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A notice's table at an instant: `queries.Table` without the names.

    Attributes:
        as_of: the instant it speaks of; None for 实时, which is `at`.
        area: whom it counts.
    """

    notice: Notice
    as_of: dt.datetime | None
    at: dt.datetime
    total: Row
    rows: tuple[Row, ...]
    area: Area


def numbers(
    tx: Tx, notice_id: int, *, now: dt.datetime, as_of: dt.datetime | None = None, area: Area = Area(),
    total_name: str = "合计",
) -> Numbers:  # fmt: skip
    """The numbers of `queries.table`, live or as they stood at `as_of`.

    Raises:
        Refused: as `queries.table`.
    """
    notice = queries.notice(tx, notice_id)
    if notice is None:
        raise errors.Refused(f"没有编号为 {notice_id} 的通知")
    queries.check_as_of(as_of, now)
    city = units.city(tx)
    by_row = _by_row(_marks(tx, notice, at=as_of or now, area=area))
    total: Counter[Mark] = sum((it.marks for it in by_row), Counter())
    rows = tuple(rules.row(it.code, it.name, it.marks, county_id=it.county_id) for it in by_row)
    whole = rules.row(city.code if city else "", total_name, total)
    return Numbers(notice, as_of, as_of or now, whole, rows, area)


def answered(tx: Tx, notice: Notice, *, at: dt.datetime, within: access.Scope) -> list[tuple[int, Row]]:
    """Each row and its place, with 应报, 已报 and 免报 alone: cheap enough to be asked for many notices."""
    marks = _marks(tx, notice, at=at, area=Area(within), only_said=True)
    return [
        (it.position, rules.row(it.code, it.name, it.marks, county_id=it.county_id)) for it in _by_row(marks)
    ]


def listed(
    tx: Tx, notice: Notice, which: Callable[[Mark], bool], *, at: dt.datetime, area: Area,
    within: access.Scope = EVERYWHERE,
) -> list[int]:  # fmt: skip
    """The assignments with such a mark, in roster order: the names behind a number, so many as it says.

    Args:
        within: where names may be told; the numbers may reach farther.
    """
    rows = tx.execute(_listed(area, _items(tx, notice, at)), _values(notice, at)).all()
    troubles = _troubles(tx, notice, at, {r.told for r in rows})
    verdicts = {facts: which(_mark(r, troubles.get(r.told))) for facts, r in {r[3:]: r for r in rows}.items()}
    found = [r for r in rows if verdicts[r[3:]]]
    return [r.id for r in found if within.has(access.Place(r.unit_id, r.county_id))]


def spoken_of(tx: Tx, notice: Notice, *, at: dt.datetime) -> set[int]:
    """The assignments of which more was said than one tap: a line of text, or an officer's word."""
    return set(tx.execute(_SPOKEN_OF, {"notice_id": notice.id, "at": at}).scalars())


@dataclass(frozen=True, slots=True)
class Since:
    """What has become of those who owed at an instant.

    Attributes:
        answered: so many of them have answered since.
        left: so many owe now.
    """

    answered: int
    left: int


def since(tx: Tx, of: Numbers, now: dt.datetime) -> Since:
    """From the instant of these numbers until now."""
    some = _since(of.area, *(_items(tx, of.notice, at) for at in (of.at, now)))
    values = _values(of.notice, of.at) | {"later": now}
    marks = [
        (Mark(r.was_excused, r.had_said), Mark(r.excused, r.said), r.many) for r in tx.execute(some, values)
    ]
    return Since(
        sum(many for was, is_, many in marks if was.owes and is_.answered),
        sum(many for _, is_, many in marks if is_.owes),
    )


# ── gathered ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Marks:
    """So many assignments of a row with one mark."""

    position: int
    code: str
    name: str
    county_id: int | None
    mark: Mark
    many: int


@dataclass(frozen=True, slots=True)
class _ByRow:
    position: int
    code: str
    name: str
    county_id: int | None
    marks: Counter[Mark]


def _by_row(some: Iterable[_Marks]) -> list[_ByRow]:
    """In administrative order."""
    groups: dict[tuple[int, str, str], list[_Marks]] = defaultdict(list)
    for it in some:
        groups[it.position, it.code, it.name].append(it)
    found = []
    for key, of_row in sorted(groups.items(), key=lambda group: group[0]):
        marks: Counter[Mark] = Counter()
        for it in of_row:
            marks[it.mark] += it.many
        found.append(_ByRow(*key, of_row[0].county_id, marks))
    return found


def _marks(tx: Tx, notice: Notice, *, at: dt.datetime, area: Area, only_said: bool = False) -> list[_Marks]:
    some = _counted(area, _items(tx, notice, at), only_said=only_said)
    rows = tx.execute(some, _values(notice, at)).all()
    troubles = _troubles(tx, notice, at, {r.told for r in rows})
    return [
        _Marks(r.row_position, r.row_code, r.row_name, r.county_id, _mark(r, troubles.get(r.told)), r.many)
        for r in rows
    ]


def _mark(r: sa.Row[*tuple[object, ...]], trouble: TroubleState | None) -> Mark:
    said = r.late is not None
    reach = None
    if rules.owes(said=said, excused=r.excused):
        reach = rules.reach(enrolled=r.enrolled, delivered=r.delivered)
    return Mark(r.excused, said, bool(r.late), trouble, reach, bool(r.acknowledged))


_NOTICE = sa.bindparam("notice_id", type_=schema.Id)
_AT, _LATER = (sa.bindparam(name, type_=schema.Instant) for name in ("at", "later"))


def _values(notice: Notice, at: dt.datetime) -> dict[str, object]:
    return {"notice_id": notice.id, "subject": str(notice.id), "at": at}


def _items(tx: Tx, notice: Notice, at: dt.datetime) -> Wordings | None:
    """Of a directive what had to be answered at an instant; None for anything else."""
    if notice.kind is not Kind.DIRECTIVE:
        return None
    return tuple((item.key, item.since) for item in queries.standing(tx, notice.id, at=at))


def _said(area: Area, at: sa.BindParameter[dt.datetime], name: str, items: Wordings | None) -> sa.CTE:
    """A row an assignment: excused or not, and `late` of its first answer, NULL where nothing is answered.

    Worked out once and kept, whatever asks for it: PostgreSQL would look for the answer anew each time.
    """
    held = queries.held(_an.at, _an.withdrawn_at, at)
    heard = sa.select(_an.late).where(_an.assignment_id == _a.id, held)
    excused = sa.exists().where(_e.assignment_id == _a.id, queries.held(_e.since, _e.until, at))
    source: sa.FromClause = model.assignment
    late: sa.ColumnElement[Any] = heard.order_by(_an.id).limit(1).scalar_subquery()
    read: sa.ColumnElement[bool] = sa.false()
    if items is not None:
        unit = _of_items(area, items, held)
        source = source.outerjoin(unit, unit.c.assignment_id == _a.id)
        late = sa.case((unit.c.done == len(items), unit.c.late))
        read = heard.where(_an.on_behalf.is_(False)).limit(1).scalar_subquery().is_not(None)
    return (
        sa.select(
            _a.id, _a.unit_id, _a.position, _a.county_id, _a.row_position, _a.row_code, _a.row_name,
            excused.label("excused"), late.label("late"), read.label("acknowledged"),
        )
        .select_from(source)
        .where(_a.notice_id == _NOTICE, area.where())
        .cte(name)
        .prefix_with("MATERIALIZED")
    )  # fmt: skip


def _of_items(area: Area, items: Wordings, held: sa.ColumnElement[bool]) -> sa.Subquery:
    """Of a directive: how many of its items a unit has answered, and whether one of them late."""
    ids = sa.select(_a.id).where(_a.notice_id == _NOTICE, area.where())
    each, first = itemised.answers(items, ids, held), model.answer.alias("first")
    late = sa.func.max(sa.case((first.c.late, 1), else_=0))
    return (
        sa.select(each.c.assignment_id, sa.func.count().label("done"), late.label("late"))
        .join(first, first.c.id == each.c.first_id)
        .group_by(each.c.assignment_id)
        .subquery()
    )


def _facts(area: Area, items: Wordings | None) -> sa.CTE:
    """The same, and of those that owe why."""
    it = _said(area, _AT, "said", items)
    owes = sa.and_(sa.not_(it.c.excused), it.c.late.is_(None))
    subject = sa.bindparam("subject", type_=sa.String)
    enrolled = queries.enrolled(_AT).where(post.c.unit_id == it.c.unit_id)
    q = model.asked.c
    delivered = queries.delivered(subject, _AT).where(q.assignment_id == it.c.id, q.notice_id == _NOTICE)
    told = sa.exists().where(_t.assignment_id == it.c.id)
    return (
        sa.select(
            it, sa.case((told, it.c.id)).label("told"),
            sa.case((owes, enrolled.exists())).label("enrolled"), sa.case((owes, delivered.exists())).label("delivered"),
        )
        .cte("facts")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip


@lru_cache(AREAS)
def _listed(area: Area, items: Wordings | None) -> sa.Select[*tuple[object, ...]]:
    """Each of them, and from the fourth on the facts that make its mark; in roster order."""
    it = _facts(area, items)
    some = [
        it.c[name]
        for name in (
            "id",
            "unit_id",
            "county_id",
            "excused",
            "late",
            "told",
            "enrolled",
            "delivered",
            "acknowledged",
        )
    ]
    return sa.select(*some).order_by(it.c.position, it.c.unit_id)


@lru_cache(AREAS)
def _counted(area: Area, items: Wordings | None, *, only_said: bool) -> sa.Select[*tuple[object, ...]]:
    """How many of each row are so; what has had a trouble stands alone, under its id in `told`."""
    if only_said:
        it = _said(area, _AT, "said", items)
        some = [it.c.row_position, it.c.row_code, it.c.row_name, it.c.county_id, it.c.excused, it.c.late]
        no = sa.null()
        rest = [no.label(name) for name in ("told", "enrolled", "delivered", "acknowledged")]
        return sa.select(*some, *rest, sa.func.count().label("many")).group_by(*some)
    it = _facts(area, items)
    some = [column for column in it.c if column.name not in ("id", "unit_id", "position")]
    return sa.select(*some, sa.func.count().label("many")).group_by(*some)


@lru_cache(AREAS)
def _since(area: Area, before: Wordings | None, after: Wordings | None) -> sa.Select[*tuple[object, ...]]:
    was, is_ = _said(area, _AT, "was", before), _said(area, _LATER, "became", after)
    some = [
        was.c.excused.label("was_excused"), was.c.late.is_not(None).label("had_said"), is_.c.excused.label("excused"),
        is_.c.late.is_not(None).label("said"),
    ]  # fmt: skip
    return (
        sa.select(*some, sa.func.count().label("many"))
        .join_from(was, is_, is_.c.id == was.c.id)
        .group_by(was.c.excused, was.c.late.is_not(None), is_.c.excused, is_.c.late.is_not(None))
    )


def _spoken_of() -> sa.Select[int]:
    """As in `_said` one looked for after the other: a year's answers are not read for those of one notice."""
    one = (
        sa.select(_an.assignment_id)
        .where(_an.assignment_id == _a.id, queries.held(_an.at, _an.withdrawn_at, _AT))
        .where(sa.or_(_an.on_behalf, _an.text != ""))
        .limit(1)
        .scalar_subquery()
    )
    some = sa.select(one.label("id")).where(_a.notice_id == _NOTICE).cte("some").prefix_with("MATERIALIZED")
    return sa.select(some.c.id).where(some.c.id.is_not(None))


_SPOKEN_OF = _spoken_of()
_STEPS = (
    sa.select(_t.assignment_id, _t.id.label("thing"), _s.state.label("value"))
    .join_from(model.trouble, model.trouble_step, _s.trouble_id == _t.id)
    .where(_s.at <= _AT)
    .order_by(_t.id, _s.id)
)


def _troubles(
    tx: Tx, notice: Notice, at: dt.datetime, told: Collection[int | None]
) -> dict[int | None, TroubleState]:
    """Assignment → the state of its trouble, of those that have told one; where none counts it is not in it."""
    ids = [it for it in told if it is not None]
    if not ids:
        return {}
    of_notice = _t.assignment_id.in_(sa.select(_a.id).where(_a.notice_id == _NOTICE))
    some = _STEPS.where(_t.assignment_id.in_(ids) if len(ids) < queries.MANY else of_notice)
    steps = defaultdict(list)
    for row in tx.execute(some, {"notice_id": notice.id, "at": at}):
        steps[row.assignment_id].append(row)
    states = {assignment_id: folding.trouble_of(rows) for assignment_id, rows in steps.items()}
    return {assignment_id: state for assignment_id, state in states.items() if state is not None}

"""Bringing a pair of checked files into the tables: all of it or nothing, and nothing is ever deleted."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.roster import contacts_file, difference, model, standing, units_file

CLOSED_AT_ONCE = 5  # units; more, or more than a tenth, is a file with a county missing rather than a reform
CLOSED_SHARE = 0.1
ENDED_AT_ONCE = 20  # posts; more, and more than half of all, is an empty contacts file
ENDED_SHARE = 0.5

_u, _c, _p, _i = model.unit, model.contact, model.post, model.imported_post


def bring_in(
    tx: Tx,
    now: dt.datetime,
    *,
    units: Sequence[units_file.UnitRow],
    contacts: Sequence[contacts_file.ContactRow],
    by: str,
    force: bool = False,
) -> difference.Difference:
    """The roster says what the files say, but for what chat has changed since; what that took.

    Raises:
        errors.Refused: a unit would lose its parent, or, without `force`, so much would close or end that
            the file is rather incomplete.
    """
    _keep_others_out(tx)
    found = difference.between(standing.read(tx), units, contacts)
    refuse_orphans(found, units)
    if not force:
        refuse_if_drastic(found)
    apply(tx, now, found, by=by)
    return found


def refuse_orphans(found: difference.Difference, units: Iterable[units_file.UnitRow]) -> None:
    """No unit of the file hangs on one that would close.

    Raises:
        errors.Refused: with the two codes.
    """
    closed = {unit.row.code for unit in found.units_closed}
    orphan = next((row for row in units if row.parent in closed), None)
    if orphan:
        raise errors.Refused(
            f"{orphan.code} {orphan.name} 的上级单位 {orphan.parent} 不在新表里,会停用。"
            "请补上这一行,或改上级单位。"
        )


def refuse_if_drastic(found: difference.Difference) -> None:
    """Only a file that closes few units and ends few posts passes.

    Raises:
        errors.Refused: with the numbers.
    """
    closed, ended = len(found.units_closed), len(found.posts_ended)
    if closed > CLOSED_AT_ONCE or (closed > 1 and closed > CLOSED_SHARE * found.open_before):
        named = "、".join(unit.row.name for unit in found.units_closed[:5]) + ("等" if closed > 5 else "")
        raise errors.Refused(
            f"现有 {found.open_before} 个单位,新表里少了 {closed} 个({named}),导入后会停用。"
            "请核对表是否完整;确实要停用,请加 --force。"
        )
    if ended > ENDED_AT_ONCE and ended > ENDED_SHARE * found.posts_before:
        raise errors.Refused(
            f"现有 {found.posts_before} 个职务,按新表会结束 {ended} 个。"
            "请核对联系人表是否完整;确实要结束,请加 --force。"
        )


def _keep_others_out(tx: Tx) -> None:
    """What is read now is what is changed: no post is given in chat in between. SQLite has one writer."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE unit, contact, post, imported_post IN SHARE ROW EXCLUSIVE MODE"))


def apply(tx: Tx, now: dt.datetime, found: difference.Difference, *, by: str) -> None:
    """The difference is in the tables; an audit line tells its size."""
    ids = _apply_units(tx, now, found)
    people = _apply_people(tx, now, found)
    _apply_posts(tx, now, found, ids=ids, people=people)
    trail.note(tx, now, actor=by, verb="roster_import", subject="roster", detail=_size(found))


def _apply_units(tx: Tx, now: dt.datetime, found: difference.Difference) -> Mapping[str, int]:
    """The id of every unit by its code."""
    if found.units_added:
        tx.execute(
            _u.insert(),
            [
                {**_values(row), "position": found.positions[row.code], "created_at": now}
                for row in found.units_added
            ],
        )
    ids: dict[str, int] = {code: id_ for code, id_ in tx.execute(sa.select(_u.c.code, _u.c.id))}  # noqa: C416
    changes = (*found.units_changed, *found.units_reopened)
    _update(
        tx,
        _u,
        [{"b_id": change.id, **_values(change.after), "closed_at": None} for change in changes],
    )
    _update(
        tx,
        _u,
        [
            {"b_id": ids[row.code], "parent_id": ids.get(row.parent), "county_id": ids.get(row.county)}
            for row in (*found.units_added, *(change.after for change in changes))
        ],
    )
    _update(tx, _u, [{"b_id": unit.id, "closed_at": now} for unit in found.units_closed])
    added = {row.code for row in found.units_added}
    _update(
        tx,
        _u,
        [
            {"b_id": ids[code], "position": position}
            for code, position in found.positions.items()
            if code not in added
        ],
    )
    return ids


def _apply_people(tx: Tx, now: dt.datetime, found: difference.Difference) -> Mapping[str, int]:
    """The contact's id by the person's key."""
    _update(
        tx,
        _c,
        [
            {"b_id": change.after.id, "name": change.after.name, "phone": change.after.phone}
            for change in found.people_changed
        ],
    )
    people = dict(found.known_people)
    if found.people_added:
        inserted = tx.execute(
            _c.insert().returning(_c.c.id, sort_by_parameter_order=True),
            [
                {"name": person.name, "phone": person.phone, "created_at": now}
                for person in found.people_added
            ],
        )
        people.update(zip((person.key for person in found.people_added), inserted.scalars(), strict=True))
    return people


def _apply_posts(
    tx: Tx,
    now: dt.datetime,
    found: difference.Difference,
    *,
    ids: Mapping[str, int],
    people: Mapping[str, int],
) -> None:
    _update(tx, _p, [{"b_id": post.id, "until": now} for post in found.posts_ended])
    if found.posts_added:
        tx.execute(
            _p.insert(),
            [
                {**_post(one, ids=ids, people=people), "source": "file", "since": now}
                for one in found.posts_added
            ],
        )
    if found.posts_forgotten:
        tx.execute(
            _i.delete().where(
                _i.c.contact_id == sa.bindparam("b_contact"),
                _i.c.unit_id == sa.bindparam("b_unit"),
                _i.c.role == sa.bindparam("b_role"),
            ),
            [
                {"b_contact": one.contact_id, "b_unit": ids[one.place.unit], "b_role": one.place.role.value}
                for one in found.posts_forgotten
            ],
        )
    if found.posts_remembered:
        tx.execute(_i.insert(), [_post(one, ids=ids, people=people) for one in found.posts_remembered])


def _post(
    one: difference.Holding, *, ids: Mapping[str, int], people: Mapping[str, int]
) -> dict[str, int | str]:
    return {
        "contact_id": people[one.person],
        "unit_id": ids[one.place.unit],
        "role": one.place.role.value,
    }


def _update(tx: Tx, table: sa.Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Each row changed by its id, in one prepared statement."""
    listed = list(rows)
    if listed:
        columns: dict[str, sa.BindParameter[object]] = {
            name: sa.bindparam(name) for name in listed[0] if name != "b_id"
        }
        tx.execute(table.update().where(table.c.id == sa.bindparam("b_id")).values(columns), listed)


def _values(row: units_file.UnitRow) -> dict[str, object]:
    return {
        "code": row.code,
        "name": row.name,
        "kind": row.kind.value,
        "stage": row.stage,
        "ownership": row.ownership,
        "boarding": row.boarding,
        "school_bus": row.school_bus,
        "canteen": row.canteen,
        "waterside": row.waterside,
        "students": row.students,
        "staff": row.staff,
        "phone": row.phone,
        "tags": standing.tags_text(row.tags),
    }


def _size(found: difference.Difference) -> str:
    return (
        f"units:+{len(found.units_added) + len(found.units_reopened)}-{len(found.units_closed)}"
        f"~{len(found.units_changed)} posts:+{len(found.posts_added)}-{len(found.posts_ended)}"
        f" people:+{len(found.people_added)}~{len(found.people_changed)}"
    )

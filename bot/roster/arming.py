"""Leaving the trial state: from which county on real schools may be written to."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.roster import bindings, model, units


@dataclass(frozen=True, slots=True)
class Opened:
    """How many real notices can reach from now on."""

    schools: int
    colleges: int


def arm(tx: Tx, now: dt.datetime, *, counties: list[str], everything: bool, schools: int) -> Opened:
    """Real sending is allowed in these counties (or everywhere); what that opens.

    `schools` is typed by the operator as the proof that he knows what he does. It must equal the number of
    schools opened; the colleges among them may be counted in or left out.

    Raises:
        Refused: unknown county, nothing left to open, or another number, which is then said.
    """
    everyone = units.every(tx)
    chosen = (
        [u for u in everyone if u.kind == "city"] if everything else [_county(tx, code) for code in counties]
    )
    if not chosen:
        raise errors.Refused("名册还是空的,请先导入名册")
    ids = {u.id for u in chosen}
    armed = bindings.armed_units(tx)
    opened = [
        u for u in everyone
        if u.owes_answers and not armed.everything and u.county_id not in armed.counties
        and (everything or u.county_id in ids)
    ]  # fmt: skip
    only_schools = sum(u.kind == "school" for u in opened)
    if schools not in (only_schools, len(opened)):
        colleges = len(opened) - only_schools
        more = f"(另有高校 {colleges} 所)" if colleges else ""
        raise errors.Refused(
            f"这次会开通学校 {only_schools} 所{more},不是 {schools} 所。核对后请写 --schools {only_schools}"
        )
    tx.execute(
        model.unit.update()
        .where(model.unit.c.id.in_(ids), model.unit.c.armed_at.is_(None))
        .values(armed_at=now)
    )
    scope = "all" if everything else ",".join(u.code for u in chosen)
    trail.note(tx, now, actor="cli", verb="arm", subject=f"county:{scope}", detail=f"schools:{len(opened)}")
    return Opened(only_schools, len(opened) - only_schools)


def _county(tx: Tx, code: str) -> units.Unit:
    unit = units.find(tx, code)
    if unit is None or unit.kind != "county":
        raise errors.Refused(f"--county {code}:名册里没有这个县(市、区)")
    return unit

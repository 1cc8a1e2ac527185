"""今天停课: whom the word closes, what they then owe, who may say it, and what taking it back restores."""

import asyncio
import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import model as audit
from bot.db import Tx
from bot.notices import answer, closures, desk, joining, model, publish, queries, rules
from bot.plans import days_off, firing
from bot.plans.days_off import Target
from bot.roster import audience
from bot.roster import model as roster
from tests.plans import town as towns
from tests.plans.town import OFFICER, SHANGHAI, Town, at, day

DH_OFFICER, SY_OFFICER, LEADER, HEAD = 601, 602, 603, 611
SNOW = day("2026-11-24")  # a Tuesday
MORNING = "2026-11-24 06:10"


def hire(tx: Tx, now: dt.datetime, ids: dict[str, int], user: int, unit: str, role: str) -> None:
    """Somebody holds this post and is enrolled."""
    phone = f"1390000{user:04d}"
    contact = (
        roster.contact.insert()
        .values(name=f"孙{user}", phone=phone, created_at=now)
        .returning(roster.contact.c.id)
    )
    values = {"contact_id": tx.execute(contact).scalar_one(), "unit_id": ids[unit], "role": role}
    tx.execute(roster.post.insert().values(values | {"source": "file", "since": now}))
    joining.with_phone(tx, now, user_id=user, phone=phone)


def staff(tx: Tx, now: dt.datetime, ids: dict[str, int]) -> None:
    for user, unit, role in (
        (DH_OFFICER, "DH", "county_officer"), (SY_OFFICER, "SY", "county_officer"), (LEADER, "DH", "leader"),
        (HEAD, "DH1", "principal"),
    ):  # fmt: skip
        hire(tx, now, ids, user, unit, role)


@pytest.fixture
def snow(town) -> Town:
    """A snow morning, 06:10; an officer in each county."""
    made = town(MORNING)
    staff(made.tx, made.now, made.ids)
    return made


def ask(tx: Tx, now: dt.datetime, due: str = "2026-11-24 17:00", to: str = "schools", **more: str) -> int:
    draft = publish.Draft(
        "ASK",
        "消防自查",
        rules.Kind.CONFIRM,
        audience.parse(to),
        "查完了吗?",
        at(due),
        "已查完",
        "有困难",
        **more,
    )
    return publish.publish(tx, now, draft, by="test").notice_id


def excused(tx: Tx, notice: int, now: dt.datetime | None = None) -> set[str]:
    return {s.code for s in queries.statuses(tx, notice, at=now) if s.excused == "day_off"}


def close(town: Town, county: str | None, tag: str = "", *, on: dt.date = SNOW, user: int = DH_OFFICER):
    target = Target(on, town.ids[county] if county else None, tag)
    return days_off.close(town.tx, town.now, target, user_id=user, zone=SHANGHAI)


def take_back(town: Town, day_off_id: int, user: int = DH_OFFICER):
    return days_off.take_back(town.tx, town.now, day_off_id, user_id=user, zone=SHANGHAI)


# ── whom it closes ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("county", "tag", "user", "schools"),
    [
        ("DH", "", DH_OFFICER, {"DH1", "DH2", "DH3"}),
        ("DH", "山区", DH_OFFICER, {"DH1", "DH3"}),
        ("DH", "山区", OFFICER, {"DH1", "DH3"}),
        (None, "山区", OFFICER, {"DH1", "DH3"}),
        (None, "", OFFICER, {"DH1", "DH2", "DH3", "SY1", "SY2", "SZ1", "GX1"}),
    ],
)
def test_the_word_closes_a_county_a_tag_of_it_or_the_city(snow, county, tag, user, schools) -> None:
    notice = ask(snow.tx, snow.now, to="schools or colleges or counties")

    done = close(snow, county, tag, user=user)

    assert (done.schools, done.excused) == (len(schools), closures.Count(1, len(schools)))
    assert excused(snow.tx, notice) == schools


@pytest.mark.parametrize(
    ("county", "tag", "user", "fault"),
    [
        ("SY", "", DH_OFFICER, errors.NotAllowed),
        (None, "山区", DH_OFFICER, errors.NotAllowed),
        (None, "", SY_OFFICER, errors.NotAllowed),
        ("DH", "", LEADER, errors.NotAllowed),
        ("DH", "", HEAD, errors.NotAllowed),
        ("DH", "", 999, errors.NotAllowed),
        ("SY", "山区", SY_OFFICER, errors.Refused),  # a tag of another county
        ("SY", "山区", OFFICER, errors.Refused),
    ],
)
def test_nobody_closes_what_is_not_theirs(snow, county, tag, user, fault) -> None:
    notice = ask(snow.tx, snow.now)
    for verb in (days_off.ask, days_off.close):
        with pytest.raises(fault):
            verb(snow.tx, snow.now, Target(SNOW, snow.ids.get(county), tag), user_id=user, zone=SHANGHAI)

    assert days_off.standing(snow.tx, SNOW, SNOW) == []
    assert excused(snow.tx, notice) == set()


@pytest.mark.parametrize("on", ["2026-11-23", "2026-11-26"])
def test_only_today_and_tomorrow_can_be_told(snow, on) -> None:
    with pytest.raises(errors.Refused, match="今天和明天"):
        close(snow, "DH", on=day(on))


def test_the_same_word_twice_is_one(snow) -> None:
    ask(snow.tx, snow.now)
    first, second = close(snow, "DH", "山区"), close(snow, "DH", "山区", user=OFFICER)

    assert (first.is_new, second.is_new, second.day_off_id) == (True, False, first.day_off_id)
    assert len(days_off.standing(snow.tx, SNOW, SNOW)) == 1


# ── what is owed ─────────────────────────────────────────────────────────────────────────────────


def test_only_routine_asks_due_that_day_unanswered_and_open_are_excused(snow) -> None:
    tx, now = snow.tx, snow.now
    today, midnight = ask(tx, now), ask(tx, now, "2026-11-24 23:59")
    tomorrow, urgent = ask(tx, now, "2026-11-25 00:00"), ask(tx, now, category="emergency")
    recalled = ask(tx, now)
    tx.execute(model.notice.update().where(model.notice.c.id == recalled).values(recalled_at=now))
    desk.on_behalf(
        tx, now, notice_id=today, unit_ids=[snow.ids["DH1"]], user_id=DH_OFFICER, value=rules.Value.YES
    )
    would = days_off.ask(tx, now, Target(SNOW, snow.ids["DH"]), user_id=DH_OFFICER, zone=SHANGHAI)

    done = close(snow, "DH")

    assert (would.excused, would.schools) == (done.excused, done.schools) == (closures.Count(2, 5), 3)
    assert excused(tx, today) == {"DH2", "DH3"}
    assert excused(tx, midnight) == {"DH1", "DH2", "DH3"}
    assert excused(tx, tomorrow) == excused(tx, urgent) == excused(tx, recalled) == set()


def test_for_tomorrow_what_is_open_now_and_due_then_is_excused(snow) -> None:
    today, tomorrow = ask(snow.tx, snow.now), ask(snow.tx, snow.now, "2026-11-25 12:00")

    close(snow, "DH", on=day("2026-11-25"))

    assert (excused(snow.tx, today), len(excused(snow.tx, tomorrow))) == (set(), 3)
    later = ask(snow.tx, snow.now, "2026-11-25 12:00")
    assert excused(snow.tx, later) == set()


def test_a_closed_school_that_answers_leaves_the_excused(snow) -> None:
    notice = ask(snow.tx, snow.now)
    close(snow, "DH")
    snow.now = at("2026-11-24 09:00")

    press = answer.Press(
        notice, 1, rules.Value.YES, HEAD, HEAD, None, unit_id=snow.ids["DH1"], callback=f"v1:{notice}:1:yes"
    )
    answer.press(snow.tx, snow.now, press)

    assert excused(snow.tx, notice) == {"DH2", "DH3"}


# ── taking it back ───────────────────────────────────────────────────────────────────────────────


def test_taking_it_back_ends_its_own_excuses_and_keeps_those_made_by_hand(snow) -> None:
    tx, notice = snow.tx, ask(snow.tx, snow.now)
    desk.excuse(
        tx, snow.now, notice_id=notice, unit_ids=[snow.ids["DH1"]], user_id=DH_OFFICER, reason="day_off"
    )
    snow.now += dt.timedelta(minutes=1)
    done = close(snow, "DH")
    assert done.excused == closures.Count(1, 2)
    snow.now += dt.timedelta(minutes=1)

    back = take_back(snow, done.day_off_id)

    assert (back.is_new, back.excused) == (True, closures.Count(1, 2))
    assert excused(tx, notice) == {"DH1"}
    assert excused(tx, notice, snow.now - dt.timedelta(seconds=1)) == {"DH1", "DH2", "DH3"}
    assert not take_back(snow, done.day_off_id).is_new
    assert close(snow, "DH").is_new


def test_a_school_closed_by_two_words_opens_with_the_last_of_them(snow) -> None:
    notice = ask(snow.tx, snow.now)
    hills = close(snow, "DH", "山区")
    snow.now += dt.timedelta(minutes=1)
    county = close(snow, "DH")
    city = close(snow, None, user=OFFICER)
    snow.now += dt.timedelta(minutes=1)

    take_back(snow, city.day_off_id, user=OFFICER)
    assert excused(snow.tx, notice) == {"DH1", "DH2", "DH3"}
    take_back(snow, hills.day_off_id)
    assert excused(snow.tx, notice) == {"DH1", "DH2", "DH3"}
    take_back(snow, county.day_off_id)
    assert excused(snow.tx, notice) == set()


def test_it_is_taken_back_by_those_who_may_close_there_and_not_the_day_after(snow) -> None:
    county, city = close(snow, "DH"), close(snow, None, user=OFFICER)
    for day_off_id, user in (
        (county.day_off_id, SY_OFFICER), (county.day_off_id, LEADER), (city.day_off_id, DH_OFFICER),
    ):  # fmt: skip
        with pytest.raises(errors.NotAllowed):
            take_back(snow, day_off_id, user=user)
    with pytest.raises(errors.Refused, match="没有这条停课"):
        take_back(snow, 999)
    assert take_back(snow, county.day_off_id, user=OFFICER).is_new
    snow.now = at("2026-11-25 00:01")
    with pytest.raises(errors.Refused, match="过去"):
        take_back(snow, city.day_off_id, user=OFFICER)


def test_both_words_stand_in_the_audit_trail(snow) -> None:
    done = close(snow, "DH", "山区")
    take_back(snow, done.day_off_id)

    query = sa.select(audit.record.c.verb, audit.record.c.detail).where(
        audit.record.c.subject == f"day_off:{done.day_off_id}"
    )
    dh = snow.ids["DH"]
    assert [tuple(row) for row in snow.tx.execute(query.order_by(audit.record.c.id))] == [
        ("day_off", f"2026-11-24 county:{dh} tag:山区 units:2 excused:0"),
        ("day_off_back", "2026-11-24 units:2 owed_again:0"),
    ]


# ── plans ────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_spares_the_closed_and_asks_the_rest(snow) -> None:
    snow.plan(kind="confirm", trigger="every school day at 09:00")
    snow.tick()
    close(snow, "DH", "山区")

    (fired,) = snow.tick("2026-11-24 09:00")

    assert fired.reason == f"{firing.CLOSED} 2 校"
    assert snow.asked_of(fired.notice_id) == {"DH2", "SY1", "SY2", "SZ1"}


# ── on both databases ────────────────────────────────────────────────────────────────────────────


async def test_closed_and_opened_again_on_either_database(db) -> None:
    now = at(MORNING)
    ids = await db.transact(lambda tx, _: towns.found(tx, now))
    await db.transact(lambda tx, _: staff(tx, now, ids))
    notice = await db.transact(lambda tx, _: ask(tx, now))
    who = {"user_id": DH_OFFICER, "zone": SHANGHAI}
    target = Target(SNOW, ids["DH"], "山区")

    would = await db.read(days_off.ask, now, target, **who)
    done = await db.transact(lambda tx, _: days_off.close(tx, now, target, **who))
    assert (would.excused, done.excused) == (closures.Count(1, 2), closures.Count(1, 2))
    assert await db.read(excused, notice) == {"DH1", "DH3"}
    later = now + dt.timedelta(minutes=5)
    back = await db.transact(lambda tx, _: days_off.take_back(tx, later, done.day_off_id, **who))
    assert back.excused == closures.Count(1, 2)
    assert await db.read(excused, notice) == set()


async def test_two_officers_at_once_give_one_word(db) -> None:
    now = at(MORNING)
    ids = await db.transact(lambda tx, _: towns.found(tx, now))
    await db.transact(lambda tx, _: staff(tx, now, ids))
    await db.transact(lambda tx, _: ask(tx, now))
    target = Target(SNOW, ids["DH"])

    def word(user: int) -> Callable[..., days_off.Closed]:
        return lambda tx, _: days_off.close(tx, now, target, user_id=user, zone=SHANGHAI)

    done = await asyncio.gather(*(db.transact(word(user)) for user in [DH_OFFICER, OFFICER] * 3))

    assert sorted(one.is_new for one in done) == [False] * 5 + [True]
    assert len(await db.read(days_off.standing, SNOW, SNOW)) == 1
    assert sum(one.excused.asks for one in done) == 3

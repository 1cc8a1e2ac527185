"""What is forgotten when: each thing on its day and not a day sooner, and by whom the purge is done."""

import dataclasses
import datetime as dt
import itertools
import pathlib
import zoneinfo

import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import model as audit
from bot.audit import trail
from bot.delivery import chats, claiming, outbox, pacing, settling
from bot.delivery import model as delivery
from bot.delivery.message import OutgoingMessage
from bot.inbox import held, questions
from bot.notices import model as notices
from bot.notices import trouble
from bot.retention import nightly, periods, purge
from bot.roster import enrolment, people
from bot.roster import model as roster
from bot.roster.forgetting import unsigned
from tests.notices.world import MORNING, World

DAY = dt.timedelta(days=1)
KEEP = periods.DEFAULT
ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.fixture
def city(tx) -> World:
    return World(tx)


def purged(tx, now) -> dict[str, int]:
    counted = {key: number for key, number in purge.count(tx, now, KEEP).items() if number}
    done = purge.batch(tx, now, KEEP, actor="cli", owner="test")
    assert (done.forgotten, done.is_last) == (counted, True)
    return done.forgotten


def on_its_day(tx, key: str, begun: dt.datetime, days: int) -> None:
    """Nothing of this is forgotten at the last moment of its time; all of it a moment later."""
    end = begun + dt.timedelta(days=days)
    assert key not in purged(tx, end)
    assert purged(tx, end + dt.timedelta(seconds=1))[key] >= 1


def leaves(city, contact: str) -> int:
    p, c = roster.post, roster.contact
    (contact_id,) = city.tx.execute(sa.select(c.c.id).where(c.c.name == contact)).scalars()
    city.tx.execute(p.update().where(p.c.contact_id == contact_id).values(until=city.now))
    return contact_id


# ── people ───────────────────────────────────────────────────────────────────────────────────────


def test_a_year_after_the_last_post_nothing_says_who_it_was_but_what_was_said_stays(city):
    city.share_phone(3, "zhao")
    notice = city.publish("county:DH")
    city.wait(1)
    city.press(notice, 3, "trouble", unit="DH2")
    zhao = leaves(city, "zhao")

    on_its_day(city.tx, "people", city.now, 365)

    assert dataclasses.astuple(people.get(city.tx, zhao)) == (zhao, "", None, ())
    assert people.user_of(city.tx, zhao) is None
    assert chats.find(city.tx, 3) is None
    assert trouble.get(city.tx, 1).said_by == "校长"
    assert [step.said_by for step in trouble.get(city.tx, 1).steps] == ["校长"]
    a = notices.answer
    assert city.tx.execute(sa.select(a.c.said_by, a.c.value)).all() == [("校长", "trouble")]
    enrolled = sa.select(audit.record.c.actor, audit.record.c.subject).where(audit.record.c.verb == "enrol")
    assert city.tx.execute(enrolled).all() == [("user:0", f"contact:{zhao}")]


def test_one_post_left_is_enough_to_be_remembered(city):
    p, u = roster.post, roster.unit
    branch = sa.select(u.c.id).where(u.c.code == "DH3")
    city.tx.execute(p.update().where(p.c.unit_id.in_(branch)).values(until=city.now))

    assert "people" not in purged(city.tx, city.now + 10 * 365 * DAY)


def test_who_still_stands_in_the_bureaus_own_file_is_remembered(city):
    """He would come back with the next import, as somebody nobody knows."""
    zhao = leaves(city, "zhao")
    values = {"contact_id": zhao, "unit_id": city.ids["DH2"], "role": "principal"}
    city.tx.execute(roster.imported_post.insert().values(values))

    assert "people" not in purged(city.tx, city.now + 10 * 365 * DAY)


def test_who_was_forgotten_is_a_stranger_and_can_come_back_as_somebody_new(city):
    city.share_phone(3, "zhao")
    leaves(city, "zhao")
    later = city.now + 400 * DAY
    purged(city.tx, later)

    assert people.by_user(city.tx, 3) is None
    given = enrolment.invite(
        city.tx, later, unit_id=city.ids["DH2"], role=enrolment.Role.PRINCIPAL, kind="successor"
    )
    back = enrolment.redeem(city.tx, later, user_id=3, code=given.code, name="赵")

    assert (back.result, back.is_new) == (enrolment.Result.ENROLLED, True)


def test_an_account_given_up_is_forgotten_though_its_owner_stays(city):
    city.share_phone(3, "zhao")
    city.wait(1)
    city.share_phone(11, "zhao")  # a new telephone

    on_its_day(city.tx, "accounts", city.now, 365)

    found = city.tx.execute(sa.select(roster.enrolment.c.user_id).order_by(roster.enrolment.c.id)).scalars()
    assert list(found) == [0, 11]
    assert chats.find(city.tx, 3) is None
    assert chats.find(city.tx, 11) is not None


def test_a_name_is_taken_from_a_signature_and_the_post_left(tx):
    said = [
        "王校长",
        "李副校长",
        "欧阳园长",
        "赵副园长",
        "陈专干",
        "刘老师",
        "王校长",
        "Ivanov校长",
        "小明",
        "校长",
    ]
    shown = [tx.execute(sa.select(unsigned(sa.literal(words)))).scalar_one() for words in said]

    assert shown == ["校长", "副校长", "园长", "副园长", "专干", "老师", "校长", "校长", "已离任", "校长"]


# ── words, deliveries, the trail, codes ──────────────────────────────────────────────────────────


def test_of_a_trouble_two_years_ago_the_words_go_and_the_state_stays(city):
    city.share_phone(3, "zhao")
    notice = city.publish("county:DH")
    city.press(notice, 3, "trouble", unit="DH2")
    trouble.choose(city.tx, city.now, trouble_id=1, user_id=3, theme="fire", need="county")
    trouble.describe(city.tx, city.now, trouble_id=1, user_id=3, text="三楼", file_id="AA", file_kind="photo")

    on_its_day(city.tx, "troubles", city.now, 730)

    it = trouble.get(city.tx, 1)
    assert (it.text, it.file_id, it.file_kind) == ("", "", "")
    assert (it.theme, it.need, it.state.value, it.said_by) == ("fire", "county", "new", "zhao校长")


def test_of_a_report_three_years_ago_the_line_goes(city):
    city.share_phone(3, "zhao")
    notice = city.publish("county:DH")
    city.press(notice, 3, "text", unit="DH2")

    on_its_day(city.tx, "reports", city.now, 1095)

    a = notices.answer
    assert city.tx.execute(sa.select(a.c.text, a.c.value)).all() == [(None, "text")]


def test_a_settled_delivery_goes_after_ninety_days_and_an_open_one_never(tx):
    pacing.ensure(tx, MORNING, 1, rate=1000)
    chat = chats.ensure(tx, MORNING, -1001, kind="group")
    outbox.show(tx, MORNING, chat.id, "say", "enrol.hello", lane=delivery.Lane.ALERT)
    words = {"say": lambda *_: OutgoingMessage("x")}
    (it,) = claiming.claim(tx, MORNING, words, owner="o", bot_id=1, limit=1, group_rate=20)
    settling.begin_calls(tx, MORNING, [it.delivery.id], owner="o")
    outbox.finish(tx, MORNING, it.delivery.id, delivery.State.SENT)
    outbox.show(tx, MORNING, chat.id, "say", "enrol.again", lane=delivery.Lane.ALERT)

    on_its_day(tx, "deliveries", MORNING, 90)

    assert list(tx.execute(sa.select(delivery.delivery.c.subject)).scalars()) == ["enrol.again"]


def test_the_trail_codes_questions_and_held_presses_go_in_their_time(city):
    tx, now = city.tx, city.now
    trail.note(tx, now, actor="contact:1", verb="arm", subject="county:DH")
    enrolment.invite(tx, now, unit_id=city.ids["DH1"], role=None)
    enrolment.redeem(tx, now, user_id=77, code="WRONGONE", name="x")
    questions.ask(tx, now, 77, "line", "1:2", for_=DAY)
    held.hold(tx, now, 77, "v1:1:1:yes", chat_telegram_id=-5)

    assert {"tries", "presses"} & purged(tx, now + DAY).keys() == set()
    assert {"tries", "presses"} <= purged(tx, now + DAY + dt.timedelta(seconds=1)).keys()
    for key, days in (("questions", 2), ("invitations", 60), ("audit", 1095)):
        on_its_day(tx, key, now, days)


# ── in batches, by whom ──────────────────────────────────────────────────────────────────────────


def test_a_batch_is_bounded_and_each_is_in_the_trail_with_its_count(city):
    for number in range(1, 6):
        enrolment.redeem(city.tx, city.now, user_id=number, code="WRONGONE", name="x")
    later = city.now + 2 * DAY

    batches = [purge.batch(city.tx, later, KEEP, actor="timer", owner="t", at_once=2) for _ in range(3)]

    assert [(b.forgotten, b.is_last) for b in batches] == [
        ({"tries": 2}, False), ({"tries": 2}, False), ({"tries": 1}, True),
    ]  # fmt: skip
    r = audit.record
    noted = city.tx.execute(
        sa.select(r.c.verb, r.c.subject, r.c.detail).where(r.c.actor == "timer").order_by(r.c.id)
    )
    assert noted.all() == [
        ("forget", "tries", "rows:2"), ("forget", "tries", "rows:2"), ("forget", "tries", "rows:1"),
        ("purge", "retention", ""),
    ]  # fmt: skip


def test_two_processes_do_not_purge_at_once(tx):
    assert purge.hold(tx, MORNING, "one")
    with pytest.raises(errors.Refused, match="另一个进程"):
        purge.by_hand(tx, MORNING, KEEP, owner="two")

    assert purge.by_hand(tx, MORNING + purge.LEASE, KEEP, owner="two").is_last
    assert purge.hold(tx, MORNING + purge.LEASE, "one"), "given back at the end"


@pytest.mark.parametrize(
    ("local", "newest", "following"),
    [
        ("2026-10-01 03:29:59", "2026-09-30 03:30", "2026-10-01 03:30"),
        ("2026-10-01 03:30:00", "2026-10-01 03:30", "2026-10-02 03:30"),
        ("2026-10-01 23:59:59", "2026-10-01 03:30", "2026-10-02 03:30"),
        ("2026-12-31 12:00:00", "2026-12-31 03:30", "2027-01-01 03:30"),
        ("2027-01-01 00:00:00", "2026-12-31 03:30", "2027-01-01 03:30"),
    ],
)
def test_the_night_begins_at_half_past_three_where_the_schools_are(local, newest, following):
    now = at(local)

    assert nightly.newest(now, ZONE) == at(newest)
    assert nightly.following(now, ZONE) == at(following)


def at(local: str) -> dt.datetime:
    return dt.datetime.fromisoformat(local).replace(tzinfo=ZONE)


def night(file="none.toml", owner="a") -> nightly.Nightly:
    return nightly.Nightly(pathlib.Path(file), ZONE, owner)


def test_a_night_has_one_purge_however_many_processes_and_restarts(tx):
    ours, theirs = night(), night(owner="b")
    minutes = itertools.takewhile(
        lambda t: t < at("2026-10-03 12:00"),
        (at("2026-10-01 03:00") + dt.timedelta(minutes=7 * n) for n in range(999)),
    )
    for now in minutes:
        for one in (ours, theirs, night(owner="c")):
            if one.is_awake(now):
                one.work(tx, now)

    r = audit.record
    ends = tx.execute(sa.select(r.c.at).where(r.c.verb == "purge").order_by(r.c.id)).scalars()
    assert [f"{end.astimezone(ZONE):%d %H:%M}" for end in ends] == [
        "01 03:00",
        "01 03:35",
        "02 03:30",
        "03 03:32",
    ]


def test_it_looks_again_only_when_the_next_night_has_come(tx):
    one, now = night(), at("2026-10-01 05:00")
    assert one.work(tx, now).is_last
    assert one.work(tx, now + purge.LEASE) is None

    assert not one.is_awake(at("2026-10-02 03:29:59"))
    assert one.is_awake(at("2026-10-02 03:30"))


def test_with_a_fault_in_the_file_nothing_is_forgotten_until_it_is_mended(tx, tmp_path):
    file = tmp_path / periods.FILE
    file.write_text("people_day = 1")
    enrolment.redeem(tx, MORNING, user_id=1, code="WRONGONE", name="x")
    later, one = MORNING + 2 * DAY, night(file)

    assert one.work(tx, later) is None
    assert purge.count(tx, later, KEEP)["tries"] == 1
    file.write_text("people_days = 100")

    assert not one.is_awake(later + dt.timedelta(minutes=9))
    assert one.work(tx, later + nightly.PUT_OFF).forgotten == {"tries": 1}


def test_a_purge_that_fails_is_put_off_and_not_tried_at_every_tick(tx, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    one = night()
    monkeypatch.setattr(purge, "batch", fail)
    with pytest.raises(RuntimeError):
        one.work(tx, MORNING)

    assert not one.is_awake(MORNING + dt.timedelta(minutes=9))
    assert one.is_awake(MORNING + nightly.PUT_OFF)

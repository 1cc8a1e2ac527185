"""The rungs of a notice: taken once, put off by quiet hours, left out with a reason; and what each of them says."""

import datetime as dt
import zoneinfo

import pytest
import sqlalchemy as sa

from bot.calendar.quiet import QuietHours
from bot.delivery import chats, claiming, outbox
from bot.delivery.message import Verdict
from bot.delivery.model import State, delivery, posting
from bot.notices import asking, chase, deadline, ladder, model, rules
from bot.notices.rules import Step
from bot.roster import model as roster
from bot.summaries import messages
from tests.notices import counter, world

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
QUIET = QuietHours(SHANGHAI)
PREPARE = world.PREPARE | messages.preparations(world.WORDS, "masked")
WANG, LI, ZHAO, SUN, FENG, CHEN = (
    1,
    2,
    3,
    5,
    9,
    10,
)  # DH1+DH3, DH1's deputy, DH2, HD1, DH's officer, the city's
MINUTE = dt.timedelta(minutes=1)
ALL = "schools or colleges or counties"


def clock(city: world.World, time: str, *, day: int = 30) -> dt.datetime:
    """It is this time of that day of September 2026."""
    city.now = dt.datetime.fromisoformat(f"2026-09-{day}T{time}").replace(tzinfo=SHANGHAI).astimezone(dt.UTC)
    return city.now


def tick(city: world.World) -> dict[str, str]:
    """What one look at the ladder settles: step → reason."""
    deadline.tell(city.tx, city.now)
    taken = {
        rung: ladder.climb(city.tx, city.now, rung, quiet=QUIET) for rung in ladder.due(city.tx, city.now)
    }
    return {rung.step.value: reason for rung, reason in taken.items() if reason is not None}


def owed(city: world.World, kind: str) -> int:
    query = sa.select(sa.func.count()).where(delivery.c.kind == kind, delivery.c.state == State.QUEUED.value)
    return city.tx.execute(query).scalar_one()


def said(city: world.World, kind: str) -> dict[str, str]:
    """What deliveries of this kind would say now, by chat; why not, where they would not."""
    query = sa.select(delivery).where(delivery.c.kind == kind, delivery.c.state == State.QUEUED.value)
    found = {}
    for row in city.tx.execute(query):
        it = claiming.described(city.tx, row.id)
        shown = PREPARE[kind](city.tx, city.now, it)
        chat = city._chat_of(it.chat.telegram_id)
        found[chat] = shown.reason if isinstance(shown, outbox.Drop) else shown.html
    return found


@pytest.fixture
def busy(city: world.World) -> world.World:
    """Principals and officers are enrolled, DH has a group, and it is 14:00."""
    clock(city, "14:00")
    for user in (WANG, LI, ZHAO, SUN, FENG, CHEN):
        city.share_phone(user, counter.CONTACTS[user - 1])
    city.bind("group:0", "DH", FENG)
    return city


def asked(city: world.World, meant: str = ALL, **how) -> int:
    """A notice whose cards have arrived."""
    notice = city.publish(meant, **how)
    for _ in range(3):
        city.now += dt.timedelta(seconds=2)
        city.deliver([Verdict.SENT] * 16)
    return notice


# ── when ─────────────────────────────────────────────────────────────────────────────────────────


def test_each_rung_is_taken_at_its_time_and_only_once(busy):
    asked(busy)
    clock(busy, "16:59")
    assert tick(busy) == {}
    for time, step in (("17:00", "nudge"), ("17:30", "county"), ("18:00", "line"), ("18:30", "difference")):
        clock(busy, time)
        (rung,) = ladder.due(busy.tx, busy.now)
        assert tick(busy) == {step: ""}
        assert ladder.climb(busy.tx, busy.now, rung, quiet=QUIET) is None
        busy.now += dt.timedelta(seconds=10)
        assert tick(busy) == {}
    assert (owed(busy, "chase"), owed(busy, "escalation"), owed(busy, "overdue")) == (4, 3, 1)
    assert owed(busy, "difference") == owed(busy, "deadline") == 2


def test_quiet_hours_put_off_what_is_still_of_use_and_leave_out_the_rest(busy):
    clock(busy, "09:00")
    asked(busy)  # due at 13:00; quiet from 12:20 to 13:50
    clock(busy, "12:00")
    assert tick(busy) == {"nudge": ""}
    clock(busy, "12:30")
    assert tick(busy) == {"county": ladder.QUIET}
    for time in ("13:00", "13:00:10", "13:30", "13:49:59"):
        clock(busy, time)
        assert tick(busy) == {}
    clock(busy, "13:50")
    assert tick(busy) == {"line": "", "difference": ""}


def test_at_night_no_line_is_said_and_the_difference_is_told_in_the_morning(busy):
    clock(busy, "18:00")
    asked(busy)  # due at 22:00
    clock(busy, "21:00")
    assert tick(busy) == {"nudge": ""}
    clock(busy, "22:00")
    assert tick(busy) == {"county": ladder.TOO_LATE, "line": ladder.QUIET}
    for time in ("22:00:10", "22:30"):
        clock(busy, time)
        assert tick(busy) == {}
    clock(busy, "06:29:59")
    busy.now += dt.timedelta(days=1)
    assert tick(busy) == {}
    busy.now += dt.timedelta(seconds=1)
    assert tick(busy) == {"difference": ""}


def test_an_emergency_knows_no_quiet_hours(busy):
    clock(busy, "18:00")
    asked(busy, category="emergency")
    for time, step in (("21:00", "nudge"), ("21:30", "county"), ("22:00", "line"), ("22:30", "difference")):
        clock(busy, time)
        assert tick(busy) == {step: ""}
        busy.now += dt.timedelta(seconds=10)
        assert tick(busy) == {}


def test_after_an_outage_only_what_is_still_of_use_is_done(busy):
    asked(busy)
    clock(busy, "19:59:59")
    assert tick(busy) == {
        "nudge": ladder.TOO_LATE,
        "county": ladder.TOO_LATE,
        "line": "",
        "difference": ladder.NOBODY,
    }
    assert (owed(busy, "chase"), owed(busy, "escalation"), owed(busy, "deadline")) == (0, 0, 2)


def test_two_hours_after_due_nobody_needs_a_line(busy):
    asked(busy)
    clock(busy, "20:00")
    assert tick(busy)["line"] == ladder.TOO_LATE


def test_of_two_reminders_missed_only_the_newer_is_sent(busy):
    asked(busy, chase="urgent")  # at 16:00 and 17:00
    clock(busy, "17:10")
    assert tick(busy) == {"nudge_half": ladder.SUPERSEDED, "nudge": ""}
    assert owed(busy, "chase") == 4


def test_the_difference_waits_for_the_table_it_differs_from(busy):
    notice = asked(busy)
    clock(busy, "17:59")
    tick(busy)
    busy.tx.execute(model.notice.update().values(deadline_told_at=None))
    clock(busy, "18:30")
    rung = ladder.Due(notice, Step.DIFFERENCE)
    assert ladder.climb(busy.tx, busy.now, rung, quiet=QUIET) is None
    busy.tx.execute(model.notice.update().values(deadline_told_at=busy.now - 29 * MINUTE))
    assert ladder.climb(busy.tx, busy.now, rung, quiet=QUIET) == ladder.NOBODY  # its table reached nobody


def test_a_notice_taken_back_climbs_no_further(busy):
    asked(busy)
    busy.tx.execute(model.notice.update().values(recalled_at=busy.now))
    clock(busy, "18:30")
    assert set(tick(busy).values()) == {ladder.RECALLED}


def test_where_everybody_has_answered_nobody_is_told(busy):
    notice = asked(busy, "county:DH")
    for user, unit in ((WANG, "DH1"), (ZHAO, "DH2"), (WANG, "DH3")):
        busy.press(notice, user, "yes", unit=unit)
    clock(busy, "18:00:10")
    tick(busy)
    assert [owed(busy, kind) for kind in ("chase", "escalation", "overdue")] == [0, 0, 0]
    clock(busy, "18:30")
    tick(busy)
    assert set(said(busy, "difference").values()) == {"nothing was missing"}


# ── who ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_trial_reminds_nobody_and_says_its_line_in_pilot_groups_only(busy):
    busy.tx.execute(roster.unit.update().values(armed_at=None))
    busy.bind("group:1", "HD", CHEN)
    chat = chats.find(busy.tx, busy.addresses["group:0"])
    assert chat is not None
    chats.set_pilot(busy.tx, busy.now, chat.id, is_pilot=True)
    asking.chat_changed(busy.tx, busy.now, chat.id)
    asked(busy)
    clock(busy, "17:30")
    assert tick(busy) == {"nudge": ladder.TRIAL, "county": ladder.TRIAL}
    clock(busy, "18:00")
    assert tick(busy) == {"line": ""}
    assert said(busy, "overdue") == {"group:0": "【试运行】国庆假前安全课:还有 4 校没报,还可补报。"}


@pytest.mark.parametrize(
    ("category", "escalate", "whole"),
    [("emergency", "city", 1), ("emergency", "county", 0), ("routine", "city", 0)],
)
def test_only_an_emergency_goes_above_the_county(busy, category, escalate, whole):
    asked(busy, category=category, escalate=escalate)
    clock(busy, "17:30")
    tick(busy)
    assert owed(busy, "city_escalation") == whole
    rows = busy.tx.execute(sa.select(model.escalation.c.row_code).order_by(model.escalation.c.id)).scalars()
    assert list(rows) == ["DH", "HD", "city-run", "colleges"]
    told = sa.select(delivery.c.chat_id).where(delivery.c.kind == "escalation")
    people = [
        busy._chat_of(chats.get(busy.tx, chat_id).telegram_id) for chat_id in busy.tx.execute(told).scalars()
    ]
    assert sorted(people) == ["user:10", "user:10", "user:9"]  # nobody is HD's officer


def test_a_city_list_of_an_emergency_has_a_door_to_each_row(busy):
    asked(busy, category="emergency", escalate="city")
    clock(busy, "17:30")
    tick(busy)
    (html,) = said(busy, "city_escalation").values()
    assert html.startswith("【还有30分钟】国庆假前安全课")
    assert "未报 9" in html


def test_the_list_is_that_of_the_moment_it_is_sent(busy):
    notice = asked(busy)
    clock(busy, "17:30")
    tick(busy)
    assert "应报 4  已报 0  未报 4" in said(busy, "escalation")["user:9"]
    busy.press(notice, WANG, "yes", unit="DH1")
    clock(busy, "17:41:30")
    html = said(busy, "escalation")["user:9"]
    assert html.startswith("【还有19分钟】国庆假前安全课\nDH单位 实时")
    assert "应报 4  已报 1  未报 3" in html
    clock(busy, "18:00:01")
    assert said(busy, "escalation")["user:9"].startswith("【已截止】")
    busy.on_behalf(notice, CHEN, ("DH", "DH2", "DH3"), "yes")
    assert said(busy, "escalation")["user:9"] == "nobody owes any more"


def test_an_officer_who_lost_the_post_gets_no_list(busy):
    asked(busy)
    clock(busy, "17:30")
    tick(busy)
    busy.leave(FENG)
    assert said(busy, "escalation")["user:9"] == "no right to it any more"


# ── the words ────────────────────────────────────────────────────────────────────────────────────


def test_the_line_counts_and_says_only_of_whom_it_is_true_that_they_were_written_to(busy):
    notice = asked(busy, "county:DH")
    clock(busy, "17:00")
    tick(busy)
    clock(busy, "18:00")
    tick(busy)
    assert said(busy, "overdue") == {"group:0": "国庆假前安全课:还有 3 校没报,还可补报。"}
    busy.now -= 45 * MINUTE
    for _ in range(3):  # chases are claimed one by one; the line is not claimed before its time
        busy.now += dt.timedelta(seconds=2)
        busy.deliver([Verdict.SENT] * 2)
    clock(busy, "18:00")
    assert chase.counts(busy.tx, notice) != {}
    busy.press(notice, ZHAO, "yes", unit="DH2")
    busy.tx.execute(model.chased.delete().where(model.chased.c.assignment_id == assignment(busy, "DH3")))
    assert said(busy, "overdue") == {"group:0": "国庆假前安全课:还有 2 校没报,已私聊其中 1 校。"}
    busy.excuse(notice, FENG, ("DH3",), "closed")
    assert said(busy, "overdue") == {"group:0": "国庆假前安全课:还有 1 校没报,已私聊各校。"}
    busy.press(notice, WANG, "trouble", unit="DH1")
    assert said(busy, "overdue") == {"group:0": "nobody owes any more"}


def assignment(city: world.World, unit: str) -> int:
    a = model.assignment
    return city.tx.execute(sa.select(a.c.id).where(a.c.unit_code == unit).order_by(a.c.id)).scalar() or 0


def test_a_schools_own_group_is_told_by_name_and_its_button_is_no_card(busy):
    busy.bind("group:2", "DH2", ZHAO)
    notice = asked(busy)
    clock(busy, "18:00")
    tick(busy)
    assert said(busy, "overdue")["group:2"] == "DH2单位的国庆假前安全课还没报,18:00 已截止,还可补报。"
    busy.tx.execute(posting.update().values(message_id=None))  # every card's send was uncertain
    it = chats.find(busy.tx, busy.addresses["group:2"])
    assert it is not None
    shown = PREPARE["overdue"](busy.tx, busy.now, outbox.Delivery(1, it, "overdue", str(notice), False, None))
    assert not isinstance(shown, outbox.Drop)
    assert [row[0].callback.args for row in shown.rows] == [(str(busy.ids["DH2"]),)] * 2
    busy.now += dt.timedelta(seconds=1)
    press(busy, notice, it, message_id=77)
    assert set(busy.tx.execute(sa.select(posting.c.message_id)).scalars()) == {None}


def press(city: world.World, notice: int, chat: chats.Chat, *, message_id: int) -> None:
    it = world.answer.Press(
        notice, 1, rules.Value.YES, ZHAO, chat.telegram_id, message_id, unit_id=city.ids["DH2"]
    )
    assert world.answer.press(city.tx, city.now, it).said is world.answer.Said.LATE


def test_the_difference_has_the_figures_of_the_tables(busy):
    notice = asked(busy)
    busy.press(notice, SUN, "yes", unit="HD1")
    clock(busy, "18:00:10")
    tick(busy)
    clock(busy, "18:20")
    busy.press(notice, WANG, "yes", unit="DH1")
    busy.excuse(notice, FENG, ("DH3",), "closed")
    clock(busy, "18:30")
    tick(busy)
    assert said(busy, "difference") == {
        "user:9": "【又补报】国庆假前安全课\n18:00 未报 4;现在(18:30)又补报 1,还差 2",
        "user:10": "【又补报】国庆假前安全课\n18:00 未报 8;现在(18:30)又补报 1,还差 6",
    }


# ── reminders and answers that meet ──────────────────────────────────────────────────────────────


def claim(city: world.World) -> chase.Owed | outbox.Drop:
    """Wang's newest reminder is to be sent now."""
    c = model.chase
    newest = city.tx.execute(sa.select(sa.func.max(c.c.id)).where(c.c.contact_id == WANG)).scalar()
    return chase.claim(city.tx, city.now, newest or 0, user_id=WANG)


def test_a_reminder_of_the_ladder_is_of_its_hour_and_never_after_due(busy):
    notice = asked(busy)
    clock(busy, "17:00")
    tick(busy)
    clock(busy, "17:30")
    assert claim(busy) == outbox.Drop("too late")
    clock(busy, "17:29:59")
    assert isinstance(claim(busy), chase.Owed)
    clock(busy, "18:00:01")
    assert claim(busy) == outbox.Drop("too late")
    assert chase.request(busy.tx, busy.now, notice_id=notice, user_id=CHEN).contacts
    assert isinstance(claim(busy), chase.Owed)  # an officer may, after due too


def test_two_reminders_never_reach_one_person_within_half_an_hour_however_late_the_first_was(busy):
    notice = asked(busy, "county:DH")
    clock(busy, "17:00")
    tick(busy)
    clock(busy, "17:20")
    assert isinstance(claim(busy), chase.Owed)
    clock(busy, "17:31")
    assert chase.request(busy.tx, busy.now, notice_id=notice, user_id=FENG).schools == 1  # not Wang's two
    values = {"notice_id": notice, "contact_id": WANG, "asked_by": "contact:9", "at": busy.now}
    busy.tx.execute(model.chase.insert().values(values))
    assert claim(busy) == outbox.Drop("reminded just now")


def test_crossings_are_counted_and_what_ran_after_an_answer_would_be_seen(busy):
    notice = asked(busy, "county:DH")
    clock(busy, "17:00")
    tick(busy)
    assert chase.crossings(busy.tx, since=world.MORNING) == chase.Crossings(0, 0)
    (item, *_) = claiming.claim(
        busy.tx, busy.now, PREPARE, owner="test", bot_id=world.BOT_ID, limit=1, group_rate=20, only_one_of=frozenset({"chase"})
    )  # fmt: skip
    assert item.delivery.kind == "chase"
    busy.now += dt.timedelta(seconds=1)
    busy.press(notice, WANG, "yes", unit="DH1")
    busy.now += dt.timedelta(seconds=1)
    outbox.finish(busy.tx, busy.now, item.delivery.id, State.SENT)
    assert chase.crossings(busy.tx, since=world.MORNING) == chase.Crossings(1, 0)

    # not even a second claim after the answer would go unnoticed
    busy.now += dt.timedelta(seconds=30)
    busy.tx.execute(model.chase.update().values(claimed_at=busy.now))
    assert chase.crossings(busy.tx, since=world.MORNING) == chase.Crossings(0, 1)
    assert chase.crossings(busy.tx, since=busy.now + MINUTE) == chase.Crossings(0, 0)


def test_a_reminder_does_not_follow_a_person_who_left(busy):
    asked(busy, "county:DH")
    clock(busy, "17:00")
    tick(busy)
    assert set(said(busy, "chase")) == {"user:1", "user:3"}
    busy.leave(WANG)
    assert said(busy, "chase")["user:1"] == "somebody else now"
    busy.share_phone(WANG, "li")  # his telephone is another's now
    assert said(busy, "chase")["user:1"] == "somebody else now"

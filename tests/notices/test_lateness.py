"""Until when each message of a notice leaves, and what is said of one that comes later. The ladder's: `test_ladder`."""

import datetime as dt

import pytest
import sqlalchemy as sa

from bot.delivery import chats, outbox, stale
from bot.delivery.model import Lane, State, delivery
from bot.inbox import questions
from bot.notices import answer, cards, model, publish, rules, trouble, trouble_messages
from bot.roster import audience, people
from bot.roster import messages as roster_messages
from bot.summaries import messages
from tests.notices.world import DUE_AFTER, WORDS, World

PREPARE = (
    cards.preparations(WORDS)
    | trouble_messages.preparations(WORDS, "masked")
    | roster_messages.preparations(WORDS)
    | messages.preparations(WORDS, "masked")
)
SECOND = dt.timedelta(seconds=1)
CLOSED = DUE_AFTER + rules.CLOSES_AFTER
SHOWN = ""
TOO_LATE, UNTOLD = stale.TOO_LATE.reason, stale.UNTOLD.reason
LATE = [  # kind, subject (n: the notice), to whom, how long it keeps from now on, what is said afterwards
    ("card", "n", "group:1", CLOSED, UNTOLD),
    ("choose", "n", "user:1", CLOSED, TOO_LATE),
    ("recovered", "n:unit", "user:1", CLOSED, TOO_LATE),
    ("overdue", "n", "group:1", DUE_AFTER + dt.timedelta(hours=2), TOO_LATE),
    ("deadline", "n", "user:8", CLOSED, UNTOLD),
    ("difference", "n", "user:8", DUE_AFTER + dt.timedelta(hours=12.5), TOO_LATE),
    ("city_escalation", "n", "user:10", DUE_AFTER + dt.timedelta(hours=2), TOO_LATE),
    ("say", "enrol.hello_group", "group:1", dt.timedelta(minutes=30), TOO_LATE),
    ("press_please", "1:unit", "group:1", dt.timedelta(minutes=30), TOO_LATE),
]


@pytest.fixture
def busy(city: World) -> World:
    """A county with a group, a principal of two schools, the officers of county and city; nothing on its way."""
    for user, contact in ((1, "wang"), (8, "feng"), (10, "chen")):
        city.share_phone(user, contact)
    city.bind("group:1", "DH", 8)
    city.tx.execute(delivery.delete())
    return city


def owe(city: World, name: str, kind: str, subject: object) -> outbox.Delivery:
    """The chat is owed this; as it is handed to what renders it."""
    found = chats.find(city.tx, city.addresses[name])
    assert found is not None
    outbox.show(city.tx, city.now, found.id, kind, str(subject), lane=Lane.SCHEDULED)
    same = (
        delivery.c.chat_id == found.id,
        delivery.c.kind == kind,
        delivery.c.state == State.QUEUED.value,
    )
    number = city.tx.execute(sa.select(sa.func.max(delivery.c.id)).where(*same)).scalar_one()
    return outbox.Delivery(number, found, kind, str(subject), is_repeat=False, posted=None)


def why_not(city: World, it: outbox.Delivery, after: dt.timedelta) -> str:
    """What is said instead, this long from now; '' where it is shown."""
    shown = PREPARE[it.kind](city.tx, city.now + after, it)
    return shown.reason if isinstance(shown, outbox.Drop) else SHOWN


@pytest.mark.parametrize(("kind", "subject", "name", "keeps", "reason"), LATE, ids=lambda it: str(it)[:20])
def test_it_leaves_up_to_its_last_moment_and_no_later(busy, kind, subject, name, keeps, reason) -> None:
    notice = busy.publish("county:DH")
    subject = subject.replace("unit", str(busy.ids["DH1"])).replace("n:", f"{notice}:")
    it = owe(busy, name, kind, notice if subject == "n" else subject)

    assert why_not(busy, it, keeps - SECOND) == SHOWN
    assert why_not(busy, it, keeps) == reason


def test_a_card_that_hangs_is_edited_however_late(busy) -> None:
    it = owe(busy, "group:1", "card", busy.publish("county:DH"))
    hanging = outbox.Delivery(it.id, it.chat, it.kind, it.subject, is_repeat=False, posted=7)

    assert why_not(busy, hanging, CLOSED + dt.timedelta(days=30)) == SHOWN


def test_a_reminder_is_of_its_half_day(busy) -> None:
    draft = publish.Draft(
        content_id="R01", title="放学", kind=rules.Kind.REMINDER, audience=audience.parse("county:DH"), text="注意安全",
        due_at=None, yes_words="", trouble_words="",
    )  # fmt: skip
    done = publish.publish(busy.tx, busy.now, draft, by="test")
    it = owe(busy, "group:1", "card", done.notice_id)

    assert why_not(busy, it, dt.timedelta(hours=12) - SECOND) == SHOWN
    assert why_not(busy, it, dt.timedelta(hours=12)) == UNTOLD


def test_a_reminder_an_officer_asked_for_keeps_two_hours_and_its_loss_is_told(busy) -> None:
    notice = busy.publish("county:DH")
    feng, wang = (people.by_user(busy.tx, user) for user in (8, 1))
    assert feng is not None
    assert wang is not None
    values = {"notice_id": notice, "contact_id": wang.contact_id, "asked_by": feng.actor, "at": busy.now}
    number = busy.tx.execute(model.chase.insert().values(values).returning(model.chase.c.id)).scalar_one()
    it = owe(busy, "user:1", "chase", number)

    assert why_not(busy, it, dt.timedelta(hours=2)) == UNTOLD
    assert why_not(busy, it, dt.timedelta(hours=2) - SECOND) == SHOWN


def test_a_line_is_asked_for_while_the_next_one_typed_is_that_line(busy) -> None:
    subject = f"{busy.publish('county:DH')}:{busy.ids['DH1']}"
    it = owe(busy, "user:1", "line", subject)
    questions.ask(busy.tx, busy.now, 1, answer.LINE_QUESTION, subject, for_=answer.LINE_WITHIN)

    assert why_not(busy, it, answer.LINE_WITHIN - SECOND) == SHOWN
    assert why_not(busy, it, answer.LINE_WITHIN) == TOO_LATE
    questions.ask(busy.tx, busy.now, 1, trouble.QUESTION, "1", for_=answer.LINE_WITHIN)
    assert why_not(busy, it, SECOND) == TOO_LATE


def test_who_is_told_in_private_that_his_account_has_moved_is_told_however_late(busy) -> None:
    it = owe(busy, "user:1", "say", "enrol.moved")

    assert why_not(busy, it, dt.timedelta(days=30)) == SHOWN


def test_a_trouble_is_told_however_late_and_asked_about_for_half_a_day(busy) -> None:
    notice = busy.publish("county:DH")
    busy.press(notice, 1, "trouble", unit="DH1")
    number = busy._trouble(notice, "DH1")
    late = dt.timedelta(hours=12)

    for kind, name in (("trouble", "user:1"), ("officer_trouble", "user:8")):
        assert why_not(busy, owe(busy, name, kind, number), CLOSED) == SHOWN
    it = owe(busy, "user:1", "trouble_reminder", number)
    assert why_not(busy, it, late - SECOND) == SHOWN
    assert why_not(busy, it, late) == TOO_LATE


def test_the_county_s_list_keeps_two_hours_after_due(busy) -> None:
    notice = busy.publish("county:DH")
    values = {
        "notice_id": notice, "row_code": "DH", "county_id": busy.ids["DH"], "missing": 3, "at": busy.now,
    }  # fmt: skip
    number = busy.tx.execute(
        model.escalation.insert().values(values).returning(model.escalation.c.id)
    ).scalar_one()
    it = owe(busy, "user:8", "escalation", number)

    assert why_not(busy, it, DUE_AFTER + dt.timedelta(hours=2) - SECOND) == SHOWN
    assert why_not(busy, it, DUE_AFTER + dt.timedelta(hours=2)) == TOO_LATE

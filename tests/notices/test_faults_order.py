"""What is committed counts, even where its instant is later than that of the verb that was kept waiting for it."""

import datetime as dt

import sqlalchemy as sa

from bot.delivery.model import posting
from bot.delivery.outbox import Drop
from bot.notices import answer, cards, chase, desk, model, queries
from bot.notices.answer import Said
from bot.notices.rules import Value
from tests.notices import world

WANG, LI, FENG = 1, 2, 9  # DH1's principal and deputy, the county's officer
A_MOMENT = dt.timedelta(milliseconds=40)  # between the instant a verb was given and the lock it waited for


def asked(city: world.World) -> int:
    for user, contact in ((WANG, "wang"), (LI, "li"), (FENG, "feng")):
        city.share_phone(user, contact)
    city.bind("group:0", "DH", FENG)
    return city.publish("county:DH")


def test_an_officer_who_waited_for_the_schools_own_answer_does_not_replace_it(city):
    notice = asked(city)
    city.press(notice, LI, "yes", unit="DH1")

    done = desk.on_behalf(
        city.tx, city.now - A_MOMENT, notice_id=notice, unit_ids=[city.ids["DH1"]], user_id=FENG, value=Value.TROUBLE
    )  # fmt: skip

    assert (done.done, done.skipped) == (0, 1)


def test_a_school_that_answered_while_it_was_being_excused_is_not_excused(city):
    notice = asked(city)
    city.press(notice, LI, "yes", unit="DH1")

    done = desk.excuse(
        city.tx, city.now - A_MOMENT, notice_id=notice, unit_ids=[city.ids["DH1"]], user_id=FENG, reason="closed"
    )  # fmt: skip

    assert (done.done, done.skipped) == (0, 1)


def test_two_presses_of_trouble_at_once_open_one_trouble(city):
    notice = asked(city)
    city.press(notice, LI, "trouble", unit="DH1")
    it = answer.Press(notice, 1, Value.TROUBLE, WANG, WANG, None, unit_id=city.ids["DH1"])

    outcome = answer.press(city.tx, city.now - A_MOMENT, it)

    assert outcome.said is Said.TROUBLE_ALREADY
    assert city.tx.execute(sa.select(sa.func.count()).select_from(model.trouble)).scalar() == 1


def test_a_reminder_that_waited_for_the_answer_is_not_claimed(city):
    notice = asked(city)
    chat_id = city.tx.execute(
        sa.select(model.asked.c.chat_id).where(model.asked.c.notice_id == notice)
    ).scalar()
    city.tx.execute(
        posting.insert().values(
            chat_id=chat_id, kind="card", subject=str(notice), address=city.addresses["group:0"],
            sent_at=city.now, shown_at=city.now,
        )
    )  # fmt: skip
    assert chase.request(city.tx, city.now, notice_id=notice, user_id=FENG).contacts
    chase_id = city.tx.execute(sa.select(model.chase.c.id).order_by(model.chase.c.id)).scalar()
    for unit in ("DH1", "DH3"):
        city.press(notice, WANG, "yes", unit=unit)

    assert chase.claim(city.tx, city.now - A_MOMENT, chase_id or 0, user_id=WANG) == Drop("answered")


def test_a_card_claimed_a_moment_before_tells_the_answer_all_the_same(city):
    notice = asked(city)
    city.press(notice, LI, "yes", unit="DH1")
    found = queries.notice(city.tx, notice)
    assert found is not None
    chat = cards.chats.find(city.tx, city.addresses["group:0"])
    assert chat is not None

    under = cards._under(city.tx, found, chat)

    assert sum(s.answered for s in under) == 1

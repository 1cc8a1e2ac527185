"""A card left behind, and the messages beside a card: one place asks, and nothing else is taken for a card."""

import sqlalchemy as sa

from bot.delivery import chats, claiming, outbox
from bot.delivery.message import OutgoingMessage, Verdict
from bot.delivery.model import delivery, posting
from bot.notices import answer, histories, queries
from bot.notices.rules import Value
from tests.notices import world

WANG, LI, ZHAO, FENG = 1, 2, 3, 9  # principals and a deputy of DH1, DH2's principal, the county's officer


def card(city: world.World, notice: int, chat_name: str, *, posted: int = 7) -> OutgoingMessage:
    chat = chats.find(city.tx, city.addresses[chat_name])
    assert chat is not None
    owed = outbox.Delivery(1, chat, "card", str(notice), is_repeat=False, posted=posted)
    message = world.PREPARE["card"](city.tx, city.now, owed)
    assert isinstance(message, OutgoingMessage)
    return message


def test_a_card_asks_no_more_once_its_units_are_asked_elsewhere(city):
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    city.deliver([Verdict.SENT])
    assert card(city, notice, f"user:{ZHAO}").rows

    city.bind("group:1", "DH2", ZHAO)

    left_behind = card(city, notice, f"user:{ZHAO}")
    assert left_behind.rows == ()
    assert "国庆假前安全课" in left_behind.html
    assert "请点一下" not in left_behind.html
    assert card(city, notice, "group:1").rows


def test_a_card_asks_again_when_its_units_come_back(city):
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    city.bind("group:1", "DH2", ZHAO)

    city.lose("group:1", chats.ChatState.GONE)

    assert card(city, notice, f"user:{ZHAO}").rows


def uncertain_card(city: world.World, notice: int, user: int) -> chats.Chat:
    """Its send was never answered, and neither was its one repetition."""
    chat = chats.find(city.tx, user)
    assert chat is not None
    city.deliver([Verdict.UNCERTAIN] * 4)
    city.now += claiming.GROUP_WINDOW
    city.deliver([Verdict.UNCERTAIN] * 4)
    return chat


def press(city: world.World, notice: int, user: int, message_id: int, unit: str = "") -> None:
    it = answer.Press(notice, 1, Value.YES, user, user, message_id, unit_id=city.ids.get(unit))
    answer.press(city.tx, city.now, it)


def message_of_card(city: world.World, chat: chats.Chat, notice: int) -> int | None:
    p = posting
    query = sa.select(p.c.message_id).where(p.c.kind == "card", p.c.subject == str(notice))
    found: int | None = city.tx.execute(query.where(p.c.chat_id == chat.id)).scalar()
    return found


def test_a_pressed_reminder_is_not_taken_for_a_card_of_which_nobody_knows(city):
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    chat = uncertain_card(city, notice, ZHAO)
    city.tx.execute(
        posting.insert().values(
            chat_id=chat.id, kind="chase", subject="1", address=ZHAO, message_id=55, sent_at=city.now, shown_at=city.now
        )
    )  # fmt: skip

    press(city, notice, ZHAO, 55, unit="DH2")

    assert message_of_card(city, chat, notice) is None


def test_a_pressed_line_of_a_list_is_not_taken_for_a_second_card(city):
    """[待办] was answered with a message that stands nowhere in our tables."""
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    chat = uncertain_card(city, notice, ZHAO)
    city.tx.execute(posting.update().where(posting.c.kind == "card").values(message_id=40))

    press(city, notice, ZHAO, 56, unit="DH2")

    deletions = sa.select(delivery.c.subject).where(
        delivery.c.kind == "delete", delivery.c.chat_id == chat.id
    )
    assert city.tx.execute(deletions).first() is None


def test_a_pressed_card_of_which_nobody_knew_is_known_from_then_on(city):
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    chat = uncertain_card(city, notice, ZHAO)

    press(city, notice, ZHAO, 41)

    assert message_of_card(city, chat, notice) == 41


def test_a_press_taken_back_later_was_not_yet_taken_back_then(city):
    city.share_phone(ZHAO, "zhao")
    notice = city.publish("county:DH")
    city.press(notice, ZHAO, "trouble", unit="DH2")
    then = city.now
    city.wait(5)
    city.withdraw(notice, ZHAO, "DH2")
    (status,) = [s for s in queries.statuses(city.tx, notice) if s.unit_id == city.ids["DH2"]]

    def withdrawn(until):
        return [said.withdrawn for said in histories.history(city.tx, status.assignment_id, until=until)]

    assert withdrawn(then) == [False]
    assert withdrawn(city.now) == [True]

"""更正 and 撤回 over many chats: where it came, where it is on its way, where it came to nothing, one by one."""

import datetime as dt
import random

import pytest
import sqlalchemy as sa

from bot import errors
from bot.delivery import outbox
from bot.delivery.chats import Chat, ChatId
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState, Lane, State, chat, chat_address, delivery, posting
from bot.delivery.outbox import Claimed, Delivery, Drop
from bot.notices import cards, chase, copies, model, publish, queries, recall, revise
from bot.notices.rules import Kind
from bot.roster import audience, people
from bot.summaries.handling import Handling
from tests.notices import world
from tests.notices.world import World

CHATS = 4_000
FIRST = 50_000  # Telegram's number of the first of them
LATER = world.MORNING + dt.timedelta(hours=1)
OFFICER = 10


@pytest.fixture
def sent(city: World) -> int:
    """A notice whose card hangs in 4,000 chats; its id."""
    city.share_phone(OFFICER, "chen")
    draft = publish.Draft(
        content_id="N", title="停水", kind=Kind.CONFIRM, audience=audience.parse("county:DH"), text="今天停水。",
        due_at=city.now + dt.timedelta(days=1), yes_words="知道了", trouble_words="有困难",
    )  # fmt: skip
    notice = publish.publish(city.tx, city.now, draft, by="contact:10").notice_id
    spread(city, notice)
    return notice


def spread(city: World, notice: int) -> None:
    numbers = range(FIRST, FIRST + CHATS)
    city.tx.execute(
        chat.insert(), [{"id": n, "kind": "group", "title": f"群{n}", "state_at": city.now} for n in numbers]
    )
    city.tx.execute(
        chat_address.insert(), [{"telegram_id": -n, "chat_id": n, "since": city.now} for n in numbers]
    )
    shown = {"kind": "card", "subject": str(notice)}
    city.tx.execute(posting.insert(), [
        {"chat_id": n, **shown, "address": -n, "message_id": n, "sent_at": city.now, "shown_at": city.now} for n in numbers
    ])  # fmt: skip
    city.tx.execute(delivery.insert(), [
        {"chat_id": n, **shown, "lane": 2, "state": "sent", "not_before": city.now, "enqueued_at": city.now,
         "settled_at": city.now} for n in numbers
    ])  # fmt: skip


def settled(city: World, fates: dict[int, tuple[State, str]]) -> None:
    """The sender's work of an hour: every chat's queued delivery ends like this, the others as sent."""
    d = delivery.c
    now = city.now + dt.timedelta(minutes=30)
    mine = (d.state == State.QUEUED.value, d.chat_id >= FIRST)
    for chat_id, (state, reason) in fates.items():
        end = {"state": state.value, "reason": reason, "settled_at": now}
        if state in (State.QUEUED, State.CALLING):
            end["settled_at"] = None
        city.tx.execute(delivery.update().where(*mine, d.chat_id == chat_id).values(end))
    others = d.chat_id.not_in(list(fates))
    city.tx.execute(delivery.update().where(*mine, others).values(state=State.SENT.value, settled_at=now))


def faults(seed: int) -> dict[int, tuple[State, str]]:
    """3 % of the chats, each with one of the ways in which a call comes to nothing."""
    ways = [
        (State.FAILED, "gone: Forbidden: bot was kicked from the group chat"), (State.FAILED, "muted: CHAT_WRITE_FORBIDDEN"),
        (State.DROPPED, "chat is blocked"), (State.FAILED, "refused: Bad Request"),
        (State.DROPPED, "sent for all we know; a press will show which message it is"),
    ]  # fmt: skip
    some = random.Random(seed).sample(range(FIRST, FIRST + CHATS), CHATS * 3 // 100)
    return {chat_id: ways[number % len(ways)] for number, chat_id in enumerate(some)}


def listed(city: World, notice: int, pages: int) -> list[str]:
    """The names on every page of the list."""
    person = people.by_user(city.tx, OFFICER)
    shown = [
        Handling(world.WORDS)
        .left(city.tx, city.now, person=person, notice_id=notice, page=page)
        .html.split("\n")[1:]
        for page in range(pages)
    ]
    return [line.split()[1].split(":")[0] for page in shown for line in page if line]


def test_a_correction_of_4000_cards_lists_exactly_those_it_did_not_reach(city, sent):
    city.now = LATER
    done = revise.revise(city.tx, city.now, sent, text="今天、明天停水。", by="contact:10")
    assert (done.version, done.asked_again, done.chats) == (2, (), CHATS)
    waiting = copies.count(city.tx, sent, (copies.CARD,), since=LATER)
    assert (waiting.total, waiting.done, waiting.waiting, waiting.failures) == (CHATS, 0, CHATS, ())

    wrong = faults(1)
    settled(city, wrong)

    count = copies.count(city.tx, sent, (copies.CARD,), since=LATER)
    assert {f.chat_id: f.reason for f in count.failures} == {n: reason for n, (_, reason) in wrong.items()}
    assert (count.total, count.done, count.waiting) == (CHATS, CHATS - len(wrong), 0)
    assert sorted(listed(city, sent, 15)) == sorted(f"群{n}" for n in wrong)


def test_a_recall_of_4000_cards_lists_exactly_those_that_still_hang(city, sent):
    city.now = LATER
    assert recall.recall(city.tx, city.now, sent, by="contact:10") == CHATS
    with pytest.raises(errors.Refused, match="已经撤回"):
        recall.recall(city.tx, city.now, sent, by="contact:10")

    wrong = faults(2)
    on_its_way = {n: (State.CALLING, "") for n in range(FIRST, FIRST + 40) if n not in wrong}
    settled(city, wrong | on_its_way)

    notice = queries.notice(city.tx, sent)
    assert notice is not None
    count = recall.count(city.tx, notice)
    assert {f.chat_id for f in count.failures} == set(wrong)
    assert (count.total, count.waiting) == (CHATS, len(on_its_way))
    assert count.done + count.waiting + len(count.failures) == count.total
    assert queries.table(city.tx, sent, now=city.now).total.expected == 3  # its table stays


# ── what a message of a recalled notice becomes ──────────────────────────────────────────────────


def claimed(city: World, notice: int, chat_id: int = FIRST) -> OutgoingMessage | Drop:
    """The words the queued delivery of this chat would be sent with."""
    where = Chat(ChatId(chat_id), -chat_id, "group", "群", ChatState.OK, None, is_pilot=False)  # type: ignore[arg-type]
    queued = city.tx.execute(
        sa.select(delivery.c.id).where(delivery.c.chat_id == chat_id, delivery.c.state == State.QUEUED.value)
    ).scalar_one()
    item = Delivery(queued, where, "card", str(notice), is_repeat=False, posted=chat_id)
    return cards.Cards(world.WORDS).card(city.tx, city.now, item)


def test_a_young_message_is_taken_away_and_an_old_one_is_marked(city, sent):
    city.now = world.MORNING + recall.DELETABLE_FOR - dt.timedelta(minutes=1)
    recall.recall(city.tx, city.now, sent, by="test")
    shown = claimed(city, sent)
    assert isinstance(shown, OutgoingMessage)
    assert (shown.delete, shown.edit_of) == (True, FIRST)

    city.now = world.MORNING + recall.DELETABLE_FOR
    shown = claimed(city, sent)
    assert isinstance(shown, OutgoingMessage)
    assert not shown.delete
    assert "【已撤回】停水" in shown.html
    assert shown.rows == ()


def test_what_telegram_will_not_take_away_is_marked_instead(city, sent):
    city.now = LATER
    recall.recall(city.tx, city.now, sent, by="test")
    shown = claimed(city, sent)
    mine = (delivery.c.chat_id == FIRST, delivery.c.state == State.QUEUED.value)
    end = {"state": State.DROPPED.value, "is_edit": True, "settled_at": city.now, "reason": "shown anew"}
    where = Chat(ChatId(FIRST), -FIRST, "group", "群", ChatState.OK, None, is_pilot=False)  # type: ignore[arg-type]
    item = Claimed(Delivery(1, where, "card", str(sent), is_repeat=False, posted=FIRST), shown, city.now)  # type: ignore[arg-type]
    city.tx.execute(delivery.update().where(*mine).values(end))
    recall.follow(city.tx, city.now, item, Outcome(Verdict.LOST))

    again = claimed(city, sent)
    assert isinstance(again, OutgoingMessage)
    assert not again.delete
    assert "【已撤回】" in again.html


def test_what_was_never_sent_is_dropped_and_a_chase_too(city, sent):
    city.now = LATER
    outbox.show(city.tx, city.now, ChatId(FIRST), "card", sent, lane=Lane.SCHEDULED)
    recall.recall(city.tx, city.now, sent, by="test")
    where = Chat(ChatId(FIRST), -FIRST, "group", "群", ChatState.OK, None, is_pilot=False)  # type: ignore[arg-type]
    never = Delivery(1, where, "card", str(sent), is_repeat=False, posted=None)
    assert cards.Cards(world.WORDS).card(city.tx, city.now, never) == Drop("recalled")
    owed = {"notice_id": sent, "contact_id": OFFICER, "asked_by": "timer", "at": LATER}
    (chase_id,) = city.tx.execute(model.chase.insert().values(owed).returning(model.chase.c.id)).one()
    assert chase.claim(city.tx, city.now, chase_id, user_id=OFFICER) == Drop("over")


@pytest.mark.parametrize("kind", ["choose", "chase", "overdue"])
def test_what_asks_for_a_notice_goes_with_it(city, sent, kind):
    """The list of several schools, the private reminder, the line at due: their buttons would do nothing any more."""
    owed = {"notice_id": sent, "contact_id": OFFICER, "asked_by": "timer", "at": city.now}
    (chase_id,) = city.tx.execute(model.chase.insert().values(owed).returning(model.chase.c.id)).one()
    subject = str(chase_id if kind == "chase" else sent)
    city.tx.execute(delivery.delete())
    city.tx.execute(posting.update().where(posting.c.chat_id == FIRST).values(kind=kind, subject=subject))
    shown = {"chat_id": FIRST, "kind": kind, "subject": subject}
    ended = {
        "lane": 2,
        "state": "sent",
        "not_before": city.now,
        "enqueued_at": city.now,
        "settled_at": city.now,
    }
    city.tx.execute(delivery.insert().values(shown | ended))

    city.now = LATER
    recall.recall(city.tx, city.now, sent, by="test")

    queued = (delivery.c.state == State.QUEUED.value, delivery.c.kind == kind, delivery.c.subject == subject)
    (number,) = city.tx.execute(sa.select(delivery.c.id).where(*queued)).one()
    where = Chat(ChatId(FIRST), -FIRST, "private", "", ChatState.OK, None, is_pilot=False)  # type: ignore[arg-type]
    it = Delivery(number, where, kind, subject, is_repeat=False, posted=FIRST)
    taken = world.PREPARE[kind](city.tx, city.now, it)
    assert isinstance(taken, OutgoingMessage)
    assert (taken.delete, taken.edit_of) == (True, FIRST)
    marked = world.PREPARE[kind](city.tx, world.MORNING + recall.DELETABLE_FOR, it)
    assert isinstance(marked, OutgoingMessage)
    assert "【已撤回】停水" in marked.html
    never = Delivery(number, where, kind, subject, is_repeat=False, posted=None)
    assert world.PREPARE[kind](city.tx, city.now, never) == Drop("recalled")

    settled(city, {FIRST: (State.FAILED, "gone: Forbidden")})
    notice = queries.notice(city.tx, sent)
    assert notice is not None
    assert [f.chat_id for f in recall.count(city.tx, notice).failures if f.chat_id == FIRST] == [FIRST]


def given(city: World, notice: int, version: int, chat_id: int, parts: int) -> None:
    """The full text of this version was read in this chat."""
    for part in range(parts):
        shown = {"chat_id": chat_id, "kind": "full", "subject": f"{notice}:{version}:{part}"}
        seen = {"address": -chat_id, "message_id": chat_id + part, "sent_at": city.now, "shown_at": city.now}
        city.tx.execute(posting.insert().values(shown | seen))


def full_texts(city: World, posted: int | None = 7) -> dict[str, OutgoingMessage | Drop]:
    """What the full texts that are to be shown anew say, by subject."""
    queued = (delivery.c.kind == "full", delivery.c.state == State.QUEUED.value)
    found = {}
    for number, chat_id, subject in city.tx.execute(
        sa.select(delivery.c.id, delivery.c.chat_id, delivery.c.subject).where(*queued)
    ).all():
        where = Chat(ChatId(chat_id), -chat_id, "private", "", ChatState.OK, None, is_pilot=False)  # type: ignore[arg-type]
        it = Delivery(number, where, "full", subject, is_repeat=False, posted=posted)
        found[subject] = world.PREPARE["full"](city.tx, city.now, it)
    return found


def test_a_full_text_that_was_given_says_that_it_was_corrected_and_where_the_new_one_is(city, sent):
    version = model.notice_version
    city.tx.execute(version.update().where(version.c.notice_id == sent).values(full_text="字" * 5000))
    given(city, sent, 1, FIRST, 2)
    city.now = LATER
    before = dict.fromkeys((f"{sent}:1:0", f"{sent}:1:1"))

    revise.revise(city.tx, city.now, sent, text="卡片改了。", full_text="字" * 5000, by="contact:10")
    assert full_texts(city) == {}

    city.now += dt.timedelta(minutes=1)
    done = revise.revise(city.tx, city.now, sent, text="卡片改了。", full_text="新的全文。", by="contact:10")
    assert done.chats == CHATS
    shown = full_texts(city)
    assert shown.keys() == before.keys()
    for message in shown.values():
        assert isinstance(message, OutgoingMessage)
        assert message.edit_of == 7
        assert "【更正】停水\n这份全文改过了,不要再看。新的请在卡片上点“📄 看全文”。" in message.html
    unread = full_texts(city, posted=None)  # asked for, and overtaken by the correction
    assert "改过了" in unread[f"{sent}:1:0"].html
    assert unread[f"{sent}:1:1"] == Drop("corrected")

    mine = (delivery.c.kind == "full", delivery.c.state == State.QUEUED.value)
    failed = {"state": State.FAILED.value, "reason": "blocked: Forbidden", "settled_at": city.now}
    city.tx.execute(delivery.update().where(*mine).values(failed))
    settled(city, {})
    assert listed(city, sent, 1) == [f"群{FIRST}"]


def test_a_full_text_that_was_taken_back_leads_to_the_card(city, sent):
    version = model.notice_version
    city.tx.execute(version.update().where(version.c.notice_id == sent).values(full_text="全文。"))
    given(city, sent, 1, FIRST, 1)
    city.now = LATER
    revise.revise(city.tx, city.now, sent, text="都在卡片上。", by="contact:10")
    assert full_texts(city)[f"{sent}:1:0"].html.rstrip().endswith("这份全文改过了,不要再看。请看卡片。")


def test_who_changed_it_and_when_is_kept(city, sent):
    city.now = LATER
    revise.revise(city.tx, city.now, sent, text="明天停水。", by="contact:10")
    recall.recall(city.tx, city.now, sent, by="contact:10")
    row = city.tx.execute(sa.select(model.notice).where(model.notice.c.id == sent)).one()
    assert (row.version, row.recalled_at, row.recalled_by) == (2, LATER, "contact:10")
    page = Handling(world.WORDS).page(
        city.tx, city.now, person=people.by_user(city.tx, OFFICER), notice_id=sent
    )
    assert "【已撤回】" in page.html
    assert "第 2 版" in page.html
    assert page.html.count("chen专员") == 3
    assert [line[-1] for line in page.html.split("\n")[1:4]] == ["发", "改", "回"]


@pytest.mark.parametrize("change", ["correct", "recall"])
def test_a_card_that_is_being_sent_at_that_instant_is_not_forgotten(city, sent, change):
    """It was rendered before: it will arrive with the old words."""
    city.now = LATER
    chat_id = ChatId(FIRST)
    city.tx.execute(posting.delete().where(posting.c.chat_id == FIRST))
    mine = (delivery.c.chat_id == FIRST, delivery.c.kind == "card")
    calling = {"state": State.CALLING.value, "called_at": LATER - dt.timedelta(seconds=1), "settled_at": None}
    city.tx.execute(delivery.update().where(*mine).values(calling))

    if change == "correct":
        assert revise.revise(city.tx, city.now, sent, text="明天停水。", by="test").chats == CHATS
        kinds: tuple[str, ...] = (copies.CARD,)
    else:
        assert recall.recall(city.tx, city.now, sent, by="test") == CHATS
        kinds = copies.SAYING_IT

    queued = sa.select(delivery.c.id).where(*mine, delivery.c.state == State.QUEUED.value)
    assert len(city.tx.execute(queued).all()) == 1
    count = copies.count(city.tx, sent, kinds, since=LATER)
    assert (count.total, count.waiting) == (CHATS, CHATS)
    arrived = {"chat_id": chat_id, "kind": "card", "subject": str(sent), "address": -FIRST, "message_id": 7}
    later = LATER + dt.timedelta(seconds=2)
    city.tx.execute(posting.insert().values(arrived | {"sent_at": later, "shown_at": later}))
    ended = delivery.update().where(*mine, delivery.c.state == State.CALLING.value)
    city.tx.execute(ended.values(state=State.SENT.value, settled_at=later))
    settled(city, {FIRST: (State.FAILED, "gone: kicked")})
    count = copies.count(city.tx, sent, kinds, since=LATER)
    assert (count.total, count.done, [f.chat_id for f in count.failures]) == (CHATS, CHATS - 1, [FIRST])


@pytest.mark.parametrize("change", ["correct", "recall"])
def test_what_is_only_queued_is_not_counted_and_comes_no_earlier(city, sent, change):
    tomorrow = LATER + dt.timedelta(days=1)
    city.tx.execute(posting.delete().where(posting.c.chat_id == FIRST))
    mine = (delivery.c.chat_id == FIRST, delivery.c.kind == "card")
    waiting = {"state": State.QUEUED.value, "settled_at": None, "not_before": tomorrow}
    city.tx.execute(delivery.update().where(*mine).values(waiting))

    if change == "correct":
        done = revise.revise(city.tx, LATER, sent, text="明天停水。", by="test").chats
    else:
        done = recall.recall(city.tx, LATER, sent, by="test")

    assert done == CHATS - 1
    assert city.tx.execute(sa.select(delivery.c.not_before).where(*mine)).scalars().all() == [tomorrow]


@pytest.mark.parametrize(("tried", "fate"), [
    ([], copies.Fate.FAILED), ([(State.FAILED, "gone"), (State.QUEUED, "")], copies.Fate.WAITING),
    ([(State.FAILED, "gone"), (State.SENT, "")], copies.Fate.DONE),
    ([(State.SENT, ""), (State.FAILED, "gone")], copies.Fate.FAILED),
    ([(State.DROPPED, "shown anew: message to edit not found"), (State.DROPPED, "recalled")], copies.Fate.DONE),
    ([(State.DROPPED, "shown anew: message can't be edited"), (State.DROPPED, "recalled")], copies.Fate.FAILED),
    ([(State.DROPPED, "shown anew: message to edit not found"), (State.FAILED, "muted")], copies.Fate.FAILED),
    ([(State.UNCERTAIN, "no answer")], copies.Fate.DONE),
])  # fmt: skip
def test_the_newest_try_decides_and_a_message_that_is_gone_is_gone(tried, fate):
    assert copies._fate(tried)[0] is fate

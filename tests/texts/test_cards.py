"""Cards made by the room that makes them, from real notices on a real database: six lines, 120 汉字, no more."""

import datetime as dt
import html
import itertools
import re
import zoneinfo
from collections.abc import Iterator

import pytest

from bot import errors
from bot.db import Database, Tx
from bot.delivery import chats
from bot.delivery.message import OutgoingMessage
from bot.delivery.outbox import Delivery
from bot.notices import answer, cards, model, publish, rewording
from bot.notices.publish import Draft
from bot.notices.rules import Kind, Value
from bot.plans import content
from bot.roster import audience, bindings, people
from bot.roster import model as roster
from bot.texts import Words
from tests.texts.samples import LONG
from tests.texts.test_texts import CONTENT, PRESSED

HAN = re.compile(r"[\u4e00-\u9fff]")
WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))
PERSON, OFFICER = 7_000_000_001, 7_000_000_002
GROUPS = {"shared": -1, "own": -2, "private": PERSON}
MANNERS = (("info", True), ("today", False), ("now", True))  # how loud, and whether a trial
LABELS = ("字" * 10, "有困难")
FULLEST = "安" * 20  # four lines of it are what `content` lets pass beside everything a card adds
TEXTS = {n: "\n".join([FULLEST] * n) for n in (1, 2, 3, 4)}


def found_city(tx: Tx, now: dt.datetime) -> None:
    """A city, a county with a shared group, a school with its own, one asked in private; nothing is sent."""
    for number, (name, kind, parent, county) in enumerate(
        (("云川市教育局", "city", None, None), ("大河县教育局", "county", 1, 2), (LONG, "school", 2, 2),
         ("银桥镇中学", "school", 2, 2), ("市第一中学", "school", 1, None), ("柳树小学", "school", 2, 2)), start=1,
    ):  # fmt: skip
        values = {"id": number, "code": f"U{number}", "name": name, "kind": kind, "parent_id": parent,
                  "county_id": county, "position": number, "armed_at": now,
                  "phone": "0310-0000000", "created_at": now}  # fmt: skip
        tx.execute(roster.unit.insert().values(values))
    tx.execute(roster.contact.insert().values(id=1, name="欧阳明远", created_at=now))
    people.give_post(tx, now, contact_id=1, unit_id=5, role=people.Role.PRINCIPAL)
    people.give_post(tx, now, contact_id=1, unit_id=3, role=people.Role.DEPUTY)
    tx.execute(roster.enrolment.insert().values(contact_id=1, user_id=PERSON, via="phone", since=now))
    for name, telegram_id in GROUPS.items():
        chat = chats.ensure(tx, now, telegram_id, kind="private" if name == "private" else "group")
        if name != "private":
            bindings.bind(tx, now, chat_id=chat.id, unit_id=2 if name == "shared" else 3, by=None)


def ask(
    tx: Tx, now: dt.datetime, kind: Kind, level: str, text: str, trial: bool, labels: tuple[str, str] = LABELS
) -> int:
    due = None if kind is Kind.REMINDER else now + dt.timedelta(days=1)
    items = tuple(publish.Item(f"{n}", "安" * 300) for n in range(1, 13)) if kind is Kind.DIRECTIVE else ()
    draft = Draft(
        "X", "安" * 30, kind, audience.parse("schools"), text, due, *labels, level=level, items=items
    )
    done = publish.publish(tx, now, draft, by="test")
    tx.execute(model.notice.update().where(model.notice.c.id == done.notice_id).values(is_trial=trial))
    return done.notice_id


def card(tx: Tx, now: dt.datetime, notice: int, where: str, *, repeat: bool) -> OutgoingMessage | None:
    chat = chats.find(tx, GROUPS[where])
    assert chat is not None
    delivery = Delivery(1, chat, "card", str(notice), repeat, None)
    made = cards.Cards(WORDS).card(tx, now, delivery)
    return made if isinstance(made, OutgoingMessage) else None


def assert_fits(made: OutgoingMessage) -> None:
    shown = html.unescape(made.html)
    assert len(shown.split("\n")) <= 6, shown
    assert len(HAN.findall(shown)) <= 120, shown
    words = " ".join(button.text for row in made.rows for button in row)
    for wanted in PRESSED.findall(shown):
        assert wanted in words, shown
    for button in itertools.chain(*made.rows):
        assert len((button.callback.encode() if button.callback else "").encode()) <= 64


@pytest.fixture
async def founded(sqlite_url: str) -> Database:
    at = dt.datetime(2026, 12, 30, 7, 0, tzinfo=dt.UTC)
    db = await Database.open(sqlite_url, clock=lambda: at)
    await db.transact(found_city)
    yield db
    await db.close()


def notes(kind: Kind) -> Iterator[tuple[str, str, bool, tuple[str, str]]]:
    """Level, text, whether a trial, buttons: every length that may be written, and what we ship of this kind."""
    texts = {
        n: text for n, text in TEXTS.items() if kind is not Kind.DIRECTIVE or n <= content.DIRECTIVE_LINES
    }
    for level, trial in MANNERS:
        filled = (
            "{school}、{unit} 值班 {duty_phone}"
            if kind is not Kind.DIRECTIVE
            else "{school} 值班 {duty_phone}"
        )
        for text in (*texts.values(), filled):
            yield level, text, trial, LABELS
    for entry in (e for path in CONTENT for e in content.read(path).entries if e.kind is kind):
        text = entry.text.replace("{holiday}", "国庆中秋")
        yield entry.level, text, True, (entry.yes_words, entry.trouble_words)


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_card_of_any_notice_fits_a_phone(founded: Database, kind: Kind) -> None:
    made = 0
    for level, text, trial, labels in notes(kind):
        notice = await founded.transact(ask, kind, level, text, trial, labels)
        for where, repeat in itertools.product(GROUPS, (True, False)):
            for later in (0, 2, 9):
                now = founded.now() + dt.timedelta(days=later)
                shown = await founded.read(card, now, notice, where, repeat=repeat)
                if shown is not None:
                    assert_fits(shown)
                    made += 1
    assert made > 100


async def test_a_card_fits_after_every_answer(founded: Database) -> None:
    notice = await founded.transact(ask, Kind.CONFIRM, "now", TEXTS[4], True)
    for value in (Value.YES, Value.TROUBLE):
        press = answer.Press(notice, 1, value, PERSON, PERSON, None, unit_id=3)
        await founded.transact(answer.press, press)
        for where in GROUPS:
            shown = await founded.read(card, founded.now(), notice, where, repeat=True)
            assert shown is not None
            assert_fits(shown)


def officer(tx: Tx, now: dt.datetime) -> None:
    tx.execute(roster.contact.insert().values(id=2, name="刘市安", created_at=now))
    people.give_post(tx, now, contact_id=2, unit_id=1, role=people.Role.CITY_OFFICER)
    tx.execute(roster.enrolment.insert().values(contact_id=2, user_id=OFFICER, via="phone", since=now))


def corrected(tx: Tx, now: dt.datetime, notice: int, text: str) -> None:
    """As the officer does it: asked for, typed, meant."""
    found = rewording.ask(tx, now, user_id=OFFICER, notice_id=notice, item=rewording.CARD)
    subject = rewording.subject(found, rewording.CARD)
    rewording.propose(tx, now, user_id=OFFICER, of=subject, text=text)
    rewording.confirm(tx, now, user_id=OFFICER, notice_id=notice, version=found.version)


@pytest.mark.parametrize("level", ["today", "now"])
@pytest.mark.parametrize(
    ("kind", "lines"), [(Kind.CONFIRM, 4), (Kind.REPORT, 4), (Kind.REMINDER, 4), (Kind.DIRECTIVE, 2)]
)
async def test_a_corrected_card_fits_a_phone_and_words_that_would_not_are_refused(
    founded: Database, kind: Kind, lines: int, level: str
) -> None:
    await founded.transact(officer)
    notice = await founded.transact(ask, kind, level, "请看。", True)
    for text in ("\n".join([FULLEST] * (lines + 1)), FULLEST * lines + "安"):
        with pytest.raises(errors.Refused, match=f"最多 {lines} 行、{lines * 20} 个汉字"):
            await founded.transact(corrected, notice, text)
    await founded.transact(corrected, notice, TEXTS[lines])
    for where, later in itertools.product(GROUPS, (0, 2)):
        now = founded.now() + dt.timedelta(days=later)
        shown = await founded.read(card, now, notice, where, repeat=False)
        if shown is not None:
            assert_fits(shown)
            assert "【更正】" in shown.html or "第 2 版" in shown.html or where == "private"


def test_the_same_words_fit_in_a_file_and_in_a_correction() -> None:
    assert (rewording.CARD_LINES, rewording.CARD_HAN) == (content.TEXT_LINES, content.TEXT_HAN)
    of_directives = (content.DIRECTIVE_LINES, content.DIRECTIVE_HAN)
    assert of_directives == (rewording.DIRECTIVE_LINES, rewording.DIRECTIVE_HAN)


def test_content_too_long_for_a_card_is_refused() -> None:
    assert content.TEXT_LINES == 4
    assert 4 * len(FULLEST) == content.TEXT_HAN
    assert (content.DIRECTIVE_LINES, 2 * len(FULLEST)) == (2, content.DIRECTIVE_HAN)

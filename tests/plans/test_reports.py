"""What administrators are told of the day's plans, when, how often; and what the pages behind it say."""

import asyncio
import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Database
from bot.delivery import chats, claiming, outbox, settling
from bot.delivery import model as delivery
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState, Lane
from bot.notices import asking, cards
from bot.plans import model, report_messages, reports, switching
from bot.plans.report_pages import ReportPages
from bot.plans.reports import Part
from bot.roster import bindings, messages
from bot.roster import model as roster
from tests.plans.test_days_off import DH_OFFICER, HEAD, hire
from tests.plans.town import ADMIN, BOT_ID, OFFICER, Town, at

GROUPS = {"DH": -1001, "SY": -1002, "SZ1": -1003}
RATE = 28.0
SENT = Outcome(Verdict.SENT, message_id=7)
GONE = Outcome(Verdict.GONE, detail="kicked")
UNCERTAIN = Outcome(Verdict.UNCERTAIN)
LATER = Outcome(Verdict.LATER, retry_after=dt.timedelta(hours=1))


@pytest.fixture
def city(town: Callable[[str], Town]) -> Callable[[str], Town]:
    """The town with a group in each county and one of a school, whose cards can all be sent."""

    def stands(when: str) -> Town:
        made = town(when)
        for code, telegram_id in GROUPS.items():
            chat = chats.ensure(made.tx, made.now, telegram_id, kind="group", title=f"{code}群")
            bindings.bind(made.tx, made.now, chat_id=chat.id, unit_id=made.ids[code], by=None)
        trail.note(made.tx, made.now, actor="timer", verb="backup", subject="x")
        return made

    return stands


def look(town: Town, when: str = "") -> Part | None:
    """The bot looks whether something is to be told."""
    if when:
        town.now = at(when)
    return reports.tell(town.tx, town.now, book=town.book)


def alarm(town: Town, when: str = "") -> list[str]:
    if when:
        town.now = at(when)
    return [one.plan_id for one in reports.alarm(town.tx, town.now, book=town.book, rate=RATE)]


def leave(town: Town, **outcomes: Outcome) -> dict[int, list[OutgoingMessage]]:
    """All that is due leaves, with these outcomes in these groups; private chat → the reports shown there."""
    by_chat = {GROUPS[code]: outcome for code, outcome in outcomes.items()}
    words = town.book.words
    prepare = cards.preparations(words) | messages.preparations(words)
    prepare |= report_messages.preparations(lambda: town.book)
    shown: dict[int, list[OutgoingMessage]] = {}
    for _ in range(20):
        claimed = claiming.claim(
            town.tx, town.now, prepare, owner="t", bot_id=BOT_ID, limit=9, group_rate=1200
        )
        if not claimed:
            break
        for item in claimed:
            to = item.delivery.chat.telegram_id
            if to > 0 and item.delivery.kind in (reports.DAY_KIND, reports.LATE_KIND):
                shown.setdefault(to, []).append(item.message)
            settling.begin_calls(town.tx, town.now, [item.delivery.id], owner="t")
            outcome = by_chat.get(to, SENT)
            settling.settle(town.tx, town.now, item, outcome)
            if outcome.verdict is Verdict.GONE:
                asking.chat_changed(town.tx, town.now, item.delivery.chat.id)
        town.now += dt.timedelta(seconds=2)
    return shown


def told(town: Town, user: int = ADMIN, **outcomes: Outcome) -> list[list[str]]:
    """The lines of each report this person comes to read."""
    return [message.html.split("\n") for message in leave(town, **outcomes).get(user, [])]


def pages(town: Town) -> ReportPages:
    return ReportPages(lambda: town.book)


def labels(message: OutgoingMessage) -> list[str]:
    for button in (button for row in message.rows for button in row):
        assert button.callback
        assert button.callback.encode()
    return [button.text for row in message.rows for button in row]


def fire_id(town: Town, plan_id: str = "P") -> int:
    query = sa.select(sa.func.max(model.fire.c.id)).where(model.fire.c.plan_id == plan_id)
    return int(town.tx.execute(query).scalar_one())


# ── the morning ──────────────────────────────────────────────────────────────────────────────────


def test_the_morning_says_what_is_to_come_once(city) -> None:
    town = city("2026-09-30 07:00")
    town.plan("A", trigger="every school day at 09:00")
    town.plan(
        "B", title="'{holiday}假前安全课'", kind="confirm", trigger="1 school day before holiday at 15:00"
    )
    town.plan("C", trigger="every school day at 10:00", audience="admins")
    town.plan("D", trigger="every school day at 11:00", enabled="false")
    town.plan("E", trigger="every friday from 06-01 to 12-31 at 11:00")
    town.day_off("2026-09-30", county="DH", tag="山区")
    town.tick()

    assert look(town, "2026-09-30 07:29:59") is None
    assert look(town, "2026-09-30 07:30") is Part.MORNING
    assert look(town) is None

    messages = leave(town)
    assert set(messages) == {ADMIN}
    (message,) = messages[ADMIN]
    assert message.html.split("\n") == [
        "【今天】9月30日(周三) 3 件",
        "09:00 标题A:4 个单位,不含今天停课 2 校",
        "10:00 标题C:管理员",
        "15:00 国庆假前安全课:4 个单位,不含今天停课 2 校",
    ]
    assert labels(message) == []
    assert told(town) == []


def test_a_morning_without_plans_and_faults_is_silent_and_stays_so(city) -> None:
    town = city("2026-10-03 07:00")
    town.plan()
    town.tick()

    assert look(town, "2026-10-03 07:30") is Part.MORNING
    town.plan("Q", trigger="2026-10-03 11:00")
    assert look(town, "2026-10-03 08:00") is None
    assert told(town) == []


def test_a_morning_without_plans_on_which_something_is_wrong(city) -> None:
    town = city("2026-10-02 05:00")
    town.plan()
    town.tick()

    look(town, "2026-10-03 07:30")  # the only backup is 26 hours and a half old

    assert told(town) == [
        ["【今天】10月3日(周六) 0 件", "今天没有要发的。", "── 要人处理 ──",
         "上次备份是 26 小时前,请定时运行 xiaoan backup 文件名"]
    ]  # fmt: skip


def test_a_screen_of_what_needs_hands_and_a_page_of_the_rest(city) -> None:
    town = city("2026-10-02 05:00")
    for number in range(8):
        chat = chats.ensure(town.tx, town.now, -2000 - number, kind="group", title=f"{number}群")
        bindings.bind(town.tx, town.now, chat_id=chat.id, unit_id=town.ids["DH"], by=None)
        chats.set_state(town.tx, town.now, chat.id, ChatState.GONE, "kicked")
    town.plan()
    look(town, "2026-10-03 07:30")

    (message,) = leave(town)[ADMIN]
    page = pages(town).hands(town.tx, town.now, ADMIN)

    assert len(message.html.split("\n")) == 3 + 6 + 1
    assert message.html.endswith("\n还有 3 条")
    assert labels(message) == ["要处理的 9 条"]
    assert labels(page) == ["◂", "1/2", "▸", "◂ 返回"]


@pytest.mark.parametrize(
    ("back_at", "says"), [("10:30", Part.MORNING), ("11:59", Part.MORNING), ("12:00", None), ("15:00", None)]
)
def test_three_hours_down_at_half_past_seven(city, back_at, says) -> None:
    town = city("2026-09-29 22:00")
    town.plan(trigger="every school day at 16:00")
    town.tick()

    town.tick(f"2026-09-30 {back_at}")

    assert look(town) is says
    assert len(told(town)) == (says is not None)


def test_quiet_hours_bind_it_and_a_clock_set_back_tells_nothing_twice(city) -> None:
    town = city("2026-09-30 07:00")
    (town.folder / "quiet.toml").write_text('hours = ["20:00-08:00"]', encoding="utf-8")
    town.plan(trigger="every school day at 16:00")
    town.tick()

    assert look(town, "2026-09-30 07:59") is None
    assert look(town, "2026-09-30 08:00") is Part.MORNING
    assert len(told(town)) == 1
    for when in ("07:30", "08:30", "09:00"):
        assert look(town, f"2026-09-30 {when}") is None
    assert told(town) == []


def test_what_cannot_leave_in_the_morning_is_left_out(city) -> None:
    town = city("2026-09-30 07:00")
    town.plan(trigger="every school day at 16:00")
    town.tick()
    look(town, "2026-09-30 07:30")

    town.now = at("2026-09-30 14:00")  # Telegram was away

    assert told(town) == []
    assert look(town) is None


# ── the evening ──────────────────────────────────────────────────────────────────────────────────


def evening(city: Callable[[str], Town], **outcomes: Outcome) -> Town:
    """A question at 09:00 and a reminder at 10:00 went out with these outcomes; it is half past six."""
    town = city("2026-09-30 08:00")
    for unit, user in (("SY1", 701), ("SY2", 702), ("GX1", 703)):
        hire(town.tx, town.now, town.ids, user, unit, "principal")
    town.plan("ASK", kind="confirm", trigger="every school day at 09:00")
    town.plan("TELL", trigger="every school day at 10:00")
    town.tick()
    for when in ("09:00", "10:00"):
        town.tick(f"2026-09-30 {when}")
        told(town, **outcomes)
    assert look(town, "2026-09-30 18:30") is Part.EVENING
    return town


def test_an_evening_on_which_all_went_well_is_one_line(city) -> None:
    town = evening(city)

    assert told(town) == [["今天 2 件,全部送到。"]]
    assert look(town) is None


def test_an_evening_tells_what_was_not_delivered_and_to_whom(city) -> None:
    town = evening(city, SY=GONE, SZ1=UNCERTAIN)

    (lines,) = told(town)

    # the county's question went on to its schools' people; a reminder has nowhere to go on to
    assert lines[:3] == [
        "【今天】9月30日(周三) 2 件",
        "09:00 标题ASK:6 个单位,送到 3 处,没送到 1 处,不确定 1 处",
        "10:00 标题TELL:6 个单位,送到 3 处,不确定 1 处",
    ]
    assert lines[3] == "── 要人处理 ──"
    assert any("SY群" in line for line in lines[4:])
    page = pages(town).fire(town.tx, town.now, ADMIN, fire_id(town, "ASK"))
    assert page.html.split("\n")[1:] == [
        "── 没收到或不确定 ──", "SY群:我已不在群里", "SZ1群:不知是否发到",
    ]  # fmt: skip
    assert labels(page) == ["这一次的汇总", "通知·更正·撤回", "◂ 返回"]
    reminded = pages(town).fire(town.tx, town.now, ADMIN, fire_id(town, "TELL"))
    assert labels(reminded) == [
        "通知·更正·撤回",
        "◂ 返回",
    ]  # it has no table, and can be recalled all the same


def test_the_chats_add_up_and_units_without_a_card_are_named(city) -> None:
    town = city("2026-09-30 08:00")
    town.tx.execute(roster.binding.delete().where(roster.binding.c.unit_id == town.ids["SY"]))
    hire(town.tx, town.now, town.ids, HEAD, "SY2", "principal")
    town.plan(kind="confirm", trigger="every school day at 09:00")
    town.tick()
    town.tick("2026-09-30 09:00")
    leave(town, SZ1=LATER)

    message = pages(town).today(town.tx, town.now, ADMIN)
    page = pages(town).fire(town.tx, town.now, ADMIN, fire_id(town))

    assert message.html.split("\n")[1] == ("09:00 标题P:6 个单位,送到 2 处,还在发 1 处,2 个单位没收到")
    assert labels(message) == ["09:00 标题P"]
    assert page.html.split("\n")[2:] == [
        "SZ1群:还在发", "SY1单位:没有群,也没人登记", "SZ1单位:还没收到",
    ]  # fmt: skip
    owed = town.tx.execute(
        sa.select(sa.func.count(delivery.delivery.c.chat_id.distinct())).where(
            delivery.delivery.c.kind == "card"
        )
    ).scalar_one()
    assert owed == 2 + 1


def test_what_was_left_out_and_what_waits_for_a_word_stand_in_it(city) -> None:
    town = city("2026-09-29 08:00")
    town.plan("ASK", kind="confirm", trigger="every school day at 09:00", due="+1h", late="0")
    town.plan("SNOW", trigger="every school day at 10:00", audience="unit:DH1", late="0")
    town.day_off("2026-09-30", county="DH", tag="山区")
    town.tick()
    town.tick("2026-09-30 17:00")
    look(town, "2026-09-30 18:30")

    (lines,) = told(town)

    assert lines[1] == "09:00 标题ASK:没发,等主办处室定"
    assert lines[2] == "10:00 标题SNOW:不发,今天停课 1 校"
    town.plan("OTHER", trigger="2026-10-01 09:00")
    later = pages(town).today(town.tx, at("2026-10-01 08:00"), ADMIN).html.split("\n")
    assert later[1:3] == [
        "09:00 标题OTHER:6 个单位", "9月30日(周三)09:00 标题ASK:没发,等主办处室定",
    ]  # fmt: skip


def test_an_evening_after_a_day_of_nothing_is_silent(city) -> None:
    town = city("2026-09-30 08:00")
    town.plan(trigger="every school day at 19:00")
    town.tick()

    assert look(town, "2026-09-30 18:30") is Part.EVENING

    assert told(town) == []


def test_a_plan_switched_on_after_its_time_is_not_owed_that_day(city) -> None:
    town = city("2026-09-30 08:00")
    town.plan(trigger="every school day at 09:00", enabled="false")
    town.tick()
    switching.switch(town.tx, at("2026-09-30 12:00"), "P", on=True, book=town.book, by="cli")

    message = pages(town).today(town.tx, at("2026-09-30 18:30"), ADMIN)

    assert message.html == "【今天】9月30日(周三) 0 件\n今天没有要发的。"


# ── late ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_nobody_attends_to_is_told_after_five_minutes_once(city) -> None:
    town = city("2026-09-30 14:00")
    town.plan(kind="confirm", owner="OFFICE")
    town.tick()

    assert alarm(town, "2026-09-30 15:04:59") == []
    assert alarm(town, "2026-09-30 15:05") == ["P"]
    assert alarm(town) == []

    messages = leave(town)
    assert set(messages) == {ADMIN, OFFICER}
    assert messages[ADMIN][0].html.split("\n") == [
        "【没按时】标题P", "应在今天15:00 发给 6 个单位", "到 15:05 还没发出,我每分钟再试。",
    ]  # fmt: skip
    town.tick("2026-09-30 15:20")
    assert alarm(town) == []
    assert "该发还没发" not in pages(town).today(town.tx, town.now, ADMIN).html


def test_what_went_out_late_by_itself_is_told_with_how_it_stands(city) -> None:
    town = city("2026-09-30 14:00")
    town.plan(late="2h")
    town.tick()
    town.tick("2026-09-30 15:40")  # the bot was away
    assert town.published() == ["2026-09-30 15:00"]

    assert alarm(town) == ["P"]

    (message,) = leave(town)[ADMIN]
    assert message.html.split("\n")[2].startswith("15:40 发出,到 15:40:送到 ")
    assert labels(message) == ["15:40 标题P"]


def test_what_is_put_to_its_owner_or_made_up_for_by_him_is_no_alarm(city) -> None:
    town = city("2026-09-30 14:00")
    town.plan(late="0", kind="confirm")
    town.tick()
    town.tick("2026-09-30 15:40")
    assert alarm(town) == []

    switching.decide(town.tx, town.now, fire_id(town), go=True, book=town.book, user_id=OFFICER)

    assert town.published() == ["2026-09-30 15:00"]
    assert alarm(town) == []


def test_cards_that_do_not_leave_are_told_when_their_number_explains_it_no_more(city) -> None:
    town = city("2026-09-30 14:00")
    town.plan()
    town.tick()
    town.tick("2026-09-30 15:00")
    leave(town, DH=LATER)

    assert alarm(town, "2026-09-30 15:05") == []  # six units take a fifth of a second
    assert alarm(town, "2026-09-30 15:05:01") == ["P"]
    assert alarm(town) == []
    (message,) = leave(town)[ADMIN]
    assert message.html.split("\n")[2] == "15:00 发出,到 15:05:送到 2 处,还在发 1 处"


def test_a_card_edited_or_owed_to_a_new_group_is_no_delay_of_its_plan(city) -> None:
    town = city("2026-09-30 14:00")
    town.plan(kind="confirm")
    town.tick()
    town.tick("2026-09-30 15:00")
    leave(town)
    town.now = at("2026-09-30 15:10")
    group = chats.ensure(town.tx, town.now, GROUPS["DH"], kind="group", title="")
    (notice,) = town.notices()
    outbox.show(town.tx, town.now, group.id, "card", notice.id, lane=Lane.REFRESH)
    assert outbox.owes(town.tx, at("2026-09-30 15:11"))
    town.now = at("2026-09-30 15:30")
    chat = chats.ensure(town.tx, town.now, -1009, kind="group", title="SY2群")
    bindings.bind(town.tx, town.now, chat_id=chat.id, unit_id=town.ids["SY2"], by=None)
    asking.groups_changed(town.tx, town.now, [town.ids["SY2"]])

    assert alarm(town) == []


@pytest.mark.parametrize(("category", "leaves_at"), [("routine", "13:50"), ("emergency", "12:30")])
def test_quiet_hours_bind_the_alarm_but_of_an_emergency(city, category, leaves_at) -> None:
    town = city("2026-09-30 12:00")
    town.plan(trigger="every school day at 12:10", category=category)
    town.tick()
    assert alarm(town, "2026-09-30 12:30") == ["P"]

    assert (ADMIN in leave(town)) == (leaves_at == "12:30")
    town.now = at("2026-09-30 13:50")
    assert (ADMIN in leave(town)) == (leaves_at == "13:50")


# ── who may look ─────────────────────────────────────────────────────────────────────────────────


def test_only_those_who_run_plans_may_look(city) -> None:
    town = evening(city, SY=GONE)
    hire(town.tx, town.now, town.ids, DH_OFFICER, "DH", "county_officer")
    number = fire_id(town, "ASK")
    for look_at in (
        lambda user: pages(town).today(town.tx, town.now, user),
        lambda user: pages(town).fire(town.tx, town.now, user, number),
        lambda user: pages(town).hands(town.tx, town.now, user),
    ):
        for user in (ADMIN, OFFICER):
            assert look_at(user).html
        for user in (DH_OFFICER, 701, 999):
            with pytest.raises(errors.NotAllowed):
                look_at(user)
    with pytest.raises(errors.Refused, match="没有这一次"):
        pages(town).fire(town.tx, town.now, ADMIN, 999)


def test_an_administrator_of_a_county_reads_no_names_of_another(city) -> None:
    town = city("2026-09-30 08:00")
    hire(town.tx, town.now, town.ids, DH_OFFICER, "DH", "admin")
    town.plan(kind="confirm", trigger="every school day at 09:00")
    town.tick()
    town.tick("2026-09-30 09:00")
    leave(town, SY=GONE)
    number = fire_id(town)

    page = pages(town).fire(town.tx, town.now, DH_OFFICER, number)
    needs = pages(town).hands(town.tx, town.now, DH_OFFICER)

    assert "没送到 1 处" in page.html
    assert "2 个单位没收到" in page.html
    assert page.html.endswith("没收到的不在您的范围。")
    assert "SY1单位:没有群,也没人登记" in pages(town).fire(town.tx, town.now, ADMIN, number).html
    assert needs.html == "【要人处理】\n没有要处理的。"


def test_more_than_a_screen_is_paged(city) -> None:
    town = city("2026-09-30 08:00")
    for number in range(9):
        town.plan(f"P{number}", trigger=f"every school day at 1{number}:00")

    first, last = (pages(town).today(town.tx, town.now, ADMIN, page) for page in (0, 99))

    assert len(first.html.split("\n")) == 1 + 8
    assert last.html.split("\n") == ["【今天】9月30日(周三) 9 件 2/2 页", "18:00 标题P8:6 个单位"]
    assert labels(last) == ["◂", "2/2", "▸"]


# ── two processes ────────────────────────────────────────────────────────────────────────────────


async def test_two_processes_tell_each_thing_once(db: Database, tmp_path) -> None:
    towns: list[Town] = []

    def begin(tx: sa.Connection, _: dt.datetime) -> None:
        town = Town(tx, tmp_path, at("2026-09-30 07:00"))
        town.plan(trigger="every school day at 07:20")
        town.tick()
        towns.append(town)

    await db.transact(begin)
    now, book = at("2026-09-30 07:30"), towns[0].book
    done = await asyncio.gather(
        *(db.transact(lambda tx, _: reports.tell(tx, now, book=book)) for _ in range(6)),
        *(db.transact(lambda tx, _: reports.alarm(tx, now, book=book, rate=RATE)) for _ in range(6)),
    )

    assert [one for one in done[:6] if one] == [Part.MORNING]
    assert sum(len(one) for one in done[6:]) == 1  # type: ignore[arg-type]
    query = sa.select(delivery.delivery.c.kind, delivery.delivery.c.chat_id)
    kinds = [row.kind for row in await db.read(lambda tx: tx.execute(query).all())]
    assert sorted(kinds) == ["day_report", "late_fire", "late_fire"]

"""要处理 as it is read: eight lines a page under what is to be done, counts that add up, each reader his own."""

from collections.abc import Callable

import pytest

from bot import errors
from bot.audit import trail
from bot.delivery import chats, outbox, stale
from bot.delivery.model import ChatState
from bot.plans import model, report_messages, reports
from bot.plans.report_pages import ReportPages
from bot.roster import bindings
from tests.plans.test_days_off import DH_OFFICER, hire
from tests.plans.town import ADMIN, OFFICER, Town, at


@pytest.fixture
def city(town: Callable[[str], Town]) -> Town:
    """The town on an ordinary morning, backed up in the night."""
    made = town("2026-09-30 08:00")
    trail.note(made.tx, made.now, actor="timer", verb="backup", subject="x")
    made.plan()
    return made


def lose(town: Town, unit: str, state: ChatState, count: int = 1) -> None:
    """As many groups of this unit do not take our messages any more."""
    for number in range(count):
        address = -town.ids[unit] * 1000 - number - 100 * list(ChatState).index(state)
        chat = chats.ensure(town.tx, town.now, address, kind="group", title=f"{unit}{number}群")
        bindings.bind(town.tx, town.now, chat_id=chat.id, unit_id=town.ids[unit], by=None)
        chats.set_state(town.tx, town.now, chat.id, state, "kicked")


def page(town: Town, user: int = ADMIN, number: int = 0) -> list[str]:
    return ReportPages(lambda: town.book).hands(town.tx, town.now, user, number).html.split("\n")


def test_the_lines_stand_under_what_is_to_be_done_and_add_up(city) -> None:
    lose(city, "DH", ChatState.GONE, 9)
    lose(city, "SY", ChatState.MUTED, 2)

    first, second, third = page(city), page(city, number=1), page(city, number=2)

    assert first[:3] == [
        "【要人处理】11 条 1/2 页", "── 请重新拉我进群:9 条 ──", "DH单位“DH0群”:我已不在群里,今天08:00起",
    ]  # fmt: skip
    assert len(first) == 2 + 8
    assert second == [
        "【要人处理】11 条 2/2 页",
        "── 请重新拉我进群:9 条 ──", "DH单位“DH8群”:我已不在群里,今天08:00起",
        "── 请群管理员允许我发言:2 条 ──",
        "SY单位“SY0群”:我在群里不能发言,今天08:00起", "SY单位“SY1群”:我在群里不能发言,今天08:00起",
    ]  # fmt: skip
    assert third == second


def test_a_county_s_administrator_reads_of_his_county_alone(city) -> None:
    hire(city.tx, city.now, city.ids, DH_OFFICER, "DH", "admin")
    lose(city, "DH", ChatState.GONE)
    lose(city, "SY", ChatState.MUTED)
    for user in (ADMIN, OFFICER):
        assert page(city, user)[0] == "【要人处理】2 条"

    assert page(city, DH_OFFICER) == [
        "【要人处理】1 条", "── 请重新拉我进群:1 条 ──", "DH单位“DH0群”:我已不在群里,今天08:00起",
    ]  # fmt: skip


def test_who_does_not_run_plans_reads_nothing(city) -> None:
    hire(city.tx, city.now, city.ids, DH_OFFICER, "DH", "county_officer")
    lose(city, "DH", ChatState.GONE)

    for user in (DH_OFFICER, 999):
        with pytest.raises(errors.NotAllowed):
            page(city, user)


def test_a_fault_of_the_files_and_an_old_backup_are_lines_too(city) -> None:
    assert page(city) == ["【要人处理】", "没有要处理的。"]
    city.now = at("2026-10-02 08:00")
    (city.folder / "reminders" / "Q.yaml").write_text("id: Q\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        city.reread()

    lines = page(city)

    assert lines[1] == "── 请改好文件:1 条 ──"
    assert lines[3:] == ["── 请管理员看一看:1 条 ──", "上次备份是 48 小时前,请定时运行 xiaoan backup 文件名"]


def test_that_something_was_late_is_no_news_a_day_after(city) -> None:
    values = {
        "plan_id": "P", "planned_at": city.now, "due_at": city.now, "units": 6, "at": city.now,
    }  # fmt: skip
    late_id = city.tx.execute(
        model.late_fire.insert().values(values).returning(model.late_fire.c.id)
    ).scalar_one()
    chat = chats.find(city.tx, ADMIN)
    assert chat is not None
    it = outbox.Delivery(1, chat, reports.LATE_KIND, str(late_id), is_repeat=False, posted=None)
    said = report_messages.Reported(lambda: city.book).late

    assert not isinstance(said(city.tx, at("2026-10-01 08:00"), it), outbox.Drop)
    assert said(city.tx, at("2026-10-01 08:01"), it) == stale.TOO_LATE

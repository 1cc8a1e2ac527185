"""What plans and the school calendar look like in chat, for whom, and what stands on their buttons."""

import pathlib
import shutil

import pytest

from bot import errors
from bot.composing.rules import Rules
from bot.delivery.message import OutgoingMessage
from bot.notices import queries
from bot.plans import days_off, place, switching
from bot.plans.days_off import Target
from bot.plans.pages import PlanPages
from bot.plans.school_days import SchoolDays
from bot.roster import model as roster
from bot.roster import people
from tests.plans.test_days_off import DH_OFFICER, HEAD, LEADER, SY_OFFICER, staff
from tests.plans.town import ADMIN, OFFICER, SHANGHAI, Town, at, day

CONFIG = pathlib.Path(__file__).parents[2] / "config"


@pytest.fixture
def eve(town) -> Town:
    """The day before the eve of 国庆 2026."""
    made = town("2026-09-29 10:00")
    staff(made.tx, made.now, made.ids)
    return made


def plans(town: Town) -> PlanPages:
    return PlanPages(lambda: town.book)


def days(town: Town) -> SchoolDays:
    return SchoolDays(lambda: town.book)


def labels(message: OutgoingMessage) -> list[str]:
    """What stands on its buttons; each fits Telegram."""
    buttons = [button for row in message.rows for button in row]
    for button in buttons:
        assert button.callback is not None
        assert button.callback.encode()
    return [button.text for button in buttons]


def leads_to(message: OutgoingMessage, label: str) -> str:
    """What the button says when it is pressed."""
    (found,) = [b.callback for row in message.rows for b in row if b.text == label]
    assert found is not None
    return found.encode()


def one(town: Town, plan_id: str = "P", user: int = OFFICER) -> OutgoingMessage:
    return plans(town).one(town.tx, town.now, user, place.key(plan_id))


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


def test_the_list_says_what_is_on_and_when_each_comes_next(eve) -> None:
    eve.plan(
        "A", title="'{holiday}假前安全课'", trigger="1 school day before holiday at 09:00", enabled="false"
    )
    eve.plan("B", kind="confirm", trigger="12-31 or previous school day at 09:00")
    eve.plan("C", trigger="manual")
    eve.plan("D", trigger="2026-01-01 09:00")

    message = plans(eve).all(eve.tx, eve.now, LEADER)

    assert message.html == "【计划】共 4 个,开着 3 个\n点一个,看它说什么、什么时候发。"
    assert labels(message) == [
        "⏸ 提醒:假前安全课 9月30日(周三)", "🟢 标题B 12月31日(周四)(暂定)", "🟢 提醒:标题C 由人发",
        "🟢 提醒:标题D 不会再发", "今后 30 天",
    ]  # fmt: skip


def test_eight_plans_a_page_and_every_button_fits_whatever_the_id(eve) -> None:
    for number in range(9):
        eve.plan(f"{'编' * 62}{number:02}", title="标题")

    first, last = (plans(eve).all(eve.tx, eve.now, OFFICER, page) for page in (0, 99))

    assert len(labels(first)) == 8 + 3 + 1
    assert "2/2 页" in last.html
    assert len(labels(last)) == 1 + 3 + 1


# ── one plan ─────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_is_shown_as_schools_will_see_it_next_time(eve) -> None:
    eve.plan(
        title="'{holiday}假前安全课'", kind="confirm", trigger="1 school day before holiday at 15:00",
        text="'{school}{holiday}假前安全课上完了吗?{date}'", yes="已上完", owner="OFFICE",
    )  # fmt: skip

    message = one(eve, user=DH_OFFICER)

    assert message.html.split("\n") == [
        "🟢 开着 国庆假前安全课",
        "── 看到的卡片 ──",
        "【请点一下·今天17:00前】",
        "DH1单位国庆假前安全课上完了吗?9月30日(周三)",
        "[✅ 已上完] [⚠️ 有困难]",
        "── 怎么发 ──",
        "什么时候:假前1个上学日 15:00",
        "发给:各校,现在 6 个单位",
        "截止:当天 17:00",
        "催报:截止前私聊提醒,名单给县局",
        "主办:OFFICE单位",
        "接下来:",
        " 9月30日(周三)15:00",
        " 12月31日(周四)15:00(暂定)",
        " 2月4日(周四)15:00(暂定)",
        "还没发过",
    ]
    assert labels(message) == ["今后 30 天", "◂ 返回"]
    assert "SY1单位国庆" in one(eve, user=SY_OFFICER).html


def test_the_switch_says_who_used_it_and_offers_the_other_way(eve) -> None:
    eve.plan()
    eve.tick()
    assert "按配置文件 9月29日(周二)10:00 启用" in one(eve).html
    contact = days_off.officer(eve.tx, OFFICER)

    eve.now = at("2026-09-29 14:10")
    switching.switch(eve.tx, eve.now, "P", on=False, book=eve.book, by=contact.actor)

    assert one(eve).html.startswith("⏸ 停着 标题P\n刘专员 9月29日(周二)14:10 暂停\n")
    assert labels(one(eve)) == ["🟢 启用", "现在发", "今后 30 天", "◂ 返回"]
    assert labels(one(eve, user=DH_OFFICER)) == ["今后 30 天", "◂ 返回"]
    switching.switch(eve.tx, eve.now, "P", on=True, book=eve.book, by="cli")
    assert "服务器管理员 9月29日(周二)14:10 启用" in one(eve).html
    assert labels(one(eve))[0] == "⏸ 暂停"


def test_a_plan_that_has_asked_leads_to_its_newest_table(eve) -> None:
    eve.plan(kind="confirm")
    eve.plan("R")
    for plan_id in ("P", "R"):
        switching.run(eve.tx, eve.now, plan_id, book=eve.book, by="cli")

    assert "上次:9月29日(周二)10:00" in one(eve).html
    assert leads_to(one(eve), "上次的汇总").startswith("v1:1:0:page:")
    assert "上次的汇总" not in labels(one(eve, "R"))


def test_a_plan_that_cannot_be_worked_out_says_why(town) -> None:
    within = town("2026-10-03 10:00")
    within.plan(kind="confirm", trigger="manual", due="this week's last school day at 17:00")

    assert "── 看到的卡片 ──\n现在排不出来:due “this week" in one(within).html
    with pytest.raises(errors.Refused, match="没有这一天"):
        plans(within).ask(within.tx, within.now, place.key("P"), 0)
    with pytest.raises(errors.Refused, match="没有这个计划"):
        one(within, "GONE")


@pytest.mark.parametrize("user", [HEAD, 999])
def test_schools_and_strangers_see_neither_plans_nor_calendar(eve, user) -> None:
    eve.plan()
    for page in (
        lambda: plans(eve).all(eve.tx, eve.now, user),
        lambda: one(eve, user=user),
        lambda: plans(eve).ahead(eve.tx, eve.now, user, place.ALL, 0, 0),
        lambda: days(eve).page(eve.tx, eve.now, user),
        lambda: days(eve).choose(eve.tx, eve.now, user, day=day("2026-09-29"), county_id=None, page=0),
    ):
        with pytest.raises(errors.NotAllowed, match="您不能看"):
            page()


# ── sending at once ──────────────────────────────────────────────────────────────────────────────


def test_the_number_told_is_the_number_sent_to_or_nothing_is_sent(eve) -> None:
    eve.plan(kind="confirm", audience="schools or colleges or counties", trigger="manual", due="+2h")
    close = Target(day("2026-09-29"), eve.ids["DH"], "山区")
    days_off.close(eve.tx, eve.now, close, user_id=DH_OFFICER, zone=SHANGHAI)

    message = plans(eve).ask(eve.tx, eve.now, place.key("P"), 0)

    assert message.html == "标题P\n将发给 9 个单位,现在发?\n其中 2 校今天停课,也会收到。"
    assert leads_to(message, "发送").endswith(":0:9")
    run = {"book": eve.book, "by": "cli"}
    with pytest.raises(errors.Refused, match="现在是 9 个"), eve.tx.begin_nested():
        switching.run(eve.tx, eve.now, "P", units_told=8, **run)
    assert eve.notices() == []
    (fired,) = switching.run(eve.tx, eve.now, "P", units_told=9, **run)
    assert fired.units == 9
    with pytest.raises(errors.Refused, match="10:00 刚发过"):
        switching.run(eve.tx, eve.now, "P", units_told=9, **run)


def test_a_trial_says_that_no_school_will_see_it(town) -> None:
    trial = town("2026-09-29 10:00")
    trial.plan()
    trial.tx.execute(roster.unit.update().values(armed_at=None))

    message = plans(trial).ask(trial.tx, trial.now, place.key("P"), 0)

    assert message.html == "标题P\n将发给 6 个单位,现在发?\n还在试运行:只到管理员和试点群。"


@pytest.mark.parametrize(("to", "level", "rules", "why"), [
    ("schools", "today", Rules(), switching.WIDE), ("schools", "today", Rules(city_needs_two=False), ""),
    ("schools and county:DH", "today", Rules(), ""), ("schools and county:DH", "now", Rules(), switching.URGENT),
    ("schools and county:DH", "now", Rules(now_needs_two=False), ""), ("counties", "today", Rules(), switching.WIDE),
    ("schools and unit:SZ1", "today", Rules(), ""), ("admins", "now", Rules(), ""),
])  # fmt: skip
def test_at_once_goes_alone_only_what_needs_no_second_officer(eve, to, level, rules, why) -> None:
    eve.plan(audience=to, level=level, trigger="manual")
    officer = people.by_user(eve.tx, OFFICER)
    it = {"person": officer, "book": eve.book, "rules": rules}
    if not why:
        return switching.sends_alone(eve.tx, eve.now, "P", **it)
    with pytest.raises(errors.Refused, match=why):
        switching.sends_alone(eve.tx, eve.now, "P", **it)


def test_who_only_switches_plans_sends_none_to_schools(eve) -> None:
    eve.plan(audience="schools and county:DH", trigger="manual")
    eve.plan("A", audience="admins", trigger="manual")
    it = {"person": people.by_user(eve.tx, ADMIN), "book": eve.book, "rules": Rules(city_needs_two=False)}
    with pytest.raises(errors.NotAllowed, match="您不能发通知"):
        switching.sends_alone(eve.tx, eve.now, "P", **it)
    switching.sends_alone(eve.tx, eve.now, "A", **it)
    assert labels(one(eve, user=ADMIN)) == ["⏸ 暂停", "◂ 返回"]
    assert labels(one(eve, "A", user=ADMIN)) == ["⏸ 暂停", "现在发", "◂ 返回"]


# ── the days ahead ───────────────────────────────────────────────────────────────────────────────


def ahead(town: Town, key: str, page: int = 0) -> list[str]:
    return plans(town).ahead(town.tx, town.now, LEADER, key, 0, page).html.split("\n")


def test_the_days_ahead_say_for_each_day_left_out_why(eve) -> None:
    eve.plan(enabled="false")
    close = Target(day("2026-09-30"), eve.ids["DH"], "山区")
    days_off.close(eve.tx, eve.now, close, user_id=DH_OFFICER, zone=SHANGHAI)

    assert ahead(eve, place.key("P"))[:7] == [
        "【今后 30 天】标题P 1/3 页",
        "现在停着,启用后会这样发:",
        "9月29日(周二)15:00 6 个单位",
        "9月30日(周三)15:00 4 个单位",
        "✕ 9月30日(周三)不发:今天停课",
        "✕ 10月1日(周四)到10月7日(周三),5 次不发:国庆",
        "10月8日(周四)15:00 6 个单位",
    ]
    assert ahead(eve, place.ALL) == ["【今后 30 天】开着的计划", "这些天没有要发的。"]


def test_the_days_ahead_of_all_plans_name_each_and_leave_out_the_paused(eve) -> None:
    eve.plan("A", trigger="2026-09-30 09:00")
    eve.plan("B", trigger="10-02 at 09:00", enabled="false")
    eve.plan("C", trigger="every holiday day at 16:00", audience="counties")

    lines = ahead(eve, place.ALL)

    assert lines[1:3] == ["9月30日(周三)09:00 6 个单位,标题A", "10月1日(周四)16:00 2 个单位,标题C"]
    assert not [line for line in lines if "标题B" in line]


# ── the school calendar ──────────────────────────────────────────────────────────────────────────


def calendar(town: Town, user: int = OFFICER) -> OutgoingMessage:
    return days(town).page(town.tx, town.now, user)


@pytest.mark.parametrize(
    ("when", "user", "says"),
    [
        ("2026-09-29 10:00", OFFICER,
         ["各校:上学", "各校:国庆 10月1日(周四)到10月7日(周三),最后上学 9月30日(周三),10月8日(周四)返校"]),
        ("2026-09-20 10:00", OFFICER, ["各校:上学(补班)"]),
        ("2026-10-03 10:00", OFFICER, ["各校:不上学,国庆", "各校:正在放国庆到10月7日(周三),10月8日(周四)返校"]),
        ("2026-09-19 10:00", OFFICER, ["各校:不上学,周末"]),
        ("2026-11-09 10:00", OFFICER, ["今天是全国消防日"]),
        ("2026-02-05 10:00", OFFICER, ["高中、高校:上学", "幼儿园、小学、初中:不上学,寒假"]),
        ("2026-02-05 10:00", SY_OFFICER, ["各校:不上学,寒假"]),
        ("2026-06-08 10:00", OFFICER, ["高中:上学,高考,不急的通知不发", "各校:暑假 7月5日(周日)起(暂定),9月1日(周二)开学(暂定)"]),
        ("2027-01-04 10:00", OFFICER, ["各校:上学(暂定)"]),
    ],
)  # fmt: skip
def test_the_calendar_says_what_today_is_and_what_comes(town, when, user, says) -> None:
    made = town(when)
    staff(made.tx, made.now, made.ids)
    made.plan()

    lines = calendar(made, user).html.split("\n")

    missing = [line for line in says if line not in lines and not line.endswith("开学(暂定)")]
    assert missing == [], lines
    terms = [line for line in says if line.endswith("开学(暂定)")]
    assert all(any(term.partition(":")[2] in line for line in lines) for term in terms), lines


def test_days_off_stand_under_the_calendar_and_are_taken_back_by_right(eve) -> None:
    eve.plan()
    zone = {"zone": SHANGHAI}
    dh, sy = eve.ids["DH"], eve.ids["SY"]
    days_off.close(eve.tx, eve.now, Target(day("2026-09-29"), dh, "山区"), user_id=DH_OFFICER, **zone)
    days_off.close(eve.tx, eve.now, Target(day("2026-09-30"), sy), user_id=SY_OFFICER, **zone)
    days_off.close(eve.tx, eve.now, Target(day("2026-09-30"), None), user_id=OFFICER, **zone)

    city, county, leader = (calendar(eve, user) for user in (OFFICER, DH_OFFICER, LEADER))

    assert city.html.split("── 停课 ──\n")[1].split("\n") == [
        "1 DH单位 山区 2 校今天停课,孙专员 10:00 登记",
        "2 SY单位 2 校明天停课,孙专员 10:00 登记",
        "3 全市 7 校明天停课,刘专员 10:00 登记",
    ]
    assert labels(city) == ["撤销 1", "撤销 2", "撤销 3", "今天停课", "明天停课"]
    assert "2 全市 7 校明天停课" in county.html
    assert "SY" not in county.html
    assert labels(county) == ["撤销 1", "今天停课", "明天停课"]
    assert labels(leader) == []


def test_an_officer_chooses_among_his_own_schools(eve) -> None:
    eve.plan()
    today = {"day": day("2026-09-29"), "page": 0}

    def choose(user: int, county: str = "") -> list[str]:
        county_id = eve.ids[county] if county else None
        return labels(days(eve).choose(eve.tx, eve.now, user, county_id=county_id, **today))

    assert choose(DH_OFFICER) == choose(DH_OFFICER, "DH") == ["全县 3 校", "山区 2 校", "◂ 返回"]
    assert choose(SY_OFFICER) == ["全县 2 校", "◂ 返回"]
    assert choose(OFFICER) == ["全市 7 校", "山区 2 校", "DH单位 3 校", "SY单位 2 校", "◂ 返回"]
    assert choose(OFFICER, "DH") == ["全县 3 校", "山区 2 校", "◂ 返回"]
    for user, county in ((DH_OFFICER, "SY"), (LEADER, "DH")):
        with pytest.raises(errors.NotAllowed):
            choose(user, county)
    with pytest.raises(errors.Refused):
        days(eve).choose(eve.tx, eve.now, OFFICER, county_id=eve.ids["DH1"], **today)


def test_the_question_says_exactly_what_will_happen(eve) -> None:
    eve.plan(kind="confirm")
    eve.plan("Q", kind="confirm", audience="tag:山区")
    for plan_id in ("P", "Q"):
        switching.run(eve.tx, eve.now, plan_id, book=eve.book, by="cli")
    key = place.key("山区")
    target = days(eve).target(eve.tx, day=day("2026-09-29"), county_id=eve.ids["DH"], key=key)

    message = days(eve).ask(eve.tx, eve.now, DH_OFFICER, target)

    assert message.html.split("\n") == [
        "DH单位 山区 2 校今天停课:",
        "今天按计划发的常规通知不发给这些学校。",
        "今天截止、还没报的 2 件(4 校次)记为免报,不再催。",
        "紧急通知照发。",
    ]
    assert labels(message) == ["确定", "◂ 返回"]
    with pytest.raises(errors.Refused, match="没有这样的学校"):
        days(eve).target(eve.tx, day=day("2026-09-29"), county_id=eve.ids["SY"], key=key)


def test_a_directive_is_shown_as_its_card_with_its_items(eve) -> None:
    """Those that ship, from the folder they ship in."""
    shutil.copytree(CONFIG / "directives", eve.folder / "directives")
    eve.reread()
    shown = one(eve, "D3c").html

    assert "【请逐项反馈·" in shown
    assert "共 4 项" in shown
    assert " 3.4 会议要求转达到辖区每所学校(办公室)" in shown
    assert "[👌 已知悉] [📝 逐项反馈]" in shown
    sent = switching.run(eve.tx, eve.now, "D3c", book=eve.book, by="test")
    notice = queries.notice(eve.tx, sent[0].notice_id or 0)
    assert notice is not None
    assert [(it.key, it.asks) for it in queries.standing(eve.tx, notice.id)] == [
        ("3.2", ""), ("3.3", ""), ("3.4", "schools"), ("3.5", ""),
    ]  # fmt: skip

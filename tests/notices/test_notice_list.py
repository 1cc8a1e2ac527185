"""Every notice can be found again: the list pages, keeps to the reader's area, and leads to a table or to a page."""

import datetime as dt

import pytest

from bot.delivery.message import Callback, OutgoingMessage
from bot.notices import publish, queries, recall, rules
from bot.roster import access, audience, people
from bot.summaries import notice_list
from bot.summaries.handling import Handling
from bot.summaries.notice_list import NoticeList
from bot.summaries.place import Page
from tests.notices import world
from tests.notices.world import World

CITY, COUNTY, HEAD = 10, 11, 1  # Telegram's numbers of chen, feng, wang
LIST = NoticeList(world.WORDS)


@pytest.fixture(autouse=True)
def enrolled(city: World) -> None:
    for user, contact in ((CITY, "chen"), (COUNTY, "feng"), (HEAD, "wang")):
        city.share_phone(user, contact)


def shown(city: World, user: int, page: int = 0, around: int = 0) -> OutgoingMessage:
    return LIST.page(city.tx, person=people.by_user(city.tx, user), page=page, around=around)


def door(message: OutgoingMessage, label: str) -> Callback:
    (found,) = [b.callback for row in message.rows for b in row if b.text == label]
    assert found is not None
    return found


def remind(city: World, meant: str, title: str, by: str = "contact:10") -> int:
    draft = publish.Draft(
        content_id="R03a", title=title, kind=rules.Kind.REMINDER, audience=audience.parse(meant), text="请关好门窗。",
        due_at=None, yes_words="", trouble_words="",
    )  # fmt: skip
    return publish.publish(city.tx, city.now, draft, by=by).notice_id


def many(city: World, count: int, meant: str = "schools and not county:HD") -> list[int]:
    made = []
    for _ in range(count):
        made.append(city.publish(meant))
        city.wait(1)
    return made


def test_the_oldest_ask_is_reached_page_by_page(city: World) -> None:
    made = many(city, 19)
    first = shown(city, CITY)
    assert first.html.startswith(
        "【全部通知】19 条 1/3 页\n1 国庆假前安全课\n 9月30日(周三)09:18 test发·点一下\n2 "
    )
    assert door(first, "1") == Page(made[-1]).callback()
    assert notice_list.page_of(door(first, "◂")) == 2
    last = shown(city, CITY, 2)
    assert door(last, "19") == Page(made[0]).callback()
    assert shown(city, CITY, 99).html == last.html
    assert shown(city, CITY, around=made[0]).html == last.html


def test_a_reminder_and_what_was_recalled_stand_in_it(city: World) -> None:
    reminder = remind(city, "county:DH", "放学提醒", by="plan:R03a")
    city.wait(1)
    asked = city.publish("county:DH")
    recall.recall(city.tx, city.now, asked, by="contact:10")
    page = shown(city, CITY)
    assert "1 (已撤回)国庆假前安全课\n" in page.html
    assert "2 放学提醒\n 9月30日(周三)09:00 计划发·不用回\n" in page.html
    assert door(page, "2") == Callback(notice_list.OPEN, reminder)
    back = Handling(world.WORDS).page(
        city.tx, city.now, person=people.by_user(city.tx, CITY), notice_id=reminder
    )
    assert "9月30日(周三)09:00 计划“放学提醒”发" in back.html
    assert door(back, "全部通知") == Callback(notice_list.LIST, reminder, 0, ("0",))
    labels = [b.text for row in back.rows for b in row]
    assert {"✏️ 更正", "↩️ 撤回"} <= set(labels)


def test_a_county_reads_of_its_own_schools_alone_and_a_school_of_nothing(city: World) -> None:
    remind(city, "county:HD", "别县的提醒")
    city.wait(1)
    mine = remind(city, "county:DH", "放学提醒", by="cli")
    page = shown(city, COUNTY)
    assert page.html.startswith("【全部通知】1 条\n1 放学提醒\n")
    assert "服务器管理员发·不用回" in page.html
    assert door(page, "1").notice == mine
    assert shown(city, HEAD).html.startswith("您不能看汇总。")
    assert LIST.page(city.tx, person=None).html.startswith("您不能看汇总。")


def test_the_newest_that_can_be_answered_is_found_behind_many_that_are_over(city: World) -> None:
    lasting = city.publish("county:DH", lasts=dt.timedelta(days=60))
    city.wait(1)
    many(city, 9, "county:DH")
    city.now += dt.timedelta(days=30)
    within = access.Scope(everything=True, counties=frozenset(), units=frozenset())
    assert [n.id for n in queries.unclosed(city.tx, city.now, within=within, limit=8)] == [lasting]

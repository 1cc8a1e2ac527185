"""What a directive's table says is the same as JSON, as a workbook and in chat."""

import datetime as dt
import io

import openpyxl
import pytest

from bot import errors
from bot.notices import answer, items, publish, queries, rules
from bot.notices.answer import Press
from bot.notices.directive_cards import DirectiveCards
from bot.notices.publish import Item
from bot.notices.rules import Kind, Value
from bot.roster import audience, people
from bot.summaries import document, export, grids, workbook
from bot.summaries.handling import Handling
from bot.summaries.pages import Pages
from bot.summaries.place import Page, Part
from tests.notices import counter, world
from tests.notices.world import World

OFFICER = 10


@pytest.fixture
def notice(city: World) -> int:
    """DH2 has read it and done 1 and 3, HD1 has done all, an officer did it for SZ1, DH3 is excused."""
    for number, contact in enumerate(counter.CONTACTS, start=1):
        city.share_phone(number, contact)
    draft = publish.Draft(
        content_id="D2", title="六项强化", kind=Kind.DIRECTIVE, audience=audience.parse("schools"), text="请逐项落实。",
        due_at=city.now + dt.timedelta(days=1), yes_words="已落实", trouble_words="有困难",
        items=(Item("1", "=1+1", "校长"), Item("2", "五防教育"), Item("3", "三防到位", "", city.now + dt.timedelta(hours=2))),
    )  # fmt: skip
    made = publish.publish(city.tx, city.now, draft, by="contact:10").notice_id
    city.wait(5)
    items.acknowledge(city.tx, city.now, press(city, made, 3, "DH2"))
    for key in ("1", "3"):
        answer.press(city.tx, city.now, press(city, made, 3, "DH2", key))
    items.rest(city.tx, city.now, press(city, made, 5, "HD1"))
    ids = [city.ids["SZ1"]]
    world.desk.on_behalf(
        city.tx, city.now, notice_id=made, unit_ids=ids, user_id=OFFICER, value=rules.Value.YES
    )
    world.desk.excuse(
        city.tx, city.now, notice_id=made, unit_ids=[city.ids["DH3"]], user_id=OFFICER, reason="other"
    )
    return made


def press(city: World, notice: int, user: int, unit: str, item: str = "") -> Press:
    return Press(notice, 1, Value.YES, user, user, None, unit_id=city.ids[unit], item=item)


@pytest.mark.parametrize(("count", "shown"), [(9, [9]), (10, [10]), (12, [10, 2])])
def test_nine_items_stand_on_one_page_and_of_more_pages_one_is_told_which(
    city: World, count: int, shown: list[int]
) -> None:
    city.share_phone(5, counter.CONTACTS[4])
    draft = publish.Draft(
        content_id="D2", title="九项工作", kind=Kind.DIRECTIVE, audience=audience.parse("schools"), text="请逐项落实。",
        due_at=city.now + dt.timedelta(days=1), yes_words="已落实", trouble_words="有困难",
        items=tuple(Item(str(key), "字" * 400) for key in range(1, count + 1)),
    )  # fmt: skip
    made = publish.publish(city.tx, city.now, draft, by="contact:10").notice_id
    for number, wanted in enumerate(shown):
        page = DirectiveCards(world.WORDS).page(
            city.tx,
            city.now,
            people.by_user(city.tx, 5),
            notice_id=made,
            unit_id=city.ids["HD1"],
            page=number,
        )
        words = [button.text for row in page.rows for button in row]
        assert sum(text.startswith("☐") for text in words) == wanted
        assert (f"{number + 1}/{len(shown)}" in words) == (len(shown) > 1)
        assert len(page.html) <= 4096


def test_who_has_read_it_is_a_column_of_its_own_in_all_that_is_carried_away(city: World, notice: int) -> None:
    told = document.build(city.tx, notice_id=notice, now=city.now, as_of=None, zone=world.WORDS.zone)
    read = [(row["expected"], row["acknowledged"], row["answered"]) for row in (*told["rows"], told["total"])]
    assert [it for _, it, _ in read] == [1, 1, 0, 2]  # 大河, 河东, 市直, in all

    sheets = workbook.collect(city.tx, notice_id=notice, now=city.now)
    book = openpyxl.load_workbook(io.BytesIO(workbook.build(sheets, world.WORDS)))
    columns, *lines = book["汇总"].iter_rows(min_row=workbook.HEADER_LINE, values_only=True)
    assert columns[1:4] == ("应报", "已知悉", "已报")
    assert [line[1:4] for line in lines] == read
    assert [line[-1] for line in lines] == [row["rate"] for row in (*told["rows"], told["total"])]
    assert {cell.number_format for cell in book["汇总"]["C"][2:]} == {"0"}

    head = Pages(world.WORDS, "masked").head(sheets.table)
    (grid,) = grids.of_table(sheets.table, head, world.WORDS)
    assert grid.total is not None
    assert grid.columns[1:4] == ("应报", "已知悉", "已报")
    assert [tuple(map(int, row[1:4])) for row in (*grid.rows, grid.total)] == read
    assert "已知悉不等于已报" in grid.legend


def test_among_notices_of_a_span_only_a_directive_has_that_number(city: World, notice: int) -> None:
    some = [
        export.read(city.tx, city.now, it, user_id=OFFICER, phones="never")
        for it in (notice, city.publish("county:DH"))
    ]

    def sheets(asked: list[export.Asked]) -> openpyxl.Workbook:
        return openpyxl.load_workbook(io.BytesIO(export.build(asked, world.WORDS, "标题")))

    head, directive, other = sheets(some)["各次"].iter_rows(min_row=2, values_only=True)
    assert head[3:6] == ("应报", "已知悉", "已报")
    assert directive[3:6] == (5, 2, 2)
    assert other[4] is None
    assert len(directive) == len(other) == len(head)
    head, *rows = sheets(some)["各县"].iter_rows(min_row=2, values_only=True)
    assert head[3:6] == ("应报", "已知悉", "已报")
    assert [row[4] for row in rows] == [1, 1, 0, *(None,) * (len(rows) - 3)]
    for name in ("各次", "各县"):
        assert "已知悉" not in next(sheets(some[1:])[name].iter_rows(min_row=2, values_only=True))


def test_json_workbook_and_chat_tell_the_same(city: World, notice: int) -> None:
    told = document.build(city.tx, notice_id=notice, now=city.now, as_of=None, zone=world.WORDS.zone)
    total = told["total"]
    assert (total["expected"], total["answered"], total["excused"], total["acknowledged"]) == (5, 2, 1, 2)
    assert [(it["item"], it["done"], it["expected"]) for it in told["items"]] == [
        ("1", 3, 5),
        ("2", 2, 5),
        ("3", 3, 5),
    ]
    assert told["items"][2]["due_at"] == "2026-09-30T11:00:00+08:00"
    assert sum(row["acknowledged"] for row in told["rows"]) == total["acknowledged"]

    sheets = workbook.collect(city.tx, notice_id=notice, now=city.now)
    book = openpyxl.load_workbook(io.BytesIO(workbook.build(sheets, world.WORDS)))
    sheet = book["逐项"]
    head, *lines, last = [
        [cell.value for cell in row] for row in sheet.iter_rows(min_row=workbook.HEADER_LINE)
    ]
    assert head == ["单位", "所属", "已知悉", "1 =1+1", "2 五防教育", "3 三防到位"]
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}  # no formula
    assert last[2:] == [total["acknowledged"], *(it["done"] for it in told["items"])]
    marks = {line[0]: [bool(mark) for mark in line[2:]] for line in lines}
    assert len(marks) == total["expected"]
    assert marks["DH2单位"] == [True, True, False, True]
    assert marks["SZ1单位"] == [False, True, True, True]  # 代报 has read nothing for the school
    assert marks["HD2单位"] == [False] * 4

    reader = people.by_user(city.tx, OFFICER)
    pages = Handling(world.WORDS)
    html = pages.items(city.tx, city.now, person=reader, notice_id=notice, page=0).html
    assert [line.split()[:2] for line in html.split("\n")[2:]] == [
        ["3/5", "1."],
        ["2/5", "2."],
        ["3/5", "3."],
    ]
    assert (
        "已知悉 2/5 校,逐项报齐 2/5 校" in pages.page(city.tx, city.now, person=reader, notice_id=notice).html
    )
    shown = Pages(world.WORDS, "masked")
    assert "已知悉 2" in shown.show(city.tx, city.now, person=reader, page=Page(notice)).html


@pytest.mark.parametrize("key", ["一" * 9, "𠮷" * 8])
def test_a_name_too_long_for_a_button_is_refused_with_what_is_allowed(key: str) -> None:
    publish.check((Item("一" * 8, "转达"),), world.MORNING, latest=None)
    with pytest.raises(errors.Refused, match="不超过 8 个字"):
        publish.check((Item(key, "转达"),), world.MORNING, latest=None)


def test_counties_that_are_asked_are_not_called_schools(city: World) -> None:
    city.share_phone(OFFICER, "chen")
    draft = publish.Draft(
        content_id="D2", title="六项强化", kind=Kind.DIRECTIVE, audience=audience.parse("counties"), text="请逐项落实。",
        due_at=city.now + dt.timedelta(days=1), yes_words="已落实", trouble_words="有困难", items=(Item("1", "转达"),),
    )  # fmt: skip
    made = publish.publish(city.tx, city.now, draft, by="contact:10").notice_id
    reader = people.by_user(city.tx, OFFICER)
    page = Handling(world.WORDS).page(city.tx, city.now, person=reader, notice_id=made)
    assert "已知悉 0/2 个单位,逐项报齐 0/2 个单位" in page.html
    asked = queries.statuses(city.tx, made)
    notice = queries.notice(city.tx, made)
    card, _ = DirectiveCards(world.WORDS).card(
        city.tx, city.now, notice, asked, text="", shared=True, is_trial=False
    )
    assert "本群已知悉 0/2 个单位,逐项报齐 0/2 个单位" in card


def test_a_school_is_told_of_item_by_item(city: World, notice: int) -> None:
    reader = people.by_user(city.tx, OFFICER)
    page = Page(notice, part=Part.UNIT, unit_id=city.ids["DH2"])
    html = Pages(world.WORDS, "masked").show(city.tx, city.now, person=reader, page=page).html
    assert "没报的项:2" in html
    assert [line.strip() for line in html.split("\n") if "第 " in line or "👌" in line] == [
        "09:05 zhao校长 👌", "09:05 zhao校长 第 1 项 ✅", "09:05 zhao校长 第 3 项 ✅",
    ]  # fmt: skip


def test_an_ordinary_notice_says_nothing_of_items(city: World) -> None:
    simple = city.publish("county:DH")
    told = document.build(city.tx, notice_id=simple, now=city.now, as_of=None, zone=world.WORDS.zone)
    assert "items" not in told
    assert "acknowledged" not in told["total"]
    assert "version" not in told["notice"]
    assert queries.standing(city.tx, simple)[0].key == ""
    assert (
        "逐项"
        not in openpyxl.load_workbook(
            io.BytesIO(workbook.build(workbook.collect(city.tx, notice_id=simple, now=city.now), world.WORDS))
        ).sheetnames
    )

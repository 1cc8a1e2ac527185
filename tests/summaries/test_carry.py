"""What is carried away: the paragraph, the last time, the shares of ten notices, days as people write them."""

import datetime as dt
import io
import re
import zoneinfo
from types import SimpleNamespace as Fact

import openpyxl
import pytest

from bot import errors
from bot.delivery.message import Verdict
from bot.notices import model, queries, tallies
from bot.roster import access, people
from bot.summaries import carry, document, export, grids, spans
from bot.summaries.pages import Pages
from bot.summaries.place import Page
from bot.summaries.spans import Span, Usual
from bot.texts import Words
from tests.notices import counter
from tests.notices.world import World

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
WORDS = Words(SHANGHAI)
PAGES = Pages(WORDS, "masked")
EVERYWHERE = access.Scope(everything=True, counties=frozenset(), units=frozenset())
TODAY = dt.date(2026, 9, 30)
COUNTY, CITY = 9, 10  # officers
DAY = 24 * 60


def play(tx, _):
    """Two notices, a day apart: of the first two had answered at due, of the second one."""
    world = World(tx)
    for number, contact in enumerate(counter.CONTACTS, start=1):
        world.share_phone(number, contact)
    ids = []
    for units in (("DH1", "HD1"), ("DH2",)):
        ids.append(world.publish("schools or colleges or counties"))
        for _ in range(3):
            world.wait(1)
            world.deliver([Verdict.SENT] * 16)
        for unit in units:
            world.press(ids[-1], {"DH1": 1, "DH2": 3, "HD1": 5}[unit], "yes", unit=unit)
        world.wait(DAY)
        world.press(
            ids[-1], {"DH1": 3, "DH2": 1}[units[0]], "trouble", unit={"DH1": "DH2", "DH2": "DH1"}[units[0]]
        )
        world.wait(1)
    world.excuse(ids[0], CITY, ("HD2",), "closed")
    world.wait(1)
    return Fact(first=ids[0], second=ids[1], now=world.now, ids=world.ids)


@pytest.fixture
async def scene(db):
    return await db.transact(play)


def shown(tx, now, page, user=CITY):
    return PAGES.show(tx, now, person=people.by_user(tx, user), page=page)


def copied(message):
    return next(button.copy for row in message.rows for button in row if button.copy)


# ── the paragraph ────────────────────────────────────────────────────────────────────────────────


async def test_the_paragraph_of_the_deadline_says_both_instants(db, scene):
    due = await db.read(lambda tx: queries.notice(tx, scene.second).due_at)
    message = await db.read(shown, scene.now, Page(scene.second, as_of=due))

    assert copied(message) == (
        "截至10月1日13:04,国庆假前安全课应报9个单位,已报1个单位,报送率11.1%。未报8个单位:没回复7,没送到0,没登记1。"
        "10月2日09:09又补报1个单位,尚缺7个单位。"
    )


async def test_the_paragraph_of_now_says_what_stood_at_due(db, scene):
    message = await db.read(shown, scene.now, Page(scene.first))

    assert copied(message) == (
        "截至10月2日09:09,国庆假前安全课应报8个单位(免报1个单位不算),已报3个单位,报送率37.5%,"
        "其中1个单位反映有困难(未看1,已看到0,已解决0)。未报5个单位:没回复4,没送到0,没登记1。"
        "9月30日13:00截止时未报7个单位。"
    )


async def test_a_countys_paragraph_names_the_county_and_counts_it_alone(db, scene):
    message = await db.read(shown, scene.now, Page(scene.first), COUNTY)

    assert copied(message).startswith("截至10月2日09:09,DH单位国庆假前安全课应报4个单位,已报2个单位,")
    assert copied(message).endswith("9月30日13:00截止时未报3个单位。")


async def test_only_a_table_of_several_rows_offers_its_picture(db, scene):
    whole = await db.read(shown, scene.now, Page(scene.first))
    county = await db.read(shown, scene.now, Page(scene.first), COUNTY)

    assert "🖼 整表图" in [button.text for row in whole.rows for button in row]
    assert "🖼 整表图" not in [button.text for row in county.rows for button in row]


def test_the_longest_paragraph_fits_a_copy_button():
    big = dict.fromkeys(
        ("expected", "answered", "missing", "excused", "trouble", "silent", "undelivered", "unbound"), 99_999
    )
    at = dt.datetime(2026, 12, 30, 9, 0, tzinfo=dt.UTC)
    facts = {
        "head": {"is_trial": True, "recalled": True, "at": at, "frozen": True}, "area": "长阳土家族自治县",
        "total": Fact(**big, rate=0.9999), "unseen": 9999, "seen": 9999, "solved": 9999, "at_due": None,
        "then_now": {"now": at, "since": 99_999, "left": 99_999}, "is_other_day": True,
        "are_schools": False,
    }  # fmt: skip

    said = carry.fitted(WORDS, "🔥" * 80, facts)

    assert len(said.encode("utf-16-le")) // 2 <= 256
    assert "…应报99999个单位" in said
    assert said.endswith("12月30日17:00又补报99999个单位,尚缺99999个单位。")


# ── the last time ────────────────────────────────────────────────────────────────────────────────


async def test_the_last_time_is_told_at_the_same_distance_from_due(db, scene):
    due = await db.read(lambda tx: queries.notice(tx, scene.second).due_at)
    frozen = await db.read(shown, scene.now, Page(scene.second, as_of=due))
    live = await db.read(shown, due + dt.timedelta(days=1), Page(scene.second))

    assert "上次(9月30日)同时 22.2%" in frozen.html  # 2 of 9
    assert "上次(9月30日)同时 33.3%" in live.html  # a day after due a third had answered


async def test_the_first_time_there_is_no_last_one(db, scene):
    message = await db.read(shown, scene.now, Page(scene.first))

    assert "上次" not in message.html


async def test_a_last_time_of_another_name_is_told_by_it(db, scene):
    n = model.notice
    await db.transact(
        lambda tx, _: tx.execute(n.update().where(n.c.id == scene.first).values(title="中秋假前安全课"))
    )
    message = await db.read(shown, scene.now, Page(scene.second))

    assert "上次(中秋假前安全课)同时" in message.html


async def test_before_it_was_asked_at_all_nothing_is_compared(db, scene):
    def tell(tx):
        table = queries.table(tx, scene.second, now=scene.now, as_of=due - dt.timedelta(hours=5))
        return grids.last_time(tx, table, within=EVERYWHERE)

    due = await db.read(lambda tx: queries.notice(tx, scene.second).due_at)
    assert await db.read(tell) is None


# ── shares ───────────────────────────────────────────────────────────────────────────────────────


async def test_shares_are_those_of_the_documents_at_due_in_the_order_of_the_tables(db, scene):
    it = await db.read(grids.heat, scene.now, within=EVERYWHERE, words=WORDS)
    documents = []
    for notice_id in (scene.first, scene.second):
        due = await db.read(lambda tx, notice_id=notice_id: queries.notice(tx, notice_id).due_at)
        documents.append(
            await db.read(document.build, notice_id=notice_id, now=scene.now, as_of=due, zone=SHANGHAI)
        )

    assert [name for name, _ in it.rows] == [row["name"] for row in documents[0]["rows"]]
    for number, (_, shares) in enumerate(it.rows):
        assert list(shares) == [them["rows"][number]["rate"] for them in documents]
    assert list(it.total[1]) == [them["total"]["rate"] for them in documents]
    assert it.days == ("9月30日", "10月1日")


async def test_a_countys_shares_are_its_own_and_an_unasked_row_has_none(db, scene):
    county = access.Scope(everything=False, counties=frozenset({scene.ids["DH"]}), units=frozenset())
    it = await db.read(grids.heat, scene.now, within=county, words=WORDS)
    nothing = await db.read(grids.heat, scene.now - dt.timedelta(days=3), within=EVERYWHERE, words=WORDS)

    assert [(name, shares) for name, shares in it.rows] == [("DH单位", (0.25, 0.25))]
    assert nothing is None
    line, other = tallies.Line(1, "A", "甲"), tallies.Line(2, "B", "乙")
    one = tallies.Tally(2, 1)
    assert tallies.by_line([{other: one}, {line: one}]) == {line: [None, one], other: [one, None]}


# ── days ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("9月1日到9月30日", (2026, 9, 1), (2026, 9, 30)),
        ("9.1-9.30", (2026, 9, 1), (2026, 9, 30)),
        ("2026-09-01 2026-09-30", (2026, 9, 1), (2026, 9, 30)),
        ("2026年9月1日至2026年9月3日", (2026, 9, 1), (2026, 9, 3)),
        ("9月1号", (2026, 9, 1), (2026, 9, 1)),
        ("12月1日 2月28日", (2025, 12, 1), (2026, 2, 28)),
        ("2024年2月29日", (2024, 2, 29), (2024, 2, 29)),
        ("9月20日 10月20日", (2026, 9, 20), (2026, 10, 20)),
    ],
)
def test_two_dates_are_read_as_people_write_them(text, first, last):
    assert spans.written(text, TODAY) == Span(dt.date(*first), dt.date(*last))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("上个月", "请写两个日期"), ("9月1日 9月2日 9月3日", "请写两个日期"), ("9月31日", "没有这一天"),
        ("2月29日", "没有这一天"), ("9月20日 9月10日", "后一天在前一天之前"), ("2025-1-1 2026-9-1", "最多一年"),
        ("13月1日", "没有这一天"), ("9月1日 5 校", "请写两个日期"),
    ],
)  # fmt: skip
def test_what_is_no_span_is_refused_in_words(text, why):
    with pytest.raises(errors.Refused, match=why):
        spans.written(text, TODAY)


@pytest.mark.parametrize(
    ("which", "today", "first", "last"),
    [
        (Usual.WEEK, TODAY, (2026, 9, 28), (2026, 10, 4)),
        (Usual.MONTH, dt.date(2026, 12, 31), (2026, 12, 1), (2026, 12, 31)),
        (Usual.QUARTER, TODAY, (2026, 7, 1), (2026, 9, 30)),
        (Usual.QUARTER, dt.date(2026, 12, 31), (2026, 10, 1), (2026, 12, 31)),
    ],
)
def test_the_usual_spans_end_where_they_end(which, today, first, last):
    assert spans.usual(which, today) == Span(dt.date(*first), dt.date(*last))


def test_a_button_brings_its_span_back_and_a_forged_one_nothing():
    span = Span(dt.date(2026, 7, 1), dt.date(2026, 9, 30))

    assert Span.of(*span.args()) == span
    for args in ((), ("20260701",), ("20260931", "20261001"), ("20260930", "20260701"), ("20200101", "20260101"),
                 ("²0260101", "20260102"), ("20260101", "20260102", "x")):  # fmt: skip
        assert Span.of(*args) is None


# ── many notices in one workbook ─────────────────────────────────────────────────────────────────


async def exported(db, scene, user, span):
    found = await db.transact(export.begin, span, user_id=user, zone=SHANGHAI)
    some = [await db.read(export.read, scene.now, it, user_id=user, phones="full") for it in found]
    return openpyxl.load_workbook(io.BytesIO(export.build(some, WORDS, "标题")))


async def test_the_workbook_of_many_notices_equals_their_documents(db, scene):
    book = await exported(db, scene, CITY, Span(TODAY, TODAY + dt.timedelta(days=1)))
    documents = [
        await db.read(document.build, notice_id=it, now=scene.now, as_of=None, zone=SHANGHAI)
        for it in (scene.first, scene.second)
    ]

    keys = (
        "expected",
        "answered",
        "late",
        "trouble",
        "missing",
        None,
        "unbound",
        "undelivered",
        "excused",
        "rate",
    )
    silent = lambda row: row | {None: row["missing"] - row["unbound"] - row["undelivered"]}  # noqa: E731
    totals = [[silent(them["total"])[key] for key in keys] for them in documents]
    assert [list(row[3:]) for row in book["各次"].iter_rows(min_row=3, values_only=True)] == totals
    rows = [[row["name"], *(silent(row)[key] for key in keys)] for them in documents for row in them["rows"]]
    assert [list(row[2:]) for row in book["各县"].iter_rows(min_row=3, values_only=True)] == rows
    names = list(book["名单"].iter_rows(min_row=3, values_only=True))
    owed = sum(len(them["missing"]) for them in documents)
    assert sum(bool(re.match("没(回复|登记|送到)", row[4])) for row in names) == owed
    assert {row[4] for row in names} >= {"补报", "免报:已停办", "没登记"}
    assert all(isinstance(row[1], dt.datetime) for row in names)
    assert all(isinstance(row[10], dt.datetime) for row in names if row[4] == "没回复")  # 送到
    for sheet in book:
        assert sheet.freeze_panes == "B3"
        assert sheet.page_setup.orientation == "landscape"


async def test_an_officer_takes_away_his_own_county_alone_and_the_trail_says_so(db, scene):
    book = await exported(db, scene, COUNTY, Span(TODAY, TODAY))

    rows = list(book["各县"].iter_rows(min_row=3, values_only=True))
    assert [row[2] for row in rows] == ["DH单位"]
    assert {row[3] for row in book["名单"].iter_rows(min_row=3, values_only=True)} == {"DH单位"}
    trail = await db.read(
        lambda tx: tx.exec_driver_sql("SELECT verb, subject, detail FROM audit_record").all()
    )
    assert ("export", "days:2026-09-30:2026-09-30", "notices:1") in [tuple(row) for row in trail]


async def test_what_was_recalled_or_rehearsed_or_lies_outside_is_left_out(db, scene):
    n = model.notice

    async def found(span):
        return await db.transact(export.begin, span, user_id=CITY, zone=SHANGHAI)

    both = Span(TODAY, TODAY + dt.timedelta(days=1))
    assert await found(both) == [scene.first, scene.second]
    assert await found(Span(TODAY - dt.timedelta(days=9), TODAY - dt.timedelta(days=1))) == []
    await db.transact(lambda tx, _: tx.execute(n.update().where(n.c.id == scene.first).values(is_trial=True)))
    await db.transact(
        lambda tx, now: tx.execute(n.update().where(n.c.id == scene.second).values(recalled_at=now))
    )
    assert await found(both) == []


async def test_nobody_without_the_right_exports(db, scene):
    for user in (1, 999):
        with pytest.raises(errors.NotAllowed):
            await db.transact(export.begin, Span(TODAY, TODAY), user_id=user, zone=SHANGHAI)
        with pytest.raises(errors.NotAllowed):
            await db.transact(export.ask, user_id=user)

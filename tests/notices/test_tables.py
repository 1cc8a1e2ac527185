"""Every number of every table, against a counter that does not know the product's queries."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterator

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from bot import clock, errors
from bot.db import Database, engines, urls
from bot.delivery.message import Verdict
from bot.delivery.model import ChatState
from bot.notices import answer, counting, desk, queries, rules, tallies
from bot.roster import access
from bot.roster import model as roster
from tests.notices import counter, world
from tests.notices.world import World

USERS = st.integers(1, world.USERS)
KNOWN = st.integers(1, len(counter.CONTACTS))  # those who, in the beginning, are the contact of this number
OFFICERS = st.sampled_from([9, 10, 10, 3])  # county, city, and a principal who forges
UNITS = st.sampled_from(list(counter.UNITS))
SCHOOLS = st.sampled_from([code for code in counter.UNITS if code != "YC"])
SOME = st.lists(SCHOOLS, min_size=1, max_size=4, unique=True).map(tuple)
GROUPS = st.sampled_from([f"group:{n}" for n in range(world.GROUPS)])
BUSY = st.sampled_from(["DH1", "DH2", "HD1"])  # where much happens to one and the same unit
BUSY_POSTS = st.sampled_from([post for post in counter.POSTS if post[1] in ("DH1", "DH2", "HD1")])
CHATS = st.one_of(GROUPS, USERS.map(lambda user: f"user:{user}"))
READERS = ((), ("DH",))  # everybody; an officer of the county with a post at a school elsewhere
WHICH = st.integers(0, 1)  # of the notices published so far
VERDICTS = st.lists(
    st.sampled_from([Verdict.SENT] * 5 + [Verdict.UNCERTAIN, Verdict.NOT_SENT, Verdict.REFUSED, Verdict.GONE]),
    min_size=1, max_size=8,
)  # fmt: skip
DEAD = st.sampled_from([ChatState.GONE, ChatState.BLOCKED, ChatState.MUTED])


def op(name: str, *args: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.tuples(st.just(name), *args)


OPERATIONS = st.one_of(
    op("share_phone", USERS, st.sampled_from(counter.CONTACTS)),
    op("enrol", KNOWN),
    op("enrol", KNOWN),
    op("leave", KNOWN),
    op("succeed", USERS, st.sampled_from(["DH1", "DH3", "HD1"])),
    op("bind", GROUPS, UNITS, OFFICERS),
    op("lose", CHATS, DEAD),
    op("regain", CHATS),
    op("migrate", GROUPS),
    op("publish", st.sampled_from(list(counter.AUDIENCES))),
    op("deliver", VERDICTS),
    op("deliver", VERDICTS),
    op("wait_for_due", WHICH, st.integers(-1, 1)),
    op("press", WHICH, USERS, st.sampled_from(["yes", "yes", "trouble", "text"]), CHATS, st.booleans()),
    op("press_for", WHICH, USERS, st.sampled_from(["yes", "trouble"]), SCHOOLS, st.booleans()),
    op("press_all", WHICH, USERS),
    op("answer", WHICH, st.sampled_from(counter.POSTS), st.sampled_from(["yes", "trouble"])),
    op("answer", st.just(0), BUSY_POSTS, st.sampled_from(["yes", "trouble"])),
    op("answer", st.just(0), BUSY_POSTS, st.sampled_from(["yes", "trouble"])),
    op("answer", st.just(0), BUSY_POSTS, st.sampled_from(["yes", "trouble"])),
    op("on_behalf", WHICH, OFFICERS, SOME, st.sampled_from(["yes", "trouble"])),
    op("excuse", WHICH, OFFICERS, SOME, st.sampled_from(["closed", "day_off"])),
    op("on_behalf", st.just(0), st.just(10), BUSY.map(lambda unit: (unit,)), st.sampled_from(["yes", "trouble"])),
    op("excuse", st.just(0), st.just(10), BUSY.map(lambda unit: (unit,)), st.just("closed")),
    op("withdraw", WHICH, USERS, SCHOOLS),
    op("solve", WHICH, USERS, SCHOOLS),
    op("handle", WHICH, OFFICERS, SCHOOLS, st.sampled_from(["seen", "phoned", "solved"])),
    op("end_trouble", st.just(0), BUSY_POSTS, st.sampled_from(["withdraw", "withdraw", "solve"])),
    op("end_trouble", st.just(0), BUSY_POSTS, st.sampled_from(["withdraw", "withdraw", "solve"])),
)  # fmt: skip
ABOUT_A_NOTICE = ("on_behalf", "excuse", "withdraw", "solve", "handle")
KNOWN_AT_FIRST = st.frozensets(KNOWN, min_size=3)
SCRIPTS = st.lists(st.tuples(st.one_of(st.just(1), st.integers(1, 60)), OPERATIONS), min_size=15, max_size=50)


class Play:
    """Plays a script, comparing after every act the live table of every notice with our own count."""

    def __init__(self, tx: sa.Connection, known: frozenset[int] = frozenset()) -> None:
        self.world = World(tx)
        self.notices: list[int] = []
        self.told: list[tuple[int, dt.datetime, queries.Table]] = []
        for number in sorted({9, 10} | known):  # two officers are there from the start
            self.act("enrol", number)
        self.act("publish", next(iter(counter.AUDIENCES)))

    def run(self, script: list[tuple[int, tuple[object, ...]]]) -> None:
        for minutes, (name, *args) in script:
            self.world.wait(minutes)
            self.act(str(name), *args)
            self.compare()
        self.compare_later()

    def act(self, name: str, *args: object) -> None:
        own = getattr(self, f"_{name}", None)
        if own is not None:
            own(*args)
        elif name in ABOUT_A_NOTICE:
            getattr(self.world, name)(self._notice(args[0]), *args[1:])
        else:
            getattr(self.world, name)(*args)

    def _wait_for_due(self, which: int, minutes: int) -> None:
        due_at = self.world.due[self._notice(which)] + dt.timedelta(minutes=minutes - 1)
        self.world.now = max(self.world.now, due_at)  # the next act comes a minute later at the earliest

    def _enrol(self, number: int) -> None:
        self.world.share_phone(number, counter.CONTACTS[number - 1])

    def _publish(self, meant: str) -> None:
        if len(self.notices) < 2:
            self.notices.append(self.world.publish(meant))

    def _press(self, which: int, user: int, value: str, chat: str, drained: bool) -> None:
        self.world.press(self._notice(which), user, value, chat=chat, drained=drained)

    def _press_for(self, which: int, user: int, value: str, unit: str, drained: bool) -> None:
        self.world.press(self._notice(which), user, value, unit=unit, drained=drained)

    def _press_all(self, which: int, user: int) -> None:
        self.world.press(self._notice(which), user, "yes", every=True)

    def _answer(self, which: int, post: tuple[str, str, str], value: str) -> None:
        contact, unit, _ = post
        self.world.press(self._notice(which), counter.CONTACTS.index(contact) + 1, value, unit=unit)

    def _end_trouble(self, which: int, post: tuple[str, str, str], how: str) -> None:
        contact, unit, _ = post
        getattr(self.world, how)(self._notice(which), counter.CONTACTS.index(contact) + 1, unit)

    def _notice(self, which: int) -> int:
        return self.notices[which % len(self.notices)]

    def compare(self) -> None:
        """The live table says what we counted."""
        city = counter.as_of(self.world.log, self.world.now)
        for notice in self.notices:
            table = queries.table(self.world.tx, notice, now=self.world.now)
            agree(table, city.lines(notice))
            self._count(table)
            places = {unit: city.place(unit) for unit in city.notices[notice]}
            assert self.world.asked_through(notice) == {unit: at for unit, at in places.items() if at}
            self.told.append((notice, self.world.now, table))

    def _count(self, table: queries.Table) -> None:
        """Gathered by the database the numbers are the same."""
        counted = counting.numbers(self.world.tx, table.notice.id, **_instant(table))
        assert (counted.total, counted.rows) == (table.total, table.rows)
        told = {s.assignment_id for s in table.statuses if s.on_behalf or s.text}
        assert told <= counting.spoken_of(self.world.tx, table.notice, at=table.at)

    def _count_areas(self, table: queries.Table) -> None:
        """For every reader and on every page they are; and behind each stand the same names."""
        for counties in READERS:
            county_ids = frozenset(self.world.ids[code] for code in counties)
            within = access.Scope(
                not counties, county_ids, frozenset({self.world.ids["SZ1"]} if counties else ())
            )
            rows = sorted({counting.row_key(s.county_id, s.row_code) for s in table.statuses})
            for row in ("", rows[len(self.told) % len(rows)]):
                self._count_area(table, counting.Area(within, row))

    def _count_area(self, table: queries.Table, area: counting.Area) -> None:
        some = [s for s in table.statuses if area.has(s)]
        counted = counting.numbers(self.world.tx, table.notice.id, area=area, **_instant(table))
        assert counted.total == queries.summed("YC", "合计", some)
        assert counted.rows == tuple(queries.lines(some))
        for which in (lambda m: m.owes, lambda m: m.answered and m.late, lambda m: m.trouble is not None):
            listed = counting.listed(self.world.tx, table.notice, which, at=table.at, area=area)
            assert listed == [s.assignment_id for s in some if which(s.mark)]
        now = table.at + dt.timedelta(minutes=20)
        live = {s.assignment_id: s for s in queries.statuses(self.world.tx, table.notice.id, at=now)}
        assert counting.since(self.world.tx, counted, now) == counting.Since(
            sum(s.owes and live[s.assignment_id].answered for s in some),
            sum(live[s.assignment_id].owes for s in some),
        )

    def compare_later(self) -> None:
        """The table as of an instant says for ever what was said at that instant."""
        later = self.world.now + dt.timedelta(seconds=10)
        for _, _, table in self.told[-len(self.notices) :]:
            self._count_areas(table)
        for notice, at, before in self.told:
            table = queries.table(self.world.tx, notice, now=later, as_of=at)
            assert (table.as_of, table.at) == (at, at)
            assert (table.total, table.rows, table.statuses) == (before.total, before.rows, before.statuses)
            tallied = tallies.of(self.world.tx, table.notice, at=at, within=counting.EVERYWHERE)
            assert [(line.code, line.name, t.expected, t.answered) for line, t in tallied.items()] == [
                (row.unit, row.name, row.expected, row.answered) for row in table.rows
            ]


def _instant(table: queries.Table) -> dict[str, dt.datetime]:
    return (
        {"now": table.at + dt.timedelta(seconds=10), "as_of": table.at} if table.as_of else {"now": table.at}
    )


def agree(table: queries.Table, lines: list[counter.Line]) -> None:
    assert [seen(status) for status in table.statuses] == lines
    expected = counter.rows(lines)
    assert [row.unit for row in table.rows] == list(expected)
    for row in table.rows:
        adds_up(row, expected[row.unit])
    adds_up(table.total, sum(expected.values(), counter.Sum()))
    assert table.total.unit == "YC"


def seen(status: queries.Status) -> counter.Line:
    return counter.Line(
        status.code, status.row_code, status.excused, status.answered_at, status.said_at, status.answer,
        status.on_behalf, status.late, status.trouble.value if status.trouble else "",
        status.reach.value if status.reach else "",
    )  # fmt: skip


def adds_up(row: queries.Row, counted: counter.Sum) -> None:
    assert row.expected == row.answered + row.missing == counted.answered + counted.missing
    assert row.missing == row.unbound + row.undelivered + row.silent
    assert row.rate == (round(counted.answered / counted.expected, 4) if counted.expected else None)
    assert counter.Sum(
        row.expected, row.answered, row.late, row.trouble, row.missing, row.unbound, row.undelivered, row.silent,
        row.excused,
    ) == counted  # fmt: skip


# ── on SQLite, in one connection rolled back after each script ───────────────────────────────────


@pytest.fixture(scope="module")
def connection(sqlite_template, tmp_path_factory) -> Iterator[sa.Connection]:
    file = tmp_path_factory.mktemp("tables") / "bot.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = engines._sqlite(urls.parse(f"sqlite:///{file}"), "BEGIN IMMEDIATE", read_only=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@hypothesis.given(known=KNOWN_AT_FIRST, script=SCRIPTS)
@hypothesis.settings(max_examples=40)
def test_every_number_of_every_table_is_what_an_independent_counter_counts(connection, known, script):
    with connection.begin() as transaction:
        Play(connection, known).run(script)
        transaction.rollback()


# ── a smaller sample on PostgreSQL ───────────────────────────────────────────────────────────────


class _Undo(Exception):
    """All was as it should be, and nothing of it is kept."""


def played_and_undone(tx: sa.Connection, now: dt.datetime, known, script) -> None:
    Play(tx, known).run(script)
    raise _Undo


async def played_on(url, known, script) -> None:
    db = await Database.open(url, clock=clock.system)
    with contextlib.suppress(_Undo):
        await db.transact(played_and_undone, known, script)
    await db.close()


@pytest.mark.postgresql
@hypothesis.given(known=KNOWN_AT_FIRST, script=SCRIPTS)
@hypothesis.settings(max_examples=8, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_postgresql_counts_the_same(postgresql_url, known, script):
    asyncio.run(played_on(postgresql_url, known, script))


# ── what the scripts do not reach ────────────────────────────────────────────────────────────────


@pytest.fixture
def play(connection) -> Iterator[Play]:
    """Everybody is enrolled and has the card of one notice."""
    with connection.begin() as transaction:
        play = Play(connection, frozenset(range(1, len(counter.CONTACTS) + 1)))
        for _ in range(3):
            play.world.wait(1)
            play.world.deliver([Verdict.SENT] * 16)
        yield play
        transaction.rollback()


def test_everybody_asked_and_reached_is_silent(play):
    table = queries.table(play.world.tx, play.notices[0], now=play.world.now)

    assert (table.total.expected, table.total.silent, table.total.unbound) == (9, 8, 1)
    assert [row.unit for row in table.rows] == ["DH", "HD", "city-run", "colleges"]


def test_the_table_of_an_instant_waits_until_nothing_can_come_before_it(play):
    tx, notice, at = play.world.tx, play.notices[0], play.world.now

    with pytest.raises(errors.Refused, match="之后才能出"):
        queries.table(tx, notice, now=at + dt.timedelta(seconds=9), as_of=at)
    assert queries.table(tx, notice, now=at + dt.timedelta(seconds=10), as_of=at).as_of == at


def test_there_is_no_table_of_a_notice_that_was_never_sent(play):
    with pytest.raises(errors.Refused, match="没有编号为 999"):
        queries.table(play.world.tx, 999, now=play.world.now)


def test_a_table_cut_to_a_county_is_that_countys_row(play):
    tx, notice, now = play.world.tx, play.notices[0], play.world.now
    county = play.world.ids["DH"]
    play.world.press(notice, 3, "trouble", unit="DH2")

    whole = queries.table(tx, notice, now=now)
    cut = queries.table(tx, notice, now=now, within=lambda place: place.county_id == county)

    assert cut.rows == whole.rows[:1]
    assert {status.code for status in cut.statuses} == {"DH", "DH1", "DH2", "DH3"}
    assert (cut.total.expected, cut.total.trouble) == (cut.rows[0].expected, cut.rows[0].trouble) == (4, 1)


def test_after_seven_days_nothing_said_changes_the_table(play):
    world, notice = play.world, play.notices[0]
    world.wait(7 * 24 * 60 + 300)
    before = queries.table(world.tx, notice, now=world.now)

    assert world.press(notice, 3, "yes", unit="DH2").said is answer.Said.CLOSED
    with pytest.raises(errors.Refused, match="已经结束"):
        desk.on_behalf(
            world.tx,
            world.now,
            notice_id=notice,
            unit_ids=[world.ids["DH2"]],
            user_id=10,
            value=rules.Value.YES,
        )
    assert queries.table(world.tx, notice, now=world.now) == before


def test_an_officer_who_reaches_over_the_county_line_changes_nothing_at_all(play):
    world, notice = play.world, play.notices[0]
    both = [world.ids["DH2"], world.ids["HD1"]]
    before = queries.table(world.tx, notice, now=world.now)

    with pytest.raises(errors.NotAllowed):
        desk.on_behalf(world.tx, world.now, notice_id=notice, unit_ids=both, user_id=9, value=rules.Value.YES)
    with pytest.raises(errors.NotAllowed):
        desk.excuse(world.tx, world.now, notice_id=notice, unit_ids=both, user_id=9, reason="closed")
    assert queries.table(world.tx, notice, now=world.now) == before


def test_names_and_rows_stay_as_they_were_when_the_notice_went_out(play):
    world, notice = play.world, play.notices[0]
    before = queries.table(world.tx, notice, now=world.now)
    unit = roster.unit
    world.tx.execute(
        unit.update()
        .where(unit.c.code == "DH2")
        .values(name="改了名", county_id=world.ids["HD"], position=99)
    )

    after = queries.table(world.tx, notice, now=world.now)

    assert after.rows == before.rows
    assert [status.name for status in after.statuses] == [status.name for status in before.statuses]

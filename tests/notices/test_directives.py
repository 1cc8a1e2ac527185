"""Directives: what their tables count, against a ledger of our own; versions, colleagues, officers, recall."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from bot import clock, errors
from bot.db import Database, engines, urls
from bot.delivery.model import ChatState, delivery, posting
from bot.notices import answer, counting, desk, items, model, publish, queries, revise, rules, trouble
from bot.notices.answer import Press, Said
from bot.notices.publish import Item
from bot.notices.rules import Kind, Value
from bot.roster import audience
from tests.notices import counter
from tests.notices.world import World

MINUTE = dt.timedelta(minutes=1)
LASTS = dt.timedelta(hours=4)
PEOPLE = {"DH1": ("wang", "li"), "DH2": ("zhao",), "HD1": ("sun", "zhou")}  # who may answer for whom
UNITS = tuple(PEOPLE)
OFFICER = 10
KEYS = ("1", "2", "3", "4", "5")


# ── a ledger that knows the rules in words of its own ────────────────────────────────────────────


@dataclass
class Word:
    unit: str
    item: str
    version: int
    at: dt.datetime
    late: bool
    is_trouble: bool
    by_officer: bool
    taken_back_at: dt.datetime | None = None


@dataclass
class Ledger:
    """What was done, and what it comes to at any instant."""

    wordings: list[tuple[dt.datetime, dict[str, tuple[int, dt.datetime]]]] = field(default_factory=list)
    said: list[Word] = field(default_factory=list)
    read: dict[str, dt.datetime] = field(default_factory=dict)
    excused: dict[str, list[list[dt.datetime | None]]] = field(default_factory=dict)
    hard: dict[tuple[str, str], dt.datetime | None] = field(
        default_factory=dict
    )  # since when a trouble stands

    def in_force(self, at: dt.datetime) -> dict[str, tuple[int, dt.datetime]]:
        """Item → since which version it is worded so, and its due."""
        return [items for since, items in self.wordings if since <= at][-1]

    @property
    def version(self) -> int:
        return len(self.wordings)

    def done(self, unit: str, at: dt.datetime) -> dict[str, Word]:
        """Item → the first answer that counts for it."""
        first: dict[str, Word] = {}
        for it in self.said:
            since = self.in_force(at).get(it.item, (99, at))[0]
            is_back = it.taken_back_at is not None and it.taken_back_at <= at
            if it.unit == unit and it.at <= at and it.version >= since and not is_back:
                first.setdefault(it.item, it)
        return first

    def is_excused(self, unit: str, at: dt.datetime) -> bool:
        return any(
            since <= at and (until is None or until > at) for since, until in self.excused.get(unit, [])
        )

    def owes(self, unit: str, at: dt.datetime) -> bool:
        return not self.is_excused(unit, at) and set(self.done(unit, at)) != set(self.in_force(at))

    def line(self, unit: str, at: dt.datetime) -> tuple[object, ...]:
        done, wanted = self.done(unit, at), self.in_force(at)
        is_whole = set(done) == set(wanted)
        return (
            unit, tuple(key for key in wanted if key in done), max(it.at for it in done.values()) if is_whole else None,
            is_whole and any(it.late for it in done.values()), self._read(unit, at), self.is_excused(unit, at),
        )  # fmt: skip

    def _read(self, unit: str, at: dt.datetime) -> dt.datetime | None:
        """When the school itself first said anything to it that it has not taken back."""
        seen = [it.at for it in self.said if it.unit == unit and it.at <= at and not it.by_officer
                and (it.taken_back_at is None or it.taken_back_at > at)]  # fmt: skip
        seen += [moment for moment in [self.read.get(unit)] if moment is not None and moment <= at]
        return min(seen, default=None)

    # what is done to it

    def add(
        self, unit: str, item: str, at: dt.datetime, *, trouble: bool = False, officer: bool = False
    ) -> None:
        late = at > self.in_force(at)[item][1]
        self.said.append(Word(unit, item, self.version, at, late, trouble, officer))
        for span in self.excused.get(unit, []):
            span[1] = span[1] or at

    def take_back(self, unit: str, item: str, at: dt.datetime) -> None:
        since = self.hard[unit, item]
        for it in self.said:
            if (
                (it.unit, it.item, it.is_trouble) == (unit, item, True)
                and since is not None
                and it.at >= since
            ):
                it.taken_back_at = it.taken_back_at or at
        self.hard[unit, item] = None


# ── the product, played beside it ────────────────────────────────────────────────────────────────


class Play:
    def __init__(self, tx: sa.Connection) -> None:
        self.world, self.ledger = World(tx), Ledger()
        for number, contact in enumerate(counter.CONTACTS, start=1):
            self.world.share_phone(number, contact)
        due_at = self.now + LASTS
        self.items = [
            Item("1", "一", "校长", self.now + LASTS / 2),
            *(Item(k, f"第{k}件") for k in KEYS[1:3]),
        ]
        self.due_at = due_at
        draft = publish.Draft(
            content_id="D2", title="六项强化", kind=Kind.DIRECTIVE, audience=audience.parse("schools"), text="请逐项落实。",
            due_at=due_at, yes_words="已落实", trouble_words="有困难", items=tuple(self.items),
        )  # fmt: skip
        self.notice = publish.publish(tx, self.now, draft, by="test").notice_id
        self._worded({item.key: (1, item.due_at or due_at) for item in self.items})
        self.told: list[tuple[dt.datetime, list[tuple[object, ...]]]] = []

    @property
    def now(self) -> dt.datetime:
        return self.world.now

    def _worded(self, items: dict[str, tuple[int, dt.datetime]]) -> None:
        self.ledger.wordings.append((self.now, items))

    def press(
        self, unit: str, who: int, item: str = "", *, hard: bool = False, version: int = 0
    ) -> Press:  # fmt: skip
        some = PEOPLE[unit]
        user = counter.CONTACTS.index(some[who % len(some)]) + 1
        value = Value.TROUBLE if hard else Value.YES
        return Press(
            self.notice, version or self.ledger.version, value, user, user, None, unit_id=self.world.ids[unit], item=item
        )  # fmt: skip

    # the acts

    def read(self, unit: str, who: int) -> None:
        assert items.acknowledge(self.world.tx, self.now, self.press(unit, who)).said is Said.ACKNOWLEDGED
        self.ledger.read.setdefault(unit, self.now)

    def item(self, unit: str, who: int, key: str, hard: bool) -> None:
        outcome = answer.press(self.world.tx, self.now, self.press(unit, who, key, hard=hard))
        if key not in self.ledger.in_force(self.now):
            assert outcome.said is Said.OLD_VERSION
        elif not hard:
            self.ledger.add(unit, key, self.now)
        elif self.ledger.hard.get((unit, key)) is None:
            assert outcome.said is Said.TROUBLE
            self.ledger.add(unit, key, self.now, trouble=True)
            self.ledger.hard[unit, key] = self.now

    def stale(self, unit: str, who: int, key: str) -> None:
        if self.ledger.version > 1:
            it = self.press(unit, who, key, version=self.ledger.version - 1)
            assert answer.press(self.world.tx, self.now, it).said is Said.OLD_VERSION

    def rest(self, unit: str, who: int) -> None:
        items.rest(self.world.tx, self.now, self.press(unit, who))
        self._all(unit, officer=False)

    def _all(self, unit: str, *, officer: bool) -> None:
        done = self.ledger.done(unit, self.now)
        for key in self.ledger.in_force(self.now):
            if key not in done:
                self.ledger.add(unit, key, self.now, officer=officer)

    def on_behalf(self, unit: str) -> None:
        desk.on_behalf(self.world.tx, self.now, notice_id=self.notice, unit_ids=[self.world.ids[unit]],
                       user_id=OFFICER, value=Value.YES)  # fmt: skip
        if self.ledger.owes(unit, self.now):
            self._all(unit, officer=True)

    def excuse(self, unit: str) -> None:
        desk.excuse(self.world.tx, self.now, notice_id=self.notice, unit_ids=[self.world.ids[unit]], user_id=OFFICER,
                    reason="other")  # fmt: skip
        if self.ledger.owes(unit, self.now):
            self.ledger.excused.setdefault(unit, []).append([self.now, None])

    def end(self, unit: str, key: str, how: str) -> None:
        """The trouble about an item is over: 点错了, or 已解决."""
        if self.ledger.hard.get((unit, key)) is None:
            return
        t, a = model.trouble, model.assignment
        query = sa.select(sa.func.max(t.c.id)).join(a, a.c.id == t.c.assignment_id)
        mine = (a.c.notice_id == self.notice, a.c.unit_id == self.world.ids[unit], t.c.item == key)
        found = self.world.tx.execute(query.where(*mine)).scalar_one()
        user = counter.CONTACTS.index(PEOPLE[unit][0]) + 1
        getattr(trouble, how)(self.world.tx, self.now, trouble_id=found, user_id=user)
        if how == "withdraw":
            self.ledger.take_back(unit, key, self.now)
        self.ledger.hard[unit, key] = None

    def revise(self, changed: frozenset[str], dropped: str, added: str) -> None:
        due_at = self.now + LASTS
        was = self.ledger.in_force(self.now)
        version = self.ledger.version + 1
        fresh = [
            dataclasses.replace(i, text=f"{i.text}改", due_at=due_at) if i.key in changed else i
            for i in self.items if i.key != dropped
        ]  # fmt: skip
        if added not in was:
            fresh.append(Item(added, f"新{version}", "", due_at))
        if not fresh or fresh == self.items:
            return
        revise.revise(
            self.world.tx, self.now, self.notice, text="请逐项落实。", items=tuple(fresh), by="test"
        )
        kept = {i.key for i in self.items} - changed
        self._worded(
            {i.key: was[i.key] if i.key in kept and i.key in was else (version, due_at) for i in fresh}
        )
        self.items = fresh

    # comparing

    def seen(self, at: dt.datetime | None) -> list[tuple[object, ...]]:
        found = queries.statuses(self.world.tx, self.notice, at=at)
        return [
            (s.code, s.done, s.answered_at, bool(s.answered_at and s.late),
             s.acknowledged_at, bool(s.excused))
            for s in found if s.code in UNITS
        ]  # fmt: skip

    def compare(self) -> None:
        expected = [self.ledger.line(unit, self.now) for unit in UNITS]
        assert self.seen(None) == self.seen(self.now) == expected
        self.told.append((self.now, expected))
        table = queries.table(self.world.tx, self.notice, now=self.now)
        assert table.total.expected == table.total.answered + table.total.missing
        counted = counting.numbers(self.world.tx, self.notice, now=self.now)
        assert (counted.total, counted.rows) == (table.total, table.rows)
        standing = {unit for (unit, _), since in self.ledger.hard.items() if since is not None}
        assert {s.code for s in table.statuses if rules.is_standing(s.trouble)} == standing

    def compare_later(self) -> None:
        for at, expected in self.told:
            assert self.seen(at) == expected
        at, _ = self.told[len(self.told) // 2]
        then = queries.table(self.world.tx, self.notice, now=self.now + dt.timedelta(minutes=1), as_of=at)
        live = {s.assignment_id: s for s in queries.statuses(self.world.tx, self.notice, at=self.now)}
        counted = counting.numbers(
            self.world.tx, self.notice, now=self.now + dt.timedelta(minutes=1), as_of=at
        )
        assert (counted.total, counted.rows) == (then.total, then.rows)
        assert counting.since(self.world.tx, counted, self.now) == counting.Since(
            sum(s.owes and live[s.assignment_id].answered for s in then.statuses),
            sum(s.owes for s in live.values()),
        )
        for which in (lambda m: m.owes, lambda m: m.answered and m.late, lambda m: m.acknowledged):
            listed = counting.listed(self.world.tx, then.notice, which, at=at, area=counting.Area())
            assert listed == [s.assignment_id for s in then.statuses if which(s.mark)]


UNIT, WHO, KEY = st.sampled_from(UNITS), st.integers(0, 1), st.sampled_from(KEYS)
ACTS = st.one_of(
    st.tuples(st.just("read"), UNIT, WHO),
    st.tuples(st.just("item"), UNIT, WHO, KEY, st.booleans()),
    st.tuples(st.just("item"), UNIT, WHO, st.sampled_from(KEYS[:3]), st.just(False)),
    st.tuples(st.just("item"), UNIT, WHO, st.sampled_from(KEYS[:3]), st.just(False)),
    st.tuples(st.just("stale"), UNIT, WHO, KEY),
    st.tuples(st.just("rest"), UNIT, WHO),
    st.tuples(st.just("on_behalf"), UNIT),
    st.tuples(st.just("excuse"), UNIT),
    st.tuples(st.just("end"), UNIT, KEY, st.sampled_from(["withdraw", "solve"])),
    st.tuples(st.just("revise"), st.frozensets(KEY, max_size=2), st.sampled_from(("", *KEYS)), KEY),
)
SCRIPTS = st.lists(st.tuples(st.one_of(st.just(1), st.integers(1, 90)), ACTS), min_size=10, max_size=30)


def run(tx: sa.Connection, script: list[tuple[int, tuple[str, ...]]]) -> None:
    play = Play(tx)
    for minutes, (name, *args) in script:
        play.world.wait(minutes)
        getattr(play, name)(*args)
        play.compare()
    play.compare_later()


@pytest.fixture(scope="module")
def connection(sqlite_template, tmp_path_factory) -> Iterator[sa.Connection]:
    file = tmp_path_factory.mktemp("directives") / "bot.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = engines._sqlite(urls.parse(f"sqlite:///{file}"), "BEGIN IMMEDIATE", read_only=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@hypothesis.given(script=SCRIPTS)
@hypothesis.settings(max_examples=12)
def test_items_versions_answers_and_what_was_taken_back_are_counted_as_our_ledger_counts(connection, script):
    with connection.begin() as transaction:
        run(connection, script)
        transaction.rollback()


class _Undo(Exception):
    """All was as it should be, and nothing of it is kept."""


def run_and_undo(tx: sa.Connection, now: dt.datetime, script: list[tuple[int, tuple[str, ...]]]) -> None:
    run(tx, script)
    raise _Undo


async def run_on(url: str, script: list[tuple[int, tuple[str, ...]]]) -> None:
    db = await Database.open(url, clock=clock.system)
    with contextlib.suppress(_Undo):
        await db.transact(run_and_undo, script)
    await db.close()


@pytest.mark.postgresql
@hypothesis.given(script=SCRIPTS)
@hypothesis.settings(max_examples=4, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_postgresql_counts_the_same(postgresql_url, script):
    asyncio.run(run_on(postgresql_url, script))


@pytest.fixture
def play(connection) -> Iterator[Play]:
    with connection.begin() as transaction:
        yield Play(connection)
        transaction.rollback()


# ── what a script may not reach ──────────────────────────────────────────────────────────────────


def test_taking_one_trouble_back_leaves_the_others_of_the_school(play):
    for key in ("1", "2"):
        play.world.wait(1)
        play.item("DH2", 0, key, True)
    play.world.wait(1)
    play.end("DH2", "1", "withdraw")
    play.compare()
    assert play.ledger.line("DH2", play.now)[1] == ("2",)
    play.world.wait(1)
    play.end("DH2", "2", "solve")
    play.compare()
    assert play.ledger.line("DH2", play.now)[1] == ("2",)


def test_an_item_dropped_may_make_a_school_complete(play):
    play.world.wait(1)
    for key in ("1", "2"):
        play.item("HD1", 0, key, False)
    said_at = play.now
    play.world.wait(30)
    play.revise(frozenset(), "3", "1")
    play.compare()
    line = play.ledger.line("HD1", play.now)
    assert (line[1], line[2]) == (("1", "2"), said_at)
    play.compare_later()


def test_the_items_of_a_directive_are_refused_where_they_make_no_sense(play):
    tx, now, notice = play.world.tx, play.now, play.notice
    old = tuple(play.items)
    for wrong, why in (
        ((), "要有事项"),
        ((*old, old[0]), "不重复"),
        ((*old, Item("a:b", "x")), "不带冒号"),
        ((*old, Item("9", " ")), "没有写内容"),
        ((*old, Item("9", "x", "", now - MINUTE)), "还没到的截止时间"),
        (old, "没有改动"),
    ):
        with pytest.raises(errors.Refused, match=why), tx.begin_nested():
            revise.revise(tx, now, notice, text="请逐项落实。", items=wrong, by="test")


def test_who_answers_for_several_schools_is_asked_which_one_and_reads_for_all(play):
    tx, now = play.world.tx, play.now
    wang = dataclasses.replace(play.press("DH1", 0), unit_id=None)  # of DH1 and DH3
    asked = items.ask(tx, now, wang)
    assert (asked.said, asked.count) == (Said.CHOOSE, 2)
    assert items.acknowledge(tx, now, wang).unit == "2 所"
    items.rest(tx, now, play.press("DH1", 0))
    assert items.ask(tx, now, wang) == answer.Outcome(Said.LISTED, "DH3单位")  # the only one that still owes


def test_a_list_has_to_have_somewhere_to_go(play):
    play.world.lose("user:3", ChatState.BLOCKED)
    assert items.ask(play.world.tx, play.now, play.press("DH2", 0)).said is Said.UNREACHABLE


def test_a_list_asked_for_again_comes_at_the_end_of_the_chat(play):
    tx, now = play.world.tx, play.now
    items.ask(tx, now, play.press("DH2", 0))
    p, d = posting.c, delivery.c
    thing = (p.kind == "items", p.subject == f"{play.notice}:{play.world.ids['DH2']}")
    row = {"chat_id": tx.execute(sa.select(d.chat_id).where(d.kind == "items")).scalar_one(), "kind": "items",
           "subject": f"{play.notice}:{play.world.ids['DH2']}", "sent_at": now, "shown_at": now}  # fmt: skip
    tx.execute(delivery.update().where(d.kind == "items").values(state="sent", settled_at=now))
    tx.execute(posting.insert().values(row | {"address": 3, "message_id": 77}))
    items.ask(tx, now, play.press("DH2", 0))
    assert tx.execute(sa.select(p.message_id).where(*thing)).scalar_one() is None
    waiting = tx.execute(sa.select(d.kind, d.subject).where(d.state == "queued", d.chat_id == row["chat_id"]))
    assert {("items", row["subject"]), ("delete", "77")} <= {tuple(it) for it in waiting}


def test_a_forged_press_answers_nothing(play):
    tx, now, notice = play.world.tx, play.now, play.world.publish("county:DH")
    for it in (
        play.press("DH2", 0),  # a plain yes to a directive
        dataclasses.replace(play.press("DH2", 0, "1"), notice_id=notice),  # an item of a notice that has none
        play.press("DH2", 0, "77"),
        dataclasses.replace(play.press("DH2", 0, "1"), version=9),
    ):
        assert answer.press(tx, now, it).said in (Said.UNKNOWN, Said.OLD_VERSION)
    for it in (play.press("DH2", 0, "1"), play.press("DH2", 0)):
        simple = dataclasses.replace(it, notice_id=notice)
        for verb in (items.acknowledge, items.ask, items.rest, answer.ask_line):
            expected = Said.SAY if verb is answer.ask_line else Said.UNKNOWN
            assert verb(tx, now, simple).said is expected
    assert answer.ask_line(tx, now, play.press("DH2", 0)).said is Said.UNKNOWN
    with pytest.raises(errors.Refused, match="逐项报"):
        desk.on_behalf(
            tx,
            now,
            notice_id=play.notice,
            unit_ids=[play.world.ids["DH2"]],
            user_id=OFFICER,
            value=Value.TROUBLE,
        )
    assert tx.execute(sa.select(sa.func.count()).select_from(model.answer)).scalar_one() == 0


def test_an_item_put_between_two_stands_there_and_an_older_version_keeps_its_order(play):
    def order(at: dt.datetime | None = None) -> list[str]:
        return [item.key for item in queries.standing(play.world.tx, play.notice, at=at)]

    one, two, three = play.items
    late = play.now + LASTS
    told = {}
    for items_ in (
        (one, two, three),
        (one, Item("1.5", "插在中间", "", late), two, three),
        (Item("0", "放在最前", "", late), one, Item("1.5", "插在中间", "", late), three),
        (Item("0", "放在最前", "", late), one, three, Item("2", "又放在最后", "", late)),
    ):
        if items_ != (one, two, three):
            play.world.wait(1)
            revise.revise(play.world.tx, play.now, play.notice, text="请逐项落实。", items=items_, by="test")
        told[play.now] = [item.key for item in items_]
        assert order() == told[play.now]
    assert {at: order(at) for at in told} == told

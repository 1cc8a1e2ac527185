"""Whatever comes between: no reminder after an answer, none too many; every rung as the plan and the clock say.

What a claim may say is worked out by the independent counter; when a rung is taken, by the few lines below.
"""

import asyncio
import contextlib
import datetime as dt
import re
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from bot import app, clock
from bot.calendar.quiet import QuietHours
from bot.db import Database, engines, urls
from bot.delivery import claiming, outbox, settling
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.delivery.model import ChatState
from bot.notices import chase, deadline, ladder, model
from bot.roster import access
from bot.summaries import messages
from tests.notices import counter, world
from tests.notices.world import World

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
PREPARE = world.PREPARE | messages.preparations(world.WORDS, "masked")
MINUTE = dt.timedelta(minutes=1)
LASTS = dt.timedelta(hours=4)
AUDIENCE = next(iter(counter.AUDIENCES))
EVERYBODY = range(1, len(counter.CONTACTS) + 1)
STARTS = [
    dt.datetime(2026, 9, 30, hour, minute, tzinfo=SHANGHAI)
    for hour, minute in ((8, 30), (10, 0), (14, 0), (18, 0))
]

# minutes after due: its step, and from when on it is of no use any more
STEPS = {"nudge": (-60, 0), "county": (-30, 0), "line": (0, 120), "difference": (30, 30 + 720)}


def op(name: str, *args: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.tuples(st.just(name), *args)


UNITS = list(counter.AUDIENCES[AUDIENCE])
POSTS = st.sampled_from([post for post in counter.POSTS if post[1] in UNITS and post[2] in counter.ANSWERING])
SOME = st.lists(st.sampled_from(UNITS), min_size=1, max_size=3, unique=True).map(tuple)
OPERATIONS = st.one_of(
    op("tick"), op("tick"), op("tick"),
    op("claim", st.integers(1, 6)), op("claim", st.integers(1, 6)), op("claim", st.integers(1, 6)),
    op("settle", st.sampled_from([Verdict.SENT] * 4 + [Verdict.UNCERTAIN, Verdict.NOT_SENT, Verdict.BLOCKED])),
    op("settle", st.just(Verdict.SENT)),
    op("next_rung", st.sampled_from([-2, 0, 0, 0, 90])),
    op("next_rung", st.just(0)),
    op("serve"), op("serve"), op("serve"),
    op("outage", st.sampled_from([10, 45, 100, 300, 800])),
    op("answer", POSTS, st.sampled_from(["yes", "yes", "trouble"])),
    op("answer", POSTS, st.sampled_from(["yes", "yes", "trouble"])),
    op("end_trouble", POSTS, st.sampled_from(["withdraw", "solve"])),
    op("on_behalf", st.sampled_from([9, 10]), SOME, st.sampled_from(["yes", "trouble"])),
    op("excuse", st.sampled_from([9, 10]), SOME, st.sampled_from(["closed", "day_off"])),
    op("request", st.sampled_from([9, 10])),
    op("enrol", st.sampled_from(EVERYBODY)),
    op("leave", st.sampled_from(EVERYBODY)),
    op("lose", st.sampled_from(EVERYBODY)),
    op("regain", st.sampled_from(EVERYBODY)),
)  # fmt: skip
PAUSES = st.sampled_from([dt.timedelta(seconds=2)] * 6 + [MINUTE, 11 * MINUTE])
LOOKED_FOR = [hypothesis.Phase.generate]  # a failing script is told at once: making it shorter takes minutes
SCRIPTS = st.lists(st.tuples(PAUSES, OPERATIONS), min_size=30, max_size=50)


class Play:
    """Plays a script on one notice, judging every claim and every rung when it happens."""

    def __init__(self, tx: sa.Connection, start: dt.datetime, absent: frozenset[int]) -> None:
        self.world = World(tx, start.astimezone(dt.UTC))
        self.flight: list[outbox.Claimed] = []
        self.claimed: dict[int, list[dt.datetime]] = defaultdict(
            list
        )  # user → when a reminder to him was claimed
        for number in EVERYBODY:
            if number not in absent:
                self._enrol(number)
        self.world.bind("group:0", "DH", 9)
        self.world.bind("group:1", "HD1", 5)
        self.notice = self.world.publish(AUDIENCE, lasts=LASTS)
        self.due = self.world.due[self.notice]
        self.planned = {step: self.due + after * MINUTE for step, (after, _) in STEPS.items()}
        self.open = set(STEPS)
        self.reminded: set[str] = set()
        for _ in range(3):
            self.world.now += dt.timedelta(seconds=2)
            self.world.deliver([Verdict.SENT] * 20)

    def run(self, script: list[tuple[dt.timedelta, tuple[object, ...]]]) -> None:
        for pause, (name, *args) in script:
            self.world.now += pause
            getattr(self, f"_{name}")(*args)
        assert chase.crossings(self.world.tx, since=world.MORNING).outrun == 0

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def _next_rung(self, seconds: int) -> None:
        """The time of the next rung has come, or nearly."""
        coming = [at for step, at in self.planned.items() if step in self.open and at > self.world.now]
        if coming:
            self.world.now = max(self.world.now, min(coming) + dt.timedelta(seconds=seconds))

    def _outage(self, minutes: int) -> None:
        self.world.now += minutes * MINUTE

    def _serve(self) -> None:
        """As in life: a look at the ladder, and the sender does what it can."""
        self._tick()
        self.world.now += dt.timedelta(seconds=10)
        self._tick()
        for _ in range(3):
            self._claim(2)
            self._settle(Verdict.SENT)
            self.world.now += dt.timedelta(seconds=2)

    def _answer(self, post: tuple[str, str, str], value: str) -> None:
        contact, unit, _ = post
        self.world.press(self.notice, counter.CONTACTS.index(contact) + 1, value, unit=unit)

    def _end_trouble(self, post: tuple[str, str, str], how: str) -> None:
        contact, unit, _ = post
        getattr(self.world, how)(self.notice, counter.CONTACTS.index(contact) + 1, unit)

    def _on_behalf(self, user: int, units: tuple[str, ...], value: str) -> None:
        self.world.on_behalf(self.notice, user, units, value)

    def _excuse(self, user: int, units: tuple[str, ...], reason: str) -> None:
        self.world.excuse(self.notice, user, units, reason)

    def _request(self, user: int) -> None:
        with self.world._maybe():
            chase.request(self.world.tx, self.world.now, notice_id=self.notice, user_id=user)

    def _enrol(self, number: int) -> None:
        self.world.share_phone(number, counter.CONTACTS[number - 1])

    def _leave(self, number: int) -> None:
        self.world.leave(number)

    def _lose(self, number: int) -> None:
        self.world.lose(f"user:{number}", ChatState.BLOCKED)

    def _regain(self, number: int) -> None:
        self.world.regain(f"user:{number}")

    def _claim(self, count: int) -> None:
        for _ in range(count):
            claimed = claiming.claim(
                self.world.tx, self.world.now, PREPARE, owner="test", bot_id=world.BOT_ID, limit=4, group_rate=20,
                only_one_of=app.CLAIMED_ALONE,
            )  # fmt: skip
            for item in claimed:
                assert settling.begin_calls(self.world.tx, self.world.now, [item.delivery.id], owner="test")
                self._judge(item)
            self.flight += claimed
            self.world.now += dt.timedelta(seconds=0.1)

    def _settle(self, verdict: Verdict) -> None:
        for item in self.flight[:4]:
            outcome = Outcome(verdict, message_id=item.delivery.id * 10)
            settling.settle(self.world.tx, self.world.now, item, outcome)
            app.follow(self.world.tx, self.world.now, item, outcome)
            self.world._saw(item, verdict)
        del self.flight[:4]

    # ── rungs ────────────────────────────────────────────────────────────────────────────────────

    def _tick(self) -> None:
        now = self.world.now
        told = deadline.tell(self.world.tx, now)
        assert told in ([], [self.notice])
        if told:
            self.told_at = now
        before = self._city()
        expected = {step: how for step in sorted(self.open) if (how := self._becomes(step)) is not None}
        found = {}
        for rung in ladder.due(self.world.tx, now):
            chased = self._asked_by_the_ladder()
            reason = ladder.climb(self.world.tx, now, rung, quiet=QuietHours(SHANGHAI))
            if reason is not None:
                found[rung.step.value] = reason if reason in (ladder.TOO_LATE, ladder.QUIET) else "taken"
            if rung.step.value == "nudge" and reason == "":
                self._judge_nudge(before, self._asked_by_the_ladder() - chased)
        assert found == expected
        self.open -= set(found)
        rows = list(self.world.tx.execute(sa.select(model.escalation.c.row_code)).scalars())
        assert len(rows) == len(set(rows))

    def _becomes(self, step: str) -> str | None:
        """What a look now makes of this rung; None where it goes on waiting."""
        now, (_, useful_for) = self.world.now, STEPS[step]
        useless_at = self.due + useful_for * MINUTE
        if now < self.planned[step]:
            return None
        if now >= useless_at:
            return ladder.TOO_LATE
        opens_at = _opens_at(now.astimezone(SHANGHAI))
        if opens_at > now:
            self.planned[step] = opens_at
            return None if opens_at < useless_at else ladder.QUIET
        return None if step == "difference" and not hasattr(self, "told_at") else "taken"

    def _asked_by_the_ladder(self) -> set[str]:
        c = model.chase
        query = sa.select(c.c.contact_id).where(c.c.asked_by == chase.TIMER)
        return {counter.CONTACTS[contact - 1] for contact in self.world.tx.execute(query).scalars()}

    def _judge_nudge(self, city: counter.City, asked: set[str]) -> None:
        """Of each silent school the main contact that can be reached; never one reminded a moment ago."""
        roles = [role.value for role in access.Role]
        main = set()
        for line in city.lines(self.notice):
            holders = [
                post for post in counter.POSTS if post[1] == line.unit and post[2] in counter.ANSWERING
            ]
            there = [
                contact
                for contact, _, role in sorted(holders, key=lambda post: roles.index(post[2]))
                for user, who in city.enrolled.items()
                if who == contact and city.alive.get(f"user:{user}")
            ]
            if line.reach == "silent" and there:
                main.add(there[0])
        assert asked <= main
        query = sa.select(model.chase.c.contact_id).where(model.chase.c.asked_by != chase.TIMER)
        others = {counter.CONTACTS[contact - 1] for contact in self.world.tx.execute(query).scalars()}
        assert main - others <= asked

    # ── what is said ─────────────────────────────────────────────────────────────────────────────

    def _city(self, at: dt.datetime | None = None) -> counter.City:
        return counter.as_of(self.world.log, at or self.world.now)

    def _judge(self, item: outbox.Claimed) -> None:
        judge = getattr(self, f"_judge_{item.delivery.kind}", None)
        if judge is not None:
            judge(self._city(), self.world._chat_of(item.delivery.chat.telegram_id), item.message)

    def _judge_chase(self, city: counter.City, chat: str, said: OutgoingMessage) -> None:
        """It speaks of all that this person's schools still owe, and of nothing else."""
        user = int(chat.removeprefix("user:"))
        owing = {line.unit for line in city.lines(self.notice) if line.reach}
        meant = {
            button.callback.args[0]
            for row in said.rows
            for button in row
            if button.callback and button.callback.args
        }
        mine = owing & city._answers_for(user)
        assert mine
        assert meant == {str(self.world.ids[unit]) for unit in mine}
        earlier = self.claimed[user]
        assert len(earlier) < 2
        assert all(self.world.now - at >= 30 * MINUTE for at in earlier)
        earlier.append(self.world.now)

    def _judge_escalation(self, city: counter.City, chat: str, said: OutgoingMessage) -> None:
        """One row's figures, to an officer of that row."""
        rows = counter.rows(city.lines(self.notice))
        row = {"user:9": ["DH"], "user:10": ["city-run", "colleges"]}[chat]
        found = re.search(r"应报 (\d+)  已报 (\d+)  未报 (\d+)", said.html)
        assert found is not None
        assert tuple(map(int, found.groups())) in {
            (rows[r].expected, rows[r].answered, rows[r].missing) for r in row
        }
        assert found[3] != "0"

    def _judge_overdue(self, city: counter.City, chat: str, said: OutgoingMessage) -> None:
        """The number of those asked here who owe, without a name; or the one school whose own group it is."""
        here = [line for line in city.lines(self.notice) if chat in city.place(line.unit)]
        owing = [line.unit for line in here if line.reach]
        assert owing
        assert self.world.now >= self.due
        if chat == "group:0":
            assert f"还有 {len(owing)} 校没报" in said.html
            assert not [unit for unit in counter.UNITS if f"{unit}单位" in said.html]
            assert not said.rows
        else:
            assert (chat, owing) == ("group:1", ["HD1"])
            assert "HD1单位的国庆假前安全课还没报" in said.html
        assert said.silent

    def _judge_difference(self, city: counter.City, chat: str, said: OutgoingMessage) -> None:
        rows = {"user:9": ["DH"], "user:10": ["DH", "HD", "city-run", "colleges"]}[chat]
        then = {line.unit: line for line in self._city(self.due).lines(self.notice) if line.row in rows}
        live = {line.unit: line for line in city.lines(self.notice) if line.row in rows}
        owed = [unit for unit, line in then.items() if line.reach]
        since = [unit for unit in owed if not live[unit].reach and not live[unit].excused]
        left = [unit for unit, line in live.items() if line.reach]
        assert owed
        figures = f"未报 {len(owed)};现在({self.world.now.astimezone(SHANGHAI):%H:%M})又补报 {len(since)},还差 {len(left)}"
        assert figures in said.html
        assert bool(said.rows) == bool(left)


def _opens_at(local: dt.datetime) -> dt.datetime:
    """21:30 to 06:30 and 12:20 to 13:50 are quiet."""
    time = f"{local:%H:%M}"
    if "12:20" <= time < "13:50":
        return local.replace(hour=13, minute=50, second=0, microsecond=0)
    if time < "06:30" or time >= "21:30":
        morning = local.replace(hour=6, minute=30, second=0, microsecond=0)
        return morning if time < "06:30" else morning + dt.timedelta(days=1)
    return local


ABSENT = st.frozensets(st.sampled_from([1, 2, 3, 5, 6, 7, 8]), max_size=3)


# ── on SQLite, in one connection rolled back after each script ───────────────────────────────────


@pytest.fixture(scope="module")
def connection(sqlite_template, tmp_path_factory) -> Iterator[sa.Connection]:
    file = tmp_path_factory.mktemp("ladder") / "bot.db"
    file.write_bytes(sqlite_template.read_bytes())
    engine = engines._sqlite(urls.parse(f"sqlite:///{file}"), "BEGIN IMMEDIATE", read_only=False)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@hypothesis.given(start=st.sampled_from(STARTS), absent=ABSENT, script=SCRIPTS)
@hypothesis.settings(max_examples=25, phases=LOOKED_FOR)
def test_no_reminder_is_claimed_after_an_answer_and_every_rung_is_climbed_in_time(
    connection, start, absent, script
):
    with connection.begin() as transaction:
        Play(connection, start, absent).run(script)
        transaction.rollback()


# ── a smaller sample on PostgreSQL ───────────────────────────────────────────────────────────────


class _Undo(Exception):
    """All was as it should be, and nothing of it is kept."""


def played_and_undone(tx: sa.Connection, now: dt.datetime, start, absent, script) -> None:
    Play(tx, start, absent).run(script)
    raise _Undo


async def played_on(url, start, absent, script) -> None:
    db = await Database.open(url, clock=clock.system)
    with contextlib.suppress(_Undo):
        await db.transact(played_and_undone, start, absent, script)
    await db.close()


@pytest.mark.postgresql
@hypothesis.given(start=st.sampled_from(STARTS), absent=ABSENT, script=SCRIPTS)
@hypothesis.settings(
    max_examples=3, phases=LOOKED_FOR, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_postgresql_does_the_same(postgresql_url, start, absent, script):
    asyncio.run(played_on(postgresql_url, start, absent, script))

"""An account of its own: what was published and pressed, against what hangs in the chats and stands in the tables."""

import collections
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot import simulator
from bot.audit import model as audit
from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery import model as delivery
from bot.notices import model as notices
from tests.chaos.city import School

CARD = re.compile(r"第(\d+)号检查(做完了吗|:)")  # asking, or done
MARK = "(可能重复)"
ENDS = frozenset({"sent", "failed", "uncertain", "dropped"})
SIGNS = {"yes": "✅ 已做完", "trouble": "⚠️ 有困难"}
_a, _an, _d, _p = notices.assignment, notices.answer, delivery.delivery, delivery.posting


@dataclass(slots=True)
class Verdict:
    """What the account says in the end; whatever is a list of faults is empty when all is well.

    Attributes:
        owed: cards that chats were owed.
        doubled: copies beyond the first, as people saw them; deleted ones count.
        allowed: how many of them the calls in doubt explain: under way at a kill, reset, or on a line when it was cut.
        marked: copies that say that they may be a second one.
        unknown: cards whose number nobody learned: no edit reaches them before somebody presses.
    """

    owed: int = 0
    doubled: int = 0
    allowed: int = 0
    marked: int = 0
    pressed: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    doubled_unexplained: list[str] = field(default_factory=list)
    doubled_unmarked: list[str] = field(default_factory=list)
    presses_lost: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """What must not be, by its name."""
        names = ("lost", "doubled_unexplained", "doubled_unmarked", "presses_lost", "stale", "unsettled")
        return {name: found for name in names if (found := getattr(self, name))}


@dataclass(slots=True)
class Ledger:
    """Written while the chaos goes on; it watches the chats by itself.

    Attributes:
        published: the id of each notice by its number.
        copies: every message that ever was a card, by notice number and chat.
        said: what each school pressed, in order.
        calling: cards being sent when a process died: Telegram's chat, by delivery and attempt.
        calls_at_kills: every call under way then, edits and all else included.
    """

    sim: simulator.Simulator
    schools: list[School]
    published: dict[int, int] = field(default_factory=dict)
    copies: dict[tuple[int, int], list[simulator.Message]] = field(
        default_factory=lambda: collections.defaultdict(list)
    )
    said: dict[tuple[int, str], list[str]] = field(default_factory=lambda: collections.defaultdict(list))
    calling: dict[tuple[int, int], int] = field(default_factory=dict)
    calls_at_kills: set[tuple[int, int]] = field(default_factory=set)

    def watch(self) -> None:
        """From now on no card escapes."""
        self.sim.world.listeners.append(self._see)

    def _see(self, change: simulator.Change) -> None:
        if change.what != "message" or change.chat_id is None or change.message_id is None:
            return
        message = self.sim.chat(change.chat_id).messages[change.message_id]
        found = CARD.search(message.text) if message.from_bot else None
        if found:
            self.copies[int(found[1]), change.chat_id].append(message)

    def press(self, school: School, number: int, value: str, message: simulator.Message) -> None:
        """The school's principal presses; Telegram has it from now on."""
        self.sim.press_data(school.principal, message, f"v1:{self.published[number]}:1:{value}")
        self.said[number, school.code].append(value)

    def interrupted(self, tx: Tx, pid: int | None = None) -> None:
        """Note which calls were under way in the process that has died, or in any, when all have."""
        query = (
            sa.select(_d.c.id, _d.c.attempts, _d.c.kind, _d.c.is_edit, delivery.chat_address.c.telegram_id)
            .join(delivery.chat_address, delivery.chat_address.c.chat_id == _d.c.chat_id)
            .where(_d.c.state == "calling")
        )
        if pid is not None:
            query = query.where(_d.c.owner.contains(f"-{pid}-"))
        for row in tx.execute(query):
            self.calls_at_kills.add((row.id, row.attempts))
            if row.kind == "card" and not row.is_edit:
                self.calling[row.id, row.attempts] = row.telegram_id

    @staticmethod
    def held(tx: Tx, pid: int) -> int:
        """How many deliveries are in the hands of others than this process."""
        query = sa.select(sa.func.count()).where(
            _d.c.state.in_(["reserved", "calling"]), ~_d.c.owner.contains(f"-{pid}-")
        )
        return tx.execute(query).scalar_one()

    # ── the reckoning ────────────────────────────────────────────────────────────────────────────

    def reckon(
        self, tx: Tx, prepare: Mapping[str, outbox.Prepare], doubtful: collections.Counter[int]
    ) -> Verdict:
        """Compare everything; `doubtful` are sends on a line that was cut, by chat."""
        it = Verdict()
        self._cards(it, tx, doubtful)
        self._presses(it, tx)
        self._shown(it, tx, prepare)
        query = sa.select(_d).where(_d.c.state.not_in(ENDS))
        it.unsettled += [
            f"delivery {row.id} {row.kind} {row.subject} {row.state}" for row in tx.execute(query)
        ]
        return it

    def _cards(self, it: Verdict, tx: Tx, doubtful: collections.Counter[int]) -> None:
        resets = collections.Counter(
            call.chat_id
            for call in self.sim.calls_of("sendMessage")
            if call.status == 0 and call.chat_id and CARD.search(str(call.params.get("text")))
        )
        allowed = collections.Counter(self.calling.values()) + resets + doubtful
        it.allowed = allowed.total()
        extra: collections.Counter[int] = collections.Counter()
        for chat_id in {school.chat.id for school in self.schools}:
            for number in self.published:
                it.owed += 1
                copies = self.copies[number, chat_id]
                name = f"notice {number} chat {chat_id}"
                if all(message.deleted for message in copies):
                    it.lost.append(name)
                marked = sum(any(MARK in text for text in (*m.history, m.text)) for m in copies)
                it.marked += marked
                it.doubled += max(0, len(copies) - 1)
                extra[chat_id] += max(0, len(copies) - 1)
                if len(copies) - marked > 1:
                    it.doubled_unmarked.append(
                        f"{name}: {[(str(m.at.time()), *m.history, m.text) for m in copies]}"
                    )
        it.doubled_unexplained = [
            f"chat {chat_id}: {count} > {allowed[chat_id]}: {_sends(tx, chat_id)}"
            for chat_id, count in extra.items() if count > allowed[chat_id]
        ]  # fmt: skip

    def _presses(self, it: Verdict, tx: Tx) -> None:
        """Each press has become a row, once, in its order; saying the same again has left its own trace."""
        found: dict[tuple[int, str], list[str]] = collections.defaultdict(list)
        rows = sa.select(_a.c.notice_id, _a.c.unit_code, _an.c.value).join(
            _an, _an.c.assignment_id == _a.c.id
        )
        for row in tx.execute(rows.order_by(_an.c.id)):
            found[row.notice_id, row.unit_code].append(row.value)
        trail = sa.select(audit.record.c.subject).where(audit.record.c.verb == "press_again")
        again = collections.Counter(tx.execute(trail).scalars())
        ids = {(r.notice_id, r.unit_code): r.id for r in tx.execute(sa.select(_a))}
        for (number, code), said in self.said.items():
            it.pressed += len(said)
            notice = self.published[number]
            answers = [value for at, value in enumerate(said) if value not in said[:at]]
            there = found.pop((notice, code), [])
            repeated = again[f"assignment:{ids[notice, code]}"]
            if there != answers or repeated != len(said) - len(answers):
                it.presses_lost.append(
                    f"notice {number} {code}: said {said}, kept {there} + {repeated} again"
                )
        it.presses_lost += [f"{key}: nobody said {values}" for key, values in found.items()]

    def _shown(self, it: Verdict, tx: Tx, prepare: Mapping[str, outbox.Prepare]) -> None:
        """The card people see says what they said, and what the database would say now."""
        known = {}
        for row in tx.execute(sa.select(_p).where(_p.c.kind == "card")):
            known[int(row.subject), row.address] = row
        for chat_id, under in self._by_chat().items():
            for number, notice in self.published.items():
                row = known.get((notice, chat_id))
                if row is None or row.message_id is None:
                    it.unknown += 1
                    continue
                message = self.sim.chat(chat_id).messages.get(row.message_id)
                shown = message.text.removeprefix(MARK) if message and not message.deleted else "nothing"
                item = outbox.Delivery(
                    0, chats.get(tx, row.chat_id), "card", str(notice), False, row.message_id
                )
                drawn = prepare["card"](tx, self.sim.world.clock(), item)
                wanted = drawn.html if isinstance(drawn, outbox.OutgoingMessage) else ""
                if _plain(wanted) != _plain(shown) or not self._says(shown, number, under):
                    it.stale.append(f"notice {number} chat {chat_id}: {shown!r}, not {_plain(wanted)!r}")

    def _by_chat(self) -> dict[int, list[School]]:
        found: dict[int, list[School]] = collections.defaultdict(list)
        for school in self.schools:
            found[school.chat.id].append(school)
        return found

    def _says(self, shown: str, number: int, under: list[School]) -> bool:
        said = [self.said[number, school.code] for school in under if (number, school.code) in self.said]
        if under[0].is_shared:
            return f"本群已回复 {len(said)}/{len(under)} 校" in shown
        return SIGNS[said[0][-1]] in shown if said else "做完了吗" in shown


def _sends(tx: Tx, chat_id: int) -> list[str]:
    """What became of each card this chat was sent, for whoever asks where a second copy came from."""
    address = delivery.chat_address.c
    query = sa.select(_d).join(delivery.chat_address, address.chat_id == _d.c.chat_id)
    query = query.where(address.telegram_id == chat_id, _d.c.kind == "card", _d.c.is_edit.is_(False))
    return [
        f"{row.id} notice {row.subject} {row.state} {row.reason!r} tries {row.attempts} repeat {row.is_repeat} "
        f"by {row.owner} called {row.called_at} settled {row.settled_at}"
        for row in tx.execute(query.order_by(_d.c.id))
    ]


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())

"""A small city played through the verbs, with a log of what was done to it for the independent counter."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot import app, errors
from bot.db import Tx
from bot.delivery import claiming, outbox, pacing, settling
from bot.delivery.message import Outcome, Verdict
from bot.delivery.model import ChatState, chat_address
from bot.notices import answer, cards, desk, joining, model, publish, rules, trouble
from bot.roster import access, audience, enrolment
from bot.roster import model as roster
from bot.texts import Words
from tests.notices import counter
from tests.notices.counter import Event

MORNING = dt.datetime(2026, 9, 30, 1, 0, tzinfo=dt.UTC)
WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))
PREPARE = cards.preparations(WORDS)
BOT_ID = 1
USERS = 12  # two more than there are contacts
GROUPS = 4
DUE_AFTER = dt.timedelta(hours=4)


def found(tx: Tx, now: dt.datetime = MORNING) -> dict[str, int]:
    """The roster of these tests stands, armed; unit code → id."""
    ids: dict[str, int] = {}
    for position, (code, (kind, parent, row, _)) in enumerate(counter.UNITS.items()):
        values = {
            "code": code, "name": f"{code}单位", "kind": kind, "parent_id": ids.get(parent or ""),
            "county_id": ids.get(row), "position": position, "created_at": now,
            "armed_at": now if kind == "city" else None,
        }  # fmt: skip
        (ids[code],) = tx.execute(roster.unit.insert().values(values).returning(roster.unit.c.id)).one()
        if kind == "county":
            tx.execute(roster.unit.update().where(roster.unit.c.id == ids[code]).values(county_id=ids[code]))
    people = {}
    for number, contact in enumerate(counter.CONTACTS):
        values = {"name": contact, "phone": phone(contact), "created_at": now}
        (people[contact],) = tx.execute(
            roster.contact.insert().values(values).returning(roster.contact.c.id)
        ).one()
        assert number < USERS
    for contact, unit, role in counter.POSTS:
        values = {
            "contact_id": people[contact], "unit_id": ids[unit], "role": role, "source": "file", "since": now,
        }  # fmt: skip
        tx.execute(roster.post.insert().values(values))
    pacing.ensure(tx, now, BOT_ID, rate=1000)
    return ids


def phone(contact: str) -> str:
    return f"1380000{counter.CONTACTS.index(contact):04d}"


@dataclass
class World:
    """Does things to the product and writes down that they were done."""

    tx: Tx
    now: dt.datetime = MORNING
    log: list[Event] = field(default_factory=list)
    due: dict[int, dt.datetime] = field(default_factory=dict)
    notices: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids = found(self.tx)
        self.addresses = {f"group:{n}": -1000 - n for n in range(GROUPS)}
        self.addresses |= {f"user:{n}": n for n in range(1, USERS + 1)}

    def _chat_of(self, telegram_id: int) -> str:
        return next(name for name, address in self.addresses.items() if address == telegram_id)

    def _did(self, what: str, **facts: object) -> None:
        self.log.append(Event(self.now, what, **facts))  # type: ignore[arg-type]

    def wait(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    # ── people and groups ────────────────────────────────────────────────────────────────────────

    def share_phone(self, user: int, contact: str) -> None:
        joining.with_phone(self.tx, self.now, user_id=user, phone=phone(contact))
        self._did("shared_phone", user=user, contact=contact)

    def leave(self, user: int) -> None:
        joining.left(self.tx, self.now, user_id=user)
        self._did("left", user=user)

    def succeed(self, user: int, unit: str) -> None:
        given = enrolment.invite(
            self.tx, self.now, unit_id=self.ids[unit], role=access.Role.PRINCIPAL, kind="successor"
        )
        joining.with_code(self.tx, self.now, user_id=user, code=given.code, name="新人")
        self._did("succeeded", user=user, unit=unit)

    def bind(self, group: str, unit: str, user: int) -> None:
        joining.agree(self.tx, self.now, group=self._group(group), user_id=user, unit_id=self.ids[unit])
        self._did("bound", chat=group, unit=unit, user=user)

    def _group(self, group: str) -> joining.GroupSeen:
        return joining.GroupSeen(self.addresses[group], group)

    def lose(self, chat: str, state: ChatState) -> None:
        self._state(chat, state)
        self._did("chat_died", chat=chat)

    def regain(self, chat: str) -> None:
        self._state(chat, ChatState.OK)
        self._did("chat_lives", chat=chat)

    def _state(self, chat: str, state: ChatState) -> None:
        if chat.startswith("user"):
            joining.blocked(self.tx, self.now, user_id=self.addresses[chat], state=state)
        else:
            joining.membership(self.tx, self.now, group=self._group(chat), state=state, reason="test")

    def migrate(self, group: str) -> None:
        """Both sides tell, as Telegram does."""
        old = self.addresses[group]
        self.addresses[group] = old - 100_000
        for _ in range(2):
            joining.migrated(self.tx, self.now, old=old, new=self.addresses[group])
        if group in counter.as_of(self.log, self.now).alive:
            self._did("chat_lives", chat=group)

    # ── notices ──────────────────────────────────────────────────────────────────────────────────

    def publish(self, meant: str, *, lasts: dt.timedelta = DUE_AFTER, **changes: str) -> int:
        due_at = self.now + lasts
        draft = publish.Draft(
            content_id="R03b", title="国庆假前安全课", kind=rules.Kind.CONFIRM, audience=audience.parse(meant),
            text="上完了吗?", due_at=due_at, yes_words="已上完", trouble_words="有困难", **changes,
        )  # fmt: skip
        done = publish.publish(self.tx, self.now, draft, by="test")
        self.due[done.notice_id] = due_at
        self._did("published", notice=done.notice_id, due_at=due_at, units=counter.AUDIENCES[meant])
        return done.notice_id

    def deliver(self, verdicts: list[Verdict]) -> None:
        """The sender's turn: as many calls as verdicts, each ending as told."""
        claimed = claiming.claim(
            self.tx, self.now, PREPARE, owner="test", bot_id=BOT_ID, limit=len(verdicts), group_rate=20
        )
        for number, (item, verdict) in enumerate(zip(claimed, verdicts, strict=False), start=1):
            assert settling.begin_calls(self.tx, self.now, [item.delivery.id], owner="test")
            outcome = Outcome(verdict, message_id=item.delivery.id * 10 + number)
            settling.settle(self.tx, self.now, item, outcome)
            app.follow(self.tx, self.now, item, outcome)
            self._saw(item, verdict)

    def _saw(self, item: outbox.Claimed, verdict: Verdict) -> None:
        chat = self._chat_of(item.delivery.chat.telegram_id)
        is_new_card = item.delivery.kind == "card" and item.message.edit_of is None
        if is_new_card and verdict in (Verdict.SENT, Verdict.UNCERTAIN):
            self._did("card_sent", notice=item.delivery.number, chat=chat)
        if verdict is Verdict.SENT and item.delivery.chat.state is ChatState.MUTED:
            self._did("chat_lives", chat=chat)
        if verdict in (Verdict.GONE, Verdict.BLOCKED):
            self._did("chat_died", chat=chat)

    def press(
        self, notice: int, user: int, value: str, *, chat: str = "", unit: str = "", every: bool = False,
        drained: bool = False,
    ) -> answer.Outcome:  # fmt: skip
        """`drained`: it was pressed in time, and is read after an outage that spanned due."""
        chat = chat or f"user:{user}"
        pressed_at = min(self.now, self.due[notice]) if drained else None
        it = answer.Press(
            notice, 1, rules.Value(value), user, self.addresses[chat], None, unit_id=self.ids.get(unit),
            every=every, pressed_before=pressed_at, callback=f"v1:{notice}:1:yes",
            text="无" if value == "text" else None,
        )  # fmt: skip
        outcome = answer.press(self.tx, self.now, it)
        self._did(
            "pressed", notice=notice, user=user, value=value, chat=chat, unit=unit, every=every,
            pressed_at=pressed_at,
        )  # fmt: skip
        return outcome

    def on_behalf(self, notice: int, user: int, units: tuple[str, ...], value: str) -> None:
        ids = [self.ids[unit] for unit in units]
        with self._maybe():
            desk.on_behalf(
                self.tx, self.now, notice_id=notice, unit_ids=ids, user_id=user, value=rules.Value(value)
            )
        self._did("on_behalf", notice=notice, user=user, units=units, value=value)

    def excuse(self, notice: int, user: int, units: tuple[str, ...], reason: str) -> None:
        ids = [self.ids[unit] for unit in units]
        with self._maybe():
            desk.excuse(self.tx, self.now, notice_id=notice, unit_ids=ids, user_id=user, reason=reason)
        self._did("excused", notice=notice, user=user, units=units, value=reason)

    def withdraw(self, notice: int, user: int, unit: str) -> None:
        with self._maybe():
            trouble.withdraw(self.tx, self.now, trouble_id=self._trouble(notice, unit), user_id=user)
        self._did("withdrew", notice=notice, user=user, unit=unit)

    def solve(self, notice: int, user: int, unit: str) -> None:
        with self._maybe():
            trouble.solve(self.tx, self.now, trouble_id=self._trouble(notice, unit), user_id=user)
        self._did("solved", notice=notice, user=user, unit=unit)

    def handle(self, notice: int, user: int, unit: str, state: str) -> None:
        with self._maybe():
            trouble.handle(
                self.tx, self.now, trouble_id=self._trouble(notice, unit), user_id=user,
                state=rules.TroubleState(state),
            )  # fmt: skip
        self._did("handled", notice=notice, user=user, unit=unit, value=state)

    def _trouble(self, notice: int, unit: str) -> int:
        """The number under the buttons of the unit's newest trouble; 0 for a forged press."""
        t, a = model.trouble, model.assignment
        query = sa.select(sa.func.max(t.c.id)).join(a, a.c.id == t.c.assignment_id)
        query = query.where(a.c.notice_id == notice, a.c.unit_id == self.ids[unit])
        return self.tx.execute(query).scalar() or 0

    def asked_through(self, notice: int) -> dict[str, set[str]]:
        """Unit → the chats through which it is asked now."""
        q, a, address = model.asked, model.assignment, chat_address
        query = (
            sa.select(a.c.unit_code, address.c.telegram_id)
            .join(q, q.c.assignment_id == a.c.id)
            .join(address, address.c.chat_id == q.c.chat_id)
            .where(a.c.notice_id == notice, q.c.until.is_(None), address.c.until.is_(None))
        )
        found: dict[str, set[str]] = {}
        for row in self.tx.execute(query):
            found.setdefault(row.unit_code, set()).add(self._chat_of(row.telegram_id))
        return found

    def _maybe(self) -> "_Refusable":
        return _Refusable(self.tx)


class _Refusable:
    """A verb that may be refused, in a savepoint as it would be in a transaction of its own."""

    def __init__(self, tx: Tx) -> None:
        self._savepoint = tx.begin_nested()

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> bool:
        if fault is None:
            self._savepoint.commit()
            return False
        self._savepoint.rollback()
        return isinstance(fault, errors.Refused)

"""有困难: it counts at once, is told in three short private questions, and lives until somebody solves it."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery.model import Lane
from bot.inbox import questions
from bot.notices import asking, model, rules
from bot.notices.rules import TroubleState
from bot.roster import access, people
from bot.roster.people import Person

THEMES = {
    "lesson": "没上成课",
    "fire": "消防用电",
    "building": "校舍围墙",
    "food": "食品饮水",
    "traffic": "校车交通",
    "other": "别的",
}
NEEDS = {"self": "我校能解决", "county": "要县局帮忙", "urgent": "很急,打电话"}
COUNTY, CITY = "县局", "市局"  # whom a school turns to; one of no county turns to the city
TEXT_CHARS = 200
TELL_FOR = dt.timedelta(hours=24)  # how long a typed line is taken as the trouble's
QUESTION = "trouble_text"

_t, _s, _a = model.trouble, model.trouble_step, model.assignment


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble as it is now, with what is needed to show it."""

    id: int
    assignment_id: int
    notice_id: int
    title: str
    item: str  # of a directive; else ''
    unit_id: int
    unit: str
    county_id: int | None
    contact_id: int
    said_by: str
    on_behalf: bool
    theme: str
    need: str
    text: str
    file_id: str
    file_kind: str
    opened_at: dt.datetime
    described_at: dt.datetime | None
    state: TroubleState
    steps: tuple["Step", ...]

    @property
    def county_above(self) -> int | None:
        """The county that looks after it; none for a county's own trouble, which is the city's business."""
        return None if self.county_id == self.unit_id else self.county_id

    @property
    def above(self) -> str:
        """Whom the school turns to."""
        return CITY if self.county_above is None else COUNTY

    @property
    def need_words(self) -> str:
        """What is needed, as its button says it; '' before it is told."""
        return needs(self).get(self.need, "")

    @property
    def place(self) -> access.Place:
        """Where the school lay when it was asked."""
        return access.Place(self.unit_id, self.county_id)


def needs(it: Trouble) -> dict[str, str]:
    """The choices of ②."""
    return {key: words.replace(COUNTY, it.above) for key, words in NEEDS.items()}


@dataclass(frozen=True, slots=True)
class Step:
    """One step in a trouble's life."""

    state: TroubleState
    said_by: str
    at: dt.datetime


def open_(
    tx: Tx,
    now: dt.datetime,
    assignment: sa.RowMapping,
    *,
    person: Person,
    chat: chats.Chat | None,
    on_behalf: bool = False,
    item: str = "",
) -> int:
    """A trouble is open, of a directive with one `item`.

    Its school is asked about it in private, its county hears of it within a minute.
    """
    (trouble_id,) = tx.execute(
        _t.insert()
        .values(
            assignment_id=assignment["id"], item=item, contact_id=person.contact_id,
            said_by=person.said_by(assignment["unit_id"]), on_behalf=on_behalf, opened_at=now,
        )
        .returning(_t.c.id)
    ).one()  # fmt: skip
    _step(tx, now, trouble_id, TroubleState.NEW, person)
    if not on_behalf:
        _ask(tx, now, trouble_id, person)
    for officer in people.officers_of(tx, _reread(tx, trouble_id).county_above):
        start = now + rules.TROUBLE_TOLD_AFTER
        outbox.show(
            tx, now, officer.chat_id, "officer_trouble", trouble_id, lane=Lane.ALERT, not_before=start
        )
    return int(trouble_id)


def _ask(tx: Tx, now: dt.datetime, trouble_id: int, person: Person) -> None:
    user_id = people.user_of(tx, person.contact_id)
    private = chats.find(tx, user_id) if user_id is not None else None
    if private is not None:
        outbox.show(tx, now, private.id, "trouble", trouble_id, lane=Lane.INTERACTIVE)


def _step(tx: Tx, now: dt.datetime, trouble_id: int, state: TroubleState, person: Person) -> None:
    signed = person.said_by(None)
    tx.execute(
        _s.insert().values(
            trouble_id=trouble_id, state=state.value, contact_id=person.contact_id, said_by=signed, at=now
        )
    )


def get(tx: Tx, trouble_id: int) -> Trouble | None:
    """The trouble with this id."""
    return next(iter(_read(tx, _t.c.id == trouble_id)), None)


def _read(tx: Tx, some: sa.ColumnElement[bool], at: dt.datetime | None = None) -> list[Trouble]:
    """These troubles, the oldest first, with the steps taken until `at` (None: all of them)."""
    n = model.notice
    query = (
        sa.select(_t, _a.c.notice_id, _a.c.unit_id, _a.c.unit_name, _a.c.county_id, n.c.title)
        .join(_a, _a.c.id == _t.c.assignment_id)
        .join(n, n.c.id == _a.c.notice_id)
        .where(some)
        .order_by(_t.c.id)
    )
    taken = sa.select(_s).join(_t, _t.c.id == _s.c.trouble_id).join(_a, _a.c.id == _t.c.assignment_id)
    if at is not None:
        taken = taken.where(_s.c.at <= at)
    steps: dict[int, list[Step]] = defaultdict(list)
    for r in tx.execute(taken.where(some).order_by(_s.c.id)):
        steps[r.trouble_id].append(Step(TroubleState(r.state), r.said_by, r.at))
    return [_trouble(m, tuple(steps[m["id"]])) for m in tx.execute(query).mappings() if m["id"] in steps]


def _titled(title: str, item: str) -> str:
    """What the trouble is about."""
    return f"{title}第 {item} 项" if item else title


def _trouble(m: sa.RowMapping, steps: tuple[Step, ...]) -> Trouble:
    return Trouble(
        m["id"], m["assignment_id"], m["notice_id"], _titled(m["title"], m["item"]), m["item"],
        m["unit_id"], m["unit_name"], m["county_id"],
        m["contact_id"], m["said_by"], m["on_behalf"], m["theme"], m["need"], m["text"], m["file_id"], m["file_kind"],
        m["opened_at"], m["described_at"], steps[-1].state, steps,
    )  # fmt: skip


def standing(tx: Tx, assignment_id: int, item: str = "") -> Trouble | None:
    """The unit's trouble that is neither solved nor withdrawn; a unit has one at a time, with each item of a directive."""
    mine = (_t.c.assignment_id == assignment_id, _t.c.item == item)
    newest = tx.execute(sa.select(_t.c.id).where(*mine).order_by(_t.c.id.desc()).limit(1))
    trouble_id = newest.scalar()
    found = None if trouble_id is None else get(tx, trouble_id)
    return found if found is not None and rules.is_standing(found.state) else None


def of_notice_unit(tx: Tx, assignment_id: int) -> Trouble | None:
    """The unit's trouble that tells where it stands: of those not withdrawn the newest that stands, else the newest."""
    return _told(_read(tx, _t.c.assignment_id == assignment_id)).get(assignment_id)


def _told(some: list[Trouble]) -> dict[int, Trouble]:
    """Assignment → the one of these that tells where it stands."""
    counted = [t for t in some if t.state is not TroubleState.WITHDRAWN]
    newest = {t.assignment_id: t for t in counted}
    return newest | {t.assignment_id: t for t in counted if rules.is_standing(t.state)}


def of_notice(tx: Tx, notice_id: int, *, at: dt.datetime | None = None) -> dict[int, Trouble]:
    """Assignment → the trouble that tells where it stands, as of `at` (None: now): see `of_notice_unit`.

    What was told about it (theme, need, text) is always the present wording.
    """
    return _told(_read(tx, _a.c.notice_id == notice_id, at))


def show(tx: Tx, now: dt.datetime, found: Trouble, person: Person) -> None:
    """A colleague of the one who told it has it in private too, with [已解决]."""
    _ask(tx, now, found.id, person)


def ask_again(tx: Tx, now: dt.datetime, found: Trouble, person: Person) -> None:
    """⚠️ pressed while one stands: nothing new; the one who told it is shown his questions again."""
    if found.contact_id == person.contact_id:
        _ask(tx, now, found.id, person)


def adopt(tx: Tx, now: dt.datetime, found: Trouble, person: Person) -> None:
    """What an officer had told for the school is the school's own from now on; it is asked the three questions."""
    values = {"contact_id": person.contact_id, "said_by": person.said_by(found.unit_id), "on_behalf": False}
    tx.execute(_t.update().where(_t.c.id == found.id).values(values))
    _ask(tx, now, found.id, person)
    _changed(tx, now, found)


# ── the school's side ────────────────────────────────────────────────────────────────────────────


def choose(
    tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int, theme: str = "", need: str = ""
) -> Trouble:
    """① which matter, ② what is needed. Choosing again changes the choice as long as the trouble stands.

    Raises:
        NotAllowed: not a contact of this school. Refused: an unknown word, or it is over.
    """
    found, _ = _schools_own(tx, trouble_id, user_id)
    values = {k: v for k, v in (("theme", theme), ("need", need)) if v}
    if not values or (theme and theme not in THEMES) or (need and need not in NEEDS):
        raise errors.Refused("没有这个选项,请重新点。")
    tx.execute(_t.update().where(_t.c.id == trouble_id).values(values))
    if need:
        questions.ask(tx, now, user_id=user_id, kind=QUESTION, subject=str(trouble_id), for_=TELL_FOR)
    _changed(tx, now, found, tell_now=need == "urgent")
    return _reread(tx, trouble_id)


def describe(
    tx: Tx,
    now: dt.datetime,
    *,
    trouble_id: int,
    user_id: int,
    text: str = "",
    file_id: str = "",
    file_kind: str = "",
) -> Trouble:
    """③ one line, or a voice, or a photo; with none of them the questions are over without it.

    Raises:
        NotAllowed, Refused: as `choose`; also when the line is longer than 200 characters.
    """
    found, _ = _schools_own(tx, trouble_id, user_id)
    if len(text) > TEXT_CHARS:
        raise errors.Refused(f"请写短一点,不超过 {TEXT_CHARS} 字(您写了 {len(text)} 字)。")
    values: dict[str, object] = {"described_at": now}
    if text:
        values["text"] = text
    if file_id:
        values |= {"file_id": file_id, "file_kind": file_kind}
    tx.execute(_t.update().where(_t.c.id == trouble_id).values(values))
    questions.close(tx, now, user_id)
    _changed(tx, now, found, tell_now=True)
    if file_id:
        for officer in people.officers_of(tx, found.county_above):
            outbox.show(tx, now, officer.chat_id, "trouble_file", trouble_id, lane=Lane.INTERACTIVE)
    return _reread(tx, trouble_id)


def reword(tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int) -> Trouble:
    """「改一句」: the next line typed replaces the one told."""
    found, _ = _schools_own(tx, trouble_id, user_id)
    tx.execute(_t.update().where(_t.c.id == trouble_id).values(described_at=None))
    questions.ask(tx, now, user_id=user_id, kind=QUESTION, subject=str(trouble_id), for_=TELL_FOR)
    _changed(tx, now, found)
    return _reread(tx, trouble_id)


def withdraw(tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int) -> Trouble:
    """「点错了,没有困难」: it counts nowhere from now on; what the school had said before stands again.

    Who told it may take it back; anyone else of the school who may also call it solved.
    """
    found, person = _schools_own(tx, trouble_id, user_id)
    if person.contact_id != found.contact_id and not person.may(access.Action.SOLVE_OWN, found.place):
        raise errors.NotAllowed(f"这件事请由{found.said_by}或校领导来改。")
    an = model.answer
    tx.execute(
        an.update()
        .where(
            an.c.assignment_id == found.assignment_id, an.c.item == found.item, an.c.value == rules.Value.TROUBLE.value,
            an.c.withdrawn_at.is_(None), an.c.at >= found.opened_at,
        )
        .values(withdrawn_at=now)
    )  # fmt: skip
    return _take_step(tx, now, found, TroubleState.WITHDRAWN, person, user_id)


def solve(tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int) -> Trouble:
    """「已解决」 by the school itself, by any of its contacts who may answer."""
    found, person = _schools_own(tx, trouble_id, user_id, action=access.Action.SOLVE_OWN)
    return _take_step(tx, now, found, TroubleState.SOLVED, person, user_id)


def _schools_own(
    tx: Tx, trouble_id: int, user_id: int, *, action: access.Action = access.Action.ANSWER
) -> tuple[Trouble, Person]:
    """The trouble and the contact of its own school; it must still stand."""
    found, person = _locked(tx, trouble_id), people.by_user(tx, user_id)
    if found is None or person is None or not access.may(person.posts, action, found.place):
        raise errors.NotAllowed("这件事只能由本校登记的人来改。")
    if not rules.is_standing(found.state):
        raise errors.Refused("这件事已经了结,不用再点。")
    return found, person


def _locked(tx: Tx, trouble_id: int) -> Trouble | None:
    found = get(tx, trouble_id)
    if found is None:
        return None
    tx.execute(sa.select(_a.c.id).where(_a.c.id == found.assignment_id).with_for_update())
    return get(tx, trouble_id)


# ── the officer's side ───────────────────────────────────────────────────────────────────────────


def handle(tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int, state: TroubleState) -> Trouble:
    """[已看到] [已电话] [已解决]: the school sees each step. Pressing an earlier step again changes nothing.

    Raises:
        NotAllowed: the school lies outside the officer's area.
    """
    found, person = _locked(tx, trouble_id), people.by_user(tx, user_id)
    if found is None or person is None or not person.may(access.Action.HANDLE_TROUBLE, found.place):
        raise errors.NotAllowed("这所学校不归您管,您不能处理这件事。")
    if state not in (TroubleState.SEEN, TroubleState.PHONED, TroubleState.SOLVED):
        raise errors.Refused("没有这个选项,请重新点。")
    if not rules.may_become(found.state, state):
        return found
    trail.note(tx, now, actor=person.actor, verb=f"trouble_{state}", subject=f"trouble:{trouble_id}")
    return _take_step(tx, now, found, state, person, user_id)


def phone(tx: Tx, now: dt.datetime, *, trouble_id: int, user_id: int) -> str:
    """The number of the one who told it, for an officer entitled to it; the look is written down.

    Raises:
        NotAllowed: no right to phones there.
    """
    found, person = get(tx, trouble_id), people.by_user(tx, user_id)
    if found is None or person is None or not person.may(access.Action.SEE_PHONES, found.place):
        raise errors.NotAllowed("您不能看这个号码。")
    trail.note(tx, now, actor=person.actor, verb="see_phones", subject=f"trouble:{trouble_id}")
    number = people.get(tx, found.contact_id).phone
    return f"{found.said_by} {people.dialled(number)}" if number else f"{found.said_by}没有登记手机号"


def _take_step(
    tx: Tx, now: dt.datetime, found: Trouble, state: TroubleState, person: Person, user_id: int
) -> Trouble:
    _step(tx, now, found.id, state, person)
    if not rules.is_standing(state):
        _close_question(tx, now, user_id, found.id)
    _changed(tx, now, found, tell_now=True)
    asking.refresh_cards(tx, now, found.notice_id, [found.assignment_id])
    if found.item:
        asking.refresh_lists(tx, now, found.notice_id, found.unit_id)
    return _reread(tx, found.id)


def _close_question(tx: Tx, now: dt.datetime, user_id: int, trouble_id: int) -> None:
    asked = questions.open(tx, now, user_id)
    if asked is not None and asked.kind == QUESTION and asked.subject == str(trouble_id):
        questions.close(tx, now, user_id)


def _reread(tx: Tx, trouble_id: int) -> Trouble:
    found = get(tx, trouble_id)
    if found is None:
        raise LookupError(f"trouble {trouble_id}")
    return found


def standing_items(tx: Tx, assignment_id: int) -> frozenset[str]:
    """Of a directive, the unit's items with a trouble that stands."""
    mine = _read(tx, _t.c.assignment_id == assignment_id)
    return frozenset(t.item for t in mine if rules.is_standing(t.state))


def _changed(tx: Tx, now: dt.datetime, found: Trouble, *, tell_now: bool = False) -> None:
    """Every live message about it comes to tell the new state; with `tell_now` the officers' first one goes at once."""
    outbox.again(tx, now, "trouble", found.id, lane=Lane.INTERACTIVE)
    for officer in people.officers_of(tx, found.county_above):
        start = now if tell_now else now + rules.TROUBLE_TOLD_AFTER
        outbox.show(
            tx, now, officer.chat_id, "officer_trouble", found.id, lane=Lane.INTERACTIVE, not_before=start
        )


def remind_undescribed(tx: Tx, now: dt.datetime) -> int:
    """Ten minutes without a word about what it is: one private reminder, once; how many were reminded."""
    late = (
        _t.c.described_at.is_(None), _t.c.theme == "", _t.c.reminded_at.is_(None), _t.c.on_behalf.is_(False),
        _t.c.opened_at <= now - rules.TROUBLE_REMINDED_AFTER,
    )  # fmt: skip
    found = sa.select(_t.c.id, _t.c.contact_id).where(*late).order_by(_t.c.id).limit(50)
    rows = tx.execute(found.with_for_update(skip_locked=True)).all()  # every process looks
    for row in rows:
        tx.execute(_t.update().where(_t.c.id == row.id).values(reminded_at=now))
        user_id = people.user_of(tx, row.contact_id)
        private = chats.find(tx, user_id) if user_id is not None else None
        if private is not None and rules.is_standing(_reread(tx, row.id).state):
            outbox.show(tx, now, private.id, "trouble_reminder", row.id, lane=Lane.SCHEDULED)
    return len(rows)

"""Publishing: one notice to an audience, with its assignments frozen and its cards owed, in one transaction."""

import dataclasses
import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import outbox
from bot.delivery.chats import ChatId
from bot.delivery.model import Lane
from bot.notices import asking, ladder, model, rules
from bot.notices.rules import Kind
from bot.roster import bindings, people, units
from bot.roster.access import Role
from bot.roster.audience import Audience
from bot.roster.units import Unit

KEY_CHARS = 8  # of an item: beside ids of ten digits a button has room for 26 bytes of it
KEY_BYTES = 3 * KEY_CHARS  # a rare character has four
POSITIONS_APART = 100  # of items: a later version may put one between two, and rows never move
CITY_RUN, COLLEGES, BUREAU = "city-run", "colleges", "bureau"
AFTER_COUNTIES = 1_000_000_000  # positions of the three rows that stand below the counties
_OTHER_ROWS = {
    CITY_RUN: ("市直学校", AFTER_COUNTIES),
    COLLEGES: ("市属高校", AFTER_COUNTIES + 1),
    BUREAU: ("市局机关", AFTER_COUNTIES + 2),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice before it is published.

    Attributes:
        text: only the school's placeholders ({school} {unit} {duty_phone}) are left in it.
        due_at: None exactly for a reminder.
        owner: code of the office in charge; unknown or empty means the city's bureau.
        through: `own` reminds only in groups that belong to one school alone; `any` in the usual place.
        is_provisional: 暂定: a date it was counted from may still change; its card says so.
        items: a directive's lines, answered one by one; none for anything else.
        full_text: what the card's text sums up, behind [看全文]; '' if the card says it all.
        files: what [📎 看原文] sends.
        released_by: the second officer who agreed to the sending; '' where none was needed.
    """

    content_id: str
    title: str
    kind: Kind
    audience: Audience
    text: str
    due_at: dt.datetime | None
    yes_words: str
    trouble_words: str
    level: str = "today"
    category: str = "routine"
    basis: str = ""
    owner: str = ""
    chase: str = "standard"
    escalate: str = "county"
    through: str = "any"
    is_provisional: bool = False
    items: tuple["Item", ...] = ()
    full_text: str = ""
    files: tuple["File", ...] = ()
    released_by: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a directive.

    Attributes:
        key: 1, 2, … as printed; at most 16 characters, no colon.
        party: 责任方; may be empty.
        due_at: when it is due, if not with the notice.
        asks: `schools`: to how many of its schools the unit has passed it on; '': whether it is done.
    """

    key: str
    text: str
    party: str = ""
    due_at: dt.datetime | None = None
    asks: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a notice: Telegram's number of it, and the message it came in."""

    file_id: str
    kind: str  # document | photo
    name: str
    bytes: int
    from_chat: int
    from_message: int


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did: how many units are asked, through how many chats."""

    notice_id: int
    units: int
    chats: int
    is_trial: bool


def publish(
    tx: Tx, now: dt.datetime, draft: Draft, *, by: str, only: frozenset[int] | None = None
) -> Published:
    """The notice is out: rows for every unit that owes an answer, and a card owed to every chat.

    Of the audience, `only` keeps the units with these ids; None keeps all.

    Real schools are asked only where sending is allowed (`arming`). Where it is allowed for none of them the
    notice is a trial: its cards go to the administrators and to pilot chats, and its table can be rehearsed.

    Raises:
        Refused: nobody is meant, a code is unknown, or it would be due already.
    """
    if draft.due_at is not None and draft.due_at <= now:
        raise errors.Refused(f"due:截止时间 {draft.due_at.isoformat()} 已经过了")
    if (draft.kind is Kind.DIRECTIVE) != bool(draft.items):
        raise errors.Refused("要求逐项反馈的通知要有事项,别的通知不能有")
    check(draft.items, now, latest=draft.due_at)
    bindings.hold_still(tx)
    everyone = units.every(tx)
    meant = [u for u in draft.audience.select(everyone) if only is None or u.id in only]
    if not meant and not draft.audience.is_admins:
        raise errors.Refused(f"audience “{draft.audience.text}” 现在没有任何单位")
    places = bindings.places(tx, meant)
    it = _reach(tx, meant, places)
    reached, asked = it.reached, it.asked
    is_trial = it.is_trial and not draft.audience.is_admins
    notice_id = _insert(tx, now, draft, everyone, is_trial=is_trial, by=by)
    if draft.kind is Kind.REMINDER:
        through = [c for u in reached for c in places.chats[u.id]]
        if draft.through == "own":
            own = bindings.own_groups(tx)
            through = [c for c in through if c in own]
        chats = _remind(tx, now, notice_id, through)
    else:
        _assign(tx, draft, notice_id, asked, everyone)
        lane = Lane.ALERT if draft.level == "now" else Lane.SCHEDULED
        chats = asking.settle(tx, now, asked, lane=lane)
    if draft.due_at is not None:
        ladder.set_up(tx, now, notice_id, chase=draft.chase, escalate=draft.escalate, due_at=draft.due_at)
    if is_trial or draft.audience.is_admins:
        chats |= _remind(tx, now, notice_id, [a.chat_id for a in people.reachable(tx, roles=(Role.ADMIN,))])
    trail.note(tx, now, actor=by, verb="publish", subject=f"notice:{notice_id}", detail=f"units:{len(asked)}")
    return Published(notice_id, len(asked), len(chats), is_trial)


def check(items: tuple[Item, ...], now: dt.datetime, *, latest: dt.datetime | None) -> None:
    """Each item has a name of its own that fits a button, words, and a due that is neither over nor after `latest`.

    Raises:
        Refused: telling which item is wrong, and what is allowed.
    """
    seen: set[str] = set()
    for item in items:
        if (
            not 0 < len(item.key) <= KEY_CHARS
            or len(item.key.encode()) > KEY_BYTES
            or ":" in item.key
            or item.key in seen
        ):
            raise errors.Refused(f"事项编号“{item.key}”:每项一个,不重复,不超过 {KEY_CHARS} 个字,不带冒号")
        seen.add(item.key)
        if not item.text.strip():
            raise errors.Refused(f"第 {item.key} 项没有写内容")
        if item.due_at is not None and (item.due_at <= now or (latest is not None and item.due_at > latest)):
            raise errors.Refused(f"第 {item.key} 项的截止时间要晚于现在,不晚于整件事的截止时间")


@dataclass(frozen=True, slots=True)
class Reach:
    """Of those meant, whom publishing would really ask.

    Attributes:
        reached: the ones to whom sending is allowed, or who have a pilot group.
        is_trial: real sending is allowed to none of them.
    """

    meant: list[Unit]
    reached: list[Unit]
    is_trial: bool

    @property
    def asked(self) -> list[Unit]:
        """Who stands in the notice's table; in a trial that reaches nobody, all who are meant."""
        return self.reached or self.meant


def reach(tx: Tx, meant: list[Unit]) -> Reach:
    """What publishing to these would do now; nothing is written."""
    return _reach(tx, meant, bindings.places(tx, meant))


def _reach(tx: Tx, meant: list[Unit], places: bindings.Places) -> Reach:
    reached = [u for u in meant if u.id not in places.closed]
    armed = bindings.armed_units(tx)
    return Reach(meant, reached, not any(armed.has(u.place) for u in reached))


def _insert(tx: Tx, now: dt.datetime, draft: Draft, everyone: list[Unit], *, is_trial: bool, by: str) -> int:
    owner = next((u.id for u in everyone if u.code == draft.owner), None)
    city = next((u.id for u in everyone if u.kind == "city"), None)
    (notice_id,) = tx.execute(
        model.notice.insert()
        .values(
            content_id=draft.content_id, title=draft.title, kind=draft.kind.value, audience=draft.audience.text,
            level=draft.level, category=draft.category, yes_words=draft.yes_words,
            trouble_words=draft.trouble_words, basis=draft.basis, owner_unit_id=owner or city, chase=draft.chase,
            escalate=draft.escalate, through=draft.through, is_provisional=draft.is_provisional,
            is_trial=is_trial, published_at=now, published_by=by, released_by=draft.released_by,
            due_at=draft.due_at,
            closes_at=rules.closes_at(draft.due_at) if draft.due_at else None,
        )
        .returning(model.notice.c.id)
    ).one()  # fmt: skip
    version = {"text": draft.text, "full_text": draft.full_text, "created_by": by, "created_at": now}
    tx.execute(model.notice_version.insert().values(notice_id=notice_id, version=1, **version))
    items = [
        {
            "item": it.key,
            "position": at * POSITIONS_APART,
            "text": it.text,
            "party": it.party,
            "due_at": it.due_at,
            "asks": it.asks,
        }
        for at, it in enumerate(draft.items)
    ] or [{"item": "", "position": 0, "text": "", "party": "", "due_at": None, "asks": ""}]
    tx.execute(model.notice_item.insert(), [{"notice_id": notice_id} | it for it in items])
    if draft.files:
        files = [dataclasses.asdict(file) for file in draft.files]
        for at, file in enumerate(files):
            file |= {"notice_id": notice_id, "position": at, "file_kind": file.pop("kind")}
        tx.execute(model.attachment.insert(), files)
    return int(notice_id)


def _assign(tx: Tx, draft: Draft, notice_id: int, asked: list[Unit], everyone: list[Unit]) -> None:
    by_id = {u.id: u for u in everyone}
    rows = []
    for u in asked:
        code, name, position = row_of(u, by_id)
        rows.append({
            "notice_id": notice_id, "unit_id": u.id, "due_at": draft.due_at, "unit_code": u.code, "unit_name": u.name,
            "position": u.position, "county_id": u.county_id, "row_code": code, "row_name": name,
            "row_position": position,
        })  # fmt: skip
    tx.execute(model.assignment.insert(), rows)


def row_of(unit: Unit, by_id: dict[int, Unit]) -> tuple[str, str, int]:
    """Code, name and place of the table row a unit is counted in."""
    county = by_id.get(unit.county_id or 0)
    if county is not None:
        return county.code, county.name, county.position
    code = {"college": COLLEGES, "school": CITY_RUN}.get(unit.kind, BUREAU)
    return code, *_OTHER_ROWS[code]


def _remind(tx: Tx, now: dt.datetime, notice_id: int, chat_ids: list[ChatId]) -> set[ChatId]:
    """One card per chat, with no answer owed."""
    each = [(chat_id, notice_id) for chat_id in dict.fromkeys(chat_ids)]
    outbox.show_each(tx, now, each, "card", lane=Lane.SCHEDULED)
    return set(chat_ids)

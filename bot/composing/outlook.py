"""What sending a draft would do, counted by the functions that publish: whom it asks, whom nothing reaches, how often lately."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa

from bot import errors
from bot.composing import model
from bot.composing.drafts import Draft
from bot.composing.rules import Rules
from bot.db import Tx
from bot.delivery.chats import ChatId
from bot.delivery.model import chat
from bot.notices import copies, publish, queries, revise
from bot.notices import model as notices
from bot.notices.rules import Kind
from bot.roster import access, audience, bindings, people, unit_tree, units
from bot.roster.access import Role
from bot.roster.audience import Audience
from bot.roster.model import unit
from bot.roster.people import Person, Reachable
from bot.roster.units import Unit

_a, _n, _d = notices.assignment, notices.notice, model.draft
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from the last time.

    Attributes:
        at: when that was published.
        units: how many it asked.
        more: how many of now it did not ask; fewer: how many it asked are not among those of now.
    """

    at: dt.datetime
    units: int
    more: int
    fewer: int


@dataclass(frozen=True, slots=True)
class Burden:
    """How often those asked were asked this week, by routine notices.

    Attributes:
        most: the most any of them was.
        over: how many would be asked more often than the house allows.
    """

    most: int = 0
    over: int = 0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen now.

    Attributes:
        asked: whom publishing would ask (of a reminder: tell), in the order of the roster.
        groups: through how many groups; private: through how many private chats.
        unreached: those of them through whom nothing leads: nobody is in, no group.
        is_trial: real sending is allowed to none of them.
        counties: counties of those asked, in the order of the roster; what belongs to none counts as one more.
        in_one_group: of groups of several schools, how many the fullest asks; 0 where most are asked alone.
    """

    asked: list[Unit]
    groups: int
    private: int
    unreached: list[Unit]
    is_trial: bool
    counties: list[Unit]
    is_beyond: bool
    last: Change | None
    burden: Burden
    in_one_group: int = 0

    @property
    def units(self) -> int:
        """应报, if it is an ask."""
        return len(self.asked)

    @property
    def is_wide(self) -> bool:
        """More than one county is reached."""
        return len(self.counties) + self.is_beyond > 1

    def needs_two(self, rules: Rules, level: str) -> bool:
        """Whether a second officer must agree."""
        return (rules.now_needs_two and level == "now") or (rules.city_needs_two and self.is_wide)


def meant(tx: Tx, draft: Draft, everyone: list[Unit]) -> Audience:
    """The draft's audience; of a county that goes first, that county's part.

    Raises:
        Refused: it cannot be read (any more).
    """
    text = draft.audience
    if draft.first_county_id is not None:
        code = next((u.code for u in everyone if u.id == draft.first_county_id), "")
        text = f"({text}) and county:{code}"
    return audience.parse(text)


def asked_of(tx: Tx, draft: Draft, everyone: list[Unit]) -> list[Unit]:
    """Whom the draft is for: of a revision, whom its notice asked, whatever the roster says today.

    Raises:
        Refused: its audience cannot be read (any more).
    """
    if draft.revises is None:
        return meant(tx, draft, everyone).select(everyone)
    ids = set(tx.execute(sa.select(_a.c.unit_id).where(_a.c.notice_id == draft.revises)).scalars())
    return [u for u in everyone if u.id in ids]


def selected(tx: Tx, draft: Draft, person: Person, everyone: list[Unit]) -> list[Unit]:
    """Whom the audience means.

    Raises:
        NotAllowed: somebody out of this person's reach is meant.
        Refused: nobody is meant, or a code is unknown.
    """
    found = meant(tx, draft, everyone).select(everyone)
    if not found:
        raise errors.Refused("这样选没有任何单位,请改一改“发给谁”。")
    reach = person.scope(access.Action.SEND)
    if not all(reach.has(u.place) for u in found):
        raise errors.NotAllowed("有的单位不归您发,请改一改“发给谁”。")
    return found


def look(tx: Tx, now: dt.datetime, draft: Draft, person: Person, *, rules: Rules, zone: dt.tzinfo) -> Outlook:
    """What sending the draft would do now; nothing is written.

    Raises:
        As `selected`.
    """
    everyone = units.every(tx)
    if draft.revises is not None:
        return _of_revision(tx, draft, person, everyone)
    found = publish.reach(tx, selected(tx, draft, person, everyone))
    places = bindings.places(tx, found.asked)
    through = {u.id: places.of(u.id, is_trial=found.is_trial) for u in found.asked}
    chats = {chat_id for some in through.values() for chat_id in some}
    groups = set(tx.execute(sa.select(chat.c.id).where(chat.c.kind != "private")).scalars()) & chats
    theirs = {u.county_id for u in found.asked}
    return Outlook(
        asked=found.asked, groups=len(groups), private=len(chats) - len(groups),
        unreached=[u for u in found.asked if not through[u.id]], is_trial=found.is_trial,
        counties=[u for u in everyone if u.kind == "county" and u.id in theirs], is_beyond=None in theirs,
        last=_change(tx, draft, {u.id for u in found.asked}),
        burden=_burden(tx, now, draft, {u.id for u in found.asked}, rules, zone),
        in_one_group=_in_one_group(through, groups - bindings.own_groups(tx)),
    )  # fmt: skip


def _in_one_group(through: dict[int, tuple[ChatId, ...]], shared: set[ChatId]) -> int:
    together = [found for some in through.values() if (found := shared.intersection(some))]
    alone = sum(bool(some) for some in through.values()) - len(together)
    counts = Counter(chat_id for found in together for chat_id in found)
    return max(counts.values()) if len(together) > alone else 0


def _of_revision(tx: Tx, draft: Draft, person: Person, everyone: list[Unit]) -> Outlook:
    """Whom a next version reaches: the notice's units, and the chats in which its card hangs.

    Raises:
        NotAllowed: not this person's to change (any more).
    """
    notice = queries.notice(tx, draft.revises or 0)
    if notice is None or not revise.may(tx, person, notice.id):
        raise errors.NotAllowed(revise.NOT_YOURS)
    asked = asked_of(tx, draft, everyone)
    hanging = [copy.chat_id for copy in copies.of(tx, notice.id, (copies.CARD,))]
    groups = set(tx.execute(sa.select(chat.c.id).where(chat.c.kind != "private")).scalars()) & set(hanging)
    theirs = {u.county_id for u in asked}
    return Outlook(
        asked=asked, groups=len(groups), private=len(hanging) - len(groups), unreached=[], is_trial=notice.is_trial,
        counties=[u for u in everyone if u.kind == "county" and u.id in theirs], is_beyond=None in theirs,
        last=None, burden=Burden(),
    )  # fmt: skip


def _change(tx: Tx, draft: Draft, ids: set[int]) -> Change | None:
    """Against the notice it repeats, else the newest of the same title, else of the same audience; never its first part."""
    newest = sa.select(_n.c.id, _n.c.published_at).where(
        _n.c.recalled_at.is_(None), _n.c.due_at.is_not(None), _n.c.id.not_in(_first_parts(tx, draft))
    )
    newest = newest.order_by(_n.c.published_at.desc(), _n.c.id.desc()).limit(1)
    for same in (_n.c.id == draft.again, _n.c.title == draft.title, _n.c.audience == draft.audience):
        row = tx.execute(newest.where(same)).first()
        if row is not None:
            before = set(tx.execute(sa.select(_a.c.unit_id).where(_a.c.notice_id == row.id)).scalars())
            return Change(row.published_at, len(before), len(ids - before), len(before - ids))
    return None


def _first_parts(tx: Tx, draft: Draft) -> list[int]:
    """The notices of this title that went first to a county which this draft leaves out."""
    query = (
        sa.select(_d.c.notice_id, unit.c.code)
        .join(unit, unit.c.id == _d.c.first_county_id)
        .where(
            _d.c.contact_id == draft.contact_id, _d.c.title == draft.title, _d.c.notice_id.is_not(None), _d.c.id < draft.id,
        )
    )  # fmt: skip
    barred = draft.audience.split(" and ")
    return [row.notice_id for row in tx.execute(query) if f"not county:{row.code}" in barred]


def _burden(tx: Tx, now: dt.datetime, draft: Draft, ids: set[int], rules: Rules, zone: dt.tzinfo) -> Burden:
    if draft.kind is Kind.REMINDER or draft.level == "now":
        return Burden()
    local = now.astimezone(zone)
    monday = local.replace(hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(days=local.weekday())
    query = (
        sa.select(_a.c.unit_id, sa.func.count())
        .join(_n, _n.c.id == _a.c.notice_id)
        .where(
            _n.c.published_at >= monday.astimezone(dt.UTC), _n.c.category == "routine", _n.c.recalled_at.is_(None),
            _n.c.is_trial.is_(False),
        )
        .group_by(_a.c.unit_id)
    )  # fmt: skip
    counts = [count for unit_id, count in tx.execute(query) if unit_id in ids]
    idle = int(rules.asks_a_week == 0) * (len(ids) - len(counts))
    return Burden(max(counts, default=0), sum(count >= rules.asks_a_week for count in counts) + idle)


def second_officers(tx: Tx, draft: Draft, asked: list[Unit]) -> list[Reachable]:
    """Who can be asked to agree: in, entitled for all who are meant, and not the author."""
    found: dict[int, Reachable] = {}
    for one in people.reachable(tx, roles=(Role.CITY_OFFICER, Role.LEADER)):
        if one.contact_id == draft.contact_id or one.contact_id in found:
            continue
        if may_release(people.get(tx, one.contact_id), draft, asked):
            found[one.contact_id] = one
    return list(found.values())


def may_release(person: Person, draft: Draft, asked: list[Unit]) -> bool:
    """Whether this person is a second officer for these; the author never is."""
    reach = person.scope(access.Action.RELEASE)
    return person.contact_id != draft.contact_id and all(reach.has(u.place) for u in asked)


def county_name(found: list[Unit], county_id: int | None) -> str:
    """大河县; '' for none."""
    return next((unit_tree.short_name(u.name) for u in found if u.id == county_id), "")

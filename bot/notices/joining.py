"""Someone or some group comes or goes: the roster changes and, in the same transaction, so do the open asks."""

import datetime as dt
from dataclasses import dataclass

from bot import errors
from bot.audit import trail
from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery.chats import Chat
from bot.delivery.model import ChatState, Lane
from bot.inbox import held, questions
from bot.notices import asking, queries
from bot.roster import access, bindings, enrolment, people, units
from bot.roster.enrolment import Enrolled

NAME_QUESTION = "name"
NAME_WITHIN = dt.timedelta(days=1)


def came_in(tx: Tx, now: dt.datetime, *, user_id: int) -> Chat:
    """The person speaks to us in private: from now on we may write to them there."""
    chat = chats.ensure(tx, now, user_id, kind="private")
    if chats.set_state(tx, now, chat.id, ChatState.OK):
        asking.chat_changed(tx, now, chat.id)
    return chat


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who has arrived, and the press they made before, if any."""

    enrolled: Enrolled
    offered: queries.Notice | None = None
    offered_callback: str = ""


def with_phone(tx: Tx, now: dt.datetime, *, user_id: int, phone: str) -> Arrival:
    """Enrol by the person's own number."""
    came_in(tx, now, user_id=user_id)
    return _arrived(tx, now, user_id, enrolment.by_phone(tx, now, user_id=user_id, phone=phone))


def with_code(tx: Tx, now: dt.datetime, *, user_id: int, code: str, name: str) -> Arrival:
    """Enrol by a code."""
    came_in(tx, now, user_id=user_id)
    done = enrolment.redeem(tx, now, user_id=user_id, code=code, name=name)
    if done.is_new:
        questions.ask(
            tx, now, user_id, NAME_QUESTION, done.person.contact_id if done.person else 0, for_=NAME_WITHIN
        )
    return _arrived(tx, now, user_id, done)


def _arrived(tx: Tx, now: dt.datetime, user_id: int, done: Enrolled) -> Arrival:
    if done.person is None:
        return Arrival(done)
    asking.people_changed(tx, now, done.unit_ids)
    if done.moved_from is not None:
        questions.close(tx, now, done.moved_from)
        if (old := chats.find(tx, done.moved_from)) is not None:
            outbox.show(tx, now, old.id, "say", "enrol.moved", lane=Lane.INTERACTIVE)
    pressed = held.take(tx, now, user_id)
    notice = queries.notice(tx, _notice_of(pressed.callback)) if pressed else None
    if pressed is None or notice is None or notice.state(now) not in ("open", "due"):
        return Arrival(done)
    return Arrival(done, notice, pressed.callback)


def _notice_of(callback: str) -> int:
    return int(callback.split(":")[1])


def left(tx: Tx, now: dt.datetime, *, user_id: int) -> bool:
    """「不是我」: the person is a stranger again; whether they were not one before."""
    person = enrolment.leave(tx, now, user_id=user_id)
    if person is None:
        return False
    questions.close(tx, now, user_id)  # what a stranger types is a code, not the line of a school
    asking.people_changed(tx, now, tuple(p.unit_id for p in person.posts))
    return True


def rename(tx: Tx, now: dt.datetime, *, user_id: int, name: str) -> str:
    """The newcomer has told his name; how he signs from now on.

    Raises:
        Refused: not a name.
    """
    person, plain = people.by_user(tx, user_id), " ".join(name.split())
    if person is None or not 1 < len(plain) <= 20 or any(c.isdigit() for c in plain):
        raise errors.Refused("请只发您的姓名,例如:王小明。")
    enrolment.rename(tx, now, contact_id=person.contact_id, name=plain)
    questions.close(tx, now, user_id)
    return people.get(tx, person.contact_id).said_by()


# ── groups ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class GroupSeen:
    """A group as Telegram shows it in an update."""

    telegram_id: int
    title: str
    thread_id: int | None = None


def knock(tx: Tx, now: dt.datetime, *, group: GroupSeen, user_id: int, code: str) -> None:
    """Someone spoke a group's payload in it: bound at once, or an authorised press is asked for.

    The payload is public, so the right comes from who spoke it.
    """
    chat = chats.ensure(
        tx, now, group.telegram_id, kind="group", title=group.title, thread_id=group.thread_id
    )
    if chats.set_state(tx, now, chat.id, ChatState.OK):
        asking.chat_changed(tx, now, chat.id)
    door = enrolment.open_group_door(tx, now, code=code, user_id=user_id)
    if door is None:
        outbox.show(tx, now, chat.id, "say", "enrol.hello_group", lane=Lane.INTERACTIVE)
    elif not _is_free_for(tx, chat, door.unit_id, user_id):
        outbox.show(tx, now, chat.id, "say", "enrol.bound_to_another", lane=Lane.INTERACTIVE)
    elif door.may_bind:
        _bind(tx, now, chat, door.unit_id, user_id)
    else:
        outbox.show(tx, now, chat.id, "bind_ask", door.unit_id, lane=Lane.INTERACTIVE)


def agree(tx: Tx, now: dt.datetime, *, group: GroupSeen, user_id: int, unit_id: int) -> bool:
    """[同意] under a request to bind; False when the presser has no right to it."""
    if not enrolment.may_bind_group(tx, user_id=user_id, unit_id=unit_id):
        return False
    chat = chats.ensure(tx, now, group.telegram_id, kind="group", title=group.title)
    if not _is_free_for(tx, chat, unit_id, user_id):
        return False
    _bind(tx, now, chat, unit_id, user_id)
    return True


def _is_free_for(tx: Tx, chat: Chat, unit_id: int, user_id: int) -> bool:
    """A group that speaks for another unit is taken from it only by someone with a right there too."""
    present, person = bindings.unit_of(tx, chat.id), people.by_user(tx, user_id)
    if present is None or present == unit_id:
        return True
    return person is not None and person.may(access.Action.BIND_GROUP, units.get(tx, present).place)


def _bind(tx: Tx, now: dt.datetime, chat: Chat, unit_id: int, user_id: int) -> None:
    by = people.by_user(tx, user_id)
    changed = bindings.bind(tx, now, chat_id=chat.id, unit_id=unit_id, by=by)
    outbox.show(tx, now, chat.id, "bound", unit_id, lane=Lane.INTERACTIVE)
    asking.groups_changed(tx, now, changed)


def membership(tx: Tx, now: dt.datetime, *, group: GroupSeen, state: ChatState, reason: str) -> None:
    """We were added, removed, muted or heard again; open asks follow. Saying it twice changes nothing."""
    chat = chats.ensure(tx, now, group.telegram_id, kind="group", title=group.title)
    if chats.set_state(tx, now, chat.id, state, reason):
        asking.chat_changed(tx, now, chat.id)


def blocked(tx: Tx, now: dt.datetime, *, user_id: int, state: ChatState) -> None:
    """A person blocked the bot, or took it back."""
    chat = chats.ensure(tx, now, user_id, kind="private")
    if chats.set_state(tx, now, chat.id, state, "my_chat_member"):
        asking.chat_changed(tx, now, chat.id)


def migrated(tx: Tx, now: dt.datetime, *, old: int, new: int) -> None:
    """The group has become a supergroup; told from either side, or by an error, any number of times."""
    other, chat = chats.find(tx, new), chats.move(tx, now, old, new)
    if chat is None:
        return
    if other is not None and other.id != chat.id:  # it was met under its new number first
        unit_id = bindings.hand_on(tx, now, other.id, to=chat.id)
        asking.groups_changed(tx, now, [unit_id] if unit_id is not None else [])
    asking.chat_changed(tx, now, chat.id)


def mistyped(tx: Tx, now: dt.datetime, *, group: GroupSeen, user_id: int) -> None:
    """Someone typed instead of pressing: told so once a person and notice, if he still owes an answer here."""
    person, chat = people.by_user(tx, user_id), chats.find(tx, group.telegram_id)
    if person is None or chat is None:
        return
    for notice, status in queries.owed_by(tx, now, person):
        told = f"notice:{notice.id}"
        if chat.id in asking.chats_of(tx, status.assignment_id) and not trail.has(
            tx, actor=person.actor, verb="told_to_press", subject=told
        ):
            trail.note(tx, now, actor=person.actor, verb="told_to_press", subject=told)
            subject = f"{person.contact_id}:{status.unit_id}"
            outbox.show(tx, now, chat.id, "press_please", subject, lane=Lane.INTERACTIVE)
            return


def toggle_pilot(tx: Tx, now: dt.datetime, *, group: GroupSeen, user_id: int) -> bool | None:
    """An administrator makes the group a pilot group, or not one any more; None without the right."""
    person = people.by_user(tx, user_id)
    chat = chats.ensure(tx, now, group.telegram_id, kind="group", title=group.title)
    unit_id = bindings.unit_of(tx, chat.id)
    place = units.get(tx, unit_id).place if unit_id is not None else access.Place(0, None)
    if person is None or not person.may(access.Action.PILOT, place):
        return None
    chats.set_pilot(tx, now, chat.id, is_pilot=not chat.is_pilot)
    asking.chat_changed(tx, now, chat.id)
    word = "enrol.pilot_off" if chat.is_pilot else "enrol.pilot_on"
    outbox.show(tx, now, chat.id, "say", word, lane=Lane.INTERACTIVE)
    return not chat.is_pilot

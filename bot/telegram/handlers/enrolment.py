"""The three doors, who-am-I, handing over, and what happens to groups."""

import datetime as dt
from dataclasses import dataclass

import telegram
from telegram.constants import ChatMemberStatus, ChatType

from bot.composing import opinions
from bot.db import Tx
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.delivery.model import ChatState
from bot.notices import joining, pressing
from bot.notices.joining import Arrival, GroupSeen
from bot.notices.rules import Value
from bot.plans import place
from bot.roster import access, enrolment, menus, people, units
from bot.roster.enrolment import Result
from bot.roster.people import Person
from bot.telegram.context import Context
from bot.telegram.handlers import private_pages
from bot.texts import Words

POSTS = "posts"  # action of the routing table: a page of somebody's posts
OUT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


@dataclass(frozen=True, slots=True)
class _Post:
    unit: str
    title: str


@dataclass(frozen=True, slots=True)
class _Face:
    """What /start and /me need to know of a person, read in one go."""

    person: Person | None
    city: str
    phone: str
    posts: tuple[_Post, ...] = ()


def _face(tx: Tx, user_id: int) -> _Face:
    city = units.city(tx)
    phone = people.dialled(units.duty_phone(tx, city)) if city else ""
    person = people.by_user(tx, user_id)
    if person is None or not person.posts:
        return _Face(None, city.name if city else "", phone)
    posts = tuple(_Post(p.unit_name, people.POSTS[p.role]) for p in person.posts)
    return _Face(person, city.name if city else "", phone, posts)


def _came_in(tx: Tx, now: dt.datetime, user_id: int) -> _Face:
    joining.came_in(tx, now, user_id=user_id)
    menus.settle(tx, now, user_id)
    return _face(tx, user_id)


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Handlers around who is who."""

    words: Words

    async def start(self, update: telegram.Update, context: Context) -> None:
        """/start, with or without a code; in a group, the payload that names its unit."""
        payload = context.args[0] if context.args else ""
        code = enrolment.normal_code(payload)
        if not context.is_private:
            group = group_seen(update)
            if group is not None:
                await context.transact(
                    joining.knock, group=group, user_id=context.user_id, code=code or payload
                )
            return
        if payload and payload != "hello":
            await self.code(update, context, code or payload)
            return
        face = await context.transact(_came_in, context.user_id)
        await context.say(self._welcome(face))

    def _welcome(self, face: _Face) -> OutgoingMessage:
        if face.person is None:
            html = self.words.html("enrol.stranger", city=face.city, phone=face.phone)
            return OutgoingMessage(html, keyboard=(self.words.plain("enrol.share_phone"),), ask_phone=True)
        html = self.words.html(
            "enrol.welcome", who=face.person.said_by(), city=face.city, posts=face.posts, phone=face.phone
        )
        yes = Button(self.words.plain("enrol.yes_me"), Callback("is-me"))
        no = Button(self.words.plain("enrol.not_me"), Callback("not-me"))
        return OutgoingMessage(html, ((yes,), (no,)))

    async def code(self, update: telegram.Update, context: Context, code: str) -> None:
        """A code was typed, or came with the link."""
        name = update.effective_user.full_name if update.effective_user else ""
        arrival = await context.transact(joining.with_code, user_id=context.user_id, code=code, name=name)
        await self._arrived(context, arrival)

    async def phone(self, update: telegram.Update, context: Context) -> None:
        """A contact was shared: only the sender's own counts."""
        shared = update.message.contact if update.message else None
        if shared is None or not context.is_private:
            return
        if shared.user_id != context.user_id:
            html = self.words.html("enrol.not_your_own")
            keyboard = (self.words.plain("enrol.share_phone"),)
            await context.say(OutgoingMessage(html, keyboard=keyboard, ask_phone=True))
            return
        arrival = await context.transact(
            joining.with_phone, user_id=context.user_id, phone=shared.phone_number
        )
        await self._arrived(context, arrival)

    async def _arrived(self, context: Context, arrival: Arrival) -> None:
        done = arrival.enrolled
        face = await context.read(_face, context.user_id)
        if done.result is not Result.ENROLLED:
            params: dict[str, object] = {}
            if done.result is Result.UNKNOWN_PHONE:
                params = {"phone": face.phone}
            if done.result is Result.WRONG_CODE:
                params = {"left": done.tries_left}
            await context.say(OutgoingMessage(self.words.html(f"enrol.{done.result.value}", **params)))
            return
        if done.is_new:
            await context.say(OutgoingMessage(self.words.html("enrol.ask_name"), drop_keyboard=True))
        await context.say(self._welcome(face))
        if arrival.offered is not None:
            await context.say(self._offer(arrival))

    def _offer(self, arrival: Arrival) -> OutgoingMessage:
        """The press a stranger made, offered again now that we know them."""
        notice, pressed = arrival.offered, Callback.decode(arrival.offered_callback)
        if notice is None or pressed is None:
            raise ValueError("nothing to offer")
        value = {"yes": Value.YES, "trouble": Value.TROUBLE}.get(pressed.action, Value.TEXT)
        html = self.words.html("enrol.held", words=pressing.words(notice, value), title=notice.title)
        yes = Button(self.words.plain("enrol.count_it"), pressed)
        no = Button(self.words.plain("enrol.do_not_count"), Callback("no-count"))
        return OutgoingMessage(html, ((yes,), (no,)))

    async def not_counted(self, _: telegram.Update, context: Context) -> None:
        """[不算]."""
        await context.toast(self.words.plain("toast.done"))

    async def is_me(self, _: telegram.Update, context: Context) -> None:
        """[是我]."""
        await context.toast(self.words.plain("enrol.is_me"))

    async def not_me(self, _: telegram.Update, context: Context) -> None:
        """[不是我]: the enrolment ends."""
        if not context.is_private:
            return await context.toast(self.words.plain("toast.unknown"))
        await context.transact(joining.left, user_id=context.user_id)
        await context.toast(self.words.plain("toast.done"))
        await context.edit(OutgoingMessage(self.words.html("enrol.left")))

    async def name(self, context: Context, name: str) -> None:
        """A newcomer's name, typed."""
        who = await context.transact(joining.rename, user_id=context.user_id, name=name)
        await context.say(OutgoingMessage(self.words.html("enrol.named", who=who)))

    async def me(self, _: telegram.Update, context: Context) -> None:
        """/me: who you are and for whom."""
        if not context.is_private:
            return
        face = await context.transact(_came_in, context.user_id)
        if face.person is None:
            await context.say(self._welcome(face))
            return
        phone = people.masked(face.person.phone) if face.person.phone else ""
        html = self.words.html(
            "enrol.me",
            who=face.person.said_by(),
            posts=face.posts,
            phone=phone,
            city=face.city,
            city_phone=face.phone,
        )
        not_me = Button(self.words.plain("enrol.not_me"), Callback("not-me"))
        await context.say(OutgoingMessage(html, ((not_me,), (opinions.button(self.words),))))

    # ── handing over ─────────────────────────────────────────────────────────────────────────────

    async def hand_over(self, _: telegram.Update, context: Context) -> None:
        """/handover: which post, or at once where there is only one."""
        if not context.is_private:
            return
        face = await context.read(_face, context.user_id)
        posts = _handable(face.person)
        if not posts:
            await context.say(OutgoingMessage(self.words.html("enrol.nothing_to_hand_over")))
        elif len(posts) == 1:
            await self._hand_over(context, posts[0].unit_id)
        else:
            await context.say(self._posts_page(posts, 0))

    def _posts_page(self, posts: list[access.Post], page: int) -> OutgoingMessage:
        here, pages, cut = place.cut(len(posts), page)
        rows: list[tuple[Button, ...]] = [
            (Button(f"{p.unit_name} {people.POSTS[p.role]}", Callback("handover", args=(str(p.unit_id),))),)
            for p in posts[cut]
        ]
        rows += place.turning(POSTS, (), here, pages)
        return OutgoingMessage(self.words.html("enrol.handover_which"), tuple(rows))

    async def hand_over_page(self, _: telegram.Update, context: Context) -> None:
        """Another page of one's posts."""
        callback = await private_pages.pressed(context, self.words)
        if callback is None:
            return None
        posts = _handable((await context.read(_face, context.user_id)).person)
        if not posts:
            return await context.toast(self.words.plain("toast.unknown"))
        await private_pages.show(context, self._posts_page(posts, place.page_of(callback, 0)))

    async def hand_over_this(self, _: telegram.Update, context: Context) -> None:
        """One post picked."""
        unit_id = context.callback.number(0) if context.callback else None
        if unit_id is not None and context.is_private:
            await self._hand_over(context, unit_id)
        await context.toast(self.words.plain("toast.done"))

    async def _hand_over(self, context: Context, unit_id: int) -> None:
        def verb(tx: Tx, now: dt.datetime) -> tuple[str, OutgoingMessage]:
            person = people.by_user(tx, context.user_id)
            if person is None:
                return "", OutgoingMessage(self.words.html("enrol.nothing_to_hand_over"))
            given = enrolment.hand_over(tx, now, person=person, unit_id=unit_id)
            html = self.words.html(
                "enrol.handover", unit=units.get(tx, unit_id).name, title=people.POSTS[access.Role(given.role)],
                code=enrolment.spoken(given.code), until=given.expires_at,
                link=f"https://t.me/{context.bot_username}?start={given.code}",
            )  # fmt: skip
            return given.code, OutgoingMessage(html)

        _, message = await context.transact(verb)
        await context.say(message)

    # ── groups ───────────────────────────────────────────────────────────────────────────────────

    async def agree(self, update: telegram.Update, context: Context) -> None:
        """[同意] under a request to bind."""
        unit_id = context.callback.number(0) if context.callback else None
        group = group_seen(update)
        if unit_id is None or group is None:
            await context.toast(self.words.plain("toast.unknown"))
            return
        done = await context.transact(joining.agree, group=group, user_id=context.user_id, unit_id=unit_id)
        name = "enrol.group_agreed" if done else "enrol.group_not_allowed"
        await context.toast(self.words.plain(name), alert=not done)

    async def membership(self, update: telegram.Update, context: Context) -> None:
        """my_chat_member: added, removed, muted, blocked, and back again."""
        change = update.my_chat_member
        if change is None:
            return
        status, group = change.new_chat_member.status, group_seen(update)
        if change.chat.type == ChatType.PRIVATE:
            state = ChatState.BLOCKED if status in OUT else ChatState.OK
            await context.transact(joining.blocked, user_id=change.chat.id, state=state)
        elif group is not None:
            await context.transact(joining.membership, group=group, state=_state(change), reason=str(status))

    async def migrated(self, update: telegram.Update, context: Context) -> None:
        """A group became a supergroup: told in the old one and in the new one."""
        message = update.message
        if message is not None and message.migrate_to_chat_id:
            await context.transact(joining.migrated, old=message.chat_id, new=message.migrate_to_chat_id)
        elif message is not None and message.migrate_from_chat_id:
            await context.transact(joining.migrated, old=message.migrate_from_chat_id, new=message.chat_id)

    async def pilot(self, update: telegram.Update, context: Context) -> None:
        """/pilot in a group, by an administrator."""
        group = group_seen(update)
        if group is not None:
            await context.transact(joining.toggle_pilot, group=group, user_id=context.user_id)


def _handable(person: Person | None) -> list[access.Post]:
    hand_over = access.Action.HAND_OVER
    return [p for p in person.posts if access.reach(p.role, hand_over) is access.Reach.OWN] if person else []


def _state(change: telegram.ChatMemberUpdated) -> ChatState:
    member = change.new_chat_member
    if member.status in OUT:
        return ChatState.GONE
    if isinstance(member, telegram.ChatMemberRestricted) and not member.can_send_messages:
        return ChatState.MUTED
    return ChatState.OK


def group_seen(update: telegram.Update) -> GroupSeen | None:
    """The group of an update; None for a private chat or a channel."""
    chat, pressed = update.effective_chat, update.callback_query
    message = pressed.message if pressed is not None else update.effective_message
    if chat is None or chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP):
        return None
    in_topic = isinstance(message, telegram.Message) and message.is_topic_message
    thread_id = message.message_thread_id if in_topic and isinstance(message, telegram.Message) else None
    return GroupSeen(chat.id, chat.title or "", thread_id)

"""What people do in Telegram: open a chat, write, share, press; each act reaches bots as it really would."""

import asyncio
import re
from collections.abc import Callable

from bot.simulator import entities, files, links, model, objects, posting, refusals

Where = model.Chat | model.User | int
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Press:
    """A press of a button by a person, and what they saw come of it."""

    def __init__(self, world: model.World, query: model.Query) -> None:
        self._world = world
        self.query = query

    @property
    def answer(self) -> model.Answer | None:
        """The toast, alert or link, or None while the button still spins."""
        return self.query.answer

    async def answered(self, timeout: float = 5) -> model.Answer:  # noqa: ASYNC109  # reads as the test says it
        """Return the answer, waiting for it.

        Raises:
            TimeoutError: There was none in so many seconds.
        """
        async with asyncio.timeout(timeout):
            while self.query.answer is None:
                await self._world.pulse.next()
        return self.query.answer


class People:
    """The acts of people towards bots; mixed into the simulator."""

    world: model.World
    bot: model.Bot

    def add_user(
        self,
        name: str,
        *,
        phone: str | None = None,
        username: str | None = None,
        last_name: str | None = None,
        user_id: int | None = None,
    ) -> model.User:
        """Add a person with a Telegram account, who knows no bot yet."""
        made = model.User(
            id=user_id or next(self.world.user_ids),
            first_name=name,
            last_name=last_name,
            username=username,
            phone=phone,
        )
        self.world.users[made.id] = made
        return made

    def chat(self, where: Where, bot: model.Bot | None = None) -> model.Chat:
        """Return the chat meant: itself, a person's private chat with the bot, or the one with this id."""
        if isinstance(where, model.Chat):
            return where
        if isinstance(where, int):
            where = self.world.users[where] if where > 0 else self.world.groups[where]
            return self.chat(where, bot)
        return self.world.private_chat(bot or self.bot, where)

    # ── the private chat ─────────────────────────────────────────────────────────────────────────────

    def open(
        self, user: model.User, payload: str | None = None, *, bot: model.Bot | None = None
    ) -> model.Message:
        """Press START in the bot's private chat, as a plain visit or through a deep link.

        Raises:
            Impossible: The payload could not stand in a deep link.
        """
        check_payload(payload)
        chat = self.chat(user, bot)
        if chat.blocked:
            self.unblock(user, bot=bot)
        return self.send(user, chat, f"/start {payload}" if payload else "/start")

    def follow(self, user: model.User, url: str, group: model.Chat | None = None) -> model.Message:
        """Open a t.me deep link; one that adds the bot to a group needs the group.

        Raises:
            Impossible: It is no deep link of a bot that exists here.
        """
        found = links.start_of(url)
        bots = {str(bot.username).lower(): bot for bot in self.world.bots.values()}
        if found is None or found[0].lower() not in bots:
            raise refusals.Impossible(f"{url} is no deep link of a bot here")
        bot, kind, payload = bots[found[0].lower()], found[1], found[2] or None
        if kind == "start":
            return self.open(user, payload, bot=bot)
        if group is None:
            raise refusals.Impossible("a startgroup link needs a group to be chosen")
        return self.start_group(user, group, payload, bot=bot)

    def start_group(
        self, user: model.User, group: model.Chat, payload: str | None, *, bot: model.Bot | None = None
    ) -> model.Message:
        raise NotImplementedError

    def block(self, user: model.User, *, bot: model.Bot | None = None) -> None:
        """Block the bot."""
        chat = self.chat(user, bot)
        posting.move(self.world, chat, bot or self.bot, model.Status.KICKED, by=user)

    def unblock(self, user: model.User, *, bot: model.Bot | None = None) -> None:
        """Unblock the bot."""
        chat = self.chat(user, bot)
        posting.move(self.world, chat, bot or self.bot, model.Status.MEMBER, by=user)

    def deactivate(self, user: model.User) -> None:
        """Delete the account."""
        user.deactivated = True

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────

    def send(
        self,
        user: model.User,
        chat: Where,
        text: str,
        *,
        reply_to: model.Message | None = None,
        thread: model.Topic | int | None = None,
        anonymous: bool = False,
    ) -> model.Message:
        """Write a message.

        Args:
            user: Who writes.
            chat: Where; a person stands for their private chat with the bot.
            text: What they type; commands, mentions and links in it are found as Telegram finds them.
            reply_to: The message they reply to.
            thread: The topic of a forum.
            anonymous: An administrator who writes in the group's name.
        """
        typed = entities.plain(text)
        if not typed.text or len(typed.text) > 4096:
            raise refusals.Impossible("a client sends 1 to 4096 characters")
        return self._post(
            user, chat, reply_to, thread, text=typed.text, entities=typed.entities, anonymous=anonymous
        )

    def edit(self, message: model.Message, text: str) -> None:
        """Change a message its author sent."""
        if message.from_bot or message.deleted:
            raise refusals.Impossible(f"{message} is not a person's to edit")
        before, typed = message.text, entities.plain(text)
        message.text, message.entities = typed.text, typed.entities
        posting.edited(self.world, message, before)
        channel = message.chat.kind is model.Kind.CHANNEL
        posting.tell(self.world, message, "edited_channel_post" if channel else "edited_message")

    def erase(self, message: model.Message) -> None:
        """Delete a message, as a client does; bots are not told."""
        posting.delete(self.world, message)

    def send_voice(
        self, user: model.User, chat: Where, *, content: bytes = b"OggS", duration_s: int = 3,
        caption: str | None = None, reply_to: model.Message | None = None,
        thread: model.Topic | int | None = None,
    ) -> model.Message:  # fmt: skip
        """Send a voice message."""
        file = files.store(self.world, "voice", content, mime="audio/ogg", duration_s=duration_s)
        return self._post_file(user, chat, file, caption=caption, reply_to=reply_to, thread=thread)

    def send_photo(
        self, user: model.User, chat: Where, *, content: bytes = b"\xff\xd8\xff\xd9",
        caption: str | None = None, reply_to: model.Message | None = None,
        thread: model.Topic | int | None = None,
    ) -> model.Message:  # fmt: skip
        """Send a photo."""
        file = files.store(self.world, "photo", content, mime="image/jpeg")
        return self._post_file(user, chat, file, caption=caption, reply_to=reply_to, thread=thread)

    def send_document(
        self, user: model.User, chat: Where, name: str = "文件.docx", *, content: bytes = b"file",
        mime: str = "application/octet-stream", caption: str | None = None,
        reply_to: model.Message | None = None, thread: model.Topic | int | None = None,
    ) -> model.Message:  # fmt: skip
        """Send a document."""
        file = files.store(self.world, "document", content, name=name, mime=mime)
        return self._post_file(user, chat, file, caption=caption, reply_to=reply_to, thread=thread)

    def forward(self, user: model.User, message: model.Message, chat: Where) -> model.Message:
        """Forward a message, with its file, as somebody's own; a stranger's name stays with it."""
        origin = {
            "type": "user",
            "date": objects.unix(message.at),
            "sender_user": objects.user(message.sender),
        }
        return self._post(
            user, chat, None, None, kind=message.kind, text=message.text, entities=message.entities,
            file=message.file, forwarded=origin,
        )  # fmt: skip

    def share_contact(
        self,
        user: model.User,
        contact_of: model.User | None = None,
        *,
        forced: bool = False,
        bot: model.Bot | None = None,
    ) -> model.Message:
        """Share a phone number in the private chat with the bot.

        Args:
            user: Who shares.
            contact_of: Whose contact; by default their own, through the button that asks for it.
            forced: Share their own without such a button, from the attachment menu.
            bot: With which bot.

        Raises:
            Impossible: No keyboard on screen asks for the contact, or there is no number.
        """
        chat, person = self.chat(user, bot), contact_of or user
        shown = chat.shown_keyboard
        asked = shown is not None and any(key.request_contact for row in shown.keyboard for key in row)
        own = contact_of in (None, user)
        if own and not (asked or forced):
            raise refusals.Impossible("no keyboard on screen asks for the contact")
        if person.phone is None:
            raise refusals.Impossible(f"{person.name} has no phone number")
        contact: model.Json = {"phone_number": person.phone.removeprefix("+"), "user_id": person.id}
        contact |= {"first_name": person.first_name, "last_name": person.last_name or ""}
        return self._post(user, chat, shown if own and asked else None, None, kind="contact", contact=contact)

    def tap(self, user: model.User, text: str, *, bot: model.Bot | None = None) -> model.Message:
        """Press a button of the reply keyboard on screen.

        Raises:
            Impossible: There is no such button.
        """
        shown = self.chat(user, bot).shown_keyboard
        keys = [key for row in shown.keyboard for key in row] if shown else []
        key = _pick(keys, text, lambda key: key.text)
        if key.request_contact:
            return self.share_contact(user, bot=bot)
        return self.send(user, self.chat(user, bot), key.text)

    # ── pressing ─────────────────────────────────────────────────────────────────────────────────────

    def press(
        self, user: model.User, message: model.Message, text: str | None = None, *, data: str | None = None
    ) -> Press:
        """Press an inline button, named by its text (whole, or a part only one button has) or by its data.

        Raises:
            Impossible: The message is gone, or has no such button, or the person does not see it.
        """
        if message.deleted:
            raise refusals.Impossible(f"{message} is deleted")
        buttons = [button for row in message.buttons for button in row]
        if data is not None:
            button = _pick(buttons, data, lambda button: button.data or "")
        else:
            button = _pick(buttons, text or "", lambda button: button.text)
        if button.data is None:
            raise refusals.Impossible(f"{button} sends nothing to the bot: follow its link or copy its text")
        return self.press_data(user, message, button.data)

    def press_data(self, user: model.User, message: model.Message, data: str) -> Press:
        """Send callback data as a forged client would: any data, from any message the person once saw.

        Raises:
            Impossible: The person is not in the chat, or no bot sent the message.
        """
        chat, bot = message.chat, message.sender
        if not isinstance(bot, model.Bot):
            raise refusals.Impossible(f"{message} was not sent by a bot")
        self._check_inside(user, chat)
        query = model.Query(
            id=str(next(self.world.query_ids)), bot=bot, user=user, message=message, data=data,
            at=self.world.clock(),
        )  # fmt: skip
        self.world.queries[query.id] = query
        bot.known.add(user.id)
        seen = objects.inaccessible(message) if message.deleted else objects.message(message)
        body = {"id": query.id, "from": objects.user(user), "message": seen}
        body |= {"chat_instance": str(chat.id * 7919), "data": data}
        bot.queue.push("callback_query", body, at=self.world.clock(), lane=user.id)
        self.world.changed(model.Change("pressed", chat.id, message.id, user.id))
        return Press(self.world, query)

    # ── shared by all acts ───────────────────────────────────────────────────────────────────────────

    def _post_file(
        self, user: model.User, chat: Where, file: model.File, *, caption: str | None,
        reply_to: model.Message | None, thread: model.Topic | int | None,
    ) -> model.Message:  # fmt: skip
        typed = entities.plain(caption or "")
        facts = {"kind": file.kind, "file": file, "text": typed.text, "entities": typed.entities}
        return self._post(user, chat, reply_to, thread, **facts)

    def _post(
        self, user: model.User, where: Where, reply_to: model.Message | None,
        thread: model.Topic | int | None, **facts: object,
    ) -> model.Message:  # fmt: skip
        chat = self.chat(where)
        self._check_inside(user, chat)
        if chat.migrated_to is not None:
            raise refusals.Impossible(f"{chat} was upgraded; people write in {chat.migrated_to}")
        if chat.user is not None:
            if chat.blocked:
                raise refusals.Impossible(f"{user.name} blocked the bot; unblock it first")
            chat.opened = True
            if chat.bot is not None:
                chat.bot.known.add(user.id)
        thread_id = thread.id if isinstance(thread, model.Topic) else thread
        if thread_id is None and reply_to is not None:
            thread_id = _thread_of_reply(chat, reply_to)
        message = posting.make(self.world, chat, user, reply_to=reply_to, thread_id=thread_id, **facts)
        return posting.post(self.world, message)

    def _check_inside(self, user: model.User, chat: model.Chat) -> None:
        if not chat.status(user).inside:
            raise refusals.Impossible(f"{user.name} is not in {chat}")


def _thread_of_reply(chat: model.Chat, reply_to: model.Message) -> int | None:
    """Return the thread a reply falls into: in supergroups every reply opens or joins one."""
    if chat.is_forum:
        return reply_to.thread_id
    return reply_to.thread_id or reply_to.id if chat.kind is model.Kind.SUPERGROUP else None


def check_payload(payload: str | None) -> None:
    """Accept what a deep link can carry, or no payload at all.

    Raises:
        Impossible: Telegram would not open such a link.
    """
    if payload is not None and not _PAYLOAD.fullmatch(payload):
        raise refusals.Impossible(f"{payload!r} cannot stand in a deep link")


def _pick(buttons: list[model.Button], wanted: str, words: Callable[[model.Button], str]) -> model.Button:
    """Return the one button whose words are, or else begin with, or else contain, what is wanted."""
    tests: list[Callable[[str], bool]] = [
        lambda text: text == wanted,
        lambda text: text.startswith(wanted),
        lambda text: wanted in text,
    ]
    for test in tests:
        found = [button for button in buttons if test(words(button))]
        if len(found) == 1:
            return found[0]
        if found:
            raise refusals.Impossible(f"{wanted!r} could be any of {[words(button) for button in found]}")
    raise refusals.Impossible(f"no button {wanted!r} among {[words(button) for button in buttons]}")

"""What happens when something is said or someone moves: it is remembered, told to bots, and announced."""

from typing import Any

from bot.simulator import model, objects, privacy


def make(world: model.World, chat: model.Chat, sender: model.User, **facts: Any) -> model.Message:
    """Return a new message of the chat, numbered and dated, not yet posted."""
    return model.Message(id=world.next_message_id(chat), chat=chat, at=world.clock(), sender=sender, **facts)


def post(world: model.World, message: model.Message) -> model.Message:
    """Show the message in its chat and hand it to every bot that may hear it."""
    chat = message.chat
    chat.messages[message.id] = message
    if message.kind != "service" and message.from_bot:
        chat.last_bot_id = message.sender.id
    _follow_keyboard(message)
    tell(world, message, "channel_post" if chat.kind is model.Kind.CHANNEL else "message")
    world.changed(model.Change("message", chat.id, message.id, message.sender.id))
    return message


def say(world: model.World, chat: model.Chat, sender: model.User, **service: Any) -> model.Message:
    """Post a service message with these fields."""
    thread_id = service.pop("thread_id", None)
    return post(world, make(world, chat, sender, kind="service", service=service, thread_id=thread_id))


def tell(world: model.World, message: model.Message, kind: str) -> None:
    """Queue the message, as it stands now, for every bot that may hear it."""
    for bot in world.bots.values():
        if privacy.hears(bot, message):
            bot.known.add(message.sender.id)
            at = message.edited_at or message.at
            bot.queue.push(kind, objects.message(message), at=at, lane=message.chat_id)


def edited(world: model.World, message: model.Message, before: str) -> None:
    """Record that the message changed and show it."""
    message.history.append(before)
    message.edited_at = world.clock()
    message.edits += 1
    world.changed(model.Change("edited", message.chat_id, message.id, message.sender.id))


def delete(world: model.World, message: model.Message) -> None:
    """Take the message out of everybody's sight."""
    message.deleted = True
    chat = message.chat
    if message.id in chat.pinned:
        chat.pinned.remove(message.id)
    if chat.shown_keyboard is message:
        chat.shown_keyboard = None
    world.changed(model.Change("deleted", message.chat_id, message.id))


def move(
    world: model.World, chat: model.Chat, account: model.User, status: model.Status, *, by: model.User
) -> None:
    """Give the account another standing in the chat, and tell the bots whom it concerns."""
    old, new = objects.member(chat, account), objects.member(chat, account, status)
    chat.members[account.id] = status
    if old["status"] == new["status"]:
        return
    body = {
        "chat": objects.chat(chat),
        "from": objects.user(by),
        "date": objects.unix(world.clock()),
        "old_chat_member": old,
        "new_chat_member": new,
    }
    for bot in world.bots.values():
        if chat.status(bot).inside:
            bot.known |= {by.id, account.id}
        if bot is account:
            bot.queue.push("my_chat_member", body, at=world.clock(), lane=chat.id)
        elif chat.status(bot).rules:
            bot.queue.push("chat_member", body, at=world.clock(), lane=chat.id)
    world.changed(model.Change("member", chat.id, None, account.id))


def _follow_keyboard(message: model.Message) -> None:
    """Keep track of the reply keyboard people see in the chat."""
    markup = message.markup
    if markup is None or not message.from_bot or markup.kind not in {"keyboard", "remove"}:
        return
    message.chat.shown_keyboard = message if markup.kind == "keyboard" else None

"""The methods that ask about chats and their members, and the one that leaves."""

from typing import Any

from bot.simulator import access, model, objects, posting, refusals

Ask = access.Ask


def get_chat(ask: Ask) -> Any:
    return objects.full_chat(access.chat(ask, access.To.READ))


def _account(ask: Ask) -> model.User:
    user_id = ask.params.number("user_id")
    if user_id <= 0:
        raise refusals.bad("invalid user_id specified")
    bots = {bot.id: bot for bot in ask.world.bots.values()}
    found = ask.world.users.get(user_id) or bots.get(user_id)
    if found is None:
        raise refusals.bad("member not found")
    return found


def get_chat_member(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.READ)
    return objects.member(chat, _account(ask))


def get_chat_administrators(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.READ)
    if chat.user is not None:
        raise refusals.bad("there are no administrators in the private chat")
    everyone = ask.world.users | {bot.id: bot for bot in ask.world.bots.values()}
    ruling = [everyone[account_id] for account_id, status in chat.members.items() if status.rules]
    return [objects.member(chat, account) for account in ruling if not account.is_bot or account is ask.bot]


def get_chat_member_count(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.READ)
    return sum(1 for status in chat.members.values() if status.inside)


def leave_chat(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.READ)
    if chat.user is not None:
        raise refusals.bad("chat member status can't be changed in private chats")
    posting.say(ask.world, chat, ask.bot, left_chat_member=objects.user(ask.bot))
    posting.move(ask.world, chat, ask.bot, model.Status.LEFT, by=ask.bot)
    return True


def create_forum_topic(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.WRITE)
    if not chat.is_forum:
        raise refusals.bad("the chat is not a forum")
    access.require_admin(ask.bot, chat, "create a topic")
    topic = open_topic(ask.world, chat, ask.bot, ask.params.text("name"))
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": 7322096}


def open_topic(world: model.World, chat: model.Chat, by: model.User, name: str) -> model.Topic:
    """Create a topic, with the service message whose number is its id."""
    created = {"name": name, "icon_color": 7322096}
    message = posting.make(world, chat, by, kind="service", service={"forum_topic_created": created})
    message.thread_id = message.id
    topic = model.Topic(message.id, name)
    chat.topics[topic.id] = topic
    posting.post(world, message)
    return topic

"""Which messages of a group a bot is given while its privacy mode is on; nothing else decides that."""

from bot.simulator import entities, model


def hears(bot: model.Bot, message: model.Message) -> bool:
    """Return whether Telegram would hand this new or edited message to the bot.

    A command sent to another bot, an ordinary message and a plain mention are not heard; replies to the bot,
    commands with its name, plain commands after its own post, and service messages are. Administrators and
    bots without privacy mode hear everyone but other bots.

    Source: core.telegram.org/bots/features, "Privacy mode".
    """
    chat = message.chat
    if chat.kind is model.Kind.PRIVATE:
        return chat.bot is bot and message.sender is not bot
    if not chat.status(bot).inside:
        return False
    if message.kind == "service":
        return message.sender is not bot
    if message.sender.is_bot and not message.anonymous:
        return False
    if chat.kind is model.Kind.CHANNEL or not bot.privacy or chat.status(bot).rules:
        return True
    return _is_meant_for(bot, message)


def _is_meant_for(bot: model.Bot, message: model.Message) -> bool:
    answered = message.reply_to
    if answered is not None and answered.from_bot:
        return answered.sender is bot  # a reply wins over a command: one bot per message
    command = _command(message)
    if command is None:
        return False
    _, at, name = command.partition("@")
    if at:
        return name.lower() == (bot.username or "").lower()
    return message.chat.last_bot_id == bot.id


def _command(message: model.Message) -> str | None:
    """Return the command the message begins with."""
    for entity in message.entities:
        if entity.type == "bot_command" and entity.offset == 0:
            return entities.fragment(message.text, entity)
    return None

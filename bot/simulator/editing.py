"""The methods that change what stands already: edits, deletions, pins."""

import datetime as dt
from typing import Any

from bot.simulator import access, markup, model, objects, posting, refusals, sending

Ask = access.Ask
DELETABLE_FOR = dt.timedelta(hours=48)  # a bot deletes nothing older
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as "
    "a current content and reply markup of the message"
)


def _editable(ask: Ask) -> model.Message:
    """Return the bot's own message the request names.

    Raises:
        Refused: It is gone, somebody else's, or was sent with something other than inline buttons.
    """
    if ask.params.text("inline_message_id"):
        raise refusals.bad("MESSAGE_ID_INVALID")
    chat = access.chat(ask, access.To.EDIT)
    if not ask.params.number("message_id"):
        raise refusals.bad("message identifier is not specified")
    message = chat.messages.get(ask.params.number("message_id"))
    if message is None or message.deleted:
        raise refusals.bad("message to edit not found")
    plain = message.markup is None or message.markup.kind == "inline"
    if message.sender is not ask.bot or message.forwarded or message.kind == "service" or not plain:
        raise refusals.bad("message can't be edited")
    return message


def _new_markup(ask: Ask, message: model.Message) -> model.Markup | None:
    return markup.read(ask.params.get("reply_markup"), message.chat, only_inline=True)


def _change(ask: Ask, message: model.Message, after: dict[str, Any]) -> Any:
    """Give the message new fields; refuse when nothing would change."""
    if all(getattr(message, name) == value for name, value in after.items()):
        raise refusals.bad(_SAME)
    before = message.text
    for name, value in after.items():
        setattr(message, name, value)
    posting.edited(ask.world, message, before)
    return objects.message(message)


def edit_message_text(ask: Ask) -> Any:
    formatted = sending.words(ask)
    message = _editable(ask)
    if message.kind != "text":
        raise refusals.bad("there is no text in the message to edit")
    sending.check_text(formatted)
    after = {"text": formatted.text, "entities": formatted.entities, "markup": _new_markup(ask, message)}
    return _change(ask, message, after)


def edit_message_caption(ask: Ask) -> Any:
    formatted = sending.caption(ask)
    message = _editable(ask)
    if message.file is None:
        raise refusals.bad("there is no caption in the message to edit")
    after = {"text": formatted.text, "entities": formatted.entities, "markup": _new_markup(ask, message)}
    return _change(ask, message, after)


def edit_message_reply_markup(ask: Ask) -> Any:
    message = _editable(ask)
    return _change(ask, message, {"markup": _new_markup(ask, message)})


def delete_message(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.DELETE)
    message = chat.messages.get(ask.params.number("message_id"))
    if message is None or message.deleted:
        raise refusals.bad("message to delete not found")
    _check_deletable(ask, message)
    posting.delete(ask.world, message)
    return True


def delete_messages(ask: Ask) -> Any:
    """Delete what can be deleted and pass over what is gone."""
    chat = access.chat(ask, access.To.DELETE)
    for message_id in ask.params.get("message_ids") or []:
        message = chat.messages.get(message_id)
        if message is not None and not message.deleted:
            _check_deletable(ask, message)
            posting.delete(ask.world, message)
    return True


def _check_deletable(ask: Ask, message: model.Message) -> None:
    chat = message.chat
    own = message.sender is ask.bot
    if not (own or chat.user is not None or chat.status(ask.bot).rules):
        raise refusals.bad("message can't be deleted")
    if ask.world.clock() - message.at > DELETABLE_FOR:
        raise refusals.bad("message can't be deleted for everyone")


def pin_chat_message(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.WRITE)
    message = chat.messages.get(ask.params.number("message_id"))
    if message is None or message.deleted:
        raise refusals.bad("message to pin not found")
    access.require_admin(ask.bot, chat, "manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
        posting.say(ask.world, chat, ask.bot, pinned_message=objects.message(message, nested=True))
    return True


def unpin_chat_message(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.WRITE)
    access.require_admin(ask.bot, chat, "manage pinned messages in the chat")
    message_id = ask.params.number("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise refusals.bad("message to unpin not found")
    chat.pinned.remove(message_id)
    ask.world.changed(model.Change("edited", chat.id, message_id))
    return True


def unpin_all_chat_messages(ask: Ask) -> Any:
    chat = access.chat(ask, access.To.WRITE)
    access.require_admin(ask.bot, chat, "manage pinned messages in the chat")
    chat.pinned.clear()
    return True

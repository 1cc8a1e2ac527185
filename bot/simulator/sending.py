"""The methods that post: text, files, copies; each checks what Telegram checks, in its order."""

from typing import Any

from bot.simulator import access, entities, files, markup, model, objects, params, posting, refusals

TEXT_CHARACTERS = 4096  # after entities are parsed
CAPTION_CHARACTERS = 1024
_ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
        "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip
Ask = access.Ask


def words(ask: Ask) -> entities.Formatted:
    """Return the text of the request, checked.

    Raises:
        Refused: It is empty, too long or cannot be parsed.
    """
    raw = ask.params.text("text")
    if not raw:
        raise refusals.bad("message text is empty")
    return _read(ask, raw, "entities")


def _read(ask: Ask, raw: str, given: str) -> entities.Formatted:
    def name_of(user_id: int) -> str | None:
        user = ask.world.users.get(user_id)
        return user.first_name if user else None

    formatted = entities.read(raw, ask.params.get("parse_mode"), ask.params.get(given))
    return entities.name_mentions(formatted, name_of)


def check_text(formatted: entities.Formatted) -> None:
    """Refuse a text that is empty or too long once it is parsed and trimmed."""
    if not formatted.text:
        raise refusals.bad("text must be non-empty")
    if len(formatted.text) > TEXT_CHARACTERS:
        raise refusals.bad("message is too long")


def caption(ask: Ask) -> entities.Formatted:
    """Return the caption of the request, checked; it may be empty.

    Raises:
        Refused: It is too long or cannot be parsed.
    """
    raw = ask.params.text("caption")
    formatted = _read(ask, raw, "caption_entities")
    if len(formatted.text) > CAPTION_CHARACTERS:
        raise refusals.bad("message caption is too long")
    return formatted


def send_message(ask: Ask) -> Any:
    formatted, preview = words(ask), _preview(ask)
    chat = access.chat(ask, access.To.WRITE)
    access.check_may_send(ask.bot, chat, "text")
    check_text(formatted)
    return _post(ask, chat, formatted, kind="text", preview=preview)


def _preview(ask: Ask) -> model.Json | None:
    """Return the link preview options, their truth values checked."""
    given: model.Json = ask.params.get("link_preview_options") or {}
    for name, value in given.items():
        if name != "url" and not isinstance(value, bool):
            raise params.wrong_type(name, "Boolean")
    return given or None


def send_document(ask: Ask) -> Any:
    return _send_file(ask, "document")


def send_photo(ask: Ask) -> Any:
    return _send_file(ask, "photo")


def send_voice(ask: Ask) -> Any:
    return _send_file(ask, "voice")


def _send_file(ask: Ask, kind: str) -> Any:
    formatted = caption(ask)
    chat = access.chat(ask, access.To.WRITE)
    access.check_may_send(ask.bot, chat, kind)
    return _post(ask, chat, formatted, kind=kind, file=files.sent(ask.world, ask.params, kind))


def _post(ask: Ask, chat: model.Chat, formatted: entities.Formatted, **facts: Any) -> Any:
    thread_id = access.thread(ask.bot, chat, ask.params.number("message_thread_id"))
    reply_to = _replied(ask, chat)
    if thread_id is None and reply_to is not None and chat.is_forum:
        thread_id = reply_to.thread_id
    _check_extras(ask, chat)
    message = posting.make(
        ask.world,
        chat,
        ask.bot,
        text=formatted.text,
        entities=formatted.entities,
        reply_to=reply_to,
        thread_id=thread_id,
        markup=markup.read(ask.params.get("reply_markup"), chat),
        silent=ask.params.flag("disable_notification"),
        protected=ask.params.flag("protect_content"),
        **facts,
    )
    return objects.message(posting.post(ask.world, message))


def _replied(ask: Ask, chat: model.Chat) -> model.Message | None:
    """Return the message to reply to, or None."""
    given = dict(ask.params.get("reply_parameters") or {})
    if ask.params.number("reply_to_message_id"):
        given.setdefault("message_id", ask.params.number("reply_to_message_id"))
        given.setdefault("allow_sending_without_reply", ask.params.flag("allow_sending_without_reply"))
    if not given:
        return None
    if not isinstance(given.get("message_id"), int):
        raise refusals.Refused(400, 'Bad Request: can\'t find field "message_id"')
    found = chat.messages.get(given["message_id"])
    if found is not None and not found.deleted:
        return found
    if given.get("allow_sending_without_reply"):
        return None
    raise refusals.bad("message to be replied not found")


def _check_extras(ask: Ask, chat: model.Chat) -> None:
    """Refuse the options a bot of a school bureau has no right to."""
    if ask.params.flag("allow_paid_broadcast"):
        raise refusals.bad("FLOODSKIP_NOT_ALLOWED")
    if ask.params.text("message_effect_id") and chat.user is None:
        raise refusals.bad("EFFECT_ID_INVALID")
    if ask.params.text("business_connection_id"):
        raise refusals.bad("business connection not found")


def copy_message(ask: Ask) -> Any:
    source = _source(ask)
    message = _again(ask, source, forwarded=None)
    message.markup = markup.read(ask.params.get("reply_markup"), message.chat)
    if ask.params.get("caption") is not None and source.file is not None:
        formatted = caption(ask)
        message.text, message.entities = formatted.text, formatted.entities
    posting.post(ask.world, message)
    return {"message_id": message.id}


def forward_message(ask: Ask) -> Any:
    source = _source(ask)
    origin = {"type": "user", "date": objects.unix(source.at), "sender_user": objects.user(source.sender)}
    message = _again(ask, source, forwarded=origin)
    if source.markup is not None and source.markup.kind == "inline" and source.sender is ask.bot:
        message.markup = source.markup
    return objects.message(posting.post(ask.world, message))


def _source(ask: Ask) -> model.Message:
    chat = access.chat(ask, access.To.READ, name="from_chat_id")
    found = chat.messages.get(ask.params.number("message_id"))
    if found is None or found.deleted:
        raise refusals.bad("message to forward not found")
    if found.protected or found.kind == "service":
        raise refusals.bad("message can't be forwarded")
    return found


def _again(ask: Ask, source: model.Message, *, forwarded: model.Json | None) -> model.Message:
    """Return the message anew, in the chat the request names."""
    chat = access.chat(ask, access.To.WRITE)
    access.check_may_send(ask.bot, chat, source.kind)
    return posting.make(
        ask.world,
        chat,
        ask.bot,
        kind=source.kind,
        text=source.text,
        entities=source.entities,
        file=source.file,
        contact=source.contact,
        forwarded=forwarded,
        thread_id=access.thread(ask.bot, chat, ask.params.number("message_thread_id")),
        silent=ask.params.flag("disable_notification"),
        protected=ask.params.flag("protect_content"),
    )


def send_chat_action(ask: Ask) -> Any:
    access.chat(ask, access.To.WRITE)
    if ask.params.text("action") not in _ACTIONS:
        raise refusals.bad("wrong parameter action in request")
    return True


def get_file(ask: Ask) -> Any:
    file_id = ask.params.text("file_id")
    found = ask.world.files.get(file_id) or ask.world.files.get(file_id.removesuffix("s"))
    if found is None:
        raise refusals.bad("invalid file_id")
    if found.size > files.DOWNLOAD_BYTES:
        raise refusals.bad("file is too big")
    return objects.file(found) | {"file_path": found.path}

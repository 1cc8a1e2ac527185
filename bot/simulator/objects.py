"""The model's things as the Bot API writes them: JSON objects, in Telegram's field names."""

import dataclasses
import datetime as dt
from typing import Any

from bot.simulator import model

Json = model.Json
_ADMIN_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories", "can_pin_messages", "can_manage_topics",
)  # fmt: skip
_GIFTS = (
    "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels",
)  # fmt: skip
_DENIED = frozenset({"can_be_edited", "is_anonymous", "can_promote_members"})
_MEMBER_RIGHTS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews", "can_react_to_messages", "can_edit_tag", "can_change_info",
    "can_invite_users", "can_pin_messages", "can_manage_topics",
)  # fmt: skip


def _some(**fields: Any) -> Json:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, False, (), [])}


def unix(at: dt.datetime) -> int:
    """Return the instant as Telegram writes it."""
    return int(at.timestamp())


def user(account: model.User) -> Json:
    basic: Json = {"id": account.id, "is_bot": account.is_bot, "first_name": account.first_name}
    language = None if account.is_bot else account.language
    return basic | _some(last_name=account.last_name, username=account.username, language_code=language)


def me(bot: model.Bot) -> Json:
    return user(bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not bot.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }


def chat(place: model.Chat) -> Json:
    if place.user is not None:
        person = place.user
        names = _some(first_name=person.first_name, last_name=person.last_name, username=person.username)
        return {"id": place.id, "type": "private"} | names
    basic = {"id": place.id, "type": place.kind.value, "title": place.title}
    return basic | _some(username=place.username, is_forum=place.is_forum)


def full_chat(place: model.Chat) -> Json:
    extra: Json = {
        "accent_color_id": abs(place.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(_GIFTS, place.user is not None),
    }
    if place.is_group:
        rights = [right for right in _MEMBER_RIGHTS if right != "can_react_to_messages"]
        extra["permissions"] = dict.fromkeys(rights, not place.muted)
    if place.pinned:
        extra["pinned_message"] = message(place.messages[place.pinned[-1]])
    return chat(place) | extra


def member(place: model.Chat, account: model.User, status: model.Status | None = None) -> Json:
    """Return where the account stands, or would stand with another status."""
    status = status or place.status(account)
    basic: Json = {"status": status.value, "user": user(account)}
    match status:
        case model.Status.CREATOR:
            return basic | {"is_anonymous": False}
        case model.Status.ADMINISTRATOR:
            return basic | {right: right not in _DENIED for right in _ADMIN_RIGHTS}
        case model.Status.RESTRICTED:
            return basic | {"is_member": True, "until_date": 0} | dict.fromkeys(_MEMBER_RIGHTS, False)
        case model.Status.KICKED:
            return basic | {"until_date": 0}
        case _:
            return basic


def entity(item: Any) -> Json:
    fields = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    user_id, name = fields.pop("user_id"), fields.pop("user_name")
    written = {name: value for name, value in fields.items() if value is not None}
    if user_id is not None:
        written["user"] = {"id": user_id, "is_bot": False, "first_name": name or ""}
    return written


def file(item: model.File) -> Json:
    """Return the file as getFile and messages share it."""
    return {"file_id": item.id, "file_unique_id": item.unique_id, "file_size": item.size}


def _media(item: model.File) -> Json:
    match item.kind:
        case "photo":
            small = file(item) | {"file_id": item.id + "s", "file_unique_id": item.unique_id + "s"}
            thumb = small | {"width": min(item.width, 90), "height": min(item.height, 90)}
            return {"photo": [thumb, file(item) | {"width": item.width, "height": item.height}]}
        case "voice":
            return {"voice": file(item) | {"duration": item.duration_s, "mime_type": item.mime}}
        case _:
            return {"document": file(item) | _some(file_name=item.name, mime_type=item.mime)}


def message(item: model.Message, *, nested: bool = False) -> Json:
    """Return the message as it stands now; a nested one does not carry what it replies to."""
    body: Json = {"message_id": item.id, "date": unix(item.at), "chat": chat(item.chat)}
    if item.chat.kind is not model.Kind.CHANNEL:
        body["from"] = user(model.ANONYMOUS_ADMIN if item.anonymous else item.sender)
    if item.anonymous or item.chat.kind is model.Kind.CHANNEL:
        body["sender_chat"] = chat(item.chat)
    body |= _words(item) | _place(item, nested=nested) | item.service
    body |= _some(
        edit_date=unix(item.edited_at) if item.edited_at else None,
        has_protected_content=item.protected,
        forward_origin=item.forwarded,
        contact=item.contact,
    )
    if item.markup is not None and item.markup.kind == "inline":
        body["reply_markup"] = item.markup.raw
    return body


def _words(item: model.Message) -> Json:
    marks = [entity(mark) for mark in item.entities]
    if item.file is None:
        return _some(text=item.text or None, entities=marks, link_preview_options=item.preview)
    return _media(item.file) | _some(caption=item.text or None, caption_entities=marks)


def _place(item: model.Message, *, nested: bool) -> Json:
    in_topic = item.thread_id is not None and item.chat.is_forum
    place = _some(message_thread_id=item.thread_id, is_topic_message=in_topic)
    answered = item.reply_to or (_topic_root(item) if in_topic else None)
    if answered is not None and not nested and not answered.deleted:
        place["reply_to_message"] = message(answered, nested=True)
    return place


def _topic_root(item: model.Message) -> model.Message | None:
    """Return the message that opened the topic: in a forum all others of the topic reply to it."""
    return item.chat.messages.get(item.thread_id or 0) if item.thread_id != item.id else None


def inaccessible(item: model.Message) -> Json:
    """Return what a callback query carries when the message is gone or too old."""
    return {"chat": chat(item.chat), "message_id": item.id, "date": 0}

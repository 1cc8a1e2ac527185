"""A request's parameters, whatever body carried them, turned into the types the Bot API names."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import aiohttp.web

from bot.simulator import refusals

_NUMBERS = frozenset(
    {
        "message_id", "message_thread_id", "reply_to_message_id", "offset", "limit", "timeout", "user_id",
        "max_connections", "duration", "width", "height", "cache_time", "until_date", "icon_color",
    }
)  # fmt: skip
_FLAGS = frozenset(
    {
        "disable_notification", "protect_content", "show_alert", "drop_pending_updates",
        "allow_paid_broadcast", "disable_content_type_detection", "has_spoiler", "revoke_messages",
        "show_caption_above_media", "allow_sending_without_reply", "disable_web_page_preview", "return_bots",
    }
)  # fmt: skip
_OBJECTS = frozenset(
    {"reply_markup", "link_preview_options", "reply_parameters", "scope", "menu_button", "rights",
     "suggested_post_parameters"}
)  # fmt: skip
_ARRAYS = frozenset(
    {"entities", "caption_entities", "allowed_updates", "commands", "media", "message_ids"}
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart body."""

    name: str
    mime: str
    content: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Params:
    """The typed parameters of one request and the files that came with it."""

    values: dict[str, Any]
    uploads: dict[str, Upload]

    def text(self, name: str) -> str:
        """Return the string, or "" when it was not given."""
        return str(self.values.get(name, ""))

    def number(self, name: str, default: int = 0) -> int:
        """Return the integer, or the default when it was not given."""
        return int(self.values.get(name, default))

    def flag(self, name: str) -> bool:
        """Return the truth value, false when it was not given."""
        return bool(self.values.get(name, False))

    def get(self, name: str) -> Any:
        """Return the value as parsed, or None."""
        return self.values.get(name)

    def upload(self, name: str) -> Upload | None:
        """Return the file a parameter brings: in a part of its own name, or in one it points to."""
        pointer = self.text(name)
        return self.uploads.get(pointer.removeprefix("attach://") if pointer else name)


async def read(request: aiohttp.web.Request) -> Params:
    """Return the parameters of a query string, form, multipart or JSON body.

    Raises:
        Refused: The body is not what it claims to be, or a value has the wrong type.
    """
    raw: dict[str, Any] = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        raw |= await _json_body(request)
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, aiohttp.web.FileField):
                content = value.file.read()
                uploads[name] = Upload(value.filename, value.content_type, content)
            else:
                raw[name] = value.decode() if isinstance(value, bytes | bytearray) else value
    return Params(typed(raw), uploads)


async def _json_body(request: aiohttp.web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError as error:
        raise refusals.Refused(400, "Bad Request: can't parse JSON object") from error
    if not isinstance(body, dict):
        raise refusals.Refused(400, "Bad Request: can't parse JSON object")
    return {name: value for name, value in body.items() if value is not None}


def typed(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the types of the Bot API; names it does not know stay strings."""
    return {name: _typed(name, value) for name, value in raw.items()}


def _typed(name: str, value: Any) -> Any:
    if name in {"chat_id", "from_chat_id"}:
        return int(value) if str(value).strip().lstrip("-").isdigit() else str(value)
    if name in _NUMBERS:
        return _number(name, value)
    if name in _FLAGS:
        return _flag(name, value)
    if name in _OBJECTS:
        return _nested(name, value, dict)
    if name in _ARRAYS:
        return _nested(name, value, list)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise wrong_type(name, "Integer") from error


def _flag(name: str, value: Any) -> bool:
    text = str(value).lower()
    if text not in {"true", "false", "1", "0", "yes", "no", ""}:
        raise wrong_type(name, "Boolean")
    return text in {"true", "1", "yes"}


def _nested(name: str, value: Any, shape: type) -> Any:
    if isinstance(value, str):
        if not value.strip():
            return shape()
        try:
            value = json.loads(value)
        except ValueError as error:
            described = name.replace("_", " ")
            raise refusals.Refused(400, f"Bad Request: can't parse {described} JSON object") from error
    if not isinstance(value, shape):
        raise refusals.Refused(400, "Bad Request: object expected as " + name.replace("_", " "))
    return value


def wrong_type(name: str, expected: str) -> refusals.Refused:
    """Return the refusal of a field whose JSON type is wrong, in Telegram's words."""
    return refusals.Refused(400, f'Bad Request: field "{name}" must be of type {expected}')

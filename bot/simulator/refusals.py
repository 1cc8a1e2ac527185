"""How the pretend Telegram says no: an HTTP code and Telegram's own words."""

from typing import Any


class Refused(Exception):
    """The request was understood and declined.

    Attributes:
        code: The HTTP status, repeated in the body.
        description: Telegram's words, prefix included.
        parameters: `retry_after` or `migrate_to_chat_id`, when Telegram gives them.
    """

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """Return the JSON document of the refusal."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = dict(self.parameters)
        return body


class Impossible(Exception):
    """A pretend user was asked to do what no Telegram client lets a person do."""


def _telegram_case(text: str) -> str:
    """Return the text with its first letter lowered unless the second is upper case or an underscore.

    Source: tdlib/telegram-bot-api, Client.cpp.
    """
    shouting = len(text) > 1 and (text[1].isupper() or text[1] == "_")
    return text if shouting else text[:1].lower() + text[1:]


def bad(text: str) -> Refused:
    """Return the 400 that says this text."""
    return Refused(400, f"Bad Request: {_telegram_case(text)}")


def forbidden(text: str) -> Refused:
    """Return the 403 that says this text."""
    return Refused(403, f"Forbidden: {_telegram_case(text)}")


def migrated(new_chat_id: int) -> Refused:
    """Return the 400 that tells where an upgraded group went."""
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    return Refused(400, text, migrate_to_chat_id=new_chat_id)


def flooded(retry_after_s: int) -> Refused:
    """Return the 429 that asks to wait this many seconds."""
    text = f"Too Many Requests: retry after {retry_after_s}"
    return Refused(429, text, retry_after=retry_after_s)


def conflict(text: str) -> Refused:
    """Return the 409 that says this text."""
    return Refused(409, f"Conflict: {text}")

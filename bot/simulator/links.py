"""Which links Telegram accepts in buttons, entities and callback answers; it opens none."""

import re
import urllib.parse

from bot.simulator import refusals

_SCHEMES = frozenset({"http", "https", "ton", "tg", "tonsite"})
_USER_LINK = re.compile(r"tg://user\?id=(\d+)$")
_START_LINK = re.compile(
    r"(?:https?://)?(?:t|telegram)\.(?:me|dog)/(?P<bot>\w+)/?\?(?P<kind>start|startgroup)=(?P<payload>[^&#]*)"
)


class UnacceptableError(ValueError):
    """The link is refused; the message is Telegram's reason."""


def user_of(url: str) -> int | None:
    """Return the user a `tg://user?id=` link mentions, or None for any other link."""
    found = _USER_LINK.match(url)
    return int(found.group(1)) if found else None


def checked(url: str) -> str:
    """Return the link as Telegram stores it: a host in lower case, a scheme always present.

    Raises:
        UnacceptableError: The link is not one Telegram would open.
    """
    text = url.strip()
    if not text:
        raise UnacceptableError("URL host is empty")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    scheme = scheme.lower()
    if scheme not in _SCHEMES:
        raise UnacceptableError("Unsupported URL protocol")
    if scheme in {"tg", "ton"}:
        return f"{scheme}://{rest}"
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    _check_host(host)
    path = rest[len(host) :] or "/"
    return f"{scheme}://{host.lower()}{path}"


def _check_host(host: str) -> None:
    """Accept a host name or address with an optional port."""
    name, _, port = host.rpartition("@")[2].partition(":")
    if not name:
        raise UnacceptableError("URL host is empty")
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise UnacceptableError("Wrong port number specified in the URL")
    if "." not in name.strip(".") or not re.fullmatch(r"[^\s<>\"'\\^`{|}]+", name):
        raise UnacceptableError("Wrong HTTP URL")


def button(url: str) -> str:
    """Return the link of an inline button, or refuse it in Telegram's words."""
    if user_of(url) is not None:
        return url
    try:
        return checked(url)
    except UnacceptableError as error:
        raise refusals.bad(f"Inline keyboard button URL '{url}' is invalid: {error}") from error


def entity(url: str) -> str:
    """Return the link of a text_link entity, or refuse it in Telegram's words."""
    try:
        return checked(url)
    except UnacceptableError as error:
        raise refusals.bad(f"Entity URL '{url}' is invalid: {error}") from error


def start_of(url: str) -> tuple[str, str, str] | None:
    """Return (bot username, "start" or "startgroup", payload) of a deep link, or None."""
    found = _START_LINK.match(url)
    if found is None:
        return None
    return found["bot"], found["kind"], urllib.parse.unquote(found["payload"])

"""Telegram's formatted text: its HTML dialect, entities counted in UTF-16, and what it finds by itself."""

import dataclasses
import html
import re
from collections.abc import Callable, Iterable
from typing import Any

from bot.simulator import links, refusals

MAX_ENTITIES = 100  # the rest is silently dropped
MAX_RAW_BYTES = 32 * 1024  # "text is too long", before parsing
_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji", "tg-time": "date_time",
}  # fmt: skip
_TYPES = frozenset(_TAGS.values()) | {
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "text_mention",
    "expandable_blockquote",
}  # fmt: skip
_NEEDED = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@]))"
    r"|(?P<mention>(?<!\w)@[A-Za-z][A-Za-z0-9_]{3,31}\b)"
    r"|(?P<url>\bhttps?://[^\s<>\"]+|\bt\.me/[^\s<>\"]+)"
)
_REFERENCE = re.compile(r"&(?:#(?P<dec>\d+)|#[xX](?P<hex>[0-9a-fA-F]+)|(?P<name>lt|gt|amp|quot));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


@dataclasses.dataclass(frozen=True, slots=True)
class Entity:
    """A stretch of formatted text; offset and length count UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    user_id: int | None = None
    user_name: str | None = None
    language: str | None = None
    custom_emoji_id: str | None = None
    unix_time: int | None = None
    date_time_format: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Formatted:
    """A text as people see it, with its entities in order."""

    text: str
    entities: tuple[Entity, ...] = ()


def utf16(text: str) -> int:
    """Return the length of the text in UTF-16 code units."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def fragment(text: str, entity: Entity) -> str:
    """Return the part of the text an entity covers."""
    raw = text.encode("utf-16-le")
    return raw[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le", "ignore")


# ── the dialect ──────────────────────────────────────────────────────────────────────────────────────


@dataclasses.dataclass(slots=True)
class _Open:
    """A start tag waiting for its end."""

    tag: str
    attributes: dict[str, str]
    offset: int
    begins_at: int


def _fault(text: str) -> refusals.Refused:
    return refusals.Refused(400, f"Bad Request: can't parse entities: {text}")


class _Parser:
    """Reads Telegram's HTML once, left to right, and stops at the first fault."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def run(self) -> Formatted:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "<":
                self._tag()
            else:
                self._literal(character)
        if self.open:
            raise _fault(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        ordered = sorted(self.entities, key=lambda entity: (entity.offset, -entity.length))
        return Formatted("".join(self.out), tuple(ordered))

    def _literal(self, character: str) -> None:
        found = _REFERENCE.match(self.source, self.at) if character == "&" else None
        decoded = _decoded(found) if found else ""
        self.at = found.end() if found and decoded else self.at + 1
        self._write(decoded or character)

    def _write(self, text: str) -> None:
        self.out.append(text)
        self.offset += utf16(text)

    def _byte(self, index: int) -> int:
        return len(self.source[:index].encode())

    def _tag(self) -> None:
        begin = self.at
        self.at += 1
        if self.source.startswith("/", self.at):
            self._end(begin)
        else:
            self._start(begin)

    def _start(self, begin: int) -> None:
        found = re.compile(r"[^\s>]*").match(self.source, self.at)
        name = found.group().lower() if found else ""
        self.at += len(name)
        if self.at >= len(self.source):
            raise _fault(f"Unclosed start tag at byte offset {self._byte(begin)}")
        if name not in _TAGS:
            raise _fault(f'Unsupported start tag "{name}" at byte offset {self._byte(begin)}')
        attributes = self._attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise _fault(f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}')
        self.open.append(_Open(name, attributes, self.offset, len(self.out)))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self.at >= len(self.source):
                raise _fault(f'Unclosed start tag "{tag}" at byte offset {self._byte(begin)}')
            if self.source[self.at] == ">":
                self.at += 1
                return attributes
            name = self._until(r"[\s=>]")
            if not name:
                raise _fault(f'Empty attribute name in the tag "{tag}" at byte offset {self._byte(begin)}')
            self._skip_spaces()
            attributes[name.lower()] = self._value() if self.source.startswith("=", self.at) else ""

    def _value(self) -> str:
        self.at += 1
        self._skip_spaces()
        begin, quote = self.at, self.source[self.at : self.at + 1]
        if quote in {"'", '"'}:
            self.at += 1
            value = self._until(re.escape(quote))
            self.at += 1
            return _REFERENCE.sub(lambda found: _decoded(found) or found.group(), value)
        value = self._until(r"[^A-Za-z0-9.\-]")
        if self.at < len(self.source) and not re.match(r"[\s>]", self.source[self.at]):
            raise _fault(f"Unexpected end of name token at byte offset {self._byte(begin)}")
        return value.lower()

    def _end(self, begin: int) -> None:
        if not self.open:
            raise _fault(f"Unexpected end tag at byte offset {self._byte(begin)}")
        self.at += 1
        name = self._until(r"[\s>]")
        self._skip_spaces()
        if not self.source.startswith(">", self.at):
            raise _fault(f"Unclosed end tag at byte offset {self._byte(begin)}")
        self.at += 1
        tag = self.open.pop()
        if name and name.lower() != tag.tag:
            expected = f'expected "</{tag.tag}>", found "</{name}>"'
            raise _fault(f"Unmatched end tag at byte offset {self._byte(begin)}, {expected}")
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _Open) -> None:
        length = self.offset - tag.offset
        made = _entity(tag, length, "".join(self.out[tag.begins_at :]))
        inner = self.entities[-1] if self.entities else None
        whole = inner is not None and (inner.offset, inner.length) == (tag.offset, length)
        if tag.tag == "pre" and inner is not None and whole and inner.type == "code":
            made = dataclasses.replace(self.entities.pop(), type="pre")
        if made is not None:
            self.entities.append(made)

    def _until(self, pattern: str) -> str:
        found = re.compile(pattern).search(self.source, self.at)
        end = found.start() if found else len(self.source)
        text, self.at = self.source[self.at : end], end
        return text

    def _skip_spaces(self) -> None:
        while self.at < len(self.source) and self.source[self.at].isspace():
            self.at += 1


def _decoded(found: re.Match[str]) -> str:
    """Return the character of a reference, or "" for one Telegram leaves as it stands."""
    if found["name"]:
        return _NAMED[found["name"]]
    code = int(found["dec"]) if found["dec"] else int(found["hex"], 16)
    return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code < 0xE000 else ""


def _entity(tag: _Open, length: int, inner: str) -> Entity | None:
    """Return the entity a closed tag makes, or None when Telegram drops it without a word."""
    made = Entity(_TAGS[tag.tag], tag.offset, length)
    match tag.tag:
        case "a":
            return _link(made, tag.attributes.get("href") or inner)
        case "code":
            language = tag.attributes.get("class", "").removeprefix("language-")
            return dataclasses.replace(made, language=language or None)
        case "blockquote" if "expandable" in tag.attributes:
            return dataclasses.replace(made, type="expandable_blockquote")
        case "tg-emoji":
            if not tag.attributes.get("emoji-id", "").isdigit():
                raise _fault("Invalid custom emoji identifier specified")
            return dataclasses.replace(made, custom_emoji_id=tag.attributes["emoji-id"])
        case "tg-time":
            if not re.fullmatch(r"\d{1,10}", tag.attributes.get("unix", "")):
                raise _fault("Invalid date specified")  # the wording is ours: not documented
            moment, style = int(tag.attributes["unix"]), tag.attributes.get("format")
            return dataclasses.replace(made, unix_time=moment, date_time_format=style)
        case _:
            return made


def _link(made: Entity, url: str) -> Entity | None:
    user_id = links.user_of(url)
    if user_id is not None:
        return dataclasses.replace(made, type="text_mention", user_id=user_id)
    try:
        return dataclasses.replace(made, url=links.checked(url))
    except links.UnacceptableError:
        return None


# ── from a request to a text ─────────────────────────────────────────────────────────────────────────


def read(text: str, parse_mode: str | None, given: list[Any] | None) -> Formatted:
    """Return what people will see of a text sent by a bot, trimmed, with found entities added.

    Raises:
        Refused: The text cannot be parsed, or its entities do not fit it.
    """
    if len(text.encode()) > MAX_RAW_BYTES:
        raise refusals.bad("Text is too long")
    mode = (parse_mode or "").lower()
    if mode not in {"", "html"}:
        raise refusals.bad("unsupported parse_mode")
    formatted = _Parser(text).run() if mode else Formatted(text, _given(text, given or []))
    return _complete(formatted)


def plain(text: str) -> Formatted:
    """Return what a person typed, trimmed, with the commands, mentions and links in it marked."""
    return _complete(Formatted(text))


def _given(text: str, raw: list[Any]) -> tuple[Entity, ...]:
    length = utf16(text)
    return tuple(sorted((_checked(item, length) for item in raw), key=lambda entity: entity.offset))


def _checked(item: Any, length: int) -> Entity:
    if not isinstance(item, dict) or item.get("type") not in _TYPES:
        raise refusals.Refused(400, "Bad Request: can't parse MessageEntity: Unsupported type specified")
    offset, size = int(item.get("offset", 0)), int(item.get("length", 0))
    if offset < 0:
        raise refusals.bad(f"receive an entity with incorrect offset {offset}")
    if offset > length:
        raise refusals.bad(f"entity begins after the end of the text at UTF-16 offset {offset}")
    if offset + size > length:
        where = f"beginning at UTF-16 offset {offset} ends after the end of the text"
        raise refusals.bad(f"entity {where} at UTF-16 offset {offset + size}")
    needed = _NEEDED.get(item["type"])
    if needed is not None and needed not in item:
        raise refusals.Refused(400, f"Bad Request: can't parse MessageEntity: Can't find field \"{needed}\"")
    url = links.entity(str(item["url"])) if item["type"] == "text_link" and "url" in item else None
    user = item.get("user")
    return Entity(
        item["type"],
        offset,
        size,
        url=url,
        user_id=_user_id(user) if item["type"] == "text_mention" else None,
        language=item.get("language"),
        custom_emoji_id=item.get("custom_emoji_id"),
        unix_time=item.get("unix_time"),
        date_time_format=item.get("date_time_format"),
    )


def _user_id(user: Any) -> int:
    """Return whom a text_mention entity mentions; 0 is nobody."""
    return int(user.get("id", 0)) if isinstance(user, dict) else 0


def name_mentions(formatted: Formatted, name_of: Callable[[int], str | None]) -> Formatted:
    """Give mentions of people their names; mentions of nobody known become plain text, as at Telegram's."""
    named = [
        entity if entity.user_id is None else dataclasses.replace(entity, user_name=name_of(entity.user_id))
        for entity in formatted.entities
    ]
    kept = tuple(entity for entity in named if entity.user_id is None or entity.user_name is not None)
    return Formatted(formatted.text, kept)


def _complete(formatted: Formatted) -> Formatted:
    """Trim the text as Telegram does and add the entities it finds by itself."""
    text = formatted.text.replace("\r", "")
    kept = text.lstrip()
    shift = utf16(text) - utf16(kept)
    kept = kept.rstrip()
    size = utf16(kept)
    moved = [clipped for entity in formatted.entities if (clipped := _clip(entity, shift, size))]
    moved += [found for found in _found(kept) if not any(_overlap(found, entity) for entity in moved)]
    moved.sort(key=lambda entity: (entity.offset, -entity.length))
    return Formatted(kept, tuple(moved[:MAX_ENTITIES]))


def _clip(entity: Entity, shift: int, size: int) -> Entity | None:
    begin = max(entity.offset - shift, 0)
    end = min(entity.offset - shift + entity.length, size)
    return dataclasses.replace(entity, offset=begin, length=end - begin) if end > begin else None


def _found(text: str) -> Iterable[Entity]:
    for found in _FOUND.finditer(text):
        yield Entity(str(found.lastgroup), utf16(text[: found.start()]), utf16(found.group()))


def _overlap(one: Entity, other: Entity) -> bool:
    """Return whether a found entity must give way: it lies in a link, a mention or code."""
    yielding = other.type in {"text_link", "text_mention", "code", "pre", "url", "mention", "bot_command"}
    apart = one.offset >= other.offset + other.length or other.offset >= one.offset + one.length
    return yielding and not apart


def escape(text: str) -> str:
    """Return the text safe to stand in Telegram's HTML."""
    return html.escape(text, quote=False)

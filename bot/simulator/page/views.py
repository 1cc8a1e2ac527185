"""What a phone shows, as JSON: the chats of a person, and one of them with its messages and keyboards."""

import datetime as dt
from typing import Any

from bot.simulator import model
from bot.simulator.simulator import Simulator

Json = dict[str, Any]
SHOWN_MESSAGES = 200  # of one chat; older ones scroll out of the page, not out of the world
PREVIEW_CHARACTERS = 40
PICTURES = frozenset({"image/jpeg", "image/png"})


def chats(sim: Simulator, user: model.User) -> list[model.Chat]:
    """Return the person's chats: their own with the bot first, then the groups they are in."""
    groups = sim.world.groups.values()
    mine = [g for g in groups if g.status(user).inside and not g.deleted and g.migrated_to is None]
    return [sim.chat(user), *mine]


def present(sim: Simulator, user: model.User, chat_id: int | None) -> model.Chat:
    """Return the chat a phone is to show: the one asked for while the person is in it, else their own."""
    wanted = sim.world.groups.get(chat_id) if chat_id is not None and chat_id < 0 else None
    while wanted is not None and wanted.migrated_to is not None:
        wanted = wanted.migrated_to
    return wanted if wanted in chats(sim, user) and wanted is not None else sim.chat(user)


class Views:
    """Writes what phones show; local times are those of the zone.

    Args:
        sim: The world looked at.
        zone: Of the wall clocks there.
    """

    def __init__(self, sim: Simulator, zone: dt.tzinfo) -> None:
        self._sim = sim
        self._zone = zone

    def local(self, at: dt.datetime) -> str:
        """Return the instant on the walls of the city, without its zone."""
        return at.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")

    def phone(self, user: model.User, chat: model.Chat) -> Json:
        """Return the whole phone: its chats, and the one it shows with its newest messages."""
        shown = [m for m in chat.messages.values() if not m.deleted][-SHOWN_MESSAGES:]
        return self.frame(user, chat) | {"messages": [self.message(m, user) for m in shown]}

    def frame(self, user: model.User, chat: model.Chat) -> Json:
        """Return the phone without its messages."""
        shown = _keyboard(chat)
        return {
            "user": user.id,
            "name": user.name,
            "chat": chat.id,
            "title": self._title(chat),
            "private": chat.user is not None,
            "size": sum(s.inside for s in chat.members.values()),
            "opened": chat.opened or chat.user is None,
            "chats": [self._summary(c, user) for c in chats(self._sim, user)],
            "keyboard": [[_key(b) for b in row] for row in shown],
            "commands": self._commands(chat),
        }

    def _title(self, chat: model.Chat) -> str:
        return chat.bot.name if chat.bot is not None else chat.title

    def _summary(self, chat: model.Chat, user: model.User) -> Json:
        """Return one line of the list of chats; `count` grows by one with each message of somebody else."""
        live = [m for m in chat.messages.values() if not m.deleted]
        last = live[-1] if live else None
        return {
            "id": chat.id,
            "title": self._title(chat),
            "private": chat.user is not None,
            "preview": " ".join(last.text.split())[:PREVIEW_CHARACTERS] if last else "",
            "at": self.local(last.at) if last else "",
            "count": sum(m.sender is not user and m.kind != "service" for m in chat.messages.values()),
        }

    def _commands(self, chat: model.Chat) -> list[Json]:
        """Return the menu of commands the bot set for chats of this kind."""
        kind = "all_private_chats" if chat.user is not None else "all_group_chats"
        by_scope = self._sim.bot.commands
        found = [by_scope[key] for key in by_scope if f'"{kind}"' in key] or [
            by_scope[key] for key in by_scope if '"default"' in key
        ]
        return found[0] if found else []

    def message(self, message: model.Message, viewer: model.User) -> Json:
        """Return one message as its reader sees it."""
        answered = message.reply_to
        return {
            "id": message.id,
            "at": self.local(message.at),
            "from": {"id": message.sender.id, "name": message.sender.name, "bot": message.from_bot},
            "mine": message.sender is viewer,
            "kind": message.kind,
            "text": message.text,
            "entities": [_entity(e) for e in message.entities],
            "buttons": [[_button(b) for b in row] for row in message.buttons],
            "reply": {"id": answered.id, "name": answered.sender.name, "text": _gist(answered)}
            if answered
            else None,
            "file": _file(message.file) if message.file else None,
            "contact": _contact(message.contact) if message.contact else None,
            "service": _service(message.service) if message.kind == "service" else None,
            "edits": message.edits,
            "silent": message.silent,
        }


def _keyboard(chat: model.Chat) -> model.Rows:
    """Return the reply keyboard on screen; one for a single use is put away by what the person says next."""
    shown = chat.shown_keyboard
    if shown is None or shown.markup is None or chat.user is None:
        return ()
    is_used = shown.markup.one_time and any(
        m.id > shown.id and m.sender is chat.user for m in chat.messages.values()
    )
    return () if is_used else shown.keyboard


def _entity(entity: model.Entity) -> Json:
    return {"type": entity.type, "offset": entity.offset, "length": entity.length, "url": entity.url}


def _button(button: model.Button) -> Json:
    return {
        "text": button.text,
        "data": button.data,
        "url": button.url,
        "copy": button.copy_text,
        "style": button.style,
    }


def _key(button: model.Button) -> Json:
    return {"text": button.text, "contact": button.request_contact}


def _file(file: model.File) -> Json:
    return {
        "id": file.unique_id, "name": file.name or file.path.rpartition("/")[2], "size": file.size, "kind": file.kind,
        "picture": file.kind == "photo" and file.mime in PICTURES, "seconds": file.duration_s,
    }  # fmt: skip


def _contact(contact: Json) -> Json:
    return {"name": contact.get("first_name", ""), "phone": "+" + str(contact.get("phone_number", ""))}


def _service(service: Json) -> Json:
    """Return what a line between the messages tells: the kind of it, and whom or what it names."""
    what = next(iter(service), "")
    value = service.get(what)
    people = value if isinstance(value, list) else [value]
    names = [str(p.get("first_name", "")) for p in people if isinstance(p, dict) and p.get("first_name")]
    return {"what": what, "value": "、".join(names) or (value if isinstance(value, str) else "")}


def _gist(message: model.Message) -> str:
    return " ".join(message.text.split())[:PREVIEW_CHARACTERS] or f"[{message.kind}]"

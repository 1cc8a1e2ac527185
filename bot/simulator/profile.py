"""What a bot says about itself: name, descriptions, commands, menu button."""

import json
import re
from typing import Any

from bot.simulator import access, objects, refusals

Ask = access.Ask
_LIMITS = {"name": 64, "description": 512, "short_description": 120}  # characters
_SCOPES = frozenset(
    {
        "default", "all_private_chats", "all_group_chats", "all_chat_administrators", "chat",
        "chat_administrators", "chat_member",
    }
)  # fmt: skip


def get_me(ask: Ask) -> Any:
    return objects.me(ask.bot)


def _set(ask: Ask, what: str) -> bool:
    text = ask.params.text(what)
    if len(text) > _LIMITS[what]:
        raise refusals.bad(f"bot {what.replace('_', ' ')} is too long")
    ask.bot.profile[what + ask.params.text("language_code")] = text
    return True


def _get(ask: Ask, what: str) -> dict[str, str]:
    default = ask.bot.first_name if what == "name" else ""
    return {what: ask.bot.profile.get(what + ask.params.text("language_code"), default)}


def set_my_name(ask: Ask) -> Any:
    return _set(ask, "name")


def set_my_description(ask: Ask) -> Any:
    return _set(ask, "description")


def set_my_short_description(ask: Ask) -> Any:
    return _set(ask, "short_description")


def get_my_name(ask: Ask) -> Any:
    return _get(ask, "name")


def get_my_description(ask: Ask) -> Any:
    return _get(ask, "description")


def get_my_short_description(ask: Ask) -> Any:
    return _get(ask, "short_description")


def _scope(ask: Ask) -> str:
    """Return the scope and language as one key."""
    scope = ask.params.get("scope") or {"type": "default"}
    if scope.get("type") not in _SCOPES:
        raise refusals.bad("can't parse BotCommandScope: Unsupported type specified")
    return json.dumps([scope, ask.params.text("language_code")], sort_keys=True)


def set_my_commands(ask: Ask) -> Any:
    commands = ask.params.get("commands") or []
    if len(commands) > 100:
        raise refusals.bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", "")).removeprefix("/")):
            raise refusals.bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise refusals.bad("BOT_COMMAND_DESCRIPTION_INVALID")
    ask.bot.commands[_scope(ask)] = commands
    return True


def get_my_commands(ask: Ask) -> Any:
    return ask.bot.commands.get(_scope(ask), [])


def delete_my_commands(ask: Ask) -> Any:
    ask.bot.commands.pop(_scope(ask), None)
    return True


def set_chat_menu_button(ask: Ask) -> Any:
    button = ask.params.get("menu_button") or {"type": "default"}
    if button.get("type") not in {"commands", "web_app", "default"}:
        raise refusals.bad("can't parse menu button: Unsupported type specified")
    ask.bot.menu_buttons[ask.params.number("chat_id")] = button
    return True


def get_chat_menu_button(ask: Ask) -> Any:
    return ask.bot.menu_buttons.get(ask.params.number("chat_id"), {"type": "default"})


def yes(_ask: Ask) -> Any:
    """Agree to what leaves no trace here: logOut, close."""
    return True

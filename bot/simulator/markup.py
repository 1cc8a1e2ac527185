"""Reply markup as Telegram accepts it: keyboards are checked here and nowhere else."""

from typing import Any

from bot.simulator import links, model, params, refusals

Json = model.Json
DATA_BYTES = 64  # callback_data, UTF-8
COPY_CHARACTERS = 256
MAX_BUTTONS = 100
MAX_IN_ROW = 12
_ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
_STYLES = frozenset({"danger", "success", "primary"})
_REQUESTS = {
    "request_contact": "Phone number can be requested in private chats only",
    "request_location": "Location can be requested in private chats only",
    "request_poll": "Poll can be requested in private chats only",
    "request_users": "Users can be requested in private chats only",
    "request_chat": "Chats can be requested in private chats only",
    "web_app": "Web App buttons can be used in private chats only",
}


def read(raw: Json | None, chat: model.Chat, *, only_inline: bool = False) -> model.Markup | None:
    """Return the markup of a message to be, or None when there is none.

    Args:
        raw: The `reply_markup` of the request.
        chat: Where it will be shown.
        only_inline: True for edits, which take no other kind.

    Raises:
        Refused: Telegram would not take it.
    """
    if not raw:
        return None
    if "inline_keyboard" in raw:
        return _inline(_rows(raw, "inline_keyboard"))
    if only_inline:
        raise refusals.bad("Inline keyboard expected")
    if "keyboard" in raw:
        return _keyboard(raw, private=chat.kind is model.Kind.PRIVATE)
    selective = _truth(raw, "selective")
    if _truth(raw, "remove_keyboard"):
        return model.Markup("remove", selective=selective)
    if _truth(raw, "force_reply"):
        return model.Markup("force_reply", selective=selective, placeholder=_placeholder(raw))
    return None


def _rows(raw: Json, name: str) -> list[list[Any]]:
    rows = raw[name]
    if not isinstance(rows, list):
        raise params.wrong_type(name, "Array")
    if not all(isinstance(row, list) for row in rows):
        raise refusals.Refused(400, f'Bad Request: field "{name}" must be an Array of Arrays')
    return rows


def _truth(raw: Json, name: str) -> bool:
    value = raw.get(name, False)
    if not isinstance(value, bool):
        raise params.wrong_type(name, "Boolean")
    return value


def _placeholder(raw: Json) -> str | None:
    text = raw.get("input_field_placeholder")
    if text is not None and len(text) > 64:
        raise refusals.bad("input field placeholder is too long")  # the limit is Telegram's, the words ours
    return text


# ── inline ───────────────────────────────────────────────────────────────────────────────────────────


def _inline(rows: list[list[Any]]) -> model.Markup | None:
    """Return an inline keyboard; buttons without text vanish, as they do on Telegram's servers."""
    worded = ([button for button in row if _has_text(button)] for row in rows)
    kept = [[_inline_button(button) for button in row] for row in worded if row]
    if sum(len(row) for row in kept) > MAX_BUTTONS or any(len(row) > MAX_IN_ROW for row in kept):
        raise refusals.bad("reply markup is too long")
    if not kept:
        return None
    raw_rows = [[raw for raw, _ in row] for row in kept]
    shown_rows = tuple(tuple(button for _, button in row) for row in kept)
    return model.Markup("inline", shown_rows, raw={"inline_keyboard": raw_rows})


def _button_fault(text: str) -> refusals.Refused:
    return refusals.Refused(400, f"Bad Request: can't parse inline keyboard button: {text}")


def _has_text(raw: Any) -> bool:
    if not isinstance(raw, dict):
        raise _button_fault("Object expected as inline keyboard button")
    if "text" not in raw:
        raise _button_fault('Can\'t find field "text"')
    if not isinstance(raw["text"], str):
        raise _button_fault('Field "text" must be of type String')
    return bool(raw["text"])


def _inline_button(raw: Json) -> tuple[Json, model.Button]:
    """Return the button twice: as JSON to give back, and as people see it."""
    actions = [name for name in _ACTIONS if raw.get(name) not in (None, "", False)]
    if not actions:
        raise _button_fault("Text buttons are unallowed in the inline keyboard")
    action = actions[0]
    value = _action(action, raw[action])
    style = _style(raw)
    written = {"text": raw["text"], action: value} | ({"style": style} if style else {})
    shown = model.Button(
        raw["text"],
        data=value if action == "callback_data" else None,
        url=value if action == "url" else None,
        copy_text=value["text"] if action == "copy_text" else None,
        style=style,
    )
    return written, shown


def _action(action: str, value: Any) -> Any:
    """Return what the button does, checked."""
    match action:
        case "callback_data":
            if len(str(value).encode()) > DATA_BYTES:
                raise refusals.bad("BUTTON_DATA_INVALID")
            return str(value)
        case "url":
            return links.button(str(value))
        case "copy_text":
            text = value.get("text") if isinstance(value, dict) else None
            if not isinstance(text, str) or not 0 < len(text) <= COPY_CHARACTERS:
                raise refusals.bad("BUTTON_COPY_TEXT_INVALID")
            return {"text": text}
        case "pay" | "callback_game":
            raise refusals.bad("BUTTON_TYPE_INVALID")
        case _:
            return value


def _style(raw: Json) -> str | None:
    style = raw.get("style")
    if style is not None and style not in _STYLES:
        raise _button_fault("Invalid button style specified")  # the wording is ours
    return style


# ── reply keyboards ──────────────────────────────────────────────────────────────────────────────────


def _keyboard(raw: Json, *, private: bool) -> model.Markup | None:
    flags = {name: _truth(raw, name) for name in ("resize_keyboard", "one_time_keyboard", "selective")}
    _truth(raw, "is_persistent")
    rows = [[_key(button, private=private) for button in row] for row in _rows(raw, "keyboard")]
    shown = tuple(tuple(button for button in row if button.text) for row in rows)
    shown = tuple(row for row in shown if row)
    if not shown:
        return None
    return model.Markup(
        "keyboard",
        shown,
        one_time=flags["one_time_keyboard"],
        selective=flags["selective"],
        placeholder=_placeholder(raw),
    )


def _key(raw: Any, *, private: bool) -> model.Button:
    if isinstance(raw, str):
        return model.Button(raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise refusals.Refused(400, "Bad Request: can't parse keyboard button: Can't find field \"text\"")
    for request, words in _REQUESTS.items():
        if raw.get(request) and not private:
            raise refusals.bad(words)
    return model.Button(raw["text"], request_contact=bool(raw.get("request_contact")))

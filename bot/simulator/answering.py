"""Answers to button presses: once each, in time, with a link only to the bot itself."""

from typing import Any

from bot.simulator import access, links, model, refusals

TOAST_CHARACTERS = 200
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_callback_query(ask: access.Ask) -> Any:
    """Show the presser a toast, an alert or a link to the bot.

    Raises:
        Refused: The query is unknown, answered already or too old; the text too long; the link foreign.
    """
    query = ask.world.queries.get(ask.params.text("callback_query_id"))
    if query is None or query.bot is not ask.bot or query.answer is not None:
        raise refusals.bad(_TOO_OLD)
    if ask.world.clock() - query.at > ask.world.query_lifetime:
        raise refusals.bad(_TOO_OLD)
    text = ask.params.text("text")
    if len(text) > TOAST_CHARACTERS:
        raise refusals.bad("MESSAGE_TOO_LONG")
    url = ask.params.text("url") or None
    _check_url(ask.bot, url)
    query.answer = model.Answer(text, ask.params.flag("show_alert"), url)
    chat = query.message.chat
    ask.world.changed(model.Change("answer", chat.id, query.message.id, query.user.id))
    return True


def _check_url(bot: model.Bot, url: str | None) -> None:
    """Accept t.me/<this bot>?start=… alone; games are not simulated."""
    if url is None:
        return
    found = links.start_of(url)
    if found is None or found[0].lower() != (bot.username or "").lower() or found[1] != "start":
        raise refusals.bad("URL_INVALID")

"""What Telegram itself shows of the bot: its menu of commands, its description. Set at every start; failing is benign."""

import asyncio
from dataclasses import dataclass

import structlog
import telegram
from telegram import error

from bot.roster import commands
from bot.telegram.gateway import Gateway
from bot.texts import Words

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Me:
    """Who we are to Telegram."""

    bot_id: int
    username: str


async def introduced(gateway: Gateway) -> Me:
    """Who we are; waits for Telegram as long as it takes.

    Raises:
        Refused: Telegram does not know the token.
    """
    pause_s = 1.0
    while (found := await introduced_once(gateway)) is None:
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, 30.0)
    return found


async def introduced_once(gateway: Gateway) -> Me | None:
    """Who we are; None when Telegram cannot be reached.

    Raises:
        Refused: Telegram does not know the token.
    """
    try:
        return Me(*await gateway.me())
    except error.NetworkError as fault:
        log.warning("telegram_away", error=type(fault).__name__)
        return None


async def set_up(gateway: Gateway, words: Words) -> None:
    """The menus of groups and of strangers, and the words these read before /start; whoever is enrolled has their own."""
    try:
        await gateway.bot.set_my_commands(
            _commands(words, commands.STRANGER), scope=telegram.BotCommandScopeAllPrivateChats()
        )
        await gateway.bot.set_my_commands(
            _commands(words, commands.GROUP), scope=telegram.BotCommandScopeAllGroupChats()
        )
        await gateway.bot.set_my_description(words.plain("menu.description"))
        await gateway.bot.set_my_short_description(words.plain("menu.short"))
    except error.TelegramError as fault:
        log.warning("menus_not_set", error=type(fault).__name__)


def _commands(words: Words, names: tuple[str, ...]) -> list[telegram.BotCommand]:
    return [telegram.BotCommand(name, words.plain("menu.command", name=name)) for name in names]

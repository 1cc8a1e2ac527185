"""Every word the bot says: Jinja2 macros in a folder per language, Chinese first."""

from bot.texts.words import Words

__all__ = ["Words"]

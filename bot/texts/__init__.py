"""Every word the bot says: Jinja2 macros in a folder per language, Chinese first."""

from bot.texts.words import TODAY, Words

__all__ = ["TODAY", "Words"]

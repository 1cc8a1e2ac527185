"""The whole product with a pretend city: no token, no network."""

from bot.settings import Settings


async def play(settings: Settings, *, once: bool) -> int:
    """Play one school day."""
    raise NotImplementedError

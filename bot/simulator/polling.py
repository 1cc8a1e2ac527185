"""How a bot gets its updates: getUpdates with one poller at a time, or a webhook."""

import asyncio
import re
from typing import Any

from bot.simulator import access, model, objects, refusals

Ask = access.Ask
LONGEST_POLL_S = 50  # Telegram caps the timeout there
_OTHER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


async def get_updates(ask: Ask) -> Any:
    """Return the updates from the offset on, waiting for the first if there are none.

    Raises:
        Refused: 409 when a webhook is set, or another poller or a webhook took over meanwhile.
    """
    bot, queue, world = ask.bot, ask.bot.queue, ask.world
    if bot.webhook is not None:
        raise refusals.conflict(_WEBHOOK)
    queue.allow(ask.params.get("allowed_updates"))
    if ask.params.number("offset"):
        queue.confirm(ask.params.number("offset"))
    bot.poller = mine = object()
    queue.pulse.beat()
    world.pulse.beat()
    limit = min(max(ask.params.number("limit", 100), 1), 100)
    try:
        async with asyncio.timeout(min(max(ask.params.number("timeout"), 0), LONGEST_POLL_S)):
            while not _due(world, bot) and not world.closing:
                await queue.pulse.next()
                _check_still_mine(bot, mine)
    except TimeoutError:
        pass
    finally:
        bot.poller = None if bot.poller is mine else bot.poller
    return [update.payload for update in queue.pending[:limit]]


def _due(world: model.World, bot: model.Bot) -> bool:
    bot.queue.expire(world.clock())
    return bool(bot.queue.pending)


def _check_still_mine(bot: model.Bot, mine: object) -> None:
    if bot.webhook is not None:
        raise refusals.conflict("terminated by setWebhook request")
    if bot.poller is not mine:
        raise refusals.conflict(_OTHER)


def set_webhook(ask: Ask) -> Any:
    url, secret = ask.params.text("url"), ask.params.text("secret_token")
    if not url:
        return delete_webhook(ask)
    if len(secret) > 256:
        raise refusals.bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise refusals.bad("secret token contains unallowed characters")
    if not re.match(r"https?://", url):
        raise refusals.bad("bad webhook: An HTTPS URL must be provided for webhook")
    ask.bot.queue.allow(ask.params.get("allowed_updates"))
    _forget_pending(ask)
    connections = ask.params.number("max_connections", 40)
    ask.bot.webhook = model.Webhook(url, secret or None, min(max(connections, 1), 100))
    ask.bot.queue.pulse.beat()
    return True


def delete_webhook(ask: Ask) -> Any:
    _forget_pending(ask)
    ask.bot.webhook = None
    ask.bot.queue.pulse.beat()
    return True


def _forget_pending(ask: Ask) -> None:
    if ask.params.flag("drop_pending_updates"):
        ask.bot.queue.pending.clear()


def get_webhook_info(ask: Ask) -> Any:
    queue, hook = ask.bot.queue, ask.bot.webhook
    queue.expire(ask.world.clock())
    info: model.Json = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(queue.pending),
        "allowed_updates": sorted(queue.allowed),
    }
    if hook is not None:
        info["max_connections"] = hook.max_connections
        if hook.error and hook.error_at:
            info |= {"last_error_message": hook.error, "last_error_date": objects.unix(hook.error_at)}
    return info

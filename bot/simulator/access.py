"""Whether a bot may look at, write to or edit in a chat; every refusal here is about who, not what."""

import dataclasses
import enum

from bot.simulator import model, params, refusals


class To(enum.Enum):
    """What the bot wants in the chat."""

    READ = "read"
    WRITE = "write"
    EDIT = "edit"
    DELETE = "delete"


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """One request of a bot."""

    world: model.World
    bot: model.Bot
    params: params.Params


_NOUN = {model.Kind.GROUP: "group", model.Kind.SUPERGROUP: "supergroup", model.Kind.CHANNEL: "channel"}


def chat(ask: Ask, to: To, *, name: str = "chat_id") -> model.Chat:
    """Return the chat a request names, if the bot may do this there.

    Raises:
        Refused: There is no such chat, or the bot has no business in it.
    """
    wanted = ask.params.get(name)
    if wanted in (None, ""):
        raise refusals.bad(f"{name} is empty")
    found = _find(ask, wanted)
    if found.user is not None:
        _check_private(found, to)
    else:
        _check_group(ask, found, to)
    return found


def _find(ask: Ask, wanted: object) -> model.Chat:
    world, bot = ask.world, ask.bot
    if isinstance(wanted, int) and wanted > 0:
        user = world.users.get(wanted) or next((b for b in world.bots.values() if b.id == wanted), None)
        if user is None or user is model.ANONYMOUS_ADMIN:
            raise refusals.bad("chat not found")
        return _person(world, bot, user)
    if isinstance(wanted, int) and wanted in world.groups:
        found = world.groups[wanted]
        if bot.id in found.members:
            return found
    for group in world.groups.values():
        if group.username and wanted == f"@{group.username}":
            return group
    raise refusals.bad("chat not found")


def _person(world: model.World, bot: model.Bot, user: model.User) -> model.Chat:
    if isinstance(user, model.Bot):
        raise refusals.forbidden("the bot can't send messages to the bot")
    opened = (bot.id, user.id) in world.private and world.private[bot.id, user.id].opened
    if not opened and user.id not in bot.known:
        raise refusals.bad("chat not found")
    return world.private_chat(bot, user)


def _check_private(found: model.Chat, to: To) -> None:
    if to is not To.WRITE or found.user is None:
        return
    if found.user.deactivated:
        raise refusals.forbidden("user is deactivated")
    if found.blocked:
        raise refusals.forbidden("bot was blocked by the user")
    if not found.opened:
        raise refusals.forbidden("bot can't initiate conversation with a user")


def _check_group(ask: Ask, found: model.Chat, to: To) -> None:
    noun = _NOUN[found.kind]
    if found.migrated_to is not None and to is To.WRITE:
        raise refusals.migrated(found.migrated_to.id)
    if found.migrated_to is not None and to is not To.READ:
        if not ask.world.edits_after_upgrade:
            raise refusals.bad(f"message to {to.value} not found")
        return
    if found.deleted:
        raise refusals.forbidden("the group chat was deleted")
    status = found.status(ask.bot)
    if status is model.Status.KICKED:
        raise refusals.forbidden(f"bot was kicked from the {noun} chat")
    if status is model.Status.LEFT and not (to is To.READ and found.username):
        raise refusals.forbidden(f"bot is not a member of the {noun} chat")


_THINGS = {"document": "documents", "photo": "photos", "voice": "voice notes"}


def check_may_send(bot: model.Bot, found: model.Chat, kind: str) -> None:
    """Refuse when the bot is muted there.

    Raises:
        Refused: 400, not 403: an administrator can mend it.
    """
    status = found.status(bot)
    if status is model.Status.RESTRICTED or (found.muted and not status.rules):
        raise refusals.bad(f"not enough rights to send {_THINGS.get(kind, 'text messages')} to the chat")


def thread(bot: model.Bot, found: model.Chat, thread_id: int) -> int | None:
    """Return the topic to post into, None for the general one.

    Raises:
        Refused: There is no such topic, or it is closed.
    """
    if not thread_id:
        return None
    topic = found.topics.get(thread_id) if found.is_forum else None
    if topic is None or topic.deleted:
        raise refusals.bad("message thread not found")
    if topic.closed and not found.status(bot).rules:
        raise refusals.bad("TOPIC_CLOSED")
    return thread_id


def require_admin(bot: model.Bot, found: model.Chat, what: str) -> None:
    """Refuse in a group where the bot is no administrator.

    Raises:
        Refused: 400 with the right that is missing.
    """
    if found.user is None and not found.status(bot).rules:
        raise refusals.bad(f"not enough rights to {what}")

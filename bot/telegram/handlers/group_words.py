"""Saying one fixed sentence in a group: always through the outbox."""

import datetime as dt

import telegram

from bot.db import Tx
from bot.delivery import chats, outbox
from bot.delivery.model import Lane
from bot.telegram.context import Context
from bot.telegram.handlers import enrolment


async def say(update: telegram.Update, context: Context, name: str) -> None:
    """The sentence `name` is owed to the group the update came from."""
    group = enrolment.group_seen(update)
    if group is None:
        return

    def verb(tx: Tx, now: dt.datetime) -> None:
        chat = chats.ensure(tx, now, group.telegram_id, kind="group", title=group.title)
        outbox.show(tx, now, chat.id, "say", name, lane=Lane.INTERACTIVE)

    await context.transact(verb)

"""Being pushed: Telegram is told where the door is and kept to it, and an outage is noticed by what it still holds."""

import asyncio
import datetime as dt

import structlog
import telegram
from telegram import error

from bot import errors, metrics
from bot.db import Database, Tx
from bot.inbox import leases
from bot.telegram import outcomes, polling

log = structlog.get_logger()

CONNECTIONS = 64  # as many chats as intake handles side by side; Telegram allows 100
LOOK_EVERY_S = 10
DRAINING_LOOK_EVERY_S = 2
LOOK_FOR_S = 4  # stopping must not wait for a Telegram that is silent
# Telegram tries a chat again after at most two minutes: what it still holds after this has come since
TRIED_WITHIN = dt.timedelta(minutes=5)


class Hook:
    """The webhook of this city; any number of processes may stand behind its one address.

    An update says nothing of its age. While nobody could be reached, Telegram gathers them: from the first one
    pushed after an outage until it holds none any more, each may be as old as the last time all was well.

    Args:
        owner: a name no other process, and no former life of this one, has.
    """

    def __init__(
        self,
        db: Database,
        bot: telegram.Bot,
        *,
        url: str,
        secret: str,
        owner: str,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._db = db
        self._bot = bot
        self._url = url
        self._secret = secret
        self._owner = owner
        self._look_every_s = look_every_s
        self._stop = asyncio.Event()
        self._well_at: polling.Instant = None  # Telegram held nothing that it could not get rid of
        self._old_from: polling.Instant = None  # during and after an outage: `_well_at` as it was before
        self._draining_since: polling.Instant = None
        self._is_away = False
        self.is_set = False

    def stop(self) -> None:
        """Look no more; Telegram keeps what it cannot push."""
        self._stop.set()

    async def recall(self) -> None:
        """Know since when updates may have been gathering, before the first is taken.

        Raises:
            DatabaseAway: nobody can say.
        """
        self._well_at = await self._db.read(leases.last_beat, polling.LEASE)

    def pressed_before(self) -> polling.Instant:
        """The instant from which on an update that comes now may have been made; None: just now."""
        now = self._db.now()
        if self._old_from is None and self._well_at is not None and now - self._well_at > polling.OUTAGE:
            log.warning("after_outage", for_s=round((now - self._well_at).total_seconds()))
            self._old_from, self._draining_since = self._well_at, now
        return self._old_from

    async def run(self) -> None:
        """Set the webhook, and again whenever somebody has taken it away, until stopped.

        Raises:
            Refused: Telegram does not know the token.
        """
        while await polling.patiently(self._set, self._stop):
            self.is_set = True
            while self.is_set and not self._stop.is_set():
                await self._look()
                pause_s = self._look_every_s if self._old_from is None else DRAINING_LOOK_EVERY_S
                await polling.sleep_unless(self._stop, min(pause_s, self._look_every_s))

    async def _set(self) -> None:
        await self._bot.set_webhook(
            self._url,
            secret_token=self._secret,
            max_connections=CONNECTIONS,
            allowed_updates=polling.ALLOWED_UPDATES,
            drop_pending_updates=False,
        )
        log.info("webhook_set")

    async def _look(self) -> None:
        """Ask what Telegram holds; all is well, and known to be, if that is not what it failed to push."""
        asked_at, is_old = self._db.now(), self.pressed_before() is not None
        try:
            info = await self._bot.get_webhook_info(read_timeout=LOOK_FOR_S)
        except error.TelegramError as fault:
            outcomes.of(fault, outcomes.Call.EDIT, is_private=True)
            self._note(is_away=True, why=type(fault).__name__)
            return
        self._note(is_away=False)
        metrics.WEBHOOK_PENDING.set(info.pending_update_count)
        if info.url != self._url:
            log.warning("webhook_lost")  # another program, or a process without WEBHOOK_URL, has our token
            self.is_set = False
        elif self._is_drained(info, asked_at, is_old=is_old):
            await self._note_well(asked_at)

    def _is_drained(self, info: telegram.WebhookInfo, now: dt.datetime, *, is_old: bool) -> bool:
        if not info.pending_update_count:
            return True
        failed_at = info.last_error_date
        if failed_at is not None and now - failed_at < TRIED_WITHIN:
            return False
        return not is_old or (self._draining_since is not None and now - self._draining_since > TRIED_WITHIN)

    async def _note_well(self, at: dt.datetime) -> None:
        try:
            await self._db.transact(_note_well, self._owner, at)
        except errors.DatabaseAway:
            return  # whoever takes updates will notice too
        if self._old_from is not None:
            log.info("outage_over")
        self._well_at, self._old_from, self._draining_since = at, None, None

    def _note(self, *, is_away: bool, why: str = "") -> None:
        if is_away and not self._is_away:
            log.warning("telegram_away", fault=why)
        elif self._is_away and not is_away:
            log.info("telegram_back")
        self._is_away = is_away


def _note_well(tx: Tx, now: dt.datetime, owner: str, at: dt.datetime) -> None:
    """Where polling notes it too: whichever way updates came, the last time they did is one instant."""
    leases.take(tx, now, polling.LEASE, owner, for_=dt.timedelta(0), by_force=True)
    leases.beat(tx, now, polling.LEASE, owner, at=at)

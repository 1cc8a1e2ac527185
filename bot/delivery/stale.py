"""What came too late to be shown: the words a renderer drops it with, so that `hands` can tell what matters."""

import datetime as dt

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import model
from bot.delivery.outbox import Delivery, Drop

TOO_LATE = Drop("too late")  # no harm in it: nobody waits for it, or another message says the same
UNTOLD = Drop("too late, untold")  # somebody was to know this and does not: it stands among what needs hands

_d = model.delivery


def waited(tx: Tx, now: dt.datetime, delivery: Delivery) -> dt.timedelta:
    """For how long this has been owed."""
    at: dt.datetime = tx.execute(sa.select(_d.c.enqueued_at).where(_d.c.id == delivery.id)).scalar_one()
    return now - at

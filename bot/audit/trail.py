"""Adding to the audit trail."""

import datetime as dt

from bot.audit import model
from bot.db import Tx


def note(tx: Tx, now: dt.datetime, *, actor: str, verb: str, subject: str, detail: str = "") -> None:
    """One line more: who (`contact:7`, `cli`, `timer`) did what to which subject; codes and numbers only."""
    tx.execute(
        model.record.insert().values(
            at=now, actor=actor, verb=verb, subject=subject[:120], detail=detail[:200]
        )
    )

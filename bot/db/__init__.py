"""Transactions: the one place where anything is committed. Tables live with the features that own them."""

from bot.db.database import Database, Tx, news

__all__ = ["Database", "Tx", "news"]

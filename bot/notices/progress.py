"""How far a directive has come, item by item; the items beside the units that have answered them."""

from dataclasses import dataclass

from bot.db import Tx
from bot.notices import queries
from bot.notices.queries import Item, Table


@dataclass(frozen=True, slots=True)
class Progress:
    """One item of a table: `done` of `expected` units have answered it, in trouble or not."""

    item: Item
    done: int
    expected: int


def of(tx: Tx, table: Table) -> list[Progress]:
    """The items in force at the table's instant, each counted within 应报 of the table."""
    asked = [status for status in table.statuses if not status.excused]
    items = queries.standing(tx, table.notice.id, at=table.at)
    return [Progress(it, sum(it.key in s.done for s in asked), len(asked)) for it in items]

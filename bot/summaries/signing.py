"""Who has done something to a notice, as officers read it. The trail keeps numbers; the names are those of now."""

from bot.db import Tx
from bot.roster import people
from bot.texts import Words


def signed(tx: Tx, words: Words, actor: str, *, title: str = "") -> str:
    """How an officer signs; of a plan its title, which is the notice's; '' for nobody.

    Args:
        title: of the notice; '' where it stands beside already.
    """
    kind, _, number = actor.partition(":")
    if kind == "contact" and number.isdigit():
        return people.get(tx, int(number)).said_by()
    if kind == "plan":
        return words.plain("handling.by_plan", title=title)
    return words.plain("handling.by_server") if kind == "cli" else actor

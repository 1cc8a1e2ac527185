"""The chat page: phones in a browser before the pretend Telegram; any host may put a panel of its own beside them."""

from bot.simulator.page.page import Page
from bot.simulator.page.panel import Action, Both, Everyone, Group, Handset, Host, Line, Panel, Person, Step

__all__ = [
    "Action",
    "Both",
    "Everyone",
    "Group",
    "Handset",
    "Host",
    "Line",
    "Page",
    "Panel",
    "Person",
    "Step",
]

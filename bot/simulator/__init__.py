"""A pretend Telegram: speaks the Bot API over HTTP, refuses what Telegram refuses, knows no other room."""

from bot.simulator.faults import Fault
from bot.simulator.journal import Call
from bot.simulator.model import Answer, Bot, Button, Change, Chat, Message, Query, Topic, User
from bot.simulator.people import Press
from bot.simulator.refusals import Impossible
from bot.simulator.simulator import Simulator

__all__ = [
    "Answer",
    "Bot",
    "Button",
    "Call",
    "Change",
    "Chat",
    "Fault",
    "Impossible",
    "Message",
    "Press",
    "Query",
    "Simulator",
    "Topic",
    "User",
]

"""Who is offered which commands: what help tells and what Telegram's menu shows, read off the table of rights. Pure."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

from bot.roster import access
from bot.roster.access import Action, Reach, Role


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can ask for in private.

    Attributes:
        name: the command, without the stroke; '' for what is only typed as a word.
        word: the plain word that does the same.
        right: what it needs, somewhere; None: everybody who is enrolled may.
    """

    name: str
    word: str
    right: Action | None


COMMANDS = (  # in the order of menus and of help: what is used most first
    Command("todo", "待办", Action.ANSWER),
    Command("report", "报告", Action.ANSWER),
    Command("summary", "汇总", Action.SEE_TABLE),
    Command("missing", "未报", Action.SEE_NAMES),
    Command("chase", "提醒", Action.CHASE),
    Command("send", "发通知", Action.SEND),
    Command("units", "单位", Action.SEE_NAMES),
    Command("invite", "登记码", Action.INVITE),
    Command("", "今天", Action.RUN_PLANS),
    Command("", "要处理", Action.RUN_PLANS),
    Command("plans", "计划", Action.SEE_PLANS),
    Command("calendar", "校历", Action.SEE_PLANS),
    Command("export", "导出", Action.SEE_TABLE),
    Command("burden", "负担", Action.SEE_BURDEN),
    Command("handover", "交接", Action.HAND_OVER),
    Command("me", "我", None),
    Command("cancel", "取消", None),
    Command("help", "帮助", None),
)
STRANGER = ("start", "help")  # what is shown to whoever is not enrolled
GROUP = ("start",)


def of(roles: Collection[Role]) -> tuple[Command, ...]:
    """What the holder of these posts can ask for; nothing for one who holds none."""
    if not roles:
        return ()
    return tuple(it for it in COMMANDS if it.right is None or _has(roles, it.right))


def menu(roles: Collection[Role]) -> tuple[str, ...]:
    """The names in the holder's menu; () where the menu is that of a stranger."""
    return tuple(it.name for it in of(roles) if it.name)


def key(names: tuple[str, ...]) -> str:
    """A short name for a menu; another one if a later version shows more, or in another order."""
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:12]


def _has(roles: Collection[Role], right: Action) -> bool:
    return any(access.reach(role, right) is not Reach.NO for role in roles)

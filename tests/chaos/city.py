"""A city of three kinds of schools: asked in a group of their own, in their county's, and in private."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot import simulator
from bot.db import Tx
from bot.delivery import chats, pacing
from bot.notices import model as notices
from bot.notices import publish
from bot.notices.rules import Kind
from bot.roster import audience, bindings
from bot.roster import model as roster

TOKEN = "7000003:" + "chaos" * 7
COUNTY_SCHOOLS = 5  # to a county that has a group
DUE_IN = dt.timedelta(days=5)


@dataclass(frozen=True, slots=True)
class School:
    """A school: who answers for it, and the chat it is asked in."""

    code: str
    principal: simulator.User
    chat: simulator.Chat
    is_shared: bool


def settle(sim: simulator.Simulator, count: int) -> list[School]:
    """So many schools, a third of each kind, whose people and groups know the bot already."""
    schools: list[School] = []
    shared: list[simulator.Chat] = []
    for number in range(count):
        user = sim.add_user(f"王{number}")
        chat = sim.chat(user)
        chat.opened = True
        match number % 3:
            case 0:
                chat = sim.add_group(f"校{number}群", [user])
                sim.add_bot_to(chat, by=user)
            case 1:
                if number // 3 % COUNTY_SCHOOLS == 0:
                    shared.append(sim.add_group(f"县{len(shared)}群", [user]))
                    sim.add_bot_to(shared[-1], by=user)
                else:
                    sim.join(shared[-1], user)
                chat = shared[-1]
        schools.append(School(f"S{number}", user, chat, is_shared=number % 3 == 1))
    sim.bot.queue.pending.clear()
    return schools


def found(tx: Tx, now: dt.datetime, schools: list[School]) -> None:
    """The same in the roster, as if everybody had enrolled and every group were bound; sending is allowed."""

    def add(table, **values):
        return tx.execute(table.insert().values(values).returning(table.c[0])).scalar_one()

    def county(code):
        made = add(
            roster.unit,
            code=code,
            name=f"{code}县",
            kind="county",
            parent_id=city,
            position=1,
            created_at=now,
        )
        tx.execute(roster.unit.update().where(roster.unit.c.id == made).values(county_id=made))
        return made

    city = add(roster.unit, code="C", name="市", kind="city", position=0, created_at=now, armed_at=now)
    without_group, counties = county("K"), {}
    for position, school in enumerate(schools):
        if school.is_shared and school.chat.id not in counties:
            counties[school.chat.id] = above = county(f"K{len(counties)}")
            _bind(tx, now, school.chat, above)
        above = counties[school.chat.id] if school.is_shared else without_group
        unit = add(roster.unit, code=school.code, name=f"{school.code}学校", kind="school", parent_id=above,
                   county_id=above, position=100 + position, created_at=now)  # fmt: skip
        user = school.principal
        contact = add(roster.contact, name=user.name, phone=f"138{position:08d}", created_at=now)
        add(roster.post, contact_id=contact, unit_id=unit, role="principal", source="file", since=now)
        add(roster.enrolment, contact_id=contact, user_id=user.id, via="phone", since=now)
        chats.ensure(tx, now, user.id, kind="private")
        if school.chat.id < 0 and not school.is_shared:
            _bind(tx, now, school.chat, unit)
    pacing.ensure(tx, now, int(TOKEN.partition(":")[0]), rate=28)


def _bind(tx: Tx, now: dt.datetime, group: simulator.Chat, unit: int) -> None:
    chat = chats.ensure(tx, now, group.id, kind="group", title=group.title)
    bindings.bind(tx, now, chat_id=chat.id, unit_id=unit, by=None)


def title(number: int) -> str:
    """What the notice published as this one is called."""
    return f"第{number}号检查"


def ask(tx: Tx, now: dt.datetime, number: int) -> int:
    """The notice so called is out to all schools, now or since it was asked for before; its id."""
    known = sa.select(notices.notice.c.id).where(notices.notice.c.content_id == f"N{number}")
    if (found := tx.execute(known).scalar()) is not None:
        return found
    draft = publish.Draft(
        content_id=f"N{number}", title=title(number), kind=Kind.CONFIRM, audience=audience.parse("schools"),
        text=f"{title(number)}做完了吗?", due_at=now + DUE_IN, yes_words="已做完", trouble_words="有困难",
        chase="none", escalate="none",
    )  # fmt: skip
    return publish.publish(tx, now, draft, by="chaos").notice_id

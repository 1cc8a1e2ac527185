"""Who is offered which commands, and when a chat is owed another menu."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from bot.db import Database, Tx
from bot.delivery import chats, model, outbox
from bot.delivery.message import OutgoingMessage
from bot.delivery.outbox import Delivery, Drop
from bot.roster import access, commands, enrolment, menus, people
from bot.roster import model as roster
from bot.roster.access import Role
from bot.texts import Words
from tests.notices import world

NOON = dt.datetime(2026, 9, 30, 4, 0, tzinfo=dt.UTC)
HEAD, STRANGER = 101, 102


# ── who is offered what ──────────────────────────────────────────────────────────────────────────

OFFERED = """
principal      todo report handover me cancel help
deputy         todo report handover me cancel help
safety_officer todo report handover me cancel help
duty           todo report me cancel help
county_officer todo report summary missing chase send units invite plans calendar export handover me cancel help
city_officer   todo report summary missing chase send units invite plans calendar export handover me cancel help
leader         summary missing units plans calendar export me cancel help
inspector      summary missing units plans calendar export me cancel help
admin          summary missing units invite plans calendar export burden me cancel help
"""


@pytest.mark.parametrize("line", OFFERED.strip().splitlines(), ids=lambda line: line.split()[0])
def test_each_role_is_offered_what_it_may_use_and_nothing_else(line: str) -> None:
    role, *names = line.split()
    assert commands.menu({Role(role)}) == tuple(names)


def test_every_offer_rests_on_a_right_of_the_table() -> None:
    for role in Role:
        for it in commands.COMMANDS:
            if it.right is not None:
                has = access.reach(role, it.right) is not access.Reach.NO
                assert (it in commands.of({role})) == has, (role, it)


def test_several_posts_offer_together_and_none_offers_nothing() -> None:
    both = commands.menu({Role.PRINCIPAL, Role.LEADER})
    assert set(both) == set(commands.menu({Role.PRINCIPAL})) | set(commands.menu({Role.LEADER}))
    assert commands.menu(set()) == ()


# ── when a chat is owed its menu ─────────────────────────────────────────────────────────────────


@dataclass
class City:
    """A city of which two people have spoken to the bot."""

    db: Database
    ids: dict[str, int] = field(default_factory=dict)

    async def owed(self) -> dict[int, tuple[str, ...]]:
        """User → the menu on its way to them; as if it arrived now."""

        def deliver(tx: Tx, now: dt.datetime) -> dict[int, tuple[str, ...]]:
            d, found = model.delivery, {}
            for row in tx.execute(
                sa.select(d).where(d.c.kind == menus.KIND, d.c.state == "queued").order_by(d.c.id)
            ):
                chat = chats.get(tx, row.chat_id)
                said = menus.Menus(Words(dt.UTC)).menu(
                    tx, now, Delivery(row.id, chat, menus.KIND, row.subject, False)
                )
                outbox.finish(
                    tx, now, row.id, model.State.DROPPED if isinstance(said, Drop) else model.State.SENT
                )
                if isinstance(said, OutgoingMessage):
                    found[chat.telegram_id] = tuple(name for name, _ in said.menu or ())
                    values = {
                        "chat_id": chat.id,
                        "kind": menus.KIND,
                        "subject": row.subject,
                        "address": chat.telegram_id,
                    }
                    p = model.posting
                    tx.execute(p.delete().where(p.c.chat_id == chat.id, p.c.subject == row.subject))
                    tx.execute(p.insert().values(values | {"message_id": 0, "sent_at": now, "shown_at": now}))
            return found

        return await self.db.transact(deliver)


@pytest.fixture
async def city(database_url):
    now = [NOON]

    def clock() -> dt.datetime:
        now[0] += dt.timedelta(seconds=1)
        return now[0]

    city = City(await Database.open(database_url, clock=clock))
    city.ids = await city.db.transact(world.found)
    for user in (HEAD, STRANGER):
        await city.db.transact(chats.ensure, user, kind="private")
    yield city
    await city.db.close()


SCHOOLS = commands.menu({Role.PRINCIPAL})


async def test_whoever_enrols_gets_the_menu_of_their_posts_and_loses_it_with_them(city):
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    assert await city.owed() == {HEAD: SCHOOLS}

    await city.db.transact(enrolment.leave, user_id=HEAD)
    assert await city.owed() == {HEAD: ()}


async def test_a_post_handed_over_takes_the_menu_with_it(city):
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    await city.owed()
    head = await city.db.read(people.by_user, HEAD)
    given = await city.db.transact(enrolment.hand_over, person=head, unit_id=head.posts[0].unit_id)
    assert await city.owed() == {}

    await city.db.transact(enrolment.redeem, user_id=STRANGER, code=given.code, name="新来的")
    assert await city.owed() == {HEAD: (), STRANGER: SCHOOLS}


async def test_a_person_who_changes_the_account_leaves_the_old_one_without(city):
    for user in (HEAD, STRANGER):
        await city.db.transact(enrolment.by_phone, user_id=user, phone=world.phone("zhao"))
    assert await city.owed() == {HEAD: (), STRANGER: SCHOOLS}


async def test_an_import_or_a_new_version_is_followed_once(city):
    def officer(tx: Tx, now: dt.datetime) -> None:
        person = people.by_user(tx, HEAD)
        values = {"contact_id": person.contact_id, "unit_id": city.ids["DH"], "role": "county_officer"}
        tx.execute(roster.post.insert().values(values | {"source": "file", "since": now}))

    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    await city.owed()
    assert await city.db.transact(menus.settle_all) == 0
    await city.db.transact(officer)
    assert await city.db.transact(menus.settle_all) == 1
    assert await city.owed() == {HEAD: commands.menu({Role.PRINCIPAL, Role.COUNTY_OFFICER})}
    assert await city.db.transact(menus.settle_all) == 0


async def test_who_had_blocked_the_bot_sees_the_right_menu_on_coming_back(city):
    def chat_is(tx: Tx, now: dt.datetime, state: model.ChatState) -> None:
        chat = chats.find(tx, HEAD)
        assert chat is not None
        chats.set_state(tx, now, chat.id, state)

    await city.db.transact(chat_is, model.ChatState.BLOCKED)
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    assert await city.owed() == {}
    await city.db.transact(chat_is, model.ChatState.OK)
    await city.db.transact(menus.settle, HEAD)
    assert await city.owed() == {HEAD: SCHOOLS}
    await city.db.transact(menus.settle, HEAD)
    assert await city.owed() == {}


async def test_a_whole_citys_menus_leave_room_for_what_is_urgent(city, monkeypatch):
    monkeypatch.setattr(menus, "TOGETHER", 1)
    for user, who in ((HEAD, "zhao"), (STRANGER, "sun")):
        await city.db.transact(enrolment.by_phone, user_id=user, phone=world.phone(who))
    d = model.delivery
    await city.db.transact(lambda tx, _: tx.execute(d.delete()))
    assert await city.db.transact(menus.settle_all) == 2
    first, second = await city.db.read(
        lambda tx: tx.execute(sa.select(d.c.not_before).order_by(d.c.id)).scalars().all()
    )
    assert second - first == menus.APART
    assert await city.db.transact(menus.settle_all) == 2  # asked for again: nothing is doubled
    assert await city.db.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(d)).scalar()) == 2


async def test_there_and_back_before_it_is_sent_ends_with_the_menu_that_is_right(city):
    """The first is dropped when its turn comes: it is not theirs any more."""
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    await city.db.transact(enrolment.leave, user_id=HEAD)
    assert await city.owed() == {HEAD: ()}
    shown = await city.db.read(lambda tx: tx.execute(sa.select(model.posting.c.subject)).scalars().all())
    assert shown == [commands.key(())]
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    await city.db.transact(enrolment.leave, user_id=HEAD)
    await city.db.transact(enrolment.by_phone, user_id=HEAD, phone=world.phone("zhao"))
    assert await city.owed() == {HEAD: SCHOOLS}

"""The pretend city: a roster, people with telephones, groups, a clock; what anybody in it can do."""

import datetime as dt
import pathlib
from collections.abc import Callable
from dataclasses import dataclass, field

from bot import app, simulator
from bot.calendar.trigger import Occurrence
from bot.db import Tx
from bot.demo.stage import Cast, StageClock
from bot.notices import publish
from bot.plans import content
from bot.roster import arming, contacts, import_files, inviting, units
from bot.roster.access import Role
from bot.roster.units import Unit
from bot.settings import Settings
from bot.texts import Words

OWN_GROUPS = 2  # schools in each county with a group of their own
NOT_ENROLLED = 4  # schools nobody of which has come in yet
WITHIN_S = 20.0  # the longest any step may take

SIGN_OF_LIFE = {"sign_of_life": {"of": "the stage"}}  # an update of no kind, which concerns nobody

Say = Callable[[str], None]
Told = Callable[[str, str, str], None]  # the time, Chinese, English


@dataclass(slots=True)
class City:
    """The stage with its cast, before and during any play."""

    sim: simulator.Simulator
    bot: app.App
    clock: StageClock
    settings: Settings
    told: Told
    cast: Cast = field(default_factory=Cast)
    schools: list[Unit] = field(default_factory=list)
    units: dict[int, Unit] = field(default_factory=dict)

    def tell(self, chinese: str, english: str) -> None:
        """One line of the story."""
        self.told(self.clock.time, chinese, english)

    async def move(self, then: dt.datetime) -> None:
        """It is at least this instant now. Nothing was on its way: to the sender a jump is a line that broke."""
        await self.calm()
        self.clock.reach(then)

    async def scene(self, time: str) -> None:
        """It is this time of the day: the bot has looked at its updates since, for a jump is no outage, and at its timers."""
        await self.move(self.clock.at(time))
        for _ in range(2):  # what comes with the first look after a jump may be as old as the jump
            polls = self.sim.journal.counts["getUpdates"]
            self.sim.push_raw_update(self.sim.bot, SIGN_OF_LIFE)
            await self.until(lambda polls=polls: self.sim.journal.counts["getUpdates"] > polls)  # type: ignore[misc]
        await self.bot.tick()

    # ── before the curtain ───────────────────────────────────────────────────────────────────────

    async def prepare(self, roster: pathlib.Path) -> None:
        """The roster is in, sending is allowed, people enrol by their own number, groups are bound."""
        db = self.bot.db
        outcome = await import_files.run_import(db, roster / "units.csv", roster / "contacts.csv")
        everyone = await db.read(units.every)
        self.units = {u.id: u for u in everyone}
        self.schools = [u for u in everyone if u.kind == "school"]
        self.tell(f"导入名册:{len(everyone)} 个单位", f"roster imported: {len(everyone)} units")
        if outcome.has_faults:
            raise RuntimeError("\n".join(outcome.lines))
        await db.transact(arming.arm, counties=[], everything=True, schools=len(self.schools))
        await self._enrol(await db.read(contacts.of))
        await self._bind(everyone)
        enrolled, groups = len(self.cast.users), len(self.cast.groups)
        self.tell(
            f"{enrolled} 人发手机号登记,{groups} 个群绑定",
            f"{enrolled} people enrolled by phone, {groups} groups bound",
        )

    async def _enrol(self, known: dict[int, list[contacts.Contact]]) -> None:
        absent = {u.id for u in self.schools[-NOT_ENROLLED:]}
        roles = (Role.PRINCIPAL, Role.DEPUTY, Role.COUNTY_OFFICER, Role.CITY_OFFICER, Role.LEADER)
        for unit_id, some in known.items():
            for contact in some if unit_id not in absent else ():
                if contact.role not in roles or contact.phone is None:
                    continue
                if contact.contact_id not in self.cast.users:
                    user = self.sim.add_user(contact.name, phone=f"+86{contact.phone}")
                    self.cast.users[contact.contact_id] = user
                self.cast.by_unit[unit_id].append((contact.role, self.cast.users[contact.contact_id]))
        users = list(self.cast.users.values())
        for user in users:
            self.sim.open(user)
        await self.until(lambda: all(self.sim.keyboard(user) for user in users))
        for user in users:
            self.sim.share_contact(user)
        await self.until(lambda: all(self.sim.has(user, "您登记在") for user in users))

    async def _bind(self, everyone: list[Unit]) -> None:
        """Each county's group, the city's, and some schools' own."""
        holders = [u for u in everyone if u.kind in ("county", "city")]
        for county in [u for u in everyone if u.kind == "county"]:
            mine = [u for u in self.schools if u.county_id == county.id and self.cast.is_in(u.id)]
            holders += mine[:OWN_GROUPS]
        issued = await self.bot.db.transact(inviting.issue)
        codes = {one.unit.id: one.code for one in issued if one.kind == "group"}
        for unit in holders:
            below = (
                [u for u in self.schools if unit.id in (u.id, u.parent_id)]
                if unit.kind != "school"
                else [unit]
            )
            members = {user.id: user for u in below for _, user in self.cast.by_unit.get(u.id, ())}
            owner = self.cast.of(unit.id)
            group = self.sim.add_group(
                f"{unit.name}群", members=[owner, *(m for m in members.values() if m is not owner)]
            )
            self.sim.start_group(owner, group, codes[unit.id])
            self.cast.groups[unit.id] = group
        await self.until(lambda: all(self.sim.has(g, "已登记为") for g in self.cast.groups.values()))

    # ── what anybody does ────────────────────────────────────────────────────────────────────────

    async def send_out(self, entry: content.Entry) -> publish.Published:
        words = Words(self.settings.zone)
        occurrence = Occurrence(self.bot.db.now(), occasion="国庆")

        def verb(tx: Tx, now: dt.datetime) -> publish.Published:
            return publish.publish(tx, now, entry.draft(now, words, occurrence=occurrence), by="demo")

        done = await self.bot.db.transact(verb)
        await self.calm()
        return done

    def card(self, unit: Unit) -> simulator.Message:
        """Where this unit is asked: its own group, its parent's, or its principal's private chat."""
        group = self.cast.groups.get(unit.id) or self.cast.groups.get(unit.parent_id or 0)
        where = group if group is not None else self.cast.of(unit.id)
        return next(
            m for m in reversed(self.sim.messages(where)) if m.from_bot and m.buttons and "上完" in m.text
        )

    def schools_of(self, user: simulator.User) -> list[Unit]:
        """The schools a person answers for."""
        return [u for u in self.schools if any(who is user for _, who in self.cast.by_unit.get(u.id, ()))]

    async def answer_all(self, user: simulator.User, unit: Unit) -> None:
        """A principal of several schools: the group's card sends him to a private list."""
        card = self.card(unit)
        if card.chat_id != user.id:
            await self.press(user, card, "已上完")
            await self.until(lambda: self.sim.has(user, "您负责"))
            card = self.sim.find(user, "您负责")
        await self.press(user, card, "全部")

    async def press(self, user: simulator.User, message: simulator.Message, button: str) -> str:
        press = self.sim.press(user, message, button)
        return (await press.answered(WITHIN_S)).text or ""

    async def tell_trouble(self, user: simulator.User, theme: str, need: str, sentence: str) -> None:
        """Who pressed ⚠️ is asked two questions in private, and says a sentence."""
        for question, choice in (("哪方面", theme), ("做什么", need)):
            await self.until(lambda question=question: self.sim.find(user, question).buttons)  # type: ignore[misc]
            await self.press(user, self.sim.find(user, question), choice)
        await self.until(lambda: self.sim.has(user, "写一句"))
        self.sim.send(user, user, sentence)

    def clerk(self) -> simulator.User:
        return next(
            user for some in self.cast.by_unit.values() for role, user in some if role is Role.CITY_OFFICER
        )

    async def until(self, condition: Callable[[], object]) -> None:
        await self.sim.until(condition, timeout=WITHIN_S)

    async def calm(self) -> None:
        """Everything that is due has been delivered."""
        await self.bot.sender.until_idle(within=dt.timedelta(seconds=WITHIN_S))

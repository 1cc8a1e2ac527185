"""The open stage: a browser with three phones, pretend principals, plans to send at once, a clock to move on."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Iterator

from bot import errors, simulator
from bot.demo import principals
from bot.demo.city import City, Say
from bot.demo.principals import Did, Manner, Principals
from bot.notices import queries
from bot.notices.queries import Notice
from bot.plans import switching
from bot.plans.content import Entry
from bot.roster import contacts, people
from bot.roster.access import Role
from bot.roster.units import Unit
from bot.simulator import page
from bot.simulator.page import Action, Both, Group, Handset, Line, Panel, Person, Step

TITLE = Both("校安 · 演示", "Xiaoan · demo")
OPENS, CURTAIN = "14:59:00", "14:59:57"  # the question is asked at 15:00, by itself
WAITS_FOR_VIEWER_S = 25.0
BY_THEMSELVES = ("R03a", "R03b")
STOPS = {"16:00": "16:00", "16:30": "16:30", "17:00": "17:00:12", "17:30": "17:30:05"}
HAPPENS = {
    "16:00": Both("没回复的,私聊提醒", "the silent are reminded"),
    "16:30": Both("没报的名单到县局", "each county gets its list"),
    "17:00": Both("截止,表到市局", "due; the city gets its table"),
    "17:30": Both("补报了多少", "what came late"),
}
KINDS = {
    "reminder": Both("不用回", "no answer"), "confirm": Both("点一下", "one tap"),
    "directive": Both("逐项反馈", "item by item"),
}  # fmt: skip
REPORT = Both("报一句", "one line")
KEPT_LINES = 40
TOLD_AT = (1, 10, 25, 40)  # how many answers make a line of the story
ASK = "summary"


class Live:
    """What stands beside the phones, and what its buttons do. The city arrives when it is ready.

    Args:
        sim: the pretend Telegram, before any city uses it.
        zone: of the city.
        say: prints a line.
    """

    def __init__(self, sim: simulator.Simulator, zone: dt.tzinfo, say: Say) -> None:
        self.page = page.Page(sim, self, zone=zone)
        self._say = say
        self._city: City | None = None
        self._players: Principals | None = None
        self._story: list[Line] = []
        self._done: set[int] = set()
        self._busy = ""
        self._notice: Notice | None = None
        self._handsets: tuple[Handset, ...] = ()
        self._people: tuple[Person, ...] = ()
        self._acted: set[int] = set()
        self._watched: frozenset[int] = frozenset()

    # ── the play ─────────────────────────────────────────────────────────────────────────────────

    def tell(self, time: str, chinese: str, english: str) -> None:
        """One line of the story, on the terminal and on the page."""
        self._say(f"{time}  {chinese} · {english}")
        self._story = [*self._story, Line(time, Both(chinese, english))][-KEPT_LINES:]
        self.page.refresh()

    def _tell(self, chinese: str, english: str) -> None:
        if self._city is not None:
            self._city.tell(chinese, english)

    async def play(self, city: City) -> None:
        """Everything after the city is prepared: the people come alive, 15:00 comes, visitors do what they like."""
        self._players = Principals(city, told=self._answered, asked=self._asked)
        for plan_id in BY_THEMSELVES:
            await city.bot.db.transact(switching.switch, plan_id, on=True, book=city.bot.book, by="demo")
        await city.scene(OPENS)
        await self._cast(city)
        self._city = city
        self._spare()
        self.page.refresh()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._players.run())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAITS_FOR_VIEWER_S):
                    await self.page.seen()
            await city.scene(CURTAIN)

    def _answered(self, did: Did) -> None:
        name, unit = did.act.user.name, did.act.unit
        match did.act.manner:
            case Manner.TROUBLED:
                theme = principals.STORIES[did.act.story][0]
                self._tell(f"{unit.name} ⚠️ {theme},上级马上收到", f"{unit.code} reports trouble at once")
            case Manner.LATE:
                self._tell(f"{unit.name} 补报", f"{unit.code} answers late; the 17:00 table stays")
            case _ if did.count in TOLD_AT:
                self._tell(
                    f"{unit.name} {name}点了 ✅(第 {did.count} 位)",
                    f"principal {did.count} taps ✅, at {unit.code}",
                )

    def _asked(self, notice: Notice) -> None:
        self._notice = notice
        self._tell(
            f"“{notice.title}”发出去了,等各校点一下",
            f"{notice.content_id} has gone out; every school owes one tap",
        )

    # ── who can be played ────────────────────────────────────────────────────────────────────────

    async def _cast(self, city: City) -> None:
        """Everybody can be chosen, also those who have not enrolled yet; three have a phone at the start."""
        known = await city.bot.db.read(contacts.of)
        officer = next(u for u in city.units.values() if u.kind == "county" and city.cast.is_in(u.id))
        school = next(u for u in city.schools if u.county_id == officer.id and self._is_plain(city, u))
        chosen = [
            (
                Both("校长手机", "Principal"),
                city.cast.of(school.id, Role.PRINCIPAL),
                city.cast.groups[officer.id].id,
            ),
            (Both("县局手机", "County"), city.cast.of(officer.id, Role.COUNTY_OFFICER), None),
            (Both("市局手机", "City"), city.clerk(), None),
        ]
        self._handsets = tuple(Handset(title, user.id, chat) for title, user, chat in chosen)
        self._people = tuple(self._choices(city, known))
        if self._players is not None:
            self._players.county_on_show = officer.id

    @staticmethod
    def _is_plain(city: City, unit: Unit) -> bool:
        """A school asked in its county's group, with a principal of its own."""
        if unit.id in city.cast.groups or not city.cast.is_in(unit.id) or unit.parent_id != unit.county_id:
            return False
        return len(city.schools_of(city.cast.of(unit.id, Role.PRINCIPAL))) == 1

    def _choices(self, city: City, known: dict[int, list[contacts.Contact]]) -> Iterator[Person]:
        newcomers: list[Person] = []
        for unit in city.units.values():
            group = "市局" if unit.kind in {"city", "office"} else "县局"
            if unit.kind == "school":
                county = city.units.get(unit.county_id or 0)
                group = f"{county.name if county else '市直'} · 学校"
            for role, user in city.cast.by_unit.get(unit.id, ()):
                yield Person(user.id, f"{unit.name} {user.name}({people.POSTS[role]})", group)
            if unit.kind == "school" and not city.cast.is_in(unit.id):
                for contact in known.get(unit.id, [])[:1]:
                    user = city.sim.add_user(
                        contact.name, phone=f"+86{contact.phone}" if contact.phone else None
                    )
                    newcomers.append(Person(user.id, f"{unit.name} {user.name}", "还没登记"))
        yield from newcomers

    # ── the page's host ──────────────────────────────────────────────────────────────────────────

    def panel(self) -> Panel:
        """Return what stands beside the phones now."""
        if self._city is None:
            return Panel(TITLE, story=tuple(self._story), is_ready=False)
        jumps = tuple(self._jumps(self._city))
        plans = tuple(_plan(entry) for entry in self._entries(self._city))
        return Panel(
            TITLE,
            handsets=self._handsets,
            people=self._people,
            steps=tuple(self._steps()),
            groups=(
                Group(Both("快进到", "Move the clock to"), jumps),
                Group(Both("计划", "Plans"), plans, wide=True),
            ),
            story=tuple(self._story),
            busy=self._busy,
        )

    def _steps(self) -> Iterator[Step]:
        yield Step(
            Both(
                "校长手机:15:00 的问题一到,点 ✅ 已上完;有难处就点 ⚠️。",
                "Principal's phone: when the 15:00 question comes, tap ✅ 已上完 (done), or ⚠️ (trouble).",
            ),
            1 in self._done,
        )
        yield Step(
            Both(
                "市局手机:看谁报了、谁没报,点县名往下看。",
                "City's phone: who has answered and who has not; tap a county to look closer.",
            ),
            2 in self._done,
            Action(ASK, Both("替我发“汇总”", "Send “汇总” (the table) for me")),
        )
        yield Step(
            Both(
                "快进:看没报的被提醒、名单到县局、表到市局。",
                "Move the clock: the silent are reminded, counties get lists, the city its table.",
            ),
            3 in self._done,
        )  # fmt: skip

    def _jumps(self, city: City) -> Iterator[Action]:
        for time, arrival in STOPS.items():
            is_open = city.clock() < city.clock.at(arrival)
            yield Action(f"to {time}", Both(time, time), HAPPENS[time], is_open)

    @staticmethod
    def _entries(city: City) -> list[Entry]:
        first = [city.bot.book.entries[i] for i in BY_THEMSELVES if i in city.bot.book.entries]
        return [*first, *(e for e in city.bot.book.entries.values() if e.id not in BY_THEMSELVES)]

    def watched(self, user_ids: frozenset[int]) -> None:
        """Whose phone is on the page is played by the visitor."""
        self._watched = user_ids
        self._spare()

    def acted(self, user_id: int, what: str) -> None:
        """Remember who was played, and which step is done."""
        self._acted.add(user_id)
        self._spare()
        city = self._city
        if city is None:
            return
        posts = {r for some in city.cast.by_unit.values() for r, user in some if user.id == user_id}
        if what == "press" and posts & {Role.PRINCIPAL, Role.DEPUTY}:
            self._did(1, "您以校长的身份点了一下", "you tapped as a principal")
        if Role.CITY_OFFICER in posts:
            self._did(2, "您以市局的身份看表", "you read the table as the city")

    def _did(self, step: int, chinese: str, english: str) -> None:
        if step not in self._done:
            self._done.add(step)
            self._tell(chinese, english)
            self.page.refresh()

    def _spare(self) -> None:
        if self._players is not None:
            self._players.spared = {*self._watched, *self._acted, *(h.user_id for h in self._handsets)}

    # ── its buttons ──────────────────────────────────────────────────────────────────────────────

    async def do(self, action: str) -> None:
        """Move the clock, send a plan, or ask for the table.

        Raises:
            Impossible: Something else is under way, or it cannot be done; the reason in the city's words.
        """
        if self._city is None or self._busy:
            raise simulator.Impossible("还在忙,请稍等。")
        with self._being_busy(action):
            what, _, which = action.partition(" ")
            try:
                await self._act(self._city, what, which)
            except errors.Refused as reason:
                raise simulator.Impossible(reason.sentence) from reason
            except TimeoutError as reason:
                raise simulator.Impossible("这台电脑太忙,请再点一次。") from reason

    @contextlib.contextmanager
    def _being_busy(self, action: str) -> Iterator[None]:
        self._busy = action
        self.page.refresh()
        try:
            yield
        finally:
            self._busy = ""
            self.page.refresh()

    async def _act(self, city: City, what: str, which: str) -> None:
        if what == ASK:
            clerk = city.clerk()
            city.sim.send(clerk, clerk, "汇总")
            self.acted(clerk.id, "say")
        elif what == "to" and which in STOPS:
            await self._jump(city, which)
        elif what == "plan":
            await self._send(city, which)
        else:
            raise simulator.Impossible(f"there is no {what} {which}")

    async def _send(self, city: City, plan_id: str) -> None:
        fired = await city.bot.db.transact(switching.run, plan_id, book=city.bot.book, by="demo")
        await city.calm()
        count = sum(one.units for one in fired)
        self._tell(f"现在发 {plan_id}:{count} 个单位", f"{plan_id} sent now to {count} units")

    async def _jump(self, city: City, time: str) -> None:
        """Through every stop on the way, for at each the bot has something to do."""
        players = self._players
        if players is None:
            return
        for stop, arrival in STOPS.items():
            if city.clock() >= city.clock.at(arrival) or city.clock.at(arrival) > city.clock.at(STOPS[time]):
                continue
            await players.until(city.clock.at(stop))
            async with players.one_at_a_time:
                await city.scene(arrival)
            await city.calm()
            await self._arrived(city, stop)
        self._done.add(3)

    async def _arrived(self, city: City, stop: str) -> None:
        happens = HAPPENS[stop]
        if self._notice is None:
            return self._tell(happens.zh, happens.en)
        table = await city.bot.db.read(queries.table, self._notice.id, now=city.bot.db.now())
        missing, answered = table.total.missing, table.total.answered
        self._tell(
            f"{happens.zh}:已报 {answered},未报 {missing}",
            f"{happens.en}: {answered} answered, {missing} missing",
        )


def _plan(entry: Entry) -> Action:
    title = entry.title.replace("{holiday}", "国庆")
    kind = KINDS.get(entry.kind.value, REPORT)
    note = Both(f"{entry.id} {title} · {kind.zh}", f"{entry.id} {title} · {kind.en}")
    return Action(f"plan {entry.id}", Both("现在发", "Send now"), note)

"""The day itself: what everyone presses and types, scene by scene, and a ledger of it."""

import datetime as dt
import pathlib
from collections.abc import Callable, Iterable
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
from bot.summaries import document
from bot.texts import Words

OWN_GROUPS = 2  # schools in each county with a group of their own
NOT_ENROLLED = 4  # schools nobody of which has come in yet
SILENT = 7  # schools that do not answer before they are reminded
WITHIN_S = 20.0  # the longest any step may take

Say = Callable[[str], None]


@dataclass(slots=True)
class Day:
    """The play: the stage, the cast, and a ledger of what was done, kept by hand to check the table against."""

    sim: simulator.Simulator
    bot: app.App
    clock: StageClock
    settings: Settings
    say: Say
    cast: Cast = field(default_factory=Cast)
    schools: list[Unit] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    troubled: set[int] = field(default_factory=set)
    excused: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    notice_id: int = 0

    def tell(self, chinese: str, english: str) -> None:
        """One line of the story."""
        self.say(f"{self.clock.time}  {chinese} · {english}")

    async def scene(self, time: str) -> None:
        """It is this time of the day, and the bot has looked at its updates since: a jump is no outage."""
        self.clock.set(time)
        group = next(iter(self.cast.groups.values()))
        for _ in range(2):  # what comes with the first look after a jump may be as old as the jump
            polls = self.sim.journal.counts["getUpdates"]
            self.sim.rename(group, group.title)
            await self._until(lambda polls=polls: self.sim.journal.counts["getUpdates"] > polls)  # type: ignore[misc]

    # ── before the curtain ───────────────────────────────────────────────────────────────────────

    async def prepare(self, roster: pathlib.Path) -> None:
        """The roster is in, sending is allowed, people enrol by their own number, groups are bound."""
        db = self.bot.db
        outcome = await import_files.run_import(db, roster / "units.csv", roster / "contacts.csv")
        everyone = await db.read(units.every)
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
        roles = (Role.PRINCIPAL, Role.DEPUTY, Role.COUNTY_OFFICER, Role.CITY_OFFICER)
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
        await self._until(lambda: all(self.sim.keyboard(user) for user in users))
        for user in users:
            self.sim.share_contact(user)
        await self._until(lambda: all(self.sim.has(user, "您登记在") for user in users))

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
        await self._until(lambda: all(self.sim.has(g, "已登记为") for g in self.cast.groups.values()))

    # ── the day ──────────────────────────────────────────────────────────────────────────────────

    async def play(self, entries: dict[str, content.Entry]) -> None:
        """From the morning's reminder to the table at 17:00 and what comes after it."""
        await self.scene("09:00")
        await self._publish(entries["R03a"])
        self.tell("假前安全课提醒发到各群,不用回", "a silent reminder reaches every group; no answer wanted")
        await self.scene("15:00")
        done = await self._publish(entries["R03b"])
        self.notice_id = done.notice_id
        self.tell(
            f"“上完了吗”发给 {done.units} 校:{done.chats} 个群和私聊",
            f"“done?” asked of {done.units} schools through {done.chats} chats",
        )
        present = [u for u in self.schools if self.cast.is_in(u.id)]
        silent = [u for u in present if len(self._mine(self.cast.of(u.id, Role.PRINCIPAL))) == 1][-SILENT:]
        prompt = [u for u in present if u not in silent]
        await self._trouble(prompt.pop(3))
        await self._tap(prompt, "15:12")
        self.tell(f"{len(prompt)} 位校长点 ✅,一人一下", f"{len(prompt)} principals tap ✅, one tap each")
        await self._stranger()
        await self._chase(silent)
        await self._on_behalf()
        await self._deadline(silent[-1])

    async def _publish(self, entry: content.Entry) -> publish.Published:
        words = Words(self.settings.zone)
        occurrence = Occurrence(self.bot.db.now(), occasion="国庆")

        def verb(tx: Tx, now: dt.datetime) -> publish.Published:
            return publish.publish(tx, now, entry.draft(now, words, occurrence=occurrence), by="demo")

        done = await self.bot.db.transact(verb)
        await self._calm()
        return done

    def _card(self, unit: Unit) -> simulator.Message:
        """Where this unit is asked: its own group, its parent's, or its principal's private chat."""
        group = self.cast.groups.get(unit.id) or self.cast.groups.get(unit.parent_id or 0)
        where = group if group is not None else self.cast.of(unit.id)
        return next(
            m for m in reversed(self.sim.messages(where)) if m.from_bot and m.buttons and "上完" in m.text
        )

    def _mine(self, user: simulator.User) -> list[Unit]:
        """The schools a person answers for."""
        return [u for u in self.schools if any(who is user for _, who in self.cast.by_unit.get(u.id, ()))]

    async def _tap(self, some: Iterable[Unit], time: str) -> None:
        await self.scene(time)
        for unit in some:
            user = self.cast.of(unit.id, Role.PRINCIPAL)
            mine = self._mine(user)
            if unit.id in self.answered:
                continue
            if len(mine) == 1:
                await self._press(user, self._card(unit), "已上完")
            else:
                await self._tap_all(user, unit)
            self.answered |= {u.id for u in mine}
        await self._calm()

    async def _tap_all(self, user: simulator.User, unit: Unit) -> None:
        """A principal of several schools: the group's card sends him to a private list."""
        card = self._card(unit)
        if card.chat_id != user.id:
            await self._press(user, card, "已上完")
            await self._until(lambda: self.sim.has(user, "您负责"))
            card = self.sim.find(user, "您负责")
        await self._press(user, card, "全部")

    async def _press(self, user: simulator.User, message: simulator.Message, button: str) -> str:
        press = self.sim.press(user, message, button)
        return (await press.answered(WITHIN_S)).text or ""

    async def _trouble(self, unit: Unit) -> None:
        """⚠️ counts at once, is told in three presses, reaches the county, and a later ✅ does not erase it."""
        await self.scene("15:05")
        principal, officer = self.cast.of(unit.id, Role.PRINCIPAL), self.cast.of(unit.county_id or 0)
        await self._press(principal, self._card(unit), "有困难")
        self.answered.add(unit.id)
        self.troubled.add(unit.id)
        for question, choice in (("哪方面", "消防用电"), ("要县局做什么", "要县局帮忙")):
            await self._until(lambda question=question: self.sim.has(principal, question))  # type: ignore[misc]
            await self._press(principal, self.sim.find(principal, question), choice)
        await self._until(lambda: self.sim.has(principal, "写一句"))
        self.sim.send(principal, principal, "三楼消防栓没水,已报修")
        await self._until(lambda: self.sim.has(officer, "三楼消防栓没水"))
        self.tell(
            f"{unit.name} ⚠️ 有困难,县局马上收到",
            f"{unit.code} reports trouble; its county officer has it at once",
        )
        await self._press(officer, self.sim.find(officer, "三楼消防栓没水"), "已看到")
        await self._until(lambda: self.sim.has(principal, "已看到"))
        deputy = next((user for role, user in self.cast.by_unit[unit.id] if role is Role.DEPUTY), None)
        if deputy is not None:
            toast = await self._press(deputy, self._card(unit), "已上完")
            self.tell(f"副校长又点 ✅:{toast}", "a deputy's ✅ does not erase the ⚠️")

    async def _stranger(self) -> None:
        await self.scene("15:30")
        group = next(iter(self.cast.groups.values()))
        parent = self.sim.add_user("路人")
        self.sim.join(group, parent)
        card = next(m for m in reversed(self.sim.messages(group)) if m.from_bot and m.buttons)
        toast = await self._press(parent, card, "已上完")
        self.tell(f"没登记的人点了:{toast[:12]}…", "a stranger's tap is refused, politely")

    async def _chase(self, silent: list[Unit]) -> None:
        await self.scene("16:00")
        clerk = self._clerk()
        self.sim.send(clerk, clerk, "提醒")
        await self._until(lambda: self.sim.has(clerk, "将私聊提醒"))
        await self._press(clerk, self.sim.find(clerk, "将私聊提醒"), "提醒")
        await self._calm()
        reminded = sum(self.sim.has(self.cast.of(u.id, Role.PRINCIPAL), "还没报") for u in silent)
        self.tell(
            f"市局再提醒:只私聊没回复的 {reminded} 校",
            f"the city reminds only the {reminded} silent schools, in private",
        )
        await self.scene("16:20")
        for unit in silent[:3]:
            user = self.cast.of(unit.id, Role.PRINCIPAL)
            await self._press(user, self.sim.find(user, "还没报"), "已上完")
            self.answered.add(unit.id)
        self.tell("其中 3 校从提醒里直接点了 ✅", "three of them answer right from the reminder")
        await self._calm()

    def _clerk(self) -> simulator.User:
        return next(
            user for some in self.cast.by_unit.values() for role, user in some if role is Role.CITY_OFFICER
        )

    async def _on_behalf(self) -> None:
        """Two schools nobody of which is enrolled: the clerk rings one and answers, the other owes nothing."""
        await self.scene("16:40")
        clerk = self._clerk()
        first, second = [u for u in self.schools if not self.cast.is_in(u.id)][:2]
        await self._pick(clerk, first, "替这 1 校报“已上完”", "确定")
        self.answered.add(first.id)
        await self._pick(clerk, second, "免报", "没有在校生")
        self.excused.add(second.id)
        self.tell(
            "打电话问到 1 校代报,1 校免报,都记了名字",
            "one answered on behalf after a call, one excused; both signed",
        )

    async def _pick(self, clerk: simulator.User, unit: Unit, *presses: str) -> None:
        self.sim.send(clerk, clerk, "汇总")
        page = await self._newest(clerk, "没登记")
        for button in ("没登记", "已电话/代报", unit.name, *presses):
            await self._until(lambda button=button: any(button in text for text in page.button_texts))  # type: ignore[misc]
            await self._press(clerk, page, button)
        await self._calm()

    async def _newest(self, user: simulator.User, button: str) -> simulator.Message:
        """The newest message with such a button."""
        await self._until(
            lambda: any(button in text for text in self.sim.last(user, from_bot=True).button_texts)
        )
        return self.sim.last(user, from_bot=True)

    async def _deadline(self, straggler: Unit) -> None:
        await self.scene("17:00:11")
        clerk = self._clerk()
        await self._until(lambda: self.sim.has(clerk, "截至"))
        await self._calm()
        self.tell(
            "截止,各县的表给各县,全市的表给市局",
            "the deadline: each county gets its table, the city the whole",
        )
        await self.scene("17:12")
        user = self.cast.of(straggler.id, Role.PRINCIPAL)
        await self._press(user, self.sim.find(user, "还没报"), "已上完")
        self.answered.add(straggler.id)
        self.late.add(straggler.id)
        await self._calm()
        self.tell(
            f"{straggler.name} 补报,17:00 的表不变", "a late answer counts as late; the 17:00 table stays"
        )

    async def _until(self, condition: Callable[[], object]) -> None:
        await self.sim.until(condition, timeout=WITHIN_S)

    async def _calm(self) -> None:
        """Everything that is due has been delivered."""
        await self.bot.sender.until_idle(within=dt.timedelta(seconds=WITHIN_S))

    # ── after the curtain ────────────────────────────────────────────────────────────────────────

    async def show(self) -> bool:
        """Print the last card and the table; whether the table adds up and equals our ledger."""
        group = next(
            g for unit_id, g in self.cast.groups.items() if unit_id not in {u.id for u in self.schools}
        )
        card = next(m for m in reversed(self.sim.messages(group)) if m.from_bot and m.buttons)
        self.say(f"\n── {group.title} 的卡片 · the card ──")
        self.say(card.text)
        self.say(" ".join(f"[{text}]" for text in card.button_texts))
        clerk = self._clerk()
        table = self.sim.find(clerk, "截至")
        self.say("\n── 17:00 的表 · the table ──")
        self.say(table.text)
        doc = await self.bot.db.read(
            document.build,
            notice_id=self.notice_id,
            now=self.bot.db.now(),
            as_of=None,
            zone=self.settings.zone,
        )
        faults = list(self._faults(doc))
        self.say("")
        self.say(
            "核对:"
            + (
                "应报 = 已报 + 未报,各县之和 = 合计,与逐人记账一致 · it adds up"
                if not faults
                else ";".join(faults)
            )
        )
        return not faults

    def _faults(self, doc: document.Document) -> Iterable[str]:
        total, rows = doc["total"], doc["rows"]
        owed = len(self.schools) - len(self.excused)
        expected = {
            "expected": owed, "answered": len(self.answered), "missing": owed - len(self.answered),
            "trouble": len(self.troubled), "excused": len(self.excused), "late": len(self.late),
        }  # fmt: skip
        for name, number in expected.items():
            if total[name] != number:
                yield f"{name}: 表 {total[name]} 账 {number}"
            if sum(row[name] for row in rows) != total[name]:
                yield f"{name}: 各行之和不等于合计"
        if len(doc["missing"]) != total["missing"]:
            yield "未报名单与数字不符"

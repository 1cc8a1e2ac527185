"""The day itself: what everyone presses and types, scene by scene, and a ledger of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot import simulator
from bot.demo.city import City, Say
from bot.plans import content
from bot.roster.access import Role
from bot.roster.units import Unit
from bot.summaries import document

SILENT = 7  # schools that do not answer before they are reminded


@dataclass(slots=True)
class Day:
    """The play: a city, and a ledger of what was done there, kept by hand to check the table against."""

    city: City
    say: Say
    answered: set[int] = field(default_factory=set)
    troubled: set[int] = field(default_factory=set)
    excused: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    notice_id: int = 0

    # ── the day ──────────────────────────────────────────────────────────────────────────────────

    async def play(self, entries: dict[str, content.Entry]) -> None:
        """From the morning's reminder to the table at 17:00 and what comes after it."""
        await self.city.scene("09:00")
        await self.city.send_out(entries["R03a"])
        self.city.tell(
            "假前安全课提醒发到各群,不用回", "a silent reminder reaches every group; no answer wanted"
        )
        await self.city.scene("15:00")
        done = await self.city.send_out(entries["R03b"])
        self.notice_id = done.notice_id
        self.city.tell(
            f"“上完了吗”发给 {done.units} 校:{done.chats} 个群和私聊",
            f"“done?” asked of {done.units} schools through {done.chats} chats",
        )
        present = [u for u in self.city.schools if self.city.cast.is_in(u.id)]
        silent = [
            u for u in present if len(self.city.schools_of(self.city.cast.of(u.id, Role.PRINCIPAL))) == 1
        ][-SILENT:]
        prompt = [u for u in present if u not in silent]
        await self._trouble(prompt.pop(3))
        await self._tap(prompt, "15:12")
        self.city.tell(
            f"{len(prompt)} 位校长点 ✅,一人一下", f"{len(prompt)} principals tap ✅, one tap each"
        )
        await self._stranger()
        await self._chase(silent)
        await self._on_behalf()
        await self._deadline(silent[-1])

    async def _tap(self, some: Iterable[Unit], time: str) -> None:
        await self.city.scene(time)
        for unit in some:
            user = self.city.cast.of(unit.id, Role.PRINCIPAL)
            mine = self.city.schools_of(user)
            if unit.id in self.answered:
                continue
            if len(mine) == 1:
                await self.city.press(user, self.city.card(unit), "已上完")
            else:
                await self.city.answer_all(user, unit)
            self.answered |= {u.id for u in mine}
        await self.city.calm()

    async def _trouble(self, unit: Unit) -> None:
        """⚠️ counts at once, is told in three presses, reaches the county, and a later ✅ does not erase it."""
        await self.city.scene("15:05")
        principal, officer = (
            self.city.cast.of(unit.id, Role.PRINCIPAL),
            self.city.cast.of(unit.county_id or 0),
        )
        await self.city.press(principal, self.city.card(unit), "有困难")
        self.answered.add(unit.id)
        self.troubled.add(unit.id)
        await self.city.tell_trouble(principal, "消防用电", "帮忙", "三楼消防栓没水,已报修")
        await self.city.until(lambda: self.city.sim.has(officer, "三楼消防栓没水"))
        self.city.tell(
            f"{unit.name} ⚠️ 有困难,县局马上收到",
            f"{unit.code} reports trouble; its county officer has it at once",
        )
        await self.city.press(officer, self.city.sim.find(officer, "三楼消防栓没水"), "已看到")
        await self.city.until(lambda: self.city.sim.has(principal, "已看到"))
        deputy = next((user for role, user in self.city.cast.by_unit[unit.id] if role is Role.DEPUTY), None)
        if deputy is not None:
            toast = await self.city.press(deputy, self.city.card(unit), "已上完")
            self.city.tell(f"副校长又点 ✅:{toast}", "a deputy's ✅ does not erase the ⚠️")

    async def _stranger(self) -> None:
        await self.city.scene("15:30")
        group = next(iter(self.city.cast.groups.values()))
        parent = self.city.sim.add_user("路人")
        self.city.sim.join(group, parent)
        card = next(m for m in reversed(self.city.sim.messages(group)) if m.from_bot and m.buttons)
        toast = await self.city.press(parent, card, "已上完")
        self.city.tell(f"没登记的人点了:{toast[:12]}…", "a stranger's tap is refused, politely")

    async def _chase(self, silent: list[Unit]) -> None:
        """An hour before it is due whoever is silent is reminded in private, half an hour later the counties know."""
        await self.city.scene("16:00")
        await self.city.until(lambda: all(self._is_reminded(unit) for unit in silent))
        self.city.tell(
            f"没回复的 {len(silent)} 校,各收到一条私聊提醒",
            f"the {len(silent)} silent schools are reminded, in private",
        )
        await self.city.scene("16:20")
        for unit in silent[:3]:
            user = self.city.cast.of(unit.id, Role.PRINCIPAL)
            await self.city.press(user, self.city.sim.find(user, "还没报"), "已上完")
            self.answered.add(unit.id)
        self.city.tell("其中 3 校从提醒里直接点了 ✅", "three of them answer right from the reminder")
        await self.city.calm()
        await self.city.scene("16:30")
        officer = self.city.cast.of(silent[3].county_id or 0, Role.COUNTY_OFFICER)
        await self.city.until(lambda: self.city.sim.has(officer, "还有30分钟"))
        await self.city.calm()
        self.city.tell("没报的名单先到县局", "the counties get the list of who is missing, before the city")

    def _is_reminded(self, unit: Unit) -> bool:
        return self.city.sim.has(self.city.cast.of(unit.id, Role.PRINCIPAL), "还没报")

    async def _on_behalf(self) -> None:
        """Two schools nobody of which is enrolled: the clerk rings one and answers, the other owes nothing."""
        await self.city.scene("16:40")
        clerk = self.city.clerk()
        first, second = [u for u in self.city.schools if not self.city.cast.is_in(u.id)][:2]
        await self._pick(clerk, first, "替这 1 校报“已上完”", "确定")
        self.answered.add(first.id)
        await self._pick(clerk, second, "免报", "没有在校生")
        self.excused.add(second.id)
        self.city.tell(
            "打电话问到 1 校代报,1 校免报,都记了名字",
            "one answered on behalf after a call, one excused; both signed",
        )

    async def _pick(self, clerk: simulator.User, unit: Unit, *presses: str) -> None:
        asked = self.city.sim.send(clerk, clerk, "汇总")
        await self.city.until(lambda: self.city.sim.last(clerk, from_bot=True).id > asked.id)
        page = self.city.sim.last(clerk, from_bot=True)
        for button in ("没登记", "已电话/代报", unit.name, *presses):
            await self.city.until(lambda button=button: any(button in text for text in page.button_texts))  # type: ignore[misc]
            await self.city.press(clerk, page, button)
        await self.city.calm()

    async def _deadline(self, straggler: Unit) -> None:
        await self.city.scene("17:00:11")
        clerk = self.city.clerk()
        await self.city.until(self._table)
        await self.city.calm()
        self.city.tell(
            "截止,各县的表给各县,全市的表给市局",
            "the deadline: each county gets its table, the city the whole",
        )
        await self.city.scene("17:12")
        user = self.city.cast.of(straggler.id, Role.PRINCIPAL)
        await self.city.press(user, self.city.sim.find(user, "还没报"), "已上完")
        self.answered.add(straggler.id)
        self.late.add(straggler.id)
        await self.city.calm()
        self.city.tell(
            f"{straggler.name} 补报,17:00 的表不变", "a late answer counts as late; the 17:00 table stays"
        )
        await self.city.scene("17:30")
        await self.city.until(lambda: self.city.sim.has(clerk, "又补报"))
        self.city.tell("又补报了几校,市局也知道", "the city is told what came in after the deadline")

    def _table(self) -> simulator.Message:
        """The city's table of 17:00."""
        found = (
            m for m in reversed(self.city.sim.messages(self.city.clerk())) if m.text.startswith("【汇总】")
        )
        table = next((m for m in found if "截至" in m.text), None)
        if table is None:
            raise simulator.Impossible("the table has not come yet")
        return table

    # ── after the curtain ────────────────────────────────────────────────────────────────────────

    async def show(self) -> bool:
        """Print the last card and the table; whether the table adds up and equals our ledger."""
        group = next(
            g
            for unit_id, g in self.city.cast.groups.items()
            if unit_id not in {u.id for u in self.city.schools}
        )
        card = next(m for m in reversed(self.city.sim.messages(group)) if m.from_bot and m.buttons)
        self.say(f"\n── {group.title} 的卡片 · the card ──")
        self.say(card.text)
        self.say(" ".join(f"[{text}]" for text in card.button_texts))
        table = self._table()
        self.say("\n── 17:00 的表 · the table ──")
        self.say(table.text)
        doc = await self.city.bot.db.read(
            document.build,
            notice_id=self.notice_id,
            now=self.city.bot.db.now(),
            as_of=None,
            zone=self.city.settings.zone,
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
        owed = len(self.city.schools) - len(self.excused)
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

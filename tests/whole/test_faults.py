"""What may go wrong: the process dies in mid-press, an update is garbage, groups vanish; nothing said is lost."""

import asyncio
import datetime as dt

from bot.simulator import Fault
from tests.whole import driver
from tests.whole.driver import City
from tests.whole.ledger import Ledger

TEN_S = 10.0
POLLING_IS_FREE = dt.timedelta(seconds=10)  # the lease of a process that died has run out
CALLS_ARE_LOST = dt.timedelta(seconds=62)  # … and so have those of the calls it was making
ASKED_IN_EARNEST = driver.ASK.replace("消防自查", "门岗检查")


async def test_a_press_survives_kill_9_before_it_is_acknowledged(workday: City) -> None:
    town = workday
    await town.prepare("李银桥", "冯青坡", "郑大河", groups=("DH",))
    book = Ledger(enrolled={"DH02", "DH06"})
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")

    # committed, the toast not yet out, the update not yet acknowledged: dies, and is sent the same again
    held = town.sim.faults.add(Fault(method="answerCallbackQuery", kind="hold", times=None))
    first = town.sim.press(town.person("李银桥"), county, "已查完")
    await town.until(lambda: town.sim.faults.struck == 1)
    await town.kill()
    assert town.clock is not None
    town.clock.forward(POLLING_IS_FREE)
    second = town.sim.press(town.person("冯青坡"), county, "已查完")  # nobody is there
    town.sim.faults.remove(held)
    town.sim.faults.struck = 0
    await town.start()
    await second.answered()
    await town.later(driver.EDITS_APART)
    book.answered = {"DH02", "DH06"}
    book.check(await town.summary(1))
    await town.until(lambda: "本群已回复 2/14 校" in county.text)
    assert first.query.id != second.query.id
    assert town.cards() == {"DH群": 1}  # no card was sent twice
    assert "已报过" in (await town.press("李银桥", county, "已查完")).text
    book.check(await town.summary(1))


async def _is_known_as_sent(town: City, unit: str) -> bool:
    missing = (await town.summary(1))["missing"]
    return {one["unit"]: one["reach"] for one in missing}[unit] == "silent"


async def test_a_card_in_flight_at_kill_9_is_doubled_at_most_and_says_so(workday: City) -> None:
    town = workday
    await town.prepare("李银桥", "钱山阳", "郑大河", groups=("DH",))
    lost = town.sim.faults.add(
        Fault(method="sendMessage", kind="slow", chat=town.groups["DH"].id, seconds=15)
    )
    await town.publish()
    # Telegram has done it and is slow to say so: the process dies without ever having heard
    await town.until(lambda: town.cards() == {"DH群": 1, "钱山阳": 1})
    async with asyncio.timeout(driver.WITHIN_S):
        while not await _is_known_as_sent(town, "SY01"):  # of the other card it has heard
            pass
    await town.kill()
    town.sim.faults.remove(lost)
    assert town.clock is not None
    town.clock.forward(CALLS_ARE_LOST)
    await town.start()
    await town.until(lambda: town.cards() == {"DH群": 2, "钱山阳": 1})
    old, new = (m for m in town.sim.messages(town.groups["DH"]) if "消防自查" in m.text)
    assert not old.text.startswith("(可能重复)")
    assert new.text.startswith("(可能重复)【请点一下·")
    assert new.silent
    # the copy nobody knew of is pressed: it counts, and one of the two goes
    assert "已记:银桥镇中学" in (await town.press("李银桥", old, "已查完")).text
    await town.later(driver.EDITS_APART)
    await town.until(lambda: town.cards()["DH群"] == 1)
    Ledger(enrolled={"DH02", "SY01"}, answered={"DH02"}).check(await town.summary(1))
    assert "可能重复" in (await town.run("doctor")).out


async def test_garbage_is_set_aside_and_the_next_update_served_within_ten_seconds(town: City) -> None:
    await town.prepare("李银桥", "郑大河", groups=("DH",))
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    broken = [
        town.sim.push_raw_update(
            town.sim.bot, {"message": {"message_id": "x", "date": "tomorrow", "chat": 7}}
        ),
        town.sim.push_raw_update(town.sim.bot, {"callback_query": {"id": 1, "from": None}}),
        town.sim.push_raw_update(town.sim.bot, {"my_chat_member": [[]]}),
    ]
    answer = await asyncio.wait_for(town.press("李银桥", county, "已查完"), TEN_S)
    assert "已记:银桥镇中学" in answer.text
    shown = await town.run("doctor")
    assert shown.status == 1
    assert all(f"处理不了的消息 {number}" in shown.out for number in broken)
    assert (await town.summary(1))["total"]["answered"] == 1


async def test_open_asks_follow_when_a_group_is_lost_or_changes(workday: City) -> None:
    town = workday
    await town.prepare("王金滩", "李银桥", "冯青坡", "钱山阳", "郑大河", groups=("DH01", "DH"))
    book = Ledger(enrolled={"DH01", "DH02", "DH06", "SY01"})
    sim, own, county = town.sim, town.groups["DH01"], town.groups["DH"]
    await town.publish()
    await town.until(lambda: town.cards() == {"DH01群": 1, "DH群": 1, "钱山阳": 1})
    await town.press("李银桥", town.card(county), "已查完")
    book.answered = {"DH02"}

    # the school's own group throws the bot out: it is asked in the county's
    sim.kick(own, user=None)
    await town.later(driver.EDITS_APART)
    await town.until(lambda: "本群已回复 1/14 校" in town.card(county).text)
    await town.press("王金滩", town.card(county), "已查完")
    book.answered |= {"DH01"}
    book.check(await town.summary(1))

    # somebody deletes the card: the next change brings it back
    sim.erase(town.card(county))
    await town.press("冯青坡", await town.say("冯青坡", "待办"), "消防自查·青坡小学")
    book.answered |= {"DH06"}
    await town.later(driver.EDITS_APART)
    await town.until(lambda: "本群已回复 3/14 校" in town.card(county).text)

    # the county's group becomes a supergroup, and nobody tells: the next edit does
    grown = sim.upgrade(county, announce=False)
    town.groups["DH"] = grown
    await town.press("李银桥", town.card(county), "有困难")
    await town.later(driver.EDITS_APART)
    await town.until(lambda: sim.has(grown, "消防自查"))
    assert "已报过" in (await town.press("冯青坡", town.card(grown), "已查完")).text
    book.trouble = {"DH02"}
    book.check(await town.summary(1))

    # and is deleted: whoever can be reached in private is asked there
    sim.remove_group(grown)
    await town.later(driver.EDITS_APART)
    await town.until(lambda: any("消防自查" in m.text for m in sim.messages(town.person("王金滩"))))
    table = await town.summary(1)
    book.check(table)

    # a principal blocks the bot: he cannot be reached, and the table says 没送到 of what comes next
    sim.block(town.person("钱山阳"))
    await town.looked()
    await town.publish()
    table = await town.summary(2)
    reach = {m["unit"]: m["reach"] for m in table["missing"]}
    assert reach["SY01"] == "undelivered"
    shown = await town.run("doctor")
    assert "DH01群" in shown.out
    # he takes it back: the card of the open ask comes by itself
    sim.unblock(town.person("钱山阳"))
    sim.open(town.person("钱山阳"))
    await town.until(lambda: town.cards()["钱山阳"] >= 2)
    assert {m["unit"]: m["reach"] for m in (await town.summary(2))["missing"]}["SY01"] == "silent"


async def test_a_muted_group_is_left_and_found_again(small_town: City) -> None:
    town = small_town
    await town.prepare("李银桥", "郑大河")
    group = town.sim.add_group("大河县群", [town.person("郑大河"), town.person("李银桥")], supergroup=True)
    town.groups["DH"] = group
    town.sim.follow(town.person("郑大河"), town.code("DH", kind="group")["link"], group)
    await town.until(lambda: town.sim.has(group, "已登记为"))
    town.sim.mute(group)
    await town.looked()
    await town.publish()
    await town.see("李银桥", "消防自查")
    assert not town.sim.has(group, "消防自查")
    assert "不能发言" in (await town.run("doctor")).out
    town.sim.unmute(group)
    await town.until(lambda: town.sim.has(group, "消防自查"))
    assert (await town.summary(1))["total"]["undelivered"] == 0


async def test_a_new_database_with_a_real_token_shouts_at_nobody(workday: City) -> None:
    town = workday
    await town.import_roster()
    town.codes = (await town.done("invite", "--json")).json
    await town.start()
    await town.enrol("王金滩", "钱山阳", "郑大河", "张管理")
    await town.bind("DH01")
    county = await town.bind("DH")
    published = await town.publish()
    trial = await town.see("张管理", "消防自查")
    assert trial.text.startswith("【试运行】")
    assert published["chats"] == 1
    await town.looked()
    assert town.cards() == {"张管理": 1}

    # a pilot group, made one by an administrator and by nobody else
    town.sim.join(county, town.person("张管理"))
    town.sim.send(town.person("王金滩"), county, "/pilot@xiaoan_bot")
    await town.looked()
    assert not town.sim.has(county, "试点")
    town.sim.send(town.person("张管理"), county, "/pilot@xiaoan_bot")
    await town.see(county, "本群是试点群")
    await town.publish()
    card = await town.until(lambda: town.card(county))
    assert card.text.startswith("【试运行】")
    assert "试运行" in (await town.done("doctor")).out
    await town.looked()
    assert "钱山阳" not in town.cards()
    assert "DH01群" not in town.cards()
    # armed at last: what comes next goes to all, and does not say 试运行
    await town.done("arm", "--all", "--schools", "17")
    await town.publish(ASKED_IN_EARNEST)
    await town.until(lambda: set(town.cards("门岗检查")) >= {"DH01群", "DH群", "钱山阳"})
    assert "试运行" not in town.card("钱山阳", "门岗检查").text

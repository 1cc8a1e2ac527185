"""How people and groups come in: three doors for people, one for groups, none for anybody else."""

from tests.whole.driver import City


async def test_people_come_in_by_three_doors_and_groups_by_those_entitled(town: City) -> None:
    await town.prepare()
    sim = town.sim

    # an own number, and only one's own
    wang = town.person("王金滩")
    sim.open(wang)
    welcome = await town.see("王金滩", "我是云川市教育局“校安”")
    assert "不收钱,不要密码,不问学生姓名" in welcome.text
    await town.until(lambda: sim.keyboard(wang))
    sim.share_contact(wang, contact_of=town.person("李银桥"))
    await town.see("王金滩", "这不是您自己的手机号")
    assert not sim.has(wang, "您登记在")
    sim.tap(wang, "发送我的手机号")
    assert "王校长您好" in (await town.see("王金滩", "您登记在:金滩镇中心小学 校长")).text

    # a code, said aloud and typed in somebody's own way
    code = town.code("DH02", contact="李银桥")["code"]
    assert (await town.say("李银桥", f"{code[:4].lower()}-{code[4:].lower()}")).text.startswith("李校长您好")
    used = await town.say("路人", code)
    assert "已经用过" in used.text

    # the link
    sim.follow(town.person("赵副手"), town.code("DH02", contact="赵副手")["link"])
    await town.see("赵副手", "您登记在:银桥镇中学 副校长")

    # nobody guesses a code
    for left in (4, 3, 2, 1):
        assert f"还可以试 {left} 次" in (await town.say("贼", f"ABCD-EFG{left + 2}")).text
    assert "错了 5 次" in (await town.say("贼", "ABCD-EFGH")).text
    right = town.code("DH01", contact="宋副手")["code"]
    assert "错了 5 次" in (await town.say("贼", right)).text
    assert "没有这个手机号" in await _shares(town, "外人", "+8613911112222")

    # a group speaks for a school when its own principal says so
    own = town.group("DH01")
    sim.follow(wang, town.code("DH01", kind="group")["link"], own)
    await town.until(lambda: sim.has(own, "本群已登记为“金滩镇中心小学”的群"))

    # anybody can see a payload: what counts is who stands behind it
    await town.enrol("郑大河")
    county = town.group("DH")
    stranger = sim.add_user("家长")
    sim.join(county, stranger)
    sim.follow(stranger, town.code("DH", kind="group")["link"], county)
    await town.until(lambda: sim.has(county, "有人想把本群登记为“大河县教育局”的群"))
    asked = sim.find(county, "有人想把本群")
    for who in ("王金滩", "李银桥"):  # a school's principal is nobody to the county's group
        answer = await town.press(who, asked, "同意")
        assert answer.show_alert
        assert "上级专员" in answer.text
    assert not sim.has(county, "已登记为")
    await town.press("郑大河", asked, "同意")
    await town.until(lambda: sim.has(county, "本群已登记为“大河县教育局”的群"))
    assert await town.stop() == 0


async def _shares(town: City, name: str, phone: str) -> str:
    user = town.sim.add_user(name, phone=phone)
    town.people[name] = user
    town.sim.open(user)
    await town.until(lambda: town.sim.keyboard(user))
    town.sim.share_contact(user)
    return (await town.see(name, "名册里没有")).text


async def test_a_new_principal_takes_the_post_over_and_the_old_name_stays_on_what_he_said(
    small_town: City,
) -> None:
    town = small_town
    await town.prepare("李银桥", "郑大河", groups=("DH",))
    await town.publish()
    county = await town.see(town.groups["DH"], "消防自查")
    await town.press("李银桥", county, "已查完")
    (code,) = (await town.done("invite", "--unit", "DH02", "--role", "principal", "--json")).json
    successor = town.sim.add_user("何接任")
    town.people["何接任"] = successor
    town.sim.join(town.groups["DH"], successor)
    town.sim.follow(successor, code["link"])
    await town.see("何接任", "请问您的姓名?")
    await town.see("何接任", "您登记在:银桥镇中学 校长")
    assert "记住了,何校长" in (await town.say("何接任", "何接任")).text
    assert (await town.press("何接任", county, "已查完")).text.startswith("贵校李校长 ")
    assert (await town.press("李银桥", county, "有困难")).text == "您不用报这一条,没有记。"
    assert (await town.summary(1))["total"]["trouble"] == 0

"""The main job through the front doors: roster in, people in, a notice out, answers back, an exact table."""

from tests.whole.driver import City


async def test_a_notice_goes_out_and_the_table_says_who_answered(town: City) -> None:
    await town.prepare("王金滩", "李银桥", "钱山阳", "郑大河", groups=("DH01", "DH"))
    published = await town.publish()
    assert published == {"notice": 1, "units": 17, "chats": 3}
    own, county = town.groups["DH01"], town.groups["DH"]
    await town.until(lambda: town.cards() == {"DH01群": 1, "DH群": 1, "钱山阳": 1})
    await town.press("王金滩", town.card(own), "已查完")
    await town.press("李银桥", town.card(county), "已查完")
    table = await town.summary(1)
    assert (table["total"]["expected"], table["total"]["answered"]) == (17, 2)
    assert await town.stop() == 0

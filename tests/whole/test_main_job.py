"""The main job on either database, from one without a table; on PostgreSQL every command is started cold."""

from tests.whole.conftest import Found
from tests.whole.ledger import Ledger


async def test_a_notice_goes_out_and_the_table_says_who_answered(
    cold_on_postgresql: Found, empty_database_url: str
) -> None:
    async with cold_on_postgresql(empty_database_url) as town:
        await town.prepare("王金滩", "李银桥", "钱山阳", "郑大河", groups=("DH01", "DH"))
        published = await town.publish()
        assert published == {"notice": 1, "units": 17, "chats": 3}
        own, county = town.groups["DH01"], town.groups["DH"]
        await town.until(lambda: town.cards() == {"DH01群": 1, "DH群": 1, "钱山阳": 1})
        await town.press("王金滩", town.card(own), "已查完")
        await town.press("李银桥", town.card(county), "已查完")
        Ledger(enrolled={"DH01", "DH02", "SY01"}, answered={"DH01", "DH02"}).check(await town.summary(1))
        assert await town.stop() == 0

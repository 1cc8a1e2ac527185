"""An opinion about a notice goes to the office whose notice it is."""

import datetime as dt

from bot.composing import opinions
from bot.composing.rules import Rules
from tests.composing.desk import USERS, WORDS, Bureau

HEAD = "王金滩"


async def test_it_reaches_the_owner_office_of_the_notice_it_stands_under(each_bureau: Bureau) -> None:
    bureau = each_bureau
    bureau.rules = Rules(city_needs_two=False)
    await said(bureau, about=await sent(bureau, "刘市安"))  # of 安全处
    assert set(await bureau.delivered()) & {"刘市安", "马市局"} == {"刘市安"}
    await said(bureau, about=await sent(bureau, "郑大河"))  # of the county's bureau
    assert set(await bureau.delivered()) & {"刘市安", "马市局", "郑大河"} == {"郑大河"}


async def test_where_no_notice_is_meant_it_reaches_the_city(bureau: Bureau) -> None:
    for about in (0, 999):
        await said(bureau, about=about)
        assert list(await bureau.delivered()) == ["马市局"]


async def said(bureau: Bureau, *, about: int) -> None:
    bureau.now += dt.timedelta(minutes=5)
    await bureau.db.transact(opinions.ask, user_id=USERS[HEAD], words=WORDS, about=about)
    assert await bureau.db.transact(opinions.tell, "按钮太小", user_id=USERS[HEAD], about=about)


async def sent(bureau: Bureau, name: str) -> int:
    """A notice of this officer's office is out, and what it told him is read."""
    await bureau.ready(name, whom="☐ 各校" if name == "刘市安" else "金滩镇小学")
    label = next(label for label in bureau.labels(name) if label.startswith("发送("))
    await bureau.press(name, label)
    (published,) = await bureau.tick(seconds=60)
    assert published is not None
    await bureau.delivered()
    return published.notice_id

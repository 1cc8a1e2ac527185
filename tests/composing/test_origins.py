"""A notice's page tells what its drafts know: why these schools were asked once more, and when a second officer agreed."""

import datetime as dt

from bot.composing import origins
from bot.composing.rules import Rules
from bot.notices import revise
from bot.roster import people
from bot.summaries.handling import Handling
from tests.composing.desk import USERS, WORDS, Bureau


async def test_the_reason_and_the_hour_of_the_second_word_stay_on_the_page(each_bureau: Bureau) -> None:
    bureau = each_bureau
    bureau.rules = Rules(asks_a_week=0)
    await bureau.ready()
    await bureau.press("刘市安", "请另一位同意发送(6)")
    await bureau.type("刘市安", "明天就放假")
    await bureau.press("刘市安", "请另一位同意发送(6)")
    bureau.now += dt.timedelta(minutes=20)
    await bureau.delivered()
    await bureau.press("何局长", "同意发送")
    (sent,) = await bureau.tick(seconds=90)
    assert sent is not None

    assert (
        "9月30日(周三)15:27 刘专员发,何领导 15:26 同意\n当周已问满,再问的原因:明天就放假\n"
        in await page(bureau, sent.notice_id) + "\n"
    )


async def test_a_version_that_was_reworded_on_the_page_has_no_draft_behind_it(bureau: Bureau) -> None:
    bureau.rules = Rules(city_needs_two=False)
    await bureau.ready()
    await bureau.press("刘市安", "发送(6)")
    (sent,) = await bureau.tick(seconds=60)
    assert sent is not None
    await bureau.db.transact(revise.revise, sent.notice_id, text="后天放假。", by="contact:1")

    told = await page(bureau, sent.notice_id)
    assert "同意" not in told
    assert "再问的原因" not in told
    assert set(await bureau.db.read(origins.of, sent.notice_id)) == {1}


async def page(bureau: Bureau, notice_id: int) -> str:
    """The notice's page, as the clerk reads it."""
    pages = Handling(WORDS, origins.of)
    return await bureau.db.read(
        lambda tx: (
            pages.page(tx, bureau.now, person=people.by_user(tx, USERS["刘市安"]), notice_id=notice_id).html
        )
    )

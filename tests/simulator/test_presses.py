import pytest
import telegram
from telegram.error import BadRequest

from bot import simulator
from bot.simulator import people

Inline = telegram.InlineKeyboardMarkup
Key = telegram.InlineKeyboardButton


@pytest.fixture
async def card(sim, bot, group):
    """A message with two buttons, as people see it."""
    rows = [
        [Key("✅ 已上完", callback_data="yes")],
        [Key("⚠️ 有困难", callback_data="no")],
        [Key("网", url="t.me/a")],
    ]
    await bot.send_message(group.id, "上课了吗", reply_markup=Inline(rows))
    return sim.last(group)


async def test_a_press_reaches_the_bot_despite_privacy_mode_and_is_answered(sim, bot, wang, group, card):
    press = sim.press(wang, card, "已上完")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert (query.data, query.from_user.id, query.message.chat.id) == ("yes", wang.id, group.id)
    assert press.answer is None
    await query.answer("已记下", show_alert=True)
    assert await press.answered() == simulator.Answer("已记下", True, None)


@pytest.mark.parametrize("text", ["✅ 已上完", "✅", "上完"])
def test_a_button_is_found_by_any_part_only_it_has(text):
    buttons = [simulator.Button("✅ 已上完", "yes"), simulator.Button("⚠️ 有困难", "no")]
    assert people._pick(buttons, text, lambda button: button.text).data == "yes"


async def test_pressing_what_is_not_there_says_so(sim, bot, wang, group, card):
    with pytest.raises(simulator.Impossible, match="no button '算了' among"):
        sim.press(wang, card, "算了")
    with pytest.raises(simulator.Impossible, match="could be any of"):
        sim.press(wang, card, "")
    with pytest.raises(simulator.Impossible, match="sends nothing to the bot"):
        sim.press(wang, card, "网")
    with pytest.raises(simulator.Impossible, match="is not in"):
        sim.press(sim.add_user("生人"), card, "已上完")
    await bot.edit_message_text("完", group.id, card.id)
    with pytest.raises(simulator.Impossible, match="no button"):
        sim.press(wang, card, "已上完")
    await bot.delete_message(group.id, card.id)
    with pytest.raises(simulator.Impossible, match="is deleted"):
        sim.press(wang, card, "已上完")


async def test_forged_data_is_delivered_even_from_a_deleted_message(sim, bot, wang, group, card):
    sim.press_data(wang, card, "v1:forged")
    await bot.delete_message(group.id, card.id)
    sim.press_data(wang, card, "v1:late")
    forged, late = [update.callback_query for update in await bot.get_updates()]
    assert (forged.data, late.data) == ("v1:forged", "v1:late")
    assert (late.message.date.timestamp(), late.message.text) == (0, None)  # the library makes it a Message


async def test_a_press_is_answered_once(sim, bot, wang, card):
    press = sim.press(wang, card, "已上完")
    await bot.answer_callback_query(press.query.id)
    with pytest.raises(
        BadRequest, match="Query is too old and response timeout expired or query id is invalid"
    ):
        await bot.answer_callback_query(press.query.id)


async def test_a_press_is_answered_in_time(sim, bot, wang, card, clock):
    press = sim.press(wang, card, "已上完")
    clock.forward(seconds=16)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query(press.query.id)
    assert press.answer is None


async def test_a_press_nobody_made_cannot_be_answered(bot):
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_callback_query("12345")


async def test_a_toast_has_200_characters_at_most(sim, bot, wang, card):
    press = sim.press(wang, card, "已上完")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(press.query.id, "汉" * 201)
    await bot.answer_callback_query(press.query.id, "汉" * 200)


async def test_an_answer_opens_this_bot_s_start_link_and_no_other(sim, bot, wang, card):
    press = sim.press(wang, card, "已上完")
    for url in (
        "https://example.com",
        "t.me/other_bot?start=a",
        "t.me/xiaoan_bot?startgroup=a",
        "t.me/xiaoan_bot",
    ):
        with pytest.raises(BadRequest, match="Url_invalid"):
            await bot.answer_callback_query(press.query.id, url=url)
    await bot.answer_callback_query(press.query.id, url="t.me/xiaoan_bot?start=K7MP")
    sim.follow(wang, press.answer.url)
    assert sim.last(wang).text == "/start K7MP"


async def test_waiting_for_an_answer_that_never_comes_ends(sim, wang, card):
    with pytest.raises(TimeoutError):
        await sim.press(wang, card, "已上完").answered(timeout=0.01)

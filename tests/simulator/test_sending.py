import pytest
import telegram

from bot import simulator


async def test_a_person_opens_the_chat_and_the_bot_answers_them(sim, bot, wang):
    sim.open(wang, "K7MP-3QWD")
    (update,) = await bot.get_updates(timeout=1)
    assert update.message.text == "/start K7MP-3QWD"
    assert update.message.from_user.id == wang.id
    await bot.send_message(wang.id, "<b>您好</b> &amp; 欢迎", parse_mode="HTML")
    assert sim.last(wang).text == "您好 & 欢迎"
    assert sim.last(wang).entities[0].type == "bold"


async def test_a_press_is_delivered_and_its_answer_is_seen(sim, bot, wang, group):
    keyboard = telegram.InlineKeyboardMarkup.from_button(
        telegram.InlineKeyboardButton("✅ 已上完", callback_data="v1:7:1:yes")
    )
    sent = await bot.send_message(group.id, "上课了吗", reply_markup=keyboard)
    press = sim.press(wang, sim.last(group), "已上完")
    (update,) = await bot.get_updates(timeout=1)
    assert update.callback_query.data == "v1:7:1:yes"
    assert update.callback_query.message.message_id == sent.message_id
    await update.callback_query.answer("收到", show_alert=True)
    assert await press.answered() == simulator.Answer("收到", True, None)


async def test_an_empty_text_is_refused(sim, bot, wang):
    sim.open(wang)
    with pytest.raises(telegram.error.BadRequest, match="Message text is empty"):
        await bot.send_message(wang.id, "")

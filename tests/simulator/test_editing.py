import pytest
import telegram
from telegram.error import BadRequest

Inline = telegram.InlineKeyboardMarkup
Key = telegram.InlineKeyboardButton
YES = Inline.from_button(Key("✅", callback_data="y"))


@pytest.fixture
async def card(bot, group):
    """A message of the bot with one button."""
    return await bot.send_message(group.id, "一", reply_markup=YES)


async def test_an_edit_changes_what_people_see_in_place(sim, bot, group, card):
    edited = await bot.edit_message_text("二", group.id, card.message_id, reply_markup=YES)
    seen = sim.last(group)
    assert (seen.id, seen.text, seen.edits, seen.history) == (card.message_id, "二", 1, ["一"])
    assert seen.button_texts == ["✅"]
    assert edited.edit_date is not None
    assert seen.edited_at is not None


async def test_an_edit_without_markup_takes_the_buttons_away(sim, bot, group, card):
    await bot.edit_message_text("二", group.id, card.message_id)
    assert sim.last(group).buttons == ()


async def test_an_edit_that_changes_nothing_is_refused(bot, group, card):
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content"):
        await bot.edit_message_text("一", group.id, card.message_id, reply_markup=YES)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_reply_markup(group.id, card.message_id, reply_markup=YES)


async def test_a_message_that_is_gone_cannot_be_edited(sim, bot, group, card):
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("二", group.id, 999)
    await bot.delete_message(group.id, card.message_id)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("二", group.id, card.message_id)
    assert sim.messages(group)[-1].kind == "service"


@pytest.mark.parametrize("markup", [telegram.ForceReply(), telegram.ReplyKeyboardMarkup([["a"]])])
async def test_a_message_sent_with_another_keyboard_can_never_be_edited(sim, bot, wang, markup):
    sim.open(wang)
    sent = await bot.send_message(wang.id, "一", reply_markup=markup)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("二", wang.id, sent.message_id)


async def test_a_person_s_message_cannot_be_edited(sim, bot, wang):
    said = sim.open(wang)
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("二", wang.id, said.id)


async def test_an_edit_takes_inline_keyboards_only(bot, group, card):
    with pytest.raises(BadRequest, match="Inline keyboard expected"):
        await bot.edit_message_text("二", group.id, card.message_id, reply_markup=telegram.ForceReply())


async def test_markup_alone_is_edited_and_removed(sim, bot, group, card):
    await bot.edit_message_reply_markup(
        group.id, card.message_id, reply_markup=Inline.from_button(Key("二", callback_data="2"))
    )
    assert sim.last(group).button_texts == ["二"]
    await bot.edit_message_reply_markup(group.id, card.message_id)
    assert sim.last(group).button_texts == []


async def test_captions_and_texts_are_edited_each_by_their_method(sim, bot, group, card):
    file = await bot.send_document(group.id, b"x", caption="一")
    await bot.edit_message_caption(group.id, file.message_id, caption="二")
    assert sim.last(group).text == "二"
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("三", group.id, file.message_id)
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(group.id, card.message_id, caption="三")


async def test_edits_have_no_age_limit_and_deletions_have_48_hours(bot, group, card, clock):
    clock.forward(hours=48)
    fresh = await bot.send_message(group.id, "新")
    clock.forward(minutes=1)
    await bot.edit_message_text("二", group.id, card.message_id)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(group.id, card.message_id)
    await bot.delete_message(group.id, fresh.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(group.id, fresh.message_id)


async def test_others_messages_are_deleted_by_administrators_only(sim, bot, wang, group):
    said = sim.send(wang, group, "话")
    with pytest.raises(BadRequest, match="Message can't be deleted"):
        await bot.delete_message(group.id, said.id)
    sim.promote(group)
    await bot.delete_message(group.id, said.id)
    assert said.deleted


async def test_pinning_in_a_group_needs_an_administrator(sim, bot, group, card):
    with pytest.raises(BadRequest, match="Not enough rights to manage pinned messages in the chat"):
        await bot.pin_chat_message(group.id, card.message_id)
    sim.promote(group)
    with pytest.raises(BadRequest, match="Message to pin not found"):
        await bot.pin_chat_message(group.id, 999)
    await bot.pin_chat_message(group.id, card.message_id)
    assert group.pinned == [card.message_id]
    assert (await bot.get_chat(group.id)).pinned_message.message_id == card.message_id
    await bot.unpin_chat_message(group.id, card.message_id)
    assert group.pinned == []

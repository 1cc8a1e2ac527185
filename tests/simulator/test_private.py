import pytest
import telegram

from bot import simulator


async def messages(bot: telegram.Bot) -> list[telegram.Message]:
    """Return the messages the bot has not confirmed yet."""
    return [update.message for update in await bot.get_updates() if update.message]


async def test_start_carries_the_payload_of_a_link(sim, bot, wang):
    sim.open(wang)
    sim.follow(wang, "https://t.me/xiaoan_bot?start=K7MP3QWD")
    plain, linked = await messages(bot)
    assert (plain.text, linked.text) == ("/start", "/start K7MP3QWD")
    assert plain.entities[0].type == "bot_command"


@pytest.mark.parametrize("payload", ["有字", "a b", "x" * 65, "a.b"])
def test_a_payload_that_no_link_can_carry_is_impossible(sim, wang, payload):
    with pytest.raises(simulator.Impossible, match="cannot stand in a deep link"):
        sim.open(wang, payload)


async def test_blocking_and_unblocking_are_told(sim, bot, wang):
    sim.open(wang)
    sim.block(wang)
    with pytest.raises(simulator.Impossible, match="blocked the bot"):
        sim.send(wang, wang, "在吗")
    sim.open(wang)
    changes = [update.my_chat_member for update in await bot.get_updates() if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["kicked", "member"]
    assert changes[0].chat.type == "private"


async def test_ones_own_number_is_shared_by_the_button_that_asks(sim, bot, wang):
    sim.open(wang)
    with pytest.raises(simulator.Impossible, match="no keyboard on screen asks"):
        sim.share_contact(wang)
    keyboard = telegram.ReplyKeyboardMarkup.from_button(
        telegram.KeyboardButton("发送我的手机号", request_contact=True)
    )
    await bot.send_message(wang.id, "请发手机号", reply_markup=keyboard)
    sim.tap(wang, "发送我的手机号")
    contact = (await messages(bot))[-1].contact
    assert (contact.phone_number, contact.user_id) == ("8613800000001", wang.id)


async def test_somebody_else_s_card_is_shared_without_a_button(sim, bot, wang, li):
    sim.open(wang)
    sim.share_contact(wang, contact_of=li)
    shared = (await messages(bot))[-1]
    assert (shared.contact.user_id, shared.from_user.id) == (li.id, wang.id)


async def test_voice_photo_and_document_can_be_fetched(sim, bot, wang):
    sim.open(wang)
    sim.send_voice(wang, wang, content=b"OggS...")
    sim.send_photo(wang, wang, caption="现场")
    sim.send_document(wang, wang, "整改.docx", content=b"docx")
    voice, photo, document = (await messages(bot))[1:]
    assert (voice.voice.mime_type, photo.caption, document.document.file_name) == (
        "audio/ogg",
        "现场",
        "整改.docx",
    )
    file = await document.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"docx"
    assert len(await (await photo.photo[0].get_file()).download_as_bytearray()) == photo.photo[0].file_size
    with pytest.raises(telegram.error.BadRequest, match="Invalid file_id"):
        await bot.get_file("nothing")


async def test_more_than_20_megabytes_are_not_given_back(sim, bot, wang):
    sim.open(wang)
    big = sim.send_document(wang, wang, content=bytes(20 * 1024 * 1024 + 1))
    with pytest.raises(telegram.error.BadRequest, match="File is too big"):
        await bot.get_file(big.file.id)


async def test_an_edit_by_a_person_is_told_apart_from_a_message(sim, bot, wang):
    said = sim.open(wang)
    sim.edit(said, "/help")
    updates = await bot.get_updates()
    assert updates[1].edited_message.text == "/help"
    assert updates[1].message is None


async def test_the_bot_describes_itself(bot):
    commands = [telegram.BotCommand("todo", "我的待办")]
    scope = telegram.BotCommandScopeAllGroupChats()
    await bot.set_my_commands(commands, scope=scope)
    assert await bot.get_my_commands(scope=scope) == tuple(commands)
    assert await bot.get_my_commands() == ()
    await bot.delete_my_commands(scope=scope)
    assert await bot.get_my_commands(scope=scope) == ()
    await bot.set_my_description("市教育局校园安全")
    assert (await bot.get_my_description()).description == "市教育局校园安全"
    await bot.set_my_short_description("校安")
    await bot.set_my_name("校安")
    await bot.set_chat_menu_button(menu_button=telegram.MenuButtonCommands())
    assert (await bot.get_chat_menu_button()).type == "commands"
    with pytest.raises(telegram.error.BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([telegram.BotCommand("待办", "x")])


async def test_the_bot_knows_who_it_is(bot):
    me = await bot.get_me()
    assert (me.username, me.is_bot, me.can_read_all_group_messages) == ("xiaoan_bot", True, False)
    assert await bot.log_out()
    assert await bot.close()

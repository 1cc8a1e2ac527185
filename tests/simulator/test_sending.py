import io
import struct

import pytest
import telegram
from PIL import Image
from telegram.error import BadRequest, Forbidden

from bot.simulator import files

Inline = telegram.InlineKeyboardMarkup
Key = telegram.InlineKeyboardButton


def png(width: int, height: int) -> bytes:
    raw = io.BytesIO()
    Image.new("1", (width, height)).save(raw, "PNG")
    return raw.getvalue()


async def test_a_message_stands_in_the_chat_as_people_see_it(sim, bot, wang):
    sim.open(wang)
    keyboard = Inline([[Key("✅", callback_data="y"), Key("复制", copy_text=telegram.CopyTextButton("文"))]])
    sent = await bot.send_message(wang.id, "好", reply_markup=keyboard, disable_notification=True)
    seen = sim.last(wang)
    assert (seen.id, seen.text, seen.from_bot, seen.silent) == (sent.message_id, "好", True, True)
    assert [(button.text, button.data, button.copy_text) for button in seen.buttons[0]] == [
        ("✅", "y", None),
        ("复制", None, "文"),
    ]
    assert sent.reply_markup == keyboard


async def test_an_empty_text_is_refused_before_the_chat_is_looked_at(bot):
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(0, "")


@pytest.mark.parametrize("chat_id", [0, -1, -1009999999999, 12345, "@nobody_here", "nonsense"])
async def test_an_unknown_chat_is_not_found(bot, chat_id):
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(chat_id, "x")


async def test_an_empty_chat_id_is_named(bot):
    with pytest.raises(BadRequest, match="Chat_id is empty"):
        await bot.send_message("", "x")


async def test_a_stranger_is_not_found_and_a_group_member_cannot_be_spoken_to_first(
    sim, bot, wang, li, group
):
    stranger = sim.add_user("生人")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(stranger.id, "x")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(wang.id, "x")


async def test_one_who_blocked_the_bot_is_not_reached_until_unblocked(sim, bot, wang):
    sim.open(wang)
    sim.block(wang)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(wang.id, "x")
    sim.unblock(wang)
    await bot.send_message(wang.id, "x")


async def test_a_deleted_account_is_not_reached(sim, bot, wang):
    sim.open(wang)
    sim.deactivate(wang)
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(wang.id, "x")


async def test_a_bot_cannot_write_to_a_bot(sim, bot):
    other = sim.add_bot("7000002:other", "other_bot", "别的")
    with pytest.raises(Forbidden, match="the bot can't send messages to the bot"):
        await bot.send_message(other.id, "x")


# ── keyboards ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "x", "callback_data": "汉" * 22}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "callback_data": ""}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "x"}, "Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": "x"}, "can't parse inline keyboard button: Can't find field \"text\""),
        ({"text": "x", "url": "not-a-url"}, "URL 'not-a-url' is invalid: Wrong HTTP URL"),
        ({"text": "x", "url": "ftp://example.com"}, "is invalid: Unsupported URL protocol"),
        ({"text": "x", "copy_text": {"text": "x" * 257}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "x", "copy_text": {"text": ""}}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "x", "pay": True}, "BUTTON_TYPE_INVALID"),
    ],
)
async def test_wrong_buttons_are_refused_and_nothing_is_sent(sim, bot, wang, button, words):
    sim.open(wang)
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(wang.id, "x", api_kwargs={"reply_markup": {"inline_keyboard": [[button]]}})
    assert words.lower() in caught.value.message.lower()
    assert len(sim.messages(wang)) == 1


@pytest.mark.parametrize(
    "button",
    [
        {"text": "x", "callback_data": "v" * 64},
        {"text": "x", "url": "https://t.me/xiaoan_bot?start=a"},
        {"text": "x", "url": "tg://user?id=5"},
        {"text": "x", "copy_text": {"text": "汉" * 256}, "style": "success"},
    ],
)
async def test_good_buttons_pass(sim, bot, wang, button):
    sim.open(wang)
    await bot.send_message(wang.id, "x", api_kwargs={"reply_markup": {"inline_keyboard": [[button]]}})
    assert sim.last(wang).button_texts == ["x"]


async def test_a_button_without_words_vanishes_silently(sim, bot, wang):
    sim.open(wang)
    keyboard = [[{"text": "", "callback_data": "a"}], [{"text": "b", "callback_data": "b"}]]
    await bot.send_message(wang.id, "x", api_kwargs={"reply_markup": {"inline_keyboard": keyboard}})
    assert sim.last(wang).button_texts == ["b"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ({"inline_keyboard": "bad"}, 'field "inline_keyboard" must be of type Array'),
        ({"force_reply": "yes"}, 'field "force_reply" must be of type Boolean'),
        ({"keyboard": [["a"]], "selective": "yes"}, 'field "selective" must be of type Boolean'),
    ],
)
async def test_markup_of_the_wrong_type_is_refused(sim, bot, wang, markup, words):
    sim.open(wang)
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(wang.id, "x", api_kwargs={"reply_markup": markup})
    assert words.lower() in caught.value.message.lower()


async def test_a_phone_number_is_asked_for_in_private_chats_only(sim, bot, wang, group):
    keyboard = telegram.ReplyKeyboardMarkup.from_button(
        telegram.KeyboardButton("手机号", request_contact=True)
    )
    with pytest.raises(BadRequest, match="Phone number can be requested in private chats only"):
        await bot.send_message(group.id, "x", reply_markup=keyboard)
    sim.open(wang)
    await bot.send_message(wang.id, "x", reply_markup=keyboard)
    assert sim.keyboard(wang)[0][0].request_contact


async def test_a_reply_keyboard_stays_until_it_is_removed(sim, bot, wang):
    sim.open(wang)
    await bot.send_message(
        wang.id, "a", reply_markup=telegram.ReplyKeyboardMarkup.from_column(["待办", "汇总"])
    )
    await bot.send_message(wang.id, "b")
    assert [row[0].text for row in sim.keyboard(wang)] == ["待办", "汇总"]
    assert sim.tap(wang, "待办").text == "待办"
    await bot.send_message(wang.id, "c", reply_markup=telegram.ReplyKeyboardRemove())
    assert sim.keyboard(wang) == ()


# ── replies and options ──────────────────────────────────────────────────────────────────────────────


async def test_a_reply_names_its_message_or_is_refused(sim, bot, wang):
    first = sim.open(wang)
    sent = await bot.send_message(wang.id, "x", reply_parameters=telegram.ReplyParameters(first.id))
    assert sent.reply_to_message.message_id == first.id
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(wang.id, "x", reply_parameters=telegram.ReplyParameters(999))
    lenient = telegram.ReplyParameters(999, allow_sending_without_reply=True)
    assert (await bot.send_message(wang.id, "x", reply_parameters=lenient)).reply_to_message is None


async def test_effects_are_for_private_chats_and_broadcasts_are_not_paid(bot, group):
    with pytest.raises(BadRequest, match="Effect_id_invalid"):
        await bot.send_message(group.id, "x", message_effect_id="5")
    with pytest.raises(BadRequest, match="Floodskip_not_allowed"):
        await bot.send_message(group.id, "x", allow_paid_broadcast=True)


async def test_a_parameter_of_the_wrong_type_is_refused(sim, bot, wang):
    sim.open(wang)
    with pytest.raises(BadRequest, match='Field "message_thread_id" must be of type integer'):
        await bot.send_message(wang.id, "x", message_thread_id="first")


# ── files ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_document_is_sent_and_sent_again_by_its_id(sim, bot, wang):
    sim.open(wang)
    sent = await bot.send_document(
        wang.id, b"rows", filename="未报.xlsx", caption="<b>名单</b>", parse_mode="HTML"
    )
    seen = sim.last(wang)
    assert (seen.document.name, seen.document.content, seen.text) == ("未报.xlsx", b"rows", "名单")
    again = await bot.send_document(wang.id, sent.document.file_id)
    assert again.document.file_unique_id == sent.document.file_unique_id
    with pytest.raises(BadRequest, match="Wrong remote file identifier"):
        await bot.send_document(wang.id, "BQnothing")


async def test_a_photo_must_be_a_picture_of_sane_shape(sim, bot, wang):
    sim.open(wang)
    sent = await bot.send_photo(wang.id, png(300, 200), caption="表")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (300, 200)
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(wang.id, b"no picture")
    with pytest.raises(BadRequest, match="Photo_invalid_dimensions"):
        await bot.send_photo(wang.id, png(2100, 100))


def test_a_jpeg_is_measured():
    raw = io.BytesIO()
    Image.new("RGB", (123, 45)).save(raw, "JPEG")
    assert files._measure(raw.getvalue()) == (123, 45)
    assert files._measure(struct.pack(">H", 0xFFD8)) == (0, 0)


async def test_a_caption_has_1024_characters_at_most(sim, bot, wang):
    sim.open(wang)
    await bot.send_document(wang.id, b"x", caption="汉" * 1024)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_document(wang.id, b"x", caption="汉" * 1025)


async def test_an_empty_file_is_refused(sim, bot, wang):
    sim.open(wang)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(wang.id, b"")


async def test_a_message_is_copied_and_forwarded(sim, bot, wang, group):
    sim.open(wang)
    said = sim.send(wang, wang, "请看")
    await bot.copy_message(group.id, wang.id, said.id)
    assert sim.last(group).text == "请看"
    forwarded = await bot.forward_message(group.id, wang.id, said.id)
    assert forwarded.forward_origin.sender_user.id == wang.id


async def test_typing_is_shown_with_a_known_action_only(sim, bot, wang):
    sim.open(wang)
    assert await bot.send_chat_action(wang.id, "typing")
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(wang.id, "juggling")

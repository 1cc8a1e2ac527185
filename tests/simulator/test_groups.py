import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden

from bot import simulator


async def heard(bot: telegram.Bot) -> list[str]:
    """Return the texts of the messages the bot was given."""
    return [
        update.message.text for update in await bot.get_updates() if update.message and update.message.text
    ]


# ── privacy mode ─────────────────────────────────────────────────────────────────────────────────────


async def test_with_privacy_on_ordinary_words_and_mentions_are_not_heard(sim, bot, wang, group):
    sim.send(wang, group, "收到")
    sim.send(wang, group, "@xiaoan_bot 收到")
    sim.send(wang, group, "/todo")
    sim.send(wang, group, "/todo@other_bot")
    assert await bot.get_updates() == ()


async def test_commands_with_the_bot_s_name_are_heard(sim, bot, wang, group):
    sim.send(wang, group, "/todo@XiaoAn_bot 一")
    assert await heard(bot) == ["/todo@XiaoAn_bot 一"]


async def test_a_plain_command_is_heard_only_after_the_bot_posted_last(sim, bot, wang, group):
    await bot.send_message(group.id, "早")
    sim.send(wang, group, "闲话")
    sim.send(wang, group, "/todo")
    assert await heard(bot) == ["/todo"]


async def test_another_bot_s_post_takes_plain_commands_away_and_is_never_seen(sim, bot, wang, group):
    other = sim.add_bot("7000002:other", "other_bot", "别的")
    sim.promote(group)
    sim.add_bot_to(group, by=wang, bot=other)
    async with telegram.Bot(other.token, base_url=f"{sim.url}/bot") as second:
        await bot.send_message(group.id, "一")
        await second.send_message(group.id, "二")
    assert "二" not in await heard(bot)
    sim.demote(group)
    sim.send(wang, group, "/todo")
    assert await heard(bot) == []


async def test_replies_to_the_bot_are_heard_and_replies_to_people_are_not(sim, bot, wang, li, group):
    await bot.send_message(group.id, "请回复")
    card = sim.last(group)
    sim.send(wang, group, "东侧", reply_to=card)
    said = sim.send(wang, group, "大家好")
    sim.send(li, group, "你好", reply_to=said)
    assert await heard(bot) == ["东侧"]


async def test_an_administrator_bot_hears_everything(sim, bot, wang, group):
    sim.promote(group)
    sim.send(wang, group, "收到")
    updates = await bot.get_updates()
    assert [update.my_chat_member.new_chat_member.status for update in updates[:1]] == ["administrator"]
    assert updates[1].message.text == "收到"


async def test_a_bot_without_privacy_hears_everything(clock):
    async with simulator.Simulator(clock=clock) as sim:
        sim.add_bot("1:a", privacy=False)
        wang = sim.add_user("王")
        group = sim.add_group("群", [wang])
        sim.add_bot_to(group, by=wang)
        sim.send(wang, group, "收到")
        async with telegram.Bot("1:a", base_url=f"{sim.url}/bot") as bot:
            assert await heard(bot) == ["收到"]


async def test_service_messages_are_heard(sim, bot, wang, group):
    zhao = sim.add_user("赵")
    sim.join(group, zhao)
    sim.rename(group, "大河县群二")
    sim.leave(group, zhao)
    joined, renamed, left = [update.message for update in await bot.get_updates()]
    assert joined.new_chat_members[0].id == zhao.id
    assert renamed.new_chat_title == group.title == "大河县群二"
    assert left.left_chat_member.id == zhao.id


async def test_edits_follow_the_same_rule(sim, bot, wang, group):
    said = sim.send(wang, group, "/todo@xiaoan_bot")
    quiet = sim.send(wang, group, "闲话")
    sim.edit(said, "/help@xiaoan_bot")
    sim.edit(quiet, "别的闲话")
    updates = await bot.get_updates()
    assert [update.edited_message.text for update in updates if update.edited_message] == ["/help@xiaoan_bot"]


async def test_an_anonymous_administrator_speaks_as_the_group_and_presses_as_themselves(
    sim, bot, wang, group
):
    await bot.send_message(
        group.id,
        "请答",
        reply_markup=telegram.InlineKeyboardMarkup.from_button(
            telegram.InlineKeyboardButton("✅", callback_data="y")
        ),
    )
    card = sim.last(group)
    sim.send(wang, group, "好", reply_to=card, anonymous=True)
    sim.press(wang, card, "✅")
    said, pressed = await bot.get_updates()
    assert (said.message.from_user.id, said.message.sender_chat.id) == (1087968824, group.id)
    assert pressed.callback_query.from_user.id == wang.id


# ── joining and rights ───────────────────────────────────────────────────────────────────────────────


async def test_adding_the_bot_by_hand_tells_it_so_and_no_more(sim, bot, wang):
    group = sim.add_group("群", [wang])
    sim.add_bot_to(group, by=wang)
    added, service = await bot.get_updates()
    assert (added.my_chat_member.old_chat_member.status, added.my_chat_member.from_user.id) == (
        "left",
        wang.id,
    )
    assert service.message.new_chat_members[0].username == "xiaoan_bot"


async def test_a_startgroup_link_says_its_payload_aloud(sim, bot, wang):
    group = sim.add_group("群", [wang])
    sim.follow(wang, "https://t.me/xiaoan_bot?startgroup=K7MP", group)
    updates = await bot.get_updates()
    assert updates[0].my_chat_member
    assert updates[-1].message.text == sim.last(group).text == "/start@xiaoan_bot K7MP"


@pytest.mark.parametrize(("big", "noun"), [(False, "group"), (True, "supergroup")])
async def test_a_bot_put_out_is_told_and_refused(sim, bot, wang, big, noun):
    group = sim.add_group("群", [wang], supergroup=big)
    sim.add_bot_to(group, by=wang)
    sim.kick(group, by=wang)
    with pytest.raises(Forbidden, match=f"bot was kicked from the {noun} chat"):
        await bot.send_message(group.id, "x")
    last = (await bot.get_updates())[-1]
    assert last.my_chat_member.new_chat_member.status == "kicked"


async def test_a_bot_that_left_is_no_member(bot, group):
    await bot.leave_chat(group.id)
    with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
        await bot.send_message(group.id, "x")


async def test_a_group_the_bot_was_never_in_is_not_found(sim, bot, wang):
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(sim.add_group("别的", [wang]).id, "x")


@pytest.mark.parametrize("big", [False, True])
async def test_a_muted_bot_lacks_the_right_to_write_until_it_is_given_back(sim, bot, wang, big):
    group = sim.add_group("群", [wang], supergroup=big)
    sim.add_bot_to(group, by=wang)
    sim.mute(group)
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "x")
    with pytest.raises(BadRequest, match="Not enough rights to send documents to the chat"):
        await bot.send_document(group.id, b"x")
    sim.unmute(group)
    await bot.send_message(group.id, "x")


async def test_a_deleted_group_is_gone(sim, bot, group):
    sim.remove_group(group)
    with pytest.raises(Forbidden, match="the group chat was deleted"):
        await bot.send_message(group.id, "x")


async def test_members_can_be_asked_about(sim, bot, wang, li, group):
    sim.promote(group, li)
    assert (await bot.get_chat_member(group.id, wang.id)).status == "creator"
    assert (await bot.get_chat_member(group.id, sim.add_user("生人").id)).status == "left"
    assert {member.user.id for member in await bot.get_chat_administrators(group.id)} == {wang.id, li.id}
    assert await bot.get_chat_member_count(group.id) == 3
    chat = await bot.get_chat(group.id)
    assert (chat.title, chat.type, chat.permissions.can_send_messages) == ("大河县群", "group", True)
    with pytest.raises(BadRequest, match="Member not found"):
        await bot.get_chat_member(group.id, 99)


async def test_changes_of_other_members_reach_administrators_that_ask_for_them(sim, bot, wang, group):
    sim.promote(group)
    sim.join(group, sim.add_user("赵"))
    assert not any(update.chat_member for update in await bot.get_updates(allowed_updates=["chat_member"]))
    sim.join(group, sim.add_user("钱"))
    assert [bool(update.chat_member) for update in await bot.get_updates()][-1]


# ── upgrade ──────────────────────────────────────────────────────────────────────────────────────────


async def test_an_upgraded_group_sends_two_notes_and_refuses_with_the_new_address(sim, bot, wang, group):
    new = sim.upgrade(group)
    old_note, new_note = [update.message for update in await bot.get_updates()]
    assert (old_note.chat.id, old_note.migrate_to_chat_id) == (group.id, new.id)
    assert (new_note.chat.id, new_note.migrate_from_chat_id) == (new.id, group.id)
    assert -1_009_999_999_999 <= new.id <= -1_000_000_000_001
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(group.id, "x")
    assert caught.value.new_chat_id == new.id
    await bot.send_message(new.id, "x")
    with pytest.raises(simulator.Impossible, match="was upgraded"):
        sim.send(wang, group, "x")


async def test_the_notes_of_an_upgrade_may_be_lost(sim, bot, group):
    sim.upgrade(group, announce=False)
    assert await bot.get_updates() == ()


async def test_old_buttons_still_press_under_the_old_id_but_cannot_be_edited(sim, bot, wang, group):
    key = telegram.InlineKeyboardButton("✅", callback_data="y")
    await bot.send_message(group.id, "一", reply_markup=telegram.InlineKeyboardMarkup.from_button(key))
    card = sim.last(group)
    new = sim.upgrade(group, announce=False)
    press = sim.press(wang, card, "✅")
    (update,) = await bot.get_updates()
    assert update.callback_query.message.chat.id == group.id
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("二", group.id, card.id)
    await bot.answer_callback_query(press.query.id)
    assert sim.messages(new) == []


async def test_edits_after_an_upgrade_can_be_let_through(clock):
    async with simulator.Simulator(token="1:a", clock=clock, edits_after_upgrade=True) as sim:
        wang = sim.add_user("王")
        group = sim.add_group("群", [wang])
        sim.add_bot_to(group, by=wang)
        async with telegram.Bot("1:a", base_url=f"{sim.url}/bot") as bot:
            sent = await bot.send_message(group.id, "一")
            sim.upgrade(group)
            await bot.edit_message_text("二", group.id, sent.message_id)
        assert sim.find(group, "二").edits == 1


async def test_message_numbers_start_afresh_in_each_supergroup_only(sim, bot, wang, group):
    first = await bot.send_message(group.id, "x")
    sim.open(wang)
    second = await bot.send_message(wang.id, "x")
    assert second.message_id > first.message_id
    new = sim.upgrade(group)
    assert (await bot.send_message(new.id, "x")).message_id == 2


# ── topics and channels ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def forum(sim, wang):
    """A forum with the bot in it."""
    made = sim.add_group("论坛", [wang], supergroup=True)
    sim.add_bot_to(made, by=wang)
    sim.make_forum(made)
    return made


async def test_a_topic_is_written_to_until_it_is_closed_or_deleted(sim, bot, wang, forum):
    topic = sim.add_topic(forum, "安全")
    sent = await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    assert (sent.is_topic_message, sent.message_thread_id) == (True, topic.id)
    sim.close_topic(forum, topic)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    sim.reopen_topic(forum, topic)
    sim.delete_topic(forum, topic)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.id)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=999)
    await bot.send_message(forum.id, "x")


async def test_what_people_say_in_a_topic_names_it_and_its_first_message(sim, bot, wang, forum):
    topic = sim.add_topic(forum, "安全")
    sim.send(wang, forum, "/todo@xiaoan_bot", thread=topic)
    message = (await bot.get_updates())[-1].message
    assert (message.message_thread_id, message.is_topic_message) == (topic.id, True)
    assert message.reply_to_message.forum_topic_created.name == "安全"


async def test_a_reply_in_a_plain_supergroup_has_a_thread_that_is_no_topic(sim, bot, wang):
    group = sim.add_group("群", [wang], supergroup=True)
    sim.add_bot_to(group, by=wang)
    await bot.send_message(group.id, "一")
    card = sim.last(group)
    sim.send(wang, group, "答", reply_to=card)
    message = (await bot.get_updates())[-1].message
    assert (message.message_thread_id, message.is_topic_message) == (card.id, None)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=card.id)


async def test_a_channel_post_has_no_author(sim, bot, wang):
    channel = sim.add_channel("频道", wang)
    sim.add_bot_to(channel, by=wang)
    post = sim.send(wang, channel, "公告")
    sim.edit(post, "公告二")
    added, posted, edited = await bot.get_updates()
    assert added.my_chat_member.chat.type == "channel"
    assert (posted.channel_post.from_user, posted.channel_post.sender_chat.id) == (None, channel.id)
    assert edited.edited_channel_post.text == "公告二"

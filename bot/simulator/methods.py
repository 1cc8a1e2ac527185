"""The table of Bot API methods the pretend Telegram knows, by lower-case name."""

from collections.abc import Callable
from typing import Any

from bot.simulator import access, answering, chats, editing, polling, profile, sending

Method = Callable[[access.Ask], Any]

METHODS: dict[str, Method] = {
    name.lower(): method
    for name, method in {
        "getMe": profile.get_me,
        "logOut": profile.yes,
        "close": profile.yes,
        "setWebhook": polling.set_webhook,
        "deleteWebhook": polling.delete_webhook,
        "getWebhookInfo": polling.get_webhook_info,
        "sendMessage": sending.send_message,
        "sendDocument": sending.send_document,
        "sendPhoto": sending.send_photo,
        "sendVoice": sending.send_voice,
        "copyMessage": sending.copy_message,
        "forwardMessage": sending.forward_message,
        "sendChatAction": sending.send_chat_action,
        "getFile": sending.get_file,
        "editMessageText": editing.edit_message_text,
        "editMessageCaption": editing.edit_message_caption,
        "editMessageReplyMarkup": editing.edit_message_reply_markup,
        "deleteMessage": editing.delete_message,
        "deleteMessages": editing.delete_messages,
        "pinChatMessage": editing.pin_chat_message,
        "unpinChatMessage": editing.unpin_chat_message,
        "unpinAllChatMessages": editing.unpin_all_chat_messages,
        "answerCallbackQuery": answering.answer_callback_query,
        "getChat": chats.get_chat,
        "getChatMember": chats.get_chat_member,
        "getChatAdministrators": chats.get_chat_administrators,
        "getChatMemberCount": chats.get_chat_member_count,
        "leaveChat": chats.leave_chat,
        "createForumTopic": chats.create_forum_topic,
        "setMyName": profile.set_my_name,
        "getMyName": profile.get_my_name,
        "setMyDescription": profile.set_my_description,
        "getMyDescription": profile.get_my_description,
        "setMyShortDescription": profile.set_my_short_description,
        "getMyShortDescription": profile.get_my_short_description,
        "setMyCommands": profile.set_my_commands,
        "getMyCommands": profile.get_my_commands,
        "deleteMyCommands": profile.delete_my_commands,
        "setChatMenuButton": profile.set_chat_menu_button,
        "getChatMenuButton": profile.get_chat_menu_button,
    }.items()
}

"""Every way a call can end has a name, whatever words and codes Telegram finds for it."""

import datetime as dt

import pytest

from bot import errors, simulator
from bot.delivery.message import Button, Callback, Document, OutgoingMessage, Verdict
from bot.simulator import Fault
from bot.telegram import gateway

HELLO = OutgoingMessage("你好", rows=((Button("已落实", Callback("yes", 7, 1)),),))


async def test_a_send_says_which_message_it_is(out, sim: simulator.Simulator, group) -> None:
    outcome = await out.show(group.id, HELLO)
    assert outcome.verdict is Verdict.SENT
    assert outcome.message_id == sim.last(group).id


async def test_an_edit_shows_the_new_text_in_place(out, sim: simulator.Simulator, group) -> None:
    sent = await out.show(group.id, HELLO)
    outcome = await out.show(group.id, OutgoingMessage("再见", edit_of=sent.message_id))
    assert (outcome.verdict, outcome.message_id) == (Verdict.SENT, sent.message_id)
    assert sim.last(group).text == "再见"
    assert not sim.last(group).buttons


async def test_an_edit_that_changes_nothing_is_as_good_as_sent(out, group) -> None:
    sent = await out.show(group.id, HELLO)
    outcome = await out.show(group.id, OutgoingMessage(HELLO.html, HELLO.rows, edit_of=sent.message_id))
    assert outcome.verdict is Verdict.UNCHANGED


async def test_an_edit_of_a_deleted_message_is_lost(out, sim: simulator.Simulator, group) -> None:
    sent = await out.show(group.id, HELLO)
    sim.erase(sim.last(group))
    outcome = await out.show(group.id, OutgoingMessage("x", edit_of=sent.message_id))
    assert outcome.verdict is Verdict.LOST


async def test_deleting_twice_is_deleting_once(out, sim: simulator.Simulator, group) -> None:
    sent = await out.show(group.id, HELLO)
    gone = OutgoingMessage("", delete=True, edit_of=sent.message_id)
    assert (await out.show(group.id, gone)).verdict is Verdict.SENT
    assert (await out.show(group.id, gone)).verdict is Verdict.UNCHANGED


@pytest.mark.parametrize("how", ["kick", "remove_group"])
async def test_a_group_we_are_no_longer_in_is_gone(out, sim: simulator.Simulator, group, wang, how) -> None:
    if how == "kick":
        sim.kick(group, by=wang)
    else:
        sim.remove_group(group)
    assert (await out.show(group.id, HELLO)).verdict is Verdict.GONE


async def test_a_group_nobody_knows_is_gone(out) -> None:
    assert (await out.show(-1009999999999, HELLO)).verdict is Verdict.GONE


async def test_a_person_who_blocked_us_is_blocked(out, sim: simulator.Simulator, wang) -> None:
    sim.block(wang)
    assert (await out.show(wang.id, HELLO)).verdict is Verdict.BLOCKED


async def test_a_person_who_left_telegram_is_blocked(out, sim: simulator.Simulator, wang) -> None:
    sim.deactivate(wang)
    assert (await out.show(wang.id, HELLO)).verdict is Verdict.BLOCKED


async def test_a_person_who_never_opened_us_is_blocked(out, sim: simulator.Simulator) -> None:
    assert (await out.show(sim.add_user("陈").id, HELLO)).verdict is Verdict.BLOCKED


async def test_a_muted_group_can_be_mended(out, sim: simulator.Simulator, group) -> None:
    sim.mute(group)
    assert (await out.show(group.id, HELLO)).verdict is Verdict.MUTED


async def test_a_migrated_group_says_where_it_went(out, sim: simulator.Simulator, group) -> None:
    new = sim.upgrade(group)
    outcome = await out.show(group.id, HELLO)
    assert (outcome.verdict, outcome.moved_to) == (Verdict.MOVED, new.id)


async def test_a_closed_topic_can_be_mended(out, sim: simulator.Simulator, forum) -> None:
    topic = sim.add_topic(forum, "安全")
    sim.close_topic(forum, topic)
    assert (await out.show(forum.id, HELLO, thread_id=topic.id)).verdict is Verdict.MUTED


async def test_a_deleted_topic_does_not_lose_the_message(out, sim: simulator.Simulator, forum) -> None:
    topic = sim.add_topic(forum, "安全")
    sim.delete_topic(forum, topic)
    outcome = await out.show(forum.id, HELLO, thread_id=topic.id)
    assert (outcome.verdict, outcome.thread_lost) == (Verdict.SENT, True)
    assert sim.has(forum, "你好")


async def test_flood_control_says_how_long(out, sim: simulator.Simulator, group) -> None:
    sim.faults.add(Fault("sendMessage", "429", retry_after_s=7))
    outcome = await out.show(group.id, HELLO)
    assert (outcome.verdict, outcome.retry_after) == (Verdict.LATER, dt.timedelta(seconds=7))


@pytest.mark.parametrize("kind", ["5xx", "reset_before", "reset_after", "garbage"])
async def test_a_send_without_an_answer_is_uncertain(out, sim: simulator.Simulator, group, kind) -> None:
    sim.faults.add(Fault("sendMessage", kind))
    assert (await out.show(group.id, HELLO)).verdict is Verdict.UNCERTAIN


@pytest.mark.parametrize("kind", ["5xx", "reset_before", "reset_after", "garbage"])
async def test_an_edit_without_an_answer_may_simply_be_made_again(out, sim, group, kind) -> None:
    sent = await out.show(group.id, HELLO)
    sim.faults.add(Fault("editMessageText", kind))
    outcome = await out.show(group.id, OutgoingMessage("x", edit_of=sent.message_id))
    assert outcome.verdict is Verdict.NOT_SENT


@pytest.mark.parametrize("html", ["<b>offen", "", "x" * 4097, "<blink>x</blink>"])
async def test_what_telegram_will_not_take_is_our_fault(out, group, html) -> None:
    assert (await out.show(group.id, OutgoingMessage(html))).verdict is Verdict.REFUSED


async def test_a_button_too_long_never_leaves(out, sim: simulator.Simulator, group) -> None:
    long = OutgoingMessage("x", rows=((Button("x", Callback("a", args=("长" * 30,))),),))
    assert (await out.show(group.id, long)).verdict is Verdict.REFUSED
    assert not sim.calls_of("sendMessage")


async def test_a_token_telegram_does_not_know_ends_everything(sim: simulator.Simulator, group) -> None:
    stranger = gateway.Gateway.connect("7000009:someone-elses", sim.url)
    with pytest.raises(errors.Refused, match="BOT_TOKEN") as caught:
        await stranger.show(group.id, HELLO)
    assert "someone" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(errors.Refused, match="BOT_TOKEN"):
        await stranger.me()
    await stranger.close()


async def test_a_toast_too_late_is_nobodys_fault(out) -> None:
    await out.answer("12345", "好")


async def test_a_toast_is_cut_to_what_fits(out, sim: simulator.Simulator, group, wang) -> None:
    await out.show(group.id, HELLO)
    press = sim.press(wang, sim.last(group), "已落实")
    await out.answer(press.query.id, "好" * 300, alert=True)
    answer = await press.answered()
    assert answer.text == "好" * 200
    assert answer.show_alert


async def test_a_workbook_keeps_its_chinese_name(out, sim: simulator.Simulator, wang) -> None:
    message = OutgoingMessage("<b>汇总</b>", document=Document('汇总 "十月".xlsx', b"PK\x03\x04\r\n--x"))
    outcome = await out.show(wang.id, message)
    assert outcome.verdict is Verdict.SENT
    sent = sim.last(wang)
    assert sent.text == "汇总"
    assert "汇总" in str(sent.file)


async def test_the_first_key_shares_the_number_and_the_rest_come_in_twos(out, sim, wang) -> None:
    keys = OutgoingMessage("请登记", keyboard=("发手机号", "待办", "帮助", "我"), ask_phone=True)
    await out.show(wang.id, keys)
    rows = sim.keyboard(wang)
    assert [[key.text for key in row] for row in rows] == [["发手机号"], ["待办", "帮助"], ["我"]]
    assert rows[0][0].request_contact


async def test_a_reply_to_a_message_that_is_gone_is_sent_anyway(out, sim, group, wang) -> None:
    sim.promote(group)
    message = sim.send(wang, group, "hello")
    sim.erase(message)
    assert (await out.show(group.id, OutgoingMessage("x", reply_to=message.id))).verdict is Verdict.SENT

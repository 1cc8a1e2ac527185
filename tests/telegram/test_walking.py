"""The path everything stands on: a card goes out, a press comes in, the card is edited."""

from bot import simulator


async def test_a_card_is_sent_pressed_and_edited(rig, sim: simulator.Simulator, group, wang) -> None:
    async with rig.receiving(), rig.sending() as sending:
        await rig.show(group, "card", "7")
        await sim.until(lambda: sim.has(group, "卡片 7: 0"))
        press = sim.press(wang, sim.last(group), "已落实")
        assert (await press.answered()).text == "已记录"
        assert await rig.heard() == ["yes"]
        await rig.show(group, "card", "7")
        await sim.until(lambda: sim.has(group, "卡片 7: 1"))
        await sending.until_idle()
    assert len(sim.messages(group)) == 1 + len([m for m in sim.messages(group) if not m.from_bot])
    assert await rig.states() == ["sent", "sent"]


async def test_a_private_message_is_heard_and_answered(rig, sim: simulator.Simulator, wang) -> None:
    async with rig.receiving():
        sim.send(wang, wang, "say hello")
        await sim.until(lambda: sim.has(wang, "好"))
    assert await rig.heard() == ["say hello"]

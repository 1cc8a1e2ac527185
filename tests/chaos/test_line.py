"""What was on the line when it was cut is known: a send that left and was not answered may have arrived."""

import asyncio

from bot.delivery.message import OutgoingMessage, Verdict
from bot.telegram import gateway
from tests.chaos import line


async def test_a_send_on_the_line_when_it_is_cut_is_in_doubt() -> None:
    arrived = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            if b"chat_id" in chunk:
                arrived.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server, line.opened(server.sockets[0].getsockname()[1]) as wire:
        tg = gateway.Gateway.connect("1:token", wire.url)
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(tg.show(-4000012, OutgoingMessage("消防自查")))
            await arrived.wait()
            wire.cut()
        await tg.close()
        assert call.result().verdict is Verdict.UNCERTAIN
        assert wire.doubtful == {-4000012: 1}

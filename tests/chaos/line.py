"""The line between the bot and the pretend Telegram, which can be cut: then nobody answers the door."""

import asyncio
import collections
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

CHUNK_BYTES = 1 << 16
SEND = re.compile(rb'/sendMessage .*"chat_id": (-?\d+)', re.DOTALL)


@dataclass(eq=False, slots=True)
class _Call:
    """One connection: what was asked on it since the last answer."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    asked: bytearray = field(default_factory=bytearray)


class Line:
    """Passes everything on while it is whole.

    Attributes:
        url: where the bot finds Telegram, also after the line was cut.
        doubtful: how many sends to each chat had left, and were not answered, when the line was cut.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._port = 0
        self._server: asyncio.Server | None = None
        self._calls: set[_Call] = set()
        self.doubtful: collections.Counter[int] = collections.Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def mend(self) -> None:
        """Whoever calls is put through."""
        self._server = await asyncio.start_server(self._put_through, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Every connection breaks at once, and nobody listens."""
        assert self._server is not None
        self._server.close()
        for call in self._calls:
            if sent := SEND.search(bytes(call.asked)):
                self.doubtful[int(sent[1])] += 1
            for writer in call.writers:
                writer.transport.abort()

    async def _put_through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, to_there = await asyncio.open_connection("127.0.0.1", self._to_port)
        except OSError:
            writer.transport.abort()
            return
        call = _Call((writer, to_there))
        self._calls.add(call)
        try:
            await asyncio.gather(_pass(reader, to_there, call.asked, asks=True),
                                 _pass(there, writer, call.asked, asks=False))  # fmt: skip
        finally:
            self._calls.discard(call)
            for each in call.writers:
                each.transport.abort()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: bytearray, *, asks: bool
) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES):
            if asks:
                asked += chunk
            else:
                asked.clear()
            writer.write(chunk)
            await writer.drain()
    writer.transport.abort()


@contextlib.asynccontextmanager
async def opened(to_port: int) -> AsyncIterator[Line]:
    """A whole line to this port."""
    made = Line(to_port)
    await made.mend()
    try:
        yield made
    finally:
        made.cut()
        await asyncio.sleep(0)

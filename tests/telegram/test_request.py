"""The transport tells what surely never left from what may have, and never says the token."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import telegram
from telegram import error
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.telegram import request

TOKEN = "7000001:a-very-secret-token"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def transport() -> AsyncIterator[request.AiohttpRequest]:
    made = request.AiohttpRequest(connections=1, connect_for_s=0.3, read_for_s=0.3)
    yield made
    await made.shutdown()


@pytest.fixture
async def server() -> AsyncIterator[Callable[[bytes | None], Awaitable[str]]]:
    """A server that answers each request with the same bytes; None reads and stays silent, b"" hangs up."""
    running: list[asyncio.Server] = []
    closing = asyncio.Event()

    async def start(answer: bytes | None) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await closing.wait()
            else:
                writer.write(answer)
                await writer.drain()
            writer.close()

        made = await asyncio.start_server(serve, "127.0.0.1", 0)
        running.append(made)
        return f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}/bot{TOKEN}/sendMessage"

    yield start
    closing.set()
    for made in running:
        made.close()


def page(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


async def fault_of(transport: request.AiohttpRequest, url: str) -> error.TelegramError:
    with pytest.raises(error.TelegramError) as caught:
        await transport.post(url, RequestData([RequestParameter.from_input("text", "x")]))
    seen: BaseException | None = caught.value
    while seen is not None:
        assert "secret" not in f"{seen!r} {seen}"
        seen = seen.__cause__
    return caught.value


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/bot{}/x", "http://no.such.host.invalid/bot{}/x", "gopher://x/bot{}/x", "http:///{}"],
)
async def test_what_cannot_be_reached_was_not_sent(transport, url) -> None:
    assert isinstance(await fault_of(transport, url.format(TOKEN)), request.NotSent)


async def test_silence_is_uncertain(transport, server) -> None:
    assert isinstance(await fault_of(transport, await server(None)), request.Uncertain)


async def test_hanging_up_is_uncertain(transport, server) -> None:
    assert isinstance(await fault_of(transport, await server(b"")), request.Uncertain)


async def test_half_an_answer_is_uncertain(transport, server) -> None:
    half = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":'
    assert isinstance(await fault_of(transport, await server(half)), request.Uncertain)


async def test_no_free_connection_means_not_sent(transport, server) -> None:
    url = await server(None)
    first = transport.post(url, read_timeout=2)
    faults = await asyncio.gather(first, transport.post(url), return_exceptions=True)
    assert [type(fault) for fault in faults] == [request.Uncertain, request.NotSent]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("502 Bad Gateway", request.Uncertain),
        ("403 Forbidden", request.NotSent),
        ("404 Not Found", request.NotSent),  # not: our token is wrong
        ("413 Too Large", error.BadRequest),
    ],
)
async def test_a_proxys_page_is_not_taken_for_telegrams_answer(transport, server, status, kind) -> None:
    fault = await fault_of(transport, await server(page(status, "<html>nginx</html>")))
    assert type(fault) is kind


@pytest.mark.parametrize("body", ["<html>sign in</html>", "[1]", ""])
async def test_an_answer_nobody_can_read_is_uncertain(transport, server, body) -> None:
    assert isinstance(await fault_of(transport, await server(page("200 OK", body))), request.Uncertain)


async def test_a_redirect_is_not_followed_with_the_token(transport, server) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    assert isinstance(await fault_of(transport, await server(moved)), request.NotSent)


async def test_flood_control_without_a_number_still_waits(transport, server) -> None:
    body = '{"ok":false,"error_code":429,"description":"Too Many Requests"}'
    fault = await fault_of(transport, await server(page("429 Too Many Requests", body)))
    assert isinstance(fault, request.TooMany)
    assert fault.retry_after == dt.timedelta(seconds=1)


async def test_a_closed_transport_opens_again(sim) -> None:
    transport = request.AiohttpRequest()
    async with telegram.Bot(sim.bot.token, base_url=f"{sim.url}/bot", request=transport) as bot:
        await transport.shutdown()
        assert (await bot.get_me()).id == sim.bot.id

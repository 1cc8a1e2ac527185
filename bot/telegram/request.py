"""HTTP for python-telegram-bot on aiohttp, with errors that tell what surely never left from what may have.

The library's own transport searches its connection pool in O(n²) and gives one error for both; a reminder
repeated after the wrong one is a reminder sent twice.
"""

import datetime as dt
import json
import math
import secrets
import time
import urllib.request
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import aiohttp
import yarl
from telegram import error, request
from telegram._utils import defaultvalue, types

from bot import metrics

CONNECTIONS = 40  # the sender's 32 calls, and room for toasts and replies beside them
CONNECT_FOR_S = 5.0  # name, TCP, TLS, and the wait for a free connection
READ_FOR_S = 15.0  # silence after which an answer is given up; Telegram itself takes up to 10 s under load
WRITE_FOR_S = 60.0  # a 50 MB upload on a slow line
KEPT_FOR_S = 30.0  # idle connections; below the 75 s of the server, so that it is not the one to close first

Seconds: TypeAlias = types.ODVInput[float]


class NotSent(error.NetworkError):
    """The request certainly did not reach Telegram: it may simply be made again."""


class Uncertain(error.TimedOut):
    """The request left and no answer came: Telegram may or may not have done it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class TooMany(error.TelegramError):
    """Flood control. The library's own `RetryAfter` warns of its future whenever it is made or read."""

    def __init__(self, retry_after: dt.timedelta) -> None:
        super().__init__(f"Too Many Requests: retry after {retry_after.total_seconds():g}")
        self.retry_after = retry_after


class AiohttpRequest(request.BaseRequest):
    """A bounded set of connections to one Bot API server.

    Give calls and getUpdates one each: a long poll must never take a call's connection.

    Args:
        connections: how many at most; a call that finds none free within `connect_for_s` is `NotSent`.
        connect_for_s: limit for getting a connection.
        read_for_s: limit for each silence while waiting for the answer.

    Attributes:
        answered_at_s: when the server last answered anything, on the monotonic clock.
    """

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        connect_for_s: float = CONNECT_FOR_S,
        read_for_s: float = READ_FOR_S,
    ) -> None:
        self._connections = connections
        self._connect_for_s = connect_for_s
        self._read_for_s = read_for_s
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, str], str | None] = {}
        self.answered_at_s = -math.inf

    @property
    def read_timeout(self) -> float | None:
        """The limit for each silence while waiting for an answer, in seconds."""
        return self._read_for_s

    async def initialize(self) -> None:
        """Nothing to do: the session is opened by the first request, in its event loop."""

    async def shutdown(self) -> None:
        """Close every connection; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: request.RequestData | None = None,
        read_timeout: Seconds = request.BaseRequest.DEFAULT_NONE,
        write_timeout: Seconds = request.BaseRequest.DEFAULT_NONE,
        connect_timeout: Seconds = request.BaseRequest.DEFAULT_NONE,
        pool_timeout: Seconds = request.BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request.

        Raises:
            NotSent: nothing left, or something that is not a Bot API server turned it away.
            Uncertain: it left, and no answer came.
            TooMany: flood control turned it away.
        """
        del pool_timeout  # part of connecting here
        connect_s = _seconds(connect_timeout, self._connect_for_s)
        read_s = _seconds(read_timeout, self._read_for_s)
        write_s = _seconds(write_timeout, WRITE_FOR_S)
        limits = aiohttp.ClientTimeout(
            total=connect_s + write_s + read_s, connect=connect_s, sock_read=read_s
        )
        headers, body = _encode(request_data)
        try:
            address = yarl.URL(url, encoded=True)
            async with self._open().request(
                method,
                address,
                proxy=self._proxy_to(address),
                data=body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
            ) as response:
                answer = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            raise _named(fault) from _harmless(fault)
        _refuse_strangers(*answer)
        self.answered_at_s = time.monotonic()
        if answer[0] == 429:
            metrics.TOO_MANY.inc()
            raise TooMany(_patience(self.parse_json_payload(answer[1])))
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, keepalive_timeout=KEPT_FOR_S, ttl_dns_cache=60
                ),
                headers={"User-Agent": self.USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _proxy_to(self, address: yarl.URL) -> str | None:
        """An office's proxy, as the environment has it; looked up once: aiohttp would start a thread a call."""
        there = address.scheme, address.host or ""
        if there not in self._proxies:
            is_direct = bool(urllib.request.proxy_bypass(there[1]))
            known = urllib.request.getproxies()
            self._proxies[there] = None if is_direct else known.get(there[0])
        return self._proxies[there]

    @staticmethod
    def parse_json_payload(payload: bytes) -> types.JSONDict:
        """As the library does it, but without copying what cannot be read into the log."""
        try:
            parsed = json.loads(payload.decode("utf-8", "replace"))
        except ValueError as fault:
            raise Uncertain("answer is not JSON") from fault
        if not isinstance(parsed, dict):
            raise Uncertain("answer is not a JSON object")
        return cast("types.JSONDict", parsed)


def _seconds(given: Seconds, default: float) -> float:
    value = defaultvalue.DefaultValue.get_value(given)
    return default if value is None else value


def _encode(data: request.RequestData | None) -> tuple[dict[str, str], bytes | None]:
    if data is None:
        return {}, None
    if data.contains_files:
        return _multipart(data.json_parameters, data.multipart_data)
    return {"Content-Type": "application/json"}, json.dumps(data.parameters).encode()


def _multipart(words: Mapping[str, str], files: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Fields and files as one body; names stand in plain UTF-8, or 汇总.xlsx would arrive percent-encoded."""
    boundary = secrets.token_hex(16)
    body = bytearray()
    for name, value in words.items():
        body += _part(boundary, name) + b"\r\n" + value.encode() + b"\r\n"
    for name, (filename, content, kind) in files.items():
        body += _part(boundary, name, filename) + f"Content-Type: {kind}\r\n\r\n".encode()
        body += (content if isinstance(content, bytes) else content.read()) + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, bytes(body)


def _part(boundary: str, name: str, filename: str = "") -> bytes:
    file = f'; filename="{_quoted(filename)}"' if filename else ""
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"{file}\r\n'.encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _named(fault: Exception) -> error.NetworkError:
    """What happened, in words that cannot hold the URL: the token is part of it."""
    words = type(fault).__name__
    if isinstance(fault, OSError) and fault.errno:
        words += f" errno {fault.errno}"
    if isinstance(
        fault,
        aiohttp.ClientConnectorError
        | aiohttp.ClientHttpProxyError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.InvalidURL
        | aiohttp.NonHttpUrlClientError,
    ):
        return NotSent(words)
    return Uncertain(words)


def _harmless(fault: Exception) -> Exception | None:
    """The cause to show beside our error; none where its text would hold the URL."""
    tells = aiohttp.ClientResponseError | aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError
    return None if isinstance(fault, tells) else fault


def _patience(answer: types.JSONDict) -> dt.timedelta:
    parameters = answer.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return dt.timedelta(seconds=seconds if isinstance(seconds, int | float) else 1)


def _refuse_strangers(status: int, body: bytes) -> None:
    """Tell a proxy's page from an answer of the Bot API, which is always a JSON object."""
    if status < 300 or body.lstrip()[:1] == b"{":
        return
    if status == 413:
        raise error.BadRequest("Request Entity Too Large")
    if status >= 500:
        raise Uncertain(f"HTTP {status} from a proxy")
    raise NotSent(f"HTTP {status} from something that is not a Bot API server")

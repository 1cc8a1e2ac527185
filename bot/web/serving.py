"""uvicorn as one task of ours: our socket, our signals, our log."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import structlog
import uvicorn

from bot import errors
from bot.web.door import Door

log = structlog.get_logger()

END_WITHIN_S = 5  # what is being answered is answered; whoever only keeps a connection is left
KEPT_FOR_S = 75  # an idle connection; a proxy in front must be the one to close first


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the application's, which stops what handles updates before this."""
        yield


@contextlib.asynccontextmanager
async def opened(door: Door, host: str, port: int) -> AsyncIterator[str]:
    """The door is open, and closed afterwards when what is under way has been answered; yields its address.

    Raises:
        Refused: nobody can listen there.
    """
    with _listening(host, port) as listener:
        server = _Server(
            uvicorn.Config(
                door.application(), loop="none", http="h11", ws="none", lifespan="off",
                log_config=None, access_log=False, server_header=False, proxy_headers=False,
                timeout_keep_alive=KEPT_FOR_S, timeout_graceful_shutdown=END_WITHIN_S,
            )
        )  # fmt: skip
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listener]))
            name, number, *_ = listener.getsockname()
            log.info("door_open", host=name, port=number)
            try:
                yield f"http://{f'[{name}]' if ':' in name else name}:{number}"
            finally:
                server.should_exit = True


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as fault:
        raise errors.Refused(
            f"HOST={host} PORT={port} 打不开:{fault.strerror or fault},换一个端口,或停掉占用它的程序"
        ) from fault
    with contextlib.closing(listener):
        listener.setblocking(False)
        yield listener

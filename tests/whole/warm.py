"""A process with the product already imported that forks itself for every command: a second of imports, once.

The child is `python -m bot …` in everything but that second: its own environment, folder, standard streams and
exit status. Its wall clock is moved by as many seconds as the file named in WHOLE_CLOCK says, where one is named.
"""

import asyncio
import contextlib
import datetime as dt
import gc
import importlib
import json
import os
import pathlib
import select
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

MESSAGE_BYTES = 1 << 16
LOOKS_EVERY_S = 0.2  # a city of twenty units is looked through in milliseconds
DEAD_AFTER_S = 3.0  # a heart that has stopped is told sooner than after the minute there is in earnest


# ── the test's side ────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Child:
    """A command under way."""

    pid: int
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    returncode: int | None = None

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Its exit status; negative: the signal that ended it."""
        if self.returncode is None:
            self.returncode = int(await self._reader.readline())
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        return self.returncode


@dataclass(frozen=True, slots=True)
class Warm:
    """Where the forking process listens."""

    address: pathlib.Path

    async def spawn(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: pathlib.Path,
        out: IO[Any],
        err: IO[Any],
    ) -> Child:
        """The command runs, writing to these files."""
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(self.address))
        wanted = {"arguments": list(arguments), "environment": dict(environment), "folder": str(folder)}
        socket.send_fds(line, [json.dumps(wanted).encode()], [out.fileno(), err.fileno()])
        reader, writer = await asyncio.open_unix_connection(sock=line)
        return Child(int(await reader.readline()), reader, writer)


@contextlib.asynccontextmanager
async def process(folder: pathlib.Path, environment: Mapping[str, str]) -> AsyncIterator[Warm]:
    """The forking process, ended with the block (or with us: its standard input closes)."""
    address = folder / f"warm-{os.getpid()}"
    started = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(address),
        env=dict(environment), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert started.stdin is not None
    assert started.stdout is not None
    assert await started.stdout.readline() == b"ready\n"
    yield Warm(address)
    started.stdin.close()
    await started.wait()


# ── the other side ─────────────────────────────────────────────────────────────────────────────────


def _serve(address: str) -> None:
    from bot import clock  # noqa: PLC0415

    clock.system = _now  # before anybody takes it as a default
    from bot import cli  # noqa: PLC0415

    for group in cli.GROUPS:  # the seconds this is all about: the command line brings what is asked for only
        importlib.import_module(f"{cli.__name__}.{group}")
    _hurry()
    gc.collect()
    gc.freeze()  # a child that looked through all of it would have to copy it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([door, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            line, _ = door.accept()
            if os.fork() == 0:
                door.close()
                _mind(line)
            line.close()


def _hurry() -> None:
    """Nobody tells the bot that a test has moved its clock, or that a command beside it has written: it looks often."""
    from bot import app  # noqa: PLC0415
    from bot.telegram import sender  # noqa: PLC0415

    app.TICK_EVERY = dt.timedelta(seconds=LOOKS_EVERY_S)
    sender.LOOK_EVERY_S = LOOKS_EVERY_S
    sender.BEAT_EVERY_S, sender.DEAD_AFTER_S = LOOKS_EVERY_S, DEAD_AFTER_S


def _now() -> dt.datetime:
    file = os.environ.get("WHOLE_CLOCK")  # noqa: TID251 (the tests' own)
    moved = dt.timedelta(seconds=float(pathlib.Path(file).read_text()) if file else 0)
    return dt.datetime.now(dt.UTC) + moved  # noqa: TID251


def _mind(line: socket.socket) -> None:
    """Fork the command, tell its number, and in the end its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, (out, err, *_), _, _ = socket.recv_fds(line, MESSAGE_BYTES, 2)
    pid = os.fork()
    if pid == 0:
        line.close()
        _become(json.loads(text), out, err)
    line.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(wanted: dict[str, Any], out: int, err: int) -> None:
    status: object = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(wanted["folder"])
        os.environ.clear()  # noqa: TID251
        os.environ.update(wanted["environment"])  # noqa: TID251
        sys.argv = ["xiaoan", *wanted["arguments"]]
        from bot import __main__  # noqa: PLC0415

        __main__.main()
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001  # as the interpreter would
        sys.excepthook(*sys.exc_info())
        status = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    _serve(sys.argv[1])

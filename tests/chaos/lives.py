"""Processes of the whole bot that are forked from one which has imported it, and die where they are told to.

`python lives.py` says `ready`, reads a line of JSON for every life to begin, and writes what becomes of each: `born
PID`, `works PID` at the first step it takes, `at PID STEP` when it ends itself there, and `died PID STATUS`.
"""

import asyncio
import contextlib
import datetime as dt
import gc
import json
import mmap
import os
import pathlib
import signal
import struct
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).parents[2]
BEAT_EVERY_S, DEAD_AFTER_S = (
    0.5,
    6,
)  # a minute of the others' silence is too long to wait for after every few deaths
SECONDS = struct.Struct("d")


class Clock:
    """The machine's clock, moved by as much as a shared file says: all lives leap at once."""

    def __init__(self, file: pathlib.Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(SECONDS.pack(0.0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), SECONDS.size)

    def __call__(self) -> dt.datetime:
        (offset_s,) = SECONDS.unpack_from(self._shared)
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=offset_s)  # noqa: TID251

    def leap(self, seconds: float) -> None:
        """So much later."""
        (offset_s,) = SECONDS.unpack_from(self._shared)
        SECONDS.pack_into(self._shared, 0, offset_s + seconds)


# ── the test's side ────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Life:
    """A process of the bot.

    Attributes:
        step: where it ended itself; '' if it did not.
        status: its exit status; negative: the signal that ended it. None while it lives.
    """

    pid: int
    step: str = ""
    status: int | None = None
    works: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it still lives."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Forge:
    """Where lives come from.

    Attributes:
        clock: what all lives go by.
        folder: for what they write.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: pathlib.Path, clock: Clock) -> None:
        self._process = process
        self.folder, self.clock = folder, clock
        self._lives: dict[int, Life] = {}
        self._born: asyncio.Queue[Life] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()

    async def begin(self, settings: Mapping[str, object], *, step: str = "", nth: int = 0) -> Life:
        """A new life with these settings, which ends at the nth time of that step; '' lets it live."""
        assert self._process.stdin is not None
        wanted = {"settings": settings, "step": step, "nth": nth}
        async with self._one_at_a_time:
            self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
            return await self._born.get()

    async def listen(self) -> None:
        """Hear what becomes of the lives, until the forge closes."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            what, pid, *more = line.decode().split()
            if what == "born":
                self._lives[int(pid)] = life = Life(int(pid))
                self._born.put_nowait(life)
            elif what == "works":
                self._lives[int(pid)].works.set()
            elif what == "at":
                self._lives[int(pid)].step = more[0]
            else:
                life = self._lives.pop(int(pid))
                life.status = int(more[0])
                life.works.set()
                life.ended.set()

    def end_all(self) -> None:
        """No life is left in a moment."""
        for life in self._lives.values():
            life.end()


@contextlib.asynccontextmanager
async def forge(folder: pathlib.Path) -> AsyncIterator[Forge]:
    """The process lives are forked from; what they log is in `folder`/log."""
    clock = Clock(folder / "clock")
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}  # noqa: TID251
    kept |= {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, str(clock.file),
            env=kept, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    made = Forge(process, folder, clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(made.listen())
        try:
            yield made
        finally:
            made.end_all()
            process.stdin.close()
            await process.wait()


# ── the other side ─────────────────────────────────────────────────────────────────────────────────


def _serve(clock: Clock) -> None:
    """Fork a life for each line."""
    import asyncpg  # noqa: PLC0415
    from sqlalchemy.dialects.postgresql import asyncpg as dialect  # noqa: PLC0415

    from bot import app, logs  # noqa: PLC0415
    from bot.telegram import sender  # noqa: PLC0415

    sender.BEAT_EVERY_S, sender.DEAD_AFTER_S = BEAT_EVERY_S, DEAD_AFTER_S
    logs.configure(level="WARNING")
    gc.collect()
    gc.freeze()  # what the lives share stays shared
    del app, asyncpg, dialect
    _say("ready")
    for line in sys.stdin:
        if os.fork() == 0:
            _mind(json.loads(line), clock)
        _reap()


def _mind(wanted: dict[str, object], clock: Clock) -> None:
    pid = os.fork()
    if pid == 0:
        _become(wanted, clock)
    _say(f"born {pid}")
    _, status = os.waitpid(pid, 0)
    _say(f"died {pid} {os.waitstatus_to_exitcode(status)}")
    os._exit(0)


def _reap() -> None:
    """Minders that are done."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _say(words: str) -> None:
    os.write(1, f"{words}\n".encode())  # so few bytes go into a pipe whole


def _become(wanted: dict[str, object], clock: Clock) -> None:
    status = 70
    try:
        asyncio.run(_live(wanted["settings"], clock, _dying(str(wanted["step"]), int(str(wanted["nth"])))))
        status = 0
    except BaseException:  # noqa: BLE001  # as the interpreter would
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _dying(at_step: str, nth: int) -> Callable[[str], None]:
    left, works = [nth], [False]

    def at(step: str) -> None:
        if not works[0]:
            works[0] = True
            _say(f"works {os.getpid()}")
        left[0] -= step == at_step
        if left[0] == 0 and at_step:
            _say(f"at {os.getpid()} {step}")
            os.kill(os.getpid(), signal.SIGKILL)

    return at


async def _live(given: object, clock: Clock, at: Callable[[str], None]) -> None:
    from bot import app, settings  # noqa: PLC0415

    assert isinstance(given, dict)
    async with app.App.open(settings.Settings(_env_file=None, **given), now=clock, at=at) as bot:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, bot.stop)
        await bot.run()


if __name__ == "__main__":
    _serve(Clock(pathlib.Path(sys.argv[1])))

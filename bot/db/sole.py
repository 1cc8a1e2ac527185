"""One process to a SQLite file: a lock beside it, held as long as the process lives."""

import contextlib
import fcntl
from collections.abc import Iterator
from typing import IO

from bot import errors
from bot.db import urls


@contextlib.contextmanager
def only_one(url: str) -> Iterator[None]:
    """Hold the SQLite file's lock, so that a second process is refused; nothing for PostgreSQL.

    Raises:
        Refused: another process has it.
    """
    file = urls.sqlite_file(urls.parse(url))
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(file.name + ".lock").open("w") as held:
        _lock(held, str(file))
        yield


def _lock(held: IO[str], name: str) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        raise errors.Refused(f"{name} 正被另一个校安进程使用:一个 SQLite 文件只能由一个进程运行") from fault

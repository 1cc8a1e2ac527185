"""The command line: parse, call one use case, print. Exit 0 done, 2 wrong use, 1 refused or failed."""

import argparse
import gc
import importlib
import sys
from collections.abc import Iterator, Sequence

from bot import __version__, errors, logs, settings

GROUPS = {  # in the order of --help; each is a module of this package, and what it registers
    "running": ("run", "demo"),
    "checking": ("db", "doctor", "access"),
    "keeping": ("backup", "restore", "purge"),
    "roster": ("roster", "invite", "arm"),
    "notices": ("publish", "summary"),
    "plans": ("plans",),
    "calendar": ("calendar",),
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    gc.disable()  # looking for garbage in what is only being loaded is a tenth of a start
    try:
        parsed = _parser(arguments).parse_args(arguments)
    finally:
        gc.freeze()
        gc.enable()
    try:
        chosen = settings.load()
        hidden = [s.get_secret_value() for s in (chosen.bot_token, chosen.webhook_secret) if s]
        logs.configure(level=chosen.log_level, form=chosen.log_format, secrets=hidden)
        status: int = parsed.command(parsed, chosen)
        sys.stdout.flush()
    except (errors.XiaoanError, BaseExceptionGroup) as fault:
        expected = list(_expected(fault))
        if not expected:
            raise
        for one in expected:
            print(f"连不上数据库:{one}" if isinstance(one, errors.DatabaseAway) else one, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has read enough
        sys.stderr.close()
        return 0
    return status


def _expected(fault: BaseException) -> Iterator[errors.XiaoanError]:
    """The refusals inside a group of tasks that ended together; nothing if a bug is among them."""
    if isinstance(fault, errors.XiaoanError):
        yield fault
    elif isinstance(fault, BaseExceptionGroup):
        known, unknown = fault.split(errors.XiaoanError)
        if unknown is None and known is not None:
            for inner in known.exceptions:
                yield from _expected(inner)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """With the group of the command given; with all of them where none is, or none we know.

    A group brings its libraries with it: whoever looks at the plans need not wait for Telegram's.
    """
    parser = argparse.ArgumentParser(prog="xiaoan", description="校安:教育局的校园安全机器人")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="命令")
    meant = [group for group, words in GROUPS.items() if arguments and arguments[0] in words]
    for group in meant or GROUPS:
        importlib.import_module(f"{__name__}.{group}").register(commands)
    return parser

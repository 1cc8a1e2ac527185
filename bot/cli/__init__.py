"""The command line: parse, call one use case, print. Exit 0 done, 2 wrong use, 1 refused or failed."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from bot import __version__, errors, logs, settings
from bot.cli import calendar, keeping, notices, plans, roster, running

GROUPS = (running, keeping, roster, notices, plans, calendar)  # in the order of --help


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    parsed = _parser().parse_args(arguments)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xiaoan", description="校安:教育局的校园安全机器人")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="命令")
    for group in GROUPS:
        group.register(commands)
    return parser

"""The command line brings only what a command needs, and knows all of them."""

import argparse
import subprocess
import sys

import pytest

from bot import cli


def _commands(parser: argparse.ArgumentParser) -> set[str]:
    (found,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return set(found.choices)


def test_each_group_registers_the_commands_it_is_known_for() -> None:
    for words in cli.GROUPS.values():
        assert _commands(cli._parser(words[:1])) == set(words)
    assert _commands(cli._parser(())) == {word for words in cli.GROUPS.values() for word in words}


def test_an_unknown_command_is_answered_with_all_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["tables"])

    assert ended.value.code == 2
    assert "summary" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plans", "calendar", "publish", "summary", "backup", "doctor"])
def test_a_command_that_needs_no_telegram_does_not_wait_for_its_library(command: str) -> None:
    script = f"import sys; from bot import cli; cli._parser(['{command}']); print('telegram' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "morgen"])
def test_a_day_out_of_all_calendars_is_wrong_use(day: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["plans", "preview", "--from", day])

    assert ended.value.code == 2
    assert day in capsys.readouterr().err

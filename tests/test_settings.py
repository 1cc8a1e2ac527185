"""What an operator sets, and what he is told when it is wrong."""

import pathlib

import pytest

from bot import errors, settings

EXAMPLE = pathlib.Path(__file__).parents[1] / ".env.example"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    """Neither this machine's variables nor its .env."""
    monkeypatch.chdir(tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_the_example_is_what_the_settings_say():
    assert EXAMPLE.read_text(encoding="utf-8") == settings.example(), (
        "run: python -m bot.settings > .env.example"
    )


def test_the_example_uncommented_gives_the_defaults(tmp_path):
    lines = settings.example().splitlines()
    uncommented = "\n".join(line.removeprefix("#") for line in lines if not line.startswith("# "))
    (tmp_path / ".env").write_text(uncommented, encoding="utf-8")

    assert settings.load() == settings.Settings(_env_file=None)


def test_every_fault_is_listed_at_once_and_named(bare_environment):
    bare_environment.setenv("BOT_TOKEN", "not a token")
    bare_environment.setenv("TIMEZONE", "Mars/Olympus")
    bare_environment.setenv("SEND_RATE", "0")
    bare_environment.setenv("ROLES", "intake,cooking")

    with pytest.raises(errors.Refused) as refused:
        settings.load()

    for name in ("BOT_TOKEN", "TIMEZONE", "SEND_RATE", "ROLES", "cooking"):
        assert name in refused.value.sentence


def test_a_refused_token_is_not_repeated(bare_environment):
    bare_environment.setenv("BOT_TOKEN", "123456789 AAF_an-invented-token-of-35-letters")

    with pytest.raises(errors.Refused) as refused:
        settings.load()

    assert "AAF_an" not in refused.value.sentence


def test_a_webhook_needs_its_secret(bare_environment):
    bare_environment.setenv("WEBHOOK_URL", "https://bot.example.org/hook")

    with pytest.raises(errors.Refused, match="WEBHOOK_SECRET"):
        settings.load()


def test_an_empty_value_counts_as_unset(bare_environment):
    bare_environment.setenv("BOT_TOKEN", "")

    assert settings.load().bot_token is None


def test_roles_are_all_or_some(bare_environment):
    assert settings.load().parts == {"intake", "timers", "sender"}

    bare_environment.setenv("ROLES", "timers, sender")
    assert settings.load().parts == {"timers", "sender"}

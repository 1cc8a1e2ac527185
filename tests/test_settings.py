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


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"WEBHOOK_URL": "bot.example.org"}, "https://"),
        ({"WEBHOOK_URL": "http://bot.example.org/hook"}, "https only"),
        ({"WEBHOOK_URL": "https://bot.example.org:8081/hook"}, "8443"),
        ({"WEBHOOK_URL": "https://bot.example.org/healthz"}, "/healthz"),
        ({"WEBHOOK_URL": "https://bot.example.org/hook?x=1"}, "plain path"),
        ({"WEBHOOK_URL": "https://bot.example.org/{x}"}, "plain path"),
        (
            {"WEBHOOK_URL": "https://bot.example.org/1:abc", "BOT_TOKEN": "1:abc"},
            "must not contain the token",
        ),
        ({"WEBHOOK_URL": "https://bot.example.org/hook", "WEBHOOK_SECRET": "with space"}, "WEBHOOK_SECRET"),
        ({"PORT": "70000"}, "PORT"),
    ],
)
def test_a_door_telegram_could_not_use_is_refused_with_one_sentence(bare_environment, given, word):
    for name, value in ({"WEBHOOK_SECRET": "s"} | given).items():
        bare_environment.setenv(name, value)

    with pytest.raises(errors.Refused) as refused:
        settings.load()

    (_, sentence) = refused.value.sentence.splitlines()
    assert word in sentence


def test_the_door_opens_when_a_webhook_or_a_port_is_set(bare_environment):
    assert settings.load().door_port is None

    bare_environment.setenv("WEBHOOK_SECRET", "s")
    bare_environment.setenv("WEBHOOK_URL", "https://bot.example.org")
    assert (settings.load().door_port, settings.load().webhook_path) == (8080, "/telegram")
    assert settings.load().webhook_url == "https://bot.example.org/telegram"

    bare_environment.setenv("PORT", "9000")
    bare_environment.setenv("WEBHOOK_URL", "https://bot.example.org:8443/a/b")
    assert (settings.load().door_port, settings.load().webhook_path) == (9000, "/a/b")


def test_a_server_of_ones_own_may_push_anywhere(bare_environment):
    bare_environment.setenv("WEBHOOK_SECRET", "s")
    bare_environment.setenv("WEBHOOK_URL", "http://127.0.0.1:9999/hook")
    bare_environment.setenv("TELEGRAM_API_URL", "http://127.0.0.1:8081")

    assert settings.load().webhook_path == "/hook"


def test_an_empty_value_counts_as_unset(bare_environment):
    bare_environment.setenv("BOT_TOKEN", "")

    assert settings.load().bot_token is None


def test_roles_are_all_or_some(bare_environment):
    assert settings.load().parts == {"intake", "timers", "sender"}

    bare_environment.setenv("ROLES", "timers, sender")
    assert settings.load().parts == {"timers", "sender"}

"""What an operator sets: one value per environment variable, checked before anything starts."""

import datetime as dt
import pathlib
import re
import sys
import urllib.parse
import zoneinfo
from enum import StrEnum
from typing import Annotated, Self

import pydantic
import pydantic_settings

from bot import errors

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{3,}")  # Telegram: "<bot id>:<secret>"
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")  # Bot API: setWebhook.secret_token
PART_NAMES = ("intake", "timers", "sender")
DOOR_PORT = 8080
DOOR_PATHS = ("/healthz", "/readyz", "/metrics")
WEBHOOK_PATH = "/telegram"
WEBHOOK_PORTS = (None, 443, 80, 88, 8443)  # the only ones Telegram's own servers call
TELEGRAM = "https://api.telegram.org"


class Phones(StrEnum):
    """How a phone number is shown in a chat before anyone entitled presses for it."""

    FULL = "full"
    MASKED = "masked"
    NEVER = "never"


class Settings(pydantic_settings.BaseSettings):
    """The environment, or `.env` beside the project; an empty value counts as unset."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    bot_token: Annotated[
        pydantic.SecretStr | None,
        pydantic.Field(
            description="The bot's token from @BotFather. Without it `make run` plays the demo city."
        ),
    ] = None
    telegram_api_url: Annotated[
        str,
        pydantic.Field(
            description="Root of a Bot API server; `/bot<token>` and `/file/bot<token>` are appended."
        ),
    ] = TELEGRAM
    database_url: Annotated[
        str,
        pydantic.Field(
            description="SQLite file or PostgreSQL; `postgres://` and `postgresql://` are accepted."
        ),
    ] = "sqlite:///data/bot.db"
    config_dir: Annotated[
        pathlib.Path, pydantic.Field(description="Folder of what an operator edits: plans, calendar, roster.")
    ] = pathlib.Path("config")
    webhook_url: Annotated[
        str | None,
        pydantic.Field(
            description="Public https address to which Telegram pushes updates; its path is where the web door takes "
            "them (`/telegram` if it has none). Unset: the bot fetches updates itself, which needs no address."
        ),
    ] = None
    webhook_secret: Annotated[
        pydantic.SecretStr | None,
        pydantic.Field(
            description="What Telegram repeats in each call of the webhook: 1-256 of A-Za-z0-9_-; needed with WEBHOOK_URL."
        ),
    ] = None
    host: Annotated[
        str,
        pydantic.Field(
            description="Address on which the web door listens, and the demo's page; 0.0.0.0 for every one."
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int | None,
        pydantic.Field(
            ge=0,
            le=65535,
            description="Port of the web door: /healthz, /readyz, /metrics and the webhook. It opens if this or WEBHOOK_URL "
            "is set (then, and for the demo's page, 8080).",
        ),
    ] = None
    timezone: Annotated[str, pydantic.Field(description="Where the schools are.")] = "Asia/Shanghai"
    send_rate: Annotated[
        float, pydantic.Field(gt=0, le=1000, description="Telegram calls a second, all chats together.")
    ] = 28
    group_rate: Annotated[int, pydantic.Field(gt=0, le=1200, description="Calls a minute to one group.")] = 20
    roles: Annotated[
        str, pydantic.Field(description="What this process does: `all`, or some of `intake,timers,sender`.")
    ] = "all"
    phones_in_chat: Annotated[
        Phones,
        pydantic.Field(description="`full`, `masked` (full after a press by one entitled) or `never`."),
    ] = Phones.MASKED
    log_level: Annotated[str, pydantic.Field(description="DEBUG, INFO, WARNING or ERROR.")] = "INFO"
    log_format: Annotated[str, pydantic.Field(description="`console` or `json`.")] = "console"

    @pydantic.field_validator("bot_token")
    @classmethod
    def _token_has_the_form(cls, value: pydantic.SecretStr | None) -> pydantic.SecretStr | None:
        if value is not None and not TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("a token looks like 123456:ABC…, as @BotFather gives it")
        return value

    @pydantic.field_validator("telegram_api_url")
    @classmethod
    def _root_without_slash(cls, value: str) -> str:
        if not re.match(r"https?://[^/\s]+", value):
            raise ValueError("expected http://… or https://…")
        return value.rstrip("/")

    @pydantic.field_validator("webhook_url")
    @classmethod
    def _address_with_a_path(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = _split(value)
        if (
            not re.fullmatch(r"/[!-~]*", parts.path or "/")
            or parts.query
            or parts.fragment
            or "{" in parts.path
        ):
            raise ValueError(
                "expected an address with a plain path, such as https://bot.example.org/telegram"
            )
        if parts.path in DOOR_PATHS:
            raise ValueError(f"{parts.path} is the web door's own; choose another path")
        return value if parts.path not in ("", "/") else value.rstrip("/") + WEBHOOK_PATH

    @pydantic.field_validator("webhook_secret")
    @classmethod
    def _secret_telegram_takes(cls, value: pydantic.SecretStr | None) -> pydantic.SecretStr | None:
        if value is not None and not SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("expected 1-256 of A-Za-z0-9_-")
        return value

    @pydantic.field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (KeyError, ValueError, OSError) as fault:
            raise ValueError("expected a zone name such as Asia/Shanghai") from fault
        return value

    @pydantic.field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("expected DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @pydantic.field_validator("log_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in ("console", "json"):
            raise ValueError("expected console or json")
        return value

    @pydantic.field_validator("roles")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        unknown = [part for part in _parts(value) if part not in PART_NAMES]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} unknown; allowed: all, or some of {','.join(PART_NAMES)}")
        return value

    @pydantic.model_validator(mode="after")
    def _webhook_has_its_secret(self) -> Self:
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("WEBHOOK_URL needs WEBHOOK_SECRET (1-256 of A-Za-z0-9_-)")
        return self

    @pydantic.model_validator(mode="after")
    def _webhook_telegram_can_reach(self) -> Self:
        """A Bot API server of one's own may push anywhere; Telegram's pushes to https and four ports."""
        if self.webhook_url is None:
            return self
        if self.bot_token is not None and self.bot_token.get_secret_value() in self.webhook_url:
            raise ValueError("WEBHOOK_URL must not contain the token")
        parts = _split(self.webhook_url)
        if self.telegram_api_url == TELEGRAM and (parts.scheme != "https" or parts.port not in WEBHOOK_PORTS):
            raise ValueError("WEBHOOK_URL: Telegram calls https only, on port 443, 80, 88 or 8443")
        return self

    @property
    def webhook_path(self) -> str:
        """Where the web door takes what Telegram pushes; '' without a webhook."""
        return _split(self.webhook_url).path if self.webhook_url else ""

    @property
    def door_port(self) -> int | None:
        """The web door's port; None: it stays shut."""
        if self.port is None and self.webhook_url is not None:
            return DOOR_PORT
        return self.port

    @property
    def parts(self) -> frozenset[str]:
        """The parts this process runs."""
        return frozenset(_parts(self.roles))

    @property
    def zone(self) -> dt.tzinfo:
        """The zone of the schools' wall clocks."""
        return zoneinfo.ZoneInfo(self.timezone)


def _split(url: str) -> urllib.parse.SplitResult:
    """The parts of an http address.

    Raises:
        ValueError: it is none.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("expected https://…")
    return parts


def _parts(roles: str) -> list[str]:
    if roles.strip() == "all":
        return list(PART_NAMES)
    return [part.strip() for part in roles.split(",") if part.strip()]


def load() -> Settings:
    """Read the environment.

    Raises:
        Refused: with every fault in one text, each naming its variable.
    """
    try:
        return Settings()
    except pydantic.ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc'])).upper() or '设置'}: {e['msg']}" for e in fault.errors()]
        raise errors.Refused("环境变量有误 settings refused:\n" + "\n".join(lines)) from fault


def example() -> str:
    """The text of `.env.example`: every variable with its meaning and its default, nothing set."""
    blocks = ["# Copy to .env and fill in. Written by `python -m bot.settings > .env.example`."]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        blocks.append(f"# {field.description}\n#{name.upper()}={default}")
    return "\n\n".join(blocks) + "\n"


if __name__ == "__main__":
    sys.stdout.write(example())

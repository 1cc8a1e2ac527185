"""The log: constant event names, facts in fields, and nothing in it that must not leave the house."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

TOKEN = re.compile(r"\d{6,}(?::|%3A)[A-Za-z0-9_-]{30,}")  # Telegram: "<bot id>:<secret>", also inside a URL
PHONE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")  # mainland mobiles
DETAIL = (
    re.compile(  # PostgreSQL's "Failing row contains (…)" repeats what was to be stored, over several lines
        r"^DETAIL:.*?(?=^\[SQL:|^The above exception|^During handling|\Z)", re.DOTALL | re.MULTILINE
    )
)
WORDS = frozenset({"text", "report"})  # what people wrote; a log never needs it
REDACTED = "[redacted]"


class Redactor:
    """Takes tokens, phone numbers and people's words out of an event, however deep they sit.

    A number is cut only if it is written like a mainland mobile; ids are passed as integers and stay.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted(filter(None, secrets), key=len, reverse=True))

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        return {key: self._value(value) for key, value in event.items() if key not in WORDS}

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {key: self._value(item) for key, item in value.items() if key not in WORDS}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item) for item in value]
        return self.clean(str(value))

    def clean(self, text: str) -> str:
        """The text with every secret and phone number replaced."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = DETAIL.sub(f"DETAIL: {REDACTED}\n", text)
        return PHONE.sub(REDACTED, TOKEN.sub(REDACTED, text))


def configure(
    *,
    level: str = "INFO",
    form: str = "console",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send everything that is logged, by us or by a library, through one redactor to one stream.

    Libraries speak from WARNING up, and their messages carry their arguments already filled in.

    Args:
        level: of our own events.
        form: `console` for people, `json` for one document a line.
        secrets: exact strings never to appear, such as the token in use.
        stream: standard error unless given: standard output belongs to `--json`.
    """
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        redactor,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a test, or a second configure(), must reach loggers already made
    )
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderer(form, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(level)


def _renderer(form: str, stream: TextIO) -> list[Processor]:
    if form == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]

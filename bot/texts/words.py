"""`Words`: the macros of one language, with the few filters that turn instants and numbers into speech."""

import datetime as dt
import pathlib
from typing import Any

import jinja2

WEEKDAYS = "一二三四五六日"
TODAY = "今天"
FOLDER = pathlib.Path(__file__).parent


class Words:
    """The texts of one language, spoken in the time of the schools.

    A text is named `file.macro`. `html` escapes what people typed, for messages; `plain` does not, for toasts
    and button words, where Telegram takes everything literally.
    """

    def __init__(self, zone: dt.tzinfo, *, language: str = "zh") -> None:
        self.zone = zone
        self._html = self._environment(language, escape=True)
        self._plain = self._environment(language, escape=False)

    def html(self, name: str, /, **params: object) -> str:
        """The text for a message, in Telegram's HTML subset."""
        return self._say(self._html, name, params)

    def plain(self, name: str, /, **params: object) -> str:
        """The text for a toast, a button or a file."""
        return self._say(self._plain, name, params)

    @staticmethod
    def _say(environment: jinja2.Environment, name: str, params: dict[str, Any]) -> str:
        file, _, macro = name.partition(".")
        text = str(getattr(environment.get_template(f"{file}.j2").module, macro)(**params))
        lines = (line.strip() if not line.startswith(" ") else line.rstrip() for line in text.split("\n"))
        return "\n".join(line for line in lines if line.strip()).strip("\n")

    def _environment(self, language: str, *, escape: bool) -> jinja2.Environment:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER / language),
            autoescape=escape,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,  # or every text asks the disk whether it is still the same
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "clock": self.clock,
            "day": self.day,
            "moment": self.moment,
            "percent": percent,
        }
        return environment

    def clock(self, at: dt.datetime) -> str:
        """15:12."""
        return at.astimezone(self.zone).strftime("%H:%M")

    def day(self, at: dt.date) -> str:
        """9月30日(周三); of an instant its date at the schools."""
        local = at.astimezone(self.zone) if isinstance(at, dt.datetime) else at
        return f"{local.month}月{local.day}日(周{WEEKDAYS[local.weekday()]})"

    def moment(self, at: dt.datetime, seen_on: dt.datetime | None = None) -> str:
        """今天17:00 on the day `seen_on`, else 9月30日(周三)17:00."""
        if seen_on is not None and at.astimezone(self.zone).date() == seen_on.astimezone(self.zone).date():
            return f"{TODAY}{self.clock(at)}"
        return f"{self.day(at)}{self.clock(at)}"


def percent(rate: float | None) -> str:
    """95.9%; — where nothing is expected. Cut, not rounded up: 100% means all."""
    return "—" if rate is None else f"{int(rate * 1000) / 10:g}%"

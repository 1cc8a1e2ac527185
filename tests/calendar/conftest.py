"""The calendar the product ships with, read once."""

import pathlib
import zoneinfo
from collections.abc import Callable

import pytest

from bot.calendar import loading
from bot.calendar.school import SchoolCalendar, SchoolCalendars

SHIPPED = pathlib.Path(__file__).parents[2] / "config" / "calendar"
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="session")
def city() -> SchoolCalendars:
    loaded = loading.load(SHIPPED, SHANGHAI)
    assert loaded.faults == ()
    return loaded.calendars


@pytest.fixture(scope="session")
def primary(city) -> SchoolCalendar:
    return city.of("小学", "DH")


@pytest.fixture(scope="session")
def high(city) -> SchoolCalendar:
    return city.of("高中", "DH")


@pytest.fixture(scope="session")
def offices(city) -> SchoolCalendar:
    return city.of()


@pytest.fixture
def load(tmp_path) -> Callable[..., loading.Loaded]:
    """Reads these texts as `2027.toml`, or as the files named."""

    def read(text: str = "", **files: str) -> loading.Loaded:
        for name, content in {**files, **({"2027": text} if text else {})}.items():
            (tmp_path / f"{name.lstrip('_')}.toml").write_text(content, encoding="utf-8")
        return loading.load(tmp_path, SHANGHAI)

    return read

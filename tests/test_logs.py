"""What the log says, and what it never says."""

import io
import json
import logging

import hypothesis
import pytest
import structlog
from hypothesis import strategies as st

from bot import logs

TOKEN = "123456789:AAF_an-invented-token-of-35-letters"


@pytest.fixture
def log():
    """Everything logged since, as JSON lines; the process's logging is put back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("bot")
    before = root.handlers, root.level, ours.level
    stream = io.StringIO()
    logs.configure(level="INFO", form="json", secrets=["777:short"], stream=stream)
    yield stream
    root.handlers, level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)
    structlog.reset_defaults()


def lines(log: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_an_event_keeps_its_name_its_facts_and_an_instant_with_offset(log):
    structlog.get_logger("bot.delivery").info("delivery_settled", delivery=7, state="sent")

    (line,) = lines(log)
    assert (line["event"], line["delivery"], line["state"]) == ("delivery_settled", 7, "sent")
    assert (line["level"], line["logger"]) == ("info", "bot.delivery")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("secret", [TOKEN, "777:short", "13812345678", "+86 138-1234-5678", "86 13812345678"])
@pytest.mark.parametrize("where", ["event", "field", "deep", "key_error", "positional"])
def test_tokens_and_phones_never_appear(log, secret, where):
    logger = structlog.get_logger("bot.test")
    if where == "event":
        logger.warning(f"call https://api/bot{secret}/getMe failed")  # noqa: G004 (what must not be done, done)
    elif where == "field":
        logger.warning("call_failed", url=f"https://api/bot{secret}/getMe")
    elif where == "deep":
        logger.warning("call_failed", call={"contacts": [("王", secret)]})
    elif where == "positional":
        logger.warning("call %s failed", secret)
    else:
        try:
            raise KeyError(secret)
        except KeyError:
            logger.exception("call_failed")

    assert lines(log)
    assert secret not in log.getvalue()
    assert "5678" not in log.getvalue()
    assert logs.REDACTED in log.getvalue()


def test_what_people_wrote_is_dropped_however_deep(log):
    structlog.get_logger("bot.test").error("answer_refused", text="漏水", facts={"report": "漏水", "unit": 3})

    (line,) = lines(log)
    assert line["facts"] == {"unit": 3}
    assert "漏水" not in log.getvalue()


def test_ids_and_instants_stay_readable(log):
    structlog.get_logger("bot.test").info(
        "bound", chat=-1001381234567890, user=13812345678, at="2026-09-30T09:00:00+08:00"
    )

    (line,) = lines(log)
    assert (line["chat"], line["user"]) == (-1001381234567890, 13812345678)
    assert line["at"] == "2026-09-30T09:00:00+08:00"


@pytest.mark.parametrize("library", ["httpx", "telegram.ext", "apscheduler.scheduler", "sqlalchemy.engine"])
def test_a_library_speaks_from_warning_up_through_the_same_redactor(log, library):
    logging.getLogger(library).info("HTTP Request: POST https://api/bot%s/getMe", TOKEN)
    logging.getLogger(library).warning("HTTP Request: POST https://api/bot%s/getMe", TOKEN)

    (line,) = lines(log)
    assert line["event"] == f"HTTP Request: POST https://api/bot{logs.REDACTED}/getMe"
    assert line["logger"] == library


def test_a_librarys_traceback_is_redacted_too(log):
    try:
        raise ValueError(TOKEN)
    except ValueError:
        logging.getLogger("telegram").exception("failed")

    assert "ValueError" in log.getvalue()
    assert TOKEN not in log.getvalue()


def test_the_level_is_ours_alone(log):
    logs.configure(level="DEBUG", form="json", stream=log)
    structlog.get_logger("bot.test").debug("looked")
    logging.getLogger("sqlalchemy.engine").debug("SELECT 1")

    assert [line["event"] for line in lines(log)] == ["looked"]


def test_the_console_form_is_one_readable_line(log):
    logs.configure(form="console", stream=log)
    structlog.get_logger("bot.test").info("notice_published", notice=3)

    assert "notice_published" in log.getvalue()
    assert "notice=3" in log.getvalue()


@hypothesis.given(
    before=st.text(st.characters(exclude_categories=["Nd", "Cs"], exclude_characters="."), max_size=5),
    number=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    after=st.text(st.characters(exclude_categories=["Nd", "Cs"]), max_size=5),
)
def test_any_mainland_mobile_is_cut_whatever_stands_around_it(before, number, after):
    assert number not in logs.Redactor().clean(before + number + after)

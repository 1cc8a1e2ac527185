"""How long things are kept: what the file may say, and what a faulty one comes to."""

import dataclasses
import pathlib

import pytest

from bot.retention import periods

SHIPPED = pathlib.Path(__file__).parents[2] / "config" / periods.FILE


def written(tmp_path, text):
    file = tmp_path / periods.FILE
    file.write_text(text, encoding="utf-8")
    return periods.load(file)


def test_the_shipped_file_says_the_usual_periods_all_of_them():
    assert periods.load(SHIPPED) == periods.Loaded(periods.DEFAULT)
    said = [
        line.split()[0] for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line[:1].isalpha()
    ]
    assert said == list(dataclasses.asdict(periods.DEFAULT))


def test_a_file_or_a_key_left_out_means_the_usual(tmp_path):
    assert periods.load(tmp_path / "none.toml") == periods.Loaded(periods.DEFAULT)
    assert written(tmp_path, "audit_days = 2000").periods == dataclasses.replace(
        periods.DEFAULT, audit_days=2000
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("people_day = 30", "retention.toml people_day:不认识的键。可以写:people_days、trouble_days"),
        ("people_days = 29", "retention.toml people_days:应是 30 到 36500 之间的整数(天),写的是 29"),
        ("people_days = 40000", "写的是 40000"),
        ("people_days = true", "写的是 True"),
        ('people_days = "一年"', "写的是 '一年'"),
        ("people_days = 1.5", "写的是 1.5"),
        ("people_days 30", "不是 TOML"),
        ("[people]\ndays = 30", "retention.toml people:不认识的键"),
    ],
)
def test_a_faulty_file_leaves_the_usual_periods_and_says_what_is_wrong(tmp_path, text, sentence):
    loaded = written(tmp_path, "audit_days = 2000\n" + text)

    assert loaded.periods == periods.DEFAULT
    assert sentence in loaded.faults[0]


def test_every_fault_is_said_at_once(tmp_path):
    assert len(written(tmp_path, "a = 1\npeople_days = 1\naudit_days = 2000").faults) == 2


def test_a_file_that_is_no_text_is_a_fault(tmp_path):
    file = tmp_path / periods.FILE
    file.write_bytes(b"\xff\xfe\x00")

    assert "读不了" in periods.load(file).faults[0]

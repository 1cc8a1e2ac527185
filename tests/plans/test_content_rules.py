"""The rules of time in a content file: triggers and due, each fault with its file and line."""

import datetime as dt
import pathlib
import zoneinfo

import pytest

from bot import errors
from bot.calendar import loading
from bot.plans import content
from bot.texts import Words

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
CONFIG = pathlib.Path(__file__).parents[2] / "config"
ENTRY = """\
- id: R08
  title: 值班安排
  kind: confirm
  audience: schools
  due: 3 workdays before holiday at 16:00
  text: 假期值班安排好了吗?
"""


@pytest.fixture
def read(tmp_path):
    def one(text: str) -> content.Contents:
        (tmp_path / "duty.yaml").write_text(text, encoding="utf-8")
        return content.read(tmp_path / "duty.yaml")

    return one


@pytest.mark.parametrize("path", sorted((CONFIG / "reminders").glob("*.yaml")), ids=lambda path: path.name)
def test_every_plan_we_ship_is_read(path):
    found = content.read(path)

    assert found.faults == ()
    assert all(entry.triggers for entry in found.entries)


@pytest.mark.parametrize(
    ("added", "line", "what"),
    [
        (
            "  trigger: every scool day at 15:30\n",
            7,
            "trigger “every scool day at 15:30”:第 2 个词“scool”看不懂",
        ),
        ("  triggers:\n  - manual\n  - every school day\n", 9, "没写完,后面可以写:at"),
        ("  trigger: manual\n  triggers: [manual]\n", 8, "trigger 和 triggers 只能写一个"),
        ("  trigger: cron */5 * * * *\n", 7, "一天最多 24 次"),
        (f"  triggers: [{', '.join(['06-01 at 09:00'] * 25)}]\n", 7, "triggers 最多 24 条"),
    ],
)
def test_a_wrong_trigger_is_refused_with_its_line_and_never_stops_the_others(read, added, line, what):
    found = read(ENTRY + added + ENTRY.replace("R08", "R09"))

    assert [entry.id for entry in found.entries] == ["R09"]
    assert len(found.faults) == 1
    assert found.faults[0].startswith(f"duty.yaml 第 {line} 行:")
    assert what in found.faults[0]


def test_a_due_of_school_days_is_counted_on_the_calendar_given(read):
    (entry,) = read(ENTRY).entries
    calendars = loading.load(CONFIG / "calendar", SHANGHAI).calendars
    published = dt.datetime(2026, 9, 23, 9, 0, tzinfo=SHANGHAI)

    draft = entry.draft(published, Words(SHANGHAI), calendar=calendars.of())
    assert draft.due_at == dt.datetime(2026, 9, 28, 16, 0, tzinfo=SHANGHAI)
    with pytest.raises(errors.Refused, match="要按校历算,这里没有校历"):
        entry.draft(published, Words(SHANGHAI))


@pytest.mark.parametrize(
    ("published", "due", "unsure"),
    [
        ("2026-12-28", "+3 school days at 17:00", True),  # 12-31, which 元旦 may still move
        ("2026-12-28", "this week's last school day at 17:00", True),
        ("2026-12-28", "2 workdays before holiday at 16:00", True),
        ("2026-12-21", "+3 school days at 17:00", False),
        ("2026-12-28", "2026-12-31 17:00", False),
    ],
)
def test_a_due_counted_in_days_nobody_is_sure_of_is_marked(read, published, due, unsure):
    (entry,) = read(ENTRY.replace("3 workdays before holiday at 16:00", due)).entries
    calendars = loading.load(CONFIG / "calendar", SHANGHAI).calendars
    at = dt.datetime.fromisoformat(published).replace(hour=9, tzinfo=SHANGHAI)

    draft = entry.draft(at, Words(SHANGHAI), calendar=calendars.of("小学"))

    assert draft.is_provisional is unsure


@pytest.mark.parametrize("text", ["[" * 3000, "- " * 3000, "a: " + "{" * 3000])
def test_a_bottomless_file_is_refused(read, text):
    with pytest.raises(errors.Refused, match="不是 YAML"):
        read(text)

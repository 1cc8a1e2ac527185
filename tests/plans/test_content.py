"""What an operator writes: read with every default, or refused with the file, the line and what is allowed."""

import dataclasses
import datetime as dt
import textwrap
import zoneinfo

import pytest

from bot import errors
from bot.notices.rules import Kind
from bot.plans import content
from bot.texts import Words

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
WORDS = Words(SHANGHAI)
AFTERNOON = dt.datetime(2026, 9, 30, 15, 0, tzinfo=SHANGHAI)
GOOD = {
    "id": "R03b", "title": "国庆假前安全课", "kind": "confirm", "audience": "schools", "due": "same day at 17:00",
    "text": "上完了吗?",
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Writes `text` as a file of reminders."""

    def written(text, name="holiday.yaml", encoding="utf-8"):
        (tmp_path / name).write_bytes(textwrap.dedent(text).encode(encoding))
        return tmp_path / name

    return written


@pytest.fixture
def entry(write):
    """The one entry made of the good one with some keys changed, or left out where None."""

    def made(**changes):
        keys = {key: value for key, value in (GOOD | changes).items() if value is not None}
        lines = [f"{key}: {value}" for key, value in keys.items()]
        return content.one(write("- " + "\n  ".join(lines) + "\n"))

    return made


def fault_of(entry, **changes):
    with pytest.raises(errors.Refused) as refused:
        entry(**changes)
    return refused.value.sentence


# ── what is right ────────────────────────────────────────────────────────────────────────────────


def test_the_example_of_the_documentation_is_read(write):
    found = content.one(
        write("""\
        - id: R03b
          title: 国庆假前安全课
          kind: confirm
          trigger: 1 school day before holiday at 15:00
          audience: schools and boarding    # a remark
          due: same day at 17:00
          yes: 已上完
          trouble: 有困难
          level: today
          category: routine
          basis: 市教育局假期安全工作通知
          owner: OFFICE-SAFETY
          chase: standard
          escalate: county
          late: 2h
          enabled: false
          text: 国庆假前 30 分钟安全课上完了吗?
        """)
    )

    assert dataclasses.replace(found, audience=None, due=None, triggers=()) == content.Entry(
        id="R03b", title="国庆假前安全课", kind=Kind.CONFIRM, audience=None, due=None,
        text="国庆假前 30 分钟安全课上完了吗?", triggers=(),
        yes_words="已上完", trouble_words="有困难", level="today", category="routine",
        basis="市教育局假期安全工作通知", owner="OFFICE-SAFETY", chase="standard", escalate="county", enabled=False,
        file="holiday.yaml", line=1, late=dt.timedelta(hours=2), through="any", unless="never",
    )  # fmt: skip
    assert found.audience.text == "schools and boarding"
    assert [str(trigger) for trigger in found.triggers] == ["1 school day before holiday at 15:00"]
    assert found.due.at(AFTERNOON, SHANGHAI) == dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)


def test_what_is_left_out_has_a_default(entry):
    found = entry()

    assert (found.yes_words, found.trouble_words) == ("已落实", "有困难")
    assert (found.level, found.category, found.chase, found.escalate) == (
        "today",
        "routine",
        "standard",
        "county",
    )
    assert (found.triggers, found.basis, found.owner, found.enabled) == ((), "", "", False)


def test_a_report_has_its_own_buttons(entry):
    assert entry(kind="report").yes_words == "无情况"


def test_a_reminder_asks_nothing(entry):
    found = entry(kind="reminder", due=None)

    assert (found.due, found.yes_words, found.trouble_words) == (None, "", "")
    assert found.draft(AFTERNOON, WORDS).due_at is None


def test_several_triggers_are_a_list(entry):
    found = entry(triggers='["manual", "every school day at 15:30"]')

    assert [str(trigger) for trigger in found.triggers] == ["manual", "every school day at 15:30"]


def test_a_single_entry_needs_no_dash(write):
    assert content.one(write("".join(f"{key}: {value}\n" for key, value in GOOD.items()))).id == "R03b"


@pytest.mark.parametrize(
    ("written", "enabled"), [("true", True), ("yes", True), ("False", False), ("no", False)]
)
def test_a_plan_is_switched_on_with_a_word(entry, written, enabled):
    assert entry(enabled=written).enabled is enabled


def test_a_file_with_a_byte_order_mark_is_read(write):
    text = "".join(f"{key}: {value}\n" for key, value in GOOD.items())

    assert content.one(write(text, encoding="utf-8-sig")).id == "R03b"


# ── what becomes of it ───────────────────────────────────────────────────────────────────────────


def test_a_draft_fills_in_the_day_and_the_hour_and_leaves_the_schools_own(entry):
    draft = entry(
        title="“{date} 安全课”", text='"{date}上完了吗?{due}前点“已落实”。{school} {unit} {duty_phone}"'
    ).draft(AFTERNOON, WORDS)

    assert draft.title == "“9月30日(周三) 安全课”"
    assert draft.text == "9月30日(周三)上完了吗?今天17:00前点“已落实”。{school} {unit} {duty_phone}"
    assert draft.due_at == dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)
    assert (draft.content_id, draft.audience.text, draft.chase) == ("R03b", "schools", "standard")


def test_a_holiday_needs_a_plan_that_knows_one(entry):
    found = entry(text='"{holiday}前上完了吗?"')

    with pytest.raises(errors.Refused, match=r"holiday.yaml 第 1 行 R03b.*\{holiday\}"):
        found.draft(AFTERNOON, WORDS)


# ── what is wrong with one entry ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ["id", "title", "kind", "audience", "due", "text"])
@pytest.mark.parametrize("written", [None, "", "''"])
def test_what_is_required_is_missed_by_name(entry, key, written):
    assert fault_of(entry, **{key: written}) == f"holiday.yaml 第 1 行:少了 “{key}”"


@pytest.mark.parametrize(
    ("changes", "line", "what"),
    [
        ({"kind": "letter"}, 3, "kind “letter”:可以写 reminder、confirm、report"),
        ({"audience": "shools"}, 4, "第 1 个字“shools”:不认识的词"),
        ({"due": "soon"}, 5, "due “soon”:"),
        ({"kind": "reminder"}, 5, "提醒(reminder)不用回,不能有 due"),
        ({"kind": "reminder", "due": None, "text": "请点“已落实”"}, 5, "却没有这个按钮(有:无)"),
        ({"audience": "admins"}, 4, "audience “admins” 只能用于 kind: reminder"),
        ({"level": "loud"}, 7, "level “loud”:可以写 info、today、now"),
        ({"category": "fun"}, 7, "category “fun”:可以写 routine、emergency"),
        ({"chase": "hard"}, 7, "chase “hard”:可以写 none、standard、urgent"),
        ({"escalate": "province"}, 7, "escalate “province”:可以写 none、county、city"),
        ({"escalate": "city"}, 7, "escalate “city” 只能用于 category: emergency"),
        ({"level": "info"}, 7, "level “info” 静音、不用回,只能用于 kind: reminder"),
        ({"enabled": "perhaps"}, 7, "enabled “perhaps”:可以写 true、false"),
        ({"colour": "red"}, 7, "不认识的键 “colour”。可以写:id title kind"),
        ({"title": "字" * 31}, 2, "title 太长:一行,不超过 30 字(现有 31 字)"),
        ({"title": '"两\\n行"'}, 2, "title 太长"),
        ({"yes": "字" * 11}, 7, "yes 太长:一行,不超过 10 字(现有 11 字)"),
        ({"trouble": "字" * 11}, 7, "trouble 太长"),
        ({"id": "R" * 65}, 1, "id 太长:一行,不超过 64 字(现有 65 字)"),
        ({"basis": "字" * 201}, 7, "basis 太长:一行,不超过 200 字(现有 201 字)"),
        ({"owner": "O" * 65}, 7, "owner 太长:一行,不超过 64 字(现有 65 字)"),
        ({"audience": " or ".join(["schools"] * 50)}, 4, "audience 太长:一行,不超过 400 字"),
        ({"title": "[a, b]"}, 2, "“title” 应是一行文字"),
        ({"triggers": "manual"}, 7, "“triggers” 应是一张清单"),
        ({"triggers": "[[manual]]"}, 7, "“triggers” 应是一张清单"),
        ({"text": "字" * 81}, 6, "text 太长:不超过 4 行、80 个汉字"),
        ({"text": '"1\\n2\\n3\\n4\\n5"'}, 6, "text 太长"),
        ({"text": '"{pupil}好"'}, 6, "text 里的 {pupil} 没有来处。可以写:{holiday} {date}"),
        ({"title": '"{pupil}好"'}, 2, "title 里的 {pupil} 没有来处"),
        ({"title": '"{school}好"'}, 2, "title 里的 {school} 没有来处。可以写:{holiday} {date} {due}"),
        ({"text": "请点“已上完”"}, 6, "text 叫人点“已上完”,卡片上却没有这个按钮(有:已落实、有困难)"),
        ({"text": "请点「已上完」"}, 6, "text 叫人点“已上完”"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_and_what_is_allowed(entry, changes, line, what):
    sentence = fault_of(entry, **changes)

    assert sentence.startswith(f"holiday.yaml 第 {line} 行:")
    assert what in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "请点“已落实”或点“有困难”"},
        {"yes": "已上完", "text": "请点 「已上完」"},
        {"text": "字" * 80},
        {"text": '"1\\n2\\n\\n3\\n4"'},
        {"title": "字" * 30},
        {"id": "R" * 64},
    ],
)
def test_what_just_fits_is_taken(entry, changes):
    assert entry(**changes)


def test_a_key_written_twice_is_refused(write):
    with pytest.raises(errors.Refused, match=r"第 2 行:键 “id” 写了两次"):
        content.one(write("- id: R1\n  id: R2\n"))


def test_an_entry_that_is_no_mapping_is_refused(write):
    assert content.read(write("- R03b\n")).faults == ("holiday.yaml 第 1 行:应是 “键: 值”,例如 “id: R03b”",)


# ── what is wrong with a file ────────────────────────────────────────────────────────────────────


def entries(*ids, **changes):
    keys = GOOD | changes
    return "".join(
        "- " + "\n  ".join(f"{key}: {value}" for key, value in (keys | {"id": id_}).items()) + "\n"
        for id_ in ids
    )


def test_one_refused_entry_never_stops_the_others(write):
    found = content.read(write(entries("R1") + entries("R2", kind="letter") + entries("R3")))

    assert [entry.id for entry in found.entries] == ["R1", "R3"]
    assert [entry.line for entry in found.entries] == [1, 13]
    assert found.faults == ("holiday.yaml 第 9 行:kind “letter”:可以写 reminder、confirm、report、directive",)


def test_an_id_is_used_once(write):
    found = content.read(write(entries("R1", "R2", "R1")))

    assert [entry.id for entry in found.entries] == ["R1", "R2"]
    assert found.faults == ("holiday.yaml 第 13 行:id “R1” 用了两次",)


@pytest.mark.parametrize(("ids", "count"), [((), 0), (("R1", "R2"), 2)])
def test_to_publish_there_is_exactly_one(write, ids, count):
    with pytest.raises(errors.Refused, match=f"一次发一条通知,文件里有 {count} 条"):
        content.one(write(entries(*ids) or "[]"))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "应是一张清单"),
        ("just words", "应是一张清单"),
        ("- id: [R1\n", r"第 2 行第 1 列:不是 YAML"),
        ("- id: R1\n---\n- id: R2\n", "不是 YAML"),
        ("- id: \x07\n", "不是 YAML"),
    ],
)
def test_what_is_no_list_of_entries_is_refused(write, text, what):
    with pytest.raises(errors.Refused, match=f"^holiday.yaml.*{what}"):
        content.read(write(text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(errors.Refused, match="没有这个文件"):
        content.read(tmp_path / "none.yaml")


def test_a_file_from_a_chinese_windows_is_refused_with_what_it_should_be(write):
    with pytest.raises(errors.Refused, match="应为 UTF-8 文本"):
        content.read(write(entries("R1"), encoding="gbk"))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(errors.Refused, match="读不了"):
        content.read(tmp_path)

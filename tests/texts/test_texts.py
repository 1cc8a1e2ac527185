"""Every text and template is held to the house's rules: length, width, buttons, words that never appear."""

import ast
import collections
import html
import pathlib
import re
import unicodedata
import zoneinfo

import jinja2.runtime
import pytest
import yaml

from bot.composing import place as drafts
from bot.composing import whom
from bot.delivery.message import Callback
from bot.notices import publish, trouble
from bot.notices.answer import Said
from bot.notices.rules import Kind
from bot.plans import content
from bot.roster.enrolment import Result
from bot.summaries import handling, lines
from bot.summaries.picking import pack
from bot.summaries.place import Page, Part
from bot.telegram.handlers.answering import TOLD
from bot.texts import Words
from tests.texts.samples import LONG, NASTY, SAMPLES

ROOT = pathlib.Path(__file__).parents[2]
WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))
NEVER = ("迟报", "问责", "处分", "扣分", "通报批评", "催缴", "超时")
WIDE_SIGNS = re.compile(
    "[\uff0c\uff1a\uff1b\uff1f\uff08\uff09]|[,。、]{2}"
)  # one width of each sign, and never two
HAN = re.compile(r"[\u4e00-\u9fff]")
PRESSED = re.compile(r"点(?:下面|上面)?\s*[“\"]([^”\"]+)[”\"]")
BIGGEST = 9_999_999


def macros() -> dict[str, jinja2.runtime.Macro]:
    found = {}
    for file in sorted((ROOT / "bot" / "texts" / "zh").glob("*.j2")):
        module = WORDS._plain.get_template(file.name).module
        found |= {
            f"{file.stem}.{k}": v for k, v in vars(module).items() if isinstance(v, jinja2.runtime.Macro)
        }
    return found


MACROS = macros()
BUTTONS = {  # what stands on a button; everything else in these files is read in a message or a toast
    "card": "yes trouble say look change all_yes one_yes one_trouble solved full original",
    "desk": "part more unfold back up excel live again chase chase_all names numbers on_behalf do_yes do_trouble do_excuse "
            "do_phoned sure chase_sure earlier",
    "carry": "picture copy span own heat",
    "handling": "open every reword recall sure_recall sure_reword items left version card whole back",
    "directive": "ack feedback one_feedback item all_done some_trouble back",
    "plans": "make_up skip go leave row switch now send days_ahead last_table back",
    "reports": "open all_needs table back",
    "calendar": "close whole some sure undo back home",
    "composing": "how level option county again group send ask_second list button with_items",
    "revising": "button",
    "burden": "list excel back other",
    "enrol": "share_phone yes_me not_me count_it do_not_count agree",
    "units": "row area post group to_part newest to_past to_below to_invite to_slips numbers copy another back",
    "trouble": "wrong_tap nothing_more reword seen phoned solved number answer_now",
}  # fmt: skip
BUTTON_NAMES = frozenset(f"{file}.{name}" for file, names in BUTTONS.items() for name in names.split())
# Who a text tells to press what, and where that button is. “开始” is Telegram's own START.
PLACES = {
    "card.file_lost_told": "card.original", "handling.recalled": "handling.back", "handling.which": "改一版",
    "card.full_corrected": "card.full",
    "toast.stranger": "开始", "toast.look_stranger": "开始", "toast.trouble_stands": "trouble.solved",
    "enrol.stranger": "enrol.share_phone", "enrol.not_your_own": "enrol.share_phone", "enrol.bound": "开始",
    "talk.help_stranger": "enrol.share_phone", "composing.not_attached": "收回来改",
}  # fmt: skip


def rendered() -> list[tuple[str, str]]:
    """Name and words of every text under every sample, as people read them."""
    found = []
    for name, macro in MACROS.items():
        found += [
            (name, plain(name, **sample)) for sample in SAMPLES.get(name, [{}] if not macro.arguments else [])
        ]
    return found


def plain(name: str, /, **sample: object) -> str:
    """As Telegram shows it: the HTML's tags and entities resolved."""
    if name.startswith("toast.") or name in BUTTON_NAMES:
        return WORDS.plain(name, **sample)
    return html.unescape(re.sub(r"</?(?:b|pre)>", "", WORDS.html(name, **sample)))


RENDERED = rendered()


def test_every_text_has_a_sample_with_exactly_its_parameters() -> None:
    assert {name for name, macro in MACROS.items() if macro.arguments and name not in SAMPLES} == set()
    assert set(SAMPLES) <= set(MACROS)
    for name, samples in SAMPLES.items():
        assert samples, name
        for sample in samples:
            assert set(sample) == set(MACROS[name].arguments), name


def test_a_toast_or_alert_has_at_most_200_characters_and_something_to_say() -> None:
    for name, text in RENDERED:
        if name.startswith("toast."):
            assert 0 < len(text) <= 200, (name, text)


def test_a_button_is_short_and_on_one_line() -> None:
    for name, text in RENDERED:
        if name in BUTTON_NAMES:
            fixed = text.replace(LONG, "").replace("字" * 10, "")
            assert text
            assert "\n" not in text
            assert len(HAN.findall(fixed)) <= 20, (name, text)


def test_a_message_fits_telegram_and_leaves_no_gap() -> None:
    for name, text in RENDERED:
        assert len(text) <= 4096, name
        assert "\n\n" not in text, (name, text)
        assert text == text.strip("\n"), name
        assert not re.search(r"[{}]|None|Undefined", text), (name, text)


def test_no_text_threatens_shouts_or_quotes_in_two_ways() -> None:
    for name, text in RENDERED:
        assert [word for word in NEVER if word in text] == [], (name, text)
        assert not re.search("[!\uff01]", text), (name, text)
        assert not re.search(r"[\"「」『』‘’]", text), (name, text)
        assert text.count("“") == text.count("”"), (name, text)
        assert not WIDE_SIGNS.search(text), (name, text)


def test_every_button_a_text_tells_people_to_press_exists_where_it_says() -> None:
    seen = set()
    for name, text in RENDERED:
        for wanted in PRESSED.findall(text):
            where = PLACES[name]
            assert wanted == (where if "." not in where else WORDS.plain(where)), (name, text)
            seen.add(name)
    assert seen == set(PLACES)


# ── inside <pre> ─────────────────────────────────────────────────────────────────────────────────


def half_widths(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


@pytest.mark.parametrize(
    "county", ["大河县教育局", "长阳土家族自治县教育和体育局", "市直学校", "合计", "高新区", LONG]
)
@pytest.mark.parametrize("figures", [(6, 0), (240, 212), (4000, 2377), (4000, 0), (9999, 9999)])
def test_a_line_of_figures_is_narrow_and_has_its_name_last(county: str, figures: tuple[int, int]) -> None:
    expected, answered = figures
    for troubles in {0, answered}:
        owed = expected - answered
        row = lines.Row("X", county, expected, answered, 0, troubles, 0, 0, owed, 0)
        line = lines.number_line(row)

        assert half_widths(line) <= 30, line
        assert line.split()[:3] == [str(owed), str(troubles), f"{answered}/{expected}"]
        numbers, name = line.rsplit(maxsplit=1)
        assert half_widths(numbers) == len(numbers)
        assert county.startswith(name.rstrip("…"))


def test_only_lines_of_figures_stand_inside_pre() -> None:
    for name, macro in MACROS.items():
        for sample in SAMPLES.get(name, []) if macro.arguments else []:
            for block in re.findall(r"<pre>(.*?)</pre>", WORDS.html(name, **sample), re.DOTALL):
                assert name in ("desk.city", "burden.page")
                assert all(re.fullmatch(r"[ \d/.]+\D+", line) for line in block.split("\n"))


# ── escaping ─────────────────────────────────────────────────────────────────────────────────────


def test_what_people_typed_is_escaped_in_messages_and_literal_in_toasts() -> None:
    checked = collections.Counter()
    for name, samples in SAMPLES.items():
        typed = {"unit", "title", "who", "by", "said_by", "text", "words", "name", "city"} & set(samples[0])
        if name in ("card.header", "menu.command") or not typed:
            continue
        for sample in samples:
            nasty = sample | {key: NASTY for key in typed if sample[key]}
            message, literal = WORDS.html(name, **nasty), WORDS.plain(name, **nasty)
            assert "<b>一中" not in message, name
            assert not re.search(r"&(?!amp;|lt;|gt;|#34;|#39;|quot;)", message), (name, message)
            assert "&lt;" not in literal, name
            assert "&amp;" not in literal, name
            checked[NASTY in literal] += 1
    assert checked[True] > 60


# ── names: every text is used, every name exists ─────────────────────────────────────────────────

SOURCES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "bot").rglob("*.py"))}


def calls() -> list[tuple[str, str, ast.Call]]:
    """Where a text is named outright: place, name, call."""
    found = []
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            first = node.args[0] if isinstance(node, ast.Call) and node.args else None
            name = first.value if isinstance(first, ast.Constant) else None
            if isinstance(name, str) and re.fullmatch(rf"(?:{'|'.join(FILES)})\.\w+", name):
                found.append((f"{path.name}:{node.lineno}", name, node))
    return found


FILES = sorted({name.split(".")[0] for name in MACROS})


SPEAKING = ("html", "plain", "say", "_say", "_button")


def _verb(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_every_text_named_in_the_code_exists_and_gets_what_it_asks_for() -> None:
    named = [c for c in calls() if _verb(c[2]) in SPEAKING]
    assert len(named) > 60
    for place, name, call in named:
        assert name in MACROS, place
        given = {keyword.arg for keyword in call.keywords}
        if _verb(call) in ("html", "plain") and None not in given:
            required = set(MACROS[name].arguments) - ({"name"} if name == "desk.top" else set())
            assert given == required, (place, name)


def test_every_outcome_of_a_press_and_of_an_enrolment_has_its_words() -> None:
    for said in Said:
        assert set(MACROS[f"toast.{said.value}"].arguments) == set(TOLD.get(said, ())), said
    for result in Result:
        if result is not Result.ENROLLED:
            assert f"enrol.{result.value}" in MACROS, result


def test_every_text_is_used() -> None:
    strings = {
        node.value
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    prefixes = {  # f"toast.{name}", f"enrol.{result}": the rest of the name is a word of its own somewhere
        node.values[0].value.split(".")[0]
        for tree in SOURCES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
        and re.fullmatch(rf"(?:{'|'.join(FILES)})\.", str(node.values[0].value))
    }  # fmt: skip
    templates = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "bot" / "texts" / "zh").glob("*.j2"))
    unused = [
        name
        for name in MACROS
        for file, _, macro in [name.partition(".")]
        if name not in strings
        and not (file in prefixes and macro in strings)
        and len(re.findall(rf"\b{macro}\(", templates)) < 2
    ]

    assert unused == []


# ── words outside the templates ──────────────────────────────────────────────────────────────────


def test_no_sentence_in_the_code_threatens_or_shouts() -> None:
    for path, tree in SOURCES.items():
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body and isinstance(node.body[0], ast.Expr)
        }  # fmt: skip
        for node in ast.walk(tree):
            if (
                not isinstance(node, ast.Constant)
                or not isinstance(node.value, str)
                or id(node) in documented
            ):
                continue
            where = f"{path.name}:{node.lineno}"
            assert [word for word in NEVER if word in node.value] == [], where
            if HAN.search(node.value):
                assert not re.search("[!\uff01]", node.value), where


def test_no_content_threatens() -> None:
    files = [*(ROOT / "config").rglob("*.yaml"), *(ROOT / "config").rglob("*.toml")]
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert [word for word in NEVER if word in text] == [], path
        assert not re.search("[!\uff01]", text), path


CONTENT = sorted(
    path for folder in ("reminders", "directives") for path in (ROOT / "config" / folder).glob("*.yaml")
)


@pytest.mark.parametrize("path", CONTENT, ids=lambda path: path.name)
def test_content_is_read_without_a_fault(path: pathlib.Path) -> None:
    found = content.read(path)

    assert found.faults == ()
    assert len(found.entries) == len(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_content_exists() -> None:
    assert CONTENT


# ── callbacks ────────────────────────────────────────────────────────────────────────────────────


def test_every_button_fits_telegram_with_the_largest_ids() -> None:
    eight = pack([BIGGEST] * 8)
    made = [Page(BIGGEST, str(BIGGEST), part, 9999, None, BIGGEST).callback(action)
            for part in Part for action in ("page", "xlsx", "phones", "pick")]  # fmt: skip
    made += [
        Callback("tick", BIGGEST, 0, (row, "s", page, eight))
        for row, page in (("all", "499"), (str(BIGGEST), "99"), ("bureau", "99"))
    ]
    made += [
        Callback("sure", BIGGEST, 0, ("trouble", eight)),
        Callback("behalf", BIGGEST, 0, ("trouble", eight)),
    ]
    made += [Callback("excuse", BIGGEST, 0, (reason, eight)) for reason in ("no_pupils", "unrelated")]
    made += [Callback("t-theme", BIGGEST, 0, (str(BIGGEST), theme)) for theme in trouble.THEMES]
    made += [Callback("trouble", BIGGEST, 99, (str(BIGGEST),)), Callback("why", BIGGEST, 0, (eight,))]

    assert [c for c in made if len(c.encode()) > 64] == []


def test_every_button_of_an_item_or_a_draft_fits_with_ids_of_ten_digits() -> None:
    largest, key = 9_999_999_999, "字" * publish.KEY_CHARS
    assert len(key.encode()) == publish.KEY_BYTES
    unit = str(largest)
    made = [Callback(action, largest, 99, (unit, key, "99")) for action in ("it-yes", "it-bad")]
    made += [Callback(action, largest, 99, (unit, "99", "t")) for action in ("it-page", "it-rest")]
    made += [Callback(handling.TYPE, largest, 99, (key,))]
    made += [
        Callback(action, largest, 99, ("99", "99"))
        for action in (handling.ITEMS, handling.WORD, handling.LEFT)
    ]
    word = "0" * whom.KEY_CHARS
    drafted = (*drafts.OWN, drafts.AGAIN, drafts.REVISE, drafts.LOOK, drafts.AGREE, drafts.REFUSE)
    made += [Callback(action, largest, 99_999, (drafts.Part.COUNTIES, word, "9999")) for action in drafted]

    assert [c for c in made if len(c.encode()) > 64] == []


def test_kinds_have_default_button_words_that_fit() -> None:
    for kind in Kind:
        assert all(len(word) <= content.LABEL_CHARS for word in content.DEFAULT_LABELS[kind])

"""What the pages say is there is there: commands parse, links lead somewhere, files and tables have these names."""

import contextlib
import dataclasses
import io
import pathlib
import re
import shlex
import shutil
import subprocess
import zoneinfo

import pytest

from bot import cli
from bot.calendar import loading
from bot.db import migrate, schema
from bot.plans import content
from bot.retention import periods

ROOT = pathlib.Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
PAGES = [*READMES, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"^(?:xiaoan|python -m bot)(?: (.*))?$")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
FILE = re.compile(r"(?:bot|tests|config|deploy|docs)/[\w./-]+\.(?:py|sh|toml|yaml|csv|service|timer|md|png)")
TEST = re.compile(r"(?<![\w/])test_\w+\.py")
CHROMIUM = shutil.which("chromium")


def name(page: pathlib.Path) -> str:
    return str(page.relative_to(ROOT))


def read(page: pathlib.Path) -> str:
    return page.read_text(encoding="utf-8")


def commands(page: pathlib.Path) -> list[str]:
    """What follows `xiaoan` in blocks and in spans, without the comment behind it."""
    text = read(page)
    lines = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    spans = SPAN.findall(FENCE.sub("", text))
    found = [COMMAND.match(re.sub(r"\s+#.*$", "", one).strip()) for one in (*lines, *spans)]
    return [match[1] or "" for match in found if match]


def fault(words: list[str]) -> str:
    """What argparse has against it; '' if nothing."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            cli._parser(words).parse_args(words)
    except SystemExit as left:
        return said.getvalue() if left.code else ""
    return ""


def help_of(path: list[str]) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        cli._parser(path).parse_args([*path, "--help"])
    return said.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_is_shown_parses(page):
    shown = [shlex.split(one) for one in commands(page)]
    cut = [[*words[: words.index("…")], "--help"] if "…" in words else words for words in shown if words]

    assert {" ".join(words): fault(words) for words in cut if fault(words)} == {}


def test_commands_are_shown_at_all():
    assert len(commands(ROOT / "docs" / "deploy.md")) > 25
    assert "plans enable R03b" in commands(ROOT / "README.zh.md")
    assert fault(["plans", "start", "R03b"])
    assert fault(["publish"])


def rows(page: pathlib.Path) -> list[list[str]]:
    """The spans of the first column of the table of commands, each row's."""
    cells = re.findall(r"^\| (`.+?`) \| ", read(page), re.MULTILINE)
    return [[span.replace("\\|", "|") for span in SPAN.findall(cell)] for cell in cells]


@pytest.mark.parametrize("page", READMES, ids=name)
def test_the_table_of_commands_has_all_of_them_with_options_there_are(page):
    listed: set[str] = set()
    for spans in rows(page):
        group = spans[0].split()[0]
        for span in spans:
            words = [w for w in re.sub(r"[\[(].*", "", span).split() if re.fullmatch(r"[a-z]+", w)]
            path = words if words[0] in {w for ws in cli.GROUPS.values() for w in ws} else [group, *words]
            told = help_of(path)
            assert told, path
            assert [o for o in re.findall(r"--[a-z-]+", span) if o not in told] == [], span
            listed.add(path[0])

    assert listed == {word for words in cli.GROUPS.values() for word in words}


def slug(heading: str) -> str:
    return re.sub(r"[^\w\s-]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [*PAGES, *ADRS, ROOT / "docs" / "letter.html"], ids=name)
def test_every_link_leads_to_a_file_and_its_heading(page):
    lost = []
    for target in filter(None, (one or other for one, other in LINK.findall(read(page)))):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file) if file else page
        headings = re.findall(r"^#+ (.+)$", read(there), re.MULTILINE) if there.suffix == ".md" else []
        if not there.exists() or (anchor and anchor not in map(slug, headings)):
            lost.append(target)

    assert lost == []


@pytest.mark.parametrize("page", [*PAGES, *ADRS], ids=name)
def test_every_file_named_exists(page):
    text = read(page)
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}

    assert [one for one in FILE.findall(text) if not (ROOT / one).exists()] == []
    assert [one for one in TEST.findall(text) if one not in tests] == []


def test_every_page_stands_in_the_index():
    index = ROOT / "docs" / "index.md"
    listed = {target for pair in LINK.findall(read(index)) for target in pair if target}
    pages = {page.name for page in (ROOT / "docs").iterdir() if page.suffix in {".md", ".html"}}

    assert pages - {"index.md"} <= listed
    assert "docs/index.md" in read(ROOT / "README.md")
    assert "docs/index.md" in read(ROOT / "README.zh.md")


def test_the_inventory_has_every_table_once():
    migrate.import_models()
    part = read(ROOT / "docs" / "security.md").split("## What is kept")[1].split("\n## ")[0]
    first = re.findall(r"^\| (`.+?`) \| ", part, re.MULTILINE)
    listed = [table for cell in first for table in SPAN.findall(cell)]

    assert sorted(listed) == sorted(schema.metadata.tables)


def test_the_inventory_has_the_periods_of_the_file():
    part = read(ROOT / "docs" / "security.md").split("## What is kept")[1].split("\n## ")[0]
    said = {int(days) for days in re.findall(r"(\d+) days?", part)}
    kept = periods.load(ROOT / "config" / periods.FILE).periods

    assert set(dataclasses.astuple(kept)) <= said
    assert said - set(dataclasses.astuple(kept)) <= {1, 8}  # what is not for the bureau to set


@pytest.mark.parametrize("page", READMES, ids=name)
def test_the_notice_shown_can_be_published(page, tmp_path):
    (block,) = [block for kind, block in FENCE.findall(read(page)) if kind == "yaml"]
    file = tmp_path / "notice.yaml"
    file.write_text(block, encoding="utf-8")

    assert content.one(file).id == "drill"


def test_the_calendar_shown_has_no_fault_but_what_it_leaves_out(tmp_path):
    (block,) = [block for kind, block in FENCE.findall(read(ROOT / "docs" / "clerk.zh.md")) if kind == "toml"]
    (tmp_path / "2027.toml").write_text(block, encoding="utf-8")
    (said,) = loading.load(tmp_path, zoneinfo.ZoneInfo("Asia/Shanghai")).faults

    assert said.startswith("2027.toml:[[holiday]] 还缺")
    assert "春节" not in said


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: install it to print the letter")
def test_the_letter_is_one_page(tmp_path):
    printed = tmp_path / "letter.pdf"
    page = (ROOT / "docs" / "letter.html").as_uri()
    subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={printed}", page,
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip

    assert re.findall(rb"/Type /Pages\s.*?/Count (\d+)", printed.read_bytes(), re.DOTALL) == [b"1"]

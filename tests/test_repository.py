"""House rules that no linter knows: the locks, the decisions, the list of targets."""

import ast
import pathlib
import re
import subprocess
import tomllib

import pytest
from packaging import requirements, utils

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNS = PROJECT["project"]["dependencies"]
BUILDS = PROJECT["dependency-groups"]["dev"]
LOCKS = {"requirements.lock": RUNS, "requirements-dev.lock": RUNS + BUILDS}
FEATURES = (
    "plans",
    "retention",
    "summaries",
    "hazards",
    "notices",
    "forms",
    "roster",
    "delivery",
    "inbox",
    "calendar",
    "audit",
)
ADRS = sorted((ROOT / "docs" / "adr").glob("0*.md"))[1:]


def pins(lock: str) -> dict[str, list[str]]:
    """Name → versions: a universal lock may pin one package twice, under different markers."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(utils.canonicalize_name(name), []).append(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_is_asked_for(lock):
    pinned = pins(lock)
    asked = [requirements.Requirement(text) for text in LOCKS[lock]]

    missing = [
        str(ask)
        for ask in asked
        if not all(ask.specifier.contains(v) for v in pinned.get(utils.canonicalize_name(ask.name), [""]))
    ]
    assert missing == [], "run: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_package_and_names_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\S)", text.strip())

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "index" not in text


def test_both_locks_agree():
    dev = pins("requirements-dev.lock")

    assert {name: dev.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


def test_every_dependency_has_its_reason_and_every_reason_its_dependency():
    page = (ROOT / "docs" / "adr" / "0012-each-dependency-has-a-reason.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([a-z][\w, -]*) \| (?!we take)", page, re.MULTILINE)
    reasons = {name.strip() for cell in cells for name in cell.split(",")}

    assert reasons == {requirements.Requirement(text).name.lower() for text in RUNS + BUILDS}


@pytest.mark.parametrize("page", ADRS, ids=lambda page: page.stem)
def test_an_adr_has_its_five_headings_a_quotable_line_and_a_place_in_the_index(page):
    text = page.read_text(encoding="utf-8")
    decision = text.split("## Decision\n")[1].split("## Consequences")[0]

    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives", "References"]
    assert text.startswith(f"# {page.name[:4]} · ")
    assert "**" in decision
    assert f"]({page.name})" in (page.parent / "0000-index.md").read_text(encoding="utf-8")


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "-C", str(ROOT)], check=True, capture_output=True, text=True).stdout
    targets = re.findall(r"^\.PHONY: (\w+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert targets
    assert re.findall(r"^  make (\w+)", listed, re.MULTILINE) == targets


READS_CHECKS_CHANGES = {"bot/roster/import_files.py"}  # files are checked between two transactions, in none


def test_no_feature_awaits():
    """The edges are async, the features are not: a verb that could await could call Telegram there."""
    awaiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    found = {
        str(path.relative_to(ROOT))
        for feature in FEATURES
        for path in (ROOT / "bot" / feature).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, awaiting)
    }

    assert found <= READS_CHECKS_CHANGES


def test_every_feature_is_a_floor_of_the_contract():
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

    assert set(FEATURES) <= set(re.findall(r"\w+", " ".join(layers)))

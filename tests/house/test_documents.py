"""What the documents say is what the code does."""

import importlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.house import tree

MARKDOWN = sorted(name for name, _ in tree.texts(".md"))
SECTIONS = ("topics", "commands", "settings", "metrics", "the life of a refund", "the lives of disputes")


def documents():
    """Imported late: where a part of the product cannot be imported, the other rules are still asked."""
    return importlib.import_module("tests.house.documents")


@pytest.mark.parametrize("name", SECTIONS)
def test_a_generated_table_says_what_the_code_says(name):
    section = {section.name: section for section in documents().SECTIONS}[name]
    assert documents().standing(section) == section.make(), f"{section.document} is stale: make docs"


def test_every_generated_table_is_compared():
    assert {section.name for section in documents().SECTIONS} == set(SECTIONS)


@pytest.mark.parametrize("name", MARKDOWN)
def test_every_link_inside_the_project_leads_somewhere(name):
    text = (tree.ROOT / name).read_text()
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
    dead = [target for target in targets if not (tree.ROOT / Path(name).parent / target).exists()]
    assert not dead


@pytest.mark.parametrize("name", MARKDOWN)
def test_every_file_that_a_document_names_exists(name):
    folder = tree.ROOT / Path(name).parent
    text = (tree.ROOT / name).read_text()
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|toml|yaml|lock))`", text))
    inside = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    below = {path.rpartition("/")[2] for path in inside}
    missing = {file for file in named if file not in inside | below and not (tree.ROOT / file).exists()}
    assert not missing


def blocks(name: str) -> list[list[str]]:
    """The fenced blocks of a document that have no language, as lines."""
    return [block.splitlines() for block in re.findall(r"(?ms)^```\n(.*?)^```$", (tree.ROOT / name).read_text())]


def told_commands(first_word: str) -> set[tuple[str, ...]]:
    """Commands that documents tell: lines of fenced blocks, and code in a line, that begin with the word."""
    told = set()
    for name in MARKDOWN:
        spans = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```$", "", (tree.ROOT / name).read_text()))
        for line in [*spans, *(line for block in blocks(name) for line in block)]:
            words = line.split("#")[0].split()
            if words and words[0] == first_word:
                told.add(tuple(words[1:]))
    return told


def test_every_make_command_of_the_documents_exists():
    made = set(re.findall(r"(?m)^([a-z-]+):", (tree.ROOT / "Makefile").read_text()))
    told = {words[0] for words in told_commands("make") if words}
    assert told
    assert not told - made


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "-s", "help"], cwd=tree.ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"(?m)^\.PHONY: (.*)$", (tree.ROOT / "Makefile").read_text())
    assert phony
    assert not [target for target in phony[1].split() if f"make {target} " not in shown]


def test_every_refundry_command_of_the_documents_exists():
    known = {words for words, _ in documents().command_paths(documents().command_group())}
    nouns = {words[0] for words in known}
    told = told_commands("refundry")
    assert told
    unknown = {
        words
        for words in told
        if words and not (words[:2] in known or words[:1] in known or (words[0] in nouns and len(words) == 1))
    }
    # `policy check|publish` names two commands at once
    unknown = {w for w in unknown if len(w) < 2 or {(w[0], verb) for verb in re.split(r"\\?\|", w[1])} - known}
    assert not unknown


def test_the_front_page_tells_every_exit_code():
    failures, root, exits = (
        importlib.import_module(f"app.{name}") for name in ("cli.failures", "cli.root", "runtime.exits")
    )
    given = {int(code) for code in failures.ExitCode} | {root.INTERRUPTED}
    given |= {
        kind.code for kind in vars(exits).values() if isinstance(kind, type) and issubclass(kind, exits.WorkerStopError)
    }
    table = (tree.ROOT / "README.md").read_text().partition("| exit code | means |")[2].partition("\n\n")[0]
    assert {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", table)} == given


def test_every_variable_of_the_documents_is_a_setting():
    settings = importlib.import_module("app.settings")
    known = {row.name for row in settings.defaults()} | {"REFUNDRY_CONFIG", "REFUNDRY_HYPOTHESIS"}
    told = {word for name in MARKDOWN for word in re.findall(r"REFUNDRY_[A-Z_]*[A-Z]", (tree.ROOT / name).read_text())}
    assert not {word for word in told - known if not word.startswith("REFUNDRY_REQUIRE_")}


def test_every_setting_says_what_it_does():
    settings = importlib.import_module("app.settings")
    assert not [row.name for row in settings.defaults() if not row.description.strip()]


def test_every_metric_is_written_somewhere_and_says_what_it_counts():
    metrics = importlib.import_module("app.metrics")
    code = "\n".join(source.text for source in tree.product() if source.name != "app/metrics.py")
    constants = {value.name: name for name, value in vars(metrics).items() if isinstance(value, metrics.Metric)}
    assert not [metric.name for metric in metrics.CATALOGUE if not metric.help.strip()]
    assert {metric.name for metric in metrics.CATALOGUE} == set(constants)
    assert not [name for name, constant in constants.items() if not re.search(rf"\b{constant}\b", code)]


def test_a_metric_has_the_name_of_its_kind_and_no_id_as_a_label():
    metrics = importlib.import_module("app.metrics")
    for metric in metrics.CATALOGUE:
        assert metric.name.startswith("refundry_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not {label for label in metric.labels if label.endswith("id")}, metric.name


def test_a_decision_record_has_a_number_a_rule_two_paragraphs_and_what_was_rejected():
    records = sorted(path for path in (tree.ROOT / "app" / "decisions").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert len(set(numbers)) == len(numbers), "a number names one record"
    for path in records:
        title, *paragraphs = re.split(r"\n\n", path.read_text().strip())
        assert re.fullmatch(r"# [A-Z][^\n]{20,}", title), path.name
        assert [p for p in paragraphs if p.startswith("Rejected: ")] == paragraphs[-1:], path.name
        assert len(paragraphs) == 3, path.name


def test_every_dependency_of_the_product_has_its_reason():
    pyproject = (tree.ROOT / "pyproject.toml").read_text()
    listed = re.search(r"(?ms)^dependencies = \[\n(.*?)^\]", pyproject)
    assert listed
    wanted = {re.split(r"[<>=]", name)[0].lower() for name in re.findall(r'^\s*"([^"]+)"', listed[1], re.MULTILINE)}
    reasons = "\n".join(path.read_text() for path in (tree.ROOT / "app" / "decisions").glob("[0-9]*.md")).lower()
    assert wanted
    assert not {name for name in wanted if f"**{name}**" not in reasons}

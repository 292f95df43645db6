"""Which words the house does not use, and what it does not speak of."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.house import tree
from topics.catalogue import TOPICS

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common", "stuff"}
EMPTY_NAME = re.compile(
    r"(?i)(^|_)(utils?|helpers?|managers?|misc|handle2|process_data|do_it)(_|$)|[a-z]Manager\b|[a-z]Helper\b"
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK")) + r")\b")
BANNER = re.compile(r"#\s*([-=#*~_])\1{3,}")
EXCEPTED = re.compile(r"noqa:?\s*([A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(.*)")
UNTYPED = re.compile(r"type:\s*ignore(?!\[)")

# The workplace of whoever wrote this is no part of the product; assembled here so that this file does not name it either.
ELSEWHERE = {
    "a path of a workplace": re.compile(r"(?<![\w.])/(work|root|home)/\w"),
    "pages that are not part of the project": re.compile(
        r"\b(DESIGN|CONTRACT|RUNTIME|FAULTS|STYLE|DOMAIN)\.md\b|\.\./shared"
    ),
    "an issue by its number": re.compile(r"(?i)\b(issue|ticket|pull request|PR)s?\s+#?\d+|(?<=\s)#\d{1,4}(?=[\s.,)])"),
    "a registry's host": re.compile(
        r"(?i)\bpypi\.org|pythonhosted|\bnpmjs\.|repo1?\.maven|crates\.io\b|\bregistry\.(npmjs|yarnpkg|hub)\b"
    ),
}
MAY_NAME_DATA_BESIDE_THE_PROJECT = (".ci/", "tests/real/", "tests/house/test_words.py")
NOT_OURS = ("LICENSE", "requirements.lock")


def identifiers(source: tree.Source) -> set[str]:
    """Every name that a file defines: modules, classes, functions, arguments, variables."""
    found = {Path(source.name).stem}
    for node in ast.walk(source.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    return found


def commented(sources: Iterable[tree.Source], pattern: re.Pattern[str]) -> Iterator[tuple[tree.Source, str]]:
    """The comments in which the pattern is found, with their files.

    Only files that hold it at all are taken apart: that costs some seconds for all of them.
    """
    for source in sources:
        if pattern.search(source.text):
            for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
                if token.type == tokenize.COMMENT and pattern.search(token.string):
                    yield source, token.string


def banners(sources: Iterable[tree.Source]) -> list[str]:
    """Comments that begin like a ruled line, wherever they stand."""
    return [f"{source.name}: {comment}" for source, comment in commented(sources, BANNER) if BANNER.match(comment)]


def test_no_file_or_folder_has_a_name_that_says_nothing():
    parts = {part for path in tree.project_files() for part in Path(tree.named(path)).with_suffix("").parts}
    assert not parts & EMPTY_NAMES


def test_no_name_in_the_product_says_nothing():
    empty = {
        f"{source.name}: {name}" for source in tree.product() for name in identifiers(source) if EMPTY_NAME.search(name)
    }
    assert not empty


def test_topics_are_spelled_in_the_catalogue_alone():
    names = {topic.name for topic in TOPICS if "-" in topic.name}  # the others are words that mean other things too
    spelled = [
        f"{source.name}: {node.value}"
        for source in tree.product()
        if source.name != "topics/catalogue.py" and not source.name.startswith("app/demo/oracle/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert spelled == ["app/cli/root.py: dead-letters"]  # the noun of a command


def test_nothing_is_left_to_be_done_in_the_code():
    left = [
        f"{name}:{number}"
        for name, text in tree.texts()
        if name not in NOT_OURS
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left


def test_no_comment_is_a_banner():
    assert not banners(tree.sources(*tree.FOLDERS))


def test_a_banner_is_one_on_a_line_of_its_own_and_behind_code():
    texts = ["# ----\n", "    #====\n", "a = 1  # ~~~~ settings ~~~~\n", "# after ----\na = '# ----'\n"]
    sources = [tree.Source(f"{number}", text) for number, text in enumerate(texts)]
    assert banners(sources) == ["0: # ----", "1: #====", "2: # ~~~~ settings ~~~~"]


def test_every_exception_from_the_linter_gives_its_reason_beside_it():
    bare = [
        f"{source.name}: {comment}"
        for source, comment in commented(tree.sources(*tree.FOLDERS), EXCEPTED)
        if (match := EXCEPTED.search(comment)) and (not match[1] or not re.search(r"\w{3}", match[2]))
    ]
    assert not bare


def test_every_ignored_type_error_names_its_kind():
    bare = [f"{source.name}: {comment}" for source, comment in commented(tree.product(), UNTYPED)]
    assert not bare


@pytest.mark.parametrize("what", ELSEWHERE)
def test_the_project_speaks_of_itself_alone(what):
    told = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in tree.texts()
        if name not in NOT_OURS and not name.startswith(MAY_NAME_DATA_BESIDE_THE_PROJECT)
        for number, line in enumerate(text.splitlines(), 1)
        if ELSEWHERE[what].search(line)
    ]
    assert not told, what


def test_the_lock_file_names_no_index():
    lock = (tree.ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert not [line for line in lock.splitlines() if line.startswith("--")]


def test_every_pin_of_the_lock_file_has_its_hashes():
    blocks = re.split(r"(?m)^(?=[a-z0-9])", (tree.ROOT / "requirements.lock").read_text())[1:]
    assert blocks
    assert not [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block or "==" not in block]

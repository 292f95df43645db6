"""Where things stand, and how large they may become."""

import ast
import re
from pathlib import Path

import pytest

from tests.house import tree

TOP_LEVEL = {
    "pyproject.toml",
    "app",
    "topics",
    "agents",
    "tests",
    "deploy",
    "README.md",
    "Makefile",
    "requirements.lock",
    "LICENSE",
}
FILE_LINES_MAX = 300
AGENT_LINES_MAX = 250
FUNCTION_LINES_MAX = 70
UNDOCUMENTED_LINES_MAX = 8


def test_the_top_level_holds_exactly_what_the_house_is_made_of():
    found = {Path(tree.named(path)).parts[0] for path in tree.project_files()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def rooms() -> list[str]:
    """The five parts, and the packages inside app: `app/domain`, `app/runtime`, …"""
    inside = sorted(
        f"app/{path.name}" for path in (tree.ROOT / "app").iterdir() if path.is_dir() and list(path.glob("**/*.py"))
    )
    return [*tree.FOLDERS, *inside]


@pytest.mark.parametrize("room", rooms())
def test_every_room_has_a_door_plate(room):
    plate = tree.ROOT / room / "README.md"
    assert plate.is_file(), f"{room}/README.md: what lives here, what it may import, where to start reading"
    assert plate.read_text().startswith("# ")


@pytest.mark.parametrize("room", [room for room in rooms() if room not in ("tests", "deploy")])
def test_a_door_plate_says_what_its_room_may_import_and_where_to_start(room):
    plate = tree.ROOT / room / "README.md"
    text = plate.read_text().lower() if plate.is_file() else ""
    assert "import" in text, f"{room}/README.md does not say what the room may import"
    assert "start" in text, f"{room}/README.md does not say where to start reading"


@pytest.mark.parametrize("room", [room for room in rooms() if room not in ("tests", "deploy")])
def test_a_door_plate_names_every_file_of_its_room(room):
    folder = tree.ROOT / room
    named = set(re.findall(r"`([\w/]+\.py)`", (folder / "README.md").read_text()))
    assert not {path.name for path in folder.glob("*.py") if path.name != "__init__.py"} - named


@pytest.mark.parametrize("room", [room for room in rooms() if room not in ("tests", "deploy")])
def test_a_door_plate_names_no_file_that_is_gone(room):
    folder = tree.ROOT / room
    named = set(re.findall(r"`([\w/]+\.py)`", (folder / "README.md").read_text()))
    inside = {path.name for path in folder.rglob("*.py")}
    assert not [name for name in named - inside if not (tree.ROOT / name).is_file() and not (folder / name).is_file()]


def test_no_file_of_the_product_is_too_long():
    long = {source.name: source.lines for source in tree.product() if source.lines > FILE_LINES_MAX}
    assert not long


def test_no_function_of_the_product_is_too_long():
    long = {
        f"{source.name}:{node.lineno} {node.name}": tree.length(node)
        for source in tree.product()
        for node in tree.functions(source)
        if tree.length(node) > FUNCTION_LINES_MAX
    }
    assert not long


def test_every_file_of_the_product_says_what_it_is_for():
    silent = [source.name for source in tree.product() if source.text.strip() and not ast.get_docstring(source.tree)]
    assert not silent


def test_every_public_function_of_more_than_a_few_lines_says_what_it_means():
    silent = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in tree.product()
        for node in tree.api(source)
        if tree.length(node) > UNDOCUMENTED_LINES_MAX and not ast.get_docstring(node)
    ]
    assert not silent


def test_every_public_class_says_what_it_is():
    silent = [
        f"{source.name}:{node.lineno} {node.name}"
        for source in tree.product()
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not silent


def test_an_agent_is_small():
    large = {source.name: source.lines for source in tree.sources("agents") if source.lines > AGENT_LINES_MAX}
    assert not large

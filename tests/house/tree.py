"""The source tree as the rules of the house see it: which files are the product's, and what stands in them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("topics", "app", "agents")
FOLDERS = (*PACKAGES, "tests", "deploy")
MADE = {"__pycache__", "node_modules", "build", "dist"}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".txt",
    ".lock",
    ".j2",
    ".html",
    ".css",
    ".js",
    ".xml",
    ".sh",
    ".csv",
    "",
}


@dataclass(frozen=True)
class Source:
    """One Python file, read once and parsed where that is asked. `name` is its path from the root."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """What Python makes of it."""
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        """How long the file is."""
        return self.text.count("\n")


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project that is written by hand or committed: what git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        return tuple(sorted(ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()))
    return tuple(sorted(path for path in ROOT.rglob("*") if path.is_file() and _is_written(path.relative_to(ROOT))))


def _is_written(path: Path) -> bool:
    """Without git: not in a hidden folder (but that of the checks), and not made by a run."""
    folders = path.parts[:-1]
    hidden = {folder for folder in folders if folder.startswith(".")} - {".ci"}
    return not hidden and not MADE & set(folders) and not any(folder.endswith(".egg-info") for folder in folders)


def named(path: Path) -> str:
    """A path as the reports of the rules show it."""
    return path.relative_to(ROOT).as_posix()


def texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Name and text of the project's files with one of the suffixes; without any, of all text files."""
    for path in project_files():
        if path.suffix in (suffixes or TEXT):
            yield named(path), path.read_text(encoding="utf-8")


@cache
def _python() -> tuple[Source, ...]:
    return tuple(Source(name, text) for name, text in texts(".py"))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files under the folders."""
    return tuple(source for source in _python() if source.name.split("/")[0] in folders)


def product() -> tuple[Source, ...]:
    """The Python files of the three packages."""
    return sources(*PACKAGES)


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def api(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a file and the methods of its classes that others may call."""
    for scope in (source.tree, *(node for node in source.tree.body if isinstance(node, ast.ClassDef))):
        for node in scope.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, from its `def` to its end."""
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def strings(*folders: str) -> Iterator[tuple[str, str]]:
    """Every string literal under the folders, with the name of its file."""
    for source in sources(*folders):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield source.name, node.value

# ruff: noqa: INP001  deploy/ holds files and scripts for the place where it runs; it is no package
"""Writes the part of `requirements.lock` that one installation needs: `python deploy/locked.py [EXTRA…]`.

The lock file holds every extra. A demo or a container needs the product's own dependencies, those of the extras named,
what these need in turn, and what builds the package. The lock file says beside each pin who needs it (`# via …`); that
is followed from the requirements of `pyproject.toml`. Standard library only: it runs before anything is installed.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def canonical(requirement: str) -> str:
    """`PyYAML>=6` as `pyyaml`: the name alone, spelled as every index spells it."""
    match = _NAME.match(requirement)
    if match is None:
        raise ValueError(f"no requirement: {requirement}")
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def wanted(project: dict[str, object], build: dict[str, object], extras: Iterable[str]) -> set[str]:
    """The names that `pyproject.toml` asks for, of the tables `project` and `build-system`. KeyError: no such extra."""
    optional = project["optional-dependencies"]
    assert isinstance(optional, dict)
    lists = [project["dependencies"], build["requires"], *(optional[extra] for extra in extras)]
    return {canonical(requirement) for listed in lists for requirement in listed}


def pins(lock: str) -> Iterator[tuple[str, set[str], str]]:
    """Each pin of a lock file: its name, the names of those that need it, and its text with its hashes."""
    for block in re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]:
        lines = [line for line in block.splitlines() if "#" not in line]
        comments = " ".join(line.strip(" #") for line in block.splitlines() if line.startswith("    #"))
        yield canonical(block), {canonical(word) for word in comments.split() if _NAME.match(word)}, "\n".join(lines)


def subset(lock: str, names: set[str]) -> list[str]:
    """The texts of the pins of `names` and of all that they need, in the order of the lock file."""
    every = list(pins(lock))
    chosen = set(names)
    while more := {name for name, needed_by, _ in every if needed_by & chosen} - chosen:
        chosen |= more
    if missing := names - {name for name, _, _ in every}:
        raise ValueError(f"not in the lock file: {', '.join(sorted(missing))}; make it anew with `make lock`")
    return [text for name, _, text in every if name in chosen]


def main(extras: list[str]) -> int:
    """Writes the part for `extras` to stdout; 2 and a line on stderr where an extra does not exist."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    try:
        names = wanted(pyproject["project"], pyproject["build-system"], extras)
        texts = subset((ROOT / "requirements.lock").read_text(), names)
    except KeyError as unknown:
        sys.stderr.write(f"no such extra: {unknown}\n")
        return 2
    except ValueError as stale:
        sys.stderr.write(f"{stale}\n")
        return 3
    sys.stdout.write("\n".join(texts) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

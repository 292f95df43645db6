"""Policies as their authors write them, for tests."""

from pathlib import Path

from app.domain.policy import Policy
from app.policies.load import Written, read_directory
from app.policies.problems import PoliciesRefusedError, Problem

HEAD = """\
policy: standard
version: 1
effective_from: 2020-01-01T00:00:00Z
merchants: ["*"]
"""


def head(
    policy: str = "standard", version: int = 1, since: str = "2020-01-01T00:00:00Z", merchants: str = '["*"]'
) -> str:
    return f"policy: {policy}\nversion: {version}\neffective_from: {since}\nmerchants: {merchants}\n"


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def written(folder: Path, **texts: str) -> list[Written]:
    return read_directory(write(folder, **texts))


def one(folder: Path, text: str) -> Policy:
    (only,) = written(folder, a=text)
    return only.policy


def problems(folder: Path, **texts: str) -> list[Problem]:
    try:
        written(folder, **texts)
    except PoliciesRefusedError as error:
        return list(error.problems)
    return []


def lines(folder: Path, **texts: str) -> list[str]:
    """What is said of the files, with bare file names."""
    return [str(problem).removeprefix(f"{folder}/") for problem in problems(folder, **texts)]

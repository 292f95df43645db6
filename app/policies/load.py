"""A directory of policy files becomes the book of policies, or the list of all that is wrong with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.policy import Policies, Policy
from app.policies import marked_yaml
from app.policies.cel import compile_condition
from app.policies.check import head_of, policy_of
from app.policies.conditions import Compiler
from app.policies.overlaps import Overlap, overlaps
from app.policies.problems import PoliciesRefusedError, Problem, Source

ENDINGS = (".yaml", ".yml")
MAX_FILES = 10_000


class Written(NamedTuple):
    """A policy and where it was written."""

    policy: Policy
    source: Source


def load(directory: Path, *, compiler: Compiler = compile_condition) -> Policies:
    """Reads every `.yaml` and `.yml` file of the directory (not of folders in it), one policy version each.

    An empty directory is the built-in policy for all. Raises `PoliciesRefusedError` with every problem of every file.
    """
    return Policies(written.policy for written in read_directory(directory, compiler=compiler))


def read_directory(directory: Path, *, compiler: Compiler = compile_condition) -> list[Written]:
    """The policies of a directory with their places, by file name. Raises `PoliciesRefusedError`."""
    problems: list[Problem] = []
    read: list[Written] = []
    for file in _files(directory):
        written, told = _read(file, compiler)
        problems += told
        if written is not None:
            read.append(written)
    problems += _twice(read)
    problems += _colliding(read)
    if problems:
        raise PoliciesRefusedError(problems)
    return read


def read_file(file: Path, *, compiler: Compiler = compile_condition) -> Written:
    """One policy version. Raises `PoliciesRefusedError` with every problem of the file."""
    written, problems = _read(file, compiler)
    if problems or written is None:
        raise PoliciesRefusedError(problems)
    return written


def _read(file: Path, compiler: Compiler) -> tuple[Written | None, list[Problem]]:
    """The policy of a file, and what is wrong with it; of a refused one its head alone, where that can be read.

    So a policy collides with others whatever else is wrong with it.
    """
    try:
        with file.open("rb") as stream:
            body = stream.read(marked_yaml.MAX_BYTES + 1)
    except OSError as error:
        hint = "check that it exists and can be read"
        return None, [Problem(str(file), None, "", error.strerror or "unreadable", hint)]
    marked = marked_yaml.read(body)
    source = Source(str(file), marked.lines)
    told = [
        Problem(source.name, flaw.line, source.problem(flaw.location, "").path, flaw.message, flaw.hint)
        for flaw in marked.flaws
    ]
    if marked.value is None:
        return None, told or [source.problem((), "expected a policy", "like policy: standard")]
    try:
        policy = policy_of(marked.value, source, compiler=compiler, known=[flaw.location for flaw in marked.flaws])
    except PoliciesRefusedError as error:
        head = head_of(marked.value)
        return Written(head, source) if head else None, _by_line([*told, *error.problems])
    return Written(policy, source), told


def _files(directory: Path) -> list[Path]:
    try:
        files = sorted(path for path in directory.iterdir() if path.suffix in ENDINGS and not path.name.startswith("."))
    except OSError as error:
        hint = "name a directory of policy files, one version each"
        raise PoliciesRefusedError([Problem(str(directory), None, "", error.strerror or "unreadable", hint)]) from None
    if len(files) > MAX_FILES:
        text = f"expected at most {MAX_FILES} files"
        raise PoliciesRefusedError([Problem(str(directory), None, "", text, "one policy may name many merchants")])
    return files


def _by_line(problems: Sequence[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.line or 0)


def _twice(read: Sequence[Written]) -> list[Problem]:
    first: dict[tuple[str, int], Written] = {}
    problems = []
    for written in read:
        key = (written.policy.id, written.policy.version)
        if key in first:
            hint = f"{_place(first[key], 'version')} has it too; give one of them the next version"
            problems.append(written.source.problem(("version",), "expected each version of a policy once", hint))
        first.setdefault(key, written)
    return problems


def _colliding(read: Sequence[Written]) -> list[Problem]:
    places: dict[tuple[str, int], Written] = {}
    for written in read:
        places.setdefault((written.policy.id, written.policy.version), written)
    kept = [written.policy for written in places.values()]
    return [
        _collision(overlap, *(places[policy.id, policy.version] for policy in (overlap.first, overlap.second)))
        for overlap in overlaps(kept)
    ]


def _collision(overlap: Overlap, first: Written, second: Written) -> Problem:
    if overlap.of == "effective_from":
        hint = f"{_place(first, 'effective_from')} starts at the same time; move one of them"
        return second.source.problem(("effective_from",), "expected each version to start at its own time", hint)
    location = ("merchants", second.policy.merchants.index(overlap.of))
    text = f"expected each merchant in one policy at a time, `{overlap.of}` is in two"
    hint = f"{_place(first, 'merchants')} names it too, both from {overlap.since:%Y-%m-%dT%H:%M:%SZ} on"
    return second.source.problem(location, text, hint)


def _place(written: Written, key: str) -> str:
    line = written.source.lines.get((key,))
    return written.source.name if line is None else f"{written.source.name}:{line}"

"""What is wrong with a policy, said so that its author can put it right: where, what was expected, and a hint."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple, TypeAlias

Location: TypeAlias = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing that is wrong: `file` as its name was given, `line` from 1, `path` like `fees.damage`."""

    file: str
    line: int | None
    path: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        """As compilers print it: `file:line: path: message (hint)`, so that editors jump to it."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        path = f"{self.path}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {path}{self.message}{hint}"


class PoliciesRefusedError(Exception):
    """The policies cannot be used as they are. `problems` names all that is wrong, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def path_of(location: Location) -> str:
    """A location as people write it: `("rules", 0, "when")` is `rules[0].when`."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A hint for a name that is none: the nearest known one, else all of them."""
    names = sorted(known)
    near = get_close_matches(given.lower(), names, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else f"known: {', '.join(names)}"


class Source(NamedTuple):
    """Where a document stands: its name, and the lines of what is in it (empty: not a text with lines)."""

    name: str
    lines: Mapping[Location, int] = {}

    def problem(self, location: Location, message: str, hint: str | None = None) -> Problem:
        """A problem at the location, on its line or on that of the nearest thing around it."""
        around = location
        while around and around not in self.lines:
            around = around[:-1]
        return Problem(self.name, self.lines.get(around), path_of(location), message, hint)

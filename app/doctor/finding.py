"""What a question of the doctor answers."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    LOOK = "look"
    """Workers run, but somebody should know."""
    WRONG = "wrong"
    """Workers do not run, or do not get on."""


@dataclass(frozen=True)
class Finding:
    """One answer. `found`: what was seen; `cure`: what to do about it; `code`: the exit code that it means if wrong."""

    about: str
    verdict: Verdict
    found: str
    cure: str = ""
    code: int = 0


def fine(about: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(about, Verdict.OK, found)


def look(about: str, found: str, cure: str) -> Finding:
    """Worth knowing."""
    return Finding(about, Verdict.LOOK, found, cure)


def wrong(about: str, found: str, cure: str, code: int) -> Finding:
    """To be put right."""
    return Finding(about, Verdict.WRONG, found, cure, code)

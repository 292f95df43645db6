"""What a year came to, as a table for people."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.year.judging import Verdict

SHOWN = 20


def table(verdict: Verdict) -> str:
    """All counts of a judged year, and what was violated first."""
    return "\n".join(_lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    played, figures = verdict.played, verdict.figures
    outcomes = sum((one.outcomes for one in figures), Counter[str]())
    letters = sum((one.dead_letters for one in figures), Counter[str]())
    yield f"messages {played.messages}, purchases {played.courses.total()}, published {played.said.total()}"
    yield from _rows("published", played.said)
    yield from _rows("requests", outcomes)
    yield from _rows("alerts", verdict.alerts)
    yield from _rows("dead letters", letters)
    yield from _rows("disputes by stage and state", verdict.states)
    yield from _rows("strayed, by family", played.strayed)
    yield from _rows("judged", verdict.judged)
    yield from _rows("courses", played.courses)
    yield "programmes: " + ", ".join(" ".join(one) for one in sorted(verdict.reached))
    yield f"violations: {len(verdict.violations)}"
    yield from (f"  {violation}" for violation in verdict.violations[:SHOWN])


def _rows(name: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"{name}: " + (" · ".join(f"{key} {count}" for key, count in sorted(counts.items())) or "none")

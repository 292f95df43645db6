"""The compiler of conditions: CEL text, checked and compiled once, becomes something that can be asked.

Judging is the engine's; reading the text for names and kinds is `cel_syntax` and `cel_check`. A condition gets the
facts that it reads and no others, since handing them over is what judging costs.
"""

from collections.abc import Mapping
from typing import Any

from app.domain.refunds.facts import FACTS, Kind, UnknownFactError
from app.policies.conditions import ConditionRefusedError

_SAMPLES: dict[Kind, Any] = {Kind.TRUTH: True, Kind.NUMBER: 1, Kind.TEXT: "a", Kind.TEXTS: ["a"]}


class CompiledCondition:
    """Implements `Condition`."""

    __slots__ = ("_execute", "_paths", "reads", "source")

    def __init__(self, source: str, execute: Any, reads: frozenset[str]) -> None:
        self.source = source
        self.reads = reads
        self._execute = execute
        split = [(name, *name.split(".")) for name in sorted(reads)]
        self._paths = tuple((name, variable, field) for name, variable, field in split)

    def __call__(self, facts: Mapping[str, Any]) -> bool | None:
        """Whether the facts meet the condition; None where a fact is not known or the engine cannot go on."""
        given: dict[str, dict[str, Any]] = {}
        try:
            for name, variable, field in self._paths:
                given.setdefault(variable, {})[field] = facts[name]
        except UnknownFactError:
            return None
        try:
            met = self._execute(given)
        except Exception:  # noqa: BLE001 - no such item, division by zero, overflow, or whatever the engine thinks of
            return None
        return met if isinstance(met, bool) else None


def compile_condition(source: str) -> CompiledCondition:
    """The condition of a text. Raises `ConditionRefusedError`."""
    # The engine's package brings a shell of its own, 0.3 s to import: only who has rules pays for it.
    import cel  # noqa: PLC0415 - see above

    from app.policies.cel_check import check  # noqa: PLC0415 - imports the engine
    from app.policies.cel_syntax import parse  # noqa: PLC0415 - the same

    checked = check(parse(source))
    for pattern in checked.patterns:
        try:
            cel.compile(f"''.matches({pattern})").execute()
        except Exception:  # noqa: BLE001 - whatever the engine has against a pattern, it is no pattern
            raise ConditionRefusedError(f"a regular expression (RE2) instead of {pattern[:40]}") from None
    try:
        program = cel.compile(source)
    except ValueError:
        raise ConditionRefusedError("a condition that the engine can read", "write it more simply") from None
    condition = CompiledCondition(source, program.execute, checked.reads)
    _try_out(program, condition)
    return condition


def _try_out(program: Any, condition: CompiledCondition) -> None:
    """Whether the engine agrees with the check, on a fact of each kind: no name and no kind may surprise it."""
    given: dict[str, dict[str, Any]] = {}
    for name in condition.reads:
        variable, field = name.split(".")
        fact = FACTS[name]
        sample: Any = _SAMPLES[fact.kind]
        if fact.words:
            sample = [fact.words[0]] if fact.kind is Kind.TEXTS else fact.words[0]
        given.setdefault(variable, {})[field] = sample
    try:
        met = program.execute(given)
    except (ArithmeticError, IndexError):
        return  # depends on the facts, and is told where it happens
    except Exception as error:  # noqa: BLE001 - the engine names its errors by Python's words, not by its own
        raise ConditionRefusedError("a condition that the engine can judge", type(error).__name__) from None
    if not isinstance(met, bool):
        raise ConditionRefusedError("a condition that is true or false", "compare it with something")

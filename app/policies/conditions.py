"""Where a compiler of conditions plugs in: a rule's `when` becomes something that can be asked.

Loading takes a `Compiler`, unless told otherwise the one of `app.policies.cel`. A rule is never read without being
compiled: one that is read and never asked would be worse than none.
"""

from collections.abc import Callable
from typing import TypeAlias

from app.domain.policy_terms import Condition

Compiler: TypeAlias = Callable[[str], Condition]


class ConditionRefusedError(Exception):
    """A compiler does not take this source text. `expected` says what it would take, `hint` how to put it right."""

    def __init__(self, expected: str, hint: str | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.hint = hint

"""What is wrong with the settings, said so that an operator can put it right."""

from collections.abc import Sequence
from typing import NamedTuple


class SettingProblem(NamedTuple):
    """One thing that is wrong: the variable's full name, where it was set, what was expected, and the fix."""

    name: str
    source: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        """One line: `REFUNDRY_PARTITIONS (environment): expected a whole number (like 8)`."""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.name} ({self.source}): {self.message}{hint}"


class ConfigurationError(Exception):
    """The settings cannot be used as they are (exit code 3). `problems` names all that is wrong, not only the first."""

    def __init__(self, problems: Sequence[SettingProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

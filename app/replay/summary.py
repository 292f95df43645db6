"""What a replay did, counted: lines, dead letters by code, decisions by type with their money per currency."""

from collections import Counter
from dataclasses import dataclass, field

import msgspec

from app.runtime.topology import Output
from topics.catalogue import DEAD_LETTERS, DECISIONS
from topics.dead_letters import CODE


class _Amount(msgspec.Struct):
    amount_minor: int
    currency: str


class _Decision(msgspec.Struct):
    type: str
    amount: _Amount | None


_decode = msgspec.json.Decoder(_Decision).decode


@dataclass
class Summary:
    """Counts of one replay. `money_minor` is by type of decision and currency; `seconds` is wall time."""

    lines: int = 0
    no_lines: int = 0
    outputs: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    money_minor: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def events(self) -> int:
        """Lines that were messages."""
        return self.lines - self.no_lines

    @property
    def events_per_second(self) -> int:
        """How fast it was, by the clock on the wall."""
        return round(self.events / self.seconds) if self.seconds else 0

    @property
    def events_per_cpu_second(self) -> int:
        """How fast it was, by the work of this process alone."""
        return round(self.events / self.cpu_seconds) if self.cpu_seconds else 0

    def count(self, output: Output) -> None:
        """Counts one output."""
        self.outputs[output.topic] += 1
        if output.topic == DECISIONS and output.value is not None:
            decision = _decode(output.value)
            self.decisions[decision.type] += 1
            if decision.amount is not None:
                self.money_minor[decision.type, decision.amount.currency] += decision.amount.amount_minor
        elif output.topic == DEAD_LETTERS:
            code = next((content.decode() for name, content in output.headers if name == CODE), "unknown")
            self.dead_letters[code] += 1

"""What the judge says in the end: what was violated, and the figures of the run."""

from collections import Counter
from dataclasses import dataclass, field

DOUBLE = frozenset({"double_approval", "double_instruction", "instruction_without_approval"})
LOST = frozenset(
    {
        "lost_request",
        "lost_order",
        "lost_payment",
        "lost_verdict",
        "lost_instruction",
        "lost_notification",
        "lost_alert",
        "poison_without_dead_letter",
        "good_event_refused",
        "ledger_sum_wrong",
    }
)
SHOWN_OF_EACH = 3


@dataclass(frozen=True, slots=True)
class Violation:
    """One property that does not hold.

    `property`: P1 to P8 for the properties of a run, L1 to L8 for the laws of money. `name` says which rule found it,
    `subject` about what, as ids joined by slashes, `detail` in words.
    """

    property: str
    name: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.property} {self.name} {self.subject}: {self.detail}"


@dataclass(slots=True)
class Figures:
    """What was counted. Money is in minor units by currency."""

    inputs: int = 0
    duplicates_absorbed: int = 0
    late: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    outputs: Counter[str] = field(default_factory=Counter)
    outputs_repeated: int = 0
    requests: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    approved_minor: Counter[str] = field(default_factory=Counter)
    approvals_judged: int = 0
    lines_judged: int = 0
    payments_judged: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """All violations that were found, in the order of the rules, and the figures."""

    violations: tuple[Violation, ...]
    figures: Figures

    @property
    def holds(self) -> bool:
        """Nothing was violated."""
        return not self.violations

    @property
    def double_refunds(self) -> int:
        """Refunds that were granted or ordered more than once."""
        return sum(violation.name in DOUBLE for violation in self.violations)

    @property
    def lost(self) -> int:
        """Things that were asked, sent or owed and are nowhere."""
        return sum(violation.name in LOST for violation in self.violations)

    @property
    def law_held(self) -> bool:
        """No approval took more from a payment than it had: money law 1, at every prefix."""
        return not any(violation.property == "L1" for violation in self.violations)

    def named(self, name: str) -> tuple[Violation, ...]:
        """The violations that one rule found."""
        return tuple(violation for violation in self.violations if violation.name == name)

    def __str__(self) -> str:
        count = self.figures
        found = "nothing wrong" if self.holds else f"{len(self.violations)} violations"
        law = "held" if self.law_held else "BROKEN"
        outcomes = [f"{name} {n}" for name, n in sorted(count.outcomes.items())]
        money = [f"{minor} {currency}" for currency, minor in sorted(count.approved_minor.items())]
        inputs = [f"inputs {count.inputs}", f"duplicates absorbed {count.duplicates_absorbed}", f"late {count.late}"]
        refused = [f"dead letters {count.dead_letters.total()}", f"outputs repeated {count.outputs_repeated}"]
        lines = [
            f"the oracle finds {found}",
            f"double refunds {self.double_refunds} · lost {self.lost} · law 1 {law}",
            " · ".join(inputs + refused),
            " · ".join([f"requests {count.requests}", *outcomes]),
            f"approved, in minor units: {', '.join(money) or 'nothing'}",
        ]
        for name, count_of_name in Counter(violation.name for violation in self.violations).items():
            lines += map(str, self.named(name)[:SHOWN_OF_EACH])
            if count_of_name > SHOWN_OF_EACH:
                lines.append(f"   and {count_of_name - SHOWN_OF_EACH} more {name}")
        return "\n".join(lines)

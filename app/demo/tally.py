"""What the screen shows: figures kept up to date with each record that the worker says."""

from collections import Counter, deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from topics.currencies import EXPONENTS

STATES = ("approved", "held", "denied", "withdrawn")
LAST_MAX = 6


class Decided(NamedTuple):
    """One decision in words. `amount` is empty where none is known."""

    merchant_id: str
    order_id: str
    state: str
    amount: str
    why: str


class _Standing(NamedTuple):
    state: str
    currency: str
    minor: int


class Tally:
    """`requests` and `money_minor` are of each request as it was decided last, so a held one that is approved moves.

    `money_minor`, by state and currency: approved, what is paid back; held, what would be; denied and withdrawn, what
    was asked for.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.requests: Counter[str] = Counter()
        self.money_minor: Counter[tuple[str, str]] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.said: Counter[str] = Counter()
        self.repeated = 0
        self.last: deque[Decided] = deque(maxlen=LAST_MAX)
        self._standing: dict[tuple[str, str, str], _Standing] = {}

    def decided(self, decision: Mapping[str, Any]) -> Decided:
        """Counts a decision, the body of a `refund-decisions` record, and puts it in words."""
        state = str(decision["type"]).removeprefix("refund.")
        money = decision["amount"] if state in ("approved", "held") else decision["requested"]
        now = _Standing(state, money["currency"], money["amount_minor"]) if money else _Standing(state, "", 0)
        name = (decision["merchant_id"], decision["order_id"], decision["request_id"])
        before = self._standing.get(name)
        if before is not None:
            self.requests[before.state] -= 1
            self.money_minor[before.state, before.currency] -= before.minor
        self._standing[name] = now
        self.requests[state] += 1
        self.money_minor[state, now.currency] += now.minor
        amount = f"{shown(now.minor, now.currency)} {now.currency}" if money else ""
        words = Decided(
            name[0], name[1], state, amount, next((reason["message"] for reason in decision["reasons"]), "")
        )
        self.last.append(words)
        return words

    @property
    def currencies(self) -> list[str]:
        """Those of which any money was decided, the most frequent of approvals first."""
        amounts = Counter(standing.currency for standing in self._standing.values() if standing.currency)
        return [currency for currency, _ in amounts.most_common()]


def shown(minor: int, currency: str) -> str:
    """An amount as people write it: 123450 GBP are `1,234.50`."""
    return f"{Decimal(minor).scaleb(-EXPONENTS.get(currency, 0)):,f}"

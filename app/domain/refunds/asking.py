"""One request against one order, and what the order gives for it.

A `Plan` is what the order would give, whatever the payments still hold. A scope that asks for an amount is all or
nothing; the others give what is left (`reduced`).
"""

from collections.abc import Iterable

import msgspec

from app.domain.case import Case, Order, Request, Row
from app.domain.policy import Policy
from app.domain.reasons import ReasonCode
from app.domain.refunds.statutory import REASONS as WITHDRAWING
from app.domain.refunds.statutory import Law, law_of, withdrawable

FAULTS_OF_MERCHANT = frozenset({"damaged", "not_as_described", "not_received"})
CHARGED_TOO_MUCH = frozenset({"duplicate_charge", "overcharged"})
STAFF = frozenset({"merchant", "support"})


class Plan(msgspec.Struct):
    """Rows that the order gives. `possible_minor`: the most that this scope could have given.

    `units`: units of each line that go back with the request; `lines`: the lines that window and final sale ask
    about. `asked_minor`: an amount above what the scope has left; then there are no rows. `money_minor`: the most
    that goes back as it came, once fees are off it; the rest is store credit; None: as it was asked. `by_law`: those of
    the lines that the law gives back, whatever the policy says. `ended`: those whose paid period ends with the request.
    """

    rows: list[Row]
    possible_minor: int
    asked_minor: int | None = None
    all_or_nothing: bool = False
    reduced: bool = False
    units: dict[str, int] = {}
    lines: list[str] = []
    payment_id: str | None = None
    money_minor: int | None = None
    by_law: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()

    @property
    def wanted_minor(self) -> int:
        """What the rows come to, or the amount that is too much for them."""
        return sum(row.gross_minor for row in self.rows) if self.asked_minor is None else self.asked_minor

    @property
    def by_policy(self) -> tuple[str, ...]:
        """The lines that the policy gives back, and not the law."""
        return tuple(line_id for line_id in self.lines if line_id not in self.by_law)


class Denial(msgspec.Struct, frozen=True):
    """Why the order gives nothing: a code, and which lines."""

    code: ReasonCode
    lines: tuple[str, ...] = ()


class Asking(msgspec.Struct):
    """One request against one order.

    `law`: the consumer law that reaches it; `withdrawable`: the lines for which its right lives, where it is used.
    """

    case: Case
    order: Order
    request: Request
    policy: Policy
    law: Law | None = None
    withdrawable: frozenset[str] = frozenset()

    def withdraws(self, line_ids: Iterable[str]) -> bool:
        """Whether the request withdraws from all of these lines by law."""
        ids = list(line_ids)
        return bool(ids) and self.withdrawable.issuperset(ids)

    @property
    def by_staff(self) -> bool:
        """Asked by the merchant or its support, not by the customer."""
        return self.request.requested_by in STAFF

    @property
    def policy_reason(self) -> str:
        """The reason as the policy sees it: a withdrawal that the law does not carry is a change of mind."""
        return "changed_mind" if self.request.reason == "statutory_withdrawal" else self.request.reason

    @property
    def goodwill(self) -> bool:
        """Beyond the rules, as only the merchant and its support may, and we ourselves to prevent a chargeback."""
        return self.request.reason == "goodwill" and (self.by_staff or self.request.alert_id is not None)


def overpaid(case: Case) -> int:
    """What was captured beyond the order's total and not given back as such."""
    if case.order is None:
        return 0
    captured = sum(p.captured_minor for p in case.payments.values() if p.currency == case.order.currency)
    return max(0, captured - case.order.total_minor - case.overpayment_used_minor)


def asking_of(case: Case, order: Order, request: Request, policy: Policy) -> Asking:
    """The request with the law that reaches it. A change of mind while the right lives is a withdrawal."""
    law = law_of(order) if policy.statutory_enabled else None
    if law is None or request.reason not in WITHDRAWING:
        return Asking(case, order, request, policy, law)
    return Asking(case, order, request, policy, law, withdrawable(case, order, law, request.asked_at))

"""What a question about a request is asked with, and how it answers."""

import msgspec

from app.domain.case import Case, Payment, Request, Row
from app.domain.context import Context
from app.domain.policy import Policy
from app.domain.policy_terms import Rule
from app.domain.reasons import ReasonCode
from app.domain.refunds.asking import Asking, Plan


class Deny(msgspec.Struct, frozen=True):
    """No, and nothing further is asked. `rule`: the rule of the policy that says so, where one does."""

    code: ReasonCode
    lines: tuple[str, ...] = ()
    possible_minor: int | None = None
    rule: str | None = None


class Hold(msgspec.Struct, frozen=True):
    """Not yet: it waits for something. `last`: nothing further can be asked before that is here.

    `silent`: it is expected at once, and not worth telling anybody.
    """

    code: ReasonCode
    waiting_for: str
    last: bool = False
    silent: bool = False
    rule: str | None = None


class Advice(msgspec.Struct, frozen=True):
    """What would deny a customer; the staff may go on."""

    code: ReasonCode
    lines: tuple[str, ...] = ()
    rule: str | None = None


Answer = Deny | Hold | Advice | tuple[Hold | Advice, ...] | None


class Question(msgspec.Struct):
    """A request while it is being asked about: what the questions know so far.

    `payments`: those in the order's currency, those of no known currency too: nothing was captured on them. `rows` and
    `amount_minor` are there once the order gave a plan; `refundable_minor` is what the payments hold; `approving` is
    the rule of the policy that approves, where no rule says otherwise.
    """

    case: Case
    request: Request
    policy: Policy
    context: Context
    payments: list[Payment]
    asking: Asking | None = None
    plan: Plan | None = None
    rows: list[Row] = []
    amount_minor: int = 0
    refundable_minor: int = 0
    reduced: bool = False
    waits_for_dispute: bool = False
    approving: Rule | None = None
    flags: list[str] = []

    def planned(self) -> tuple[Asking, Plan]:
        """What was asked and what the order gives; only after the question that plans."""
        assert self.asking is not None
        assert self.plan is not None
        return self.asking, self.plan

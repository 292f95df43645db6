"""Law 1 and the exposure of every payment, at every prefix of its year.

After each turn the judge's own books of the payments that it touched must equal what the newest snapshot says; an
approval or an instruction must leave the payment at or above zero by everything that had been heard; and
`exposure.detected` must be raised exactly when more has gone out than ever before, and by how much.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.demo.oracle import Violation
from app.demo.oracle.claims import Claims
from app.demo.oracle.heard import Fact
from app.demo.oracle.money import Till
from app.demo.oracle.trial import amount_of
from app.demo.oracle.wire import Body
from tests.year.entering import Entering
from tests.year.turns import Turn

Name = tuple[str, str]


@dataclass
class Account:
    """The books of one payment. `over`: the most by which more went out than came in; `alerted`: as was told."""

    name: Name
    till: Till = field(default_factory=Till)
    claims: Claims = field(default_factory=lambda: Claims(None))
    shown: Body | None = None
    over: int = 0
    alerted: int = 0

    def own(self) -> dict[str, int]:
        """The fields of a snapshot's row, by hand."""
        standing = self.till.standing
        claimed = self.claims.total.of(standing.captured)
        return {
            "captured_minor": standing.captured,
            "refunded_minor": standing.settled,
            "in_flight_minor": standing.in_flight,
            "claimed_minor": claimed,
            "refundable_minor": standing.left - claimed,
        }

    def look(self) -> None:
        """Remembers the most that was ever out."""
        standing = self.till.standing
        if self.till.captures:
            self.over = max(self.over, standing.settled + self.claims.gone(standing.captured) - standing.captured)


class Prefixes:
    """Judges turns as they come. `prefixes`: how many rows were compared; `least`: the lowest refundable seen."""

    def __init__(self) -> None:
        self._entering = Entering()
        self._accounts: dict[Name, Account] = {}
        self._of_order: dict[Name, list[Name]] = {}
        self._unplaced: dict[Name, list[Fact]] = {}
        self._tenders: dict[Name, list[Body]] = {}
        self.prefixes = self.below_zero = 0

    def judge(self, turn: Turn) -> Iterator[Violation]:
        """What the turn violates."""
        touched: dict[Name, Account] = {}
        for fact in self._entering.by(turn):
            for account in self._apply(fact):
                account.look()
                touched[account.name] = account
        for record in turn.said:
            if record.topic == "dead-letters":
                continue
            yield from self._said(json.loads(record.value or b""), touched)
        for account in touched.values():
            yield from self._compared(account)

    def _account(self, merchant: str, payment_id: str) -> Account:
        name = (merchant, payment_id)
        return self._accounts.setdefault(name, Account(name))

    # What was heard

    def _apply(self, fact: Fact) -> Iterator[Account]:
        match fact.position.topic:
            case "payments":
                yield self._moved(fact)
                yield from self._placed(fact)
            case "disputes" if fact.body.get("payment_id") is not None:
                yield self._claimed(fact, self._account(fact.merchant, fact.body["payment_id"]))
            case "disputes":
                self._unplaced.setdefault((fact.merchant, fact.body["order_id"]), []).append(fact)
                yield from self._placed(fact)
            case "orders" if fact.type.startswith("store_credit."):
                for account in self._accounts.values():
                    if fact.body["instruction_id"] in account.till.refunds:
                        account.till.apply(fact)
                        yield account

    def _moved(self, fact: Fact) -> Account:
        account = self._account(fact.merchant, fact.body["payment_id"])
        if fact.type == "payment.captured" and account.claims.currency is None:
            account.claims.currency = fact.body["amount"]["currency"]
            if fact.body.get("order_id"):
                self._of_order.setdefault((fact.merchant, fact.body["order_id"]), []).append(account.name)
        account.till.apply(fact)
        return account

    def _claimed(self, fact: Fact, account: Account) -> Account:
        account.claims.apply(fact)
        return account

    def _placed(self, fact: Fact) -> Iterator[Account]:
        """What named its order alone is about the order's only payment, as soon as there is one."""
        order = (fact.merchant, fact.body.get("order_id") or "")
        payments = self._of_order.get(order, [])
        if len(payments) == 1:
            account = self._accounts[payments[0]]
            for early in self._unplaced.pop(order, []):
                yield self._claimed(early, account)

    # What was said

    def _said(self, body: Body, touched: dict[Name, Account]) -> Iterator[Violation]:
        merchant = body.get("merchant_id", "")
        match body["type"]:
            case "refund.approved":
                self._tenders[merchant, body["request_id"]] = body["tenders"]
                for tender in body["tenders"]:
                    yield from self._ordered(merchant, tender["payment_id"], tender, body["request_id"], touched)
            case "refund.execute":
                yield from self._ordered(merchant, body["payment_id"], body, body["request_id"], touched)
            case "store_credit.issue":
                # A retry names no payment: the tender of its amount is given again.
                tender = next(t for t in self._tenders[merchant, body["request_id"]] if t["amount"] == body["amount"])
                yield from self._ordered(merchant, tender["payment_id"], body, body["request_id"], touched)
            case "exposure.detected":
                account = self._account(merchant, body["payment_id"])
                yield from self._exposed(account, body["over"]["amount_minor"])
                touched[account.name] = account
            case "case.snapshot":
                for row in body["payments"]:
                    account = self._account(merchant, row["payment_id"])
                    account.shown = row
                    touched[account.name] = account

    def _ordered(
        self, merchant: str, payment_id: str, body: Body, request_id: str, touched: dict[Name, Account]
    ) -> Iterator[Violation]:
        """Money is on its way from here on: an approval's, or a retry's. It must have been there."""
        account = self._account(merchant, payment_id)
        if body["instruction_id"] in account.till.refunds:
            return
        account.till.order(body["instruction_id"], amount_of(body))
        touched[account.name] = account
        left = account.own()["refundable_minor"]
        if left < 0:
            detail = f"{request_id} sends {amount_of(body)} and leaves {left}: {account.own()}"
            yield Violation("L1", "approved_below_zero", "/".join(account.name), detail)

    def _exposed(self, account: Account, over: int) -> Iterator[Violation]:
        if over <= account.alerted:
            detail = f"alerted {over} after {account.alerted}"
            yield Violation("P2", "exposure_alerted_again", "/".join(account.name), detail)
        account.alerted = max(account.alerted, over)

    def _compared(self, account: Account) -> Iterator[Violation]:
        if account.over != account.alerted:
            detail = f"{account.over} went out beyond what came in, alerted were {account.alerted}"
            yield Violation("P2", "exposure_differs", "/".join(account.name), detail)
            account.alerted = account.over
        if account.shown is None:
            return
        self.prefixes += 1
        self.below_zero += account.shown["refundable_minor"] < 0
        for name, minor in account.own().items():
            if account.shown[name] != minor:
                detail = f"{name} is {account.shown[name]}, by hand {minor}"
                yield Violation("L1", "prefix_differs", "/".join(account.name), detail)

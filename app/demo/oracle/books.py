"""The judge's own books at the end of a run: each payment with all that was ordered and answered."""

from collections import defaultdict

from app.demo.oracle.claims import Claims, claims_along
from app.demo.oracle.heard import Facts, Payment
from app.demo.oracle.money import Standing, Till
from app.demo.oracle.said import Said
from app.demo.oracle.wire import Body

Issued = dict[tuple[str, str], dict[str, int]]


class Books:
    """Sums per payment, reckoned when they are asked for."""

    def __init__(self, facts: Facts, said: Said) -> None:
        """Over settled facts and everything that was said."""
        self._facts = facts
        self._issued = _issued(said)

    def till(self, payment: Payment) -> Till:
        """All that was ordered and said of the payment's money, at the end."""
        issued = self._issued.get((payment.merchant, payment.payment_id), {})
        till = Till.with_issued(issued)
        for fact in payment.money:
            till.apply(fact)
        for instruction_id in issued:
            for fact in self._facts.credits.get((payment.merchant, instruction_id), []):
                till.apply(fact)
        return till

    def standing(self, payment: Payment) -> Standing:
        """Captured, settled and in flight at the end."""
        return self.till(payment).standing

    def claims(self, payment: Payment) -> Claims:
        """What disputes and credits of the network came to at the end."""
        *_, last = claims_along(payment.claims, payment.currency)
        return last


def _issued(said: Said) -> Issued:
    """Amounts by instruction and payment: the tenders of all approvals, and the retries that followed refusals."""
    found: Issued = defaultdict(dict)
    tenders: dict[tuple[str, str], list[Body]] = defaultdict(list)
    for (merchant, _), decisions in said.decisions.items():
        for body in decisions:
            if body["type"] != "refund.approved" or body.get("historical"):
                continue
            for tender in body["tenders"]:
                found[merchant, tender["payment_id"]][tender["instruction_id"]] = tender["amount"]["amount_minor"]
                tenders[merchant, body["request_id"]].append(tender)
    known = {(merchant, instruction) for (merchant, _), issued in found.items() for instruction in issued}
    for (merchant, instruction_id), body in said.executes.items():
        if (merchant, instruction_id) in known:
            continue
        payment_id = body.get("payment_id") or _replaced(tenders[merchant, body["request_id"]], body)
        if payment_id is not None:
            found[merchant, payment_id][instruction_id] = body["amount"]["amount_minor"]
    return found


def _replaced(tenders: list[Body], body: Body) -> str | None:
    """The payment whose store credit is ordered again: the instruction names none, so the tender of its amount."""
    return next((tender["payment_id"] for tender in tenders if tender["amount"] == body["amount"]), None)

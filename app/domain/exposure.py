"""When more left the merchant than came in: said once, and again only when it grows."""

from collections.abc import Iterator

from app.domain.balances import credited, over_paid_out, settled
from app.domain.case import Case, Payment
from app.domain.records import Alerted, Exposed, Record


def detect(case: Case) -> Iterator[Record]:
    """An alert for each payment whose loss is larger than the largest one already alerted."""
    for payment in case.payments.values():
        if not payment.captures:
            continue
        over = over_paid_out(case, payment)
        if over > max(0, payment.exposed_minor):
            yield Exposed(payment.payment_id, over)
            yield _alert(case, payment, over)


def _alert(case: Case, payment: Payment, over: int) -> Alerted:
    def money(minor: int) -> dict[str, object]:
        return {"amount_minor": minor, "currency": payment.currency}

    return Alerted(
        type="exposure.detected",
        fact=(payment.payment_id, over),
        body={
            "payment_id": payment.payment_id,
            "captured": money(payment.captured_minor),
            "paid_out": money(payment.captured_minor + over),
            "over": money(over),
            "causes": list(_causes(case, payment)),
        },
    )


def _causes(case: Case, payment: Payment) -> Iterator[str]:
    """What took the money out: refunds, disputes by id, and credits of the network."""
    if settled(case, payment.payment_id):
        yield "refunds_settled"
    for dispute in case.disputes.values():
        if dispute.payment_id == payment.payment_id and dispute.withdrawn_minor > dispute.reinstated_minor:
            yield f"dispute:{dispute.dispute_id}"
    if credited(case, payment.payment_id):
        yield "credited_by_network"

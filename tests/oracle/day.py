"""One correct run, written by hand from the contract: eight small stories, their inputs and the outputs that are owed."""

import json

from app.demo.oracle import Expectation
from tests.oracle.telling import Run, line, money, row

VAT = {"code": "vat", "amount_minor": 50}


def correct_run():
    run = Run()
    two_partial_refunds(run)
    a_chargeback_that_is_lost(run)
    a_review_and_a_retry(run)
    withdrawn_and_made_outside(run)
    charged_back_after_the_refund(run)
    store_credit(run)
    two_tenders(run)
    bad_messages(run)
    return run


def captured(run, order_id, payment_id, minor, currency="USD"):
    run.capture(payment_id, order_id, minor, currency)
    run.book("captured", order_id, ("payments", f"captured-{payment_id}"), payment_id, minor, currency)


def approve(run, request_id, order_id, cause, rows, tenders, currency="USD", **more):
    """An approval with all that follows at once: its instructions and its notification."""
    amount = sum(tender[1] for tender in tenders)
    run.decide("approved", request_id, order_id, cause, amount, rows, tenders, currency=currency, **more)
    for payment_id, minor, instruction_id, kind in tenders:
        type_ = "store_credit.issue" if kind == "store_credit" else "refund.execute"
        run.execute(instruction_id, request_id, order_id, cause, payment_id, minor, currency, type_)
    run.tell("refund_approved", order_id, cause, request_id)


def paid_back(run, instruction_id, request_id, order_id, payment_id, minor, currency="USD"):
    """The provider submits, then confirms; the customer hears of both, the ledger of the second."""
    run.refund("submitted", instruction_id, payment_id, minor, currency)
    run.tell("refund_sent", order_id, ("payments", f"submitted-{instruction_id}"), request_id)
    run.refund("succeeded", instruction_id, payment_id, minor, currency)
    cause = ("payments", f"succeeded-{instruction_id}")
    run.tell("refund_completed", order_id, cause, request_id)
    run.book("refund_settled", order_id, cause, payment_id, -minor, currency)


def two_partial_refunds(run):
    """2 x 10.00 and tax 2.01, delivery 5.00 and tax 0.50: one unit, then all that is left. 2.01 closes as 1.01 + 1.00."""
    ship = {"shipping_id": "s1", "amount_minor": 500, "taxes": [VAT]}
    run.order("o-1", [line("l1", 2000, 2, vat=201)], shipping=[ship])
    captured(run, "o-1", "p-1", 2751)
    run.ask("r-1a", "o-1", kind="lines", lines=[{"line_id": "l1", "quantity": 1}], include_shipping=False)
    rows = [row("line", 1101, {"vat": 101}, line_id="l1", quantity=1)]
    approve(run, "r-1a", "o-1", ("orders", "asked-r-1a"), rows, [("p-1", 1101, "i-1a", "original")])
    paid_back(run, "i-1a", "r-1a", "o-1", "p-1", 1101)
    run.ask("r-1b", "o-1", kind="full")
    rows = [
        row("line", 1100, {"vat": 100}, line_id="l1", quantity=1),
        row("shipping", 550, {"vat": 50}, shipping_id="s1"),
    ]
    approve(run, "r-1b", "o-1", ("orders", "asked-r-1b"), rows, [("p-1", 1650, "i-1b", "original")])
    paid_back(run, "i-1b", "r-1b", "o-1", "p-1", 1650)
    asked = [("r-1a", "approved", 1), ("r-1b", "approved", 1)]
    run.snapshot("o-1", ("payments", "succeeded-i-1b"), [("p-1", 2751, 2751, 0, 0)], asked)


def a_chargeback_that_is_lost(run):
    run.order("o-2", [line("l1", 5000)], "JPY")
    captured(run, "o-2", "p-2", 5000, "JPY")
    run.dispute("opened", "p-2", "d-2", amount=money(5000, "JPY"), stage="chargeback")
    run.alert("dispute.action_required", "o-2", ("disputes", "opened-d-2"), "al-2", dispute_id="d-2", revision=1)
    run.dispute("funds_withdrawn", "p-2", "d-2", amount=money(5000, "JPY"))
    run.book("dispute_withdrawn", "o-2", ("disputes", "funds_withdrawn-d-2"), "p-2", -5000, "JPY")
    run.ask("r-2", "o-2", kind="full")
    asked = ("orders", "asked-r-2")
    run.decide(
        "held", "r-2", "o-2", asked, 5000, currency="JPY", code="dispute_open", waiting_for="dispute", wait_until=None
    )
    run.tell("dispute_bank_is_handling", "o-2", asked, "r-2")
    run.dispute("lost", "p-2", "d-2")
    lost = ("disputes", "lost-d-2")
    run.decide("denied", "r-2", "o-2", lost, 0, revision=2, currency="JPY", code="dispute_lost")
    run.alert("dispute.closed", "o-2", lost, "al-2-closed", dispute_id="d-2", outcome="lost")
    run.snapshot("o-2", lost, [("p-2", 5000, 0, 0, 5000)], [("r-2", "denied", 2)])


def a_review_and_a_retry(run):
    run.order("o-3", [line("l1", 90000)], "EUR", prices_include_tax=True)
    captured(run, "o-3", "p-3", 90000, "EUR")
    run.ask("r-3", "o-3", kind="full")
    until = {"waiting_for": "review", "wait_until": "2026-03-16T12:00:00Z"}
    run.decide("held", "r-3", "o-3", ("orders", "asked-r-3"), 90000, currency="EUR", code="over_auto_limit", **until)
    run.tell("refund_acknowledged", "o-3", ("orders", "asked-r-3"), "r-3")
    verdict = {
        "order_id": "o-3",
        "review_id": "rv-3",
        "subject": {"kind": "refund_request", "id": "r-3"},
        "verdict": "approve",
        "reviewer_id": "ann",
    }
    run.hear("reviews", "review.resolved", "o-3", "verdict-3", **verdict)
    rows = [row("line", 90000, line_id="l1", quantity=1)]
    tenders = [("p-3", 90000, "i-3", "original")]
    approve(run, "r-3", "o-3", ("reviews", "verdict-3"), rows, tenders, "EUR", revision=2)
    run.refund("failed", "i-3", "p-3", 90000, "EUR", failure_code="declined")
    run.execute("i-3-again", "r-3", "o-3", ("payments", "failed-i-3"), "p-3", 90000, "EUR")
    paid_back(run, "i-3-again", "r-3", "o-3", "p-3", 90000, "EUR")
    run.snapshot("o-3", ("payments", "succeeded-i-3-again"), [("p-3", 90000, 90000, 0, 0)], [("r-3", "approved", 2)])


def withdrawn_and_made_outside(run):
    run.order("o-4", [line("l1", 1200, 4)])
    captured(run, "o-4", "p-4", 1200)
    run.refund("succeeded", None, "p-4", 300, refund_id="re-outside", order_id="o-4")
    run.book("refund_settled", "o-4", ("payments", "succeeded-re-outside"), "p-4", -300)
    run.ask("r-4", "o-4", kind="amount", amount=money(100))
    until = {"waiting_for": "review", "wait_until": "2026-03-16T12:00:00Z"}
    run.decide("held", "r-4", "o-4", ("orders", "asked-r-4"), 100, code="outside_refund_unallocated", **until)
    run.hear("orders", "refund.request_withdrawn", "o-4", "withdrawn-r-4", order_id="o-4", request_id="r-4")
    cause = ("orders", "withdrawn-r-4")
    run.decide("withdrawn", "r-4", "o-4", cause, 0, revision=2)
    run.tell("refund_withdrawn", "o-4", cause, "r-4")
    run.snapshot("o-4", cause, [("p-4", 1200, 300, 0, 0)], [("r-4", "withdrawn", 2)])


def charged_back_after_the_refund(run):
    """The outside takes the money a second time: recorded as it is, alerted once, below zero in the snapshot."""
    run.order("o-5", [line("l1", 1000)])
    captured(run, "o-5", "p-5", 1000)
    run.ask("r-5", "o-5", kind="amount", amount=money(400), line_id="l1")
    rows = [row("line", 400, line_id="l1")]
    approve(run, "r-5", "o-5", ("orders", "asked-r-5"), rows, [("p-5", 400, "i-5", "original")])
    paid_back(run, "i-5", "r-5", "o-5", "p-5", 400)
    run.dispute("opened", "p-5", "d-5", amount=money(1000), stage="chargeback")
    run.alert("dispute.action_required", "o-5", ("disputes", "opened-d-5"), "al-5", dispute_id="d-5", revision=1)
    run.dispute("funds_withdrawn", "p-5", "d-5", amount=money(1000))
    cause = ("disputes", "funds_withdrawn-d-5")
    run.book("dispute_withdrawn", "o-5", cause, "p-5", -1000)
    run.alert("exposure.detected", "o-5", cause, "al-5-over", payment_id="p-5", over=money(400))
    run.snapshot("o-5", cause, [("p-5", 1000, 400, 0, 1000)], [("r-5", "approved", 1)])


def store_credit(run):
    run.order("o-6", [line("l1", 1000)])
    captured(run, "o-6", "p-6", 1000)
    run.ask("r-6", "o-6", kind="amount", amount=money(250))
    rows = [row("line", 250, line_id="l1")]
    approve(run, "r-6", "o-6", ("orders", "asked-r-6"), rows, [("p-6", 250, "i-6", "store_credit")])
    fields = {"order_id": "o-6", "instruction_id": "i-6", "amount": money(250), "credit_id": "c-6"}
    run.hear("orders", "store_credit.issued", "o-6", "issued-6", **fields)
    run.tell("store_credit_issued", "o-6", ("orders", "issued-6"), "r-6")
    run.snapshot("o-6", ("orders", "issued-6"), [("p-6", 1000, 250, 0, 0)], [("r-6", "approved", 1)])


def two_tenders(run):
    """Three dinars by voucher, the rest by card; the answer to one of the two instructions is still to come."""
    run.order("o-7", [line("l1", 10000)], "KWD")
    captured(run, "o-7", "p-7a", 3000, "KWD")
    captured(run, "o-7", "p-7b", 7000, "KWD")
    run.ask("r-7", "o-7", kind="full")
    tenders = [("p-7a", 3000, "i-7a", "original"), ("p-7b", 7000, "i-7b", "original")]
    rows = [row("line", 10000, line_id="l1", quantity=1)]
    approve(run, "r-7", "o-7", ("orders", "asked-r-7"), rows, tenders, "KWD")
    paid_back(run, "i-7a", "r-7", "o-7", "p-7a", 3000, "KWD")
    payments = [("p-7a", 3000, 3000, 0, 0), ("p-7b", 7000, 0, 7000, 0)]
    run.snapshot("o-7", ("payments", "succeeded-i-7a"), payments, [("r-7", "approved", 1)])


def bad_messages(run):
    again = next(record for record in run.inputs if b'"captured-p-1"' in record.value)
    run.hear_bytes("payments", "p-1", again.value, Expectation("duplicate"))
    other = json.dumps({**json.loads(again.value), "amount": money(99)}).encode()
    conflict = run.hear_bytes("payments", "p-1", other, Expectation("refused", ("id_conflict",)))
    run.refuse(conflict, "id_conflict")
    broken = run.hear_bytes("orders", "o-9", b'{"event_id": "x', Expectation("refused", ("not_json",)))
    run.refuse(broken, "not_json")
    empty = run.hear_bytes("orders", "o-9", None, Expectation("refused", ("not_json",)))
    run.refuse(empty, "not_json")

"""P8 for money: snapshots and ledger come to what the judge's own books say at the end of the run."""

from collections import defaultdict
from collections.abc import Iterator

from app.demo.oracle.heard import Payment
from app.demo.oracle.trial import Trial, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body

Entries = dict[tuple[str, str], dict[str, int]]
REFUNDS = frozenset({"refund_settled", "refund_returned"})
CAPTURES = frozenset({"captured", "capture_failed"})
DISPUTES = frozenset({"dispute_withdrawn", "dispute_reinstated"})


def snapshots_add_up(trial: Trial) -> Iterator[Violation]:
    """`refundable = captured - refunded - in flight - claimed` in every snapshot, below zero or not."""
    for case_id, body in trial.said.snapshots.items():
        for row in body.get("payments") or []:
            left = row["captured_minor"] - row["refunded_minor"] - row["in_flight_minor"] - row["claimed_minor"]
            if left != row["refundable_minor"]:
                detail = f"refundable {row['refundable_minor']}, its own parts give {left}"
                yield Violation("L1", "snapshot_sum_wrong", f"{case_id}/{row['payment_id']}", detail)


def snapshots_equal_the_books(trial: Trial) -> Iterator[Violation]:
    """Each payment that was captured is in a snapshot, with the money that the judge reckons itself."""
    rows = _snapshot_rows(trial)
    for name, payment in trial.facts.payments.items():
        row = rows.get(name)
        if row is None:
            if payment.captures and payment.order_id is not None and not _past(trial, payment):
                yield Violation("P8", "lost_payment", payment.subject, "captured, and in no snapshot")
            continue
        if _past(trial, payment):
            continue
        trial.figures.payments_judged += 1
        standing, claims = trial.books.standing(payment), trial.books.claims(payment).total
        own = {
            "captured_minor": standing.captured,
            "refunded_minor": standing.settled,
            "in_flight_minor": standing.in_flight,
            "claimed_minor": claims.of(standing.captured),
        }
        if (payment.merchant, payment.order_id or "") in trial.facts.unplaced:
            del own["claimed_minor"]
        for field, minor in own.items():
            if row[field] != minor:
                yield Violation("P8", "snapshot_money_wrong", payment.subject, f"{field} {row[field]}, by hand {minor}")


def snapshots_know_the_decisions(trial: Trial) -> Iterator[Violation]:
    """The last snapshot of a case shows each request as it was decided last."""
    for (merchant, order_id, request_id), decisions in trial.by_request.items():
        snapshot = trial.said.snapshots.get(f"{merchant}/{order_id}")
        if snapshot is None or snapshot.get("truncated"):
            continue
        shown = [row for row in snapshot["requests"] if row["request_id"] == request_id]
        if [row["revision"] for row in shown] != [decisions[-1]["revision"]]:
            detail = f"decided in revision {decisions[-1]['revision']}, shown {[row['revision'] for row in shown]}"
            yield Violation("P8", "snapshot_decision_wrong", named((merchant, order_id, request_id)), detail)


def ledger_equals_the_books(trial: Trial) -> Iterator[Violation]:
    """The entries of a payment come to what was captured, paid back, debited and reinstated, signed as its merchant."""
    entries, rows = _entries(trial), _snapshot_rows(trial)
    for name, payment in trial.facts.payments.items():
        if name not in rows:
            continue
        booked = entries.get(name, {})
        for kinds, own in _owed(trial, payment).items():
            said = sum(booked.get(kind, 0) for kind in kinds)
            if said != own:
                kind = " and ".join(sorted(kinds))
                yield Violation("P8", "ledger_sum_wrong", payment.subject, f"{kind} come to {said}, by hand {own}")
    for name in entries:
        if name not in trial.facts.payments:
            yield Violation("P8", "ledger_of_nothing", "/".join(name), "entries of a payment that nobody made")


def _owed(trial: Trial, payment: Payment) -> dict[frozenset[str], int]:
    till, claims = trial.books.till(payment), trial.books.claims(payment)
    credit = {name for name in till.refunds if (payment.merchant, name) in trial.facts.credits}
    paid = sum(r.amount for name, r in till.refunds.items() if r.status == "succeeded" and name not in credit)
    own = {CAPTURES: till.standing.captured, REFUNDS: -paid}
    if (payment.merchant, payment.order_id or "") not in trial.facts.unplaced:
        own[DISPUTES] = -claims.moved
    return own


def _entries(trial: Trial) -> Entries:
    found: Entries = defaultdict(lambda: defaultdict(int))
    for body in trial.said.ledger:
        if body.get("payment_id") is not None:
            found[body["merchant_id"], body["payment_id"]][body["kind"]] += body["amount"]["amount_minor"]
    return found


def _snapshot_rows(trial: Trial) -> dict[tuple[str, str], Body]:
    return {
        (body["merchant_id"], row["payment_id"]): row
        for body in trial.said.snapshots.values()
        for row in body.get("payments") or []
    }


def _past(trial: Trial, payment: Payment) -> bool:
    return (payment.merchant, payment.order_id) in trial.historical

"""L3, the third law of money: what is split sums exactly, any sequence of partial refunds closes to the cent."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.demo.oracle.purchase import Item, half_up
from app.demo.oracle.trial import Trial, amount_of, named
from app.demo.oracle.verdict import Violation
from app.demo.oracle.wire import Body


def decisions_add_up(trial: Trial) -> Iterator[Violation]:
    """An approval's rows and tenders come to its amount, a row's net and taxes to its gross; a denial pays nothing."""
    for request, decisions in trial.by_request.items():
        for body in decisions:
            for name, detail in _untrue(body):
                yield Violation("L3", name, named(request), detail)


def _untrue(body: Body) -> Iterator[tuple[str, str]]:
    amount, rows = amount_of(body), body.get("breakdown") or []
    if body["type"] == "refund.denied" and amount:
        yield "denial_pays", f"denied, and pays {amount}"
    if body["type"] != "refund.approved":
        return
    if amount <= 0:
        yield "approval_pays_nothing", f"approved, and pays {amount}"
    gross = sum(row["gross_minor"] for row in rows)
    if gross != amount:
        yield "breakdown_sum_wrong", f"the rows come to {gross}, not to {amount}"
    for row in rows:
        parts = row["net_minor"] + sum(tax["amount_minor"] for tax in row["taxes"])
        if parts != row["gross_minor"]:
            yield "row_sum_wrong", f"net and taxes of a {row['component']} come to {parts}, not to {row['gross_minor']}"
        if row["component"] == "fee" and row["gross_minor"] > 0:
            yield "fee_pays", f"a fee of {row['gross_minor']} adds to the refund"
    tenders = sum(amount_of(tender) for tender in body.get("tenders") or [])
    if tenders != amount:
        yield "tender_sum_wrong", f"the tenders come to {tenders}, not to {amount}"


@dataclass(slots=True)
class _Used:
    gross: int = 0
    taxes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def lines_close_to_the_cent(trial: Trial) -> Iterator[Violation]:
    """Of a line no more comes back than was charged, and after each step each tax is its exact share, rounded half up.

    Asked of orders whose lines nothing else uses up: passed over are amended ones, and those with refunds made outside,
    refunds that came back, or store credit that was not given.
    """
    for (merchant, order_id), decisions in trial.said.decisions.items():
        placed = trial.facts.orders.get((merchant, order_id))
        if placed is None or placed.purchase is None or not placed.purchase.exact:
            continue
        if (merchant, order_id) in trial.facts.amended or _is_disturbed(trial, merchant, order_id, decisions):
            continue
        used: dict[tuple[str, str], _Used] = defaultdict(_Used)
        for body in decisions:
            if body["type"] == "refund.approved":
                yield from _use(trial, body, used)


def _is_disturbed(trial: Trial, merchant: str, order_id: str, decisions: Iterable[Body]) -> bool:
    for payment in trial.facts.of_order(merchant, order_id):
        for fact in payment.money:
            if fact.type in {"refund.failed", "refund.reversed"}:
                return True
            if fact.type.startswith("refund.") and trial.facts.instruction(fact) is None:
                return True
    ordered = [tender["instruction_id"] for body in decisions for tender in body.get("tenders") or []]
    told = (fact for name in ordered for fact in trial.facts.credits.get((merchant, name), []))
    return any(fact.type == "store_credit.failed" for fact in told)


def _use(trial: Trial, body: Body, used: dict[tuple[str, str], _Used]) -> Iterator[Violation]:
    placed = trial.facts.orders[body["merchant_id"], body["order_id"]]
    assert placed.purchase is not None
    for row in body["breakdown"]:
        name = {"line": row.get("line_id"), "shipping": row.get("shipping_id")}.get(row["component"])
        if name is None:
            continue
        items = placed.purchase.lines if row["component"] == "line" else placed.purchase.shipping
        subject = f"{body['merchant_id']}/{body['order_id']}/{name}"
        if name not in items:
            yield Violation("L3", "unknown_line_paid", subject, f"{body['request_id']} pays for what was not bought")
            continue
        so_far = used[row["component"], name]
        so_far.gross += row["gross_minor"]
        for tax in row["taxes"]:
            so_far.taxes[tax["code"]] += tax["amount_minor"]
        trial.figures.lines_judged += 1
        yield from _closes(subject, items[name], so_far)


def _closes(subject: str, item: Item, used: _Used) -> Iterator[Violation]:
    if used.gross > item.gross_minor:
        yield Violation("L3", "line_overpaid", subject, f"charged {item.gross_minor}, paid back {used.gross}")
        return
    for code, charged in item.taxes.items():
        due = half_up(charged * used.gross, item.gross_minor) if item.gross_minor else 0
        if used.taxes[code] != due:
            detail = f"tax {code}: {used.taxes[code]} paid back with {used.gross} of {item.gross_minor}, due is {due}"
            yield Violation("L3", "tax_not_closing", subject, detail)

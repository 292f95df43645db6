"""What can happen to an order: one function per plot, and how often each happens in a thousand orders."""

from collections.abc import Callable

from app.demo.shop.basket import added_line
from app.demo.shop.messages import Body, money
from app.demo.shop.story import Story

Plot = Callable[[Story], None]
FAULTS = ("damaged", "not_as_described", "not_received")
REASONS = (*FAULTS, "changed_mind", "changed_mind", "other")


def bought(story: Story) -> None:
    """Placed, paid, sent, delivered; every twentieth is paid before it is placed."""
    if story.rng.random() < 0.05:
        story.capture()
        story.place()
    else:
        story.place()
        if story.rng.random() < 0.3:
            story.authorize()
        story.capture()
    story.fulfil()
    story.deliver()


def refunded_in_full(story: Story) -> None:
    """All of it is asked back, as money or as store credit."""
    bought(story)
    method = "store_credit" if story.rng.random() < 0.15 else "original"
    story.ask({"kind": "full"}, reason=story.rng.choice(FAULTS), method=method)


def some_units_back(story: Story) -> None:
    """Some units of some lines are asked back, twice from one customer in four, and sent back."""
    bought(story)
    units = _some_units(story)
    include = story.rng.random() < 0.3
    scope = {"kind": "lines", "lines": units, "include_shipping": include}
    reason = story.rng.choice(REASONS)
    story.ask(scope, reason=reason)
    if reason == "changed_mind" or story.rng.random() < 0.3:
        story.send_back(units, story.rng.choice(("new", "new", "opened", "damaged")))
    if story.rng.random() < 0.25:
        story.ask({"kind": "full"}, reason="damaged", nth=2)


def delivery_back(story: Story) -> None:
    """The delivery is asked back, all of it or a part."""
    bought(story)
    for item in story.basket["shipping"]:
        part = {"amount_minor": 1 + item["amount_minor"] // 2} if story.rng.random() < 0.5 else {}
        story.ask({"kind": "shipping", "shipping_id": item["shipping_id"], **part}, reason="not_received")


def amounts_back(story: Story) -> None:
    """A few amounts, of a line or of the order; the last may be more than is left."""
    bought(story)
    for nth in range(1, 2 + story.rng.randrange(3)):
        line = story.rng.choice(story.lines)
        of_line = {"line_id": line["line_id"]} if story.rng.random() < 0.7 else {}
        asked = 1 + story.rng.randrange(max(1, story.worth(line) * 2 // 3))
        scope = {"kind": "amount", "amount": money(asked, story.currency), **of_line}
        story.ask(scope, reason=story.rng.choice(REASONS), nth=nth)


def asked_wrongly(story: Story) -> None:
    """What cannot be granted: too many units, an unknown line, too much money, another currency, nothing."""
    bought(story)
    line = story.rng.choice(story.lines)
    too_many = {"line_id": line["line_id"], "quantity": line["quantity"] + 1}
    other = "USD" if story.currency != "USD" else "EUR"
    scopes: list[Body] = [
        {"kind": "lines", "lines": [too_many], "include_shipping": False},
        {"kind": "lines", "lines": [{"line_id": "l99", "quantity": 1}], "include_shipping": False},
        {"kind": "amount", "amount": money(story.total + 1, story.currency)},
        {"kind": "amount", "amount": money(100, other)},
        {"kind": "amount", "amount": money(0, story.currency)},
    ]
    story.ask(story.rng.choice(scopes), reason="other")


def asked_too_early(story: Story) -> None:
    """Asked back before the money is there."""
    story.place()
    story.ask({"kind": "full"}, reason="other")
    story.capture()


def asked_of_an_unknown_order(story: Story) -> None:
    """A mistyped order number: nobody ever places it."""
    story.ask({"kind": "full"}, reason="other")


def cancelled(story: Story) -> None:
    """Cancelled before it is sent; the customer wants the money, the merchant only states it."""
    story.place()
    story.capture()
    by_customer = story.rng.random() < 0.8
    story.cancel("customer" if by_customer else "merchant", request_id=story.request_id() if by_customer else None)


def not_paid(story: Story) -> None:
    """The payment comes to nothing; some ask all the same."""
    story.place()
    story.authorize()
    if story.rng.random() < 0.5:
        story.payment_fact("payment.voided")
    else:
        story.payment_fact("payment.failed", failure_code="insufficient_funds")
    if story.rng.random() < 0.3:
        story.ask({"kind": "full"}, reason="other")


def captured_in_parts(story: Story) -> None:
    """Two captures of one payment, of which one may turn out not to be one."""
    story.place()
    first = story.total // 3
    amounts = ((f"cap-{story.number}-a", first), (f"cap-{story.number}-b", story.total - first))
    for capture_id, minor in amounts:
        story.capture(minor)
        story.steps[-1].body["capture_id"] = capture_id
    if story.rng.random() < 0.3:
        capture_id, minor = amounts[0]
        story.payment_fact("payment.capture_failed", capture_id=capture_id, amount=money(minor, story.currency))
    story.fulfil()
    story.deliver()
    story.ask({"kind": "full"}, reason="damaged")


def paid_by_two_tenders(story: Story) -> None:
    """A gift card and a card."""
    story.place()
    voucher = 1 + story.rng.randrange(story.total)
    story.capture(voucher, 1, kind="gift_card")
    story.capture(story.total - voucher, 2)
    story.fulfil()
    story.deliver()
    asked = {"kind": "amount", "amount": money(1 + story.total // 4, story.currency)}
    story.ask(asked, reason="damaged")
    story.ask({"kind": "full"}, reason="damaged", nth=2)


def linked_later(story: Story) -> None:
    """The payment does not say for which order it is; that is told afterwards."""
    story.place()
    story.capture(named=False)
    story.link()
    story.ask({"kind": "full"}, reason="not_received")


def never_linked(story: Story) -> None:
    """Money that nobody can place."""
    story.capture(named=False)


def amended(story: Story) -> None:
    """One more line, paid by a second payment, then all of it asked back."""
    story.place()
    before = story.total
    story.capture()
    story.amend(added_line(story.rng, story.market, story.basket))
    story.capture(story.total - before, 2)
    story.ask({"kind": "full"}, reason="damaged")


def made_outside(story: Story) -> None:
    """Paid back in the provider's dashboard, with lines or without, and then asked back once more."""
    bought(story)
    line = story.lines[0]
    if story.rng.random() < 0.5:
        units = [{"line_id": line["line_id"], "quantity": 1}]
        story.refund_outside("succeeded", 1 + story.worth(line) // line["quantity"] // 2, units)
    else:
        story.refund_outside("submitted", 1 + story.worth(line) // 2)
        story.refund_outside(story.rng.choice(("succeeded", "failed")), 1 + story.worth(line) // 2)
    story.ask({"kind": "full"}, reason="damaged")


def withdrawn(story: Story) -> None:
    """Asked back, and taken back."""
    bought(story)
    story.ask({"kind": "full"}, reason="changed_mind")
    story.withdraw()


def goodwill(story: Story) -> None:
    """Support gives a little."""
    bought(story)
    asked = {"kind": "amount", "amount": money(1 + story.total // 10, story.currency)}
    story.ask(asked, reason="goodwill", by="support")


def charged_back(story: Story) -> None:
    """The bank takes the money, before or after a refund was asked for; won, lost, or still open at night."""
    bought(story)
    rng, minor = story.rng, story.total if story.rng.random() < 0.7 else 1 + story.total // 2
    asked_first = rng.random() < 0.4
    if asked_first:
        story.ask({"kind": "amount", "amount": money(1 + story.total // 3, story.currency)}, reason="not_received")
    code = rng.choice(("10.4", "13.1", "13.3", "4853", "4837"))
    claim: Body = {"stage": "chargeback", "reason_code": code, "named": rng.random() < 0.7}
    story.dispute("opened", minor=minor, **claim)
    if rng.random() < 0.8:
        story.dispute("funds_withdrawn", minor=minor)
        if not asked_first:
            story.ask({"kind": "full"}, reason="not_received")
        end = rng.choice(("won", "lost", "lost", "accepted", "open"))
        if end != "open":
            story.dispute(end)
        if end == "won":
            story.dispute("funds_reinstated", minor=minor)
    elif rng.random() < 0.5:
        story.dispute("withdrawn")


def inquired(story: Story) -> None:
    """The bank asks, or reports fraud, or has paid by itself; some customers ask as well."""
    bought(story)
    what = story.rng.randrange(3)
    if what == 0:
        story.dispute("inquired", minor=story.total, reason_code="33", network="visa")
    elif what == 1:
        story.report_fraud()
    else:
        story.alert_credited(story.total)
    if story.rng.random() < 0.6:
        story.ask({"kind": "full"}, reason="not_received")


def _some_units(story: Story) -> list[Body]:
    """One or two of the lines, some of their units."""
    lines = story.rng.sample(story.lines, min(len(story.lines), story.rng.choice((1, 1, 2))))
    return [{"line_id": line["line_id"], "quantity": 1 + story.rng.randrange(line["quantity"])} for line in lines]


PLOTS: dict[Plot, int] = {
    bought: 430,
    refunded_in_full: 90,
    some_units_back: 150,
    delivery_back: 20,
    amounts_back: 50,
    asked_wrongly: 25,
    asked_too_early: 10,
    asked_of_an_unknown_order: 4,
    cancelled: 45,
    not_paid: 20,
    captured_in_parts: 15,
    paid_by_two_tenders: 30,
    linked_later: 15,
    never_linked: 2,
    amended: 5,
    made_outside: 17,
    withdrawn: 10,
    goodwill: 10,
    charged_back: 40,
    inquired: 12,
}
"""Of a thousand orders, how many take each course."""

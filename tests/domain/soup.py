"""Strategies: purchases with their charges worked out by hand, what can be asked of them, and anything that can be said."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from app.domain.balances import settled
from tests.domain import events as say
from tests.domain.events import Said
from tests.domain.stories import Story


@dataclass(frozen=True)
class Purchase:
    """An order, its captures, and what was charged: gross, net and each tax."""

    order: Said
    captures: tuple[Said, ...]
    charged: dict[str, int]
    quantities: dict[str, int]
    delivered: bool


def euros(low: int = 0, high: int = 20_000) -> st.SearchStrategy[int]:
    return st.integers(low, high) | st.integers(low, low + 9)


@st.composite
def purchases(draw: st.DrawFn) -> Purchase:
    """One to three lines, discounts, taxes in or on top of prices, a delivery, and one or two captures of all of it."""
    included = draw(st.booleans())
    charged: Counter[str] = Counter()

    def part(name: str, **more: Any) -> dict[str, Any]:
        amount, discount = draw(euros(1)), 0
        if draw(st.booleans()):
            discount = draw(st.integers(0, amount))
        taxes = draw(st.lists(euros(0, 400), max_size=2))
        if included:
            taxes = [min(tax, (amount - discount) // 2) for tax in taxes]
        charged["gross"] += amount - discount + (0 if included else sum(taxes))
        for index, tax in enumerate(taxes):
            charged[f"t{index}"] += tax
        told = [{"code": f"t{index}", "amount_minor": tax} for index, tax in enumerate(taxes)]
        return {name: draw(st.just(name)), "amount_minor": amount, "discount_minor": discount, "taxes": told} | more

    bought = []
    for number in range(draw(st.integers(1, 3))):
        one = part("line_id", line_id=f"l{number}", sku="s", quantity=draw(st.integers(1, 5)))
        bought.append(one)
    shipping = [part("shipping_id", shipping_id="s1")] if draw(st.booleans()) else []
    order_taxes = (
        []
        if included
        else [{"code": "t9", "amount_minor": minor} for minor in draw(st.lists(euros(0, 400), max_size=1))]
    )
    for tax in order_taxes:
        charged["gross"] += tax["amount_minor"]
        charged["t9"] += tax["amount_minor"]
    charged["net"] = charged["gross"] - sum(minor for code, minor in charged.items() if code.startswith("t"))
    order = say.placed(*bought, shipping=shipping, order_taxes=order_taxes, prices_include_tax=included)
    first = draw(st.integers(0, charged["gross"]))
    captures = tuple(
        say.captured("0", payment_id).but(amount={"amount_minor": minor, "currency": "EUR"})
        for payment_id, minor in (("p1", first), ("p2", charged["gross"] - first))
        if minor
    )
    quantities = {one["line_id"]: one["quantity"] for one in bought}
    return Purchase(order, captures, dict(charged), quantities, bool(shipping))


def scopes(purchase: Purchase) -> st.SearchStrategy[dict[str, Any]]:
    """Anything that can be asked of a purchase, possible or not."""
    ids = st.sampled_from(sorted(purchase.quantities))
    units = st.dictionaries(ids, st.integers(1, 3), min_size=1, max_size=3)
    money = st.integers(1, max(1, purchase.charged["gross"])) | st.integers(1, 9)
    by_amount = st.builds(
        lambda minor, at: {"kind": "amount", "amount": {"amount_minor": minor, "currency": "EUR"}} | at,
        money,
        st.just({}) | ids.map(lambda i: {"line_id": i}),
    )
    by_lines = st.builds(lambda q, s: say.lines(s, **q), units, st.booleans())
    if not purchase.delivered:
        return by_amount | by_lines
    return (
        by_amount
        | by_lines
        | st.just(say.shipping())
        | money.map(lambda minor: say.shipping() | {"amount_minor": minor})
    )


SETTLED = {"amount": {"amount_minor": 110000, "currency": "SEK"}, "rate": "11"}


def anything() -> st.SearchStrategy[Any]:
    """One event of any kind about one small order, or days that go by."""
    amount = st.sampled_from(["0.01", "10.00", "33.33", "50.00", "100.00", "120.00"])
    request, payment, dispute_id = (st.sampled_from(ids) for ids in (["r1", "r2", "r3"], ["p1", "p2"], ["d1", "d2"]))
    scope = st.sampled_from(
        [
            say.full(),
            say.lines(l1=1),
            say.lines(True, l1=2),
            say.amount("33.33"),
            say.amount("0.01", "l2"),
            say.charged_on("p1"),
            say.shipping(),
        ]
    )
    reason = st.sampled_from(["other", "damaged", "changed_mind", "overcharged", "goodwill"])
    order = (say.line("l1", "60.00", 3), say.line("l2", "40.00", category="electronics"))
    return st.one_of(
        st.sampled_from(
            [
                say.placed(*order),
                say.placed(*order, shipping=[say.delivery("20.00")]),
                say.amended(order[0]),
                say.fulfilled("s1", l1=3),
                say.delivered(),
                say.cancelled(),
                say.cancelled("r3"),
            ]
        ),
        st.builds(lambda p, a, c: say.captured(a, p, capture_id=c), payment, amount, st.sampled_from(["c1", "c2"])),
        st.builds(lambda p, a: say.authorized(a, p), payment, amount),
        st.builds(lambda p, c: say.capture_failed("10.00", p, capture_id=c), payment, st.sampled_from(["c1", "c2"])),
        st.builds(
            lambda p, c, f: say.of_payments("payment.settled", p, capture_id=c, settlement=SETTLED, fee=f),
            payment,
            st.sampled_from(["c1", "c2"]),
            st.sampled_from([None, say.money("0"), say.money("0.30")]),
        ),
        st.builds(say.voided, payment),
        st.builds(
            lambda i, s, r, by, m: say.asked(i, s, reason=r, by=by, method=m),
            request,
            scope,
            reason,
            st.sampled_from(["customer", "support"]),
            st.sampled_from(["original", "original", "store_credit"]),
        ),
        st.builds(say.withdrawn, request),
        st.builds(
            say.verdict,
            st.sampled_from(["approve", "approve", "deny", "ask"]),
            st.sampled_from(["ann", "bob"]),
            request,
        ),
        st.builds(
            lambda w, a, p, i: say.refund(w, a, p, refund_id=i),
            st.sampled_from(["submitted", "succeeded", "failed", "reversed"]),
            amount,
            payment,
            st.sampled_from(["x1", "x2"]),
        ),
        st.builds(
            lambda b, c: say.came_back(b, c, l1=1),
            st.sampled_from(["b1", "b2"]),
            st.sampled_from(["new", "damaged", "missing"]),
        ),
        st.builds(lambda a, d, p: say.dispute("opened", a, dispute_id=d, payment_id=p), amount, dispute_id, payment),
        st.builds(
            lambda w, a, d, p: say.dispute(w, a, dispute_id=d, payment_id=p),
            st.sampled_from(["inquired", "funds_withdrawn", "funds_reinstated"]),
            amount,
            dispute_id,
            payment,
        ),
        st.builds(
            lambda w, d, p: say.dispute(w, dispute_id=d, payment_id=p),
            st.sampled_from(["won", "lost", "withdrawn", "evidence_submitted"]),
            dispute_id,
            payment,
        ),
        st.builds(
            say.alert,
            amount,
            st.sampled_from(["a1", "a2"]),
            st.sampled_from(["rdr", "ethoca"]),
            payment,
        ),
        st.sampled_from([1, 4, 11, 40]),
        st.builds(
            Answer,
            st.sampled_from(["submitted", "succeeded", "failed", "reversed"]),
            st.sampled_from([("instruction_id",), ("refund_id",), ("instruction_id", "refund_id")]),
        ),
    )


def scripts(size: int) -> st.SearchStrategy[list[Any]]:
    """What is said one after the other, mostly after a purchase."""
    bought = (say.placed(say.line("l1", "60.00", 3), say.line("l2", "40.00")), say.captured("100.00"), say.delivered())
    before = st.sampled_from([(), bought[:2], bought, (*bought, say.asked("r0", say.amount("50.00")))])
    return st.builds(lambda first, then: [*first, *then], before, st.lists(anything(), min_size=1, max_size=size))


@dataclass(frozen=True)
class Answer:
    """The provider's answer to the newest instruction, whatever that is when its turn comes, and how it is named."""

    what: str
    names: tuple[str, ...] = ("instruction_id",)


Turn = Said | Answer | int


def now_said(story: Story, turn: Said | Answer) -> Said | None:
    """What is said when the turn comes; None where there is nothing to answer."""
    if isinstance(turn, Said):
        return turn
    ours = [refund for refund in story.case.refunds.values() if not refund.outside]
    if not ours:
        return None
    money, last = {"amount_minor": ours[-1].amount_minor, "currency": ours[-1].currency}, ours[-1]
    if last.kind == "store_credit":
        what = "failed" if turn.what in ("failed", "reversed") else "issued"
        return say.of_orders(f"store_credit.{what}", instruction_id=last.key, amount=money)
    names = {"instruction_id": last.key, "refund_id": f"re-{last.key}"}
    said = {name: names[name] for name in turn.names}
    return say.refund(turn.what, "0", last.payment_id, **said).but(amount=money)


def tell(story: Story, turn: Turn) -> None:
    """One turn of a script: an event, an answer, or days that go by."""
    if isinstance(turn, int):
        story.later(days=turn)
        return
    said = now_said(story, turn)
    story.when(*([said] if said else []))


def check_books(story: Story) -> None:
    """The ledger adds up to what the case holds: captures, refunds and their returns, each refund once."""
    names = [one.refund_id for one in story.case.refunds.values() if one.refund_id is not None]
    assert len(set(names)) == len(names), "one refund is kept twice"
    book: Counter[tuple[str, str]] = Counter()
    for out in story.told:
        if out.topic == "ledger-entries":
            kind, entry = out.body["kind"], out.body
            book[entry["payment_id"], kind] += entry["amount"]["amount_minor"]
    for payment_id, payment in story.case.payments.items():
        captured = book[payment_id, "captured"] + book[payment_id, "capture_failed"]
        gone = (
            book[payment_id, "refund_settled"] + book[payment_id, "store_credit"] + book[payment_id, "refund_returned"]
        )
        assert captured == payment.captured_minor, "captures and the ledger differ"
        assert -gone == settled(story.case, payment_id), "refunds and the ledger differ"
